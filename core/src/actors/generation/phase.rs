//! Where one flight stands, and what follows from that alone: its status, its deadline, its name
//! at the provider. Moving it on is [`super::Generation`]'s work.

use serde::{Deserialize, Serialize};

use super::flight::{Made, Output, Place, Terms, Update, Want};
use crate::actors::guard::{self, Guard};
use crate::api::{Content, JobError, JobStatus};
use crate::cache_key::CacheKey;
use crate::operation::Spec;
use crate::units::{MicroUsd, Millis};

/// Where a flight is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// Waits for its next attempt.
    Queued,
    /// Waits for the account to set its price aside.
    Reserving,
    /// Waits for its turn in the lane.
    Leasing,
    /// Holds a slot; the alarm submits next.
    Leased,
    /// A submission is being sent.
    Submitting,
    /// A submission was sent and its answer was lost: nobody knows whether it was taken.
    Ambiguous {
        /// Reconciliations begun.
        tries: u32,
    },
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
    /// It ended without a clip. A want after `again_at` starts a new flight.
    Failed {
        /// Why.
        error: JobError,
        /// Until then the same answer is given again.
        #[serde(default)]
        again_at: Millis,
    },
    /// Nobody wanted it any more. The next want starts a new flight.
    Cancelled,
}

impl Phase {
    /// Whether nothing more will happen in it.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Complete { .. } | Self::Failed { .. } | Self::Cancelled)
    }
}

/// What a flight holds of others, to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) ticket: String,
    pub(super) until: Millis,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Flight {
    /// 1 for the first; raised when a key is wanted again after a failure.
    pub(super) number: u32,
    pub(super) key: CacheKey,
    pub(super) spec: Spec,
    /// The models that have not been tried yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stand_ins: Vec<Spec>,
    /// The model that was to make it, where another stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_place_of: Option<String>,
    #[serde(default)]
    pub(super) tenant: String,
    #[serde(default)]
    pub(super) terms: Terms,
    #[serde(default)]
    pub(super) place: Place,
    #[serde(default)]
    pub(super) request_id: String,
    pub(super) phase: Phase,
    /// The provider's name for the newest operation; empty before there was one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) operation_id: String,
    /// The seed that the provider says it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u32>,
    /// Attempts begun.
    pub(super) attempt: u32,
    /// Names the submission to the provider and to the account. Raised when an operation came to a
    /// bad end, never because an answer was lost.
    pub(super) submission: u32,
    /// Bids made: a ticket that was given back is never used again.
    #[serde(default)]
    pub(super) bids: u32,
    /// Whether the account has been asked to set money aside for this submission.
    #[serde(default)]
    pub(super) reserved: bool,
    /// Whether it was reserved from the budget for speculation.
    #[serde(default)]
    pub(super) speculative: bool,
    /// Whether nobody but speculation has asked for it so far.
    #[serde(default)]
    pub(super) guess: bool,
    /// The ticket that is bid with, or that was granted.
    #[serde(default)]
    pub(super) lease: Option<Lease>,
    /// What all submissions of this flight have cost so far.
    #[serde(default)]
    pub(super) spent: MicroUsd,
    pub(super) started_at: Millis,
    /// When the newest submission was first sent.
    #[serde(default)]
    pub(super) submitted_at: Millis,
    pub(super) updated_at: Millis,
    /// When the phase next has something to do. Without meaning once final.
    pub(super) due: Millis,
    /// When the attempt, or the wait for its turn, has taken too long.
    #[serde(default)]
    pub(super) give_up_at: Millis,
    /// Polls in a row that failed.
    pub(super) missed_polls: u32,
    pub(super) progress: f32,
    pub(super) expected_at: Millis,
}

impl Flight {
    pub(super) fn new(now: Millis, number: u32, want: &Want) -> Self {
        Self {
            number,
            key: want.key,
            spec: want.spec.clone(),
            stand_ins: want.stand_ins.clone(),
            in_place_of: None,
            tenant: want.tenant.clone(),
            terms: want.terms.clone(),
            place: want.place.clone(),
            request_id: want.request_id.clone(),
            phase: Phase::Queued,
            operation_id: String::new(),
            seed: None,
            attempt: 0,
            submission: 1,
            bids: 0,
            reserved: false,
            speculative: want.speculative,
            guess: want.speculative,
            lease: None,
            spent: MicroUsd(0),
            started_at: now,
            submitted_at: now,
            updated_at: now,
            due: now,
            give_up_at: now,
            missed_polls: 0,
            progress: 0.0,
            expected_at: now + want.terms.usual_wait,
        }
    }

    pub(super) fn status(&self) -> JobStatus {
        match self.phase {
            // A first attempt that has not reached the provider waits, whatever it waits for.
            Phase::Queued | Phase::Reserving | Phase::Leasing | Phase::Leased if self.attempt == 0 => {
                JobStatus::Queued
            }
            Phase::Submitting if self.attempt == 1 => JobStatus::Queued,
            Phase::Queued
            | Phase::Reserving
            | Phase::Leasing
            | Phase::Leased
            | Phase::Submitting
            | Phase::Ambiguous { .. }
            | Phase::Processing { .. }
            | Phase::Storing { .. } => JobStatus::Processing,
            Phase::Complete { .. } => JobStatus::Complete,
            Phase::Failed { .. } => JobStatus::Failed,
            Phase::Cancelled => JobStatus::Cancelled,
        }
    }

    /// When the phase has taken too long. A result that exists is still fetched: it is paid for. A
    /// doubt is not cut short: the call that is under way may be the one that begins the operation.
    pub(super) fn deadline(&self) -> Option<Millis> {
        let bounded = matches!(self.phase, Phase::Leasing | Phase::Processing { .. });
        let kept = guard::holds(Guard::Deadline) || !matches!(self.phase, Phase::Processing { .. });
        (bounded && kept).then_some(self.give_up_at)
    }

    /// Names the submission, to the provider and to the account.
    pub(super) fn idempotency_key(&self) -> String {
        format!("{}.{}.{}", self.key, self.number, self.submission)
    }

    /// Names the current bid.
    pub(super) fn ticket(&self) -> String {
        format!("{}.{}", self.idempotency_key(), self.bids)
    }

    pub(super) fn update(&self, now: Millis, job_id: &str, ordinal: u64) -> Update {
        let status = self.status();
        let (content, error, again_at) = match &self.phase {
            Phase::Complete { content } => (Some(content.clone()), None, Millis(0)),
            Phase::Failed { error, again_at } => (None, Some(error.clone()), *again_at),
            _ => (None, None, Millis(0)),
        };
        let retry_after = again_at.since(now);
        Update {
            job_id: job_id.to_owned(),
            ordinal,
            status,
            progress: self.progress,
            estimate_ms: (!status.is_final()).then(|| self.expected_at.since(now)),
            content,
            error,
            // A failure may have been charged, too.
            cost_micro_usd: (status == JobStatus::Complete
                || status == JobStatus::Failed && self.spent > MicroUsd(0))
            .then_some(self.spent),
            retry_after_ms: (retry_after > Millis(0)).then_some(retry_after),
            made: (status == JobStatus::Complete).then(|| self.made()),
        }
    }

    /// Who makes it, and how.
    pub(super) fn made(&self) -> Made {
        let model = self.spec.model();
        let note = |first: &String| format!("{first} could not make it; {model} stood in");
        Made {
            provider: self.spec.provider().unwrap_or(&self.terms.lane).to_owned(),
            model: model.to_owned(),
            model_note: self.in_place_of.as_ref().map(note),
            // Its provider's word counts: whoever wants the same again needs what was used.
            seed: self.seed.or(self.spec.seed()),
            provider_operation_id: Some(self.operation_id.clone()).filter(|id| !id.is_empty()),
        }
    }
}
