//! An order in WaveSpeed's words. Every model takes the same few members under the same names, so the
//! catalogue's entry says which of them it is sent: a new model is an entry and no code.

use cuelight_core::order::Role;
use serde_json::{Map, Value, json};

use super::seconds;
use crate::{Brief, ProviderError};

/// Its members and ours, the longer name first where one holds another.
const FIELDS: [(&str, &str); 17] = [
    ("enable_prompt_expansion", "prompt_expansion"),
    ("negative_prompt", "negative_prompt"),
    ("guidance_scale", "guidance"),
    ("last_image", "end_image"),
    ("mask_image", "mask"),
    ("left_audio", "audio"),
    ("right_audio", "right_audio"),
    ("strength", "strength"),
    ("aspect_ratio", "aspect_ratio"),
    ("resolution", "resolution"),
    ("duration", "duration_ms"),
    ("prompt", "prompt"),
    ("audio", "audio"),
    ("image", "image"),
    ("video", "video"),
    ("seed", "seed"),
    ("size", "size"),
];

/// Our name of the first field that a refusal names.
pub(super) fn field_in(words: &str) -> Option<&'static str> {
    let mut names = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    names.find_map(|word| FIELDS.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours))
}

/// What an input is called. Where two speak, each has a name of their own.
fn name_of(role: Role, two_speak: bool) -> &'static str {
    match role {
        Role::Image => "image",
        Role::EndImage => "last_image",
        Role::Mask => "mask_image",
        Role::Audio if two_speak => "left_audio",
        Role::Audio => "audio",
        Role::RightAudio => "right_audio",
        Role::Video => "video",
    }
}

/// The body of an order whose inputs are at `addresses`.
///
/// # Errors
/// [`ProviderError::Invalid`] for an input that the model does not take, or one that it lacks.
pub(super) fn body(brief: &Brief<'_>, addresses: &[(Role, String)]) -> Result<Value, ProviderError> {
    let (order, model) = (brief.order, brief.model);
    let invalid = |role: Role, message: &str| ProviderError::Invalid {
        field: Some(role.as_str().to_owned()),
        message: message.to_owned(),
    };
    let two_speak = model.input(Role::RightAudio).is_some();
    let mut body = Map::new();
    for (role, address) in addresses {
        if model.input(*role).is_none() {
            return Err(invalid(*role, "the model does not take it"));
        }
        body.insert(name_of(*role, two_speak).to_owned(), json!(address));
    }
    let missing = model
        .inputs
        .iter()
        .find(|input| input.required && !addresses.iter().any(|(role, _)| *role == input.role));
    if let Some(input) = missing {
        return Err(invalid(input.role, "the model needs it"));
    }
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    put("prompt", (!order.prompt.is_empty()).then(|| json!(order.prompt)));
    let avoids = model.negative_prompt.is_some() && !order.negative_prompt.is_empty();
    put("negative_prompt", avoids.then(|| json!(order.negative_prompt)));
    let named = (!model.resolutions.is_empty()).then_some(order.resolution.as_ref()).flatten();
    put("resolution", named.map(|name| json!(name)));
    // A model that has names for its sizes is not told them in px, too.
    let sized = model.resolutions.is_empty() && (!model.sizes.is_empty() || model.dimension_px.is_some());
    let size = sized.then_some(order.size).flatten();
    put("size", size.map(|[width, height]| json!(format!("{width}*{height}"))));
    let ratio = (!model.aspect_ratios.is_empty()).then_some(order.aspect_ratio.as_ref()).flatten();
    put("aspect_ratio", ratio.map(|ratio| json!(ratio)));
    let chosen = !model.length_of_audio && model.usual_duration().is_some();
    let length = chosen.then_some(order.duration_ms).flatten();
    put("duration", length.map(|length| json!(seconds(length))));
    put("guidance_scale", model.guidance.as_ref().and(order.guidance).map(|guidance| json!(guidance)));
    // Theirs says how far to leave the image, ours how closely to follow it.
    put("strength", model.strength.and(order.strength).map(|strength| json!(1.0 - strength)));
    put("seed", model.seed.as_ref().and(order.seed).map(|seed| json!(seed)));
    let expands = model.prompt_expansion.then_some(order.prompt_expansion).flatten();
    put("enable_prompt_expansion", expands.map(|expands| json!(expands)));
    // Both at once, as on a call.
    put("order", two_speak.then(|| json!("meanwhile")));
    Ok(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use cuelight_core::catalog;

    use super::*;
    use crate::testing::order;

    /// What a model of the catalogue is told of an order with these fields and all the inputs it needs.
    fn told(model: &str, fields: Value) -> Value {
        let (model, order) = (catalog::models().model(model).unwrap(), order(fields, &[]));
        let brief = Brief { order: &order, clip: None, model, materials: &[], idempotency_key: "k.1.1" };
        let needed = model.inputs.iter().filter(|input| input.required);
        let addresses: Vec<_> =
            needed.map(|input| (input.role, "https://cdn.example/i.png".to_owned())).collect();
        body(&brief, &addresses).unwrap()
    }

    #[test]
    fn the_ordered_size_is_told_in_px_unless_the_model_has_names_for_its_sizes() {
        for (model, fields, size) in [
            ("wan-2.5-text-to-video", json!({"size": [832, 480]}), json!("832*480")),
            ("wavespeed-z-image-turbo", json!({"size": [512, 768]}), json!("512*768")),
            ("wavespeed-z-image-base", json!({"size": [1536, 256]}), json!("1536*256")),
            ("wavespeed-z-image-base", json!({}), Value::Null),
            ("kandinsky-5-pro", json!({"size": [512, 768]}), Value::Null),
        ] {
            assert_eq!(told(model, fields)["size"], size, "{model}");
        }
    }

    #[test]
    fn the_closer_the_image_is_followed_the_lower_is_their_strength() {
        for (model, fields, strength) in [
            ("wavespeed-z-image-base", json!({"strength": 0.75}), json!(0.25)),
            ("wavespeed-z-image-base", json!({"strength": 1.0}), json!(0.0)),
            ("wavespeed-z-image-base", json!({}), Value::Null),
            ("wavespeed-z-image-turbo", json!({"strength": 0.75}), Value::Null),
        ] {
            assert_eq!(told(model, fields)["strength"], strength, "{model}");
        }
        assert_eq!(field_in("strength must be at most 1"), Some("strength"));
    }
}
