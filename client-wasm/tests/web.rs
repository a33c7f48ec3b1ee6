//! The browser module in a real browser: keys, the first picture, a painted clip, and nothing left
//! behind. The network is a function that the page replaces; everything else is real.

#![cfg(all(target_arch = "wasm32", feature = "game"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::cell::RefCell;
use std::rc::Rc;

use cuelight_client::clip_store::ClipStore;
use cuelight_client::element::CharacterHandle;
use cuelight_core::operation::validate;
use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use gloo_utils::format::JsValueSerdeExt;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{CustomEvent, HtmlElement, HtmlImageElement, HtmlVideoElement, ShadowRoot};

#[path = "web/device.rs"]
mod device;
#[path = "web/games.rs"]
mod games;
#[path = "web/options.rs"]
mod options;
#[path = "web/rules.rs"]
mod rules;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
const real = window.fetch.bind(window);
export function serve(host, clip, log) {
  const before = window.fetch;
  window.fetch = async (request) => {
    const url = request.url ?? String(request);
    if (!url.startsWith(host)) return before.call(window, request);
    log.push(`${request.method} ${new URL(url).pathname.split('/')[1]}`);
    if (request.method === 'POST') log.push(await request.clone().text());
    if (clip && url.includes('/clips/')) {
      return new Response(new Blob([clip]), { headers: { 'content-type': 'video/mp4' } });
    }
    return new Response('{}', { status: 404 });
  };
}
export function guard(host, clip, log, rules) {
  const before = window.fetch;
  const made = new Set();
  let last = '';
  const problem = (status, code, headers) => new Response(JSON.stringify({ code, detail: `It is ${code}.` }), { status, headers });
  window.fetch = async (request) => {
    const url = request.url ?? String(request);
    if (!url.startsWith(host)) return before.call(window, request);
    const key = new URL(url).pathname.split('/')[2];
    if (url.includes('/clips/')) {
      if (request.headers.get('authorization')) log.push('a clip was asked for with a token');
      if (made.has(key)) return new Response(new Blob([clip]), { headers: { 'content-type': 'video/mp4' } });
      last = key;
      return problem(404, 'clip_missing');
    }
    log.push(`${Math.round(performance.now())} ${request.headers.get('authorization')}`);
    const rule = rules.shift();
    if (rule?.status) return problem(rule.status, rule.code, rule.headers);
    made.add(last);
    const job = {
      id: `${last}.x`, job_id: `${last}.x`, status: 'complete', operation_type: 'state_clip', cache_key: last,
      source: 'generated', priority: 10, progress: 1, created_at: 1, updated_at: 2,
      fallback: { kind: 'placeholder', url: '/p.svg' }, news_of_a_later_edge: { yes: true },
    };
    return new Response(JSON.stringify(job), { status: 200 });
  };
}
export function flaky(host, clip, log, line) {
  const before = window.fetch;
  window.fetch = async (request) => {
    const url = request.url ?? String(request);
    if (!url.startsWith(host)) return before.call(window, request);
    log.push(`${Math.round(performance.now())} ${request.method}`);
    if (line.held) await line.held;
    if (line.down) throw new TypeError('Failed to fetch');
    if (line.hangs) {
      const stopped = new Promise((_, fail) => {
        request.signal.addEventListener('abort', () => { log.push('stopped'); fail(request.signal.reason); });
      });
      if (line.hangs === 'before') return stopped;
      const start = (sink) => { sink.enqueue(clip.slice(0, 100)); stopped.catch((why) => sink.error(why)); };
      return new Response(new ReadableStream({ start }), { headers: { 'content-type': 'video/mp4' } });
    }
    return new Response(new Blob([clip]), { headers: { 'content-type': 'video/mp4' } });
  };
}
export function ahead(ms) {
  const { now } = Performance.prototype;
  Performance.prototype.now = function () { return now.call(this) + ms; };
  // Whoever has set a timer by the old time looks again.
  window.dispatchEvent(new Event('online'));
}
export async function reachable(url) {
  try { await real(url); return true; } catch { return false; }
}
export function shadow(element) { return element.attachShadow({ mode: 'open' }); }
export function colours(frame) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d');
  context.drawImage(frame, 0, 0, 64, 64);
  const data = context.getImageData(0, 0, 64, 64).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add((data[i] >> 6) * 16 + (data[i + 1] >> 6) * 4 + (data[i + 2] >> 6));
  return seen.size;
}
")]
extern "C" {
    fn serve(host: &str, clip: &JsValue, log: &js_sys::Array);
    fn guard(host: &str, clip: &JsValue, log: &js_sys::Array, rules: &js_sys::Array);
    fn flaky(host: &str, clip: &JsValue, log: &js_sys::Array, line: &js_sys::Object);
    fn ahead(ms: f64);
    async fn reachable(url: &str) -> JsValue;
    fn shadow(element: &HtmlElement) -> ShadowRoot;
    fn colours(frame: &JsValue) -> u32;
}

const CLIP: &[u8] = include_bytes!("fixtures/clip.mp4");

/// A character on the page, and what it told.
struct Mounted {
    element: HtmlElement,
    shadow: ShadowRoot,
    handle: Rc<CharacterHandle>,
    told: Rc<RefCell<Vec<(String, Value)>>>,
    log: js_sys::Array,
    _listeners: Vec<EventListener>,
}

impl Mounted {
    /// Every test has an edge of its own, so that none finds another's clips.
    fn new(host: &str, clip: bool) -> Self {
        Self::served(host, clip.then_some(CLIP))
    }

    fn served(host: &str, clip: Option<&[u8]>) -> Self {
        let log = js_sys::Array::new();
        let bytes = clip.map_or(JsValue::NULL, |clip| js_sys::Uint8Array::from(clip).into());
        serve(host, &bytes, &log);
        Self::mount(&options(host, None), log)
    }

    /// The edge answers POSTs as the rules say, one after the other, and then makes every clip.
    fn guarded(host: &str, token: Option<&str>, rules: &Value) -> Self {
        let log = js_sys::Array::new();
        let rules = JsValue::from_serde(rules).unwrap().unchecked_into();
        guard(host, &js_sys::Uint8Array::from(CLIP).into(), &log, &rules);
        Self::mount(&options(host, token), log)
    }

    fn mount(options: &Value, log: js_sys::Array) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let element: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        element.style().set_property("width", "64px").unwrap();
        element.style().set_property("height", "64px").unwrap();
        // In sight wherever the page has been scrolled to.
        element.style().set_property("position", "fixed").unwrap();
        element.style().set_property("top", "0").unwrap();
        document.body().unwrap().append_child(&element).unwrap();
        let told: Rc<RefCell<Vec<(String, Value)>>> = Rc::default();
        let listen = |name: &'static str| {
            let told = told.clone();
            EventListener::new(&element, name, move |event| {
                let detail = event.dyn_ref::<CustomEvent>().unwrap().detail();
                told.borrow_mut().push((name.to_owned(), detail.into_serde().unwrap()));
            })
        };
        let names = [
            "cuelight-state",
            "cuelight-shown",
            "cuelight-error",
            "cuelight-token-needed",
            "cuelight-connection",
        ];
        let listeners = names.map(listen).into();
        let shadow = shadow(&element);
        let options = JsValue::from_serde(options).unwrap();
        let handle = CharacterHandle::new(element.clone(), shadow.clone(), &options);
        Self { element, shadow, handle: Rc::new(handle), told, log, _listeners: listeners }
    }

    /// Waits until this was told; at most ten seconds, which fails the test.
    async fn hears(&self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..200 {
            let found = self.told.borrow().iter().find(|(n, detail)| n == name && fits(detail)).cloned();
            if let Some((_, detail)) = found {
                return detail;
            }
            TimeoutFuture::new(50).await;
        }
        panic!("{name} was not told: {:?}", self.told.borrow());
    }

    fn count(&self, name: &str) -> usize {
        self.told.borrow().iter().filter(|(told, _)| told == name).count()
    }

    fn stats(&self) -> Value {
        self.handle.stats().into_serde().unwrap()
    }

    fn configure(&self, options: &Value) {
        self.handle.configure(&JsValue::from_serde(options).unwrap());
    }

    fn label(&self) -> String {
        self.element.get_attribute("aria-label").unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.log.iter().filter_map(|entry| entry.as_string()).collect()
    }

    fn send(&self, event: &Value) {
        self.handle.send(&JsValue::from_serde(event).unwrap());
    }

    fn visible_video(&self) -> Option<HtmlVideoElement> {
        let videos = self.shadow.query_selector_all("video").unwrap();
        let videos =
            (0..videos.length()).map(|i| videos.get(i).unwrap().unchecked_into::<HtmlVideoElement>());
        videos.max_by_key(|video| {
            video.style().get_property_value("z-index").unwrap().parse::<u32>().unwrap_or_default()
        })
    }
}

fn options(host: &str, token: Option<&str>) -> Value {
    json!({ "endpoint": host, "character": "bolt", "tier": "enterprise", "predict": false, "token": token })
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    tenant: String,
    nonce: String,
    body: Value,
    key: String,
}

#[wasm_bindgen_test]
fn keys_computed_in_the_browser_equal_the_golden_ones() {
    let rows: Vec<Golden> = serde_json::from_str(include_str!("../../core/tests/golden/keys.json")).unwrap();
    assert!(rows.len() > 10);
    for row in rows {
        let job = validate(&row.body, &row.nonce).unwrap();
        assert_eq!(job.spec.key(&row.tenant, &job.scope).as_str(), row.key, "{}", row.name);
    }
}

#[wasm_bindgen_test]
async fn the_placeholder_is_there_at_once_and_is_labelled_as_one() {
    let mounted = Mounted::new("http://missing.test", false);
    let shown = mounted.hears("cuelight-shown", |_| true).await;
    assert_eq!((&shown["kind"], &shown["from"]), (&json!("placeholder"), &json!("placeholder")));
    assert!(shown["waitedMs"].as_u64().unwrap() < 2_000);
    let image: HtmlImageElement = mounted.shadow.query_selector("img").unwrap().unwrap().unchecked_into();
    assert!(image.complete() && image.natural_width() > 0);
    assert!(colours(&image) > 3, "a face is drawn, not a blank");
    assert_eq!(mounted.element.get_attribute("aria-label").unwrap(), "Bolt is waiting");
    assert_eq!(mounted.element.get_attribute("role").unwrap(), "img");
}

#[wasm_bindgen_test]
async fn a_clip_that_exists_is_painted_without_a_single_post() {
    let mounted = Mounted::new("http://clips.test", true);
    let shown = mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    assert_eq!(shown["from"], "edge");
    let video = mounted.visible_video().unwrap();
    assert!(colours(&video) > 5, "the clip's own colours are on screen");
    assert!(video.muted() && video.loop_());

    mounted.send(&json!({ "type": "typing" }));
    let shown = mounted.hears("cuelight-shown", |shown| shown["cue"] == "listening").await;
    assert_eq!(shown["kind"], "clip");
    assert_eq!(mounted.element.get_attribute("aria-label").unwrap(), "Bolt is listening");
    assert_eq!(mounted.requests(), ["GET clips", "GET clips"]);
}

#[wasm_bindgen_test]
async fn what_was_shown_before_comes_from_memory() {
    let mounted = Mounted::new("http://again.test", true);
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "idle" && shown["kind"] == "clip").await;
    mounted.handle.set_state(Some("happy".into()));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy" && shown["kind"] == "clip").await;
    mounted.told.borrow_mut().clear();
    mounted.handle.set_state(Some("idle".into()));
    let shown = mounted.hears("cuelight-shown", |shown| shown["cue"] == "idle").await;
    assert_eq!((&shown["kind"], &shown["from"]), (&json!("clip"), &json!("memory")));
    assert_eq!(mounted.requests().len(), 2);
}

#[wasm_bindgen_test]
async fn a_staged_clip_is_in_sight_before_the_call_returns() {
    let mounted = Mounted::new("http://staged.test", true);
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "idle" && shown["kind"] == "clip").await;
    mounted.handle.set_state(Some("happy".into()));
    let shown = mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy").await;
    assert_eq!(shown["staged"], false);
    for _ in 0..200 {
        if mounted.stats()["player"]["staged"].as_array().unwrap().contains(&json!("idle")) {
            break;
        }
        TimeoutFuture::new(10).await;
    }
    mounted.told.borrow_mut().clear();
    mounted.handle.set_state(Some("idle".into()));
    let told = mounted.told.borrow().clone();
    let shown = told.iter().find(|(name, _)| name == "cuelight-shown").expect("at once").1.clone();
    assert_eq!((&shown["cue"], &shown["staged"]), (&json!("idle"), &json!(true)));
    let video = mounted.visible_video().unwrap();
    assert!(colours(&video) > 5 && !video.paused());
    assert!(video.current_time() < 0.2, "it starts at its first frame");
}

#[wasm_bindgen_test]
async fn twelve_states_share_four_videos_and_none_is_seen_without_a_frame() {
    let mounted = Mounted::new("http://pool.test", true);
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    for state in &cuelight_core::catalog::built_in().states {
        mounted.handle.set_state(Some(state.id.clone()));
        let wanted = json!(state.id);
        mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip" && shown["cue"] == wanted).await;
        assert!(colours(&mounted.visible_video().unwrap()) > 5, "{}", state.id);
    }
    assert!(mounted.shadow.query_selector_all("video").unwrap().length() <= 4);
}

#[wasm_bindgen_test]
async fn a_loop_is_handed_over_at_its_end() {
    let mounted = Mounted::new("http://seam.test", true);
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    for _ in 0..300 {
        if mounted.stats()["player"]["seams"].as_u64().unwrap() >= 3 {
            return;
        }
        TimeoutFuture::new(20).await;
    }
    panic!("{}", mounted.stats()["player"]);
}

#[wasm_bindgen_test]
async fn destroying_releases_every_address_and_may_be_done_twice() {
    // Too long for an address that holds it: a box of nothing behind it (ISO/IEC 14496-12, 8.1.2).
    let room = 300_000_u32;
    let clip = [CLIP, &room.to_be_bytes()[..], b"free", &vec![0; room as usize - 8]].concat();
    let mounted = Mounted::served("http://gone.test", Some(&clip));
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    let address = mounted.visible_video().unwrap().src();
    assert!(address.starts_with("blob:"));
    assert!(reachable(&address).await.is_truthy());
    mounted.handle.destroy();
    mounted.handle.destroy();
    assert!(!reachable(&address).await.is_truthy(), "the clip's address is released");
    assert_eq!(mounted.shadow.query_selector("video,img").unwrap(), None);
    mounted.send(&json!({ "type": "typing" }));
    assert_eq!(mounted.handle.state(), "idle", "and nobody is left to hear");
}

#[wasm_bindgen_test]
async fn a_page_may_call_back_from_inside_an_event() {
    let mounted = Mounted::new("http://reentrant.test", true);
    let (handle, done) = (mounted.handle.clone(), Rc::new(RefCell::new(false)));
    let once = done.clone();
    let _listener = EventListener::new(&mounted.element, "cuelight-state", move |_| {
        let stats: Value = handle.stats().into_serde().unwrap();
        assert!(stats["state"].is_string());
        if !once.replace(true) {
            handle.set_state(Some("surprised".into()));
        }
    });
    mounted.send(&json!({ "type": "stream-started" }));
    mounted.hears("cuelight-state", |told| told["state"] == "surprised").await;
    assert!(*done.borrow());
}

#[wasm_bindgen_test]
async fn a_wrong_character_is_an_error_with_a_sentence() {
    let mounted = Mounted::new("http://wrong.test", false);
    let options = json!({ "endpoint": "http://wrong.test", "character": "nobody" });
    mounted.configure(&options);
    let error = mounted.hears("cuelight-error", |error| error["code"] == "invalid_request").await;
    assert!(error["detail"].as_str().unwrap().contains("bolt"), "{error}");
}

fn authorizations(log: &[String]) -> Vec<&str> {
    log.iter().filter_map(|entry| entry.split_once(' ')).map(|(_, shown)| shown).collect()
}

#[wasm_bindgen_test]
async fn calls_wait_for_a_good_token_and_the_page_is_told_once() {
    let host = "http://token.test";
    let expired = json!({ "status": 401, "code": "token_expired" });
    let mounted = Mounted::guarded(host, Some("old"), &json!([expired]));
    let needed = mounted.hears("cuelight-token-needed", |_| true).await;
    assert_eq!(needed, json!({ "code": "token_expired", "detail": "It is token_expired." }));
    mounted.handle.set_state(Some("happy".into()));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy").await;
    TimeoutFuture::new(300).await;
    assert_eq!(authorizations(&mounted.requests()), ["Bearer old"], "nothing goes out with a bad token");
    let stats = mounted.stats();
    assert_eq!(
        (&stats["token"], &stats["waiting"], &stats["showing"]),
        (&json!("needed"), &json!(2), &json!("placeholder"))
    );

    mounted.configure(&options(host, Some("new")));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy" && shown["kind"] == "clip").await;
    assert_eq!(mounted.stats()["token"], "set");
    assert!(authorizations(&mounted.requests())[1..].iter().all(|shown| *shown == "Bearer new"));
    assert_eq!((mounted.count("cuelight-token-needed"), mounted.count("cuelight-error")), (1, 0));
}

#[wasm_bindgen_test]
async fn a_text_that_is_no_token_is_refused_without_being_repeated() {
    let mounted = Mounted::guarded("http://untoken.test", Some("a secret/=\r\n"), &json!([]));
    let error = mounted.hears("cuelight-error", |error| error["code"] == "invalid_options").await;
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[wasm_bindgen_test]
async fn a_limited_page_waits_exactly_as_long_as_it_was_told() {
    let limit = json!({ "status": 429, "code": "rate_limited", "headers": { "retry-after": "1" } });
    let mounted = Mounted::guarded("http://limited.test", None, &json!([limit]));
    for _ in 0..100 {
        if mounted.stats()["limited"]["code"] == "rate_limited" {
            break;
        }
        TimeoutFuture::new(10).await;
    }
    let until = mounted.stats()["limited"]["until"].as_f64().unwrap();
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    let log = mounted.requests();
    let times: Vec<f64> = log.iter().map(|entry| entry.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 2, "{log:?}");
    assert!(
        times[1] - times[0] >= 1_000.0 && times[1] >= until && times[1] - until < 500.0,
        "{log:?} {until}"
    );
    assert_eq!(mounted.stats()["limited"], Value::Null);
    assert_eq!(authorizations(&log), ["null", "null"]);
}

#[wasm_bindgen_test]
async fn a_used_up_budget_is_told_once_and_the_placeholder_stays() {
    let mounted =
        Mounted::guarded("http://spent.test", None, &json!([{ "status": 402, "code": "budget_exceeded" }]));
    let error = mounted.hears("cuelight-error", |_| true).await;
    assert_eq!(error, json!({ "code": "budget_exceeded", "detail": "It is budget_exceeded." }));
    for state in ["happy", "sad", "idle"] {
        mounted.handle.set_state(Some(state.into()));
        TimeoutFuture::new(100).await;
    }
    assert_eq!((mounted.requests().len(), mounted.count("cuelight-error")), (1, 1));
    let stats = mounted.stats();
    assert_eq!(
        (&stats["showing"], &stats["limited"]["code"]),
        (&json!("placeholder"), &json!("budget_exceeded"))
    );
    let until = stats["limited"]["until"].as_f64().unwrap();
    let now = web_sys::window().unwrap().performance().unwrap().now();
    assert!((290_000.0..=300_000.0).contains(&(until - now)), "five minutes: {until} at {now}");
}

#[wasm_bindgen_test]
async fn of_many_characters_the_one_that_is_likely_to_change_has_most_surfaces() {
    let host = "http://likely.test";
    let crowd: Vec<Mounted> = (0..7).map(|_| Mounted::new(host, true)).collect();
    let one = Mounted::new(host, true);
    let mut guessing = options(host, None);
    guessing["predict"] = json!(true);
    one.configure(&guessing);
    let slots = |mounted: &Mounted| mounted.stats()["player"]["slots"].as_u64().unwrap();
    for _ in 0..200 {
        if slots(&one) == 3 && crowd.iter().all(|other| slots(other) <= 2) {
            return;
        }
        TimeoutFuture::new(50).await;
    }
    panic!("{} {:?}", slots(&one), crowd.iter().map(slots).collect::<Vec<_>>());
}
