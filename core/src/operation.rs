//! The only code that makes a request valid: defaults filled, presets expanded, numbers normal,
//! text NFC and trimmed, unknown fields refused, and every wrong field reported at once.
//!
//! A [`ClipSpec`] is only ever made here, so a key cannot be computed from an unchecked request. What a
//! page asks for itself takes a shorter way ([`own`]), which the tests hold against this one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Fallback, Strategy};
use crate::catalog::{self, ModelDef};
use crate::character::Character;
use crate::cue::Cue;
use crate::problem::{FieldCode, FieldError};
use crate::units::Millis;

mod address;
pub(crate) mod fields;
mod look;
pub mod own;
mod params;
mod preview;

use fields::Fields;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A clip of one catalogue state, for a widget.
    StateClip,
    /// A clip of a game character's reaction.
    NpcResponse,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 2] = [Self::StateClip, Self::NpcResponse];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StateClip => "state_clip",
            Self::NpcResponse => "npc_response",
        }
    }
}

/// A checked, complete description of one clip. Everything in it changes the picture, except
/// [`Character::name`], which is empty here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipSpec {
    /// What is generated.
    pub operation: Operation,
    /// By which model of the catalogue.
    pub model: String,
    /// Of whom.
    pub character: Character,
    /// Doing what.
    pub cue: Cue,
    /// The full prompt.
    pub prompt: String,
    /// What to avoid; may be empty.
    pub negative_prompt: String,
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Denoising steps.
    pub steps: u32,
    /// Classifier-free guidance scale, in hundredths steps.
    pub cfg: f64,
    /// Length in milliseconds.
    pub duration_ms: Millis,
    /// The seed.
    pub seed: u32,
}

impl ClipSpec {
    /// How many frames the clip has: duration times rate, rounded, at least one.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let frames = (self.duration_ms.0 * u64::from(self.fps) + 500) / 1000;
        u32::try_from(frames.max(1)).unwrap_or(u32::MAX)
    }

    /// Who makes it: the provider of the model, while the catalogue has the model.
    #[must_use]
    pub fn provider(&self) -> Option<&'static str> {
        catalog::models().model(&self.model).map(|model| model.provider.as_str())
    }
}

/// Who shares a clip, from the strategy and the caller's own `cache_key`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Set for `per_playthrough`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playthrough: Option<String>,
    /// Set for `per_player`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
    /// Set for `always`: a fresh one for every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The caller's own part, whatever the strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<String>,
    /// Kept out of what others are shown, whatever the strategy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// What a caller wants shown until there is a clip. We pass it on and never load it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultContent {
    /// An absolute `https` address, or a path that starts with one `/`.
    pub url: String,
    /// Its media type, if the caller says.
    pub content_type: Option<String>,
}

/// A checked `POST /jobs` body.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidJob {
    /// What to make.
    pub spec: ClipSpec,
    /// Who shares it.
    pub scope: Scope,
    /// 0 to 20, higher first.
    pub priority: u8,
    /// How widely a clip is shared.
    pub strategy: Strategy,
    /// What to show meanwhile: the caller's choices, best first. At least one, none twice.
    pub fallbacks: Vec<Fallback>,
    /// What `default_content` stands for; there whenever it is among the fallbacks.
    pub default_content: Option<DefaultContent>,
    /// Asked for ahead of need.
    pub speculative: bool,
    /// The clip to make first, where the caller asked for one in less quality and there is less.
    pub preview: Option<ClipSpec>,
    /// Where to tell how it ended: `https`, or `http` on this machine; no user, no password.
    pub webhook: Option<String>,
    /// Whether the request holds words of the caller's own that no menu lists: a token of a page
    /// may not send any.
    pub free_text: bool,
}

/// The priority of a request that names none.
pub const DEFAULT_PRIORITY: u8 = 10;
/// The intensity of a reaction that names none, 0 to 1.
pub const USUAL_INTENSITY: f64 = 0.5;
/// The highest priority.
pub const MAX_PRIORITY: u8 = 20;
/// Longest `prompt` and `negative_prompt`, in characters.
pub const MAX_PROMPT_CHARS: usize = 1000;
/// Longest expression, emotion or animation, in characters.
pub const MAX_WORD_CHARS: usize = 40;
/// Longest address that a caller names, in characters.
pub const MAX_URL_CHARS: usize = 2_000;
/// Longest name of a character, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest media type that a caller names, in characters.
pub const MAX_MEDIA_TYPE_CHARS: usize = 100;
/// Most denoising steps.
pub const MAX_STEPS: u64 = 100;
/// Largest classifier-free guidance scale.
pub const MAX_CFG: f64 = 30.0;
/// Inputs that no model takes yet. Games send them empty, which asks for nothing.
pub const INPUTS_OF_NO_MODEL: [&str; 5] = ["npc_base_image", "base_image", "loras", "audio", "mask"];
/// Longest id that a caller chooses (player, playthrough, cache key, character), in characters.
pub const MAX_ID_CHARS: usize = 64;

/// Checks the body of `POST /jobs`. `nonce` is fresh randomness from the shell, used by the
/// `always` strategy only.
///
/// # Errors
/// Every wrong field, in the order of the fields.
pub fn validate(body: &Value, nonce: &str) -> Result<ValidJob, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut root = Fields::new(body, String::new(), &mut errors);

    let operation = root.choice("operation_type", &Operation::ALL, |o| o.as_str(), None);
    let provider = root.text("provider_id", 1, MAX_ID_CHARS);
    let priority = root
        .whole("priority", 0, u64::from(MAX_PRIORITY))
        .map_or(DEFAULT_PRIORITY, |p| u8::try_from(p).unwrap_or(MAX_PRIORITY));
    let strategy = root.choice("strategy", &Strategy::ALL, |s| s.as_str(), Some(Strategy::Once));
    // A clip of another cue, or a still, surprises a caller that has not asked for it: `cached`
    // and `freeze` are chosen, the placeholder is given.
    let fallbacks = root.choices("fallback", &Fallback::ALL, |f| f.as_str(), Fallback::Placeholder);
    let default_content = address::default_content(&mut root);
    if fallbacks.contains(&Fallback::DefaultContent) && default_content.is_none() {
        root.require("default_content", "the url that the fallback default_content shows");
    }
    let webhook = address::webhook(&mut root);
    let cache_key = root.text("cache_key", 1, MAX_ID_CHARS);
    let speculative = root.flag("speculative").unwrap_or(false);
    let progressive = root.flag("progressive").unwrap_or(false);
    let private = root.flag("private").unwrap_or(false);
    let context = root.take("player_context");
    let params = root.take("params");
    root.refuse_the_rest();

    let scope = Scope { private, ..scope(strategy, context, cache_key, nonce, &mut errors) };
    let model = operation.and_then(|operation| model_for(operation, provider.as_deref(), &mut errors));

    let Some(params) = params else {
        errors.push(FieldError {
            pointer: "/params".into(),
            code: FieldCode::Required,
            detail: "an object with the operation's parameters".into(),
        });
        return Err(errors);
    };
    let fields = Fields::new(params, "/params".into(), &mut errors);
    // Without an operation or a model there is nothing to check the parameters against.
    let asked = match (operation, model) {
        (Some(operation), Some(model)) => params::read(operation, model, fields).map(|asked| (asked, model)),
        _ => None,
    };

    match (asked, strategy) {
        (Some((asked, model)), Some(strategy)) if errors.is_empty() => Ok(ValidJob {
            preview: progressive.then(|| preview::of(&asked.spec, model)).flatten(),
            spec: asked.spec,
            scope,
            priority,
            strategy,
            fallbacks,
            default_content,
            speculative,
            webhook,
            free_text: asked.free_text,
        }),
        _ => Err(errors),
    }
}

fn model_for(
    operation: Operation,
    provider: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> Option<&'static ModelDef> {
    let catalog = catalog::models();
    let found = catalog.model_for(operation.as_str(), provider);
    if found.is_none() {
        let serving = catalog.models_for(operation.as_str()).map(|m| m.provider.as_str());
        let mut known: Vec<&str> =
            serving.chain(catalog.provider_aliases.iter().map(String::as_str)).collect();
        known.dedup();
        errors.push(FieldError {
            pointer: "/provider_id".into(),
            code: FieldCode::UnknownValue,
            detail: format!("no such provider for {}; one of: {}", operation.as_str(), known.join(", ")),
        });
    }
    found
}

fn scope(
    strategy: Option<Strategy>,
    context: Option<&Value>,
    cache_key: Option<String>,
    nonce: &str,
    errors: &mut Vec<FieldError>,
) -> Scope {
    let empty = Value::Object(serde_json::Map::new());
    let mut fields = Fields::new(context.unwrap_or(&empty), "/player_context".into(), errors);
    let player = fields.text("player_id", 1, MAX_ID_CHARS);
    let playthrough = fields.text("playthrough_id", 1, MAX_ID_CHARS);
    let mut scope = Scope { cache_key, ..Scope::default() };
    match strategy {
        None | Some(Strategy::Once) => {}
        Some(Strategy::PerPlayer) => {
            if player.is_none() {
                fields.fault("player_id", FieldCode::Required, "the per_player strategy needs it".into());
            }
            scope.player = player;
        }
        Some(Strategy::PerPlaythrough) => {
            if playthrough.is_none() {
                let why = "the per_playthrough strategy needs it".into();
                fields.fault("playthrough_id", FieldCode::Required, why);
            }
            scope.playthrough = playthrough;
        }
        Some(Strategy::Always) => scope.nonce = Some(nonce.to_owned()),
    }
    fields.refuse_the_rest();
    scope
}
