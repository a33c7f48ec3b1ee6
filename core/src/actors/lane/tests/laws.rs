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
    /// What waits: whether it is speculative, and since when it is wanted as it is.
    waiting: BTreeMap<String, (bool, Millis)>,
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
    let ask = (0u8..60, 0u8..=20, any::<bool>(), 1u64..100_000);
    prop_oneof![
        8 => ask.prop_map(|(n, priority, speculative, hold)| Step::Ask { n, priority, speculative, hold }),
        6 => (0u8..60, outcome()).prop_map(|(n, outcome)| Step::Release { n, outcome }),
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
        let run_out: Vec<String> =
            self.out.extract_if(.., |_, (until, _)| *until <= now).map(|(t, _)| t).collect();
        self.over.extend(run_out);
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
                    let wish = self.waiting.entry(bid.ticket).or_insert((bid.speculative, self.now));
                    if wish.0 && !bid.speculative {
                        *wish = (false, self.now);
                    }
                }
                Answer::Released => assert!(self.over.contains(&bid.ticket)),
                Answer::Full { .. } => panic!("sixty bids do not fill it"),
            },
        }
    }

    fn begin(&mut self, ticket: &str, until: Millis) {
        assert!(!self.over.contains(ticket) && self.granted.insert(ticket.to_owned()), "{ticket} twice");
        self.granted_at.push(self.now);
        let probes = self.lane.status(self.now).breaker == Breaker::HalfOpen;
        self.out.insert(ticket.to_owned(), (until, probes));
        // One that was granted as it came is the newest of its kind.
        let (was_guess, since) = self.waiting.remove(ticket).unwrap_or((false, self.now));
        let passed = |(guess, earlier): &(bool, Millis)| {
            !guess && (was_guess || since.since(*earlier) > Millis(queue::STEP.0 * u64::from(queue::TOP)))
        };
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
                self.on(limits, Event::Asked(Request::Release { ticket: n.to_string(), outcome }))
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
        while let Some((ticket, (guess, _))) = world.waiting.first_key_value() {
            let again = Bid { speculative: *guess, ..bid(&ticket.clone(), 0) };
            alarm = world.on(&limits, Event::Asked(Request::Acquire(again)));
            if let Some(at) = alarm.filter(|_| !world.waiting.is_empty()) {
                let others: Vec<String> = world.waiting.keys().cloned().collect();
                world.now = at;
                alarm = world.on(&limits, Event::Alarm);
                prop_assert!(alarm.is_some(), "{others:?} are left alone");
            }
        }
    }

    #[test]
    fn a_stream_of_urgent_bids_starves_nobody(
        priority in 0u8..=20,
        every in 1u64..20,
        work in 1u64..30,
        ahead in 0usize..20,
    ) {
        let mut bench = Bench::new(ONE);
        let urgent = |n: usize| bid(&format!("urgent-{n}"), 20);
        let mut working = Vec::new();
        for n in 0..=ahead {
            working.extend(grants(&bench.acquire(urgent(n))).into_iter().map(str::to_owned));
        }
        // Everybody that came before it or within 200 seconds may go first, and nobody else.
        let most = ahead as u64 + 1 + 200 / every + 1;
        let (mut served, mut free_at, mut busy) = (0, work, "urgent-0".to_owned());
        let _ = working;
        for second in 0u64.. {
            if second % every == 0 {
                let _ = bench.acquire(urgent(1_000 + usize::try_from(second).unwrap()));
            }
            if second % 20 == 0 && is_granted(&bench.ask(bid("patient", priority))) {
                break;
            }
            if second == free_at {
                let told = bench.release(&busy, Outcome::Healthy);
                served += 1;
                prop_assert!(served <= most, "{served} went before it");
                let Some(next) = grants(&told).first().map(|next| (*next).to_owned()) else { break };
                if next == "patient" {
                    break;
                }
                (busy, free_at) = (next, second + work);
            }
            bench.now = bench.now + Millis::seconds(1);
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
