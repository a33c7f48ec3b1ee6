//! The briefs that a prompt follows from, as JSON Schema.

use cuelight_core::operation::Operation;
use cuelight_core::prompt::background::{self, Mood};
use cuelight_core::prompt::brief::KINDS;
use cuelight_core::prompt::card::{self, Style};
use cuelight_core::prompt::request::MAX_SECONDS;
use cuelight_core::prompt::{mascot, scene};
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
    let word = |most: usize, about: &str| or_null(text(0, most, about));
    let words = |most: usize, most_chars: usize, about: &str| {
        let item = text(1, most_chars, "One of them.");
        or_null(json!({"type": "array", "maxItems": most, "items": item, "description": about}))
    };
    let (about, members) = match kind {
        "mascot" => (
            "The picture of a product's mascot, from which clips of it can begin. All of it may be empty.",
            json!({
                "product": word(mascot::MAX_NAME_CHARS, "What the product is called."),
                "kind": word(mascot::MAX_NAME_CHARS, "What the character is, such as `friendly robot`."),
                "vibes": words(mascot::MAX_VIBES, mascot::MAX_VIBE_CHARS, "What it is like."),
            }),
        ),
        "cover" => {
            let styles = json!({"type": "string", "enum": Style::ALL.map(Style::as_str)});
            let color = object(
                "A colour and its name.",
                &["color"],
                json!({
                    "name": word(card::MAX_COLOR_CHARS, "What it is called."),
                    "color": text(1, card::MAX_COLOR_CHARS, "The colour, such as `#4f7cff` or `navy`."),
                }),
            );
            (
                "The picture on the cover of a card: one motif as a silhouette. All of it may be empty.",
                json!({
                    "motif": word(card::MAX_MOTIF_CHARS, "What is seen."),
                    "styles": or_null(json!({
                        "type": "array", "maxItems": Style::ALL.len(), "items": styles,
                        "description": "In which styles.",
                    })),
                    "palette": or_null(json!({
                        "type": "array", "maxItems": card::MAX_COLORS, "items": color, "description": "Its colours.",
                    })),
                }),
            )
        }
        "background" => (
            "A clip to stand behind a page. All of it may be empty.",
            json!({
                "description": word(background::MAX_DESCRIPTION_CHARS, "What is seen."),
                "mood": or_null(json!({
                    "type": "string", "enum": Mood::ALL.map(Mood::as_str), "description": "In which mood.",
                })),
            }),
        ),
        _ => (
            "A still scene of a story that is to move. All of it may be empty.",
            json!({
                "title": word(scene::MAX_TITLE_CHARS, "What the scene is called."),
                "description": word(scene::MAX_TEXT_CHARS, "What is seen."),
                "narration": word(scene::MAX_TEXT_CHARS, "What is said over it."),
                "setting": word(scene::MAX_SETTING_CHARS, "Where and when the story plays."),
                "tone": word(scene::MAX_TONE_CHARS, "How it sounds, such as `whimsical`."),
                "characters": words(scene::MAX_CHARACTERS, scene::MAX_CHARACTER_CHARS, "Who is in it."),
            }),
        ),
    };
    object(about, &[], members)
}
