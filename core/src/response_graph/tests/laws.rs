//! What holds of every graph and every input.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

/// A number that is the same everywhere, from any two.
fn mixed(a: u64, b: u64) -> u64 {
    let mut state =
        a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^= state >> 32;
    state = state.wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^ (state >> 29)
}

/// A minute with the cat: every change, with the step at which it came.
pub(super) fn story(seed: u64) -> String {
    let graph = Arc::new(Graph::read(CAT).unwrap());
    let mut evaluator = Evaluator::new(graph.clone(), seed);
    let mut told = String::new();
    let mut inputs = Inputs::of(&graph);
    for step in 0..3_600_u64 {
        if step % 45 == 0 {
            let pick = |what: u64, count: u64| usize::try_from(mixed(step, what) % count).unwrap();
            inputs.text(&graph, "tool", ["hand", "feather", "brush"][pick(1, 3)]).unwrap();
            inputs.text(&graph, "zone", ["none", "head", "back", "belly"][pick(2, 4)]).unwrap();
            inputs.text(&graph, "pattern", ["still", "stroke", "circle", "tap"][pick(3, 4)]).unwrap();
            // Hands off for five seconds after ten.
            let pressure = if step % 900 < 600 { pick(4, 101) } else { 0 };
            inputs.number(&graph, "pressure", pressure as f64 / 100.0).unwrap();
            inputs.number(&graph, "speed", pick(5, 60) as f64 / 10.0).unwrap();
            inputs.number(&graph, "duration", pick(6, 20) as f64).unwrap();
        }
        if let Some(output) = evaluator.step(&inputs) {
            let cue = crate::cue::Cue::Reaction(output.reaction);
            let response = output.response.unwrap_or_default();
            writeln!(told, "{step} {response} {} {cue}", output.priority).unwrap();
        }
    }
    told
}

/// Nodes made of a row of decisions: each reads nodes of the right type before it, or a memory after it.
fn graph_of(choices: &[(u8, u16, u16, f64)]) -> Value {
    let mut numbers = vec!["x".to_owned()];
    let mut flags = vec!["f".to_owned()];
    let mut texts = vec!["t".to_owned()];
    let mut nodes = vec![
        json!({ "id": "x", "kind": "input", "type": "number" }),
        json!({ "id": "f", "kind": "input", "type": "flag" }),
        json!({ "id": "t", "kind": "input", "type": "text", "values": ["a", "b", "c"] }),
    ];
    let mut responses = Vec::new();
    for (at, (kind, a, b, c)) in choices.iter().enumerate() {
        let pick = |from: &[String], which: u16| from[usize::from(which) % from.len()].clone();
        let (n, m) = (pick(&numbers, *a), pick(&numbers, *b));
        let (f, g) = (pick(&flags, *a), pick(&flags, *b));
        let t = pick(&texts, *a);
        // The last number of all: most are ahead, and a memory may read ahead.
        let ahead = "last".to_owned();
        let (mut node, tells) = match kind % 28 {
            0 => (json!({ "kind": "add", "of": [n, m, c] }), 'n'),
            1 => (json!({ "kind": "subtract", "a": n, "b": m }), 'n'),
            2 => (json!({ "kind": "multiply", "of": [n, m] }), 'n'),
            3 => (json!({ "kind": "divide", "a": n, "b": m, "otherwise": c }), 'n'),
            4 => (json!({ "kind": "min", "of": [n, m] }), 'n'),
            5 => (json!({ "kind": "max", "of": [n, c] }), 'n'),
            6 => (json!({ "kind": "clamp", "of": n, "low": c, "high": c + 1.0 }), 'n'),
            7 => (json!({ "kind": "remap", "of": n, "from": [c, c + 3.0], "to": [1, 0] }), 'n'),
            8 => (json!({ "kind": "abs", "of": n }), 'n'),
            9 => (json!({ "kind": "threshold", "of": n, "on": c, "off": c - 0.5 }), 'f'),
            10 => (json!({ "kind": "curve", "of": n, "points": [[-1, c], [0, 1], [7, -c]] }), 'n'),
            11 => (json!({ "kind": "delay", "of": ahead, "initial": c }), 'n'),
            12 => (json!({ "kind": "smooth", "of": ahead, "seconds": c.abs() }), 'n'),
            13 => (json!({ "kind": "accumulate", "gain": ahead, "decay": n, "reset": f }), 'n'),
            14 => (json!({ "kind": "counter", "when": f, "reset": g }), 'n'),
            15 => (json!({ "kind": "timer", "when": f }), 'n'),
            16 => (json!({ "kind": "latch", "set": f, "reset": g }), 'f'),
            17 => (json!({ "kind": "edge", "of": f, "on": "both" }), 'f'),
            18 => (
                json!({ "kind": "state_machine", "states": ["a", "b"], "initial": "b",
                "transitions": [{ "from": "*", "to": "a", "when": f }, { "from": "a", "to": "b", "when": g }] }),
                't',
            ),
            19 => (json!({ "kind": "compare", "a": n, "op": ">", "b": m }), 'f'),
            20 => (json!({ "kind": "is", "of": t, "any": ["a", "c"] }), 'f'),
            21 => (json!({ "kind": "and", "of": [f, g] }), 'f'),
            22 => (json!({ "kind": "or", "of": [f, g] }), 'f'),
            23 => (json!({ "kind": "not", "of": f }), 'f'),
            24 => (json!({ "kind": "select", "of": t, "cases": { "a": n }, "otherwise": m }), 'n'),
            25 => (json!({ "kind": "switch", "when": f, "then": n, "else": m }), 'n'),
            26 => (json!({ "kind": "choose", "when": f, "options": ["a", "b", "d"] }), 't'),
            _ => (
                json!({ "kind": "response", "when": f, "priority": b % 21, "intensity": n,
                "expression": { "from": t }, "emotion": "pleased", "animation": "wave" }),
                'r',
            ),
        };
        let id = format!("n{at}");
        node["id"] = json!(id);
        nodes.push(node);
        match tells {
            'n' => numbers.push(id),
            'f' => flags.push(id),
            't' => texts.push(id),
            _ => responses.push(id),
        }
    }
    nodes.push(json!({ "id": "last", "kind": "add", "of": [numbers.last()] }));
    nodes.push(json!({ "id": "out", "kind": "output", "responses": responses, "hold_ms": 60, "rest": {
        "expression": "a", "emotion": "pleased", "animation": "idle", "intensity": 0.5 } }));
    json!({ "version": 1, "nodes": nodes })
}

fn any_graph() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<u8>(), any::<u16>(), any::<u16>(), -3.0..3.0), 0..60)
        .prop_map(|choices| graph_of(&choices))
}

type Said = (f64, bool, u8);

fn any_inputs() -> impl Strategy<Value = Vec<Said>> {
    let number = prop_oneof![-2.0..2.0, -1e12..1e12, Just(0.0), Just(-0.0)];
    prop::collection::vec((number, any::<bool>(), 0u8..3), 1..80)
}

fn inputs(graph: &Graph, said: &Said) -> Inputs {
    let mut inputs = Inputs::of(graph);
    inputs.number(graph, "x", said.0).unwrap();
    inputs.flag(graph, "f", said.1).unwrap();
    inputs.text(graph, "t", ["a", "b", "c"][usize::from(said.2)]).unwrap();
    inputs
}

fn run(document: &Value, seed: u64, said: &[Said]) -> Vec<Option<Output>> {
    let graph = Arc::new(read(document).unwrap());
    let mut evaluator = Evaluator::new(graph.clone(), seed);
    said.iter().map(|said| evaluator.step(&inputs(&graph, said))).collect()
}

fn any_json() -> impl Strategy<Value = Value> {
    let word =
        prop::sample::select(vec!["x", "f", "n1", "last", "add", "delay", "a", "text", "from", "", "*"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3i64..300).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Puts `value` somewhere into `document`: at the place that `way` leads to.
fn put(document: &mut Value, way: &[usize], value: Value) {
    let Some((first, rest)) = way.split_first() else {
        *document = value;
        return;
    };
    let child = match document {
        Value::Array(items) if !items.is_empty() => {
            let at = first % items.len();
            items.get_mut(at)
        }
        Value::Object(members) if !members.is_empty() => {
            let at = first % members.len();
            members.values_mut().nth(at)
        }
        _ => None,
    };
    match child {
        Some(child) => put(child, rest, value),
        None => *document = value,
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_refused_with_a_sentence_or_runs(
        document in any_graph(),
        changes in prop::collection::vec((prop::collection::vec(any::<usize>(), 1..6), any_json()), 0..4),
        seed in any::<u64>(),
    ) {
        let mut document = document;
        for (way, value) in changes {
            put(&mut document, &way, value);
        }
        match read(&document) {
            Ok(graph) => {
                let mut evaluator = Evaluator::new(Arc::new(graph), seed);
                let inputs = Inputs::of(evaluator.graph());
                for _ in 0..20 {
                    let _ = evaluator.step(&inputs);
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty() && error.to_string().len() < 2_000),
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,200}") {
        let _ = Graph::read(&text);
    }

    #[test]
    fn the_same_graph_does_the_same_and_stays_within_its_bounds(
        document in any_graph(), said in any_inputs(), seed in any::<u64>(),
    ) {
        let first = run(&document, seed, &said);
        prop_assert_eq!(&first, &run(&document, seed, &said));
        prop_assert!(first[0].is_some(), "the first step tells where it begins");
        let known = ["a", "b", "c", "d"];
        for output in first.iter().flatten() {
            prop_assert!(output.reaction.intensity.tenths() <= 10 && output.priority <= 20);
            prop_assert!(known.contains(&output.reaction.expression.as_str()));
        }
    }

    #[test]
    fn the_order_of_the_document_changes_nothing_but_which_of_two_equals_wins(
        document in any_graph(), said in any_inputs(), turn in any::<usize>(),
    ) {
        let mut turned = document.clone();
        let nodes = turned["nodes"].as_array_mut().unwrap();
        let by = turn % nodes.len();
        nodes.rotate_left(by);
        nodes.reverse();
        prop_assert_eq!(run(&document, 1, &said), run(&turned, 1, &said));
    }

    #[test]
    fn a_reaction_is_held_unless_a_stronger_one_comes(document in any_graph(), said in any_inputs()) {
        // 60 ms are four steps at 60 a second.
        let mut last: Option<(usize, Output)> = None;
        for (at, output) in run(&document, 1, &said).into_iter().enumerate() {
            let Some(output) = output else { continue };
            if let Some((before, old)) = &last {
                prop_assert_ne!(old, &output, "only a change is told");
                prop_assert!(at - before >= 4 || output.priority > old.priority);
            }
            last = Some((at, output));
        }
    }

    #[test]
    fn the_rate_of_the_frames_changes_nothing(
        document in any_graph(), said in any_inputs(),
        // Parts of a step, in microseconds, at which the frames of one run end.
        cuts in prop::collection::vec(1u32..16_000, 1..6),
    ) {
        let graph = Arc::new(read(&document).unwrap());
        let (mut whole, mut cut) = (Evaluator::new(graph.clone(), 5), Evaluator::new(graph.clone(), 5));
        // 50 ms are three steps; the same time passes in both, in one piece or in several.
        for said in &said {
            let inputs = inputs(&graph, said);
            let _ = whole.advance(50.0, &inputs);
            let mut left = 50_000;
            for part in cuts.iter().cycle() {
                if left <= *part {
                    break;
                }
                left -= part;
                let _ = cut.advance(f64::from(*part) / 1_000.0, &inputs);
            }
            let _ = cut.advance(f64::from(left) / 1_000.0, &inputs);
            prop_assert_eq!(whole.output(), cut.output());
            prop_assert_eq!(&whole.values, &cut.values, "bit for bit");
        }
    }

    #[test]
    fn no_time_is_lost_or_won_by_short_frames(frames in prop::collection::vec(0.0..40.0f64, 1..400)) {
        let mut clock = clock::Clock::default();
        let steps: u64 = frames.iter().map(|dt| clock.advance(*dt, 60)).sum();
        let exact = frames.iter().sum::<f64>() * 60.0 / 1_000.0;
        prop_assert!((steps as f64 - exact).abs() <= 1.001, "{steps} steps for {exact}");
    }
}

#[test]
fn a_page_that_slept_makes_up_for_half_a_second_and_no_more() {
    let mut clock = clock::Clock::default();
    for odd in [1e9, f64::INFINITY] {
        assert_eq!(clock.advance(odd, 60), clock::MOST_STEPS);
    }
    for nothing in [f64::NAN, -5.0, f64::NEG_INFINITY] {
        assert_eq!(clock.advance(nothing, 60), 0);
    }
}
