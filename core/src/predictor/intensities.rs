//! How strong the next reaction is, given its word.

use super::Predictor;
use super::arithmetic::{hash, log2, normalize};
use super::memory::Pace;
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

pub(super) struct Opinion {
    logs: [[f32; OPINIONS]; STEPS],
    pub(super) answer: [f32; STEPS],
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

    pub(super) fn mix_intensities(&self, word: usize) -> Opinion {
        let (contexts, same, now) = self.intensity_contexts(word);
        let mut base = [0.0f32; STEPS];
        for (at, share) in (0i32..).zip(&mut base) {
            *share = shipped_step(at - now, same == 1);
        }
        normalize(&mut base);
        let mut logs = [[0.0f32; OPINIONS]; STEPS];
        let mut put = |opinion: usize, shares: &[f32; STEPS]| {
            for (row, share) in logs.iter_mut().zip(shares) {
                if let Some(log) = row.get_mut(opinion) {
                    *log = log2(share.max(0.0001));
                }
            }
        };
        let weights = self.intensities.0.get(same).copied().unwrap_or_default();
        put(0, &base);
        let known = self.common.get(word).is_some_and(|count| *count > 0.0);
        if !known {
            return Opinion { logs, answer: base };
        }
        let mut steps = base;
        for (at, key) in contexts.relative.iter().enumerate() {
            refine(&mut steps, self.lasting.find(*key), now - 10, STEP[0]);
            refine(&mut steps, self.session.find(*key), now - 10, STEP[1]);
            // What leads out of the scale is lost, and the rest counts for more.
            normalize(&mut steps);
            put(1 + at, &steps);
        }
        let mut chain = steps;
        for (at, key) in contexts.absolute.iter().enumerate() {
            refine(&mut chain, self.lasting.find(*key), 0, LEVEL[0]);
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
        let (contexts, same, now) = self.intensity_contexts(word);
        let known = self.common.get(word).is_some_and(|count| *count > 0.0);
        if known {
            let opinion = self.mix_intensities(word);
            if let Some(weights) = self.intensities.0.get_mut(same) {
                reweigh(weights, &opinion.logs, &opinion.answer, usize::from(tenths), RATE);
            }
        }
        for key in contexts.absolute {
            self.lasting.learn(key, tenths, LONG);
            self.session.learn(key, tenths, SHORT);
        }
        let step = u8::try_from(i32::from(tenths) - now + 10).unwrap_or_default();
        for key in contexts.relative {
            self.lasting.learn(key, step, LONG);
            self.session.learn(key, step, SHORT);
        }
    }
}
