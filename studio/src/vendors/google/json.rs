//! How Google's servers read JSON: the mapping of protocol buffers, where every name has two
//! spellings, bytes are base64 of either alphabet, and an unknown name is an error that says where.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use serde_json::{Map, Value};

use super::error::ApiError;

/// A body as an object whose names are all spelt in lowerCamelCase, at every depth.
///
/// # Errors
/// When it is no JSON object, or names one field twice by two spellings.
pub(super) fn body(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let value = serde_json::from_slice(bytes).map_err(|error| {
        ApiError::invalid(format!("Invalid JSON payload received. The body cannot be read: {error}"))
    })?;
    match camel(value)? {
        Value::Object(map) => Ok(map),
        _ => Err(ApiError::invalid("Invalid JSON payload received. The root element must be an object.")),
    }
}

/// The same value with names in lowerCamelCase. The depth is bounded by the parser.
fn camel(value: Value) -> Result<Value, ApiError> {
    match value {
        Value::Array(items) => Ok(Value::Array(items.into_iter().map(camel).collect::<Result<_, _>>()?)),
        Value::Object(map) => {
            let mut spelt = Map::new();
            for (name, value) in map {
                let name = camel_name(&name);
                if spelt.contains_key(&name) {
                    return Err(ApiError::invalid(format!(
                        "Invalid JSON payload received. The field {name} is set twice, by both of its spellings."
                    )));
                }
                spelt.insert(name, camel(value)?);
            }
            Ok(Value::Object(spelt))
        }
        other => Ok(other),
    }
}

/// `duration_seconds` is `durationSeconds`; what has no underscore stays as it is.
fn camel_name(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len());
    let mut raise = false;
    for (at, letter) in name.char_indices() {
        match letter {
            '_' if at > 0 => raise = true,
            letter if raise => {
                spelt.extend(letter.to_uppercase());
                raise = false;
            }
            letter => spelt.push(letter),
        }
    }
    spelt
}

/// An object and where it is, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    map: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Node<'a> {
    /// An object at this dotted path; the path of a whole body is empty.
    pub(super) fn new(map: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { map, path }
    }

    /// The name of a field of this object, as messages give it.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses names that are not among these.
    ///
    /// # Errors
    /// With the first unknown name and its place.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.map.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let place = if self.path.is_empty() { String::new() } else { format!(" at '{}'", self.path) };
                let description = format!(
                    "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
                );
                Err(ApiError::violation(self.path, description))
            }
        }
    }

    /// The field, unless it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names that are set.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.map.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.typed(name, "TYPE_STRING", Value::as_str)
    }

    /// A list.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], ApiError> {
        Ok(self.typed(name, "a list", Value::as_array)?.map_or(&[], Vec::as_slice))
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, ApiError> {
        self.typed(name, "an object", Value::as_object)
    }

    /// A truth value.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.typed(name, "TYPE_BOOL", Value::as_bool)
    }

    /// A whole number of 64 bits; 8 and 8.0 are the same one.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.typed(name, "TYPE_INT32", |value| {
            value.as_i64().or_else(|| {
                let number = value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9.0e15)?;
                // A whole number below 2^53 fits.
                #[allow(clippy::cast_possible_truncation)]
                let whole = number as i64;
                Some(whole)
            })
        })
    }

    fn typed<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => {
                    let path = self.path_of(name);
                    let description = format!("Invalid value at '{path}' ({wanted})");
                    Err(ApiError::violation(&path, description))
                }
            },
        }
    }
}

/// Bytes in base64, of the standard or the address alphabet, padded or not.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    BASE64_NOPAD
        .decode(bare.as_bytes())
        .or_else(|_| BASE64URL_NOPAD.decode(bare.as_bytes()))
        .ok()
        .filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn both_spellings_are_read_at_every_depth() {
        let snake = body(br#"{"generation_config":{"image_config":{"aspect_ratio":"1:1"}},"contents":[{"parts":[{"inline_data":{"mime_type":"a"}}]}]}"#);
        let mixed = body(br#"{"generationConfig":{"image_config":{"aspectRatio":"1:1"}},"contents":[{"parts":[{"inlineData":{"mime_type":"a"}}]}]}"#);
        let camel = json!({"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}},
            "contents": [{"parts": [{"inlineData": {"mimeType": "a"}}]}]});
        assert_eq!(Value::Object(snake.unwrap()), camel);
        assert_eq!(Value::Object(mixed.unwrap()), camel);
    }

    #[test]
    fn one_field_by_two_spellings_is_refused() {
        assert!(body(br#"{"a_b": 1, "aB": 2}"#).is_err());
    }

    #[test]
    fn an_unknown_name_is_told_with_its_place() {
        let map = body(br#"{"size": 1}"#).unwrap();
        let error = Node::new(&map, "generation_config").only(&["seed"]).unwrap_err();
        assert!(error.message.contains("Unknown name \"size\" at 'generation_config'"), "{}", error.message);
    }

    proptest! {
        #[test]
        fn bytes_survive_every_spelling_of_base64(data in proptest::collection::vec(any::<u8>(), 1..200)) {
            use data_encoding::{BASE64, BASE64URL};
            for text in [
                BASE64.encode(&data),
                BASE64URL.encode(&data),
                BASE64_NOPAD.encode(&data),
                BASE64URL_NOPAD.encode(&data),
            ] {
                prop_assert_eq!(bytes(&text), Some(data.clone()));
            }
        }

        #[test]
        fn spelling_a_name_twice_changes_nothing(name in "[a-z][a-zA-Z0-9_]{0,20}") {
            let once = camel_name(&name);
            prop_assert_eq!(camel_name(&once), once.clone());
            prop_assert!(!once.contains('_'));
        }

        #[test]
        fn hostile_bodies_never_panic(data in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = body(&data);
        }
    }
}
