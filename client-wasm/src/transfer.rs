//! HTTP with the edge: one clip, one job, one poll. Turns every answer into one of a few outcomes;
//! decides nothing.

use cuelight_core::document::Document;
use cuelight_core::supply::Heard;
use cuelight_core::units::Millis;
use js_sys::{Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, Request, RequestInit, Response};

use crate::browser;
use crate::clip_source::Body;
use crate::js_value::{Given, object, set};
use crate::token::Token;

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// What was asked for.
    Done(T),
    /// It does not exist.
    Absent,
    /// No answer from the edge, nor from what stands before it.
    Unreachable,
    /// An answer of no use; try again, not before this long.
    Faltered(Option<Millis>),
    /// Not now: too much was asked for, or waits already.
    Limited { after: Option<Millis>, code: String },
    /// Not now: the money for it is used up.
    Spent { after: Option<Millis>, code: String, detail: String },
    /// Not without a token that is good.
    Unauthorized { code: String, detail: String },
    /// No, for good.
    Refused { code: String, detail: String },
}

/// What is asked about a job.
#[derive(Debug)]
pub(crate) enum Call {
    /// Where it stands.
    Get,
    /// To make what the body says.
    Post(String),
    /// To cancel it.
    Delete,
}

/// `GET /clips/{key}`. Calls `more` whenever some of the bytes have come.
pub(crate) async fn clip(url: &str, signal: &AbortSignal, more: &dyn Fn()) -> Outcome<Body> {
    let response = match send(url, None, &Call::Get, signal).await {
        Ok(response) if response.ok() => response,
        answer => return failure(answer.ok()).await,
    };
    let Some(kind) = header(&response, "content-type").filter(|kind| kind.starts_with("video/")) else {
        return Outcome::Refused {
            code: "bad_media".into(),
            detail: "The edge sent something that is no video.".into(),
        };
    };
    match bytes(&response, kind, more).await {
        Some(body) if body.size() > 0 => Outcome::Done(body),
        // The network broke off, or the body is empty.
        None => Outcome::Unreachable,
        Some(_) => Outcome::Faltered(None),
    }
}

/// A call about a job: `POST /api/v1/jobs`, `GET` or `DELETE /api/v1/jobs/{id}`. Says who
/// asks; a clip's own address is open to everybody and is asked for without.
pub(crate) async fn job(
    url: &str,
    call: &Call,
    token: Option<&Token>,
    signal: &AbortSignal,
) -> Outcome<Heard> {
    let headers = object(&[(SESSION_HEADER, browser::session_id().into())]);
    if let Some(token) = token {
        set(&headers, "authorization", &token.header().into());
    }
    if matches!(call, Call::Post(_)) {
        set(&headers, "content-type", &"application/json".into());
    }
    let response = match send(url, Some(headers), call, signal).await {
        Ok(response) if response.ok() => response,
        answer => return failure(answer.ok()).await,
    };
    match body(response.json()).await.and_then(|job| Heard::of_job(Given(job))) {
        Some(job) => Outcome::Done(job),
        None => Outcome::Faltered(None),
    }
}

async fn send(
    url: &str,
    headers: Option<JsValue>,
    call: &Call,
    signal: &AbortSignal,
) -> Result<Response, JsValue> {
    let request = RequestInit::new();
    request.set_signal(Some(signal));
    if let Some(headers) = headers {
        request.set_headers(&headers);
    }
    match call {
        Call::Get => {}
        Call::Post(content) => {
            request.set_method("POST");
            request.set_body(&content.as_str().into());
        }
        Call::Delete => {
            request.set_method("DELETE");
            // It goes out even if the page does not stay.
            set(&request, "keepalive", &true.into());
        }
    }
    let window = browser::window().ok_or(JsValue::NULL)?;
    let request = Request::new_with_str_and_init(url, &request)?;
    JsFuture::from(window.fetch_with_request(&request)).await.map(JsCast::unchecked_into)
}

/// What a body is read as; nothing where it breaks off or is something else.
async fn body(read: Result<Promise, JsValue>) -> Option<JsValue> {
    JsFuture::from(read.ok()?).await.ok()
}

/// A body, read piece by piece, so that one that stops coming is noticed; nothing where it breaks off.
async fn bytes(response: &Response, kind: String, more: &dyn Fn()) -> Option<Body> {
    let reader: ReadableStreamDefaultReader = response.body()?.get_reader().unchecked_into();
    let (pieces, mut size) = (Array::new(), 0);
    loop {
        more();
        let read = JsFuture::from(reader.read()).await.ok()?;
        let piece = Reflect::get(&read, &"value".into()).ok()?;
        // At the end there is no more of it.
        if piece.is_undefined() {
            break;
        }
        pieces.push(&piece);
        size += u64::from(piece.unchecked_into::<Uint8Array>().length());
    }
    Some(Body::of_pieces(pieces, size, kind))
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

async fn failure<T>(answer: Option<Response>) -> Outcome<T> {
    let Some(response) = answer else { return Outcome::Unreachable };
    let status = response.status();
    if status == 404 {
        return Outcome::Absent;
    }
    let seconds = header(&response, "retry-after").and_then(|text| text.trim().parse().ok());
    let after = seconds.map(Millis::seconds);
    let problem = Given(body(response.json()).await.unwrap_or(JsValue::NULL));
    let code = problem.text_at("code");
    let detail = problem
        .text_at("detail")
        .or_else(|| problem.text_at("title"))
        .unwrap_or_else(|| format!("The edge answered {status}."));
    let or = |usual: &str| code.clone().unwrap_or_else(|| usual.into());
    match status {
        401 => Outcome::Unauthorized { code: or("unauthorized"), detail },
        402 => Outcome::Spent { after, code: or("budget_exceeded"), detail },
        // About this one clip; others may be asked for.
        429 if code.as_deref() == Some("cooldown_active") => Outcome::Refused { code: or("refused"), detail },
        429 => Outcome::Limited { after, code: or("rate_limited") },
        503 if after.is_some() => Outcome::Limited { after, code: or("provider_unavailable") },
        // What a proxy says when nothing answers behind it.
        502 | 504 | 520..=530 if after.is_none() && code.is_none() => Outcome::Unreachable,
        408 | 500.. => Outcome::Faltered(after),
        _ => Outcome::Refused { code: or("refused"), detail },
    }
}

const SESSION_HEADER: &str = "x-cuelight-session";
