//! The canonical form of an order: built field by field, as that of a clip, and hashed the same way.
//!
//! What is the model's own choice is absent. Of what it is made from the hash says it all.

use serde_json::{Map, Value, json};

use super::{CacheKey, VERSION, canonical_bytes, letters_of, scope_value};
use crate::operation::Scope;
use crate::order::Order;

impl CacheKey {
    /// The key of `order` for `tenant` within `scope`.
    #[must_use]
    pub fn of_order(tenant: &str, order: &Order, scope: &Scope) -> Self {
        Self(letters_of(&canonical_bytes(&canonical_order(tenant, order, scope))))
    }
}

/// The object that is hashed.
#[must_use]
pub fn canonical_order(tenant: &str, order: &Order, scope: &Scope) -> Value {
    let mut params = Map::new();
    params.insert("prompt".into(), order.prompt.as_str().into());
    params.insert("negative_prompt".into(), order.negative_prompt.as_str().into());
    let inputs = order.inputs.iter().map(|input| (input.role.as_str().to_owned(), json!(input.asset.sha256)));
    params.insert("inputs".into(), Value::Object(inputs.collect()));
    let loras = order.loras.iter().map(|lora| json!({ "name": lora.name, "weight": lora.weight }));
    params.insert("loras".into(), loras.collect());
    let chosen = [
        ("width", order.size.map(|[width, _]| json!(width))),
        ("height", order.size.map(|[_, height]| json!(height))),
        ("resolution", order.resolution.as_ref().map(|name| json!(name))),
        ("aspect_ratio", order.aspect_ratio.as_ref().map(|name| json!(name))),
        ("duration_ms", order.duration_ms.map(|span| json!(span.0))),
        ("fps", order.fps.map(|number| json!(number))),
        ("steps", order.steps.map(|number| json!(number))),
        ("guidance", order.guidance.map(|number| json!(number))),
        ("strength", order.strength.map(|number| json!(number))),
        ("seed", order.seed.map(|number| json!(number))),
        ("prompt_expansion", order.prompt_expansion.map(|flag| json!(flag))),
        ("sound", order.sound.map(|flag| json!(flag))),
    ];
    for (name, value) in chosen {
        if let Some(value) = value {
            params.insert(name.into(), value);
        }
    }
    json!({
        "v": VERSION,
        "tenant": tenant,
        "operation": order.operation.as_str(),
        "model": order.model,
        "params": params,
        "scope": scope_value(scope),
    })
}
