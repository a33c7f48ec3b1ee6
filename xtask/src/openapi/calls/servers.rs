//! The calls of whoever has a secret key: tokens, usage, lanes, metrics.

use cuelight_core::actors::account::Usage;
use cuelight_core::actors::lane::Status;
use cuelight_core::api::TokenGrant;
use cuelight_core::catalog;
use cuelight_core::problem::Code;
use serde_json::json;

use crate::openapi::call::{Access, Call, path};
use crate::openapi::examples;
use crate::openapi::schemas::Schemas;

const TAG: &str = "Servers";

pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let lane = "/api/v1/lanes/{provider}";
    vec![
        Call::new("post", "/api/v1/tokens", "createToken", TAG, "Make a token for a page")
            .about("What a page may carry: it says for which characters and cues, for how long and for how much money. The secret key stays on the server.")
            .access(Access::Right("tokens"))
            .body("TokenRequest", examples::tokens())
            .answers_json(201, "The token.", schemas.of::<TokenGrant>()),
        Call::new("delete", "/api/v1/tokens/{id}", "revokeToken", TAG, "Take a token back")
            .about("Its sockets close, and its requests are refused from now on. Taking it back twice, or one that never was, is no mistake.")
            .access(Access::Right("tokens"))
            .takes(path(
                "id",
                "The `id` that the token was made with.",
                json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
            ))
            .answers_empty(204, "It is worth nothing any more.")
            .refuses(&[Code::NotFound]),
        Call::new("get", "/api/v1/usage", "getUsage", TAG, "What the tenant has used")
            .about("Money is in micro-dollars: 1,000,000 are one US dollar. Days and months are those of UTC.")
            .access(Access::Right("usage"))
            .answers_json(200, "What was used, and the limits that hold now.", schemas.of::<Usage>()),
        Call::new("get", lane, "getLane", TAG, "How a provider's lane is")
            .access(Access::Right("operate"))
            .takes_common("Provider")
            .answers_json(200, "Who waits, and how the provider is.", schemas.of::<Status>())
            .refuses(&[Code::NotFound]),
        Call::new("put", lane, "setLane", TAG, "Drain a lane, or let it through again")
            .access(Access::Right("operate"))
            .takes_common("Provider")
            .body("LaneRequest", examples::lanes())
            .answers_json(200, "How it is now.", schemas.of::<Status>())
            .refuses(&[Code::NotFound]),
        Call::new("get", "/api/v1/metrics", "getMetrics", TAG, "Counters and gauges for Prometheus")
            .access(Access::Metrics)
            .answers(200, "The text format, version 0.0.4.", "text/plain", json!({"type": "string"})),
    ]
}

/// The providers of the catalogue.
pub(super) fn providers() -> Vec<&'static str> {
    let mut providers: Vec<&str> =
        catalog::models().models.iter().map(|model| model.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    providers
}
