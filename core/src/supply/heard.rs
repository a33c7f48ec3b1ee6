//! What an answer and a socket message have in common, and how it is read without the whole of them.

use crate::api::{EventKind, Job, JobEvent, JobStatus};
use crate::cache_key::CacheKey;
use crate::document::Document;
use crate::units::{MicroUsd, Millis};

/// News of a job, however it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The job.
    pub job_id: String,
    /// Where the server keeps its clip.
    pub address: CacheKey,
    /// Where it stands.
    pub status: JobStatus,
    /// 0 to 1, if it was said.
    pub progress: Option<f32>,
    /// How much longer it will take, about; only an answer to a request says.
    pub wait: Option<Millis>,
    /// What it cost, once that is known; only an answer to a request says.
    pub price: Option<MicroUsd>,
    /// A stable code and the sentence for a person, where it failed.
    pub error: Option<(String, String)>,
}

impl Heard {
    /// Reads a job, as it answers a request or is listed. `None` for what is none.
    #[must_use]
    pub fn of_job<D: Document>(job: D) -> Option<Self> {
        let status = JobStatus::parse(&job.text_at("status")?)?;
        Self::read(job, status)
    }

    /// Reads a numbered message of the socket, with its number. `None` for a message of another kind.
    #[must_use]
    pub fn of_event<D: Document>(event: D) -> Option<(u64, Self)> {
        let status = EventKind::parse(&event.text_at("type")?)?.status();
        Some((event.whole_at("seq")?, Self::read(event, status)?))
    }

    fn read<D: Document>(document: D, status: JobStatus) -> Option<Self> {
        let error = document.member("error");
        // A progress is a share, and a panel's bar is no finer than f32.
        #[allow(clippy::cast_possible_truncation)]
        let progress = document.number_at("progress").map(|share| share as f32);
        Some(Self {
            job_id: document.text_at("job_id")?,
            address: CacheKey::parse(&document.text_at("cache_key")?)?,
            status,
            progress,
            wait: document.whole_at("estimate_ms").map(Millis),
            price: document.whole_at("cost_micro_usd").map(MicroUsd),
            error: error.and_then(|error| Some((error.text_at("code")?, error.text_at("detail")?))),
        })
    }
}

impl From<Job> for Heard {
    fn from(job: Job) -> Self {
        let error = job.error.map(|error| (error.code.as_str().to_owned(), error.detail));
        Self {
            job_id: job.job_id,
            address: job.cache_key,
            status: job.status,
            progress: Some(job.progress),
            wait: job.estimate_ms,
            price: job.cost_micro_usd,
            error,
        }
    }
}

impl From<JobEvent> for Heard {
    fn from(news: JobEvent) -> Self {
        let error = news.error.map(|error| (error.code.as_str().to_owned(), error.detail));
        let status = news.kind.status();
        Self {
            job_id: news.job_id,
            address: news.cache_key,
            status,
            progress: news.progress,
            wait: None,
            price: None,
            error,
        }
    }
}

/// The first message on the socket: what the session's jobs are.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The number of the session's last event.
    pub seq: u64,
    /// Whether events between are lost, so that counting goes on from `seq`.
    pub reset: bool,
    /// The jobs; one that cannot be read is left out.
    pub jobs: Vec<Heard>,
}

impl Listing {
    /// Reads the message. `None` for a message of another kind.
    #[must_use]
    pub fn read<D: Document>(snapshot: D) -> Option<Self> {
        if snapshot.text_at("type")? != "session:snapshot" {
            return None;
        }
        Some(Self {
            seq: snapshot.whole_at("seq")?,
            reset: snapshot.flag_at("reset")?,
            jobs: snapshot.member("jobs")?.items()?.into_iter().filter_map(Heard::of_job).collect(),
        })
    }
}
