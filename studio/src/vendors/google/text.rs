//! What a model of words answers: a few plausible sentences about what it was told, or JSON of the shape
//! that was asked for. The same request gets the same answer.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::content::{Ask, tokens};

const CAMERA: &[&str] = &[
    "holds still at eye level",
    "pushes in slowly",
    "drifts from left to right",
    "circles a quarter turn",
    "starts wide and comes closer",
];
const MOTION: &[&str] = &[
    "small movements of head and hands carry the moment, and nothing else moves",
    "the body settles into the pose in one breath",
    "a gentle sway runs through the figure, from the shoulders down",
    "one clear gesture unfolds and returns to where it began",
];
const LIGHT: &[&str] = &[
    "Soft light from above, a calm background",
    "Warm afternoon light with long shadows",
    "Even studio light, clean colours",
    "Cool light from the side, a hint of mist",
];
const ENDING: &[&str] = &[
    "the last frame meets the first",
    "the face stays readable throughout",
    "it ends on a quiet beat",
    "no cut and no text",
];
/// The longest piece of the request that is repeated, in characters.
const SUBJECT: usize = 160;
/// How deep a shape is followed.
const DEPTH: usize = 8;

/// The answer, and whether the limit of tokens cut it.
pub(super) fn answer(ask: &Ask, number: u32) -> (String, bool) {
    let whole = match &ask.schema {
        Some(shape) => value(shape, &Chance::of(ask, number), &subject(ask), 0).to_string(),
        None => prose(&Chance::of(ask, number), &subject(ask)),
    };
    match ask.max_tokens {
        Some(most) if tokens(&whole) > most => {
            let letters = usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(4);
            (whole.chars().take(letters).collect(), true)
        }
        _ => (whole, false),
    }
}

/// A sentence beside a picture.
pub(super) fn caption(ask: &Ask) -> String {
    format!("Here is your picture: {}.", subject(ask))
}

fn prose(chance: &Chance, subject: &str) -> String {
    let pick = |at, all| chance.pick(at, all);
    format!(
        "{subject}. The camera {}; {}. {}; {}.",
        pick(0, CAMERA),
        pick(1, MOTION),
        pick(2, LIGHT),
        pick(3, ENDING)
    )
}

/// What the request is about: its last words without a label, in one line, cut between words.
fn subject(ask: &Ask) -> String {
    let line = ask.last.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = match line.split_once(": ") {
        Some((label, rest)) if label.len() <= 40 && !rest.is_empty() => rest,
        _ => &line,
    };
    let mut subject = String::new();
    for word in line.split(' ') {
        if subject.chars().count() + word.chars().count() >= SUBJECT {
            break;
        }
        if !subject.is_empty() {
            subject.push(' ');
        }
        subject.push_str(word);
    }
    let subject = subject.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    if subject.is_empty() { "A quiet scene".to_owned() } else { subject.to_owned() }
}

/// A value of this shape.
fn value(shape: &Value, chance: &Chance, subject: &str, depth: usize) -> Value {
    let kind =
        shape["type"].as_str().or_else(|| shape["type"][0].as_str()).unwrap_or_default().to_lowercase();
    let words = || prose(&chance.at(depth), subject);
    if let Some(known) = shape["enum"].as_array().filter(|all| !all.is_empty()) {
        return known[chance.at(depth).number(0) % known.len()].clone();
    }
    let fields = shape["properties"].as_object();
    match kind.as_str() {
        _ if depth >= DEPTH => Value::Null,
        "array" => {
            let least = shape["minItems"].as_u64().or_else(|| shape["minItems"].as_str()?.parse().ok());
            let count = least.unwrap_or(1).clamp(1, 20);
            (0..count).map(|at| value(&shape["items"], &chance.at(at as usize), subject, depth + 1)).collect()
        }
        "integer" | "number" => {
            let low = shape["minimum"].as_f64().unwrap_or(0.0);
            let high = shape["maximum"].as_f64().unwrap_or(low + 1.0);
            let middle = f64::midpoint(low, high);
            if kind == "integer" { json!(middle.floor()) } else { json!(middle) }
        }
        "boolean" => json!(true),
        "null" => Value::Null,
        "object" | "" if fields.is_some() => fields.map_or(Value::Null, |fields| {
            let made = fields
                .iter()
                .enumerate()
                .map(|(at, (name, shape))| (name.clone(), value(shape, &chance.at(at), subject, depth + 1)));
            Value::Object(made.collect::<Map<_, _>>())
        }),
        "string" => {
            let most = shape["maxLength"].as_u64().or_else(|| shape["maxLength"].as_str()?.parse().ok());
            let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            json!(words().chars().take(most).collect::<String>())
        }
        _ => json!({ "prompt": words() }),
    }
}

/// A choice that a request decides.
struct Chance([u8; 32]);

impl Chance {
    fn of(ask: &Ask, number: u32) -> Self {
        let mut hash = Sha256::new();
        for text in [&ask.system, &ask.words] {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        hash.update(ask.seed.unwrap_or_default().to_be_bytes());
        hash.update(number.to_be_bytes());
        Self(hash.finalize().into())
    }

    /// Another choice, for another place.
    fn at(&self, place: usize) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(place.to_be_bytes()).finalize().into())
    }

    fn number(&self, at: usize) -> usize {
        usize::from(self.0[at % 32])
    }

    fn pick<'a>(&self, at: usize, all: &[&'a str]) -> &'a str {
        all[self.number(at) % all.len().max(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::google::models;

    fn ask(body: &Value) -> Ask {
        Ask::read(models::find("gemini-2.5-flash").unwrap(), body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_same_words_get_the_same_sentences_and_other_words_others() {
        let say = |words: &str| answer(&ask(&json!({ "contents": [{ "parts": [{ "text": words }] }] })), 0).0;
        assert_eq!(say("Scene: a market at dawn."), say("Scene: a market at dawn."));
        assert!(say("Scene: a market at dawn.").starts_with("a market at dawn. The camera "));
        assert_ne!(say("a harbour at dusk"), say("a market at dawn"));
    }

    #[test]
    fn json_has_the_shape_that_was_asked_for() {
        let shape = json!({ "type": "OBJECT", "properties": {
            "prompt": { "type": "STRING", "maxLength": 40 },
            "mood": { "type": "STRING", "enum": ["calm", "tense"] },
            "seconds": { "type": "INTEGER", "minimum": 4, "maximum": 8 },
            "shots": { "type": "ARRAY", "minItems": 2, "items": { "type": "STRING" } },
        }});
        let body = json!({ "contents": [{ "parts": [{ "text": "a market" }] }],
            "generationConfig": { "responseMimeType": "application/json", "responseSchema": shape } });
        let made: Value = serde_json::from_str(&answer(&ask(&body), 0).0).unwrap();
        assert!(made["prompt"].as_str().unwrap().chars().count() <= 40);
        assert!(["calm", "tense"].contains(&made["mood"].as_str().unwrap()));
        assert_eq!((made["seconds"].as_f64(), made["shots"].as_array().unwrap().len()), (Some(6.0), 2));
    }

    #[test]
    fn an_answer_ends_at_its_limit() {
        let body = json!({ "contents": [{ "parts": [{ "text": "a market" }] }],
            "generationConfig": { "maxOutputTokens": 5 } });
        let (words, cut) = answer(&ask(&body), 0);
        assert!(cut && words.chars().count() == 20);
    }
}
