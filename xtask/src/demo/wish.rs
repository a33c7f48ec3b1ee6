//! What each model is asked to make: every operation it serves, as short and as small as it can.

use cuelight_core::catalog::{ModelDef, OutputKind, Status};
use cuelight_core::operation::Operation;
use cuelight_core::order::Role;
use serde_json::{Map, Value, json};

use super::materials::Materials;

/// What is to be seen.
const PROMPT: &str = "a small robot waves at the camera, warm evening light, gentle motion";
/// Where a model takes any length, in milliseconds.
const USUAL_MS: u64 = 2_000;

/// One job.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) operation: String,
    /// Whether a clip is asked for, and not a picture.
    pub(super) clip: bool,
    /// The body of the request.
    pub(super) body: Value,
}

impl Wish {
    /// For people.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.model, self.operation)
    }

    /// For files.
    pub(super) fn file_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        format!("{}.{}", self.model.chars().map(plain).collect::<String>(), self.operation)
    }
}

/// One job for every operation of every model that still serves.
pub(super) fn all(models: &[ModelDef], materials: &Materials) -> Vec<Wish> {
    let serving = models.iter().filter(|model| model.lifecycle.status != Status::Retired);
    serving
        .flat_map(|model| {
            model.operations.iter().filter_map(|name| {
                let operation = serde_json::from_value(json!(name)).ok()?;
                Some(Wish {
                    provider: model.provider.clone(),
                    model: model.id.clone(),
                    operation: name.clone(),
                    clip: model.output != OutputKind::Image,
                    body: json!({
                        "operation_type": name,
                        "model": model.id,
                        "params": params(model, operation, materials),
                    }),
                })
            })
        })
        .collect()
}

fn params(model: &ModelDef, operation: Operation, materials: &Materials) -> Value {
    match operation {
        Operation::StateClip => {
            return json!({"character": "bolt", "state": "happy", "quality_preset": "fast"});
        }
        Operation::NpcResponse => {
            return json!({
                "npc_id": "gate-guard", "expression": "smile", "emotion": "joy", "animation": "wave",
                "quality_preset": "fast",
            });
        }
        _ => {}
    }
    let mut params = Map::new();
    params.insert("prompt".into(), PROMPT.into());
    if operation == Operation::CallImage {
        params.insert("left".into(), json!({"name": "Ada", "context": "a patient engineer"}));
        params.insert("right".into(), json!({"name": "Noor", "setting": "a kitchen at noon"}));
    }
    for role in Role::ALL {
        let input = model.inputs.iter().find(|input| input.role == role);
        let wanted = operation.needs().contains(&role)
            || input.is_some_and(|input| input.required)
            // Who is to speak: the only way to show that a mask arrives.
            || (role == Role::Mask && operation == Operation::TalkingAvatar && input.is_some());
        if let Some(asset) = materials.get(&role).filter(|_| wanted) {
            params.insert(role.as_str().to_owned(), asset.clone());
        }
    }
    if let Some(resolution) = model.resolutions.iter().min_by_key(|name| lines(name)) {
        params.insert("resolution".into(), resolution.as_str().into());
    }
    // A clip between two pictures, or after another, has a length of the model's own choice.
    let free = !matches!(operation, Operation::VideoTransition | Operation::VideoExtend);
    if let Some(ms) = shortest(model).filter(|_| free) {
        #[allow(clippy::cast_precision_loss)] // A few thousand.
        params.insert("duration".into(), (ms as f64 / 1_000.0).into());
    }
    if model.seed.is_some() {
        params.insert("seed".into(), 7.into());
    }
    Value::Object(params)
}

/// The shortest clip that is worth a look; `None` where the length is not a choice.
fn shortest(model: &ModelDef) -> Option<u64> {
    let listed = model.durations_ms.iter().map(|length| length.0).min();
    listed.or(model.duration_ms.map(|bounds| USUAL_MS.clamp(bounds.min, bounds.max)))
}

/// What the name of a resolution comes to: `720p` is 720, `2K` is 2048.
fn lines(name: &str) -> u32 {
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().unwrap_or(u32::MAX);
    if name.ends_with(['K', 'k']) { number.saturating_mul(1_024) } else { number }
}

#[cfg(test)]
mod tests {
    use cuelight_core::catalog;

    use super::*;

    #[test]
    fn every_model_that_serves_is_asked_for_all_it_does() {
        let materials = Role::ALL.map(|role| (role, json!({"asset": role.as_str()}))).into();
        let models = &catalog::models().models;
        let wishes = all(models, &materials);
        for model in models {
            let asked = wishes.iter().filter(|wish| wish.model == model.id).count();
            let retired = model.lifecycle.status == Status::Retired;
            assert_eq!(asked, if retired { 0 } else { model.operations.len() }, "{}", model.id);
        }
    }

    #[test]
    fn what_an_operation_needs_is_sent_along() {
        let materials = Role::ALL.map(|role| (role, json!({"asset": role.as_str()}))).into();
        for wish in all(&catalog::models().models, &materials) {
            let operation: Operation = serde_json::from_value(json!(wish.operation)).unwrap();
            for role in operation.needs() {
                assert!(wish.body["params"][role.as_str()].is_object(), "{}", wish.name());
            }
        }
    }

    #[test]
    fn the_smallest_resolution_is_known_by_its_name() {
        let names = ["2K", "1080p", "512", "720p", "1K"];
        assert_eq!(names.into_iter().min_by_key(|name| lines(name)), Some("512"));
        assert_eq!(lines("1K"), 1_024);
    }
}
