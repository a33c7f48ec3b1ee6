//! Judges what a caller uploads by its bytes, never by its name or label: a picture, sound or a clip of
//! an allowed size. Servers only; no page reaches it.

mod sound;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::media;
use crate::order::Asset;
use crate::units::Millis;

/// The largest picture, in bytes.
pub const MAX_PICTURE_BYTES: usize = 5 * 1024 * 1024;
/// The largest sound, in bytes.
pub const MAX_SOUND_BYTES: usize = 15 * 1024 * 1024;
/// The largest clip, in bytes.
pub const MAX_CLIP_BYTES: usize = 20 * 1024 * 1024;
/// The largest body of an upload: a clip, and the lines around it in a form.
pub const MAX_UPLOAD_BYTES: usize = MAX_CLIP_BYTES + 16 * 1024;
/// The least width and height of a picture that something is made from, in px.
pub const LEAST_PICTURE_PX: u32 = 512;
/// The same of a mask, which is only looked up.
pub const LEAST_MASK_PX: u32 = 64;
/// The greatest width and height of a picture, in px: decoded it still fits into a worker's memory.
pub const MOST_PX: u32 = 4_096;

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Something is made from it.
    #[default]
    Source,
    /// It says where something may change.
    Mask,
}

impl Purpose {
    /// The purpose with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "source" => Some(Self::Source),
            "mask" => Some(Self::Mask),
            _ => None,
        }
    }
}

/// What an upload is told to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Upload {
    /// Its name in requests: lower-case hex of its SHA-256.
    pub asset: String,
    /// Its media type, found in the bytes.
    pub media_type: String,
    /// How many there are.
    pub bytes: u64,
    /// Width in px, of a picture or a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in px, of a picture or a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Length in milliseconds, of sound or a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
}

impl From<Asset> for Upload {
    fn from(asset: Asset) -> Self {
        let [width, height] = asset.size.map_or([None, None], |size| size.map(Some));
        Self {
            asset: asset.sha256,
            media_type: asset.media_type,
            bytes: asset.bytes,
            width,
            height,
            duration_ms: asset.duration_ms,
        }
    }
}

/// Why an upload is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// None of the kinds that are taken.
    #[error("It is no PNG, JPEG, WAV, MP3 or MP4 file; what it is called does not matter.")]
    Unknown,
    /// One of them, and broken.
    #[error("It is a broken file: {0}.")]
    Broken(String),
    /// Too many bytes for what it is.
    #[error("It has more than {} MB, the most for {what}.", most / (1024 * 1024))]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The most there may be.
        most: usize,
    },
    /// A picture that is too small or too large.
    #[error("It is {0}x{1} px; each side must have {2} to {3}.")]
    Size(u32, u32, u32, u32),
}

/// What `bytes`, whose SHA-256 in lower-case hex is `sha256`, are.
///
/// # Errors
/// They are nothing that is taken.
pub fn judge(bytes: &[u8], sha256: &str, purpose: Purpose) -> Result<Asset, AssetError> {
    let asset = |media_type: &str, size, duration_ms| Asset {
        sha256: sha256.to_owned(),
        media_type: media_type.to_owned(),
        bytes: bytes.len() as u64,
        size,
        duration_ms,
    };
    let within =
        |what, most| if bytes.len() > most { Err(AssetError::TooLarge { what, most }) } else { Ok(()) };
    // WebP is left out: not every vendor takes it.
    if media::begins_as_picture(bytes) && !bytes.starts_with(b"RIFF") {
        within("a picture", MAX_PICTURE_BYTES)?;
        let picture = media::inspect_picture(bytes).map_err(|error| AssetError::Broken(error.to_string()))?;
        let least = if purpose == Purpose::Mask { LEAST_MASK_PX } else { LEAST_PICTURE_PX };
        let (width, height) = (picture.width, picture.height);
        if [width, height].iter().any(|side| !(least..=MOST_PX).contains(side)) {
            return Err(AssetError::Size(width, height, least, MOST_PX));
        }
        return Ok(asset(picture.content_type, Some([width, height]), None));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        within("a clip", MAX_CLIP_BYTES)?;
        let clip = media::inspect(bytes).map_err(|error| AssetError::Broken(error.to_string()))?;
        return Ok(asset(clip.content_type, Some([clip.width, clip.height]), Some(clip.duration)));
    }
    let sound = sound::inspect(bytes).ok_or(AssetError::Unknown)?;
    within("sound", MAX_SOUND_BYTES)?;
    let duration = sound.duration.ok_or_else(|| AssetError::Broken("it has no sound in it".to_owned()))?;
    Ok(asset(sound.media_type, None, Some(duration)))
}
