//! Every failure to one problem document. The only place that writes one: what went wrong on our
//! side is logged in full under the request's id, and answered bare.

use crate::counters;
use cuelight_core::problem::{Code, FieldError, Problem};
use worker::{Headers, Response, Result, console_error};

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A caller's mistake, or something that is not there.
    #[error("{}: {}", .0.code.as_str(), .0.detail)]
    Problem(Box<Problem>),
    /// The same, with headers that the status demands.
    #[error("{}: {}", .0.code.as_str(), .0.detail)]
    WithHeaders(Box<Problem>, Vec<(&'static str, String)>),
    /// The runtime failed us.
    #[error("runtime: {0}")]
    Runtime(#[from] worker::Error),
    /// Our own JSON could not be written or read.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The deployment is incomplete.
    #[error("setup: {0}")]
    Setup(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Failure {
    /// A problem with this code and sentence.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new(code, detail)))
    }

    /// The problem that lists these wrong fields.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self::Problem(Box::new(Problem::invalid(errors)))
    }

    /// The problem that lists what a token does not cover.
    pub(crate) fn forbidden(errors: Vec<FieldError>) -> Self {
        let detail = "The token does not cover this request; see errors.";
        Self::from(Problem { errors, ..Problem::new(Code::Forbidden, detail) })
    }

    /// Adds a header to the answer.
    pub(crate) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Problem(problem) => Self::WithHeaders(problem, vec![(name, value.into())]),
            Self::WithHeaders(problem, mut headers) => {
                headers.push((name, value.into()));
                Self::WithHeaders(problem, headers)
            }
            other => other,
        }
    }

    /// The answer that tells it.
    pub(crate) fn into_response(self, request_id: &str) -> Result<Response> {
        let (mut problem, extra) = match self {
            Self::Problem(problem) => (*problem, Vec::new()),
            Self::WithHeaders(problem, extra) => (*problem, extra),
            ours => {
                let line = serde_json::json!({"level": "error", "request_id": request_id, "error": ours.to_string()});
                console_error!("{line}");
                let detail = "This is our fault, not yours. Try again; if it stays, tell us the request_id.";
                (Problem::new(Code::Internal, detail), Vec::new())
            }
        };
        counters::count_with("refusals", "code", problem.code.as_str());
        problem.request_id = Some(request_id.to_owned());
        let headers = Headers::new();
        headers.set("content-type", Problem::MEDIA_TYPE)?;
        headers.set("cache-control", "no-store")?;
        for (name, value) in extra {
            headers.set(name, &value)?;
        }
        let body = serde_json::to_vec(&problem)?;
        Ok(Response::from_bytes(body)?.with_status(problem.status).with_headers(headers))
    }
}
