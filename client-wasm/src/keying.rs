//! A clip's frames without their background, drawn by WebGL. One context serves all characters of the
//! page: a browser keeps few of them, and takes the oldest away for a new one.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use cuelight_core::character::Color;
use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, HtmlVideoElement, WebGlRenderingContext};

use crate::browser;

mod program;

use program::Program;

/// What becomes of a clip's background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// It stays: as drawn, or as transparent as the clip itself is.
    #[default]
    Keep,
    /// The backdrop of this colour is keyed out; without a colour, that of the character's own backdrop.
    Key(Option<Color>),
    /// The clip has its transparency beside its colours: in its right half, or in its lower half when
    /// it is taller than wide.
    Packed,
}

impl Background {
    /// What a page's words mean: `keep`, `key`, `key #rrggbb` or `packed`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "keep" => Some(Self::Keep),
            "key" => Some(Self::Key(None)),
            "packed" => Some(Self::Packed),
            _ => Color::parse(text.strip_prefix("key ")?).map(|color| Self::Key(Some(color))),
        }
    }

    /// The same for a character with this backdrop.
    #[must_use]
    pub fn over(self, backdrop: Color) -> Self {
        match self {
            Self::Key(color) => Self::Key(color.or(Some(backdrop))),
            other => other,
        }
    }

    /// Width and height of the part of a video that has the colours, in its pixels.
    pub(crate) fn size(self, video: &HtmlVideoElement) -> (u32, u32) {
        match (self, video.video_width(), video.video_height()) {
            (Self::Packed, width, height) if height > width => (width, height / 2),
            (Self::Packed, width, height) => (width / 2, height),
            (_, width, height) => (width, height),
        }
    }
}

/// Who wants to know when keying stops working, and when it works again.
pub trait Served {
    /// Whether it works now.
    fn able(&self, able: bool);
}

#[wasm_bindgen]
extern "C" {
    /// The extension `WEBGL_lose_context`, which web-sys does not have.
    type Losable;
    #[wasm_bindgen(method, js_name = loseContext)]
    fn lose(this: &Losable);
}

/// The page's WebGL context, and a canvas on no page that it draws into.
pub struct Keyer {
    canvas: HtmlCanvasElement,
    gl: WebGlRenderingContext,
    /// Absent while the context is lost.
    program: RefCell<Option<Program>>,
    served: RefCell<Vec<Weak<dyn Served>>>,
    listeners: RefCell<Vec<EventListener>>,
}

thread_local! {
    /// Gone with the last character that is keyed, and made anew with the next.
    static KEYER: RefCell<Weak<Keyer>> = const { RefCell::new(Weak::new()) };
}

impl std::fmt::Debug for Keyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyer").finish_non_exhaustive()
    }
}

impl Keyer {
    /// The page's keyer. `None` where the browser has no WebGL to give.
    #[must_use]
    pub fn shared() -> Option<Rc<Self>> {
        KEYER.with(|cell| {
            let known = cell.borrow().upgrade();
            known.or_else(|| {
                let new = Self::new()?;
                *cell.borrow_mut() = Rc::downgrade(&new);
                Some(new)
            })
        })
    }

    fn new() -> Option<Rc<Self>> {
        let canvas: HtmlCanvasElement = browser::create("canvas")?;
        let attributes = js_sys::Object::new();
        for name in ["antialias", "depth"] {
            // Setting a property of a fresh object cannot fail.
            let _ = js_sys::Reflect::set(&attributes, &name.into(), &JsValue::FALSE);
        }
        let context = canvas.get_context_with_context_options("webgl", &attributes).ok()??;
        let gl: WebGlRenderingContext = context.dyn_into().ok()?;
        let program = Program::new(&gl)?;
        Some(Rc::new_cyclic(|me| {
            let on = |name: &'static str, able: bool| {
                let me: Weak<Self> = me.clone();
                // A context comes back only when its loss is taken in hand.
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&canvas, name, options, move |event| {
                    event.prevent_default();
                    if let Some(keyer) = me.upgrade() {
                        keyer.turned(able);
                    }
                })
            };
            let listeners = vec![on("webglcontextlost", false), on("webglcontextrestored", true)];
            Self {
                canvas: canvas.clone(),
                gl,
                program: RefCell::new(Some(program)),
                served: RefCell::default(),
                listeners: RefCell::new(listeners),
            }
        }))
    }

    /// Tells this one, too, for as long as it is there.
    pub fn serve(&self, whom: Weak<dyn Served>) {
        let mut served = self.served.borrow_mut();
        served.retain(|whom| whom.strong_count() > 0);
        served.push(whom);
    }

    /// Whether it works now.
    #[must_use]
    pub fn is_able(&self) -> bool {
        self.program.borrow().is_some()
    }

    /// Draws the frame that a video is at into the upper left corner of the canvas, without its background;
    /// it is there until the end of the task. False when there is nothing to take away, when the video has
    /// no frame, and while the context is lost.
    #[must_use]
    pub fn draw(&self, video: &HtmlVideoElement, background: Background) -> bool {
        let program = self.program.borrow();
        program.as_ref().is_some_and(|program| program.draw(&self.gl, &self.canvas, background, video))
    }

    /// What is drawn into.
    #[must_use]
    pub const fn canvas(&self) -> &HtmlCanvasElement {
        &self.canvas
    }

    fn turned(&self, able: bool) {
        let program = if able { Program::new(&self.gl) } else { None };
        drop(self.program.replace(program));
        let served = self.served.borrow().clone();
        for whom in served {
            if let Some(whom) = whom.upgrade() {
                whom.able(self.is_able());
            }
        }
    }
}

impl Drop for Keyer {
    fn drop(&mut self) {
        self.listeners.take();
        // A browser keeps this context otherwise until its memory is collected.
        if let Ok(Some(extension)) = self.gl.get_extension("WEBGL_lose_context") {
            extension.unchecked_ref::<Losable>().lose();
        }
        self.canvas.set_width(0);
    }
}
