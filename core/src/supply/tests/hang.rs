//! What happens to requests that hang: in single sentences, and against an edge that answers some at
//! once, some slowly and some never.

use super::*;
use crate::supply::hang::LONGEST_SILENCE;

fn stops(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Abort(_)))
}

#[test]
fn a_request_that_says_nothing_is_stopped_counts_as_unreachable_and_is_tried_again() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let at = supply.next_wake().unwrap();
    assert_eq!(at, T + LONGEST_SILENCE);
    assert!(!stops(&supply.on(Millis(at.0 - 1), Event::Wake)));
    let effects = supply.on(at, Event::Wake);
    assert_eq!(effects[..3], [Effect::Abort(key(0)), Effect::Far(key(0)), Effect::Reach(false)]);
    let again = supply.next_wake().unwrap();
    assert!(supply.on(again, Event::Wake).contains(&get(0)));
}

#[test]
fn a_clip_that_keeps_coming_is_not_stopped_however_long_it_takes() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let mut now = T;
    for _ in 0..100 {
        now = now + Millis(LONGEST_SILENCE.0 - 1);
        assert!(!stops(&supply.on(now, Event::Wake)));
        let _ = supply.on(now, Event::HeardMore(key(0)));
    }
    assert!(stops(&supply.on(now + LONGEST_SILENCE, Event::Wake)), "it broke off");
}

#[test]
fn a_guess_that_hangs_is_given_up() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    let effects = supply.on(T + LONGEST_SILENCE, Event::Wake);
    assert_eq!(effects.first(), Some(&Effect::Abort(key(0))));
    assert!(matches!(&effects[1], Effect::Failed { code, .. } if code == "unreachable"));
    assert!(supply.reaches_the_edge(), "nobody waited");
}

#[test]
fn a_post_that_hangs_is_sent_again_and_a_job_is_not_stopped_however_long_it_takes() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let now = T + LONGEST_SILENCE;
    assert!(stops(&supply.on(now, Event::Wake)));
    let now = supply.next_wake().unwrap();
    assert!(supply.on(now, Event::Wake).contains(&post(0, false)));
    let _ = supply.on(now, Event::Job { key: key(0), job: job(key(0), JobStatus::Processing) });
    let _ = supply.on(now, Event::Socket(true));
    for minute in 1..60 {
        let now = now + Millis::seconds(60 * minute);
        assert!(!stops(&supply.on(now, Event::Wake)));
        let _ = supply.on(now, Event::Job { key: key(0), job: job(key(0), JobStatus::Processing) });
    }
}

/// What the edge does with a request: so many times a little more after so long, and then, after as long
/// again, the answer, or nothing.
#[derive(Debug, Clone, Copy)]
struct Fate {
    pause: u64,
    pieces: u8,
    ends: bool,
}

#[derive(Debug)]
struct Request {
    asked: Effect,
    fate: Fate,
    said: Millis,
}

/// An edge that has a clip half a minute after it was asked for it.
#[derive(Debug, Default)]
struct Edge {
    fates: Vec<Fate>,
    under_way: SmallMap<CacheKey, Request>,
    made_at: SmallMap<CacheKey, Millis>,
    delivered: Vec<CacheKey>,
}

impl Edge {
    fn take(&mut self, now: Millis, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Get { key, .. } | Effect::Post { key, .. } | Effect::Poll { key, .. } => {
                    let usual = Fate { pause: 20, pieces: 0, ends: true };
                    let fate = self.fates.pop().unwrap_or(usual);
                    let _ = self.under_way.insert(key, Request { asked: effect, fate, said: now });
                }
                Effect::Abort(key) => {
                    let request = self.under_way.remove(&key).expect("stopped once");
                    assert!(now >= request.said + LONGEST_SILENCE, "it was only slow");
                }
                Effect::Deliver { key, .. } => self.delivered.push(key),
                _ => {}
            }
        }
    }

    /// When it says something next, and about which clip.
    fn next(&self) -> Option<(Millis, CacheKey)> {
        let speaks = |(_, request): &(&CacheKey, &Request)| request.fate.ends || request.fate.pieces > 0;
        let times = self.under_way.iter().filter(speaks);
        times.map(|(key, request)| (request.said + Millis(request.fate.pause), *key)).min()
    }

    fn say(&mut self, now: Millis, about: CacheKey) -> Event {
        let request = self.under_way.get_mut(&about).unwrap();
        // Only clips are long enough to come in pieces.
        if request.fate.pieces > 0 && matches!(request.asked, Effect::Get { .. }) {
            request.fate.pieces -= 1;
            request.said = now;
            return Event::HeardMore(about);
        }
        if !request.fate.ends {
            request.fate.pieces = 0;
            return Event::Wake;
        }
        let made = self.made_at.get(&about).is_some_and(|at| *at <= now);
        let status = if made { JobStatus::Complete } else { JobStatus::Processing };
        match self.under_way.remove(&about).unwrap().asked {
            Effect::Get { .. } if made => Event::Got(about),
            Effect::Get { .. } => Event::Absent(about),
            _ => {
                if !self.made_at.contains_key(&about) {
                    let _ = self.made_at.insert(about, now + Millis::seconds(30));
                }
                Event::Job { key: about, job: job(about, status) }
            }
        }
    }
}

fn any_fate() -> impl Strategy<Value = Fate> {
    (1..LONGEST_SILENCE.0, 0u8..4, any::<bool>()).prop_map(|(pause, pieces, ends)| Fate {
        pause,
        pieces,
        ends,
    })
}

proptest! {
    #[test]
    fn nothing_hangs_for_longer_than_it_may_and_what_is_wanted_comes_in_the_end(
        fates in prop::collection::vec(any_fate(), 0..60),
        wishes in prop::collection::vec((0u8..4, any::<bool>(), 0u64..20_000), 1..12),
    ) {
        let mut supply = Supply::default();
        let mut edge = Edge { fates, ..Edge::default() };
        let mut now = T;
        let mut wishes: Vec<_> = wishes
            .into_iter()
            .map(|(number, urgent, after)| {
                now = now + Millis(after);
                (now, number, urgent)
            })
            .collect();
        wishes.reverse();
        let waited: Vec<_> = wishes.iter().filter(|wish| wish.2).map(|wish| key(wish.1)).collect();
        now = T;
        let end = T + Millis::seconds(3_600);
        loop {
            let wish = wishes.last().map(|wish| wish.0);
            let says = edge.next();
            let times = [wish, says.map(|(at, _)| at), supply.next_wake()];
            let Some(next) = times.into_iter().flatten().min().filter(|at| *at < end) else { break };
            now = now.max(next);
            let event = match (wish, says) {
                (Some(at), _) if at <= now => {
                    let (at, number, urgent) = wishes.pop().unwrap();
                    // Whoever still waits asks again, as a presenter does.
                    if urgent && !edge.delivered.contains(&key(number)) {
                        wishes.insert(0, (at.max(now) + Millis::seconds(31), number, true));
                        wishes.sort_by_key(|wish| std::cmp::Reverse(wish.0));
                    }
                    want(number, urgent)
                }
                (_, Some((at, about))) if at <= now => edge.say(now, about),
                _ => Event::Wake,
            };
            let effects = supply.on(now, event);
            edge.take(now, effects);
            for request in edge.under_way.values() {
                prop_assert!(now.since(request.said) <= LONGEST_SILENCE, "hangs: {request:?}");
            }
        }
        for key in waited {
            prop_assert!(edge.delivered.contains(&key), "{key:?} never came");
        }
    }
}
