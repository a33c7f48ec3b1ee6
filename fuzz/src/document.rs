//! JSON from any bytes: the document that they spell, or else a good one with the changes that
//! they stand for. So mutations reach what lies behind the parser.

use serde_json::{Map, Value};

use crate::choices::Choices;

/// Most changes to a document. Each may double it.
const MOST_EDITS: usize = 8;

/// The document in `data`, or a changed one of `good`, which may not be empty.
#[must_use]
pub fn read(data: &[u8], good: &[Value]) -> Value {
    serde_json::from_slice(data).unwrap_or_else(|_| {
        let mut choices = Choices::new(data);
        let base = choices.pick(good).clone();
        edited(&mut choices, base)
    })
}

/// `base` with up to eight changes.
#[must_use]
pub fn edited(choices: &mut Choices<'_>, mut base: Value) -> Value {
    for _ in 0..choices.below(MOST_EDITS + 1) {
        edit(choices, &mut base);
    }
    base
}

/// `value` as text, with the members of every object in the opposite order.
#[must_use]
pub fn backwards(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Array(items) => format!("[{}]", joined(items.iter().map(backwards).collect())),
        Value::Object(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), backwards(value)))
                .collect();
            members.reverse();
            format!("{{{}}}", joined(members))
        }
        plain => plain.to_string(),
    }
}

fn edit(choices: &mut Choices<'_>, root: &mut Value) {
    let donor = somewhere(choices, &mut root.clone()).clone();
    let place = somewhere(choices, root);
    match (choices.below(6), place) {
        (0, place) => *place = donor,
        // Numbers count things, and are worth more than one try in sixteen.
        (1..=4, place) if place.is_number() => *place = choices.number().into(),
        (1 | 2, Value::Object(members)) => {
            let name = name(choices, members);
            members.insert(name, if choices.flag() { donor } else { value(choices) });
        }
        (1, Value::Array(items)) => items.push(value(choices)),
        (3, Value::Object(members)) => drop(remove(choices, members)),
        (3, Value::Array(items)) if !items.is_empty() => drop(items.remove(choices.below(items.len()))),
        (4, Value::Object(members)) => {
            if let Some(moved) = remove(choices, members) {
                members.insert(choices.text(), moved);
            }
        }
        (_, place) => *place = value(choices),
    }
}

/// A value anywhere in `value`, itself included.
fn somewhere<'v>(choices: &mut Choices<'_>, value: &'v mut Value) -> &'v mut Value {
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if count == 0 || choices.below(4) == 3 {
        return value;
    }
    let place = choices.below(count);
    match value {
        Value::Array(items) => somewhere(choices, &mut items[place]),
        Value::Object(members) => somewhere(choices, members.values_mut().nth(place).unwrap()),
        plain => plain,
    }
}

fn remove(choices: &mut Choices<'_>, members: &mut Map<String, Value>) -> Option<Value> {
    let name = members.keys().nth(choices.below(members.len()))?.clone();
    members.remove(&name)
}

/// A name that is there, or any.
fn name(choices: &mut Choices<'_>, members: &Map<String, Value>) -> String {
    let place = choices.below(members.len() + 1);
    members.keys().nth(place).cloned().unwrap_or_else(|| choices.text())
}

/// A value that somebody may not have thought of.
fn value(choices: &mut Choices<'_>) -> Value {
    match choices.below(16) {
        0 => Value::Null,
        1 => true.into(),
        2 => false.into(),
        3 => "".into(),
        4 => Value::Array(Vec::new()),
        5 => Value::Object(Map::new()),
        6 => (-1).into(),
        7 => i64::MIN.into(),
        8 => (-0.0).into(),
        9 => 0.35.into(),
        10 => 1e300.into(),
        11 => "e\u{301}\u{202e}\u{feff}\u{0}".into(),
        12 => "é".repeat(1_001).into(),
        13 => choices.number().into(),
        14 => (f64::from(choices.byte()) / 4.0).into(),
        _ => choices.text().into(),
    }
}
