//! Worlds with every guard on keep every promise.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use cuelight_simulation::{Tally, run, tell};

#[test]
fn in_every_world_every_promise_is_kept() {
    let mut all = Tally::default();
    for seed in 0..2_000 {
        all.add(&run(seed).unwrap_or_else(|broken| panic!("{broken}")));
    }
    // A simulation in which nothing happens proves nothing.
    assert!(all.faults.len() >= 30 && all.faults.values().all(|count| *count > 10), "{:?}", all.faults);
    for end in [
        "complete",
        "cancelled",
        "provider_failed",
        "content_refused",
        "provider_timeout",
        "submission_unknown",
    ] {
        assert!(
            all.ends.get(end).is_some_and(|count| *count > 10),
            "hardly any job ends as {end}: {:?}",
            all.ends
        );
    }
}

#[test]
fn a_seed_is_a_whole_world() {
    let (once, first) = tell(7);
    let (again, second) = tell(7);
    assert_eq!((&once, &first), (&again, &second));
    assert_eq!(once, run(7), "telling it changes nothing");
}
