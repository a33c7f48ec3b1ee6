//! Of whom a clip is, and doing what: what every clip of a character has, whichever model makes it.

use super::fields::Fields;
use super::{MAX_ID_CHARS, MAX_NAME_CHARS, Operation, USUAL_INTENSITY, look};
use crate::catalog;
use crate::character::{self, Character};
use crate::cue::{Cue, Intensity, Reaction};
use crate::prompt;
use crate::units::Millis;

/// The length of a clip of a reaction that names none, and of a state that is not in the catalogue.
const USUAL_DURATION: Millis = Millis(3_000);

/// Of whom, doing what. The character has no name here: it does not change the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Of whom.
    pub character: Character,
    /// Doing what.
    pub cue: Cue,
}

impl Subject {
    /// Reads the members that say it. What is wrong is reported, and then there is none.
    pub(super) fn read(operation: Operation, fields: &mut Fields<'_, '_>) -> Option<Self> {
        let character = match operation {
            Operation::StateClip => look::character(fields),
            _ => npc(fields),
        };
        let cue = match operation {
            Operation::StateClip => {
                let ids: Vec<&str> = catalog::built_in().states.iter().map(|s| s.id.as_str()).collect();
                fields.choice("state", &ids, |id| id, None).map(Cue::state)
            }
            _ => Some(Cue::Reaction(Reaction {
                expression: fields.word("expression", "neutral"),
                emotion: fields.word("emotion", "neutral"),
                animation: fields.word("animation", "idle"),
                intensity: intensity(fields),
            })),
        };
        let mut character = character?;
        character.name = String::new();
        Some(Self { character, cue: cue? })
    }

    /// The full prompt, with whatever the caller adds.
    pub(super) fn prompt(&self, style: &str, extra: &str) -> String {
        match &self.cue {
            Cue::State { state } => catalog::built_in()
                .state(state)
                .map(|state| prompt::for_state(state, style, extra))
                .unwrap_or_default(),
            Cue::Reaction(reaction) => prompt::for_reaction(reaction, style, extra),
        }
    }

    /// The same for a model that is shown no picture and knows no characters: it is told who is to be seen.
    pub(super) fn prompt_with_likeness(&self, style: &str, extra: &str) -> String {
        format!("{} {}", prompt::likeness(&self.character.look), self.prompt(style, extra))
    }

    /// How long its clip is where nobody says.
    pub(super) fn usual_duration(&self) -> Millis {
        match &self.cue {
            Cue::State { state } => {
                catalog::built_in().state(state).map_or(USUAL_DURATION, |state| state.duration_ms)
            }
            Cue::Reaction(_) => USUAL_DURATION,
        }
    }
}

fn intensity(fields: &mut Fields<'_, '_>) -> Intensity {
    let value = fields.real("intensity", 0.0, 1.0).unwrap_or(USUAL_INTENSITY);
    Intensity::from_unit(value).unwrap_or_default()
}

/// The character of an `npc_response`: given whole, or by `npc_id`. An id that is not built in
/// gets a face of its own, derived from the id, so that a game can start before it has artwork.
fn npc(fields: &mut Fields<'_, '_>) -> Option<Character> {
    // The game's display name: games send it, and it is never part of the picture.
    let _ = fields.text("npc_name", 0, MAX_NAME_CHARS);
    if fields.has("character") {
        let _ = fields.text("npc_id", 1, MAX_ID_CHARS);
        return look::character(fields);
    }
    let Some(id) = fields.text("npc_id", 1, MAX_ID_CHARS) else {
        fields.require("npc_id", "the game's id for the character (or give character)");
        return None;
    };
    Some(character::built_in().get(&id).cloned().unwrap_or_else(|| Character::derived(&id)))
}
