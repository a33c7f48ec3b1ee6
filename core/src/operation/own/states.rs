//! How a page asks for the clip of a state that is its own, or that it tells differently from the
//! catalogue: as a reaction, which the edge takes in any words, so that it need not know the state.

use super::{Letters, word};
use crate::catalog::{self, StateDef};
use crate::cue::{Cue, Intensity, Reaction};
use crate::operation::{MAX_WORD_CHARS, USUAL_INTENSITY};
use crate::units::Millis;

/// What shows a state, and for how long where that is not the operation's usual length.
///
/// A state that moves as the catalogue says is asked for as the catalogue's. Any other is a reaction: its
/// id is the expression, its motion the animation, as far as 40 letters reach, and its [`stance`] the
/// emotion, so that a renderer that knows none of the words draws what stood in for it before.
#[must_use]
pub fn shown_by(state: &StateDef, letters: &dyn Letters) -> (Cue, Option<Millis>) {
    if let Some(known) = catalog::built_in().state(&state.id).filter(|known| known.motion == state.motion) {
        let own_length = (state.duration_ms != known.duration_ms).then_some(state.duration_ms);
        return (Cue::state(state.id.as_str()), own_length);
    }
    let emotion = match stance(state) {
        "idle" => "neutral",
        stance => stance,
    };
    let reaction = Reaction {
        expression: state.id.clone(),
        emotion: emotion.to_owned(),
        animation: words_of(&state.motion, letters).unwrap_or_else(|| "idle".to_owned()),
        intensity: Intensity::from_unit(USUAL_INTENSITY).unwrap_or_default(),
    };
    (Cue::Reaction(reaction), Some(state.duration_ms))
}

/// The state of the catalogue that comes closest: the state itself, or the first of its fallbacks that is
/// one.
#[must_use]
pub fn stance(state: &StateDef) -> &'static str {
    let known = |id: &String| catalog::built_in().state(id).map(|known| known.id.as_str());
    [&state.id].into_iter().chain(&state.fallback).find_map(known).unwrap_or("idle")
}

/// The first words of a text, as many as an animation may have.
fn words_of(text: &str, letters: &dyn Letters) -> Option<String> {
    let text =
        if text.is_ascii() { text.to_ascii_lowercase() } else { letters.composed(&letters.lower(text)) };
    let mut words = String::new();
    let mut length = 0;
    // Where the last whole word ends.
    let mut end = 0;
    for letter in text.chars() {
        let mut one = [0; 4];
        let fits = if letter.is_ascii() {
            letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
        } else {
            letters.are_words(letter.encode_utf8(&mut one))
        };
        if !fits && (words.is_empty() || words.ends_with(' ')) {
            continue;
        }
        if !fits {
            end = words.len();
        }
        length += 1;
        if length > MAX_WORD_CHARS {
            // One long word is cut, others stay whole.
            words.truncate(if end == 0 { words.len() } else { end });
            break;
        }
        words.push(if fits { letter } else { ' ' });
    }
    word(&words, letters)
}
