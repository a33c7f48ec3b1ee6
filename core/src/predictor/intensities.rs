//! How strong the next reaction is, given its word.

use super::Predictor;
use super::arithmetic::{hash, log2, normalize};
use super::memory::Pace;
use super::mind::{Mind, STRENGTH};
use super::words::{Belief, belief, dot, refine, reweigh, softmax};

/// How many opinions are mixed.
const OPINIONS: usize = 7;
/// How fast the weights follow what comes.
const RATE: f32 = 0.0045;
/// How memories of steps and of levels are believed, for good and of late; found by measuring.
const STEP: [Belief; 2] = [belief(0.1, 13.0), belief(0.1, 6.0)];
const LEVEL: [Belief; 2] = [belief(0.2, 2.5), belief(0.2, 3.5)];
const OWN: Belief = belief(0.1, 0.6);
const LONG: Pace = Pace { most: 200, fade: 0 };
const SHORT: Pace = Pace { most: 100, fade: 30 };
/// Of a word less likely than this, no strength comes near a prefetcher's budget.
const UNLIKELY: f32 = 0.005;
/// From 0 to 1 in tenths.
const STEPS: usize = 11;

/// How much each opinion counts: for the same word again, for another one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights(pub(super) [[f32; OPINIONS]; 2]);

impl Default for Weights {
    fn default() -> Self {
        Self([[-0.14, -0.08, 0.08, 0.16, 0.10, 0.40, 0.16], [0.16, 0.34, 0.26, -0.14, 0.10, 0.40, 0.04]])
    }
}

struct Opinion {
    logs: [[f32; OPINIONS]; STEPS],
    answer: [f32; STEPS],
}

/// How likely a change by so many tenths is, for the same word: down 10 to up 10. Small steps, up
/// rather than down.
fn shipped_step(step: i32, same: bool) -> f32 {
    match (step, same) {
        (0, true) => 0.14,
        (1, true) => 0.30,
        (2, true) => 0.14,
        (-1, true) => 0.14,
        (-2, true) => 0.07,
        (0, false) => 0.20,
        (1, false) => 0.17,
        (2, false) => 0.13,
        (-1, false) => 0.13,
        (-2, false) => 0.08,
        (3, _) => 0.06,
        (-3, _) => 0.05,
        (4 | 5, _) => 0.025,
        (-5 | -4, _) => 0.025,
        _ => 0.008,
    }
}

/// What is shipped, from this level.
fn steps_from(now: i32, same: bool) -> [f32; STEPS] {
    let mut shares = [0.0f32; STEPS];
    for (at, share) in (0i32..).zip(&mut shares) {
        *share = shipped_step(at - now, same);
    }
    normalize(&mut shares);
    shares
}

struct Contexts {
    /// By the word alone, by the word and the cue before, by the word and two cues before.
    absolute: [u32; 3],
    /// By whether the word is the same, and that with the last step.
    relative: [u32; 2],
}

impl Predictor {
    fn intensity_contexts(&self, word: usize) -> (Contexts, usize, i32) {
        let name = self.vocabulary.words.get(word).map_or(0, |word| word.hash);
        let same = u32::from(self.past.word(0) == Some(word));
        let now = i32::from(self.past.tenths[0]);
        let step = if self.past.words.len() < 2 { 0 } else { now - i32::from(self.past.tenths[1]) };
        #[allow(clippy::cast_sign_loss)]
        let step = (step.clamp(-3, 3) + 3) as u32;
        let relative = hash(41, same);
        let contexts = Contexts {
            absolute: [
                hash(42, name).max(1),
                hash(hash(43, name), self.past.cues(1)).max(1),
                hash(hash(44, name), self.past.cues(2)).max(1),
            ],
            relative: [relative.max(1), hash(hash(45, same), step).max(1)],
        };
        (contexts, usize::try_from(same).unwrap_or_default(), now)
    }

    /// How likely each intensity of this word is, should it come. What hardly comes at all is not
    /// looked at closely.
    pub(super) fn intensity_shares(&self, word: usize, likely: f32) -> [f32; STEPS] {
        let moment = self.intensity_contexts(word);
        if likely < UNLIKELY {
            return steps_from(moment.2, moment.1 == 1);
        }
        let mut answer = self.mix_intensities(&self.old, word, &moment).answer;
        if self.trust.older {
            let trust = self.trust.of(STRENGTH, 0);
            for (share, other) in answer.iter_mut().zip(self.mix_intensities(&self.new, word, &moment).answer)
            {
                *share = *share * trust + other * (1.0 - trust);
            }
        }
        answer
    }

    fn mix_intensities(&self, mind: &Mind, word: usize, moment: &(Contexts, usize, i32)) -> Opinion {
        let (contexts, same, now) = moment;
        let (same, now) = (*same, *now);
        let base = steps_from(now, same == 1);
        let mut logs = [[0.0f32; OPINIONS]; STEPS];
        let mut put = |opinion: usize, shares: &[f32; STEPS]| {
            for (row, share) in logs.iter_mut().zip(shares) {
                if let Some(log) = row.get_mut(opinion) {
                    *log = log2(share.max(0.0001));
                }
            }
        };
        let weights = mind.intensities.0.get(same).copied().unwrap_or_default();
        put(0, &base);
        if !mind.knows(word) {
            return Opinion { logs, answer: base };
        }
        let mut steps = base;
        for (at, key) in contexts.relative.iter().enumerate() {
            refine(&mut steps, mind.lasting.find(*key), now - 10, STEP[0]);
            refine(&mut steps, self.session.find(*key), now - 10, STEP[1]);
            // What leads out of the scale is lost, and the rest counts for more.
            normalize(&mut steps);
            put(1 + at, &steps);
        }
        let mut chain = steps;
        for (at, key) in contexts.absolute.iter().enumerate() {
            refine(&mut chain, mind.lasting.find(*key), 0, LEVEL[0]);
            refine(&mut chain, self.session.find(*key), 0, LEVEL[1]);
            put(3 + at, &chain);
        }
        let mut own = base;
        refine(&mut own, self.session.find(contexts.absolute[0]), 0, OWN);
        put(6, &own);
        let mut answer = [0.0f32; STEPS];
        for (share, row) in answer.iter_mut().zip(&logs) {
            *share = dot(row, &weights);
        }
        softmax(&mut answer);
        Opinion { logs, answer }
    }

    pub(super) fn learn_intensity(&mut self, word: usize, tenths: u8) {
        let moment = self.intensity_contexts(word);
        let at = usize::from(tenths);
        let opinions = [&self.old, &self.new].map(|mind| self.mix_intensities(mind, word, &moment));
        let (contexts, same, now) = moment;
        for (mind, opinion) in [&mut self.old, &mut self.new].into_iter().zip(&opinions) {
            if mind.knows(word)
                && let Some(weights) = mind.intensities.0.get_mut(same)
            {
                reweigh(weights, &opinion.logs, &opinion.answer, at, RATE);
            }
        }
        let [old, new] = opinions.map(|opinion| opinion.answer.get(at).copied().unwrap_or(0.5));
        self.trust.came(STRENGTH, 0, old, new);
        let step = u8::try_from(i32::from(tenths) - now + 10).unwrap_or_default();
        let levels = contexts.absolute.into_iter().map(|key| (key, tenths));
        for (key, symbol) in levels.chain(contexts.relative.map(|key| (key, step))) {
            self.old.lasting.learn(key, symbol, LONG);
            self.new.lasting.learn(key, symbol, LONG);
            self.session.learn(key, symbol, SHORT);
        }
    }
}
