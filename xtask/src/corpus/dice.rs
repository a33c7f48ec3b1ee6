//! Chance that comes out the same for the same seed, on every machine and in every version.

/// SplitMix64: small, and good enough to choose among stories.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for a part of the whole, so that parts do not disturb each other.
    pub(crate) fn part(&self, name: u64) -> Self {
        let mut dice = Self(self.0 ^ name.wrapping_mul(0xd605_bbb5_8c8a_bc03));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to just below 1.
    pub(crate) fn share(&mut self) -> f64 {
        // 53 bits fit a double.
        #[allow(clippy::cast_precision_loss)]
        let share = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        share
    }

    /// Whether something this likely happens.
    pub(crate) fn chance(&mut self, likely: f64) -> bool {
        self.share() < likely
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        // A slice's length fits.
        #[allow(clippy::cast_possible_truncation)]
        let at = self.next() as usize % of.len();
        &of[at]
    }

    /// Whether a habit is on, and how strong: never, always, or in between.
    pub(crate) fn habit(&mut self) -> f64 {
        match self.whole(0, 3) {
            0 => 0.0,
            1 => 1.0,
            _ => self.share(),
        }
    }
}
