//! The words that were seen: states, and reactions without their intensity. Each has a small number
//! as long as it is remembered; the one unseen for longest gives way to a new one.

use super::arithmetic::hash;
use super::prior::FACES;
use crate::cue::{Cue, Intensity, Reaction};

/// The catalogue's states, in its order: always known, numbered from 0.
pub(super) const STATES: [&str; 12] = [
    "idle",
    "talking",
    "thinking",
    "greeting",
    "happy",
    "confused",
    "excited",
    "listening",
    "sad",
    "surprised",
    "confident",
    "farewell",
];
/// How many words are known at a time, the twelve states among them.
pub(super) const WORDS: usize = 64;
/// How many bytes one word may have. A request's own limit is three names of 40 characters.
pub(super) const LONGEST: usize = 480;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As a cue, with no intensity.
    pub(super) cue: Cue,
    pub(super) hash: u32,
    /// Its place among the shipped faces, if it is one of them.
    pub(super) face: Option<usize>,
    /// When it was seen last; 0 for a word that was shipped and never seen.
    pub(super) seen: u32,
}

impl Word {
    pub(super) fn new(cue: Cue) -> Self {
        let hash = match &cue {
            Cue::State { state } => hash_of(1, state),
            Cue::Reaction(r) => hash_of(hash_of(hash_of(2, &r.expression), &r.emotion), &r.animation),
        };
        let face = match &cue {
            Cue::State { .. } => None,
            Cue::Reaction(r) => FACES.iter().position(|(name, _)| *name == r.expression),
        };
        Self { cue, hash, face, seen: 0 }
    }

    pub(super) fn is_reaction(&self) -> bool {
        matches!(self.cue, Cue::Reaction(_))
    }
}

fn hash_of(seed: u32, text: &str) -> u32 {
    text.bytes().fold(hash(seed, 0x51), |h, byte| hash(h, u32::from(byte)))
}

/// Whether a cue's names are short enough to be remembered.
pub(super) fn fits(cue: &Cue) -> bool {
    let bytes = match cue {
        Cue::State { state } => state.len(),
        Cue::Reaction(r) => r.expression.len() + r.emotion.len() + r.animation.len(),
    };
    bytes <= LONGEST
}

/// The same cue without its intensity.
pub(super) fn bare(cue: &Cue) -> Cue {
    match cue {
        Cue::State { .. } => cue.clone(),
        Cue::Reaction(r) => Cue::Reaction(Reaction { intensity: Intensity::default(), ..r.clone() }),
    }
}

fn same(word: &Cue, cue: &Cue) -> bool {
    match (word, cue) {
        (Cue::State { state: a }, Cue::State { state: b }) => a == b,
        (Cue::Reaction(a), Cue::Reaction(b)) => {
            a.expression == b.expression && a.emotion == b.emotion && a.animation == b.animation
        }
        _ => false,
    }
}

/// The words, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vocabulary {
    pub(super) words: Vec<Word>,
    pub(super) clock: u32,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Self { words: STATES.iter().map(|state| Word::new(Cue::state(*state))).collect(), clock: 0 }
    }

    pub(super) fn find(&self, cue: &Cue) -> Option<usize> {
        self.words.iter().position(|word| same(&word.cue, cue))
    }

    /// Whether this word was known before it was ever shown.
    pub(super) fn is_shipped(&self, number: usize) -> bool {
        number < STATES.len() || self.words.get(number).is_some_and(|word| word.face.is_some())
    }

    /// The number of this word, and whether another word had it until now.
    pub(super) fn number(&mut self, cue: &Cue) -> (usize, bool) {
        match self.find(cue) {
            Some(known) => (known, false),
            None => self.add(bare(cue)),
        }
    }

    fn add(&mut self, cue: Cue) -> (usize, bool) {
        let word = Word::new(cue);
        if self.words.len() < WORDS {
            self.words.push(word);
            return (self.words.len() - 1, false);
        }
        let oldest = (STATES.len()..self.words.len()).min_by_key(|at| self.words.get(*at).map(|w| w.seen));
        let at = oldest.unwrap_or(0);
        if let Some(place) = self.words.get_mut(at) {
            *place = word;
        }
        (at, true)
    }

    /// The word was seen just now.
    pub(super) fn touch(&mut self, number: usize) {
        self.clock = self.clock.saturating_add(1);
        if let Some(word) = self.words.get_mut(number) {
            word.seen = self.clock;
        }
    }
}
