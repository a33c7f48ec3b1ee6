//! A copy of a video's frames in a canvas, each in the task that presents it. A page on which two videos
//! of 30 frames a second are in sight is slowed down to their rate by Chromium, which takes it for a
//! conference; what is drawn from videos at opacity 0 does not slow it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::units::Millis;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

use crate::browser;
use crate::video::Frame;

/// A canvas, and the video that it shows.
pub(crate) struct Canvas {
    me: Weak<Self>,
    element: HtmlCanvasElement,
    pen: CanvasRenderingContext2d,
    shown: RefCell<Option<HtmlVideoElement>>,
    next: RefCell<Option<Frame>>,
    fade: Cell<Fade>,
    /// Out of sight until the video presents a frame.
    veiled: Cell<bool>,
}

/// What came of showing a video.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// Its frame is drawn.
    Now,
    /// It gives no frame away just now, as for a moment after it begins to play. The canvas comes into sight,
    /// and the video goes out of it, with the next one.
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
            next: RefCell::default(),
            fade: Cell::default(),
            veiled: Cell::default(),
        }))
    }

    /// The element; the owner puts it on the page and into sight.
    pub(crate) const fn element(&self) -> &HtmlCanvasElement {
        &self.element
    }

    /// Draws the frame that the video is on, and every one that it presents from now on. It fades into what
    /// was drawn before over this long. A browser presents no frames on a page that is not seen.
    pub(crate) fn show(&self, video: &HtmlVideoElement, fade: Millis) -> Drawn {
        let Some(next) = self.request(video) else { return Drawn::Never };
        let ready = video.ready_state() >= 2 && video.video_width() > 0;
        // Into nothing fades nothing.
        let length = if ready && self.shown.borrow().is_some() { fade } else { Millis(0) };
        self.fade.set(Fade { from: browser::now(), length, done: 0 });
        drop(self.shown.replace(Some(video.clone())));
        drop(self.next.replace(Some(next)));
        self.veiled.set(!ready);
        if !ready {
            browser::style(&self.element, "opacity", "0");
            return Drawn::Soon;
        }
        self.draw(video);
        Drawn::Now
    }

    /// Whether it shows this video.
    pub(crate) fn shows(&self, video: &HtmlVideoElement) -> bool {
        self.shown.borrow().as_ref() == Some(video)
    }

    /// Draws nothing any more. What was drawn stays.
    pub(crate) fn stop(&self) {
        self.next.take();
        self.shown.take();
    }

    fn request(&self, video: &HtmlVideoElement) -> Option<Frame> {
        let me = self.me.clone();
        Frame::request(video, move || {
            if let Some(canvas) = me.upgrade() {
                canvas.present();
            }
        })
    }

    fn present(&self) {
        let Some(video) = self.shown.borrow().clone() else { return };
        // What this runs in is dropped later.
        let old = self.next.replace(self.request(&video));
        wasm_bindgen_futures::spawn_local(async move { drop(old) });
        self.draw(&video);
        if self.veiled.replace(false) {
            browser::style(&self.element, "opacity", "1");
            browser::style(&video, "opacity", "0");
        }
    }

    fn draw(&self, video: &HtmlVideoElement) {
        let (width, height) = (video.video_width(), video.video_height());
        let mut fade = self.fade.get();
        if (self.element.width(), self.element.height()) != (width, height) {
            // This empties it, so there is nothing left to fade from.
            self.element.set_width(width);
            self.element.set_height(height);
            fade.length = Millis(0);
        }
        self.pen.set_global_alpha(fade.step(browser::now()));
        self.fade.set(fade);
        // Refused only for a picture of another origin, which a blob is not.
        let _ = self.pen.draw_image_with_html_video_element(video, 0.0, 0.0);
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.stop();
        // Frees its memory now and not when it is collected.
        self.element.set_width(0);
        self.element.remove();
    }
}
