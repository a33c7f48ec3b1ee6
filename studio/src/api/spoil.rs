//! Carries out the faults that concern how an answer travels: never, cut off, in drips, or replaced
//! by a gateway's.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::answer::Refusal;
use crate::fault::{Kind, Rule};

/// How many pieces a slow answer comes in.
const DRIPS: u32 = 20;
/// What a gateway says: not our JSON.
const BAD_GATEWAY: &str = "<html><head><title>502 Bad Gateway</title></head><body>502</body></html>";

/// The refusal that a fault makes of a call before anything is done, if it is of that kind.
pub(super) fn refusal(rule: Option<Rule>) -> Option<Refusal> {
    let rule = rule?;
    match rule.kind {
        Kind::Throttle => Some(Refusal::Throttled(rule.retry_after_s.unwrap_or(1))),
        Kind::Fail => Some(Refusal::Unavailable),
        Kind::Refuse => Some(Refusal::ContentRefused),
        Kind::Invalid => Some(Refusal::field("prompt", "this prompt is not accepted today")),
        _ => None,
    }
}

/// The answer as the fault lets it travel.
pub(super) async fn travel(rule: Option<Rule>, response: Response) -> Response {
    let Some(rule) = rule else { return response };
    match rule.kind {
        Kind::Stall => {
            tokio::time::sleep(Duration::from_millis(rule.delay_ms())).await;
            broken(response, 0).await
        }
        Kind::Drop => broken(response, 2).await,
        Kind::Slow => drip(response, Duration::from_millis(rule.delay_ms())).await,
        Kind::Gateway => (StatusCode::BAD_GATEWAY, Html(BAD_GATEWAY)).into_response(),
        _ => response,
    }
}

/// The head and the first part of an answer (one `share`-th, or nothing for 0), then a closed connection.
async fn broken(response: Response, share: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let part = whole.slice(..whole.len().checked_div(share).unwrap_or(0));
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().max(1).into());
    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "closed on request");
    Response::from_parts(
        parts,
        Body::from_stream(
            // The pause lets the first part leave before the connection breaks.
            stream::iter([Ok(part), Err(cut)]).enumerate().then(|(at, piece)| async move {
                tokio::time::sleep(Duration::from_millis(if at == 0 { 0 } else { 50 })).await;
                piece
            }),
        ),
    )
}

async fn drip(response: Response, over: Duration) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let size = whole.len().div_ceil(DRIPS as usize).max(1);
    let pieces: Vec<Bytes> =
        (0..whole.len()).step_by(size).map(|at| whole.slice(at..(at + size).min(whole.len()))).collect();
    let drops = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(over / DRIPS).await;
        Ok::<_, Infallible>(piece)
    });
    Response::from_parts(parts, Body::from_stream(drops))
}
