//! What a contestant's guesses were worth.

use cuelight_core::cue::Cue;
use cuelight_core::prefetcher::Budget;

/// What a guess costs that gave what came no probability, in bits: as if it had one in a million.
const WORST_BITS: f64 = 20.0;
/// Up to how many guesses hits are counted.
pub(crate) const DEEPEST: usize = 3;

/// Sums over transitions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Score {
    pub(crate) transitions: u64,
    hits: [u64; DEEPEST],
    wasted: u64,
    used: u64,
    bits: f64,
}

impl Score {
    /// `ranked` was guessed, likeliest first, and `came` came. The budget is spent as the
    /// prefetcher spends it: on nothing less likely than is worth fetching.
    pub(crate) fn add(&mut self, ranked: &[(Cue, f64)], came: &Cue, budget: usize) {
        self.transitions += 1;
        let place = ranked.iter().position(|(cue, _)| cue == came);
        for (hits, most) in self.hits.iter_mut().zip(1..) {
            *hits += u64::from(place.is_some_and(|place| place < most));
        }
        let worth = f64::from(Budget::default().least_for_fetching) / 1e6;
        let spent = ranked.iter().take(budget).filter(|(_, p)| *p >= worth);
        for (cue, _) in spent {
            *(if cue == came { &mut self.used } else { &mut self.wasted }) += 1;
        }
        let p = place.and_then(|place| ranked.get(place)).map_or(0.0, |(_, p)| *p);
        self.bits += if p > 0.0 { (-p.log2()).min(WORST_BITS) } else { WORST_BITS };
    }

    #[allow(clippy::cast_precision_loss)]
    fn each(&self, count: u64) -> f64 {
        count as f64 / self.transitions.max(1) as f64
    }

    /// The share of transitions that were among the first 1, 2 and 3 guesses.
    pub(crate) fn hits(&self) -> [f64; DEEPEST] {
        self.hits.map(|hits| self.each(hits))
    }

    /// Guesses spent per transition that did not come next.
    pub(crate) fn wasted(&self) -> f64 {
        self.each(self.wasted)
    }

    /// Guesses spent per transition that came next.
    pub(crate) fn used(&self) -> f64 {
        self.each(self.used)
    }

    /// The mean surprise, in bits.
    pub(crate) fn bits(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let transitions = self.transitions.max(1) as f64;
        self.bits / transitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_counts_hits_waste_and_surprise() {
        let guess = |name: &str, p: f64| (Cue::state(name), p);
        let ranked = [guess("a", 0.5), guess("b", 0.25), guess("c", 0.01)];
        let mut score = Score::default();
        score.add(&ranked, &Cue::state("b"), 3);
        assert_eq!(
            (score.hits(), score.wasted(), score.used(), score.bits()),
            ([0.0, 1.0, 1.0], 1.0, 1.0, 2.0)
        );
        score.add(&ranked, &Cue::state("z"), 1);
        assert_eq!((score.hits(), score.wasted(), score.bits()), ([0.0, 0.5, 0.5], 1.0, 11.0));
    }
}
