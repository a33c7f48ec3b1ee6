//! The catalogues as constant data: `build.rs` writes what `catalog/*.json` holds, so that they are read
//! without a JSON parser, by the same code that reads a page's own.

use crate::document::Document;

/// One value of a document that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Embedded {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(&'static str),
    /// An array.
    Items(&'static [Embedded]),
    /// An object, in the order of the names.
    Members(&'static [(&'static str, Embedded)]),
}

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

impl Document for &'static Embedded {
    fn member(&self, name: &str) -> Option<Self> {
        let Embedded::Members(members) = self else { return None };
        let (_, value) = members.iter().find(|(known, _)| *known == name)?;
        Some(value).filter(|value| !matches!(value, Embedded::Null))
    }

    fn names(&self) -> Vec<String> {
        match self {
            Embedded::Members(members) => members.iter().map(|(name, _)| (*name).to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    fn items(&self) -> Option<Vec<Self>> {
        match self {
            Embedded::Items(items) => Some(items.iter().collect()),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Embedded::Text(text) => Some((*text).to_owned()),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Embedded::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Embedded::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn value_of(embedded: &'static Embedded) -> Value {
        match embedded {
            Embedded::Null => Value::Null,
            Embedded::Flag(flag) => (*flag).into(),
            // JSON has one kind of number, and 3.0 is written 3 in the files.
            Embedded::Number(number) if number.fract() == 0.0 && *number >= 0.0 => (*number as u64).into(),
            Embedded::Number(number) => (*number).into(),
            Embedded::Text(text) => (*text).into(),
            Embedded::Items(items) => items.iter().map(value_of).collect(),
            Embedded::Members(members) => {
                members.iter().map(|(name, value)| ((*name).to_owned(), value_of(value))).collect()
            }
        }
    }

    /// `3.0` of a file as `3`.
    fn whole(value: Value) -> Value {
        match value {
            Value::Number(n) => match n.as_f64() {
                Some(f) if f.fract() == 0.0 && f >= 0.0 => (f as u64).into(),
                _ => Value::Number(n),
            },
            Value::Array(items) => items.into_iter().map(whole).collect(),
            Value::Object(members) => members.into_iter().map(|(n, v)| (n, whole(v))).collect(),
            other => other,
        }
    }

    #[test]
    fn every_constant_is_its_file() {
        for (embedded, file) in [
            (&CHARACTERS, include_str!("../../catalog/characters.json")),
            (&PRESETS, include_str!("../../catalog/presets.json")),
            (&STATES, include_str!("../../catalog/states.json")),
        ] {
            assert_eq!(value_of(embedded), whole(serde_json::from_str(file).unwrap()));
        }
    }
}
