//! From the provider's acceptance to a stored clip: polls, the bill, the download.

use super::attempt::Left;
use super::event::Effect;
use super::flight::{Accepted, Progress, ProviderError};
use super::{BACKOFF, DOWNLOAD_GUARD, Generation, MAX_DOWNLOADS, Phase};
use crate::actors::guard::{self, Guard};
use crate::actors::lane::Outcome;
use crate::api::Content;
use crate::units::{MicroUsd, Millis};

/// How often a poll or a download may fail for what looks like our own settings before that is believed.
/// With the wait between them, about a minute.
const MAX_FATAL: u32 = MAX_DOWNLOADS;
/// The longest a provider may have us wait between polls or downloads.
const MAX_ASKED: Millis = Millis(60_000);

impl Generation {
    pub(super) fn poll(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Processing { operation_id } = &flight.phase else { return };
        flight.due = now + flight.terms.call_guard();
        effects
            .push(Effect::Poll { model: flight.spec.model().to_owned(), operation_id: operation_id.clone() });
    }

    /// The next poll is due at once. Never earlier than one poll after another: a stranger who guessed an
    /// id would gain nothing by it. A submission whose answer was lost, or is
    /// still awaited, has its answer then.
    pub(super) fn nudged(&mut self, now: Millis, idempotency_key: &str, about: String) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        match &flight.phase {
            Phase::Processing { operation_id } if *operation_id == about => {
                flight.due = flight.due.min(now + poll_interval(Millis(0)));
            }
            Phase::Submitting | Phase::Ambiguous { .. } if flight.idempotency_key() == idempotency_key => {
                self.accepted(now, Accepted { operation_id: about, estimate_ms: None });
            }
            _ => {}
        }
    }

    pub(super) fn polled(
        &mut self,
        now: Millis,
        about: &str,
        result: Result<Progress, ProviderError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Processing { operation_id } = &flight.phase else { return };
        if operation_id != about {
            return;
        }
        let cost = flight.terms.cost;
        match result {
            Ok(Progress::Running { progress, estimate_ms }) => {
                flight.missed_polls = 0;
                flight.due = now + poll_interval(now.since(flight.submitted_at));
                if let Some(estimate) = estimate_ms {
                    flight.expected_at = now + estimate;
                }
                // A twentieth is as much as a progress bar shows; less is not worth a message.
                let progress = if progress.is_finite() { progress.clamp(0.0, 1.0) } else { 0.0 };
                if progress >= flight.progress + 0.05 {
                    flight.progress = progress;
                    flight.updated_at = now;
                    self.core.ordinal = self.core.ordinal.saturating_add(1);
                }
            }
            Ok(Progress::Succeeded(output)) => {
                let spent = output.cost_micro_usd.unwrap_or(cost);
                flight.seed = output.seed;
                flight.phase = Phase::Storing { operation_id: about.to_owned(), output, downloads: 0 };
                flight.due = now;
                if !guard::holds(Guard::StoredBeforeAnnounced) {
                    let url = flight.key.path();
                    let content =
                        Content { url, content_type: "video/mp4".into(), bytes: 0, ..Content::default() };
                    self.enter(now, Phase::Complete { content });
                }
                // Charged, whatever becomes of the download.
                self.close(now, spent);
                self.give_back(now, Outcome::Healthy);
                // At once, within the same alarm.
                self.store(now, effects);
            }
            // What it makes is paid for, and a setting may be about to be put right.
            Err(ProviderError::Fatal(_)) if flight.missed_polls < MAX_FATAL => {
                flight.missed_polls = flight.missed_polls.saturating_add(1);
                flight.due = now + BACKOFF.delay(flight.missed_polls, flight.key.as_str(), None);
            }
            // The operation may well be alive: ask again, until the time is up.
            Err(
                error @ (ProviderError::Transient(_)
                | ProviderError::Unanswered(_)
                | ProviderError::Throttled { .. }),
            ) => {
                flight.missed_polls = flight.missed_polls.saturating_add(1);
                let asked = error.retry_after().map(|wait| wait.min(MAX_ASKED));
                flight.due = now + BACKOFF.delay(flight.missed_polls, flight.key.as_str(), asked);
            }
            Err(
                error @ (ProviderError::Failed(_)
                | ProviderError::ContentRefused { .. }
                | ProviderError::Invalid { .. }),
            ) => self.attempt_failed(now, &error, Left::Ended(MicroUsd(0))),
            // It does not say what it charged: counted as spent.
            Err(error) => self.attempt_failed(now, &error, Left::Ended(cost)),
        }
    }

    pub(super) fn store(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Storing { operation_id, output, downloads } = &mut flight.phase else { return };
        if *downloads >= MAX_DOWNLOADS {
            // Every download ended its isolate before it could be answered for.
            let error = ProviderError::Transient("the clip could not be stored".into());
            return self.attempt_failed(now, &error, Left::Billed);
        }
        *downloads = downloads.saturating_add(1);
        flight.due = now + DOWNLOAD_GUARD;
        effects.push(Effect::Store {
            key: flight.key,
            place: flight.place.clone(),
            spec: Box::new(flight.spec.clone()),
            operation_id: operation_id.clone(),
            output: output.clone(),
        });
    }

    pub(super) fn stored(
        &mut self,
        now: Millis,
        of: &str,
        result: Result<Content, ProviderError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Storing { operation_id, downloads, .. } = &flight.phase else { return };
        if operation_id != of {
            return;
        }
        match result {
            Ok(content) => {
                flight.progress = 1.0;
                effects.push(Effect::Count("clips_stored"));
                if flight.guess {
                    effects.push(Effect::Count("speculation_stored"));
                }
                self.enter(now, Phase::Complete { content });
            }
            Err(error)
                if (error.is_retryable() || matches!(error, ProviderError::Fatal(_)))
                    && error != ProviderError::Lost
                    && *downloads < MAX_DOWNLOADS =>
            {
                let asked = error.retry_after().map(|wait| wait.min(MAX_ASKED));
                flight.due = now + BACKOFF.delay(*downloads, flight.key.as_str(), asked);
            }
            Err(error) => self.attempt_failed(now, &error, Left::Billed),
        }
    }
}

/// An eighth of the time it has taken so far, so that a result waits for at most that much
/// longer; between 0.4 and 5 s.
pub(super) fn poll_interval(elapsed: Millis) -> Millis {
    Millis((elapsed.0 / 8).clamp(400, 5_000))
}
