//! The rules of a generation, one sentence each. Every step goes through the persisted form, so
//! that nothing here depends on what only memory holds.

use std::collections::BTreeMap;

use super::*;
use crate::actors::{account, lane};
use crate::api::{Content, JobStatus};
use crate::cache_key::CacheKey;
use crate::catalog::Reconcile;
use crate::operation::{ClipSpec, Scope, validate};
use crate::units::MicroUsd;

const PRICE: MicroUsd = MicroUsd(6_000);
const GOLDEN: &str = include_str!("../../../tests/golden/actors/generation.json");
/// As it was stored before a waiter was a part of its own.
const ONE_PART: &str = include_str!("../../../tests/golden/actors/generation-one-part.json");

struct Bench {
    machine: Generation,
    parts: BTreeMap<String, String>,
    now: Millis,
    /// Answer account and lane at once, as they do on a good day.
    obliging: bool,
}

fn spec() -> ClipSpec {
    let params = serde_json::json!({ "character": "bolt", "state": "idle" });
    let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
    validate(&body, "n").unwrap().spec
}

fn want(n: u32) -> Want {
    let spec = spec();
    Want {
        key: CacheKey::of("demo", &spec, &Scope::default()),
        tenant: "demo".into(),
        terms: terms(),
        request_id: "r1".into(),
        spec,
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
    Content { url: "/clips/x".into(), content_type: "video/mp4".into(), bytes: 5 }
}

fn output() -> Output {
    Output { url: "/out.mp4".into(), bytes: Some(5), sha256: None, cost_micro_usd: None }
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

/// The parts in storage, as JSON.
fn stored(bench: &Bench) -> serde_json::Value {
    let part = |json: &String| serde_json::from_str::<serde_json::Value>(json).unwrap();
    bench.parts.iter().map(|(name, json)| (name.clone(), part(json))).collect()
}

#[test]
fn yesterdays_storage_is_still_read() {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    for (phase, parts) in golden.as_object().unwrap() {
        let parts: Vec<(String, String)> =
            parts.as_object().unwrap().iter().map(|(name, part)| (name.clone(), part.to_string())).collect();
        let mut machine = Generation::read(&parts).unwrap();
        assert_eq!(machine.changes().unwrap(), [], "{phase} needs no rewriting");
        let _ = machine.on(Millis(2_000_000), Event::Alarm);
    }
}

#[test]
fn storage_from_before_there_were_parts_is_read_and_rewritten() {
    let golden: serde_json::Value = serde_json::from_str(ONE_PART).unwrap();
    for (phase, state) in golden.as_object().unwrap() {
        let mut machine = Generation::read(&[(WHOLE.into(), state.to_string())]).unwrap();
        let writes = machine.changes().unwrap();
        assert!(writes.contains(&Write::Delete(WHOLE.into())), "{phase}");
        let puts = writes.into_iter().filter_map(|write| match write {
            Write::Put(name, json) => Some((name, json)),
            Write::Delete(_) => None,
        });
        assert_eq!(Generation::read(&puts.collect::<Vec<_>>()).unwrap(), machine, "{phase}");
        if state["flight"].is_object() {
            assert!(machine.job(Millis(2_000_000), "job1").is_some(), "{phase} lost its job");
        }
    }
}

#[test]
fn what_is_stored_today_is_what_the_golden_file_holds() {
    let failed = {
        let mut bench = Bench::processing();
        let _ = bench.poll("op1", Err(ProviderError::ContentRefused { message: "no".into() }));
        bench
    };
    let submitting = {
        let mut bench = Bench::wanted();
        let _ = bench.submission();
        bench
    };
    let ambiguous = {
        let mut bench = Bench::wanted();
        let key = bench.submission();
        let _ = bench.answer_submission(&key, Err(ProviderError::Unanswered("lost".into())));
        bench
    };
    let reserving = {
        let mut bench = Bench { obliging: false, ..Bench::new() };
        let _ = bench.on(Event::Wanted(want(1)));
        bench
    };
    let leasing = {
        let mut bench = Bench { obliging: false, ..Bench::new() };
        let _ = bench.on(Event::Wanted(want(1)));
        let id = format!("{}.1.1", want(1).key);
        let _ = bench.on(Event::Reserved { id, answer: Some(account::Answer::Done) });
        bench
    };
    let cancelled = {
        let mut bench = Bench::processing();
        let _ = bench.on(Event::Left { job_id: "job1".into() });
        bench
    };
    let today = serde_json::json!({
        "empty": stored(&Bench::new()),
        "reserving": stored(&reserving),
        "leasing": stored(&leasing),
        "leased": stored(&Bench::wanted()),
        "submitting": stored(&submitting),
        "ambiguous": stored(&ambiguous),
        "processing": stored(&Bench::processing()),
        "storing": stored(&Bench::storing()),
        "complete": stored(&Bench::complete()),
        "failed": stored(&failed),
        "cancelled": stored(&cancelled),
    });
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(today, golden, "{today:#}");
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
        let mut bench = Bench::processing();
        let _ = bench.poll("op1", Err(error));
        assert_eq!(bench.failure(), Some(code));
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
        let effects = bench.alarm_after(CALL_GUARD.0);
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
    assert!(effects.contains(&Effect::Verify { want: want(2), flight: 1 }));
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

fn closed(effects: &[Effect]) -> Vec<MicroUsd> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Close { spent, .. } = e { Some(*spent) } else { None })
        .collect()
}

/// All that a test about money or slots wants to see: nobody answers by himself.
fn watched(bench: Bench) -> Bench {
    Bench { obliging: false, ..bench }
}

#[test]
fn nothing_is_submitted_before_money_is_set_aside_and_a_slot_is_leased() {
    let mut bench = watched(Bench::new());
    let effects = bench.on(Event::Wanted(want(1)));
    let [Effect::SetAlarm(_), Effect::Reserve { tenant, reservation }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((tenant.as_str(), reservation.amount), ("demo", PRICE));
    let id = reservation.id.clone();
    assert!(submissions(&bench.alarm_after(20_000)).is_empty(), "it asks the account again");
    let effects = bench.on(Event::Reserved { id, answer: Some(account::Answer::Done) });
    let [Effect::SetAlarm(_), Effect::Acquire { bid, .. }] = &effects[..] else { panic!("{effects:?}") };
    let ticket = bid.ticket.clone();
    assert!(submissions(&bench.alarm_after(20_000)).is_empty(), "it asks the lane again");
    let until = bench.now + bid.hold;
    let effects = bench.on(Event::Granted { ticket, until });
    assert_eq!(effects, [Effect::SetAlarm(bench.now)], "the alarm submits, nobody's request");
    assert_eq!(submissions(&bench.on(Event::Alarm)).len(), 1);
}

#[test]
fn a_slot_that_came_too_late_is_given_back_and_bid_for_anew() {
    let mut bench = watched(Bench::wanted());
    let effects = bench.alarm_after(200_000);
    assert!(submissions(&effects).is_empty(), "it would run out under the operation");
    let bid = |e: &Effect| if let Effect::Acquire { bid, .. } = e { Some(bid.ticket.clone()) } else { None };
    let back = |e: &Effect| if let Effect::Release { ticket, .. } = e { Some(ticket.clone()) } else { None };
    let (new, old) = (effects.iter().find_map(bid).unwrap(), effects.iter().find_map(back).unwrap());
    assert_ne!(new, old, "a ticket that was given back is not used again");
}

#[test]
fn a_refused_reservation_fails_the_flight_and_spares_the_account_for_a_while() {
    let mut bench = watched(Bench::new());
    let _ = bench.on(Event::Wanted(want(1)));
    let refusal = account::Refusal {
        code: Code::BudgetExceeded,
        detail: "The budget is used up.".into(),
        retry_after: Millis(40_000_000),
    };
    let id = format!("{}.1.1", want(1).key);
    let effects = bench.on(Event::Reserved { id, answer: Some(account::Answer::Refused(refusal)) });
    assert_eq!(closed(&effects), [MicroUsd(0)], "its call may arrive once more, when there is money again");
    assert_eq!(bench.failure(), Some(Code::BudgetExceeded));
    assert_eq!(
        bench.on(Event::Wanted(want(2))).iter().filter(|e| matches!(e, Effect::Reserve { .. })).count(),
        0
    );
    bench.now = bench.now + Millis(10_000);
    assert!(bench.on(Event::Wanted(want(3))).iter().any(|e| matches!(e, Effect::Reserve { .. })));
}

#[test]
fn a_submission_is_paid_for_once_and_at_the_providers_price() {
    let mut bench = watched(Bench::processing());
    let dear = Output { cost_micro_usd: Some(MicroUsd(7_000)), ..output() };
    let effects = bench.poll("op1", Ok(Progress::Succeeded(dear)));
    assert_eq!(closed(&effects), [MicroUsd(7_000)]);
    let again = bench.alarm_after(20_000);
    assert_eq!(closed(&again), [MicroUsd(7_000)], "told until it is acknowledged");
    let id = format!("{}.1.1", want(1).key);
    let _ = bench.on(Event::Closed { id, acknowledged: true });
    let effects = bench.store("op1", Ok(content()));
    assert_eq!(closed(&effects), []);
    assert_eq!(bench.machine.job(bench.now, "job1").unwrap().cost_micro_usd, Some(MicroUsd(7_000)));
}

#[test]
fn a_refusal_of_the_content_costs_nothing() {
    for at_once in [true, false] {
        let mut bench = if at_once { Bench::wanted() } else { Bench::processing() };
        let error = ProviderError::ContentRefused { message: "no".into() };
        let key = if at_once { bench.submission() } else { String::new() };
        bench.obliging = false;
        let effects =
            if at_once { bench.answer_submission(&key, Err(error)) } else { bench.poll("op1", Err(error)) };
        assert_eq!(closed(&effects), [MicroUsd(0)]);
    }
}

#[test]
fn a_provider_that_cannot_be_asked_is_never_sent_a_second_submission() {
    let mut bench = Bench::new();
    let terms = Terms { reconcile: Reconcile::None, ..terms() };
    let _ = bench.on(Event::Wanted(Want { terms, ..want(1) }));
    let key = bench.submission();
    let mut effects = bench.answer_submission(&key, Err(ProviderError::Unanswered("lost".into())));
    bench.obliging = false;
    let mut paid = Vec::new();
    while let Some(at) = alarm(&effects).filter(|_| bench.status() != JobStatus::Failed) {
        bench.now = at;
        effects = bench.on(Event::Alarm);
        assert!(submissions(&effects).is_empty());
        paid.extend(closed(&effects));
    }
    assert_eq!(bench.failure(), Some(Code::SubmissionUnknown));
    assert_eq!(paid, [PRICE], "it may have been charged");
    let effects = bench.on(Event::Wanted(want(2)));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Reserve { .. })), "not again for a while");
}

#[test]
fn a_provider_with_a_list_is_asked_and_only_sent_another_when_it_lacks_the_first() {
    let mut bench = Bench::new();
    let terms = Terms { reconcile: Reconcile::Listing, ..terms() };
    let _ = bench.on(Event::Wanted(Want { terms, ..want(1) }));
    let key = bench.submission();
    let _ = bench.answer_submission(&key, Err(ProviderError::Unanswered("lost".into())));
    let effects = bench.alarm_after(2_000);
    assert!(effects.iter().any(|e| matches!(e, Effect::Find { .. })), "{effects:?}");
    let found = |result| Event::Found { idempotency_key: key.clone(), result };
    let _ = bench.on(found(Ok(None)));
    assert!(
        matches!(bench.machine.core.flight.as_ref().unwrap().phase, Phase::Ambiguous { .. }),
        "too early to tell"
    );
    let mut other = Bench { machine: bench.machine.clone(), parts: bench.parts.clone(), ..Bench::new() };
    let _ = other.on(found(Ok(Some(Accepted { operation_id: "op1".into(), estimate_ms: None }))));
    assert_eq!(other.status(), JobStatus::Processing);
    bench.now = bench.now + CALL_GUARD;
    let _ = bench.on(found(Ok(None)));
    assert_eq!(bench.submission(), key, "the same submission, once more");
}

#[test]
fn when_the_last_one_goes_the_flight_is_cancelled_if_that_saves_money() {
    let left = |n: u32| Event::Left { job_id: format!("job{n}") };
    let mut bench = Bench::processing();
    let _ = bench.on(Event::Wanted(want(2)));
    bench.obliging = false;
    assert!(!bench.on(left(1)).iter().any(|e| matches!(e, Effect::Abandon { .. })), "another still waits");
    let effects = bench.on(left(2));
    assert!(effects.iter().any(|e| matches!(e, Effect::Abandon { .. })), "{effects:?}");
    assert_eq!(closed(&effects), [], "the bill waits for the provider's word");
    let effects = bench.on(Event::Abandoned { operation_id: "op1".into(), result: Ok(Cancelled::Free) });
    assert_eq!(closed(&effects), [MicroUsd(0)]);
    let _ = bench.on(Event::Wanted(want(3)));
    assert!(Bench { obliging: true, ..bench }.submission().ends_with(".2.1"), "a new wish is a new flight");
}

#[test]
fn an_operation_that_costs_anyway_is_finished_though_nobody_waits() {
    let mut bench = Bench::new();
    let terms = Terms { cancel_saves: false, ..terms() };
    let _ = bench.on(Event::Wanted(Want { terms, ..want(1) }));
    let key = bench.submission();
    let _ = bench.accept(&key, "op1");
    let _ = bench.on(Event::Left { job_id: "job1".into() });
    let _ = bench.poll("op1", Ok(Progress::Succeeded(output())));
    let _ = bench.store("op1", Ok(content()));
    assert_eq!(bench.status(), JobStatus::Complete);
}

#[test]
fn a_cancellation_that_overtakes_its_want_is_remembered() {
    let mut bench = watched(Bench::new());
    let _ = bench.on(Event::Left { job_id: "job1".into() });
    assert_eq!(bench.on(Event::Wanted(want(1))), [], "nobody wants it");
}

#[test]
fn a_cancellation_that_overtakes_its_want_is_remembered_into_the_next_flight() {
    let mut bench = Bench::new();
    let _ = bench.on(Event::Left { job_id: "job2".into() });
    let _ = bench.on(Event::Wanted(want(1)));
    let _ = bench.on(Event::Wanted(want(2)));
    let _ = bench.on(Event::Left { job_id: "job1".into() });
    assert_eq!(bench.status(), JobStatus::Cancelled, "nobody waits");
}

#[test]
fn a_users_request_lifts_a_speculative_bid() {
    let mut bench = watched(Bench::new());
    let _ = bench.on(Event::Wanted(Want { speculative: true, priority: 3, ..want(1) }));
    let id = format!("{}.1.1", want(1).key);
    let _ = bench.on(Event::Reserved { id, answer: Some(account::Answer::Done) });
    let effects = bench.on(Event::Wanted(Want { priority: 12, ..want(2) }));
    let bid = effects.iter().find_map(|e| if let Effect::Acquire { bid, .. } = e { Some(bid) } else { None });
    let bid = bid.unwrap();
    assert_eq!((bid.priority, bid.speculative), (12, false));
}

#[test]
fn a_lane_whose_clock_is_far_behind_is_waited_for_as_long_as_any_other() {
    let mut bench = Bench { obliging: false, ..Bench::new() };
    let mut todo = bench.on(Event::Wanted(want(1)));
    for _ in 0..1_000 {
        let Some(effect) = todo.pop() else { break };
        todo.extend(match effect {
            Effect::Reserve { reservation, .. } => {
                bench.on(Event::Reserved { id: reservation.id, answer: Some(account::Answer::Done) })
            }
            Effect::Acquire { bid, .. } => {
                bench.now = bench.now + Millis::seconds(60);
                let answer = Some(lane::Answer::Granted { until: Millis(0) });
                bench.on(Event::LaneAnswered { ticket: bid.ticket, answer })
            }
            Effect::SetAlarm(_) if bench.failure().is_none() => bench.on(Event::Alarm),
            _ => Vec::new(),
        });
    }
    assert_eq!(bench.failure(), Some(Code::ProviderUnavailable));
}

#[test]
fn a_doubt_is_not_given_up_while_the_call_that_may_end_it_is_under_way() {
    let mut bench = Bench::wanted();
    let key = bench.submission();
    let _ = bench.answer_submission(&key, Err(ProviderError::Unanswered("lost".into())));
    let asked = bench.alarm_after(terms().timeout.0 - 1);
    assert_eq!(submissions(&asked), [key.as_str()], "it is asked once more, just before the deadline");
    let _ = bench.alarm_after(CALL_GUARD.0 - 1);
    assert_eq!(bench.failure(), None);
    let _ = bench.accept(&key, "op1");
    assert!(bench.alarm_after(400).iter().any(|e| matches!(e, Effect::Abandon { .. })));
    assert_eq!(bench.failure(), Some(Code::ProviderTimeout));
}
