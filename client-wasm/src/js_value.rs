//! JavaScript values: what a page or the edge gave, read through [`Document`], and the objects that are
//! handed out. The browser parses and writes all JSON; the module carries no code for it.

use cuelight_core::document::Document;
use cuelight_core::operation::own::Letters;
use js_sys::{Array, JSON, JsString, Object, Reflect, RegExp};
use wasm_bindgen::{JsCast, JsValue};

/// A value from outside.
#[derive(Debug, Clone)]
pub(crate) struct Given(pub(crate) JsValue);

impl Given {
    /// Reads JSON. `None` for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// As JSON; a text is taken for JSON already. What cannot be written, as an object within itself, is
    /// none.
    pub(crate) fn json(&self) -> String {
        let written = || JSON::stringify(&self.0).ok().and_then(|text| text.as_string());
        self.text().or_else(written).unwrap_or_else(|| "?".to_owned())
    }
}

impl Document for Given {
    fn member(&self, name: &str) -> Option<Self> {
        // Refused for what is no object, and where a getter of the page's throws.
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_undefined() && !value.is_null()).then_some(Self(value))
    }

    fn names(&self) -> Vec<String> {
        match self.0.dyn_ref::<Object>() {
            Some(object) if !Array::is_array(object) => {
                Object::keys(object).iter().filter_map(|name| name.as_string()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn items(&self) -> Option<Vec<Self>> {
        Array::is_array(&self.0).then(|| self.0.unchecked_ref::<Array>().iter().map(Self).collect())
    }

    fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64().filter(|number| number.is_finite())
    }

    fn flag(&self) -> Option<bool> {
        self.0.as_bool()
    }
}

/// The browser's own tables of Unicode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BrowserLetters;

impl Letters for BrowserLetters {
    fn composed(&self, text: &str) -> String {
        JsString::from(text).normalize("NFC").into()
    }

    fn lower(&self, text: &str) -> String {
        JsString::from(text).to_lower_case().into()
    }

    fn are_words(&self, text: &str) -> bool {
        RegExp::new("^[\\p{Alphabetic}\\p{N} _-]*$", "u").test(text)
    }
}

/// An object with these members.
pub(crate) fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        set(&object, name, value);
    }
    object.into()
}

/// Sets a member of an object of ours.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // Refused only for what is no object, or is frozen.
    let _ = Reflect::set(object, &name.into(), value);
}

/// A list of these values.
pub(crate) fn list(items: impl Iterator<Item = JsValue>) -> JsValue {
    items.collect::<Array>().into()
}

/// What went wrong or is wanted, as a page is told.
pub(crate) fn fault(code: &str, detail: &str) -> JsValue {
    object(&[("code", code.into()), ("detail", detail.into())])
}
