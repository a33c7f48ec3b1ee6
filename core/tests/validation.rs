//! A bad request is told everything that is wrong with it, at once, and a good one keeps its key
//! however it is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::character;
use cuelight_core::operation::validate;
use cuelight_core::problem::FieldCode;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn faults(body: &Value) -> Vec<(String, FieldCode)> {
    let errors = validate(body, "n").expect_err("should be refused");
    errors.into_iter().map(|e| (e.pointer, e.code)).collect()
}

fn key(body: &Value) -> CacheKey {
    let job = validate(body, "n").unwrap_or_else(|e| panic!("{body}: {e:?}"));
    CacheKey::of("demo", &job.spec, &job.scope)
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
        ("/fallback", WrongType),
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
        params["width"] = job.spec.width.into();
        params["height"] = job.spec.height.into();
        params["fps"] = job.spec.fps.into();
        params["steps"] = job.spec.steps.into();
        params["cfg"] = job.spec.cfg.into();
        params["seed"] = job.spec.seed.into();
        #[allow(clippy::cast_precision_loss)]
        { params["duration"] = (job.spec.duration_ms.0 as f64 / 1000.0).into(); }
        prop_assert_eq!(key(&body), key(&full));
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
