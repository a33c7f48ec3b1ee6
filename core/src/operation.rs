//! The only code that makes a request valid: defaults filled, presets expanded, numbers normal,
//! text NFC and trimmed, unknown fields refused, and every wrong field reported at once.
//!
//! A [`ClipSpec`] is only ever made here, so a key cannot be computed from an unchecked request. What a
//! page asks for itself takes a shorter way ([`own`]), which the tests hold against this one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Fallback, Strategy};
use crate::catalog;
use crate::character::Character;
use crate::cue::Cue;
use crate::order::Role;
use crate::problem::{FieldCode, FieldError};
use crate::units::Millis;

mod address;
mod choice;
pub(crate) mod fields;
mod look;
mod media;
pub mod own;
mod params;
mod preview;
mod routing;
mod spec;
mod subject;

pub use choice::{Choice, Considered, LaneHealth, Surroundings};
use fields::Fields;
pub use media::assets_named;
pub use spec::Spec;
pub use subject::Subject;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A clip of one catalogue state, for a widget.
    StateClip,
    /// A clip of a game character's reaction.
    NpcResponse,
    /// A picture from words.
    TextToImage,
    /// A picture from a picture.
    ImageVariation,
    /// A picture of two people who call each other, side by side.
    CallImage,
    /// A clip from words.
    TextToVideo,
    /// A clip that begins with a picture.
    ImageToVideo,
    /// A clip that goes on where another ends.
    VideoExtend,
    /// A clip from one picture to another.
    VideoTransition,
    /// Several pictures made one.
    Fusion,
    /// A clip of a picture that speaks.
    TalkingAvatar,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::StateClip,
        Self::NpcResponse,
        Self::TextToImage,
        Self::ImageVariation,
        Self::CallImage,
        Self::TextToVideo,
        Self::ImageToVideo,
        Self::VideoExtend,
        Self::VideoTransition,
        Self::Fusion,
        Self::TalkingAvatar,
    ];
    /// Those that a page asks for: clips of a character.
    pub const OF_PAGES: [Self; 2] = [Self::StateClip, Self::NpcResponse];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StateClip => "state_clip",
            Self::NpcResponse => "npc_response",
            Self::TextToImage => "text_to_image",
            Self::ImageVariation => "image_variation",
            Self::CallImage => "call_image",
            Self::TextToVideo => "text_to_video",
            Self::ImageToVideo => "image_to_video",
            Self::VideoExtend => "video_extend",
            Self::VideoTransition => "video_transition",
            Self::Fusion => "fusion",
            Self::TalkingAvatar => "talking_avatar",
        }
    }

    /// The wire name of an operation of a page. Apart from [`Self::as_str`], so that no page downloads
    /// the names of the others.
    pub(crate) const fn page_name(self) -> &'static str {
        match self {
            Self::NpcResponse => "npc_response",
            _ => "state_clip",
        }
    }

    /// Whether it makes a clip of a character in a state or in a mood.
    #[must_use]
    pub const fn is_of_pages(self) -> bool {
        matches!(self, Self::StateClip | Self::NpcResponse)
    }

    /// What it cannot do without, whichever model serves it.
    #[must_use]
    pub const fn needs(self) -> &'static [Role] {
        match self {
            Self::StateClip | Self::NpcResponse | Self::TextToImage | Self::CallImage | Self::TextToVideo => {
                &[]
            }
            Self::ImageVariation | Self::ImageToVideo => &[Role::Image],
            Self::VideoExtend => &[Role::Video],
            Self::VideoTransition | Self::Fusion => &[Role::Image, Role::EndImage],
            Self::TalkingAvatar => &[Role::Image, Role::Audio],
        }
    }
}

/// A checked, complete description of one clip. Everything in it changes the picture, except
/// [`Character::name`], which is empty here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipSpec {
    /// What is generated.
    pub operation: Operation,
    /// By which model of the catalogue.
    pub model: String,
    /// Of whom.
    pub character: Character,
    /// Doing what.
    pub cue: Cue,
    /// The full prompt.
    pub prompt: String,
    /// What to avoid; may be empty.
    pub negative_prompt: String,
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Denoising steps.
    pub steps: u32,
    /// Classifier-free guidance scale, in hundredths steps.
    pub cfg: f64,
    /// Length in milliseconds.
    pub duration_ms: Millis,
    /// The seed.
    pub seed: u32,
}

impl ClipSpec {
    /// How many frames the clip has: duration times rate, rounded, at least one.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let frames = (self.duration_ms.0 * u64::from(self.fps) + 500) / 1000;
        u32::try_from(frames.max(1)).unwrap_or(u32::MAX)
    }

    /// Who makes it: the provider of the model, while the catalogue has the model.
    #[must_use]
    pub fn provider(&self) -> Option<&'static str> {
        catalog::models().model(&self.model).map(|model| model.provider.as_str())
    }
}

/// Who shares a clip, from the strategy and the caller's own `cache_key`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Set for `per_playthrough`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playthrough: Option<String>,
    /// Set for `per_player`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
    /// Set for `always`: a fresh one for every request, drawn by the caller or else by the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The caller's own part, whatever the strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<String>,
    /// Kept out of what others are shown, whatever the strategy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// What a caller wants shown until there is a clip. We pass it on and never load it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultContent {
    /// An absolute `https` address, or a path that starts with one `/`.
    pub url: String,
    /// Its media type, if the caller says.
    pub content_type: Option<String>,
}

/// A checked `POST /jobs` body.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidJob {
    /// What to make.
    pub spec: Spec,
    /// Of whom, doing what, where a character is asked for.
    pub subject: Option<Subject>,
    /// What to make where that cannot be made, best first: the same by other models.
    pub stand_ins: Vec<Spec>,
    /// Which model makes it and why. Absent where there was nothing to choose.
    pub choice: Option<Choice>,
    /// What the caller is told of the model: that it ended and another serves.
    pub model_note: Option<String>,
    /// Who shares it.
    pub scope: Scope,
    /// 0 to 20, higher first.
    pub priority: u8,
    /// How widely a clip is shared.
    pub strategy: Strategy,
    /// What to show meanwhile: the caller's choices, best first. At least one, none twice.
    pub fallbacks: Vec<Fallback>,
    /// What `default_content` stands for; there whenever it is among the fallbacks.
    pub default_content: Option<DefaultContent>,
    /// Asked for ahead of need.
    pub speculative: bool,
    /// The clip to make first, where the caller asked for one in less quality and there is less.
    pub preview: Option<ClipSpec>,
    /// Where to tell how it ended: `https`, or `http` on this machine; no user, no password.
    pub webhook: Option<String>,
    /// Whether the request holds words of the caller's own that no menu lists: a token of a page
    /// may not send any.
    pub free_text: bool,
}

/// The priority of a request that names none.
pub const DEFAULT_PRIORITY: u8 = 10;
/// The intensity of a reaction that names none, 0 to 1.
pub const USUAL_INTENSITY: f64 = 0.5;
/// The highest priority.
pub const MAX_PRIORITY: u8 = 20;
/// Longest name of a model, in characters.
pub const MAX_MODEL_CHARS: usize = 128;
/// Longest `prompt` and `negative_prompt`, in characters.
pub const MAX_PROMPT_CHARS: usize = 1000;
/// Longest expression, emotion or animation, in characters.
pub const MAX_WORD_CHARS: usize = 40;
/// Longest address that a caller names, in characters.
pub const MAX_URL_CHARS: usize = 2_000;
/// Longest name of a character, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest media type that a caller names, in characters.
pub const MAX_MEDIA_TYPE_CHARS: usize = 100;
/// Most denoising steps.
pub const MAX_STEPS: u64 = 100;
/// Largest classifier-free guidance scale.
pub const MAX_CFG: f64 = 30.0;
/// Inputs of models that know no characters. Games send them empty, which asks for nothing.
pub const INPUTS_OF_MEDIA: [&str; 5] = ["npc_base_image", "base_image", "loras", "audio", "mask"];
/// Most models that stand in for the one that was chosen.
const MAX_STAND_INS: usize = 3;
/// Longest id that a caller chooses (player, playthrough, cache key, character), in characters.
pub const MAX_ID_CHARS: usize = 64;
/// Shortest nonce that a caller draws, in characters: 64 bits in hexadecimal, too many to meet by chance.
pub const MIN_NONCE_CHARS: usize = 16;

/// Checks the body of `POST /jobs` where nothing was uploaded and every lane is healthy. `nonce` is fresh
/// randomness from the shell, for the `always` strategy of a caller that draws none.
///
/// # Errors
/// Every wrong field, in the order of the fields.
pub fn validate(body: &Value, nonce: &str) -> Result<ValidJob, Vec<FieldError>> {
    validate_in(body, nonce, &Surroundings::default())
}

/// Checks the body of `POST /jobs`, see [`assets_named`] for what to look up beforehand.
///
/// # Errors
/// Every wrong field, in the order of the fields.
pub fn validate_in(
    body: &Value,
    nonce: &str,
    around: &Surroundings<'_>,
) -> Result<ValidJob, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut root = Fields::new(body, String::new(), &mut errors);

    let operation = root.choice("operation_type", &Operation::ALL, |o| o.as_str(), None);
    let provider = root.text("provider_id", 1, MAX_ID_CHARS);
    let model = root.text("model", 1, MAX_MODEL_CHARS);
    let priority = root
        .whole("priority", 0, u64::from(MAX_PRIORITY))
        .map_or(DEFAULT_PRIORITY, |p| u8::try_from(p).unwrap_or(MAX_PRIORITY));
    let strategy = root.choice("strategy", &Strategy::ALL, |s| s.as_str(), Some(Strategy::Once));
    // A clip of another cue, or a still, surprises a caller that has not asked for it: `cached`
    // and `freeze` are chosen, the placeholder is given.
    let fallbacks = root.choices("fallback", &Fallback::ALL, |f| f.as_str(), Fallback::Placeholder);
    let default_content = address::default_content(&mut root);
    if fallbacks.contains(&Fallback::DefaultContent) && default_content.is_none() {
        root.require("default_content", "the url that the fallback default_content shows");
    }
    let webhook = address::webhook(&mut root);
    let cache_key = root.text("cache_key", 1, MAX_ID_CHARS);
    let speculative = root.flag("speculative").unwrap_or(false);
    let progressive = root.flag("progressive").unwrap_or(false);
    let private = root.flag("private").unwrap_or(false);
    let context = root.take("player_context");
    let params = root.take("params");
    root.refuse_the_rest();

    let scope = Scope { private, ..scope(strategy, context, cache_key, nonce, &mut errors) };
    let wanted = routing::Wanted { provider: provider.as_deref(), model: model.as_deref(), params };
    let route = operation.and_then(|operation| routing::route(operation, &wanted, around, &mut errors));

    let Some(params) = params else {
        errors.push(FieldError {
            pointer: "/params".into(),
            code: FieldCode::Required,
            detail: "an object with the operation's parameters".into(),
        });
        return Err(errors);
    };
    // Without an operation or a model there is nothing to check the parameters against.
    let Some((operation, route)) = operation.zip(route) else {
        // Still, what is no object at all is told.
        let _ = Fields::new(params, "/params".into(), &mut errors);
        return Err(errors);
    };
    let made = route.read(operation, params, around, progressive, &mut errors);
    match (made, strategy) {
        (Some(made), Some(strategy)) if errors.is_empty() => Ok(ValidJob {
            spec: made.spec,
            subject: made.subject,
            stand_ins: made.stand_ins,
            choice: made.choice,
            model_note: made.note,
            preview: made.preview,
            scope,
            priority,
            strategy,
            fallbacks,
            default_content,
            speculative,
            webhook,
            free_text: made.free_text,
        }),
        _ => Err(errors),
    }
}

fn scope(
    strategy: Option<Strategy>,
    context: Option<&Value>,
    cache_key: Option<String>,
    nonce: &str,
    errors: &mut Vec<FieldError>,
) -> Scope {
    let empty = Value::Object(serde_json::Map::new());
    let mut fields = Fields::new(context.unwrap_or(&empty), "/player_context".into(), errors);
    let player = fields.text("player_id", 1, MAX_ID_CHARS);
    let playthrough = fields.text("playthrough_id", 1, MAX_ID_CHARS);
    // Who draws it knows the clip's address beforehand.
    let drawn = fields.text("nonce", MIN_NONCE_CHARS, MAX_ID_CHARS);
    let mut scope = Scope { cache_key, ..Scope::default() };
    match strategy {
        None | Some(Strategy::Once) => {}
        Some(Strategy::PerPlayer) => {
            if player.is_none() {
                fields.fault("player_id", FieldCode::Required, "the per_player strategy needs it".into());
            }
            scope.player = player;
        }
        Some(Strategy::PerPlaythrough) => {
            if playthrough.is_none() {
                let why = "the per_playthrough strategy needs it".into();
                fields.fault("playthrough_id", FieldCode::Required, why);
            }
            scope.playthrough = playthrough;
        }
        Some(Strategy::Always) => scope.nonce = Some(drawn.unwrap_or_else(|| nonce.to_owned())),
    }
    fields.refuse_the_rest();
    scope
}
