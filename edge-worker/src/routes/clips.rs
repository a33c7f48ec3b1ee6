//! `GET /clips/{key}`: the hot path. The Cache API, then R2; nothing else is touched, and no JSON
//! is read or written on a hit. Private clips come from R2 only, and only by a signed address.

use cuelight_core::auth::{AuthError, signed_address};
use cuelight_core::byte_range::{Conditions, Selection, select};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::problem::Code;
use worker::js_sys::Promise;
use worker::{Headers, Method, Response, ResponseBody, web_sys};

use crate::caller;
use crate::clip_store::{self, IMMUTABLE, Shelf, Stored};
use crate::counters;
use crate::edge_cache::{self, Cached};
use crate::error::Failure;
use crate::router::{self, Call};
use crate::settings;

/// Starts to look for the clip that `request` names in the Cache API. None if it names none.
pub(crate) fn look_up(request: &web_sys::Request) -> Option<Promise> {
    edge_cache::address(&request.url()).map(|address| edge_cache::look_up(&address))
}

/// Whether a cached clip is the answer as it stands. Most requests of a deployment end here.
pub(crate) fn wants_whole(request: &web_sys::Request) -> bool {
    let headers = request.headers();
    let lacks = |name| matches!(headers.has(name), Ok(false));
    let whole = request.method() == "GET" && lacks("range") && lacks("if-none-match");
    if whole {
        counters::CLIP_HITS_CACHE.add_one();
    }
    whole
}

/// What a cached clip alone can answer: itself, a part of it, or the news that the caller has it. None
/// if R2 has to.
pub(crate) async fn at_hand(
    request: &web_sys::Request,
    cached: web_sys::Response,
) -> Result<Option<web_sys::Response>, Failure> {
    let head = match request.method().as_str() {
        "GET" => false,
        "HEAD" => true,
        _ => return Ok(None),
    };
    let headers = request.headers();
    let header = |name| headers.get(name).ok().flatten();
    let (range, if_none_match) = (header("range").filter(|_| !head), header("if-none-match"));
    let if_range = header("if-range");
    let Some(cached) = Cached::read(cached) else { return Ok(None) };
    let asked = Conditions {
        range: range.as_deref(),
        if_range: if_range.as_deref(),
        if_none_match: if_none_match.as_deref(),
    };
    let answer = match select(cached.size, &cached.etag, asked) {
        Selection::NotModified => cached.without_body(304),
        Selection::Whole if head => cached.without_body(200),
        Selection::Whole => Ok(cached.response),
        Selection::Unsatisfiable => {
            counters::CLIP_HITS_CACHE.add_one();
            return Err(unsatisfiable(cached.size));
        }
        Selection::Part(part) => match cached.cut(part).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        },
    };
    counters::CLIP_HITS_CACHE.add_one();
    Ok(Some(answer.map_err(worker::Error::from)?))
}

/// Serves a public clip that the Cache API did not have.
pub(crate) async fn serve(call: &Call, key: &str) -> Result<Response, Failure> {
    let response = serve_from(call, Shelf::Public, &read_key(key)?, IMMUTABLE).await?;
    counters::CLIP_HITS_STORE.add_one();
    Ok(response)
}

/// Serves a private clip to whoever has a signed address of it. The signature is judged before any
/// storage is touched, so that a stranger cannot even learn whether a clip exists.
pub(crate) async fn serve_private(call: &Call, key: &str) -> Result<Response, Failure> {
    let key = read_key(key)?;
    let seconds = signed_for(call, &key)?;
    let caching = format!("private, max-age={seconds}");
    let response = serve_from(call, Shelf::Private, &key, &caching).await?;
    counters::PRIVATE_CLIP_HITS.add_one();
    Ok(response)
}

/// For how many more seconds the address of the request lets its holder see the clip.
fn signed_for(call: &Call, key: &CacheKey) -> Result<u64, Failure> {
    let deployment = settings::deployment(&call.env)?;
    let signing = deployment.signing.as_ref().ok_or(AuthError::BadSignature).map_err(caller::refused)?;
    let url = call.request.url()?;
    let now = settings::now();
    signed_address::verify(signing, key, url.query().unwrap_or_default(), now).map_err(caller::refused)?;
    // Signed, so it is a number that we wrote.
    let expires = call.query("expires").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Ok(expires.saturating_sub(now.0 / 1_000))
}

fn read_key(text: &str) -> Result<CacheKey, Failure> {
    CacheKey::parse(text)
        .ok_or_else(|| Failure::new(Code::NotFound, "A clip's address ends in 32 characters of a-z and 2-7."))
}

/// Serves the clip at `key` on `shelf` from R2, `caching` being its `Cache-Control`. Public clips are
/// put into the Cache API while they are on their way.
async fn serve_from(call: &Call, shelf: Shelf, key: &CacheKey, caching: &str) -> Result<Response, Failure> {
    let head = call.request.method() == Method::Head;
    let range = call.header("range").filter(|_| !head);
    let (if_range, if_none_match) = (call.header("if-range"), call.header("if-none-match"));
    if range.is_none() && if_none_match.is_none() && !head {
        return whole(call, shelf, key, caching).await;
    }
    let stored = clip_store::look_on(&call.env, shelf, key).await?.ok_or_else(missing)?;
    let asked = Conditions {
        range: range.as_deref(),
        if_range: if_range.as_deref(),
        if_none_match: if_none_match.as_deref(),
    };
    let size = stored.content.bytes;
    match select(size, &stored.etag, asked) {
        Selection::NotModified => Ok(answer(304, headers(&stored, caching, None)?, ResponseBody::Empty)?),
        Selection::Unsatisfiable => Err(unsatisfiable(size)),
        Selection::Whole if head => {
            Ok(answer(200, headers(&stored, caching, Some(size))?, ResponseBody::Empty)?)
        }
        Selection::Whole => whole(call, shelf, key, caching).await,
        Selection::Part(part) => {
            let read = clip_store::read(&call.env, shelf, key, Some(part)).await?;
            let (stored, body) = read.ok_or_else(missing)?;
            if shelf == Shelf::Public && size <= edge_cache::MAX_CUT {
                fill(call, key);
            }
            let headers = headers(&stored, caching, Some(part.len()))?;
            headers.set("content-range", &part.content_range(size))?;
            Ok(answer(206, headers, body)?)
        }
    }
}

async fn whole(call: &Call, shelf: Shelf, key: &CacheKey, caching: &str) -> Result<Response, Failure> {
    let read = clip_store::read(&call.env, shelf, key, None).await?;
    let (stored, body) = read.ok_or_else(missing)?;
    let mut response = answer(200, headers(&stored, caching, Some(stored.content.bytes))?, body)?;
    if shelf == Shelf::Public
        && let Some(address) = edge_cache::address(&call.request.inner().url())
    {
        let copy = response.cloned()?.into();
        call.context.wait_until(async move { edge_cache::put(&address, copy).await });
    }
    Ok(response)
}

/// Has the whole clip cached once this request is answered: who asks for one part asks for others.
fn fill(call: &Call, key: &CacheKey) {
    let Some(address) = edge_cache::address(&call.request.inner().url()) else { return };
    let (env, key) = (call.env.clone(), *key);
    call.context.wait_until(async move {
        // What goes wrong here harms nobody: the next request reads R2 again.
        if let Ok(Some((stored, body))) = clip_store::read(&env, Shelf::Public, &key, None).await
            && let Ok(headers) = headers(&stored, IMMUTABLE, Some(stored.content.bytes))
            && let Ok(copy) = answer(200, headers, body)
        {
            edge_cache::put(&address, copy.into()).await;
        }
    });
}

fn headers(stored: &Stored, caching: &str, length: Option<u64>) -> worker::Result<Headers> {
    let headers = Headers::new();
    router::set_common(&headers)?;
    headers.set("content-type", &stored.content.content_type)?;
    if let Some(length) = length {
        headers.set("content-length", &length.to_string())?;
    }
    headers.set("etag", &stored.etag)?;
    headers.set("accept-ranges", "bytes")?;
    headers.set("cache-control", caching)?;
    Ok(headers)
}

fn answer(status: u16, headers: Headers, body: ResponseBody) -> worker::Result<Response> {
    Ok(Response::from_body(body)?.with_status(status).with_headers(headers))
}

fn unsatisfiable(size: u64) -> Failure {
    Failure::new(Code::RangeNotSatisfiable, format!("The clip has {size} bytes."))
        .with("content-range", format!("bytes */{size}"))
}

/// Quick, and not cached anywhere: the clip may exist a second later.
fn missing() -> Failure {
    counters::CLIP_MISSES.add_one();
    Failure::new(Code::ClipMissing, "Ask for it with POST /api/v1/jobs; the link is what to show meanwhile.")
        .with("link", "</placeholders/idle.svg>; rel=\"alternate\"; type=\"image/svg+xml\"")
}
