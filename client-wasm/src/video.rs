//! One `<video>` for life: loaded and rewound out of sight, reported when its frame is painted,
//! never removed. Muted and inline before it has a source, because browsers decide about autoplay
//! then.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlVideoElement;

use crate::browser;
use crate::edge::Clip;
use crate::frames::Frames;

/// What a video tells, with the number of the load that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The frame that was asked for is painted.
    Painted,
    /// What was loaded cannot be played, or no longer.
    Broken,
    /// It is at its end.
    Ended,
    /// It plays, and is here in its clip, of this length; both in milliseconds.
    At(u64, u64),
    /// It has enough data to be played.
    Playable,
    /// The browser refused to play.
    Refused,
}

/// A video, what it holds, and what it waits for.
pub(crate) struct Video {
    me: Weak<Self>,
    element: HtmlVideoElement,
    clip: RefCell<Option<Rc<Clip>>>,
    /// The number of the present load; zero before any.
    load: Cell<u32>,
    /// The frame that is waited for is in the middle.
    middle: Cell<bool>,
    painted: Cell<bool>,
    /// A frame of what is loaded was presented, so there is one that can be drawn.
    presented: Cell<bool>,
    frame: RefCell<Option<Frames>>,
    slow: RefCell<Option<Timeout>>,
    listeners: RefCell<Vec<EventListener>>,
    tell: Box<dyn Fn(u32, Told)>,
}

/// Where a browser reports no frame of a paused or hidden video, data that is there counts as
/// painted after this long, in milliseconds.
const PAINTED_AT_THE_LATEST: u32 = 250;
/// The same where a browser reports no frames at all: one frame at 60 a second after the data is
/// there, and a little.
const A_FRAME_LATER: u32 = 20;

impl Video {
    /// A video without a source.
    pub(crate) fn new(tell: impl Fn(u32, Told) + 'static) -> Option<Rc<Self>> {
        let element: HtmlVideoElement = browser::create("video")?;
        for name in ["muted", "playsinline", "disablepictureinpicture", "disableremoteplayback"] {
            // Refused only for a name that is no name.
            let _ = element.set_attribute(name, "");
        }
        let _ = element.set_attribute("preload", "auto");
        let _ = element.set_attribute("aria-hidden", "true");
        let _ = element.set_attribute("tabindex", "-1");
        element.set_muted(true);
        element.set_default_muted(true);
        let video = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            element,
            clip: RefCell::default(),
            load: Cell::new(0),
            middle: Cell::new(false),
            painted: Cell::new(false),
            presented: Cell::new(false),
            frame: RefCell::default(),
            slow: RefCell::default(),
            listeners: RefCell::default(),
            tell: Box::new(tell),
        });
        *video.listeners.borrow_mut() = EVENTS.map(|name| video.listen(name)).into();
        Some(video)
    }

    pub(crate) const fn element(&self) -> &HtmlVideoElement {
        &self.element
    }

    /// Loads a clip, paused. Whatever was loaded before tells nothing any more.
    pub(crate) fn load(&self, load: u32, clip: Rc<Clip>, middle: bool) {
        self.expect(load, middle);
        self.presented.set(false);
        // Its refusal concerns a request that is taken back anyway.
        let _ = self.element.pause();
        self.await_frame();
        clip.source.give_to(&self.element);
        // The old clip's address is released only now that nothing uses it.
        drop(self.clip.replace(Some(clip)));
        self.element.load();
    }

    /// Goes back to the first frame, or to the middle one, and waits there.
    pub(crate) fn rewind(&self, load: u32, middle: bool) {
        self.expect(load, middle);
        let _ = self.element.pause();
        self.element.set_current_time(self.place());
        self.await_frame();
    }

    /// Plays; a refusal is told.
    pub(crate) fn play(&self, looped: bool) {
        self.element.set_loop(looped);
        let Ok(promise) = self.element.play() else { return self.told(Told::Refused) };
        let (me, load) = (self.me.clone(), self.load.get());
        spawn_local(async move {
            if let Err(error) = JsFuture::from(promise).await
                && name_of(&error).as_deref() != Some("AbortError")
                && let Some(video) = me.upgrade()
            {
                (video.tell)(load, Told::Refused);
            }
        });
    }

    pub(crate) fn pause(&self) {
        let _ = self.element.pause();
    }

    /// Lets go of the clip and of the decoder behind it.
    pub(crate) fn release(&self) {
        self.frame.take();
        self.slow.take();
        self.load.set(0);
        let _ = self.element.pause();
        let _ = self.element.remove_attribute("src");
        self.element.load();
        self.clip.take();
    }

    /// Whether there is a frame to draw: `HAVE_CURRENT_DATA` (HTML, section 4.8.11.11) alone is no frame yet.
    #[cfg(feature = "game")]
    pub(crate) fn has_frame(&self) -> bool {
        self.element.ready_state() >= 2 && self.has_presented()
    }

    /// Whether a frame of what is loaded was presented, as far as the browser tells.
    pub(crate) fn has_presented(&self) -> bool {
        self.presented.get() || self.frame.borrow().is_none()
    }

    fn expect(&self, load: u32, middle: bool) {
        self.load.set(load);
        self.middle.set(middle);
        self.painted.set(false);
        self.frame.take();
        self.slow.take();
    }

    /// Where the frame that is waited for is, in seconds.
    fn place(&self) -> f64 {
        let duration = self.element.duration();
        if self.middle.get() && duration.is_finite() { duration / 2.0 } else { 0.0 }
    }

    fn await_frame(&self) {
        let me = self.me.clone();
        let frame = Frames::once(&self.element, move || {
            let Some(video) = me.upgrade() else { return };
            video.presented.set(true);
            let elsewhere = video.middle.get() && video.element.current_time() <= 0.0;
            if video.element.seeking() || elsewhere {
                // A frame from before the seek.
                video.await_frame();
            } else {
                video.is_painted();
            }
        });
        drop(self.frame.replace(frame));
    }

    fn is_painted(&self) {
        if self.load.get() != 0 && !self.painted.replace(true) {
            self.told(Told::Painted);
        }
    }

    /// There is data for the frame that is waited for.
    fn has_data(&self) {
        if self.painted.get() || self.element.seeking() {
            return;
        }
        let reports = self.frame.borrow().is_some();
        let me = self.me.clone();
        let pause = if reports { PAINTED_AT_THE_LATEST } else { A_FRAME_LATER };
        let slow = Timeout::new(pause, move || {
            if let Some(video) = me.upgrade().filter(|video| !video.element.seeking()) {
                video.is_painted();
            }
        });
        drop(self.slow.replace(Some(slow)));
    }

    fn listen(&self, name: &'static str) -> EventListener {
        let me = self.me.clone();
        EventListener::new(&self.element, name, move |_| {
            if let Some(video) = me.upgrade().filter(|video| video.load.get() != 0) {
                video.hear(name);
            }
        })
    }

    fn hear(&self, name: &str) {
        match name {
            "loadedmetadata" if self.middle.get() => self.element.set_current_time(self.place()),
            "loadeddata" | "seeked" => self.has_data(),
            "timeupdate" | "playing" if !self.element.paused() => {
                let (at, length) = (self.element.current_time(), self.element.duration());
                self.told(Told::At(millis(at), millis(length)));
            }
            "canplay" => self.told(Told::Playable),
            "ended" => self.told(Told::Ended),
            "error" if self.loads_from_elsewhere() => {}
            "error" => self.told(Told::Broken),
            _ => {}
        }
    }

    /// What cannot be loaded from where it is may be loaded from somewhere else.
    fn loads_from_elsewhere(&self) -> bool {
        let clip = self.clip.borrow();
        let other = |clip: &&Rc<Clip>| !self.presented.get() && clip.source.change(&self.element);
        let changed = clip.as_ref().filter(other);
        if let Some(clip) = changed {
            clip.source.give_to(&self.element);
            self.element.load();
        }
        changed.is_some()
    }

    fn told(&self, told: Told) {
        (self.tell)(self.load.get(), told);
    }
}

const EVENTS: [&str; 8] =
    ["loadedmetadata", "loadeddata", "seeked", "timeupdate", "playing", "canplay", "ended", "error"];

impl Drop for Video {
    fn drop(&mut self) {
        self.listeners.get_mut().clear();
        self.release();
        self.element.remove();
    }
}

/// Seconds as milliseconds; zero for what is not known.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn millis(seconds: f64) -> u64 {
    if seconds.is_finite() { (seconds.max(0.0) * 1_000.0) as u64 } else { 0 }
}

fn name_of(error: &JsValue) -> Option<String> {
    js_sys::Reflect::get(error, &"name".into()).ok()?.as_string()
}
