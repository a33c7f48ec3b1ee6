//! Who waits for a clip, and what each of them does not know yet.
//!
//! It holds no messages: a waiter is owed the newest state until it has acknowledged it, so a
//! crash between storing a clip and telling about it loses nothing, and a slow session gets one
//! message, not ten. Each waiter is stored as a part of its own: a crowd costs a turn no more than
//! those it concerns.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::flight::Want;
use crate::actors::guard::{self, Guard};
use crate::actors::stored::Write;
use crate::api::Source;
use crate::retry::Backoff;
use crate::units::Millis;

/// What the names of waiters' parts begin with.
pub(super) const PART: &str = "waiter/";
/// Most waiters that are told. The rest ask by their job's id, or find the clip. About 0.5 kB
/// each in the object's memory.
const MAX_WAITERS: usize = 20_000;
/// Most sessions told in one turn. An alarm has at most three turns that tell (its own, the poll's
/// answer, the stored clip), and may make 50 calls on the platform's smallest plan: 3 x 12 leaves
/// room for the provider's, the account's and the lane's.
pub(super) const BATCH: usize = 12;
/// A session that has not acknowledged after this long is told again.
const GUARD: Millis = Millis(15_000);
/// The wait between failed deliveries.
const BACKOFF: Backoff = Backoff { base: Millis(500), cap: Millis(300_000) };
/// How long after a job was first heard of its want may still be on its way: longer than any waits.
const LEFT_AGE: Millis = Millis(3_600_000);
/// Deliveries that fail this often in a row are given up, after about half an hour.
const MAX_TRIES: u32 = 15;

/// The waiters of one flight.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outbox {
    /// By job.
    waiters: BTreeMap<String, Waiter>,
    changed: BTreeSet<String>,
    /// Set when somebody waits who is not remembered: then nobody can say that nobody waits.
    overflown: bool,
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
    /// It was cancelled: it is told nothing and waits for nothing.
    #[serde(default)]
    left: bool,
}

impl Outbox {
    pub(super) fn unchanged(waiters: Vec<Waiter>) -> Self {
        let waiters = waiters.into_iter().map(|waiter| (waiter.job_id.clone(), waiter)).collect();
        Self { waiters, ..Self::default() }
    }

    pub(super) fn all_changed(waiters: Vec<Waiter>) -> Self {
        let mut outbox = Self::unchanged(waiters);
        outbox.changed = outbox.waiters.keys().cloned().collect();
        outbox
    }

    pub(super) fn changes(&mut self) -> Result<Vec<Write>, serde_json::Error> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let write = |job_id: String| {
            let name = format!("{PART}{job_id}");
            Ok(match self.waiters.get(&job_id) {
                Some(waiter) => Write::Put(name, serde_json::to_string(waiter)?),
                None => Write::Delete(name),
            })
        };
        changed.map(write).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Adds a waiter that learns of `ordinal` by the answer to its want. A waiter that wants
    /// again is promoted, never demoted.
    pub(super) fn join(&mut self, now: Millis, want: &Want, source: Source, ordinal: u64) {
        if let Some(waiter) = self.waiters.get_mut(&want.job_id) {
            waiter.priority = waiter.priority.max(want.priority);
            waiter.speculative &= want.speculative;
        } else if self.waiters.len() < MAX_WAITERS {
            let waiter = Waiter {
                session: want.session.clone(),
                job_id: want.job_id.clone(),
                source,
                priority: want.priority,
                speculative: want.speculative,
                created_at: now,
                acknowledged: ordinal,
                tries: 0,
                retry_at: now,
                left: false,
            };
            self.waiters.insert(want.job_id.clone(), waiter);
        } else {
            self.overflown = true;
            return;
        }
        self.changed.insert(want.job_id.clone());
    }

    /// The job was cancelled. A job that is not known yet is remembered as cancelled: its want is
    /// still on its way.
    pub(super) fn leave(&mut self, now: Millis, job_id: &str) {
        let unknown = || Waiter {
            session: String::new(),
            job_id: job_id.to_owned(),
            source: Source::Coalesced,
            priority: 0,
            speculative: true,
            created_at: now,
            acknowledged: 0,
            tries: 0,
            retry_at: now,
            left: true,
        };
        self.waiters.entry(job_id.to_owned()).or_insert_with(unknown).left = true;
        self.changed.insert(job_id.to_owned());
    }

    pub(super) fn has_left(&self, job_id: &str) -> bool {
        self.waiters.get(job_id).is_some_and(|waiter| waiter.left)
    }

    /// Whether anybody waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.overflown || self.waiters.values().any(|waiter| !waiter.left)
    }

    /// The highest priority, and whether nobody has asked for the clip yet.
    pub(super) fn urgency(&self) -> (u8, bool) {
        let waiting = || self.waiters.values().filter(|waiter| !waiter.left);
        let wanted = waiting().filter(|waiter| !waiter.speculative).map(|waiter| waiter.priority).max();
        match wanted {
            Some(priority) => (priority, false),
            None => (waiting().map(|waiter| waiter.priority).max().unwrap_or(0), true),
        }
    }

    /// Forgets those who know everything up to `ordinal`, and those who left long ago.
    pub(super) fn retain_owed(&mut self, now: Millis, ordinal: u64) {
        let changed = &mut self.changed;
        self.waiters.retain(|job_id, waiter| {
            let lately = waiter.left && now.since(waiter.created_at) <= LEFT_AGE;
            let owed = waiter.is_owed(ordinal) || lately;
            if !owed {
                changed.insert(job_id.clone());
            }
            owed
        });
    }

    pub(super) fn waiter(&self, job_id: &str) -> Option<&Waiter> {
        self.waiters.get(job_id)
    }

    /// The session and job of those to tell now. They are counted as told until [`GUARD`] is over.
    pub(super) fn due(&mut self, now: Millis, ordinal: u64) -> Vec<(String, String)> {
        let owed = self.waiters.values_mut().filter(|w| w.is_owed(ordinal) && w.retry_at <= now);
        let due: Vec<(String, String)> = owed
            .take(BATCH)
            .map(|waiter| {
                waiter.tries = waiter.tries.saturating_add(1);
                waiter.retry_at = now + GUARD;
                if !guard::holds(Guard::ToldUntilAcknowledged) {
                    waiter.acknowledged = ordinal;
                }
                (waiter.session.clone(), waiter.job_id.clone())
            })
            .collect();
        self.changed.extend(due.iter().map(|(_, job_id)| job_id.clone()));
        due
    }

    pub(super) fn delivered(&mut self, now: Millis, job_id: &str, ordinal: u64, acknowledged: bool) {
        let Some(waiter) = self.waiters.get_mut(job_id) else { return };
        if acknowledged {
            waiter.acknowledged = waiter.acknowledged.max(ordinal);
            waiter.tries = 0;
            waiter.retry_at = now;
        } else {
            waiter.retry_at = now + BACKOFF.delay(waiter.tries, job_id, None);
        }
        self.changed.insert(job_id.to_owned());
    }

    /// When somebody is next to be told.
    pub(super) fn next(&self, ordinal: u64) -> Option<Millis> {
        self.waiters.values().filter(|w| w.is_owed(ordinal)).map(|w| w.retry_at).min()
    }
}

impl Waiter {
    fn is_owed(&self, ordinal: u64) -> bool {
        self.acknowledged < ordinal && self.tries < MAX_TRIES && !self.left
    }
}
