//! Whether the whole module is here, or only the half that a first frame takes. A build may cut the module
//! (`cargo xtask halves` lists where); whoever loads it says so, and says when the rest has come.
//!
//! Nothing breaks when the rest is called before that: it is brought then and there, while the page waits.
//! What is here keeps that from happening.

use std::cell::RefCell;
use std::mem;

use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Default)]
struct Halves {
    /// Brings the rest, while it is not here. It may be called more than once.
    bring: Option<Function>,
    /// What waits for the rest, in order.
    waiting: Vec<Box<dyn FnOnce()>>,
}

thread_local! {
    static HALVES: RefCell<Halves> = RefCell::default();
}

/// Only the first half is here; `bring` is called when the rest is needed, as often as it is.
#[wasm_bindgen(js_name = awaitRest)]
pub fn await_rest(bring: Function) {
    HALVES.with_borrow_mut(|halves| halves.bring = Some(bring));
}

/// The rest has come. What waited for it is done at once.
#[wasm_bindgen(js_name = restIsHere)]
pub fn rest_is_here() {
    let waiting = HALVES.with_borrow_mut(|halves| {
        halves.bring = None;
        mem::take(&mut halves.waiting)
    });
    waiting.into_iter().for_each(|then| then());
}

/// Whether nothing is missing.
pub(crate) fn is_whole() -> bool {
    HALVES.with_borrow(|halves| halves.bring.is_none())
}

/// Has the rest brought, if it is missing.
pub(crate) fn bring() {
    let bring = HALVES.with_borrow(|halves| halves.bring.clone());
    if let Some(bring) = bring {
        // It only starts to, so it has nothing to throw.
        let _ = bring.call0(&JsValue::NULL);
    }
}

/// Does something as soon as nothing is missing: now, or when the rest has been brought for another reason.
// Into whoever calls it: on its own it would be one more function for each of them, and missing itself.
#[inline(always)]
pub(crate) fn when_whole(then: impl FnOnce() + 'static) {
    put_off(Box::new(then));
}

#[inline(never)]
fn put_off(then: Box<dyn FnOnce()>) {
    if is_whole() {
        return then();
    }
    HALVES.with_borrow_mut(|halves| halves.waiting.push(then));
}
