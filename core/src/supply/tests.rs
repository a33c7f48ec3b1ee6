//! The supply's promises, as sentences.

use proptest::prelude::*;

use super::*;
use crate::api::{EventKind, job_id};
use crate::operation::Operation;

const T: Millis = Millis(1_000);

fn key(number: u8) -> CacheKey {
    CacheKey::parse(&char::from(b'a' + number).to_string().repeat(32)).unwrap()
}

fn job(address: CacheKey, status: JobStatus) -> Job {
    let id = job_id(&address, "x");
    Job { status, ..Job::queued(id, Operation::StateClip, address, T) }
}

fn news(address: CacheKey, kind: EventKind) -> Event {
    let job_id = job_id(&address, "x");
    let (progress, result_url, error) = (None, None, None);
    Event::News(JobEvent { kind, seq: 1, at: T, job_id, cache_key: address, progress, result_url, error })
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
fn a_clip_that_exists_costs_one_get_and_no_post() {
    let mut supply = Supply::default();
    assert_eq!(asks(&mut supply, want(0, true)), [get(0)]);
    assert_eq!(asks(&mut supply, want(0, true)), [], "however many want it");
    assert_eq!(asks(&mut supply, Event::Got(key(0))), [Effect::Deliver { key: key(0), made: false }]);
}

#[test]
fn a_clip_that_does_not_exist_is_asked_for_and_fetched_when_it_is_made() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let effects = asks(&mut supply, Event::Absent(key(0)));
    assert_eq!(effects, [Effect::Far(key(0)), post(0, false), Effect::NeedSocket(true)]);
    assert_eq!(
        asks(&mut supply, Event::Job { key: key(0), job: Box::new(job(key(0), JobStatus::Queued)) }),
        []
    );
    let effects = asks(&mut supply, news(key(0), EventKind::Completed));
    assert_eq!(effects, [get(0), Effect::NeedSocket(false)]);
    assert_eq!(asks(&mut supply, Event::Got(key(0))), [Effect::Deliver { key: key(0), made: true }]);
}

#[test]
fn news_that_overtakes_the_answer_is_not_lost() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    assert_eq!(asks(&mut supply, news(key(0), EventKind::Completed)), [get(0), Effect::NeedSocket(false)]);
    assert_eq!(
        asks(&mut supply, Event::Job { key: key(0), job: Box::new(job(key(0), JobStatus::Queued)) }),
        []
    );
}

#[test]
fn the_server_knows_the_address_better() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let effects =
        asks(&mut supply, Event::Job { key: key(0), job: Box::new(job(key(7), JobStatus::Complete)) });
    assert_eq!(effects, [Effect::Get { key: key(0), address: key(7) }, Effect::NeedSocket(false)]);
}

#[test]
fn a_guess_is_made_only_when_told_and_promoted_when_asked_for() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    assert_eq!(asks(&mut supply, Event::Absent(key(0))), [Effect::Missing(key(0))]);
    assert_eq!(asks(&mut supply, Event::Make(key(0))), [post(0, true), Effect::NeedSocket(true)]);
    let _ = supply.on(T, Event::Job { key: key(0), job: Box::new(job(key(0), JobStatus::Queued)) });
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
    let _ = supply.on(T, Event::Job { key: key(0), job: Box::new(job(key(0), JobStatus::Processing)) });
    let mut pauses = Vec::new();
    let mut now = T;
    for _ in 0..6 {
        let at = supply.next_wake().unwrap();
        pauses.push(at.since(now).0);
        now = at;
        let polls = supply.on(now, Event::Wake).iter().filter(|e| matches!(e, Effect::Poll { .. })).count();
        assert_eq!(polls, 1);
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    let _ = supply.on(now, Event::Socket(true));
    assert_eq!(supply.next_wake(), Some(now + SILENCE), "an open socket is trusted, but not for ever");
}

#[test]
fn a_network_that_is_down_is_tried_again_and_then_reported() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let mut now = T;
    let mut tries = 1;
    loop {
        let effects = supply.on(now, Event::Unreachable { key: key(0), after: None });
        if effects.iter().any(|e| matches!(e, Effect::Failed { code, .. } if code == "unreachable")) {
            break;
        }
        now = supply.next_wake().unwrap();
        tries += supply.on(now, Event::Wake).iter().filter(|e| matches!(e, Effect::Get { .. })).count();
    }
    assert_eq!(tries, 5);
    assert_eq!(asks(&mut supply, want(0, true)), [Effect::Far(key(0))], "not at once again");
    let later = now + SULK;
    assert!(supply.on(later, want(0, true)).contains(&get(0)), "but later");
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let after = Some(Millis::seconds(42));
    let _ = supply.on(T, Event::Unreachable { key: key(0), after });
    assert_eq!(supply.next_wake(), Some(T + Millis::seconds(42)));
    assert!(supply.on(T + Millis::seconds(42), Event::Wake).contains(&post(0, false)));
}

#[test]
fn a_failed_job_is_told_with_its_reason() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Absent(key(0)));
    let mut failed = job(key(0), JobStatus::Failed);
    let detail = "The provider refused the content.".to_owned();
    failed.error =
        Some(crate::api::JobError { code: crate::problem::Code::ContentRefused, detail: detail.clone() });
    let effects = asks(&mut supply, Event::Job { key: key(0), job: Box::new(failed) });
    let code = "content_refused".to_owned();
    assert_eq!(effects, [Effect::Failed { key: key(0), code, detail }, Effect::NeedSocket(false)]);
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
        1 => keys().prop_map(|key| Event::Unreachable { key, after: None }),
        2 => (keys(), status).prop_map(|(key, status)| Event::Job { job: Box::new(job(key.clone(), status)), key }),
        2 => (keys(), kind).prop_map(|(key, kind)| news(key, kind)),
        1 => any::<bool>().prop_map(Event::Socket),
        2 => Just(Event::Wake),
    ]
}

proptest! {
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
            }
            now = now + Millis(pause);
        }
    }
}
