//! A bad request is told everything that is wrong with it, at once, and a good one keeps its key
//! however it is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::api::Fallback;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::character;
use cuelight_core::operation::{ClipSpec, ValidJob, validate};
use cuelight_core::problem::FieldCode;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn faults(body: &Value) -> Vec<(String, FieldCode)> {
    let errors = validate(body, "n").expect_err("should be refused");
    errors.into_iter().map(|e| (e.pointer, e.code)).collect()
}

fn key(body: &Value) -> CacheKey {
    let job = validate(body, "n").unwrap_or_else(|e| panic!("{body}: {e:?}"));
    job.spec.key("demo", &job.scope)
}

fn clip(job: &ValidJob) -> &ClipSpec {
    job.spec.clip().unwrap()
}

#[test]
fn every_bad_field_is_reported_at_once() {
    use FieldCode::*;
    let found = faults(&json!({
        "operation_type": "npc_response",
        "provider_id": 7,
        "priority": 21,
        "strategy": "sometimes",
        "fallback": [],
        "cache_key": "",
        "speculative": "yes",
        "surprise": 1,
        "player_context": {"player_id": 5, "shoe/size": 44},
        "params": {
            "npc_id": "x\u{7}y",
            "expression": "<script>",
            "emotion": "e".repeat(41),
            "animation": 3,
            "intensity": 1.5,
            "quality_preset": "ultra",
            "width": 100,
            "height": 513,
            "fps": 240,
            "steps": 0,
            "cfg": "high",
            "duration": 60,
            "seed": -1,
            "loras": ["a"],
            "npc_base_image": "https://example.com/a.png",
            "prompt": "p".repeat(1001),
            "bogus~field": true
        }
    }));
    for expected in [
        ("/provider_id", WrongType),
        ("/priority", OutOfRange),
        ("/strategy", UnknownValue),
        ("/fallback", OutOfRange),
        ("/cache_key", OutOfRange),
        ("/speculative", WrongType),
        ("/surprise", UnknownField),
        ("/player_context/player_id", WrongType),
        ("/player_context/shoe~1size", UnknownField),
        ("/params/npc_id", BadFormat),
        ("/params/expression", BadFormat),
        ("/params/emotion", OutOfRange),
        ("/params/animation", WrongType),
        ("/params/intensity", OutOfRange),
        ("/params/quality_preset", UnknownValue),
        ("/params/width", OutOfRange),
        ("/params/height", OutOfRange),
        ("/params/fps", OutOfRange),
        ("/params/steps", OutOfRange),
        ("/params/cfg", WrongType),
        ("/params/duration", OutOfRange),
        ("/params/seed", OutOfRange),
        ("/params/loras", UnsupportedByModel),
        ("/params/npc_base_image", UnsupportedByModel),
        ("/params/prompt", OutOfRange),
        ("/params/bogus~0field", UnknownField),
    ] {
        assert!(found.contains(&(expected.0.into(), expected.1)), "{expected:?} is missing from {found:#?}");
    }
    assert_eq!(found.len(), 26, "nothing is reported twice or for no reason: {found:#?}");
}

#[test]
fn a_missing_field_is_said_to_be_required() {
    assert_eq!(
        faults(&json!({})),
        [("/operation_type".into(), FieldCode::Required), ("/params".into(), FieldCode::Required)]
    );
    assert_eq!(
        faults(&json!({"operation_type": "state_clip", "params": {}})),
        [("/params/character".into(), FieldCode::Required), ("/params/state".into(), FieldCode::Required)]
    );
    assert_eq!(
        faults(&json!({"operation_type": "npc_response", "strategy": "per_player", "params": {}})),
        [
            ("/player_context/player_id".into(), FieldCode::Required),
            ("/params/npc_id".into(), FieldCode::Required)
        ]
    );
    assert_eq!(
        faults(
            &json!({"operation_type": "state_clip", "params": {"state": "idle", "character": {"look": {"body": "cat"}}}})
        ),
        [
            ("/params/character/id".into(), FieldCode::Required),
            ("/params/character/look/primary".into(), FieldCode::Required),
            ("/params/character/look/secondary".into(), FieldCode::Required),
            ("/params/character/look/accent".into(), FieldCode::Required),
            ("/params/character/look/backdrop".into(), FieldCode::Required),
        ]
    );
}

#[test]
fn an_unknown_choice_is_answered_with_the_choices() {
    let errors = validate(
        &json!({"operation_type": "state_clip", "params": {"character": "bolt", "state": "dancing"}}),
        "n",
    )
    .unwrap_err();
    assert!(errors[0].detail.contains("idle, talking, thinking, greeting"), "{}", errors[0].detail);
    let errors = validate(&json!({"operation_type": "state_clip", "provider_id": "acme", "params": {"character": "bolt", "state": "idle"}}), "n")
        .unwrap_err();
    assert_eq!(errors[0].pointer, "/provider_id");
    assert!(errors[0].detail.contains("studio"), "{}", errors[0].detail);
}

/// The body that a game's client posts, member for member: what is undefined there is
/// absent, as `JSON.stringify` leaves it out.
fn the_games_body() -> Value {
    json!({
        "operation_type": "npc_response",
        "provider_id": "comfyui",
        "params": {
            "npc_id": "unknown", "npc_name": "NPC",
            "expression": "interested", "emotion": "pleased", "animation": "giggle", "intensity": 0.7,
            "quality_preset": "fast", "width": 512, "height": 512, "fps": 12, "steps": 8, "cfg": 3.0
        },
        "priority": 20
    })
}

#[test]
fn a_game_written_for_the_plain_jobs_api_is_served() {
    let job = validate(&the_games_body(), "n").unwrap();
    assert_eq!(job.spec.provider(), Some("studio"), "the answer says who makes it");
    assert_eq!(job.fallbacks, [Fallback::Placeholder]);
    assert!(!job.free_text);
    let mut terse = the_games_body();
    terse.as_object_mut().unwrap().remove("provider_id");
    for spelled_out in ["npc_name", "width", "height", "fps", "steps", "cfg"] {
        terse["params"].as_object_mut().unwrap().remove(spelled_out);
    }
    assert_eq!(key(&the_games_body()), key(&terse), "a preset spelled out is the preset");

    let mut styled = the_games_body();
    styled["params"]["art_style"] = "anime".into();
    assert_ne!(key(&styled), key(&the_games_body()));
    assert!(clip(&validate(&styled, "n").unwrap()).prompt.contains(", anime style"));
    for (member, nothing, something) in [
        ("npc_base_image", json!(""), json!("https://example.com/a.png")),
        ("loras", json!([]), json!(["soft-light"])),
    ] {
        for nothing in [nothing, Value::Null] {
            let mut body = the_games_body();
            body["params"][member] = nothing;
            assert_eq!(key(&body), key(&the_games_body()));
        }
        let mut body = the_games_body();
        body["params"][member] = something;
        assert_eq!(faults(&body), [(format!("/params/{member}"), FieldCode::UnsupportedByModel)]);
    }
}

#[test]
fn an_image_that_is_no_text_is_not_taken_for_none() {
    let mut body = the_games_body();
    body["params"]["npc_base_image"] = json!({});
    assert_eq!(faults(&body), [("/params/npc_base_image".into(), FieldCode::UnsupportedByModel)]);
}

fn with(member: &str, value: Value) -> Value {
    let mut body = json!({"operation_type": "state_clip", "params": {"character": "bolt", "state": "idle"}});
    body[member] = value;
    body
}

#[test]
fn fallbacks_are_tried_in_the_order_of_the_caller() {
    use Fallback::*;
    let read = |value: Value| validate(&with("fallback", value), "n").unwrap().fallbacks;
    assert_eq!(read(Value::Null), [Placeholder]);
    assert_eq!(read("freeze".into()), [Freeze]);
    assert_eq!(read(json!(["retry", "cached", "skip"])), [Retry, Cached, Skip]);
    let bad = |value: Value| faults(&with("fallback", value));
    assert_eq!(bad(json!(["cached", "cached"])), [("/fallback/1".into(), FieldCode::BadFormat)]);
    assert_eq!(
        bad(json!(["cached", "magic", 3])),
        [("/fallback/1".into(), FieldCode::UnknownValue), ("/fallback/2".into(), FieldCode::WrongType)]
    );
    assert_eq!(bad(json!(vec!["skip"; 7])), [("/fallback".into(), FieldCode::OutOfRange)]);
    assert_eq!(bad(json!({})), [("/fallback".into(), FieldCode::WrongType)]);
    assert_eq!(bad("default_content".into()), [("/default_content".into(), FieldCode::Required)]);
    assert_eq!(key(&with("fallback", "skip".into())), key(&with("fallback", json!(["cached", "freeze"]))));
}

#[test]
fn default_content_is_an_https_address_or_a_path() {
    let read = |url: &str| {
        let mut body = with("fallback", "default_content".into());
        body["default_content"] = json!({"url": url, "content_type": "image/svg+xml"});
        validate(&body, "n").map(|job| job.default_content.unwrap().url)
    };
    let long = format!("/{}", "a".repeat(1_999));
    for good in ["https://cdn.example/a.png?v=1#x", "/assets/idle.mp4", "https://[2001:db8::1]:8443/a", &long]
    {
        assert_eq!(read(good).unwrap(), good);
    }
    let too_long = format!("/{}", "a".repeat(2_000));
    for bad in [
        "",
        "//evil.example/a.png",
        "/\\evil.example",
        "http://cdn.example/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "https://",
        "https:///path",
        "https://user:word@cdn.example/",
        "https://cdn.example:99999/",
        "https://cdn.example/a b",
        "/a\u{0}b",
        "/\"><script>",
        "relative.png",
        &too_long,
    ] {
        assert!(read(bad).is_err_and(|e| e[0].pointer == "/default_content/url"), "{bad}");
    }
    let typed = |kind: &str| {
        validate(&with("default_content", json!({"url": "/a", "content_type": kind})), "n").is_ok()
    };
    assert!(typed("video/mp4") && !typed("video") && !typed("video/mp4; x=\"y\"") && !typed("/"));
    assert_eq!(
        faults(&with("default_content", json!({"href": "/a"}))),
        [
            ("/default_content/url".into(), FieldCode::Required),
            ("/default_content/href".into(), FieldCode::UnknownField)
        ]
    );
}

#[test]
fn a_webhook_is_https_or_on_this_machine() {
    let read =
        |url: &str| validate(&with("webhook", json!({ "url": url })), "n").map(|job| job.webhook.unwrap());
    for good in
        ["https://shop.example/hook", "http://localhost:3000/x", "http://127.0.0.1/", "http://[::1]:80/"]
    {
        assert_eq!(read(good).unwrap(), good);
    }
    for bad in [
        "http://shop.example/hook",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "https://user@shop.example/",
        "ftp://shop.example/",
        "/hook",
    ] {
        assert!(read(bad).is_err_and(|e| e[0].pointer == "/webhook/url"), "{bad}");
    }
    assert_eq!(
        faults(&with("webhook", "https://a.example".into())),
        [("/webhook".into(), FieldCode::WrongType), ("/webhook/url".into(), FieldCode::Required)]
    );
}

#[test]
fn a_private_clip_has_a_key_of_its_own() {
    assert_eq!(key(&with("private", false.into())), key(&with("private", Value::Null)));
    assert_ne!(key(&with("private", true.into())), key(&with("private", false.into())));
}

#[test]
fn only_words_that_no_menu_lists_are_free_text() {
    let free = |member: &str, value: &str| {
        let mut body = the_games_body();
        body["params"][member] = value.into();
        validate(&body, "n").unwrap().free_text
    };
    assert!(free("prompt", "in the rain") && free("negative_prompt", "fog"));
    assert!(!free("prompt", "  ") && !free("negative_prompt", ""));
    assert!(!free("art_style", "anime") && free("art_style", "oil painting of somebody else"));
}

#[test]
fn a_preview_is_what_realtime_would_make() {
    let preview = |body: &Value| validate(body, "n").unwrap().preview;
    let mut body = with("progressive", true.into());
    body["params"]["quality_preset"] = "quality".into();
    let found = preview(&body).unwrap();
    let mut realtime = body.clone();
    realtime["params"]["quality_preset"] = "realtime".into();
    assert_eq!(&found, clip(&validate(&realtime, "n").unwrap()));
    assert_eq!(preview(&realtime), None, "there is nothing smaller");
    assert_eq!(preview(&with("progressive", false.into())), None);
    let mut at_once = body.clone();
    at_once["progressive"] = false.into();
    assert_eq!(key(&body), key(&at_once), "the clip itself is the same");

    body["params"]["width"] = 1024.into();
    body["params"]["height"] = 576.into();
    let wide = preview(&body).unwrap();
    assert_eq!((wide.width, wide.height), (256, 144), "it has the proportions of the clip");
}

fn a_request() -> impl proptest::strategy::Strategy<Value = Value> {
    let characters: Vec<String> = character::built_in().keys().cloned().collect();
    let states: Vec<String> = catalog::built_in().states.iter().map(|s| s.id.clone()).collect();
    let presets: Vec<String> = catalog::built_in().presets.iter().map(|p| p.id.clone()).collect();
    (
        prop::sample::select(characters),
        prop::sample::select(states),
        prop::sample::select(presets),
        prop::option::of(0u32..),
        prop::option::of("[a-z ]{1,30}"),
        prop::option::of(10u32..=100),
    )
        .prop_map(|(character, state, preset, seed, prompt, tenths)| {
            let mut params = json!({"character": character, "state": state, "quality_preset": preset});
            if let Some(seed) = seed {
                params["seed"] = seed.into();
            }
            if let Some(prompt) = prompt {
                params["prompt"] = prompt.into();
            }
            if let Some(tenths) = tenths {
                params["duration"] = (f64::from(tenths) / 10.0).into();
            }
            json!({"operation_type": "state_clip", "params": params})
        })
}

/// The same object with its members in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().rev().map(|(k, v)| (k.clone(), reversed(v))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn the_order_of_fields_does_not_matter(body in a_request()) {
        let text = serde_json::to_string(&reversed(&body)).unwrap();
        prop_assert_eq!(key(&body), key(&serde_json::from_str(&text).unwrap()));
    }

    #[test]
    fn writing_a_default_out_does_not_matter(body in a_request()) {
        let job = validate(&body, "n").unwrap();
        let mut full = body.clone();
        let params = &mut full["params"];
        params["width"] = clip(&job).width.into();
        params["height"] = clip(&job).height.into();
        params["fps"] = clip(&job).fps.into();
        params["steps"] = clip(&job).steps.into();
        params["cfg"] = clip(&job).cfg.into();
        params["seed"] = clip(&job).seed.into();
        #[allow(clippy::cast_precision_loss)]
        { params["duration"] = (clip(&job).duration_ms.0 as f64 / 1000.0).into(); }
        prop_assert_eq!(key(&body), key(&full));
    }

    #[test]
    fn a_preset_spelled_out_is_the_preset(preset in prop::sample::select(catalog::built_in().presets.clone())) {
        let mut named = with("priority", 1.into());
        named["params"]["quality_preset"] = preset.id.clone().into();
        let mut spelled = named.clone();
        for (member, value) in [
            ("width", json!(preset.width)), ("height", json!(preset.height)), ("fps", json!(preset.fps)),
            ("steps", json!(preset.steps)), ("cfg", json!(preset.cfg)),
        ] {
            spelled["params"][member] = value;
        }
        prop_assert_eq!(key(&named), key(&spelled));
        spelled["params"].as_object_mut().unwrap().remove("quality_preset");
        prop_assert_eq!(key(&named), key(&spelled), "whatever it is called");
    }

    #[test]
    fn a_preview_is_less_work_and_fits_the_model(
        body in a_request(), width in 8u32..=64, height in 8u32..=64, fps in 4u32..=30, steps in 1u32..=100,
    ) {
        let mut body = body;
        body["progressive"] = true.into();
        for (member, value) in [("width", width * 16), ("height", height * 16), ("fps", fps), ("steps", steps)] {
            body["params"][member] = value.into();
        }
        let job = validate(&body, "n").unwrap();
        let model = catalog::models().model(job.spec.model()).unwrap();
        if let Some(preview) = job.preview.clone() {
            prop_assert!(model.dimension_px.unwrap().allows(preview.width.into()));
            prop_assert!(model.dimension_px.unwrap().allows(preview.height.into()));
            prop_assert!(model.fps.unwrap().allows(preview.fps.into()));
            prop_assert_eq!((&preview.cue, &preview.prompt, preview.seed), (&clip(&job).cue, &clip(&job).prompt, clip(&job).seed));
            let work = |s: &ClipSpec| u64::from(s.width * s.height) * u64::from(s.frames() * s.steps);
            prop_assert!(work(&preview) < work(clip(&job)));
        }
    }

    #[test]
    fn what_changes_the_picture_changes_the_key(body in a_request(), field in 0usize..9) {
        let mut other = body.clone();
        let params = &mut other["params"];
        match field {
            0 => params["character"] = if params["character"] == "bolt" { "pip".into() } else { "bolt".into() },
            1 => params["state"] = if params["state"] == "idle" { "talking".into() } else { "idle".into() },
            2 => params["quality_preset"] = if params["quality_preset"] == "fast" { "quality".into() } else { "fast".into() },
            3 => params["seed"] = if params["seed"] == 1234 { 1235.into() } else { 1234.into() },
            4 => params["prompt"] = "something quite different".into(),
            5 => params["negative_prompt"] = "fog".into(),
            6 => params["width"] = 640.into(),
            7 => params["cfg"] = 9.25.into(),
            _ => other["cache_key"] = "mine".into(),
        }
        prop_assert_ne!(key(&body), key(&other));
    }

    #[test]
    fn no_body_whatsoever_makes_it_panic(text in r#"[\{\}\[\]":,a-z0-9\\. -]{0,80}"#, depth in 0usize..3) {
        if let Ok(mut value) = serde_json::from_str::<Value>(&text) {
            for _ in 0..depth {
                value = json!({"operation_type": "state_clip", "params": value});
            }
            let _ = validate(&value, "n");
        }
    }
}
