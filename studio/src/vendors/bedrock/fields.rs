//! Reads a JSON object field by field, strictly: types, ranges, words, and nothing that nobody asked for.

use std::ops::RangeInclusive;

use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::vendors::picture::Picture;

/// Why a body is refused: where, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub(super) struct Malformed {
    path: String,
    why: String,
}

type Result<T> = std::result::Result<T, Malformed>;

/// An object that is being read.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
    read: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Begins to read an object that is found at `path`.
    pub(super) fn of(value: &'a Value, path: &str) -> Result<Self> {
        let object = value.as_object().ok_or_else(|| wrong(path, "expected an object"))?;
        Ok(Self { object, path: path.to_owned(), read: Vec::new() })
    }

    fn get(&mut self, name: &'static str) -> Option<(&'a Value, String)> {
        self.read.push(name);
        Some((self.object.get(name)?, format!("{}/{name}", self.path)))
    }

    /// A required field is missing, or a rule that concerns it is broken.
    pub(super) fn wrong(&self, name: &str, why: impl Into<String>) -> Malformed {
        wrong(&format!("{}/{name}", self.path), why)
    }

    /// What a required field holds.
    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.wrong(name, "required key not found"))
    }

    /// Whether a field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Fields<'a>>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        Fields::of(value, &path).map(Some)
    }

    /// A text of so many characters.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<&'a str>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| wrong(&path, "expected a string"))?;
        if length.contains(&text.chars().count()) {
            return Ok(Some(text));
        }
        Err(wrong(&path, format!("expected {} to {} characters", length.start(), length.end())))
    }

    /// One of these words.
    pub(super) fn word(&mut self, name: &'static str, words: &[&str]) -> Result<Option<&'a str>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        let word = value.as_str().filter(|word| words.contains(word));
        word.map(Some).ok_or_else(|| wrong(&path, format!("expected one of {}", words.join(", "))))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| wrong(&path, "expected a boolean"))
    }

    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| range.contains(number));
        let why = || wrong(&path, format!("expected a number from {} to {}", range.start(), range.end()));
        number.map(Some).ok_or_else(why)
    }

    pub(super) fn whole(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Result<Option<u32>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let why =
            || wrong(&path, format!("expected a whole number from {} to {}", range.start(), range.end()));
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(why)
    }

    /// A list of so many entries.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<&'a [Value]>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        let list = value.as_array().filter(|list| length.contains(&list.len()));
        let why =
            || wrong(&path, format!("expected a list of {} to {} entries", length.start(), length.end()));
        list.map(|list| Some(list.as_slice())).ok_or_else(why)
    }

    /// A picture in base64, without any prefix.
    pub(super) fn picture(&mut self, name: &'static str) -> Result<Option<Picture>> {
        let Some((value, path)) = self.get(name) else { return Ok(None) };
        picture(value, &path).map(Some)
    }

    /// A list of so many pictures in base64.
    pub(super) fn pictures(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<Vec<Picture>>> {
        let path = format!("{}/{name}", self.path);
        let Some(list) = self.list(name, length)? else { return Ok(None) };
        list.iter()
            .enumerate()
            .map(|(at, value)| picture(value, &format!("{path}/{at}")))
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Ends the reading: what was not asked for should not be there.
    pub(super) fn done(self) -> Result<()> {
        match self.object.keys().find(|name| !self.read.contains(&name.as_str())) {
            Some(name) => Err(self.wrong(name, "extraneous key is not permitted")),
            None => Ok(()),
        }
    }
}

/// A body as a whole.
pub(super) fn parse(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|_| wrong("#", "expected a JSON object"))
}

fn wrong(path: &str, why: impl Into<String>) -> Malformed {
    Malformed { path: path.to_owned(), why: why.into() }
}

fn picture(value: &Value, path: &str) -> Result<Picture> {
    let text = value.as_str().ok_or_else(|| wrong(path, "expected a string"))?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| wrong(path, "expected an image in base64"))?;
    Picture::decode(&bytes).map_err(|error| wrong(path, error.to_string()))
}
