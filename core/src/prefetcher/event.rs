//! What the prefetcher hears and what it has its shell do.

use super::Conditions;
use crate::cache_key::CacheKey;
use crate::units::{MicroUsd, Millis};

/// What the prefetcher is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A character shows something new; these may follow, with their probabilities. The only event
    /// that brings new guesses.
    Guessed {
        /// Which character.
        character: u64,
        /// What may follow. Clips that are at hand need not be left out.
        likely: Vec<(CacheKey, f64)>,
    },
    /// A clip is at hand now.
    AtHand {
        /// Which.
        key: CacheKey,
        /// Its size.
        bytes: u64,
    },
    /// A clip that is at hand is asked for, or shown in place of another.
    Shown(CacheKey),
    /// A clip was dropped from the cache.
    Dropped(CacheKey),
    /// A clip that was to be fetched does not exist yet, or one that was to be made was put off.
    Missing(CacheKey),
    /// A fetch or a generation failed or was cancelled.
    Failed(CacheKey),
    /// Somebody really asked for this clip, and it is not at hand: whatever is under way for it is
    /// no guess any more, and the network is its own until it is here or known to take long.
    Wanted(CacheKey),
    /// A clip that somebody asked for has to be made, or cannot be reached: the network is free.
    Far(CacheKey),
    /// A provider works on a clip: cancelling would spare nothing.
    Started(CacheKey),
    /// What the server says about a job.
    Told {
        /// The clip it makes.
        key: CacheKey,
        /// What it cost, or will.
        price: Option<MicroUsd>,
        /// How long it takes.
        wait: Option<Millis>,
    },
    /// The character is gone, or no longer wants guesses.
    Gone(u64),
    /// Whether clips may be made ahead of need: not while the server limits what is asked for.
    MayMake(bool),
    /// What the page is used under, whenever that changes.
    Conditions(Conditions),
}

/// What the prefetcher asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Fetch a clip, if it exists.
    Fetch(CacheKey),
    /// Have a clip made.
    Make(CacheKey),
    /// Stop fetching a clip that became unlikely.
    Cancel(CacheKey),
    /// Cancel the job of a clip that became unlikely while it still waits in the queue. The end of
    /// the job is told as [`Event::Failed`]; that it was too late as [`Event::Started`].
    CancelJob(CacheKey),
}
