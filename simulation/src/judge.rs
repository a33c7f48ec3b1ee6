//! What the judge of a world remembers of it: the world's own books, kept apart from the machines'.

use std::collections::{BTreeMap, BTreeSet};

use cuelight_core::actors::session::EVENT_AGE;
use cuelight_core::api::{EventKind, JobEvent};
use cuelight_core::units::{MicroUsd, Millis};

use crate::setup::Setup;

/// A job that a session took.
#[derive(Debug)]
pub(crate) struct JobRecord {
    pub(crate) session: usize,
    pub(crate) began_final: bool,
}

/// What a generation told the account about a submission.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) account: usize,
    pub(crate) spent: MicroUsd,
    /// Nobody knows whether it was taken.
    pub(crate) unknown: bool,
    /// When, in the time that passed for the generation.
    pub(crate) elapsed: u64,
}

/// A lease that a lane granted.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) lane: usize,
    pub(crate) until: Millis,
}

/// An idempotency key of a session, and the request that used it first.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) body: String,
    pub(crate) job_id: String,
}

/// The books.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    pub(crate) jobs: BTreeMap<String, JobRecord>,
    /// By session: when, what, to which job. Its place is its number less one.
    pub(crate) logs: Vec<Vec<(u64, EventKind, String)>>,
    pub(crate) used: BTreeMap<(usize, String), Used>,
    /// By session, when requests were admitted.
    pub(crate) admitted: Vec<Vec<u64>>,
    pub(crate) webhooks: BTreeSet<(String, String)>,
    delivered: BTreeSet<(String, String)>,
    waits: BTreeMap<usize, BTreeSet<String>>,
    left: BTreeSet<String>,
    /// Speculative or not, by ticket.
    bids: BTreeMap<String, bool>,
    pub(crate) leases: BTreeMap<String, Lease>,
    pub(crate) given_back: BTreeSet<String>,
    /// By lane, when something was granted.
    pub(crate) grants: Vec<Vec<u64>>,
    pub(crate) reserved: BTreeSet<String>,
    /// First submissions of an attempt, by flight.
    pub(crate) attempts: BTreeMap<String, u32>,
    /// When a submission was last begun by its generation's clock, and under which ticket.
    pub(crate) sent: BTreeMap<String, (Millis, String)>,
    pub(crate) closed: BTreeMap<String, Closed>,
    pub(crate) abandoned: BTreeSet<String>,
}

impl Judge {
    pub(crate) fn of(setup: &Setup) -> Self {
        Self {
            logs: vec![Vec::new(); setup.sessions],
            admitted: vec![Vec::new(); setup.sessions],
            grants: vec![Vec::new(); setup.providers.len()],
            ..Self::default()
        }
    }

    pub(crate) fn wanted(&mut self, key: usize, job_id: &str) {
        self.waits.entry(key).or_default().insert(job_id.to_owned());
    }

    pub(crate) fn left(&mut self, key: usize, job_id: &str) {
        self.left.insert(job_id.to_owned());
        self.waits.entry(key).or_default().remove(job_id);
    }

    /// Whether everybody who ever wanted the clip has left.
    pub(crate) fn nobody_wants(&self, key: usize) -> bool {
        self.waits.get(&key).is_none_or(|waits| waits.iter().all(|job| self.left.contains(job)))
    }

    pub(crate) fn bid(&mut self, ticket: &str, speculative: bool) {
        *self.bids.entry(ticket.to_owned()).or_insert(speculative) &= speculative;
    }

    pub(crate) fn is_speculative(&self, ticket: &str) -> bool {
        self.bids.get(ticket).copied().unwrap_or(false)
    }

    pub(crate) fn released(&mut self, ticket: &str) {
        self.given_back.insert(ticket.to_owned());
    }

    pub(crate) fn ticket_of(&self, submission: &str) -> String {
        self.sent.get(submission).map(|(_, ticket)| ticket.clone()).unwrap_or_default()
    }

    pub(crate) fn delivered(&mut self, job_id: &str, url: &str) {
        self.delivered.insert((job_id.to_owned(), url.to_owned()));
    }

    /// A webhook that was never taken.
    pub(crate) fn undelivered(&self) -> Option<&(String, String)> {
        self.webhooks.difference(&self.delivered).next()
    }

    pub(crate) fn newest(&self, session: usize) -> u64 {
        self.logs[session].len() as u64
    }

    /// Writes down an event of a session, or says what is wrong with its number.
    pub(crate) fn logged(&mut self, session: usize, elapsed: u64, event: &JobEvent) -> Result<(), String> {
        let log = &mut self.logs[session];
        log.push((elapsed, event.kind, event.job_id.clone()));
        let expected = log.len() as u64;
        if event.seq == expected { Ok(()) } else { Err(format!("event {} came as {expected}", event.seq)) }
    }

    /// Whether a session may have forgotten its event number `seq`.
    pub(crate) fn may_be_forgotten(&self, session: usize, seq: u64, elapsed: u64) -> bool {
        let at = usize::try_from(seq).unwrap_or(1).saturating_sub(1);
        self.logs[session].get(at).is_none_or(|(then, ..)| elapsed - then > EVENT_AGE.0)
    }
}
