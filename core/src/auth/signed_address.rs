//! The address of a private clip: `/private/{key}?expires={seconds}&signature={…}`. Who holds it
//! may fetch the clip until then, without a key or a token, as a `<video>` element must.

use data_encoding::BASE64URL_NOPAD;

use super::AuthError;
use super::signing_keys::SigningKeys;
use crate::cache_key::CacheKey;
use crate::units::Millis;

/// Longest query that is read, in bytes; ours has less than 90.
const MAX_QUERY_BYTES: usize = 128;

/// The address of the clip `key`, good until the second in which `expires` lies begins.
#[must_use]
pub fn sign(keys: &SigningKeys, key: &CacheKey, expires: Millis) -> String {
    let expires = (expires.0 / 1_000).to_string();
    let signature = BASE64URL_NOPAD.encode(&keys.first.address.tag(&signed(key, &expires)));
    format!("/private/{key}?expires={expires}&signature={signature}")
}

/// Whether `query`, what follows the question mark, opens the clip `key` `now`.
///
/// # Errors
/// [`AuthError::Malformed`], [`AuthError::BadSignature`] or [`AuthError::Expired`].
pub fn verify(keys: &SigningKeys, key: &CacheKey, query: &str, now: Millis) -> Result<(), AuthError> {
    let (expires, signature) = members(query).ok_or(AuthError::Malformed)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| AuthError::Malformed)?;
    if !keys.all().any(|one| one.address.is_tag(&signed(key, expires), &signature)) {
        return Err(AuthError::BadSignature);
    }
    // Signed as text, so it is a number that we wrote.
    let expires: u64 = expires.parse().map_err(|_| AuthError::Malformed)?;
    if Millis(expires.saturating_mul(1_000)) <= now { Err(AuthError::Expired) } else { Ok(()) }
}

/// What is signed. A key holds no dot, so no two addresses are signed as the same bytes.
fn signed<'a>(key: &'a CacheKey, expires: &'a str) -> [&'a [u8]; 3] {
    [key.as_str().as_bytes(), b".", expires.as_bytes()]
}

/// The two members of the query, each once and nothing else.
fn members(query: &str) -> Option<(&str, &str)> {
    if query.len() > MAX_QUERY_BYTES {
        return None;
    }
    let (expires, signature) = query.split_once('&')?;
    Some((expires.strip_prefix("expires=")?, signature.strip_prefix("signature=")?))
}
