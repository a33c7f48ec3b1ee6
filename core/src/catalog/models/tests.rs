//! What a catalogue promises, and how a deployment's own entries change it.

use serde_json::{Value, json};

use super::*;
use crate::units::MicroUsd;

#[test]
fn the_shipped_catalogue_is_read_in_full() {
    let file: Value = serde_json::from_str(include_str!("../../../catalog/models.json")).unwrap();
    let read = Models::read(include_str!("../../../catalog/models.json")).unwrap();
    assert_eq!(read.models.len(), file["models"].as_array().unwrap().len());
    assert_eq!(shipped(), read);
    // Nothing in the file is misspelt, or nobody would miss it.
    let again = serde_json::to_value(&read).unwrap();
    for (own, model) in file["models"].as_array().unwrap().iter().zip(again["models"].as_array().unwrap()) {
        for name in own.as_object().unwrap().keys() {
            assert!(model.get(name).is_some(), "{}: nobody reads {name}", own["id"]);
        }
    }
}

#[test]
fn every_shipped_model_that_has_ended_is_succeeded() {
    let models = shipped();
    for model in &models.models {
        assert!(models.living(model).is_some(), "{} ended, who serves for it?", model.id);
    }
}

#[test]
fn an_entry_that_contradicts_itself_is_refused_by_its_member() {
    let (own, veo, talk) = ("studio-character-1", "veo-3.1", "infinitetalk");
    for (id, entry, member, why) in [
        (own, json!({"duration_ms": {"min": 2, "max": 1}}), "duration_ms", "min of 2 above its max of 1"),
        (own, json!({"dimension_px": {"max": 100}}), "dimension_px", "min of 128 above"),
        (own, json!({"dimension_px": {"usual": 500}}), "dimension_px", "usual"),
        (own, json!({"dimension_px": {"multiple_of": 0}}), "dimension_px", "multiples of 0"),
        (own, json!({"dimension_px": {"multiple_of": 600}}), "dimension_px", "its own 1024"),
        (own, json!({"sizes": [[512, 512]]}), "dimension_px", "beside sizes"),
        (own, json!({"durations_ms": [5_000]}), "duration_ms", "beside durations_ms"),
        (own, json!({"fps": {"min": 31}}), "fps", "above its max"),
        (own, json!({"steps": {"max": 0}}), "steps", "above its max"),
        (own, json!({"prompt": {"min": 2_000}}), "prompt", "above its max"),
        (own, json!({"negative_prompt": {"min": 2_000}}), "negative_prompt", "above its max"),
        (own, json!({"guidance": {"min": 31}}), "guidance", "above its max"),
        (own, json!({"seed": {"max": 4_294_967_296_u64}}), "seed", "4294967295"),
        (own, json!({"call_ms": 120_000}), "call_ms", "timeout_ms of 120000 ms"),
        (own, json!({"timeout_ms": 10_000}), "call_ms", "timeout_ms of 10000 ms"),
        (own, json!({"timeout_ms": 7_200_000}), "timeout_ms", "at most 7000000 ms"),
        (own, json!({"latency_ms": {"typical": 9, "max": 8}}), "latency_ms", "typical"),
        (own, json!({"latency_ms": {"typical": 9, "max": 120_001}}), "latency_ms", "timeout_ms"),
        (own, json!({"operations": []}), "operations", "none"),
        (own, json!({"operations": ["state_clip", "weather"]}), "operations", "weather"),
        (own, json!({"operations": ["image_to_video"]}), "inputs", "lacks image"),
        (talk, json!({"inputs": []}), "inputs", "lacks image"),
        (own, json!({"price": {"source": ""}}), "price.source", "nothing"),
        (own, json!({"price": {"as_of": "today"}}), "price.as_of", "today"),
        (own, json!({"stands_in": ["banana-call-image"]}), "stands_in", "banana-call-image"),
        (own, json!({"stands_in": [veo]}), "stands_in", veo),
        (
            own,
            json!({"lifecycle": {"status": "retired", "successor": veo}}),
            "lifecycle.successor",
            "state_clip",
        ),
        (
            own,
            json!({"lifecycle": {"status": "retired", "successor": own}}),
            "lifecycle.successor",
            "back to itself",
        ),
        (own, json!({"extends_by_ms": 7_000}), "extends_by_ms", "no clip"),
        (veo, json!({"requires": [{"when": {}, "durations_ms": [8_000]}]}), "requires", "without when"),
        (veo, json!({"requires": [{"when": {"input": "video"}}]}), "requires", "nothing with video"),
        (
            veo,
            json!({"requires": [{"when": {"resolution": "4k"}, "durations_ms": [8_000]}]}),
            "requires",
            "4k",
        ),
        (
            veo,
            json!({"requires": [{"when": {"input": "mask"}, "durations_ms": [8_000]}]}),
            "requires",
            "with mask",
        ),
        (
            veo,
            json!({"requires": [{"when": {"input": "video"}, "durations_ms": [9_000]}]}),
            "requires",
            "9000 ms",
        ),
        (veo, json!({"durations_ms": [6_000]}), "requires", "8000 ms"),
        (
            veo,
            json!({"requires": [
                {"when": {"input": "video"}, "durations_ms": [8_000]},
                {"when": {"input": "video"}, "durations_ms": [4_000]},
            ]}),
            "requires",
            "nothing for video_extend",
        ),
        (
            talk,
            json!({"inputs": [
                {"role": "image", "media_types": ["image/png"], "max_bytes": 9},
                {"role": "audio", "media_types": ["audio/wav"], "max_bytes": 9, "duration_ms": {"min": 5, "max": 4}},
            ]}),
            "inputs.audio.duration_ms",
            "above its max",
        ),
        (
            talk,
            json!({"inputs": [
                {"role": "image", "media_types": ["image/png"], "max_bytes": 9},
                {"role": "audio", "media_types": [], "max_bytes": 9},
            ]}),
            "inputs.audio",
            "no media type",
        ),
    ] {
        let mut entry = entry;
        entry["id"] = json!(id);
        let told = shipped().with(&json!({ "models": [entry] }).to_string()).unwrap_err();
        let CatalogError::Contradiction { model, member: found, why: said } = &told else {
            panic!("{entry}: {told}");
        };
        assert_eq!((model.as_str(), found.as_str()), (id, member), "{entry}: {told}");
        assert!(said.contains(why), "{entry}: {told}");
        assert!(told.to_string().contains(id) && told.to_string().contains(member), "{told}");
    }
}

#[test]
fn a_member_that_nobody_reads_is_refused() {
    let refused = |own: Value| shipped().with(&own.to_string()).unwrap_err().to_string();
    for (model, misspelt) in [
        (json!({"durations": [5_000]}), "durations"),
        (json!({"price": {"per_second": 5}}), "per_second"),
        (json!({"price": {"table": [{"pixels": 5}]}}), "pixels"),
        (json!({"fps": {"minimum": 5}}), "minimum"),
        (json!({"guidance": {"usual": 5}}), "usual"),
        (json!({"latency_ms": {"typical": 1, "max": 2, "least": 0}}), "least"),
        (json!({"lifecycle": {"state": "active"}}), "state"),
        (json!({"inputs": [{"role": "image", "media_types": [], "max_bytes": 1, "min_px": 1}]}), "min_px"),
        (json!({"requires": [{"if": {}, "when": {}}]}), "if"),
        (json!({"requires": [{"when": {"role": "image"}}]}), "role"),
    ] {
        let mut model = model;
        model["id"] = json!("studio-character-1");
        let told = refused(json!({ "models": [model] }));
        assert!(told.contains(&format!("unknown field `{misspelt}`")), "{told}");
    }
    assert!(refused(json!({"model": []})).contains("model"));
    assert!(refused(json!({"models": {"id": "x"}})).contains("cannot be read"));
    assert!(refused(json!({"models": [{"id": "x", "like": 7}]})).contains("x names 7"));
}

#[test]
fn every_operation_has_a_model_that_is_to_stay() {
    for operation in Operation::ALL {
        let active = |model: &&ModelDef| model.lifecycle.status == Status::Active;
        assert!(
            shipped().models_for(operation.as_str()).any(|model| active(&model)),
            "{}",
            operation.as_str()
        );
    }
}

#[test]
fn a_deployment_changes_a_price_and_nothing_else() {
    let own = r#"{"models": [{"id": "studio-character-1", "price": {"per_clip_micro_usd": 7}}]}"#;
    let changed = shipped().with(own).unwrap();
    let (was, is) = (shipped(), changed.model("studio-character-1").unwrap().clone());
    let mut expected = was.model("studio-character-1").unwrap().clone();
    expected.price.per_clip_micro_usd = MicroUsd(7);
    assert_eq!(is, expected);
    assert_eq!(changed.models.len(), was.models.len());
}

#[test]
fn a_new_model_of_a_known_family_is_an_entry() {
    let own = r#"{"models": [{"id": "studio-character-2", "like": "studio-character-1", "label": "Two"}]}"#;
    let models = shipped().with(own).unwrap();
    let new = models.model("studio-character-2").unwrap();
    assert_eq!((new.wire_id.as_str(), new.label.as_str()), ("studio-character-2", "Two"));
    assert_eq!(new.operations, models.model("studio-character-1").unwrap().operations);
}

#[test]
fn entries_that_cannot_be_used_say_why() {
    let refused = |own: &str| shipped().with(own).unwrap_err().to_string();
    assert!(refused("[").contains("cannot be read"));
    assert!(refused(r#"{"models": [{"label": "x"}]}"#).contains("id"));
    assert!(refused(r#"{"models": [{"id": "new", "like": "nobody"}]}"#).contains("nobody"));
    let dangling = r#"{"models": [{"id": "studio-character-1", "stands_in": ["nobody"]}]}"#;
    assert!(refused(dangling).contains("nobody"));
    assert!(refused(r#"{"models": [{"id": "new", "label": "x"}]}"#).contains("missing field"));
}

#[test]
fn a_circle_of_successors_hangs_nobody() {
    let retired = |id: &str, next: &str| {
        format!(
            r#"{{"id": "{id}", "like": "studio-character-1",
                "lifecycle": {{"status": "retired", "successor": "{next}"}}}}"#
        )
    };
    let own = format!(r#"{{"models": [{}, {}]}}"#, retired("a", "b"), retired("b", "a"));
    assert!(
        shipped().with(&own).unwrap_err().to_string().contains("lifecycle.successor leads back to itself")
    );
    // Nor does a catalogue that nobody has checked.
    let mut models = shipped();
    models.models[0].lifecycle = Lifecycle {
        status: Status::Retired,
        successor: Some(models.models[0].id.clone()),
        ..Lifecycle::default()
    };
    assert_eq!(models.living(&models.models[0]), None);
    // One that ended for good has no successor, and whoever was to be served by it neither.
    let own = retired("a", "b");
    let last = r#"{"id": "b", "like": "studio-character-1", "lifecycle": {"status": "retired"}}"#;
    let models = shipped().with(&format!(r#"{{"models": [{own}, {last}]}}"#)).unwrap();
    assert_eq!(models.living(models.model("a").unwrap()), None);
}
