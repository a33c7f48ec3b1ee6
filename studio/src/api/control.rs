//! The controls: what happened, what shall go wrong, how long things take. They need no key,
//! because the studio is a tool of the loopback interface.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Studio;
use super::answer::Refusal;
use crate::bill::Bill;
use crate::fault::Rule;
use crate::vendors;

pub(super) async fn stats(State(studio): State<Studio>) -> Json<Value> {
    let mut stats = studio.stats();
    stats["vendors"] = json!(studio.vendors().accounts());
    Json(stats)
}

pub(super) async fn bill(State(studio): State<Studio>) -> Json<Bill> {
    Json(studio.bill())
}

pub(super) async fn set_faults(
    State(studio): State<Studio>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        rules: Vec<Value>,
    }
    let Body { rules } =
        serde_json::from_slice(&body?).map_err(|error| Refusal::field("rules", error.to_string()))?;
    let answer = json!({ "rules": rules });
    let (mut own, mut of_vendors) = (Vec::new(), Vec::new());
    for (index, rule) in rules.into_iter().enumerate() {
        let wrong = |why: String| Refusal::field(&format!("rules[{index}]"), why);
        if rule.get("vendor").is_some() {
            let rule: vendors::fault::Rule =
                serde_json::from_value(rule).map_err(|e| wrong(e.to_string()))?;
            rule.check().map_err(|error| wrong(error.to_string()))?;
            of_vendors.push(rule);
        } else {
            let rule: Rule = serde_json::from_value(rule).map_err(|error| wrong(error.to_string()))?;
            rule.check().map_err(|error| wrong(error.to_string()))?;
            own.push(rule);
        }
    }
    studio.set_faults(own);
    studio.vendors().set_faults(of_vendors);
    Ok(Json(answer))
}

pub(super) async fn clear_faults(State(studio): State<Studio>) -> Json<Value> {
    studio.set_faults(Vec::new());
    studio.vendors().set_faults(Vec::new());
    Json(json!({ "rules": [] }))
}

pub(super) async fn set_delays(
    State(studio): State<Studio>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let wanted: Map<String, Value> = serde_json::from_slice(&body?).map_err(|_| Refusal::Invalid {
        field: None,
        message: "an object of preset: milliseconds, and scale".into(),
    })?;
    studio.change_delays(|delays| {
        for (name, value) in &wanted {
            let changed = if name == "scale" {
                delays.set_scale(value.as_f64().unwrap_or(f64::NAN))
            } else {
                let ms = value.as_u64().ok_or_else(|| Refusal::field(name, "whole milliseconds"))?;
                delays.set(name, ms)
            };
            changed.map_err(|error| Refusal::field(name, error.to_string()))?;
        }
        Ok::<(), Refusal>(())
    })?;
    Ok(Json(Value::Object(wanted)))
}

pub(super) async fn reset(State(studio): State<Studio>) -> Json<Value> {
    studio.reset();
    Json(json!({}))
}
