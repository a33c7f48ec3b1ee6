//! What a lane, its generations and its operator say to each other. Data only; [`super::Lane`]
//! decides.

use serde::{Deserialize, Serialize};

use crate::limiter::Rate;
use crate::units::Millis;

/// What an operator allows on a provider account. Given with every event, so that a changed
/// setting holds from the next one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most operations at the provider at once, 1 to 1,000.
    pub concurrency: u32,
    /// Most submissions in a span.
    pub rate: Rate,
}

/// A generation's wish for a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// Names the submission, for all time: a bid that comes again is the same bid.
    pub ticket: String,
    /// Whom to tell of a grant: the clip's key.
    pub holder: String,
    /// 0 to 20, higher first.
    pub priority: u8,
    /// Asked for ahead of need: only where a slot would idle.
    pub speculative: bool,
    /// How long the slot is needed at most, in milliseconds. The lease is taken back after it.
    pub hold: Millis,
}

/// What a generation says to its lane. Each may come twice, and late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Ask for a slot, ask again, or ask with a higher priority.
    Acquire(Bid),
    /// Give the slot back, or leave the queue. A ticket that was released is never granted again.
    Release {
        /// Which submission.
        ticket: String,
        /// What the provider made of it.
        outcome: Outcome,
    },
}

/// What a submission tells about its provider's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "was", rename_all = "snake_case")]
pub enum Outcome {
    /// It works.
    Healthy,
    /// It failed in a way that says something about the provider.
    Failed,
    /// It asked for fewer calls: no grant before this much has passed, in milliseconds.
    Throttled {
        /// What its `Retry-After` said, if it said so.
        retry_after: Option<Millis>,
    },
    /// It says nothing: never submitted, or refused for its content.
    Unknown,
}

/// What a lane answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// The slot is the ticket's.
    Granted {
        /// Until then.
        until: Millis,
    },
    /// It waits. The lane tells the holder when its turn comes; asking again after `ask_again`
    /// milliseconds is what saves a grant whose message was lost.
    Waiting {
        /// How many are to be granted before it.
        ahead: u32,
        /// When to ask again, in milliseconds.
        ask_again: Millis,
    },
    /// Too many wait already.
    Full {
        /// When to ask again, in milliseconds.
        retry_after: Millis,
    },
    /// The ticket is released, now or before.
    Released,
}

/// What an operator reads about a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LaneStatus"))]
pub struct Status {
    /// Leases that are out.
    pub leased: u32,
    /// Bids that wait and are wanted now.
    pub waiting: u32,
    /// Bids that wait and are speculative.
    pub waiting_speculative: u32,
    /// Where the circuit breaker stands: `closed`, `open` or `half_open`.
    pub breaker: Breaker,
    /// No grant before then: the breaker is open, or the provider asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Millis>,
    /// Whether an operator has stopped it from granting.
    pub drained: bool,
}

/// Where a circuit breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// The provider is given work.
    Closed,
    /// It failed too often: it is given none for a while.
    Open,
    /// One submission probes whether it is back.
    HalfOpen,
}
