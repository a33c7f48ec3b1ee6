//! What outlives a page or an outage: clips on the device, what was learned, and what is wanted.

use cuelight_core::catalog::Tier;
use cuelight_core::predictor::Predictor;

use super::*;

/// A character whose network is down or up as `line.down` says.
pub(super) fn on_a_flaky_line(host: &str, down: bool) -> (Mounted, js_sys::Object) {
    let (log, line) = (js_sys::Array::new(), js_sys::Object::new());
    js_sys::Reflect::set(&line, &"down".into(), &down.into()).unwrap();
    flaky(host, &js_sys::Uint8Array::from(CLIP).into(), &log, &line);
    (Mounted::mount(&options(host, None), log), line)
}

#[wasm_bindgen_test]
async fn a_network_that_comes_back_brings_the_clip_without_a_new_cue_and_both_are_told_once() {
    let (mounted, line) = on_a_flaky_line("http://flaky.test", true);
    let told = mounted.hears("cuelight-connection", |_| true).await;
    assert_eq!((told, mounted.stats()["online"].clone()), (json!({ "online": false }), json!(false)));
    assert_eq!(mounted.requests().len(), 1, "after the first failure");
    TimeoutFuture::new(1_200).await;
    assert_eq!((mounted.count("cuelight-connection"), mounted.count("cuelight-error")), (1, 0));
    js_sys::Reflect::set(&line, &"down".into(), &false.into()).unwrap();
    let event = web_sys::Event::new("online").unwrap();
    web_sys::window().unwrap().dispatch_event(&event).unwrap();
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    mounted.hears("cuelight-connection", |told| told["online"] == true).await;
    assert_eq!((mounted.count("cuelight-connection"), &mounted.stats()["online"]), (2, &json!(true)));
    mounted.handle.destroy();
}

#[wasm_bindgen_test]
async fn a_fetch_that_hangs_before_its_answer_or_within_it_is_stopped_and_tried_again() {
    for place in ["before", "within"] {
        let (log, line) = (js_sys::Array::new(), js_sys::Object::new());
        js_sys::Reflect::set(&line, &"hangs".into(), &place.into()).unwrap();
        let host = format!("http://hangs-{place}.test");
        flaky(&host, &js_sys::Uint8Array::from(CLIP).into(), &log, &line);
        let mounted = Mounted::mount(&options(&host, None), log);
        for _ in 0..200 {
            if mounted.count("cuelight-connection") > 0 {
                break;
            }
            TimeoutFuture::new(20).await;
            if mounted.requests().len() == 1 {
                // Ten seconds pass.
                ahead(10_000.0);
            }
        }
        mounted.hears("cuelight-connection", |told| told["online"] == false).await;
        assert_eq!(mounted.requests()[1], "stopped");
        js_sys::Reflect::set(&line, &"hangs".into(), &JsValue::NULL).unwrap();
        mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
        mounted.hears("cuelight-connection", |told| told["online"] == true).await;
        assert_eq!(mounted.count("cuelight-error"), 0);
        mounted.handle.destroy();
    }
}

#[wasm_bindgen_test]
async fn while_a_clip_is_fetched_a_video_is_emptied_for_it() {
    let (mounted, line) = on_a_flaky_line("http://room.test", false);
    for state in ["idle", "happy", "sad", "listening"] {
        mounted.handle.set_state(Some(state.into()));
        mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip" && shown["cue"] == state).await;
    }
    let until = async |full| {
        for _ in 0..500 {
            if mounted.shadow.query_selector_all("video[src]").unwrap().length() == full {
                return;
            }
            TimeoutFuture::new(5).await;
        }
        panic!("{}", mounted.stats()["player"]);
    };
    until(4).await;
    js_sys::Reflect::set(&line, &"hangs".into(), &"before".into()).unwrap();
    mounted.handle.set_state(Some("thinking".into()));
    until(3).await;
    mounted.handle.destroy();
}

#[wasm_bindgen_test]
async fn a_clip_that_an_earlier_page_fetched_comes_from_the_device_without_a_request() {
    let host = "http://device.test";
    let first = Mounted::new(host, true);
    let shown = first.hears("cuelight-shown", |shown| shown["from"] == "edge").await;
    let address = format!("{host}/clips/{}", shown["key"].as_str().unwrap());
    for _ in 0..100 {
        if ClipStore::shared().get(&address).await.is_some() {
            break;
        }
        TimeoutFuture::new(20).await;
    }
    // The edge lives as long as somebody uses it: this one forgets what is in memory.
    first.handle.destroy();
    let (second, _line) = on_a_flaky_line(host, true);
    let shown = second.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    assert_eq!(shown["from"], "stored");
    assert_eq!(second.requests().len(), 0);
    second.handle.destroy();
}

#[wasm_bindgen_test]
async fn what_a_character_has_learned_outlives_the_page_and_a_spoilt_memory_is_ignored() {
    let (window, key) = (web_sys::window().unwrap(), "cuelight-predictor:demo:bolt");
    let storage: js_sys::Object =
        js_sys::Reflect::get(&window, &"localStorage".into()).unwrap().unchecked_into();
    let read = || js_sys::Reflect::get(&storage, &key.into()).unwrap().as_string();
    let version = char::from(Predictor::default().save()[0]);
    let spoilt = format!("{version}\u{ff}spoilt \u{1f600}");
    js_sys::Reflect::set(&storage, &key.into(), &spoilt.as_str().into()).unwrap();
    let mounted = Mounted::new("http://memory.test", true);
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    mounted.handle.set_state(Some("happy".into()));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy").await;
    window.dispatch_event(&web_sys::Event::new("pagehide").unwrap()).unwrap();
    let learned = read().unwrap();
    let bytes: Vec<u8> = learned.chars().map(|byte| u8::try_from(byte).unwrap()).collect();
    assert!(Predictor::restore(Tier::Enterprise, &bytes).is_ok(), "{learned}");
    mounted.handle.destroy();
}
