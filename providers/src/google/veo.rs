//! Veo: a clip as a long-running operation. What it is told, how its operations and files are named, and
//! what it says when one is done. A result is the id of a file, never an address that Google chose.

use cuelight_core::order::Role;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use crate::material::{Picture, field, invalid, picture};
use crate::{Brief, Output, Progress, ProviderError, hostile};

/// Longest name of an operation, in bytes.
const MAX_NAME: usize = 512;
/// Longest id of a file, in bytes. Those seen have twelve.
const MAX_FILE: usize = 64;

/// What the model is told.
pub(crate) fn order(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let mut instance = Map::from_iter([("prompt".to_owned(), json!(order.prompt))]);
    for (member, role) in [("image", Role::Image), ("lastFrame", Role::EndImage)] {
        if let Some(picture) = picture(brief, role)? {
            instance.insert(member.into(), encoded(&picture));
        }
    }
    if let Some(video) = brief.material(Role::Video) {
        let bytes = data_encoding::BASE64.encode(&video.bytes);
        instance.insert("video".into(), json!({"encodedVideo": bytes, "encoding": "video/mp4"}));
    } else if order.input(Role::Video).is_some() {
        return Err(ProviderError::Fatal(format!(
            "the bytes of the order's {} are missing",
            field(Role::Video)
        )));
    }
    let mut parameters = Map::from_iter([("sampleCount".to_owned(), json!(1))]);
    if let Some(duration) = order.duration_ms {
        if !duration.0.is_multiple_of(1_000) {
            return Err(invalid("duration_ms", "the model makes clips of whole seconds"));
        }
        parameters.insert("durationSeconds".into(), json!(duration.0 / 1_000));
    }
    for (member, value) in [("aspectRatio", &order.aspect_ratio), ("resolution", &order.resolution)] {
        if let Some(value) = value {
            parameters.insert(member.into(), json!(value));
        }
    }
    if !order.negative_prompt.is_empty() {
        parameters.insert("negativePrompt".into(), json!(order.negative_prompt));
    }
    Ok(json!({"instances": [instance], "parameters": parameters}))
}

fn encoded(picture: &Picture<'_>) -> Value {
    json!({"bytesBase64Encoded": picture.base64(), "mimeType": picture.media_type()})
}

/// The four parts of an operation's name, `models/MODEL/operations/ID`; `None` for another.
pub(crate) fn name(name: &str) -> Option<[&str; 4]> {
    let parts: [&str; 4] = name.split('/').collect::<Vec<_>>().try_into().ok()?;
    let [models, model, operations, id] = parts;
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && !part.bytes().all(|b| b == b'.')
    };
    let fits = name.len() <= MAX_NAME
        && models == "models"
        && operations == "operations"
        && plain(model)
        && plain(id);
    fits.then_some(parts)
}

/// The id of the file that an address of Google's leads to: `files/ID`, of lower-case letters and digits.
pub(crate) fn file(uri: &str) -> Option<&str> {
    let (_, behind) = uri.rsplit_once("files/")?;
    let id = behind.split([':', '?', '/']).next()?;
    let fits = (1..=MAX_FILE).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    fits.then_some(id)
}

/// What Google says of an operation.
#[derive(Deserialize)]
pub(crate) struct Operation {
    /// Its name.
    pub(crate) name: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    error: Option<Fault>,
    #[serde(default)]
    response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    generate_video_response: Option<Videos>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Videos {
    #[serde(default)]
    generated_samples: Vec<Sample>,
    #[serde(default)]
    rai_media_filtered_count: u64,
    #[serde(default)]
    rai_media_filtered_reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    video: Option<Video>,
}

#[derive(Deserialize)]
struct Video {
    #[serde(default)]
    uri: String,
}

impl Operation {
    /// How far it is.
    pub(crate) fn progress(self, asked: &str, key: &str) -> Result<Progress, ProviderError> {
        if self.name != asked {
            return Err(ProviderError::Transient("Google answered for another operation".into()));
        }
        if !self.done {
            return Ok(Progress::Running { progress: 0.0, estimate_ms: None });
        }
        if let Some(fault) = self.error {
            return Err(fault.ended(key));
        }
        let videos = self.response.and_then(|response| response.generate_video_response);
        let Some(videos) = videos else {
            return Err(ProviderError::Failed("the operation ended without a clip".into()));
        };
        let uri = videos.generated_samples.into_iter().find_map(|sample| sample.video).map(|video| video.uri);
        match uri {
            Some(uri) => {
                let id = file(&uri).ok_or_else(|| {
                    ProviderError::Fatal("Google's clip is at an address that is not its own".into())
                })?;
                let url = format!("files/{id}");
                Ok(Progress::Succeeded(Output { url, ..Output::default() }))
            }
            None if videos.rai_media_filtered_count > 0 || !videos.rai_media_filtered_reasons.is_empty() => {
                let reason = videos.rai_media_filtered_reasons.first().map_or("filtered", String::as_str);
                Err(ProviderError::ContentRefused { message: hostile::text(reason, key) })
            }
            None => Err(ProviderError::Failed("the operation ended without a clip".into())),
        }
    }
}
