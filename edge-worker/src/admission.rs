//! What a caller may ask for, and whether it would be admitted now.

use cuelight_core::actors::account::Usage;
use cuelight_core::api::JobError;
use cuelight_core::catalog;
use cuelight_core::cue::Cue;
use cuelight_core::limiter::Verdict;
use cuelight_core::operation::{Operation, Subject, ValidJob};
use cuelight_core::problem::{Code, FieldCode, FieldError};
use cuelight_core::units::MicroUsd;
use serde_json::Value;

use crate::actors::{self, ask};
use crate::caller::{Caller, Who, refused};
use crate::error::Failure;
use crate::router::Call;

/// Refuses a page what no page may ask for, before anything is looked up for it.
///
/// # Errors
/// 403.
pub(crate) fn permit_operation(caller: &Caller, json: &Value) -> Result<(), Failure> {
    let named = json["operation_type"].as_str();
    let mut beyond = Operation::ALL.iter().filter(|operation| !Operation::OF_PAGES.contains(operation));
    if !matches!(caller.who, Who::Page(_)) || !beyond.any(|operation| Some(operation.as_str()) == named) {
        return Ok(());
    }
    Err(Failure::forbidden(vec![FieldError {
        pointer: "/operation_type".to_owned(),
        code: FieldCode::UnknownValue,
        detail: "a token is for clips of characters; a server asks for others".to_owned(),
    }]))
}

/// Refuses what the caller may not ask for.
///
/// # Errors
/// 402 for a state that the plan does not have, 403 for what a token does not cover, 422 for a
/// webhook that may not be called.
pub(crate) fn permit(caller: &Caller, valid: &ValidJob) -> Result<(), Failure> {
    if let Some(Subject { cue: Cue::State { state }, .. }) = &valid.subject
        && catalog::built_in().state(state).is_some_and(|state| state.tier > caller.tenant.plan())
    {
        let detail = format!("The plan does not include {state}; GET /api/v1/states says which plan does.");
        return Err(Failure::new(Code::QuotaExceeded, detail));
    }
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: &str| {
        let (pointer, detail) = (pointer.to_owned(), detail.to_owned());
        errors.push(FieldError { pointer, code: FieldCode::UnknownValue, detail });
    };
    if let Who::Page(claims) = &caller.who {
        claims.permits(valid).map_err(refused)?;
        if valid.free_text {
            wrong("/params", "a token carries no prompt; a page picks from what its server offers");
        }
        if valid.scope.private && !claims.private {
            wrong("/private", "the token is not for private clips");
        }
        if valid.webhook.is_some() {
            wrong("/webhook", "a page has a socket; webhooks are for servers with a secret key");
        }
        if !errors.is_empty() {
            return Err(Failure::forbidden(errors));
        }
        return Ok(());
    }
    if valid.scope.private && caller.deployment.signing.is_none() {
        wrong("/private", "this deployment has no TOKEN_KEYS to sign private addresses with");
    }
    if valid.webhook.as_ref().is_some_and(|url| !caller.deployment.settings.permits_webhook(url)) {
        wrong("/webhook/url", "its host is not in WEBHOOK_HOSTS of this deployment");
    }
    if valid.webhook.is_some() && caller.deployment.webhook.is_empty() {
        wrong("/webhook", "this deployment has no WEBHOOK_SECRET to sign with");
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::invalid(errors)) }
}

/// Why a request for a clip at this price would be refused now, if it would.
pub(crate) async fn admit(
    call: &Call,
    caller: &Caller,
    valid: &ValidJob,
    cost: MicroUsd,
) -> Result<Option<JobError>, Failure> {
    let session = actors::session(&call.env, &caller.session(call)?)?;
    let rate = caller.rate(call);
    let verdict: Verdict = ask(&session, "/limit", &rate, &call.request_id).await?;
    if verdict.remaining == 0 {
        let seconds = verdict.retry_after.0.div_ceil(1_000);
        let detail = format!(
            "{} requests in {} s are used up, for {seconds} s more.",
            rate.count,
            rate.window.0 / 1_000
        );
        return Ok(Some(JobError { code: Code::RateLimited, detail }));
    }
    let id = caller.tenant.id();
    let account = actors::account(&call.env, id)?;
    let usage: Usage = ask(&account, &format!("/usage/{id}"), "", &call.request_id).await?;
    Ok(usage.refuses(cost, valid.speculative))
}
