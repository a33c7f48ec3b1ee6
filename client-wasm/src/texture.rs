//! Puts the frame of a character that is on screen into a WebGL texture, and only when there is a new
//! one: a clip has 12 to 30 frames a second, a game asks 60 times.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlCanvasElement, HtmlImageElement, HtmlVideoElement};

use crate::frames::Frames;

#[wasm_bindgen]
extern "C" {
    /// What WebGL 1 and 2 have in common, as far as it is needed.
    #[derive(Debug, Clone)]
    pub type Gl;
    #[wasm_bindgen(method, js_name = isContextLost)]
    fn is_context_lost(this: &Gl) -> bool;
    #[wasm_bindgen(method, js_name = bindTexture)]
    fn bind_texture(this: &Gl, target: u32, texture: &JsValue);
    #[wasm_bindgen(method, js_name = texParameteri)]
    fn tex_parameter(this: &Gl, target: u32, name: u32, value: u32);
    #[wasm_bindgen(method, catch, js_name = texImage2D)]
    fn tex_image(
        this: &Gl,
        target: u32,
        level: u32,
        internal: u32,
        format: u32,
        kind: u32,
        source: &Element,
    ) -> Result<(), JsValue>;
}

/// WebGL's names (WebGL 1.0, section 5.14).
const TEXTURE_2D: u32 = 0x0DE1;
const RGBA: u32 = 0x1908;
const UNSIGNED_BYTE: u32 = 0x1401;
const LINEAR: u32 = 0x2601;
const CLAMP_TO_EDGE: u32 = 0x812F;
const MIN_FILTER: u32 = 0x2801;
const WRAP_S: u32 = 0x2802;
const WRAP_T: u32 = 0x2803;
/// `HAVE_CURRENT_DATA` (HTML, section 4.8.11.11).
const HAVE_CURRENT_DATA: u16 = 2;

/// What was uploaded last, of one character. Kept by whoever calls [`upload`].
#[derive(Debug, Default)]
pub struct Uploaded {
    /// Into which texture of which context.
    into: RefCell<Option<(Gl, JsValue)>>,
    source: RefCell<Option<Source>>,
    /// The time of the video's frame, for browsers that do not tell when there is a new one.
    time: Cell<f64>,
    /// How often the canvas had been drawn on.
    drawn: Cell<u32>,
}

/// An element whose frames were uploaded.
#[derive(Debug)]
struct Source {
    element: Element,
    fresh: Option<Fresh>,
}

/// Notes when a video has a new frame, until it is dropped.
struct Fresh {
    noted: Rc<Cell<bool>>,
    _frames: Frames,
}

/// Uploads `frame` into `texture` if it shows something that the texture does not show yet, and says
/// whether it did. Leaves `texture` bound to the active unit's `TEXTURE_2D`; a texture that is new here is
/// given linear filters and clamped edges, which frames of any size need in WebGL 1. Flipping and
/// premultiplying are as the caller has set them.
///
/// Who draws a canvas says how often it was `drawn` on; of a video and of a picture that is not looked at.
///
/// False, and nothing touched, while there is no frame, while the context is lost, and where the browser
/// refuses. After a context is restored the game makes a new texture, and that is filled at once.
pub fn upload(gl: &Gl, texture: &JsValue, frame: Option<&Element>, drawn: u32, uploaded: &Uploaded) -> bool {
    if gl.is_context_lost() {
        uploaded.into.take();
        return false;
    }
    let Some(frame) = frame.filter(|frame| has_picture(frame)) else { return false };
    let into = (gl.clone(), texture.clone());
    let is_new = uploaded.into.borrow().as_ref().is_none_or(|(old, texture)| {
        let same = |a: &JsValue, b: &JsValue| js_sys::Object::is(a, b);
        !same(old.as_ref(), gl.as_ref()) || !same(texture, &into.1)
    });
    // Asked in any case: it takes the note that there is a new frame.
    if !uploaded.is_fresh(frame, drawn) && !is_new {
        return false;
    }
    gl.bind_texture(TEXTURE_2D, texture);
    if is_new {
        for (name, value) in [(MIN_FILTER, LINEAR), (WRAP_S, CLAMP_TO_EDGE), (WRAP_T, CLAMP_TO_EDGE)] {
            gl.tex_parameter(TEXTURE_2D, name, value);
        }
    }
    let done = gl.tex_image(TEXTURE_2D, 0, RGBA, RGBA, UNSIGNED_BYTE, frame).is_ok();
    // What was refused is tried again.
    drop(uploaded.into.replace(done.then_some(into)));
    done
}

fn has_picture(frame: &Element) -> bool {
    if let Some(video) = frame.dyn_ref::<HtmlVideoElement>() {
        return video.ready_state() >= HAVE_CURRENT_DATA;
    }
    frame.dyn_ref::<HtmlImageElement>().is_none_or(|image| image.complete() && image.natural_width() > 0)
}

impl Uploaded {
    /// Whether `frame` shows something else than when it was asked last.
    fn is_fresh(&self, frame: &Element, drawn: u32) -> bool {
        let mut source = self.source.borrow_mut();
        let video = frame.dyn_ref::<HtmlVideoElement>();
        let drawn_on = self.drawn.replace(drawn) != drawn;
        match source.as_ref().filter(|source| source.element == *frame) {
            Some(known) => match (&known.fresh, video) {
                (Some(fresh), _) => fresh.noted.replace(false),
                (None, Some(video)) => self.time.replace(video.current_time()) != video.current_time(),
                // A picture is one element for each picture.
                (None, None) => drawn_on && frame.is_instance_of::<HtmlCanvasElement>(),
            },
            None => {
                self.time.set(video.map_or(0.0, |video| video.current_time()));
                *source = Some(Source { element: frame.clone(), fresh: video.and_then(Fresh::watch) });
                true
            }
        }
    }
}

impl Fresh {
    fn watch(video: &HtmlVideoElement) -> Option<Self> {
        let noted = Rc::new(Cell::new(false));
        let note = noted.clone();
        Some(Self { noted, _frames: Frames::each(video, move || note.set(true))? })
    }
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fresh").field("noted", &self.noted.get()).finish_non_exhaustive()
    }
}
