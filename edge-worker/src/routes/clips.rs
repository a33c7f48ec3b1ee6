//! `GET /clips/{key}`: the hot path. The Cache API, then R2; nothing else is touched, and no JSON
//! is read or written on a hit.

use cuelight_core::byte_range::{Conditions, Selection, select};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::problem::Code;
use worker::{Method, Response, console_error};

use crate::clip_store;
use crate::error::Failure;
use crate::router::Call;

/// Serves a clip, a part of it, or the news that the caller has it.
pub(crate) async fn serve(call: &Call, key: &str) -> Result<Response, Failure> {
    let key = CacheKey::parse(key).ok_or_else(|| {
        Failure::new(Code::NotFound, "A clip's address ends in 32 characters of a-z and 2-7.")
    })?;
    let (range, if_range) = (call.header("range"), call.header("if-range"));
    let if_none_match = call.header("if-none-match");
    let head = call.request.method() == Method::Head;
    let mut url = call.request.url()?;
    url.set_query(None);

    // Most requests: all of a clip that is already here. Parts come from R2, which slices by
    // itself; the platforms' caches differ in how they do.
    if range.is_none()
        && if_none_match.is_none()
        && !head
        && let Some(hit) = clip_store::cached(url.as_str()).await?
    {
        return Ok(hit);
    }
    let stored = clip_store::look(&call.env, &key).await?.ok_or_else(missing)?;
    let asked = Conditions {
        range: range.as_deref().filter(|_| !head),
        if_range: if_range.as_deref(),
        if_none_match: if_none_match.as_deref(),
    };
    match select(stored.content.bytes, &stored.etag, asked) {
        Selection::NotModified => described(&stored, 304),
        Selection::Unsatisfiable => {
            let detail = format!("The clip has {} bytes.", stored.content.bytes);
            let content_range = format!("bytes */{}", stored.content.bytes);
            Err(Failure::new(Code::RangeNotSatisfiable, detail).with("content-range", content_range))
        }
        Selection::Whole if head => {
            let mut response = described(&stored, 200)?;
            response.headers_mut().set("content-length", &stored.content.bytes.to_string())?;
            Ok(response)
        }
        Selection::Whole => {
            let mut response = clip_store::read(&call.env, &key, None).await?.ok_or_else(missing)?;
            let copy = response.cloned()?;
            call.context.wait_until(async move {
                if let Err(error) = clip_store::remember(url.into(), copy).await {
                    console_error!("the Cache API refused a clip: {error}");
                }
            });
            Ok(response)
        }
        Selection::Part(part) => {
            let response = clip_store::read(&call.env, &key, Some(part)).await?.ok_or_else(missing)?;
            let mut response = response.with_status(206);
            response.headers_mut().set("content-range", &part.content_range(stored.content.bytes))?;
            Ok(response)
        }
    }
}

fn described(stored: &clip_store::Stored, status: u16) -> Result<Response, Failure> {
    let mut response = Response::empty()?.with_status(status);
    let headers = response.headers_mut();
    headers.set("content-type", &stored.content.content_type)?;
    headers.set("etag", &stored.etag)?;
    headers.set("accept-ranges", "bytes")?;
    headers.set("cache-control", clip_store::IMMUTABLE)?;
    Ok(response)
}

/// Quick, and not cached anywhere: the clip may exist a second later.
fn missing() -> Failure {
    Failure::new(Code::ClipMissing, "Ask for it with POST /api/v1/jobs; the link is what to show meanwhile.")
        .with("link", "</placeholders/idle.svg>; rel=\"alternate\"; type=\"image/svg+xml\"")
}
