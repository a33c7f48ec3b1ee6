//! Reads the parameters of one clip: of whom, doing what, in which words, size and length.

use serde_json::Value;

use super::fields::Fields;
use super::{ClipSpec, INPUTS_OF_MEDIA, MAX_CFG, MAX_PROMPT_CHARS, MAX_STEPS, Operation, Subject};
use crate::catalog::{self, ModelDef};
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
    let (Some(sides), Some(rates), Some(lengths)) = (model.dimension_px, model.fps, model.duration_ms) else {
        let detail = format!("{} makes no clips of characters; it needs a base_image", model.id);
        fields.fault("base_image", FieldCode::Required, detail);
        return None;
    };
    let subject = Subject::read(operation, &mut fields);
    let extra = fields.text("prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();
    let negative_prompt = fields.text("negative_prompt", 0, MAX_PROMPT_CHARS).unwrap_or_default();
    let style = fields.word("art_style", "");
    let own_style = !style.is_empty() && !prompt::ART_STYLES.contains(&style.as_str());
    let free_text = own_style || !extra.is_empty() || !negative_prompt.is_empty();

    let usual_duration = subject.as_ref().map_or(Millis(0), Subject::usual_duration);

    let presets: Vec<&str> = catalog.presets.iter().map(|p| p.id.as_str()).collect();
    let preset = fields.choice("quality_preset", &presets, |id| id, Some("fast"));
    // An unknown preset is already reported; any preset keeps the other checks going.
    let preset = preset.and_then(|id| catalog.preset(id)).or(catalog.presets.first())?;
    let width = fields.bounded("width", &sides, u64::from(preset.width), "px");
    let height = fields.bounded("height", &sides, u64::from(preset.height), "px");
    let fps = fields.bounded("fps", &rates, u64::from(preset.fps), "frames a second");
    let steps = fields.whole("steps", 1, MAX_STEPS).unwrap_or(u64::from(preset.steps));
    let cfg = fields.real("cfg", 0.0, MAX_CFG).map_or(preset.cfg, |cfg| (cfg * 100.0).round() / 100.0);
    let (low, high) = (lengths.min, lengths.max);
    #[allow(clippy::cast_precision_loss)] // Both ends are a few thousand.
    let seconds = fields.real("duration", low as f64 / 1000.0, high as f64 / 1000.0);
    // In seconds on the wire; a tenth of a second is as fine as a clip can be told apart.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let duration_ms = seconds.map_or(usual_duration, |s| Millis((s * 10.0).round() as u64 * 100));
    let seed = fields.whole("seed", 0, u64::from(u32::MAX));
    for input in INPUTS_OF_MEDIA {
        if fields.take(input).is_some_and(|value| !is_empty(value)) {
            fields.fault(input, FieldCode::UnsupportedByModel, format!("{} takes no {input}", model.id));
        }
    }
    fields.refuse_the_rest();

    let subject = subject?;
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let spec = ClipSpec {
        operation,
        model: model.id.clone(),
        seed: seed.map_or(subject.character.seed, small),
        prompt: subject.prompt(&style, &extra),
        character: subject.character,
        cue: subject.cue,
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
