//! Two characters that play on one page, in a real browser: their frames are seen in canvases, and who is
//! alone again is seen by its video.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_client::element::CharacterHandle;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlElement, ShadowRoot};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export function serve(host, clip) {
  const before = window.fetch;
  window.fetch = async (request) => {
    const url = request.url ?? String(request);
    if (!url.startsWith(host)) return before.call(window, request);
    if (!url.includes('/clips/')) return new Response('{}', { status: 404 });
    return new Response(new Blob([clip]), { headers: { 'content-type': 'video/mp4' } });
  };
}
export function shadow(element) { return element.attachShadow({ mode: 'open' }); }
export function options(endpoint) {
  return { endpoint, character: 'bolt', tier: 'enterprise', predict: false };
}
const opaque = (node) => Number(getComputedStyle(node).opacity) === 1;
/** What is on top and in sight: its tag, and whether it has the colours of a clip. */
export function sight(root) {
  const nodes = [...root.querySelectorAll('video, img, canvas')].filter(opaque);
  nodes.sort((a, b) => Number(getComputedStyle(b).zIndex) - Number(getComputedStyle(a).zIndex));
  if (!nodes.length) return '';
  const eye = document.createElement('canvas');
  eye.width = eye.height = 64;
  const pen = eye.getContext('2d');
  pen.drawImage(nodes[0], 0, 0, 64, 64);
  const data = pen.getImageData(0, 0, 64, 64).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add((data[i] >> 6) * 16 + (data[i + 1] >> 6) * 4 + (data[i + 2] >> 6));
  return seen.size > 5 ? nodes[0].tagName : `${nodes[0].tagName} without colours`;
}
export function moving(root) {
  return [...root.querySelectorAll('video')].some((video) => !video.paused && opaque(video));
}
")]
extern "C" {
    fn serve(host: &str, clip: &JsValue);
    fn shadow(element: &HtmlElement) -> ShadowRoot;
    fn options(endpoint: &str) -> JsValue;
    fn sight(root: &ShadowRoot) -> String;
    fn moving(root: &ShadowRoot) -> bool;
}

const HOST: &str = "http://canvas.test";

fn mount() -> (CharacterHandle, ShadowRoot) {
    let document = web_sys::window().unwrap().document().unwrap();
    let element: HtmlElement = document.create_element("div").unwrap().unchecked_into();
    element.set_attribute("style", "position: fixed; top: 0; width: 64px; height: 64px").unwrap();
    document.body().unwrap().append_child(&element).unwrap();
    let root = shadow(&element);
    (CharacterHandle::new(element, root.clone(), &options(HOST)), root)
}

async fn until(what: impl Fn() -> bool, else_told: impl Fn() -> String) {
    for _ in 0..400 {
        if what() {
            return;
        }
        TimeoutFuture::new(20).await;
    }
    panic!("{}", else_told());
}

#[wasm_bindgen_test]
async fn who_plays_beside_another_is_seen_in_a_canvas_and_who_is_alone_in_its_video() {
    serve(HOST, &js_sys::Uint8Array::from(&include_bytes!("fixtures/clip.mp4")[..]).into());
    let (one, root) = mount();
    until(|| sight(&root) == "VIDEO", || sight(&root)).await;
    let (other, beside) = mount();
    for root in [&root, &beside] {
        until(|| sight(root) == "CANVAS" && !moving(root), || sight(root)).await;
    }
    for state in ["happy", "idle", "sad", "idle"] {
        one.set_state(Some(state.into()));
        for _ in 0..20 {
            let seen = sight(&root);
            assert!(seen == "CANVAS" || seen == "IMG", "{seen:?} on the way to {state}");
            TimeoutFuture::new(10).await;
        }
        until(|| sight(&root) == "CANVAS" && !moving(&root), || sight(&root)).await;
    }
    other.destroy();
    until(|| sight(&root) == "VIDEO", || sight(&root)).await;
    one.destroy();
}
