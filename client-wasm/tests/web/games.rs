//! A game's character in a real browser: frames, requests, priorities and tokens.

use cuelight_client::actor::ActorHandle;
use gloo_events::{EventListenerOptions, EventListenerPhase};

use super::*;

fn actor(host: &str, wait: u32) -> ActorHandle {
    let options = json!({ "endpoint": host, "character": "miso", "maxWait": wait, "predict": false });
    ActorHandle::new(&JsValue::from_serde(&options).unwrap()).unwrap_or_else(|_| panic!("an actor"))
}

fn cue(expression: &str) -> JsValue {
    JsValue::from_serde(&json!({ "expression": expression, "intensity": 0.7 })).unwrap()
}

#[wasm_bindgen_test]
async fn a_game_gets_a_frame_it_can_draw() {
    serve("http://game.test", &js_sys::Uint8Array::from(CLIP).into(), &js_sys::Array::new());
    let actor = actor("http://game.test", 5_000);
    assert!(actor.frame().is_null());
    let shown: Value = JsFuture::from(actor.request(&cue("pleased"), &JsValue::UNDEFINED))
        .await
        .unwrap()
        .into_serde()
        .unwrap();
    assert_eq!(shown["kind"], "clip");
    assert!(colours(&actor.frame()) > 5);
    actor.destroy();
    actor.destroy();
    assert!(actor.frame().is_null());
}

#[wasm_bindgen_test]
async fn a_newer_request_wins_and_a_missing_clip_settles_for_the_placeholder() {
    serve("http://slow.test", &JsValue::NULL, &js_sys::Array::new());
    let actor = actor("http://slow.test", 300);
    let older = actor.request(&cue("pleased"), &JsValue::UNDEFINED);
    let newer = actor.request(&cue("annoyed"), &JsValue::UNDEFINED);
    assert!(JsFuture::from(older).await.unwrap().is_null());
    let shown: Value = JsFuture::from(newer).await.unwrap().into_serde().unwrap();
    assert_eq!(shown["kind"], "placeholder");
    assert!(colours(&actor.frame()) > 3);
    actor.destroy();
}

#[wasm_bindgen_test]
async fn a_reaction_that_comes_close_stands_in_where_the_request_wants_one() {
    let (log, line) = (js_sys::Array::new(), js_sys::Object::new());
    flaky("http://close.test", &js_sys::Uint8Array::from(CLIP).into(), &log, &line);
    let actor = actor("http://close.test", 300);
    let ask = async |expression: &str, fallback: &str, wait: u32| -> Value {
        let options = JsValue::from_serde(&json!({ "fallback": fallback, "maxWait": wait })).unwrap();
        JsFuture::from(actor.request(&cue(expression), &options)).await.unwrap().into_serde().unwrap()
    };
    let first = ask("pleased", "placeholder", 60_000).await;
    assert_eq!(first["kind"], "clip");
    js_sys::Reflect::set(&line, &"down".into(), &true.into()).unwrap();
    let close = ask("annoyed", "cached", 300).await;
    assert_eq!((&close["kind"], &close["cue"]), (&json!("clip"), &first["cue"]));
    assert_eq!(ask("annoyed", "placeholder", 300).await["kind"], "placeholder");
    actor.destroy();
}

#[wasm_bindgen_test]
async fn a_games_priority_goes_with_the_job_and_a_wrong_one_is_refused() {
    let log = js_sys::Array::new();
    serve("http://priority.test", &JsValue::NULL, &log);
    let actor = actor("http://priority.test", 300);
    let with = |priority: f64| {
        let options = js_sys::Object::new();
        js_sys::Reflect::set(&options, &"priority".into(), &priority.into()).unwrap();
        actor.request(&cue("pleased"), &options)
    };
    for wrong in [-1.0, 20.5, 21.0, f64::NAN] {
        let error = JsFuture::from(with(wrong)).await.unwrap_err();
        let message = error.unchecked_into::<js_sys::Error>().message();
        assert_eq!(message, "This is no request: priority is a whole number from 0 to 20.", "{wrong}");
    }
    assert_eq!(log.length(), 0, "nothing was asked for");
    JsFuture::from(with(17.0)).await.unwrap();
    let bodies = log.iter().filter_map(|entry| serde_json::from_str::<Value>(&entry.as_string()?).ok());
    let priorities: Vec<Value> = bodies.map(|body| body["priority"].clone()).collect();
    assert_eq!(priorities, [17]);
    actor.destroy();
}

#[wasm_bindgen_test]
async fn a_clip_for_this_request_only_is_asked_for_under_a_nonce_of_its_own() {
    let log = js_sys::Array::new();
    serve("http://always.test", &JsValue::NULL, &log);
    let actor = actor("http://always.test", 200);
    let options = JsValue::from_serde(&json!({ "strategy": "always" })).unwrap();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let shown = JsFuture::from(actor.request(&cue("pleased"), &options)).await.unwrap();
        keys.push(shown.into_serde::<Value>().unwrap()["key"].clone());
    }
    assert_ne!(keys[0], keys[1]);
    let bodies = log.iter().filter_map(|entry| serde_json::from_str::<Value>(&entry.as_string()?).ok());
    let bodies: Vec<Value> = bodies.filter(|body| body["strategy"] == "always").collect();
    let asked = bodies.iter().map(|body| {
        let job = validate(body, "not the page's").unwrap();
        json!(job.spec.key("demo", &job.scope).as_str())
    });
    assert_eq!(asked.collect::<Vec<_>>(), keys, "the page and the edge come to the same address");
    actor.destroy();
}

/// An actor of a game that is told of errors by this function, which knows of `told`, a list.
fn told_by(host: &str, told: &js_sys::Array, body: &str) -> ActorHandle {
    let options = json!({ "endpoint": host, "character": "miso", "maxWait": 300, "predict": false });
    let options = JsValue::from_serde(&options).unwrap();
    let list: &JsValue = told;
    let on_error = js_sys::Function::new_with_args("told, error", body).bind1(&JsValue::NULL, list);
    let on_error: js_sys::Function = on_error.unchecked_into();
    js_sys::Reflect::set(&options, &"onError".into(), &on_error).unwrap();
    ActorHandle::new(&options).unwrap_or_else(|_| panic!("an actor"))
}

#[wasm_bindgen_test]
async fn a_game_is_told_what_went_wrong_and_may_throw_at_it() {
    let (log, told) = (js_sys::Array::new(), js_sys::Array::new());
    let rules = JsValue::from_serde(&json!([{ "status": 402, "code": "budget_exceeded" }])).unwrap();
    guard("http://poor.test", &js_sys::Uint8Array::from(CLIP).into(), &log, &rules.unchecked_into());
    // The harness fails a test whose page has an error that nobody keeps from it.
    let keep = EventListener::new_with_options(
        &web_sys::window().unwrap(),
        "error",
        EventListenerOptions { phase: EventListenerPhase::Capture, passive: false },
        |event| {
            event.prevent_default();
            event.stop_immediate_propagation();
        },
    );
    let actor = told_by("http://poor.test", &told, "told.push(error); throw new Error('the game broke');");
    let shown = JsFuture::from(actor.request(&cue("pleased"), &JsValue::UNDEFINED)).await.unwrap();
    assert_eq!(shown.into_serde::<Value>().unwrap()["kind"], "placeholder");
    for _ in 0..100 {
        if told.length() > 0 {
            break;
        }
        TimeoutFuture::new(50).await;
    }
    let expected = json!({ "code": "budget_exceeded", "detail": "It is budget_exceeded." });
    let told = || told.iter().map(|error| error.into_serde().unwrap()).collect::<Vec<Value>>();
    assert_eq!(told(), std::slice::from_ref(&expected));
    // It goes on, and what is no request is told by its promise alone.
    let unread = JsValue::from_serde(&json!({ "priority": 21 })).unwrap();
    assert!(JsFuture::from(actor.request(&cue("pleased"), &unread)).await.is_err());
    let shown = JsFuture::from(actor.request(&cue("annoyed"), &JsValue::UNDEFINED)).await.unwrap();
    assert_eq!(shown.into_serde::<Value>().unwrap()["kind"], "placeholder");
    assert_eq!(told(), [expected]);
    actor.destroy();
    drop(keep);
}

#[wasm_bindgen_test]
async fn a_game_that_was_destroyed_is_told_nothing_more() {
    let (log, told) = (js_sys::Array::new(), js_sys::Array::new());
    let rules = JsValue::from_serde(&json!([{ "status": 402, "code": "budget_exceeded" }])).unwrap();
    guard("http://gone-game.test", &JsValue::NULL, &log, &rules.unchecked_into());
    let actor = told_by("http://gone-game.test", &told, "told.push(error);");
    let asked = actor.request(&cue("pleased"), &JsValue::UNDEFINED);
    actor.destroy();
    assert!(JsFuture::from(asked).await.unwrap().is_null());
    TimeoutFuture::new(300).await;
    assert_eq!(told.length(), 0);
}

#[wasm_bindgen_test]
async fn a_games_character_that_is_not_seen_gives_its_decoders_back_and_still_answers() {
    serve("http://unseen.test", &js_sys::Uint8Array::from(CLIP).into(), &js_sys::Array::new());
    let actor = actor("http://unseen.test", 60_000);
    let ask = async |expression: &str| -> Value {
        let asked = actor.request(&cue(expression), &JsValue::UNDEFINED);
        JsFuture::from(asked).await.unwrap().into_serde().unwrap()
    };
    let slots = || actor.stats().into_serde::<Value>().unwrap()["player"]["slots"].clone();
    let until = async |fits: &dyn Fn() -> bool| {
        for _ in 0..200 {
            if fits() {
                return;
            }
            TimeoutFuture::new(50).await;
        }
        panic!("{}", actor.stats().into_serde::<Value>().unwrap());
    };
    assert_eq!(ask("pleased").await["kind"], "clip");
    actor.set_visible(0.0, None);
    until(&|| slots() == 0).await;
    assert!(colours(&actor.frame()) > 5, "a copy of its frame stays");
    // Long before its wait is over: nobody sees whether the clip plays.
    assert_eq!(ask("annoyed").await["kind"], "placeholder");
    assert_eq!(ask("pleased").await["kind"], "placeholder");
    actor.set_visible(0.5, Some(40_000.0));
    until(&|| actor.stats().into_serde::<Value>().unwrap()["showing"] == "clip").await;
    assert_eq!(ask("annoyed").await["kind"], "clip");
    actor.destroy();
}

#[wasm_bindgen_test]
async fn a_games_token_source_is_asked_when_the_edge_wants_a_token() {
    let (log, rules) = (js_sys::Array::new(), json!([{ "status": 401, "code": "unauthorized" }]));
    let rules = JsValue::from_serde(&rules).unwrap().unchecked_into();
    guard("http://source.test", &js_sys::Uint8Array::from(CLIP).into(), &log, &rules);
    let options = json!({ "endpoint": "http://source.test", "character": "miso", "predict": false });
    let options = JsValue::from_serde(&options).unwrap();
    let source = js_sys::Function::new_with_args("why", "return Promise.resolve(`for.${why.code}`);");
    js_sys::Reflect::set(&options, &"tokenSource".into(), &source).unwrap();
    let actor = ActorHandle::new(&options).unwrap_or_else(|_| panic!("an actor"));
    let shown = JsFuture::from(actor.request(&cue("pleased"), &JsValue::UNDEFINED)).await.unwrap();
    let shown: Value = shown.into_serde().unwrap();
    assert_eq!(shown["kind"], "clip");
    let log: Vec<String> = log.iter().filter_map(|entry| entry.as_string()).collect();
    assert_eq!(authorizations(&log), ["null", "Bearer for.unauthorized"]);
    actor.destroy();
}
