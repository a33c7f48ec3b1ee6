//! The words a generation model is given for a cue. Pure text; bounded by the validated request.

use crate::catalog::{self, StateDef};
use crate::character::{Body, Look};
use crate::cue::{Cue, Reaction};

pub mod answer;
pub mod background;
pub mod brief;
pub mod call;
pub mod card;
pub mod mascot;
pub mod request;
pub mod scene;
pub mod slot;
#[cfg(test)]
mod tests;

/// The styles on the menu. Another one is words of the caller's own.
pub const ART_STYLES: [&str; 3] = ["anime", "realistic", "semi-realistic"];

/// The prompt for a state of the catalogue, in a style if one is given, with whatever the caller
/// adds.
#[must_use]
pub fn for_state(state: &StateDef, style: &str, extra: &str) -> String {
    join(state.motion.clone(), style, extra)
}

/// The prompt for a game character's reaction. Intensity in words: below 0.3 slightly, below 0.7
/// moderately, else very.
#[must_use]
pub fn for_reaction(reaction: &Reaction, style: &str, extra: &str) -> String {
    let strength = match reaction.intensity.tenths() {
        0..=2 => "slightly",
        3..=6 => "moderately",
        _ => "very",
    };
    let mut text = format!("{strength} {}, {} expression", reaction.expression, reaction.emotion);
    if reaction.animation != "idle" {
        text.push_str(&format!(", {} animation", reaction.animation));
    }
    join(text, style, extra)
}

/// Who is to be seen, for a model that knows no characters and is shown no picture: the same sentence for
/// every clip of a character.
#[must_use]
pub fn likeness(look: &Look) -> String {
    let Look { body, primary, secondary, accent, backdrop } = look;
    let figure = match body {
        Body::Robot => "boxy robot with an antenna and a screen for a face",
        Body::Blob => "soft drop-shaped creature without limbs",
        Body::Sage => "robed elder with a long beard",
        Body::Athlete => "sporty figure with a headband",
        Body::Cat => "cat with pointed ears, whiskers and a tail",
        Body::Owl => "owl with large eyes and wings",
    };
    format!(
        "A friendly cartoon {figure}, mainly {primary}, with outlines of {secondary} and details of {accent}, \
         alone, whole and in the middle, before a plain background of {backdrop}."
    )
}

/// The prompt for a cue to which nobody added anything. `None` for a state that is not in the
/// catalogue.
#[must_use]
pub fn usual(cue: &Cue) -> Option<String> {
    match cue {
        Cue::State { state } => catalog::built_in().state(state).map(|state| for_state(state, "", "")),
        Cue::Reaction(reaction) => Some(for_reaction(reaction, "", "")),
    }
}

fn join(mut text: String, style: &str, extra: &str) -> String {
    for (before, words, after) in [(", ", style, " style"), (". ", extra, "")] {
        if !words.is_empty() {
            text.extend([before, words, after]);
        }
    }
    text
}
