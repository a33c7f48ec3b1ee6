//! Conversation events in, the state to show out.
//!
//! Activity wins over mood, mood over rest. A mood waits behind activities and is forgotten when it
//! has waited too long; a one-shot ends in whatever the moment calls for, because nothing is ever
//! "returned to": the state is computed anew from what goes on. A state that was just shown stays
//! for a minimum dwell. Which signal does what is data: `catalog/rules.json`, and what a page lays
//! over it ([`Config`]); [`check()`] proves that data harmless. Never knows whether a clip exists.

use std::rc::Rc;

use crate::catalog::{Play, Tier};
use crate::document::Document;
use crate::units::Millis;

pub mod check;
pub mod config;
pub mod rules;
pub mod signal;
pub mod words;

pub use check::{CounterExample, check};
pub use config::{Config, ConfigError};
use rules::{Mood, Name};
pub use signal::{Signal, SignalError, SignalKind};

/// Why a page's configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// The character could be trapped by it.
    #[error(transparent)]
    Trap(#[from] CounterExample),
}

impl Refusal {
    /// What programs tell it by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => ConfigError::CODE,
            Self::Trap(found) => found.code(),
        }
    }
}

/// Reads a page's configuration, and checks it for the page's plan.
///
/// # Errors
/// It cannot be read, or could trap the character.
pub fn load(document: impl Document, tier: Tier) -> Result<Rc<Config>, Refusal> {
    let config = Rc::new(Config::read(document)?);
    check(&config, tier)?;
    Ok(config)
}

/// What the machine is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something happened in the conversation.
    Signal(Signal),
    /// The one-shot of this state has played to its end.
    Finished(String),
    /// Shows this state whatever happens; `None` lets the conversation decide again.
    Override(Option<String>),
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The character is in this state from now on.
    ShowState {
        /// The state, one that the plan has.
        state: String,
        /// The state before.
        previous: String,
        /// How its clip plays.
        play: Play,
        /// Why, in a word or two.
        cause: String,
    },
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

#[derive(Debug, Clone)]
struct Waiting {
    state: Name,
    cause: SignalKind,
    /// When it stops fitting the moment; once shown, when it is over.
    until: Millis,
    /// When it began to be shown.
    shown: Option<Millis>,
}

/// What a character's state follows from.
#[derive(Debug, Clone)]
pub struct StateMachine {
    config: Rc<Config>,
    tier: Tier,
    /// For each activity of the rules: until when it goes on, and what began it.
    active: Vec<Option<(Millis, SignalKind)>>,
    /// What is felt, the one that is shown or comes next in front.
    moods: Vec<Waiting>,
    /// When each state was last brought by a mood rule.
    brought: Vec<(Name, Millis)>,
    /// Whether a message was sent since the widget was opened.
    spoken_to: bool,
    forced: Option<Name>,
    state: Name,
    since: Option<Millis>,
}

impl StateMachine {
    /// A machine with the shipped rules, at rest.
    #[must_use]
    pub fn new(tier: Tier) -> Self {
        Self::with(Rc::default(), tier)
    }

    /// A machine with these states and rules, at rest.
    #[must_use]
    pub fn with(config: Rc<Config>, tier: Tier) -> Self {
        let (active, state) = (vec![None; config.rules().activities.len()], config.rules().rest.clone());
        Self {
            config,
            tier,
            active,
            moods: Vec::new(),
            brought: Vec::new(),
            spoken_to: false,
            forced: None,
            state,
            since: None,
        }
    }

    /// What it follows.
    #[must_use]
    pub fn config(&self) -> &Rc<Config> {
        &self.config
    }

    /// Whether nothing goes on, nothing waits, and the state of rest is shown.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let busy = self.forced.is_some() || self.active.iter().any(Option::is_some);
        !busy && self.moods.is_empty() && self.state == self.config.rules().rest
    }

    /// The state the character is in.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Follows other states and rules from the next event on, which brings the character to rest. What
    /// the page shows by itself stays, if there still is such a state.
    pub fn follow(&mut self, config: Rc<Config>) {
        self.active = vec![None; config.rules().activities.len()];
        self.moods.clear();
        self.brought.clear();
        self.forced.take_if(|state| config.state(state).is_none());
        self.since = None;
        self.config = config;
    }

    /// The plan may change while a character is shown; takes effect with the next event.
    pub fn set_tier(&mut self, tier: Tier) {
        self.tier = tier;
    }

    /// Takes an event at `now`. A wake-up is asked for whenever time alone can change something.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        self.expire(now);
        let mut at_once = false;
        match event {
            Event::Signal(signal) => {
                self.hear(now, &signal);
                self.make_way();
                self.expire(now);
            }
            Event::Finished(state) => {
                if self.state == state {
                    self.end_one_shots();
                }
            }
            Event::Override(state) => {
                self.forced = state.filter(|name| self.config.state(name).is_some()).map(Name::Owned);
                at_once = true;
            }
            Event::Wake => {}
        }
        let mut effects = self.settle(now, at_once);
        effects.extend(self.next_wake(now).map(Effect::WakeAt));
        effects
    }

    /// When time alone will next change something.
    #[must_use]
    pub fn next_wake(&self, now: Millis) -> Option<Millis> {
        let activities = self.active.iter().flatten().map(|(until, _)| *until);
        let moods = self.moods.iter().map(|mood| mood.until);
        let dwell = self.dwelling(now).filter(|_| self.wanted().0 != self.state);
        activities.chain(moods).chain(dwell).filter(|at| *at > now && *at < NEVER).min()
    }

    fn hear(&mut self, now: Millis, signal: &Signal) {
        let (kind, config) = (signal.kind(), self.config.clone());
        for (activity, slot) in config.rules().activities.iter().zip(&mut self.active) {
            if activity.ends.has(kind) {
                *slot = None;
            }
            if activity.starts.has(kind) {
                *slot = Some((activity.times_out.map_or(NEVER, |span| now + span), kind));
            }
        }
        let first = kind == SignalKind::Sent && !self.spoken_to;
        self.spoken_to = match kind {
            SignalKind::Opened | SignalKind::Closed => false,
            SignalKind::Sent => true,
            _ => self.spoken_to,
        };
        for rule in config.rules().moods.iter().filter(|rule| (first || !rule.first) && rule.fits(signal)) {
            self.bring(now, rule, kind);
        }
    }

    fn bring(&mut self, now: Millis, rule: &Mood, cause: SignalKind) {
        let (held, queue) = (self.config.rules().held, self.config.rules().queue);
        let last = self.brought.iter_mut().find(|(state, _)| *state == rule.state);
        if let Some((_, at)) = last {
            if now.since(*at) < rule.cooldown {
                return;
            }
            *at = now;
        } else {
            self.brought.push((rule.state.clone(), now));
        }
        if rule.clears {
            self.moods.clear();
        }
        // The same mood again is the same mood, felt for longer.
        if let Some(known) = self.moods.iter_mut().find(|mood| mood.state == rule.state) {
            let lasts = if known.shown.is_some() { held } else { rule.waits };
            known.until = known.until.max(now + lasts);
            return;
        }
        while self.moods.len() >= queue.max(1) {
            let oldest_waiting = self.moods.iter().position(|mood| mood.shown.is_none()).unwrap_or(0);
            self.moods.remove(oldest_waiting);
        }
        let until = now + rule.waits;
        self.moods.push(Waiting { state: rule.state.clone(), cause, until, shown: None });
    }

    fn expire(&mut self, now: Millis) {
        for slot in &mut self.active {
            *slot = slot.filter(|(until, _)| *until > now);
        }
        self.moods.retain(|mood| mood.until > now);
    }

    /// What the moment calls for, and why: before the plan's limits.
    fn moment(&self) -> (&Name, &'static str) {
        if let Some(state) = &self.forced {
            return (state, "override");
        }
        let rules = self.config.rules();
        for (activity, slot) in rules.activities.iter().zip(&self.active) {
            if let Some((_, kind)) = slot {
                return (&activity.state, kind.name());
            }
        }
        match self.moods.first() {
            Some(mood) => (&mood.state, mood.cause.name()),
            None => (&rules.rest, "quiet"),
        }
    }

    /// The same within the plan: a state it lacks becomes the first of its fallbacks that it has.
    fn wanted(&self) -> (Name, &'static str) {
        let (state, cause) = self.moment();
        let has = |name: &str| self.config.state(name).is_some_and(|def| def.tier <= self.tier);
        if has(state) {
            return (state.clone(), cause);
        }
        let chain = self.config.state(state).map(|def| def.fallback.as_slice()).unwrap_or_default();
        let stand_in = chain.iter().find(|name| has(name)).cloned().map(Name::Owned);
        (stand_in.unwrap_or_else(|| self.config.rules().rest.clone()), cause)
    }

    fn plays(&self, state: &str) -> Play {
        self.config.state(state).map_or(Play::Loop, |def| def.play)
    }

    fn dwelling(&self, now: Millis) -> Option<Millis> {
        self.since.map(|since| since + self.config.rules().dwell).filter(|until| *until > now)
    }

    fn settle(&mut self, now: Millis, at_once: bool) -> Vec<Effect> {
        let (wanted, cause) = self.wanted();
        let stays = wanted != self.state && !at_once && self.dwelling(now).is_some();
        if !stays {
            self.begin_or_end_moods(now);
        }
        if stays || wanted == self.state {
            return Vec::new();
        }
        let previous = std::mem::replace(&mut self.state, wanted.clone());
        self.since = Some(now);
        let play = self.plays(&wanted);
        vec![Effect::ShowState {
            state: wanted.into_owned(),
            previous: previous.into_owned(),
            play,
            cause: cause.to_owned(),
        }]
    }

    fn end_one_shots(&mut self) {
        let config = self.config.clone();
        let once = |state: &str| config.state(state).is_some_and(|def| def.play == Play::Once);
        self.moods.retain(|mood| mood.shown.is_none() || !once(&mood.state));
    }

    /// The mood in front begins to be over when it is shown. A one-shot that an activity interrupts
    /// is over: nobody wants the second half of a wave.
    fn begin_or_end_moods(&mut self, now: Millis) {
        let busy = self.forced.is_some() || self.active.iter().any(Option::is_some);
        if busy {
            self.end_one_shots();
            return;
        }
        let config = self.config.clone();
        if let Some(mood) = self.moods.first_mut().filter(|mood| mood.shown.is_none()) {
            let lasts = match config.state(&mood.state) {
                // The player says when a one-shot is over; the clock says it when no clip plays.
                Some(def) if def.play == Play::Once => def.duration_ms + ONCE_SLACK,
                _ => config.rules().held,
            };
            mood.shown = Some(now);
            mood.until = now + lasts;
        }
        self.make_way();
    }

    /// A held mood gives way sooner when another one waits.
    fn make_way(&mut self) {
        let held = |mood: &Waiting| self.plays(&mood.state) != Play::Once;
        if self.moods.len() < 2 || !self.moods.first().is_some_and(held) {
            return;
        }
        let crowded = self.config.rules().crowded;
        if let Some((mood, shown)) = self.moods.first_mut().and_then(|mood| mood.shown.map(|at| (mood, at))) {
            mood.until = mood.until.min(shown + crowded);
        }
    }
}

/// How much longer than its clip a one-shot may take, for loading and the first frame.
const ONCE_SLACK: Millis = Millis(600);

/// The end of what has no end of its own.
const NEVER: Millis = Millis(u64::MAX);

#[cfg(test)]
mod tests;
