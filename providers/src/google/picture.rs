//! Google's picture models: Gemini's, which answer a conversation with a picture in it, and Imagen, which
//! predicts. Both answer at once, and both withhold pictures behind a status of success.

use cuelight_core::order::{Order, Role};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::MAX_PICTURE;
use crate::material::picture;
use crate::{Answer, Brief, Made, ProviderError, hostile, wire};

/// Largest seed that Gemini takes: its field has 31 bits and a sign.
const MAX_SEED: u32 = 2_147_483_647;
/// The reasons to finish that are no refusal: all others withhold what was made.
const USUAL: [&str; 4] = ["", "STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED"];

/// What Gemini is told: the words, then the pictures they are about.
pub(crate) fn conversation(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let mut parts = vec![json!({"text": words(order)})];
    for role in [Role::Image, Role::EndImage] {
        if let Some(picture) = picture(brief, role)? {
            let data = json!({"mimeType": picture.media_type(), "data": picture.base64()});
            parts.push(json!({"inlineData": data}));
        }
    }
    let mut config = Map::from_iter([("responseModalities".to_owned(), json!(["TEXT", "IMAGE"]))]);
    if let Some(seed) = seed(order) {
        config.insert("seed".into(), json!(seed));
    }
    let mut image = Map::new();
    for (member, value) in [("aspectRatio", &order.aspect_ratio), ("imageSize", &order.resolution)] {
        if let Some(value) = value {
            image.insert(member.into(), json!(value));
        }
    }
    if !image.is_empty() {
        config.insert("imageConfig".into(), image.into());
    }
    Ok(json!({"contents": [{"role": "user", "parts": parts}], "generationConfig": config}))
}

/// Gemini has no field for what to avoid, but understands it.
fn words(order: &Order) -> String {
    match (order.prompt.as_str(), order.negative_prompt.as_str()) {
        (prompt, "") => prompt.to_owned(),
        (prompt, avoid) => format!("{prompt}\nAvoid: {avoid}"),
    }
}

/// The seed that Gemini is told for the order's, folded into what it takes.
fn seed(order: &Order) -> Option<u32> {
    order.seed.map(|seed| seed & MAX_SEED)
}

/// What Imagen is told.
pub(crate) fn prediction(order: &Order) -> Value {
    let mut parameters = json!({
        "sampleCount": 1,
        "includeRaiReason": true,
        "outputOptions": {"mimeType": "image/png"},
    });
    for (member, value) in [("aspectRatio", &order.aspect_ratio), ("sampleImageSize", &order.resolution)] {
        if let Some(value) = value {
            parameters[member] = json!(value);
        }
    }
    json!({"instances": [{"prompt": order.prompt}], "parameters": parameters})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default, alias = "prompt_feedback")]
    prompt_feedback: Option<Feedback>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default, alias = "finish_reason")]
    finish_reason: String,
    #[serde(default, alias = "finish_message")]
    finish_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default, alias = "block_reason")]
    block_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default, alias = "inline_data")]
    inline_data: Option<Inline>,
    #[serde(default)]
    text: Option<String>,
    /// A picture made on the way to the result, which is not it.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
struct Inline {
    data: String,
}

/// The picture in Gemini's answer.
pub(crate) fn spoken(order: &Order, answer: &Answer, key: &str) -> Result<Made, ProviderError> {
    let Spoken { candidates, prompt_feedback } = wire::parse(answer, MAX_PICTURE).map_err(wire::unclear)?;
    if let Some(reason) = prompt_feedback.and_then(|feedback| feedback.block_reason) {
        return Err(refused(&reason, key));
    }
    let Some(candidate) = candidates.into_iter().next() else {
        return Err(ProviderError::Failed("the answer holds no candidate".into()));
    };
    let parts = candidate.content.map(|content| content.parts).unwrap_or_default();
    if let Some(picture) =
        parts.iter().filter(|part| !part.thought).find_map(|part| part.inline_data.as_ref())
    {
        return Ok(wire::decoded(&picture.data, seed(order)));
    }
    if !USUAL.contains(&candidate.finish_reason.as_str()) {
        return Err(refused(candidate.finish_message.as_deref().unwrap_or(&candidate.finish_reason), key));
    }
    // It talked instead of drawing.
    let said = parts.iter().find_map(|part| part.text.as_deref()).unwrap_or("nothing");
    Err(ProviderError::Failed(hostile::text(&format!("no picture came, but: {said}"), key)))
}

#[derive(Deserialize)]
struct Predicted {
    #[serde(default)]
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prediction {
    #[serde(default)]
    bytes_base64_encoded: Option<String>,
    #[serde(default)]
    rai_filtered_reason: Option<String>,
}

/// The picture in Imagen's answer. An empty one is how it filters without saying so.
pub(crate) fn predicted(answer: &Answer, key: &str) -> Result<Made, ProviderError> {
    let Predicted { predictions } = wire::parse(answer, MAX_PICTURE).map_err(wire::unclear)?;
    let mut reason = None;
    for prediction in predictions {
        if let Some(picture) = prediction.bytes_base64_encoded {
            return Ok(wire::decoded(&picture, None));
        }
        reason = reason.or(prediction.rai_filtered_reason);
    }
    Err(refused(
        reason.as_deref().unwrap_or("the answer holds no picture, which is how Imagen withholds one"),
        key,
    ))
}

fn refused(reason: &str, key: &str) -> ProviderError {
    ProviderError::ContentRefused { message: hostile::text(reason, key) }
}
