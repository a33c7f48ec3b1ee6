//! The calls of the API, in the order in which a reader meets them.

mod catalogues;
mod jobs;
mod media;
mod servers;

use serde_json::{Value, json};

use super::bodies::reference;
use super::call::Call;
use super::schemas::Schemas;

/// The groups of calls, with what they have in common.
pub(super) const TAGS: [(&str, &str); 5] = [
    ("Jobs", "Asking for a clip, and following it until it exists."),
    ("Clips", "The clips themselves, and what is shown until there is one."),
    ("Catalogues", "What there is to ask for. It changes with a release only."),
    ("Servers", "For whoever has a secret key: tokens for pages, usage, lanes, metrics."),
    ("About", "What the API says about itself."),
];

/// Every call.
pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let families =
        [jobs::all(schemas), media::all(), catalogues::all(schemas), servers::all(schemas), about()];
    families.into_iter().flatten().collect()
}

/// What an edge posts by itself.
pub(super) fn webhooks(schemas: &mut Schemas) -> Value {
    jobs::webhook(schemas)
}

/// The parameters that several calls have, by name.
pub(super) fn parameters() -> Value {
    json!({
        "Session": {
            "name": "X-Cuelight-Session", "in": "header",
            "description": "Names the caller's session: one for each player or page. A token has its own. Without one, callers of one address or key share a session.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        },
        "SessionQuery": {
            "name": "session", "in": "query",
            "description": "The same, for what can send no header.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        },
        "JobId": {
            "name": "id", "in": "path", "required": true,
            "description": "The `id` of a job.",
            "schema": {"type": "string", "pattern": "^[a-z2-7]{32}\\.[A-Za-z0-9]{1,40}$"},
        },
        "Key": {
            "name": "key", "in": "path", "required": true,
            "description": "The clip's key.",
            "schema": reference("CacheKey"),
        },
        "Provider": {
            "name": "provider", "in": "path", "required": true,
            "description": "A provider of the catalogue.",
            "schema": {"type": "string", "enum": servers::providers()},
        },
        "Range": {
            "name": "Range", "in": "header",
            "description": "One range of bytes. Any other range is answered with the whole clip, as RFC 9110 has it.",
            "schema": {"type": "string", "examples": ["bytes=0-1023"]},
        },
        "IfRange": {
            "name": "If-Range", "in": "header",
            "description": "The `ETag` of the part the caller has: the range counts only while it is the same.",
            "schema": {"type": "string"},
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` of what the caller has.",
            "schema": {"type": "string"},
        },
    })
}

fn about() -> Vec<Call> {
    let caching = &[("ETag", true), ("Cache-Control", true), ("Content-Security-Policy", true)];
    let call = |method, path, id, summary, media_type: &str, schema: Value| {
        Call::new(method, path, id, "About", summary)
            .takes_common("IfNoneMatch")
            .answers(200, "It is here.", media_type, schema)
            .with_headers(200, caching)
            .answers_empty(304, "The caller has it already.")
            .with_headers(304, &[("ETag", true), ("Cache-Control", true)])
    };
    let document = || json!({"type": "object", "required": ["openapi", "paths"]});
    let page = || json!({"type": "string"});
    let (json_path, page_path) = ("/api/v1/openapi.json", "/api/v1/docs");
    vec![
        call("get", json_path, "getOpenapi", "This document", "application/json", document()),
        call("head", json_path, "headOpenapi", "Its headers alone", "application/json", document()),
        call("get", page_path, "getDocs", "The same for people, as a page", "text/html", page()),
        call("head", page_path, "headDocs", "Its headers alone", "text/html", page()),
    ]
}
