//! The one form of every refusal: `{"error": {"code", "message", "field"?, "id"?}}`, with its status.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::order::OrderError;

/// A refusal. Never holds a secret or an internal detail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The key is missing or wrong.
    #[error("present the studio's key: Authorization: Bearer <key>")]
    Unauthorized,
    /// There is no such generation or address.
    #[error("there is nothing here")]
    NotFound,
    /// The address exists, the method does not.
    #[error("this address does not take that method")]
    MethodNotAllowed,
    /// Something about the request is wrong.
    #[error("{message}")]
    Invalid {
        /// Which field.
        field: Option<String>,
        /// Why.
        message: String,
    },
    /// The content is refused.
    #[error("this content is not generated here")]
    ContentRefused,
    /// The key was used for another body.
    #[error("this Idempotency-Key was used for a different request")]
    IdempotencyConflict,
    /// The key was used before, for the generation with this id.
    #[error("a generation was ordered with this Idempotency-Key before")]
    Duplicate(String),
    /// The body is too large.
    #[error("the body is larger than 64 KB")]
    TooLarge,
    /// Try later.
    #[error("too many requests; try again in {0} s")]
    Throttled(u32),
    /// Not now.
    #[error("the studio cannot do this now")]
    Unavailable,
    /// The output does not exist yet, or never will.
    #[error("this generation has no output; it is {0}")]
    NoOutput(&'static str),
}

impl Refusal {
    const fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NotFound | Self::NoOutput(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::ContentRefused => (StatusCode::UNPROCESSABLE_ENTITY, "content_refused"),
            Self::IdempotencyConflict => (StatusCode::CONFLICT, "idempotency_conflict"),
            Self::Duplicate(_) => (StatusCode::CONFLICT, "duplicate"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }

    /// A refusal about one field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: Some(field.to_owned()), message: message.into() }
    }
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        Self::Invalid { field: error.field.map(str::to_owned), message: error.message }
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::Invalid { field: None, message: "the body could not be read to its end".into() }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.parts();
        let mut error = json!({ "code": code, "message": self.to_string() });
        match &self {
            Self::Invalid { field: Some(field), .. } => error["field"] = json!(field),
            Self::Duplicate(id) => error["id"] = json!(id),
            _ => {}
        }
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if let Self::Throttled(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn nothing_here() -> Refusal {
    Refusal::NotFound
}

pub(super) async fn wrong_method() -> Refusal {
    Refusal::MethodNotAllowed
}
