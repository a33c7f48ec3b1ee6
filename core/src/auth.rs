//! Who may call, and what for: secret keys for servers, signed tokens for pages, signed addresses
//! for private clips, and the signatures of webhooks. Pure: time and randomness are arguments.

use crate::problem::{Code, FieldError, Problem};

pub mod claims;
mod date_time;
mod mac;
pub mod origin;
pub mod secret_key;
pub mod setting;
pub mod signed_address;
pub mod signing_keys;
pub mod token;
pub mod token_request;
pub mod webhook;

#[cfg(test)]
mod tests;

/// Why a caller is turned away. Never holds any part of what the caller presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// It is not written the way our keys, tokens and addresses are.
    #[error("This is no key, token or address of ours. Send it whole, as it was given to you.")]
    Malformed,
    /// We know no such secret key.
    #[error("This key is not known. It may have been replaced: use the current one.")]
    UnknownKey,
    /// The secret key is past its time.
    #[error("This key has expired. Use the one that replaces it.")]
    KeyExpired,
    /// The signature is not ours, or of a signing key that was retired.
    #[error("The signature does not match. Ask your server for a new token or address.")]
    BadSignature,
    /// The token or address is past its time.
    #[error("Its time is over. Ask your server for a new one.")]
    Expired,
    /// The token was issued in the future.
    #[error("It is not valid yet. Check the clock of the server that issued it.")]
    NotYetValid,
    /// The token would be longer than [`token::MAX_TOKEN_BYTES`].
    #[error(
        "The token would be longer than {} bytes. List fewer origins, characters or cues.",
        token::MAX_TOKEN_BYTES
    )]
    TokenTooLarge,
    /// The secret key is known and was not given this right.
    #[error("This key may not {}. Give it that right, or use another key.", .0.verb())]
    KeyMayNot(secret_key::Right),
    /// The token is good and does not cover these fields of the request.
    #[error("The token does not cover this request; see errors. Ask your server for one that does.")]
    NotCovered(Vec<FieldError>),
}

impl AuthError {
    /// The stable code of the problem.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Malformed
            | Self::UnknownKey
            | Self::KeyExpired
            | Self::BadSignature
            | Self::NotYetValid => Code::Unauthorized,
            Self::Expired => Code::TokenExpired,
            Self::TokenTooLarge => Code::InvalidRequest,
            Self::KeyMayNot(_) | Self::NotCovered(_) => Code::Forbidden,
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let problem = Self::new(error.code(), error.to_string());
        match error {
            AuthError::NotCovered(errors) => Self { errors, ..problem },
            _ => problem,
        }
    }
}
