//! What a generation stores, today and yesterday.

use super::*;

const GOLDEN: &str = include_str!("../../../../tests/golden/actors/generation.json");
/// As it was stored before a waiter was a part of its own.
const ONE_PART: &str = include_str!("../../../../tests/golden/actors/generation-one-part.json");

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
