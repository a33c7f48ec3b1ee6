//! A character that stands free on the page: its clips drawn by WebGL without their backdrop. Draws over a
//! stage, and only when the video that is shown presents another frame; wherever WebGL or frame
//! callbacks are missing or lost, the plain video is shown instead.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::character::Color;
use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, HtmlVideoElement, Node, WebGlRenderingContext};

use crate::browser;
use crate::video::Frame;

pub mod alpha;
mod program;

use program::Program;

/// What becomes of a clip's background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// It stays: as drawn, or as transparent as the clip itself is.
    Keep,
    /// The backdrop of this colour is keyed out.
    Key(Color),
    /// The clip has its transparency beside its colours: in its right half, or in its lower half when
    /// it is taller than wide.
    Packed,
}

impl Background {
    /// What a page's word means, for a character with this backdrop.
    #[must_use]
    pub fn named(word: &str, backdrop: Color) -> Option<Self> {
        match word {
            "keep" => Some(Self::Keep),
            "key" => Some(Self::Key(backdrop)),
            "packed" => Some(Self::Packed),
            _ => None,
        }
    }
}

#[wasm_bindgen]
extern "C" {
    /// The extension `WEBGL_lose_context`, which web-sys does not have.
    type Losable;
    #[wasm_bindgen(method, js_name = loseContext)]
    fn lose(this: &Losable);
}

/// A canvas in place of the video that is shown.
pub struct Keying {
    me: Weak<Self>,
    canvas: HtmlCanvasElement,
    gl: WebGlRenderingContext,
    background: Background,
    /// Absent while the context is lost.
    program: RefCell<Option<Program>>,
    shown: RefCell<Option<HtmlVideoElement>>,
    next: RefCell<Option<Frame>>,
    frames: Cell<u32>,
    listeners: RefCell<Vec<EventListener>>,
}

impl std::fmt::Debug for Keying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keying").finish_non_exhaustive()
    }
}

impl Keying {
    /// A canvas at the end of `parent`, out of sight. `None` when nothing is to be drawn, or the
    /// browser cannot: the videos are then shown as they are.
    #[must_use]
    pub fn new(parent: &Node, background: Background) -> Option<Rc<Self>> {
        if background == Background::Keep {
            return None;
        }
        let canvas: HtmlCanvasElement = browser::create("canvas")?;
        for (property, value) in [
            ("position", "absolute"),
            ("inset", "0"),
            ("width", "100%"),
            ("height", "100%"),
            ("object-fit", "cover"),
            ("pointer-events", "none"),
            ("opacity", "0"),
            // Above whatever a stage puts on top; its root isolates this from the page.
            ("z-index", "2147483647"),
        ] {
            browser::style(&canvas, property, value);
        }
        let _ = canvas.set_attribute("aria-hidden", "true");
        let attributes = js_sys::Object::new();
        for (name, value) in [("antialias", false), ("depth", false), ("preserveDrawingBuffer", true)] {
            // Setting a property of a fresh object cannot fail.
            let _ = js_sys::Reflect::set(&attributes, &name.into(), &JsValue::from_bool(value));
        }
        let context = canvas.get_context_with_context_options("webgl", &attributes).ok()??;
        let gl: WebGlRenderingContext = context.dyn_into().ok()?;
        let program = Program::new(&gl, background)?;
        parent.append_child(&canvas).ok()?;
        let keying = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            canvas,
            gl,
            background,
            program: RefCell::new(Some(program)),
            shown: RefCell::default(),
            next: RefCell::default(),
            frames: Cell::new(0),
            listeners: RefCell::default(),
        });
        let on = |name: &'static str, then: fn(&Self)| {
            let me = keying.me.clone();
            // A context comes back only when its loss is taken in hand.
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&keying.canvas, name, options, move |event| {
                event.prevent_default();
                if let Some(keying) = me.upgrade() {
                    then(&keying);
                }
            })
        };
        let listeners = vec![on("webglcontextlost", Self::lost), on("webglcontextrestored", Self::restored)];
        drop(keying.listeners.replace(listeners));
        Some(keying)
    }

    /// Draws this video's frame at once and every one that it presents from now on. A frame of it must
    /// have been painted before: data that is there is not yet a frame that can be drawn. The video itself
    /// goes out of sight, or into it when it cannot be drawn.
    pub fn show(&self, video: &HtmlVideoElement) {
        let before = self.shown.replace(Some(video.clone()));
        if let Some(before) = before.filter(|before| before != video) {
            browser::style(&before, "opacity", "0");
        }
        self.present();
    }

    /// Draws nothing any more.
    pub fn hide(&self) {
        self.next.take();
        self.shown.take();
        browser::style(&self.canvas, "opacity", "0");
    }

    /// What is drawn into.
    #[must_use]
    pub const fn canvas(&self) -> &HtmlCanvasElement {
        &self.canvas
    }

    /// How many frames were drawn.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.frames.get()
    }

    /// Loses the context, as a browser may at any time.
    pub fn lose(&self) {
        if let Ok(Some(extension)) = self.gl.get_extension("WEBGL_lose_context") {
            extension.unchecked_ref::<Losable>().lose();
        }
    }

    fn present(&self) {
        let Some(video) = self.shown.borrow().clone() else { return };
        let me = self.me.clone();
        let then = move || {
            if let Some(keying) = me.upgrade() {
                keying.present();
            }
        };
        let next = Frame::request(&video, then);
        let drawn = next.is_some() && self.draw(&video);
        let able = self.program.borrow().is_some();
        drop(self.next.replace(next.filter(|_| able)));
        browser::style(&self.canvas, "opacity", if drawn { "1" } else { "0" });
        browser::style(&video, "opacity", if drawn { "0" } else { "1" });
    }

    fn draw(&self, video: &HtmlVideoElement) -> bool {
        let drawn = match &*self.program.borrow() {
            Some(program) => program.draw(&self.gl, &self.canvas, self.background, video),
            None => false,
        };
        if drawn {
            self.frames.set(self.frames.get().wrapping_add(1));
        }
        drawn
    }

    fn lost(&self) {
        self.program.take();
        self.present();
    }

    fn restored(&self) {
        drop(self.program.replace(Program::new(&self.gl, self.background)));
        self.present();
    }
}

impl Drop for Keying {
    fn drop(&mut self) {
        self.listeners.take();
        self.next.take();
        if let Some(video) = self.shown.take() {
            browser::style(&video, "opacity", "1");
        }
        // A browser keeps few contexts, and keeps this one until its memory is collected.
        self.lose();
        self.canvas.remove();
    }
}
