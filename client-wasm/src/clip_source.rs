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
use web_sys::{Blob, HtmlVideoElement};

use crate::object_url::ObjectUrl;

#[wasm_bindgen]
extern "C" {
    // ECMAScript's own base64, which js-sys does not know and not every browser has.
    type Bytes;
    #[wasm_bindgen(method, catch, js_name = toBase64)]
    fn to_base64(this: &Bytes) -> Result<JsString, JsValue>;
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
    /// The address itself, and the same bytes for where it is refused.
    Data(JsString, Blob),
}

impl ClipSource {
    /// For a clip. `data` is what [`in_text`] made of it.
    pub(crate) fn new(blob: &Blob, data: Option<JsString>) -> Result<Self, JsValue> {
        let address = match data {
            Some(text) => Address::Data(text, blob.clone()),
            None => Address::Blob(ObjectUrl::new(blob)?),
        };
        Ok(Self(RefCell::new(address)))
    }

    /// Has a video load it.
    pub(crate) fn give_to(&self, video: &HtmlVideoElement) {
        match &*self.0.borrow() {
            Address::Blob(url) => video.set_src(url.as_str()),
            Address::Data(text, _) => {
                // Refused only for a property that cannot be written.
                let _ = Reflect::set(video, &"src".into(), text);
            }
        }
    }

    /// A video could not load it. Whether there is another address now that it can be loaded from.
    pub(crate) fn change(&self) -> bool {
        let url = match &*self.0.borrow() {
            Address::Blob(_) => return false,
            Address::Data(_, blob) => ObjectUrl::new(blob),
        };
        let Ok(url) = url else { return false };
        REFUSED.set(true);
        self.0.replace(Address::Blob(url));
        true
    }
}

/// An address that holds the bytes of these pieces, of this media type, where such a one is of use.
pub(crate) fn in_text(pieces: &Array, kind: &str) -> Option<JsString> {
    // Only where it was measured, which is where browsers say what they are in this way.
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let chromium = Reflect::get(&navigator, &"userAgentData".into()).is_ok_and(|data| !data.is_undefined());
    let pieces: Vec<Uint8Array> = pieces.iter().map(JsCast::unchecked_into).collect();
    let length = pieces.iter().map(Uint8Array::length).sum();
    if REFUSED.get() || !chromium || length > LONGEST {
        return None;
    }
    let all = Uint8Array::new_with_length(length);
    let mut at = 0;
    for piece in &pieces {
        all.set(piece, at);
        at += piece.length();
    }
    let text = all.unchecked_ref::<Bytes>().to_base64().ok()?;
    Some(JsString::from(["data:", kind, ";base64,"].concat()).concat(&text))
}
