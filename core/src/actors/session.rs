//! One player or page: its jobs, and a numbered log of what happened to them.
//!
//! A job is persisted before its clip is wanted, and wanted again until the generation has
//! answered. Updates may come twice or late: each carries an ordinal, and an event is logged at
//! most once. A socket that comes back says which event it saw last, and misses none.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::generation::{Answer, Update};
use crate::api::{EventKind, Job, JobEvent, JobStatus, Snapshot, Source};
use crate::operation::ClipSpec;
use crate::retry::Backoff;
use crate::units::Millis;

#[cfg(test)]
mod tests;

/// Most jobs a session remembers. The oldest final one is forgotten first; a live one that is
/// forgotten goes on, and is found by its id.
pub const MAX_JOBS: usize = 200;
/// Most events a session remembers.
pub const MAX_EVENTS: usize = 1_000;
/// How long it remembers an event.
pub const EVENT_AGE: Millis = Millis::seconds(600);
/// A want that has not been answered after this long died with its isolate.
const WANT_GUARD: Millis = Millis(15_000);
/// The wait between failed wants.
const BACKOFF: Backoff = Backoff { base: Millis(500), cap: Millis(60_000) };

/// What can happen to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A caller asks for a clip that does not exist.
    Requested {
        /// The job as it is to begin: queued. Its `source` is corrected by the answer.
        job: Box<Job>,
        /// What to make.
        spec: Box<ClipSpec>,
    },
    /// The generation answered a want, or could not be reached (`None`).
    WantAnswered {
        /// Which job wanted.
        job_id: String,
        /// What it said.
        answer: Option<Answer>,
    },
    /// A generation tells how a job goes.
    Updated(Update),
    /// A socket was opened. `since` is the last event it saw, if it saw one.
    Connected {
        /// The number of that event.
        since: Option<u64>,
    },
    /// The alarm went off.
    Alarm,
}

/// What the shell is to do, in this order, after it persisted the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Set the one alarm to this time.
    SetAlarm(Millis),
    /// Ask the generation of the job's key; answer with [`Event::WantAnswered`].
    Want {
        /// The job, with its key, priority and speculation.
        job: Box<Job>,
        /// What to make.
        spec: Box<ClipSpec>,
    },
    /// Send to the socket that was just opened.
    Greet(Message),
    /// Send to every open socket.
    Broadcast(JobEvent),
}

/// What a socket is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// First of all.
    Snapshot(Snapshot),
    /// Then every event.
    Event(JobEvent),
}

/// The persisted machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The number of the newest event.
    seq: u64,
    /// Oldest first.
    jobs: Vec<Entry>,
    /// Oldest first, numbers without a gap, the last one `seq`.
    events: VecDeque<JobEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    job: Job,
    /// The newest ordinal that was applied.
    ordinal: u64,
    /// Set until the generation has answered.
    want: Option<PendingWant>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PendingWant {
    spec: ClipSpec,
    tries: u32,
    due: Millis,
}

impl Session {
    /// Takes an event and decides what is to be done about it.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.forget_old_events(now);
        match event {
            Event::Requested { job, spec } => self.requested(now, *job, *spec, &mut effects),
            Event::WantAnswered { job_id, answer } => self.answered(now, &job_id, answer, &mut effects),
            Event::Updated(update) => self.apply(now, update, &mut effects),
            Event::Connected { since } => {
                effects.extend(self.greeting(since).into_iter().map(Effect::Greet));
            }
            Event::Alarm => self.want_again(now, &mut effects),
        }
        let pending = self.jobs.iter().filter_map(|entry| entry.want.as_ref());
        if let Some(at) = pending.map(|want| want.due).min() {
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

    /// The id of the live job for the same clip: the one that a new request joins.
    #[must_use]
    pub fn live_job(&self, like: &Job) -> Option<&Job> {
        let live = |job: &&Job| job.cache_key == like.cache_key && !job.status.is_final();
        self.jobs.iter().map(|entry| &entry.job).find(live)
    }

    fn requested(&mut self, now: Millis, job: Job, spec: ClipSpec, effects: &mut Vec<Effect>) {
        if let Some(id) = self.live_job(&job).map(|live| live.id.clone()) {
            return self.promote(now, &id, &job, spec, effects);
        }
        if self.jobs.len() >= MAX_JOBS {
            let oldest_final = self.jobs.iter().position(|entry| entry.job.status.is_final());
            self.jobs.remove(oldest_final.unwrap_or(0));
        }
        let want = PendingWant { spec: spec.clone(), tries: 1, due: now + WANT_GUARD };
        self.jobs.push(Entry { job: job.clone(), ordinal: 0, want: Some(want) });
        self.log(now, &job, effects);
        effects.push(Effect::Want { job: Box::new(job), spec: Box::new(spec) });
    }

    /// The same clip is asked for again while it is being made. A user's request lifts one that
    /// was made ahead of need; nothing is ever demoted.
    fn promote(&mut self, now: Millis, id: &str, again: &Job, spec: ClipSpec, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entry(id) else { return };
        let before = (entry.job.priority, entry.job.speculative);
        entry.job.priority = entry.job.priority.max(again.priority);
        entry.job.speculative &= again.speculative;
        if before != (entry.job.priority, entry.job.speculative) {
            entry.want = Some(PendingWant { spec: spec.clone(), tries: 1, due: now + WANT_GUARD });
            effects.push(Effect::Want { job: Box::new(entry.job.clone()), spec: Box::new(spec) });
        }
    }

    fn answered(&mut self, now: Millis, id: &str, answer: Option<Answer>, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entry(id) else { return };
        match answer {
            Some(Answer { source, update }) => {
                entry.want = None;
                entry.job.source = source;
                self.apply(now, update, effects);
            }
            None => {
                if let Some(want) = entry.want.as_mut() {
                    want.due = now + BACKOFF.delay(want.tries, id, None);
                }
            }
        }
    }

    fn want_again(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        for entry in &mut self.jobs {
            if let Some(want) = entry.want.as_mut().filter(|want| want.due <= now) {
                want.tries += 1;
                want.due = now + WANT_GUARD;
                let spec = Box::new(want.spec.clone());
                effects.push(Effect::Want { job: Box::new(entry.job.clone()), spec });
            }
        }
    }

    fn apply(&mut self, now: Millis, update: Update, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entry(&update.job_id) else { return };
        // Old news, or news about a job that has ended.
        if update.ordinal <= entry.ordinal || entry.job.status.is_final() {
            return;
        }
        entry.ordinal = update.ordinal;
        let job = &mut entry.job;
        // That it waits was said when it was requested. One that has begun goes on when its
        // generation begins anew: nobody is shown a job that waits a second time.
        let silent = update.status == JobStatus::Queued;
        if !silent {
            job.status = update.status;
        }
        job.progress = update.progress;
        job.estimate_ms = update.estimate_ms;
        job.content = update.content;
        job.error = update.error;
        job.updated_at = now;
        if job.status.is_final() {
            // A final job needs no stand-in and no second asking.
            job.fallback = if job.status == JobStatus::Complete { None } else { job.fallback.take() };
            entry.want = None;
        }
        if !silent {
            let job = entry.job.clone();
            self.log(now, &job, effects);
        }
    }

    /// Numbers and remembers what just happened to `job`.
    fn log(&mut self, now: Millis, job: &Job, effects: &mut Vec<Effect>) {
        self.seq += 1;
        let event = JobEvent {
            kind: match job.status {
                JobStatus::Queued => EventKind::Queued,
                JobStatus::Processing => EventKind::Processing,
                JobStatus::Complete => EventKind::Completed,
                JobStatus::Failed => EventKind::Failed,
                JobStatus::Cancelled => EventKind::Cancelled,
            },
            seq: self.seq,
            at: now,
            job_id: job.id.clone(),
            cache_key: job.cache_key.clone(),
            progress: (job.status == JobStatus::Processing).then_some(job.progress),
            result_url: job.content.as_ref().map(|content| content.url.clone()),
            error: job.error.clone(),
        };
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event.clone());
        effects.push(Effect::Broadcast(event));
    }

    fn forget_old_events(&mut self, now: Millis) {
        while self.events.front().is_some_and(|event| now.since(event.at) > EVENT_AGE) {
            self.events.pop_front();
        }
    }

    fn greeting(&self, since: Option<u64>) -> Vec<Message> {
        let kept_from = self.events.front().map_or(self.seq, |event| event.seq - 1);
        // A number we never gave is from a log that is gone.
        let reset = since.is_some_and(|since| since < kept_from || since > self.seq);
        let jobs = self.jobs.iter().map(|entry| entry.job.clone()).collect();
        let snapshot = Snapshot { kind: "session:snapshot".into(), seq: self.seq, reset, jobs };
        let missed = since.filter(|_| !reset).unwrap_or(self.seq);
        let events = self.events.iter().filter(|event| event.seq > missed).cloned();
        std::iter::once(Message::Snapshot(snapshot)).chain(events.map(Message::Event)).collect()
    }

    fn entry(&mut self, job_id: &str) -> Option<&mut Entry> {
        self.jobs.iter_mut().find(|entry| entry.job.id == job_id)
    }
}

/// The job as a joining request is answered: it did not start the flight.
#[must_use]
pub fn as_joined(job: &Job) -> Job {
    Job { source: Source::Coalesced, ..job.clone() }
}
