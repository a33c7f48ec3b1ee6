//! Who foresees: what one was shown since it began, and how it weighs that. There are two, one that
//! remembers every session and one that began with the present one, and the session shows whom to
//! believe.

use super::memory::Memory;
use super::vocabulary::WORDS;
use super::{intensities, words};

/// How many contexts a mind remembers.
const LASTING: usize = 1024;

/// What one was shown, and how it weighs that.
#[derive(Debug, Clone)]
pub(super) struct Mind {
    pub(super) lasting: Memory,
    pub(super) words: words::Weights,
    pub(super) intensities: intensities::Weights,
    /// How common each word is; fading.
    pub(super) common: [f32; WORDS],
}

impl Mind {
    /// One that knows what is shipped.
    pub(super) fn new() -> Self {
        Self {
            lasting: Memory::new(LASTING),
            words: words::Weights::default(),
            intensities: intensities::Weights::default(),
            common: [0.0; WORDS],
        }
    }

    pub(super) fn knows_anything(&self) -> bool {
        self.common.iter().any(|count| *count > 0.0)
    }

    /// Whether the word was ever shown to it.
    pub(super) fn knows(&self, word: usize) -> bool {
        self.common.get(word).is_some_and(|count| *count > 0.0)
    }
}

/// How many things are foreseen: states, reactions, their intensities.
pub(super) const MATTERS: usize = 3;
/// The matter of intensities; before it, the two kinds of words.
pub(super) const STRENGTH: usize = 2;
/// How much of a belief is given up at every step, since sessions change.
const SHARE: f32 = 0.02;
/// How much of what a session showed is kept for the next one.
const KEEP: f32 = 0.1;

/// How far the one that remembers is believed rather than the one that began with the session: the
/// probability that it is right, by Bayes' rule, given how likely each found what came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trust {
    /// At the beginning of a session.
    pub(super) usual: [f32; MATTERS],
    /// In this one.
    now: [f32; MATTERS],
    /// Whether there is anything to remember.
    pub(super) older: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self { usual: [0.5; MATTERS], now: [0.5; MATTERS], older: false }
    }
}

impl Trust {
    /// A session is over, and another begins.
    pub(super) fn begin(&mut self, older: bool) {
        for (usual, now) in self.usual.iter_mut().zip(&mut self.now) {
            if self.older {
                *usual = (*usual + KEEP * (*now - *usual)).clamp(0.1, 0.9);
            }
            *now = *usual;
        }
        self.older = older;
    }

    /// How far the old one is believed in this matter; 1 when both know the same.
    pub(super) fn of(&self, matter: usize) -> f32 {
        if self.older { self.now.get(matter).copied().unwrap_or(0.5) } else { 1.0 }
    }

    /// What came was this likely, to the old one and to the new one.
    pub(super) fn came(&mut self, matter: usize, old: f32, new: f32) {
        if let (Some(now), Some(usual)) = (self.now.get_mut(matter), self.usual.get(matter)) {
            let (old, new) = (*now * old, (1.0 - *now) * new);
            *now = (1.0 - SHARE) * old / (old + new) + SHARE * usual;
        }
    }
}
