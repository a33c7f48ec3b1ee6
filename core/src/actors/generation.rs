//! One clip's single flight, from wanted to stored.
//!
//! A thousand wants, one submission. The alarm owns every call to the provider: a caller that
//! goes away takes nothing with it, and a crash leaves an alarm behind. What is about to be done
//! is persisted before it is done, the operation id before anything else; a submission whose
//! answer was lost is sent again under the same idempotency key. An event that comes twice, late
//! or early changes nothing.

use serde::{Deserialize, Serialize};

use crate::api::{Content, Job, JobError, Source};
use crate::problem::Code;
use crate::retry::Backoff;
use crate::units::Millis;

mod event;
mod flight;
mod outbox;
mod phase;
#[cfg(test)]
mod tests;

pub use event::{Effect, Event};
pub use flight::{Accepted, Answer, Cancelled, Output, Progress, ProviderError, Update, Want};
use outbox::Outbox;
pub use phase::Phase;
use phase::{Flight, usual_wait};

/// Attempts at one clip, and downloads of one result, before giving up.
pub const MAX_ATTEMPTS: u32 = 3;
/// The wait between attempts.
pub const BACKOFF: Backoff = Backoff { base: Millis(1_000), cap: Millis(20_000) };
/// A call that has not answered after this long died with its isolate. Longer than the shell
/// lets any call take, so that two are never under way.
pub const CALL_GUARD: Millis = Millis(45_000);

/// The persisted machine. Empty until the first want.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Generation {
    flight: Option<Flight>,
    /// Grows with every visible change, over all flights.
    ordinal: u64,
    outbox: Outbox,
}

impl Generation {
    /// Takes an event and decides what is to be done about it.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        // A want is answered at once; telling the others is the alarm's work, not its caller's.
        let mut tell = true;
        match event {
            Event::Wanted(want) => {
                tell = false;
                match &self.flight {
                    Some(Flight { phase: Phase::Complete { .. }, number, .. }) => {
                        return vec![Effect::Verify { want, flight: *number }];
                    }
                    None => self.start(now, &want),
                    // A job that is known asks for its answer once more, not for another flight.
                    Some(Flight { phase: Phase::Failed { .. }, .. })
                        if self.outbox.waiter(&want.job_id).is_none() =>
                    {
                        self.start(now, &want);
                    }
                    Some(_) => self.outbox.join(now, &want, Source::Coalesced, self.ordinal),
                }
            }
            Event::Verified { want, flight, exists } => {
                tell = false;
                let vanished = self.flight.as_ref().is_none_or(|f| {
                    !exists && f.number == flight && matches!(f.phase, Phase::Complete { .. })
                });
                if vanished {
                    self.start(now, &want);
                } else {
                    self.outbox.join(now, &want, Source::Coalesced, self.ordinal);
                }
            }
            Event::Alarm => self.alarm(now, &mut effects),
            Event::SubmitAnswered { idempotency_key, result } => {
                self.submitted(now, &idempotency_key, result)
            }
            Event::PollAnswered { operation_id, result } => {
                self.polled(now, &operation_id, result, &mut effects);
            }
            Event::Stored { operation_id, result } => self.stored(now, &operation_id, result),
            Event::Delivered { job_id, ordinal, acknowledged } => {
                // The next batch is the next alarm's: one invocation may only make so many calls.
                tell = false;
                self.outbox.delivered(now, &job_id, ordinal, acknowledged);
            }
        }
        if let Some(flight) = self.flight.as_ref() {
            if tell {
                let ordinal = self.ordinal;
                let messages = self.outbox.due(now, ordinal);
                effects.extend(messages.into_iter().map(|(session, job_id)| Effect::Notify {
                    update: flight.update(now, &job_id, ordinal),
                    session,
                }));
            }
            let own = (!flight.status().is_final()).then_some(flight.due);
            let wake = [own, flight.deadline(), self.outbox.next(self.ordinal)].into_iter().flatten().min();
            if let Some(at) = wake {
                // First, so that the shell sets it in the very write that persists the machine.
                effects.insert(0, Effect::SetAlarm(at.max(now)));
            }
        }
        effects
    }

    /// Where the job stands, if this generation knows it.
    #[must_use]
    pub fn answer(&self, now: Millis, job_id: &str) -> Option<Answer> {
        let waiter = self.outbox.waiter(job_id)?;
        let update = self.flight.as_ref()?.update(now, job_id, self.ordinal);
        Some(Answer { source: waiter.source, update })
    }

    /// The job as a caller sees it, if this generation knows it.
    #[must_use]
    pub fn job(&self, now: Millis, job_id: &str) -> Option<Job> {
        let flight = self.flight.as_ref()?;
        let waiter = self.outbox.waiter(job_id)?;
        let Update { status, progress, estimate_ms, content, error, .. } = flight.update(now, job_id, 0);
        Some(Job {
            id: job_id.to_owned(),
            job_id: job_id.to_owned(),
            status,
            operation_type: flight.spec.operation,
            provider: flight.spec.provider().map(str::to_owned),
            model: Some(flight.spec.model.clone()),
            strategy: None,
            cache_key: flight.key.clone(),
            source: waiter.source,
            priority: waiter.priority,
            speculative: waiter.speculative,
            progress,
            created_at: waiter.created_at,
            updated_at: flight.updated_at,
            estimate_ms,
            cost_micro_usd: None,
            content,
            preview: None,
            fallback: None,
            error,
            request_id: None,
        })
    }

    fn start(&mut self, now: Millis, want: &Want) {
        let number = self.flight.as_ref().map_or(1, |f| f.number + 1);
        self.flight = Some(Flight::new(now, number, want));
        self.ordinal += 1;
        // Whoever was not told of the last flight's end yet is told of this one instead.
        self.outbox.retain_owed(self.ordinal - 1);
        self.outbox.join(now, want, Source::Generated, self.ordinal);
    }

    fn alarm(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.flight.as_mut() else { return };
        if flight.deadline().is_some_and(|deadline| now >= deadline) {
            if let Phase::Processing { operation_id } = &flight.phase {
                let operation_id = operation_id.clone();
                effects.push(Effect::Abandon { model: flight.spec.model.clone(), operation_id });
            }
            let detail = format!("no clip after {} s", now.since(flight.started_at).0 / 1_000);
            return self
                .enter(now, Phase::Failed { error: JobError { code: Code::ProviderTimeout, detail } });
        }
        if flight.status().is_final() || now < flight.due {
            return;
        }
        if matches!(flight.phase, Phase::Storing { downloads, .. } if downloads >= MAX_ATTEMPTS) {
            // Every download ended its isolate before it could be answered for.
            let error = ProviderError::Transient("the clip could not be stored".into());
            return self.attempt_failed(now, &error, true);
        }
        flight.due = now + CALL_GUARD;
        match &mut flight.phase {
            phase @ (Phase::Queued | Phase::Submitting) => {
                // In `Submitting` the answer was lost with its isolate: not a new attempt.
                flight.attempt += u32::from(matches!(phase, Phase::Queued));
                *phase = Phase::Submitting;
                let spec = Box::new(flight.spec.clone());
                effects.push(Effect::Submit { spec, idempotency_key: flight.idempotency_key() });
            }
            Phase::Processing { operation_id } => effects
                .push(Effect::Poll { model: flight.spec.model.clone(), operation_id: operation_id.clone() }),
            Phase::Storing { operation_id, output, downloads } => {
                *downloads += 1;
                effects.push(Effect::Store {
                    key: flight.key.clone(),
                    spec: Box::new(flight.spec.clone()),
                    operation_id: operation_id.clone(),
                    output: output.clone(),
                });
            }
            Phase::Complete { .. } | Phase::Failed { .. } => {}
        }
    }

    fn submitted(&mut self, now: Millis, idempotency_key: &str, result: Result<Accepted, ProviderError>) {
        let Some(flight) = self.flight.as_mut() else { return };
        let awaited = match flight.phase {
            Phase::Submitting => true,
            // A first answer that came after its guard expired is still the provider's word.
            Phase::Queued => result.is_ok(),
            _ => false,
        };
        if !awaited || flight.idempotency_key() != idempotency_key {
            return;
        }
        match result {
            Ok(Accepted { operation_id, estimate_ms }) => {
                let wait = estimate_ms.unwrap_or_else(|| usual_wait(&flight.spec));
                flight.expected_at = now + wait;
                flight.missed_polls = 0;
                flight.due = now + poll_interval(Millis(0));
                self.enter(now, Phase::Processing { operation_id });
            }
            Err(error) => self.attempt_failed(now, &error, false),
        }
    }

    fn polled(
        &mut self,
        now: Millis,
        about: &str,
        result: Result<Progress, ProviderError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(flight) = self.flight.as_mut() else { return };
        let Phase::Processing { operation_id } = &flight.phase else { return };
        if operation_id != about {
            return;
        }
        match result {
            Ok(Progress::Running { progress, estimate_ms }) => {
                flight.missed_polls = 0;
                flight.due = now + poll_interval(now.since(flight.started_at));
                if let Some(estimate) = estimate_ms {
                    flight.expected_at = now + estimate;
                }
                // A twentieth is as much as a progress bar shows; less is not worth a message.
                let progress = if progress.is_finite() { progress.clamp(0.0, 1.0) } else { 0.0 };
                if progress >= flight.progress + 0.05 {
                    flight.progress = progress;
                    flight.updated_at = now;
                    self.ordinal += 1;
                }
            }
            Ok(Progress::Succeeded(output)) => {
                let operation_id = about.to_owned();
                flight.phase = Phase::Storing { operation_id, output, downloads: 0 };
                flight.due = now;
                // At once, within the same alarm.
                self.alarm(now, effects);
            }
            // The operation may well be alive: ask again, until the time is up.
            Err(
                error @ (ProviderError::Transient(_)
                | ProviderError::Unanswered(_)
                | ProviderError::Throttled { .. }),
            ) => {
                let failures = flight.missed_polls + 1;
                flight.missed_polls = failures;
                flight.due = now + BACKOFF.delay(failures, flight.key.as_str(), error.retry_after());
            }
            Err(error) => self.attempt_failed(now, &error, true),
        }
    }

    fn stored(&mut self, now: Millis, of: &str, result: Result<Content, ProviderError>) {
        let Some(flight) = self.flight.as_mut() else { return };
        let Phase::Storing { operation_id, downloads, .. } = &flight.phase else { return };
        if operation_id != of {
            return;
        }
        match result {
            Ok(content) => {
                flight.progress = 1.0;
                self.enter(now, Phase::Complete { content });
            }
            Err(error)
                if error.is_retryable() && error != ProviderError::Lost && *downloads < MAX_ATTEMPTS =>
            {
                let wait = BACKOFF.delay(*downloads, flight.key.as_str(), error.retry_after());
                flight.due = now + wait;
            }
            Err(error) => self.attempt_failed(now, &error, true),
        }
    }

    /// An attempt came to nothing. `spent`: the provider had accepted it, so that only a new
    /// submission can help.
    fn attempt_failed(&mut self, now: Millis, error: &ProviderError, spent: bool) {
        let Some(flight) = self.flight.as_mut() else { return };
        let due = now + BACKOFF.delay(flight.attempt, flight.key.as_str(), error.retry_after());
        flight.submission += u32::from(spent);
        flight.progress = 0.0;
        flight.phase = Phase::Queued;
        let in_time = flight.deadline().is_some_and(|deadline| due < deadline);
        if !error.is_retryable() || flight.attempt >= MAX_ATTEMPTS || !in_time {
            return self.enter(now, Phase::Failed { error: error.job_error() });
        }
        flight.due = due;
        flight.expected_at = due + usual_wait(&flight.spec);
    }

    /// Enters a phase that callers can tell from the one before.
    fn enter(&mut self, now: Millis, phase: Phase) {
        if let Some(flight) = self.flight.as_mut() {
            flight.phase = phase;
            flight.updated_at = now;
            self.ordinal += 1;
        }
    }
}

/// An eighth of the time it has taken so far, so that a result waits for at most that much
/// longer; between 0.4 and 5 s.
fn poll_interval(elapsed: Millis) -> Millis {
    Millis((elapsed.0 / 8).clamp(400, 5_000))
}
