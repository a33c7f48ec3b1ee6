//! What holds in every world: a lane is driven by random events, and a model that knows only what
//! it said checks each answer.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What can be seen of a lane from outside.
#[derive(Default)]
struct World {
    lane: Lane,
    now: Millis,
    /// When each grant was made, in order.
    granted_at: Vec<Millis>,
    granted: BTreeSet<String>,
    over: BTreeSet<String>,
    /// What is out: until when, and whether it was granted while the breaker was half open.
    out: BTreeMap<String, (Millis, bool)>,
    waiting: BTreeMap<String, Wish>,
}

struct Wish {
    speculative: bool,
    /// When it was first wanted so.
    since: Millis,
    heard_at: Millis,
}

#[derive(Debug, Clone)]
enum Step {
    Ask {
        n: u8,
        priority: u8,
        speculative: bool,
        hold: u64,
    },
    Release {
        n: u8,
        outcome: Outcome,
    },
    Wait(u64),
    /// To the next alarm.
    Sleep,
    Drain(bool),
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let asked = prop::option::of((0u64..100_000).prop_map(Millis));
    prop_oneof![
        3 => Just(Outcome::Healthy),
        6 => Just(Outcome::Failed),
        1 => asked.prop_map(|retry_after| Outcome::Throttled { retry_after }),
        1 => Just(Outcome::Unknown),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let ask = (0u8..120, 0u8..=20, any::<bool>(), 1u64..100_000);
    prop_oneof![
        8 => ask.prop_map(|(n, priority, speculative, hold)| Step::Ask { n, priority, speculative, hold }),
        6 => (0u8..120, outcome()).prop_map(|(n, outcome)| Step::Release { n, outcome }),
        2 => (0u64..20_000).prop_map(Step::Wait),
        3 => Just(Step::Sleep),
        1 => prop::bool::weighted(0.3).prop_map(Step::Drain),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (1u32..5, 1u32..8, 1u64..90_000).prop_map(|(concurrency, count, window)| {
        let rate = Rate { count, window: Millis(window) };
        Limits { concurrency, rate }
    })
}

impl World {
    fn new() -> Self {
        Self { now: START, ..Self::default() }
    }

    /// Hands the lane an event, checks what it says, and says when it wants to be woken.
    fn on(&mut self, limits: &Limits, event: Event) -> Option<Millis> {
        let effects = self.lane.on(self.now, limits, event.clone());
        let stored = serde_json::to_string(&self.lane).unwrap();
        assert_eq!(serde_json::from_str::<Lane>(&stored).unwrap(), self.lane);

        let now = self.now;
        let run_out = self.out.extract_if(.., |_, (until, _)| *until <= now);
        self.over.extend(run_out.map(|(ticket, _)| ticket));
        self.waiting.retain(|_, wish| now.since(wish.heard_at) <= Millis::seconds(600));
        if let Event::Asked(request) = event {
            self.hear(request, &answer(&effects));
        }
        for effect in &effects {
            if let Effect::Grant { ticket, until, holder } = effect {
                assert_eq!(*holder, format!("key-of-{ticket}"));
                self.begin(ticket, *until);
            }
        }
        self.check(limits, alarm(&effects));
        alarm(&effects)
    }

    fn hear(&mut self, request: Request, answer: &Answer) {
        let now = self.now;
        match request {
            Request::Release { ticket, .. } => {
                assert_eq!(*answer, Answer::Released);
                self.out.remove(&ticket);
                self.waiting.remove(&ticket);
                self.over.insert(ticket);
            }
            Request::Acquire(bid) => match answer {
                Answer::Granted { until } => match self.out.get(&bid.ticket) {
                    Some((same, _)) => assert_eq!(until, same),
                    None => self.begin(&bid.ticket, *until),
                },
                Answer::Waiting { .. } => {
                    assert!(!self.out.contains_key(&bid.ticket) && !self.over.contains(&bid.ticket));
                    let new = Wish { speculative: bid.speculative, since: now, heard_at: now };
                    let wish = self.waiting.entry(bid.ticket).or_insert(new);
                    wish.heard_at = now;
                    if wish.speculative && !bid.speculative {
                        (wish.speculative, wish.since) = (false, now);
                    }
                }
                Answer::Released => assert!(self.over.contains(&bid.ticket)),
                Answer::Full { .. } => panic!("so few bids do not fill it"),
            },
        }
    }

    fn begin(&mut self, ticket: &str, until: Millis) {
        assert!(!self.over.contains(ticket) && self.granted.insert(ticket.to_owned()), "{ticket} twice");
        self.granted_at.push(self.now);
        let probes = self.lane.status(self.now).breaker == Breaker::HalfOpen;
        self.out.insert(ticket.to_owned(), (until, probes));
        // One that was granted as it came is the newest of its kind.
        let wish = self.waiting.remove(ticket);
        let (was_guess, since) = wish.map_or((false, self.now), |wish| (wish.speculative, wish.since));
        let most = Millis(queue::STEP.0 * u64::from(queue::TOP));
        let passed = |w: &Wish| !w.speculative && (was_guess || since.since(w.since) > most);
        assert!(!self.waiting.values().any(passed), "{ticket} was granted before its turn");
    }

    fn check(&self, limits: &Limits, alarm: Option<Millis>) {
        let status = self.lane.status(self.now);
        assert_eq!(status.leased as usize, self.out.len());
        assert_eq!((status.waiting + status.waiting_speculative) as usize, self.waiting.len());
        assert!(self.out.len() <= limits.concurrency as usize);
        let in_window = self.granted_at.iter().rev().take_while(|at| **at + limits.rate.window > self.now);
        assert!(in_window.count() <= limits.rate.count as usize);
        if status.breaker == Breaker::HalfOpen {
            assert!(self.out.values().filter(|(_, probes)| *probes).count() <= 1);
        }
        let next_end = self.out.values().map(|(until, _)| *until).min();
        assert!(next_end.is_none_or(|end| alarm.is_some_and(|at| at <= end)), "nobody ends a lease");
        let waits_for_time = !self.waiting.is_empty() && !status.drained;
        assert!(!waits_for_time || alarm.is_some(), "nobody wakes those who wait");
        assert!(alarm.is_none_or(|at| at > self.now), "an alarm that goes off for ever");
    }

    fn take(&mut self, limits: &Limits, step: Step, alarm: Option<Millis>) -> Option<Millis> {
        match step {
            Step::Ask { n, priority, speculative, hold } => {
                let hold = Millis(hold);
                let bid = Bid { speculative, hold, ..bid(&n.to_string(), priority) };
                self.on(limits, Event::Asked(Request::Acquire(bid)))
            }
            Step::Release { n, outcome } => {
                let ticket = self.out.keys().nth(usize::from(n) % 4).cloned().unwrap_or(n.to_string());
                self.on(limits, Event::Asked(Request::Release { ticket, outcome }))
            }
            Step::Drain(drained) => self.on(limits, Event::Drain(drained)),
            Step::Wait(span) => {
                self.now = self.now + Millis(span);
                self.on(limits, Event::Alarm)
            }
            Step::Sleep => {
                self.now = alarm.unwrap_or(self.now);
                self.on(limits, Event::Alarm)
            }
        }
    }
}

proptest! {
    #[test]
    fn limits_order_and_alarms_hold_whatever_happens(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (mut world, mut alarm) = (World::new(), None);
        for step in steps {
            alarm = world.take(&limits, step, alarm);
        }
    }

    #[test]
    fn all_who_keep_asking_are_granted_by_alarms_alone(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let (mut world, mut alarm) = (World::new(), None);
        for step in steps {
            alarm = world.take(&limits, step, alarm);
        }
        alarm = world.on(&limits, Event::Drain(false)).or(alarm);
        while !world.waiting.is_empty() {
            let waiting = world.waiting.iter();
            let again: Vec<Bid> = waiting
                .map(|(ticket, wish)| Bid { speculative: wish.speculative, ..bid(ticket, 0) })
                .collect();
            for bid in again {
                alarm = world.on(&limits, Event::Asked(Request::Acquire(bid)));
            }
            world.now = alarm.expect("somebody holds a slot, or time has to pass");
            alarm = world.on(&limits, Event::Alarm);
        }
    }

    #[test]
    fn a_stream_of_urgent_bids_starves_nobody(
        priority in 0u8..=20,
        every in 5u64..40,
        work in 1u64..20,
        ahead in 0usize..20,
    ) {
        let mut lane = Lane::default();
        let urgent = |n: usize| bid(&format!("urgent-{n}"), 20);
        let mut on = |second: u64, request| lane.on(START + Millis::seconds(second), &ONE, Event::Asked(request));
        for n in 0..=ahead {
            let _ = on(0, Request::Acquire(urgent(n)));
        }
        // Whoever came before it or within 200 seconds may go first, and nobody else.
        let most = ahead as u64 + 1 + 200 / every + 1;
        let (mut served, mut free_at, mut busy) = (0, work, "urgent-0".to_owned());
        for second in 0u64.. {
            if second % every == 0 {
                let _ = on(second, Request::Acquire(urgent(1_000 + usize::try_from(second).unwrap())));
            }
            if second % 20 == 0 && is_granted(&answer(&on(second, Request::Acquire(bid("patient", priority))))) {
                break;
            }
            if second == free_at {
                let told = on(second, Request::Release { ticket: busy, outcome: Outcome::Healthy });
                served += 1;
                prop_assert!(served <= most, "{served} went before it");
                let Some(next) = grants(&told).first().map(|next| (*next).to_owned()) else { break };
                if next == "patient" {
                    break;
                }
                (busy, free_at) = (next, second + work);
            }
        }
    }

    #[test]
    fn no_clock_stops_it_or_breaks_its_concurrency(
        limits in limits(),
        steps in prop::collection::vec((step(), prop::option::weighted(0.3, any::<u64>())), 1..60),
    ) {
        let (mut lane, mut now, mut wake) = (Lane::default(), START, None);
        for (step, jump) in steps {
            now = jump.map_or(now, Millis);
            let event = match step {
                Step::Ask { n, priority, speculative, hold } => Event::Asked(Request::Acquire(Bid {
                    speculative,
                    hold: Millis(hold),
                    ..bid(&n.to_string(), priority)
                })),
                Step::Release { n, outcome } => {
                    Event::Asked(Request::Release { ticket: n.to_string(), outcome })
                }
                Step::Wait(span) => {
                    now = now + Millis(span);
                    Event::Alarm
                }
                Step::Sleep => {
                    now = wake.unwrap_or(now);
                    Event::Alarm
                }
                Step::Drain(drained) => Event::Drain(drained),
            };
            wake = alarm(&lane.on(now, &limits, event));
            prop_assert!(lane.status(now).leased <= limits.concurrency);
            // An hour is the longest that anything lasts.
            prop_assert!(wake.is_none_or(|at| at.since(now) <= lease::MAX_HOLD));
        }
    }
}
