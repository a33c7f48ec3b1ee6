//! What the supply makes of a job: what its answers and messages say, and how that of a guess is
//! cancelled.

use super::{Ask, Cancel, Effect, FIRST_POLL, Heard, Line, SILENCE, Stage, Supply, TRIES, UNREACHABLE};
use crate::api::JobStatus;
use crate::cache_key::CacheKey;
use crate::units::Millis;

impl Supply {
    /// The POST or a poll was answered.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn answer(&mut self, now: Millis, key: &CacheKey, job: &Heard) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(key) else { return Vec::new() };
        line.answered();
        let price = job.price.filter(|_| matches!(line.stage, Stage::Making { .. }));
        let wait = job.wait.filter(|_| line.stage == Stage::Asking && !job.status.is_final());
        let told = price.is_some() || wait.is_some();
        let told = told.then_some(Effect::Told { key: *key, price, wait });
        told.into_iter().chain(self.heard(now, key, job)).collect()
    }

    /// The job of a guess is no longer worth making.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn cancel(&mut self, key: CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key).filter(|line| !line.urgent) else { return Vec::new() };
        match line.stage {
            Stage::Asking if line.ask == Ask::Due => {
                line.ask = Ask::None;
                line.stage = Stage::Missing;
                vec![Effect::Missing(key)]
            }
            Stage::Asking | Stage::Making { .. } if line.cancel == Cancel::No => {
                line.cancel = Cancel::Due;
                line.cancellation().into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A job that the page has cancelled has ended. A guess is forgotten; what somebody asked for
    /// meanwhile is asked for again.
    fn cancelled(&mut self, now: Millis, key: &CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(key) else { return Vec::new() };
        if line.urgent {
            line.failures += 1;
            if line.failures >= TRIES {
                return self.fail(now, *key, "unreachable".into(), UNREACHABLE.to_owned());
            }
            line.stage = Stage::Asking;
            // A request that is on its way already does the same.
            line.ask = if line.ask == Ask::Sent { Ask::Sent } else { Ask::Due };
            return Vec::new();
        }
        self.lines.remove(key);
        let detail = "The clip is no longer likely to be wanted.".to_owned();
        vec![Effect::Failed { key: *key, code: "cancelled".into(), detail }]
    }

    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn told(&mut self, now: Millis, heard: &Heard) -> Vec<Effect> {
        let about = |(key, line): &(&CacheKey, &Line)| line.is_about(key, heard);
        let found = self.lines.iter().find(about).map(|(key, _)| *key);
        found.map(|key| self.heard(now, &key, heard)).unwrap_or_default()
    }

    fn heard(&mut self, now: Millis, key: &CacheKey, heard: &Heard) -> Vec<Effect> {
        let silence = if self.socket { SILENCE } else { FIRST_POLL };
        let Some(line) = self.lines.get_mut(key) else { return Vec::new() };
        if !matches!(line.stage, Stage::Asking | Stage::Making { .. }) {
            return Vec::new();
        }
        match heard.status {
            JobStatus::Complete => {
                let urgent = line.urgent;
                vec![self.fetch(now, *key, heard.address, urgent, true)]
            }
            JobStatus::Cancelled if line.cancel == Cancel::Sent => self.cancelled(now, key),
            JobStatus::Failed | JobStatus::Cancelled => {
                let (code, detail) = heard.error.clone().unwrap_or_else(|| {
                    ("cancelled".to_owned(), "The job was cancelled before the clip was made.".to_owned())
                });
                self.fail(now, *key, code, detail)
            }
            status @ (JobStatus::Queued | JobStatus::Processing) => {
                let mut started = status == JobStatus::Processing;
                let known = match &line.stage {
                    Stage::Making { progress, status, .. } => {
                        started &= *status != JobStatus::Processing;
                        *progress
                    }
                    // Another page of the session has asked for it.
                    _ => {
                        line.ask = if line.ask == Ask::Due { Ask::None } else { line.ask };
                        0.0
                    }
                };
                line.stage = Stage::Making {
                    job_id: heard.job_id.clone(),
                    address: heard.address,
                    status,
                    progress: heard.progress.unwrap_or(known),
                    ask_at: now + silence,
                };
                let started = started.then_some(Effect::Started(*key));
                let delete = line.cancellation();
                started.into_iter().chain(delete).collect()
            }
        }
    }
}

impl Line {
    /// The cancellation that is due, once the job has an id and no provider works on it.
    fn cancellation(&mut self) -> Option<Effect> {
        let Stage::Making { job_id, status: JobStatus::Queued, .. } = &self.stage else { return None };
        if self.cancel != Cancel::Due {
            return None;
        }
        self.cancel = Cancel::Sent;
        Some(Effect::Delete { job_id: job_id.clone() })
    }
}
