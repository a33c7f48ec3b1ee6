//! Who waits for a clip, and what each of them does not know yet.
//!
//! It holds no messages: a waiter is owed the newest state until it has acknowledged it, so a
//! crash between storing a clip and telling about it loses nothing, and a slow session gets one
//! message, not ten.

use serde::{Deserialize, Serialize};

use super::flight::Want;
use crate::api::Source;
use crate::retry::Backoff;
use crate::units::Millis;

/// Most waiters that are told. The rest ask by their job's id, or find the clip. 2,000 of them
/// are about 0.5 MB of JSON; a row of the platform's storage holds 2 MB.
const MAX_WAITERS: usize = 2_000;
/// Most sessions told in one turn. An alarm has at most three turns that tell (its own, the poll's
/// answer, the stored clip), and may make 50 calls on the platform's smallest plan: 3 x 14 leaves
/// room for the provider's.
pub(super) const BATCH: usize = 14;
/// A session that has not acknowledged after this long is told again.
const GUARD: Millis = Millis(15_000);
/// The wait between failed deliveries.
const BACKOFF: Backoff = Backoff { base: Millis(500), cap: Millis(300_000) };
/// Deliveries that fail this often in a row are given up, after about half an hour.
const MAX_TRIES: u32 = 15;

/// The waiters of one flight.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Outbox {
    waiters: Vec<Waiter>,
}

/// One session's job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiter {
    session: String,
    job_id: String,
    pub(super) source: Source,
    pub(super) priority: u8,
    pub(super) speculative: bool,
    pub(super) created_at: Millis,
    /// The newest ordinal it acknowledged.
    acknowledged: u64,
    /// Deliveries begun since then.
    tries: u32,
    /// When the next may begin.
    retry_at: Millis,
}

impl Outbox {
    /// Adds a waiter that learns of `ordinal` by the answer to its want. A waiter that wants
    /// again is promoted, never demoted.
    pub(super) fn join(&mut self, now: Millis, want: &Want, source: Source, ordinal: u64) {
        if let Some(waiter) = self.waiters.iter_mut().find(|w| w.job_id == want.job_id) {
            waiter.priority = waiter.priority.max(want.priority);
            waiter.speculative &= want.speculative;
        } else if self.waiters.len() < MAX_WAITERS {
            self.waiters.push(Waiter {
                session: want.session.clone(),
                job_id: want.job_id.clone(),
                source,
                priority: want.priority,
                speculative: want.speculative,
                created_at: now,
                acknowledged: ordinal,
                tries: 0,
                retry_at: now,
            });
        }
    }

    /// Forgets those who know everything up to `ordinal`.
    pub(super) fn retain_owed(&mut self, ordinal: u64) {
        self.waiters.retain(|w| w.is_owed(ordinal));
    }

    pub(super) fn waiter(&self, job_id: &str) -> Option<&Waiter> {
        self.waiters.iter().find(|w| w.job_id == job_id)
    }

    /// The session and job of those to tell now. They are counted as told until [`GUARD`] is over.
    pub(super) fn due(&mut self, now: Millis, ordinal: u64) -> Vec<(String, String)> {
        let owed = self.waiters.iter_mut().filter(|w| w.is_owed(ordinal) && w.retry_at <= now);
        owed.take(BATCH)
            .map(|waiter| {
                waiter.tries += 1;
                waiter.retry_at = now + GUARD;
                (waiter.session.clone(), waiter.job_id.clone())
            })
            .collect()
    }

    pub(super) fn delivered(&mut self, now: Millis, job_id: &str, ordinal: u64, acknowledged: bool) {
        let Some(waiter) = self.waiters.iter_mut().find(|w| w.job_id == job_id) else { return };
        if acknowledged {
            waiter.acknowledged = waiter.acknowledged.max(ordinal);
            waiter.tries = 0;
            waiter.retry_at = now;
        } else {
            waiter.retry_at = now + BACKOFF.delay(waiter.tries, job_id, None);
        }
    }

    /// When somebody is next to be told.
    pub(super) fn next(&self, ordinal: u64) -> Option<Millis> {
        self.waiters.iter().filter(|w| w.is_owed(ordinal)).map(|w| w.retry_at).min()
    }
}

impl Waiter {
    fn is_owed(&self, ordinal: u64) -> bool {
        self.acknowledged < ordinal && self.tries < MAX_TRIES
    }
}
