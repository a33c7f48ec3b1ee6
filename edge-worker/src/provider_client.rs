//! Sends a request and brings back the answer. The only place that speaks to the outside: only to
//! where it may, without following redirects, for a limited time, up to a limited size. An answer
//! that did not come whole says nothing about what was done.

use cuelight_core::actors::generation::ProviderError;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use url::Url;
use worker::js_sys::Uint8Array;
use worker::{AbortController, Delay, Fetch, Headers, Request, RequestInit, RequestRedirect, ResponseBody};

/// What one request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long, the answer's body included.
    pub(crate) time: Duration,
    /// How large the answer's body may be, in bytes.
    pub(crate) bytes: usize,
}

/// Sends `request` if `may_ask` says so of its address.
///
/// # Errors
/// [`ProviderError::Fatal`] for another address, [`ProviderError::Unanswered`] when the connection
/// was lost before the answer's end, or was ended by us because the time was up. A body beyond the
/// limit is cut behind it, and left out if its length says so at once, for its reader to refuse.
pub(crate) async fn send(
    may_ask: impl Fn(&Url) -> bool,
    request: http::Request<Vec<u8>>,
    limits: Limits,
) -> Result<http::Response<Vec<u8>>, ProviderError> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| fatal("an adapter made no address"))?;
    if !may_ask(&url) {
        return Err(fatal("the address is not the provider's"));
    }
    let controller = AbortController::default();
    let signal = controller.signal();
    let call = pin!(async {
        let request = outgoing(&url, request).map_err(|_| fatal("the request cannot be formed"))?;
        // What the runtime says may quote the address, which may be signed.
        let lost =
            |_: worker::Error| unanswered("no answer from the provider: the connection was lost".into());
        let mut answer = Fetch::Request(request).send_with_signal(&signal).await.map_err(lost)?;
        let mut incoming = http::Response::builder().status(answer.status_code());
        for (name, value) in answer.headers() {
            incoming = incoming.header(name, value);
        }
        let declared = answer.headers().get("content-length").ok().flatten();
        let mut body = Vec::new();
        let fits = |size: u64| size <= limits.bytes as u64;
        let is_read = declared.and_then(|text| text.parse().ok()).is_none_or(fits);
        // An answer such as 204 has no body at all, and the runtime no stream of it.
        if is_read && !matches!(answer.body(), ResponseBody::Empty) {
            let mut stream = answer.stream().map_err(lost)?;
            while let Some(chunk) = stream.next().await {
                body.extend_from_slice(&chunk.map_err(lost)?);
                if body.len() > limits.bytes {
                    break;
                }
            }
        }
        incoming.body(body).map_err(|_| unanswered("the provider's answer is not HTTP".to_owned()))
    });
    match select(call, pin!(Delay::from(limits.time))).await {
        Either::Left((answer, _)) => {
            // What was not read of it is not wanted.
            controller.abort();
            answer
        }
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
            headers.append(name.as_str(), value)?;
        }
    }
    let mut init = RequestInit::new();
    init.with_method(request.method().as_str().to_owned().into()).with_headers(headers);
    init.with_redirect(RequestRedirect::Manual);
    let body = request.into_body();
    if !body.is_empty() {
        // As bytes: a picture is no text.
        init.with_body(Some(Uint8Array::from(body.as_slice()).into()));
    }
    Request::new_with_init(url.as_str(), &init)
}

fn fatal(why: &str) -> ProviderError {
    ProviderError::Fatal(why.to_owned())
}

const fn unanswered(why: String) -> ProviderError {
    ProviderError::Unanswered(why)
}
