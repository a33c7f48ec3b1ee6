//! Which request goes where, and what every answer carries: a request id, CORS, and headers that
//! keep a browser from guessing. One log line a request, except for clips from the Cache API: they
//! are answered with what was stored, and only counted.

use std::panic::AssertUnwindSafe;

use cuelight_core::problem::Code;
use serde_json::json;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use worker::js_sys::Promise;
use worker::js_sys::futures::future_to_promise;
use worker::wasm_bindgen::{self, JsCast, JsValue};
use worker::{Context, Env, Headers, Request, Response, Result, console_log, web_sys};

use crate::caller;
use crate::counters;
use crate::edge_cache;
use crate::error::Failure;
use crate::routes::{
    assets, catalogues, clips, description, hooks, jobs, operations, placeholders, prompts, socket, tokens,
};
use crate::settings;

/// A request and what it may touch.
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) env: Env,
    pub(crate) context: Context,
    /// Follows this request through logs and actors.
    pub(crate) request_id: String,
}

impl Call {
    /// A request header, if it is there and readable.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// A query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let url = self.request.url().ok()?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

#[wasm_bindgen]
extern "C" {
    /// A promise; only this crate's own types may be given methods.
    type Pending;
    /// `Promise.prototype.then` with one function for both ends.
    #[wasm_bindgen(method, js_name = then)]
    fn settle(this: &Pending, resolved: &JsValue, rejected: &JsValue) -> Promise;
}

/// Answers a request, whatever happens.
///
/// A clip that is cached needs no task of Rust's executor, which costs more than all the rest of its
/// answer does: one function waits for the cache and hands on what comes.
pub(crate) fn fetch(request: web_sys::Request, env: Env, context: Context) -> Promise {
    let Some(looking) = clips::look_up(&request) else { return later(request, env, context, None) };
    let looked = Closure::once_into_js(move |outcome: JsValue| -> JsValue {
        match edge_cache::found(outcome) {
            Some(clip) if clips::wants_whole(&request) => clip.into(),
            cached => later(request, env, context, cached).into(),
        }
    });
    looking.unchecked_ref::<Pending>().settle(&looked, &looked)
}

fn later(
    request: web_sys::Request,
    env: Env,
    context: Context,
    cached: Option<web_sys::Response>,
) -> Promise {
    future_to_promise(AssertUnwindSafe(async move {
        Ok(answer(request, env, context, cached).await.map_err(JsValue::from)?.into())
    }))
}

async fn answer(
    request: web_sys::Request,
    env: Env,
    context: Context,
    cached: Option<web_sys::Response>,
) -> Result<web_sys::Response> {
    let at_hand = match cached {
        Some(cached) => clips::at_hand(&request, cached).await,
        None => Ok(None),
    };
    if let Ok(Some(hit)) = at_hand {
        return Ok(hit);
    }
    let began = settings::now();
    // As it came: the runtime's type takes every method that it does not know for a GET.
    let method = request.method();
    let request = Request::from(request);
    let path = request.path();
    if counters::is_due() {
        let env = env.clone();
        context.wait_until(async move { counters::flush(&env).await });
    }
    let request_id = settings::nonce();
    let call = Call { request, env, context, request_id: request_id.clone() };
    let routed = match at_hand {
        Err(failure) => Err(failure),
        Ok(_) => route(call, &method, &path).await,
    };
    let mut response = match routed {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id)?,
    };
    if response.status_code() != 101 {
        response = carry(response, &path, &request_id)?;
    }
    let (status, ms) = (response.status_code(), settings::now().since(began).0);
    console_log!(
        "{}",
        json!({"request_id": request_id, "method": method, "path": path, "status": status, "ms": ms})
    );
    Ok(response.into())
}

async fn route(call: Call, method: &str, path: &str) -> Result<Response, Failure> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let [get, head, post, put, delete, options] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].map(|name| method == name);
    let read = get || head;
    caller::keep_development_local(&call)?;
    if options {
        return Ok(Response::empty()?.with_status(204));
    }
    match segments.as_slice() {
        ["clips", key] if read => clips::serve(&call, key).await,
        ["private", key] if read => clips::serve_private(&call, key).await,
        ["clips" | "private", _] => Err(not_allowed(method, "GET, HEAD, OPTIONS")),
        ["placeholders", file] if read => placeholders::serve(&call, file),
        ["placeholders", _] => Err(not_allowed(method, "GET, HEAD, OPTIONS")),
        ["api", "v1", "jobs"] if post => jobs::create(call).await,
        ["api", "v1", "jobs"] if get => jobs::list(&call).await,
        ["api", "v1", "jobs"] => Err(not_allowed(method, "GET, POST, OPTIONS")),
        ["api", "v1", "jobs", "preflight"] if post => jobs::preflight(call).await,
        ["api", "v1", "jobs", "preflight"] => Err(not_allowed(method, "POST, OPTIONS")),
        ["api", "v1", "jobs", id] if get => jobs::read_one(&call, id).await,
        ["api", "v1", "jobs", id] if delete => jobs::cancel(&call, id).await,
        ["api", "v1", "jobs", _] => Err(not_allowed(method, "GET, DELETE, OPTIONS")),
        ["api", "v1", "ws", "jobs"] if get => socket::open(&call).await,
        ["api", "v1", "ws", "jobs"] => Err(not_allowed(method, "GET, OPTIONS")),
        ["api", "v1", "prompts"] if post => prompts::create(call).await,
        ["api", "v1", "prompts"] => Err(not_allowed(method, "POST, OPTIONS")),
        ["api", "v1", "assets"] if post => assets::create(call).await,
        ["api", "v1", "assets"] => Err(not_allowed(method, "POST, OPTIONS")),
        ["api", "v1", "assets", sha256] if read => assets::read(&call, sha256).await,
        ["api", "v1", "assets", _] => Err(not_allowed(method, "GET, HEAD, OPTIONS")),
        ["api", "v1", "hooks", "wavespeed", submission] if post => hooks::wavespeed(call, submission).await,
        ["api", "v1", "hooks", "wavespeed", _] => Err(not_allowed(method, "POST, OPTIONS")),
        ["api", "v1", "tokens"] if post => tokens::create(call).await,
        ["api", "v1", "tokens"] => Err(not_allowed(method, "POST, OPTIONS")),
        ["api", "v1", "tokens", id] if delete => tokens::revoke(&call, id).await,
        ["api", "v1", "tokens", _] => Err(not_allowed(method, "DELETE, OPTIONS")),
        ["api", "v1", "usage"] if get => operations::usage(&call).await,
        ["api", "v1", "metrics"] if get => operations::metrics(&call).await,
        ["api", "v1", "usage" | "metrics"] => Err(not_allowed(method, "GET, OPTIONS")),
        ["api", "v1", "lanes", provider] if get => operations::lane(&call, provider).await,
        ["api", "v1", "lanes", provider] if put => operations::drain(call, provider).await,
        ["api", "v1", "lanes", _] => Err(not_allowed(method, "GET, PUT, OPTIONS")),
        ["api", "v1", "openapi.json"] if read => description::document(&call),
        ["api", "v1", "docs"] if read => description::page(&call),
        ["api", "v1", "openapi.json" | "docs"] => Err(not_allowed(method, "GET, HEAD, OPTIONS")),
        ["api", "v1", name @ ("states" | "presets" | "models" | "characters" | "health")] => {
            if get {
                catalogues::serve(name)
            } else {
                Err(not_allowed(method, "GET, OPTIONS"))
            }
        }
        _ => Err(Failure::new(
            Code::NotFound,
            format!("{method} {path} leads nowhere; GET /api/v1/docs lists the calls."),
        )),
    }
}

fn not_allowed(method: &str, allow: &'static str) -> Failure {
    let detail = format!("{method} is not for this address; use {allow}.");
    Failure::new(Code::MethodNotAllowed, detail).with("allow", allow)
}

/// What an answer to a page of any shop carries, also when it comes out of a cache.
pub(crate) fn set_common(headers: &Headers) -> Result<()> {
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("referrer-policy", "no-referrer")?;
    // Any shop may embed a character. No credentials, so no origin is named and no Vary needed.
    headers.set("access-control-allow-origin", "*")?;
    headers.set("cross-origin-resource-policy", "cross-origin")?;
    headers.set(
        "access-control-expose-headers",
        "x-request-id, etag, content-range, link, retry-after, ratelimit, ratelimit-policy",
    )
}

/// Adds what every answer carries. A response that came from elsewhere has immutable headers, so
/// they are copied.
fn carry(response: Response, path: &str, request_id: &str) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in response.headers() {
        headers.append(&name, &value)?;
    }
    headers.set("x-request-id", request_id)?;
    set_common(&headers)?;
    if response.status_code() == 204 {
        headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")?;
        headers.set(
            "access-control-allow-headers",
            "authorization, content-type, range, x-cuelight-session, idempotency-key",
        )?;
        headers.set("access-control-max-age", "86400")?;
    }
    if path.starts_with("/api/") && !headers.has("cache-control")? {
        headers.set("cache-control", "no-store")?;
    }
    Ok(response.with_headers(headers))
}
