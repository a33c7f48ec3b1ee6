//! Which cues come next, with probabilities: first-order transitions, counted as they happen, on
//! top of a shipped prior (`catalog/prior.json`).
//!
//! Learns from every cue that is shown, cached or not, and never from its own guesses: nothing
//! here can ask for a clip.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use lru::LruCache;
use serde::Deserialize;

use crate::cue::Cue;

/// How many cues are remembered with what followed them. A page has 12; a long game has many.
const CONTEXTS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// How many different successors of one cue are remembered; the rarest is forgotten first.
const SUCCESSORS: usize = 32;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prior {
    /// How many observations the prior counts for.
    weight: f64,
    transitions: BTreeMap<String, BTreeMap<String, f64>>,
}

fn shipped_prior() -> &'static Prior {
    // A test parses the embedded file, so the default is never reached.
    static PRIOR: LazyLock<Prior> =
        LazyLock::new(|| serde_json::from_str(include_str!("../catalog/prior.json")).unwrap_or_default());
    &PRIOR
}

/// Counts what follows what.
#[derive(Debug, Clone)]
pub struct Predictor {
    current: Option<Cue>,
    seen: LruCache<Cue, Vec<(Cue, u32)>>,
}

impl Default for Predictor {
    fn default() -> Self {
        Self { current: None, seen: LruCache::new(CONTEXTS) }
    }
}

impl Predictor {
    /// A cue is shown. The same cue again is not a transition.
    pub fn observe(&mut self, cue: &Cue) {
        if self.current.as_ref() == Some(cue) {
            return;
        }
        let Some(previous) = self.current.replace(cue.clone()) else { return };
        let row = self.seen.get_or_insert_mut(previous, Vec::new);
        if let Some((_, count)) = row.iter_mut().find(|(next, _)| next == cue) {
            *count = count.saturating_add(1);
            return;
        }
        if row.len() >= SUCCESSORS {
            let rarest = row.iter().enumerate().min_by_key(|(_, (_, count))| *count).map(|(index, _)| index);
            if let Some(index) = rarest {
                row.swap_remove(index);
            }
        }
        row.push((cue.clone(), 1));
    }

    /// What comes after the present cue, likeliest first. The probabilities add up to 1; empty when
    /// nothing is known.
    #[must_use]
    pub fn predict(&self) -> Vec<(Cue, f64)> {
        let Some(current) = &self.current else { return Vec::new() };
        let mut weights: Vec<(Cue, f64)> = match self.seen.peek(current) {
            Some(row) => row.iter().map(|(cue, count)| (cue.clone(), f64::from(*count))).collect(),
            None => Vec::new(),
        };
        if let Cue::State { state } = current {
            let prior = shipped_prior();
            for (next, share) in prior.transitions.get(state).into_iter().flatten() {
                let cue = Cue::state(next.as_str());
                match weights.iter_mut().find(|(known, _)| *known == cue) {
                    Some((_, weight)) => *weight += share * prior.weight,
                    None => weights.push((cue, share * prior.weight)),
                }
            }
        }
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut weights {
            *weight /= total;
        }
        // Equal odds are put in the order of their names, so that equal histories act alike.
        weights.sort_by(|(a, p), (b, q)| q.total_cmp(p).then_with(|| a.to_string().cmp(&b.to_string())));
        weights
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog;
    use crate::cue::{Intensity, Reaction};

    fn after(story: &[&str]) -> Vec<(String, f64)> {
        let mut predictor = Predictor::default();
        for state in story {
            predictor.observe(&Cue::state(*state));
        }
        predictor.predict().into_iter().map(|(cue, p)| (cue.to_string(), p)).collect()
    }

    #[test]
    fn the_shipped_prior_names_known_states_and_each_row_adds_up_to_one() {
        let prior: Prior = serde_json::from_str(include_str!("../catalog/prior.json")).unwrap();
        for state in &catalog::built_in().states {
            assert!(prior.transitions.contains_key(&state.id), "{}", state.id);
        }
        for (from, row) in &prior.transitions {
            assert!((row.values().sum::<f64>() - 1.0).abs() < 1e-9, "{from}");
            for to in row.keys() {
                assert!(catalog::built_in().state(to).is_some() && to != from, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn before_anything_is_learned_the_prior_speaks() {
        let guesses = after(&["thinking"]);
        assert_eq!(guesses[0].0, "talking");
        assert!((guesses[0].1 - 0.9).abs() < 1e-9);
    }

    #[test]
    fn a_habit_that_the_prior_does_not_know_is_learned() {
        let mut story = Vec::new();
        for _ in 0..10 {
            story.extend(["thinking", "confused", "idle"]);
        }
        story.push("thinking");
        assert_eq!(after(&story)[0].0, "confused");
    }

    #[test]
    fn reactions_are_learned_like_states() {
        let cue = |word: &str| {
            let words = [word, "neutral", "idle"].map(str::to_owned);
            let [expression, emotion, animation] = words;
            Cue::Reaction(Reaction { expression, emotion, animation, intensity: Intensity::default() })
        };
        let mut predictor = Predictor::default();
        for word in ["bored", "pleased", "bored", "pleased", "bored", "annoyed", "bored"] {
            predictor.observe(&cue(word));
        }
        let guesses = predictor.predict();
        assert_eq!(
            guesses.iter().map(|(c, _)| c.clone()).collect::<Vec<_>>(),
            [cue("pleased"), cue("annoyed")]
        );
        assert!((guesses[0].1 - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn asking_teaches_nothing() {
        let mut predictor = Predictor::default();
        predictor.observe(&Cue::state("thinking"));
        let first = predictor.predict();
        for _ in 0..50 {
            assert_eq!(predictor.predict(), first);
        }
    }

    proptest! {
        #[test]
        fn probabilities_add_up_to_one_and_memory_is_bounded(story in prop::collection::vec(0u32..400, 1..600)) {
            let mut predictor = Predictor::default();
            for number in story {
                predictor.observe(&Cue::state(format!("s{number}")));
                let guesses = predictor.predict();
                let total: f64 = guesses.iter().map(|(_, p)| p).sum();
                prop_assert!(guesses.is_empty() || (total - 1.0).abs() < 1e-9);
                prop_assert!(guesses.len() <= SUCCESSORS);
            }
            prop_assert!(predictor.seen.len() <= CONTEXTS.get());
        }
    }
}
