//! One `<video>` for life: loaded out of sight, reported when its first frame is painted, never
//! removed. Muted and inline before it has a source, because browsers decide about autoplay then.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlVideoElement;

use crate::browser;
use crate::edge::Clip;

/// What a video tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The first frame of what was loaded is painted.
    Painted,
    /// What was loaded cannot be played.
    Broken,
    /// It is at its end.
    Ended,
    /// The browser refused to play.
    Refused,
}

#[wasm_bindgen]
extern "C" {
    /// `requestVideoFrameCallback`, which web-sys does not have.
    type WithFrames;
    #[wasm_bindgen(method, js_name = requestVideoFrameCallback)]
    fn request_frame(this: &WithFrames, callback: &js_sys::Function) -> u32;
    #[wasm_bindgen(method, js_name = cancelVideoFrameCallback)]
    fn cancel_frame(this: &WithFrames, handle: u32);
}

/// A pending frame callback, taken back when dropped.
pub(crate) struct Frame {
    video: HtmlVideoElement,
    handle: u32,
    _closure: Closure<dyn FnMut()>,
}

impl Frame {
    /// Asks for a call when `video` presents its next frame. `None` where browsers cannot tell.
    pub(crate) fn request(video: &HtmlVideoElement, then: impl FnOnce() + 'static) -> Option<Self> {
        js_sys::Reflect::has(video, &"requestVideoFrameCallback".into()).ok().filter(|has| *has)?;
        let closure = Closure::once(then);
        let function = closure.as_ref().unchecked_ref::<js_sys::Function>();
        let handle = video.unchecked_ref::<WithFrames>().request_frame(function);
        Some(Self { video: video.clone(), handle, _closure: closure })
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.video.unchecked_ref::<WithFrames>().cancel_frame(self.handle);
    }
}

/// A video, what it holds, and what it waits for.
pub(crate) struct Video {
    element: HtmlVideoElement,
    clip: RefCell<Option<Rc<Clip>>>,
    waiting: RefCell<Option<Waiting>>,
}

/// Everything that ends with the next load. Only kept to be dropped.
struct Waiting {
    _listeners: Vec<EventListener>,
    _frame: Option<Frame>,
    _slow: Rc<RefCell<Option<Timeout>>>,
}

/// Where a browser paints no frame of a paused or hidden video, data that is there counts as
/// painted after this long, in milliseconds.
const PAINTED_AT_THE_LATEST: u32 = 250;

impl Video {
    /// A video without a source.
    pub(crate) fn new() -> Option<Self> {
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
        Some(Self { element, clip: RefCell::default(), waiting: RefCell::default() })
    }

    pub(crate) const fn element(&self) -> &HtmlVideoElement {
        &self.element
    }

    /// Loads a clip, paused. Whatever was loaded before tells nothing any more.
    pub(crate) fn load(&self, clip: Rc<Clip>, looped: bool, tell: impl Fn(Told) + Clone + 'static) {
        self.waiting.take();
        // Its refusal concerns a request that is taken back anyway.
        let _ = self.element.pause();
        self.element.set_loop(looped);
        self.element.set_src(clip.url.as_str());
        // The old clip's address is released only now that nothing uses it.
        drop(self.clip.replace(Some(clip)));

        let once = Rc::new(std::cell::Cell::new(false));
        let painted = {
            let (tell, once) = (tell.clone(), once);
            move || {
                if !once.replace(true) {
                    tell(Told::Painted);
                }
            }
        };
        let frame = Frame::request(&self.element, painted.clone());
        let slow: Rc<RefCell<Option<Timeout>>> = Rc::default();
        let loaded = {
            let slow = slow.clone();
            EventListener::new(&self.element, "loadeddata", move |_| {
                let painted = painted.clone();
                drop(slow.replace(Some(Timeout::new(PAINTED_AT_THE_LATEST, painted))));
            })
        };
        let on = |name: &'static str, told: Told| {
            let tell = tell.clone();
            EventListener::new(&self.element, name, move |_| tell(told))
        };
        let listeners = vec![loaded, on("error", Told::Broken), on("ended", Told::Ended)];
        drop(self.waiting.replace(Some(Waiting { _listeners: listeners, _frame: frame, _slow: slow })));
        self.element.load();
    }

    /// Plays; a refusal is told.
    pub(crate) fn play(&self, tell: impl Fn(Told) + 'static) {
        let Ok(promise) = self.element.play() else { return tell(Told::Refused) };
        spawn_local(async move {
            if let Err(error) = JsFuture::from(promise).await
                && name_of(&error).as_deref() != Some("AbortError")
            {
                tell(Told::Refused);
            }
        });
    }

    pub(crate) fn pause(&self) {
        let _ = self.element.pause();
    }

    /// Lets go of the clip and of the decoder behind it.
    pub(crate) fn release(&self) {
        self.waiting.take();
        let _ = self.element.pause();
        let _ = self.element.remove_attribute("src");
        self.element.load();
        self.clip.take();
    }

    /// Whether there is a frame to draw: `HAVE_CURRENT_DATA` (HTML, section 4.8.11.11).
    pub(crate) fn has_frame(&self) -> bool {
        self.element.ready_state() >= 2
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        self.release();
        self.element.remove();
    }
}

fn name_of(error: &JsValue) -> Option<String> {
    js_sys::Reflect::get(error, &"name".into()).ok()?.as_string()
}
