//! Reads the members of a JSON object one by one and remembers everything that is wrong.
//!
//! A member is taken at most once; what nobody took is unknown and refused.

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde_json::Value;

use super::MAX_WORD_CHARS;
use crate::catalog::Bounds;
use crate::problem::{FieldCode, FieldError};

/// The members of one object that are not read yet.
pub(crate) struct Fields<'a, 'e> {
    pointer: String,
    members: BTreeMap<&'a str, &'a Value>,
    errors: &'e mut Vec<FieldError>,
}

impl<'a, 'e> Fields<'a, 'e> {
    /// The members of `value`, which lives at `pointer`. Not an object: reported, and empty.
    pub(crate) fn new(value: &'a Value, pointer: String, errors: &'e mut Vec<FieldError>) -> Self {
        let members = match value.as_object() {
            Some(object) => object.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            None => {
                let detail = "must be an object".into();
                errors.push(FieldError { pointer: pointer.clone(), code: FieldCode::WrongType, detail });
                BTreeMap::new()
            }
        };
        Self { pointer, members, errors }
    }

    /// The fields of the object inside member `name`, reporting to the same list.
    pub(crate) fn child(&mut self, name: &str, value: &'a Value) -> Fields<'a, '_> {
        Fields::new(value, format!("{}/{name}", self.pointer), self.errors)
    }

    /// Takes a member. JSON `null` counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Whether a member is there and not yet taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Reports member `name`.
    pub(crate) fn fault(&mut self, name: &str, code: FieldCode, detail: String) {
        // RFC 6901, section 3: `~` and `/` are escaped. Names come from outside, so they are cut.
        let name: String = name.chars().take(80).collect();
        let pointer = format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"));
        self.fault_at(pointer, code, detail);
    }

    /// Reports the item at `index` of the list in member `name`.
    pub(crate) fn item_fault(&mut self, name: &str, index: usize, code: FieldCode, detail: String) {
        self.fault_at(format!("{}/{name}/{index}", self.pointer), code, detail);
    }

    fn fault_at(&mut self, pointer: String, code: FieldCode, detail: String) {
        if !self.errors.iter().any(|e| e.pointer == pointer) {
            self.errors.push(FieldError { pointer, code, detail });
        }
    }

    /// Reports that `name` must be there, unless it is already reported.
    pub(crate) fn require(&mut self, name: &str, what: &str) {
        self.fault(name, FieldCode::Required, format!("is required: {what}"));
    }

    /// A string, NFC and trimmed, `min` to `max` characters. Control characters are refused.
    pub(crate) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let value = self.take(name)?;
        text_of(value, min, max).map_err(|(code, detail)| self.fault(name, code, detail)).ok()
    }

    /// A list of `min` to `max` items.
    pub(crate) fn list(&mut self, name: &str, min: usize, max: usize) -> Option<&'a [Value]> {
        let value = self.take(name)?;
        let Some(items) = value.as_array() else {
            self.fault(name, FieldCode::WrongType, "must be a list".into());
            return None;
        };
        if items.len() < min || items.len() > max {
            let detail = format!("{min} to {max} items, not {}", items.len());
            self.fault(name, FieldCode::OutOfRange, detail);
            return None;
        }
        Some(items)
    }

    /// A lower-case word or short phrase of letters, digits, spaces, `_` and `-`.
    pub(crate) fn word(&mut self, name: &str, default: &str) -> String {
        let Some(text) = self.text(name, 1, MAX_WORD_CHARS) else { return default.to_owned() };
        let text = text.to_lowercase();
        if !text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-')) {
            self.fault(name, FieldCode::BadFormat, "letters, digits, spaces, _ and - only".into());
        }
        text
    }

    /// A whole number from `min` to `max`. `3.0` is the number 3 (RFC 8785 writes both alike).
    pub(crate) fn whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.take(name)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let number = value.as_u64().or_else(|| {
            value
                .as_f64()
                .filter(|f| f.fract() == 0.0 && (0.0..=4_294_967_295.0).contains(f))
                .map(|f| f as u64)
        });
        match number {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let code = if value.is_number() { FieldCode::OutOfRange } else { FieldCode::WrongType };
                self.fault(name, code, format!("a whole number from {min} to {max}"));
                None
            }
        }
    }

    /// A whole number within a model's bounds, or the default.
    pub(crate) fn bounded(&mut self, name: &str, bounds: &Bounds, default: u64, unit: &str) -> u64 {
        let Some(number) = self.whole(name, bounds.min, bounds.max) else { return default };
        if !bounds.allows(number) {
            let step = bounds.multiple_of.unwrap_or(1);
            self.fault(name, FieldCode::OutOfRange, format!("a multiple of {step} {unit}"));
        }
        number
    }

    /// A number from `min` to `max`.
    pub(crate) fn real(&mut self, name: &str, min: f64, max: f64) -> Option<f64> {
        let value = self.take(name)?;
        match value.as_f64() {
            Some(number) if (min..=max).contains(&number) => Some(number),
            Some(_) => {
                self.fault(name, FieldCode::OutOfRange, format!("a number from {min} to {max}"));
                None
            }
            None => {
                self.fault(name, FieldCode::WrongType, format!("must be a number from {min} to {max}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.fault(name, FieldCode::WrongType, "must be true or false".into());
        }
        flag
    }

    /// One of `all`, by its wire name; absent gives `default`, and is reported where there is none.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        wire: impl Fn(T) -> &'static str,
        default: Option<T>,
    ) -> Option<T> {
        let allowed = || all.iter().map(|&one| wire(one)).collect::<Vec<_>>().join(", ");
        let Some(value) = self.take(name) else {
            if default.is_none() {
                self.fault(name, FieldCode::Required, format!("is required, one of: {}", allowed()));
            }
            return default;
        };
        let Some(text) = value.as_str() else {
            self.fault(name, FieldCode::WrongType, format!("must be a string, one of: {}", allowed()));
            return None;
        };
        let found = all.iter().copied().find(|&one| wire(one) == text);
        if found.is_none() {
            self.fault(name, FieldCode::UnknownValue, format!("one of: {}", allowed()));
        }
        found
    }

    /// One of `all` or a list of them, none twice, by their wire names; absent gives `default`.
    pub(super) fn choices<T: Copy + PartialEq>(
        &mut self,
        name: &str,
        all: &[T],
        wire: impl Fn(T) -> &'static str,
        default: T,
    ) -> Vec<T> {
        let Some(items) = self.members.get(name).and_then(|value| value.as_array()) else {
            return self.choice(name, all, wire, Some(default)).into_iter().collect();
        };
        let _ = self.take(name);
        let allowed = all.iter().map(|&one| wire(one)).collect::<Vec<_>>().join(", ");
        if items.is_empty() || items.len() > all.len() {
            self.fault(name, FieldCode::OutOfRange, format!("1 to {} of: {allowed}", all.len()));
            return Vec::new();
        }
        let mut found = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let one = all.iter().copied().find(|&one| item.as_str() == Some(wire(one)));
            let (code, detail) = match one {
                Some(one) if !found.contains(&one) => {
                    found.push(one);
                    continue;
                }
                Some(one) => (FieldCode::BadFormat, format!("{} is named twice", wire(one))),
                None if item.is_string() => (FieldCode::UnknownValue, format!("one of: {allowed}")),
                None => (FieldCode::WrongType, format!("must be a string, one of: {allowed}")),
            };
            self.errors.push(FieldError {
                pointer: format!("{}/{name}/{place}", self.pointer),
                code,
                detail,
            });
        }
        found
    }

    /// Reports every member that nobody took.
    pub(crate) fn refuse_the_rest(&mut self) {
        for name in std::mem::take(&mut self.members).into_keys() {
            self.fault(name, FieldCode::UnknownField, "there is no such field".into());
        }
    }
}

/// Reads `value` as a string: NFC and trimmed, `min` to `max` characters, without control characters.
pub(crate) fn text_of(value: &Value, min: usize, max: usize) -> Result<String, (FieldCode, String)> {
    let Some(text) = value.as_str() else {
        return Err((FieldCode::WrongType, "must be a string".into()));
    };
    let text: String = ComposingNormalizerBorrowed::new_nfc().normalize(text).trim().to_owned();
    let count = text.chars().count();
    if count < min || count > max {
        return Err((FieldCode::OutOfRange, format!("{min} to {max} characters, not {count}")));
    }
    if text.chars().any(char::is_control) {
        return Err((FieldCode::BadFormat, "holds a control character".into()));
    }
    Ok(text)
}
