//! The briefs that a prompt follows from, as JSON Schema.

use cuelight_core::operation::Operation;
use cuelight_core::prompt::background::Mood;
use cuelight_core::prompt::brief::{KINDS, MAX_ITEMS, MAX_TEXT_CHARS, MAX_WORD_CHARS};
use cuelight_core::prompt::card::{MAX_COLORS, Style};
use cuelight_core::prompt::request::MAX_SECONDS;
use serde_json::{Map, Value, json};

use super::{object, or_null, reference, text};

/// The schemas by name: the request, and each brief.
pub(super) fn shared() -> Vec<(String, Value)> {
    let mut all = vec![("PromptRequest".to_owned(), request())];
    all.extend(KINDS.map(|(kind, _)| (name(kind), own(kind))));
    all
}

/// The member `brief` of the parameters of `operation`, if it has one.
pub(super) fn of(operation: Operation) -> Option<Value> {
    let kinds: Vec<&str> =
        KINDS.iter().filter(|(_, made)| *made == operation).map(|(kind, _)| *kind).collect();
    let about = "What it is for, in the terms of its own: the prompt follows from it, and what `prompt` says is added.";
    (!kinds.is_empty()).then(|| {
        let mut brief = one_of(&kinds);
        brief["description"] = about.into();
        or_null(brief)
    })
}

fn request() -> Value {
    let kinds = KINDS.map(|(kind, _)| kind);
    let mut brief = one_of(&kinds);
    brief["description"] = "What the prompt is for.".into();
    let seconds = json!({
        "type": "number", "minimum": 0.1, "maximum": MAX_SECONDS,
        "description": "How long the clip is to be, in seconds, where it is one.",
    });
    object("What a prompt is wanted for.", &["brief"], json!({"brief": brief, "duration": or_null(seconds)}))
}

/// An object with one of these members.
fn one_of(kinds: &[&str]) -> Value {
    let members: Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), reference(&name(kind)))).collect();
    json!({
        "type": "object", "properties": members, "additionalProperties": false,
        "minProperties": 1, "maxProperties": 1,
    })
}

fn name(kind: &str) -> String {
    let (first, rest) = kind.split_at(1);
    format!("{}{rest}Brief", first.to_uppercase())
}

fn own(kind: &str) -> Value {
    let word = |about: &str| or_null(text(0, MAX_WORD_CHARS, about));
    let long = |about: &str| or_null(text(0, MAX_TEXT_CHARS, about));
    let words = |about: &str| {
        let item = text(1, MAX_WORD_CHARS, "One of them.");
        or_null(json!({"type": "array", "maxItems": MAX_ITEMS, "items": item, "description": about}))
    };
    let (about, members) = match kind {
        "mascot" => (
            "The picture of a product's mascot, from which clips of it can begin. All of it may be empty.",
            json!({
                "product": word("What the product is called."),
                "kind": word("What the character is, such as `friendly robot`."),
                "vibes": words("What it is like."),
            }),
        ),
        "cover" => {
            let styles = json!({"type": "string", "enum": Style::ALL.map(Style::as_str)});
            let color = object(
                "A colour and its name.",
                &["color"],
                json!({
                    "name": word("What it is called."),
                    "color": text(1, MAX_WORD_CHARS, "The colour, such as `#4f7cff` or `navy`."),
                }),
            );
            (
                "The picture on the cover of a card: one motif as a silhouette. All of it may be empty.",
                json!({
                    "motif": long("What is seen."),
                    "styles": or_null(json!({
                        "type": "array", "maxItems": Style::ALL.len(), "items": styles,
                        "description": "In which styles.",
                    })),
                    "palette": or_null(json!({
                        "type": "array", "maxItems": MAX_COLORS, "items": color, "description": "Its colours.",
                    })),
                }),
            )
        }
        "background" => (
            "A clip to stand behind a page. All of it may be empty.",
            json!({
                "description": long("What is seen."),
                "mood": or_null(json!({
                    "type": "string", "enum": Mood::ALL.map(Mood::as_str), "description": "In which mood.",
                })),
            }),
        ),
        _ => (
            "A still scene of a story that is to move. All of it may be empty.",
            json!({
                "title": word("What the scene is called."),
                "description": long("What is seen."),
                "narration": long("What is said over it."),
                "setting": word("Where and when the story plays."),
                "tone": word("How it sounds, such as `whimsical`."),
                "characters": words("Who is in it."),
            }),
        ),
    };
    object(about, &[], members)
}
