//! At most so many in any span of so long. Exact: whatever span one looks at, no more than the
//! limit were admitted in it. GCRA, which keeps one number, admits a burst and then nearly as many
//! again within the same span; limits here are small, so we keep the times.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::units::Millis;

/// A limit: `count` in any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many, 1 to 10,000.
    pub count: u32,
    /// In any span of this length, in milliseconds.
    pub window: Millis,
}

/// The times at which something was admitted, oldest first; at most as many as the limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limiter {
    admitted: VecDeque<Millis>,
}

/// What a limiter says, with what the `RateLimit` headers tell a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it was admitted.
    pub admitted: bool,
    /// How many more would be, now.
    pub remaining: u32,
    /// How long until one more is, in milliseconds; zero while any remain.
    pub retry_after: Millis,
}

impl Limiter {
    /// Admits one, if the limit allows it now.
    #[must_use]
    pub fn admit(&mut self, now: Millis, rate: Rate) -> Verdict {
        // What was admitted by a clock that ran ahead was admitted by now.
        for at in self.admitted.iter_mut().rev().take_while(|at| **at > now) {
            *at = now;
        }
        let before = self.check(now, rate);
        if before.remaining == 0 {
            return before;
        }
        while self.admitted.front().is_some_and(|at| is_past(*at, now, rate)) {
            self.admitted.pop_front();
        }
        self.admitted.push_back(now);
        Verdict { admitted: true, ..self.check(now, rate) }
    }

    /// What [`Limiter::admit`] would say, without admitting.
    #[must_use]
    pub fn check(&self, now: Millis, rate: Rate) -> Verdict {
        let within = self.admitted.iter().filter(|at| !is_past(**at, now, rate)).count();
        let within = u32::try_from(within).unwrap_or(u32::MAX);
        let remaining = rate.count.saturating_sub(within);
        // Once all but `count - 1` of them are past, there is room for one.
        let blocker = self.admitted.iter().rev().nth(rate.count.saturating_sub(1) as usize);
        let blocker = blocker.filter(|_| remaining == 0);
        let retry_after = blocker.map_or(Millis(0), |at| (*at + rate.window).since(now).min(rate.window));
        Verdict { admitted: false, remaining, retry_after }
    }
}

fn is_past(at: Millis, now: Millis, rate: Rate) -> bool {
    at + rate.window <= now
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEN_A_MINUTE: Rate = Rate { count: 10, window: Millis(60_000) };

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_limit(steps in prop::collection::vec(0u64..15_000, 1..200)) {
            let (mut limiter, mut now, mut admitted) = (Limiter::default(), 1_000_000, Vec::new());
            for step in steps {
                now += step;
                let verdict = limiter.admit(Millis(now), TEN_A_MINUTE);
                if verdict.admitted {
                    admitted.push(now);
                } else {
                    let later = Millis(now) + verdict.retry_after;
                    prop_assert!(limiter.clone().admit(later, TEN_A_MINUTE).admitted, "the wait it names suffices");
                    let sooner = Millis(later.0 - 1);
                    prop_assert!(!limiter.clone().admit(sooner, TEN_A_MINUTE).admitted, "no shorter wait does");
                }
            }
            for end in &admitted {
                let within = admitted.iter().filter(|at| **at <= *end && **at + 60_000 > *end).count();
                prop_assert!(within <= 10, "{within} in the minute before {end}");
            }
        }
    }

    #[test]
    fn a_burst_is_admitted_to_the_request() {
        let mut limiter = Limiter::default();
        let admitted = (0..500).filter(|_| limiter.admit(Millis(5), TEN_A_MINUTE).admitted).count();
        assert_eq!(admitted, 10);
        assert_eq!(limiter.check(Millis(5), TEN_A_MINUTE).retry_after, Millis(60_000));
    }

    #[test]
    fn a_clock_that_ran_a_year_ahead_and_came_back_costs_one_window() {
        let (mut limiter, now) = (Limiter::default(), Millis(1_000));
        let year = Millis::seconds(31_536_000);
        while limiter.admit(now + year, TEN_A_MINUTE).admitted {}
        assert_eq!(limiter.admit(now, TEN_A_MINUTE).retry_after, TEN_A_MINUTE.window);
        assert!(!limiter.admit(Millis(60_999), TEN_A_MINUTE).admitted);
        assert!(limiter.admit(Millis(61_000), TEN_A_MINUTE).admitted);
    }

    #[test]
    fn a_limit_that_was_lowered_holds_at_once() {
        let mut limiter = Limiter::default();
        for _ in 0..8 {
            assert!(limiter.admit(Millis(1_000), TEN_A_MINUTE).admitted);
        }
        let lower = Rate { count: 4, ..TEN_A_MINUTE };
        assert_eq!(
            limiter.check(Millis(2_000), lower),
            Verdict { admitted: false, remaining: 0, retry_after: Millis(59_000) }
        );
    }
}
