//! What a generation hears and what it has its shell do. Data only; [`super::Generation`] decides.

use super::flight::{Accepted, Output, Progress, ProviderError, Update, Want};
use crate::api::Content;
use crate::cache_key::CacheKey;
use crate::operation::ClipSpec;
use crate::units::Millis;

/// What can happen to a generation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A session wants the clip.
    Wanted(Want),
    /// The shell looked for the clip of a finished flight, see [`Effect::Verify`].
    Verified {
        /// The want that made us look.
        want: Want,
        /// The flight that was looked after.
        flight: u32,
        /// Whether the clip is still stored.
        exists: bool,
    },
    /// The alarm went off.
    Alarm,
    /// The provider answered a submission, or did not.
    SubmitAnswered {
        /// Which submission.
        idempotency_key: String,
        /// What it said.
        result: Result<Accepted, ProviderError>,
    },
    /// The provider answered a poll, or did not.
    PollAnswered {
        /// About which operation.
        operation_id: String,
        /// What it said.
        result: Result<Progress, ProviderError>,
    },
    /// The result was fetched, checked and stored, or was not.
    Stored {
        /// Of which operation.
        operation_id: String,
        /// What is stored.
        result: Result<Content, ProviderError>,
    },
    /// A session was told, or could not be.
    Delivered {
        /// Its job.
        job_id: String,
        /// What it was told.
        ordinal: u64,
        /// Whether it acknowledged.
        acknowledged: bool,
    },
}

/// What the shell is to do, in this order, after it persisted the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Set the one alarm to this time.
    SetAlarm(Millis),
    /// Look whether the clip is still stored; answer with [`Event::Verified`].
    Verify {
        /// The want to answer with.
        want: Want,
        /// The flight to answer with.
        flight: u32,
    },
    /// Submit to the provider; answer with [`Event::SubmitAnswered`].
    Submit {
        /// What to make.
        spec: Box<ClipSpec>,
        /// The same for the same submission, however often it is sent.
        idempotency_key: String,
    },
    /// Ask the provider; answer with [`Event::PollAnswered`].
    Poll {
        /// By which model.
        model: String,
        /// About what.
        operation_id: String,
    },
    /// Fetch, check and store the result; answer with [`Event::Stored`].
    Store {
        /// Under which key.
        key: CacheKey,
        /// What it has to be.
        spec: Box<ClipSpec>,
        /// Of which operation.
        operation_id: String,
        /// Where it is.
        output: Output,
    },
    /// Tell the provider that nobody waits any more. Best effort, no answer.
    Abandon {
        /// By which model.
        model: String,
        /// Which operation.
        operation_id: String,
    },
    /// Tell a session; answer with [`Event::Delivered`].
    Notify {
        /// Which session.
        session: String,
        /// What.
        update: Update,
    },
}
