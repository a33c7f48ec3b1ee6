//! Stable error codes, and the RFC 9457 problem documents they are told in.
//!
//! A code never changes its meaning. The sentence is for the person who reads it.

use serde::{Deserialize, Serialize};

/// The kinds of failure a caller can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The body is not JSON, or not an object.
    MalformedBody,
    /// One or more fields are wrong; each is listed.
    InvalidRequest,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// There is nothing at this address.
    NotFound,
    /// The address exists, the method does not.
    MethodNotAllowed,
    /// The clip does not exist yet.
    ClipMissing,
    /// The range lies outside the clip (RFC 9110, section 15.5.17).
    RangeNotSatisfiable,
    /// A WebSocket upgrade was expected.
    UpgradeRequired,
    /// The provider refused the content. Final, not charged.
    ContentRefused,
    /// The provider refused a field. Final, not charged.
    ProviderInvalid,
    /// The provider failed for good, or too often.
    ProviderFailed,
    /// The provider did not finish in the model's time.
    ProviderTimeout,
    /// What the provider sent is not the clip that was asked for.
    BadMedia,
    /// The call needs a key or a token, and has none that we know.
    Unauthorized,
    /// The token is past its time: the page asks its server for another.
    TokenExpired,
    /// The token was taken back.
    TokenRevoked,
    /// The key or token is known and may not do this.
    Forbidden,
    /// More requests than the limit admits; `Retry-After` says when the next one is.
    RateLimited,
    /// The budget of the tenant, of its speculation or of the token is used up.
    BudgetExceeded,
    /// The plan includes no more of this.
    QuotaExceeded,
    /// It may be done once in a while only; `Retry-After` says when again.
    CooldownActive,
    /// The `Idempotency-Key` has been used with another body.
    IdempotencyConflict,
    /// The job has ended; there is nothing to cancel.
    AlreadyFinal,
    /// The queue before the provider is full; `Retry-After` says when to ask again.
    LaneFull,
    /// The provider was given no work for too long: it fails, or its lane is drained.
    ProviderUnavailable,
    /// The answer to a submission was lost and the provider cannot be asked about it. Not repeated: it may have been charged.
    SubmissionUnknown,
    /// The deployment is in development mode, which answers on this machine only.
    DevelopmentOnly,
    /// We failed. The request id finds the log.
    Internal,
}

impl Code {
    /// The HTTP status it is answered with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedBody => 400,
            Self::InvalidRequest
            | Self::ContentRefused
            | Self::ProviderInvalid
            | Self::IdempotencyConflict => 422,
            Self::BodyTooLarge => 413,
            Self::NotFound | Self::ClipMissing => 404,
            Self::MethodNotAllowed => 405,
            Self::RangeNotSatisfiable => 416,
            Self::UpgradeRequired => 426,
            Self::ProviderFailed | Self::BadMedia | Self::SubmissionUnknown => 502,
            Self::ProviderTimeout => 504,
            Self::Unauthorized | Self::TokenExpired | Self::TokenRevoked => 401,
            Self::Forbidden => 403,
            Self::RateLimited | Self::CooldownActive => 429,
            Self::BudgetExceeded | Self::QuotaExceeded => 402,
            Self::AlreadyFinal => 409,
            Self::LaneFull | Self::ProviderUnavailable | Self::DevelopmentOnly => 503,
            Self::Internal => 500,
        }
    }

    /// The title of the problem document; the same for every occurrence (RFC 9457, section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedBody => "The body is not a JSON object",
            Self::InvalidRequest => "Some fields are wrong",
            Self::BodyTooLarge => "The body is too large",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This address does not take that method",
            Self::ClipMissing => "This clip does not exist yet",
            Self::RangeNotSatisfiable => "The range lies outside the clip",
            Self::UpgradeRequired => "This address speaks WebSocket",
            Self::ContentRefused => "The provider refused the content",
            Self::ProviderInvalid => "The provider refused a field",
            Self::ProviderFailed => "The provider failed",
            Self::ProviderTimeout => "The provider took too long",
            Self::BadMedia => "The provider sent something that is not the clip",
            Self::Unauthorized => "A key or a token is needed",
            Self::TokenExpired => "The token has expired",
            Self::TokenRevoked => "The token was revoked",
            Self::Forbidden => "This key may not do that",
            Self::RateLimited => "Too many requests",
            Self::BudgetExceeded => "The budget is used up",
            Self::QuotaExceeded => "The plan does not include more",
            Self::CooldownActive => "This was done a short while ago",
            Self::IdempotencyConflict => "The idempotency key was used for another request",
            Self::AlreadyFinal => "The job is over",
            Self::LaneFull => "Too much is waiting for the provider",
            Self::ProviderUnavailable => "The provider is not available",
            Self::SubmissionUnknown => "Nobody knows whether the provider took the submission",
            Self::DevelopmentOnly => "This edge is set up for development",
            Self::Internal => "Something broke on our side",
        }
    }

    /// The wire name, for instance `invalid_request`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedBody => "malformed_body",
            Self::InvalidRequest => "invalid_request",
            Self::BodyTooLarge => "body_too_large",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::ClipMissing => "clip_missing",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::UpgradeRequired => "upgrade_required",
            Self::ContentRefused => "content_refused",
            Self::ProviderInvalid => "provider_invalid",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderTimeout => "provider_timeout",
            Self::BadMedia => "bad_media",
            Self::Unauthorized => "unauthorized",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::BudgetExceeded => "budget_exceeded",
            Self::QuotaExceeded => "quota_exceeded",
            Self::CooldownActive => "cooldown_active",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::AlreadyFinal => "already_final",
            Self::LaneFull => "lane_full",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::SubmissionUnknown => "submission_unknown",
            Self::DevelopmentOnly => "development_only",
            Self::Internal => "internal",
        }
    }
}

/// Why one field is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// It must be there.
    Required,
    /// It is of another JSON type.
    WrongType,
    /// It is not one of the allowed values.
    UnknownValue,
    /// It is too small, too large, too short or too long.
    OutOfRange,
    /// It is not written the way it must be.
    BadFormat,
    /// There is no such field.
    UnknownField,
    /// The model that would serve this takes no such input.
    UnsupportedByModel,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901), for instance `/params/intensity`.
    pub pointer: String,
    /// Why, for a program.
    pub code: FieldCode,
    /// Why and what would be right, for a person.
    pub detail: String,
}

/// An RFC 9457 problem document, served as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Identifies the kind of problem: `urn:cuelight:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time and what to do about it.
    pub detail: String,
    /// The stable code.
    pub code: Code,
    /// Every wrong field at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Finds this request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// The media type of a problem document (RFC 9457, section 3).
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem with this code and sentence.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:cuelight:problem:{}", code.as_str()),
            title: code.title().into(),
            status: code.status(),
            detail: detail.into(),
            code,
            errors: Vec::new(),
            request_id: None,
        }
    }

    /// The problem that lists these wrong fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are wrong; see errors.", many.len()),
        };
        Self { errors, ..Self::new(Code::InvalidRequest, detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_the_same_way_everywhere() {
        for code in [Code::MalformedBody, Code::ClipMissing, Code::ProviderTimeout, Code::Internal] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn the_document_has_the_members_of_rfc_9457() {
        let problem = Problem::invalid(vec![FieldError {
            pointer: "/priority".into(),
            code: FieldCode::OutOfRange,
            detail: "a whole number from 0 to 20".into(),
        }]);
        assert_eq!(
            serde_json::to_value(problem).unwrap(),
            serde_json::json!({
                "type": "urn:cuelight:problem:invalid_request",
                "title": "Some fields are wrong",
                "status": 422,
                "detail": "/priority: a whole number from 0 to 20",
                "code": "invalid_request",
                "errors": [{"pointer": "/priority", "code": "out_of_range", "detail": "a whole number from 0 to 20"}],
            })
        );
    }
}
