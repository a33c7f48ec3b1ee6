//! A character with states and rules of its page's own: shown, told, asked for, refused and exchanged.

use cuelight_core::cue::Cue;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{HtmlImageElement, Response};

use super::*;

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn party() -> Value {
    example(include_str!("../../../docs/examples/states/party.json"))
}

fn ruled(host: &str, rules: &Value) -> Value {
    let mut options = options(host, None);
    options["rules"] = rules.clone();
    options
}

fn mounted(host: &str, clip: bool, rules: &Value) -> Mounted {
    let log = js_sys::Array::new();
    let bytes = if clip { js_sys::Uint8Array::from(CLIP).into() } else { JsValue::NULL };
    serve(host, &bytes, &log);
    Mounted::mount(&ruled(host, rules), log)
}

/// The address at which the edge keeps what this request asks for, and its cue.
fn as_the_edge_reads(body: &str) -> (String, Cue) {
    let job = validate(&example(body), "").unwrap();
    (job.spec.key("demo", &job.scope).as_str().to_owned(), job.subject.unwrap().cue)
}

async fn text_of(url: &str) -> String {
    let window = web_sys::window().unwrap();
    let answer: Response = JsFuture::from(window.fetch_with_str(url)).await.unwrap().unchecked_into();
    JsFuture::from(answer.text().unwrap()).await.unwrap().as_string().unwrap()
}

#[wasm_bindgen_test]
async fn a_character_shows_states_of_its_own_as_its_page_says() {
    let mounted = mounted("http://party.test", true, &party());
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "idle" && shown["kind"] == "clip").await;
    mounted.send(&json!({ "type": "closed" }));
    let told = mounted.hears("cuelight-state", |told| told["state"] == "packing").await;
    assert_eq!((&told["previous"], &told["cause"]), (&json!("idle"), &json!("closed")));
    assert_eq!(mounted.label(), "Bolt is packing your order");
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "packing" && shown["kind"] == "clip").await;
    assert!(mounted.visible_video().unwrap().loop_());

    mounted.send(&json!({ "type": "opened" }));
    mounted.send(&json!({ "type": "message", "who": "user", "text": "It is a PARTY!" }));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "dancing" && shown["kind"] == "clip").await;
    assert!(!mounted.visible_video().unwrap().loop_(), "it plays once");
    let over = mounted.hears("cuelight-state", |told| told["previous"] == "dancing").await;
    assert_eq!(over["state"], "idle");
    assert_eq!(mounted.count("cuelight-error"), 0);
}

#[wasm_bindgen_test]
async fn the_clip_of_a_state_of_its_own_is_looked_for_where_the_edge_makes_it() {
    let mounted = mounted("http://own.test", false, &party());
    mounted.handle.set_state(Some("packing".into()));
    let shown = mounted.hears("cuelight-shown", |shown| shown["cue"] == "packing").await;
    assert_eq!(shown["kind"], "placeholder");
    let image: HtmlImageElement = mounted.shadow.query_selector("img").unwrap().unwrap().unchecked_into();
    let picture = text_of(&image.src()).await;
    assert!(picture.contains("A character, thinking"), "its first known fallback: {picture}");
    let is_asked = |entry: &String| entry.contains("npc_response");
    for _ in 0..200 {
        if mounted.requests().iter().any(is_asked) {
            break;
        }
        TimeoutFuture::new(20).await;
    }
    let body = mounted.requests().into_iter().find(is_asked).expect("it is asked for");
    let (key, cue) = as_the_edge_reads(&body);
    assert_eq!(shown["key"], json!(key), "{body}");
    assert_eq!(cue.to_string(), "packing/thinking/wraps a parcel focused quick hands 0.5");
}

#[wasm_bindgen_test]
async fn a_built_in_state_that_is_only_told_differently_keeps_its_clip() {
    let rules = json!({ "states": [{ "id": "happy", "label": "over the moon", "play": "loop" }] });
    let mounted = mounted("http://told.test", true, &rules);
    mounted.handle.set_state(Some("happy".into()));
    let shown = mounted.hears("cuelight-shown", |shown| shown["cue"] == "happy").await;
    let body = json!({
        "operation_type": "state_clip",
        "params": { "character": "bolt", "state": "happy", "quality_preset": "fast" },
    });
    assert_eq!(shown["key"], json!(as_the_edge_reads(&body.to_string()).0));
    assert_eq!(mounted.label(), "Bolt is over the moon");
}

#[wasm_bindgen_test]
async fn rules_that_could_trap_the_character_are_refused_with_the_path_and_it_goes_on() {
    let trap = example(include_str!("../../../docs/examples/states/trap.json"));
    let mounted = mounted("http://trap.test", true, &trap);
    let error = mounted.hears("cuelight-error", |_| true).await;
    assert_eq!(error["code"], "state_without_exit");
    assert!(error["detail"].as_str().unwrap().contains("idle -> (sent) -> thinking"), "{error}");
    mounted.send(&json!({ "type": "sent" }));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "thinking" && shown["kind"] == "clip").await;

    for unreadable in [json!("{"), json!(5), json!({ "mood": [] }), json!({ "moods": "none" })] {
        mounted.told.borrow_mut().clear();
        mounted.configure(&ruled("http://trap.test", &unreadable));
        let error = mounted.hears("cuelight-error", |_| true).await;
        assert_eq!(error["code"], "invalid_states", "{unreadable}");
        assert_eq!(mounted.handle.state(), "thinking", "nothing changed");
    }
}

#[wasm_bindgen_test]
async fn other_rules_bring_the_character_to_rest_and_the_same_ones_change_nothing() {
    let host = "http://exchange.test";
    let mounted = mounted(host, true, &party());
    mounted.send(&json!({ "type": "closed" }));
    mounted.hears("cuelight-shown", |shown| shown["cue"] == "packing" && shown["kind"] == "clip").await;
    // As a page renders it anew, and as an attribute has it.
    mounted.configure(&ruled(host, &party()));
    mounted.configure(&ruled(host, &json!(party().to_string())));
    assert_eq!(mounted.handle.state(), "packing");
    mounted.configure(&ruled(host, &Value::Null));
    assert_eq!(mounted.handle.state(), "idle");
    let told = mounted.hears("cuelight-state", |told| told["previous"] == "packing").await;
    assert_eq!(told["state"], "idle");
    assert_eq!(mounted.label(), "Bolt is waiting");
    mounted.handle.set_state(Some("packing".into()));
    mounted.hears("cuelight-error", |error| error["code"] == "unknown_state").await;
    mounted.configure(&ruled(host, &party()));
    mounted.handle.set_state(Some("packing".into()));
    assert_eq!(mounted.handle.state(), "packing");
}

#[wasm_bindgen_test]
async fn what_follows_a_state_of_its_own_is_learned_and_staged_like_any_other() {
    let host = "http://learned.test";
    let mounted = mounted(host, true, &party());
    let mut guessing = ruled(host, &party());
    guessing["predict"] = json!(true);
    mounted.configure(&guessing);
    for _ in 0..4 {
        for state in ["dancing", "packing"] {
            mounted.told.borrow_mut().clear();
            mounted.handle.set_state(Some(state.into()));
            mounted.hears("cuelight-shown", |shown| shown["cue"] == state && shown["kind"] == "clip").await;
        }
    }
    let stats = mounted.stats();
    assert_eq!(
        (&stats["predictions"][0]["cue"], &stats["predictions"][0]["ready"]),
        (&json!("dancing"), &json!(true))
    );
    for _ in 0..200 {
        if mounted.stats()["player"]["staged"].as_array().unwrap().contains(&json!("dancing")) {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("{}", mounted.stats()["player"]);
}
