//! What happens in a conversation, as a page tells it, and how such an event is read.

use super::words;
use crate::document::Document;

/// The kinds of [`Signal`], as pages and rules name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Somebody's words, apart from the events that say who does what.
    Message,
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

/// Every name that [`SignalKind::named`] knows, for messages.
pub const NAMES: &str = "opened, closed, hover, typing, sent, message, stream-started, stream-token, \
                         stream-ended, sentiment, confidence, off-topic, error";

impl SignalKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Opened,
        Self::Closed,
        Self::Hover,
        Self::Typing,
        Self::Sent,
        Self::Message,
        Self::StreamStarted,
        Self::StreamToken,
        Self::StreamEnded,
        Self::Sentiment,
        Self::Confidence,
        Self::OffTopic,
        Self::Error,
    ];

    /// Its name, for instance `stream-started`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Hover => "hover",
            Self::Typing => "typing",
            Self::Sent => "sent",
            Self::Message => "message",
            Self::StreamStarted => "stream-started",
            Self::StreamToken => "stream-token",
            Self::StreamEnded => "stream-ended",
            Self::Sentiment => "sentiment",
            Self::Confidence => "confidence",
            Self::OffTopic => "off-topic",
            Self::Error => "error",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The least and the greatest value that it may carry. `None` when it carries none.
    #[must_use]
    pub const fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Sentiment => Some((-1.0, 1.0)),
            Self::Confidence => Some((0.0, 1.0)),
            _ => None,
        }
    }

    /// Whether it carries words.
    #[must_use]
    pub const fn has_text(self) -> bool {
        matches!(self, Self::Sent | Self::Message | Self::StreamToken)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals(u16);

impl Signals {
    /// These kinds.
    #[must_use]
    pub const fn of(kinds: &[SignalKind]) -> Self {
        let mut set = Self(0);
        let mut rest = kinds;
        while let [kind, others @ ..] = rest {
            set = set.and(*kind);
            rest = others;
        }
        set
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, kind: SignalKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// Whether `kind` is one of them.
    #[must_use]
    pub const fn has(self, kind: SignalKind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them.
    pub fn kinds(self) -> impl Iterator<Item = SignalKind> {
        SignalKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The visitor or player.
    User,
    /// Whoever answers them.
    Assistant,
}

/// What happens in a conversation, as a page tells it.
#[derive(Debug, Clone, PartialEq)]
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
        text: String,
    },
    /// Somebody's words, where the page tells them apart from who does what.
    Message {
        /// The words.
        text: String,
        /// Whose they are.
        who: Who,
    },
    /// The answer begins to stream.
    StreamStarted,
    /// A piece of the answer came.
    StreamToken {
        /// The piece.
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
        technical: bool,
    },
    /// The question has nothing to do with the shop.
    OffTopic,
    /// The assistant failed.
    Error,
}

/// Why something is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// It does not say what it is.
    #[error("an event needs a `type`, one of {NAMES}")]
    Untyped,
    /// No event has this name.
    #[error("there is no event `{0}`; the events are {NAMES}")]
    Unknown(String),
    /// A field of it cannot be used.
    #[error("`{field}` of the event `{}` must be {needs}", of.name())]
    Field {
        /// Which event.
        of: SignalKind,
        /// Which of its fields.
        field: &'static str,
        /// What the field must be.
        needs: &'static str,
    },
}

impl SignalError {
    /// What programs tell it by.
    pub const CODE: &'static str = "invalid_event";
}

impl Signal {
    /// Reads an event such as `{"type": "sentiment", "value": 0.8}`. What it does not know of an
    /// event is left aside. A text may be missing and is empty then.
    ///
    /// # Errors
    /// There is no such event, or a field that it needs is missing, of another kind, or out of range.
    pub fn read(event: impl Document) -> Result<Self, SignalError> {
        let name = event.text_at("type").ok_or(SignalError::Untyped)?;
        let Some(kind) = SignalKind::named(&name) else { return Err(SignalError::Unknown(name)) };
        let wrong = |field, needs| SignalError::Field { of: kind, field, needs };
        let mut text = String::new();
        if kind.has_text()
            && let Some(given) = event.member("text")
        {
            text = given.text().ok_or(wrong("text", "a string"))?;
        }
        let mut value = 0.0;
        if let Some((least, most)) = kind.range() {
            let needs = if least < 0.0 {
                "a number from -1 (negative) to 1 (positive)"
            } else {
                "a number from 0 to 1"
            };
            let given = event.number_at("value").filter(|value| (least..=most).contains(value));
            value = given.ok_or(wrong("value", needs))?;
        }
        Ok(match kind {
            SignalKind::Opened => Self::Opened,
            SignalKind::Closed => Self::Closed,
            SignalKind::Hover => Self::Hover,
            SignalKind::Typing => Self::Typing,
            SignalKind::Sent => Self::Sent { text },
            SignalKind::Message => {
                let who = match event.text_at("who").as_deref() {
                    Some("user") => Who::User,
                    Some("assistant") => Who::Assistant,
                    _ => return Err(wrong("who", "`user` or `assistant`")),
                };
                Self::Message { text, who }
            }
            SignalKind::StreamStarted => Self::StreamStarted,
            SignalKind::StreamToken => Self::StreamToken { text },
            SignalKind::StreamEnded => Self::StreamEnded,
            SignalKind::Sentiment => Self::Sentiment { value },
            SignalKind::Confidence => {
                let technical = match event.member("technical") {
                    None => false,
                    Some(given) => given.flag().ok_or(wrong("technical", "true or false"))?,
                };
                Self::Confidence { value, technical }
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
            Self::Message { .. } => SignalKind::Message,
            Self::StreamStarted => SignalKind::StreamStarted,
            Self::StreamToken { .. } => SignalKind::StreamToken,
            Self::StreamEnded => SignalKind::StreamEnded,
            Self::Sentiment { .. } => SignalKind::Sentiment,
            Self::Confidence { .. } => SignalKind::Confidence,
            Self::OffTopic => SignalKind::OffTopic,
            Self::Error => SignalKind::Error,
        }
    }

    /// How it feels, or how sure it is.
    pub(super) const fn value(&self) -> Option<f64> {
        match self {
            Self::Sentiment { value } | Self::Confidence { value, .. } => Some(*value),
            _ => None,
        }
    }

    /// Whether these words are in it.
    pub(super) fn mentions(&self, phrase: &str) -> bool {
        match self {
            Self::Sent { text } | Self::Message { text, .. } | Self::StreamToken { text } => {
                words::mentions(text, phrase)
            }
            _ => false,
        }
    }

    /// Whose words it carries.
    pub(super) const fn who(&self) -> Option<Who> {
        match self {
            Self::Sent { .. } => Some(Who::User),
            Self::Message { who, .. } => Some(*who),
            Self::StreamToken { .. } => Some(Who::Assistant),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event: &Value) -> Result<Signal, SignalError> {
        Signal::read(event)
    }

    #[test]
    fn every_event_is_read_and_keeps_its_name() {
        for kind in SignalKind::ALL {
            let event = json!({ "type": kind.name(), "text": "x", "value": 0.5, "who": "user", "more": 1 });
            assert_eq!(read(&event).unwrap().kind(), kind);
            assert!(NAMES.split(", ").any(|name| name == kind.name()));
            assert!(Signals::of(&[kind]).kinds().eq([kind]));
        }
        assert_eq!(NAMES.split(", ").count(), SignalKind::ALL.len());
        assert_eq!(read(&json!({ "type": "sent" })).unwrap(), Signal::Sent { text: String::new() });
    }

    #[test]
    fn what_is_no_event_is_told_what_it_needs() {
        for (event, told) in [
            (json!("typing"), "needs a `type`, one of opened, closed"),
            (json!({ "type": "Typing" }), "there is no event `Typing`; the events are opened"),
            (json!({ "type": "sent", "text": 5 }), "`text` of the event `sent` must be a string"),
            (json!({ "type": "sentiment" }), "`value` of the event `sentiment` must be a number from -1"),
            (json!({ "type": "sentiment", "value": -1.01 }), "from -1 (negative) to 1 (positive)"),
            (json!({ "type": "confidence", "value": 80 }), "must be a number from 0 to 1"),
            (json!({ "type": "confidence", "value": 0.8, "technical": "yes" }), "must be true or false"),
            (json!({ "type": "message", "text": "hi" }), "`who` of the event `message` must be `user` or"),
        ] {
            let error = read(&event).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
