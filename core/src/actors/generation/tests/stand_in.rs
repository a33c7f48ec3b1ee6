//! What becomes of a clip that its model cannot make: the next model's turn.

use super::*;

/// A bench whose clip may also be made by another model.
fn with_a_stand_in() -> (Bench, Spec) {
    let params = serde_json::json!({ "prompt": "waves" });
    let body =
        |model| serde_json::json!({"operation_type": "text_to_video", "model": model, "params": params});
    let spec = |model| validate(&body(model), "n").unwrap().spec;
    let (first, second) = (spec("veo-3.1-fast"), spec("wan-2.5-text-to-video"));
    let mut bench = Bench::new();
    let want = Want {
        spec: first.clone(),
        terms: Terms::of(&first).unwrap(),
        stand_ins: vec![second.clone()],
        ..want(1)
    };
    let _ = bench.on(Event::Wanted(want));
    (bench, second)
}

#[test]
fn a_model_that_fails_for_good_is_stood_in_for_by_the_next_under_the_same_key() {
    let (mut bench, second) = with_a_stand_in();
    let key = bench.submission();
    let _ = bench.answer_submission(&key, Err(ProviderError::Fatal("the key is wrong".into())));
    assert_eq!(bench.status(), JobStatus::Processing);
    let next = bench.submission();
    assert!(next.ends_with(".1.2"), "a submission of its own: {next}");
    let _ = bench.accept(&next, "op2");
    let _ = bench.poll("op2", Ok(Progress::Succeeded(output())));
    let _ = bench.store("op2", Ok(content()));
    let job = bench.machine.job(bench.now, "job1").unwrap();
    assert_eq!((job.status, job.model.as_deref()), (JobStatus::Complete, Some(second.model())));
    assert_eq!(job.provider.as_deref(), Some("wavespeed"));
    assert_eq!(job.provider_operation_id.as_deref(), Some("op2"));
    assert_eq!(
        job.model_note.as_deref(),
        Some("veo-3.1-fast could not make it; wan-2.5-text-to-video stood in")
    );
}

#[test]
fn a_refusal_of_the_content_is_not_shopped_around() {
    let (mut bench, _) = with_a_stand_in();
    let key = bench.submission();
    let refused = ProviderError::ContentRefused { message: "no".into() };
    let _ = bench.answer_submission(&key, Err(refused));
    assert_eq!(bench.failure(), Some(Code::ContentRefused));
}

#[test]
fn when_the_last_model_fails_the_flight_does() {
    let (mut bench, _) = with_a_stand_in();
    for _ in 0..2 {
        let key = bench.submission();
        let _ = bench.answer_submission(&key, Err(ProviderError::Fatal("down".into())));
    }
    assert_eq!(bench.failure(), Some(Code::ProviderFailed));
}

#[test]
fn what_is_paid_for_is_asked_for_until_that_helps_and_is_not_ordered_elsewhere() {
    let closed = || Err(ProviderError::Fatal("the key is wrong".into()));
    // A poll and downloads that fail until a setting is put right.
    let nearly_given_up = || {
        let (mut bench, _) = with_a_stand_in();
        let key = bench.submission();
        let _ = bench.accept(&key, "op1");
        for _ in 1..MAX_DOWNLOADS {
            let _ = bench.poll("op1", closed());
            let _ = bench.alarm_after(20_000);
        }
        let _ = bench.poll("op1", Ok(Progress::Succeeded(output())));
        for _ in 1..MAX_DOWNLOADS {
            let _ = bench.store("op1", Err(ProviderError::Fatal("it is at an address not its own".into())));
            let _ = bench.alarm_after(20_000);
        }
        bench
    };
    let mut bench = nearly_given_up();
    let _ = bench.store("op1", Ok(content()));
    assert_eq!(bench.status(), JobStatus::Complete);

    let mut bench = nearly_given_up();
    let _ = bench.store("op1", Err(ProviderError::Fatal("it is at an address not its own".into())));
    assert_eq!(bench.failure(), Some(Code::ProviderFailed), "nobody else is paid for it");
    let cost = bench.machine.core.flight.as_ref().unwrap().terms.cost;
    let job = bench.machine.job(bench.now, "job1").unwrap();
    assert_eq!(job.cost_micro_usd, Some(cost), "it was charged");
    assert!(submissions(&bench.on(Event::Wanted(want(2)))).is_empty());
    assert_eq!(bench.failure(), Some(Code::ProviderFailed), "nor by the next who asks");
}
