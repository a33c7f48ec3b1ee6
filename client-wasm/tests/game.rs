//! What only games use, in a real browser: a response graph from JavaScript, and frames in a texture.

#![cfg(all(target_arch = "wasm32", feature = "game"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fmt::Write;
use std::sync::Arc;

use cuelight_client::response_graph::ResponseGraph;
use cuelight_client::texture::{Gl, Uploaded, upload};
use cuelight_core::response_graph::{Evaluator, Graph, Inputs};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Blob, Element, HtmlVideoElement, Url};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export function recorder() {
  const calls = [];
  return {
    calls, lost: false, refuses: false,
    isContextLost() { return this.lost; },
    bindTexture(target, texture) { calls.push('bind'); },
    texParameteri() { calls.push('parameter'); },
    texImage2D() { if (this.refuses) throw new Error('no'); calls.push('image'); },
  };
}
export function webgl() {
  const gl = document.createElement('canvas').getContext('webgl');
  return gl ?? null;
}
export function texture(gl) { return gl.createTexture(); }
export function colour(gl, texture) {
  const frame = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const pixel = new Uint8Array(4);
  gl.readPixels(8, 8, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  return pixel[3];
}
")]
extern "C" {
    fn recorder() -> JsValue;
    fn webgl() -> JsValue;
    fn texture(gl: &JsValue) -> JsValue;
    fn colour(gl: &JsValue, texture: &JsValue) -> u32;
}

const CAT: &str = include_str!("../../docs/response-graphs/cat.json");
const CLIP: &[u8] = include_bytes!("fixtures/clip.mp4");

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

fn text(value: &JsValue, name: &str) -> Option<String> {
    Reflect::get(value, &name.into()).unwrap().as_string()
}

fn calls(gl: &JsValue, which: &str) -> usize {
    let calls: Array = Reflect::get(gl, &"calls".into()).unwrap().unchecked_into();
    calls.iter().filter(|call| call.as_string().as_deref() == Some(which)).count()
}

async fn video() -> HtmlVideoElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let video: HtmlVideoElement = document.create_element("video").unwrap().dyn_into().unwrap();
    video.set_muted(true);
    video.set_loop(true);
    document.body().unwrap().append_child(&video).unwrap();
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&js_sys::Uint8Array::from(CLIP))).unwrap();
    video.set_src(&Url::create_object_url_with_blob(&blob).unwrap());
    video
}

async fn until(mut what: impl FnMut() -> bool) {
    for _ in 0..400 {
        if what() {
            return;
        }
        TimeoutFuture::new(20).await;
    }
    panic!("it did not come to that");
}

/// A number that is the same everywhere, from any two.
fn mixed(a: u64, b: u64) -> u64 {
    let mut state =
        a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^= state >> 32;
    state = state.wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^ (state >> 29)
}

#[wasm_bindgen_test]
fn the_cat_does_in_a_browser_what_it_does_natively() {
    let graph = Arc::new(Graph::read(CAT).unwrap());
    let mut evaluator = Evaluator::new(graph.clone(), 7);
    let mut told = String::new();
    let mut inputs = Inputs::of(&graph);
    for step in 0..3_600_u64 {
        if step % 45 == 0 {
            let pick = |what: u64, count: u64| usize::try_from(mixed(step, what) % count).unwrap();
            inputs.text(&graph, "tool", ["hand", "feather", "brush"][pick(1, 3)]).unwrap();
            inputs.text(&graph, "zone", ["none", "head", "back", "belly"][pick(2, 4)]).unwrap();
            inputs.text(&graph, "pattern", ["still", "stroke", "circle", "tap"][pick(3, 4)]).unwrap();
            let pressure = if step % 900 < 600 { pick(4, 101) } else { 0 };
            inputs.number(&graph, "pressure", pressure as f64 / 100.0).unwrap();
            inputs.number(&graph, "speed", pick(5, 60) as f64 / 10.0).unwrap();
            inputs.number(&graph, "duration", pick(6, 20) as f64).unwrap();
        }
        if let Some(output) = evaluator.step(&inputs) {
            let cue = cuelight_core::cue::Cue::Reaction(output.reaction);
            let response = output.response.unwrap_or_default();
            writeln!(told, "{step} {response} {} {cue}", output.priority).unwrap();
        }
    }
    assert_eq!(told, include_str!("../../core/tests/golden/response_graph.txt"));
}

#[wasm_bindgen_test]
fn a_graph_gives_a_cue_when_it_changes_and_null_otherwise() {
    let graph = ResponseGraph::new(&CAT.into(), Some(7)).ok().unwrap();
    assert!(graph.cue().is_null());
    let touch = object(&[("tool", "feather".into()), ("zone", "head".into()), ("pressure", 0.6.into())]);
    let cue = graph.advance(20.0, &touch).ok().unwrap();
    assert_eq!(text(&cue, "expression").as_deref(), Some("interested"));
    assert_eq!(text(&cue, "response").as_deref(), Some("notice"));
    assert!(graph.advance(20.0, &touch).ok().unwrap().is_null());
    assert_eq!(text(&graph.cue(), "emotion").as_deref(), Some("curious"));
    assert_eq!(graph.inputs().len(), 6);
    let parsed = js_sys::JSON::parse(CAT).unwrap();
    assert!(ResponseGraph::new(&parsed, None).is_ok(), "an object will do");
}

#[wasm_bindgen_test]
fn what_is_wrong_is_thrown_with_its_name() {
    let message = |error: JsError| text(&JsValue::from(error), "message").unwrap();
    let wrong = r#"{ "version": 1, "nodes": [{ "id": "n", "kind": "magic" }] }"#;
    let error = message(ResponseGraph::new(&wrong.into(), None).err().unwrap());
    assert!(error.contains("\"n\"") && error.contains("magic"), "{error}");
    let graph = ResponseGraph::new(&CAT.into(), None).ok().unwrap();
    for (input, value) in
        [("presure", JsValue::from(1)), ("tool", "hammer".into()), ("pressure", true.into())]
    {
        let error = message(graph.advance(16.0, &object(&[(input, value)])).err().unwrap());
        assert!(error.contains(input), "{error}");
    }
}

#[wasm_bindgen_test]
async fn a_texture_gets_a_frame_once_and_again_only_when_there_is_a_new_one() {
    let (gl, texture, uploaded) = (recorder(), JsValue::from("texture"), Uploaded::default());
    let as_gl: &Gl = gl.unchecked_ref();
    assert!(!upload(as_gl, &texture, None, 0, &uploaded), "no frame yet");
    let video = video().await;
    let frame: Element = video.clone().into();
    until(|| upload(as_gl, &texture, Some(&frame), 0, &uploaded)).await;
    assert_eq!((calls(&gl, "image"), calls(&gl, "parameter")), (1, 3));
    // The first frame may be reported after it was there to be drawn.
    TimeoutFuture::new(300).await;
    let _ = upload(as_gl, &texture, Some(&frame), 0, &uploaded);
    let before = calls(&gl, "image");
    for _ in 0..10 {
        assert!(!upload(as_gl, &texture, Some(&frame), 0, &uploaded), "it stands still");
    }
    JsFuture::from(video.play().unwrap()).await.unwrap();
    until(|| upload(as_gl, &texture, Some(&frame), 0, &uploaded)).await;
    assert!(!upload(as_gl, &texture, Some(&frame), 0, &uploaded), "the same frame");
    assert_eq!((calls(&gl, "image"), calls(&gl, "parameter")), (before + 1, 3));
    video.remove();
}

#[wasm_bindgen_test]
fn a_canvas_is_uploaded_again_when_it_was_drawn_on_again() {
    let (gl, texture, uploaded) = (recorder(), JsValue::from("texture"), Uploaded::default());
    let document = web_sys::window().unwrap().document().unwrap();
    let canvas = document.create_element("canvas").unwrap();
    let told =
        [1, 1, 2, 3, 3, 3].map(|drawn| upload(gl.unchecked_ref(), &texture, Some(&canvas), drawn, &uploaded));
    assert_eq!(told, [true, false, true, true, false, false]);
    assert_eq!(calls(&gl, "image"), 3);
}

#[wasm_bindgen_test]
async fn a_lost_context_is_left_alone_and_filled_again_when_it_is_back() {
    let (gl, texture, uploaded) = (recorder(), JsValue::from("texture"), Uploaded::default());
    let as_gl: &Gl = gl.unchecked_ref();
    let video = video().await;
    let frame: Element = video.clone().into();
    Reflect::set(&gl, &"refuses".into(), &true.into()).unwrap();
    until(|| video.ready_state() >= 2).await;
    assert!(!upload(as_gl, &texture, Some(&frame), 0, &uploaded), "refused");
    Reflect::set(&gl, &"refuses".into(), &false.into()).unwrap();
    assert!(upload(as_gl, &texture, Some(&frame), 0, &uploaded), "what was refused is tried again");
    Reflect::set(&gl, &"lost".into(), &true.into()).unwrap();
    let before = Array::from(&Reflect::get(&gl, &"calls".into()).unwrap()).length();
    assert!(!upload(as_gl, &texture, Some(&frame), 0, &uploaded));
    assert_eq!(Array::from(&Reflect::get(&gl, &"calls".into()).unwrap()).length(), before, "nothing touched");
    Reflect::set(&gl, &"lost".into(), &false.into()).unwrap();
    assert!(upload(as_gl, &"another texture".into(), Some(&frame), 0, &uploaded));
    video.remove();
}

#[wasm_bindgen_test]
async fn a_real_context_shows_the_frame() {
    let gl = webgl();
    if gl.is_null() {
        // A browser without WebGL has nothing to upload into.
        return;
    }
    let video = video().await;
    let frame: Element = video.clone().into();
    let (uploaded, into) = (Uploaded::default(), texture(&gl));
    // Data may be there before a frame of it is painted: what is uploaded then is empty, and the first frame
    // that is painted has to be uploaded again.
    let opaque = || colour(&gl, &into) == 255;
    until(|| upload(gl.unchecked_ref(), &into, Some(&frame), 0, &uploaded) && opaque()).await;
    video.remove();
}
