//! The request bodies as JSON Schema, with the bounds that `core` checks by: its constants and its
//! catalogue. What a schema cannot say (text is trimmed and made NFC, a webhook's host must be
//! allowed) is answered with 422 by the code that knows.

use cuelight_core::auth::token::MAX_TTL;
use cuelight_core::auth::token_request as token;
use cuelight_core::catalog::{self, Bounds, ModelDef};
use cuelight_core::character::{self, Body};
use cuelight_core::operation::{
    INPUTS_OF_MEDIA, MAX_CFG, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_PROMPT_CHARS, MAX_STEPS, MAX_WORD_CHARS,
    Operation, USUAL_INTENSITY,
};
use cuelight_core::prompt::ART_STYLES;
use serde_json::{Map, Value, json};

mod brief;
mod job;
mod media;

/// The schemas by name. The answers' schemas come from the types; these come from what is checked.
pub(super) fn all() -> Vec<(String, Value)> {
    let mut all = job::all();
    for operation in Operation::OF_PAGES {
        all.push((job::params_name(operation), params(operation)));
        all.push((job::params_of_any_name(operation), params_of_any(operation)));
    }
    all.extend(media::shared());
    all.extend(brief::shared());
    all.extend([
        ("CharacterDefinition".to_owned(), character_definition()),
        ("TokenRequest".to_owned(), token_request()),
        ("LaneRequest".to_owned(), lane_request()),
    ]);
    all
}

/// The parameters for a model that knows our characters.
fn params(operation: Operation) -> Value {
    let model = catalog::models().model_for(operation.as_str(), None);
    let (mut properties, required) = subject(operation);
    properties.extend(size_and_words(model));
    with_somebody(
        operation,
        object("Of whom, doing what, in which quality.", required, Value::Object(properties)),
    )
}

/// The parameters for any other model.
fn params_of_any(operation: Operation) -> Value {
    let (mut properties, required) = subject(operation);
    properties.insert("quality_preset".into(), quality_preset());
    properties.insert("art_style".into(), art_style());
    with_somebody(operation, media::params(operation, properties, required))
}

/// A reaction names its character in one of two ways.
fn with_somebody(operation: Operation, mut schema: Value) -> Value {
    if operation == Operation::NpcResponse {
        schema["anyOf"] = json!([
            {"properties": {"npc_id": {"type": "string"}}, "required": ["npc_id"]},
            {"properties": {"character": {"type": ["string", "object"]}}, "required": ["character"]},
        ]);
    }
    schema
}

/// What says of whom a clip is and doing what, and which of it is required.
fn subject(operation: Operation) -> (Map<String, Value>, &'static [&'static str]) {
    let ids: Vec<&str> = character::built_in().keys().map(String::as_str).collect();
    let character = json!({
        "description": "A built-in character by its id, or a whole definition.",
        "anyOf": [{"type": "string", "enum": ids}, reference("CharacterDefinition")],
    });
    let mut properties = Map::new();
    if operation == Operation::StateClip {
        let states: Vec<&str> = catalog::built_in().states.iter().map(|state| state.id.as_str()).collect();
        properties.insert("character".into(), character);
        properties.insert(
            "state".into(),
            json!({"type": "string", "enum": states, "description": "What the character does."}),
        );
        return (properties, &["character", "state"]);
    }
    properties.insert("character".into(), or_null(character));
    properties.insert("npc_id".into(), or_null(id(
        "The game's id for the character. One that is not built in gets a face of its own, derived from the id.",
    )));
    properties.insert(
        "npc_name".into(),
        or_null(text(0, MAX_NAME_CHARS, "The game's name for the character. Does not change the picture.")),
    );
    for (name, default, about) in [
        ("expression", "neutral", "The face."),
        ("emotion", "neutral", "The feeling behind it."),
        ("animation", "idle", "What the body does."),
    ] {
        let mut word = word(about);
        word["default"] = default.into();
        properties.insert(name.into(), or_null(word));
    }
    properties.insert(
        "intensity".into(),
        or_null(json!({
            "type": "number", "minimum": 0, "maximum": 1, "default": USUAL_INTENSITY,
            "description": "How strongly. Rounded to a tenth.",
        })),
    );
    (properties, &[])
}

fn quality_preset() -> Value {
    let presets: Vec<&str> = catalog::built_in().presets.iter().map(|preset| preset.id.as_str()).collect();
    or_null(json!({
        "type": "string", "enum": presets, "default": "fast",
        "description": "Size, frame rate, steps and guidance in one word; `GET /api/v1/presets` says which.",
    }))
}

fn art_style() -> Value {
    let mut style = word("A style; part of the prompt. One of the examples, or words of the caller's own.");
    style["examples"] = json!(ART_STYLES);
    or_null(style)
}

/// The parameters of every clip, within what `model` accepts.
fn size_and_words(model: Option<&ModelDef>) -> Map<String, Value> {
    let mut all = json!({
        "quality_preset": quality_preset(),
        "steps": or_null(json!({"type": "integer", "minimum": 1, "maximum": MAX_STEPS, "description": "Denoising steps."})),
        "cfg": or_null(json!({"type": "number", "minimum": 0, "maximum": MAX_CFG, "description": "Classifier-free guidance scale."})),
        "seed": or_null(seed("The seed. Absent: the character's own, so that its clips match.")),
        "art_style": art_style(),
        "prompt": or_null(text(0, MAX_PROMPT_CHARS, "What to add to the prompt. Not for a page's token.")),
        "negative_prompt": or_null(text(0, MAX_PROMPT_CHARS, "What to avoid. Not for a page's token.")),
    });
    if let Some(model) = model {
        let ranges = [
            ("width", model.dimension_px, "Width in px."),
            ("height", model.dimension_px, "Height in px."),
            ("fps", model.fps, "Frames a second."),
        ];
        for (name, bounds, about) in ranges {
            if let Some(bounds) = bounds {
                all[name] = or_null(bounded(bounds, about));
            }
        }
        if let Some(Bounds { min, max, .. }) = model.duration_ms {
            let seconds = |ms: u64| std::time::Duration::from_millis(ms).as_secs_f64();
            all["duration"] = or_null(json!({
                "type": "number", "minimum": seconds(min), "maximum": seconds(max),
                "description": "Length in seconds, in tenths. Absent: the state's own.",
            }));
        }
    }
    for input in INPUTS_OF_MEDIA {
        all[input] = json!({
            "enum": [null, "", []],
            "description": "For models that know no characters. Empty asks for nothing.",
        });
    }
    all.as_object().cloned().unwrap_or_default()
}

fn character_definition() -> Value {
    let color = || json!({"$ref": "#/components/schemas/Color"});
    let look = object(
        "What it looks like.",
        &["body", "primary", "secondary", "accent", "backdrop"],
        json!({
            "body": {"type": "string", "enum": Body::ALL.map(Body::as_str), "description": "What it is built on."},
            "primary": color(), "secondary": color(), "accent": color(), "backdrop": color(),
        }),
    );
    object(
        "A character of the caller's own.",
        &["id", "look"],
        json!({
            "id": {"type": "string", "pattern": format!("^[a-z0-9-]{{1,{MAX_ID_CHARS}}}$"), "description": "Its stable id."},
            "version": or_null(json!({
                "type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1,
                "description": "Raised whenever the artwork changes.",
            })),
            "name": or_null(text(0, MAX_NAME_CHARS, "What people call it. Does not change the picture.")),
            "seed": or_null(seed("The seed its clips are made with, so that they match.")),
            "look": look,
        }),
    )
}

fn token_request() -> Value {
    let states: Vec<&str> = catalog::built_in().states.iter().map(|state| state.id.as_str()).collect();
    let reaction = object(
        "Reactions by their words. A word that is absent may be any.",
        &[],
        json!({
            "expression": or_null(word("The face.")),
            "emotion": or_null(word("The feeling.")),
            "animation": or_null(word("What the body does.")),
            "max_intensity": or_null(json!({"type": "number", "minimum": 0, "maximum": 1, "description": "The strongest that is meant."})),
        }),
    );
    let label = "[a-z0-9_-]{1,63}";
    object(
        "What a page may do, for how long and for how much.",
        &["origins", "budget_micro_usd"],
        json!({
            "origins": {
                "type": "array", "minItems": 1, "maxItems": token::MAX_ORIGINS,
                "items": {"type": "string", "pattern": format!(r"^https?://{label}(\.{label})*(:[1-9][0-9]{{0,3}})?$")},
                "description": "The pages that may use the token, as a browser writes them in `Origin`.",
            },
            "budget_micro_usd": {
                "type": "integer", "minimum": 0, "maximum": token::MAX_BUDGET.0,
                "description": "The most that may be spent with it, in millionths of a dollar.",
            },
            "ttl_s": or_null(json!({
                "type": "integer", "minimum": token::MIN_TTL.0 / 1_000, "maximum": MAX_TTL.0 / 1_000,
                "default": token::DEFAULT_TTL.0 / 1_000, "description": "For how many seconds it is good.",
            })),
            "characters": or_null(json!({
                "type": "array", "minItems": 1, "maxItems": token::MAX_CHARACTERS,
                "items": id("A character's id."), "description": "The characters it is for. Absent: any.",
            })),
            "cues": or_null(json!({
                "type": "array", "minItems": 1, "maxItems": token::MAX_CUES,
                "items": {"anyOf": [{"type": "string", "enum": states}, reaction]},
                "description": "The cues it is for: states by their ids, reactions by their words. Absent: any.",
            })),
            "requests": or_null(object(
                "How often it may ask for a clip that does not exist. Absent: as the deployment says.",
                &["count", "window_s"],
                json!({
                    "count": {"type": "integer", "minimum": 1, "maximum": token::MAX_REQUESTS},
                    "window_s": {"type": "integer", "minimum": 1, "maximum": token::MAX_REQUEST_WINDOW.0 / 1_000},
                }),
            )),
            "private": flag("Whether it may ask for private clips."),
            "player": or_null(id("The one player it speaks for. Absent: any.")),
        }),
    )
}

fn lane_request() -> Value {
    object(
        "What an operator sets on a lane.",
        &["drained"],
        json!({"drained": {
            "type": "boolean",
            "description": "True lets no more work through; what is under way goes on. False lets it through again.",
        }}),
    )
}

/// A reference to a schema of the document.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    let mut schema = json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The same, or `null`: which is how a member may be left out, too.
fn or_null(mut schema: Value) -> Value {
    if let Some(alternatives) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        alternatives.push(json!({"type": "null"}));
        return schema;
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

/// Text without control characters. It is trimmed before it is counted.
fn text(min: usize, max: usize, description: &str) -> Value {
    let pattern = if min == 0 {
        r"^[^\u0000-\u001f\u007f-\u009f]*$"
    } else {
        r"^[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$"
    };
    let mut schema =
        json!({"type": "string", "maxLength": max, "pattern": pattern, "description": description});
    if min > 0 {
        schema["minLength"] = json!(min);
    }
    schema
}

fn id(description: &str) -> Value {
    text(1, MAX_ID_CHARS, description)
}

fn word(description: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": MAX_WORD_CHARS,
        "pattern": r"^[\p{L}\p{N} _-]+$",
        "description": description,
    })
}

fn seed(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u32::MAX, "description": description})
}

fn flag(description: &str) -> Value {
    or_null(json!({"type": "boolean", "default": false, "description": description}))
}

fn bounded(bounds: Bounds, description: &str) -> Value {
    let mut schema =
        json!({"type": "integer", "minimum": bounds.min, "maximum": bounds.max, "description": description});
    if let Some(step) = bounds.multiple_of {
        schema["multipleOf"] = json!(step);
    }
    schema
}

#[cfg(test)]
mod tests;
