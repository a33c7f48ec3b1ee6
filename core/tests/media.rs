//! Orders for any model: what is checked, which model is chosen, and what the answer says of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use cuelight_core::actors::generation::Terms;
use cuelight_core::catalog::{self, ModelDef, OutputKind, Status};
use cuelight_core::operation::{
    LaneHealth, Operation, Spec, Surroundings, ValidJob, assets_named, validate, validate_in,
};
use cuelight_core::order::{Asset, Role};
use cuelight_core::problem::{FieldCode, FieldError};
use cuelight_core::units::{MicroUsd, Millis};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "media/limits.rs"]
mod limits;
#[path = "media/routing.rs"]
mod routing;

/// A picture, a sound or a clip by the first letter of its name: `p`, `s` or `c`.
fn asset(name: char) -> String {
    name.to_string().repeat(64).replace('p', "a").replace('s', "b").replace('c', "d")
}

fn uploads(sha256: &str) -> Option<Asset> {
    let (media_type, size, duration_ms) = match sha256.chars().next()? {
        'a' => ("image/png", Some([1024, 1024]), None),
        'b' => ("audio/wav", None, Some(Millis(7_300))),
        '9' => ("audio/wav", None, Some(Millis(20_000))),
        'd' => ("video/mp4", Some([1280, 720]), Some(Millis(8_000))),
        'e' => ("image/png", Some([200, 200]), None),
        '5' => ("audio/wav", None, length_in(sha256)),
        '6' => ("video/mp4", Some([1280, 720]), length_in(sha256)),
        _ => return None,
    };
    let sha256 = sha256.to_owned();
    Some(Asset { sha256, media_type: media_type.into(), bytes: 200_000, size, duration_ms })
}

/// Sound (`5`) or a clip (`6`) of so many milliseconds.
fn lasting(kind: char, ms: u64) -> Value {
    json!({"asset": format!("{kind}{ms:063}")})
}

fn length_in(sha256: &str) -> Option<Millis> {
    sha256.get(1..)?.parse().ok().map(Millis)
}

fn around() -> Surroundings<'static> {
    Surroundings { asset: Some(&uploads), ..Surroundings::default() }
}

fn check(body: &Value) -> Result<ValidJob, Vec<FieldError>> {
    validate_in(body, "n", &around())
}

fn picture() -> Value {
    json!({"asset": asset('p')})
}

/// The parameters with which every operation can be asked for.
fn plain(operation: Operation) -> Value {
    match operation {
        Operation::StateClip => json!({"character": "bolt", "state": "happy"}),
        Operation::NpcResponse => json!({"npc_id": "miso"}),
        Operation::TextToImage | Operation::TextToVideo => json!({"prompt": "a red fox"}),
        Operation::CallImage => json!({}),
        Operation::ImageVariation | Operation::ImageToVideo => json!({"prompt": "a fox", "image": picture()}),
        Operation::VideoExtend => json!({"prompt": "on", "video": {"asset": asset('c')}}),
        Operation::VideoTransition | Operation::Fusion => {
            json!({"prompt": "and then", "image": picture(), "end_image": {"asset": "a1".repeat(32)}})
        }
        Operation::TalkingAvatar => json!({"image": picture(), "audio": {"asset": asset('s')}}),
    }
}

fn body(operation: Operation) -> Value {
    json!({"operation_type": operation.as_str(), "params": plain(operation)})
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn faults(body: &Value) -> Vec<(String, FieldCode, String)> {
    check(body).unwrap_err().into_iter().map(|e| (e.pointer, e.code, e.detail)).collect()
}

#[test]
fn every_operation_is_served_by_some_model() {
    for operation in Operation::ALL {
        let job = check(&body(operation)).unwrap_or_else(|e| panic!("{}: {e:?}", operation.as_str()));
        assert_eq!(job.spec.operation(), operation);
        assert!(Terms::of(&job.spec).is_some());
        let pictures =
            [Operation::TextToImage, Operation::ImageVariation, Operation::CallImage, Operation::Fusion];
        let expected = if pictures.contains(&operation) { OutputKind::Image } else { OutputKind::Video };
        assert_eq!(job.spec.output(), expected, "{}", operation.as_str());
    }
}

#[test]
fn every_model_can_be_asked_for_by_its_id_and_by_its_vendors() {
    for model in &catalog::models().models {
        for operation in &model.operations {
            let operation = Operation::ALL.into_iter().find(|known| known.as_str() == operation).unwrap();
            let mut params = plain(operation);
            for input in model.inputs.iter().filter(|input| input.required) {
                let name = if input.media_types[0].starts_with("image") { 'p' } else { 's' };
                params[input.role.as_str()] = json!({"asset": asset(name)});
            }
            for name in [&model.id, &model.wire_id] {
                let body = json!({"operation_type": operation.as_str(), "params": params, "model": name});
                let job = check(&body).unwrap_or_else(|e| panic!("{name} {}: {e:?}", operation.as_str()));
                let living = catalog::models().living(model).unwrap();
                assert_eq!(job.spec.model(), living.id);
                let is_told = job.model_note.is_some_and(|note| note.contains(&living.id));
                assert_eq!(is_told, model.lifecycle.status == Status::Retired, "{name}");
            }
        }
    }
}

#[test]
fn a_retired_model_is_served_by_its_successor_and_the_answer_says_so() {
    let body = with(body(Operation::TextToVideo), "/model", json!("veo-3.0-fast-generate-001"));
    let job = check(&body).unwrap();
    assert_eq!(job.spec.model(), "veo-3.1-fast");
    assert_eq!(
        job.model_note.as_deref(),
        Some(
            "veo-3.0-fast-generate-001 was ended by its vendor on 2026-06-30; veo-3.1-fast serves in its place"
        )
    );
    let reel = with(with(super_body(), "/model", json!("amazon.nova-reel-v1:0")), "/params/seed", json!(7));
    let job = check(&with(reel.clone(), "/params/duration", json!(6))).unwrap();
    let (order, note) = (job.spec.order(), job.model_note.unwrap());
    assert_eq!((order.model.as_str(), order.duration_ms), ("luma.ray-v2:0", Some(Millis(5_000))));
    assert!(note.ends_with("in its own way as to duration, seed"), "{note}");
    let told = faults(&with(reel, "/params/duration", json!(5)));
    assert_eq!(told[0].2, "a number of seconds, one of: 6", "it has to be right for what was named");
    let other = check(&with(
        with(super_body(), "/model", json!("wavespeed/kandinsky5-pro/image-to-video")),
        "/params/prompt",
        json!("slowly"),
    ));
    assert_eq!(other.unwrap().spec.model(), "kandinsky-5-pro", "another name of the seeds");
}

fn super_body() -> Value {
    body(Operation::ImageToVideo)
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_what_is_allowed() {
    let body = json!({
        "operation_type": "image_to_video",
        "model": "wan-2.5-image-to-video",
        "params": {
            "prompt": "x".repeat(2_001),
            "image": {"asset": asset('s')},
            "audio": {"asset": "f".repeat(64)},
            "resolution": "4k",
            "duration": 7,
            "guidance": 0.5,
            "seed": -1,
            "mask": picture(),
            "prompt_expansion": "yes",
            "colour": "red",
        },
    });
    let told = faults(&body);
    let code = |pointer: &str| told.iter().find(|(known, ..)| known == pointer).map(|(_, code, _)| *code);
    for (pointer, expected) in [
        ("/params/prompt", FieldCode::OutOfRange),
        ("/params/image", FieldCode::BadFormat),
        ("/params/audio", FieldCode::UnknownValue),
        ("/params/resolution", FieldCode::UnknownValue),
        ("/params/duration", FieldCode::OutOfRange),
        ("/params/guidance", FieldCode::UnsupportedByModel),
        ("/params/seed", FieldCode::OutOfRange),
        ("/params/mask", FieldCode::UnsupportedByModel),
        ("/params/prompt_expansion", FieldCode::WrongType),
        ("/params/colour", FieldCode::UnknownField),
    ] {
        assert_eq!(code(pointer), Some(expected), "{pointer}: {told:?}");
    }
    assert_eq!(told.len(), 10, "{told:?}");
    let detail = |pointer: &str| &told.iter().find(|(known, ..)| known == pointer).unwrap().2;
    assert_eq!(detail("/params/resolution"), "one of: 720p, 480p, 1080p");
    assert_eq!(detail("/params/duration"), "a number of seconds, one of: 5, 10");
    assert_eq!(detail("/params/image"), "image/png or image/jpeg, not audio/wav");
}

#[test]
fn a_character_with_a_picture_is_a_clip_that_begins_with_it_and_without_one_our_own() {
    let base = |operation, name| with(body(operation), &format!("/params/{name}"), picture());
    for (operation, name) in [
        (Operation::StateClip, "base_image"),
        (Operation::NpcResponse, "npc_base_image"),
        (Operation::NpcResponse, "base_image"),
    ] {
        let job = check(&base(operation, name)).unwrap();
        let order = job.spec.order();
        assert_eq!((job.spec.operation(), order.operation), (operation, Operation::ImageToVideo));
        assert!(order.input(Role::Image).is_some() && job.subject.is_some());
        assert!(job.choice.is_some(), "there was a choice, so it is explained");
        assert!(!job.free_text);
        let plain = check(&body(operation)).unwrap();
        assert!(plain.spec.clip().is_some() && plain.choice.is_none());
        // A picture that is named empty asks for nothing.
        let empty = check(&with(body(operation), &format!("/params/{name}"), json!(""))).unwrap();
        assert_eq!(empty.spec, plain.spec);
    }
    let words = with(body(Operation::NpcResponse), "/model", json!("comfyui-npc-response"));
    assert_eq!(check(&words).unwrap().spec.order().operation, Operation::TextToVideo);
}

#[test]
fn every_state_of_a_character_has_the_same_picture_and_the_same_seed() {
    let mut seen = BTreeSet::new();
    for state in &catalog::built_in().states {
        let params = json!({"character": "bolt", "state": state.id, "base_image": picture()});
        let body =
            json!({"operation_type": "state_clip", "model": "comfyui-image-to-video", "params": params});
        let order = check(&body).unwrap().spec.order();
        seen.insert((order.seed, order.input(Role::Image).unwrap().sha256.clone()));
        assert!(order.prompt.contains(&state.motion));
    }
    assert_eq!(seen.len(), 1);
    assert!(seen.first().unwrap().0.is_some());
}

#[test]
fn the_cheapest_that_can_is_chosen_and_the_others_are_explained() {
    let body = with(super_body(), "/params/negative_prompt", json!("blur"));
    let job = check(&body).unwrap();
    let choice = job.choice.unwrap();
    let cost = |model: &str| {
        let body = with(body.clone(), "/model", json!(model));
        check(&body).ok().map(|job| job.spec.cost().unwrap())
    };
    let able: Vec<MicroUsd> = choice.considered.iter().filter_map(|c| cost(&c.model)).collect();
    assert_eq!(job.spec.cost().unwrap(), *able.iter().min().unwrap());
    let kandinsky = choice.considered.iter().find(|c| c.model == "kandinsky-5-pro").unwrap();
    assert!(kandinsky.verdict.contains("takes no negative_prompt"), "{}", kandinsky.verdict);
    assert!(choice.considered.iter().all(|c| c.model != "veo-3.0-generate-001"), "it has ended");
}

#[test]
fn a_lane_in_trouble_is_passed_over_and_a_provider_without_a_key_is_not_asked() {
    let job = check(&super_body()).unwrap();
    let own = job.spec.provider().unwrap().to_owned();
    let lanes = BTreeMap::from([(own.clone(), LaneHealth::Closed)]);
    let surroundings = Surroundings { lanes: Some(&lanes), ..around() };
    let other = validate_in(&super_body(), "n", &surroundings).unwrap();
    assert_ne!(other.spec.provider(), Some(own.as_str()));
    assert!(other.choice.unwrap().why.contains("lanes"));
    assert!(other.stand_ins.len() <= 3);

    let only = BTreeSet::from(["google".to_owned()]);
    let surroundings = Surroundings { providers: Some(&only), ..around() };
    let google = validate_in(&super_body(), "n", &surroundings).unwrap();
    assert_eq!(google.spec.provider(), Some("google"));
    assert!(google.stand_ins.iter().all(|spec| spec.provider() == Some("google")));
    let named = with(super_body(), "/model", json!("kandinsky-5-pro"));
    let told = validate_in(&named, "n", &surroundings).unwrap_err();
    assert!(told[0].detail.contains("not set up"), "{told:?}");
    let nobody = BTreeSet::new();
    let surroundings = Surroundings { providers: Some(&nobody), ..around() };
    assert_eq!(validate_in(&super_body(), "n", &surroundings).unwrap_err()[0].pointer, "/operation_type");
}

#[test]
fn loras_are_names_with_weights_that_lead_nowhere_else() {
    let comfy = |loras: Value| {
        let body = with(super_body(), "/params/loras", loras);
        with(body, "/model", json!("comfyui-image-to-video"))
    };
    let job = check(&comfy(json!(["style/anime.safetensors", {"name": "detail", "weight": 0.5}]))).unwrap();
    let order = job.spec.order();
    let loras: Vec<(&str, f64)> = order.loras.iter().map(|l| (l.name.as_str(), l.weight)).collect();
    assert_eq!(loras, [("style/anime.safetensors", 0.8), ("detail", 0.5)]);
    for wrong in [json!(["../secret"]), json!(["/etc/x"]), json!([""]), json!(["a", "a"]), json!([7])] {
        assert!(check(&comfy(wrong.clone())).is_err(), "{wrong}");
    }
}

#[test]
fn the_uploads_that_a_body_names_are_known_beforehand() {
    let body = json!({"params": {"image": picture(), "mask": picture(), "audio": {"asset": asset('s')},
        "video": {"asset": "../../etc"}, "prompt": "x"}});
    let mut named = assets_named(&body);
    named.sort();
    assert_eq!(named, [asset('p'), asset('s')]);
    assert!(assets_named(&json!([1])).is_empty());
}

#[test]
fn a_picture_of_a_call_is_the_same_for_the_same_context() {
    let key = |params: Value| {
        let job = check(&json!({"operation_type": "call_image", "params": params})).unwrap();
        job.spec.key("demo", &job.scope)
    };
    let john = json!({"left": {"name": "John", "context": "tech support"}});
    assert_eq!(
        key(john.clone()),
        key(json!({"left": {"context": " tech support ", "name": "John"}, "right": {}}))
    );
    assert_ne!(key(john.clone()), key(json!({"right": {"name": "John", "context": "tech support"}})));
    assert_ne!(key(john), key(json!({})));
}

#[test]
fn a_stored_order_is_read_back_and_is_never_taken_for_a_clip() {
    for operation in Operation::ALL {
        let spec = check(&body(operation)).unwrap().spec;
        let read: Spec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!(read, spec);
        assert_eq!(matches!(read, Spec::Clip(_)), operation.is_of_pages());
    }
}

#[test]
fn every_default_written_out_has_the_same_key() {
    for model in catalog::models().models.iter().filter(|m| m.lifecycle.status != Status::Retired) {
        let Some(operation) = Operation::ALL.into_iter().find(|o| !o.is_of_pages() && model.serves(*o))
        else {
            continue;
        };
        let mut asked = with(body(operation), "/model", json!(model.id));
        for input in model.inputs.iter().filter(|input| input.required) {
            let name = if input.media_types[0].starts_with("image") { 'p' } else { 's' };
            asked["params"][input.role.as_str()] = json!({"asset": asset(name)});
        }
        let job = check(&asked).unwrap_or_else(|e| panic!("{}: {e:?}", model.id));
        let order = job.spec.order();
        let mut written = asked;
        if let Some([width, height]) = order.size {
            written["params"]["width"] = width.into();
            written["params"]["height"] = height.into();
        }
        for (name, value) in [
            ("resolution", order.resolution.map(Value::from)),
            ("aspect_ratio", order.aspect_ratio.map(Value::from)),
            ("duration", order.duration_ms.map(|ms| json!(ms.0 as f64 / 1_000.0))),
            ("fps", order.fps.map(Value::from)),
            ("steps", order.steps.map(Value::from)),
        ] {
            if let Some(value) = value {
                written["params"][name] = value;
            }
        }
        let again = check(&written).unwrap_or_else(|e| panic!("{}: {e:?}", model.id));
        assert_eq!(again.spec.key("demo", &again.scope), job.spec.key("demo", &job.scope), "{}", model.id);
    }
}

/// Values that a request may hold by mistake or on purpose.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5i64..20_000).prop_map(Value::from),
        (-2.0f64..60.0).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(vec!["720p", "1080p", "16:9", "1K", "1:1", "512p"]).prop_map(Value::from),
        Just(picture()),
        Just(json!({"asset": asset('s')})),
        Just(json!({"asset": asset('c')})),
        Just(json!(["x", {"name": "y", "weight": 1}])),
        Just(json!({"name": "John\"\n", "context": "x"})),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_is_refused_or_is_what_its_model_takes(
        operation in prop::sample::select(&Operation::ALL[..]),
        model in proptest::option::of(prop::sample::select(
            catalog::models().models.iter().map(|model| model.id.clone()).collect::<Vec<_>>())),
        members in prop::collection::btree_map(prop::sample::select(vec![
            "prompt", "negative_prompt", "image", "end_image", "mask", "audio", "right_audio", "video", "base_image",
            "width", "height", "resolution", "aspect_ratio", "duration", "fps", "steps", "guidance", "cfg", "strength",
            "seed", "prompt_expansion", "sound", "loras", "left", "right", "quality_preset",
        ]), any_value(), 0..5),
    ) {
        let mut body = body(operation);
        for (name, value) in members {
            body["params"][name] = value;
        }
        if let Some(model) = model {
            body["model"] = model.into();
        }
        match check(&body) {
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                let pointers: BTreeSet<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
                prop_assert_eq!(pointers.len(), errors.len(), "{:?}", errors);
            }
            Ok(job) => {
                is_within(&job.spec)?;
                for other in &job.stand_ins {
                    is_within(other)?;
                }
                prop_assert!(Terms::of(&job.spec).is_some());
                if let Some(choice) = &job.choice {
                    prop_assert_eq!(choice.model.as_str(), job.spec.model());
                }
            }
        }
    }

    #[test]
    fn a_job_without_uploads_needs_none(operation in prop::sample::select(&Operation::ALL[..])) {
        let needs = !operation.needs().is_empty();
        prop_assert_eq!(validate(&body(operation), "n").is_err(), needs);
    }
}

fn is_within(spec: &Spec) -> Result<(), TestCaseError> {
    let Spec::Media(order) = spec else { return Ok(()) };
    let model: &ModelDef = catalog::models().model(&order.model).unwrap();
    let asked = spec.order();
    prop_assert!(model.serves(asked.operation), "{} does not serve {:?}", model.id, asked.operation);
    prop_assert!(model.lifecycle.status != Status::Retired);
    for role in asked.operation.needs() {
        prop_assert!(order.input(*role).is_some());
    }
    for input in &order.inputs {
        let def = model.input(input.role).unwrap();
        prop_assert!(def.media_types.contains(&input.asset.media_type));
    }
    if let Some(size) = order.size {
        let bounded = model.dimension_px.is_some_and(|b| size.iter().all(|side| b.allows((*side).into())));
        prop_assert!(bounded || model.sizes.contains(&size));
    }
    if let Some(resolution) = &order.resolution {
        prop_assert!(model.resolutions.contains(resolution));
    }
    if let Some(duration) = order.duration_ms {
        let bounded = model.duration_ms.is_some_and(|bounds| bounds.allows(duration.0));
        prop_assert!(bounded || model.durations_ms.contains(&duration));
    }
    let roles: Vec<Role> = order.inputs.iter().map(|input| input.role).collect();
    for rule in model.requires.iter().filter(|rule| rule.when.holds(order.resolution.as_deref(), &roles)) {
        let (length, name) = (order.duration_ms, order.resolution.as_ref());
        prop_assert!(
            rule.durations_ms.is_empty() || length.is_none_or(|own| rule.durations_ms.contains(&own))
        );
        prop_assert!(rule.resolutions.is_empty() || name.is_none_or(|own| rule.resolutions.contains(own)));
    }
    if let Some(seed) = order.seed {
        prop_assert!(model.seed.unwrap().allows(seed.into()));
    }
    let length = order.prompt.chars().count() as u64;
    prop_assert!(
        model.prompt.is_some_and(|bounds| (bounds.min..=bounds.max).contains(&length)) || length == 0
    );
    Ok(())
}
