//! What most vendors' HTTP has in common: a key in a header, a body of JSON, and what a status means
//! that the vendor says nothing of its own about.

use cuelight_core::units::Millis;
use data_encoding::BASE64;
use http::{HeaderValue, Method, Request, StatusCode, request};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Accepted, Account, Answer, Ask, Made, Output, ProviderError, Step, Turn, hostile};

/// What a gateway answers when it may have passed the request on: 502 and 504 (RFC 9110, 15.6.3 and
/// 15.6.5), and Cloudflare's own for an answer it cannot read (520) or that did not come (522, 524).
const GATEWAY: [u16; 5] = [502, 504, 520, 522, 524];

/// The key as a bearer token (RFC 6750), which no log shows.
pub(crate) fn bearer(key: &str) -> Result<HeaderValue, ProviderError> {
    secret(&format!("Bearer {key}"))
}

/// A header's value that no log shows.
pub(crate) fn secret(value: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| ProviderError::Fatal("the provider's key cannot be sent in a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The address of `segments` below the account's base, each one escaped.
pub(crate) fn below<'a>(
    base: &Url,
    segments: impl IntoIterator<Item = &'a str>,
) -> Result<Url, ProviderError> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| ProviderError::Fatal("the provider's address cannot hold a path".into()))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// The finished request.
pub(crate) fn built(builder: request::Builder, body: Vec<u8>) -> Result<Request<Vec<u8>>, ProviderError> {
    builder
        .body(body)
        .map_err(|_| ProviderError::Fatal("the request to the provider cannot be formed".into()))
}

/// A value as JSON for a request's body.
pub(crate) fn body(value: &impl serde::Serialize) -> Result<Vec<u8>, ProviderError> {
    serde_json::to_vec(value)
        .map_err(|_| ProviderError::Fatal("the order to the provider cannot be written".into()))
}

/// The body as JSON, if it has at most `most` bytes. The error says nothing of what it held: that is a
/// stranger's.
pub(crate) fn parse<T: DeserializeOwned>(answer: &Answer, most: usize) -> Result<T, ProviderError> {
    let unreadable = || ProviderError::Transient("the provider's answer cannot be read".into());
    if answer.body().len() > most {
        return Err(unreadable());
    }
    serde_json::from_slice(answer.body()).map_err(|_| unreadable())
}

/// The error of an answer to something that was done or not: what cannot be read tells neither.
pub(crate) fn unclear(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Transient(why) => ProviderError::Unanswered(why),
        other => other,
    }
}

/// What a status other than success means where the vendor's words do not matter. `name` is the
/// vendor's, for a person.
pub(crate) fn failure(name: &str, answer: &Answer) -> ProviderError {
    let status = answer.status();
    let said = format!("{name} answered {}", status.as_u16());
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            ProviderError::Throttled { retry_after: hostile::retry_after(answer.headers()) }
        }
        // Its words are left out: they may quote the key in a form that nobody recognises.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ProviderError::Fatal(format!("{name} does not accept the key"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => ProviderError::Transient(said),
        _ if is_gateway(status) => {
            ProviderError::Unanswered(format!("a gateway answered {} in place of {name}", status.as_u16()))
        }
        _ if status.is_server_error() => ProviderError::Transient(said),
        _ => ProviderError::Fatal(said),
    }
}

/// Whether it is a gateway that answers like this, which may have passed the request on.
pub(crate) fn is_gateway(status: StatusCode) -> bool {
    GATEWAY.contains(&status.as_u16())
}

/// An operation that the vendor says it has, if its id can stand in an address.
///
/// # Errors
/// [`ProviderError::Unanswered`] for another id: it was taken, and nobody can ask for it.
pub(crate) fn accepted(
    name: &str,
    id: String,
    estimate_ms: Option<Millis>,
) -> Result<Accepted, ProviderError> {
    if !hostile::is_id(&id) {
        return Err(ProviderError::Unanswered(format!("{name} gave an id that cannot be used")));
    }
    Ok(Accepted { operation_id: id, estimate_ms })
}

/// The address of a result, absolute, if it is at the provider.
pub(crate) fn result_address(account: &Account, url: &str) -> Result<Url, ProviderError> {
    let refused =
        || ProviderError::Fatal("the provider's result is at an address that is not its own".into());
    if url.len() > hostile::MAX_URL_BYTES {
        return Err(refused());
    }
    let resolved = account.base.join(url).map_err(|_| refused())?;
    if account.is_at(&resolved) { Ok(resolved) } else { Err(refused()) }
}

/// Downloads a result that is open to whoever knows its address, as it is at a delivery network or
/// behind a signed address: the key is not sent. `name` is the vendor's, for a person.
pub(crate) fn fetched(
    name: &str,
    account: &Account,
    output: &Output,
    turn: Turn<'_>,
) -> Result<Step<Vec<u8>>, ProviderError> {
    // Checked again: what is stored may be older than the account's settings.
    let url = result_address(account, &output.url)?;
    match turn.heard.first() {
        None => {
            let request = Request::builder().method(Method::GET).uri(url.as_str());
            Ok(Step::Ask(Ask::download(built(request, Vec::new())?)))
        }
        // That is how a store says that an address has expired.
        Some(answer) if answer.status() == StatusCode::FORBIDDEN => Err(ProviderError::Lost),
        Some(answer) => downloaded(output, answer, |answer| failure(name, answer)).map(Step::Done),
    }
}

/// A picture that came as base64 inside of an answer. What cannot be decoded is passed on as it came: it
/// was made and is paid for, and is refused where every result is judged.
pub(crate) fn decoded(base64: &str, seed: Option<u32>) -> Made {
    let bytes = BASE64.decode(base64.as_bytes()).unwrap_or_else(|_| base64.as_bytes().to_vec());
    Made { bytes, cost_micro_usd: None, seed }
}

/// The bytes that a download's answer brings; `failure` says what another answer means.
pub(crate) fn downloaded(
    output: &Output,
    answer: &Answer,
    failure: impl FnOnce(&Answer) -> ProviderError,
) -> Result<Vec<u8>, ProviderError> {
    let length = answer.headers().get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|text| text.to_str().ok()?.parse().ok());
    match answer.status() {
        StatusCode::OK if hostile::declared(length, None).is_err() => Err(hostile::too_large()),
        StatusCode::OK => hostile::clip(output, answer.body().clone()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(ProviderError::Lost),
        status if status.is_success() => {
            Err(ProviderError::BadMedia(format!("it came with status {}", status.as_u16())))
        }
        _ => Err(failure(answer)),
    }
}
