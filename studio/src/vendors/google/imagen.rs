//! What Imagen's `predict` is asked, read and checked, and the document that answers it.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::json::{self, Node};
use super::models::{self, IMAGEN_RATIOS, Imagen};
use super::safety::IMAGEN_REASON;

const PARAMETERS: &[&str] = &[
    "sampleCount",
    "aspectRatio",
    "sampleImageSize",
    "personGeneration",
    "safetySetting",
    "includeRaiReason",
    "includeSafetyAttributes",
    "outputOptions",
    "guidanceScale",
    "language",
];
/// The longest prompt, in characters: 480 tokens of five.
const LONGEST_PROMPT: usize = 2_400;

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// What to draw.
    pub(super) prompt: String,
    /// How many pictures.
    pub(super) samples: u32,
    /// Width and height in px.
    pub(super) size: [u32; 2],
    /// Whether what is filtered is told, or just missing.
    pub(super) tells: bool,
    /// Whether scores come with each picture.
    pub(super) scores: bool,
}

/// What came of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sample {
    /// A picture and its media type.
    Picture(&'static str, Vec<u8>),
    /// The filters left it out.
    Filtered,
}

impl Ask {
    /// Reads a body for this model.
    ///
    /// # Errors
    /// With what is wrong, as Google says it.
    pub(super) fn read(model: &Imagen, bytes: &[u8]) -> Result<Self, ApiError> {
        let body = json::body(bytes)?;
        let root = Node::new(&body, "");
        root.only(&["instances", "parameters"])?;
        let [instance] = root.list("instances")? else {
            return Err(ApiError::invalid("Exactly one instance is expected."));
        };
        let instance = instance.as_object().ok_or_else(|| ApiError::invalid("An instance is an object."))?;
        let instance = Node::new(instance, "instances[0]");
        if let Some(other) = instance.names().find(|name| *name != "prompt") {
            return Err(ApiError::unsupported(other));
        }
        let prompt = instance.text("prompt")?.unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err(ApiError::invalid("Prompt is required and must not be empty."));
        }
        if prompt.chars().count() > LONGEST_PROMPT {
            return Err(ApiError::invalid("The prompt is longer than 480 tokens."));
        }
        let empty = Map::new();
        let parameters = Node::new(root.object("parameters")?.unwrap_or(&empty), "parameters");
        if let Some(other) = parameters.names().find(|name| !PARAMETERS.contains(name)) {
            return Err(ApiError::unsupported(other));
        }
        let [most, usual] = model.samples;
        let samples = parameters.whole("sampleCount")?.unwrap_or(usual);
        if !(1..=most).contains(&samples) {
            return Err(ApiError::out_of_bound("sampleCount", 1, most));
        }
        let ratio = parameters.text("aspectRatio")?.unwrap_or("1:1");
        let (_, size) = IMAGEN_RATIOS.iter().find(|(name, _)| *name == ratio).ok_or_else(|| {
            let all: Vec<&str> = IMAGEN_RATIOS.iter().map(|(name, _)| *name).collect();
            ApiError::invalid(format!(
                "The aspect ratio {ratio} is not supported; one of {}.",
                all.join(", ")
            ))
        })?;
        let class = parameters.text("sampleImageSize")?.unwrap_or("1K").to_uppercase();
        match class.as_str() {
            "1K" => {}
            "2K" if model.large => {}
            "2K" => return Err(ApiError::unsupported("sampleImageSize")),
            other => {
                return Err(ApiError::invalid(format!("The image size {other} is not supported; 1K or 2K.")));
            }
        }
        one_of(&parameters, "personGeneration", &["dont_allow", "allow_adult", "allow_all"])?;
        one_of(&parameters, "safetySetting", &["block_low_and_above"])?;
        if let Some(output) = parameters.object("outputOptions")? {
            let output = Node::new(output, "outputOptions");
            output.only(&["mimeType", "compressionQuality"])?;
            one_of(&output, "mimeType", &["image/png", "image/jpeg"])?;
            if output.whole("compressionQuality")?.is_some_and(|quality| !(0..=100).contains(&quality)) {
                return Err(ApiError::out_of_bound("compressionQuality", 0, 100));
            }
        }
        Ok(Self {
            prompt: prompt.to_owned(),
            samples: u32::try_from(samples).unwrap_or(1),
            size: models::scaled(*size, &class),
            tells: parameters.truth("includeRaiReason")?.unwrap_or(false),
            scores: parameters.truth("includeSafetyAttributes")?.unwrap_or(false),
        })
    }

    /// The document that answers it.
    pub(super) fn answer(&self, samples: &[Sample]) -> Value {
        let mut predictions: Vec<Value> = samples
            .iter()
            .filter_map(|sample| match sample {
                Sample::Picture(kind, bytes) => {
                    let mut view = json!({ "mimeType": kind, "bytesBase64Encoded": BASE64.encode(bytes) });
                    if self.scores {
                        view["safetyAttributes"] = json!({
                            "categories": ["Violence", "Toxic", "Porn"],
                            "scores": [0.1, 0.1, 0.1],
                        });
                    }
                    Some(view)
                }
                Sample::Filtered if self.tells => Some(json!({ "raiFilteredReason": IMAGEN_REASON })),
                Sample::Filtered => None,
            })
            .collect();
        if self.scores && !predictions.is_empty() {
            // What the prompt itself scored comes as one more item, without a picture.
            predictions.push(json!({
                "safetyAttributes": { "categories": [], "scores": [], "contentType": "Positive Prompt" },
            }));
        }
        if predictions.is_empty() { json!({}) } else { json!({ "predictions": predictions }) }
    }
}

/// Checks that a word, in any case, is one of these.
pub(super) fn one_of(node: &Node<'_>, name: &str, known: &[&str]) -> Result<(), ApiError> {
    match node.text(name)? {
        Some(word) if !known.contains(&word.to_lowercase().as_str()) => {
            Err(ApiError::invalid(format!("{word} for {name} is currently not supported.")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGEN: Imagen = Imagen { samples: [4, 4], large: true, micro_usd: 40_000 };
    const FAST: Imagen = Imagen { samples: [4, 4], large: false, micro_usd: 20_000 };

    fn read(model: &Imagen, parameters: Value) -> Result<Ask, ApiError> {
        let body = json!({ "instances": [{ "prompt": "an owl" }], "parameters": parameters });
        Ask::read(model, body.to_string().as_bytes())
    }

    #[test]
    fn nothing_said_is_four_square_pictures() {
        let ask = read(&IMAGEN, json!({})).unwrap();
        assert_eq!((ask.samples, ask.size), (4, [1024, 1024]));
    }

    #[test]
    fn both_spellings_of_a_parameter_are_read() {
        let ask =
            read(&IMAGEN, json!({ "sample_count": 2, "aspect_ratio": "16:9", "sampleImageSize": "2K" }))
                .unwrap();
        assert_eq!((ask.samples, ask.size), (2, [2816, 1536]));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(read(&IMAGEN, json!({ "sampleCount": 5 })).is_err());
        assert!(read(&IMAGEN, json!({ "sampleCount": 0 })).is_err());
        assert!(read(&IMAGEN, json!({ "aspectRatio": "21:9" })).is_err());
        assert!(read(&FAST, json!({ "sampleImageSize": "2K" })).is_err());
        assert!(read(&IMAGEN, json!({ "personGeneration": "everybody" })).is_err());
        for gone in ["negativePrompt", "seed", "addWatermark", "enhancePrompt", "storageUri"] {
            let error = read(&IMAGEN, json!({ gone: 1 })).unwrap_err();
            assert!(error.message.starts_with(&format!("`{gone}` isn't supported")), "{}", error.message);
        }
        assert!(Ask::read(&IMAGEN, br#"{"instances": []}"#).is_err());
        assert!(Ask::read(&IMAGEN, br#"{"instances": [{"prompt": " "}]}"#).is_err());
    }

    #[test]
    fn what_is_filtered_is_told_only_when_asked_for() {
        let ask = read(&IMAGEN, json!({})).unwrap();
        let samples = [Sample::Filtered, Sample::Picture("image/png", vec![1])];
        assert_eq!(ask.answer(&samples)["predictions"].as_array().unwrap().len(), 1);
        assert_eq!(ask.answer(&[Sample::Filtered]), json!({}));
        let told = read(&IMAGEN, json!({ "includeRaiReason": true })).unwrap().answer(&samples);
        assert!(told["predictions"][0]["raiFilteredReason"].is_string());
    }
}
