//! A copy of a video's frames in a canvas, each in the task that presents it. A page on which two videos
//! of 30 frames a second are in sight is slowed down to their rate by Chromium, which takes it for a
//! conference; what is drawn from videos at opacity 0 does not slow it. And only what is drawn can be
//! without its background.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::units::Millis;
use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlVideoElement};

use crate::browser;
use crate::frames::Frames;
use crate::keying::{Background, Keyer};

#[wasm_bindgen]
extern "C" {
    /// A 2D context that takes any element that is a picture: web-sys has one name for each.
    type Pen;
    #[wasm_bindgen(method, catch, js_name = drawImage)]
    fn draw_part(
        this: &Pen,
        source: &Element,
        left: u32,
        top: u32,
        width: u32,
        height: u32,
        to_left: u32,
        to_top: u32,
        to_width: u32,
        to_height: u32,
    ) -> Result<(), JsValue>;
}

/// Where a browser reports no frame of a paused video, what there is is drawn after this long, in
/// milliseconds.
const A_FRAME_AT_THE_LATEST: u32 = 100;
/// A frame that is reported can be drawn about this much later, where it cannot be at once: a frame at 60 a
/// second, in milliseconds.
const A_FRAME_LATER: u32 = 16;

/// A canvas, and the video that it shows.
pub(crate) struct Canvas {
    me: Weak<Self>,
    element: HtmlCanvasElement,
    pen: CanvasRenderingContext2d,
    shown: RefCell<Option<HtmlVideoElement>>,
    frames: RefCell<Option<Frames>>,
    lens: RefCell<Lens>,
    fade: Cell<Fade>,
    /// How often it was drawn on.
    drawn: Cell<u32>,
    /// Rings when a frame that is waited for does not come.
    late: RefCell<Option<Timeout>>,
}

/// What frames are drawn through: what becomes of their background, and who sees to that, if anybody can.
#[derive(Clone, Default)]
pub(crate) struct Lens {
    pub(crate) background: Background,
    pub(crate) keyer: Option<Rc<Keyer>>,
}

/// What came of showing a video.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// Its frame is drawn.
    Now,
    /// It gives no frame away just now, as for a moment after it begins to play. With the next one it goes out
    /// of sight itself, if it is there.
    Soon,
    /// This browser does not tell of frames.
    Never,
}

/// How far the video has faded into the picture that was there before.
#[derive(Clone, Copy, Default)]
struct Fade {
    from: Millis,
    length: Millis,
    /// In thousandths.
    done: u64,
}

impl Fade {
    /// How opaque the next frame is drawn over the mixture that is there, so that the mixture is right.
    fn step(&mut self, now: Millis) -> f64 {
        let done = (now.since(self.from).0 * 1_000).checked_div(self.length.0).unwrap_or(1_000).min(1_000);
        let (part, rest) = (done.saturating_sub(self.done), 1_000 - self.done.min(999));
        self.done = done;
        // Both are below 2^53.
        #[allow(clippy::cast_precision_loss)]
        if done == 1_000 { 1.0 } else { part as f64 / rest as f64 }
    }
}

impl Canvas {
    /// A canvas that shows nothing yet, on no page.
    pub(crate) fn new() -> Option<Rc<Self>> {
        let element: HtmlCanvasElement = browser::create("canvas")?;
        let pen = element.get_context("2d").ok()??.dyn_into().ok()?;
        let _ = element.set_attribute("aria-hidden", "true");
        let _ = element.set_attribute("part", "canvas");
        Some(Rc::new_cyclic(|me| Self {
            me: me.clone(),
            element,
            pen,
            shown: RefCell::default(),
            frames: RefCell::default(),
            lens: RefCell::default(),
            fade: Cell::default(),
            drawn: Cell::default(),
            late: RefCell::default(),
        }))
    }

    /// The element; the owner puts it on the page and into sight.
    pub(crate) const fn element(&self) -> &HtmlCanvasElement {
        &self.element
    }

    /// Draws the frame that the video is on, if it has `presented` one, and every one that it presents from
    /// now on. It fades into what was drawn before over this long. A browser presents no frames on a page that
    /// is not seen.
    pub(crate) fn show(&self, video: &HtmlVideoElement, presented: bool, lens: Lens, fade: Millis) -> Drawn {
        let me = self.me.clone();
        let frames = Frames::each(video, move || {
            if let Some(canvas) = me.upgrade() {
                canvas.present();
            }
        });
        if frames.is_none() {
            return Drawn::Never;
        }
        let ready = presented && has_data(video);
        // Into nothing fades nothing.
        let length = if ready && self.shown.borrow().is_some() { fade } else { Millis(0) };
        self.fade.set(Fade { from: browser::now(), length, done: 0 });
        drop(self.shown.replace(Some(video.clone())));
        drop(self.frames.replace(frames));
        drop(self.lens.replace(lens));
        if !ready {
            self.wait(if presented { A_FRAME_LATER } else { A_FRAME_AT_THE_LATEST });
            return Drawn::Soon;
        }
        self.late.take();
        self.draw(video);
        Drawn::Now
    }

    fn wait(&self, pause: u32) {
        let me = self.me.clone();
        let late = Timeout::new(pause, move || {
            if let Some(canvas) = me.upgrade() {
                canvas.present();
            }
        });
        drop(self.late.replace(Some(late)));
    }

    /// Draws another picture, of this size, until there is a frame of the video.
    pub(crate) fn hold(&self, picture: &Element, size: (u32, u32)) {
        self.put(picture, size);
    }

    /// Whether it shows this video.
    pub(crate) fn shows(&self, video: &HtmlVideoElement) -> bool {
        self.shown.borrow().as_ref() == Some(video)
    }

    /// How often it was drawn on.
    #[cfg(feature = "game")]
    pub(crate) const fn drawn(&self) -> u32 {
        self.drawn.get()
    }

    /// Draws the frame that is in sight anew: it is drawn differently now.
    pub(crate) fn draw_again(&self) {
        let shown = self.shown.borrow().clone();
        if let Some(video) = shown.filter(|_| self.late.borrow().is_none()) {
            self.draw(&video);
        }
    }

    /// Draws nothing any more. What was drawn stays until this video, which covers it, has a frame.
    pub(crate) fn give_way(&self, video: &HtmlVideoElement) {
        self.shown.take();
        self.late.take();
        self.lens.take();
        let element = self.element.clone();
        let covered = Frames::once(video, move || browser::style(&element, "opacity", "0"));
        drop(self.frames.replace(covered));
    }

    fn present(&self) {
        let Some(video) = self.shown.borrow().clone() else { return };
        if !has_data(&video) {
            return self.wait(A_FRAME_LATER);
        }
        self.draw(&video);
        if self.late.take().is_some() {
            browser::style(&video, "opacity", "0");
        }
    }

    fn draw(&self, video: &HtmlVideoElement) {
        let Lens { background, keyer } = self.lens.borrow().clone();
        let size = background.size(video);
        match keyer.filter(|keyer| keyer.draw(video, background)) {
            Some(keyer) => self.put(keyer.canvas(), size),
            // Of a packed clip at least its colours.
            None => self.put(video, size),
        }
    }

    fn put(&self, source: &Element, (width, height): (u32, u32)) {
        if width == 0 || height == 0 {
            return;
        }
        let mut fade = self.fade.get();
        if (self.element.width(), self.element.height()) != (width, height) {
            // This empties it, so there is nothing left to fade from.
            self.element.set_width(width);
            self.element.set_height(height);
            fade.length = Millis(0);
        }
        let part = fade.step(browser::now());
        self.fade.set(fade);
        self.pen.set_global_alpha(part);
        // What is transparent is faded, too: so much is taken of what is there, and as much added.
        let mode = if part < 1.0 {
            let _ = self.pen.set_global_composite_operation("destination-out");
            self.pen.fill_rect(0.0, 0.0, width.into(), height.into());
            "lighter"
        } else {
            "copy"
        };
        // Refused only for a mode that a browser does not know.
        let _ = self.pen.set_global_composite_operation(mode);
        let pen: &Pen = self.pen.unchecked_ref();
        // Refused only for a picture of another origin, which a blob is not.
        let _ = pen.draw_part(source, 0, 0, width, height, 0, 0, width, height);
        self.drawn.set(self.drawn.get().wrapping_add(1));
    }
}

/// `HAVE_CURRENT_DATA` (HTML, section 4.8.11.11). A browser may present a frame and not yet, or for a moment no
/// longer, have it to give away.
fn has_data(video: &HtmlVideoElement) -> bool {
    video.ready_state() >= 2
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.frames.take();
        self.late.take();
        // Frees its memory now and not when it is collected.
        self.element.set_width(0);
        self.element.remove();
    }
}
