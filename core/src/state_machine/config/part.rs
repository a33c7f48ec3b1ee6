//! One object of a configuration, and how its fields are read: each either absent, or what it must be.

use super::{ConfigError, LONGEST, MOST};
use crate::document::Document;
use crate::state_machine::signal::{SignalKind, Signals};
use crate::units::Millis;

/// Most bytes of a text.
const LONGEST_TEXT: usize = 300;

/// How deep a configuration goes: lists of objects with lists in them.
const DEEPEST: u32 = 5;

/// A configuration, copied out of whatever parsed it and cut to what could be meant: so all that reads it
/// is compiled once, and a hostile one costs little.
enum Node {
    Flag(bool),
    Number(f64),
    Text(String),
    Items(Vec<Node>),
    Members(Vec<(String, Node)>),
}

impl Node {
    fn copy<D: Document>(value: &D, depth: u32) -> Option<Self> {
        if let Some(flag) = value.flag() {
            return Some(Self::Flag(flag));
        }
        if let Some(number) = value.number() {
            return Some(Self::Number(number));
        }
        if let Some(text) = value.text() {
            return Some(Self::Text(text));
        }
        let depth = depth.checked_sub(1)?;
        if let Some(items) = value.items() {
            // What is nothing in a list is kept as nothing that could be meant.
            let copy = |item| Self::copy(item, depth).unwrap_or(Self::Flag(false));
            return Some(Self::Items(items.iter().take(MOST + 1).map(copy).collect()));
        }
        let member = |name: String| {
            let copy = Self::copy(&value.member(&name)?, depth)?;
            Some((name, copy))
        };
        Some(Self::Members(value.names().into_iter().take(MOST + 1).filter_map(member).collect()))
    }
}

/// A configuration.
pub(super) struct Page(Node);

impl Page {
    /// Copies it.
    pub(super) fn copy<D: Document>(document: &D) -> Self {
        Self(Node::copy(document, DEEPEST).unwrap_or(Node::Flag(false)))
    }

    /// Its outermost object.
    pub(super) const fn whole(&self) -> Part<'_> {
        Part { at: String::new(), value: &self.0 }
    }
}

/// One object, and where it stands.
pub(super) struct Part<'p> {
    at: String,
    value: &'p Node,
}

type Read<T> = Result<T, ConfigError>;

impl<'p> Part<'p> {
    fn member(&self, field: &str) -> Option<&'p Node> {
        let Node::Members(members) = self.value else { return None };
        members.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }

    fn list(&self, field: &str) -> Option<Result<&'p [Node], ()>> {
        Some(match self.member(field)? {
            Node::Items(items) if items.len() <= MOST => Ok(items.as_slice()),
            _ => Err(()),
        })
    }

    /// Says what a field must be.
    pub(super) fn refuse<T>(&self, field: &str, needs: &'static str) -> Read<T> {
        let mut at = self.at.clone();
        at.push_str(field);
        Err(ConfigError { at, needs })
    }

    /// Refuses fields that are not known: a misspelt one would be silently without effect.
    pub(super) fn only(&self, known: &[&str]) -> Read<()> {
        let Node::Members(members) = self.value else {
            let at = self.at.strip_suffix('.').unwrap_or("the configuration").to_owned();
            return Err(ConfigError { at, needs: "an object" });
        };
        match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((unknown, _)) => self.refuse(unknown, "left out: there is no such field here"),
            None => Ok(()),
        }
    }

    /// A list of objects; empty when absent.
    pub(super) fn parts(&self, field: &str) -> Read<Vec<Self>> {
        let at = |index: usize| [&self.at, field, "[", &index.to_string(), "]."].concat();
        match self.list(field) {
            None => Ok(Vec::new()),
            Some(Err(())) => self.refuse(field, "a list of at most 64"),
            Some(Ok(items)) => {
                Ok(items.iter().enumerate().map(|(index, value)| Self { at: at(index), value }).collect())
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self, field: &str) -> Read<Option<String>> {
        match self.member(field) {
            None => Ok(None),
            Some(value) => match bounded(value) {
                None => self.refuse(field, "a text of 1 to 300 bytes"),
                text => Ok(text),
            },
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, field: &str) -> Read<Option<Vec<String>>> {
        match self.list(field) {
            None => Ok(None),
            Some(items) => match items.ok().and_then(|items| items.iter().map(bounded).collect()) {
                None => self.refuse(field, "a list of at most 64 texts of 1 to 300 bytes"),
                texts => Ok(texts),
            },
        }
    }

    /// One event, or a list of events.
    pub(super) fn signals(&self, field: &str) -> Read<Option<Signals>> {
        let names = match self.member(field) {
            None => return Ok(None),
            Some(Node::Items(items)) => items.as_slice(),
            Some(name) => std::slice::from_ref(name),
        };
        let mut set = Signals::default();
        for name in names {
            let Node::Text(name) = name else { return self.refuse(field, EVENTS) };
            match SignalKind::named(name) {
                Some(kind) => set = set.and(kind),
                None => return self.refuse(field, EVENTS),
            }
        }
        Ok(Some(set))
    }

    /// A number.
    pub(super) fn number(&self, field: &str) -> Read<Option<f64>> {
        match self.member(field) {
            None => Ok(None),
            Some(Node::Number(number)) => Ok(Some(*number)),
            Some(_) => self.refuse(field, "a number"),
        }
    }

    /// A whole number from `least` to `most`.
    fn whole_number(&self, field: &str, least: u32, most: u32, needs: &'static str) -> Read<Option<u32>> {
        let number = self.number(field)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        match number {
            None => Ok(None),
            Some(n) if n >= f64::from(least) && n <= f64::from(most) => Ok(Some(n as u32)),
            Some(_) => self.refuse(field, needs),
        }
    }

    /// A span of time, in milliseconds.
    pub(super) fn span(&self, field: &str, least: u32) -> Read<Option<Millis>> {
        let needs = "a number of milliseconds, at most 600000 (ten minutes) and not too small to see";
        Ok(self.whole_number(field, least, LONGEST, needs)?.map(|ms| Millis(ms.into())))
    }

    /// How many of something.
    pub(super) fn count(&self, field: &str) -> Read<Option<usize>> {
        Ok(self.whole_number(field, 1, 8, "a number from 1 to 8")?.map(|count| count as usize))
    }

    /// `true` or `false`; false when absent.
    pub(super) fn flag(&self, field: &str) -> Read<bool> {
        match self.member(field) {
            None => Ok(false),
            Some(Node::Flag(flag)) => Ok(*flag),
            Some(_) => self.refuse(field, "true or false"),
        }
    }
}

fn bounded(value: &Node) -> Option<String> {
    let Node::Text(text) = value else { return None };
    (1..=LONGEST_TEXT).contains(&text.len()).then(|| text.clone())
}

/// What a set of events must be.
const EVENTS: &str = "events out of opened, closed, hover, typing, sent, message, stream-started, \
                      stream-token, stream-ended, sentiment, confidence, off-topic, error";
