//! The JSON bodies and socket messages that both halves speak. Pinned by golden files.

use serde::{Deserialize, Serialize};

use crate::cache_key::CacheKey;
use crate::operation::Operation;
use crate::problem::Code;
use crate::units::Millis;

/// How widely a clip is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The animated SVG of the state.
    Placeholder,
    /// Nothing: the caller keeps what it shows.
    Skip,
}

impl Fallback {
    /// Every fallback.
    pub const ALL: [Self; 2] = [Self::Placeholder, Self::Skip];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::Skip => "skip",
        }
    }
}

/// Where a job stands, as a caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }
}

/// Where an answer's content came from. Never guessed: said by whoever knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The clip existed.
    Hit,
    /// Another request was already making it.
    Coalesced,
    /// This request made it.
    Generated,
}

/// A clip that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Where it is served, relative to the edge's origin: `/clips/{key}`.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// What to show until there is a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackContent {
    /// Which fallback this is.
    pub kind: Fallback,
    /// Where it is served, relative to the edge's origin.
    pub url: String,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The stable code.
    pub code: Code,
    /// The sentence for a person.
    pub detail: String,
}

/// A job, as `POST /jobs` and `GET /jobs/{id}` answer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job's id: the cache key, a dot, and what tells this caller's job from another's.
    pub id: String,
    /// The same, under the name that the socket uses.
    pub job_id: String,
    /// Where it stands.
    pub status: JobStatus,
    /// What is generated.
    pub operation_type: Operation,
    /// The clip's address.
    pub cache_key: CacheKey,
    /// Where the content comes from.
    pub source: Source,
    /// 0 to 20, higher first.
    pub priority: u8,
    /// Whether it was asked for ahead of need.
    #[serde(default)]
    pub speculative: bool,
    /// 0 to 1, as the provider reports it.
    pub progress: f32,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// About how much longer it will take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<Millis>,
    /// The clip, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// What to show meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackContent>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
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
pub enum EventKind {
    /// It was accepted.
    #[serde(rename = "job:queued")]
    Queued,
    /// A provider is working on it.
    #[serde(rename = "job:processing")]
    Processing,
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

/// One numbered message on `GET /ws/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub progress: Option<f32>,
    /// Where the clip is, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// The first message on `GET /ws/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
pub struct Preflight {
    /// The clip's address.
    pub cache_key: CacheKey,
    /// Whether the clip exists.
    pub exists: bool,
    /// The model that would make it.
    pub model: String,
    /// What it would cost, in micro-dollars. 0 when the clip exists.
    pub cost_micro_usd: u64,
}
