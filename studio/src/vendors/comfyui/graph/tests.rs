//! What a prompt may be, one sentence each.

use super::*;
use proptest::prelude::*;

/// A clip of a plain colour, with core nodes only.
fn plain() -> Value {
    json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 48, "batch_size": 6, "color": 255}},
        "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 12}},
        "3": {"class_type": "SaveVideo", "inputs": {
            "video": ["2", 0], "filename_prefix": "video/plain", "format": "auto", "codec": "auto"}},
    })
}

fn check(prompt: &Value) -> Result<Graph, Refusal> {
    read(prompt.as_object().unwrap(), None, &|name| name == "fox.png")
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut prompt = plain();
    for (pointer, value) in changes {
        *prompt.pointer_mut(pointer).unwrap() = value.clone();
    }
    prompt
}

#[test]
fn a_whole_graph_is_read_with_its_links() {
    let graph = check(&plain()).unwrap();
    assert_eq!((graph.nodes.len(), graph.ends.as_slice()), (3, &["3".to_owned()][..]));
    assert_eq!(graph.nodes["2"].inputs["images"], Given::Link("1".into(), 0));
    assert!(graph.node_errors.is_empty());
}

#[test]
fn each_fault_has_its_type_and_the_node_it_is_in() {
    for (change, node, kind) in [
        (
            with(&[("/1/inputs", json!({"width": 64, "height": 64, "color": 0}))]),
            "1",
            "required_input_missing",
        ),
        (with(&[("/1/inputs/width", json!(0))]), "1", "value_smaller_than_min"),
        (with(&[("/1/inputs/batch_size", json!(5_000))]), "1", "value_bigger_than_max"),
        (with(&[("/1/inputs/width", json!("wide"))]), "1", "invalid_input_type"),
        (with(&[("/3/inputs/codec", json!("vp9"))]), "3", "value_not_in_list"),
        (with(&[("/2/inputs/images", json!(["1"]))]), "2", "bad_linked_input"),
        (with(&[("/3/inputs/video", json!(["1", 0]))]), "3", "return_type_mismatch"),
        (with(&[("/2/inputs/images", json!(["9", 0]))]), "3", "exception_during_inner_validation"),
        (with(&[("/3/inputs/video", json!(["9", 0]))]), "3", "exception_during_validation"),
        (
            with(&[("/1", json!({"class_type": "LoadImage", "inputs": {"image": "gone.png"}}))]),
            "1",
            "custom_validation_failed",
        ),
    ] {
        let refusal = check(&change).unwrap_err().json();
        assert_eq!(refusal["error"]["type"], "prompt_outputs_failed_validation", "{kind}");
        assert_eq!(refusal["node_errors"][node]["errors"][0]["type"], kind, "{refusal}");
        assert_eq!(refusal["node_errors"][node]["dependent_outputs"], json!(["3"]), "{kind}");
    }
}

#[test]
fn a_graph_without_an_end_an_unknown_node_and_a_nameless_one_are_refused_as_a_whole() {
    let kind = |prompt: &Value| check(prompt).unwrap_err().json()["error"]["type"].clone();
    let mut endless = plain();
    endless.as_object_mut().unwrap().remove("3");
    assert_eq!(kind(&endless), "prompt_no_outputs");
    assert_eq!(kind(&json!({})), "prompt_no_outputs");
    assert_eq!(kind(&with(&[("/1/class_type", json!("Teleport"))])), "invalid_prompt");
    assert_eq!(kind(&with(&[("/1", json!({"inputs": {}}))])), "invalid_prompt");
}

#[test]
fn a_good_end_runs_beside_a_bad_one() {
    let mut prompt = plain();
    prompt["4"] = json!({"class_type": "SaveImage", "inputs": {"images": ["1", 0]}});
    let graph = check(&prompt).unwrap();
    assert_eq!(graph.ends, ["3"]);
    assert_eq!(graph.node_errors["4"]["errors"][0]["type"], "required_input_missing");
    assert!(!graph.nodes.contains_key("4"));
}

#[test]
fn only_the_wanted_ends_run() {
    let mut prompt = plain();
    prompt["4"] = json!({"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}});
    let graph = read(prompt.as_object().unwrap(), Some(&["4".into()]), &|_| false).unwrap();
    assert_eq!(graph.ends, ["4"]);
}

#[test]
fn links_in_a_circle_end() {
    let prompt = json!({
        "1": {"class_type": "RepeatImageBatch", "inputs": {"image": ["2", 0], "amount": 2}},
        "2": {"class_type": "RepeatImageBatch", "inputs": {"image": ["1", 0], "amount": 2}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    });
    assert!(check(&prompt).is_err());
}

#[test]
fn numbers_are_taken_as_python_takes_them() {
    let graph = check(&with(&[("/1/inputs/width", json!("64")), ("/1/inputs/height", json!(48.9))])).unwrap();
    assert_eq!(graph.nodes["1"].inputs["width"], Given::Literal(Literal::Int(64)));
    assert_eq!(graph.nodes["1"].inputs["height"], Given::Literal(Literal::Int(48)));
}

proptest! {
    #[test]
    fn no_prompt_upsets_the_reader(
        node in "[1-3]", input in "(images|video|width|fps|codec)",
        value in prop_oneof![
            any::<f64>().prop_map(Value::from), any::<u64>().prop_map(Value::from), ".{0,9}".prop_map(Value::from),
            ("[0-4]", 0_u8..3).prop_map(|(id, slot)| json!([id, slot])), Just(json!([[], {}])), Just(Value::Null),
        ],
    ) {
        let mut prompt = plain();
        prompt[node.as_str()]["inputs"][input.as_str()] = value;
        let _ = check(&prompt);
    }
}
