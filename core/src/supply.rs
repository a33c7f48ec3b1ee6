//! Where every clip stands that is wanted and not at hand: being fetched, not made yet, asked for,
//! being made. One address is fetched once and asked for once, however many characters want it.
//!
//! A clip that exists costs one GET. Only a miss is answered by a POST, and for a guess only when
//! the prefetcher says so. News comes over the socket; while it is down, jobs are polled, and even
//! while it is up a job that stays silent for long is asked after. A POST that the edge does not
//! take for now waits its turn: what is wanted before what is guessed, the newest wish first. While the
//! edge cannot be reached, what is wanted is tried again until it is there. Never holds a clip.

use crate::api::JobStatus;
use crate::cache_key::CacheKey;
use crate::small_map::SmallMap;
use crate::units::Millis;

mod event;
mod gate;
mod hang;
mod heard;
mod jobs;
mod line;
mod outage;

pub use event::{Effect, Event, OpenJob, Origin};
use gate::Gate;
pub use gate::Pause;
use hang::LONGEST_SILENCE;
pub use heard::{Heard, Listing};
use line::{Ask, Cancel, Line, Stage};
use outage::Outage;

/// Every clip that is wanted and not at hand.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    lines: SmallMap<CacheKey, Line>,
    gate: Gate,
    outage: Outage,
    wishes: u64,
    socket: bool,
    needed: bool,
    no_guesses: bool,
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
/// Nor is it left alone for longer when a server asks for patience, whose slip must not silence it for a day.
const LONGEST_REST: Millis = Millis::seconds(300);
/// How often a request that got no useful answer is tried before it counts as failed.
const TRIES: u32 = 5;
/// With as many clips, those that nobody waits for are forgotten.
const LARGEST: usize = 1_000;
/// What is told then.
const UNREACHABLE: &str = "The clip could not be fetched; the network or the server may be down.";

impl Supply {
    /// The jobs that are under way.
    #[must_use]
    pub fn jobs(&self) -> Vec<OpenJob> {
        let open = |(key, line): (&CacheKey, &Line)| {
            let (id, status, progress) = match &line.stage {
                Stage::Asking if line.ask == Ask::Sent => (String::new(), JobStatus::Queued, 0.0),
                Stage::Making { job_id, status, progress, .. } => (job_id.clone(), *status, *progress),
                _ => return None,
            };
            Some(OpenJob { id, key: *key, status, progress, speculative: !line.urgent })
        };
        self.lines.iter().filter_map(open).collect()
    }

    /// How many clips wait until they may be asked for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lines.values().filter(|line| line.ask == Ask::Due).count()
    }

    /// The pause that the server asked for, while it lasts.
    #[must_use]
    pub fn pause(&self, now: Millis) -> Option<&Pause> {
        self.gate.pause().filter(|pause| pause.until > now)
    }

    /// Whether nothing is asked for until there is another token.
    #[must_use]
    pub const fn needs_token(&self) -> bool {
        self.gate.needs_token()
    }

    /// When time alone will change something.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        let due = |line: &Line| match &line.stage {
            Stage::Making { ask_at, .. } => Some(*ask_at),
            Stage::Resting { at, .. } => *at,
            Stage::Failed { until, .. } if line.urgent => Some(*until),
            _ => None,
        };
        let hung = self.lines.values().filter_map(|line| line.hangs_at);
        let others = self.gate.next_wake().into_iter().chain(self.outage.next_try());
        self.lines.values().filter_map(due).chain(hung).chain(others).min()
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        self.gate.tick(now);
        let answered = event.is_answer() && self.outage.is_over();
        if let Some(key) = event.ends_request() {
            self.ended(key);
        }
        let mut effects = match event {
            Event::Want { key, urgent } => self.want(now, key, urgent),
            Event::Again(key) => {
                if let Some(Line { stage: Stage::Failed { until, .. }, .. }) = self.lines.get_mut(&key) {
                    *until = now;
                }
                self.want(now, key, true)
            }
            Event::Make(key) => self.make(key),
            Event::Forget(key) => {
                let idle = |line: &Line| !line.urgent && matches!(line.stage, Stage::Fetching { .. });
                if self.lines.get(&key).is_some_and(idle) {
                    self.lines.remove(&key);
                    vec![Effect::Abort(key)]
                } else {
                    Vec::new()
                }
            }
            Event::Cancel(key) => self.cancel(key),
            Event::Got(key) => self.deliver(key, None),
            Event::Stored(key) => {
                self.outage.goes_on(now);
                self.deliver(key, Some(Origin::Device))
            }
            Event::Absent(key) => self.absent(now, key),
            Event::HeardMore(key) => {
                self.heard_more(now, &key);
                Vec::new()
            }
            Event::Unreachable(key) => self.unreachable(now, key),
            Event::Online => self.online(now),
            Event::Faltered { key, after } => self.faltered(now, key, after),
            Event::Refused { key, code, detail } => self.fail(now, key, code, detail),
            Event::Limited { key, after, code } => {
                let until = self.gate.limit(now, after, code);
                self.put_off(&key, Some(until))
            }
            Event::Spent { key, after, code, detail } => self.spent(now, &key, after, code, detail),
            Event::Unauthorized { key, outdated, code, detail } => {
                let news = !outdated && self.gate.want_token(now, code.clone(), detail.clone());
                let told = news.then_some(Effect::TokenNeeded { code, detail });
                told.into_iter().chain(self.put_off(&key, None)).collect()
            }
            Event::Token => self.new_token(now),
            Event::Job { key, job } => self.answer(now, &key, &job),
            Event::News(news) => self.told(now, &news),
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
        if answered {
            effects.extend(self.reached(now));
        }
        effects.extend(self.send_what_is_due(now));
        let no_guesses = !self.gate.admits_guesses();
        if std::mem::replace(&mut self.no_guesses, no_guesses) != no_guesses {
            // First, so that a guess that is put off is not made again at once.
            effects.insert(0, Effect::Guesses(!no_guesses));
        }
        let needed = self.lines.values().any(|line| match line.stage {
            Stage::Asking => line.ask == Ask::Sent,
            Stage::Making { .. } => true,
            _ => false,
        });
        if std::mem::replace(&mut self.needed, needed) != needed {
            effects.push(Effect::NeedSocket(needed));
        }
        effects.extend(self.next_wake().map(Effect::WakeAt));
        effects
    }

    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn make(&mut self, key: CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else {
            return vec![Effect::Sulks(key)];
        };
        if line.stage != Stage::Missing {
            return Vec::new();
        }
        if !self.gate.admits_guesses() {
            return vec![Effect::Missing(key)];
        }
        line.ask();
        Vec::new()
    }

    fn want(&mut self, now: Millis, key: CacheKey, urgent: bool) -> Vec<Effect> {
        self.wishes += u64::from(urgent);
        let Some(line) = self.lines.get_mut(&key) else {
            if self.lines.len() >= LARGEST {
                self.tidy();
            }
            return vec![self.fetch(now, key, key, urgent, false)];
        };
        let newly = urgent && !line.urgent;
        line.urgent |= urgent;
        if urgent {
            // A cancellation that is on its way is made good when it is told.
            line.cancel = if line.cancel == Cancel::Due { Cancel::No } else { line.cancel };
            line.wish = self.wishes;
        }
        let effects = match &line.stage {
            Stage::Missing if urgent => {
                line.ask();
                vec![Effect::Far(key)]
            }
            // The edge moves a guess to the front when it is asked for in earnest.
            Stage::Making { .. } if newly => {
                line.ask = Ask::Due;
                vec![Effect::Far(key)]
            }
            Stage::Asking | Stage::Making { .. } | Stage::Resting { .. } if urgent => vec![Effect::Far(key)],
            // A guess is tried once; what is wanted has tries of its own.
            Stage::Failed { until, guess } if *until <= now || urgent && *guess => {
                return vec![self.fetch(now, key, key, urgent, false)];
            }
            Stage::Failed { .. } if urgent => vec![Effect::Far(key)],
            Stage::Failed { .. } => vec![Effect::Sulks(key)],
            _ => Vec::new(),
        };
        let waits = urgent && line.ask == Ask::Due;
        let reminder = if waits { self.gate.remind(now) } else { None };
        let reminder = reminder.map(|(code, detail)| Effect::TokenNeeded { code, detail });
        effects.into_iter().chain(reminder).collect()
    }

    fn fetch(&mut self, now: Millis, key: CacheKey, address: CacheKey, urgent: bool, made: bool) -> Effect {
        let known = self.lines.get(&key);
        let failures = known.map_or(0, |line| line.failures);
        let wish = if urgent { known.map_or(self.wishes, |line| line.wish) } else { 0 };
        let stage = Stage::Fetching { address, made };
        let hangs_at = Some(now + LONGEST_SILENCE);
        let line = Line { urgent, failures, stage, ask: Ask::None, wish, cancel: Cancel::No, hangs_at };
        self.lines.insert(key, line);
        Effect::Get { key, address }
    }

    fn deliver(&mut self, key: CacheKey, origin: Option<Origin>) -> Vec<Effect> {
        let Some(Stage::Fetching { made, .. }) = self.lines.get(&key).map(|line| &line.stage) else {
            return Vec::new();
        };
        let origin = origin.unwrap_or(if *made { Origin::Made } else { Origin::Edge });
        self.lines.remove(&key);
        vec![Effect::Deliver { key, origin }]
    }

    fn absent(&mut self, now: Millis, key: CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        match &line.stage {
            // The job says that it is made, the store does not have it yet: patience, not another job.
            Stage::Fetching { made: true, .. } => self.faltered(now, key, None),
            Stage::Fetching { .. } if line.urgent => {
                line.ask();
                vec![Effect::Far(key)]
            }
            Stage::Fetching { .. } => {
                line.stage = Stage::Missing;
                vec![Effect::Missing(key)]
            }
            _ => Vec::new(),
        }
    }

    fn faltered(&mut self, now: Millis, key: CacheKey, after: Option<Millis>) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        let sent = line.answered();
        // A poll that got no answer is simply repeated; the job goes on without us.
        if !(matches!(line.stage, Stage::Fetching { .. }) || sent && line.stage == Stage::Asking) {
            return Vec::new();
        }
        line.failures += 1;
        if line.failures >= TRIES || !line.urgent {
            return self.fail(now, key, "unreachable".into(), UNREACHABLE.to_owned());
        }
        let pause = Millis((FIRST_POLL.0 << line.failures.min(5)) / 2);
        line.rest(Some(now + after.unwrap_or(pause).clamp(pause, LONGEST_REST)));
        vec![Effect::Far(key)]
    }

    fn fail(&mut self, now: Millis, key: CacheKey, code: String, detail: String) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        line.stage = Stage::Failed { until: now + SULK, guess: !line.urgent };
        line.ask = Ask::None;
        line.failures = 0;
        line.urgent = false;
        vec![Effect::Failed { key, code, detail }]
    }

    /// The POST or the poll was refused for now. What is wanted waits its turn; a guess is a guess again.
    fn put_off(&mut self, key: &CacheKey, until: Option<Millis>) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(key) else { return Vec::new() };
        let sent = line.answered();
        match &mut line.stage {
            Stage::Asking | Stage::Making { .. } if sent && line.urgent => line.ask = Ask::Due,
            Stage::Asking if sent => {
                line.stage = Stage::Missing;
                return vec![Effect::Missing(*key)];
            }
            Stage::Making { ask_at, .. } => *ask_at = (*ask_at).max(until.unwrap_or_default()),
            _ => {}
        }
        Vec::new()
    }

    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn spent(
        &mut self,
        now: Millis,
        key: &CacheKey,
        after: Option<Millis>,
        code: String,
        detail: String,
    ) -> Vec<Effect> {
        if self.lines.get(key).is_none_or(|line| !line.urgent) {
            self.gate.spend_guesses(now, after);
            return self.put_off(key, None);
        }
        let news = self.gate.spend(now, after, code.clone());
        let told = news.then_some(Effect::Spent { code, detail });
        told.into_iter().chain(self.put_off(key, None)).collect()
    }

    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn new_token(&mut self, now: Millis) -> Vec<Effect> {
        self.gate.new_token();
        for line in self.lines.values_mut() {
            match &mut line.stage {
                Stage::Making { ask_at, .. } => *ask_at = (*ask_at).min(now + FIRST_POLL),
                // What the old token was refused may be the new one's to have.
                Stage::Failed { until, .. } => *until = now,
                _ => {}
            }
        }
        Vec::new()
    }

    /// The POSTs that may go out now.
    fn send_what_is_due(&mut self, now: Millis) -> Vec<Effect> {
        let mut under_way = self.lines.values().filter(|line| line.ask == Ask::Sent).count();
        let mut effects = Vec::new();
        while self.gate.admits(under_way) {
            let due = self.lines.iter_mut().filter(|(_, line)| line.ask == Ask::Due);
            let Some((key, line)) = due.max_by_key(|(_, line)| (line.urgent, line.wish)) else {
                // What rests after a failure is asked for again.
                let rests = |line: &Line| matches!(line.stage, Stage::Resting { .. });
                if under_way == 0 && !self.lines.values().any(rests) {
                    self.gate.at_rest();
                }
                break;
            };
            line.ask = Ask::Sent;
            line.hangs_at = Some(now + LONGEST_SILENCE);
            under_way += 1;
            effects.push(Effect::Post { key: *key, speculative: !line.urgent });
        }
        effects
    }

    fn wake(&mut self, now: Millis) -> Vec<Effect> {
        let mut effects = self.stop_what_hangs(now);
        effects.extend(self.probe(now));
        let may_poll = !self.gate.needs_token();
        let slowest = self.outage.slowest_poll();
        for (key, line) in self.lines.iter_mut() {
            match &mut line.stage {
                Stage::Making { job_id, ask_at, .. } if *ask_at <= now => {
                    // One that is under way may yet be answered.
                    if may_poll && line.hangs_at.is_none() {
                        line.hangs_at = Some(now + LONGEST_SILENCE);
                        effects.push(Effect::Poll { key: *key, job_id: job_id.clone() });
                    }
                    line.failures = line.failures.saturating_add(1);
                    let pause = Millis((FIRST_POLL.0 << line.failures.min(5)).min(slowest));
                    *ask_at = now + if self.socket { SILENCE } else { pause };
                }
                Stage::Resting { at: Some(at), .. } if *at <= now => effects.extend(line.resume(now, key)),
                _ => {}
            }
        }
        effects.extend(self.try_again(now));
        effects
    }

    /// Fetches what failed, is wanted, and has been left alone for long enough.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn try_again(&mut self, now: Millis) -> Vec<Effect> {
        let over = |line: &Line| matches!(line.stage, Stage::Failed { until, .. } if until <= now);
        let again = self.lines.iter().filter(|(_, line)| line.urgent && over(line)).map(|(key, _)| *key);
        let again: Vec<CacheKey> = again.collect();
        again.into_iter().map(|key| self.fetch(now, key, key, true, false)).collect()
    }

    /// Whether anything is to come of this clip.
    #[must_use]
    pub fn knows(&self, key: &CacheKey) -> bool {
        self.lines.get(key).is_some()
    }

    /// Forgets what nobody waits for, where there is much of it: a long game guesses a lot.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn tidy(&mut self) {
        let idle = |line: &Line| matches!(line.stage, Stage::Missing | Stage::Failed { .. });
        self.lines.retain(|_, line| line.urgent || !idle(line));
    }
}

#[cfg(test)]
mod tests;
