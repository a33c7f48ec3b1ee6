//! How long to wait before the next attempt: exponential, with jitter from a given seed, so that
//! a thousand callers that failed together do not return together, and a test sees the same wait
//! twice.

use crate::units::Millis;

/// An exponential backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// About how long the first wait is.
    pub base: Millis,
    /// No wait is longer.
    pub cap: Millis,
}

impl Backoff {
    /// The wait after failure number `attempt` (1 is the first). Doubles every time; the upper
    /// half of it is jitter drawn from `seed` and `attempt`. A wait the other side asked for
    /// (`Retry-After`) wins over all of this.
    #[must_use]
    pub fn delay(&self, attempt: u32, seed: &str, retry_after: Option<Millis>) -> Millis {
        if let Some(asked) = retry_after {
            return asked;
        }
        let doublings = attempt.saturating_sub(1).min(32);
        let full = self.base.0.saturating_mul(1 << doublings).min(self.cap.0);
        let half = full / 2;
        Millis(half + mix(seed, attempt) % (full - half + 1))
    }
}

/// FNV-1a (64 bit) over the seed and the attempt, finished as SplitMix64 finishes, because FNV
/// alone leaves neighbouring attempts alike. Not cryptographic; nothing here has to be.
fn mix(seed: &str, attempt: u32) -> u64 {
    let bytes = seed.bytes().chain(attempt.to_le_bytes());
    let mut z = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff { base: Millis(1_000), cap: Millis(30_000) };

    proptest! {
        #[test]
        fn a_wait_lies_in_the_upper_half_of_its_step(attempt in 1u32..=200, seed in ".{0,20}") {
            let full = 1_000_u64.saturating_mul(1 << (attempt - 1).min(32)).min(30_000);
            let wait = BACKOFF.delay(attempt, &seed, None).0;
            prop_assert!((full / 2..=full).contains(&wait), "{wait} of {full}");
            prop_assert_eq!(wait, BACKOFF.delay(attempt, &seed, None).0);
        }

        #[test]
        fn retry_after_wins(attempt in 0u32..=10, asked in 0u64..1_000_000) {
            prop_assert_eq!(BACKOFF.delay(attempt, "key", Some(Millis(asked))), Millis(asked));
        }
    }

    #[test]
    fn keys_that_fail_together_spread_out() {
        let waits: std::collections::BTreeSet<u64> =
            (0..100).map(|n| BACKOFF.delay(3, &format!("key-{n}"), None).0).collect();
        assert!(waits.len() > 80, "{} different waits of 100", waits.len());
    }
}
