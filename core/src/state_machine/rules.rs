//! What the rules of the state machine are: which signal starts what, how long it lasts, and in which
//! order things win. Data only, all of it borrowed or owned; nothing here decides.

use std::borrow::Cow;

use super::signal::{Signal, SignalKind, Signals, Who};
use crate::units::Millis;

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// A name, or a word: embedded, or a page's own.
pub type Name = Cow<'static, str>;
/// A list: embedded, or a page's own.
pub type List<T> = Cow<'static, [T]>;

/// Something that goes on: it wins over every mood, for as long as it lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The state that shows it.
    pub state: Name,
    /// Signals that begin it, or keep it going.
    pub starts: Signals,
    /// Signals that end it.
    pub ends: Signals,
    /// How long after the last such signal it ends by itself, in milliseconds. `None`: never, which
    /// [`super::check()`] refuses.
    pub times_out: Option<Millis>,
}

/// A mood or a one-shot: it waits until no activity is on.
#[derive(Debug, Clone, PartialEq)]
pub struct Mood {
    /// The state that shows it.
    pub state: Name,
    /// The signals that bring it.
    pub on: Signals,
    /// Only words of this speaker. `None`: anybody's.
    pub who: Option<Who>,
    /// The signal's value must be greater than this.
    pub above: Option<f64>,
    /// The signal's value must be less than this.
    pub below: Option<f64>,
    /// The question must be a technical one.
    pub technical: bool,
    /// The text must mention one of these words or phrases. Empty: any text.
    pub words: List<Name>,
    /// Only the first such signal after a message was sent and since the widget was opened.
    pub first: bool,
    /// How long it may wait behind an activity before it no longer fits the moment, in milliseconds.
    pub waits: Millis,
    /// Not again within this time after the same state was last brought, in milliseconds.
    pub cooldown: Millis,
    /// Whether everything that waits is forgotten.
    pub clears: bool,
}

/// All rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// The state that is shown when nothing else applies.
    pub rest: Name,
    /// A state that was just shown stays at least this long, in milliseconds.
    pub dwell: Millis,
    /// How many moods may wait; the oldest is dropped for a newer one.
    pub queue: usize,
    /// How long a held mood lasts once it is shown, in milliseconds.
    pub held: Millis,
    /// How long it lasts when another mood waits, in milliseconds.
    pub crowded: Millis,
    /// What may go on, the one that wins first.
    pub activities: List<Activity>,
    /// What may be felt.
    pub moods: List<Mood>,
}

impl Rules {
    /// The rules this build ships with.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &RULES
    }

    /// The states that rules name, the state of rest first, some of them twice.
    pub fn named(&self) -> impl Iterator<Item = &Name> {
        let activities = self.activities.iter().map(|activity| &activity.state);
        let moods = self.moods.iter().map(|mood| &mood.state);
        [&self.rest].into_iter().chain(activities).chain(moods)
    }
}

impl Mood {
    /// Whether `signal` brings this mood, as far as the signal alone can tell.
    #[must_use]
    pub fn fits(&self, signal: &Signal) -> bool {
        if !self.on.has(signal.kind()) {
            return false;
        }
        let value = signal.value();
        let technical = matches!(signal, Signal::Confidence { technical: true, .. });
        self.above.is_none_or(|limit| value.is_some_and(|v| v > limit))
            && self.below.is_none_or(|limit| value.is_some_and(|v| v < limit))
            && (!self.technical || technical)
            && (self.who.is_none() || self.who == signal.who())
            && (self.words.is_empty() || self.words.iter().any(|word| signal.mentions(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::config;
    use super::*;

    #[test]
    fn the_shipped_rules_are_what_their_file_says() {
        let rules: serde_json::Value =
            serde_json::from_str(include_str!("../../catalog/rules.json")).unwrap();
        let rules = config::read_rules(&rules).unwrap();
        assert_eq!(&rules, Rules::built_in());
        assert_eq!((rules.rest.as_ref(), rules.activities.len()), ("idle", 3));
    }

    #[test]
    fn words_bring_their_moods_whoever_says_them_where_that_matters() {
        let brings = |signal: &Signal| {
            let fitting = Rules::built_in().moods.iter().filter(|m| !m.first && m.fits(signal));
            fitting.map(|m| m.state.to_string()).collect::<Vec<_>>()
        };
        let sent = |text: &str| brings(&Signal::Sent { text: text.into() });
        let message = |text: &str, who| brings(&Signal::Message { text: text.into(), who });
        assert_eq!(sent("I have a PROBLEM, sorry"), ["sad"]);
        assert_eq!(sent("What's the price?"), ["excited"]);
        assert_eq!(sent("No unproblematic tissue is priceless"), [""; 0]);
        assert_eq!(message("It arrived broken", Who::User), ["sad"]);
        assert_eq!(message("No problem!", Who::Assistant), [""; 0]);
        assert_eq!(message("Its benefits: warm and light.", Who::Assistant), ["excited"]);
    }
}
