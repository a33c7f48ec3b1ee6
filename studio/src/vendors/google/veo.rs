//! What Veo's `predictLongRunning` is asked, read and checked, and the documents of its operations.

use serde_json::{Map, Value, json};

use super::content::{Media, file_id};
use super::error::ApiError;
use super::imagen::one_of;
use super::json::{self, Node};
use super::models::Veo;
use super::safety::VEO_REASON;

/// Frames a second of every clip.
pub(super) const FPS: u32 = 24;
/// How much longer a continued clip is, in seconds.
pub(super) const EXTENSION_S: u32 = 7;
/// The longest clip that can be continued, in seconds.
pub(super) const LONGEST_S: u32 = 141;
/// Where the addresses of results point: the SDKs cut the id out and ask the host they were told of.
const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/files/";
/// The longest prompt, in characters: 1024 tokens of four.
const LONGEST_PROMPT: usize = 4_096;

const PARAMETERS: &[&str] = &[
    "sampleCount",
    "durationSeconds",
    "aspectRatio",
    "resolution",
    "personGeneration",
    "negativePrompt",
    "enhancePrompt",
    "seed",
];

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// What to show.
    pub(super) prompt: String,
    /// What to start with.
    pub(super) image: Option<Media>,
    /// What to end with.
    pub(super) last: Option<Media>,
    /// What to stay close to.
    pub(super) references: Vec<Media>,
    /// The clip that is continued.
    pub(super) video: Option<Media>,
    /// Width and height in px.
    pub(super) size: [u32; 2],
    /// Length in seconds; of a continuation the part that is new.
    pub(super) seconds: u32,
    /// The seed.
    pub(super) seed: Option<u32>,
}

impl Ask {
    /// Reads a body for this model.
    ///
    /// # Errors
    /// With what is wrong, as Google says it.
    pub(super) fn read(model: &Veo, bytes: &[u8]) -> Result<Self, ApiError> {
        let body = json::body(bytes)?;
        let root = Node::new(&body, "");
        root.only(&["instances", "parameters", "webhookConfig"])?;
        let [instance] = root.list("instances")? else {
            return Err(ApiError::invalid("Exactly one instance is expected."));
        };
        let instance = instance.as_object().ok_or_else(|| ApiError::invalid("An instance is an object."))?;
        let empty = Map::new();
        let parameters = root.object("parameters")?.unwrap_or(&empty);
        let mut ask = Self::read_instance(model, &Node::new(instance, "instances[0]"))?;
        ask.read_parameters(&Node::new(parameters, "parameters"))?;
        Ok(ask)
    }

    fn read_instance(model: &Veo, instance: &Node<'_>) -> Result<Self, ApiError> {
        let known = [
            ("prompt", true),
            ("image", true),
            ("lastFrame", model.last_frame),
            ("referenceImages", model.references),
            ("video", model.extends),
        ];
        if let Some(other) =
            instance.names().find(|name| !known.iter().any(|(known, can)| known == name && *can))
        {
            return Err(ApiError::unsupported(other));
        }
        let prompt = instance.text("prompt")?.unwrap_or_default();
        let image = instance.object("image")?.map(picture).transpose()?;
        let last = instance.object("lastFrame")?.map(picture).transpose()?;
        let video = instance.object("video")?.map(clip).transpose()?;
        if prompt.trim().is_empty() && image.is_none() && video.is_none() {
            return Err(ApiError::invalid("At least one of prompt, image or video is required."));
        }
        if prompt.chars().count() > LONGEST_PROMPT {
            return Err(ApiError::invalid("The prompt is longer than 1024 tokens."));
        }
        if last.is_some() && image.is_none() {
            return Err(ApiError::invalid("`lastFrame` needs `image`."));
        }
        if video.is_some() && image.is_some() {
            return Err(ApiError::invalid("`image` and `video` cannot be combined."));
        }
        let mut references = Vec::new();
        for reference in instance.list("referenceImages")? {
            let reference =
                reference.as_object().ok_or_else(|| ApiError::invalid("A reference image is an object."))?;
            let reference = Node::new(reference, "referenceImages");
            if let Some(other) = reference.names().find(|name| !["image", "referenceType"].contains(name)) {
                return Err(ApiError::unsupported(other));
            }
            one_of(&reference, "referenceType", &["asset"])?;
            let image = reference
                .object("image")?
                .ok_or_else(|| ApiError::invalid("A reference image has an image."))?;
            references.push(picture(image)?);
        }
        if references.len() > 3 {
            return Err(ApiError::invalid("At most 3 reference images are supported."));
        }
        if !references.is_empty() && (image.is_some() || video.is_some()) {
            return Err(ApiError::invalid("`referenceImages` cannot be combined with `image` or `video`."));
        }
        let prompt = prompt.to_owned();
        Ok(Self { prompt, image, last, references, video, size: [1280, 720], seconds: 8, seed: None })
    }

    fn read_parameters(&mut self, parameters: &Node<'_>) -> Result<(), ApiError> {
        if let Some(other) = parameters.names().find(|name| !PARAMETERS.contains(name)) {
            return Err(ApiError::unsupported(other));
        }
        if parameters.get("durationSeconds").is_some_and(|value| !value.is_number()) {
            return Err(ApiError::invalid("The value type for `durationSeconds` needs to be a number."));
        }
        let seconds = parameters.whole("durationSeconds")?.unwrap_or(8);
        if !(4..=8).contains(&seconds) {
            return Err(ApiError::out_of_bound("durationSeconds", 4, 8));
        }
        if ![4, 6, 8].contains(&seconds) {
            return Err(ApiError::invalid(format!(
                "Unsupported output video duration {seconds} seconds, supported durations are [8,4,6]."
            )));
        }
        if parameters.whole("sampleCount")?.is_some_and(|count| count != 1) {
            return Err(ApiError::out_of_bound("sampleCount", 1, 1));
        }
        let ratio = parameters.text("aspectRatio")?.unwrap_or("16:9");
        let resolution = parameters.text("resolution")?.unwrap_or("720p");
        let wide = match resolution {
            "720p" => [1280, 720],
            "1080p" => [1920, 1080],
            other => {
                return Err(ApiError::invalid(format!(
                    "The resolution {other} is not supported; 720p or 1080p."
                )));
            }
        };
        self.size = match ratio {
            "16:9" => wide,
            "9:16" => [wide[1], wide[0]],
            other => {
                return Err(ApiError::invalid(format!(
                    "The aspect ratio {other} is not supported; 16:9 or 9:16."
                )));
            }
        };
        let must_be_8 = resolution != "720p"
            || !self.references.is_empty()
            || self.video.is_some()
            || self.last.is_some();
        if must_be_8 && seconds != 8 {
            return Err(ApiError::invalid(
                "`durationSeconds` must be 8 with this resolution, with `lastFrame`, `referenceImages` or `video`.",
            ));
        }
        if self.video.is_some() && resolution != "720p" {
            return Err(ApiError::invalid("A video is continued at 720p only."));
        }
        let seen = self.image.is_some() || !self.references.is_empty();
        // With a picture only adults; without one everybody too, except where the law has it otherwise.
        one_of(
            parameters,
            "personGeneration",
            if seen { &["allow_adult"] } else { &["allow_all", "allow_adult"] },
        )?;
        if parameters.text("negativePrompt")?.is_some_and(|words| words.chars().count() > LONGEST_PROMPT) {
            return Err(ApiError::invalid("The negative prompt is longer than 1024 tokens."));
        }
        if parameters.truth("enhancePrompt")? == Some(false) {
            return Err(ApiError::invalid("Veo 3 prompt enhancement cannot be disabled."));
        }
        if let Some(seed) = parameters.whole("seed")? {
            self.seed = Some(
                u32::try_from(seed).map_err(|_| ApiError::out_of_bound("seed", 0, i64::from(u32::MAX)))?,
            );
        }
        self.seconds = if self.video.is_some() { EXTENSION_S } else { u32::try_from(seconds).unwrap_or(8) };
        Ok(())
    }

    /// The words that decide what is drawn and whether it may be.
    pub(super) fn words(&self) -> &str {
        &self.prompt
    }
}

/// A picture, in the shape that the SDKs send or in that of some of Google's pages.
fn picture(map: &Map<String, Value>) -> Result<Media, ApiError> {
    let node = Node::new(map, "image");
    if let Some(inner) = node.object("inlineData")? {
        let inner = Node::new(inner, "inlineData");
        return bytes(&inner, "data", &["mimeType", "data"]);
    }
    bytes(&node, "bytesBase64Encoded", &["bytesBase64Encoded", "mimeType"])
}

fn bytes(node: &Node<'_>, name: &str, known: &[&str]) -> Result<Media, ApiError> {
    if let Some(other) = node.names().find(|name| !known.contains(name)) {
        return Err(ApiError::unsupported(other));
    }
    let kind = node.text("mimeType")?.unwrap_or_default();
    if !["image/png", "image/jpeg", "image/webp"].contains(&kind) {
        return Err(ApiError::invalid(format!("Unsupported MIME type for an image: {kind:?}.")));
    }
    let bytes = node
        .text(name)?
        .and_then(json::bytes)
        .ok_or_else(|| ApiError::invalid("Provided image is not valid."))?;
    Ok(Media::Inline(kind.to_owned(), bytes))
}

/// A clip to go on from: one that was made here before, or its bytes.
fn clip(map: &Map<String, Value>) -> Result<Media, ApiError> {
    let node = Node::new(map, "video");
    if let Some(other) = node.names().find(|name| !["uri", "encodedVideo", "encoding"].contains(name)) {
        return Err(ApiError::unsupported(other));
    }
    if let Some(bytes) = node.text("encodedVideo")? {
        let bytes = json::bytes(bytes).filter(|bytes| bytes.get(4..8) == Some(b"ftyp"));
        let bytes = bytes.ok_or_else(|| ApiError::invalid("Provided video is not valid."))?;
        return match node.text("encoding")? {
            Some("video/mp4") => Ok(Media::Inline("video/mp4".to_owned(), bytes)),
            other => Err(ApiError::invalid(format!("Unsupported encoding of a video: {other:?}."))),
        };
    }
    let id = node.text("uri")?.and_then(file_id);
    let id =
        id.ok_or_else(|| ApiError::invalid("A video to continue is one that was made here: give its uri."))?;
    Ok(Media::File(id.to_owned()))
}

/// Where a result is fetched.
pub(super) fn address(file: &str) -> String {
    format!("{FILES}{file}:download?alt=media")
}

/// How an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It goes on.
    Pending,
    /// It has ended with this file.
    Done(String),
    /// It has ended, and the filters left the clip out.
    Filtered,
    /// It has failed: a code of gRPC and a sentence.
    Failed(u32, String),
}

/// The document of an operation.
pub(super) fn operation(name: &str, state: &State) -> Value {
    let done = |response: Value| {
        json!({
            "name": name,
            "done": true,
            "response": {
                "@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse",
                "generateVideoResponse": response,
            },
        })
    };
    match state {
        State::Pending => json!({ "name": name }),
        State::Done(file) => done(json!({ "generatedSamples": [{ "video": { "uri": address(file) } }] })),
        State::Filtered => {
            done(json!({ "raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [VEO_REASON] }))
        }
        State::Failed(code, message) => {
            json!({ "name": name, "done": true, "error": { "code": code, "message": message } })
        }
    }
}

#[cfg(test)]
mod tests;
