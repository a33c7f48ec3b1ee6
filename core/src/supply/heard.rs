//! What an answer and a socket message have in common.

use crate::api::{EventKind, Job, JobEvent, JobStatus};
use crate::cache_key::CacheKey;

/// News of a job, however it came.
pub(super) struct Heard {
    pub(super) job_id: String,
    pub(super) address: CacheKey,
    pub(super) status: JobStatus,
    pub(super) progress: Option<f32>,
    pub(super) error: Option<(String, String)>,
}

impl From<Job> for Heard {
    fn from(job: Job) -> Self {
        let error = job.error.map(|error| (error.code.as_str().to_owned(), error.detail));
        Self {
            job_id: job.job_id,
            address: job.cache_key,
            status: job.status,
            progress: Some(job.progress),
            error,
        }
    }
}

impl From<JobEvent> for Heard {
    fn from(news: JobEvent) -> Self {
        let status = match news.kind {
            EventKind::Queued => JobStatus::Queued,
            EventKind::Processing | EventKind::Preview => JobStatus::Processing,
            EventKind::Completed => JobStatus::Complete,
            EventKind::Failed => JobStatus::Failed,
            EventKind::Cancelled => JobStatus::Cancelled,
        };
        let error = news.error.map(|error| (error.code.as_str().to_owned(), error.detail));
        Self { job_id: news.job_id, address: news.cache_key, status, progress: news.progress, error }
    }
}
