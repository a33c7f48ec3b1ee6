//! The body of a submission, read and checked. What a stranger sends ends here: after it there are
//! numbers in range, parsed colours and words of bounded length.

use cuelight_core::catalog;
use cuelight_core::character::Look;
use cuelight_core::cue::{Cue, Intensity, Reaction};
use serde::Deserialize;

use crate::clip::Spec;

/// A checked order: what to draw, and how much effort the caller pretends to want.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What to draw.
    pub spec: Spec,
    /// Denoising steps of the model this stands for; decides the delay only.
    pub steps: u32,
    /// Whether the prompt is one that is refused.
    pub refused: bool,
}

/// Why an order was refused, and which field is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OrderError {
    /// The field, dotted, for instance `cue.intensity`; `None` when the body as a whole is wrong.
    pub field: Option<&'static str>,
    /// What is wrong and what would be right.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    model: String,
    character: Who,
    cue: serde_json::Value,
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    negative_prompt: String,
    width: u32,
    height: u32,
    fps: u32,
    #[serde(default = "default_steps")]
    steps: u32,
    #[serde(default)]
    cfg: Option<f64>,
    duration_ms: u32,
    seed: u32,
}

fn default_steps() -> u32 {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    id: String,
    version: u32,
    seed: u32,
    look: Look,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateCue {
    state: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReactionCue {
    expression: String,
    emotion: String,
    animation: String,
    intensity: f64,
}

fn fault(field: &'static str, message: impl Into<String>) -> OrderError {
    OrderError { field: Some(field), message: message.into() }
}

impl Order {
    /// Reads and checks a body.
    ///
    /// # Errors
    /// With the first field that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, OrderError> {
        let body: Body = serde_json::from_slice(bytes).map_err(|error| OrderError {
            field: None,
            message: format!("the body cannot be read: {error}"),
        })?;
        let model = catalog::models()
            .models
            .iter()
            .find(|model| model.provider == "studio" && model.id == body.model)
            .ok_or_else(|| fault("model", "not a model of this studio; see the catalogue"))?;
        let cue = read_cue(body.cue)?;
        let (Some(sides), Some(rates), Some(lengths)) = (model.dimension_px, model.fps, model.duration_ms)
        else {
            return Err(fault("model", "not a model of this studio; see the catalogue"));
        };
        for (field, px) in [("width", body.width), ("height", body.height)] {
            if !sides.allows(px.into()) {
                let bounds = sides;
                let step = bounds.multiple_of.map(|m| format!(", a multiple of {m}")).unwrap_or_default();
                return Err(fault(field, format!("{} to {} px{step}", bounds.min, bounds.max)));
            }
        }
        if !rates.allows(body.fps.into()) {
            return Err(fault("fps", format!("{} to {} frames a second", rates.min, rates.max)));
        }
        if !lengths.allows(body.duration_ms.into()) {
            let bounds = lengths;
            return Err(fault("duration_ms", format!("{} to {} milliseconds", bounds.min, bounds.max)));
        }
        if !(1..=100).contains(&body.steps) {
            return Err(fault("steps", "1 to 100"));
        }
        if body.cfg.is_some_and(|cfg| !(0.0..=30.0).contains(&cfg)) {
            return Err(fault("cfg", "0 to 30"));
        }
        if body.prompt.chars().count() > 2000 {
            return Err(fault("prompt", "at most 2000 characters"));
        }
        if body.negative_prompt.chars().count() > 2000 {
            return Err(fault("negative_prompt", "at most 2000 characters"));
        }
        if !(1..=64).contains(&body.character.id.chars().count()) {
            return Err(fault("character.id", "1 to 64 characters"));
        }
        if body.character.version == 0 {
            return Err(fault("character.version", "1 or more"));
        }
        let spec = Spec {
            look: body.character.look,
            character_seed: body.character.seed,
            motion_seed: body.seed,
            cue,
            width: body.width,
            height: body.height,
            fps: body.fps,
            duration_ms: body.duration_ms,
            // The studio decides, never the order.
            burn_in: false,
        };
        let refused =
            body.prompt.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == "forbidden");
        Ok(Self { spec, steps: body.steps, refused })
    }
}

fn read_cue(value: serde_json::Value) -> Result<Cue, OrderError> {
    if value.get("state").is_some() {
        let StateCue { state } = serde_json::from_value(value)
            .map_err(|error| fault("cue", format!("a state and nothing else: {error}")))?;
        if catalog::built_in().state(&state).is_none() {
            return Err(fault("cue.state", "not a state of the catalogue"));
        }
        return Ok(Cue::State { state });
    }
    let words: ReactionCue = serde_json::from_value(value).map_err(|error| {
        fault("cue", format!("a state, or expression, emotion, animation and intensity: {error}"))
    })?;
    for (field, word) in [
        ("cue.expression", &words.expression),
        ("cue.emotion", &words.emotion),
        ("cue.animation", &words.animation),
    ] {
        if !(1..=40).contains(&word.chars().count()) {
            return Err(fault(field, "1 to 40 characters"));
        }
    }
    let intensity =
        Intensity::from_unit(words.intensity).ok_or_else(|| fault("cue.intensity", "between 0 and 1"))?;
    Ok(Cue::Reaction(Reaction {
        expression: words.expression,
        emotion: words.emotion,
        animation: words.animation,
        intensity,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn good() -> Value {
        json!({
            "model": "studio-character-1",
            "character": {"id": "bolt", "version": 1, "seed": 11, "look": {
                "body": "robot", "primary": "#4f7cff", "secondary": "#1d2b64", "accent": "#ffd166", "backdrop": "#e8eeff"}},
            "cue": {"state": "talking"}, "prompt": "speaking", "negative_prompt": "", "width": 256, "height": 256,
            "fps": 8, "steps": 4, "cfg": 1.5, "duration_ms": 3000, "seed": 11
        })
    }

    fn read(value: &Value) -> Result<Order, OrderError> {
        Order::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_state_and_a_reaction_are_read() {
        assert_eq!(read(&good()).unwrap().spec.cue, Cue::state("talking"));
        let mut body = good();
        body["cue"] =
            json!({"expression": "pleased", "emotion": "happy", "animation": "giggle", "intensity": 0.74});
        assert_eq!(read(&body).unwrap().spec.cue.to_string(), "pleased/happy/giggle 0.7");
    }

    #[test]
    fn each_bad_field_is_named() {
        for (pointer, value, field) in [
            ("/model", json!("other"), "model"),
            ("/width", json!(100), "width"),
            ("/height", json!(4096), "height"),
            ("/fps", json!(0), "fps"),
            ("/steps", json!(0), "steps"),
            ("/cfg", json!(99), "cfg"),
            ("/duration_ms", json!(10), "duration_ms"),
            ("/cue", json!({"state": "juggling"}), "cue.state"),
            ("/cue", json!({"state": "idle", "extra": 1}), "cue"),
            (
                "/cue",
                json!({"expression": "", "emotion": "a", "animation": "b", "intensity": 0.5}),
                "cue.expression",
            ),
            (
                "/cue",
                json!({"expression": "a", "emotion": "a", "animation": "b", "intensity": 1.5}),
                "cue.intensity",
            ),
            ("/character/version", json!(0), "character.version"),
        ] {
            let mut body = good();
            *body.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read(&body).unwrap_err().field, Some(field), "{pointer}");
        }
    }

    #[test]
    fn the_forbidden_word_is_noticed_as_a_word() {
        let with = |prompt: &str| {
            let mut body = good();
            body["prompt"] = json!(prompt);
            read(&body).unwrap().refused
        };
        assert!(with("something Forbidden!"));
        assert!(!with("unforbiddenly nice"));
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Order::read(&bytes);
        }
    }
}
