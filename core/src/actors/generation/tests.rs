//! The rules of a generation, one sentence each. Every step goes through the persisted form, so
//! that nothing here depends on what only memory holds.

use std::collections::BTreeMap;

use super::*;
use crate::actors::{account, lane};
use crate::api::{Content, JobStatus};
use crate::catalog::Reconcile;
use crate::operation::{Scope, Spec, validate};
use crate::units::MicroUsd;

const PRICE: MicroUsd = MicroUsd(6_000);

mod money;
mod stand_in;
mod storage;

struct Bench {
    machine: Generation,
    parts: BTreeMap<String, String>,
    now: Millis,
    /// Answer account and lane at once, as they do on a good day.
    obliging: bool,
}

fn spec() -> Spec {
    let params = serde_json::json!({ "character": "bolt", "state": "idle" });
    let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
    validate(&body, "n").unwrap().spec
}

fn want(n: u32) -> Want {
    let spec = spec();
    Want {
        key: spec.key("demo", &Scope::default()),
        tenant: "demo".into(),
        terms: terms(),
        place: Place::default(),
        request_id: "r1".into(),
        spec,
        stand_ins: Vec::new(),
        session: format!("s{n}"),
        job_id: format!("job{n}"),
        priority: 10,
        speculative: false,
    }
}

fn terms() -> Terms {
    Terms { cost: PRICE, ..Terms::of(&spec()).unwrap() }
}

fn content() -> Content {
    Content { url: "/clips/x".into(), content_type: "video/mp4".into(), bytes: 5, ..Content::default() }
}

fn output() -> Output {
    Output { url: "/out.mp4".into(), bytes: Some(5), ..Output::default() }
}

fn transient() -> ProviderError {
    ProviderError::Transient("503".into())
}

impl Bench {
    fn new() -> Self {
        Self {
            machine: Generation::default(),
            parts: BTreeMap::new(),
            now: Millis(1_000_000),
            obliging: true,
        }
    }

    fn wanted() -> Self {
        let mut bench = Self::new();
        let _ = bench.on(Event::Wanted(want(1)));
        bench
    }

    /// A flight that the provider took as operation `op1`.
    fn processing() -> Self {
        let mut bench = Self::wanted();
        let key = bench.submission();
        let _ = bench.accept(&key, "op1");
        bench
    }

    /// A flight whose result is being fetched for the first time.
    fn storing() -> Self {
        let mut bench = Self::processing();
        let effects = bench.poll("op1", Ok(Progress::Succeeded(output())));
        assert!(matches!(effects[..], [Effect::SetAlarm(_), Effect::Store { .. }]));
        bench
    }

    fn complete() -> Self {
        let mut bench = Self::storing();
        let _ = bench.store("op1", Ok(content()));
        bench
    }

    /// A turn, from storage to storage. Nothing lives on that is not written.
    fn turn(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.machine.on(self.now, event);
        for write in self.machine.changes().unwrap() {
            match write {
                Write::Put(name, json) => self.parts.insert(name, json),
                Write::Delete(name) => self.parts.remove(&name),
            };
        }
        let parts: Vec<(String, String)> = self.parts.clone().into_iter().collect();
        let read = Generation::read(&parts).unwrap();
        assert_eq!(read, self.machine, "something was not written");
        effects
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let mut todo = std::collections::VecDeque::from(self.turn(event));
        let (mut alarm, mut effects) = (None, Vec::new());
        while let Some(effect) = todo.pop_front() {
            let answer = match effect.clone() {
                // The newest alarm is the one that is set.
                Effect::SetAlarm(at) => {
                    alarm = Some(Effect::SetAlarm(at));
                    continue;
                }
                Effect::Reserve { reservation, .. } => {
                    Event::Reserved { id: reservation.id, answer: Some(account::Answer::Done) }
                }
                Effect::Acquire { bid, .. } => {
                    let answer = Some(lane::Answer::Granted { until: self.now + bid.hold });
                    Event::LaneAnswered { ticket: bid.ticket, answer }
                }
                // What the tests are about is not what is counted.
                Effect::Count(_) => continue,
                Effect::Close { id, .. } => Event::Closed { id, acknowledged: true },
                Effect::Release { ticket, .. } => Event::Released { ticket, acknowledged: true },
                _ => {
                    effects.push(effect);
                    continue;
                }
            };
            if self.obliging {
                todo.extend(self.turn(answer));
            } else {
                effects.push(effect);
            }
        }
        alarm.into_iter().chain(effects).collect()
    }

    fn alarm_after(&mut self, wait: u64) -> Vec<Effect> {
        self.now = self.now + Millis(wait);
        self.on(Event::Alarm)
    }

    /// Lets the alarm go off until something is submitted, and says under which key.
    fn submission(&mut self) -> String {
        let mut effects = self.on(Event::Alarm);
        for _ in 0..20 {
            if let Some(key) = submissions(&effects).pop() {
                return key;
            }
            self.now = alarm(&effects).unwrap();
            effects = self.on(Event::Alarm);
        }
        panic!("nothing is submitted: {:?}", self.machine)
    }

    fn answer_submission(&mut self, key: &str, result: Result<Accepted, ProviderError>) -> Vec<Effect> {
        self.on(Event::SubmitAnswered { idempotency_key: key.into(), result })
    }

    fn accept(&mut self, key: &str, op: &str) -> Vec<Effect> {
        self.answer_submission(key, Ok(Accepted { operation_id: op.into(), estimate_ms: None }))
    }

    fn poll(&mut self, op: &str, result: Result<Progress, ProviderError>) -> Vec<Effect> {
        self.on(Event::PollAnswered { operation_id: op.into(), result })
    }

    fn store(&mut self, op: &str, result: Result<Content, ProviderError>) -> Vec<Effect> {
        self.on(Event::Stored { operation_id: op.into(), result })
    }

    fn status(&self) -> JobStatus {
        self.machine.job(self.now, "job1").unwrap().status
    }

    fn failure(&self) -> Option<Code> {
        self.machine.job(self.now, "job1").unwrap().error.map(|error| error.code)
    }
}

fn alarm(effects: &[Effect]) -> Option<Millis> {
    effects.iter().find_map(|e| if let Effect::SetAlarm(at) = e { Some(*at) } else { None })
}

fn submissions(effects: &[Effect]) -> Vec<String> {
    let key = |e: &Effect| match e {
        Effect::Submit { idempotency_key, .. } => Some(idempotency_key.clone()),
        _ => None,
    };
    effects.iter().filter_map(key).collect()
}

fn notified(effects: &[Effect]) -> Vec<(String, Update)> {
    let told = |e: &Effect| match e {
        Effect::Notify { session, update } => Some((session.clone(), update.clone())),
        _ => None,
    };
    effects.iter().filter_map(told).collect()
}

#[test]
fn a_thousand_wants_are_one_submission() {
    let mut bench = Bench::new();
    let mut sent = Vec::new();
    for n in 0..1_000 {
        sent.extend(submissions(&bench.on(Event::Wanted(want(n)))));
    }
    assert!(sent.is_empty(), "a want calls nobody: its alarm does");
    sent.extend(submissions(&bench.on(Event::Alarm)));
    sent.extend(submissions(&bench.on(Event::Alarm)));
    assert_eq!(sent.len(), 1);
    let source = |id: &str| bench.machine.answer(bench.now, id).unwrap().source;
    assert_eq!((source("job0"), source("job999")), (Source::Generated, Source::Coalesced));
}

#[test]
fn the_operation_id_is_persisted_before_anything_else_is_done_with_it() {
    let mut bench = Bench::wanted();
    let key = bench.submission();
    let effects = bench.accept(&key, "op-7");
    assert!(bench.parts["flight"].contains(r#""operation_id":"op-7""#));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Poll { .. })), "a poll is the next alarm's");
}

#[test]
fn a_submission_whose_isolate_died_is_asked_about_under_the_same_key() {
    let mut bench = Bench::wanted();
    let first = bench.submission();
    assert!(submissions(&bench.alarm_after(CALL_GUARD.0 - 1)).is_empty(), "it may still be under way");
    assert_eq!(submissions(&bench.alarm_after(1)), [first]);
}

#[test]
fn a_submission_that_failed_is_sent_three_times_under_one_key_and_no_more() {
    let mut bench = Bench::wanted();
    let mut keys = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        let key = bench.submission();
        let _ = bench.answer_submission(&key, Err(transient()));
        keys.push(key);
    }
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(bench.failure(), Some(Code::ProviderFailed));
    assert!(submissions(&bench.alarm_after(60_000)).is_empty());
}

#[test]
fn an_operation_that_came_to_nothing_is_submitted_anew_three_times_at_most() {
    let mut bench = Bench::wanted();
    let mut keys = std::collections::BTreeSet::new();
    for n in 0..MAX_ATTEMPTS {
        let key = bench.submission();
        let _ = bench.accept(&key, &format!("op{n}"));
        let _ = bench.poll(&format!("op{n}"), Err(ProviderError::Lost));
        keys.insert(key);
    }
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert_eq!(bench.status(), JobStatus::Failed);
}

#[test]
fn the_wait_that_a_provider_asks_for_wins() {
    let mut bench = Bench::wanted();
    let key = bench.submission();
    let throttled = ProviderError::Throttled { retry_after: Some(Millis(17_000)) };
    let effects = bench.answer_submission(&key, Err(throttled));
    assert_eq!(alarm(&effects), Some(bench.now + Millis(17_000)));
    assert!(submissions(&bench.alarm_after(16_999)).is_empty());
    bench.now = bench.now + Millis(1);
    assert_eq!(bench.submission(), key);
}

#[test]
fn a_refusal_is_final() {
    let refusals = [
        (ProviderError::Invalid { field: None, message: "x".into() }, Code::ProviderInvalid),
        (ProviderError::ContentRefused { message: "x".into() }, Code::ContentRefused),
        (ProviderError::Fatal("x".into()), Code::ProviderFailed),
    ];
    for (error, code) in refusals {
        let mut bench = Bench::wanted();
        let key = bench.submission();
        let _ = bench.answer_submission(&key, Err(error.clone()));
        assert_eq!(bench.failure(), Some(code));
        if code != Code::ProviderFailed {
            let mut bench = Bench::processing();
            let _ = bench.poll("op1", Err(error));
            assert_eq!(bench.failure(), Some(code));
        }
    }
}

#[test]
fn a_cut_off_download_is_fetched_again_and_then_made_anew() {
    let mut bench = Bench::storing();
    for _ in 1..MAX_DOWNLOADS {
        let effects = bench.store("op1", Err(ProviderError::BadMedia("it is cut off".into())));
        bench.now = alarm(&effects).unwrap();
        // The first alarm may be the outbox's.
        let again = bench.alarm_after(20_000);
        assert!(again.iter().any(|e| matches!(e, Effect::Store { .. })), "{again:?}");
    }
    let _ = bench.store("op1", Err(ProviderError::BadMedia("it is cut off".into())));
    assert!(bench.submission().ends_with(".1.2"), "the second submission of the first flight");
}

#[test]
fn a_download_that_ends_its_isolate_is_not_begun_for_ever() {
    let mut bench = Bench::storing();
    let mut begun = 1;
    while matches!(bench.machine.core.flight.as_ref().unwrap().phase, Phase::Storing { .. }) && begun < 20 {
        let effects = bench.alarm_after(DOWNLOAD_GUARD.0);
        begun += effects.iter().filter(|e| matches!(e, Effect::Store { .. })).count();
    }
    assert_eq!(begun, MAX_DOWNLOADS as usize);
    assert!(bench.submission().ends_with(".1.2"), "made anew");
}

#[test]
fn at_its_deadline_a_flight_fails_and_the_operation_is_abandoned() {
    let mut bench = Bench::processing();
    let effects = bench.alarm_after(120_000);
    let abandoned = |e: &Effect| matches!(e, Effect::Abandon { operation_id, .. } if operation_id == "op1");
    assert!(effects.iter().any(abandoned), "{effects:?}");
    assert_eq!(bench.failure(), Some(Code::ProviderTimeout));
}

#[test]
fn a_result_that_exists_is_fetched_past_the_deadline() {
    let mut bench = Bench::storing();
    bench.now = bench.now + Millis(119_999);
    let _ = bench.on(Event::Alarm);
    let _ = bench.store("op1", Ok(content()));
    assert_eq!(bench.status(), JobStatus::Complete);
}

#[test]
fn a_hint_brings_the_next_poll_forward_and_nothing_else() {
    let mut bench = Bench::processing();
    bench.now = bench.now + Millis(30_000);
    let _ = bench.poll("op1", Ok(Progress::Running { progress: 0.1, estimate_ms: None }));
    let (usual, before) = (bench.machine.wake().unwrap(), bench.machine.explain());
    let hint = |id: &str| Event::Nudged { idempotency_key: String::new(), operation_id: id.into() };
    let _ = bench.on(hint("another"));
    assert_eq!(bench.machine.wake(), Some(usual), "of another operation");
    let _ = bench.on(hint("op1"));
    assert!(bench.machine.wake().unwrap() < usual);
    let mut after = bench.machine.explain();
    after["generation"]["flight"]["due"] = before["generation"]["flight"]["due"].clone();
    assert_eq!(after, before);
}

#[test]
fn a_poll_that_fails_is_asked_again_and_costs_no_attempt() {
    let mut bench = Bench::processing();
    for _ in 0..5 {
        let effects = bench.poll("op1", Err(transient()));
        assert!(submissions(&effects).is_empty());
        assert_eq!(bench.status(), JobStatus::Processing);
    }
    let effects = bench.alarm_after(20_000);
    assert!(effects.iter().any(|e| matches!(e, Effect::Poll { .. })));
}

#[test]
fn events_that_come_late_or_twice_change_nothing() {
    let mut bench = Bench::complete();
    let before = bench.machine.clone();
    let old = format!("{}.1.1", want(1).key);
    for result in [Ok(Accepted { operation_id: "op9".into(), estimate_ms: None }), Err(transient())] {
        let _ = bench.answer_submission(&old, result);
    }
    let late = [Ok(Progress::Succeeded(output())), Err(ProviderError::Lost), Err(transient())];
    for result in late {
        let _ = bench.poll("op1", result);
    }
    let _ = bench.store("op1", Err(ProviderError::Lost));
    let _ = bench.store("op0", Ok(Content { bytes: 9, ..content() }));
    let _ = bench.on(Event::Alarm);
    assert_eq!(bench.machine, before);
}

#[test]
fn answers_about_another_operation_change_nothing() {
    let mut bench = Bench::processing();
    let before = bench.machine.clone();
    let _ = bench.poll("op0", Ok(Progress::Succeeded(output())));
    let _ = bench.store("op1", Ok(content()));
    let _ = bench.accept("other.1.1", "op2");
    assert_eq!(bench.machine, before);
}

#[test]
fn a_session_is_told_until_it_acknowledges() {
    let mut bench = Bench::storing();
    let effects = bench.store("op1", Ok(content()));
    // Told of the operation's begin a moment ago and not heard from: nothing more until the guard.
    assert!(notified(&effects).is_empty());
    bench.now = alarm(&effects).unwrap();
    for _ in 0..3 {
        let told = notified(&bench.on(Event::Alarm));
        assert_eq!(told[0].1.status, JobStatus::Complete);
        bench.now = bench.now + Millis(15_000);
    }
    let ordinal = notified(&bench.on(Event::Alarm))[0].1.ordinal;
    let effects = bench.on(Event::Delivered { job_id: "job1".into(), ordinal, acknowledged: true });
    assert_eq!(effects, [], "nothing is left to do, and no alarm is set: {:?}", bench.machine);
    assert!(notified(&bench.alarm_after(100_000)).is_empty());
}

#[test]
fn an_acknowledgement_of_old_news_brings_the_new_at_once() {
    let mut bench = Bench::wanted();
    let key = bench.submission();
    let first = notified(&bench.accept(&key, "op1"))[0].1.ordinal;
    let _ = bench.poll("op1", Ok(Progress::Succeeded(output())));
    let _ = bench.store("op1", Ok(content()));
    let effects = bench.on(Event::Delivered { job_id: "job1".into(), ordinal: first, acknowledged: true });
    assert_eq!(effects, [Effect::SetAlarm(bench.now)]);
    assert_eq!(notified(&bench.on(Event::Alarm))[0].1.content, Some(content()));
}

#[test]
fn a_crowd_is_told_a_batch_an_alarm_until_everybody_knows() {
    let mut bench = Bench::wanted();
    for n in 2..=100 {
        let _ = bench.on(Event::Wanted(want(n)));
    }
    let key = bench.submission();
    let mut effects = bench.accept(&key, "op1");
    let mut told = std::collections::BTreeSet::new();
    while told.len() < 100 {
        let batch = notified(&effects);
        assert!((1..=outbox::BATCH).contains(&batch.len()), "{} at once", batch.len());
        for (session, Update { job_id, ordinal, .. }) in batch {
            assert!(told.insert(session), "told twice");
            // The answers of one batch bring no calls of their own, only the next alarm.
            let effects = bench.on(Event::Delivered { job_id, ordinal, acknowledged: true });
            assert_eq!(notified(&effects), []);
        }
        effects = bench.on(Event::Alarm);
    }
    assert_eq!(notified(&effects), []);
}

#[test]
fn a_want_for_a_finished_clip_begins_anew_only_if_the_clip_is_gone() {
    let mut bench = Bench::complete();
    let effects = bench.on(Event::Wanted(want(2)));
    assert!(effects.contains(&Effect::Verify { want: Box::new(want(2)), flight: 1 }));
    let _ = bench.on(Event::Verified { want: want(2), flight: 1, exists: true });
    let answer = bench.machine.answer(bench.now, "job2").unwrap();
    assert_eq!(answer.update.content, Some(content()));
    let _ = bench.on(Event::Verified { want: want(3), flight: 1, exists: false });
    assert!(bench.submission().ends_with(".2.1"), "the second flight has keys of its own");
}

#[test]
fn a_want_that_comes_twice_does_not_pay_for_a_failed_clip_again() {
    let mut bench = Bench::processing();
    let _ = bench.poll("op1", Err(ProviderError::ContentRefused { message: "no".into() }));
    let _ = bench.on(Event::Wanted(want(1)));
    assert_eq!(bench.status(), JobStatus::Failed, "its own flight is over");
    let _ = bench.on(Event::Wanted(want(2)));
    assert!(bench.submission().ends_with(".2.1"), "a new job is a new wish");
}
