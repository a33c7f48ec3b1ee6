//! What the supply hears and what it has its shell do.

use super::Heard;
use crate::api::JobStatus;
use crate::cache_key::CacheKey;
use crate::units::Millis;

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
    /// A guessed clip that is missing should be made.
    Make(CacheKey),
    /// A guessed clip is no longer worth fetching.
    Forget(CacheKey),
    /// The GET brought the clip.
    Got(CacheKey),
    /// The GET said that it does not exist.
    Absent(CacheKey),
    /// The GET or the POST did not get an answer worth the name; `after` is what the server asked for.
    Unreachable {
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
    /// Stop the GET of this clip.
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
    /// The clip that was just got is the one wanted; `made`: it was made while we waited.
    Deliver {
        /// Which.
        key: CacheKey,
        /// Whether it had to be made.
        made: bool,
    },
    /// The clip will take long: it has to be made, or cannot be reached.
    Far(CacheKey),
    /// A guess is missing and waits for the prefetcher's word.
    Missing(CacheKey),
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
