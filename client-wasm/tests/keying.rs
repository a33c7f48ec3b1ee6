//! Keying in a real browser: real clips, and the pixels that come out of one frame, of a character on the
//! page, and of many.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::rc::Rc;

use cuelight_client::element::CharacterHandle;
use cuelight_client::keying::{Background, Keyer};
use cuelight_core::character::Color;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlElement, HtmlVideoElement, ShadowRoot};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export async function load(parent, bytes) {
  const video = document.createElement('video');
  video.muted = true;
  video.loop = true;
  video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
  parent.append(video);
  await new Promise((done, failed) => { video.requestVideoFrameCallback(done); video.onerror = failed; });
  while (video.readyState < 2) await new Promise((done) => setTimeout(done, 10));
  return video;
}
export function serve(host, clip, kind) {
  const before = window.fetch;
  window.fetch = async (request) => {
    const url = request.url ?? String(request);
    if (!url.startsWith(host)) return before.call(window, request);
    if (!url.includes('/clips/')) return new Response('{}', { status: 404 });
    return new Response(new Blob([clip]), { headers: { 'content-type': kind } });
  };
}
export function shadow(element) { return element.attachShadow({ mode: 'open' }); }
export function options(endpoint, background, crossfade) {
  return { endpoint, background, crossfade, character: 'bolt', tier: 'enterprise', predict: false };
}
/** Red, green, blue and opacity of one place of a canvas. */
export function pixel(canvas, x, y, width, height) {
  const copy = document.createElement('canvas');
  copy.width = width;
  copy.height = height;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  return [...context.getImageData(x * width, y * height, 1, 1).data];
}
/** The same of all that is stacked in a character, put together as the page does. */
export function seen(root, x, y) {
  const eye = document.createElement('canvas');
  eye.width = eye.height = 100;
  const pen = eye.getContext('2d');
  const style = (node) => getComputedStyle(node);
  const nodes = [...root.querySelectorAll('video, img, canvas')];
  nodes.sort((a, b) => Number(style(a).zIndex) - Number(style(b).zIndex));
  for (const node of nodes) {
    pen.globalAlpha = Number(style(node).opacity);
    if (pen.globalAlpha > 0.01 && (node.width || node.videoWidth)) pen.drawImage(node, 0, 0, 100, 100);
  }
  return [...pen.getImageData(x * 100, y * 100, 1, 1).data];
}
export function in_sight(root) {
  const opaque = [...root.querySelectorAll('video, img, canvas')].filter((n) => Number(getComputedStyle(n).opacity) === 1);
  return opaque.map((node) => node.tagName).join();
}
export function restorable(canvas) { return canvas.getContext('webgl').getExtension('WEBGL_lose_context'); }
export function lose(extension) { extension.loseContext(); }
export function restore(extension) { extension.restoreContext(); }
export function errors(element) {
  const codes = [];
  element.addEventListener('cuelight-error', (event) => codes.push(event.detail.code));
  return codes;
}
/** How many WebGL contexts were asked for, and how to take WebGL away. */
export function contexts() {
  const own = HTMLCanvasElement.prototype.getContext;
  const watch = { asked: 0, none: false, end: () => (HTMLCanvasElement.prototype.getContext = own) };
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    if (kind === 'webgl') {
      watch.asked += 1;
      if (watch.none) return null;
    }
    return own.call(this, kind, ...more);
  };
  return watch;
}
export function asked(watch) { return watch.asked; }
export function take_webgl_away(watch) { watch.none = true; }
export function end(watch) { watch.end(); }
")]
extern "C" {
    async fn load(parent: &HtmlElement, bytes: &[u8]) -> JsValue;
    fn serve(host: &str, clip: &JsValue, kind: &str);
    fn shadow(element: &HtmlElement) -> ShadowRoot;
    fn options(endpoint: &str, background: &str, crossfade: u32) -> JsValue;
    fn pixel(canvas: &JsValue, x: f64, y: f64, width: u32, height: u32) -> Vec<u8>;
    fn seen(root: &ShadowRoot, x: f64, y: f64) -> Vec<u8>;
    fn in_sight(root: &ShadowRoot) -> String;
    fn restorable(canvas: &JsValue) -> JsValue;
    fn lose(extension: &JsValue);
    fn restore(extension: &JsValue);
    fn errors(element: &HtmlElement) -> js_sys::Array;
    fn contexts() -> JsValue;
    fn asked(watch: &JsValue) -> u32;
    fn take_webgl_away(watch: &JsValue);
    fn end(watch: &JsValue);
}

/// Bolt before his backdrop, as the studio draws and encodes him.
const BACKDROP: &[u8] = include_bytes!("fixtures/backdrop.mp4");
/// Orange above; below it white, which stays, and black, which goes.
const PACKED: &[u8] = include_bytes!("fixtures/packed.mp4");
/// 16 by 16 px, one frame of VP8: black, half transparent.
const TRANSPARENT: &[u8] = include_bytes!("fixtures/transparent.webm");
/// Where only the backdrop is, and where the body is.
const CORNER: (f64, f64) = (0.03, 0.03);
const BODY: (f64, f64) = (0.4, 0.66);

fn parent() -> HtmlElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let parent: HtmlElement = document.create_element("div").unwrap().dyn_into().unwrap();
    parent.set_attribute("style", "position: fixed; top: 0; width: 64px; height: 64px").unwrap();
    document.body().unwrap().append_child(&parent).unwrap();
    parent
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

/// A character on the page.
struct Bolt {
    element: HtmlElement,
    handle: CharacterHandle,
    root: ShadowRoot,
    endpoint: String,
    errors: js_sys::Array,
}

impl Bolt {
    fn new(endpoint: &str, background: &str, crossfade: u32) -> Self {
        let element = parent();
        let root = shadow(&element);
        let errors = errors(&element);
        let handle =
            CharacterHandle::new(element.clone(), root.clone(), &options(endpoint, background, crossfade));
        Self { element, handle, root, endpoint: endpoint.into(), errors }
    }

    fn opacity(&self, (x, y): (f64, f64)) -> u8 {
        seen(&self.root, x, y)[3]
    }

    fn stands_free(&self) -> bool {
        in_sight(&self.root) == "CANVAS" && self.opacity(CORNER) == 0 && self.opacity(BODY) == 255
    }

    fn has_its_backdrop(&self, on: &str) -> bool {
        in_sight(&self.root) == on && self.opacity(CORNER) == 255 && self.opacity(BODY) == 255
    }

    fn configure(&self, background: &str) {
        self.handle.configure(&options(&self.endpoint, background, 0));
    }

    fn codes(&self) -> Vec<String> {
        self.errors.iter().map(|code| code.as_string().unwrap()).collect()
    }

    fn go(self) {
        self.handle.destroy();
        self.element.remove();
    }
}

fn serve_bolt(host: &str) {
    serve(host, &js_sys::Uint8Array::from(BACKDROP).into(), "video/mp4");
}

#[wasm_bindgen_test]
fn a_page_says_what_becomes_of_the_background() {
    let red = Color { r: 255, g: 0, b: 0 };
    for (text, meant) in [
        ("keep", Some(Background::Keep)),
        ("key", Some(Background::Key(None))),
        ("key #FF0000", Some(Background::Key(Some(red)))),
        ("packed", Some(Background::Packed)),
        ("key red", None),
        ("green", None),
    ] {
        assert_eq!(Background::parse(text), meant, "{text}");
    }
    assert_eq!(Background::Key(None).over(red), Background::Key(Some(red)));
}

#[wasm_bindgen_test]
async fn the_backdrop_goes_and_the_character_stays() {
    let parent = parent();
    let video: HtmlVideoElement = load(&parent, BACKDROP).await.dyn_into().unwrap();
    let (width, height) = (video.video_width(), video.video_height());
    let keyer = Keyer::shared().unwrap();
    let at = |x, y| {
        assert!(keyer.draw(&video, Background::Key(Some(Color { r: 0xe8, g: 0xee, b: 0xff }))));
        pixel(keyer.canvas(), x, y, width, height)[3]
    };
    for (x, y) in [(0.02, 0.02), (0.98, 0.02), (0.02, 0.98), (0.98, 0.98), (0.5, 0.02)] {
        assert_eq!(at(x, y), 0, "at {x}, {y}");
    }
    // The body, the face, and an eye in it.
    for (x, y) in [(0.4, 0.66), (0.5, 0.35), (0.41, 0.4), (0.59, 0.4)] {
        assert_eq!(at(x, y), 255, "at {x}, {y}");
    }
    assert!(!keyer.draw(&video, Background::Keep), "nothing to take away");
    parent.remove();
}

#[wasm_bindgen_test]
async fn transparency_beside_the_colours_is_taken_from_there_on_a_canvas_that_was_larger() {
    let parent = parent();
    let keyer = Keyer::shared().unwrap();
    let large: HtmlVideoElement = load(&parent, BACKDROP).await.dyn_into().unwrap();
    assert!(keyer.draw(&large, Background::Key(Some(Color { r: 0, g: 0, b: 0 }))));
    let video: HtmlVideoElement = load(&parent, PACKED).await.dyn_into().unwrap();
    let at = |x, y| {
        assert!(keyer.draw(&video, Background::Packed));
        pixel(keyer.canvas(), x, y, 64, 64)
    };
    let (stays, goes) = (at(0.2, 0.5), at(0.8, 0.5));
    assert!(stays[3] > 250 && stays[0] > 230 && stays[2] < 30, "{stays:?}");
    assert!(goes[3] < 5, "{goes:?}");
    parent.remove();
}

#[wasm_bindgen_test]
async fn a_keyed_character_stands_free_and_is_never_blank_while_it_changes() {
    serve_bolt("http://free.test");
    for crossfade in [0, 200] {
        let bolt = Bolt::new("http://free.test", "key", crossfade);
        until("a character without its backdrop", || bolt.stands_free()).await;
        for state in ["happy", "idle", "sad", "happy", "idle"] {
            bolt.handle.set_state(Some(state.into()));
            for _ in 0..20 {
                let body = bolt.opacity(BODY);
                assert!(body > 250, "{body} in {} on the way to {state}", in_sight(&bolt.root));
                TimeoutFuture::new(10).await;
            }
            until(state, || bolt.stands_free()).await;
        }
        assert_eq!(bolt.codes(), Vec::<String>::new());
        bolt.go();
    }
}

#[wasm_bindgen_test]
async fn the_end_of_a_keyed_loop_fades_into_its_beginning_and_nothing_shines_through() {
    serve_bolt("http://seam.test");
    let bolt = Bolt::new("http://seam.test", "key", 200);
    until("a character without its backdrop", || bolt.stands_free()).await;
    let seams = seams(&bolt.handle.stats());
    for _ in 0..1_000 {
        let (corner, body) = (bolt.opacity(CORNER), bolt.opacity(BODY));
        assert!(corner < 5 && body > 250, "{corner} in the corner, {body} in the body");
        if self::seams(&bolt.handle.stats()) > seams + 1.0 {
            return bolt.go();
        }
        TimeoutFuture::new(10).await;
    }
    panic!("it never came to its end twice");
}

fn seams(stats: &JsValue) -> f64 {
    let player = js_sys::Reflect::get(stats, &"player".into()).unwrap();
    js_sys::Reflect::get(&player, &"seams".into()).unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
async fn a_page_may_change_its_mind_about_the_background() {
    serve_bolt("http://mind.test");
    let bolt = Bolt::new("http://mind.test", "keep", 0);
    until("the plain clip", || bolt.has_its_backdrop("VIDEO")).await;
    bolt.configure("key #e8eeff");
    until("a character without its backdrop", || bolt.stands_free()).await;
    // A colour that is not there takes nothing away.
    bolt.configure("key #00ff00");
    until("the clip in a canvas", || bolt.has_its_backdrop("CANVAS")).await;
    bolt.configure("keep");
    until("the plain clip again", || bolt.has_its_backdrop("VIDEO")).await;
    bolt.configure("green");
    assert_eq!(bolt.codes(), ["invalid_options"]);
    bolt.go();
}

#[wasm_bindgen_test]
async fn a_lost_context_shows_the_backdrop_says_so_once_and_comes_back() {
    serve_bolt("http://lost.test");
    let bolt = Bolt::new("http://lost.test", "key", 0);
    until("a character without its backdrop", || bolt.stands_free()).await;
    let keyer = Keyer::shared().unwrap();
    let extension = restorable(keyer.canvas());
    lose(&extension);
    until("the clip as it is", || bolt.has_its_backdrop("CANVAS")).await;
    bolt.handle.set_state(Some("happy".into()));
    until("another clip as it is", || bolt.handle.state() == "happy" && bolt.has_its_backdrop("CANVAS"))
        .await;
    assert_eq!(bolt.codes(), ["keying_unavailable"]);
    restore(&extension);
    until("the character without its backdrop again", || bolt.stands_free()).await;
    lose(&extension);
    until("the loss of another time", || bolt.codes().len() == 2).await;
    restore(&extension);
    until("its return", || bolt.stands_free()).await;
    bolt.go();
}

#[wasm_bindgen_test]
async fn without_webgl_clips_are_shown_as_they_are_and_the_colours_of_packed_ones() {
    serve_bolt("http://none.test");
    serve("http://half.test", &js_sys::Uint8Array::from(PACKED).into(), "video/mp4");
    let watch = contexts();
    take_webgl_away(&watch);
    let bolt = Bolt::new("http://none.test", "key", 0);
    until("the clip as it is", || bolt.has_its_backdrop("CANVAS")).await;
    let half = Bolt::new("http://half.test", "packed", 0);
    let orange = |x| {
        let [red, _, blue, opacity] = seen(&half.root, x, 0.5)[..] else { return false };
        red > 230 && blue < 30 && opacity == 255
    };
    until("its colours, and not its transparency", || {
        in_sight(&half.root) == "CANVAS" && orange(0.2) && orange(0.8)
    })
    .await;
    assert_eq!(
        (bolt.codes(), half.codes()),
        (vec!["keying_unavailable".into()], vec!["keying_unavailable".to_owned()])
    );
    end(&watch);
    bolt.go();
    half.go();
}

#[wasm_bindgen_test]
async fn many_characters_share_one_context_that_goes_with_the_last() {
    serve_bolt("http://many.test");
    let watch = contexts();
    let before = asked(&watch);
    // More than a browser has contexts for.
    let many: Vec<Bolt> = (0..18).map(|_| Bolt::new("http://many.test", "key", 0)).collect();
    until("two that stand free", || many.iter().filter(|bolt| bolt.stands_free()).count() > 1).await;
    let keyer = Rc::downgrade(&Keyer::shared().unwrap());
    assert_eq!(asked(&watch) - before, 1);
    assert!(many.iter().all(|bolt| bolt.codes().is_empty()));
    many.into_iter().for_each(Bolt::go);
    until("the release of the context", || keyer.strong_count() == 0).await;
    end(&watch);
}

#[wasm_bindgen_test]
async fn a_transparent_clip_needs_no_keying_beside_others_or_alone() {
    serve("http://alpha.test", &js_sys::Uint8Array::from(TRANSPARENT).into(), "video/webm");
    let half = |bolt: &Bolt, on: &str| {
        let opacity = bolt.opacity(CORNER);
        in_sight(&bolt.root) == on && (64..192).contains(&opacity)
    };
    let bolt = Bolt::new("http://alpha.test", "keep", 0);
    until("half of it", || half(&bolt, "VIDEO")).await;
    let other = Bolt::new("http://alpha.test", "keep", 0);
    until("half of each", || half(&bolt, "CANVAS") && half(&other, "CANVAS")).await;
    bolt.go();
    other.go();
}

#[cfg(feature = "game")]
#[wasm_bindgen_test]
async fn a_game_draws_the_character_without_its_backdrop() {
    use cuelight_client::actor::ActorHandle;
    use web_sys::HtmlCanvasElement;

    serve_bolt("http://game.test");
    let actor = ActorHandle::new(&options("http://game.test", "key", 0)).ok().unwrap();
    let cue = js_sys::Object::new();
    js_sys::Reflect::set(&cue, &"expression".into(), &"pleased".into()).unwrap();
    let shown = wasm_bindgen_futures::JsFuture::from(actor.request(&cue, &JsValue::NULL)).await.unwrap();
    let kind = js_sys::Reflect::get(&shown, &"kind".into()).unwrap();
    assert_eq!(kind.as_string().as_deref(), Some("clip"));
    let frame: HtmlCanvasElement = actor.frame().dyn_into().unwrap();
    let at = |(x, y)| pixel(&frame, x, y, frame.width(), frame.height())[3];
    // What was there before is held for a moment, where the first frame cannot be drawn at once.
    until("a frame without its backdrop", || (at(CORNER), at(BODY)) == (0, 255)).await;
    actor.destroy();
}
