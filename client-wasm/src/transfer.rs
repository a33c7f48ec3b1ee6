//! HTTP with the edge: one clip, one job, one poll. Turns every answer into one of a few outcomes;
//! decides nothing.

use cuelight_core::api::Job;
use cuelight_core::units::Millis;
use gloo_net::http::{Request, Response};
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob};

use crate::browser;

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// What was asked for.
    Done(T),
    /// It does not exist.
    Absent,
    /// No answer worth the name; try again, not before this long.
    Unreachable(Option<Millis>),
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
pub(crate) async fn post_job(endpoint: &str, body: &Value, signal: &AbortSignal) -> Outcome<Job> {
    let url = format!("{endpoint}/api/v1/jobs");
    let request =
        Request::post(&url).header(SESSION_HEADER, &browser::session_id()).abort_signal(Some(signal));
    match request.json(body) {
        Ok(request) => job(request.send().await).await,
        Err(error) => Outcome::Refused { code: "malformed_body".into(), detail: error.to_string() },
    }
}

/// `GET /api/v1/jobs/{id}`.
pub(crate) async fn read_job(endpoint: &str, id: &str, signal: &AbortSignal) -> Outcome<Job> {
    let url = format!("{endpoint}/api/v1/jobs/{id}");
    let request =
        Request::get(&url).header(SESSION_HEADER, &browser::session_id()).abort_signal(Some(signal));
    job(request.send().await).await
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
    if status == 408 || status == 429 || status >= 500 {
        let seconds = response.headers().get("retry-after").and_then(|text| text.trim().parse().ok());
        return Outcome::Unreachable(seconds.map(Millis::seconds));
    }
    let problem: Value = response.json().await.unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let detail =
        text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("The edge answered {status}."));
    Outcome::Refused { code: text("code").unwrap_or_else(|| "refused".into()), detail }
}

const SESSION_HEADER: &str = "X-Cuelight-Session";
