//! Where a video takes the bytes of a clip from: an address that holds them itself, where the browser plays
//! such a one at once, or else one that stands for them.
//!
//! Chromium plays a `data:` address out of the page's own memory; for a `blob:` address it asks another
//! process first, which makes each switch some 3 to 5 ms later. A page whose Content Security Policy allows no
//! `data:` in `media-src` gets `blob:` addresses, after one attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlVideoElement};

use crate::halves;
use crate::object_url::ObjectUrl;

#[wasm_bindgen]
extern "C" {
    // ECMAScript's own base64, which js-sys does not know and not every browser has.
    type Bytes;
    #[wasm_bindgen(method, catch, js_name = toBase64)]
    fn to_base64(this: &Bytes) -> Result<JsString, JsValue>;
}

/// What is longer stays with the browser: its address would be held twice, in the page and by the video.
const LONGEST: u64 = 256 * 1024;

thread_local! {
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The bytes of a clip: in the pieces that came, or with the browser. It takes some 0.6 ms to give them to the
/// browser, which a clip that somebody waits for need not wait for.
#[derive(Debug)]
pub(crate) struct Body {
    held: RefCell<Held>,
    size: u64,
}

#[derive(Debug)]
enum Held {
    /// `Uint8Array`s as they came, and their media type.
    Pieces(Array, String),
    Blob(Blob),
}

impl Body {
    /// What came from the edge: `Uint8Array`s, how many bytes all of them have, and their media type.
    pub(crate) const fn of_pieces(pieces: Array, size: u64, kind: String) -> Self {
        Self { held: RefCell::new(Held::Pieces(pieces, kind)), size }
    }

    /// What the browser has already.
    pub(crate) fn of_blob(blob: Blob) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let size = blob.size().max(0.0) as u64;
        Self { held: RefCell::new(Held::Blob(blob)), size }
    }

    /// How long it is, in bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The same, with the browser from now on.
    pub(crate) fn blob(&self) -> Result<Blob, JsValue> {
        let mut held = self.held.borrow_mut();
        let blob = match &*held {
            Held::Blob(blob) => blob.clone(),
            Held::Pieces(pieces, kind) => {
                let options = BlobPropertyBag::new();
                options.set_type(kind);
                Blob::new_with_buffer_source_sequence_and_options(pieces, &options)?
            }
        };
        *held = Held::Blob(blob.clone());
        Ok(blob)
    }

    /// An address that holds these bytes, where such a one is of use.
    fn in_text(&self) -> Option<JsString> {
        let held = self.held.borrow();
        let Held::Pieces(pieces, kind) = &*held else { return None };
        // Only where it was measured, which is where browsers say what they are in this way.
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
        let chromium =
            Reflect::get(&navigator, &"userAgentData".into()).is_ok_and(|data| !data.is_undefined());
        if REFUSED.get() || !chromium || self.size > LONGEST {
            return None;
        }
        let all = Uint8Array::new_with_length(u32::try_from(self.size).ok()?);
        let mut at = 0;
        for piece in pieces.iter() {
            let piece: Uint8Array = piece.unchecked_into();
            all.set(&piece, at);
            at += piece.length();
        }
        let text = all.unchecked_ref::<Bytes>().to_base64().ok()?;
        Some(JsString::from(["data:", kind, ";base64,"].concat()).concat(&text))
    }
}

/// The address of a clip.
#[derive(Debug)]
pub(crate) struct ClipSource(RefCell<Address>);

#[derive(Debug)]
enum Address {
    Blob(ObjectUrl),
    /// The address itself, and the same bytes for where it is refused.
    Data(JsString, Rc<Body>),
}

impl ClipSource {
    /// For a clip.
    pub(crate) fn new(body: &Rc<Body>) -> Result<Self, JsValue> {
        // What would make a text of the first clip comes after it.
        let text = if halves::is_whole() { body.in_text() } else { None };
        let address = match text {
            Some(text) => Address::Data(text, body.clone()),
            None => Address::Blob(ObjectUrl::new(&body.blob()?)?),
        };
        Ok(Self(RefCell::new(address)))
    }

    /// Has a video load it.
    pub(crate) fn give_to(&self, video: &HtmlVideoElement) {
        if REFUSED.get() {
            self.stand_for();
        }
        match &*self.0.borrow() {
            Address::Blob(url) => video.set_src(url.as_str()),
            Address::Data(text, _) => {
                // Refused only for a property that cannot be written.
                let _ = Reflect::set(video, &"src".into(), text);
            }
        }
    }

    /// A video could not load it. Whether there is another address than it has that it can be loaded from.
    pub(crate) fn change(&self, video: &HtmlVideoElement) -> bool {
        let text = Reflect::get(video, &"src".into()).ok();
        let held = text.is_some_and(|text| JsString::from(text).starts_with("data:", 0));
        if held {
            REFUSED.set(true);
        }
        held && self.stand_for()
    }

    /// From now on by an address that stands for the bytes. Whether there is one.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn stand_for(&self) -> bool {
        let url = match &*self.0.borrow() {
            Address::Blob(_) => return true,
            Address::Data(_, body) => body.blob().and_then(|blob| ObjectUrl::new(&blob)),
        };
        // The old one is let go of when it is no longer borrowed.
        url.map(|url| drop(self.0.replace(Address::Blob(url)))).is_ok()
    }
}
