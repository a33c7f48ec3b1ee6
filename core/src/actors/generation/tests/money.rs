//! What a generation does about money, slots and doubt, one sentence each.

use super::*;

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
    let dear = Output { cost_micro_usd: Some(MicroUsd(7_000)), seed: Some(77), ..output() };
    let effects = bench.poll("op1", Ok(Progress::Succeeded(dear)));
    assert_eq!(closed(&effects), [MicroUsd(7_000)]);
    let again = bench.alarm_after(20_000);
    assert_eq!(closed(&again), [MicroUsd(7_000)], "told until it is acknowledged");
    let id = format!("{}.1.1", want(1).key);
    let _ = bench.on(Event::Closed { id, acknowledged: true });
    let effects = bench.store("op1", Ok(content()));
    assert_eq!(closed(&effects), []);
    let job = bench.machine.job(bench.now, "job1").unwrap();
    assert_eq!((job.cost_micro_usd, job.seed), (Some(MicroUsd(7_000)), Some(77)), "as it says itself");
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
fn an_answer_that_is_lost_or_late_is_known_when_the_provider_calls_back() {
    for is_lost in [true, false] {
        let mut bench = Bench::new();
        let terms = Terms { reconcile: Reconcile::None, ..terms() };
        let _ = bench.on(Event::Wanted(Want { terms, ..want(1) }));
        let key = bench.submission();
        let lost = || Err(ProviderError::Unanswered("lost".into()));
        if is_lost {
            let _ = bench.answer_submission(&key, lost());
        }
        let called = |key: &str| Event::Nudged { idempotency_key: key.into(), operation_id: "op1".into() };
        let works = |bench: &Bench| {
            matches!(bench.machine.core.flight.as_ref().unwrap().phase, Phase::Processing { .. })
        };
        let _ = bench.on(called("another"));
        assert!(!works(&bench), "about another submission");
        let _ = bench.on(called(&key));
        assert!(works(&bench));
        // What is said of the call in the end changes nothing any more.
        let _ = bench.on(Event::SubmitAnswered { idempotency_key: key.clone(), result: lost() });
        assert!(works(&bench));
        let _ = bench.poll("op1", Ok(Progress::Succeeded(output())));
        let _ = bench.store("op1", Ok(content()));
        assert_eq!(bench.status(), JobStatus::Complete);
    }
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
    bench.now = bench.now + Millis(45_000);
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
