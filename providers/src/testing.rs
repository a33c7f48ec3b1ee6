//! What the tests of the vendors' adapters share: orders, models, accounts and a shell that answers from a
//! list.

use std::collections::BTreeMap;

use cuelight_core::catalog::{self, ModelDef};
use cuelight_core::order::{Order, Role};
use cuelight_core::units::Millis;
use serde_json::{Value, json};

use crate::{Account, Answer, Ask, Brief, Material, ProviderError, Step, Turn};

/// 2026-11-21 12:00:00 UTC.
pub(crate) const NOW: Millis = Millis(1_795_262_400_000);

/// An account at this address.
pub(crate) fn account(base: &str, key: &str, media: &[&str], options: &[(&str, &str)]) -> Account {
    Account {
        base: base.parse().unwrap(),
        key: key.into(),
        media: media.iter().map(|url| url.parse().unwrap()).collect(),
        options: options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// The catalogue's entry of a model with this id at its vendor.
pub(crate) fn model(wire_id: &str) -> ModelDef {
    let any = catalog::models().models.first().unwrap().clone();
    ModelDef { wire_id: wire_id.into(), ..any }
}

/// An order of what `fields` say, with these inputs.
pub(crate) fn order(fields: Value, materials: &[Material]) -> Order {
    let mut order = json!({"operation": "state_clip", "model": "m", "prompt": "a robot waves", "inputs": []});
    for (name, value) in fields.as_object().unwrap() {
        order[name] = value.clone();
    }
    for material in materials {
        let asset = json!({"sha256": "00", "media_type": material.media_type, "bytes": material.bytes.len()});
        order["inputs"].as_array_mut().unwrap().push(json!({"role": material.role, "asset": asset}));
    }
    serde_json::from_value(order).unwrap()
}

/// A picture in this role.
pub(crate) fn material(role: Role, bytes: Vec<u8>) -> Material {
    Material { role, media_type: "image/png".into(), bytes }
}

/// Calls `f` with the brief of this order to this model.
pub(crate) fn brief<T>(
    wire_id: &str,
    fields: Value,
    materials: &[Material],
    f: impl FnOnce(&Brief<'_>) -> T,
) -> T {
    let (order, model) = (order(fields, materials), model(wire_id));
    f(&Brief { order: &order, clip: None, model: &model, materials, idempotency_key: "k.1.1" })
}

/// The turn after these answers.
pub(crate) const fn turn(heard: &[Answer]) -> Turn<'_> {
    Turn { now: NOW, heard }
}

/// An answer with this body.
pub(crate) fn answer(status: u16, body: impl ToString) -> Answer {
    http::Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
}

/// What is asked next.
pub(crate) fn asked<T: std::fmt::Debug>(step: Result<Step<T>, ProviderError>) -> Ask {
    match step {
        Ok(Step::Ask(ask)) => ask,
        other => panic!("nothing was asked: {other:?}"),
    }
}

/// What came of it.
pub(crate) fn done<T: std::fmt::Debug>(step: Result<Step<T>, ProviderError>) -> T {
    match step {
        Ok(Step::Done(done)) => done,
        other => panic!("it is not over: {other:?}"),
    }
}

/// The body of a request as JSON.
pub(crate) fn body(ask: &Ask) -> Value {
    serde_json::from_slice(ask.request.body()).unwrap()
}
