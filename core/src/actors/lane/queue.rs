//! Who waits for a slot, and in which order.
//!
//! A step of priority is worth [`STEP`] of waiting. So the order of two bids never changes while
//! they wait, and it is kept sorted: a bid ranks by the time at which it weighs as much as the
//! highest priority does on arrival.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::message::Bid;
use crate::actors::guard::{self, Guard};
use crate::units::Millis;

/// Most bids that wait. With tickets and holders of 80 bytes these are 0.6 MB of JSON; a row of
/// the platform's storage holds 2 MB.
pub(super) const MAX_WAITING: usize = 2_000;
/// What a step of priority is worth. 20 steps lie between the lowest and the highest, so nobody
/// waits for a bid that came more than 200 seconds later.
pub(super) const STEP: Millis = Millis::seconds(10);
/// The highest priority there is.
pub(super) const TOP: u8 = 20;
/// A bid that was not heard of for so long has lost its generation. It is dropped.
const UNHEARD: Millis = Millis::seconds(600);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Queue {
    /// By rank, so that a place is found by bisection.
    waiting: VecDeque<Waiter>,
    /// By ticket.
    ranks: BTreeMap<String, Rank>,
    /// How many bids have ever joined.
    joined: u64,
    /// Nobody was heard of last before this.
    heard_since: Millis,
}

/// The lower goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    speculative: bool,
    due: Millis,
    joined: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiter {
    bid: Bid,
    /// How many bids came before it.
    joined: u64,
    /// When it was first wanted as it is now: what was made ahead of need has waited for nothing.
    since: Millis,
    /// When it was last asked for.
    heard_at: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// In the order in which they are to be granted.
    waiting: VecDeque<Waiter>,
    joined: u64,
    heard_since: Millis,
}

impl Waiter {
    fn rank(&self) -> Rank {
        let missing = u64::from(TOP.saturating_sub(self.bid.priority));
        let due = self.since + Millis(missing * STEP.0);
        let speculative = self.bid.speculative && guard::holds(Guard::SpeculationLast);
        Rank { speculative, due, joined: self.joined }
    }
}

impl Queue {
    /// Adds a bid that does not wait yet. A wanted one that finds the queue full takes the place
    /// of the last speculative one. Says whether there was room.
    pub(super) fn join(&mut self, now: Millis, bid: Bid) -> bool {
        if self.is_full() {
            let last = self.waiting.pop_back_if(|last| last.bid.speculative && !bid.speculative);
            let Some(last) = last else { return false };
            self.ranks.remove(&last.bid.ticket);
        }
        self.heard_since = if self.is_empty() { now } else { self.heard_since.min(now) };
        self.insert(Waiter { bid, joined: self.joined, since: now, heard_at: now });
        self.joined += 1;
        true
    }

    /// Hears of a bid again, if it waits. It is promoted if the new one asks for more, never
    /// demoted. Says whether it waits.
    pub(super) fn hear(&mut self, now: Millis, again: &Bid) -> bool {
        let Some(mut waiter) = self.take(&again.ticket) else { return false };
        waiter.heard_at = now;
        self.heard_since = self.heard_since.min(now);
        // A clock that ran ahead must not leave it behind all that come.
        waiter.since = waiter.since.min(now);
        waiter.bid.priority = waiter.bid.priority.max(again.priority);
        if waiter.bid.speculative && !again.speculative {
            waiter.bid.speculative = false;
            waiter.since = now;
        }
        self.insert(waiter);
        true
    }

    /// The bid whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Bid> {
        let waiter = self.waiting.pop_front()?;
        self.ranks.remove(&waiter.bid.ticket);
        Some(waiter.bid)
    }

    pub(super) fn leave(&mut self, ticket: &str) {
        self.take(ticket);
    }

    /// How many are to be granted before this one, and whether it is speculative.
    pub(super) fn place(&self, ticket: &str) -> Option<(usize, bool)> {
        let rank = self.ranks.get(ticket)?;
        Some((self.place_of(rank), rank.speculative))
    }

    /// Drops the bids that were not asked for any more.
    pub(super) fn drop_unheard(&mut self, now: Millis) {
        if now.since(self.heard_since) <= UNHEARD {
            return;
        }
        let ranks = &mut self.ranks;
        self.waiting.retain(|waiter| {
            let keep = now.since(waiter.heard_at) <= UNHEARD;
            if !keep {
                ranks.remove(&waiter.bid.ticket);
            }
            keep
        });
        // So a queue whose bids are all alive is gone through once in ten minutes, not every time.
        self.heard_since = self.waiting.iter().map(|waiter| waiter.heard_at).min().unwrap_or(now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    /// How many wait that are wanted now, and how many speculative ones.
    pub(super) fn counts(&self, now: Millis) -> (usize, usize) {
        let alive = self.waiting.iter().filter(|waiter| now.since(waiter.heard_at) <= UNHEARD);
        alive.fold((0, 0), |(wanted, speculative), waiter| match waiter.bid.speculative {
            false => (wanted + 1, speculative),
            true => (wanted, speculative + 1),
        })
    }

    fn insert(&mut self, waiter: Waiter) {
        let rank = waiter.rank();
        self.ranks.insert(waiter.bid.ticket.clone(), rank);
        self.waiting.insert(self.place_of(&rank), waiter);
    }

    fn take(&mut self, ticket: &str) -> Option<Waiter> {
        let rank = self.ranks.remove(ticket)?;
        self.waiting.remove(self.place_of(&rank))
    }

    fn place_of(&self, rank: &Rank) -> usize {
        self.waiting.partition_point(|waiter| waiter.rank() < *rank)
    }
}

impl From<Stored> for Queue {
    fn from(Stored { waiting, joined, heard_since }: Stored) -> Self {
        let ranks = waiting.iter().map(|waiter| (waiter.bid.ticket.clone(), waiter.rank())).collect();
        Self { waiting, ranks, joined, heard_since }
    }
}

impl From<Queue> for Stored {
    fn from(Queue { waiting, joined, heard_since, .. }: Queue) -> Self {
        Self { waiting, joined, heard_since }
    }
}
