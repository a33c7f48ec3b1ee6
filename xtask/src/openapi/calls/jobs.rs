//! The calls about jobs, the session's socket, and the webhook.

use cuelight_core::api::{Job, JobEvent, JobList, JobStatus, Preflight, Snapshot};
use cuelight_core::operation::Operation;
use cuelight_core::problem::Code;
use cuelight_core::prompt::answer::Prompt;
use serde_json::{Value, json};

use crate::openapi::call::{Access, Call, query, request_header};
use crate::openapi::examples;
use crate::openapi::schemas::Schemas;

const TAG: &str = "Jobs";
/// What a limited call is told in, besides its body.
const LIMITS: [(&str, bool); 2] = [("RateLimit", false), ("RateLimit-Policy", false)];

pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let jobs = [create(schemas), preflight(schemas), list(schemas), read(schemas), cancel(schemas)];
    jobs.into_iter().chain([socket(schemas), prompt(schemas)]).collect()
}

fn create(schemas: &mut Schemas) -> Call {
    let job = schemas.of::<Job>();
    call("post", "/api/v1/jobs", "createJob", "Ask for a clip or a picture")
        .about(
            "A clip that exists is answered with 200 and its address, and counts for nothing. One that does \
             not is answered with 202: a job to follow, and what to show meanwhile. Whoever else asks for \
             the same clip shares its one generation. A page's token may send no words of its own: no \
             `prompt`, no `negative_prompt`, and an `art_style` of the three that there are; so it asks for \
             `state_clip` and `npc_response` only. What a request is made from is uploaded first, with \
             `POST /api/v1/assets`.",
        )
        .takes_common("Session")
        .takes_common("SessionQuery")
        .takes(request_header(
            "Idempotency-Key",
            "The same key with the same body is the same job, and is counted once; with another body it is refused.",
            json!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!#-~]+$"}),
        ))
        .body("JobRequest", examples::jobs())
        .answers_json(200, "The clip exists, or the job has ended.", job.clone())
        .with_headers(200, &LIMITS)
        .with_example(200, "application/json", examples::complete_job())
        .answers_json(202, "The clip is being made.", job)
        .with_headers(202, &LIMITS)
        .with_example(202, "application/json", examples::waiting_job())
        .refuses(&[Code::TokenRevoked, Code::BudgetExceeded, Code::QuotaExceeded])
        .refuses(&[Code::IdempotencyConflict, Code::RateLimited, Code::LaneFull])
}

fn prompt(schemas: &mut Schemas) -> Call {
    call("post", "/api/v1/prompts", "writePrompt", "The prompt for a brief")
        .about(
            "How a scene of a story moves is written by a language model, where the deployment has one; what it \
             wrote is kept, and answered for the same facts from then on. Everything else, and whatever cannot \
             be written, follows from the brief alone. Costs nothing but what a language model takes for its words, \
             and makes nothing: give `prompt` to a job.",
        )
        .access(Access::Right("jobs"))
        .takes_common("Session")
        .takes_common("SessionQuery")
        .body("PromptRequest", examples::prompts())
        .answers_json(200, "The prompt.", schemas.of::<Prompt>())
        .refuses(&[Code::RateLimited])
}

fn preflight(schemas: &mut Schemas) -> Call {
    call("post", "/api/v1/jobs/preflight", "preflightJob", "What a request would come to")
        .about("The key, whether the clip exists, who would make it and for how much, and whether it would be admitted now. Spends nothing and counts for nothing.")
        .takes_common("Session")
        .takes_common("SessionQuery")
        .body("JobRequest", examples::jobs())
        .answers_json(200, "What it would come to.", schemas.of::<Preflight>())
        .with_example(200, "application/json", examples::preflight())
        .refuses(&[Code::QuotaExceeded])
}

fn list(schemas: &mut Schemas) -> Call {
    let statuses = schemas.of::<JobStatus>();
    let operations = Operation::ALL.map(Operation::as_str);
    call("get", "/api/v1/jobs", "listJobs", "The session's jobs, newest first")
        .takes_common("Session")
        .takes_common("SessionQuery")
        .takes(json!({
            "name": "status", "in": "query", "style": "form", "explode": false,
            "description": "Only jobs that stand there; several with commas between.",
            "schema": {"type": "array", "items": statuses, "minItems": 1},
        }))
        .takes(query(
            "operation_type",
            "Only jobs that make this.",
            json!({"type": "string", "enum": operations}),
        ))
        .takes(query(
            "limit",
            "The most jobs to answer with.",
            json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        ))
        .takes(query(
            "cursor",
            "The `next_cursor` of the page before.",
            json!({"type": "string", "pattern": "^[0-9]{1,19}$"}),
        ))
        .answers_json(200, "A page of them.", schemas.of::<JobList>())
        .refuses(&[Code::InvalidRequest])
}

fn read(schemas: &mut Schemas) -> Call {
    let explained = json!({
        "type": "object",
        "description": "Everything that is known about the generation. For people; not a stable format.",
        "required": ["generation", "waiting"],
    });
    call("get", "/api/v1/jobs/{id}", "readJob", "Where a job stands")
        .about("The id carries the clip's key, so any server of the tenant finds the job, and a job that is long forgotten is found as long as its clip exists.")
        .takes_common("JobId")
        .takes_common("Session")
        .takes_common("SessionQuery")
        .takes(query(
            "explain",
            "`true`: everything that is known about the generation, for a key with the right `operate`.",
            json!({"type": "boolean", "default": false}),
        ))
        .answers_json(200, "The job, or what explains it.", json!({"anyOf": [schemas.of::<Job>(), explained]}))
        .with_example(200, "application/json", examples::complete_job())
        .refuses(&[Code::NotFound, Code::InvalidRequest])
}

fn cancel(schemas: &mut Schemas) -> Call {
    call("delete", "/api/v1/jobs/{id}", "cancelJob", "Cancel a job")
        .about("For the session that asked. The generation goes on as long as anybody else waits for the clip; what was paid for is kept.")
        .takes_common("JobId")
        .takes_common("Session")
        .takes_common("SessionQuery")
        .answers_json(200, "It is cancelled.", schemas.of::<Job>())
        .refuses(&[Code::NotFound, Code::AlreadyFinal, Code::InvalidRequest])
}

fn socket(schemas: &mut Schemas) -> Call {
    // Named here so that the document has them; a socket's messages have no other place in OpenAPI.
    let _ = (schemas.of::<Snapshot>(), schemas.of::<JobEvent>());
    call("get", "/api/v1/ws/jobs", "followJobs", "Follow the session's jobs on a WebSocket")
        .about(
            "The first message is a `Snapshot`: the session's jobs, and the number of its newest event. Then \
             come numbered `JobEvent`s, without a gap. After a lost connection, `since` and the last `seq` \
             bring what was missed; `reset` is true when that is no longer kept, and `jobs` says where \
             things stand. Send `ping`, get `pong`.\n\nA browser sends no `Authorization` with a socket: \
             a page offers the subprotocols `cuelight.v1` and `bearer.` followed by its token. A socket \
             whose token is taken back is closed with 4401.",
        )
        .takes_common("Session")
        .takes_common("SessionQuery")
        .takes(query(
            "since",
            "The `seq` of the last event that the caller has seen.",
            json!({"type": "integer", "minimum": 0}),
        ))
        .answers_empty(101, "The socket is open (RFC 6455).")
        .with_headers(101, &[("Upgrade", true)])
        .refuses(&[Code::UpgradeRequired, Code::InvalidRequest])
}

pub(super) fn webhook(schemas: &mut Schemas) -> Value {
    let body = json!({
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": ["job.complete", "job.failed", "job.cancelled"]},
            "timestamp": {"type": "integer", "description": "When, in milliseconds since the Unix epoch."},
            "data": schemas.of::<Job>(),
        },
    });
    let header = |name: &str, about: &str| json!({"name": name, "in": "header", "required": true, "description": about, "schema": {"type": "string"}});
    json!({"jobEnded": {"post": {
        "operationId": "jobEnded",
        "tags": [TAG],
        "summary": "A job has ended",
        "description": "Sent to the `webhook` of a request, signed as Standard Webhooks 1.0.0 has it. Repeated until it is taken; each delivery of one job has the same `webhook-id`.",
        "parameters": [
            header("webhook-id", "Names the message."),
            header("webhook-timestamp", "When it was sent, in seconds since the Unix epoch."),
            header("webhook-signature", "`v1,` and the HMAC-SHA256 of `{id}.{timestamp}.{body}`, in base64."),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "No more of these, please."},
        },
    }}})
}

fn call(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Call {
    Call::new(method, path, id, TAG, summary).access(Access::Jobs)
}
