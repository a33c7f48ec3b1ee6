//! The supply's promises, as sentences.

use proptest::prelude::*;

use super::*;
use crate::api::{EventKind, Job, JobEvent, job_id};
use crate::operation::Operation;

mod hang;
mod jobs;
mod outage;

const T: Millis = Millis(1_000);

fn key(number: u8) -> CacheKey {
    CacheKey::parse(&char::from(b'a' + number).to_string().repeat(32)).unwrap()
}

fn job(address: CacheKey, status: JobStatus) -> Heard {
    let id = job_id(&address, "x");
    Job { status, ..Job::queued(id, Operation::StateClip, address, T) }.into()
}

fn news(address: CacheKey, kind: EventKind) -> Event {
    let job_id = job_id(&address, "x");
    let (progress, result_url, error) = (None, None, None);
    Event::News(
        JobEvent { kind, seq: 1, at: T, job_id, cache_key: address, progress, result_url, error }.into(),
    )
}

fn want(number: u8, urgent: bool) -> Event {
    Event::Want { key: key(number), urgent }
}

fn get(number: u8) -> Effect {
    Effect::Get { key: key(number), address: key(number) }
}

fn post(number: u8, speculative: bool) -> Effect {
    Effect::Post { key: key(number), speculative }
}

/// What it asks for, without the wake-ups.
fn asks(supply: &mut Supply, event: Event) -> Vec<Effect> {
    let mut effects = supply.on(T, event);
    effects.retain(|effect| !matches!(effect, Effect::WakeAt(_)));
    effects
}

#[test]
fn a_guess_that_failed_is_fetched_at_once_when_it_is_wanted_and_not_guessed_again_so_soon() {
    let mut supply = Supply::default();
    assert_eq!(asks(&mut supply, want(0, false)), [get(0)]);
    let failed = asks(&mut supply, Event::Unreachable(key(0)));
    assert!(matches!(failed[..], [Effect::Failed { .. }]), "{failed:?}");
    assert_eq!(asks(&mut supply, want(0, false)), [Effect::Sulks(key(0))]);
    assert_eq!(asks(&mut supply, want(0, true)), [get(0)]);
}

#[test]
fn what_failed_and_is_wanted_again_is_tried_again_by_itself() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let (code, detail) = ("refused".to_owned(), "No.".to_owned());
    let _ = supply.on(T, Event::Refused { key: key(0), code, detail });
    assert_eq!(supply.next_wake(), None, "nobody wants it");
    let wanted = T + Millis::seconds(5);
    assert!(supply.on(wanted, want(0, true)).contains(&Effect::Far(key(0))));
    let later = supply.next_wake().unwrap();
    assert_eq!(later, T + SULK);
    assert!(supply.on(later, Event::Wake).contains(&get(0)));
}

#[test]
fn of_many_guesses_those_that_came_to_nothing_are_forgotten_and_what_is_wanted_is_not() {
    let mut supply = Supply::default();
    let numbered = |number: usize| {
        let letters = (0..32).map(|place| if number >> place & 1 == 1 { 'b' } else { 'a' });
        CacheKey::parse(&letters.collect::<String>()).unwrap()
    };
    let wanted = key(7);
    let _ = supply.on(T, Event::Want { key: wanted, urgent: true });
    for number in 0..3 * LARGEST {
        let guess = numbered(number);
        let _ = supply.on(T, Event::Want { key: guess, urgent: false });
        let _ = supply.on(T, Event::Absent(guess));
    }
    assert!(supply.lines.len() <= LARGEST && supply.knows(&wanted));
    assert!(supply.on(T, Event::Make(numbered(0))).contains(&Effect::Sulks(numbered(0))));
}

#[test]
fn a_clip_that_exists_costs_one_get_and_no_post() {
    let mut supply = Supply::default();
    assert_eq!(asks(&mut supply, want(0, true)), [get(0)]);
    assert_eq!(asks(&mut supply, want(0, true)), [], "however many want it");
    assert_eq!(
        asks(&mut supply, Event::Got(key(0))),
        [Effect::Deliver { key: key(0), origin: Origin::Edge }]
    );
}

#[test]
fn a_clip_that_does_not_exist_is_asked_for_and_fetched_when_it_is_made() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let effects = asks(&mut supply, Event::Absent(key(0)));
    assert_eq!(effects, [Effect::Far(key(0)), post(0, false), Effect::NeedSocket(true)]);
    assert_eq!(asks(&mut supply, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) }), []);
    let effects = asks(&mut supply, news(key(0), EventKind::Completed));
    assert_eq!(effects, [get(0), Effect::NeedSocket(false)]);
    assert_eq!(
        asks(&mut supply, Event::Got(key(0))),
        [Effect::Deliver { key: key(0), origin: Origin::Made }]
    );
}

#[test]
fn news_that_overtakes_the_answer_is_not_lost() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    assert_eq!(asks(&mut supply, news(key(0), EventKind::Completed)), [get(0), Effect::NeedSocket(false)]);
    assert_eq!(asks(&mut supply, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) }), []);
}

#[test]
fn the_server_knows_the_address_better() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let effects = asks(&mut supply, Event::Job { key: key(0), job: job(key(7), JobStatus::Complete) });
    assert_eq!(effects, [Effect::Get { key: key(0), address: key(7) }, Effect::NeedSocket(false)]);
}

#[test]
fn a_guess_is_made_only_when_told_and_promoted_when_asked_for() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    assert_eq!(asks(&mut supply, Event::Absent(key(0))), [Effect::Missing(key(0))]);
    assert_eq!(asks(&mut supply, Event::Make(key(0))), [post(0, true), Effect::NeedSocket(true)]);
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    assert_eq!(asks(&mut supply, want(0, true)), [Effect::Far(key(0)), post(0, false)]);
    assert_eq!(asks(&mut supply, want(0, true)), [Effect::Far(key(0))], "once");
}

#[test]
fn a_guess_being_fetched_can_be_forgotten_but_not_once_somebody_waits() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    let _ = supply.on(T, want(1, false));
    let _ = supply.on(T, want(1, true));
    assert_eq!(asks(&mut supply, Event::Forget(key(0))), [Effect::Abort(key(0))]);
    assert_eq!(asks(&mut supply, Event::Forget(key(1))), []);
}

#[test]
fn while_the_socket_is_down_a_job_is_polled_ever_more_slowly() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Processing) });
    let mut pauses = Vec::new();
    let mut now = T;
    for _ in 0..6 {
        let at = supply.next_wake().unwrap();
        pauses.push(at.since(now).0);
        now = at;
        let polls = supply.on(now, Event::Wake).iter().filter(|e| matches!(e, Effect::Poll { .. })).count();
        assert_eq!(polls, 1);
        let _ = supply.on(now, Event::Faltered { key: key(0), after: None });
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    let _ = supply.on(now, Event::Socket(true));
    assert_eq!(supply.next_wake(), Some(now + SILENCE), "an open socket is trusted, but not for ever");
}

#[test]
fn an_edge_that_falters_is_tried_again_and_then_reported() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let mut now = T;
    let mut tries = 1;
    loop {
        let effects = supply.on(now, Event::Faltered { key: key(0), after: None });
        if effects.iter().any(|e| matches!(e, Effect::Failed { code, .. } if code == "unreachable")) {
            break;
        }
        now = supply.next_wake().unwrap();
        tries += supply.on(now, Event::Wake).iter().filter(|e| matches!(e, Effect::Get { .. })).count();
    }
    assert_eq!(tries, 5);
    assert_eq!(asks(&mut supply, want(0, true)), [Effect::Far(key(0))], "not at once again");
    assert_eq!(asks(&mut supply.clone(), Event::Again(key(0))), [get(0)], "unless it is said so");
    let later = now + SULK;
    assert!(supply.on(later, want(0, true)).contains(&get(0)), "but later");
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let after = Some(Millis::seconds(42));
    let _ = supply.on(T, Event::Faltered { key: key(0), after });
    assert_eq!(supply.next_wake(), Some(T + Millis::seconds(42)));
    assert!(supply.on(T + Millis::seconds(42), Event::Wake).contains(&post(0, false)));
}

#[test]
fn a_clip_is_tried_again_within_minutes_whatever_patience_a_server_asks_for() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Faltered { key: key(0), after: Some(Millis::seconds(u64::MAX)) });
    let again = supply.next_wake().unwrap();
    assert_eq!(again, T + LONGEST_REST);
    assert!(supply.on(again, Event::Wake).contains(&get(0)));
}

#[test]
fn a_failed_job_is_told_with_its_reason() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let mut failed = job(key(0), JobStatus::Failed);
    let detail = "The provider refused the content.".to_owned();
    failed.error = Some(("content_refused".into(), detail.clone()));
    let effects = asks(&mut supply, Event::Job { key: key(0), job: failed });
    let code = "content_refused".to_owned();
    assert_eq!(effects, [Effect::Failed { key: key(0), code, detail }, Effect::NeedSocket(false)]);
}

fn limited(key: CacheKey, seconds: u64) -> Event {
    Event::Limited { key, after: Some(Millis::seconds(seconds)), code: "rate_limited".into() }
}

fn spent(key: CacheKey, seconds: u64) -> Event {
    let (code, detail) = ("budget_exceeded".into(), "The budget is used up.".into());
    Event::Spent { key, after: Some(Millis::seconds(seconds)), code, detail }
}

fn unauthorized(key: CacheKey, outdated: bool) -> Event {
    let (code, detail) = ("token_expired".into(), "The token has expired.".into());
    Event::Unauthorized { key, outdated, code, detail }
}

/// A supply whose clips 0 to `count` were wanted one after the other, and asked for.
fn asking(count: u8) -> Supply {
    let mut supply = Supply::default();
    for number in 0..count {
        let _ = supply.on(T, want(number, true));
        let _ = supply.on(T, Event::Absent(key(number)));
    }
    supply
}

fn posts(effects: &[Effect]) -> Vec<&Effect> {
    effects.iter().filter(|effect| matches!(effect, Effect::Post { .. })).collect()
}

#[test]
fn a_limited_page_asks_for_nothing_until_the_pause_is_over_and_then_for_one_clip_at_a_time() {
    let mut supply = asking(3);
    for number in 0..3 {
        assert_eq!(posts(&supply.on(T, limited(key(number), 6))), Vec::<&Effect>::new());
    }
    let until = T + Millis::seconds(6);
    assert_eq!((supply.pause(T).unwrap().until, supply.waiting()), (until, 3));
    assert_eq!(supply.next_wake(), Some(until));
    assert_eq!(posts(&supply.on(Millis(until.0 - 1), Event::Wake)), Vec::<&Effect>::new());
    // The newest wish is what is on screen now.
    assert_eq!(posts(&supply.on(until, Event::Wake)), [&post(2, false)]);
    let queued = |number| Event::Job { key: key(number), job: job(key(number), JobStatus::Queued) };
    assert_eq!(posts(&supply.on(until, queued(2))), [&post(1, false)]);
    assert_eq!(posts(&supply.on(until, limited(key(1), 6))), Vec::<&Effect>::new());
    let later = until + Millis::seconds(6);
    assert_eq!(posts(&supply.on(later, Event::Wake)), [&post(1, false)]);
    assert_eq!(posts(&supply.on(later, queued(1))), [&post(0, false)]);
    assert_eq!(supply.waiting(), 0);
}

#[test]
fn a_limited_page_makes_no_guesses_and_what_is_wanted_goes_first() {
    let mut supply = asking(1);
    let _ = supply.on(T, want(1, false));
    let _ = supply.on(T, Event::Absent(key(1)));
    let _ = supply.on(T, Event::Make(key(1)));
    let effects = asks(&mut supply, limited(key(1), 6));
    assert_eq!(effects, [Effect::Guesses(false), Effect::Missing(key(1))]);
    assert_eq!(asks(&mut supply, Event::Make(key(1))), [Effect::Missing(key(1))]);
    let _ = supply.on(T, limited(key(0), 6));
    let until = T + Millis::seconds(6);
    assert_eq!(posts(&supply.on(until, Event::Wake)), [&post(0, false)]);
    let answered = Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) };
    assert!(!supply.on(until, answered).contains(&Effect::Guesses(true)), "guesses rest for longer");
    let rested = until + Millis::seconds(30);
    assert_eq!(supply.on(rested, Event::Wake)[0], Effect::Guesses(true));
}

#[test]
fn a_used_up_budget_is_told_once_and_asked_about_again_when_its_pause_is_over() {
    let mut supply = asking(2);
    let used_up = |number| {
        let (code, detail) = ("budget_exceeded".into(), "Used up.".into());
        Event::Spent { key: key(number), after: None, code, detail }
    };
    let told = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Spent { .. })).count();
    assert_eq!(told(&supply.on(T, used_up(0))), 1);
    assert_eq!(told(&supply.on(T, used_up(1))), 0, "once");
    let _ = supply.on(T, want(3, true));
    assert_eq!(asks(&mut supply, Event::Absent(key(3))), [Effect::Far(key(3))]);
    let later = T + Millis::seconds(300);
    assert_eq!(posts(&supply.on(later, Event::Wake)), [&post(3, false)]);
    assert_eq!(told(&supply.on(later, used_up(3))), 1, "it is still used up");
}

#[test]
fn a_budget_for_guesses_that_is_used_up_stops_guesses_only() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    let _ = supply.on(T, Event::Absent(key(0)));
    let _ = supply.on(T, Event::Make(key(0)));
    let effects = asks(&mut supply, spent(key(0), 60));
    assert_eq!(effects[..2], [Effect::Guesses(false), Effect::Missing(key(0))]);
    assert!(asks(&mut supply, want(0, true)).contains(&post(0, false)));
}

#[test]
fn without_a_good_token_everything_waits_and_the_page_is_told_once() {
    let mut supply = asking(3);
    let told =
        |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::TokenNeeded { .. })).count();
    assert_eq!(told(&supply.on(T, unauthorized(key(0), false))), 1);
    assert_eq!(told(&supply.on(T, unauthorized(key(1), false))), 0, "once, not once a request");
    let soon = T + Millis::seconds(29);
    assert_eq!(told(&supply.on(soon, want(0, true))), 0);
    assert_eq!(told(&supply.on(soon + Millis::seconds(1), want(0, true))), 1, "a page may have missed it");
    let _ = supply.on(soon, Event::Token);
    assert!(!supply.needs_token());
    // The third was sent with the token of before, and is simply sent again.
    let effects = supply.on(soon, unauthorized(key(2), true));
    assert_eq!((told(&effects), posts(&effects)), (0, vec![&post(0, false)]));
    let answered = Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) };
    assert_eq!(posts(&supply.on(soon, answered)), [&post(2, false)]);
}

#[test]
fn a_job_is_not_polled_without_a_good_token_and_a_limited_poll_waits() {
    let mut supply = asking(1);
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    let polls = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Poll { .. })).count();
    let now = supply.next_wake().unwrap();
    assert_eq!(polls(&supply.on(now, Event::Wake)), 1);
    let _ = supply.on(now, limited(key(0), 9));
    assert_eq!(polls(&supply.on(now + Millis(8_999), Event::Wake)), 0);
    let now = now + Millis(9_000);
    assert_eq!(polls(&supply.on(now, Event::Wake)), 1);
    let _ = supply.on(now, unauthorized(key(0), false));
    assert_eq!(polls(&supply.on(now + Millis(60_000), Event::Wake)), 0);
    let now = now + Millis(60_000);
    let _ = supply.on(now, Event::Token);
    assert_eq!(polls(&supply.on(now + FIRST_POLL, Event::Wake)), 1);
}

fn any_event() -> impl Strategy<Value = Event> {
    let keys = || (0u8..4).prop_map(key);
    let status = prop_oneof![Just(JobStatus::Queued), Just(JobStatus::Processing), Just(JobStatus::Complete)];
    let kind = prop_oneof![Just(EventKind::Queued), Just(EventKind::Completed)];
    prop_oneof![
        3 => (keys(), any::<bool>()).prop_map(|(key, urgent)| Event::Want { key, urgent }),
        1 => keys().prop_map(Event::Make),
        1 => keys().prop_map(Event::Forget),
        2 => keys().prop_map(Event::Got),
        2 => keys().prop_map(Event::Absent),
        1 => keys().prop_map(Event::HeardMore),
        1 => keys().prop_map(Event::Again),
        1 => keys().prop_map(|key| Event::Faltered { key, after: None }),
        2 => keys().prop_map(Event::Unreachable),
        1 => keys().prop_map(Event::Cancel),
        1 => keys().prop_map(Event::Stored),
        1 => Just(Event::Online),
        2 => (keys(), 0u64..20).prop_map(|(key, s)| limited(key, s)),
        1 => (keys(), 0u64..20).prop_map(|(key, s)| spent(key, s)),
        1 => (keys(), any::<bool>()).prop_map(|(key, outdated)| unauthorized(key, outdated)),
        1 => Just(Event::Token),
        2 => (keys(), status).prop_map(|(key, status)| Event::Job { job: job(key, status), key }),
        2 => (keys(), kind).prop_map(|(key, kind)| news(key, kind)),
        1 => any::<bool>().prop_map(Event::Socket),
        2 => Just(Event::Wake),
    ]
}

proptest! {
    #[test]
    fn a_closed_gate_lets_nothing_through_and_an_opened_one_a_single_request(
        events in prop::collection::vec((any_event(), 0u64..4_000), 0..150)
    ) {
        let mut supply = Supply::default();
        let (mut now, mut open, mut careful) = (T, true, false);
        for (event, pause) in events {
            let closes = matches!(event, Event::Limited { .. });
            let effects = supply.on(now, event);
            let closed = supply.pause(now).is_some() || supply.needs_token();
            let posts = effects.iter().filter(|effect| matches!(effect, Effect::Post { .. })).count();
            prop_assert!(!closed || posts == 0, "asked while it must not");
            careful |= closed || closes;
            prop_assert!(!careful || posts <= 1, "a storm after a pause");
            for effect in effects {
                if let Effect::Guesses(may) = effect {
                    prop_assert_ne!(may, open);
                    open = may;
                }
            }
            let resting = |line: &Line| matches!(line.stage, Stage::Resting { .. });
            let at_rest = supply.lines.values().all(|line| line.ask == Ask::None && !resting(line));
            careful &= closed || !at_rest;
            prop_assert!(!(open && closed), "no guesses while nothing may be asked for");
            now = now + Millis(pause);
        }
    }

    #[test]
    fn a_clip_that_somebody_waits_for_is_never_forgotten(
        events in prop::collection::vec((any_event(), 0u64..4_000), 0..150)
    ) {
        let mut supply = Supply::default();
        let (mut now, mut needed) = (T, false);
        for (event, pause) in events {
            for effect in supply.on(now, event) {
                if let Effect::NeedSocket(yes) = effect {
                    prop_assert_ne!(yes, needed);
                    needed = yes;
                }
            }
            prop_assert_eq!(needed, !supply.jobs().is_empty(), "the socket is wanted while jobs are open");
            for line in supply.lines.values().filter(|line| line.urgent) {
                // Under way, or due to be tried again: nothing urgent waits for nobody.
                prop_assert!(!matches!(line.stage, Stage::Missing));
                prop_assert!(line.stage != Stage::Asking || line.ask != Ask::None);
                let failed = matches!(line.stage, Stage::Failed { .. });
                prop_assert!(!failed || supply.next_wake().is_some(), "what failed is tried again");
            }
            let parked = supply.waiting() > 0 && !supply.needs_token() && supply.pause(now).is_some();
            prop_assert!(!parked || supply.next_wake().is_some(), "what waits for a time is woken");
            // What needs another token, and nothing else, waits for it.
            let needs_token = supply.needs_token();
            let resting = |line: &Line| match &line.stage {
                Stage::Resting { at: None, then } => !needs_token || **then != Stage::Asking,
                _ => false,
            };
            let tried = supply.lines.values().any(|line| {
                line.ask == Ask::Sent || matches!(line.stage, Stage::Fetching { .. })
            });
            let rests = supply.lines.values().any(resting);
            prop_assert!(!rests || tried || supply.next_wake().is_some(), "an outage is tried to its end");
            now = now + Millis(pause);
        }
    }
}
