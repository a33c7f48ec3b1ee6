//! Carries out the faults that look the same at every vendor: an answer that is lost, late, too large,
//! cut, or points elsewhere.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::fault::{Kind, Rule};

/// What `oversize` announces: five gigabytes.
const FIVE_GIGABYTES: u64 = 5 << 30;
/// Where `redirect` points: the metadata service of a cloud machine, which nobody outside may reach.
pub const PRIVATE_ADDRESS: &str = "http://169.254.169.254/latest/meta-data/";
/// What comes instead of a result that is mislabelled.
const NOT_MEDIA: &[u8] = b"<!doctype html><title>This is no picture and no clip</title>";

/// The answer as the fault lets it travel. Faults that a vendor words itself pass through unchanged.
pub async fn travel(rule: Option<Rule>, response: Response) -> Response {
    let Some(rule) = rule else { return response };
    match rule.kind {
        Kind::LostAnswer => cut_off(response),
        Kind::Stall => {
            tokio::time::sleep(Duration::from_millis(rule.delay_ms())).await;
            cut_off(response)
        }
        Kind::Redirect => (StatusCode::FOUND, [(header::LOCATION, PRIVATE_ADDRESS)]).into_response(),
        Kind::Oversize => oversize(response).await,
        Kind::Mislabel | Kind::Truncate => {
            let (mut parts, body) = response.into_parts();
            let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
            let part = spoil(Some(rule), &whole);
            parts.headers.insert(header::CONTENT_LENGTH, part.len().into());
            Response::from_parts(parts, Body::from(part))
        }
        _ => response,
    }
}

/// A result as the fault leaves it, for vendors that answer with it inside of JSON.
#[must_use]
pub fn spoil(rule: Option<Rule>, bytes: &Bytes) -> Bytes {
    match rule.map(|rule| rule.kind) {
        Some(Kind::Mislabel) => Bytes::from_static(NOT_MEDIA),
        Some(Kind::Truncate) => bytes.slice(..bytes.len() / 2),
        _ => bytes.clone(),
    }
}

/// A connection that ends without an answer.
fn cut_off(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(1u64));
    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "closed on request");
    Response::from_parts(parts, Body::from_stream(stream::iter([Err::<Bytes, _>(cut)])))
}

/// The right beginning of an answer that says it will be five gigabytes, and then stays open.
async fn oversize(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, FIVE_GIGABYTES.into());
    let end = io::Error::new(io::ErrorKind::ConnectionAborted, "closed on request");
    let pieces = stream::iter([Ok(whole), Err(end)]).enumerate().then(|(at, piece)| async move {
        tokio::time::sleep(Duration::from_secs(if at == 0 { 0 } else { 60 })).await;
        piece
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
