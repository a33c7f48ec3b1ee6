//! Sends an adapter's request and brings back the answer. The only place that speaks to the
//! outside: to the provider's own origin, without following redirects, for a limited time, up to
//! a limited size.

use cuelight_core::actors::generation::ProviderError;
use cuelight_core::media::MAX_CLIP_BYTES;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use url::Url;
use worker::{AbortController, Delay, Fetch, Headers, Request, RequestInit, RequestRedirect};

/// How long one call may take, its body included. Below `generation::CALL_GUARD`, so that a call
/// is never repeated while it is still under way.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Sends `request` if it goes to the origin of `base`.
///
/// # Errors
/// [`ProviderError::Fatal`] for another origin, [`ProviderError::Transient`] when no complete
/// answer came, [`ProviderError::BadMedia`] when it is too large.
pub(crate) async fn send(
    base: &Url,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, ProviderError> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| fatal("an adapter made no address"))?;
    if url.origin() != base.origin() {
        return Err(fatal("the address is not the provider's"));
    }
    let controller = AbortController::default();
    let signal = controller.signal();
    let call = pin!(async {
        let request = outgoing(&url, request).map_err(|error| fatal(&error.to_string()))?;
        let lost =
            |error: worker::Error| ProviderError::Transient(format!("no answer from the provider: {error}"));
        let mut answer = Fetch::Request(request).send_with_signal(&signal).await.map_err(lost)?;
        let mut incoming = http::Response::builder().status(answer.status_code());
        for (name, value) in answer.headers() {
            incoming = incoming.header(name, value);
        }
        let mut body = Vec::new();
        let mut stream = answer.stream().map_err(lost)?;
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(lost)?);
            if body.len() > MAX_CLIP_BYTES {
                return Err(ProviderError::BadMedia("it is larger than we take".to_owned()));
            }
        }
        incoming
            .body(body)
            .map_err(|_| ProviderError::Transient("the provider's answer is not HTTP".to_owned()))
    });
    match select(call, pin!(Delay::from(CALL_LIMIT))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => {
            controller.abort();
            Err(ProviderError::Transient(format!(
                "no answer from the provider in {} s",
                CALL_LIMIT.as_secs()
            )))
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
