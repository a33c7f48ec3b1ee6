//! One object of a configuration, and how its fields are read: each either absent, or what it must be.

use super::{ConfigError, LONGEST, MOST};
use crate::document::Document;
use crate::state_machine::signal::{SignalKind, Signals};
use crate::units::Millis;

/// Most bytes of a text.
const LONGEST_TEXT: usize = 300;

/// One object, and where it stands.
pub(super) struct Part<D> {
    at: String,
    value: D,
}

type Read<T> = Result<T, ConfigError>;

impl<D: Document> Part<D> {
    /// The whole configuration.
    pub(super) const fn whole(value: D) -> Self {
        Self { at: String::new(), value }
    }

    /// Says what a field must be.
    pub(super) fn refuse<T>(&self, field: &str, needs: &'static str) -> Read<T> {
        let mut at = self.at.clone();
        at.push_str(field);
        Err(ConfigError { at, needs })
    }

    /// Refuses fields that are not known: a misspelt one would be silently without effect.
    pub(super) fn only(&self, known: &[&str]) -> Read<()> {
        match self.value.names().iter().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => self.refuse(unknown, "left out: there is no such field here"),
            None => Ok(()),
        }
    }

    /// A list of objects; empty when absent.
    pub(super) fn parts(&self, field: &str) -> Read<Vec<Self>> {
        let Some(list) = self.value.member(field) else { return Ok(Vec::new()) };
        let Some(items) = list.items().filter(|items| items.len() <= MOST) else {
            return self.refuse(field, "a list of at most 64");
        };
        let at = |index: usize| [&self.at, field, "[", &index.to_string(), "]."].concat();
        Ok(items.into_iter().enumerate().map(|(index, value)| Self { at: at(index), value }).collect())
    }

    /// A text that is not empty.
    pub(super) fn text(&self, field: &str) -> Read<Option<String>> {
        let Some(value) = self.value.member(field) else { return Ok(None) };
        match bounded(&value) {
            None => self.refuse(field, "a text of 1 to 300 bytes"),
            text => Ok(text),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, field: &str) -> Read<Option<Vec<String>>> {
        let Some(value) = self.value.member(field) else { return Ok(None) };
        let items = value.items().filter(|items| items.len() <= MOST);
        match items.and_then(|items| items.iter().map(bounded).collect()) {
            None => self.refuse(field, "a list of at most 64 texts of 1 to 300 bytes"),
            texts => Ok(texts),
        }
    }

    /// One event, or a list of events.
    pub(super) fn signals(&self, field: &str) -> Read<Option<Signals>> {
        let Some(value) = self.value.member(field) else { return Ok(None) };
        let names = value.text().map(|name| vec![name]).or_else(|| {
            let items = value.items().filter(|items| items.len() <= MOST)?;
            items.iter().map(Document::text).collect()
        });
        let mut set = Signals::default();
        for name in names.unwrap_or_else(|| vec![String::new()]) {
            match SignalKind::named(&name) {
                Some(kind) => set = set.and(kind),
                None => return self.refuse(field, EVENTS),
            }
        }
        Ok(Some(set))
    }

    /// A number.
    pub(super) fn number(&self, field: &str) -> Read<Option<f64>> {
        let Some(value) = self.value.member(field) else { return Ok(None) };
        match value.number() {
            None => self.refuse(field, "a number"),
            number => Ok(number),
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
        let Some(value) = self.value.member(field) else { return Ok(false) };
        match value.flag() {
            None => self.refuse(field, "true or false"),
            Some(flag) => Ok(flag),
        }
    }
}

fn bounded(value: &impl Document) -> Option<String> {
    value.text().filter(|text| (1..=LONGEST_TEXT).contains(&text.len()))
}

/// What a set of events must be.
const EVENTS: &str = "events out of opened, closed, hover, typing, sent, message, stream-started, \
                      stream-token, stream-ended, sentiment, confidence, off-topic, error";
