//! Keying in a real browser: real clips, and the pixels that come out.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::rc::Rc;

use cuelight_client::keying::{Background, Keying, alpha};
use cuelight_core::character::Color;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlElement, HtmlVideoElement};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export async function load(parent, bytes) {
  const video = document.createElement('video');
  video.muted = true;
  video.loop = true;
  video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
  parent.append(video);
  await new Promise((done, failed) => { video.requestVideoFrameCallback(done); video.onerror = failed; });
  return video;
}
export function pixel(canvas, x, y) {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  return [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data];
}
export function restorable(canvas) { return canvas.getContext('webgl').getExtension('WEBGL_lose_context'); }
export function restore(extension) { extension.restoreContext(); }
")]
extern "C" {
    async fn load(parent: &HtmlElement, bytes: &[u8]) -> JsValue;
    fn pixel(canvas: &JsValue, x: f64, y: f64) -> Vec<u8>;
    fn restorable(canvas: &JsValue) -> JsValue;
    fn restore(extension: &JsValue);
}

/// Bolt before his backdrop, as the studio draws and encodes him.
const BACKDROP: &[u8] = include_bytes!("fixtures/backdrop.mp4");
/// Orange above; below it white, which stays, and black, which goes.
const PACKED: &[u8] = include_bytes!("fixtures/packed.mp4");

fn parent() -> HtmlElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let parent: HtmlElement = document.create_element("div").unwrap().dyn_into().unwrap();
    document.body().unwrap().append_child(&parent).unwrap();
    parent
}

fn at(keying: &Keying, x: f64, y: f64) -> Vec<u8> {
    pixel(keying.canvas(), x, y)
}

async fn keyed() -> (HtmlElement, HtmlVideoElement, Rc<Keying>) {
    let parent = parent();
    let video: HtmlVideoElement = load(&parent, BACKDROP).await.dyn_into().unwrap();
    let backdrop = Color { r: 0xe8, g: 0xee, b: 0xff };
    let keying = Keying::new(&parent, Background::named("key", backdrop).unwrap()).unwrap();
    keying.show(&video);
    (parent, video, keying)
}

fn opacity(element: &HtmlElement) -> String {
    element.style().get_property_value("opacity").unwrap()
}

async fn until(what: &str, happens: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if happens() {
            return;
        }
        TimeoutFuture::new(20).await;
    }
    panic!("{what} did not happen");
}

#[wasm_bindgen_test]
async fn the_backdrop_goes_and_the_character_stays() {
    let (_parent, video, keying) = keyed().await;
    for (x, y) in [(0.02, 0.02), (0.98, 0.02), (0.02, 0.98), (0.98, 0.98), (0.5, 0.02)] {
        assert_eq!(at(&keying, x, y)[3], 0, "at {x}, {y}");
    }
    // The body, the face, and an eye in it.
    for (x, y) in [(0.4, 0.66), (0.5, 0.35), (0.41, 0.4), (0.59, 0.4)] {
        assert_eq!(at(&keying, x, y)[3], 255, "at {x}, {y}");
    }
    assert_eq!((opacity(keying.canvas()), opacity(&video)), ("1".into(), "0".into()));
}

#[wasm_bindgen_test]
async fn a_frame_is_drawn_when_the_video_presents_one_and_not_otherwise() {
    let (_parent, video, keying) = keyed().await;
    let _ = video.play().unwrap();
    until("a tenth frame", || keying.frames() > 10).await;
    keying.hide();
    let frames = keying.frames();
    let presented = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::new(&mut |done, _| {
        let ask: js_sys::Function =
            js_sys::Reflect::get(&video, &"requestVideoFrameCallback".into()).unwrap().dyn_into().unwrap();
        ask.call1(&video, &done).unwrap();
    }));
    presented.await.unwrap();
    assert_eq!(keying.frames(), frames, "hidden, and the video goes on");
    assert_eq!(opacity(keying.canvas()), "0");
}

#[wasm_bindgen_test]
async fn transparency_beside_the_colours_is_taken_from_there() {
    let parent = parent();
    let video: HtmlVideoElement = load(&parent, PACKED).await.dyn_into().unwrap();
    let keying = Keying::new(&parent, Background::Packed).unwrap();
    keying.show(&video);
    assert_eq!((keying.canvas().width(), keying.canvas().height()), (64, 64));
    let (stays, goes) = (at(&keying, 0.2, 0.5), at(&keying, 0.8, 0.5));
    assert!(stays[3] > 250 && stays[0] > 230 && stays[2] < 30, "{stays:?}");
    assert!(goes[3] < 5, "{goes:?}");
}

#[wasm_bindgen_test]
async fn a_lost_context_shows_the_plain_video_until_it_comes_back() {
    let (_parent, video, keying) = keyed().await;
    let extension = restorable(keying.canvas());
    keying.lose();
    until("the plain video", || opacity(&video) == "1").await;
    assert_eq!(opacity(keying.canvas()), "0");
    restore(&extension);
    until("the character without its backdrop", || opacity(keying.canvas()) == "1").await;
    assert_eq!((at(&keying, 0.02, 0.02)[3], at(&keying, 0.4, 0.66)[3]), (0, 255));
}

#[wasm_bindgen_test]
async fn nothing_is_left_of_it() {
    let (parent, video, keying) = keyed().await;
    assert_eq!(parent.child_element_count(), 2);
    drop(keying);
    assert_eq!((parent.child_element_count(), opacity(&video)), (1, "1".into()));
    for _ in 0..20 {
        // More than a browser has contexts for.
        let keying = Keying::new(&parent, Background::Packed).unwrap();
        keying.show(&video);
        assert_eq!(opacity(keying.canvas()), "1");
    }
    assert!(Keying::new(&parent, Background::Keep).is_none());
}

#[wasm_bindgen_test]
async fn this_browser_shows_transparent_clips() {
    assert!(alpha::is_shown().await);
}
