//! The Cache API: whole public clips, stored with the very headers they are answered with, so that
//! a hit is returned as it is. Knows nothing of R2, jobs or actors.

use cuelight_core::byte_range::ByteRange;
use cuelight_core::cache_key::CacheKey;
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{ArrayBuffer, Promise, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::ext::CacheStorageExt;
use worker::{console_error, js_sys, web_sys};

use crate::counters;

/// Joins the address that a clip is cached under. What is cached outlives a deploy: raise it when
/// the headers of a clip change, and yesterday's copies are left alone.
const HEADERS_VERSION: &str = "?headers=2";

/// The largest clip that is cut in memory, in bytes. An isolate has 128 MB for all its requests; R2
/// cuts larger clips.
pub(crate) const MAX_CUT: u64 = 4 * 1024 * 1024;

thread_local! {
    // The same object for every request; asking for it anew would be three calls out of the module.
    static CACHE: web_sys::Cache =
        js_sys::global().unchecked_into::<web_sys::WorkerGlobalScope>().caches().map_or_else(
            |_| JsValue::UNDEFINED.unchecked_into(),
            |caches| CacheStorageExt::default(&caches),
        );
}

/// Where the clip that `url` names is cached: nowhere if it names none. Any query is ignored.
pub(crate) fn address(url: &str) -> Option<String> {
    let host = url.find("://")? + 3;
    let path = host + url.get(host..)?.find('/')?;
    let key = url.get(path..)?.strip_prefix("/clips/")?;
    let key = CacheKey::parse(key.split_once('?').map_or(key, |(key, _)| key))?;
    Some(format!("{}{}{HEADERS_VERSION}", url.get(..path)?, key.path()))
}

/// Starts to look for the whole clip at `address`. [`found`] reads what comes.
pub(crate) fn look_up(address: &str) -> Promise {
    CACHE.with(|cache| cache.match_with_str(address))
}

/// The clip, ready to be returned, in what [`look_up`] came to. A cache that fails has nothing.
pub(crate) fn found(outcome: JsValue) -> Option<web_sys::Response> {
    if outcome.is_undefined() {
        return None;
    }
    outcome.dyn_into().map_err(|error| console_error!("the Cache API failed: {error:?}")).ok()
}

/// Puts a whole clip, with its final headers, at `address`.
pub(crate) async fn put(address: &str, response: web_sys::Response) {
    let stored = JsFuture::from(CACHE.with(|cache| cache.put_with_str(address, &response))).await;
    match stored {
        Ok(_) => counters::CLIP_FILLS.add_one(),
        // Workers' own preview domains have no cache; the clip comes from R2 again.
        Err(error) => console_error!("the Cache API refused a clip: {error:?}"),
    }
}

/// A cached clip and what decides about a part of it.
#[derive(Debug)]
pub(crate) struct Cached {
    /// The whole answer.
    pub(crate) response: web_sys::Response,
    /// Its strong validator, quotes included.
    pub(crate) etag: String,
    /// How many bytes it has.
    pub(crate) size: u64,
}

impl Cached {
    /// Reads the validator and the size; none if a cache has lost or weakened them, as some do when
    /// they compress.
    pub(crate) fn read(response: web_sys::Response) -> Option<Self> {
        let headers = response.headers();
        let etag = headers.get("etag").ok()?.filter(|tag| tag.starts_with('"'))?;
        let size = headers.get("content-length").ok()??.parse().ok()?;
        Some(Self { response, etag, size })
    }

    /// The answer without its body: 304, or 200 to a HEAD.
    pub(crate) fn without_body(&self, status: u16) -> Result<web_sys::Response, JsValue> {
        self.give_up_body();
        let headers = web_sys::Headers::new_with_headers(&self.response.headers())?;
        if status == 304 {
            headers.delete("content-length")?;
        }
        web_sys::Response::new_with_opt_str_and_init(None, &init(status, &headers))
    }

    /// These bytes of it, cut outside the module's memory. None if it is too large for that, or not
    /// as long as it says.
    pub(crate) async fn cut(&self, part: ByteRange) -> Result<Option<web_sys::Response>, JsValue> {
        if self.size > MAX_CUT {
            self.give_up_body();
            return Ok(None);
        }
        let buffer: ArrayBuffer = JsFuture::from(self.response.array_buffer()?).await?.unchecked_into();
        let (Ok(first), Ok(len)) = (u32::try_from(part.first), u32::try_from(part.len())) else {
            return Ok(None);
        };
        if u64::from(buffer.byte_length()) != self.size {
            return Ok(None);
        }
        let bytes = Uint8Array::new_with_byte_offset_and_length(&buffer, first, len);
        let headers = web_sys::Headers::new_with_headers(&self.response.headers())?;
        headers.set("content-length", &part.len().to_string())?;
        headers.set("content-range", &part.content_range(self.size))?;
        web_sys::Response::new_with_opt_buffer_source_and_init(Some(&bytes), &init(206, &headers)).map(Some)
    }

    /// Lets the runtime stop reading what nobody will.
    fn give_up_body(&self) {
        if let Some(body) = self.response.body() {
            let _ = body.cancel();
        }
    }
}

fn init(status: u16, headers: &web_sys::Headers) -> web_sys::ResponseInit {
    let init = web_sys::ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
