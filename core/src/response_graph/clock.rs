//! How many fixed steps fit into the time that has passed, exactly: thousands of short frames make as
//! many steps as a few long ones.

/// Most steps that one call makes up for. A page that slept goes on from where it was instead of
/// running after the lost time, ever later.
pub(super) const MOST_STEPS: u64 = 30;
/// Longest time that one call counts, in milliseconds.
const LONGEST_MS: f64 = 60_000.0;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// The time that has passed and is not stepped yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Clock {
    /// Microseconds times steps a second: whole numbers, so that nothing is rounded away.
    rest: u64,
    /// What was less than a microsecond, between -0.5 and 0.5.
    fraction: f64,
}

impl Clock {
    /// `dt_ms` milliseconds have passed; how many steps that makes. Less than nothing, or what is no
    /// number, is no time at all.
    pub(super) fn advance(&mut self, dt_ms: f64, steps_per_second: u32) -> u64 {
        let dt_ms = if dt_ms > 0.0 { dt_ms } else { 0.0 };
        let exact = (if dt_ms < LONGEST_MS { dt_ms } else { LONGEST_MS }) * 1_000.0 + self.fraction;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let micros = (exact + 0.5) as u64;
        #[allow(clippy::cast_precision_loss)]
        {
            self.fraction = exact - micros as f64;
        }
        self.rest += micros * u64::from(steps_per_second);
        let steps = self.rest / MICROS_PER_SECOND;
        self.rest %= MICROS_PER_SECOND;
        steps.min(MOST_STEPS)
    }
}
