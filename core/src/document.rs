//! How a parsed JSON document is read, whoever parsed it: the browser's own parser in the page, serde_json
//! elsewhere. What reads through it carries no parser into the module that a page downloads.

use serde_json::Value;

/// One value of a parsed document. What is absent and what is `null` are the same.
pub trait Document: Sized {
    /// The member of an object. `None` for anything that is no object.
    fn member(&self, name: &str) -> Option<Self>;

    /// The names of an object's members, in no order to rely on. Empty for anything that is no object.
    fn names(&self) -> Vec<String>;

    /// The elements of an array. `None` for anything that is no array.
    fn items(&self) -> Option<Vec<Self>>;

    /// A string.
    fn text(&self) -> Option<String>;

    /// A number; finite.
    fn number(&self) -> Option<f64>;

    /// `true` or `false`.
    fn flag(&self) -> Option<bool>;

    /// The string that is a member of an object.
    fn text_at(&self, name: &str) -> Option<String> {
        self.member(name)?.text()
    }

    /// The number that is a member of an object.
    fn number_at(&self, name: &str) -> Option<f64> {
        self.member(name)?.number()
    }

    /// The whole number, 0 or more, that is a member of an object. `None` beyond 2^53, where a number of
    /// JSON is no longer exact.
    fn whole_at(&self, name: &str) -> Option<u64> {
        let number = self.number_at(name)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
    }

    /// The strings of the list that is a member of an object; what is no string is left out. `None` where
    /// there is no list.
    fn texts_at(&self, name: &str) -> Option<Vec<String>> {
        Some(self.member(name)?.items()?.iter().filter_map(Self::text).collect())
    }

    /// The truth value that is a member of an object.
    fn flag_at(&self, name: &str) -> Option<bool> {
        self.member(name)?.flag()
    }
}

impl Document for &Value {
    fn member(&self, name: &str) -> Option<Self> {
        self.get(name).filter(|value| !value.is_null())
    }

    fn names(&self) -> Vec<String> {
        self.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    }

    fn items(&self) -> Option<Vec<Self>> {
        Some(self.as_array()?.iter().collect())
    }

    fn text(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    fn number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn flag(&self) -> Option<bool> {
        self.as_bool()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_null_is_absent_and_no_kind_is_taken_for_another() {
        let value = json!({ "a": null, "n": 1.5, "t": "x", "f": false, "l": [1, 2] });
        let document = &value;
        assert!(document.member("a").is_none() && document.member("b").is_none());
        assert_eq!(document.number_at("n"), Some(1.5));
        assert_eq!(document.text_at("n"), None);
        assert_eq!(document.text_at("t").as_deref(), Some("x"));
        assert_eq!(document.flag_at("f"), Some(false));
        assert_eq!(document.member("l").and_then(|l| l.items()).map(|l| l.len()), Some(2));
        assert_eq!(document.names().len(), 5);
        let numbers = json!({ "a": 3.0, "b": -1, "c": 1.5, "d": 1e300, "l": ["x", 1, "y"] });
        let numbers = &numbers;
        let at = |name| numbers.whole_at(name);
        assert_eq!([at("a"), at("b"), at("c"), at("d"), at("l")], [Some(3), None, None, None, None]);
        assert_eq!(numbers.texts_at("l"), Some(vec!["x".into(), "y".into()]));
        assert_eq!(numbers.texts_at("a"), None);
    }
}
