//! A `blob:` address that is released when its last owner goes. The bytes stay with the browser.

use wasm_bindgen::JsValue;
use web_sys::{Blob, Url};

/// An address for a blob.
#[derive(Debug)]
pub(crate) struct ObjectUrl(String);

impl ObjectUrl {
    pub(crate) fn new(blob: &Blob) -> Result<Self, JsValue> {
        Url::create_object_url_with_blob(blob).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        // Refused only for what is not an object URL.
        let _ = Url::revoke_object_url(&self.0);
    }
}
