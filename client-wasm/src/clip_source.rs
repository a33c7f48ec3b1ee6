//! Where a video takes the bytes of a clip from: an address that holds them itself, where the browser plays
//! such a one at once, or else one that stands for them.
//!
//! Chromium plays a `data:` address out of the page's own memory; for a `blob:` address it asks another
//! process first, which makes each switch some 3 to 5 ms later. A page whose Content Security Policy allows no
//! `data:` in `media-src` gets `blob:` addresses, after one attempt.

use std::cell::{Cell, RefCell};

use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlVideoElement};

use crate::object_url::ObjectUrl;

#[wasm_bindgen]
extern "C" {
    // ECMAScript's own base64, which no version of web-sys and js-sys knows that every browser has.
    #[wasm_bindgen(js_name = Uint8Array)]
    type Bytes;
    #[wasm_bindgen(method, catch, js_name = toBase64)]
    fn to_base64(this: &Bytes) -> Result<JsString, JsValue>;
    #[wasm_bindgen(static_method_of = Bytes, catch, js_class = "Uint8Array", js_name = fromBase64)]
    fn from_base64(text: &JsString) -> Result<Uint8Array, JsValue>;
}

/// What is longer stays with the browser: its address would be held twice, in the page and by the video.
const LONGEST: u32 = 256 * 1024;

thread_local! {
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The address of a clip.
#[derive(Debug)]
pub(crate) struct ClipSource(RefCell<Address>);

#[derive(Debug)]
enum Address {
    Blob(ObjectUrl),
    /// What comes before the text, and the text.
    Data(JsString, JsString),
}

impl ClipSource {
    /// For a clip whose bytes the browser keeps. `data` is what [`in_text`] made of them.
    pub(crate) fn new(blob: &Blob, data: Option<JsString>) -> Result<Self, JsValue> {
        let address = match data {
            Some(text) => Address::Data(format!("data:{};base64,", blob.type_()).into(), text),
            None => Address::Blob(ObjectUrl::new(blob)?),
        };
        Ok(Self(RefCell::new(address)))
    }

    /// Has a video load it.
    pub(crate) fn give_to(&self, video: &HtmlVideoElement) {
        match &*self.0.borrow() {
            Address::Blob(url) => video.set_src(url.as_str()),
            Address::Data(head, text) => {
                // Refused only for a property that cannot be written.
                let _ = Reflect::set(video, &"src".into(), &head.concat(text));
            }
        }
    }

    /// A video could not load it. Whether there is another address now that it can be loaded from.
    pub(crate) fn change(&self) -> bool {
        let blob = match &*self.0.borrow() {
            Address::Blob(_) => return false,
            Address::Data(head, text) => {
                let kind = head.slice(5, head.length() - 8);
                Bytes::from_base64(text)
                    .ok()
                    .and_then(|bytes| blob_of(&Array::of1(&bytes), &String::from(kind)))
            }
        };
        let Some(url) = blob.and_then(|blob| ObjectUrl::new(&blob).ok()) else { return false };
        REFUSED.set(true);
        self.0.replace(Address::Blob(url));
        true
    }
}

/// The bytes of these pieces as text for an address, where that is of use.
pub(crate) fn in_text(pieces: &Array) -> Option<JsString> {
    // Only where it was measured, which is where browsers say what they are in this way.
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    if REFUSED.get() || !Reflect::has(&navigator, &"userAgentData".into()).unwrap_or(false) {
        return None;
    }
    let pieces = || pieces.iter().map(JsCast::unchecked_into::<Uint8Array>);
    let length = pieces().map(|piece| piece.length()).sum();
    if length > LONGEST {
        return None;
    }
    let all = Uint8Array::new_with_length(length);
    let mut at = 0;
    for piece in pieces() {
        all.set(&piece, at);
        at += piece.length();
    }
    all.unchecked_ref::<Bytes>().to_base64().ok()
}

/// A blob of this media type.
pub(crate) fn blob_of(pieces: &Array, kind: &str) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_buffer_source_sequence_and_options(pieces, &options).ok()
}
