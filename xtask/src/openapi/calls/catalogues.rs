//! The calls that list what there is.

use cuelight_core::catalog::{ModelDef, Preset, StateDef};
use cuelight_core::character::Character;
use serde_json::{Value, json};

use crate::openapi::call::Call;
use crate::openapi::schemas::Schemas;

pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let health = json!({"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}});
    vec![
        list(
            "/api/v1/states",
            "listStates",
            "The states, and the plan that has each",
            schemas.list_of::<StateDef>("states"),
        ),
        list("/api/v1/presets", "listPresets", "The quality presets", schemas.list_of::<Preset>("presets")),
        list(
            "/api/v1/models",
            "listModels",
            "The models: bounds, prices, providers",
            schemas.list_of::<ModelDef>("models"),
        ),
        list(
            "/api/v1/characters",
            "listCharacters",
            "The built-in characters",
            schemas.list_of::<Character>("characters"),
        ),
        Call::new("get", "/api/v1/health", "getHealth", "About", "Whether the worker answers")
            .answers_json(200, "It does.", health),
    ]
}

fn list(path: &'static str, id: &'static str, summary: &'static str, schema: Value) -> Call {
    Call::new("get", path, id, "Catalogues", summary)
        .answers_json(200, "All of them.", schema)
        .with_headers(200, &[("Cache-Control", true)])
}
