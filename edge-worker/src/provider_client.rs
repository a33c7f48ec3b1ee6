//! Sends an adapter's request and brings back the answer. The only place that speaks to the
//! outside: to the provider's own origin, without following redirects, for a limited time, up to
//! a limited size. An answer that did not come whole says nothing about what was done.

use cuelight_core::actors::generation::ProviderError;
use cuelight_core::media::MAX_CLIP_BYTES;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use url::Url;
use worker::{AbortController, Delay, Fetch, Headers, Request, RequestInit, RequestRedirect};

/// What one call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long, the answer's body included. Below `generation::CALL_GUARD`, so that a call is
    /// never repeated while it is still under way.
    time: Duration,
    /// How large the answer's body may be, in bytes.
    bytes: usize,
}

impl Limits {
    /// For a submission, a poll, a look-up and a cancel: their answers are about a kilobyte.
    pub(crate) const JSON: Self = Self { time: Duration::from_secs(10), bytes: 1 << 20 };
    /// For a clip.
    pub(crate) const CLIP: Self = Self { time: Duration::from_secs(30), bytes: MAX_CLIP_BYTES };
}

/// Sends `request` if it goes to the origin of `base`.
///
/// # Errors
/// [`ProviderError::Fatal`] for another origin, [`ProviderError::Unanswered`] when the connection
/// was lost before the answer's end, or was ended by us because the time was up. A body beyond the
/// limit is cut behind it, for its reader to refuse.
pub(crate) async fn send(
    base: &Url,
    request: http::Request<Vec<u8>>,
    limits: Limits,
) -> Result<http::Response<Vec<u8>>, ProviderError> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| fatal("an adapter made no address"))?;
    if url.origin() != base.origin() {
        return Err(fatal("the address is not the provider's"));
    }
    let controller = AbortController::default();
    let signal = controller.signal();
    let call = pin!(async {
        let request = outgoing(&url, request).map_err(|error| fatal(&error.to_string()))?;
        let lost = |error: worker::Error| unanswered(format!("no answer from the provider: {error}"));
        let mut answer = Fetch::Request(request).send_with_signal(&signal).await.map_err(lost)?;
        let mut incoming = http::Response::builder().status(answer.status_code());
        for (name, value) in answer.headers() {
            incoming = incoming.header(name, value);
        }
        let mut body = Vec::new();
        let mut stream = answer.stream().map_err(lost)?;
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(lost)?);
            if body.len() > limits.bytes {
                break;
            }
        }
        incoming.body(body).map_err(|_| unanswered("the provider's answer is not HTTP".to_owned()))
    });
    match select(call, pin!(Delay::from(limits.time))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => {
            controller.abort();
            Err(unanswered(format!("no answer from the provider in {} s", limits.time.as_secs())))
        }
    }
}

fn outgoing(url: &Url, request: http::Request<Vec<u8>>) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in request.headers() {
        if let Ok(value) = value.to_str() {
            headers.set(name.as_str(), value)?;
        }
    }
    let mut init = RequestInit::new();
    init.with_method(request.method().as_str().to_owned().into()).with_headers(headers);
    init.with_redirect(RequestRedirect::Manual);
    let body = request.into_body();
    if !body.is_empty() {
        init.with_body(Some(String::from_utf8_lossy(&body).into_owned().into()));
    }
    Request::new_with_init(url.as_str(), &init)
}

fn fatal(why: &str) -> ProviderError {
    ProviderError::Fatal(why.to_owned())
}

const fn unanswered(why: String) -> ProviderError {
    ProviderError::Unanswered(why)
}
