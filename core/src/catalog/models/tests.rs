//! What a catalogue promises, and how a deployment's own entries change it.

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
fn every_model_is_one_that_can_be_asked() {
    let models = shipped();
    let mut ids: Vec<&str> = models.models.iter().map(|model| model.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), models.models.len(), "an id twice");
    for model in &models.models {
        let id = &model.id;
        assert!(!model.operations.is_empty(), "{id}");
        for operation in &model.operations {
            let known = Operation::ALL.into_iter().find(|known| known.as_str() == operation);
            let known = known.unwrap_or_else(|| panic!("{id}: {operation}"));
            for role in known.needs() {
                assert!(
                    model.input(*role).is_some(),
                    "{id} serves {operation} and takes no {}",
                    role.as_str()
                );
            }
        }
        for bounds in
            [model.dimension_px, model.duration_ms, model.fps, model.steps, model.seed, model.prompt]
                .into_iter()
                .flatten()
        {
            assert!(bounds.min <= bounds.max, "{id}");
            assert!(bounds.usual.is_none_or(|usual| bounds.allows(usual)), "{id}: {bounds:?}");
        }
        assert!(model.seed.is_none_or(|bounds| bounds.max <= u64::from(u32::MAX)), "{id}");
        assert!(model.call_ms < model.timeout_ms, "{id}: a call outlives its attempt");
        // A lane lends a slot for two hours at most.
        assert!(model.timeout_ms <= Millis::seconds(7_000), "{id}: an attempt outlives its slot");
        assert!(
            model.price.source.len() > 3 && model.price.as_of.len() == 10,
            "{id}: a price without a source"
        );
        if let Some(latency) = model.latency_ms {
            assert!(latency.typical <= latency.max && latency.max <= model.timeout_ms, "{id}");
        }
        match model.lifecycle.status {
            Status::Retired => {
                let living = models.living(model).unwrap_or_else(|| panic!("{id} ended, who serves for it?"));
                let serves_all = model.operations.iter().all(|o| living.operations.contains(o));
                assert!(serves_all, "{} cannot do all that {id} did", living.id);
            }
            Status::Active | Status::Legacy => assert_eq!(models.living(model), Some(model)),
        }
        for other in model.stands_in.iter().filter_map(|other| models.model(other)) {
            assert_eq!(other.output, model.output, "{id} and {}", other.id);
            let shared = other.operations.iter().any(|operation| model.operations.contains(operation));
            assert!(shared, "{} can do nothing of what {id} does", other.id);
        }
    }
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
    let models = shipped().with(&own).unwrap();
    assert_eq!(models.living(models.model("a").unwrap()), None);
}
