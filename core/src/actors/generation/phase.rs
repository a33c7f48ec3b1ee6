//! Where one flight stands, and what follows from that alone: its status, its deadline, its name
//! at the provider. Moving it on is [`super::Generation`]'s work.

use serde::{Deserialize, Serialize};

use super::Want;
use super::flight::{Output, Update};
use crate::api::{Content, JobError, JobStatus};
use crate::cache_key::CacheKey;
use crate::catalog;
use crate::operation::ClipSpec;
use crate::units::Millis;

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Flight {
    /// 1 for the first; raised when a key is wanted again after a failure.
    pub(super) number: u32,
    pub(super) key: CacheKey,
    pub(super) spec: ClipSpec,
    pub(super) phase: Phase,
    /// Attempts begun.
    pub(super) attempt: u32,
    /// Names the submission to the provider. Raised when an operation came to a bad end, never
    /// because an answer was lost.
    pub(super) submission: u32,
    pub(super) started_at: Millis,
    pub(super) updated_at: Millis,
    /// When the phase next has something to do. Without meaning once final.
    pub(super) due: Millis,
    /// Polls in a row that failed.
    pub(super) missed_polls: u32,
    pub(super) progress: f32,
    pub(super) expected_at: Millis,
}

impl Flight {
    pub(super) fn new(now: Millis, number: u32, want: &Want) -> Self {
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

    pub(super) fn status(&self) -> JobStatus {
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
    pub(super) fn deadline(&self) -> Option<Millis> {
        let timeout =
            catalog::built_in().model(&self.spec.model).map_or(Millis::seconds(120), |m| m.timeout_ms);
        let waits = matches!(self.phase, Phase::Queued | Phase::Submitting | Phase::Processing { .. });
        waits.then_some(self.started_at + timeout)
    }

    pub(super) fn idempotency_key(&self) -> String {
        format!("{}.{}.{}", self.key, self.number, self.submission)
    }

    pub(super) fn update(&self, now: Millis, job_id: &str, ordinal: u64) -> Update {
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

/// The longest a generation like this usually takes: that of the cheapest preset with as many
/// steps.
pub(super) fn usual_wait(spec: &ClipSpec) -> Millis {
    let presets = &catalog::built_in().presets;
    let preset = presets.iter().find(|p| p.steps >= spec.steps).or(presets.last());
    preset.map_or(Millis::seconds(10), |p| Millis(p.wait_ms[1]))
}
