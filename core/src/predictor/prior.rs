//! What is known before anything was seen: `catalog/prior.txt` for a widget's states, a few habits
//! of faces for a game's reactions. Written by `cargo xtask corpus --prior`, read by position.

use super::vocabulary::STATES;
use crate::catalog::Tier;

/// For each plan, for each state before (and last: none), a line; in it for each present state a
/// letter for each next state. `a` is a probability of 1; each letter on divides by the square root of two.
static TABLE: &[u8] = include_bytes!("../../catalog/prior.txt");

/// The states of the plan, by number in the catalogue.
pub(super) fn states_of(tier: Tier) -> usize {
    match tier {
        Tier::Free => 4,
        Tier::Pro => 8,
        Tier::Enterprise => STATES.len(),
    }
}

const fn block(states: usize) -> usize {
    (states + 1) * (states * states + 1)
}

/// How likely each state of the plan is after `previous` and `current`, both numbers of states.
/// `None` when the table says nothing of `current` in this plan.
pub(super) fn row(tier: Tier, previous: Option<usize>, current: usize) -> Option<&'static [u8]> {
    let states = states_of(tier);
    if current >= states {
        return None;
    }
    let before = match tier {
        Tier::Free => 0,
        Tier::Pro => block(4),
        Tier::Enterprise => block(4) + block(8),
    };
    let previous = previous.filter(|state| *state < states).unwrap_or(states);
    let at = before + previous * (states * states + 1) + current * states;
    TABLE.get(at..at + states)
}

/// With which states a page begins that shows what its character does: it rests, greets, or somebody writes.
pub(super) const BEGINNINGS: [&str; 4] = ["idle", "greeting", "listening", "thinking"];

/// The faces that games name most, each with those that often follow it.
pub(super) static FACES: &[(&str, &[u8])] = &[
    ("neutral", &[1, 2, 3, 5, 8]),
    ("interested", &[3, 4, 2, 0]),
    ("curious", &[1, 5, 3, 0]),
    ("pleased", &[4, 1, 8, 10]),
    ("aroused", &[11, 12, 3, 13]),
    ("surprised", &[0, 2, 8, 16]),
    ("sad", &[0, 14]),
    ("angry", &[14, 0]),
    ("happy", &[0, 9, 3, 10]),
    ("excited", &[8, 10, 0]),
    ("giggling", &[8, 3, 12]),
    ("passionate", &[13, 18, 4]),
    ("flushed", &[11, 4, 15]),
    ("ecstatic", &[8, 3, 18]),
    ("annoyed", &[7, 0]),
    ("blushing", &[10, 3, 1]),
    ("afraid", &[6, 5, 0]),
    ("disgusted", &[14, 0]),
    ("climax", &[3, 13]),
];
