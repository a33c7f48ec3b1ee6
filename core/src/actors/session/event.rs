//! What a session hears, what it answers, and what it has its shell do. Data only;
//! [`super::Session`] decides.

use serde::{Deserialize, Serialize};

use crate::actors::generation::{Answer, Place, Terms, Update};
use crate::api::{Job, JobEvent, Snapshot};
use crate::cache_key::CacheKey;
use crate::limiter::{Rate, Verdict};
use crate::operation::Spec;
use crate::units::MicroUsd;

/// What a job needs besides itself to have its clip made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// What to make.
    pub spec: Spec,
    /// What to make where that cannot be made, best first: the same by other models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stand_ins: Vec<Spec>,
    /// Whose account pays.
    #[serde(default)]
    pub tenant: String,
    /// On which terms.
    #[serde(default)]
    pub terms: Terms,
    /// Where it is kept.
    #[serde(default)]
    pub place: Place,
    /// Finds the request in the logs.
    #[serde(default)]
    pub request_id: String,
}

/// A caller's request, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The job as it is to begin: queued, or complete when the clip exists. Its `source` is
    /// corrected by the generation's answer.
    pub job: Job,
    /// What to make.
    pub wish: Wish,
    /// The same in less quality, to be shown meanwhile.
    pub preview: Option<Preview>,
    /// Where to post the end of the job.
    pub webhook: Option<String>,
    /// Under which key the caller repeats this request.
    pub idempotency: Option<Idempotency>,
    /// How many requests the session may make.
    pub rate: Rate,
    /// What the caller's token may spend in all.
    pub allowance: Option<MicroUsd>,
}

/// The job that makes a preview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The job as it is to begin.
    pub job: Job,
    /// What to make.
    pub wish: Wish,
}

/// A caller's `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// A hash of the body that came with it.
    pub body: String,
}

/// What can happen to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A caller asks for what is no job and costs money all the same: counted as one request.
    Counted(Rate),
    /// A caller asks for a clip.
    Requested(Box<Request>),
    /// The generation answered a want, or could not be reached (`None`).
    WantAnswered {
        /// Which job wanted.
        job_id: String,
        /// What it said.
        answer: Option<Answer>,
    },
    /// A generation tells how a job goes.
    Updated(Update),
    /// A caller cancels a job.
    Cancel {
        /// Which.
        job_id: String,
    },
    /// The generation heard that a job was cancelled, or could not be reached.
    LeaveAnswered {
        /// Which job.
        job_id: String,
        /// Whether it acknowledged.
        acknowledged: bool,
    },
    /// A webhook was taken, or was not.
    WebhookAnswered {
        /// For which job.
        job_id: String,
        /// Which of its webhooks.
        url: String,
        /// Whether it was taken, or refused for good.
        over: bool,
    },
    /// A socket was opened. `since` is the last event it saw, if it saw one.
    Connected {
        /// The number of that event.
        since: Option<u64>,
    },
    /// The token of this session was taken back.
    Revoked,
    /// The alarm went off.
    Alarm,
}

/// What the shell is to do, in this order, after it persisted the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Set the one alarm to this time.
    SetAlarm(crate::units::Millis),
    /// Answer the caller whose event this is.
    Reply(Reply),
    /// Ask the generation of the job's key; answer with [`Event::WantAnswered`].
    Want {
        /// The job, with its key, priority and speculation.
        job: Box<Job>,
        /// What to make.
        wish: Box<Wish>,
    },
    /// Tell the generation of the key that the job does not want its clip any more; answer with
    /// [`Event::LeaveAnswered`].
    Leave {
        /// Which generation.
        key: CacheKey,
        /// Which job.
        job_id: String,
    },
    /// Post the job to its webhook; answer with [`Event::WebhookAnswered`].
    Webhook {
        /// Where to.
        url: String,
        /// The job as it ended. Its id names the delivery, however often it is sent.
        job: Box<Job>,
    },
    /// Send to the socket that was just opened.
    Greet(Message),
    /// Send to every open socket.
    Broadcast(JobEvent),
    /// Close every socket: their token was taken back.
    CloseSockets,
}

/// What a caller is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Reply {
    /// The request is this job. Read it once the event's effects are performed: the want's answer
    /// is in it then.
    Job {
        /// Its id.
        id: String,
        /// Whether the session was waiting for the clip already.
        joined: bool,
        /// Whether the request had been made before, under the same idempotency key.
        repeated: bool,
        /// What the limit leaves.
        verdict: Option<Verdict>,
    },
    /// What the limit says of a request that was counted, or was one too many.
    Counted(Verdict),
    /// Too many requests.
    Limited(Verdict),
    /// Too many jobs wait.
    Full,
    /// The idempotency key was used for another request.
    Conflict,
    /// The token was taken back.
    Revoked,
    /// The token's budget does not suffice.
    Spent {
        /// What is left of it.
        left: MicroUsd,
        /// What the clip costs.
        cost: MicroUsd,
    },
    /// There is no such job.
    Unknown,
    /// The job is over already.
    Final,
    /// Done.
    Done,
}

/// What a socket is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// First of all.
    Snapshot(Snapshot),
    /// Then every event.
    Event(JobEvent),
}
