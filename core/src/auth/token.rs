//! Tokens for pages: JSON web tokens (RFC 7519) in the compact form of RFC 7515, signed with
//! HS256 and nothing else. The algorithm is ours to choose, never the token's.
//!
//! A library that does more algorithms brings RSA, curves and a random source into the worker, so
//! the few lines of the compact form are here, above a library's HMAC.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::AuthError;
use super::claims::Claims;
use super::signing_keys::SigningKeys;
use crate::units::Millis;

/// Longest token, in bytes, issued or read.
pub const MAX_TOKEN_BYTES: usize = 4_096;
/// How far the clocks of two edges may be apart.
pub const CLOCK_SKEW: Millis = Millis::seconds(30);
/// Longest time a token may be valid for. No token of ours is valid longer, so one that is was not
/// issued here.
pub const MAX_TTL: Millis = Millis::seconds(24 * 3_600);

/// The JOSE header. A member that we do not know is refused, `crit` among them (RFC 7515, section
/// 4.1.11).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Algorithm,
    typ: Type,
    kid: String,
}

#[derive(Serialize, Deserialize)]
enum Algorithm {
    #[serde(rename = "HS256")]
    Hs256,
}

#[derive(Serialize, Deserialize)]
enum Type {
    #[serde(rename = "JWT")]
    Jwt,
}

/// Signs `claims` with the first of `keys`.
///
/// # Errors
/// [`AuthError::TokenTooLarge`].
pub fn mint(keys: &SigningKeys, claims: &Claims) -> Result<String, AuthError> {
    let header = Header { alg: Algorithm::Hs256, typ: Type::Jwt, kid: keys.first.kid.clone() };
    let signed = format!("{}.{}", encoded(&header), encoded(claims));
    let signature = BASE64URL_NOPAD.encode(&keys.first.token.tag(&[signed.as_bytes()]));
    let token = format!("{signed}.{signature}");
    if token.len() > MAX_TOKEN_BYTES { Err(AuthError::TokenTooLarge) } else { Ok(token) }
}

/// What the token `text` says, if one of `keys` signed it and its time is `now`.
///
/// # Errors
/// [`AuthError::Malformed`], [`AuthError::BadSignature`], [`AuthError::NotYetValid`] or
/// [`AuthError::Expired`].
pub fn verify(keys: &SigningKeys, text: &str, now: Millis) -> Result<Claims, AuthError> {
    if text.len() > MAX_TOKEN_BYTES || text.matches('.').count() != 2 {
        return Err(AuthError::Malformed);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(AuthError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(AuthError::Malformed)?;
    let header: Header = decoded(header)?;
    let key = keys.named(&header.kid).ok_or(AuthError::BadSignature)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| AuthError::Malformed)?;
    if !key.token.is_tag(&[signed.as_bytes()], &signature) {
        return Err(AuthError::BadSignature);
    }
    let claims: Claims = decoded(claims)?;
    if claims.expires_at.since(claims.issued_at) > MAX_TTL || claims.origins.is_empty() {
        return Err(AuthError::Malformed);
    }
    if claims.issued_at > now + CLOCK_SKEW {
        return Err(AuthError::NotYetValid);
    }
    if claims.expires_at + CLOCK_SKEW <= now {
        return Err(AuthError::Expired);
    }
    Ok(claims)
}

fn encoded<T: Serialize>(value: &T) -> String {
    // The two types that come here have string keys only, the one thing the serializer refuses.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(value).unwrap_or_default())
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, AuthError> {
    let json = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| AuthError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| AuthError::Malformed)
}
