//! What vendors were asked for, what became of it, and what it costs: jobs, counts of calls, a bill a
//! vendor. In memory, within bounds; what is forgotten stays counted and stays on the bill.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use cuelight_core::units::MicroUsd;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::Vendor;
use super::fault::On;

/// How many jobs are remembered over all vendors.
const REMEMBERED: usize = 2_048;
/// How many charges a vendor's bill lists one by one.
const LISTED: usize = 1_024;

/// A file with what it is.
#[derive(Debug, Clone)]
pub struct Media {
    /// Its content.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: &'static str,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub enum End {
    /// With results.
    Made(Vec<Media>),
    /// Without one.
    Failed(Failure),
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether its content was refused.
    pub refused: bool,
    /// What the caller is told.
    pub message: String,
}

/// What a job is begun with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its id at the vendor, unlike any other of that vendor.
    pub id: String,
    /// The model's id at the vendor.
    pub model: String,
    /// What the caller names it by, if the vendor lets callers do so.
    pub token: Option<String>,
    /// How long the model takes for it in the real world, in milliseconds.
    pub latency_ms: u64,
    /// What it costs if it succeeds.
    pub cost: MicroUsd,
    /// What else the vendor wants to find again.
    pub note: Value,
}

/// Where a job is.
#[derive(Debug, Clone)]
pub enum Status {
    /// Not done.
    Running,
    /// Done, with results.
    Done(Vec<Media>),
    /// Done, without.
    Failed(Failure),
}

/// A job as it is now.
#[derive(Debug, Clone)]
pub struct View {
    /// Its id.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// What the caller named it by.
    pub token: Option<String>,
    /// What the vendor noted.
    pub note: Value,
    /// Where it is.
    pub status: Status,
    /// When it began, in milliseconds since the epoch.
    pub began_ms: u64,
    /// When it ended, if it has, in milliseconds since the epoch.
    pub ended_ms: Option<u64>,
}

#[derive(Debug)]
struct Job {
    start: Start,
    latency: Duration,
    since: Instant,
    began_ms: u64,
    end: Option<(End, Duration)>,
    charged: bool,
}

impl Job {
    /// How it ended and after which time, once both the work and the wait are over.
    fn ended(&self) -> Option<(&End, Duration)> {
        let (end, took) = self.end.as_ref()?;
        let took = if matches!(end, End::Failed(_)) { *took } else { self.latency.max(*took) };
        (self.since.elapsed() >= took).then_some((end, took))
    }

    fn view(&self) -> View {
        let ended = self.ended();
        View {
            id: self.start.id.clone(),
            model: self.start.model.clone(),
            token: self.start.token.clone(),
            note: self.start.note.clone(),
            status: match ended {
                None => Status::Running,
                Some((End::Made(media), _)) => Status::Done(media.clone()),
                Some((End::Failed(failure), _)) => Status::Failed(failure.clone()),
            },
            began_ms: self.began_ms,
            ended_ms: ended.map(|(_, took)| self.began_ms + u64::try_from(took.as_millis()).unwrap_or(0)),
        }
    }
}

/// One charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// The job's id, or the request's where there is no job.
    pub id: String,
    /// The model's id at the vendor.
    pub model: String,
    /// What it cost.
    pub micro_usd: MicroUsd,
}

/// What one vendor was asked and is owed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Account {
    /// How often each call was made, spoiled or not.
    pub calls: BTreeMap<On, u64>,
    /// How many pieces of work were taken on.
    pub submissions: u64,
    /// How often work was asked for again under the name it has already.
    pub replays: u64,
    /// The sum of all charges.
    pub total_micro_usd: MicroUsd,
    /// How many charges there were.
    pub charged: u64,
    /// The latest of them, oldest first.
    pub entries: VecDeque<Charge>,
}

impl Account {
    fn charge(&mut self, charge: Charge) {
        self.total_micro_usd = self.total_micro_usd + charge.micro_usd;
        self.charged += 1;
        if self.entries.len() == LISTED {
            self.entries.pop_front();
        }
        self.entries.push_back(charge);
    }
}

/// All jobs and all accounts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    jobs: BTreeMap<(Vendor, String), Job>,
    order: VecDeque<(Vendor, String)>,
    accounts: BTreeMap<Vendor, Account>,
}

impl Ledger {
    /// Counts a call.
    pub(super) fn count(&mut self, vendor: Vendor, on: On) {
        *self.accounts.entry(vendor).or_default().calls.entry(on).or_default() += 1;
    }

    /// Counts a repetition.
    pub(super) fn replayed(&mut self, vendor: Vendor) {
        self.accounts.entry(vendor).or_default().replays += 1;
    }

    /// Takes a job in. Its results are seen after `latency` at the earliest.
    pub(super) fn begin(&mut self, vendor: Vendor, start: Start, latency: Duration) {
        let name = (vendor, start.id.clone());
        let began_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let began_ms = u64::try_from(began_ms).unwrap_or(u64::MAX);
        let job = Job { start, latency, since: Instant::now(), began_ms, end: None, charged: false };
        self.accounts.entry(vendor).or_default().submissions += 1;
        self.jobs.insert(name.clone(), job);
        self.order.push_back(name);
        if self.order.len() > REMEMBERED {
            self.settle();
            if let Some(oldest) = self.order.pop_front() {
                self.jobs.remove(&oldest);
            }
        }
    }

    /// Notes how a job ended. The first end counts, unless nobody can have seen it yet.
    pub(super) fn end(&mut self, vendor: Vendor, id: &str, end: End) {
        if let Some(job) = self.jobs.get_mut(&(vendor, id.to_owned()))
            && !job.charged
            && !matches!(job.end, Some((End::Failed(_), _)))
        {
            job.end = Some((end, job.since.elapsed()));
        }
    }

    /// The job of this id, charged if that is due.
    pub(super) fn job(&mut self, vendor: Vendor, id: &str) -> Option<View> {
        self.settle();
        self.jobs.get(&(vendor, id.to_owned())).map(Job::view)
    }

    /// The job that a caller named so.
    pub(super) fn named(&mut self, vendor: Vendor, token: &str) -> Option<View> {
        self.settle();
        let of_vendor = self.jobs.iter().filter(|((whose, _), _)| *whose == vendor);
        let mut named = of_vendor.filter(|(_, job)| job.start.token.as_deref() == Some(token));
        named.next().map(|(_, job)| job.view())
    }

    /// All jobs of a vendor that are remembered, oldest first.
    pub(super) fn list(&mut self, vendor: Vendor) -> Vec<View> {
        self.settle();
        self.order
            .iter()
            .filter(|(whose, _)| *whose == vendor)
            .filter_map(|name| Some(self.jobs.get(name)?.view()))
            .collect()
    }

    /// Charges work that was asked for and done in one call.
    pub(super) fn sold(&mut self, vendor: Vendor, charge: Charge) {
        let account = self.accounts.entry(vendor).or_default();
        account.submissions += 1;
        account.charge(charge);
    }

    /// The accounts of all vendors that were called.
    pub(super) fn accounts(&mut self) -> BTreeMap<Vendor, Account> {
        self.settle();
        self.accounts.clone()
    }

    /// Forgets counts and bills. Jobs stay: what succeeds from now on is charged.
    pub(super) fn reset(&mut self) {
        self.settle();
        self.accounts.clear();
    }

    /// Puts every success that can be seen on its bill, once.
    fn settle(&mut self) {
        for ((vendor, id), job) in &mut self.jobs {
            if !job.charged && matches!(job.ended(), Some((End::Made(_), _))) {
                job.charged = true;
                let (id, model) = (id.clone(), job.start.model.clone());
                self.accounts.entry(*vendor).or_default().charge(Charge {
                    id,
                    model,
                    micro_usd: job.start.cost,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(id: &str) -> Start {
        Start {
            id: id.into(),
            model: "m".into(),
            token: Some(format!("token-{id}")),
            latency_ms: 0,
            cost: MicroUsd(7),
            note: Value::Null,
        }
    }

    fn made() -> End {
        End::Made(vec![Media { bytes: Bytes::from_static(b"x"), media_type: "image/png" }])
    }

    #[test]
    fn a_success_is_charged_once_however_often_it_is_polled() {
        let mut ledger = Ledger::default();
        ledger.begin(Vendor::Google, start("a"), Duration::ZERO);
        assert!(matches!(ledger.job(Vendor::Google, "a").unwrap().status, Status::Running));
        ledger.end(Vendor::Google, "a", made());
        for _ in 0..3 {
            assert!(matches!(ledger.job(Vendor::Google, "a").unwrap().status, Status::Done(_)));
        }
        let account = &ledger.accounts()[&Vendor::Google];
        assert_eq!((account.submissions, account.charged, account.total_micro_usd), (1, 1, MicroUsd(7)));
        assert!(ledger.job(Vendor::Banana, "a").is_none(), "ids belong to their vendor");
        assert_eq!(ledger.named(Vendor::Google, "token-a").unwrap().id, "a");
    }

    #[test]
    fn what_is_made_early_is_seen_when_its_time_has_come() {
        let mut ledger = Ledger::default();
        ledger.begin(Vendor::Google, start("a"), Duration::from_secs(3600));
        ledger.end(Vendor::Google, "a", made());
        assert!(matches!(ledger.job(Vendor::Google, "a").unwrap().status, Status::Running));
        let failure = Failure { refused: false, message: "stopped".into() };
        ledger.end(Vendor::Google, "a", End::Failed(failure.clone()));
        let seen = ledger.job(Vendor::Google, "a").unwrap();
        assert!(matches!(seen.status, Status::Failed(why) if why == failure) && seen.ended_ms.is_some());
        assert_eq!(ledger.accounts()[&Vendor::Google].charged, 0);
    }
}
