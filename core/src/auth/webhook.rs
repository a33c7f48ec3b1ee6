//! Signs what we send to a merchant's webhook, as the Standard Webhooks specification 1.0.0 has
//! it, so that a receiver checks it with a library it may already have.

use std::fmt;

use data_encoding::BASE64;

use super::mac::MacKey;
use crate::units::Millis;

/// How every webhook secret begins.
pub const SECRET_PREFIX: &str = "whsec_";
/// How far a delivery's time may be from the receiver's.
pub const TOLERANCE: Millis = Millis::seconds(5 * 60);
/// Longest `webhook-signature` header that is read, in bytes: dozens of signatures.
const MAX_SIGNATURE_BYTES: usize = 4_096;

/// The secret that a merchant and we share for one webhook: 24 to 64 bytes. Never shown.
#[derive(Clone)]
pub struct WebhookSecret(MacKey);

impl WebhookSecret {
    /// Reads `whsec_` and base64. `None` for anything else, and for fewer than 24 or more than 64
    /// bytes, which the specification does not allow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(SECRET_PREFIX)?.as_bytes()).ok()?;
        if !(24..=64).contains(&bytes.len()) {
            return None;
        }
        MacKey::new(&bytes).map(Self)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Why a delivery cannot be signed or is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The id is empty, too long, or holds what would make the signed text ambiguous.
    #[error("a delivery's id is 1 to 128 characters of a-z, A-Z, 0-9, _ and -")]
    BadId,
    /// The timestamp is no number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    BadTimestamp,
    /// The delivery is too old, or from the future: somebody may be repeating it.
    #[error("webhook-timestamp is more than five minutes away from now")]
    OutsideTolerance,
    /// No signature matches.
    #[error("no signature in webhook-signature matches")]
    BadSignature,
}

/// The three headers of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// `webhook-id`: the same for every attempt at one delivery.
    pub id: String,
    /// `webhook-timestamp`: when this attempt was made, in seconds since the Unix epoch.
    pub timestamp: String,
    /// `webhook-signature`: one signature for each secret, separated by spaces.
    pub signature: String,
}

/// Signs the delivery `id` of `body`, sent `now`, with each of `secrets`: one, or two while one
/// replaces the other.
///
/// # Errors
/// [`WebhookError::BadId`].
pub fn headers(
    secrets: &[WebhookSecret],
    id: &str,
    now: Millis,
    body: &[u8],
) -> Result<Headers, WebhookError> {
    check_id(id)?;
    let timestamp = (now.0 / 1_000).to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| format!("v1,{}", BASE64.encode(&secret.0.tag(&signed(id, &timestamp, body)))))
        .collect();
    Ok(Headers { id: id.to_owned(), timestamp, signature: signatures.join(" ") })
}

/// What a receiver does with a delivery that arrives `now`.
///
/// # Errors
/// Why it must not be trusted.
pub fn verify(
    secret: &WebhookSecret,
    headers: &Headers,
    body: &[u8],
    now: Millis,
) -> Result<(), WebhookError> {
    check_id(&headers.id)?;
    let seconds: u64 = headers.timestamp.parse().map_err(|_| WebhookError::BadTimestamp)?;
    let sent = Millis(seconds.saturating_mul(1_000));
    if sent.since(now).max(now.since(sent)) > TOLERANCE {
        return Err(WebhookError::OutsideTolerance);
    }
    if headers.signature.len() > MAX_SIGNATURE_BYTES {
        return Err(WebhookError::BadSignature);
    }
    let parts = signed(&headers.id, &headers.timestamp, body);
    let matches = |one: &str| {
        let tag = one.strip_prefix("v1,").and_then(|text| BASE64.decode(text.as_bytes()).ok());
        tag.is_some_and(|tag| secret.0.is_tag(&parts, &tag))
    };
    if headers.signature.split(' ').any(matches) { Ok(()) } else { Err(WebhookError::BadSignature) }
}

fn check_id(id: &str) -> Result<(), WebhookError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if (1..=128).contains(&id.len()) && id.bytes().all(is_plain) { Ok(()) } else { Err(WebhookError::BadId) }
}

fn signed<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}
