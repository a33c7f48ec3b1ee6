//! What a generation hears and what it has its shell do. Data only; [`super::Generation`] decides.

use super::flight::{Accepted, Cancelled, Output, Place, Progress, ProviderError, Update, Want};
use crate::actors::{account, lane};
use crate::api::Content;
use crate::cache_key::CacheKey;
use crate::operation::Spec;
use crate::units::{MicroUsd, Millis};

/// What can happen to a generation. An answer that did not come is `None`, or an
/// [`ProviderError::Unanswered`].
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
    /// A session's job was cancelled: it does not want the clip any more.
    Left {
        /// Its job.
        job_id: String,
    },
    /// The account answered a reservation.
    Reserved {
        /// Of which submission.
        id: String,
        /// What it said.
        answer: Option<account::Answer>,
    },
    /// The lane answered a bid.
    LaneAnswered {
        /// Of which ticket.
        ticket: String,
        /// What it said.
        answer: Option<lane::Answer>,
    },
    /// The lane grants what waited.
    Granted {
        /// To which ticket.
        ticket: String,
        /// Until then.
        until: Millis,
    },
    /// The provider says of itself that an operation has come further. A hint and no more: what it says
    /// is asked for again. To whoever does not know whether a submission was taken it says that it was.
    Nudged {
        /// As what it was submitted.
        idempotency_key: String,
        /// Which operation.
        operation_id: String,
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
    /// The provider's list was searched for a submission.
    Found {
        /// Which submission.
        idempotency_key: String,
        /// The operation it was taken as, if the provider knows it.
        result: Result<Option<Accepted>, ProviderError>,
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
    /// The provider answered an [`Effect::Abandon`], or did not.
    Abandoned {
        /// Which operation.
        operation_id: String,
        /// What it said.
        result: Result<Cancelled, ProviderError>,
    },
    /// The account was told that a submission is over, or could not be.
    Closed {
        /// Which submission.
        id: String,
        /// Whether it acknowledged.
        acknowledged: bool,
    },
    /// The lane was told that a ticket is given back, or could not be.
    Released {
        /// Which ticket.
        ticket: String,
        /// Whether it acknowledged.
        acknowledged: bool,
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
        want: Box<Want>,
        /// The flight to answer with.
        flight: u32,
    },
    /// Ask the account; answer with [`Event::Reserved`].
    Reserve {
        /// Whose account.
        tenant: String,
        /// What to set aside.
        reservation: account::Reservation,
    },
    /// Ask the lane; answer with [`Event::LaneAnswered`].
    Acquire {
        /// Which lane.
        lane: String,
        /// The wish.
        bid: lane::Bid,
    },
    /// Submit to the provider; answer with [`Event::SubmitAnswered`].
    Submit {
        /// What to make.
        spec: Box<Spec>,
        /// The same for the same submission, however often it is sent.
        idempotency_key: String,
    },
    /// Search the provider's list; answer with [`Event::Found`].
    Find {
        /// By which model.
        model: String,
        /// For which submission.
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
        /// Where.
        place: Place,
        /// What it has to be.
        spec: Box<Spec>,
        /// Of which operation.
        operation_id: String,
        /// Where it is.
        output: Output,
    },
    /// Tell the provider that nobody waits any more; answer with [`Event::Abandoned`].
    Abandon {
        /// By which model.
        model: String,
        /// Which operation.
        operation_id: String,
    },
    /// Tell the account that a submission is over; answer with [`Event::Closed`].
    Close {
        /// Whose account.
        tenant: String,
        /// Which submission.
        id: String,
        /// What it cost; nothing is a refund.
        spent: MicroUsd,
    },
    /// Give a ticket back; answer with [`Event::Released`].
    Release {
        /// To which lane.
        lane: String,
        /// Which ticket.
        ticket: String,
        /// What the provider made of it.
        outcome: lane::Outcome,
    },
    /// Count what this names in [`crate::metrics::COUNTERS`].
    Count(&'static str),
    /// Tell a session; answer with [`Event::Delivered`].
    Notify {
        /// Which session.
        session: String,
        /// What.
        update: Update,
    },
}
