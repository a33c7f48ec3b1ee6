//! What a token says its page may do, and whether a request stays within it.

use serde::{Deserialize, Serialize};

use super::AuthError;
use super::origin::Origin;
use crate::cue::{Cue, Intensity, Reaction};
use crate::limiter::Rate;
use crate::operation::{Operation, Subject, ValidJob};
use crate::problem::{FieldCode, FieldError};
use crate::units::{MicroUsd, Millis};

/// The claims of a token. The registered ones are those of RFC 7519, section 4.1. One that we do
/// not know is refused: it might narrow what the token is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    #[serde(rename = "iss")]
    pub issuer: Issuer,
    /// The tenant whose money it spends.
    #[serde(rename = "sub")]
    pub tenant: String,
    /// Names the token, for its budget and for taking it back.
    #[serde(rename = "jti")]
    pub id: String,
    /// When it was issued: whole seconds, as all times in a token.
    #[serde(rename = "iat", with = "numeric_date")]
    pub issued_at: Millis,
    /// When it ends.
    #[serde(rename = "exp", with = "numeric_date")]
    pub expires_at: Millis,
    /// The pages that may use it.
    pub origins: Vec<Origin>,
    /// The ids of the characters it is for; absent, any of the tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<Vec<String>>,
    /// The cues it is for; absent, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cues: Option<Vec<CuePattern>>,
    /// The most that may be spent with it.
    #[serde(rename = "budget_micro_usd")]
    pub budget: MicroUsd,
    /// How often it may ask for a clip; absent, as often as the deployment lets any page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Rate>,
    /// Whether it may ask for private clips.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// The one player it speaks for; absent, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
}

/// Who issues our tokens: always us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Issuer {
    /// `cuelight`.
    Cuelight,
}

/// Which cues are meant: a state by its id, or reactions by their words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CuePattern {
    /// The state with this id.
    State(String),
    /// The reactions that match.
    Reaction(ReactionPattern),
}

/// Which reactions are meant. A word that is absent may be any; with none given, all are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionPattern {
    /// The face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The feeling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emotion: Option<String>,
    /// What the body does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animation: Option<String>,
    /// The strongest that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_intensity: Option<Intensity>,
}

impl ReactionPattern {
    fn has_words_of(&self, reaction: &Reaction) -> bool {
        let fits = |wanted: &Option<String>, word: &String| wanted.as_ref().is_none_or(|w| w == word);
        fits(&self.expression, &reaction.expression)
            && fits(&self.emotion, &reaction.emotion)
            && fits(&self.animation, &reaction.animation)
    }

    fn reaches(&self, intensity: Intensity) -> bool {
        self.max_intensity.is_none_or(|max| intensity <= max)
    }
}

impl Claims {
    /// Whether a page at `origin` may use the token: the value of the request's `Origin` header,
    /// as it came. Without one the answer is no.
    #[must_use]
    pub fn permits_origin(&self, origin: Option<&str>) -> bool {
        origin.is_some_and(|origin| self.origins.iter().any(|known| known.as_str() == origin))
    }

    /// Refuses a clip that the token is not for: another character, cue or player.
    ///
    /// # Errors
    /// [`AuthError::NotCovered`] with every field of the request that goes beyond the token.
    pub fn permits(&self, job: &ValidJob) -> Result<(), AuthError> {
        let mut errors = Vec::new();
        let mut refuse = |pointer: &str, detail: &str| {
            let (pointer, detail) = (pointer.to_owned(), detail.to_owned());
            errors.push(FieldError { pointer, code: FieldCode::UnknownValue, detail });
        };
        let operation = job.spec.operation();
        match &job.subject {
            Some(Subject { character, cue }) => {
                if self.characters.as_ref().is_some_and(|known| !known.contains(&character.id)) {
                    let pointer = match operation {
                        Operation::StateClip => "/params/character",
                        _ => "/params/npc_id",
                    };
                    refuse(pointer, "the token is not for this character");
                }
                if let Some((pointer, detail)) = self.cues.as_ref().and_then(|known| fault_of(cue, known)) {
                    refuse(pointer, detail);
                }
            }
            None => refuse("/operation_type", "a token is for clips of characters; a server asks for others"),
        }
        if let (Some(own), Some(named)) = (&self.player, &job.scope.player)
            && own != named
        {
            refuse("/player_context/player_id", "the token speaks for another player");
        }
        if errors.is_empty() { Ok(()) } else { Err(AuthError::NotCovered(errors)) }
    }
}

/// Why none of the `known` patterns means `cue`, with a pointer to what would have to change.
fn fault_of(cue: &Cue, known: &[CuePattern]) -> Option<(&'static str, &'static str)> {
    match cue {
        Cue::State { state } => {
            let means = |pattern: &CuePattern| matches!(pattern, CuePattern::State(id) if id == state);
            (!known.iter().any(means)).then_some(("/params/state", "the token is not for this state"))
        }
        Cue::Reaction(reaction) => {
            let mut fault = Some(("/params", "the token is not for a reaction of these words"));
            for pattern in known {
                match pattern {
                    CuePattern::Reaction(p) if p.has_words_of(reaction) => {
                        if p.reaches(reaction.intensity) {
                            return None;
                        }
                        fault = Some(("/params/intensity", "the token is for weaker reactions only"));
                    }
                    _ => {}
                }
            }
            fault
        }
    }
}

/// RFC 7519, section 2: seconds since the Unix epoch. Whole ones only, as we issue them.
mod numeric_date {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::units::Millis;

    pub(super) fn serialize<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(at.0 / 1_000)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        u64::deserialize(deserializer).map(|seconds| Millis(seconds.saturating_mul(1_000)))
    }
}
