//! The handlers of the generation interface: translate, ask the studio, spoil if told to.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Studio;
use super::answer::Refusal;
use super::spoil;
use super::state::Submitted;
use crate::fault::{Kind, On};
use crate::order::Order;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Proof that the caller presented the key. Extracted first, so that nothing is told to strangers.
pub(super) struct Caller;

impl FromRequestParts<Studio> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, studio: &Studio) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if studio.knows(key.trim()) { Ok(Self) } else { Err(Refusal::Unauthorized) }
    }
}

pub(super) async fn health() -> Response {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response()
}

pub(super) async fn submit(
    _: Caller,
    State(studio): State<Studio>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let fault = studio.fault(On::Submit);
    if let Some(refusal) = spoil::refusal(fault) {
        return refusal.into_response();
    }
    let taken = take_order(&studio, &headers, body);
    let told = match fault.map(|rule| rule.kind) {
        Some(Kind::Duplicate) => taken.and_then(|taken| Err(Refusal::Duplicate(taken.id))),
        _ => taken.map(accepted),
    };
    spoil::travel(fault, told.into_response()).await
}

fn take_order(
    studio: &Studio,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Submitted, Refusal> {
    let body = body?;
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !(1..=64).contains(&key.chars().count()) {
        return Err(Refusal::field("Idempotency-Key", "a header of 1 to 64 characters"));
    }
    let order = Order::read(&body)?;
    studio.submit(key, &body, order)
}

fn accepted(submitted: Submitted) -> Response {
    let status = if submitted.replayed { StatusCode::OK } else { StatusCode::ACCEPTED };
    let mut response = (status, Json(submitted.view)).into_response();
    if submitted.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

pub(super) async fn poll(_: Caller, State(studio): State<Studio>, Path(id): Path<String>) -> Response {
    let fault = studio.fault(On::Poll);
    let told = match fault.map(|rule| rule.kind) {
        Some(Kind::Fail) => {
            studio.fail(&id, "unavailable", "the generation failed").and_then(|()| studio.poll(&id))
        }
        Some(Kind::Refuse) => studio
            .fail(&id, "content_refused", "this content is not generated here")
            .and_then(|()| studio.poll(&id)),
        Some(Kind::Duplicate) => studio.poll_again(&id),
        _ => match spoil::refusal(fault) {
            Some(refusal) => Err(refusal),
            None => studio.poll(&id),
        },
    };
    spoil::travel(fault, told.map(Json).into_response()).await
}

/// What a listing is asked for: there is no list of everything.
#[derive(Deserialize)]
pub(super) struct Wanted {
    idempotency_key: String,
}

pub(super) async fn list(
    _: Caller,
    State(studio): State<Studio>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let fault = studio.fault(On::List);
    if let Some(refusal) = spoil::refusal(fault) {
        return refusal.into_response();
    }
    let told = match wanted {
        Ok(Query(Wanted { idempotency_key })) => {
            Ok(Json(json!({ "generations": studio.list(&idempotency_key) })))
        }
        Err(_) => Err(Refusal::field("idempotency_key", "say whose generation: ?idempotency_key=…")),
    };
    spoil::travel(fault, told.into_response()).await
}

pub(super) async fn cancel(_: Caller, State(studio): State<Studio>, Path(id): Path<String>) -> Response {
    let fault = studio.fault(On::Cancel);
    if let Some(refusal) = spoil::refusal(fault) {
        return refusal.into_response();
    }
    spoil::travel(fault, studio.cancel(&id).map(Json).into_response()).await
}

pub(super) async fn download(_: Caller, State(studio): State<Studio>, Path(id): Path<String>) -> Response {
    let fault = studio.fault(On::Download);
    if let Some(refusal) = spoil::refusal(fault) {
        return refusal.into_response();
    }
    let output = match studio.output(&id) {
        Ok(output) => output,
        Err(refusal) => return refusal.into_response(),
    };
    let body = match fault.map(|rule| rule.kind) {
        Some(Kind::Truncate) => Bytes::copy_from_slice(&output.bytes[..output.bytes.len() * 2 / 3]),
        Some(Kind::Mislabel) => Bytes::from_static(NOT_A_VIDEO),
        _ => Bytes::from_owner(output.bytes),
    };
    spoil::travel(fault, ([(header::CONTENT_TYPE, "video/mp4")], body).into_response()).await
}

/// A PNG of one transparent pixel.
const NOT_A_VIDEO: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0,
    0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
