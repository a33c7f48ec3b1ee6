//! The page's registry in a real browser: who is in sight has decoders, who is not has none, and nothing
//! is told to who has left.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cuelight_client::page::Seat;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

fn boxed(style: &str) -> HtmlElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let element: HtmlElement = document.create_element("div").unwrap().dyn_into().unwrap();
    element.set_attribute("style", style).unwrap();
    document.body().unwrap().append_child(&element).unwrap();
    element
}

fn seat(element: Option<&HtmlElement>) -> (Seat, Rc<Cell<Option<u8>>>) {
    let told = Rc::new(Cell::new(None));
    let tell = told.clone();
    (Seat::take(element.map(|element| element.as_ref()), move |share| tell.set(Some(share.slots))), told)
}

/// Waits until it holds; a browser says in its own time what is in sight.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..400 {
        if what() {
            return;
        }
        TimeoutFuture::new(20).await;
    }
    panic!("it did not come to that");
}

#[wasm_bindgen_test]
async fn who_is_in_sight_plays_and_who_is_not_holds_a_still() {
    let near = boxed("position: fixed; top: 0; left: 0; width: 200px; height: 200px");
    let far = boxed("position: absolute; top: 9000px; width: 200px; height: 200px");
    let (seat_near, told_near) = seat(Some(&near));
    let (seat_far, told_far) = seat(Some(&far));
    assert_eq!(told_near.get(), None, "nothing is told from within");
    until(|| told_near.get() == Some(4)).await;
    until(|| told_far.get() == Some(0)).await;
    near.style().set_property("top", "-900px").unwrap();
    until(|| told_near.get() == Some(1)).await;
    until(|| told_near.get() == Some(0)).await;
    drop((seat_near, seat_far));
    near.remove();
    far.remove();
}

#[wasm_bindgen_test]
async fn who_has_left_is_told_nothing_and_leaves_its_place_to_others() {
    let seats: Vec<_> = (0..40).map(|_| seat(None)).collect();
    for (seat, _) in &seats {
        seat.see(1.0, 10_000.0);
    }
    let playing = |told: &Rc<Cell<Option<u8>>>| told.get().is_some_and(|slots| slots > 0);
    let total: u32 = seats.iter().filter_map(|(_, told)| told.get()).map(u32::from).sum();
    assert!(total == 16 || total == 8, "{total} slots");
    let (left, stay): (Vec<_>, Vec<_>) = seats.into_iter().partition(|(_, told)| playing(told));
    let told: Vec<_> = left.into_iter().map(|(_seat, told)| told).collect();
    assert!(stay.iter().any(|(_, told)| playing(told)), "the places are taken again");
    assert!(told.iter().all(playing), "and who left was told nothing");
}

#[wasm_bindgen_test]
async fn who_is_told_may_let_another_leave_at_once() {
    let other: Rc<RefCell<Option<Seat>>> = Rc::default();
    let told = Rc::new(Cell::new(0));
    let (leaves, tell) = (other.clone(), told.clone());
    let seat = Seat::take(None, move |share| {
        tell.set(share.slots);
        drop(leaves.take());
    });
    *other.borrow_mut() = Some(Seat::take(None, |_| {}));
    seat.see(1.0, 100.0);
    assert!(other.borrow().is_none());
    assert_eq!(told.get(), 4);
}
