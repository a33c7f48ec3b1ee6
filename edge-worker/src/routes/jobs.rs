//! The jobs API: asking for a clip, reading a job, and the session's socket. A clip that exists is
//! answered here; only a miss wakes an actor.

use cuelight_core::api::{self, Job, JobStatus, Preflight, Source};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::fallback::{self, AtHand};
use cuelight_core::operation::{ValidJob, validate};
use cuelight_core::problem::Code;
use cuelight_core::units::{MicroUsd, Millis};
use futures_util::StreamExt;
use serde_json::Value;
use worker::{Method, Request, RequestInit, Response};

use crate::actors::{self, ask};
use crate::clip_store::{self, Stored};
use crate::error::Failure;
use crate::router::{Call, MAX_BODY};
use crate::settings;

/// `POST /api/v1/jobs`.
pub(crate) async fn create(mut call: Call) -> Result<Response, Failure> {
    let (valid, key) = read_body(&mut call).await?;
    if let Some(stored) = clip_store::look(&call.env, &key).await? {
        let id = api::job_id(&key, &settings::nonce());
        return Ok(Response::from_json(&hit(id, &key, &stored, &valid, &call.request_id))?);
    }
    let session = session_name(&call)?;
    let job = queued(&key, &valid, &call.request_id);
    let stub = actors::session(&call.env, &session)?;
    let request = actors::Requested { job, spec: valid.spec };
    let job: Job = ask(&stub, "/request", &request, &call.request_id).await?;
    let status = if job.status.is_final() { 200 } else { 202 };
    Ok(Response::from_json(&job)?.with_status(status))
}

/// `POST /api/v1/jobs/preflight`.
pub(crate) async fn preflight(mut call: Call) -> Result<Response, Failure> {
    let (valid, key) = read_body(&mut call).await?;
    let exists = clip_store::look(&call.env, &key).await?.is_some();
    let model = catalog::built_in().model(&valid.spec.model);
    let cost = model.map(|model| model.cost(valid.spec.duration_ms)).filter(|_| !exists);
    Ok(Response::from_json(&Preflight {
        cache_key: key,
        exists,
        provider: valid.spec.provider().unwrap_or_default().to_owned(),
        model: valid.spec.model,
        cost_micro_usd: cost.unwrap_or_default(),
        estimate_ms: exists.then_some(Millis(0)),
        admitted: true,
        refusal: None,
        fallbacks: valid.fallbacks,
    })?)
}

/// `GET /api/v1/jobs/{id}`. The id carries the key, so no session is needed to find the job.
pub(crate) async fn read(call: &Call, id: &str) -> Result<Response, Failure> {
    let unknown = || Failure::new(Code::NotFound, "There is no such job, or it is long over.");
    let key = api::key_of_job(id).ok_or_else(unknown)?;
    let stub = actors::generation(&call.env, &key)?;
    let known: Option<Job> = ask(&stub, "/job", id, &call.request_id).await?;
    if let Some(job) = known {
        return Ok(Response::from_json(&job)?);
    }
    let stored = clip_store::look(&call.env, &key).await?.ok_or_else(unknown)?;
    Ok(Response::from_json(&complete(id.to_owned(), &key, &stored))?)
}

/// `GET /api/v1/ws/jobs`.
pub(crate) async fn socket(call: Call) -> Result<Response, Failure> {
    let upgrade = call.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    if !upgrade {
        let detail = "Open this address as a WebSocket (RFC 6455).";
        return Err(Failure::new(Code::UpgradeRequired, detail).with("upgrade", "websocket"));
    }
    let stub = actors::session(&call.env, &session_name(&call)?)?;
    let since = call.query("since").and_then(|text| text.parse::<u64>().ok());
    let path = since.map_or_else(|| "/socket".to_owned(), |since| format!("/socket?since={since}"));
    let mut init = RequestInit::new();
    init.with_method(Method::Get).with_headers(call.request.headers().clone());
    let request = Request::new_with_init(&format!("https://session{path}"), &init)?;
    Ok(stub.fetch_with_request(request).await?)
}

async fn read_body(call: &mut Call) -> Result<(ValidJob, CacheKey), Failure> {
    let too_large = || Failure::new(Code::BodyTooLarge, format!("A body has at most {MAX_BODY} bytes."));
    let declared = call.header("content-length").and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|size| size > MAX_BODY) {
        return Err(too_large());
    }
    // Read piece by piece: a body that declares no length must not fill the isolate's memory.
    let mut bytes = Vec::new();
    if call.request.inner().body().is_some() {
        let mut stream = call.request.stream()?;
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > MAX_BODY {
                return Err(too_large());
            }
        }
    }
    let body: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(Code::MalformedBody, format!("The body is not JSON: {error}.")))?;
    let valid = validate(&body, &settings::nonce()).map_err(Failure::invalid)?;
    let key = CacheKey::of(&settings::tenant(&call.env), &valid.spec, &valid.scope);
    Ok((valid, key))
}

/// Which session a call belongs to, with the tenant before it.
fn session_name(call: &Call) -> Result<String, Failure> {
    let tenant = settings::tenant(&call.env);
    let Some(name) = call.header("x-cuelight-session").or_else(|| call.query("session")) else {
        let address = call.header("cf-connecting-ip").unwrap_or_default();
        return Ok(format!("{tenant}/address/{address}"));
    };
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if fits {
        return Ok(format!("{tenant}/page/{name}"));
    }
    let detail = "A session is named by 1 to 64 characters of A-Z, a-z, 0-9, _ and -.";
    Err(Failure::new(Code::InvalidRequest, detail))
}

fn queued(key: &CacheKey, valid: &ValidJob, request_id: &str) -> Job {
    let fallback = fallback::content(valid, &AtHand::default());
    let id = api::job_id(key, &settings::nonce());
    let job = Job::queued(id, valid.spec.operation, key.clone(), settings::now());
    Job { fallback: Some(fallback), ..as_asked(job, valid, request_id) }
}

fn hit(id: String, key: &CacheKey, stored: &Stored, valid: &ValidJob, request_id: &str) -> Job {
    let now = settings::now();
    let job = Job { created_at: now, updated_at: now, ..complete(id, key, stored) };
    Job { cost_micro_usd: Some(MicroUsd(0)), ..as_asked(job, valid, request_id) }
}

/// The job with what its request says.
fn as_asked(job: Job, valid: &ValidJob, request_id: &str) -> Job {
    Job {
        provider: valid.spec.provider().map(str::to_owned),
        model: Some(valid.spec.model.clone()),
        strategy: Some(valid.strategy),
        priority: valid.priority,
        speculative: valid.speculative,
        request_id: Some(request_id.to_owned()),
        ..job
    }
}

/// A job of which only the clip is left.
fn complete(id: String, key: &CacheKey, stored: &Stored) -> Job {
    Job {
        status: JobStatus::Complete,
        source: Source::Hit,
        progress: 1.0,
        content: Some(stored.content.clone()),
        ..Job::queued(id, stored.operation, key.clone(), stored.stored_at)
    }
}
