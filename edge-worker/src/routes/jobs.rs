//! The jobs API: asking for a clip, reading, listing and cancelling jobs. A clip that exists is
//! answered here; only a miss wakes an actor.

use cuelight_core::actors::generation::{Place, Terms};
use cuelight_core::actors::session::{Filter, Idempotency, Preview, Reply, Request as Ask, Wish};
use cuelight_core::api::{self, Job, JobList, JobStatus, Preflight, Source};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::fallback::{self, AtHand};
use cuelight_core::limiter::{Rate, Verdict};
use cuelight_core::nearest;
use cuelight_core::operation::{Operation, Scope, Spec, ValidJob};
use cuelight_core::problem::{Code, FieldCode, FieldError};
use cuelight_core::units::{MicroUsd, Millis};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};
use worker::Response;

use crate::actors::{self, Replied, WhichJob, ask};
use crate::admission::admit;
use crate::body;
use crate::caller::Caller;
use crate::clip_store::{self, Shelf, Stored};
use crate::counters;
use crate::error::Failure;
use crate::private_address;
use crate::router::Call;
use crate::settings;
use crate::surroundings;

/// Longest `Idempotency-Key`, in characters.
const MAX_IDEMPOTENCY_KEY: usize = 128;
/// Most jobs on a page of a list.
const MAX_PAGE: usize = 100;
/// When to ask again for a clip whose wait is unknown.
const USUAL_RETRY: Millis = Millis(2_000);

/// A checked request and what follows from it alone.
struct Asked {
    valid: ValidJob,
    key: CacheKey,
    shelf: Shelf,
    terms: Terms,
}

/// `POST /api/v1/jobs`.
pub(crate) async fn create(mut call: Call) -> Result<Response, Failure> {
    let caller = Caller::of(&call)?;
    caller.require_jobs()?;
    let idempotency_key = idempotency_key(&call)?;
    let body = body::read(&mut call).await?;
    let session = caller.session(&call)?;
    // The same call again must be the same job, also where every call is to make a new clip.
    let nonce = idempotency_key.as_ref().map_or_else(settings::nonce, |key| hex(&[&session, key]));
    let asked = read(&call, &caller, &body.json, &nonce).await?;
    let existing = clip_store::look_on(&call.env, asked.shelf, &asked.key).await?;
    if let (Some(stored), None) = (&existing, &idempotency_key) {
        counters::count_with("answers", "source", "hit");
        let mut job = hit(&asked, stored);
        private_address::sign_job(caller.deployment, &mut job);
        return Ok(Response::from_json(&job)?);
    }
    let request = request(&call, &caller, asked, existing.as_ref(), idempotency_key, &body.bytes).await?;
    let fallback = request.job.fallback.clone();
    let rate = request.rate;
    let stub = actors::session(&call.env, &session)?;
    let Replied { reply, job } = ask(&stub, "/request", &request, &call.request_id).await?;
    let (verdict, repeated) = match reply {
        Reply::Job { verdict, repeated, .. } => (verdict, repeated),
        other => return Err(refused(other, rate)),
    };
    let mut job: Job =
        job.ok_or_else(|| Failure::Setup("a session forgot the job it had taken".to_owned()))?;
    // A flight that was refused before it began is this request's refusal.
    if let Some(error) = job.error.as_ref().filter(|_| !repeated && refuses(&job)) {
        return Err(Failure::new(error.code, error.detail.clone()).with("retry-after", "60"));
    }
    count(&job);
    private_address::sign_job(caller.deployment, &mut job);
    job.fallback = job.fallback.or(fallback.filter(|_| !job.status.is_final()));
    let status = if job.status.is_final() { 200 } else { 202 };
    let mut response = Response::from_json(&job)?.with_status(status);
    if let Some(verdict) = verdict {
        for (name, value) in limit_headers(rate, verdict) {
            response.headers_mut().set(name, &value)?;
        }
    }
    Ok(response)
}

/// `POST /api/v1/jobs/preflight`: what a request would come to. Spends nothing, counts nothing.
pub(crate) async fn preflight(mut call: Call) -> Result<Response, Failure> {
    let caller = Caller::of(&call)?;
    caller.require_jobs()?;
    // A bad name is told here too, whether or not the session is asked.
    caller.session(&call)?;
    let body = body::read(&mut call).await?;
    let asked = read(&call, &caller, &body.json, &settings::nonce()).await?;
    let exists = clip_store::look_on(&call.env, asked.shelf, &asked.key).await?.is_some();
    let (cost, wait) =
        if exists { (MicroUsd(0), Millis(0)) } else { (asked.terms.cost, asked.terms.usual_wait) };
    let refusal = if exists { None } else { admit(&call, &caller, &asked.valid, cost).await? };
    Ok(Response::from_json(&Preflight {
        cache_key: asked.key,
        exists,
        provider: provider_of(&asked.valid.spec, &asked.terms),
        model: asked.valid.spec.model().to_owned(),
        model_note: asked.valid.model_note,
        choice: asked.valid.choice,
        cost_micro_usd: cost,
        estimate_ms: Some(wait),
        admitted: refusal.is_none(),
        refusal,
        fallbacks: asked.valid.fallbacks,
    })?)
}

/// `GET /api/v1/jobs`: the session's jobs, newest first.
pub(crate) async fn list(call: &Call) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    caller.require_jobs()?;
    let filter = filter(call)?;
    let stub = actors::session(&call.env, &caller.session(call)?)?;
    let (mut jobs, next): (Vec<Job>, Option<u64>) = ask(&stub, "/list", &filter, &call.request_id).await?;
    jobs.iter_mut().for_each(|job| private_address::sign_job(caller.deployment, job));
    Ok(Response::from_json(&JobList { jobs, next_cursor: next.map(|serial| serial.to_string()) })?)
}

/// `GET /api/v1/jobs/{id}`. The id carries the key, so any server of the tenant finds the job; its
/// own session knows most about it.
pub(crate) async fn read_one(call: &Call, id: &str) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    let session = caller.session(call)?;
    let key = api::key_of_job(id).ok_or_else(unknown)?;
    if explains(call)? {
        caller.require(cuelight_core::auth::secret_key::Right::Operate)?;
        let known: Value =
            ask(&actors::generation(&call.env, &key)?, "/explain", "", &call.request_id).await?;
        return Ok(Response::from_json(&known)?);
    }
    caller.require_jobs()?;
    let session = actors::session(&call.env, &session)?;
    let mut known: Option<Job> = ask(&session, "/job", id, &call.request_id).await?;
    if known.is_none() {
        let which = WhichJob { id: id.to_owned(), tenant: caller.tenant.id().to_owned() };
        let stub = actors::generation(&call.env, &key)?;
        known = ask(&stub, "/job", &which, &call.request_id).await?;
    }
    if known.is_none() {
        // Forgotten, but its clip is there for everybody to see.
        let stored = clip_store::look(&call.env, &key).await?;
        known = stored.map(|stored| found(id.to_owned(), key, &stored));
    }
    let mut job = known.ok_or_else(unknown)?;
    private_address::sign_job(caller.deployment, &mut job);
    Ok(Response::from_json(&job)?)
}

/// `DELETE /api/v1/jobs/{id}`.
pub(crate) async fn cancel(call: &Call, id: &str) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    caller.require_jobs()?;
    api::key_of_job(id).ok_or_else(unknown)?;
    let stub = actors::session(&call.env, &caller.session(call)?)?;
    let Replied { reply, job } = ask(&stub, "/cancel", id, &call.request_id).await?;
    match (reply, job) {
        (Reply::Done, Some(job)) => Ok(Response::from_json(&job)?),
        (Reply::Final, _) => {
            Err(Failure::new(Code::AlreadyFinal, "The job has ended already; there is nothing to cancel."))
        }
        _ => Err(unknown()),
    }
}

fn explains(call: &Call) -> Result<bool, Failure> {
    match call.query("explain").as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Failure::invalid(vec![FieldError {
            pointer: "/explain".into(),
            code: FieldCode::UnknownValue,
            detail: "true or false".into(),
        }])),
    }
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "There is no such job here, or it is long over.")
}

/// Reads a request, within what its caller may ask for.
async fn read(call: &Call, caller: &Caller, json: &Value, nonce: &str) -> Result<Asked, Failure> {
    crate::admission::permit_operation(caller, json)?;
    let around = surroundings::of(call, caller, json).await?;
    let valid = around.validate(json, nonce).map_err(Failure::invalid)?;
    crate::admission::permit(caller, &valid)?;
    let key = valid.spec.key(caller.tenant.namespace(), &valid.scope);
    let terms = terms(&valid.spec)?;
    Ok(Asked { shelf: Shelf::of(valid.scope.private), valid, key, terms })
}

fn provider_of(spec: &Spec, terms: &Terms) -> String {
    spec.provider().unwrap_or(&terms.lane).to_owned()
}

fn terms(spec: &Spec) -> Result<Terms, Failure> {
    Terms::of(spec).ok_or_else(|| Failure::Setup(format!("the catalogue lacks {}", spec.model())))
}

/// The request as its session takes it.
async fn request(
    call: &Call,
    caller: &Caller,
    asked: Asked,
    existing: Option<&Stored>,
    idempotency_key: Option<String>,
    bytes: &[u8],
) -> Result<Ask, Failure> {
    let mut at_hand = AtHand { retry_after: asked.terms.usual_wait.max(USUAL_RETRY), ..AtHand::default() };
    let mut preview = None;
    if let (Some(spec), None) = (&asked.valid.preview, existing) {
        let key = CacheKey::of(caller.tenant.namespace(), spec, &asked.valid.scope);
        match clip_store::look_on(&call.env, asked.shelf, &key).await? {
            Some(stored) => at_hand.preview = Some(stored.content),
            None => preview = Some(self::preview(call, caller, &asked, key, &spec.clone().into())?),
        }
    }
    if existing.is_none() && at_hand.wants_nearest(&asked.valid) {
        let ValidJob { spec, scope, .. } = &asked.valid;
        // Only what our own vocabulary describes can be compared.
        if let Some(spec) = spec.clip() {
            let groups = nearest::groups_to_search(caller.tenant.namespace(), spec, scope);
            at_hand.nearest = clip_store::nearest(&call.env, &groups, &spec.cue, &asked.key).await?;
        }
    }
    let mut job = match existing {
        Some(stored) => hit(&asked, stored),
        None => queued(&asked, &asked.key, &asked.valid.spec),
    };
    job.request_id = Some(call.request_id.clone());
    if existing.is_none() {
        let shown = fallback::content(&asked.valid, &at_hand);
        let source = serde_json::to_value(shown.source)?;
        counters::count_with("fallbacks", "source", source.as_str().unwrap_or_default());
        job.fallback = Some(shown);
        job.preview = at_hand.preview;
    }
    Ok(Ask {
        wish: wish(call, caller, &asked, &asked.key, &asked.valid.spec, asked.terms.clone()),
        job,
        preview,
        webhook: asked.valid.webhook,
        idempotency: idempotency_key
            .map(|key| Idempotency { key, body: HEXLOWER.encode(&Sha256::digest(bytes)) }),
        rate: caller.rate(call),
        allowance: caller.allowance(),
    })
}

fn preview(
    call: &Call,
    caller: &Caller,
    asked: &Asked,
    key: CacheKey,
    spec: &Spec,
) -> Result<Preview, Failure> {
    let wish = wish(call, caller, asked, &key, spec, terms(spec)?);
    Ok(Preview { job: queued(asked, &key, spec), wish })
}

fn wish(call: &Call, caller: &Caller, asked: &Asked, key: &CacheKey, spec: &Spec, terms: Terms) -> Wish {
    let Scope { private, .. } = asked.valid.scope;
    // What is made anew every time is nobody's nearest.
    let comparable = spec.clip().filter(|_| asked.valid.scope.nonce.is_none());
    let index = comparable.and_then(|spec| {
        let group = nearest::group(caller.tenant.namespace(), spec, &asked.valid.scope);
        nearest::entry_name(&group, &spec.cue, key)
    });
    Wish {
        spec: spec.clone(),
        stand_ins: if spec == &asked.valid.spec { asked.valid.stand_ins.clone() } else { Vec::new() },
        tenant: caller.tenant.id().to_owned(),
        terms,
        place: Place { private, index },
        request_id: call.request_id.clone(),
    }
}

fn queued(asked: &Asked, key: &CacheKey, spec: &Spec) -> Job {
    let id = api::job_id(key, &settings::nonce());
    Job {
        provider: Some(provider_of(spec, &asked.terms)),
        model: Some(spec.model().to_owned()),
        model_note: asked.valid.model_note.clone(),
        choice: asked.valid.choice.clone(),
        seed: spec.seed(),
        strategy: Some(asked.valid.strategy),
        priority: asked.valid.priority,
        speculative: asked.valid.speculative,
        ..Job::queued(id, spec.operation(), *key, settings::now())
    }
}

fn hit(asked: &Asked, stored: &Stored) -> Job {
    let job = Job {
        status: JobStatus::Complete,
        source: Source::Hit,
        progress: 1.0,
        cost_micro_usd: Some(MicroUsd(0)),
        content: Some(stored.content.clone()),
        ..queued(asked, &asked.key, &asked.valid.spec)
    };
    match &stored.model {
        Some(model) if job.model.as_ref() != Some(model) => {
            let stood_in = format!("{} could not make it; {model} stood in", asked.valid.spec.model());
            let note = job.model_note.iter().cloned().chain([stood_in]).collect::<Vec<_>>().join("; ");
            Job { model_note: Some(note), seed: None, ..made_by(job, model) }
        }
        _ => job,
    }
}

/// The same job, as of the model that made its clip.
fn made_by(job: Job, model: &str) -> Job {
    let provider = catalog::models().model(model).map(|model| model.provider.clone());
    Job { provider, model: Some(model.to_owned()), ..job }
}

/// The job of a clip of which nothing but the clip is known.
fn found(id: String, key: CacheKey, stored: &Stored) -> Job {
    let job = Job {
        status: JobStatus::Complete,
        source: Source::Hit,
        progress: 1.0,
        content: Some(stored.content.clone()),
        ..Job::queued(id, stored.operation, key, stored.stored_at)
    };
    match &stored.model {
        Some(model) => made_by(job, model),
        None => job,
    }
}

/// Whether a job that failed at once was refused, rather than tried.
fn refuses(job: &Job) -> bool {
    let code = job.error.as_ref().map(|error| error.code);
    let refusals = [Code::BudgetExceeded, Code::QuotaExceeded, Code::RateLimited, Code::LaneFull];
    job.status == JobStatus::Failed && code.is_some_and(|code| refusals.contains(&code))
}

fn count(job: &Job) {
    let source = match job.source {
        Source::Hit => "hit",
        Source::Coalesced => "coalesced",
        Source::Generated => "generated",
    };
    counters::count_with("answers", "source", source);
}

/// The problem that a session's refusal is.
pub(super) fn refused(reply: Reply, rate: Rate) -> Failure {
    match reply {
        Reply::Limited(verdict) => {
            let seconds = verdict.retry_after.0.div_ceil(1_000).max(1);
            let detail = format!(
                "{} requests are admitted in {} s, and they are used up. Ask again in {seconds} s; clips that \
                 exist are not counted.",
                rate.count,
                rate.window.0 / 1_000
            );
            let mut failure =
                Failure::new(Code::RateLimited, detail).with("retry-after", seconds.to_string());
            for (name, value) in limit_headers(rate, verdict) {
                failure = failure.with(name, value);
            }
            failure
        }
        Reply::Full => Failure::new(
            Code::RateLimited,
            "A thousand jobs of this session are waiting; ask again when some have ended.",
        )
        .with("retry-after", "30"),
        Reply::Conflict => Failure::new(
            Code::IdempotencyConflict,
            "This Idempotency-Key came with another body before. Use a new key for a new request.",
        ),
        Reply::Revoked => {
            Failure::new(Code::TokenRevoked, "The token was taken back. Ask your server for another.")
                .with("www-authenticate", "Bearer")
        }
        Reply::Spent { left, cost } => {
            let detail = format!("The token may spend {left} more, and this clip costs {cost}.");
            Failure::new(Code::BudgetExceeded, detail)
        }
        Reply::Unknown | Reply::Final | Reply::Done | Reply::Counted(_) | Reply::Job { .. } => {
            Failure::Setup("a session answered something else than was asked".to_owned())
        }
    }
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
pub(super) fn limit_headers(rate: Rate, verdict: Verdict) -> [(&'static str, String); 2] {
    let window = rate.window.0 / 1_000;
    let reset = verdict.retry_after.0.div_ceil(1_000);
    [
        ("ratelimit-policy", format!("\"misses\";q={};w={window}", rate.count)),
        ("ratelimit", format!("\"misses\";r={};t={reset}", verdict.remaining)),
    ]
}

fn idempotency_key(call: &Call) -> Result<Option<String>, Failure> {
    let Some(key) = call.header("idempotency-key") else { return Ok(None) };
    // Structured fields quote a string (draft-ietf-httpapi-idempotency-key-header); many do not.
    let key = key.trim_matches('"').to_owned();
    let fits = (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        return Ok(Some(key));
    }
    let detail = format!("An Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters.");
    Err(Failure::new(Code::InvalidRequest, detail))
}

fn filter(call: &Call) -> Result<Filter, Failure> {
    let mut errors = Vec::new();
    let mut wrong = |name: &str, code, detail: String| {
        errors.push(FieldError { pointer: format!("/{name}"), code, detail });
    };
    let mut statuses = Vec::new();
    for name in call.query("status").iter().flat_map(|list| list.split(',')) {
        match serde_json::from_value(Value::String(name.to_owned())) {
            Ok(status) => statuses.push(status),
            Err(_) => wrong(
                "status",
                FieldCode::UnknownValue,
                "one or more of queued, processing, complete, failed, cancelled, with commas between".into(),
            ),
        }
    }
    let operation = call.query("operation_type").and_then(|name| {
        let known = Operation::ALL.into_iter().find(|operation| operation.as_str() == name);
        if known.is_none() {
            let all: Vec<&str> = Operation::ALL.iter().map(|operation| operation.as_str()).collect();
            wrong("operation_type", FieldCode::UnknownValue, format!("one of {}", all.join(", ")));
        }
        known
    });
    let before = call.query("cursor").and_then(|cursor| {
        let serial = cursor.parse().ok();
        if serial.is_none() {
            wrong("cursor", FieldCode::BadFormat, "the next_cursor of an earlier page".into());
        }
        serial
    });
    let limit = call
        .query("limit")
        .map_or(Some(20), |limit| limit.parse().ok().filter(|n| (1..=MAX_PAGE).contains(n)));
    if limit.is_none() {
        wrong("limit", FieldCode::OutOfRange, format!("a whole number from 1 to {MAX_PAGE}"));
    }
    if errors.is_empty() {
        return Ok(Filter { statuses, operation, before, limit: limit.unwrap_or(20) });
    }
    Err(Failure::invalid(errors))
}

fn hex(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    HEXLOWER.encode(&digest.finalize()[..16])
}
