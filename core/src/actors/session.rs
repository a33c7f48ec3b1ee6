//! One player or page: its limit, its jobs, and a numbered log of what happened to them.
//!
//! A job is persisted before its clip is wanted, and wanted again until the generation has
//! answered. Updates may come twice or late: each carries an ordinal, and an event is logged at
//! most once. A socket that comes back says which event it saw last, and misses none.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::actors::generation::{Answer, Update};
use crate::actors::guard::{self, Guard};
use crate::api::{EventKind, Job, JobEvent, JobStatus, Snapshot, Source};
use crate::limiter::{Limiter, Verdict};
use crate::operation::Operation;
use crate::units::{MicroUsd, Millis};

mod event;
mod job;
mod storage;
#[cfg(test)]
mod tests;

pub use event::{Effect, Event, Idempotency, Message, Preview, Reply, Request, Wish};
use job::{Entry, Pending};

/// Most jobs a session remembers. The oldest final one is forgotten first; while all are live, no
/// other is taken.
pub const MAX_JOBS: usize = 1_000;
/// Most events a session remembers.
pub const MAX_EVENTS: usize = 1_000;
/// How long it remembers an event.
pub const EVENT_AGE: Millis = Millis::seconds(600);
/// Most final jobs in a snapshot; live ones are all in it.
const SNAPSHOT_FINAL: usize = 50;

/// The machine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    meta: Meta,
    /// Oldest first.
    jobs: Vec<Entry>,
    /// Oldest first, numbers without a gap, the last one `seq`.
    events: VecDeque<JobEvent>,
    changed: BTreeSet<storage::Part>,
}

/// What is stored as one part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Meta {
    /// The number of the newest event.
    seq: u64,
    /// The number of the newest job.
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    limiter: Limiter,
    /// What the session's jobs have cost, or may still cost.
    #[serde(default)]
    spent: MicroUsd,
    #[serde(default)]
    revoked: bool,
}

/// Which jobs to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Only these, unless empty.
    pub statuses: Vec<JobStatus>,
    /// Only of this operation.
    pub operation: Option<Operation>,
    /// Only older ones than this; from an earlier page.
    pub before: Option<u64>,
    /// At most so many, 1 to 100.
    pub limit: usize,
}

impl Session {
    /// Takes an event and decides what is to be done about it.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.forget_old_events(now);
        match event {
            Event::Requested(request) => {
                let reply = self.requested(now, *request, &mut effects);
                effects.insert(0, Effect::Reply(reply));
            }
            Event::WantAnswered { job_id, answer } => self.answered(now, &job_id, answer, &mut effects),
            Event::Updated(update) => self.apply(now, update, &mut effects),
            Event::Cancel { job_id } => {
                let reply = self.cancel(now, &job_id, &mut effects);
                effects.insert(0, Effect::Reply(reply));
            }
            Event::LeaveAnswered { job_id, acknowledged } => {
                if let Some(entry) = self.entry(&job_id) {
                    entry.leave_answered(now, acknowledged);
                }
            }
            Event::WebhookAnswered { job_id, url, over } => {
                if let Some(entry) = self.entry(&job_id) {
                    entry.webhook_answered(now, &url, over);
                }
            }
            Event::Connected { .. } if self.meta.revoked => effects.push(Effect::Reply(Reply::Revoked)),
            Event::Connected { since } => {
                effects.extend(self.greeting(since).into_iter().map(Effect::Greet));
            }
            Event::Counted(rate) => {
                self.changed.insert(storage::Part::Meta);
                let verdict = self.meta.limiter.admit(now, rate);
                effects.push(Effect::Reply(Reply::Counted(verdict)));
            }
            Event::Revoked => {
                self.meta.revoked = true;
                self.changed.insert(storage::Part::Meta);
                effects.extend([Effect::Reply(Reply::Done), Effect::CloseSockets]);
            }
            Event::Alarm => {
                for entry in &mut self.jobs {
                    let due = entry.due(now);
                    if !due.is_empty() {
                        self.changed.insert(storage::Part::Job(entry.serial));
                        effects.extend(due);
                    }
                }
            }
        }
        if let Some(at) = self.jobs.iter().filter_map(Entry::wake).min() {
            // First, so that the shell sets it in the very write that persists the machine.
            effects.insert(0, Effect::SetAlarm(at.max(now)));
        }
        effects
    }

    /// The job with this id, if it is remembered.
    #[must_use]
    pub fn job(&self, job_id: &str) -> Option<&Job> {
        self.jobs.iter().map(|entry| &entry.job).find(|job| job.id == job_id)
    }

    /// A page of jobs, newest first, and where the next page begins.
    #[must_use]
    pub fn list(&self, filter: &Filter) -> (Vec<Job>, Option<u64>) {
        let fits = |entry: &&Entry| {
            entry.preview_of.is_none()
                && filter.before.is_none_or(|before| entry.serial < before)
                && (filter.statuses.is_empty() || filter.statuses.contains(&entry.job.status))
                && filter.operation.is_none_or(|operation| entry.job.operation_type == operation)
        };
        let mut found = self.jobs.iter().rev().filter(fits);
        let page: Vec<&Entry> = found.by_ref().take(filter.limit).collect();
        let next = found.next().and_then(|_| page.last()).map(|entry| entry.serial);
        (page.into_iter().map(|entry| entry.job.clone()).collect(), next)
    }

    /// What the limit would say to a request.
    #[must_use]
    pub fn limit(&self, now: Millis, rate: crate::limiter::Rate) -> Verdict {
        self.meta.limiter.check(now, rate)
    }

    fn requested(&mut self, now: Millis, request: Request, effects: &mut Vec<Effect>) -> Reply {
        if self.meta.revoked {
            return Reply::Revoked;
        }
        if let Some(known) = self.repeated(request.idempotency.as_ref()) {
            return known;
        }
        let Request { job, wish, preview, webhook, idempotency, rate, allowance } = request;
        let live = self.live_job(&job).map(|entry| entry.job.id.clone());
        let cost = if live.is_some() || job.status.is_final() { MicroUsd(0) } else { wish.terms.cost };
        if let Some(allowance) = allowance.filter(|allowance| self.meta.spent + cost > *allowance) {
            return Reply::Spent { left: allowance.less(self.meta.spent), cost };
        }
        if !self.make_room() {
            return Reply::Full;
        }
        self.changed.insert(storage::Part::Meta);
        // A clip that exists is answered without counting; it is here for its idempotency key only.
        let mut verdict = None;
        if !job.status.is_final() {
            let said = self.meta.limiter.admit(now, rate);
            if !said.admitted && guard::holds(Guard::RequestLimit) {
                return Reply::Limited(said);
            }
            verdict = Some(said);
        }
        if let Some(id) = live {
            // A user's request lifts one that was made ahead of need; nothing is ever demoted.
            if let Some(entry) = self.entry(&id) {
                if !entry.join(idempotency, webhook) {
                    return Reply::Full;
                }
                effects.extend(entry.promote(now, &job, wish));
            }
            return Reply::Job { id, joined: true, repeated: false, verdict };
        }
        let id = job.id.clone();
        let mut entry = Entry::new(self.next_serial(), job);
        entry.idempotency = idempotency;
        entry.webhook = webhook.map(|url| job::Webhook { url, pending: Pending::idle() });
        if !entry.job.status.is_final() {
            entry.held = cost;
            entry.charged_once_begun = !wish.terms.cancel_saves;
            self.meta.spent = self.meta.spent + cost;
            effects.push(entry.want(now, wish));
        }
        let begun = entry.job.clone();
        self.keep(entry);
        if begun.status.is_final() {
            self.ended(now, &id, effects);
        } else {
            self.log(now, &begun, None, effects);
        }
        // A clip is not refused because its preview would be too dear: it comes without one.
        let fits = |cost| allowance.is_none_or(|allowance| self.meta.spent + cost <= allowance);
        if let Some(Preview { job, wish }) = preview.filter(|preview| fits(preview.wish.terms.cost)) {
            let mut entry = Entry::new(self.next_serial(), job);
            entry.preview_of = Some(id.clone());
            entry.held = wish.terms.cost;
            entry.charged_once_begun = !wish.terms.cancel_saves;
            self.meta.spent = self.meta.spent + entry.held;
            effects.push(entry.want(now, wish));
            self.keep(entry);
        }
        Reply::Job { id, joined: false, repeated: false, verdict }
    }

    /// The answer to a request that was made before, under the same idempotency key.
    fn repeated(&self, idempotency: Option<&Idempotency>) -> Option<Reply> {
        let idempotency = idempotency.filter(|_| guard::holds(Guard::OneJobPerIdempotencyKey))?;
        let of_key = |entry| Some((entry, Entry::request_of(entry, &idempotency.key)?));
        let (entry, before) = self.jobs.iter().find_map(of_key)?;
        Some(if before == idempotency {
            Reply::Job { id: entry.job.id.clone(), joined: false, repeated: true, verdict: None }
        } else {
            Reply::Conflict
        })
    }

    /// The live job for the same clip: the one that a new request joins.
    fn live_job(&self, like: &Job) -> Option<&Entry> {
        let live = |entry: &&Entry| {
            entry.job.cache_key == like.cache_key
                && !entry.job.status.is_final()
                && entry.preview_of.is_none()
        };
        self.jobs.iter().find(live)
    }

    fn answered(&mut self, now: Millis, id: &str, answer: Option<Answer>, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entry(id) else { return };
        match answer {
            // A second answer to a want that was doubled, about a flight that is not this job's.
            Some(_) if entry.job.status.is_final() => entry.want = None,
            Some(Answer { source, update }) => {
                entry.want = None;
                entry.job.source = source;
                let held = std::mem::take(&mut entry.held);
                // Whoever joins pays nothing: the one who began does.
                let pays = if source == Source::Generated { held } else { MicroUsd(0) };
                entry.held = pays;
                self.meta.spent = self.meta.spent.less(held) + pays;
                self.changed.insert(storage::Part::Meta);
                self.apply(now, update, effects);
            }
            None => entry.want_unanswered(now),
        }
    }

    fn cancel(&mut self, now: Millis, id: &str, effects: &mut Vec<Effect>) -> Reply {
        let Some(entry) = self.entry(id).filter(|entry| entry.preview_of.is_none()) else {
            return Reply::Unknown;
        };
        if entry.job.status.is_final() {
            return Reply::Final;
        }
        effects.push(entry.cancel(now));
        self.pass_on(id);
        self.ended(now, id, effects);
        Reply::Done
    }

    fn apply(&mut self, now: Millis, update: Update, effects: &mut Vec<Effect>) {
        let id = update.job_id.clone();
        let Some(entry) = self.entry(&id) else { return };
        let Some(told) = entry.apply(now, update) else { return };
        if let Some(main) = entry.preview_of.clone() {
            let (status, content) = (entry.job.status, entry.job.content.clone());
            if told && status.is_final() {
                self.settle(&id);
            }
            if told && status == JobStatus::Complete {
                self.previewed(now, &main, content, effects);
            }
        } else if told {
            let job = entry.job.clone();
            if job.status.is_final() {
                self.ended(now, &id, effects);
            } else {
                self.log(now, &job, None, effects);
            }
        }
    }

    /// A preview exists: the job that it belongs to says so, if it still matters.
    fn previewed(
        &mut self,
        now: Millis,
        main: &str,
        content: Option<crate::api::Content>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.entry(main).filter(|entry| !entry.job.status.is_final()) else { return };
        entry.job.preview.clone_from(&content);
        entry.job.updated_at = now;
        let job = entry.job.clone();
        self.log(now, &job, content.map(|content| content.url), effects);
    }

    /// A job has come to its end: its money is settled, its caller told.
    fn ended(&mut self, now: Millis, id: &str, effects: &mut Vec<Effect>) {
        self.settle(id);
        let Some(entry) = self.entry(id) else { return };
        if entry.job.status != JobStatus::Complete {
            self.stop_previews(now, id, effects);
        }
        let Some(entry) = self.entry(id) else { return };
        effects.extend(entry.call_webhooks(now));
        let job = entry.job.clone();
        self.log(now, &job, None, effects);
    }

    /// Nobody looks at the previews of a job that has come to nothing.
    fn stop_previews(&mut self, now: Millis, id: &str, effects: &mut Vec<Effect>) {
        let of_it = |entry: &&Entry| entry.preview_of.as_deref() == Some(id) && !entry.job.status.is_final();
        let previews: Vec<String> =
            self.jobs.iter().filter(of_it).map(|entry| entry.job.id.clone()).collect();
        for preview in previews {
            if let Some(entry) = self.entry(&preview) {
                effects.push(entry.cancel(now));
                self.pass_on(&preview);
                self.settle(&preview);
            }
        }
    }

    /// What was held for a job that is cancelled is held for whoever goes on waiting for the same clip: it
    /// is made and paid for all the same.
    fn pass_on(&mut self, id: &str) {
        let Some(entry) = self.jobs.iter().find(|entry| entry.job.id == id) else { return };
        let (key, held) = (entry.job.cache_key, entry.held);
        let waits = |entry: &&Entry| {
            entry.job.cache_key == key && entry.want.is_none() && !entry.job.status.is_final()
        };
        let heir = self.jobs.iter().find(waits).map(|entry| entry.job.id.clone());
        let Some(heir) = heir.filter(|_| held > MicroUsd(0)) else { return };
        if let Some(entry) = self.entry(&heir) {
            entry.held = entry.held + held;
        }
        if let Some(entry) = self.entry(id) {
            entry.held = MicroUsd(0);
        }
    }

    /// What was held for a job that has ended becomes what it cost.
    fn settle(&mut self, id: &str) {
        let Some(entry) = self.entry(id) else { return };
        let held = std::mem::take(&mut entry.held);
        let cost = match entry.job.status {
            JobStatus::Complete if held > MicroUsd(0) => entry.job.cost_micro_usd.unwrap_or(held),
            // Attempts may have been charged that came to nothing.
            JobStatus::Failed if held > MicroUsd(0) => entry.job.cost_micro_usd.unwrap_or_default(),
            _ => MicroUsd(0),
        };
        self.meta.spent = self.meta.spent.less(held) + cost;
        self.changed.insert(storage::Part::Meta);
    }

    /// Numbers and remembers what just happened to `job`.
    fn log(&mut self, now: Millis, job: &Job, preview: Option<String>, effects: &mut Vec<Effect>) {
        self.meta.seq = self.meta.seq.saturating_add(1);
        let kind = match job.status {
            _ if preview.is_some() => EventKind::Preview,
            JobStatus::Queued => EventKind::Queued,
            JobStatus::Processing => EventKind::Processing,
            JobStatus::Complete => EventKind::Completed,
            JobStatus::Failed => EventKind::Failed,
            JobStatus::Cancelled => EventKind::Cancelled,
        };
        let event = JobEvent {
            kind,
            seq: self.meta.seq,
            at: now,
            job_id: job.id.clone(),
            cache_key: job.cache_key,
            progress: (kind == EventKind::Processing).then_some(job.progress),
            result_url: preview.or_else(|| job.content.as_ref().map(|content| content.url.clone())),
            error: job.error.clone(),
        };
        if self.events.len() >= MAX_EVENTS {
            self.forget_first_event();
        }
        self.events.push_back(event.clone());
        self.changed.extend([storage::Part::Meta, storage::Part::Event(event.seq)]);
        effects.push(Effect::Broadcast(event));
    }

    fn forget_old_events(&mut self, now: Millis) {
        while self.events.front().is_some_and(|event| now.since(event.at) > EVENT_AGE) {
            self.forget_first_event();
        }
    }

    fn forget_first_event(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.changed.insert(storage::Part::Event(event.seq));
        }
    }

    fn greeting(&self, since: Option<u64>) -> Vec<Message> {
        let seq = self.meta.seq;
        let kept_from = self.events.front().map_or(seq, |event| event.seq.saturating_sub(1));
        // A number we never gave is from a log that is gone.
        let reset = since.is_some_and(|since| since < kept_from || since > seq);
        let shown = || self.jobs.iter().filter(|entry| entry.preview_of.is_none());
        let over = shown().filter(|entry| entry.job.status.is_final()).count();
        let mut skip = over.saturating_sub(SNAPSHOT_FINAL);
        let recent = |entry: &&Entry| {
            let is_old = entry.job.status.is_final() && skip > 0;
            skip -= usize::from(is_old);
            !is_old
        };
        let jobs = shown().filter(recent).map(|entry| entry.job.clone()).collect();
        let snapshot = Snapshot { kind: "session:snapshot".into(), seq, reset, jobs };
        let missed = since.filter(|_| !reset).unwrap_or(seq);
        let events = self.events.iter().filter(|event| event.seq > missed).cloned();
        std::iter::once(Message::Snapshot(snapshot)).chain(events.map(Message::Event)).collect()
    }

    /// Makes room for one job more. False when all that are remembered are live.
    fn make_room(&mut self) -> bool {
        if self.jobs.len() < MAX_JOBS {
            return true;
        }
        let Some(over) = self.jobs.iter().position(Entry::is_over) else { return false };
        let entry = self.jobs.remove(over);
        self.changed.insert(storage::Part::Job(entry.serial));
        true
    }

    fn next_serial(&mut self) -> u64 {
        self.meta.serial = self.meta.serial.saturating_add(1);
        self.changed.insert(storage::Part::Meta);
        self.meta.serial
    }

    fn keep(&mut self, entry: Entry) {
        self.changed.insert(storage::Part::Job(entry.serial));
        self.jobs.push(entry);
    }

    /// The job with this id, to be changed.
    fn entry(&mut self, job_id: &str) -> Option<&mut Entry> {
        let entry = self.jobs.iter_mut().find(|entry| entry.job.id == job_id)?;
        self.changed.insert(storage::Part::Job(entry.serial));
        Some(entry)
    }
}

/// The job as a joining request is answered: it did not start the flight.
#[must_use]
pub fn as_joined(job: &Job) -> Job {
    Job { source: Source::Coalesced, ..job.clone() }
}
