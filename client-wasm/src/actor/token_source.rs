//! Where a game's token comes from: a function of the page, asked when the edge wants another one.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::js_value::fault;
use crate::options;
use crate::performer::Performer;

/// The `tokenSource` of an actor's options.
#[derive(Debug)]
pub(super) struct TokenSource {
    function: Function,
    /// One question at a time.
    asking: Rc<Cell<bool>>,
}

impl TokenSource {
    /// The source that these options hold, if they hold one.
    pub(super) fn of(options: &JsValue) -> Option<Self> {
        let function = Reflect::get(options, &"tokenSource".into()).ok()?.dyn_into().ok()?;
        Some(Self { function, asking: Rc::default() })
    }

    /// Asks for a token and gives it to the performer. Without an answer everything keeps waiting; a
    /// later wish asks again.
    pub(super) fn ask(&self, performer: Weak<Performer>, code: &str, detail: &str) {
        if self.asking.replace(true) {
            return;
        }
        let answer = self.function.call1(&JsValue::NULL, &fault(code, detail));
        let asking = self.asking.clone();
        spawn_local(async move {
            let answer = match answer {
                Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
                Err(thrown) => Err(thrown),
            };
            asking.set(false);
            let token = answer.ok().and_then(|answer| answer.as_string());
            if let (Some(performer), Ok(Some(token))) = (performer.upgrade(), options::token(token)) {
                performer.set_token(Some(token));
            }
        });
    }
}
