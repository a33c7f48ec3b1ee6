//! Who foresees: what one was shown since it began, and how it weighs that. There are two, one that
//! remembers every session and one that began with the present one, and the session shows whom to
//! believe.

use super::arithmetic::{exp2, log2};
use super::memory::Memory;
use super::vocabulary::WORDS;
use super::weights::{self, DEPTHS, Manners};

/// How many contexts a mind remembers.
pub(super) const LASTING: usize = 1024;

/// The minds, by number.
pub(super) const OLD: usize = 0;
pub(super) const NEW: usize = 1;

/// What one was shown, and how it weighs that.
#[derive(Debug, Clone)]
pub(super) struct Mind {
    pub(super) lasting: Memory,
    pub(super) words: weights::Words,
    pub(super) strengths: weights::Strengths,
    /// Which manner of page it takes the present one for: by states, by reactions.
    pub(super) manners: [Manners; 2],
    /// How common each word is; fading.
    pub(super) common: [f32; WORDS],
}

impl Mind {
    /// One that knows what is shipped.
    pub(super) fn new() -> Self {
        Self {
            lasting: Memory::new(LASTING),
            words: weights::of_words(),
            strengths: weights::of_strengths(),
            manners: Default::default(),
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

/// Into how many groups reactions fall: the present one, others that the session has seen, the rest.
pub(super) const GROUPS: usize = 3;
/// What is foreseen: the state, or the group of a reaction, which one it is of either of two groups,
/// and its strength.
pub(super) const STATE: usize = 0;
pub(super) const GROUP: usize = 1;
pub(super) const STRENGTH: usize = 4;
pub(super) const MATTERS: usize = 5;
/// How fast it is learned whom to believe at first, and the most that is believed then.
const RATE: f32 = 0.2;
pub(super) const MOST: f32 = 6.0;
/// Games have less in common than shops: before anything else is learned, others are believed a quarter.
const OTHER_GAMES: [f32; DEPTHS] = [-2.0; DEPTHS];
/// How much of what the session showed still counts at the next step, and the most it comes to.
const KEEP: f32 = 0.98;
const MOST_SHOWN: f32 = 6.0;

/// How far the one that remembers is believed rather than the one that began with the session, as
/// binary logarithms of odds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trust {
    /// Whom sessions usually prove right, by how much they have seen of the moment.
    pub(super) usual: [[f32; DEPTHS]; MATTERS],
    /// Whom the present one proves right: how much likelier what came was to the one than the other.
    now: [f32; MATTERS],
    /// Whether there is anything to remember: without, both know the same.
    pub(super) older: bool,
}

impl Default for Trust {
    fn default() -> Self {
        let mut usual = [OTHER_GAMES; MATTERS];
        usual[STATE] = [0.0; DEPTHS];
        Self { usual, now: [0.0; MATTERS], older: false }
    }
}

impl Trust {
    /// A session begins.
    pub(super) fn begin(&mut self, older: bool) {
        self.now = [0.0; MATTERS];
        self.older = older;
    }

    /// How far the old one is believed in this matter, from 0 to 1.
    pub(super) fn of(&self, matter: usize, depth: usize) -> f32 {
        let usual = self.usual.get(matter).and_then(|usual| usual.get(depth)).copied();
        let now = self.now.get(matter).copied().unwrap_or_default();
        1.0 / (1.0 + exp2(-usual.unwrap_or_default() - now))
    }

    /// What came was this likely, to the old one and to the new one.
    pub(super) fn came(&mut self, matter: usize, depth: usize, old: f32, new: f32) {
        if !self.older {
            return;
        }
        let trust = self.of(matter, depth);
        let (all, apart) = (trust * old + (1.0 - trust) * new, old - new);
        if let Some(usual) = self.usual.get_mut(matter).and_then(|usual| usual.get_mut(depth)) {
            *usual = (*usual + RATE * trust * (1.0 - trust) * apart / all).clamp(-MOST, MOST);
        }
        if let Some(now) = self.now.get_mut(matter) {
            *now = (*now * KEEP + log2(old) - log2(new)).clamp(-MOST_SHOWN, MOST_SHOWN);
        }
    }
}
