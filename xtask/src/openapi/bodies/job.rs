//! The body of `POST /jobs` as JSON Schema: what every operation takes, around the parameters of each.

use cuelight_core::api::{Fallback, Strategy};
use cuelight_core::operation::{
    DEFAULT_PRIORITY, MAX_ID_CHARS, MAX_MEDIA_TYPE_CHARS, MAX_MODEL_CHARS, MAX_PRIORITY, MAX_URL_CHARS,
    MIN_NONCE_CHARS, Operation,
};
use serde_json::{Map, Value, json};

use super::{flag, id, media, object, or_null, reference, text};

/// Characters of an address (RFC 3986, section 2).
const URL_CHARS: &str = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*";
const HOST: &str = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,4})?";

/// The body, the body of each operation, and what they share, by name.
pub(super) fn all() -> Vec<(String, Value)> {
    let mut all = vec![
        ("JobRequest".to_owned(), job_request()),
        ("PlayerContext".to_owned(), player_context()),
        ("Fallbacks".to_owned(), fallbacks()),
        ("DefaultContent".to_owned(), default_content()),
        ("WebhookTarget".to_owned(), webhook()),
    ];
    all.extend(Operation::ALL.map(|operation| (request_name(operation), operation_request(operation))));
    all
}

fn job_request() -> Value {
    let schema = |operation| format!("#/components/schemas/{}", request_name(operation));
    let mapping: Map<String, Value> = Operation::ALL
        .map(|operation| (operation.as_str().to_owned(), schema(operation).into()))
        .into_iter()
        .collect();
    json!({
        "description": "What to make. Unknown members are refused; `null` is the same as leaving a member out.",
        "oneOf": Operation::ALL.map(|operation| reference(&request_name(operation))),
        "discriminator": {"propertyName": "operation_type", "mapping": mapping},
    })
}

/// `state_clip` as a type is called: `StateClip`.
fn type_name(operation: Operation) -> String {
    let words = operation.as_str().split('_');
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn request_name(operation: Operation) -> String {
    format!("{}Request", type_name(operation))
}

pub(super) fn params_name(operation: Operation) -> String {
    format!("{}Params", type_name(operation))
}

pub(super) fn params_of_any_name(operation: Operation) -> String {
    format!("{}ParamsOfAnyModel", type_name(operation))
}

const fn about(operation: Operation) -> &'static str {
    match operation {
        Operation::StateClip => "A clip of one state of the catalogue, for a widget.",
        Operation::NpcResponse => "A clip of a game character's reaction.",
        Operation::TextToImage => "A picture from words.",
        Operation::ImageVariation => "A picture from a picture.",
        Operation::CallImage => "A picture of two people who call each other, side by side.",
        Operation::TextToVideo => "A clip from words.",
        Operation::ImageToVideo => "A clip that begins with a picture.",
        Operation::VideoExtend => "A clip that goes on where another ends.",
        Operation::VideoTransition => "A clip from one picture to another.",
        Operation::Fusion => "Two pictures made one.",
        Operation::TalkingAvatar => "A clip of a picture that speaks.",
    }
}

pub(super) fn operation_request(operation: Operation) -> Value {
    let providers = media::providers(operation);
    let params = if operation.is_of_pages() {
        json!({
            "description": "In our own vocabulary; or for a model that knows no characters, which a `model` or a `base_image` asks for.",
            "anyOf": [reference(&params_name(operation)), reference(&params_of_any_name(operation))],
        })
    } else {
        media::params(operation, Map::new(), &[])
    };
    let mut model = text(
        0,
        MAX_MODEL_CHARS,
        "Which model is to make it: its id, its vendor's id, or another name for it. One that has ended is served by its successor, and `model_note` says so. Absent: the best that can, and `choice` says why.",
    );
    model["minLength"] = 1.into();
    model["examples"] = json!(media::model_ids(operation));
    let properties = json!({
        "operation_type": {"const": operation.as_str(), "description": "What is made."},
        "params": params,
        "model": or_null(model),
        "provider_id": or_null(json!({
            "type": "string",
            "enum": providers,
            "description": "Who is to make it. A name that games use and no provider has is served by whichever model is best.",
        })),
        "priority": or_null(json!({
            "type": "integer", "minimum": 0, "maximum": MAX_PRIORITY, "default": DEFAULT_PRIORITY,
            "description": "Higher first.",
        })),
        "strategy": or_null(json!({
            "type": "string", "enum": Strategy::ALL.map(Strategy::as_str), "default": Strategy::Once.as_str(),
            "description": "How widely the clip is shared: by everybody, for one playthrough, for one player, or made anew every time.",
        })),
        "player_context": or_nothing("PlayerContext", "Whose clip it is, for every strategy but `once`."),
        "fallback": {
            "description": "What to show meanwhile: one, or several, best first.",
            "anyOf": [reference("Fallbacks"), {"type": "null"}],
            "default": Fallback::Placeholder.as_str(),
        },
        "default_content": or_nothing("DefaultContent", "What the fallback `default_content` shows."),
        "progressive": flag("Make the `realtime` clip first, where that is less work, and tell of it as `preview`."),
        "private": flag("Keep the clip out of what others are shown: a key and a signed address of its own."),
        "speculative": flag("Asked for ahead of need: it waits behind whatever is wanted now, and has a budget of its own."),
        "webhook": or_nothing("WebhookTarget", "Whom to tell how the job ended."),
        "cache_key": or_null(id("The caller's own part of the key.")),
    });
    let needs = |member: &str, of: &str, inner: &str| {
        json!({
            "if": {"properties": {"strategy": {"const": of}}, "required": ["strategy"]},
            "then": {
                "properties": {member: {"type": "object", "required": [inner], "properties": {inner: {"type": "string"}}}},
                "required": [member],
            },
        })
    };
    let names_default = json!({"anyOf": [{"const": "default_content"}, {"type": "array", "contains": {"const": "default_content"}}]});
    let mut schema = object(about(operation), &["operation_type", "params"], properties);
    schema["allOf"] = json!([
        needs("player_context", "per_player", "player_id"),
        needs("player_context", "per_playthrough", "playthrough_id"),
        {
            "if": {"properties": {"fallback": names_default}, "required": ["fallback"]},
            "then": {"properties": {"default_content": {"type": "object"}}, "required": ["default_content"]},
        },
    ]);
    schema
}

fn or_nothing(name: &str, description: &str) -> Value {
    json!({"description": description, "anyOf": [reference(name), {"type": "null"}]})
}

pub(super) fn player_context() -> Value {
    object(
        "Whose clip it is, for every strategy but `once`.",
        &[],
        json!({
            "player_id": or_null(id("The player.")),
            "playthrough_id": or_null(id("The playthrough.")),
            "nonce": or_null(json!({
                "type": "string", "minLength": MIN_NONCE_CHARS, "maxLength": MAX_ID_CHARS,
                "description": "For `always`: random, and new for each clip. Who draws it can compute the clip's key; without it the edge draws one.",
            })),
        }),
    )
}

fn fallbacks() -> Value {
    let fallbacks = Fallback::ALL.map(Fallback::as_str);
    json!({
        "description": "What to show meanwhile: one, or several, best first.",
        "anyOf": [
            {"type": "string", "enum": fallbacks},
            {
                "type": "array", "items": {"type": "string", "enum": fallbacks},
                "minItems": 1, "maxItems": fallbacks.len(), "uniqueItems": true,
            },
        ],
    })
}

fn default_content() -> Value {
    object(
        "What the fallback `default_content` shows. Passed on, never loaded by the edge.",
        &["url"],
        json!({
            "url": url(
                "An https address without a user, or a path that starts with one `/`.",
                &format!("^(https://{HOST}([/?#]{URL_CHARS})?|/(?!/){URL_CHARS})$"),
            ),
            "content_type": or_null(json!({
                "type": "string", "maxLength": MAX_MEDIA_TYPE_CHARS,
                "pattern": r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$",
                "description": "Its media type.",
            })),
        }),
    )
}

fn webhook() -> Value {
    object(
        "Whom to tell how the job ended. Its host must be allowed by the deployment.",
        &["url"],
        json!({
            "url": url(
                "An https address without a user (http for this machine only).",
                &format!(
                    r"^(https://{HOST}|http://(localhost|127\.0\.0\.1)(:[0-9]{{1,4}})?)([/?#]{URL_CHARS})?$"
                ),
            ),
        }),
    )
}

fn url(description: &str, pattern: &str) -> Value {
    json!({"type": "string", "maxLength": MAX_URL_CHARS, "pattern": pattern, "description": description})
}
