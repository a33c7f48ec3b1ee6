//! The catalogues that ship with this build, and whether the worker answers.

use cuelight_core::catalog;
use cuelight_core::character;
use serde_json::json;
use worker::Response;

use crate::error::Failure;

/// `GET /api/v1/{name}`.
pub(crate) fn serve(name: &str) -> Result<Response, Failure> {
    let catalog = catalog::built_in();
    let body = match name {
        "states" => json!({ "states": catalog.states }),
        "presets" => json!({ "presets": catalog.presets }),
        "models" => json!({ "models": catalog::models().models }),
        "characters" => json!({ "characters": character::built_in().values().collect::<Vec<_>>() }),
        _ => return Ok(Response::from_json(&json!({ "status": "ok" }))?),
    };
    let mut response = Response::from_json(&body)?;
    // They change with a release only; five minutes is how long a page may be behind one.
    response.headers_mut().set("cache-control", "public, max-age=300")?;
    Ok(response)
}
