//! The Durable Objects, and how they are called. Each is the shell of a machine in `core`: it
//! turns a request or an alarm into an event, persists the machine's new state, and only then
//! performs the effects.

use cuelight_core::cache_key::CacheKey;
use cuelight_core::units::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Env, Error, Headers, Method, Request, RequestInit, Response, Result, Stub};

use crate::counters;
use crate::settings::{ACCOUNT, GENERATION, LANE, METRICS, SESSION};

// What `#[durable_object]` writes has no docs, and the runtime's handles are not `Debug`.
#[allow(missing_docs, missing_debug_implementations)]
mod account;
#[allow(missing_docs, missing_debug_implementations)]
mod generation;
#[allow(missing_docs, missing_debug_implementations)]
mod lane;
#[allow(missing_docs, missing_debug_implementations)]
mod metrics;
#[allow(missing_docs, missing_debug_implementations)]
mod session;
mod state;

pub use account::AccountActor;
pub use generation::GenerationActor;
pub use lane::LaneActor;
pub use metrics::MetricsActor;
pub(crate) use session::Replied;
pub use session::SessionActor;

/// What a caller's request for a job is, as a generation reads it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WhichJob {
    pub(crate) id: String,
    pub(crate) tenant: String,
}

/// The turn of a lane's grant, as a generation is told of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) ticket: String,
    pub(crate) until: Millis,
}

/// What a provider said of itself, as a generation is told of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Nudged {
    pub(crate) idempotency_key: String,
    pub(crate) operation_id: String,
}

/// The generation of `key`.
pub(crate) fn generation(env: &Env, key: &CacheKey) -> Result<Stub> {
    env.durable_object(GENERATION)?.get_by_name(key.as_str())
}

/// The session called `name`.
pub(crate) fn session(env: &Env, name: &str) -> Result<Stub> {
    env.durable_object(SESSION)?.get_by_name(name)
}

/// The session with this object id, as it names itself to generations.
fn session_by_id(env: &Env, id: &str) -> Result<Stub> {
    env.durable_object(SESSION)?.id_from_string(id)?.get_stub()
}

/// The lane of a provider of the catalogue.
pub(crate) fn lane(env: &Env, provider: &str) -> Result<Stub> {
    env.durable_object(LANE)?.get_by_name(provider)
}

/// The account of a tenant.
pub(crate) fn account(env: &Env, tenant: &str) -> Result<Stub> {
    env.durable_object(ACCOUNT)?.get_by_name(tenant)
}

/// Where all isolates add up what they count.
pub(crate) fn metrics(env: &Env) -> Result<Stub> {
    env.durable_object(METRICS)?.get_by_name("all")
}

/// Sends `body` to an actor and reads its answer. The request's id goes with it.
pub(crate) async fn ask<T: Serialize + ?Sized, R: DeserializeOwned>(
    stub: &Stub,
    path: &str,
    body: &T,
    request_id: &str,
) -> Result<R> {
    counters::ACTOR_CALLS.add_one();
    send(stub, path, body, request_id).await
}

/// The same for what only reads or adds up numbers: counting it would never come to rest.
pub(crate) async fn ask_uncounted<T: Serialize + ?Sized, R: DeserializeOwned>(
    stub: &Stub,
    path: &str,
    body: &T,
) -> Result<R> {
    send(stub, path, body, "").await
}

async fn send<T: Serialize + ?Sized, R: DeserializeOwned>(
    stub: &Stub,
    path: &str,
    body: &T,
    request_id: &str,
) -> Result<R> {
    let headers = Headers::new();
    headers.set("x-request-id", request_id)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers);
    init.with_body(Some(serde_json::to_string(body)?.into()));
    let mut answer =
        stub.fetch_with_request(Request::new_with_init(&format!("https://actor{path}"), &init)?).await?;
    if answer.status_code() != 200 {
        return Err(Error::RustError(format!("an actor answered {path} with {}", answer.status_code())));
    }
    Ok(serde_json::from_str(&answer.text().await?)?)
}

fn json<T: Serialize + ?Sized>(body: &T) -> Result<Response> {
    Response::ok(serde_json::to_string(body)?)
}

/// The id of the request that an actor was called for.
fn request_id(request: &Request) -> String {
    request.headers().get("x-request-id").ok().flatten().unwrap_or_default()
}
