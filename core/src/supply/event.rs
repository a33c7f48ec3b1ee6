//! What the supply hears and what it has its shell do.

use super::Heard;
use crate::api::JobStatus;
use crate::cache_key::CacheKey;
use crate::units::{MicroUsd, Millis};

/// What the supply is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A clip is wanted. `urgent`: somebody waits for it, it is not a guess.
    Want {
        /// Which.
        key: CacheKey,
        /// Whether somebody waits.
        urgent: bool,
    },
    /// A clip that somebody waits for is to be tried once more, even if it has just failed for good.
    Again(CacheKey),
    /// A guessed clip that is missing should be made.
    Make(CacheKey),
    /// A guessed clip is no longer worth fetching.
    Forget(CacheKey),
    /// A guessed clip is no longer worth making: its job is to be cancelled, unless somebody waits for it.
    Cancel(CacheKey),
    /// The GET brought the clip.
    Got(CacheKey),
    /// The clip was found on the device, without the network.
    Stored(CacheKey),
    /// The GET said that it does not exist.
    Absent(CacheKey),
    /// The GET's answer has begun, or more of it has come.
    HeardMore(CacheKey),
    /// The GET, the POST or the poll got no answer: the network is down, or the edge is.
    Unreachable(CacheKey),
    /// The edge is there again, as far as the browser knows: try at once.
    Online,
    /// The GET or the POST got an answer that is of no use; `after` is what the server asked for.
    Faltered {
        /// Which clip it was for.
        key: CacheKey,
        /// Not before this long.
        after: Option<Millis>,
    },
    /// The POST or the poll was refused for good.
    Refused {
        /// Which clip it was for.
        key: CacheKey,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// The POST or the poll was refused for now: the page asked too often, or too much waits already.
    Limited {
        /// Which clip it was for.
        key: CacheKey,
        /// Not before this long; the server said so, or said nothing.
        after: Option<Millis>,
        /// A stable code.
        code: String,
    },
    /// The POST was refused because the money for it is used up.
    Spent {
        /// Which clip it was for.
        key: CacheKey,
        /// Not before this long; the server said so, or said nothing.
        after: Option<Millis>,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// The POST or the poll was refused for want of a token that is good.
    Unauthorized {
        /// Which clip it was for.
        key: CacheKey,
        /// Whether the page has set another token since the request was sent.
        outdated: bool,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// The page has set another token.
    Token,
    /// The POST or a poll was answered.
    Job {
        /// The clip it was for, as this page computes it.
        key: CacheKey,
        /// The answer.
        job: Heard,
    },
    /// The socket told something, or listed a job when it was opened.
    News(Heard),
    /// The socket is open, or is not.
    Socket(bool),
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// What the supply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// GET the clip at `address`; report under `key`.
    Get {
        /// What this page calls it.
        key: CacheKey,
        /// Where the server keeps it; the same, unless the server knows better.
        address: CacheKey,
    },
    /// Stop the request for this clip, the last one that was asked for; whatever comes of it is not told.
    Abort(CacheKey),
    /// POST a job for this clip.
    Post {
        /// Which.
        key: CacheKey,
        /// Whether it is a guess.
        speculative: bool,
    },
    /// GET the job.
    Poll {
        /// The clip it makes.
        key: CacheKey,
        /// The job.
        job_id: String,
    },
    /// DELETE the job of a guess. What comes of it is [`Event::News`], if it is worth telling.
    Delete {
        /// The job.
        job_id: String,
    },
    /// A provider works on the clip now.
    Started(CacheKey),
    /// What the server says about a job: how long it takes when it is asked for, what it cost when it
    /// is made.
    Told {
        /// The clip it makes.
        key: CacheKey,
        /// What it cost.
        price: Option<MicroUsd>,
        /// How long it takes.
        wait: Option<Millis>,
    },
    /// Whether the edge can be reached. Said once when something that is wanted got no answer, and once
    /// when there is an answer again.
    Reach(bool),
    /// The clip that was just got is the one wanted.
    Deliver {
        /// Which.
        key: CacheKey,
        /// Where it was.
        origin: Origin,
    },
    /// The clip will take long: it has to be made, or cannot be reached.
    Far(CacheKey),
    /// A guess is missing and waits for the prefetcher's word.
    Missing(CacheKey),
    /// A guess could not be had lately, or is known no more: it is given up until the next moment.
    Sulks(CacheKey),
    /// The clip cannot be had for now.
    Failed {
        /// Which.
        key: CacheKey,
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// Nothing more is made for a while, because the money for it is used up. Said once, however
    /// many clips are waited for; they are asked for when the while is over.
    Spent {
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// Nothing more is made without another token. Said once, however many requests were refused.
    TokenNeeded {
        /// A stable code.
        code: String,
        /// The sentence for a person.
        detail: String,
    },
    /// Whether guessed clips may be made: not while the server limits what is asked for.
    Guesses(bool),
    /// Whether somebody awaits news on the socket.
    NeedSocket(bool),
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

/// Where a clip was that is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On the device, from an earlier page.
    Device,
    /// At the edge.
    Edge,
    /// Nowhere: it was made while we waited.
    Made,
}

/// A job that is under way, for a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenJob {
    /// The job's id; empty until the server has answered.
    pub id: String,
    /// The clip.
    pub key: CacheKey,
    /// As the server last said.
    pub status: JobStatus,
    /// 0 to 1.
    pub progress: f32,
    /// Whether it is a guess.
    pub speculative: bool,
}
