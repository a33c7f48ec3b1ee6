//! The schemas against the code that judges: what a bound lets through is taken, what lies beyond is
//! refused.

use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::operation::{Operation, validate};
use serde_json::{Value, json};

use super::{operation_request, token_request};

/// Values that `schema` allows, and values just beyond it.
fn probes(schema: &Value) -> (Vec<Value>, Vec<Value>) {
    let (mut inside, mut beyond) = (Vec::new(), Vec::new());
    if let Some(values) = schema["enum"].as_array() {
        inside.extend(values.iter().cloned());
        beyond.push(json!("what nobody offers"));
    }
    if let Some(max) = schema["maximum"].as_f64() {
        inside.extend([schema["minimum"].clone(), schema["maximum"].clone()]);
        beyond.push(json!(max + 1.0));
        beyond.push(json!(schema["minimum"].as_f64().unwrap() - 1.0));
    }
    if let Some(step) = schema["multipleOf"].as_u64() {
        beyond.push(json!(schema["minimum"].as_u64().unwrap() + step / 2));
    }
    let is_free = !schema["pattern"].as_str().is_some_and(|pattern| pattern.contains('/'));
    if let (Some(max), true) = (schema["maxLength"].as_u64(), is_free) {
        let max = usize::try_from(max).unwrap();
        inside.push(json!("a".repeat(max)));
        beyond.push(json!("a".repeat(max + 1)));
        beyond.push(json!("a\u{7}b"));
    }
    if schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("boolean"))) {
        inside.extend([json!(true), json!(false)]);
        beyond.push(json!("yes"));
    }
    if schema["type"].as_array().is_some_and(|kinds| kinds.contains(&Value::Null)) {
        inside.push(Value::Null);
    }
    (inside, beyond)
}

/// Sets every member of `schema` to every probe, one at a time, in the place of `body` that `inside`
/// names, and asks `taken` about each.
fn try_members(schema: &Value, body: &Value, place: &str, taken: impl Fn(&Value) -> bool) -> usize {
    assert!(taken(body), "{body}");
    let mut tried = 0;
    for (name, member) in schema["properties"].as_object().unwrap() {
        let (inside, beyond) = probes(member);
        tried += inside.len() + beyond.len();
        let with = |value: &Value| {
            let mut body = body.clone();
            body.pointer_mut(place).unwrap()[name] = value.clone();
            body
        };
        for value in inside {
            assert!(taken(&with(&value)), "{place}/{name} = {value} is allowed and refused");
        }
        for value in beyond {
            assert!(!taken(&with(&value)), "{place}/{name} = {value} is not allowed and taken");
        }
    }
    tried
}

#[test]
fn the_bounds_of_a_job_are_those_that_are_checked() {
    let taken = |body: &Value| validate(body, "nonce").is_ok();
    let context = json!({"player_id": "p", "playthrough_id": "q"});
    let default = json!({"url": "/a.png"});
    for (operation, params) in [
        (Operation::StateClip, json!({"character": "bolt", "state": "idle"})),
        (Operation::NpcResponse, json!({"npc_id": "miso", "character": "miso"})),
    ] {
        let body = json!({
            "operation_type": operation.as_str(), "params": params,
            "player_context": context, "default_content": default,
        });
        let schema = operation_request(operation);
        assert!(try_members(&schema, &body, "", taken) > 20);
        assert!(try_members(&schema["properties"]["params"], &body, "/params", taken) > 40);
        assert!(try_members(&schema["properties"]["player_context"], &body, "/player_context", taken) > 4);
    }
}

#[test]
fn the_bounds_of_a_character_are_those_that_are_checked() {
    let taken = |body: &Value| validate(body, "nonce").is_ok();
    let look = json!({
        "body": "cat", "primary": "#000000", "secondary": "#000000", "accent": "#000000", "backdrop": "#000000",
    });
    let character = json!({"id": "tess", "look": look});
    let body = json!({"operation_type": "state_clip", "params": {"character": character, "state": "idle"}});
    let schema = super::character_definition();
    assert!(try_members(&schema, &body, "/params/character", taken) > 8);
    assert!(try_members(&schema["properties"]["look"], &body, "/params/character/look", taken) > 6);
}

#[test]
fn the_bounds_of_a_token_are_those_that_are_checked() {
    let taken = |body: &Value| TokenRequest::read(body).is_ok();
    let body = json!({
        "origins": ["https://shop.example"], "budget_micro_usd": 1,
        "requests": {"count": 1, "window_s": 1},
    });
    let schema = token_request();
    assert!(try_members(&schema, &body, "", taken) > 10);
    assert!(try_members(&schema["properties"]["requests"], &body, "/requests", taken) > 6);
}
