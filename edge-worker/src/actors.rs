//! The Durable Objects, and how they are called. Each is the shell of a machine in `core`: it
//! turns a request or an alarm into an event, persists the machine's new state, and only then
//! performs the effects.

use cuelight_core::api::Job;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::operation::ClipSpec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Env, Error, Headers, Method, Request, RequestInit, Response, Result, Stub};

use crate::settings::{GENERATION, SESSION};

// What `#[durable_object]` writes has no docs, and the runtime's handles are not `Debug`.
#[allow(missing_docs, missing_debug_implementations)]
mod generation;
#[allow(missing_docs, missing_debug_implementations)]
mod session;
mod state;

pub use generation::GenerationActor;
pub use session::SessionActor;

/// A caller's request, as a session is told of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Requested {
    /// The job as it is to begin.
    pub(crate) job: Job,
    /// What to make.
    pub(crate) spec: ClipSpec,
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

/// Sends `body` to an actor and reads its answer. The request's id goes with it.
pub(crate) async fn ask<T: Serialize + ?Sized, R: DeserializeOwned>(
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
