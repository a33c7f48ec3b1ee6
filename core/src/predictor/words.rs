//! Which word comes next: one opinion for each memory, and their mixture.

use super::arithmetic::{exp2, hash, log2, normalize};
use super::memory::{Context, Pace};
use super::vocabulary::{STATES, WORDS};
use super::{Predictor, knob, prior};

/// How many opinions are mixed.
const OPINIONS: usize = 10;
/// The longest run of words that is a context.
const ORDERS: usize = 5;
/// The longest of the present session alone.
const SESSION_ORDERS: usize = 3;

type Shares = [f32; WORDS];

/// How much each opinion counts: for states, for reactions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights(pub(super) [[f32; OPINIONS]; 2]);

impl Default for Weights {
    fn default() -> Self {
        let mut sets = [[0.0f32; OPINIONS]; 2];
        for (s, set) in sets.iter_mut().enumerate() {
            for (i, w) in set.iter_mut().enumerate() {
                *w = knob(30 + s * OPINIONS + i, [0.0, 0.1, 0.0, 0.1, 0.0, 0.0, 0.3, 0.1, 0.2, 0.2][i]);
            }
        }
        Self(sets)
    }
}

/// The number that stands for a word in a memory; intensities have those below.
pub(super) fn symbol(word: usize) -> u8 {
    u8::try_from(word + 64).unwrap_or(u8::MAX)
}

/// What the opinions are, in binary logarithms, and what they make together.
pub(super) struct Opinion {
    candidates: Vec<u8>,
    logs: Vec<[f32; OPINIONS]>,
    answer: Vec<f32>,
}

impl Opinion {
    /// Word numbers with their probabilities.
    pub(super) fn answers(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.candidates.iter().map(|word| usize::from(*word)).zip(self.answer.iter().copied())
    }
}

/// What a context saw, above what is known without it.
pub(super) fn refine(lower: &mut [f32], context: Option<&Context>, offset: i32, discount: f32, doubt: f32) {
    let Some(context) = context else { return };
    let mut total = 0.0;
    let mut taken = 0.0;
    let mut own = [(0usize, 0.0f32); 7];
    for (slot, (symbol, count)) in own.iter_mut().zip(context.pairs()) {
        let count = f32::from(count) / 256.0;
        let Ok(at) = usize::try_from(i32::from(symbol) + offset) else { continue };
        if at >= lower.len() {
            continue;
        }
        let cut = discount.min(count * 0.95);
        total += count;
        taken += cut;
        *slot = (at, count - cut);
    }
    let scale = 1.0 / (total + doubt);
    for share in lower.iter_mut() {
        *share *= (taken + doubt) * scale;
    }
    for (at, count) in own {
        if let Some(share) = lower.get_mut(at) {
            *share += count * scale;
        }
    }
}

impl Predictor {
    fn kind(&self) -> usize {
        let current = self.past.word(0).and_then(|word| self.vocabulary.words.get(word));
        usize::from(current.is_some_and(super::vocabulary::Word::is_reaction))
    }

    /// What may come: words of the present kind, and what this session has seen.
    fn candidates(&self) -> Vec<u8> {
        let reaction = self.kind() == 1;
        let mut list = Vec::with_capacity(self.vocabulary.words.len());
        for (number, word) in self.vocabulary.words.iter().enumerate() {
            let seen = self.recent.get(number).is_some_and(|count| *count > 0.0);
            if seen || word.is_reaction() == reaction {
                list.push(u8::try_from(number).unwrap_or_default());
            }
        }
        list
    }

    fn shipped(&self, candidates: &[u8]) -> Shares {
        let mut shares = [0.0; WORDS];
        let Some(current) = self.past.word(0) else { return shares };
        for word in candidates {
            let word = usize::from(*word);
            let known = self.common.get(word).is_some_and(|count| *count > 0.0);
            if let Some(share) = shares.get_mut(word) {
                *share = if known { knob(27, 0.02) } else { 0.0002 };
            }
        }
        if self.kind() == 1 {
            self.shipped_faces(current, &mut shares);
        } else if let Some(row) = prior::row(self.tier, self.past.word(1), current) {
            for (share, letter) in shares.iter_mut().zip(row) {
                let half_bits = f32::from(letter.saturating_sub(b'a'));
                *share = exp2(-0.5 * half_bits) + knob(24, 0.005);
            }
        } else {
            for share in shares.iter_mut().take(STATES.len()) {
                *share += 0.02;
            }
        }
        normalize(&mut shares);
        // How often anything repeats is a habit of the page, not of a state.
        let [repeated, steps] = self.repeats;
        let own = shares.get(current).copied().unwrap_or_default();
        let trust = knob(21, 6.0);
        let rate = (repeated + own * trust) / (steps + trust);
        let rest = (1.0 - rate) / (1.0 - own).max(0.001);
        for (word, share) in shares.iter_mut().enumerate() {
            *share = if word == current { rate } else { *share * rest };
        }
        shares
    }

    fn shipped_faces(&self, current: usize, shares: &mut Shares) {
        let first = STATES.len();
        for (at, share) in shares.iter_mut().enumerate().skip(first) {
            if *share > 0.0 {
                *share = if at == current { knob(22, 0.5) } else { *share + knob(25, 0.008) };
            }
        }
        let Some((_, next)) = current.checked_sub(first).and_then(|face| prior::FACES.get(face)) else {
            return;
        };
        let mut weight = knob(26, 0.16);
        for face in *next {
            if let Some(share) = shares.get_mut(first + usize::from(*face)) {
                *share += weight;
            }
            weight *= 0.75;
        }
    }

    fn lasting_contexts(&self) -> [u32; ORDERS] {
        std::array::from_fn(|order| self.past.context(order + 1))
    }

    fn other_contexts(&self) -> [u32; 3] {
        let current = self.past.word(0).unwrap_or_default();
        let [last, earlier] = self.followed.get(current).copied().unwrap_or([u8::MAX; 2]);
        let name = |n: u8| self.vocabulary.words.get(usize::from(n)).map_or(3, |word| word.hash);
        let habit = hash(hash(self.past.context(1), 21), name(last));
        let longer = hash(hash(habit, 22), name(earlier));
        let visits = self.visits.get(current).copied().unwrap_or_default();
        let third = if self.kind() == 1 {
            self.past.cues(1)
        } else {
            hash(hash(self.past.context(1), 23), u32::from(visits))
        };
        [habit.max(1), longer.max(1), third.max(1)]
    }

    /// All opinions, and their mixture.
    pub(super) fn mix_words(&self) -> Opinion {
        let candidates = self.candidates();
        let weights = self.words.0.get(self.kind()).copied().unwrap_or_default();
        let mut logs = vec![[0.0f32; OPINIONS]; candidates.len()];
        let mut put = |opinion: usize, shares: &Shares| {
            for (word, row) in candidates.iter().zip(&mut logs) {
                if let (Some(share), Some(log)) = (shares.get(usize::from(*word)), row.get_mut(opinion)) {
                    *log = log2(share.max(0.00002));
                }
            }
        };
        let shipped = self.shipped(&candidates);
        put(0, &shipped);

        // How common each word is, of late above all.
        let mut common = shipped;
        let late = knob(23, 4.0);
        let total: f32 = self.common.iter().sum::<f32>() * 0.05 + self.recent.iter().sum::<f32>() * late;
        for (share, (all, recent)) in common.iter_mut().zip(self.common.iter().zip(self.recent)) {
            *share = (*share * 4.0 + all * 0.05 + recent * late) / (total + 4.0);
        }
        put(1, &common);

        let mut chain = shipped;
        let contexts = self.lasting_contexts();
        for (order, key) in contexts.iter().enumerate() {
            let (discount, doubt) = (knob(100 + order, 0.3 + 0.12 * order as f32), knob(1 + order, if order == 0 { 3.0 } else { 0.5 }));
            refine(&mut chain, self.lasting.find(*key), -64, discount, doubt);
            match order {
                0..=2 => put(2 + order, &chain),
                4 => put(5, &chain),
                _ => {}
            }
        }
        let mut late = chain;
        let mut alone = shipped;
        for (order, key) in contexts.iter().take(SESSION_ORDERS).enumerate() {
            let found = self.session.find(*key);
            refine(&mut late, found, -64, knob(105 + order, 0.7), knob(7 + order, 1.5));
            refine(&mut alone, found, -64, knob(108 + order, 0.4), knob(10 + order, 1.5));
        }
        put(6, &late);
        put(7, &alone);

        let [habit, longer, third] = self.other_contexts();
        let mut other = chain;
        for key in [habit, longer] {
            refine(&mut other, self.lasting.find(key), -64, knob(111, 0.6), knob(13, 1.5));
            refine(&mut other, self.session.find(key), -64, knob(112, 0.7), knob(14, 1.5));
        }
        put(8, &other);
        let mut other = chain;
        refine(&mut other, self.lasting.find(third), -64, knob(113, 0.5), knob(0, 2.0));
        refine(&mut other, self.session.find(third), -64, knob(114, 0.6), knob(6, 2.0));
        put(9, &other);

        let mut answer: Vec<f32> = logs.iter().map(|row| dot(row, &weights)).collect();
        softmax(&mut answer);
        Opinion { candidates, logs, answer }
    }

    /// `next` came: whoever said so counts more, and every memory learns it.
    pub(super) fn learn_word(&mut self, next: usize) {
        let opinion = self.mix_words();
        let kind = self.kind();
        if let Some(at) = opinion.candidates.iter().position(|word| usize::from(*word) == next)
            && let Some(weights) = self.words.0.get_mut(kind)
        {
            reweigh(weights, &opinion.logs, &opinion.answer, at, knob(15, 0.02));
        }
        let symbol = symbol(next);
        let contexts = self.lasting_contexts();
        let others = self.other_contexts();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let long = Pace { most: knob(16, 200.0) as u16, fade: knob(17, 0.0) as u16 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let short = Pace { most: 100, fade: knob(18, 40.0) as u16 };
        for key in contexts.iter().chain(&others) {
            self.lasting.learn(*key, symbol, long);
        }
        for key in contexts.iter().take(SESSION_ORDERS).chain(&others) {
            self.session.learn(*key, symbol, short);
        }
    }
}

pub(super) fn dot<const N: usize>(logs: &[f32; N], weights: &[f32; N]) -> f32 {
    logs.iter().zip(weights).map(|(log, weight)| log * weight).sum()
}

/// From binary logarithms up to a constant to probabilities, none of them 0.
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    for score in scores.iter_mut() {
        *score = exp2(*score - most).max(0.000_001);
    }
    normalize(scores);
}

/// One step down the slope of the surprise that the answer was.
pub(super) fn reweigh<const N: usize>(
    weights: &mut [f32; N],
    logs: &[[f32; N]],
    answer: &[f32],
    came: usize,
    rate: f32,
) {
    let Some(truth) = logs.get(came) else { return };
    for (opinion, weight) in weights.iter_mut().enumerate() {
        let of = |row: &[f32; N]| row.get(opinion).copied().unwrap_or_default();
        let expected: f32 = logs.iter().zip(answer).map(|(row, p)| of(row) * p).sum();
        *weight = (*weight + rate * (of(truth) - expected)).clamp(-0.5, 2.0);
    }
}
