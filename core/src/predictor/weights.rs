//! How much each opinion counts before anything is learned, and which manner of page this is.

use super::arithmetic::{exp2, log2, normalize};

/// How many manners there are. A page shows what a character does, turn by turn, or a mood for each
/// message; in a game, faces come as they are common, or follow from the exact one before. The session tells.
pub(super) const MANNERS: usize = 2;
/// How much the session has seen of a moment: nothing, or what followed the last one, two, three.
pub(super) const DEPTHS: usize = 4;
/// The situations that have weights of their own: the depths, and that earlier sessions are remembered.
pub(super) const SITUATIONS: usize = DEPTHS + 1;
/// How many opinions there are of a word, and of a strength.
pub(super) const OF_WORD: usize = 11;
pub(super) const OF_STRENGTH: usize = 8;

/// How much opinions count: of a state in either manner, then of a reaction in either; a row for
/// each situation.
pub(super) type Words = [[f32; OF_WORD]; 2 * MANNERS * SITUATIONS];
/// The same of a strength: for another word, then for the same one.
pub(super) type Strengths = [[f32; OF_STRENGTH]; 2 * SITUATIONS];

/// Shipped weights are in steps of this.
const STEP: f32 = 1.0 / 16.0;

/// The shipped weights of words. `docs/predictor.md` tells where they come from.
pub(super) fn of_words() -> Words {
    WORDS.map(|row| row.map(|steps| f32::from(steps) * STEP))
}

/// The shipped weights of strengths.
pub(super) fn of_strengths() -> Strengths {
    STRENGTHS.map(|row| row.map(|steps| f32::from(steps) * STEP))
}

#[rustfmt::skip]
static WORDS: [[i8; OF_WORD]; 2 * MANNERS * SITUATIONS] = [
    // A page that shows what its character does.
    [5, -1, 1, 4, 1, 1, 0, 5, -3, -1, 3],
    [-3, 2, 4, 6, 4, 4, -8, 8, 3, -4, 1],
    [0, 1, 2, 2, 0, -1, -5, 7, 4, 2, 0],
    [-1, 2, 3, 6, -3, -2, 0, 7, 2, 0, -1],
    [1, 0, 1, -2, 1, 1, 4, 1, 2, 0, 3],
    // A page that shows a mood for each message.
    [2, 0, -2, 0, -2, -2, 4, 1, -1, 3, 13],
    [3, 1, 3, 0, -3, -4, 8, -6, 2, 0, 11],
    [3, 2, -5, 4, -1, -2, 7, -6, 1, 1, 9],
    [2, 1, -3, 0, 0, 1, 3, -2, 0, 2, 8],
    [0, 5, -5, 3, 1, 0, 2, 0, 0, 3, 7],
    // A game whose faces come as they are common.
    [-4, 6, -5, -1, -3, -2, 7, 0, 2, 8, 2],
    [-3, 7, 0, 1, -2, -1, 6, -3, 0, 2, 4],
    [-3, 9, 0, -1, 1, 1, 3, -1, 0, 2, 2],
    [-2, 7, 7, 0, 0, -1, 1, 0, 0, -1, 1],
    [1, 7, 2, 1, 1, 0, 1, 0, 0, 1, 4],
    // A game whose faces follow from the exact one before.
    [-4, 0, -5, 0, -3, -2, 12, 0, 6, 13, -5],
    [-2, -3, 1, 4, 1, 1, 7, 0, 1, 6, 2],
    [0, -2, 1, 1, -1, -1, 5, 0, 0, 10, 4],
    [2, -1, -8, 1, 2, 6, -7, 1, 0, 13, 8],
    [-2, 5, -5, -3, 1, 2, -2, 7, 1, 8, 1],
];

#[rustfmt::skip]
static STRENGTHS: [[i8; OF_STRENGTH]; 2 * SITUATIONS] = [
    // For another word.
    [-1, -4, 2, 2, 1, 6, 4, 4],
    [0, 3, 3, 4, -4, 2, 1, 9],
    [1, 1, 4, 6, -3, 0, -2, 12],
    [1, -1, 4, 4, -3, 1, -2, 13],
    [-1, 1, 2, -3, 2, 6, 4, 3],
    // For the same word.
    [2, 5, 4, -3, 1, 6, 0, 0],
    [-2, 6, 1, -5, 5, 10, 0, -2],
    [1, 3, 2, 4, 0, 6, -1, 1],
    [2, 1, 3, 4, 1, 2, -3, 4],
    [-1, 5, 1, 1, 0, 6, 1, 1],
];

/// How much of what the session showed still counts at the next step, and the most it comes to.
const KEEP: f32 = 0.98;
const MOST: f32 = 6.0;

/// How well each manner foresaw what the session showed: binary logarithms of likelihoods, the best at 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manners([f32; MANNERS]);

impl Default for Manners {
    /// The first is likelier: most pages leave it to the state machine to show what a character does.
    fn default() -> Self {
        Self([0.0, -1.0])
    }
}

impl Manners {
    /// How far each is believed; together 1.
    pub(super) fn shares(&self) -> [f32; MANNERS] {
        let mut shares = self.0.map(exp2);
        normalize(&mut shares);
        shares
    }

    /// A session begins with a state that nobody does: it is a mood that is shown.
    pub(super) fn begins_with_mood(&mut self) {
        self.came([0.1, 0.9]);
    }

    /// What came was this likely to each.
    pub(super) fn came(&mut self, likely: [f32; MANNERS]) {
        for (shown, likely) in self.0.iter_mut().zip(likely) {
            *shown = *shown * KEEP + log2(likely);
        }
        let best = self.0.into_iter().fold(f32::MIN, f32::max);
        self.0 = self.0.map(|shown| (shown - best).max(-MOST));
    }
}
