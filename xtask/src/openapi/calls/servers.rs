//! The calls of whoever has a secret key: tokens, usage, lanes, metrics.

use cuelight_core::actors::account::Usage;
use cuelight_core::actors::lane::Status;
use cuelight_core::api::TokenGrant;
use cuelight_core::asset::Upload;
use cuelight_core::catalog;
use cuelight_core::problem::Code;
use serde_json::{Value, json};

use crate::openapi::call::{Access, Call, path, query};
use crate::openapi::examples;
use crate::openapi::schemas::Schemas;

const TAG: &str = "Servers";

pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let lane = "/api/v1/lanes/{provider}";
    let asset = "/api/v1/assets/{sha256}";
    vec![
        Call::new("post", "/api/v1/assets", "createAsset", TAG, "Upload something to make something from")
            .about("A PNG or JPEG picture (at most 5 MB, each side 512 to 4,096 px; a mask from 64 px), WAV or MP3 sound (15 MB), or an MP4 clip (20 MB). Judged by its bytes, whatever it is called; the same bytes again are the same asset. Requests name it as `{\"asset\": \"…\"}`.")
            .access(Access::Right("jobs"))
            .takes(query("purpose", "What it is for: `source`, unless said otherwise, or `mask`.", json!({"type": "string", "enum": ["source", "mask"]})))
            .body_in(files())
            .answers_json(201, "It is kept.", schemas.of::<Upload>()),
        kept(Call::new("get", asset, "getAsset", TAG, "An upload")),
        kept(Call::new("head", asset, "headAsset", TAG, "An upload's headers alone")),
        Call::new("post", "/api/v1/hooks/wavespeed/{submission}", "hearWavespeed", TAG, "WaveSpeed says that a prediction has ended")
            .about("For WaveSpeed, which signs it with the account's webhook secret: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. It brings the next poll forward, and names the order where the answer to it was lost; nothing else of it is believed.")
            .takes(path("submission", "What the order was made under.", json!({"type": "string", "pattern": "^[a-z2-7]{32}(\\.[0-9]+)*$"})))
            .takes(query("seal", "What the address was made with; it belongs to this submission alone.", json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})))
            .body_in(json!({"application/json": {"schema": {"type": "object"}}}))
            .answers_empty(204, "It was heard.")
            .refuses(&[Code::Unauthorized, Code::NotFound]),
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

/// One file of a kind that is taken, bare. The form that a page may send instead is left out: what makes up requests from a description cannot make up a file in a form.
fn files() -> Value {
    // Any bytes, as OpenAPI 3.1 says it (section 4.8.14.2).
    let kinds = ["image/png", "image/jpeg", "audio/wav", "audio/mpeg", "video/mp4"];
    let bare = kinds.map(|kind| (kind.to_owned(), json!({})));
    Value::Object(bare.into_iter().collect())
}

/// The bytes of an upload, for its owner.
fn kept(call: Call) -> Call {
    let sha256 = json!({"type": "string", "pattern": "^[0-9a-f]{64}$"});
    let call = call.access(Access::Right("jobs")).takes(path(
        "sha256",
        "The `asset` that the upload was answered with.",
        sha256,
    ));
    call.answers(200, "The bytes, with their media type.", "*/*", json!({"type": "string"}))
        .with_headers(200, &[("ETag", true), ("Cache-Control", true), ("Content-Security-Policy", true)])
        .refuses(&[Code::NotFound])
}

/// The providers of the catalogue.
pub(super) fn providers() -> Vec<&'static str> {
    let mut providers: Vec<&str> =
        catalog::models().models.iter().map(|model| model.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    providers
}
