//! What a provider is asked to make: one request shape in front of every model that makes pictures or
//! clips. Data only; [`crate::operation`] makes it, the catalogue says what a model can take of it, and an
//! adapter translates it.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;
use crate::units::Millis;

/// One picture or one clip, as any model can be asked for it. What is `None` is the model's own choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What is generated.
    pub operation: Operation,
    /// By which model of the catalogue.
    pub model: String,
    /// What to make, in words; may be empty where an input says it all.
    pub prompt: String,
    /// What to avoid; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub negative_prompt: String,
    /// What it is made from, no role twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// Width and height in px.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// A vendor's name for a size, for instance `720p`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Width to height, for instance `16:9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
    /// Frames a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<u32>,
    /// Denoising steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// How closely to follow the prompt, in the model's own range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// How closely to follow the image, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// The seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Whether the vendor may rewrite the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_expansion: Option<bool>,
    /// Whether a clip gets sound made by the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<bool>,
    /// Low-rank adaptations to load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loras: Vec<Lora>,
}

impl Order {
    /// The input in this role.
    #[must_use]
    pub fn input(&self, role: Role) -> Option<&Asset> {
        self.inputs.iter().find(|input| input.role == role).map(|input| &input.asset)
    }
}

/// What something is made from, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// As what.
    pub role: Role,
    /// From what.
    pub asset: Asset,
}

/// What an input is to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The picture that is varied, or with which a clip starts.
    Image,
    /// The picture with which a clip ends.
    EndImage,
    /// Where something may change, or who is to speak: white where it applies.
    Mask,
    /// What is spoken; by the one on the left where there are two.
    Audio,
    /// What the one on the right says.
    RightAudio,
    /// The clip that is continued.
    Video,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Image, Self::EndImage, Self::Mask, Self::Audio, Self::RightAudio, Self::Video];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::EndImage => "end_image",
            Self::Mask => "mask",
            Self::Audio => "audio",
            Self::RightAudio => "right_audio",
            Self::Video => "video",
        }
    }
}

/// Bytes that a caller has uploaded: named by what they are, so that equal ones are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Lower-case hex of their SHA-256.
    pub sha256: String,
    /// Their media type, found in the bytes themselves.
    pub media_type: String,
    /// How many there are.
    pub bytes: u64,
    /// Width and height in px, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// Length in milliseconds, of sound or a clip, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
}

/// A low-rank adaptation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Its name at the provider.
    pub name: String,
    /// How strongly it applies, 0 to 2.
    pub weight: f64,
}
