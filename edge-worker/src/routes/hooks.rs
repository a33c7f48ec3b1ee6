//! `POST /api/v1/hooks/wavespeed/{submission}`: a provider says that an operation has ended, which saves
//! waiting for the next poll, and finds an order again whose answer was lost. It is believed in nothing
//! else: what came of it is asked for as ever.

use cuelight_core::cache_key::CacheKey;
use cuelight_core::problem::Code;
use cuelight_providers::wavespeed::webhook::{Delivery, is_genuine, is_sealed};
use serde_json::Value;
use worker::Response;

use crate::actors::{self, Nudged, ask};
use crate::body;
use crate::error::Failure;
use crate::router::Call;
use crate::settings;

/// The largest body that is read, in bytes: a prediction is about a kilobyte.
const MAX_BODY: usize = 64 * 1024;

/// Longest id of an operation, in characters: a prediction's has 32.
const MAX_ID: usize = 128;

/// `submission` begins with the key of what is being made, as the order's `webhook` said.
pub(crate) async fn wavespeed(mut call: Call, submission: &str) -> Result<Response, Failure> {
    let refused = || {
        // RFC 9110, section 11.6.1: a 401 names a scheme; a signature has none of its own.
        Failure::new(Code::Unauthorized, "The signature is not the provider's, or too old.")
            .with("www-authenticate", "Bearer")
    };
    let secret = settings::webhook_secret(&call.env, "wavespeed").ok_or_else(refused)?;
    let [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| call.header(name).unwrap_or_default());
    let body = body::read_bytes(&mut call, MAX_BODY).await?;
    let account = settings::account(&call.env, "wavespeed")?;
    if !is_sealed(&account.key, submission, &call.query("seal").unwrap_or_default()) {
        return Err(refused());
    }
    let delivery = Delivery { id: &id, timestamp: &timestamp, signature: &signature, body: &body };
    if !is_genuine(&delivery, &secret, settings::now()) {
        return Err(refused());
    }
    let missing = || Failure::new(Code::NotFound, "Nothing is made under this address.");
    let key = submission.split('.').next().and_then(CacheKey::parse).ok_or_else(missing)?;
    let told: Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::new(Code::MalformedBody, format!("The body is not JSON: {error}.")))?;
    // With or without the envelope that answers come in.
    let operation = told["data"]["id"].as_str().or_else(|| told["id"].as_str()).unwrap_or_default();
    // It ends up in an address.
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=MAX_ID).contains(&operation.len()) && operation.chars().all(is_id) {
        let told = Nudged { idempotency_key: submission.to_owned(), operation_id: operation.to_owned() };
        let _: bool = ask(&actors::generation(&call.env, &key)?, "/nudged", &told, &call.request_id).await?;
    }
    Ok(Response::empty()?.with_status(204))
}
