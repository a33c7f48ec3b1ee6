//! The envelope around every answer: a code, a message, data.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::fault::{Kind, Rule};

/// An answer that says no; its code is the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    retry_after_s: Option<u32>,
}

impl Refusal {
    pub(super) fn of(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_s: None }
    }

    /// A request that is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, message)
    }

    /// A caller without a key.
    pub(super) fn unauthorized() -> Self {
        Self::of(StatusCode::UNAUTHORIZED, "invalid authentication: check your API key")
    }

    /// A caller who is to come again later.
    pub(super) fn throttled(after_s: u32) -> Self {
        let refusal = Self::of(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded");
        Self { retry_after_s: Some(after_s), ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"code": self.status.as_u16(), "message": self.message});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(after) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        response
    }
}

/// An answer that says yes.
pub(super) fn success(data: Value) -> Response {
    Json(json!({"code": 200, "message": "success", "data": data})).into_response()
}

/// What the content network says instead of a file, if a fault wants that.
pub(super) fn missing(rule: Option<Rule>) -> Option<StatusCode> {
    match rule?.kind {
        Kind::Expire => Some(StatusCode::NOT_FOUND),
        Kind::Throttle => Some(StatusCode::TOO_MANY_REQUESTS),
        Kind::Unavailable => Some(StatusCode::SERVICE_UNAVAILABLE),
        Kind::Fail => Some(StatusCode::INTERNAL_SERVER_ERROR),
        _ => None,
    }
}

/// A time as ISO 8601 with milliseconds, from milliseconds since the epoch: the civil calendar by
/// eras of 400 years.
pub(super) fn timestamp(ms: u64) -> String {
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (date, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month < 3);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (1_798_675_199_001, "2026-12-30T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(ms), text);
        }
    }
}
