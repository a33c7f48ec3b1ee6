//! How much may be spent ahead of need, what that is worth, and what was spent lately.

use crate::units::{MicroUsd, Millis};

/// How much may be spent ahead of need, and at which prices. Bytes and generations apart, because
/// one costs seconds and the other money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many clips are fetched at the same time.
    pub fetches: usize,
    /// How many bytes are fetched within a minute.
    pub bytes_per_minute: u64,
    /// How many clips are being made at the same time, and begun upon one observation.
    pub generations: usize,
    /// How many clips are begun to be made within a minute.
    pub generations_per_minute: usize,
    /// How much money is spent on making clips within an hour.
    pub micro_usd_per_hour: MicroUsd,
    /// What a second is worth that nobody has to wait.
    pub second: MicroUsd,
    /// What a million bytes cost.
    pub megabyte: MicroUsd,
    /// A clip less likely than this is not fetched; in millionths.
    pub least_for_fetching: u32,
    /// A clip less likely than this is not made; in millionths.
    pub least_for_making: u32,
}

impl Default for Budget {
    /// Small: two fetches of 8 MB a minute, two generations, six a minute, of the ten a minute that
    /// an edge allows a page by default, so that what is really asked for always
    /// has room; a dollar an hour. An hour of waiting counts 7 dollars, a gigabyte 6 cents, which is
    /// about what a content network charges. The tail of a prediction is the least certain part
    /// of it, so what is very unlikely is left alone at any price.
    fn default() -> Self {
        Self {
            fetches: 2,
            bytes_per_minute: 8_000_000,
            generations: 2,
            generations_per_minute: 6,
            micro_usd_per_hour: MicroUsd(1_000_000),
            second: MicroUsd(2_000),
            megabyte: MicroUsd(60),
            least_for_fetching: 40_000,
            least_for_making: 80_000,
        }
    }
}

/// How many visitors a clip spares the wait, once it is made: it is made once for everybody.
const VISITORS: u64 = 8;
/// What a fetch takes before its first byte.
const ROUND_TRIP: u64 = 100;
/// No wait counts for longer: nobody waits longer.
const LONGEST_WAIT: u64 = 600_000;

impl Budget {
    /// How much fetching `bytes` at `rate` kbit/s gives for what it costs, if the clip is wanted
    /// with this probability in millionths. `None` if it costs more than it gives.
    #[must_use]
    pub fn value_of_fetching(&self, probability: u32, bytes: u64, rate: u32) -> Option<u64> {
        let wait = ROUND_TRIP.saturating_add(bytes.saturating_mul(8) / u64::from(rate.max(1)));
        let cost = bytes.saturating_mul(self.megabyte.0) / 1_000;
        let likely = probability >= self.least_for_fetching;
        likely.then(|| self.value(probability, wait, cost)).flatten()
    }

    /// How much making a clip for `price` gives for what it costs, if it is wanted with this
    /// probability in millionths and takes `wait`. `None` if it costs more than it gives.
    #[must_use]
    pub fn value_of_making(&self, probability: u32, wait: Millis, price: MicroUsd) -> Option<u64> {
        let cost = price.0.saturating_mul(1_000) / VISITORS;
        let likely = probability >= self.least_for_making;
        likely.then(|| self.value(probability, wait.0, cost)).flatten()
    }

    /// In thousandths of the cost, which is in billionths of a dollar.
    fn value(&self, probability: u32, wait: u64, cost: u64) -> Option<u64> {
        let spared = u64::from(probability).saturating_mul(wait.min(LONGEST_WAIT));
        let value = spared.saturating_mul(self.second.0) / 1_000_000;
        (value > cost).then(|| value.saturating_mul(1_000) / (cost + 1))
    }
}

/// What was spent, and when.
#[derive(Debug, Clone, Default)]
pub(super) struct Spent(Vec<(Millis, u64)>);

impl Spent {
    /// Notes an amount, and forgets what is older than `kept`.
    pub(super) fn add(&mut self, now: Millis, amount: u64, kept: Millis) {
        self.0.retain(|(at, _)| now.since(*at) < kept);
        self.0.push((now, amount));
    }

    /// How often within the last `span`, and how much.
    pub(super) fn within(&self, now: Millis, span: Millis) -> (usize, u64) {
        let lately = self.0.iter().filter(|(at, _)| now.since(*at) < span);
        lately.fold((0, 0), |(times, sum), (_, amount)| (times + 1, amount.saturating_add(sum)))
    }
}
