//! How many characters each merchant made in the last hour. Knows nothing of money.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::cooldown::in_words;
use crate::limiter::{Limiter, Rate};
use crate::problem::Code;
use crate::units::Millis;

/// The span that is looked at.
pub(super) const HOUR: Millis = Millis::seconds(3_600);
/// Most characters in any hour, of all merchants of a tenant together: a bound on what is stored.
pub(super) const MOST: usize = 1_000;

/// The merchants that made a character within the last hour. The others have nothing to remember.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Creations {
    merchants: BTreeMap<String, Merchant>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Merchant {
    limiter: Limiter,
    /// The characters that were counted, and when; oldest first.
    characters: VecDeque<(Millis, String)>,
}

impl Creations {
    /// Counts a character of `merchant`, once, or says when there is room for one more.
    pub(super) fn create(
        &mut self,
        now: Millis,
        per_hour: u32,
        merchant: String,
        character: String,
    ) -> Result<(), Refusal> {
        self.forget_old(now);
        let known = self.merchants.get(&merchant);
        if known.is_some_and(|known| known.characters.iter().any(|(_, id)| *id == character)) {
            return Ok(());
        }
        if self.merchants.values().map(|merchant| merchant.characters.len()).sum::<usize>() >= MOST {
            let firsts = self.merchants.values().filter_map(|merchant| merchant.characters.front());
            let first = firsts.map(|(at, _)| *at).min().unwrap_or(now);
            return Err(refusal(MOST, "all merchants together", (first + HOUR).since(now)));
        }
        let rate = Rate { count: per_hour, window: HOUR };
        if per_hour == 0 {
            return Err(refusal(0, "a merchant", HOUR));
        }
        let known = self.merchants.entry(merchant).or_default();
        let verdict = known.limiter.admit(now, rate);
        if !verdict.admitted {
            return Err(refusal(per_hour as usize, "a merchant", verdict.retry_after));
        }
        // A clock that went back must not unsort the times.
        let at = known.characters.back().map_or(now, |(last, _)| now.max(*last));
        known.characters.push_back((at, character));
        Ok(())
    }

    fn forget_old(&mut self, now: Millis) {
        self.merchants.retain(|_, merchant| {
            while merchant.characters.front().is_some_and(|(at, _)| *at + HOUR <= now) {
                merchant.characters.pop_front();
            }
            !merchant.characters.is_empty()
        });
    }
}

fn refusal(most: usize, whose: &str, retry_after: Millis) -> Refusal {
    let detail = format!(
        "At most {most} characters may be made in an hour by {whose}. Ask again in {}.",
        in_words(retry_after)
    );
    Refusal { code: Code::RateLimited, detail, retry_after }
}
