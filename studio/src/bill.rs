//! The studio's play money: what a clip costs, and what has been charged. Written down apart from
//! the catalogue's price, so that a bill can be held against a ledger that was kept with that one.

use std::collections::VecDeque;

use cuelight_core::units::MicroUsd;
use serde::Serialize;

/// The price of a clip of any length: a number of our own, like the next.
const PER_CLIP: MicroUsd = MicroUsd(2_000);
/// The price of each second.
const PER_SECOND: MicroUsd = MicroUsd(1_000);
/// How many charges are listed one by one; the oldest are only in the sum.
pub const LISTED: usize = 4_096;

/// What a clip of `duration_ms` milliseconds costs: a part of a micro-dollar counts as a whole one.
#[must_use]
pub fn price(duration_ms: u32) -> MicroUsd {
    PER_CLIP + MicroUsd((PER_SECOND.0 * u64::from(duration_ms)).div_ceil(1_000))
}

/// One charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The generation that succeeded.
    pub id: String,
    /// The key it was ordered under.
    pub idempotency_key: String,
    /// What it cost.
    pub micro_usd: MicroUsd,
}

/// Everything that has been charged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// The sum of all charges.
    pub total_micro_usd: MicroUsd,
    /// How many charges there were.
    pub charged: u64,
    /// The latest [`LISTED`] of them, oldest first.
    pub entries: VecDeque<Entry>,
}

impl Bill {
    /// Adds a charge. That a generation is charged once is for its owner to see to.
    pub fn charge(&mut self, entry: Entry) {
        self.total_micro_usd = self.total_micro_usd + entry.micro_usd;
        self.charged += 1;
        if self.entries.len() == LISTED {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_core::catalog;
    use cuelight_core::units::Millis;
    use proptest::prelude::*;

    fn entry(number: u64, duration_ms: u32) -> Entry {
        let name = number.to_string();
        Entry { id: name.clone(), idempotency_key: name, micro_usd: price(duration_ms) }
    }

    #[test]
    fn a_second_costs_a_tenth_of_a_cent_and_a_part_of_it_its_part() {
        for (ms, micro) in [(1_000, 3_000), (1_001, 3_001), (1_500, 3_500), (4_000, 6_000), (10_000, 12_000)]
        {
            assert_eq!(price(ms), MicroUsd(micro), "{ms} ms");
        }
    }

    #[test]
    fn old_charges_leave_the_list_and_stay_in_the_sum() {
        let mut bill = Bill::default();
        let more = LISTED as u64 + 3;
        (0..more).for_each(|number| bill.charge(entry(number, 1_000)));
        assert_eq!((bill.charged, bill.entries.len()), (more, LISTED));
        assert_eq!(bill.total_micro_usd, MicroUsd(3_000 * more));
        assert_eq!(bill.entries[0].id, "3");
    }

    proptest! {
        #[test]
        fn the_catalogue_says_the_price_that_is_charged(ms in 0u32..=600_000) {
            let models = catalog::models().models.iter().filter(|model| model.provider == "studio");
            for model in models {
                prop_assert_eq!(price(ms), model.cost(Millis(ms.into())));
            }
        }

        #[test]
        fn the_sum_is_that_of_its_charges(lengths in proptest::collection::vec(0u32..=600_000, 0..50)) {
            let mut bill = Bill::default();
            for (number, ms) in (0..).zip(&lengths) {
                bill.charge(entry(number, *ms));
            }
            let sum = bill.entries.iter().map(|entry| entry.micro_usd.0).sum();
            prop_assert_eq!((bill.total_micro_usd, bill.charged), (MicroUsd(sum), lengths.len() as u64));
        }
    }
}
