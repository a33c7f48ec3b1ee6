//! Where every clip stands that is wanted and not at hand: being fetched, not made yet, asked for,
//! being made. One address is fetched once and asked for once, however many characters want it.
//!
//! A clip that exists costs one GET. Only a miss is answered by a POST, and for a guess only when
//! the prefetcher says so. News comes over the socket; while it is down, jobs are polled, and even
//! while it is up a job that stays silent for long is asked after. Never holds a clip.

use std::collections::BTreeMap;

use crate::api::{Job, JobEvent, JobStatus};
use crate::cache_key::CacheKey;
use crate::units::Millis;

/// What the supply is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A clip is wanted. `urgent`: somebody waits for it, it is not a guess.
    Want {
        /// Which.
        key: CacheKey,
        /// Whether somebody waits.
        urgent: bool,
    },
    /// A guessed clip that is missing should be made.
    Make(CacheKey),
    /// A guessed clip is no longer worth fetching.
    Forget(CacheKey),
    /// The GET brought the clip.
    Got(CacheKey),
    /// The GET said that it does not exist.
    Absent(CacheKey),
    /// The GET or the POST did not get an answer worth the name; `after` is what the server asked for.
    Unreachable {
        /// Which clip it was for.
        key: CacheKey,
        /// Not before this long.
        after: Option<Millis>,
    },
    /// The POST or the poll was refused for good.
    Refused {
        /// Which clip it was for.
        key: CacheKey,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// The POST or a poll was answered.
    Job {
        /// The clip it was for, as this page computes it.
        key: CacheKey,
        /// The answer.
        job: Box<Job>,
    },
    /// The socket told something.
    News(JobEvent),
    /// The socket listed a job when it was opened.
    Listed(Box<Job>),
    /// The socket is open, or is not.
    Socket(bool),
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// What the supply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// GET the clip at `address`; report under `key`.
    Get {
        /// What this page calls it.
        key: CacheKey,
        /// Where the server keeps it; the same, unless the server knows better.
        address: CacheKey,
    },
    /// Stop the GET of this clip.
    Abort(CacheKey),
    /// POST a job for this clip.
    Post {
        /// Which.
        key: CacheKey,
        /// Whether it is a guess.
        speculative: bool,
    },
    /// GET the job.
    Poll {
        /// The clip it makes.
        key: CacheKey,
        /// The job.
        job_id: String,
    },
    /// The clip that was just got is the one wanted; `made`: it was made while we waited.
    Deliver {
        /// Which.
        key: CacheKey,
        /// Whether it had to be made.
        made: bool,
    },
    /// The clip will take long: it has to be made, or cannot be reached.
    Far(CacheKey),
    /// A guess is missing and waits for the prefetcher's word.
    Missing(CacheKey),
    /// The clip cannot be had for now.
    Failed {
        /// Which.
        key: CacheKey,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// Whether somebody awaits news on the socket.
    NeedSocket(bool),
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

/// A job that is under way, for a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenJob {
    /// The job's id; empty until the server has answered.
    pub id: String,
    /// The clip.
    pub key: CacheKey,
    /// As the server last said.
    pub status: JobStatus,
    /// 0 to 1.
    pub progress: f32,
    /// Whether it is a guess.
    pub speculative: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
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
    /// Tried in vain; tried again at `at`, if somebody waits.
    Resting {
        at: Millis,
        then: Box<Stage>,
    },
    Failed {
        until: Millis,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Line {
    urgent: bool,
    failures: u32,
    stage: Stage,
}

/// Every clip that is wanted and not at hand.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    lines: BTreeMap<CacheKey, Line>,
    socket: bool,
    needed: bool,
}

/// A job is asked after this long while the socket is down; doubled up to [`SLOWEST_POLL`].
const FIRST_POLL: Millis = Millis(1_000);
/// The longest pause between two polls while the socket is down.
const SLOWEST_POLL: u64 = 10_000;
/// A job that the open socket is silent about is asked after this long: a lost message costs a
/// delay, not a clip.
const SILENCE: Millis = Millis::seconds(20);
/// After a failure for good a clip is not asked for again for this long.
const SULK: Millis = Millis::seconds(30);
/// How often a request that got no answer is tried again before it counts as failed.
const TRIES: u32 = 5;

impl Supply {
    /// The jobs that are under way.
    #[must_use]
    pub fn jobs(&self) -> Vec<OpenJob> {
        let open = |(key, line): (&CacheKey, &Line)| {
            let (id, status, progress) = match &line.stage {
                Stage::Asking => (String::new(), JobStatus::Queued, 0.0),
                Stage::Making { job_id, status, progress, .. } => (job_id.clone(), *status, *progress),
                _ => return None,
            };
            Some(OpenJob { id, key: key.clone(), status, progress, speculative: !line.urgent })
        };
        self.lines.iter().filter_map(open).collect()
    }

    /// When time alone will change something.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        let due = |line: &Line| match &line.stage {
            Stage::Making { ask_at, .. } => Some(*ask_at),
            Stage::Resting { at, .. } => Some(*at),
            _ => None,
        };
        self.lines.values().filter_map(due).min()
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = match event {
            Event::Want { key, urgent } => self.want(now, key, urgent),
            Event::Make(key) => match self.lines.get_mut(&key) {
                Some(line) if line.stage == Stage::Missing => vec![line.ask(key)],
                _ => Vec::new(),
            },
            Event::Forget(key) => {
                let idle = |line: &Line| !line.urgent && matches!(line.stage, Stage::Fetching { .. });
                if self.lines.get(&key).is_some_and(idle) {
                    self.lines.remove(&key);
                    vec![Effect::Abort(key)]
                } else {
                    Vec::new()
                }
            }
            Event::Got(key) => match self.lines.remove(&key) {
                Some(Line { stage: Stage::Fetching { made, .. }, .. }) => vec![Effect::Deliver { key, made }],
                Some(line) => {
                    self.lines.insert(key, line);
                    Vec::new()
                }
                None => Vec::new(),
            },
            Event::Absent(key) => self.absent(now, key),
            Event::Unreachable { key, after } => self.unreachable(now, key, after),
            Event::Refused { key, code, detail } => self.fail(now, key, code, detail),
            Event::Job { key, job } => self.heard(now, &key, &Heard::from(*job)),
            Event::News(news) => self.told(now, &Heard::from(news)),
            Event::Listed(job) => self.told(now, &Heard::from(*job)),
            Event::Socket(open) => {
                self.socket = open;
                for line in self.lines.values_mut() {
                    if let Stage::Making { ask_at, .. } = &mut line.stage {
                        *ask_at = if open { now + SILENCE } else { (*ask_at).min(now + FIRST_POLL) };
                    }
                }
                Vec::new()
            }
            Event::Wake => self.wake(now),
        };
        let needed =
            self.lines.values().any(|line| matches!(line.stage, Stage::Asking | Stage::Making { .. }));
        if std::mem::replace(&mut self.needed, needed) != needed {
            effects.push(Effect::NeedSocket(needed));
        }
        effects.extend(self.next_wake().map(Effect::WakeAt));
        effects
    }

    fn want(&mut self, now: Millis, key: CacheKey, urgent: bool) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else {
            return vec![self.fetch(key.clone(), key, urgent, false)];
        };
        let newly = urgent && !line.urgent;
        line.urgent |= urgent;
        match &line.stage {
            Stage::Missing if urgent => vec![Effect::Far(key.clone()), line.ask(key)],
            // The edge moves a guess to the front when it is asked for in earnest.
            Stage::Making { .. } if newly => {
                vec![Effect::Far(key.clone()), Effect::Post { key, speculative: false }]
            }
            Stage::Asking | Stage::Making { .. } | Stage::Resting { .. } if urgent => vec![Effect::Far(key)],
            Stage::Failed { until } if *until <= now => vec![self.fetch(key.clone(), key, urgent, false)],
            Stage::Failed { .. } if urgent => vec![Effect::Far(key)],
            _ => Vec::new(),
        }
    }

    fn fetch(&mut self, key: CacheKey, address: CacheKey, urgent: bool, made: bool) -> Effect {
        let failures = self.lines.get(&key).map_or(0, |line| line.failures);
        let stage = Stage::Fetching { address: address.clone(), made };
        self.lines.insert(key.clone(), Line { urgent, failures, stage });
        Effect::Get { key, address }
    }

    fn absent(&mut self, now: Millis, key: CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        match &line.stage {
            // The job says that it is made, the store does not have it yet: patience, not another job.
            Stage::Fetching { made: true, .. } => self.unreachable(now, key, None),
            Stage::Fetching { .. } if line.urgent => vec![Effect::Far(key.clone()), line.ask(key)],
            Stage::Fetching { .. } => {
                line.stage = Stage::Missing;
                vec![Effect::Missing(key)]
            }
            _ => Vec::new(),
        }
    }

    fn unreachable(&mut self, now: Millis, key: CacheKey, after: Option<Millis>) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        // A poll that got no answer is simply repeated; the job goes on without us.
        if !matches!(line.stage, Stage::Fetching { .. } | Stage::Asking) {
            return Vec::new();
        }
        line.failures += 1;
        if line.failures >= TRIES || !line.urgent {
            let detail = "The clip could not be fetched; the network or the server may be down.".to_owned();
            return self.fail(now, key, "unreachable".into(), detail);
        }
        let pause = Millis((FIRST_POLL.0 << line.failures.min(5)) / 2);
        let at = now + after.unwrap_or(pause).max(pause);
        let then = Box::new(std::mem::replace(&mut line.stage, Stage::Missing));
        line.stage = Stage::Resting { at, then };
        vec![Effect::Far(key)]
    }

    fn fail(&mut self, now: Millis, key: CacheKey, code: String, detail: String) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        line.stage = Stage::Failed { until: now + SULK };
        line.failures = 0;
        line.urgent = false;
        vec![Effect::Failed { key, code, detail }]
    }

    fn told(&mut self, now: Millis, heard: &Heard) -> Vec<Effect> {
        let about = |(key, line): &(&CacheKey, &Line)| line.is_about(key, heard);
        let found = self.lines.iter().find(about).map(|(key, _)| key.clone());
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
                vec![self.fetch(key.clone(), heard.address.clone(), urgent, true)]
            }
            JobStatus::Failed | JobStatus::Cancelled => {
                let (code, detail) = heard.error.clone().unwrap_or_else(|| {
                    ("cancelled".to_owned(), "The job was cancelled before the clip was made.".to_owned())
                });
                self.fail(now, key.clone(), code, detail)
            }
            status @ (JobStatus::Queued | JobStatus::Processing) => {
                let known = match &line.stage {
                    Stage::Making { progress, .. } => *progress,
                    _ => 0.0,
                };
                line.stage = Stage::Making {
                    job_id: heard.job_id.clone(),
                    address: heard.address.clone(),
                    status,
                    progress: heard.progress.unwrap_or(known),
                    ask_at: now + silence,
                };
                Vec::new()
            }
        }
    }

    fn wake(&mut self, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (key, line) in &mut self.lines {
            match &mut line.stage {
                Stage::Making { job_id, ask_at, .. } if *ask_at <= now => {
                    effects.push(Effect::Poll { key: key.clone(), job_id: job_id.clone() });
                    line.failures = line.failures.saturating_add(1);
                    let pause = Millis((FIRST_POLL.0 << line.failures.min(5)).min(SLOWEST_POLL));
                    *ask_at = now + if self.socket { SILENCE } else { pause };
                }
                Stage::Resting { at, then } if *at <= now => {
                    effects.push(match &**then {
                        Stage::Fetching { address, .. } => {
                            Effect::Get { key: key.clone(), address: address.clone() }
                        }
                        _ => Effect::Post { key: key.clone(), speculative: !line.urgent },
                    });
                    line.stage = (**then).clone();
                }
                _ => {}
            }
        }
        effects
    }
}

impl Line {
    fn ask(&mut self, key: CacheKey) -> Effect {
        self.stage = Stage::Asking;
        Effect::Post { key, speculative: !self.urgent }
    }

    /// A message may come before the answer to the POST: then only the address tells whose it is.
    fn is_about(&self, key: &CacheKey, heard: &Heard) -> bool {
        match &self.stage {
            Stage::Asking => *key == heard.address,
            Stage::Making { job_id, address, .. } => *job_id == heard.job_id || *address == heard.address,
            _ => false,
        }
    }
}

/// What an answer and a socket message have in common.
struct Heard {
    job_id: String,
    address: CacheKey,
    status: JobStatus,
    progress: Option<f32>,
    error: Option<(String, String)>,
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
        use crate::api::EventKind;
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

#[cfg(test)]
mod tests;
