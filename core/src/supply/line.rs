//! One clip that is wanted and not at hand: where it stands, and where its request does.

use super::hang::LONGEST_SILENCE;
use super::{Effect, Heard};
use crate::api::JobStatus;
use crate::cache_key::CacheKey;
use crate::units::Millis;

/// Where a clip stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    Fetching {
        address: CacheKey,
        made: bool,
    },
    Missing,
    Asking,
    Making {
        job_id: String,
        address: CacheKey,
        status: JobStatus,
        progress: f32,
        ask_at: Millis,
    },
    /// Tried in vain; tried again at `at`, or, without one, when the edge can be reached again.
    Resting {
        at: Option<Millis>,
        then: Box<Stage>,
    },
    /// In vain for good; not tried again before that time, unless it was a guess and is wanted now.
    Failed {
        until: Millis,
        guess: bool,
    },
}

/// Where a line's POST stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// None is due.
    None,
    /// It waits for its turn.
    Due,
    /// It has no answer yet.
    Sent,
}

/// One clip.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) urgent: bool,
    pub(super) failures: u32,
    pub(super) stage: Stage,
    pub(super) ask: Ask,
    /// The number of the newest wish for it.
    pub(super) wish: u64,
    /// Whether its job is to be cancelled, or was.
    pub(super) cancel: Cancel,
    /// While a request for it is under way: when it counts as hung, if nothing more is heard of it.
    pub(super) hangs_at: Option<Millis>,
}

/// What becomes of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancel {
    No,
    /// As soon as the job has an id.
    Due,
    Sent,
}

impl Line {
    pub(super) fn ask(&mut self) {
        self.stage = Stage::Asking;
        self.ask = Ask::Due;
    }

    pub(super) fn rest(&mut self, at: Option<Millis>) {
        let then = Box::new(std::mem::replace(&mut self.stage, Stage::Missing));
        self.stage = Stage::Resting { at, then };
    }

    /// Tries again.
    pub(super) fn resume(&mut self, now: Millis, key: &CacheKey) -> Option<Effect> {
        let Stage::Resting { then, .. } = &self.stage else { return None };
        self.stage = (**then).clone();
        if let Stage::Fetching { address, .. } = &self.stage {
            self.hangs_at = Some(now + LONGEST_SILENCE);
            return Some(Effect::Get { key: *key, address: *address });
        }
        self.ask = Ask::Due;
        None
    }

    /// The POST has its answer; false if none was under way.
    pub(super) fn answered(&mut self) -> bool {
        let sent = self.ask == Ask::Sent;
        if sent {
            self.ask = Ask::None;
        }
        sent
    }

    /// A message may come before the answer to the POST: then only the address tells whose it is.
    pub(super) fn is_about(&self, key: &CacheKey, heard: &Heard) -> bool {
        match &self.stage {
            Stage::Asking => *key == heard.address,
            Stage::Making { job_id, address, .. } => *job_id == heard.job_id || *address == heard.address,
            _ => false,
        }
    }
}
