//! What jobs tell, and how those of guesses are cancelled.

use super::*;

/// A supply whose clip 0 is being made because it was guessed.
fn guessing() -> Supply {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    let _ = supply.on(T, Event::Absent(key(0)));
    let _ = supply.on(T, Event::Make(key(0)));
    supply
}

fn deletes(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Delete { .. })).count()
}

#[test]
fn a_guess_that_is_cancelled_is_forgotten_and_may_be_asked_for_anew() {
    let mut supply = guessing();
    assert_eq!(deletes(&supply.on(T, Event::Cancel(key(0)))), 0, "the job has no id yet");
    let queued = Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) };
    assert_eq!(deletes(&supply.on(T, queued)), 1);
    let ended = Event::News(job(key(0), JobStatus::Cancelled));
    assert!(supply.on(T, ended).iter().any(|e| matches!(e, Effect::Failed { .. })));
    assert_eq!(asks(&mut supply, want(0, true)), [get(0)], "at once");
}

#[test]
fn a_wish_that_crosses_a_cancellation_is_asked_for_again() {
    let mut supply = guessing();
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    assert_eq!(deletes(&supply.on(T, Event::Cancel(key(0)))), 1);
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    let effects = supply.on(T, Event::News(job(key(0), JobStatus::Cancelled)));
    assert_eq!(posts(&effects), [&post(0, false)]);
    assert_eq!(deletes(&supply.on(T, Event::Cancel(key(0)))), 0, "somebody waits");
}

#[test]
fn a_job_at_a_provider_is_told_once_and_not_cancelled() {
    let mut supply = guessing();
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    let processing = || Event::News(job(key(0), JobStatus::Processing));
    assert!(supply.on(T, processing()).contains(&Effect::Started(key(0))));
    assert!(!supply.on(T, processing()).contains(&Effect::Started(key(0))));
    assert_eq!(deletes(&supply.on(T, Event::Cancel(key(0)))), 0);
}

#[test]
fn the_wait_is_learned_from_the_first_answer_and_the_price_from_what_was_made() {
    let mut supply = guessing();
    let says = |status, wait, price| {
        let job = Heard { wait, price, ..job(key(0), status) };
        Event::Job { key: key(0), job }
    };
    let told = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|e| match e {
            Effect::Told { price, wait, .. } => Some((price, wait)),
            _ => None,
        })
    };
    let wait = Some(Millis(5_000));
    assert_eq!(told(supply.on(T, says(JobStatus::Queued, wait, None))), Some((None, wait)));
    assert_eq!(told(supply.on(T, says(JobStatus::Queued, Some(Millis(4_000)), None))), None);
    let price = Some(crate::units::MicroUsd(6_000));
    assert_eq!(told(supply.on(T, says(JobStatus::Complete, None, price))), Some((price, None)));
    let mut supply = guessing();
    assert_eq!(told(supply.on(T, says(JobStatus::Complete, None, price))), None, "it existed");
}
