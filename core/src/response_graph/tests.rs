//! The rules of a response graph, one sentence each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

mod laws;

const CAT: &str = include_str!("../../../docs/response-graphs/cat.json");

fn read(document: &Value) -> Result<Graph, GraphError> {
    Graph::read(&document.to_string())
}

/// A graph of these nodes and an output that shows `shown` with the intensity of the node `level`.
fn with(nodes: Value, when: Value, level: Value) -> Value {
    let mut all = nodes.as_array().unwrap().clone();
    all.push(json!({ "id": "shown", "kind": "response", "when": when, "expression": "happy",
        "emotion": "pleased", "animation": "wave", "intensity": level }));
    all.push(json!({ "id": "out", "kind": "output", "responses": ["shown"], "hold_ms": 0, "rest": {
        "expression": "neutral", "emotion": "neutral", "animation": "idle", "intensity": 0 } }));
    json!({ "version": 1, "nodes": all })
}

fn running(document: &Value) -> Evaluator {
    Evaluator::new(Arc::new(read(document).unwrap()), 1)
}

/// What `level` is after each of these inputs `x`, in tenths.
fn levels(nodes: Value, level: &str, xs: &[f64]) -> Vec<u8> {
    let mut nodes = nodes;
    nodes.as_array_mut().unwrap().push(json!({ "id": "x", "kind": "input", "type": "number" }));
    let mut evaluator = running(&with(nodes, json!(true), json!(level)));
    let step = |x: &f64| {
        let mut inputs = Inputs::of(evaluator.graph());
        inputs.number(evaluator.graph(), "x", *x).unwrap();
        let _ = evaluator.step(&inputs);
        evaluator.output().unwrap().reaction.intensity.tenths()
    };
    xs.iter().map(step).collect()
}

/// Why the graph is refused.
fn refused(document: &Value) -> (GraphCode, Option<String>, String) {
    let error = read(document).unwrap_err();
    (error.code, error.node.clone(), error.to_string())
}

#[test]
fn the_cat_of_the_documentation_purrs_hisses_and_forgives() {
    let graph = Arc::new(Graph::read(CAT).unwrap());
    assert_eq!(
        graph.input_names().collect::<Vec<_>>(),
        ["tool", "zone", "pattern", "pressure", "speed", "duration"]
    );
    let mut evaluator = Evaluator::new(graph.clone(), 7);
    let mut told = Vec::new();
    let mut stroke = |evaluator: &mut Evaluator, frames: u32, pressure: f64| {
        let mut inputs = Inputs::of(&graph);
        inputs.text(&graph, "tool", "feather").unwrap();
        inputs.text(&graph, "zone", if pressure > 0.0 { "head" } else { "none" }).unwrap();
        inputs.number(&graph, "pressure", pressure).unwrap();
        inputs.number(&graph, "speed", 2.0).unwrap();
        for _ in 0..frames {
            told.extend(evaluator.advance(1_000.0 / 60.0, &inputs).and_then(|output| output.response));
        }
    };
    stroke(&mut evaluator, 120, 0.7);
    stroke(&mut evaluator, 5, 1.0);
    stroke(&mut evaluator, 300, 0.0);
    told.dedup();
    assert_eq!(told, ["notice", "purr", "hiss"]);
    assert_eq!(evaluator.output().unwrap().response, None, "and is at rest again");
}

#[test]
fn the_names_of_the_kinds_are_those_that_are_read() {
    for kind in definition::KINDS {
        let error =
            read(&json!({ "version": 1, "nodes": [{ "id": "n", "kind": kind, "bad": 1 }] })).unwrap_err();
        assert!(!error.to_string().contains("unknown variant"), "{kind}: {error}");
        assert_eq!(error.code, GraphCode::BadFormat, "{kind}");
    }
}

#[test]
fn a_mistake_is_told_with_its_node_and_what_to_do() {
    let number = |id: &str| json!({ "id": id, "kind": "constant", "value": 1 });
    let add = |id: &str, of: Value| json!({ "id": id, "kind": "add", "of": of });
    let yes = json!(true);
    for (nodes, code, node, says) in [
        (json!([{ "id": "n", "kind": "magic" }]), GraphCode::UnknownKind, "n", "one of: input"),
        (json!([add("n", json!(["lost"]))]), GraphCode::MissingInput, "n", "\"lost\""),
        (json!([number("n"), number("n")]), GraphCode::DuplicateId, "n", "name of its own"),
        (json!([add("n", json!([true]))]), GraphCode::WrongType, "n", "switch"),
        (json!([{ "id": "n", "kind": "not", "of": 1 }]), GraphCode::WrongType, "n", "threshold"),
        (
            json!([{ "id": "n", "kind": "constant", "value": 1e300 }]),
            GraphCode::OutOfRange,
            "n",
            "1000000000000",
        ),
        (json!([add("n", json!([]))]), GraphCode::OutOfRange, "n", "1 to 64"),
        (json!([{ "id": "n", "kind": "input", "type": "text" }]), GraphCode::BadFormat, "n", "values"),
        (
            json!([{ "id": "n", "kind": "constant", "value": "Happy" }]),
            GraphCode::OutOfRange,
            "n",
            "lower-case",
        ),
        (
            json!([{ "id": "n", "kind": "clamp", "of": 1, "low": 2, "high": 1 }]),
            GraphCode::OutOfRange,
            "n",
            "low",
        ),
        (
            json!([{ "id": "n", "kind": "curve", "of": 1, "points": [[0, 1], [0, 2]] }]),
            GraphCode::OutOfRange,
            "n",
            "rise",
        ),
        (json!([{ "id": "n", "kind": "abs", "of": 1, "off": 2 }]), GraphCode::BadFormat, "n", "off"),
        (json!([{ "id": "n", "kind": "abs", "of": [1] }]), GraphCode::BadFormat, "n", "name of a node"),
        (
            json!([{ "id": "n", "kind": "state_machine", "states": ["a", "b"], "initial": "a", "transitions": [] }]),
            GraphCode::Unreachable,
            "n",
            "\"b\"",
        ),
    ] {
        let (is, at, sentence) = refused(&with(nodes, yes.clone(), json!(0.5)));
        assert_eq!((is, at.as_deref()), (code, Some(node)), "{sentence}");
        assert!(sentence.contains(says), "{sentence}");
    }
}

#[test]
fn a_ring_without_a_memory_is_told_by_its_path_and_one_with_a_memory_runs() {
    let ring = |kind: Value| {
        let mut b = json!({ "id": "b", "of": "a" });
        b.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        with(json!([{ "id": "a", "kind": "add", "of": ["b", 0.1] }, b]), json!(true), json!("b"))
    };
    let (code, node, sentence) = refused(&ring(json!({ "kind": "abs" })));
    assert_eq!((code, node.as_deref()), (GraphCode::Cycle, Some("a")));
    assert!(sentence.contains("a -> b -> a"), "{sentence}");
    let mut evaluator = running(&ring(json!({ "kind": "delay", "initial": 0 })));
    let inputs = Inputs::of(evaluator.graph());
    let steps: Vec<u8> =
        (0..4).filter_map(|_| Some(evaluator.step(&inputs)?.reaction.intensity.tenths())).collect();
    assert_eq!(steps, [0, 1, 2, 3]);
}

#[test]
fn a_graph_has_one_output_and_shows_all_of_its_responses() {
    let (code, node, _) = refused(&json!({ "version": 1, "nodes": [] }));
    assert_eq!((code, node), (GraphCode::Output, None));
    let mut two = with(json!([]), json!(true), json!(1));
    let again = two["nodes"][1].clone();
    two["nodes"].as_array_mut().unwrap().push(again);
    two["nodes"][2]["id"] = json!("second");
    assert_eq!(refused(&two).1.as_deref(), Some("second"));
    let mut lost = with(json!([]), json!(true), json!(1));
    lost["nodes"][1]["responses"] = json!([]);
    assert_eq!((refused(&lost).0, refused(&lost).1.as_deref()), (GraphCode::Unreachable, Some("shown")));
}

#[test]
fn what_is_too_large_or_of_another_version_is_refused() {
    let many: Vec<Value> =
        (0..=MOST_NODES).map(|n| json!({ "id": format!("n{n}"), "kind": "constant", "value": 1 })).collect();
    assert_eq!(refused(&json!({ "version": 1, "nodes": many })).0, GraphCode::TooLarge);
    assert_eq!(Graph::read(&" ".repeat(MOST_BYTES + 1)).unwrap_err().code, GraphCode::TooLarge);
    assert_eq!(refused(&json!({ "version": 2, "nodes": [] })).0, GraphCode::UnknownVersion);
    assert_eq!(Graph::read("{").unwrap_err().code, GraphCode::NotJson);
}

#[test]
fn numbers_are_computed_as_their_names_say() {
    for (node, xs, expected) in [
        (json!({ "kind": "subtract", "a": 1, "b": "x" }), vec![0.3], vec![7]),
        (json!({ "kind": "divide", "a": "x", "b": 2 }), vec![0.8], vec![4]),
        (json!({ "kind": "divide", "a": 1, "b": "x", "otherwise": 0.9 }), vec![0.0, 2.0], vec![9, 5]),
        (json!({ "kind": "min", "of": ["x", 0.5] }), vec![0.2, 0.8], vec![2, 5]),
        (json!({ "kind": "max", "of": ["x", 0.5] }), vec![0.2, 0.8], vec![5, 8]),
        (json!({ "kind": "clamp", "of": "x", "low": 0.2, "high": 0.6 }), vec![0.0, 1.0], vec![2, 6]),
        (json!({ "kind": "remap", "of": "x", "from": [10, 0], "to": [0, 1] }), vec![2.0, 20.0], vec![8, 0]),
        (json!({ "kind": "abs", "of": "x" }), vec![-0.4], vec![4]),
        (
            json!({ "kind": "curve", "of": "x", "points": [[0, 0], [1, 1], [2, 0]] }),
            vec![0.5, 1.7, 9.0],
            vec![5, 3, 0],
        ),
        (
            json!({ "kind": "switch", "when": "big", "then": 0.9, "else": 0.1 }),
            vec![1.0, 6.0, 4.0, 2.0],
            vec![1, 9, 9, 1],
        ),
    ] {
        let mut node = node;
        let kind = node.clone();
        node["id"] = json!("level");
        let big = json!({ "id": "big", "kind": "threshold", "of": "x", "on": 5, "off": 3 });
        assert_eq!(levels(json!([node, big]), "level", &xs), expected, "{kind}");
    }
}

#[test]
fn a_memory_tells_what_it_held_before_the_step() {
    let positive = json!({ "id": "on", "kind": "compare", "a": "x", "op": ">", "b": 0 });
    let negative = json!({ "id": "off", "kind": "compare", "a": "x", "op": "<", "b": 0 });
    let tenth = |of: &str| json!({ "id": "level", "kind": "multiply", "of": [of, 0.1] });
    let held = json!({ "id": "held", "kind": "latch", "set": "on", "reset": "off" });
    let level = json!({ "id": "level", "kind": "switch", "when": "held", "then": 1, "else": 0 });
    assert_eq!(
        levels(json!([positive, negative, held, level]), "level", &[1.0, 0.0, -1.0, 0.0]),
        [0, 10, 10, 0]
    );
    let count = json!({ "id": "count", "kind": "counter", "when": "on", "reset": "off" });
    assert_eq!(
        levels(
            json!([positive, negative, count, tenth("count")]),
            "level",
            &[1.0, 1.0, 0.0, 1.0, 0.0, -1.0, 0.0]
        ),
        [0, 1, 1, 1, 2, 2, 0]
    );
    let meter = json!({ "id": "level", "kind": "accumulate", "gain": "x", "decay": 12 });
    assert_eq!(levels(json!([meter]), "level", &[18.0, 18.0, 0.0, 0.0, 0.0]), [0, 1, 2, 0, 0]);
    let smooth = json!({ "id": "level", "kind": "smooth", "of": "x", "seconds": 0 });
    assert_eq!(levels(json!([smooth]), "level", &[0.5, 0.9, 0.9]), [0, 5, 9]);
    let timer = json!({ "id": "time", "kind": "timer", "when": "on" });
    let level = json!({ "id": "level", "kind": "multiply", "of": ["time", 6] });
    assert_eq!(levels(json!([positive, timer, level]), "level", &[1.0, 1.0, 1.0, 0.0, 0.0]), [0, 1, 2, 3, 0]);
}

#[test]
fn an_edge_is_told_in_its_step_and_only_then() {
    let on = json!({ "id": "on", "kind": "compare", "a": "x", "op": ">", "b": 0 });
    for (which, expected) in [("rising", [10, 0, 0]), ("falling", [0, 0, 10]), ("both", [10, 0, 10])] {
        let edge = json!({ "id": "edge", "kind": "edge", "of": "on", "on": which });
        let level = json!({ "id": "level", "kind": "switch", "when": "edge", "then": 1, "else": 0 });
        assert_eq!(levels(json!([on, edge, level]), "level", &[1.0, 1.0, 0.0]), expected, "{which}");
    }
}

#[test]
fn a_choice_is_made_when_its_flag_rises_and_depends_on_the_seed() {
    let chosen = |seed: u64| -> Vec<String> {
        let graph = with(
            json!([
                { "id": "x", "kind": "input", "type": "flag" },
                { "id": "pick", "kind": "choose", "when": "x", "options": ["one", "two", "three"] },
            ]),
            json!(true),
            json!(0.5),
        );
        let mut graph = graph;
        graph["nodes"][2]["animation"] = json!({ "from": "pick" });
        let mut evaluator = Evaluator::new(Arc::new(read(&graph).unwrap()), seed);
        let mut step = |flag: bool| {
            let mut inputs = Inputs::of(evaluator.graph());
            inputs.flag(evaluator.graph(), "x", flag).unwrap();
            let _ = evaluator.step(&inputs);
            evaluator.output().unwrap().reaction.animation.clone()
        };
        (0..60)
            .map(|n| {
                let picked = step(true);
                assert_eq!(step(n % 2 == 0), picked, "no second choice without another rise");
                step(false);
                picked
            })
            .collect()
    };
    assert_eq!(chosen(1), chosen(1));
    assert_ne!(chosen(1), chosen(2));
    for option in ["one", "two", "three"] {
        let times = chosen(3).iter().filter(|picked| *picked == option).count();
        assert!((8..=32).contains(&times), "{option} {times} times of 60");
    }
}

#[test]
fn an_input_that_cannot_be_is_refused_and_one_beyond_its_bounds_is_brought_to_them() {
    let graph = Graph::read(CAT).unwrap();
    let mut inputs = Inputs::of(&graph);
    let unknown = inputs.number(&graph, "presure", 1.0).unwrap_err();
    assert!(unknown.to_string().contains("pressure"), "{unknown}");
    let word = inputs.text(&graph, "tool", "hammer").unwrap_err();
    assert!(word.to_string().contains("feather"), "{word}");
    assert!(inputs.flag(&graph, "pressure", true).is_err() && inputs.number(&graph, "tool", 1.0).is_err());
    assert!(inputs.number(&graph, "pressure", f64::NAN).is_err());
    inputs.number(&graph, "pressure", 7.0).unwrap();
    let mut most = Inputs::of(&graph);
    most.number(&graph, "pressure", 1.0).unwrap();
    assert_eq!(inputs, most);
}

#[test]
fn an_intensity_that_trembles_between_two_tenths_asks_for_one_clip() {
    let same = json!({ "id": "level", "kind": "add", "of": ["x"] });
    assert_eq!(levels(json!([same]), "level", &[0.44, 0.459, 0.441, 0.455]), [4, 4, 4, 4]);
    assert_eq!(levels(json!([same]), "level", &[0.44, 0.47, 0.455, 0.41]), [4, 5, 5, 4]);
}

#[test]
fn a_reaction_stays_for_its_hold_unless_one_of_higher_priority_comes() {
    let shown = |id: &str, when: &str, priority: u8| {
        json!({ "id": id, "kind": "response", "when": when, "priority": priority, "expression": id,
            "emotion": "neutral", "animation": "idle", "intensity": 0.5 })
    };
    let flag = |id: &str| json!({ "id": id, "kind": "input", "type": "flag" });
    let document = json!({ "version": 1, "nodes": [
        flag("weak"), flag("strong"), shown("low", "weak", 3), shown("high", "strong", 9),
        { "id": "out", "kind": "output", "responses": ["low", "high"], "hold_ms": 100, "rest": {
            "expression": "rest", "emotion": "neutral", "animation": "idle", "intensity": 0 } },
    ] });
    let mut evaluator = running(&document);
    let mut step = |weak: bool, strong: bool| {
        let mut inputs = Inputs::of(evaluator.graph());
        inputs.flag(evaluator.graph(), "weak", weak).unwrap();
        inputs.flag(evaluator.graph(), "strong", strong).unwrap();
        evaluator.step(&inputs).map(|output| output.reaction.expression)
    };
    assert_eq!(step(true, false).as_deref(), Some("low"));
    assert_eq!(step(true, true).as_deref(), Some("high"), "at once");
    let held: Vec<_> = (0..5).map(|_| step(true, false)).collect();
    assert_eq!(held, [const { None }; 5], "100 ms are six steps");
    assert_eq!(step(true, false).as_deref(), Some("low"));
}

#[test]
fn the_cat_does_the_same_on_every_machine() {
    // Also run in a browser, by the tests of the browser module.
    assert_eq!(laws::story(7), include_str!("../../tests/golden/response_graph.txt"));
}
