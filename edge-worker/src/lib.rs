//! The Workers module: a thin shell. Rules are in `cuelight-core`, wire formats of providers in
//! `cuelight-providers`; here they meet HTTP, R2, the Cache API and Durable Objects. It never
//! knows how a vendor speaks, and its clip route knows no actor.

#![cfg(target_arch = "wasm32")]

pub mod actors;
mod admission;
mod body;
mod caller;
mod clip_store;
mod counters;
mod edge_cache;
mod error;
mod private_address;
mod provider_calls;
mod provider_client;
mod router;
mod routes;
mod settings;
mod webhook;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result, event};

/// Answers one request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    router::answer(request, env, context).await
}
