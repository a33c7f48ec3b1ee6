//! Reads the parameters of one clip: of whom, doing what, in which words, size and length.

use serde_json::Value;

use super::fields::Fields;
use super::{
    ClipSpec, INPUTS_OF_NO_MODEL, MAX_CFG, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_PROMPT_CHARS, MAX_STEPS,
    Operation, USUAL_INTENSITY, look,
};
use crate::catalog::{self, ModelDef};
use crate::character::{self, Character};
use crate::cue::{Cue, Intensity, Reaction};
use crate::problem::FieldCode;
use crate::prompt;
use crate::units::Millis;

/// What the parameters ask for.
pub(super) struct Asked {
    /// The clip.
    pub(super) spec: ClipSpec,
    /// Whether words of the caller's own are in it.
    pub(super) free_text: bool,
}

/// Reads the member `params` of a request for `operation` from `model`.
pub(super) fn read(operation: Operation, model: &ModelDef, mut fields: Fields<'_, '_>) -> Option<Asked> {
    let catalog = catalog::built_in();
    let character = match operation {
        Operation::StateClip => look::character(&mut fields),
        Operation::NpcResponse => npc(&mut fields),
    };
    let extra = fields.text("prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();
    let negative_prompt = fields.text("negative_prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();
    let style = fields.word("art_style", "");
    let own_style = !style.is_empty() && !prompt::ART_STYLES.contains(&style.as_str());
    let free_text = own_style || !extra.is_empty() || !negative_prompt.is_empty();

    let (cue, prompt, usual_duration) = match operation {
        Operation::StateClip => {
            let ids: Vec<&str> = catalog.states.iter().map(|s| s.id.as_str()).collect();
            let id = fields.choice("state", &ids, |id| id, None);
            let state = id.and_then(|id| catalog.state(id));
            (
                id.map(Cue::state),
                state.map(|s| prompt::for_state(s, &style, &extra)),
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
            let prompt = prompt::for_reaction(&reaction, &style, &extra);
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
    let steps = fields.whole("steps", 1, MAX_STEPS).unwrap_or(u64::from(preset.steps));
    let cfg = fields.real("cfg", 0.0, MAX_CFG).map_or(preset.cfg, |cfg| (cfg * 100.0).round() / 100.0);
    let (low, high) = (model.duration_ms.min, model.duration_ms.max);
    #[allow(clippy::cast_precision_loss)] // Both ends are a few thousand.
    let seconds = fields.real("duration", low as f64 / 1000.0, high as f64 / 1000.0);
    // In seconds on the wire; a tenth of a second is as fine as a clip can be told apart.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let duration_ms = seconds.map_or(usual_duration, |s| Millis((s * 10.0).round() as u64 * 100));
    let seed = fields.whole("seed", 0, u64::from(u32::MAX));
    for input in INPUTS_OF_NO_MODEL {
        if fields.take(input).is_some_and(|value| !is_empty(value)) {
            fields.fault(input, FieldCode::UnsupportedByModel, format!("{} takes no {input}", model.id));
        }
    }
    fields.refuse_the_rest();

    let mut character = character?;
    character.name = String::new();
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let spec = ClipSpec {
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
    };
    Some(Asked { spec, free_text })
}

/// An empty list or text asks for nothing.
fn is_empty(value: &Value) -> bool {
    value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

fn intensity(fields: &mut Fields<'_, '_>) -> Intensity {
    let value = fields.real("intensity", 0.0, 1.0).unwrap_or(USUAL_INTENSITY);
    Intensity::from_unit(value).unwrap_or_default()
}

/// The character of an `npc_response`: given whole, or by `npc_id`. An id that is not built in
/// gets a face of its own, derived from the id, so that a game can start before it has artwork.
fn npc(fields: &mut Fields<'_, '_>) -> Option<Character> {
    // The game's display name: allowed for the game seed's sake, never part of the picture.
    let _ = fields.text("npc_name", 0, MAX_NAME_CHARS);
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
