//! Whom a game has told that something went wrong: a function of the page, called when the module's work is
//! done, so that nothing it does or throws comes in between.

use std::rc::Weak;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::browser;
use crate::js_value::fault;
use crate::performer::Performer;

/// The `onError` of an actor's options.
#[derive(Debug)]
pub(super) struct OnError(Function);

impl OnError {
    /// The function that these options hold, if they hold one.
    pub(super) fn of(options: &JsValue) -> Option<Self> {
        Reflect::get(options, &"onError".into()).ok()?.dyn_into().ok().map(Self)
    }

    /// Calls the function before the next task of the page, unless the performer is gone by then. What it
    /// throws is reported as what any callback of the page throws.
    pub(super) fn tell(&self, performer: Weak<Performer>, code: &str, detail: &str) {
        let call: Function = self.0.bind1(&JsValue::UNDEFINED, &fault(code, detail)).unchecked_into();
        spawn_local(async move {
            if performer.strong_count() > 0
                && let Some(window) = browser::window()
            {
                window.queue_microtask(&call);
            }
        });
    }
}
