//! When a video presents a frame: `requestVideoFrameCallback`, once or each time, taken back when dropped.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlVideoElement;

#[wasm_bindgen]
extern "C" {
    /// A video that tells of its frames, which web-sys does not have.
    #[derive(Clone)]
    type WithFrames;
    #[wasm_bindgen(method, js_name = requestVideoFrameCallback)]
    fn request_frame(this: &WithFrames, callback: &js_sys::Function) -> u32;
    #[wasm_bindgen(method, js_name = cancelVideoFrameCallback)]
    fn cancel_frame(this: &WithFrames, handle: u32);
}

/// A call, or calls, still to come. None comes once this is dropped.
pub(crate) struct Frames {
    _asked: Rc<Asked>,
}

struct Asked {
    video: WithFrames,
    /// Of the request that is pending.
    handle: Cell<u32>,
    call: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Frames {
    /// Calls when `video` presents its next frame. `None` where the browser does not tell.
    pub(crate) fn once(video: &HtmlVideoElement, then: impl FnMut() + 'static) -> Option<Self> {
        Self::ask(video, false, Box::new(then))
    }

    /// Calls at every frame that `video` presents from now on. `None` where the browser does not tell.
    pub(crate) fn each(video: &HtmlVideoElement, then: impl FnMut() + 'static) -> Option<Self> {
        Self::ask(video, true, Box::new(then))
    }

    fn ask(video: &HtmlVideoElement, again: bool, mut then: Box<dyn FnMut()>) -> Option<Self> {
        js_sys::Reflect::has(video, &"requestVideoFrameCallback".into()).ok().filter(|has| *has)?;
        let asked = Rc::new_cyclic(|me: &Weak<Asked>| {
            let me = me.clone();
            let call = move || {
                // First, because what is called may drop this.
                if again && let Some(asked) = me.upgrade() {
                    asked.request();
                }
                then();
            };
            let video: &WithFrames = video.unchecked_ref();
            Asked {
                video: video.clone(),
                handle: Cell::default(),
                call: RefCell::new(Some(Closure::new(call))),
            }
        });
        asked.request();
        Some(Self { _asked: asked })
    }
}

impl Asked {
    fn request(&self) {
        if let Some(call) = &*self.call.borrow() {
            self.handle.set(self.video.request_frame(call.as_ref().unchecked_ref()));
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.video.cancel_frame(self.handle.get());
        // It may be what is running.
        let call = self.call.take();
        spawn_local(async move { drop(call) });
    }
}
