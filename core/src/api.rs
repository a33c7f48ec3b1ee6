//! The JSON bodies and socket messages that both halves speak. Pinned by golden files.

use serde::{Deserialize, Serialize};

use crate::cache_key::CacheKey;
use crate::cue::Cue;
#[cfg(feature = "schema")]
use crate::operation::MAX_PRIORITY;
use crate::operation::{Choice, DEFAULT_PRIORITY, Operation};
use crate::problem::Code;
use crate::units::{MicroUsd, Millis};

/// How widely a clip is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Everybody of a tenant shares it.
    Once,
    /// One for each playthrough.
    PerPlaythrough,
    /// One for each player.
    PerPlayer,
    /// A new one for every request.
    Always,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 4] = [Self::Once, Self::PerPlaythrough, Self::PerPlayer, Self::Always];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::PerPlaythrough => "per_playthrough",
            Self::PerPlayer => "per_player",
            Self::Always => "always",
        }
    }
}

/// What to show while a clip is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// What the caller named in the request.
    DefaultContent,
    /// A clip that exists: of the same cue in less quality, or of the nearest cue.
    Cached,
    /// The animated SVG of the state.
    Placeholder,
    /// The last frame of what is playing, held.
    Freeze,
    /// Nothing: the caller keeps what it shows.
    Skip,
    /// Nothing: the caller asks again after a while.
    Retry,
}

impl Fallback {
    /// Every fallback.
    pub const ALL: [Self; 6] =
        [Self::DefaultContent, Self::Cached, Self::Placeholder, Self::Freeze, Self::Skip, Self::Retry];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DefaultContent => "default_content",
            Self::Cached => "cached",
            Self::Placeholder => "placeholder",
            Self::Freeze => "freeze",
            Self::Skip => "skip",
            Self::Retry => "retry",
        }
    }
}

/// Where a job stands, as a caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Accepted, not yet at a provider.
    Queued,
    /// A provider is working on it.
    Processing,
    /// The clip exists.
    Complete,
    /// It ended without a clip.
    Failed,
    /// Nobody wants it any more.
    Cancelled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Processing, Self::Complete, Self::Failed, Self::Cancelled];

    /// The status with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }
}

/// Where an answer's content came from. Never guessed: said by whoever knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The clip existed.
    Hit,
    /// Another request was already making it.
    Coalesced,
    /// This request made it.
    Generated,
}

/// A clip or a picture that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Content {
    /// Where it is served, relative to the edge's origin: `/clips/{key}`.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Width in px, as read from the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in px, as read from the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Length in milliseconds of a clip, as read from the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
}

/// Where a fallback's picture comes from. Never guessed, and never called a clip of the cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FallbackSource {
    /// Drawn from the character's colours. All there was before a source was told.
    #[default]
    Placeholder,
    /// A clip of another cue; `cue` and `distance` say of which, and how far off it is.
    Nearest,
    /// A clip of this cue in less quality.
    Preview,
    /// Named by the caller.
    Default,
    /// There is no picture.
    None,
}

/// What to show until there is a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FallbackContent {
    /// Which fallback this is.
    pub kind: Fallback,
    /// Where it is served: relative to the edge's origin, or what the caller named. None where
    /// there is nothing to load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its media type, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where the picture comes from.
    #[serde(default)]
    pub source: FallbackSource,
    /// What a nearest clip shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<Cue>,
    /// How far a nearest clip is from what was asked for, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub distance: Option<f64>,
    /// When to ask again, for `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<Millis>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobError {
    /// The stable code.
    pub code: Code,
    /// The sentence for a person.
    pub detail: String,
}

/// A job, as `POST /jobs` and `GET /jobs/{id}` answer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Job {
    /// The job's id: the cache key, a dot, and what tells this caller's job from another's.
    pub id: String,
    /// The same, under the name that the socket uses.
    pub job_id: String,
    /// Where it stands.
    pub status: JobStatus,
    /// What is generated.
    pub operation_type: Operation,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// With which model of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What there is to know about the model: that the one that was named has ended, or that another
    /// stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_note: Option<String>,
    /// Which model was chosen and why, where there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// The provider's own name for the operation, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_operation_id: Option<String>,
    /// The seed it was made with, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// How widely the clip is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// The clip's address.
    pub cache_key: CacheKey,
    /// Where the content comes from.
    pub source: Source,
    /// 0 to 20, higher first.
    #[cfg_attr(feature = "schema", schemars(range(max = MAX_PRIORITY)))]
    pub priority: u8,
    /// Whether it was asked for ahead of need.
    #[serde(default)]
    pub speculative: bool,
    /// 0 to 1, as the provider reports it.
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub progress: f32,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// About how much longer it will take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<Millis>,
    /// What it cost, once that is known, come to something or not. 0 for a clip that existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<MicroUsd>,
    /// The clip, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The same clip in less quality, once it exists, where the request was `progressive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Content>,
    /// What to show meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackContent>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// Finds the request that began it in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Job {
    /// A job that has just been accepted at `now`, and of which nothing else is known yet.
    #[must_use]
    pub fn queued(id: String, operation_type: Operation, cache_key: CacheKey, now: Millis) -> Self {
        Self {
            job_id: id.clone(),
            id,
            status: JobStatus::Queued,
            operation_type,
            provider: None,
            model: None,
            model_note: None,
            choice: None,
            provider_operation_id: None,
            seed: None,
            strategy: None,
            cache_key,
            source: Source::Generated,
            priority: DEFAULT_PRIORITY,
            speculative: false,
            progress: 0.0,
            created_at: now,
            updated_at: now,
            estimate_ms: None,
            cost_micro_usd: None,
            content: None,
            preview: None,
            fallback: None,
            error: None,
            request_id: None,
        }
    }
}

/// `GET /jobs`: a page of the session's jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobList {
    /// The jobs of this page.
    pub jobs: Vec<Job>,
    /// Brings the next page, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The id of a job, for the clip at `key`. `tail` is what tells this caller's job from another's.
/// It carries the key, so that a job is found by its id alone.
#[must_use]
pub fn job_id(key: &CacheKey, tail: &str) -> String {
    format!("{key}.{tail}")
}

/// The key inside a job's id.
#[must_use]
pub fn key_of_job(id: &str) -> Option<CacheKey> {
    let (key, tail) = id.split_once('.')?;
    let fits = (1..=40).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| CacheKey::parse(key)).flatten()
}

/// The kinds of socket message about one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// It was accepted.
    #[serde(rename = "job:queued")]
    Queued,
    /// A provider is working on it.
    #[serde(rename = "job:processing")]
    Processing,
    /// The same clip in less quality exists.
    #[serde(rename = "job:preview")]
    Preview,
    /// Its clip exists.
    #[serde(rename = "job:completed")]
    Completed,
    /// It ended without a clip.
    #[serde(rename = "job:failed")]
    Failed,
    /// Nobody wants it any more.
    #[serde(rename = "job:cancelled")]
    Cancelled,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Processing, Self::Preview, Self::Completed, Self::Failed, Self::Cancelled];

    /// The kind with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let own = name.strip_prefix("job:")?;
        Self::ALL.into_iter().find(|kind| match kind {
            Self::Preview => own == "preview",
            Self::Completed => own == "completed",
            kind => own == kind.status().as_str(),
        })
    }

    /// Where a job stands of which this is told.
    #[must_use]
    pub const fn status(self) -> JobStatus {
        match self {
            Self::Queued => JobStatus::Queued,
            Self::Processing | Self::Preview => JobStatus::Processing,
            Self::Completed => JobStatus::Complete,
            Self::Failed => JobStatus::Failed,
            Self::Cancelled => JobStatus::Cancelled,
        }
    }
}

/// One numbered message on `GET /ws/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobEvent {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// 1, 2, 3, … within the session; none is skipped and none comes twice.
    pub seq: u64,
    /// When.
    pub at: Millis,
    /// To which job.
    pub job_id: String,
    /// The clip's address.
    pub cache_key: CacheKey,
    /// 0 to 1, while processing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub progress: Option<f32>,
    /// Where the clip is, once completed, or its preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// The first message on `GET /ws/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// Always `session:snapshot`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The number of the newest event; what was missed after `since` follows this message.
    pub seq: u64,
    /// True when events after `since` are no longer kept: read `jobs` instead.
    pub reset: bool,
    /// The session's jobs that are not final, and those that ended lately.
    pub jobs: Vec<Job>,
}

/// `POST /jobs/preflight`: what a request would do. Spends nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preflight {
    /// The clip's address.
    pub cache_key: CacheKey,
    /// Whether the clip exists.
    pub exists: bool,
    /// Who would make it.
    pub provider: String,
    /// The model that would make it.
    pub model: String,
    /// What there is to know about the model: that the one that was named has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_note: Option<String>,
    /// Which model was chosen and why, where there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What it would cost. 0 when the clip exists.
    pub cost_micro_usd: MicroUsd,
    /// About how long it would take, where that is known. 0 when the clip exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<Millis>,
    /// Whether the request would be admitted now.
    pub admitted: bool,
    /// Why it would not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<JobError>,
    /// What would be tried meanwhile, in this order.
    pub fallbacks: Vec<Fallback>,
}

/// `POST /tokens`: what a page may carry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenGrant {
    /// The token: a secret of the page that it was minted for.
    pub token: String,
    /// From when on it is worth nothing.
    pub expires_at: Millis,
    /// Names the token without being it: for logs, and to revoke it.
    pub id: String,
}

impl std::fmt::Debug for TokenGrant {
    /// Without the token, which must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenGrant")
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
