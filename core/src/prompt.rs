//! The words a generation model is given for a cue. Pure text; bounded by the validated request.

use crate::catalog::StateDef;
use crate::cue::Reaction;

/// The prompt for a state of the catalogue, with whatever the caller adds.
#[must_use]
pub fn for_state(state: &StateDef, extra: &str) -> String {
    join(&state.motion, extra)
}

/// The prompt for a game character's reaction. Intensity words are the game seed's: below 0.3
/// slightly, below 0.7 moderately, else very.
#[must_use]
pub fn for_reaction(reaction: &Reaction, extra: &str) -> String {
    let strength = match reaction.intensity.tenths() {
        0..=2 => "slightly",
        3..=6 => "moderately",
        _ => "very",
    };
    let mut text = format!("{strength} {}, {} expression", reaction.expression, reaction.emotion);
    if reaction.animation != "idle" {
        text.push_str(&format!(", {} animation", reaction.animation));
    }
    join(&text, extra)
}

fn join(base: &str, extra: &str) -> String {
    if extra.is_empty() { base.to_owned() } else { format!("{base}. {extra}") }
}
