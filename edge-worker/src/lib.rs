//! The Workers module: a thin shell. Rules are in `cuelight-core`, wire formats of providers in
//! `cuelight-providers`; here they meet HTTP, R2, the Cache API and Durable Objects. It never
//! knows how a vendor speaks, and its clip route knows no actor.

#![cfg(target_arch = "wasm32")]

pub mod actors;
mod admission;
mod asset_store;
mod body;
mod caller;
mod clip_store;
mod conversation;
mod counters;
mod edge_cache;
mod error;
mod inbox;
mod private_address;
mod prompt_writer;
mod provider_calls;
mod provider_client;
mod router;
mod routes;
mod settings;
mod surroundings;
mod webhook;

use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::web_sys::Request;
use worker::{Context, Env, worker_sys};

/// Answers one request. Written out, where `worker`'s own `event` macro would start a task for each:
/// `router::fetch` says why.
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, context: worker_sys::Context) -> Promise {
    router::fetch(request, env, Context::new(context))
}
