//! What a page asks for itself: the few requests that the browser module makes, checked, completed and
//! written without the weight of reading any request there may be. The tests hold it against
//! [`super::validate`]: the same clip for what is right, a refusal for what is wrong.

use super::{ClipSpec, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_WORD_CHARS, Operation, Scope};
use crate::api;
use crate::cache_key::write_look;
use crate::catalog;
use crate::character::{self, Character, Look};
use crate::cue::{Cue, Reaction};
use crate::cue_request::CueRequest;
use crate::document::Document;
use crate::json_text::JsonText;
use crate::prompt;
use crate::units::Millis;

mod states;

pub use states::{shown_by, stance};

/// What only tables of all of Unicode know. Too heavy for a page, and every browser has them; asked
/// about text beyond ASCII only.
pub trait Letters {
    /// The text in normalization form C.
    fn composed(&self, text: &str) -> String;

    /// The text in lower case.
    fn lower(&self, text: &str) -> String;

    /// Whether every character is a letter or a digit (alphabetic or numeric), a space, `_` or `-`.
    fn are_words(&self, text: &str) -> bool;
}

/// Whose clips a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A character by its id.
    Named(String),
    /// A character that the page defines.
    Defined(Character),
}

impl Who {
    /// Reads what a page says about its character: an id, or a definition.
    ///
    /// # Errors
    /// What is wrong, for the person who wrote the page.
    pub fn read<D: Document>(document: D, letters: &dyn Letters) -> Result<Self, String> {
        if let Some(id) = document.text() {
            return Ok(Self::Named(id));
        }
        definition(&document, letters).map(Self::Defined).map_err(|what| format!("/params/character{what}"))
    }

    /// What to call the character, if it has a name or at least an id.
    #[must_use]
    pub fn name(&self) -> String {
        let or_id = |name: String, id: &str| if name.is_empty() { id.to_owned() } else { name };
        match self {
            Self::Named(id) => or_id(character::find(id).map(|known| known.name).unwrap_or_default(), id),
            Self::Defined(own) => or_id(own.name.clone(), &own.id),
        }
    }
}

fn definition<D: Document>(document: &D, letters: &dyn Letters) -> Result<Character, &'static str> {
    refuse_others(document, &["id", "look", "name", "seed", "version"])
        .ok_or(": an object of id, version, name, seed and look; nothing else")?;
    let id = document.text_at("id").and_then(|id| text(&id, 1, MAX_ID_CHARS, letters));
    let id = id
        .filter(|id| id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')))
        .ok_or("/id: 1 to 64 characters of a-z, 0-9 and -")?;
    let name = match document.member("name") {
        None => Some(String::new()),
        Some(name) => name.text().and_then(|name| text(&name, 0, MAX_NAME_CHARS, letters)),
    };
    let small = |name, usual: u32, least: u32| match document.member(name) {
        None => Some(usual),
        Some(_) => u32::try_from(document.whole_at(name)?).ok().filter(|number| *number >= least),
    };
    let look = document.member("look").and_then(|look| {
        refuse_others(&look, &["accent", "backdrop", "body", "primary", "secondary"])?;
        Look::read(look)
    });
    Ok(Character {
        id,
        name: name.ok_or("/name: at most 60 characters")?,
        version: small("version", 1, 1).ok_or("/version: a whole number from 1")?,
        seed: small("seed", 0, 0).ok_or("/seed: a whole number from 0 to 4294967295")?,
        look: look.ok_or("/look: body, and primary, secondary, accent and backdrop written #rrggbb")?,
    })
}

/// `None` if the object has a member of another name.
fn refuse_others<D: Document>(document: &D, known: &[&str]) -> Option<()> {
    // Even one that is `null`: the edge refuses it, too.
    let others = |name: String| !known.contains(&name.as_str());
    (!document.names().into_iter().any(others)).then_some(())
}

/// Composed and trimmed, of so many characters, without control characters.
fn text(text: &str, min: usize, max: usize, letters: &dyn Letters) -> Option<String> {
    let composed;
    let text = if text.is_ascii() {
        text
    } else {
        composed = letters.composed(text);
        &composed
    };
    let text = text.trim();
    let fits = (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn word(given: &str, letters: &dyn Letters) -> Option<String> {
    let mut word = text(given, 1, MAX_WORD_CHARS, letters)?;
    if word.is_ascii() {
        word.make_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
        return Some(word).filter(|word| word.bytes().all(fits));
    }
    Some(letters.lower(&word)).filter(|word| letters.are_words(word))
}

/// The length that a clip of `asked` gets: what the operation's model makes, in tenths of a second.
fn length(operation: Operation, asked: Millis) -> Millis {
    let [least, most] = catalog::lengths(operation.page_name());
    Millis((asked.max(least).min(most).0 + 50) / 100 * 100)
}

/// The clip of a character for a cue in a quality preset, as the edge would read [`body`]. As long as
/// `duration`, within what the operation's model makes, or else as long as usual.
///
/// # Errors
/// What is wrong, for the person who wrote the page.
pub fn clip(
    who: &Who,
    cue: &Cue,
    duration: Option<Millis>,
    preset: &str,
    letters: &dyn Letters,
) -> Result<ClipSpec, String> {
    let catalog = catalog::built_in();
    let unknown = |field: &str, known: String| format!("/params/{field}: one of: {known}");
    let (operation, character) = match (who, cue) {
        (Who::Defined(own), Cue::State { .. }) => (Operation::StateClip, own.clone()),
        (Who::Defined(own), Cue::Reaction(_)) => (Operation::NpcResponse, own.clone()),
        (Who::Named(id), Cue::State { .. }) => {
            let known = || {
                let known: Vec<String> = character::built_in_ids().collect();
                format!(
                    "/params/character: not built in; one of {}, or an object that defines it",
                    known.join(", ")
                )
            };
            (Operation::StateClip, character::find(id).ok_or_else(known)?)
        }
        (Who::Named(id), Cue::Reaction(_)) => {
            let id = text(id, 1, MAX_ID_CHARS, letters).ok_or("/params/npc_id: 1 to 64 characters")?;
            (Operation::NpcResponse, character::find(&id).unwrap_or_else(|| Character::derived(&id)))
        }
    };
    let (cue, usual) = match cue {
        Cue::State { state } => {
            let known = || unknown("state", names(catalog.states.iter().map(|state| &state.id)));
            (cue.clone(), catalog.state(state).ok_or_else(known)?.duration_ms)
        }
        Cue::Reaction(reaction) => {
            let checked = |name: &str, given: &str| {
                word(given, letters)
                    .ok_or_else(|| format!("/params/{name}: 1 to 40 letters, digits, spaces, _ and - only"))
            };
            let reaction = Reaction {
                expression: checked("expression", &reaction.expression)?,
                emotion: checked("emotion", &reaction.emotion)?,
                animation: checked("animation", &reaction.animation)?,
                intensity: reaction.intensity,
            };
            (Cue::Reaction(reaction), Millis(3000))
        }
    };
    let known = || unknown("quality_preset", names(catalog.presets.iter().map(|preset| &preset.id)));
    let preset = catalog.preset(preset).ok_or_else(known)?;
    let model =
        catalog::preferred_model(operation.page_name()).ok_or("/operation_type: no model serves it")?;
    Ok(ClipSpec {
        operation,
        model: model.to_owned(),
        seed: character.seed,
        character: Character { name: String::new(), ..character },
        prompt: prompt::usual(&cue).unwrap_or_default(),
        cue,
        negative_prompt: String::new(),
        width: preset.width,
        height: preset.height,
        fps: preset.fps,
        steps: preset.steps,
        cfg: preset.cfg,
        duration_ms: duration.map_or(usual, |asked| length(operation, asked)),
    })
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> String {
    all.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// How a job is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// 0 to 20, higher first; the edge's own idea where nobody said.
    pub priority: Option<u8>,
    /// Whether it is asked for ahead of need.
    pub speculative: bool,
}

/// Who shares a clip that a page asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sharing {
    /// Everybody of the tenant: the strategy `once`.
    #[default]
    Everybody,
    /// Whoever is in this playthrough.
    Playthrough(String),
    /// This player.
    Player(String),
    /// This one request, told from all others by a nonce: the strategy `always`.
    Nobody(String),
}

impl Sharing {
    /// Who shares the clip of this request. `nonce` draws 32 hexadecimal digits, for the strategy `always`.
    ///
    /// # Errors
    /// What is wrong, for the person who wrote the game.
    pub fn of(
        request: &CueRequest,
        letters: &dyn Letters,
        nonce: impl FnOnce() -> String,
    ) -> Result<Self, &'static str> {
        let id = |given: &Option<String>| {
            let given = given.as_deref().unwrap_or_default();
            text(given, 1, MAX_ID_CHARS, letters).ok_or(
                "playthroughId and playerId are texts of 1 to 64 characters, without control characters.",
            )
        };
        match request.strategy {
            api::Strategy::Once => Ok(Self::Everybody),
            api::Strategy::PerPlaythrough => id(&request.playthrough).map(Self::Playthrough),
            api::Strategy::PerPlayer => id(&request.player).map(Self::Player),
            api::Strategy::Always => Ok(Self::Nobody(nonce())),
        }
    }

    /// What it adds to a clip's address.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.clone() {
            Self::Everybody => Scope::default(),
            Self::Playthrough(id) => Scope { playthrough: Some(id), ..Scope::default() },
            Self::Player(id) => Scope { player: Some(id), ..Scope::default() },
            Self::Nobody(nonce) => Scope { nonce: Some(nonce), ..Scope::default() },
        }
    }
}

/// The body of `POST /jobs` that asks for this clip.
#[must_use]
pub fn body(
    who: &Who,
    cue: &Cue,
    duration: Option<Millis>,
    preset: &str,
    sharing: &Sharing,
    manner: Manner,
) -> String {
    let mut out = JsonText::default();
    let (operation, named) = match cue {
        Cue::State { .. } => (Operation::StateClip, "character"),
        Cue::Reaction(_) => (Operation::NpcResponse, "npc_id"),
    };
    out.open().name("operation_type").text(operation.page_name()).name("params").open();
    match who {
        Who::Named(id) => {
            out.name(named).text(id);
        }
        Who::Defined(own) => {
            out.name("character").open().name("id").text(&own.id).name("look");
            write_look(&mut out, &own.look);
            out.name("seed").whole(own.seed.into()).name("version").whole(own.version.into()).close();
        }
    }
    if let Some(asked) = duration {
        // In seconds. A length is a few thousand milliseconds.
        #[allow(clippy::cast_precision_loss)]
        out.name("duration").hundredths(length(operation, asked).0 as f64 / 1000.0);
    }
    out.name("quality_preset").text(preset);
    match cue {
        Cue::State { state } => out.name("state").text(state),
        Cue::Reaction(r) => {
            out.name("animation").text(&r.animation).name("emotion").text(&r.emotion);
            out.name("expression").text(&r.expression).name("intensity").hundredths(r.intensity.as_unit())
        }
    };
    out.close();
    let named = match sharing {
        Sharing::Everybody => None,
        Sharing::Playthrough(id) => Some((api::Strategy::PerPlaythrough, "playthrough_id", id)),
        Sharing::Player(id) => Some((api::Strategy::PerPlayer, "player_id", id)),
        Sharing::Nobody(nonce) => Some((api::Strategy::Always, "nonce", nonce)),
    };
    if let Some((strategy, name, id)) = named {
        out.name("strategy").text(strategy.as_str());
        out.name("player_context").open().name(name).text(id).close();
    }
    if let Some(priority) = manner.priority {
        out.name("priority").whole(priority.into());
    }
    out.name("speculative").flag(manner.speculative).close();
    out.into_string()
}

#[cfg(test)]
mod tests;
