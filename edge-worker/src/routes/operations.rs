//! What whoever runs the deployment reads and does: usage, lanes, metrics.

use cuelight_core::actors::account::Usage;
use cuelight_core::actors::lane::{Breaker, Status};
use cuelight_core::auth::secret_key::Right;
use cuelight_core::catalog;
use cuelight_core::metrics::{Totals, gauge, label};
use cuelight_core::problem::{Code, FieldCode, FieldError};
use sha2::{Digest, Sha256};
use worker::Response;

use crate::actors::{self, ask};
use crate::body;
use crate::caller::Caller;
use crate::counters;
use crate::error::Failure;
use crate::router::Call;
use crate::settings::{self, Deployment};

/// `GET /usage`: what the tenant has spent.
pub(crate) async fn usage(call: &Call) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    caller.require(Right::Usage)?;
    Ok(Response::from_json(&usage_of(call, caller.tenant.id()).await?)?)
}

/// `GET /lanes/{provider}`: who waits for a provider, and how it is.
pub(crate) async fn lane(call: &Call, provider: &str) -> Result<Response, Failure> {
    Caller::of(call)?.require(Right::Operate)?;
    Ok(Response::from_json(&status_of(call, known(provider)?).await?)?)
}

/// `PUT /lanes/{provider}` with `{"drained": true}`: lets no more work through, or lets it through
/// again. What is under way goes on.
pub(crate) async fn drain(mut call: Call, provider: &str) -> Result<Response, Failure> {
    Caller::of(&call)?.require(Right::Operate)?;
    let provider = known(provider)?;
    let body = body::read(&mut call).await?;
    let members = body.json.as_object();
    let drained =
        members.filter(|members| members.len() == 1).and_then(|members| members.get("drained")?.as_bool());
    let drained = drained.ok_or_else(|| {
        let detail = "the one member that is set here: true or false".to_owned();
        Failure::invalid(vec![FieldError { pointer: "/drained".into(), code: FieldCode::Required, detail }])
    })?;
    let stub = actors::lane(&call.env, provider)?;
    let _: serde_json::Value = ask(&stub, &format!("/drain/{provider}"), &drained, &call.request_id).await?;
    Ok(Response::from_json(&status_of(&call, provider).await?)?)
}

/// `GET /metrics`: Prometheus text, for whoever has `METRICS_KEY`.
pub(crate) async fn metrics(call: &Call) -> Result<Response, Failure> {
    let deployment = settings::deployment(&call.env)?;
    let shown = call.header("authorization").unwrap_or_default();
    if !opens_metrics(deployment, shown.strip_prefix("Bearer ").unwrap_or_default()) {
        let detail = "Send METRICS_KEY in Authorization: Bearer …; docs/operations.md says how to set it.";
        return Err(Failure::new(Code::Unauthorized, detail).with("www-authenticate", "Bearer"));
    }
    counters::flush(&call.env).await;
    let totals: Totals = actors::ask_uncounted(&actors::metrics(&call.env)?, "/read", "").await?;
    let mut text = totals.to_prometheus();
    lanes(call, &mut text).await?;
    spend(call, deployment, &mut text).await?;
    let mut response = Response::ok(text)?;
    response.headers_mut().set("content-type", "text/plain; version=0.0.4; charset=utf-8")?;
    Ok(response)
}

/// Compares digests, so that the time it takes says nothing about how much of a key is right.
fn opens_metrics(deployment: &Deployment, shown: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    deployment
        .metrics_key
        .as_ref()
        .is_some_and(|key| digest(shown).iter().zip(digest(key)).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0)
}

async fn lanes(call: &Call, text: &mut String) -> Result<(), Failure> {
    let (mut leased, mut waiting, mut breakers) = (Vec::new(), Vec::new(), Vec::new());
    for provider in providers() {
        let status = status_of(call, provider).await?;
        let lane = label("lane", provider);
        leased.push((lane.clone(), u64::from(status.leased)));
        for (kind, count) in [("wanted", status.waiting), ("speculative", status.waiting_speculative)] {
            let labels = format!("{{lane=\"{provider}\",kind=\"{kind}\"}}");
            waiting.push((labels, u64::from(count)));
        }
        let state = match status.breaker {
            Breaker::Closed => 0,
            Breaker::HalfOpen => 1,
            Breaker::Open => 2,
        };
        breakers.push((lane, state));
    }
    gauge(text, "lane_leases", "Submissions that hold a slot", &leased);
    gauge(text, "lane_depth", "Submissions that wait for a slot", &waiting);
    gauge(text, "lane_breaker", "Circuit breaker: 0 closed, 1 half open, 2 open", &breakers);
    Ok(())
}

async fn spend(call: &Call, deployment: &Deployment, text: &mut String) -> Result<(), Failure> {
    let (mut spent, mut reserved, mut speculation) = (Vec::new(), Vec::new(), Vec::new());
    for tenant in deployment.settings.tenants() {
        let usage = usage_of(call, tenant.id()).await?;
        let id = label("tenant", tenant.id());
        spent.push((id.clone(), usage.month.0));
        speculation.push((id.clone(), usage.speculation_today.0));
        reserved.push((id, usage.reserved.0));
    }
    gauge(text, "spend_month_micro_usd", "Spent this month, in micro-dollars", &spent);
    gauge(text, "speculation_today_micro_usd", "Spent today on speculation, in micro-dollars", &speculation);
    gauge(text, "reserved_micro_usd", "Set aside for submissions under way, in micro-dollars", &reserved);
    Ok(())
}

async fn usage_of(call: &Call, tenant: &str) -> Result<Usage, Failure> {
    let stub = actors::account(&call.env, tenant)?;
    Ok(actors::ask_uncounted(&stub, &format!("/usage/{tenant}"), "").await?)
}

async fn status_of(call: &Call, provider: &str) -> Result<Status, Failure> {
    let stub = actors::lane(&call.env, provider)?;
    Ok(actors::ask_uncounted(&stub, &format!("/status/{provider}"), "").await?)
}

fn providers() -> Vec<&'static str> {
    let mut lanes = catalog::models().lanes();
    lanes.sort_unstable();
    lanes
}

fn known(provider: &str) -> Result<&'static str, Failure> {
    providers().into_iter().find(|known| *known == provider).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("There is no such lane; one of: {}.", providers().join(", ")))
    })
}
