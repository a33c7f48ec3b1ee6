//! Which cues come next, with probabilities. Several models of different memory each give an
//! opinion, and a weighted product of the opinions, whose weights are learned too, is the answer.
//!
//! Learns from every cue that is shown, cached or not, and never from its own guesses: nothing
//! here can ask for a clip. `docs/predictor.md` tells how it is made and measured.

mod arithmetic;
mod intensities;
mod memory;
mod mind;
mod prior;
mod saved;
mod vocabulary;
mod weights;
mod words;

use std::cell::OnceCell;

use crate::catalog::Tier;
use crate::cue::{Cue, Intensity, Reaction};
use arithmetic::hash;
use intensities::Strengths;
use memory::Memory;
use mind::{Mind, STATE, Trust};
pub use saved::{MOST_BYTES, Refused};
use vocabulary::{Vocabulary, WORDS};
use words::Outlook;

/// How many contexts of the present session are remembered.
const SESSION: usize = 512;

/// One cue that may come, by its word's number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    word: usize,
    intensity: Intensity,
    /// Above 0, at most 1.
    pub probability: f32,
}

/// Says what comes next.
#[derive(Debug, Clone)]
pub struct Predictor {
    tier: Tier,
    vocabulary: Vocabulary,
    /// Who remembers every session, and who knows the present one only.
    old: Mind,
    new: Mind,
    trust: Trust,
    session: Memory,
    /// How common each word is of late; fading.
    recent: [f32; WORDS],
    /// What followed each word the last two times, in this session.
    followed: [[u8; 2]; WORDS],
    /// How often each word was shown in this session, up to 4.
    visits: [u8; WORDS],
    /// How often a cue repeated its word, of how many; fading.
    repeats: [f32; 2],
    past: Past,
    /// What may come now, once somebody has asked; none before anything was shown.
    outlook: OnceCell<Option<Outlook>>,
}

/// What was shown lately in this session, latest first.
#[derive(Debug, Clone, Default, PartialEq)]
struct Past {
    /// Words, by number; fewer at the beginning.
    words: Vec<u8>,
    /// Their hashes.
    hashes: [u32; DEPTH],
    /// The intensities, in tenths.
    tenths: [u8; DEPTH],
}

/// How many cues back anything is looked at.
const DEPTH: usize = 6;

impl Past {
    fn push(&mut self, word: u8, hash: u32, tenths: u8) {
        self.words.insert(0, word);
        self.words.truncate(DEPTH);
        self.hashes.rotate_right(1);
        self.hashes[0] = hash;
        self.tenths.rotate_right(1);
        self.tenths[0] = tenths;
    }

    fn word(&self, back: usize) -> Option<usize> {
        self.words.get(back).map(|word| usize::from(*word))
    }

    /// The last `order` words as one hash.
    fn context(&self, order: usize) -> u32 {
        let seed = u32::try_from(order).unwrap_or_default();
        self.hashes.iter().take(order).fold(hash(7, seed), |h, word| hash(h, *word)).max(1)
    }

    /// The last `order` cues with their intensities as one hash.
    fn cues(&self, order: usize) -> u32 {
        let cues = self.hashes.iter().zip(self.tenths).take(order);
        cues.fold(hash(11, 1), |h, (word, tenths)| hash(hash(h, *word), u32::from(tenths))).max(1)
    }
}

impl Default for Predictor {
    fn default() -> Self {
        Self::new(Tier::Enterprise)
    }
}

impl Predictor {
    /// A predictor that knows what is shipped, for a character of this plan.
    #[must_use]
    pub fn new(tier: Tier) -> Self {
        Self {
            tier,
            vocabulary: Vocabulary::new(),
            old: Mind::new(),
            new: Mind::new(),
            trust: Trust::default(),
            session: Memory::new(SESSION),
            recent: [0.0; WORDS],
            followed: [[u8::MAX; 2]; WORDS],
            visits: [0; WORDS],
            repeats: [0.0; 2],
            past: Past::default(),
            outlook: OnceCell::new(),
        }
    }

    /// The plan decides which states may come.
    pub fn set_tier(&mut self, tier: Tier) {
        self.tier = tier;
        self.outlook = OnceCell::new();
    }

    /// A new session begins: what was learned stays, what was shown lately is over.
    pub fn begin(&mut self) {
        self.trust.begin(self.old.knows_anything());
        self.new = Mind::new();
        self.old.manners = Default::default();
        self.session = Memory::new(SESSION);
        self.recent = [0.0; WORDS];
        self.followed = [[u8::MAX; 2]; WORDS];
        self.visits = [0; WORDS];
        self.repeats = [0.0; 2];
        self.past = Past::default();
        self.outlook = OnceCell::new();
    }

    /// A cue is shown. One with names longer than any request may have is passed over.
    pub fn observe(&mut self, cue: &Cue) {
        if !vocabulary::fits(cue) {
            return;
        }
        let tenths = match cue {
            Cue::State { .. } => 0,
            Cue::Reaction(reaction) => {
                self.meet_faces(cue);
                reaction.intensity.tenths()
            }
        };
        let word = self.number(cue);
        if self.past.word(0).is_some() {
            self.learn_word(word);
            if matches!(cue, Cue::Reaction(_)) {
                self.learn_intensity(word, tenths);
            }
        } else if vocabulary::STATES.get(word).is_some_and(|state| !prior::BEGINNINGS.contains(state)) {
            for mind in [&mut self.old, &mut self.new] {
                mind.manners[STATE].begins_with_mood();
            }
        }
        self.vocabulary.touch(word);
        self.count(word);
        let hash = self.vocabulary.words.get(word).map_or(0, |word| word.hash);
        // There are at most 64 words.
        self.past.push(u8::try_from(word).unwrap_or_default(), hash, tenths);
        self.outlook = OnceCell::new();
    }

    /// The number of this word. What was known of a forgotten word does not become its own.
    fn number(&mut self, cue: &Cue) -> usize {
        let (word, taken) = self.vocabulary.number(cue);
        if taken {
            // It names the forgotten word.
            self.outlook = OnceCell::from(None);
            let symbol = words::symbol(word);
            for memory in [&mut self.old.lasting, &mut self.new.lasting, &mut self.session] {
                memory.forget(symbol);
            }
            for counts in [&mut self.old.common, &mut self.new.common, &mut self.recent] {
                if let Some(count) = counts.get_mut(word) {
                    *count = 0.0;
                }
            }
        }
        word
    }

    /// With the first reaction, the faces that games name most are words too.
    fn meet_faces(&mut self, cue: &Cue) {
        let Cue::Reaction(like) = cue else { return };
        if self.vocabulary.words.iter().any(vocabulary::Word::is_reaction) {
            return;
        }
        for (face, _) in prior::FACES {
            let reaction = Reaction { expression: (*face).to_owned(), ..like.clone() };
            self.number(&Cue::Reaction(reaction));
        }
    }

    /// Counts that belong to no context.
    fn count(&mut self, word: usize) {
        let all = [(&mut self.old.common, 0.999), (&mut self.new.common, 0.999), (&mut self.recent, 0.95)];
        for (counts, keep) in all {
            for count in counts.iter_mut() {
                *count *= keep;
            }
            if let Some(count) = counts.get_mut(word) {
                *count += 1.0;
            }
        }
        if let Some(before) = self.past.word(0) {
            let [repeated, steps] = self.repeats;
            self.repeats = [repeated * 0.95 + if before == word { 1.0 } else { 0.0 }, steps * 0.95 + 1.0];
            if let Some([last, earlier]) = self.followed.get_mut(before) {
                *earlier = *last;
                *last = u8::try_from(word).unwrap_or(u8::MAX);
            }
        }
        if let Some(visits) = self.visits.get_mut(word) {
            *visits = (*visits + 1).min(4);
        }
    }

    /// Every cue that may come, in no order. The probabilities add up to 1; empty before anything
    /// was shown.
    #[must_use]
    pub fn distribution(&self) -> Vec<Guess> {
        let mut guesses = Vec::new();
        let strengths = Strengths::of(self);
        for (word, share) in self.word_shares() {
            let reaction = self.vocabulary.words.get(word).is_some_and(vocabulary::Word::is_reaction);
            if !reaction {
                guesses.push(Guess { word, intensity: Intensity::default(), probability: share });
                continue;
            }
            let shares = strengths.shares(word, share);
            for (tenths, p) in (0u8..).zip(shares) {
                let intensity = Intensity::from_unit(f64::from(tenths) / 10.0).unwrap_or_default();
                guesses.push(Guess { word, intensity, probability: share * p });
            }
        }
        guesses
    }

    /// The cue of a guess that this predictor made since it last observed one.
    #[must_use]
    pub fn cue(&self, guess: &Guess) -> Cue {
        let cue = self.vocabulary.words.get(guess.word).map(|word| word.cue.clone());
        match cue.unwrap_or_else(|| Cue::state("")) {
            Cue::Reaction(reaction) => Cue::Reaction(Reaction { intensity: guess.intensity, ..reaction }),
            state @ Cue::State { .. } => state,
        }
    }

    /// The likeliest cues after the present one, best first, at most [`NAMED`]; of states all that
    /// may come, so that their probabilities add up to 1.
    #[must_use]
    pub fn predict(&self) -> Vec<(Cue, f64)> {
        // The few best, by insertion: a general sort is kilobytes of code. Equal odds stay in the
        // order of the words' numbers, so that equal histories act alike.
        let all = self.distribution();
        let least = if all.len() > NAMED { 0.002 } else { 0.0 };
        let mut guesses: Vec<Guess> = Vec::with_capacity(NAMED + 1);
        for guess in all.into_iter().filter(|guess| guess.probability > least) {
            let behind = guesses.iter().rposition(|better| better.probability >= guess.probability);
            let at = behind.map_or(0, |behind| behind + 1);
            if at < NAMED {
                guesses.insert(at, guess);
                guesses.truncate(NAMED);
            }
        }
        guesses.iter().map(|guess| (self.cue(guess), f64::from(guess.probability))).collect()
    }
}

/// How many guesses are put into words.
const NAMED: usize = 64;

#[cfg(test)]
mod tests;
