//! How Google says no: `{"error": {"code", "message", "status", "details"?}}` with the status of HTTP
//! repeated inside, and details by type.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The media type of every answer that is not media.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// A refusal or a failure. Never holds a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    /// The status of HTTP.
    pub(super) code: StatusCode,
    /// The name of the status in gRPC.
    pub(super) status: &'static str,
    /// A sentence for people.
    pub(super) message: String,
    /// Further words for programs, each with an `@type`.
    pub(super) details: Vec<Value>,
}

impl ApiError {
    fn new(code: StatusCode, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new() }
    }

    fn with(mut self, kind: &str, mut detail: Value) -> Self {
        detail["@type"] = json!(format!("type.googleapis.com/google.rpc.{kind}"));
        self.details.push(detail);
        self
    }

    /// The request makes no sense.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// One field makes no sense; `field` is its dotted path.
    pub(super) fn violation(field: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        let mut violation = json!({ "description": description.clone() });
        if !field.is_empty() {
            violation["field"] = json!(field);
        }
        Self::invalid(description).with("BadRequest", json!({ "fieldViolations": [violation] }))
    }

    /// A parameter that this model does not take.
    pub(super) fn unsupported(name: &str) -> Self {
        Self::invalid(format!(
            "`{name}` isn't supported by this model. Please remove it or refer to the Gemini API \
             documentation for supported usage."
        ))
    }

    /// A number out of range.
    pub(super) fn out_of_bound(name: &str, low: i64, high: i64) -> Self {
        Self::invalid(format!(
            "The number value for `{name}` is out of bound. Please provide a value between {low} and \
             {high}, inclusive."
        ))
    }

    /// The key is not one that is known. Google says 400 to this, not 401.
    pub(super) fn bad_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        Self::invalid(message)
            .with(
                "ErrorInfo",
                json!({
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": { "service": "generativelanguage.googleapis.com" },
                }),
            )
            .with("LocalizedMessage", json!({ "locale": "en-US", "message": message }))
    }

    /// No key at all.
    pub(super) fn no_key() -> Self {
        Self::denied(
            "Method doesn't allow unregistered callers (callers without established identity). Please use \
             an API key or other form of API consumer identity to call this API.",
        )
    }

    /// The key is known and opens nothing: its owner has closed this interface to it.
    pub(super) fn blocked_key() -> Self {
        Self::denied("Requests to this API generativelanguage.googleapis.com are blocked.").with(
            "ErrorInfo",
            json!({
                "reason": "API_KEY_SERVICE_BLOCKED",
                "domain": "googleapis.com",
                "metadata": { "service": "generativelanguage.googleapis.com" },
            }),
        )
    }

    /// The caller may not do this.
    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// The body is larger than the service takes.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "INVALID_ARGUMENT",
            format!("Request payload size exceeds the limit: {limit} bytes."),
        )
    }

    /// The quota is used up; `retry_s` seconds later there is some again.
    pub(super) fn exhausted(model: &str, retry_s: u32) -> Self {
        let quota = json!({ "violations": [{
            "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model",
            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
            "quotaDimensions": { "location": "global", "model": model },
            "quotaValue": "10",
        }]});
        let help = json!({ "links": [{
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }]});
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RESOURCE_EXHAUSTED",
            format!(
                "You exceeded your current quota, please check your plan and billing details. \
                 Please retry in {retry_s}s."
            ),
        )
        .with("QuotaFailure", quota)
        .with("Help", help)
        .with("RetryInfo", json!({ "retryDelay": format!("{retry_s}s") }))
    }

    /// Something broke.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "An internal error has occurred. Please retry.",
        )
    }

    /// Not now.
    pub(super) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        )
    }

    /// The document that is sent.
    pub(super) fn document(&self) -> Value {
        let mut error = json!({
            "code": self.code.as_u16(),
            "message": self.message,
            "status": self.status,
        });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.code, [(header::CONTENT_TYPE, JSON)], self.document().to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_key_is_a_bad_request_with_a_reason() {
        let error = ApiError::bad_key();
        assert_eq!(error.document()["error"]["code"], 400);
        assert_eq!(error.document()["error"]["details"][0]["reason"], "API_KEY_INVALID");
        assert_eq!(
            error.document()["error"]["details"][0]["@type"],
            "type.googleapis.com/google.rpc.ErrorInfo"
        );
    }

    #[test]
    fn an_exhausted_quota_says_when_to_come_back() {
        let document = ApiError::exhausted("veo-3.0-generate-001", 7).document();
        assert_eq!(document["error"]["status"], "RESOURCE_EXHAUSTED");
        let details = document["error"]["details"].as_array().unwrap();
        assert!(details.iter().any(|detail| detail["retryDelay"] == "7s"));
    }
}
