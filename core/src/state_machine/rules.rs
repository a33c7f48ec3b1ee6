//! The rules of the state machine, read from `catalog/rules.json`: which signal starts what, how
//! long it lasts, and in which order things win. Data only; nothing here decides.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Signal;
use crate::catalog::embedded::{self, Embedded};
use crate::document::Document;
use crate::units::Millis;

/// The kinds of [`Signal`], as rules name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalKind {
    /// The widget was opened.
    Opened,
    /// The conversation ended.
    Closed,
    /// The pointer is over the character.
    Hover,
    /// The user is typing.
    Typing,
    /// The user sent a message.
    Sent,
    /// The answer begins to stream.
    StreamStarted,
    /// A piece of the answer came.
    StreamToken,
    /// The answer is complete.
    StreamEnded,
    /// How the conversation feels.
    Sentiment,
    /// How sure the assistant is.
    Confidence,
    /// The question has nothing to do with the shop.
    OffTopic,
    /// The assistant failed.
    Error,
}

impl SignalKind {
    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "opened" => Self::Opened,
            "closed" => Self::Closed,
            "hover" => Self::Hover,
            "typing" => Self::Typing,
            "sent" => Self::Sent,
            "stream-started" => Self::StreamStarted,
            "stream-token" => Self::StreamToken,
            "stream-ended" => Self::StreamEnded,
            "sentiment" => Self::Sentiment,
            "confidence" => Self::Confidence,
            "off-topic" => Self::OffTopic,
            "error" => Self::Error,
            _ => return None,
        })
    }
}

/// Something that goes on: it wins over every mood, for as long as it lasts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// The state that shows it.
    pub state: String,
    /// Signals that begin it, or keep it going.
    pub starts: Vec<SignalKind>,
    /// Signals that end it.
    pub ends: Vec<SignalKind>,
    /// How long after the last such signal it ends by itself, in milliseconds.
    #[serde(rename = "times_out_ms")]
    pub times_out: Millis,
}

/// A mood or a one-shot: it waits until no activity is on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    /// The state that shows it.
    pub state: String,
    /// The signal that brings it.
    pub on: SignalKind,
    /// The signal's value must be greater than this.
    #[serde(default)]
    pub above: Option<f64>,
    /// The signal's value must be less than this.
    #[serde(default)]
    pub below: Option<f64>,
    /// The question must be a technical one.
    #[serde(default)]
    pub technical: bool,
    /// The text must contain one of these words, in lower case, whole. Empty: any text.
    #[serde(default)]
    pub words: Vec<String>,
    /// Only the first such signal since the widget was opened.
    #[serde(default)]
    pub first: bool,
    /// How long it may wait behind an activity before it no longer fits the moment, in milliseconds.
    #[serde(rename = "waits_ms")]
    pub waits: Millis,
    /// Not again within this time after the same state was last brought, in milliseconds.
    #[serde(rename = "cooldown_ms", default)]
    pub cooldown: Millis,
    /// Whether everything that waits is forgotten.
    #[serde(default)]
    pub clears: bool,
}

/// All rules.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The state that is shown when nothing else applies.
    pub rest: String,
    /// A state that was just shown stays at least this long, in milliseconds.
    #[serde(rename = "dwell_ms")]
    pub dwell: Millis,
    /// How many moods may wait; the oldest is dropped for a newer one.
    pub queue: usize,
    /// How long a held mood lasts once it is shown, in milliseconds.
    #[serde(rename = "held_ms")]
    pub held: Millis,
    /// How long it lasts when another mood waits, in milliseconds.
    #[serde(rename = "crowded_ms")]
    pub crowded: Millis,
    /// What may go on, the one that wins first.
    pub activities: Vec<Activity>,
    /// What may be felt.
    pub moods: Vec<Mood>,
}

impl Rules {
    /// The rules this build ships with.
    #[must_use]
    pub fn built_in() -> &'static Self {
        // A test reads the embedded file, so the default is never reached.
        static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::read(&embedded::RULES).unwrap_or_default());
        &RULES
    }

    fn read(file: &'static Embedded) -> Option<Self> {
        let millis = |document: &'static Embedded, name| document.whole_at(name).map(Millis);
        let kinds = |document: &'static Embedded, name| -> Option<Vec<SignalKind>> {
            document.texts_at(name)?.iter().map(|name| SignalKind::named(name)).collect()
        };
        let activity = |one: &'static Embedded| {
            Some(Activity {
                state: one.text_at("state")?,
                starts: kinds(one, "starts")?,
                ends: kinds(one, "ends")?,
                times_out: millis(one, "times_out_ms")?,
            })
        };
        let mood = |one: &'static Embedded| {
            Some(Mood {
                state: one.text_at("state")?,
                on: SignalKind::named(&one.text_at("on")?)?,
                above: one.number_at("above"),
                below: one.number_at("below"),
                technical: one.flag_at("technical").unwrap_or_default(),
                words: one.texts_at("words").unwrap_or_default(),
                first: one.flag_at("first").unwrap_or_default(),
                waits: millis(one, "waits_ms")?,
                cooldown: millis(one, "cooldown_ms").unwrap_or_default(),
                clears: one.flag_at("clears").unwrap_or_default(),
            })
        };
        Some(Self {
            rest: file.text_at("rest")?,
            dwell: millis(file, "dwell_ms")?,
            queue: usize::try_from(file.whole_at("queue")?).ok()?,
            held: millis(file, "held_ms")?,
            crowded: millis(file, "crowded_ms")?,
            activities: file
                .member("activities")?
                .items()?
                .into_iter()
                .map(activity)
                .collect::<Option<_>>()?,
            moods: file.member("moods")?.items()?.into_iter().map(mood).collect::<Option<_>>()?,
        })
    }
}

impl Mood {
    /// Whether `signal` brings this mood, as far as the signal alone can tell.
    #[must_use]
    pub fn fits(&self, signal: &Signal) -> bool {
        if self.on != signal.kind() {
            return false;
        }
        let value = signal.value();
        let technical = matches!(signal, Signal::Confidence { technical: true, .. });
        self.above.is_none_or(|limit| value.is_some_and(|v| v > limit))
            && self.below.is_none_or(|limit| value.is_some_and(|v| v < limit))
            && (!self.technical || technical)
            && (self.words.is_empty() || signal.words().any(|word| self.words.contains(&word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_parse() {
        let rules: Rules = serde_json::from_str(include_str!("../../catalog/rules.json")).unwrap();
        assert_eq!(&rules, Rules::built_in());
        assert_eq!(rules.rest, "idle");
    }

    #[test]
    fn a_word_is_matched_whole_and_in_any_case() {
        let rules = Rules::built_in();
        let brings = |text: &str| {
            let signal = Signal::Sent { text: text.into() };
            rules
                .moods
                .iter()
                .filter(|m| !m.first && m.fits(&signal))
                .map(|m| m.state.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(brings("I have a PROBLEM, sorry"), ["sad"]);
        assert_eq!(brings("What's the price?"), ["excited"]);
        assert_eq!(brings("No unproblematic tissue is priceless"), [""; 0]);
    }
}
