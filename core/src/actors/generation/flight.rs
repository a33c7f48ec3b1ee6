//! What a generation speaks with its shell, its sessions and its provider: wants, answers,
//! updates, and the ways a provider fails. Data only; [`super::Generation`] decides.

use serde::{Deserialize, Serialize};

use super::CALL_SLACK;
use crate::api::{Content, JobError, JobStatus, Source};
use crate::cache_key::CacheKey;
use crate::catalog::{self, Reconcile};
use crate::operation::Spec;
use crate::problem::Code;
use crate::units::{MicroUsd, Millis};

/// A session's wish for a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Want {
    /// The clip's address.
    pub key: CacheKey,
    /// What to make.
    pub spec: Spec,
    /// What to make where that cannot be made, best first: the same by other models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stand_ins: Vec<Spec>,
    /// Whose account pays.
    #[serde(default)]
    pub tenant: String,
    /// On which terms it is made.
    #[serde(default)]
    pub terms: Terms,
    /// Where it is kept.
    #[serde(default)]
    pub place: Place,
    /// Finds the request that asked in the logs.
    #[serde(default)]
    pub request_id: String,
    /// The session to notify.
    pub session: String,
    /// The session's job.
    pub job_id: String,
    /// 0 to 20, higher first.
    pub priority: u8,
    /// Whether it is asked for ahead of need.
    pub speculative: bool,
}

/// Where a clip is kept once it exists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// Whether only a signed address leads to it.
    #[serde(default)]
    pub private: bool,
    /// The name under which it is found as the nearest of its character, see [`crate::nearest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
}

/// What a model takes and costs, as it was when a clip was wanted: a flight is not changed by a
/// deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The provider whose lane it waits in.
    pub lane: String,
    /// After this long without a result an attempt has failed, in milliseconds.
    pub timeout: Millis,
    /// The longest that one call may take, in milliseconds.
    #[serde(default = "usual_call", skip_serializing_if = "is_usual_call")]
    pub call: Millis,
    /// The longest that a generation like this usually takes, in milliseconds.
    pub usual_wait: Millis,
    /// What it is expected to cost.
    pub cost: MicroUsd,
    /// How a submission whose answer was lost is found again.
    pub reconcile: Reconcile,
    /// Whether cancelling an operation saves its price.
    pub cancel_saves: bool,
}

const fn usual_call() -> Millis {
    catalog::USUAL_CALL
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_usual_call(call: &Millis) -> bool {
    *call == catalog::USUAL_CALL
}

impl Default for Terms {
    /// For flights that were begun before terms were kept: those of the one model of that time.
    fn default() -> Self {
        Self {
            lane: "studio".into(),
            timeout: Millis::seconds(120),
            call: catalog::USUAL_CALL,
            usual_wait: Millis::seconds(10),
            cost: MicroUsd(0),
            reconcile: Reconcile::Idempotency,
            cancel_saves: true,
        }
    }
}

impl Terms {
    /// A call that has not answered after this long died with its isolate, in milliseconds.
    #[must_use]
    pub fn call_guard(&self) -> Millis {
        self.call.max(catalog::USUAL_CALL) + CALL_SLACK
    }

    /// The catalogue's terms for this clip. `None` for a model that it does not have.
    #[must_use]
    pub fn of(spec: &Spec) -> Option<Self> {
        let catalog = catalog::built_in();
        let model = spec.model_def()?;
        let usual_wait = model.latency_ms.map(|latency| latency.typical).or_else(|| {
            // That of the cheapest preset with as many steps.
            let steps = spec.clip()?.steps;
            let preset = catalog.presets.iter().find(|p| p.steps >= steps).or(catalog.presets.last());
            preset.map(|preset| Millis(preset.wait_ms[1]))
        });
        Some(Self {
            lane: model.lane.clone(),
            timeout: model.timeout_ms,
            call: model.call_ms,
            usual_wait: usual_wait.unwrap_or(Millis::seconds(10)),
            cost: spec.cost()?,
            reconcile: model.reconcile,
            cancel_saves: model.cancel_saves,
        })
    }
}

/// What a session is told about its job. Sent again until it is acknowledged, so a session
/// compares ordinals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The session's job.
    pub job_id: String,
    /// Grows with every visible change; an update with a known ordinal is old news.
    pub ordinal: u64,
    /// Where the job stands.
    pub status: JobStatus,
    /// 0 to 1.
    pub progress: f32,
    /// About how much longer it will take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<Millis>,
    /// The clip, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// What it cost, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<MicroUsd>,
    /// When it is worth asking again, in milliseconds, after a failure that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<Millis>,
    /// Who made it and how, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// Who made something, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Whose model.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// That it stood in for another, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_note: Option<String>,
    /// With which seed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The provider's name for the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_operation_id: Option<String>,
}

/// The answer to a [`Want`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether this want started the flight or joined it.
    pub source: Source,
    /// Where the job stands.
    pub update: Update,
}

/// A provider took a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's name for it; polled until it ends.
    pub operation_id: String,
    /// About how long it will take, in milliseconds, if the provider says.
    pub estimate_ms: Option<Millis>,
}

/// Where a finished clip can be fetched from its provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Absolute, or relative to the provider's base. Untrusted until the adapter has checked it.
    pub url: String,
    /// Its size in bytes, if the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its SHA-256 in lower-case hex, if the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What the provider charges for it, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<MicroUsd>,
    /// The seed that the provider drew for it, or used, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
}

/// What a provider says about an operation that has not failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Not done.
    Running {
        /// 0 to 1.
        progress: f32,
        /// About how much longer, in milliseconds, if the provider says.
        estimate_ms: Option<Millis>,
    },
    /// Done; the clip can be fetched.
    Succeeded(Output),
}

/// How a provider says that a cancelled operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It will not be charged.
    Free,
    /// It had been done already, or could not be stopped: it is charged. `None` when the provider
    /// does not say how much.
    Charged(Option<MicroUsd>),
}

/// How a provider's answer, or its absence, was understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Too many calls. Worth another attempt, not before `retry_after` if that was said.
    #[error("the provider asks for fewer calls")]
    Throttled {
        /// What it asked for, in milliseconds.
        retry_after: Option<Millis>,
    },
    /// A field it does not accept. Final.
    #[error("the provider refused {}: {message}", field.as_deref().unwrap_or("the request"))]
    Invalid {
        /// Which field, if it says.
        field: Option<String>,
        /// Why.
        message: String,
    },
    /// Content it will not make. Final.
    #[error("the provider refused the content: {message}")]
    ContentRefused {
        /// Why.
        message: String,
    },
    /// It failed in a way that may pass, and said so: overload, maintenance. A submission answered
    /// like this was not taken.
    #[error("{0}")]
    Transient(String),
    /// It may or may not have done what it was asked: the connection was lost, the time was up, or
    /// a gateway between us answered for it (502, 504). For a submission this is the one answer
    /// that must not be followed by a blind second one.
    #[error("{0}")]
    Unanswered(String),
    /// It gave the operation up. A new submission is needed.
    #[error("the provider's generation failed: {0}")]
    Failed(String),
    /// It does not know the operation (any more). A new submission is needed.
    #[error("the provider lost the operation")]
    Lost,
    /// It sent something that is not the clip.
    #[error("the provider's clip cannot be used: {0}")]
    BadMedia(String),
    /// It failed in a way that will not pass: a wrong key, a broken protocol. Final.
    #[error("{0}")]
    Fatal(String),
}

impl ProviderError {
    /// Whether another attempt can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Throttled { .. }
                | Self::Transient(_)
                | Self::Unanswered(_)
                | Self::Failed(_)
                | Self::Lost
                | Self::BadMedia(_)
        )
    }

    /// Its kind in a word, for counters.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Invalid { .. } => "invalid",
            Self::ContentRefused { .. } => "content_refused",
            Self::Transient(_) => "transient",
            Self::Unanswered(_) => "unanswered",
            Self::Failed(_) => "failed",
            Self::Lost => "lost",
            Self::BadMedia(_) => "bad_media",
            Self::Fatal(_) => "fatal",
        }
    }

    /// What it asked us to wait, in milliseconds.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Millis> {
        match self {
            Self::Throttled { retry_after } => *retry_after,
            _ => None,
        }
    }

    /// What a job that failed by this tells its caller. The sentence is cut to 300 characters:
    /// parts of it are a provider's.
    #[must_use]
    pub fn job_error(&self) -> JobError {
        let code = match self {
            Self::Invalid { .. } => Code::ProviderInvalid,
            Self::ContentRefused { .. } => Code::ContentRefused,
            Self::BadMedia(_) => Code::BadMedia,
            Self::Throttled { .. }
            | Self::Transient(_)
            | Self::Unanswered(_)
            | Self::Failed(_)
            | Self::Lost
            | Self::Fatal(_) => Code::ProviderFailed,
        };
        JobError { code, detail: self.to_string().chars().take(300).collect() }
    }
}
