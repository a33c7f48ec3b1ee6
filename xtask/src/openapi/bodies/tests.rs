//! The schemas against the code that judges: what a bound lets through is taken, what lies beyond is
//! refused.

use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::catalog;
use cuelight_core::operation::{Operation, Surroundings, validate, validate_in};
use cuelight_core::order::{Asset, Role};
use cuelight_core::prompt::brief::KINDS;
use cuelight_core::prompt::request::Request;
use serde_json::{Value, json};

use super::job::{self, operation_request};
use super::{media, params_of_any, token_request};

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
    if schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("null"))) {
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
    let context = json!({"player_id": "p", "playthrough_id": "q", "nonce": "0123456789abcdef"});
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
        assert!(try_members(&without_model(schema.clone()), &body, "", by_anybody) > 20);
        assert!(try_members(&super::params(operation), &body, "/params", taken) > 40);
        assert!(try_members(&job::player_context(), &body, "/player_context", taken) > 7);
    }
}

/// A model's name is checked against the catalogue in use, which a schema does not know.
fn without_model(mut schema: Value) -> Value {
    schema["properties"].as_object_mut().unwrap().remove("model");
    schema
}

/// An upload for every input, named by sixty-four times the place of its role.
fn upload(sha256: &str) -> Option<Asset> {
    let place: usize = sha256.get(..1)?.parse().ok()?;
    let media_type = match Role::ALL.get(place)? {
        Role::Image | Role::EndImage | Role::Mask => "image/png",
        Role::Audio | Role::RightAudio => "audio/wav",
        Role::Video => "video/mp4",
    };
    let size = Some([1024, 1024]);
    Some(Asset { sha256: sha256.into(), media_type: media_type.into(), bytes: 9, size, duration_ms: None })
}

fn input(role: Role) -> Value {
    let place = Role::ALL.iter().position(|known| *known == role).unwrap();
    json!({"asset": place.to_string().repeat(64)})
}

/// Whether the best model, or one that is named, takes it.
fn by_anybody(body: &Value) -> bool {
    let around = Surroundings { asset: Some(&upload), ..Surroundings::default() };
    let named = catalog::models().models.iter().map(|model| json!(model.id));
    [Value::Null].into_iter().chain(named).any(|model| {
        let mut body = body.clone();
        body["model"] = model;
        validate_in(&body, "nonce", &around).is_ok()
    })
}

/// The least that an operation takes, but for the words.
fn least(operation: Operation) -> Value {
    let mut params = json!({});
    for role in operation.needs() {
        params[role.as_str()] = input(*role);
    }
    match operation {
        Operation::StateClip => {
            params = json!({"character": "bolt", "state": "idle", "base_image": input(Role::Image)})
        }
        Operation::NpcResponse => params = json!({"npc_id": "miso", "base_image": input(Role::Image)}),
        _ => {}
    }
    json!({"operation_type": operation.as_str(), "params": params})
}

/// The schema of a member without what a model takes that does not know it.
fn alone(member: &Value) -> Value {
    match &member["anyOf"][0] {
        Value::Null => member.clone(),
        first => first.clone(),
    }
}

#[test]
fn no_model_takes_what_the_bounds_of_all_models_forbid() {
    for operation in Operation::ALL {
        let mut body = least(operation);
        let schema = if operation.is_of_pages() {
            params_of_any(operation)
        } else {
            body["params"]["prompt"] = "a robot".into();
            operation_request(operation)["properties"]["params"].clone()
        };
        assert!(by_anybody(&body), "{body}");
        // A clip of a character is made from words, too.
        let taken = |body: &Value| {
            let mut bare = body.clone();
            bare["params"].as_object_mut().unwrap().remove("base_image");
            by_anybody(body) || by_anybody(&bare)
        };
        let mut tried = 0;
        for (name, member) in schema["properties"].as_object().unwrap() {
            let (inside, beyond) = probes(&alone(member));
            let with = |value: &Value| {
                let mut body = body.clone();
                body["params"][name] = value.clone();
                body
            };
            for value in beyond {
                tried += 1;
                assert!(!taken(&with(&value)), "{operation:?}/{name} = {value} is not allowed and taken");
            }
            // A side of a picture depends on the other, the words on those around them, and one of two names
            // must be there.
            if ["width", "height", "prompt", "npc_id"].contains(&name.as_str()) {
                continue;
            }
            for value in inside {
                tried += 1;
                assert!(taken(&with(&value)), "{operation:?}/{name} = {value} is allowed and refused");
            }
        }
        assert!(tried > 8, "{operation:?}: {tried}");
        let mut other = body.clone();
        other["params"]["weather"] = json!("fine");
        assert!(!taken(&other), "{operation:?} takes what no schema names");
    }
}

#[test]
fn an_input_is_described_where_a_model_takes_it_and_nowhere_else() {
    for operation in Operation::ALL.into_iter().filter(|operation| !operation.is_of_pages()) {
        let schema = media::params(operation, serde_json::Map::new(), &[]);
        for role in Role::ALL {
            let mut body = least(operation);
            body["params"]["prompt"] = "a robot".into();
            body["params"][role.as_str()] = input(role);
            let is_described = schema["properties"].get(role.as_str()).is_some();
            assert_eq!(by_anybody(&body), is_described, "{operation:?} from {role:?}");
        }
    }
}

#[test]
fn what_a_request_must_hold_is_what_it_is_refused_without() {
    for operation in Operation::ALL.into_iter().filter(|operation| !operation.is_of_pages()) {
        let schema = media::params(operation, serde_json::Map::new(), &[]);
        let mut body = least(operation);
        body["params"]["prompt"] = "a robot".into();
        for (name, _) in body["params"].clone().as_object().unwrap() {
            let mut without = body.clone();
            without["params"].as_object_mut().unwrap().remove(name);
            // Words may be left out where a brief says what they would.
            let is_required = name == "prompt" && schema["anyOf"].is_array()
                || schema["required"].as_array().is_some_and(|all| all.iter().any(|known| known == name));
            assert_eq!(by_anybody(&without), !is_required, "{operation:?} without {name}");
        }
    }
}

#[test]
fn the_bounds_of_a_brief_are_those_that_are_checked() {
    let shared = super::brief::shared();
    let schema_of =
        |wanted: &str| &shared.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).unwrap().1;
    let taken = |body: &Value| Request::read(body).is_ok();
    for (kind, operation) in KINDS {
        let body = json!({"brief": {kind: {}}});
        let own = schema_of(&format!("{kind}brief"));
        assert!(try_members(own, &body, &format!("/brief/{kind}"), taken) >= 4, "{kind}");
        assert!(try_members(schema_of("promptrequest"), &body, "", taken) >= 3);
        let mut job = least(operation);
        job["params"]["brief"] = body["brief"].clone();
        assert!(by_anybody(&job), "{job}");
        job["params"]["brief"]["weather"] = json!({});
        assert!(!by_anybody(&job), "{job}");
    }
    let palette = |color: Value| taken(&json!({"brief": {"cover": {"palette": [color]}}}));
    let (inside, beyond) =
        probes(&schema_of("coverbrief")["properties"]["palette"]["items"]["properties"]["color"]);
    assert!(inside.iter().all(|color| palette(json!({"color": color}))));
    assert!(!beyond.iter().any(|color| palette(json!({"color": color}))));
    assert!(!palette(json!({"color": "red", "shade": "dark"})) && !palette(json!({"name": "red"})));
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
