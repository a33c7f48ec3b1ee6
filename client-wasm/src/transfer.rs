//! HTTP with the edge: one clip, one job, one poll. Turns every answer into one of a few outcomes;
//! decides nothing.

use cuelight_core::api::Job;
use cuelight_core::units::Millis;
use gloo_net::http::{Request, RequestBuilder, Response};
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob};

use crate::browser;
use crate::token::Token;

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// What was asked for.
    Done(T),
    /// It does not exist.
    Absent,
    /// No answer worth the name; try again, not before this long.
    Unreachable(Option<Millis>),
    /// Not now: too much was asked for, or waits already.
    Limited { after: Option<Millis>, code: String },
    /// Not now: the money for it is used up.
    Spent { after: Option<Millis>, code: String, detail: String },
    /// Not without a token that is good.
    Unauthorized { code: String, detail: String },
    /// No, for good.
    Refused { code: String, detail: String },
}

/// `GET /clips/{key}`. The bytes stay in the browser's blob.
pub(crate) async fn clip(url: &str, signal: &AbortSignal) -> Outcome<Blob> {
    let Ok(response) = Request::get(url).abort_signal(Some(signal)).send().await else {
        return Outcome::Unreachable(None);
    };
    if !response.ok() {
        return failure(response).await;
    }
    let kind = response.headers().get("content-type").unwrap_or_default();
    if !kind.starts_with("video/") {
        return Outcome::Refused {
            code: "bad_media".into(),
            detail: "The edge sent something that is no video.".into(),
        };
    }
    let raw: web_sys::Response = response.into();
    let Ok(promise) = raw.blob() else { return Outcome::Unreachable(None) };
    match JsFuture::from(promise).await.map(|blob| blob.dyn_into::<Blob>()) {
        Ok(Ok(blob)) if blob.size() > 0.0 => Outcome::Done(blob),
        _ => Outcome::Unreachable(None),
    }
}

/// `POST /api/v1/jobs`.
pub(crate) async fn post_job(
    endpoint: &str,
    body: &Value,
    token: Option<&Token>,
    signal: &AbortSignal,
) -> Outcome<Job> {
    let url = format!("{endpoint}/api/v1/jobs");
    match signed(Request::post(&url), token).abort_signal(Some(signal)).json(body) {
        Ok(request) => job(request.send().await).await,
        Err(error) => Outcome::Refused { code: "malformed_body".into(), detail: error.to_string() },
    }
}

/// `GET /api/v1/jobs/{id}`.
pub(crate) async fn read_job(
    endpoint: &str,
    id: &str,
    token: Option<&Token>,
    signal: &AbortSignal,
) -> Outcome<Job> {
    let url = format!("{endpoint}/api/v1/jobs/{id}");
    job(signed(Request::get(&url), token).abort_signal(Some(signal)).send().await).await
}

/// Says who asks. A clip's own address is open to everybody and is asked for without.
fn signed(request: RequestBuilder, token: Option<&Token>) -> RequestBuilder {
    let request = request.header(SESSION_HEADER, &browser::session_id());
    match token {
        Some(token) => request.header("Authorization", &token.header()),
        None => request,
    }
}

async fn job(answer: Result<Response, gloo_net::Error>) -> Outcome<Job> {
    let Ok(response) = answer else { return Outcome::Unreachable(None) };
    if !response.ok() {
        return failure(response).await;
    }
    match response.json().await {
        Ok(job) => Outcome::Done(job),
        Err(_) => Outcome::Unreachable(None),
    }
}

async fn failure<T>(response: Response) -> Outcome<T> {
    let status = response.status();
    if status == 404 {
        return Outcome::Absent;
    }
    let seconds = response.headers().get("retry-after").and_then(|text| text.trim().parse().ok());
    let after = seconds.map(Millis::seconds);
    let problem: Value = response.json().await.unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = text("code");
    let detail =
        text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("The edge answered {status}."));
    let or = |usual: &str| code.clone().unwrap_or_else(|| usual.into());
    match status {
        401 => Outcome::Unauthorized { code: or("unauthorized"), detail },
        402 => Outcome::Spent { after, code: or("budget_exceeded"), detail },
        // About this one clip; others may be asked for.
        429 if code.as_deref() == Some("cooldown_active") => Outcome::Refused { code: or("refused"), detail },
        429 => Outcome::Limited { after, code: or("rate_limited") },
        503 if after.is_some() => Outcome::Limited { after, code: or("provider_unavailable") },
        408 | 500.. => Outcome::Unreachable(after),
        _ => Outcome::Refused { code: or("refused"), detail },
    }
}

const SESSION_HEADER: &str = "X-Cuelight-Session";
