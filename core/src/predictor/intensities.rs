//! How strong the next reaction is, given its word.

use std::cell::OnceCell;

use super::Predictor;
use super::arithmetic::{hash, log2, normalize};
use super::memory::Pace;
use super::mind::{NEW, OLD, STRENGTH};
/// What is mixed: what is shipped, steps and those after the last one, levels by the word and by up to
/// two cues before, the session alone, and what is merely counted.
use super::weights::OF_STRENGTH as OPINIONS;
use super::weights::SITUATIONS;
use super::words::{Belief, belief, dot, refine, reweigh, softmax};

/// How fast the weights follow what comes.
const RATE: f32 = 0.0045;
/// How memories of steps and of levels are believed, for good and of late; found by measuring.
const STEP: [Belief; 2] = [belief(0.1, 13.0), belief(0.1, 6.0)];
const LEVEL: [Belief; 2] = [belief(0.2, 2.5), belief(0.2, 3.5)];
const OWN: Belief = belief(0.1, 0.6);
const COUNTED: Belief = belief(0.0, 1.5);
const LONG: Pace = Pace { most: 200, fade: 0 };
const SHORT: Pace = Pace { most: 100, fade: 30 };
/// Of a word less likely than this, no strength comes near a prefetcher's budget.
const UNLIKELY: f32 = 0.005;
/// From 0 to 1 in tenths.
const STEPS: usize = 11;
const EQUAL: [f32; STEPS] = [1.0 / 11.0; STEPS];

struct Opinion {
    logs: [[f32; OPINIONS]; STEPS],
    answer: [f32; STEPS],
    /// Whose weights it goes by.
    row: usize,
}

/// How likely a change by so many tenths is, for the same word or another. None or a small one, and up
/// rather than down.
fn shipped_step(step: i32, same: bool) -> f32 {
    match (step, same) {
        (0, true) => 0.26,
        (1, true) => 0.20,
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

/// What the last two cues say of a step in strength, whatever word comes: for the same word, or for another.
struct Strides {
    base: [f32; STEPS],
    steps: [f32; STEPS],
    /// The opinions that are the same for every word.
    logs: [[f32; OPINIONS]; STEPS],
}

/// How strong the next reaction is, word by word. What no word changes is looked at once.
pub(super) struct Strengths<'p> {
    predictor: &'p Predictor,
    now: i32,
    /// The last cue, and the last two, as hashes.
    cues: [u32; 2],
    /// For another word and for the same one; of the old mind and of the new one.
    strides: [[OnceCell<Strides>; 2]; 2],
}

/// Writes an opinion into its column.
fn put(logs: &mut [[f32; OPINIONS]; STEPS], opinion: usize, shares: &[f32; STEPS]) {
    for (row, share) in logs.iter_mut().zip(shares) {
        if let Some(log) = row.get_mut(opinion) {
            *log = log2(share.max(0.0001));
        }
    }
}

impl<'p> Strengths<'p> {
    /// At the predictor's present moment.
    pub(super) fn of(predictor: &'p Predictor) -> Self {
        let past = &predictor.past;
        let cues = [past.cues(1), past.cues(2)];
        Self { predictor, now: i32::from(past.tenths[0]), cues, strides: Default::default() }
    }

    /// How likely each intensity of this word is, should it come. What hardly comes at all is not
    /// looked at closely.
    pub(super) fn shares(&self, word: usize, likely: f32) -> [f32; STEPS] {
        if likely < UNLIKELY {
            return steps_from(self.now, self.is_same(word));
        }
        let mut answer = self.mix(OLD, word).answer;
        let trust = &self.predictor.trust;
        if trust.older {
            let trust = trust.of(STRENGTH, 0);
            for (share, other) in answer.iter_mut().zip(self.mix(NEW, word).answer) {
                *share = *share * trust + other * (1.0 - trust);
            }
        }
        answer
    }

    fn is_same(&self, word: usize) -> bool {
        self.predictor.past.word(0) == Some(word)
    }

    /// By the word alone, by the word and the cue before, by the word and two cues before.
    fn levels(&self, word: usize) -> [u32; 3] {
        let name = self.predictor.vocabulary.words.get(word).map_or(0, |word| word.hash);
        let [last, both] = self.cues;
        [hash(42, name).max(1), hash(hash(43, name), last).max(1), hash(hash(44, name), both).max(1)]
    }

    /// By whether the word is the same, and that with the last step.
    fn steps(&self, same: bool) -> [u32; 2] {
        let past = &self.predictor.past;
        let step = if past.words.len() < 2 { 0 } else { self.now - i32::from(past.tenths[1]) };
        #[allow(clippy::cast_sign_loss)]
        let step = (step.clamp(-3, 3) + 3) as u32;
        [hash(41, u32::from(same)).max(1), hash(hash(45, u32::from(same)), step).max(1)]
    }

    fn strides(&self, which: usize, same: bool) -> Strides {
        let mind = self.predictor.mind(which);
        let base = steps_from(self.now, same);
        let mut logs = [[0.0f32; OPINIONS]; STEPS];
        put(&mut logs, 0, &base);
        let mut steps = base;
        for (at, key) in self.steps(same).iter().enumerate() {
            refine(&mut steps, mind.lasting.find(*key), self.now - 10, STEP[0]);
            refine(&mut steps, self.predictor.session.find(*key), self.now - 10, STEP[1]);
            // What leads out of the scale is lost, and the rest counts for more.
            normalize(&mut steps);
            put(&mut logs, 1 + at, &steps);
        }
        Strides { base, steps, logs }
    }

    fn mix(&self, which: usize, word: usize) -> Opinion {
        let (mind, session, same) = (self.predictor.mind(which), &self.predictor.session, self.is_same(word));
        let made = self.strides.get(usize::from(same)).and_then(|minds| minds.get(which));
        let fresh;
        let strides = match made {
            Some(cell) => cell.get_or_init(|| self.strides(which, same)),
            None => {
                fresh = self.strides(which, same);
                &fresh
            }
        };
        let mut logs = strides.logs;
        if !mind.knows(word) {
            return Opinion { logs, answer: strides.base, row: 0 };
        }
        let (mut chain, mut counted) = (strides.steps, EQUAL);
        let levels = self.levels(word);
        for (at, key) in levels.iter().enumerate() {
            let seen = [mind.lasting.find(*key), session.find(*key)];
            if seen == [None, None] {
                // Nothing is added to the opinion before.
                for row in &mut logs {
                    row.copy_within(2 + at..3 + at, 3 + at);
                }
                continue;
            }
            if at < 2 {
                refine(&mut counted, seen[0], 0, COUNTED);
            }
            for (seen, belief) in seen.into_iter().zip(LEVEL) {
                refine(&mut chain, seen, 0, belief);
            }
            put(&mut logs, 3 + at, &chain);
        }
        let mut own = strides.base;
        refine(&mut own, session.find(levels[0]), 0, OWN);
        put(&mut logs, 6, &own);
        put(&mut logs, 7, &counted);
        let row = usize::from(same) * SITUATIONS + self.predictor.situation(which, &levels);
        let weights = mind.strengths.get(row).copied().unwrap_or_default();
        let mut answer = [0.0f32; STEPS];
        for (share, row) in answer.iter_mut().zip(&logs) {
            *share = dot(row, &weights);
        }
        softmax(&mut answer);
        Opinion { logs, answer, row }
    }
}

impl Predictor {
    pub(super) fn learn_intensity(&mut self, word: usize, tenths: u8) {
        let at = usize::from(tenths);
        let strengths = Strengths::of(self);
        let (same, now) = (strengths.is_same(word), strengths.now);
        let (levels, steps) = (strengths.levels(word), strengths.steps(same));
        let opinions = [OLD, NEW].map(|which| strengths.mix(which, word));
        for (mind, opinion) in [&mut self.old, &mut self.new].into_iter().zip(&opinions) {
            if mind.knows(word)
                && let Some(weights) = mind.strengths.get_mut(opinion.row)
            {
                reweigh(weights, &opinion.logs, &opinion.answer, at, RATE);
            }
        }
        let [old, new] = opinions.map(|opinion| opinion.answer.get(at).copied().unwrap_or(0.5));
        self.trust.came(STRENGTH, 0, old, new);
        let step = u8::try_from(i32::from(tenths) - now + 10).unwrap_or_default();
        let levels = levels.map(|key| (key, tenths));
        for (key, symbol) in levels.into_iter().chain(steps.map(|key| (key, step))) {
            self.old.lasting.learn(key, symbol, LONG);
            self.new.lasting.learn(key, symbol, LONG);
            self.session.learn(key, symbol, SHORT);
        }
    }
}
