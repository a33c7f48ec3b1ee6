//! Conversation events in, the state to show out.
//!
//! Activity wins over mood, mood over rest. A mood waits behind activities and is forgotten when it
//! has waited too long; a one-shot ends in whatever the moment calls for, because nothing is ever
//! "returned to": the state is computed anew from what goes on. A state that was just shown stays
//! for a minimum dwell. Which signal does what is data (`catalog/rules.json`); [`check`] proves
//! that data harmless. Never knows whether a clip exists.

use std::collections::VecDeque;

use serde::Deserialize;

use crate::catalog::{self, Catalog, Play, Tier};
use crate::document::Document;
use crate::units::Millis;

pub mod check;
pub mod rules;

use rules::{Mood, Rules, SignalKind};

/// What happens in a conversation, as a page tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Signal {
    /// The widget was opened.
    Opened,
    /// The conversation ended.
    Closed,
    /// The pointer is over the character.
    Hover,
    /// The user is typing.
    Typing,
    /// The user sent a message.
    Sent {
        /// What they wrote.
        #[serde(default)]
        text: String,
    },
    /// The answer begins to stream.
    StreamStarted,
    /// A piece of the answer came.
    StreamToken {
        /// The piece.
        #[serde(default)]
        text: String,
    },
    /// The answer is complete.
    StreamEnded,
    /// How the conversation feels.
    Sentiment {
        /// -1 (negative) to 1 (positive).
        value: f64,
    },
    /// How sure the assistant is of its answer.
    Confidence {
        /// 0 to 1.
        value: f64,
        /// Whether the question was a technical one.
        #[serde(default)]
        technical: bool,
    },
    /// The question has nothing to do with the shop.
    OffTopic,
    /// The assistant failed.
    Error,
}

impl Signal {
    /// Reads an event that a page tells: `type`, and what belongs to it.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn read<D: Document>(event: D) -> Result<Self, String> {
        let kind = event.text_at("type").ok_or("it has no type")?;
        let kind = SignalKind::named(&kind).ok_or_else(|| format!("there is no type {kind}"))?;
        let text = || event.text_at("text").unwrap_or_default();
        let value = || event.number_at("value").ok_or("its value is not a number");
        Ok(match kind {
            SignalKind::Opened => Self::Opened,
            SignalKind::Closed => Self::Closed,
            SignalKind::Hover => Self::Hover,
            SignalKind::Typing => Self::Typing,
            SignalKind::Sent => Self::Sent { text: text() },
            SignalKind::StreamStarted => Self::StreamStarted,
            SignalKind::StreamToken => Self::StreamToken { text: text() },
            SignalKind::StreamEnded => Self::StreamEnded,
            SignalKind::Sentiment => Self::Sentiment { value: value()? },
            SignalKind::Confidence => {
                let technical = event.flag_at("technical").unwrap_or_default();
                Self::Confidence { value: value()?, technical }
            }
            SignalKind::OffTopic => Self::OffTopic,
            SignalKind::Error => Self::Error,
        })
    }

    /// Which kind of signal this is.
    #[must_use]
    pub const fn kind(&self) -> SignalKind {
        match self {
            Self::Opened => SignalKind::Opened,
            Self::Closed => SignalKind::Closed,
            Self::Hover => SignalKind::Hover,
            Self::Typing => SignalKind::Typing,
            Self::Sent { .. } => SignalKind::Sent,
            Self::StreamStarted => SignalKind::StreamStarted,
            Self::StreamToken { .. } => SignalKind::StreamToken,
            Self::StreamEnded => SignalKind::StreamEnded,
            Self::Sentiment { .. } => SignalKind::Sentiment,
            Self::Confidence { .. } => SignalKind::Confidence,
            Self::OffTopic => SignalKind::OffTopic,
            Self::Error => SignalKind::Error,
        }
    }

    fn value(&self) -> Option<f64> {
        match self {
            Self::Sentiment { value } | Self::Confidence { value, .. } => Some(*value),
            _ => None,
        }
    }

    fn words(&self) -> impl Iterator<Item = String> + '_ {
        let text = match self {
            Self::Sent { text } | Self::StreamToken { text } => text.as_str(),
            _ => "",
        };
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
    }
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
    state: String,
    cause: String,
    /// When it stops fitting the moment; once shown, when it is over.
    until: Millis,
    /// When it began to be shown.
    shown: Option<Millis>,
}

/// What a character's state follows from.
#[derive(Debug, Clone)]
pub struct StateMachine<'r> {
    rules: &'r Rules,
    catalog: &'r Catalog,
    tier: Tier,
    /// For each activity of the rules: until when it goes on, and what began it.
    active: Vec<Option<(Millis, SignalKind)>>,
    moods: VecDeque<Waiting>,
    /// When each state was last brought by a mood rule.
    brought: Vec<(String, Millis)>,
    /// Whether a message was sent since the widget was opened.
    spoken_to: bool,
    forced: Option<String>,
    state: String,
    since: Option<Millis>,
}

impl StateMachine<'static> {
    /// A machine with the shipped rules and catalogue, at rest.
    #[must_use]
    pub fn new(tier: Tier) -> Self {
        Self::with(Rules::built_in(), catalog::built_in(), tier)
    }
}

impl<'r> StateMachine<'r> {
    /// A machine with these rules, at rest.
    #[must_use]
    pub fn with(rules: &'r Rules, catalog: &'r Catalog, tier: Tier) -> Self {
        Self {
            rules,
            catalog,
            tier,
            active: vec![None; rules.activities.len()],
            moods: VecDeque::new(),
            brought: Vec::new(),
            spoken_to: false,
            forced: None,
            state: rules.rest.clone(),
            since: None,
        }
    }

    /// The state the character is in.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
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
                self.forced = state.filter(|name| self.catalog.state(name).is_some());
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
        activities.chain(moods).chain(dwell).filter(|at| *at > now).min()
    }

    fn hear(&mut self, now: Millis, signal: &Signal) {
        let kind = signal.kind();
        for (activity, slot) in self.rules.activities.iter().zip(&mut self.active) {
            if activity.ends.contains(&kind) {
                *slot = None;
            }
            if activity.starts.contains(&kind) {
                *slot = Some((now + activity.times_out, kind));
            }
        }
        let first = kind == SignalKind::Sent && !self.spoken_to;
        self.spoken_to = match kind {
            SignalKind::Opened | SignalKind::Closed => false,
            SignalKind::Sent => true,
            _ => self.spoken_to,
        };
        for rule in self.rules.moods.iter().filter(|rule| rule.fits(signal) && (!rule.first || first)) {
            self.bring(now, rule);
        }
    }

    fn bring(&mut self, now: Millis, rule: &Mood) {
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
            let lasts = if known.shown.is_some() { self.rules.held } else { rule.waits };
            known.until = known.until.max(now + lasts);
            return;
        }
        while self.moods.len() >= self.rules.queue.max(1) {
            let oldest_waiting = self.moods.iter().position(|mood| mood.shown.is_none()).unwrap_or(0);
            self.moods.remove(oldest_waiting);
        }
        let cause = name_of(rule.on);
        self.moods.push_back(Waiting {
            state: rule.state.clone(),
            cause,
            until: now + rule.waits,
            shown: None,
        });
    }

    fn expire(&mut self, now: Millis) {
        for slot in &mut self.active {
            *slot = slot.filter(|(until, _)| *until > now);
        }
        self.moods.retain(|mood| mood.until > now);
    }

    /// What the moment calls for, and why: before the plan's limits.
    fn moment(&self) -> (&str, String) {
        if let Some(state) = &self.forced {
            return (state, "override".into());
        }
        for (activity, slot) in self.rules.activities.iter().zip(&self.active) {
            if let Some((_, kind)) = slot {
                return (&activity.state, name_of(*kind));
            }
        }
        match self.moods.front() {
            Some(mood) => (&mood.state, mood.cause.clone()),
            None => (&self.rules.rest, "quiet".into()),
        }
    }

    /// The same within the plan: a state it lacks becomes the first of its fallbacks that it has.
    fn wanted(&self) -> (String, String) {
        let (state, cause) = self.moment();
        (self.within_plan(state).to_owned(), cause)
    }

    fn within_plan<'s>(&'s self, state: &'s str) -> &'s str {
        let has = |name: &str| self.catalog.state(name).is_some_and(|def| def.tier <= self.tier);
        if has(state) {
            return state;
        }
        let chain = self.catalog.state(state).map(|def| def.fallback.as_slice()).unwrap_or_default();
        chain.iter().map(String::as_str).find(|name| has(name)).unwrap_or(&self.rules.rest)
    }

    fn plays(&self, state: &str) -> Play {
        self.catalog.state(state).map_or(Play::Loop, |def| def.play)
    }

    fn dwelling(&self, now: Millis) -> Option<Millis> {
        self.since.map(|since| since + self.rules.dwell).filter(|until| *until > now)
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
        vec![Effect::ShowState { state: wanted, previous, play, cause }]
    }

    fn end_one_shots(&mut self) {
        let catalog = self.catalog;
        let once = |state: &str| catalog.state(state).is_some_and(|def| def.play == Play::Once);
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
        let (held, catalog) = (self.rules.held, self.catalog);
        if let Some(mood) = self.moods.front_mut().filter(|mood| mood.shown.is_none()) {
            let lasts = match catalog.state(&mood.state) {
                // The player says when a one-shot is over; the clock says it when no clip plays.
                Some(def) if def.play == Play::Once => def.duration_ms + ONCE_SLACK,
                _ => held,
            };
            mood.shown = Some(now);
            mood.until = now + lasts;
        }
        self.make_way();
    }

    /// A held mood gives way sooner when another one waits.
    fn make_way(&mut self) {
        let held = |mood: &Waiting| self.catalog.state(&mood.state).is_some_and(|def| def.play != Play::Once);
        if self.moods.len() < 2 || !self.moods.front().is_some_and(held) {
            return;
        }
        if let Some((mood, shown)) = self.moods.front_mut().and_then(|mood| mood.shown.map(|at| (mood, at))) {
            mood.until = mood.until.min(shown + self.rules.crowded);
        }
    }
}

/// How much longer than its clip a one-shot may take, for loading and the first frame.
const ONCE_SLACK: Millis = Millis(600);

fn name_of(kind: SignalKind) -> String {
    let name = match kind {
        SignalKind::Opened => "opened",
        SignalKind::Closed => "closed",
        SignalKind::Hover => "hover",
        SignalKind::Typing => "typing",
        SignalKind::Sent => "sent",
        SignalKind::StreamStarted => "stream-started",
        SignalKind::StreamToken => "stream-token",
        SignalKind::StreamEnded => "stream-ended",
        SignalKind::Sentiment => "sentiment",
        SignalKind::Confidence => "confidence",
        SignalKind::OffTopic => "off-topic",
        SignalKind::Error => "error",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests;
