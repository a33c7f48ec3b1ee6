//! One clip's single flight, from wanted to stored.
//!
//! A thousand wants, one submission. The alarm owns every call to the provider: a caller that
//! goes away takes nothing with it, and a crash leaves an alarm behind. What is about to be done
//! is persisted before it is done, the operation id before anything else; a submission whose
//! answer was lost is sent again under the same idempotency key. An event that comes twice, late
//! or early changes nothing.

use serde::{Deserialize, Serialize};

use crate::api::{Content, Job, JobError, JobStatus, Source};
use crate::cache_key::CacheKey;
use crate::catalog;
use crate::operation::ClipSpec;
use crate::problem::Code;
use crate::retry::Backoff;
use crate::units::Millis;

mod flight;
mod outbox;

pub use flight::{Accepted, Answer, Output, Progress, ProviderError, Update, Want};
use outbox::Outbox;

/// Attempts at one clip, and downloads of one result, before giving up.
pub const MAX_ATTEMPTS: u32 = 3;
/// The wait between attempts.
pub const BACKOFF: Backoff = Backoff { base: Millis(1_000), cap: Millis(20_000) };
/// A call that has not answered after this long died with its isolate. Longer than the shell
/// lets any call take, so that two are never under way.
pub const CALL_GUARD: Millis = Millis(45_000);

/// What can happen to a generation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A session wants the clip.
    Wanted(Want),
    /// The shell looked for the clip of a finished flight, see [`Effect::Verify`].
    Verified {
        /// The want that made us look.
        want: Want,
        /// The flight that was looked after.
        flight: u32,
        /// Whether the clip is still stored.
        exists: bool,
    },
    /// The alarm went off.
    Alarm,
    /// The provider answered a submission, or did not.
    SubmitAnswered {
        /// Which submission.
        idempotency_key: String,
        /// What it said.
        result: Result<Accepted, ProviderError>,
    },
    /// The provider answered a poll, or did not.
    PollAnswered {
        /// About which operation.
        operation_id: String,
        /// What it said.
        result: Result<Progress, ProviderError>,
    },
    /// The result was fetched, checked and stored, or was not.
    Stored {
        /// Of which operation.
        operation_id: String,
        /// What is stored.
        result: Result<Content, ProviderError>,
    },
    /// A session was told, or could not be.
    Delivered {
        /// Its job.
        job_id: String,
        /// What it was told.
        ordinal: u64,
        /// Whether it acknowledged.
        acknowledged: bool,
    },
}

/// What the shell is to do, in this order, after it persisted the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Set the one alarm to this time.
    SetAlarm(Millis),
    /// Look whether the clip is still stored; answer with [`Event::Verified`].
    Verify {
        /// The want to answer with.
        want: Want,
        /// The flight to answer with.
        flight: u32,
    },
    /// Submit to the provider; answer with [`Event::SubmitAnswered`].
    Submit {
        /// What to make.
        spec: Box<ClipSpec>,
        /// The same for the same submission, however often it is sent.
        idempotency_key: String,
    },
    /// Ask the provider; answer with [`Event::PollAnswered`].
    Poll {
        /// By which model.
        model: String,
        /// About what.
        operation_id: String,
    },
    /// Fetch, check and store the result; answer with [`Event::Stored`].
    Store {
        /// Under which key.
        key: CacheKey,
        /// What it has to be.
        spec: Box<ClipSpec>,
        /// Of which operation.
        operation_id: String,
        /// Where it is.
        output: Output,
    },
    /// Tell the provider that nobody waits any more. Best effort, no answer.
    Abandon {
        /// By which model.
        model: String,
        /// Which operation.
        operation_id: String,
    },
    /// Tell a session; answer with [`Event::Delivered`].
    Notify {
        /// Which session.
        session: String,
        /// What.
        update: Update,
    },
}

/// Where a flight is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// Waits for its turn, or for the next attempt.
    Queued,
    /// A submission is being sent.
    Submitting,
    /// The provider works on it.
    Processing {
        /// The provider's name for it.
        operation_id: String,
    },
    /// The provider is done; the result is being fetched.
    Storing {
        /// The provider's name for it.
        operation_id: String,
        /// Where the result is.
        output: Output,
        /// Downloads begun.
        downloads: u32,
    },
    /// The clip is stored.
    Complete {
        /// The clip.
        content: Content,
    },
    /// It ended without a clip. The next want starts a new flight.
    Failed {
        /// Why.
        error: JobError,
    },
}

/// The persisted machine. Empty until the first want.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Generation {
    flight: Option<Flight>,
    /// Grows with every visible change, over all flights.
    ordinal: u64,
    outbox: Outbox,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flight {
    /// 1 for the first; raised when a key is wanted again after a failure.
    number: u32,
    key: CacheKey,
    spec: ClipSpec,
    phase: Phase,
    /// Attempts begun.
    attempt: u32,
    /// Names the submission to the provider. Raised when an operation came to a bad end, never
    /// because an answer was lost.
    submission: u32,
    started_at: Millis,
    updated_at: Millis,
    /// When the phase next has something to do. Without meaning once final.
    due: Millis,
    /// Polls in a row that failed.
    missed_polls: u32,
    progress: f32,
    expected_at: Millis,
}

impl Flight {
    fn new(now: Millis, number: u32, want: &Want) -> Self {
        Self {
            number,
            key: want.key.clone(),
            spec: want.spec.clone(),
            phase: Phase::Queued,
            attempt: 0,
            submission: 1,
            started_at: now,
            updated_at: now,
            due: now,
            missed_polls: 0,
            progress: 0.0,
            expected_at: now + usual_wait(&want.spec),
        }
    }

    fn status(&self) -> JobStatus {
        match self.phase {
            Phase::Queued if self.attempt == 0 => JobStatus::Queued,
            Phase::Submitting if self.attempt == 1 => JobStatus::Queued,
            Phase::Queued | Phase::Submitting | Phase::Processing { .. } | Phase::Storing { .. } => {
                JobStatus::Processing
            }
            Phase::Complete { .. } => JobStatus::Complete,
            Phase::Failed { .. } => JobStatus::Failed,
        }
    }

    /// When the flight has failed for want of time. A result that exists is still fetched: it is
    /// paid for.
    fn deadline(&self) -> Option<Millis> {
        let timeout = catalog::built_in().model(&self.spec.model).map_or(Millis::seconds(120), |m| m.timeout_ms);
        let waits = matches!(self.phase, Phase::Queued | Phase::Submitting | Phase::Processing { .. });
        waits.then_some(self.started_at + timeout)
    }

    fn idempotency_key(&self) -> String {
        format!("{}.{}.{}", self.key, self.number, self.submission)
    }

    fn update(&self, now: Millis, job_id: &str, ordinal: u64) -> Update {
        let status = self.status();
        Update {
            job_id: job_id.to_owned(),
            ordinal,
            status,
            progress: self.progress,
            estimate_ms: (!status.is_final()).then(|| self.expected_at.since(now)),
            content: match &self.phase {
                Phase::Complete { content } => Some(content.clone()),
                _ => None,
            },
            error: match &self.phase {
                Phase::Failed { error } => Some(error.clone()),
                _ => None,
            },
        }
    }
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
                    Some(Flight { phase: Phase::Failed { .. }, .. }) | None => self.start(now, &want),
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
            Event::SubmitAnswered { idempotency_key, result } => self.submitted(now, &idempotency_key, result),
            Event::PollAnswered { operation_id, result } => {
                self.polled(now, &operation_id, result, &mut effects);
            }
            Event::Stored { operation_id, result } => self.stored(now, &operation_id, result),
            Event::Delivered { job_id, ordinal, acknowledged } => {
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
            cache_key: flight.key.clone(),
            source: waiter.source,
            priority: waiter.priority,
            speculative: waiter.speculative,
            progress,
            created_at: waiter.created_at,
            updated_at: flight.updated_at,
            estimate_ms,
            content,
            fallback: None,
            error,
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
            return self.enter(now, Phase::Failed { error: JobError { code: Code::ProviderTimeout, detail } });
        }
        if flight.status().is_final() || now < flight.due {
            return;
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
            Phase::Processing { operation_id } => effects.push(Effect::Poll {
                model: flight.spec.model.clone(),
                operation_id: operation_id.clone(),
            }),
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
            Err(error @ (ProviderError::Transient(_) | ProviderError::Throttled { .. })) => {
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
            Err(error) if error.is_retryable() && error != ProviderError::Lost && *downloads < MAX_ATTEMPTS => {
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

/// The longest a generation like this usually takes: that of the cheapest preset with as many
/// steps.
fn usual_wait(spec: &ClipSpec) -> Millis {
    let presets = &catalog::built_in().presets;
    let preset = presets.iter().find(|p| p.steps >= spec.steps).or(presets.last());
    preset.map_or(Millis::seconds(10), |p| Millis(p.wait_ms[1]))
}

/// An eighth of the time it has taken so far, so that a result waits for at most that much
/// longer; between 0.4 and 5 s.
fn poll_interval(elapsed: Millis) -> Millis {
    Millis((elapsed.0 / 8).clamp(400, 5_000))
}
