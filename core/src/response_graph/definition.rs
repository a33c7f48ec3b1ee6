//! How a graph is written in JSON: its settings, and each kind of node with the values that it reads.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::{cut, short};
use super::{GraphCode, GraphError, MOST_NODES, VERSION, Written};

/// Longest name of a node, in bytes.
const LONGEST_ID: usize = 64;

/// What a graph says beside its nodes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    version: u64,
    #[serde(default = "usual_rate")]
    pub(super) steps_per_second: u32,
    nodes: Vec<Value>,
    #[serde(default, rename = "note")]
    _note: String,
}

const fn usual_rate() -> u32 {
    60
}

/// A value that a node reads: another node, or one that is written in place.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Operand {
    Node(String),
    Literal(Literal),
}

impl Operand {
    fn node(&self) -> Option<&str> {
        match self {
            Self::Node(id) => Some(id),
            Self::Literal(_) => None,
        }
    }
}

/// A value that is written in place.
#[derive(Debug, Clone)]
pub(super) enum Literal {
    Number(f64),
    Flag(bool),
    Text(String),
}

impl TryFrom<Value> for Operand {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::String(id) => Ok(Self::Node(id)),
            Value::Object(members) => match (members.len(), members.get("text")) {
                (1, Some(Value::String(text))) => Ok(Self::Literal(Literal::Text(text.clone()))),
                _ => Err("a value is the name of a node, a number, true, false, or {\"text\": \"...\"}"),
            },
            other => Constant::try_from(other)
                .map(|Constant(literal)| Self::Literal(literal))
                .map_err(|_| "a value is the name of a node, a number, true, false, or {\"text\": \"...\"}"),
        }
    }
}

/// A value that reads no node: here a string is a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Constant(pub(super) Literal);

impl TryFrom<Value> for Constant {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Ok(Self(match value {
            Value::Bool(flag) => Literal::Flag(flag),
            Value::Number(number) => Literal::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Literal::Text(text),
            _ => return Err("a constant is a number, true, false or a text"),
        }))
    }
}

/// One word of a response: itself, or the text of a node.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Word(pub(super) Operand);

impl TryFrom<Value> for Word {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let wrong = "a word is a text, or {\"from\": \"the name of a node\"}";
        match value {
            Value::String(text) => Ok(Self(Operand::Literal(Literal::Text(text)))),
            Value::Object(members) => match (members.len(), members.get("from")) {
                (1, Some(Value::String(id))) => Ok(Self(Operand::Node(id.clone()))),
                _ => Err(wrong),
            },
            _ => Err(wrong),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputType {
    Number,
    Flag,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Comparison {
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    Unequal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EdgeOn {
    Rising,
    Falling,
    Both,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transition {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) when: Operand,
}

/// What is shown while no response is active.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rest {
    pub(super) expression: String,
    pub(super) emotion: String,
    pub(super) animation: String,
    pub(super) intensity: f64,
}

/// Every kind of node.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[rustfmt::skip]
pub(super) enum Kind {
    Input { r#type: InputType, default: Option<Constant>, min: Option<f64>, max: Option<f64>, values: Option<Vec<String>> },
    Constant { value: Constant },
    Add { of: Vec<Operand> },
    Subtract { a: Operand, b: Operand },
    Multiply { of: Vec<Operand> },
    Divide { a: Operand, b: Operand, #[serde(default)] otherwise: f64 },
    Min { of: Vec<Operand> },
    Max { of: Vec<Operand> },
    Clamp { of: Operand, low: f64, high: f64 },
    Remap { of: Operand, from: [f64; 2], to: [f64; 2] },
    Abs { of: Operand },
    Threshold { of: Operand, on: f64, off: Option<f64> },
    Curve { of: Operand, points: Vec<[f64; 2]> },
    Delay { of: Operand, initial: Constant },
    Smooth { of: Operand, seconds: f64, #[serde(default)] initial: f64 },
    Accumulate { gain: Operand, #[serde(default = "zero")] decay: Operand, reset: Option<Operand>, #[serde(default)] low: f64, #[serde(default = "one")] high: f64, initial: Option<f64> },
    Counter { when: Operand, reset: Option<Operand> },
    Timer { when: Operand },
    Latch { set: Operand, reset: Operand, #[serde(default)] initial: bool },
    Edge { of: Operand, on: EdgeOn },
    StateMachine { states: Vec<String>, initial: String, transitions: Vec<Transition> },
    Compare { a: Operand, op: Comparison, b: Operand },
    Is { of: Operand, any: Vec<String> },
    And { of: Vec<Operand> },
    Or { of: Vec<Operand> },
    Not { of: Operand },
    Select { of: Operand, cases: BTreeMap<String, Operand>, otherwise: Operand },
    Switch { when: Operand, then: Operand, r#else: Operand },
    Choose { when: Operand, options: Vec<Constant> },
    Response { when: Operand, expression: Word, emotion: Word, animation: Word, intensity: Operand, #[serde(default = "usual_priority")] priority: u8 },
    Output { responses: Vec<String>, rest: Rest, #[serde(default = "usual_hold")] hold_ms: u64 },
}

const fn zero() -> Operand {
    Operand::Literal(Literal::Number(0.0))
}
const fn one() -> f64 {
    1.0
}
const fn usual_priority() -> u8 {
    10
}
const fn usual_hold() -> u64 {
    400
}

/// The settings and the nodes of a parsed document.
pub(super) fn read(document: Value) -> Result<(Settings, Vec<Written>), GraphError> {
    let mut settings: Settings = serde_json::from_value(document).map_err(|error| {
        GraphError::whole(GraphCode::BadFormat, format!("is not written right: {}", cut(&error)))
    })?;
    if settings.version != VERSION {
        let detail = format!("is of version {}; write \"version\": {VERSION}", settings.version);
        return Err(GraphError::whole(GraphCode::UnknownVersion, detail));
    }
    let nodes = std::mem::take(&mut settings.nodes);
    if nodes.len() > MOST_NODES {
        let detail = format!("has {} nodes; at most {MOST_NODES} are read", nodes.len());
        return Err(GraphError::whole(GraphCode::TooLarge, detail));
    }
    let nodes: Result<Vec<_>, _> =
        nodes.into_iter().enumerate().map(|(at, node)| one_node(at, node)).collect();
    Ok((settings, nodes?))
}

fn one_node(at: usize, node: Value) -> Result<Written, GraphError> {
    let nameless = |what: &str| {
        GraphError::whole(GraphCode::BadFormat, format!("has a node (number {}) {what}", at + 1))
    };
    let Value::Object(mut members) = node else { return Err(nameless("that is not an object")) };
    let Some(Value::String(id)) = members.remove("id") else {
        return Err(nameless("without a name: give it an \"id\""));
    };
    if id.is_empty() || id.len() > LONGEST_ID || id.chars().any(char::is_control) {
        return Err(nameless(&format!("whose \"id\" is not 1 to {LONGEST_ID} bytes of text")));
    }
    members.remove("note");
    known_kind(&id, &members)?;
    match serde_json::from_value(Value::Object(members)) {
        Ok(kind) => Ok(Written { id, kind }),
        Err(error) => {
            Err(GraphError::of(GraphCode::BadFormat, &id, format!("is not written right: {}", cut(&error))))
        }
    }
}

/// Told apart from other mistakes by asking for the kind alone.
fn known_kind(id: &str, members: &Map<String, Value>) -> Result<(), GraphError> {
    let Some(kind) = members.get("kind").and_then(Value::as_str) else {
        return Err(GraphError::of(GraphCode::BadFormat, id, "has no \"kind\""));
    };
    if KINDS.contains(&kind) {
        return Ok(());
    }
    let detail = format!("is of the unknown kind \"{}\"; one of: {}", short(kind), KINDS.join(", "));
    Err(GraphError::of(GraphCode::UnknownKind, id, detail))
}

/// The name of every kind.
#[rustfmt::skip]
pub(super) const KINDS: [&str; 31] = [
    "input", "constant", "add", "subtract", "multiply", "divide", "min", "max", "clamp", "remap", "abs",
    "threshold", "curve", "delay", "smooth", "accumulate", "counter", "timer", "latch", "edge",
    "state_machine", "compare", "is", "and", "or", "not", "select", "switch", "choose", "response", "output",
];

impl Kind {
    /// Whether what it tells was settled before the present step, so that a ring through it is no riddle.
    pub(super) const fn is_memory(&self) -> bool {
        matches!(
            self,
            Self::Delay { .. }
                | Self::Smooth { .. }
                | Self::Accumulate { .. }
                | Self::Counter { .. }
                | Self::Timer { .. }
                | Self::Latch { .. }
                | Self::StateMachine { .. }
        )
    }

    /// The names of the nodes that it reads.
    pub(super) fn reads(&self) -> Vec<&str> {
        let operands: Vec<&Operand> = match self {
            Self::Input { .. } | Self::Constant { .. } => Vec::new(),
            Self::Add { of } | Self::Multiply { of } | Self::Min { of } | Self::Max { of } => {
                of.iter().collect()
            }
            Self::And { of } | Self::Or { of } => of.iter().collect(),
            Self::Subtract { a, b } | Self::Divide { a, b, .. } | Self::Compare { a, b, .. } => vec![a, b],
            Self::Clamp { of, .. }
            | Self::Remap { of, .. }
            | Self::Abs { of }
            | Self::Threshold { of, .. }
            | Self::Curve { of, .. }
            | Self::Delay { of, .. }
            | Self::Smooth { of, .. }
            | Self::Edge { of, .. }
            | Self::Is { of, .. }
            | Self::Not { of } => vec![of],
            Self::Accumulate { gain, decay, reset, .. } => [gain, decay].into_iter().chain(reset).collect(),
            Self::Counter { when, reset } => [when].into_iter().chain(reset).collect(),
            Self::Timer { when } | Self::Choose { when, .. } => vec![when],
            Self::Latch { set, reset, .. } => vec![set, reset],
            Self::StateMachine { transitions, .. } => transitions.iter().map(|one| &one.when).collect(),
            Self::Select { of, cases, otherwise } => {
                [of, otherwise].into_iter().chain(cases.values()).collect()
            }
            Self::Switch { when, then, r#else } => vec![when, then, r#else],
            Self::Response { when, expression, emotion, animation, intensity, .. } => {
                vec![when, intensity, &expression.0, &emotion.0, &animation.0]
            }
            Self::Output { responses, .. } => return responses.iter().map(String::as_str).collect(),
        };
        operands.into_iter().filter_map(Operand::node).collect()
    }
}
