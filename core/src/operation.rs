//! The only code that makes a request valid: defaults filled, presets expanded, numbers normal,
//! text NFC and trimmed, unknown fields refused, and every wrong field reported at once.
//!
//! A [`ClipSpec`] is only ever made here, so a key cannot be computed from an unchecked request.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Fallback, Strategy};
use crate::catalog::{self, ModelDef};
use crate::character::{self, Character};
use crate::cue::{Cue, Intensity, Reaction};
use crate::problem::{FieldCode, FieldError};
use crate::prompt;
use crate::units::Millis;

pub(crate) mod fields;
mod look;

use fields::Fields;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// What to show meanwhile.
    pub fallback: Fallback,
    /// Asked for ahead of need.
    pub speculative: bool,
}

/// The priority of a request that names none.
pub const DEFAULT_PRIORITY: u8 = 10;
/// The highest priority.
pub const MAX_PRIORITY: u8 = 20;
/// Longest `prompt` and `negative_prompt`, in characters.
pub const MAX_PROMPT_CHARS: usize = 1000;
/// Longest expression, emotion or animation, in characters.
pub const MAX_WORD_CHARS: usize = 40;
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
    let fallback = root.choice("fallback", &Fallback::ALL, |f| f.as_str(), Some(Fallback::Placeholder));
    let cache_key = root.text("cache_key", 1, MAX_ID_CHARS);
    let speculative = root.flag("speculative").unwrap_or(false);
    let context = root.take("player_context");
    let params = root.take("params");
    root.refuse_the_rest();

    let scope = scope(strategy, context, cache_key, nonce, &mut errors);
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
    let spec = match (operation, model) {
        (Some(operation), Some(model)) => spec(operation, model, fields),
        _ => None,
    };

    match (spec, strategy, fallback) {
        (Some(spec), Some(strategy), Some(fallback)) if errors.is_empty() => {
            Ok(ValidJob { spec, scope, priority, strategy, fallback, speculative })
        }
        _ => Err(errors),
    }
}

fn model_for(
    operation: Operation,
    provider: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> Option<&'static ModelDef> {
    let models = &catalog::built_in().models;
    let serves = |m: &&ModelDef| m.operations.iter().any(|o| o == operation.as_str());
    let found = models.iter().filter(serves).find(|m| provider.is_none_or(|p| p == m.provider));
    if found.is_none() {
        let mut known: Vec<&str> = models.iter().filter(serves).map(|m| m.provider.as_str()).collect();
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

fn spec(operation: Operation, model: &ModelDef, mut fields: Fields<'_, '_>) -> Option<ClipSpec> {
    let catalog = catalog::built_in();
    let character = match operation {
        Operation::StateClip => look::character(&mut fields),
        Operation::NpcResponse => npc(&mut fields),
    };
    let extra = fields.text("prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();
    let negative_prompt = fields.text("negative_prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();

    let (cue, prompt, usual_duration) = match operation {
        Operation::StateClip => {
            let ids: Vec<&str> = catalog.states.iter().map(|s| s.id.as_str()).collect();
            let id = fields.choice("state", &ids, |id| id, None);
            let state = id.and_then(|id| catalog.state(id));
            (
                id.map(Cue::state),
                state.map(|s| prompt::for_state(s, &extra)),
                state.map_or(Millis(3000), |s| s.duration_ms),
            )
        }
        Operation::NpcResponse => {
            let reaction = Reaction {
                expression: fields.word("expression", "neutral"),
                emotion: fields.word("emotion", "neutral"),
                animation: fields.word("animation", "idle"),
                intensity: intensity(&mut fields),
            };
            let prompt = prompt::for_reaction(&reaction, &extra);
            (Some(Cue::Reaction(reaction)), Some(prompt), Millis(3000))
        }
    };

    let presets: Vec<&str> = catalog.presets.iter().map(|p| p.id.as_str()).collect();
    let preset = fields.choice("quality_preset", &presets, |id| id, Some("fast"));
    // An unknown preset is already reported; any preset keeps the other checks going.
    let preset = preset.and_then(|id| catalog.preset(id)).or(catalog.presets.first())?;
    let width = fields.bounded("width", &model.dimension_px, u64::from(preset.width), "px");
    let height = fields.bounded("height", &model.dimension_px, u64::from(preset.height), "px");
    let fps = fields.bounded("fps", &model.fps, u64::from(preset.fps), "frames a second");
    let steps = fields.whole("steps", 1, 100).unwrap_or(u64::from(preset.steps));
    let cfg = fields.real("cfg", 0.0, 30.0).map_or(preset.cfg, |cfg| (cfg * 100.0).round() / 100.0);
    let (low, high) = (model.duration_ms.min, model.duration_ms.max);
    #[allow(clippy::cast_precision_loss)] // Both ends are a few thousand.
    let seconds = fields.real("duration", low as f64 / 1000.0, high as f64 / 1000.0);
    // In seconds on the wire; a tenth of a second is as fine as a clip can be told apart.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let duration_ms = seconds.map_or(usual_duration, |s| Millis((s * 10.0).round() as u64 * 100));
    let seed = fields.whole("seed", 0, u64::from(u32::MAX));
    for input in ["npc_base_image", "base_image", "loras", "art_style", "audio", "mask"] {
        if fields.take(input).is_some() {
            fields.fault(input, FieldCode::UnsupportedByModel, format!("{} takes no {input}", model.id));
        }
    }
    fields.refuse_the_rest();

    let mut character = character?;
    character.name = String::new();
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(ClipSpec {
        operation,
        model: model.id.clone(),
        seed: seed.map_or(character.seed, small),
        character,
        cue: cue?,
        prompt: prompt?,
        negative_prompt,
        width: small(width),
        height: small(height),
        fps: small(fps),
        steps: small(steps),
        cfg,
        duration_ms,
    })
}

fn intensity(fields: &mut Fields<'_, '_>) -> Intensity {
    let value = fields.real("intensity", 0.0, 1.0).unwrap_or(0.5);
    Intensity::from_unit(value).unwrap_or_default()
}

/// The character of an `npc_response`: given whole, or by `npc_id`. An id that is not built in
/// gets a face of its own, derived from the id, so that a game can start before it has artwork.
fn npc(fields: &mut Fields<'_, '_>) -> Option<Character> {
    // The game's display name: allowed for the game seed's sake, never part of the picture.
    let _ = fields.text("npc_name", 0, 60);
    if fields.has("character") {
        let _ = fields.text("npc_id", 1, MAX_ID_CHARS);
        return look::character(fields);
    }
    let Some(id) = fields.text("npc_id", 1, MAX_ID_CHARS) else {
        fields.require("npc_id", "the game's id for the character (or give character)");
        return None;
    };
    Some(character::built_in().get(&id).cloned().unwrap_or_else(|| Character::derived(&id)))
}
