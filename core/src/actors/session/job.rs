//! One job of a session, and what it still has to say to others: its generation, its webhook.

use serde::{Deserialize, Serialize};

use super::event::{Effect, Idempotency, Wish};
use crate::actors::generation::Update;
use crate::actors::guard::{self, Guard};
use crate::api::{Job, JobStatus};
use crate::retry::Backoff;
use crate::units::{MicroUsd, Millis};

/// A generation that has not answered after this long is told again.
const GUARD: Millis = Millis(15_000);
/// The wait between failed calls of a generation.
const BACKOFF: Backoff = Backoff { base: Millis(500), cap: Millis(60_000) };
/// A webhook that has not been answered after this long is sent again.
const WEBHOOK_GUARD: Millis = Millis(40_000);
/// The wait between failed webhooks.
const WEBHOOK_BACKOFF: Backoff = Backoff { base: Millis(5_000), cap: Millis(3_600_000) };
/// Most requests that a job remembers to have been joined by.
const MAX_JOINED: usize = 50;
/// A webhook that failed this often, over about seven hours, is given up.
const MAX_WEBHOOKS: u32 = 16;

/// A job and its business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its number within the session.
    #[serde(default)]
    pub(super) serial: u64,
    pub(super) job: Job,
    /// The newest ordinal that was applied.
    pub(super) ordinal: u64,
    /// Set until the generation has answered.
    #[serde(default)]
    pub(super) want: Option<Want>,
    /// Set from a cancellation until the generation has heard of it.
    #[serde(default)]
    pub(super) leave: Option<Pending>,
    #[serde(default)]
    pub(super) webhook: Option<Webhook>,
    #[serde(default)]
    pub(super) idempotency: Option<Idempotency>,
    /// What requests that joined it left to be kept: at most [`MAX_JOINED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    joined: Vec<Joined>,
    /// The job that this one makes the preview of. It has no events of its own.
    #[serde(default)]
    pub(super) preview_of: Option<String>,
    /// What it may cost its token.
    #[serde(default)]
    pub(super) held: MicroUsd,
    /// Whether its provider charges all of it once it has begun, cancelled or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) charged_once_begun: bool,
}

/// Something to be said until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    tries: u32,
    /// When it is to be said next; never, where there is no time.
    due: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Want {
    pub(super) wish: Wish,
    #[serde(flatten)]
    pub(super) pending: Pending,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Webhook {
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) pending: Pending,
}

/// What a request that joined a job asked for besides the clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Joined {
    #[serde(default)]
    idempotency: Option<Idempotency>,
    #[serde(default)]
    webhook: Option<Webhook>,
}

impl Pending {
    /// Not to be said yet.
    pub(super) const fn idle() -> Self {
        Self { tries: 0, due: None }
    }

    pub(super) fn begun(now: Millis, guard: Millis) -> Self {
        Self { tries: 1, due: Some(now + guard) }
    }

    fn failed(&mut self, now: Millis, backoff: Backoff, seed: &str) {
        self.due = Some(now + backoff.delay(self.tries, seed, None));
    }

    /// Whether it is to be said now. It counts as said until the guard is over.
    fn say(&mut self, now: Millis, guard: Millis) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.tries = self.tries.saturating_add(1);
            self.due = Some(now + guard);
        }
        due
    }
}

impl Entry {
    pub(super) fn new(serial: u64, job: Job) -> Self {
        Self {
            serial,
            job,
            ordinal: 0,
            want: None,
            leave: None,
            webhook: None,
            idempotency: None,
            joined: Vec::new(),
            preview_of: None,
            held: MicroUsd(0),
            charged_once_begun: false,
        }
    }

    /// Whether there is nothing more to do about it.
    pub(super) fn is_over(&self) -> bool {
        self.job.status.is_final() && self.wake().is_none()
    }

    /// When something about it is next to be done.
    pub(super) fn wake(&self) -> Option<Millis> {
        let want = self.want.as_ref().and_then(|want| want.pending.due);
        let leave = self.leave.as_ref().and_then(|leave| leave.due);
        let joined = self.joined.iter().filter_map(|joined| joined.webhook.as_ref());
        let webhooks = self.webhook.iter().chain(joined).map(|webhook| webhook.pending.due);
        [want, leave].into_iter().chain(webhooks).flatten().min()
    }

    /// What is to be said now.
    pub(super) fn due(&mut self, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(want) = self.want.as_mut()
            && want.pending.say(now, GUARD)
        {
            let wish = Box::new(want.wish.clone());
            effects.push(Effect::Want { job: Box::new(self.job.clone()), wish });
        }
        if self.leave.as_mut().is_some_and(|leave| leave.say(now, GUARD)) {
            effects.push(self.leaving());
        }
        let said = self
            .webhooks()
            .filter_map(|webhook| webhook.pending.say(now, WEBHOOK_GUARD).then(|| webhook.url.clone()));
        let said: Vec<String> = said.collect();
        effects.extend(said.into_iter().map(|url| self.posting(url)));
        effects
    }

    /// Those of all its requests.
    fn webhooks(&mut self) -> impl Iterator<Item = &mut Webhook> {
        let joined = self.joined.iter_mut().filter_map(|joined| joined.webhook.as_mut());
        self.webhook.iter_mut().chain(joined)
    }

    fn posting(&self, url: String) -> Effect {
        Effect::Webhook { url, job: Box::new(self.job.clone()) }
    }

    /// A later request for the same clip joins it. False when too many have.
    pub(super) fn join(&mut self, idempotency: Option<Idempotency>, webhook: Option<String>) -> bool {
        let webhook = webhook
            .filter(|url| self.webhooks().all(|webhook| webhook.url != *url))
            .map(|url| Webhook { url, pending: Pending::idle() });
        if idempotency.is_none() && webhook.is_none() {
            return true;
        }
        let has_room = self.joined.len() < MAX_JOINED;
        if has_room {
            self.joined.push(Joined { idempotency, webhook });
        }
        has_room
    }

    /// The request that was made under this idempotency key, if it is this job.
    pub(super) fn request_of(&self, key: &str) -> Option<&Idempotency> {
        let joined = self.joined.iter().filter_map(|joined| joined.idempotency.as_ref());
        self.idempotency.iter().chain(joined).find(|idempotency| idempotency.key == key)
    }

    /// Wants its clip.
    pub(super) fn want(&mut self, now: Millis, wish: Wish) -> Effect {
        let effect = Effect::Want { job: Box::new(self.job.clone()), wish: Box::new(wish.clone()) };
        let keep = guard::holds(Guard::WantedUntilAnswered);
        self.want = keep.then(|| Want { wish, pending: Pending::begun(now, GUARD) });
        effect
    }

    pub(super) fn want_unanswered(&mut self, now: Millis) {
        if let Some(want) = self.want.as_mut() {
            want.pending.failed(now, BACKOFF, &self.job.id);
        }
    }

    /// Becomes as urgent as a later request for the same clip. Wants again where that changes
    /// anything.
    pub(super) fn promote(&mut self, now: Millis, again: &Job, wish: Wish) -> Option<Effect> {
        let before = (self.job.priority, self.job.speculative);
        self.job.priority = self.job.priority.max(again.priority);
        self.job.speculative &= again.speculative;
        (before != (self.job.priority, self.job.speculative)).then(|| self.want(now, wish))
    }

    /// Ends it before its clip is there. What was held for it may be settled then.
    pub(super) fn cancel(&mut self, now: Millis) -> Effect {
        if self.job.status == JobStatus::Processing && self.charged_once_begun {
            // It stays spent: else a page would have for nothing what its tenant pays for.
            self.held = MicroUsd(0);
        }
        self.job.status = JobStatus::Cancelled;
        self.job.updated_at = now;
        self.leave(now)
    }

    /// Does not want its clip any more.
    pub(super) fn leave(&mut self, now: Millis) -> Effect {
        self.want = None;
        self.leave = Some(Pending::begun(now, GUARD));
        self.leaving()
    }

    fn leaving(&self) -> Effect {
        Effect::Leave { key: self.job.cache_key, job_id: self.job.id.clone() }
    }

    pub(super) fn leave_answered(&mut self, now: Millis, acknowledged: bool) {
        if acknowledged {
            self.leave = None;
        } else if let Some(leave) = self.leave.as_mut() {
            leave.failed(now, BACKOFF, &self.job.id);
        }
    }

    /// The job is over: whoever asked to be called is.
    pub(super) fn call_webhooks(&mut self, now: Millis) -> Vec<Effect> {
        let called = self.webhooks().map(|webhook| {
            webhook.pending = Pending::begun(now, WEBHOOK_GUARD);
            if !guard::holds(Guard::WebhookUntilTaken) {
                webhook.pending.due = None;
            }
            webhook.url.clone()
        });
        let called: Vec<String> = called.collect();
        called.into_iter().map(|url| self.posting(url)).collect()
    }

    pub(super) fn webhook_answered(&mut self, now: Millis, url: &str, over: bool) {
        let seed = self.job.id.clone();
        let Some(webhook) = self.webhooks().find(|webhook| webhook.url == url) else { return };
        if over || webhook.pending.tries >= MAX_WEBHOOKS {
            webhook.pending.due = None;
        } else if webhook.pending.due.is_some() {
            webhook.pending.failed(now, WEBHOOK_BACKOFF, &seed);
        }
    }

    /// Takes over what the generation tells. `None` for old news; otherwise whether it is worth
    /// an event.
    pub(super) fn apply(&mut self, now: Millis, update: Update) -> Option<bool> {
        let old = update.ordinal <= self.ordinal || self.job.status.is_final();
        if old && guard::holds(Guard::OrdinalsCompared) {
            return None;
        }
        self.ordinal = update.ordinal;
        let job = &mut self.job;
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
        job.cost_micro_usd = update.cost_micro_usd.or(job.cost_micro_usd);
        if let Some(made) = update.made {
            job.provider = Some(made.provider);
            job.model = Some(made.model);
            job.model_note = made.model_note.or(job.model_note.take());
            job.seed = made.seed;
            job.provider_operation_id = made.provider_operation_id;
        }
        job.updated_at = now;
        if job.status.is_final() {
            self.want = None;
            if job.status == JobStatus::Complete {
                // A clip needs no stand-in.
                job.fallback = None;
            }
        }
        Some(!silent)
    }
}
