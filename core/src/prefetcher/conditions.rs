//! What a page is used under - the connection, the battery, whether it is looked at - and what that
//! leaves of a budget.

use super::Budget;

/// How the network describes itself: the effective types of the Network Information API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// The browser does not say.
    #[default]
    Unknown,
    /// `slow-2g` and `2g`.
    TwoG,
    /// `3g`.
    ThreeG,
    /// `4g`: everything better, too.
    FourG,
}

/// What a page is used under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// The user asked for little traffic (`Save-Data`).
    pub save_data: bool,
    /// The class of the connection.
    pub connection: Connection,
    /// Its rate in kbit/s, where the browser tells.
    pub kbit_per_s: Option<u32>,
    /// The battery is nearly empty and not charging.
    pub battery_low: bool,
    /// The page is looked at.
    pub visible: bool,
}

impl Default for Conditions {
    /// What is assumed of a browser that tells nothing: a page that is looked at, on a good line.
    fn default() -> Self {
        Self {
            save_data: false,
            connection: Connection::Unknown,
            kbit_per_s: None,
            battery_low: false,
            visible: true,
        }
    }
}

/// A rate below this, in kbit/s, is a 2g line whatever it is called.
const CRAWLING: u32 = 250;
/// A rate below this, in kbit/s, is a 3g line whatever it is called.
const SLOW: u32 = 1_000;
/// The rate that is assumed where none is told, in kbit/s: the most that browsers tell.
const USUAL_RATE: u32 = 10_000;
/// A byte is this much dearer on a slow line, because something else waits behind it.
const SLOW_LINE: u64 = 16;

impl Conditions {
    /// What these leave of `budget`. Of several conditions each takes its part:
    ///
    /// | condition | fetches at a time | bytes a minute | generations at a time | price of a byte |
    /// |---|---|---|---|---|
    /// | Save-Data, 2g, under 250 kbit/s | 0 | 0: what is under way is given up | 0 | |
    /// | 3g, under 1 Mbit/s | 1 | a quarter | 1 | × 16 |
    /// | battery under a fifth, not charging | 1 | a half | 0 | |
    /// | page hidden | 0 | all: what is under way goes on | 0 | |
    /// | otherwise | all | all | all | × 1 |
    #[must_use]
    pub fn leave(&self, budget: &Budget) -> Budget {
        let mut left = *budget;
        let below = |rate| self.kbit_per_s.is_some_and(|told| told < rate);
        if self.save_data || self.connection == Connection::TwoG || below(CRAWLING) {
            left.bytes_per_minute = 0;
            left.allow(0, 0);
        } else if self.connection == Connection::ThreeG || below(SLOW) {
            left.bytes_per_minute /= 4;
            left.megabyte.0 = left.megabyte.0.saturating_mul(SLOW_LINE);
            left.allow(1, 1);
        }
        if self.battery_low {
            left.bytes_per_minute /= 2;
            left.allow(1, 0);
        }
        if !self.visible {
            left.allow(0, 0);
        }
        left
    }

    /// The rate to count with, in kbit/s; never 0.
    #[must_use]
    pub fn rate(&self) -> u32 {
        let usual = if self.connection == Connection::ThreeG { SLOW } else { USUAL_RATE };
        self.kbit_per_s.unwrap_or(usual).max(1)
    }
}

impl Budget {
    fn allow(&mut self, fetches: usize, generations: usize) {
        self.fetches = self.fetches.min(fetches);
        self.generations = self.generations.min(generations);
    }
}
