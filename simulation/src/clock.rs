//! What an actor takes for the time. Clocks jump; the time that really passed does not.

use cuelight_core::units::Millis;

/// One actor's clock, against the time of its world.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    forward: u64,
    back: u64,
}

impl Clock {
    /// What it shows.
    pub(crate) fn shows(self, now: u64) -> Millis {
        Millis((now + self.forward).saturating_sub(self.back))
    }

    /// The same if it had never gone back. Between two moments at least as much of this has passed
    /// as of what the clock showed: a limit that holds by the clock holds by this.
    pub(crate) fn elapsed(self, now: u64) -> u64 {
        now + self.forward
    }

    /// When, in the time of the world, it will show `at`.
    pub(crate) fn when(self, at: Millis) -> u64 {
        (at.0 + self.back).saturating_sub(self.forward)
    }

    pub(crate) fn went_back(self) -> bool {
        self.back > 0
    }

    pub(crate) fn jump_forward(&mut self, by: u64) {
        self.forward += by;
    }

    pub(crate) fn jump_back(&mut self, by: u64) {
        self.back += by;
    }
}
