//! One tenant's money and limits: what it may still spend, and what it has spent.
//!
//! Money is set aside before a submission and settled after it, each once, however often and late
//! the calls come. Where the two disagree, the provider's bill wins: money that was spent is always
//! recorded. There is no alarm and no effect; the shell persists the machine before the answer
//! leaves.

use serde::{Deserialize, Serialize};

use crate::units::Millis;

mod calendar;
mod closed;
mod cooldown;
mod creation;
mod journal;
mod ledger;
mod message;
#[cfg(test)]
mod tests;

use cooldown::Cooldowns;
use creation::Creations;
pub use journal::USAGE_DAYS;
use ledger::Ledger;
pub use ledger::{ABANDONED, ABANDONED_WORDS, MAX_OPEN, UNATTRIBUTED};
pub use message::{Answer, Limits, Refusal, Request, Reservation, Usage, UsageLine};

/// The persisted machine. Every part is bounded: full, with ids as long as ours, it is below 1 MB
/// of JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Account {
    ledger: Ledger,
    creations: Creations,
    cooldowns: Cooldowns,
}

impl Account {
    /// Decides a request under the limits that hold now. A refused request may be asked again.
    #[must_use]
    pub fn on(&mut self, now: Millis, limits: &Limits, request: Request) -> Answer {
        let decided = match request {
            Request::Reserve(reservation) => self.ledger.reserve(now, limits, reservation),
            Request::Close { id, spent } => {
                self.ledger.close(now, id, spent);
                Ok(())
            }
            Request::CreateCharacter { merchant, character } => {
                self.creations.create(now, limits.characters_per_hour, merchant, character)
            }
            Request::Regenerate { id, character, state } => {
                self.cooldowns.start(now, limits.regenerate_cooldown, id, character, state)
            }
        };
        match decided {
            Ok(()) => Answer::Done,
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// What was used, as of now.
    #[must_use]
    pub fn usage(&self, now: Millis, limits: &Limits) -> Usage {
        self.ledger.usage(now, limits)
    }
}
