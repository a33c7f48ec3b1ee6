//! What `generateContent` is asked, read and checked, and the documents that answer it. Knows nothing of
//! drawing: pictures come and go as bytes.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::json::{self, Node};
use super::models::{self, Class, Kind, Model, Picture};

mod answer;

pub(super) use answer::{Candidate, Made, Part, blocked, chunks, whole};

/// The kinds of files that the interface takes by value.
const READABLE: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/wav",
    "audio/mp3",
    "audio/mpeg",
    "application/pdf",
    "text/plain",
];
/// The largest number of parts in one request.
const PARTS: usize = 256;

const BODY: &[&str] = &[
    "contents",
    "systemInstruction",
    "generationConfig",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "labels",
    "serviceTier",
    "store",
];
const CONFIG: &[&str] = &[
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "responseFormat",
    "imageConfig",
    "mediaResolution",
    "speechConfig",
    "thinkingConfig",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "enableEnhancedCivicAnswers",
];
const PART: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "partMetadata",
    "mediaResolution",
];
const HARMS: &[&str] = &[
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];
const THRESHOLDS: &[&str] =
    &["OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"];

/// A file that came with a request: by value, or by the name of one that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Media {
    /// The bytes and what they call themselves.
    Inline(String, Vec<u8>),
    /// The id of a file.
    File(String),
}

/// A checked request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    /// What the user said, turn by turn, as one text.
    pub(super) words: String,
    /// What the user said last.
    pub(super) last: String,
    /// What the model was told to be.
    pub(super) system: String,
    /// What came with it, in order.
    pub(super) media: Vec<Media>,
    /// How many pictures each candidate has: one or none.
    pub(super) pictures: bool,
    /// Whether words are among the answer.
    pub(super) speaks: bool,
    /// How many answers.
    pub(super) candidates: u32,
    /// The size in px, unless the first picture decides.
    pub(super) size: Option<[u32; 2]>,
    /// The size of its pictures; `None` where no picture is wanted.
    pub(super) class: Option<Class>,
    /// The seed.
    pub(super) seed: Option<u32>,
    /// How many tokens of words at most.
    pub(super) max_tokens: Option<u32>,
    /// The shape of the JSON that is wanted; `None` for prose.
    pub(super) schema: Option<Value>,
}

impl Ask {
    /// Reads a body for this model.
    ///
    /// # Errors
    /// With what is wrong, as Google says it.
    pub(super) fn read(model: &Model, bytes: &[u8]) -> Result<Self, ApiError> {
        let body = json::body(bytes)?;
        let root = Node::new(&body, "");
        root.only(BODY)?;
        let mut ask = Self {
            words: String::new(),
            last: String::new(),
            system: String::new(),
            media: Vec::new(),
            pictures: false,
            speaks: true,
            candidates: 1,
            size: None,
            class: None,
            seed: None,
            max_tokens: None,
            schema: None,
        };
        ask.read_contents(&root)?;
        if let Some(content) = root.object("systemInstruction")? {
            let mut media = Vec::new();
            ask.system = read_parts(content, "system_instruction", &mut media)?;
        }
        read_safety(&root)?;
        let empty = Map::new();
        let config = root.object("generationConfig")?.unwrap_or(&empty);
        ask.read_config(model, &Node::new(config, "generation_config"))?;
        if let Kind::Picture(picture) = model.kind
            && ask.media.len() > picture.reads
        {
            return Err(ApiError::invalid(format!(
                "The model {} takes at most {} input images.",
                model.id, picture.reads
            )));
        }
        Ok(ask)
    }

    fn read_contents(&mut self, root: &Node<'_>) -> Result<(), ApiError> {
        let contents = root.list("contents")?;
        if contents.is_empty() {
            return Err(ApiError::violation(
                "contents",
                "* GenerateContentRequest.contents: contents is not specified\n",
            ));
        }
        let mut parts = 0;
        for (at, content) in contents.iter().enumerate() {
            let path = format!("contents[{at}]");
            let Some(content) = content.as_object() else {
                return Err(ApiError::violation(&path, format!("Invalid value at '{path}' (an object)")));
            };
            let role = Node::new(content, &path).text("role")?.unwrap_or("user");
            if !matches!(role, "user" | "model" | "function" | "") {
                return Err(ApiError::invalid("Please use a valid role: user, model."));
            }
            parts += content.get("parts").and_then(Value::as_array).map_or(0, Vec::len);
            if parts > PARTS {
                return Err(ApiError::invalid(format!("A request has at most {PARTS} parts.")));
            }
            let mut media = Vec::new();
            let words = read_parts(content, &path, &mut media)?;
            // A turn of the model's is context: what it drew may be drawn again, what it said is not said.
            self.media.append(&mut media);
            if role == "model" {
                continue;
            }
            if !self.words.is_empty() && !words.is_empty() {
                self.words.push('\n');
            }
            self.words.push_str(&words);
            self.last = words;
        }
        Ok(())
    }

    fn read_config(&mut self, model: &Model, config: &Node<'_>) -> Result<(), ApiError> {
        config.only(CONFIG)?;
        for (name, low, high) in [("temperature", 0.0, 2.0), ("topP", 0.0, 1.0), ("topK", 0.0, 1000.0)] {
            if let Some(value) = config.get(name)
                && !value.as_f64().is_some_and(|number| (low..=high).contains(&number))
            {
                return Err(ApiError::invalid(format!(
                    "Unable to submit request because it has a {name} value out of the supported range: it \
                     must be from {low} to {high} inclusive."
                )));
            }
        }
        if let Some(count) = config.whole("candidateCount")? {
            self.candidates = u32::try_from(count).ok().filter(|count| (1..=8).contains(count)).ok_or_else(|| {
                ApiError::violation(
                    "generation_config.candidate_count",
                    "* GenerateContentRequest.generation_config.candidate_count: must be in the range [1, 8].\n",
                )
            })?;
        }
        if let Some(seed) = config.whole("seed")? {
            // The field is a signed number of 32 bits.
            let seed = i32::try_from(seed).map_err(|_| {
                ApiError::violation(
                    "generation_config.seed",
                    "Invalid value at 'generation_config.seed' (TYPE_INT32)",
                )
            })?;
            self.seed = Some(seed.cast_unsigned());
        }
        if let Some(most) = config.whole("maxOutputTokens")? {
            self.max_tokens = Some(u32::try_from(most).ok().filter(|most| *most > 0).ok_or_else(|| {
                ApiError::violation(
                    "generation_config.max_output_tokens",
                    "max_output_tokens must be positive.",
                )
            })?);
        }
        match config.text("responseMimeType")?.unwrap_or("text/plain") {
            "text/plain" | "" => {}
            "application/json" => {
                let shape = config.get("responseSchema").or_else(|| config.get("responseJsonSchema"));
                self.schema = Some(shape.cloned().unwrap_or_else(|| json!({})));
            }
            other => {
                return Err(ApiError::violation(
                    "generation_config.response_mime_type",
                    format!(
                        "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are \
                         `text/plain`, `application/json`; {other} is not.\n"
                    ),
                ));
            }
        }
        let modalities = config.list("responseModalities")?;
        let wanted = |name: &str| modalities.iter().any(|value| value.as_str() == Some(name));
        if let Some(odd) =
            modalities.iter().find(|value| !matches!(value.as_str(), Some("TEXT" | "IMAGE" | "AUDIO")))
        {
            return Err(ApiError::violation(
                "generation_config.response_modalities",
                format!("Invalid value at 'generation_config.response_modalities' (Modality), {odd}"),
            ));
        }
        match model.kind {
            Kind::Picture(picture) if !wanted("AUDIO") => {
                self.pictures = modalities.is_empty() || wanted("IMAGE");
                self.speaks = modalities.is_empty() || wanted("TEXT");
                self.read_image_config(&picture, config)
            }
            Kind::Text(_) if !wanted("IMAGE") && !wanted("AUDIO") => {
                if config.has("imageConfig") {
                    return Err(ApiError::invalid(
                        "image_config is only available for models that make images.",
                    ));
                }
                Ok(())
            }
            _ => Err(ApiError::invalid(format!(
                "Model models/{} does not support the requested response modalities.",
                model.id
            ))),
        }
    }

    fn read_image_config(&mut self, model: &Picture, config: &Node<'_>) -> Result<(), ApiError> {
        let older = config.object("imageConfig")?;
        let newer = config.object("responseFormat")?.and_then(|format| format.get("image")?.as_object());
        let (Some(map), path) = (older.or(newer), "generation_config.image_config") else {
            self.class = Some(class(model, "1K")?);
            return Ok(());
        };
        let image = Node::new(map, path);
        image.only(&["aspectRatio", "imageSize"])?;
        let class = class(model, image.text("imageSize")?.unwrap_or("1K"))?;
        self.class = Some(class);
        if let Some(ratio) = image.text("aspectRatio")? {
            let known = model.ratios.iter().find(|(name, _)| *name == ratio);
            let (_, size) = known.ok_or_else(|| {
                let all: Vec<&str> = model.ratios.iter().map(|(name, _)| *name).collect();
                ApiError::violation(
                    "generation_config.image_config.aspect_ratio",
                    format!("aspect_ratio must be one of {}.", all.join(", ")),
                )
            })?;
            self.size = Some(models::scaled(*size, class.name));
        }
        Ok(())
    }

    /// The size of the pictures that answer it, in px, when the first picture that came with it has this
    /// size.
    pub(super) fn size(&self, model: &Picture, first: Option<[u32; 2]>) -> [u32; 2] {
        self.size.unwrap_or_else(|| {
            let size = first.map_or([1024, 1024], |size| models::nearest(model.ratios, size));
            models::scaled(size, self.class.map_or("1K", |class| class.name))
        })
    }

    /// How many tokens were read: words, and 258 for a picture.
    pub(super) fn tokens(&self) -> (u32, u32) {
        let pictures = u32::try_from(self.media.len()).unwrap_or(u32::MAX);
        (tokens(&self.words).saturating_add(tokens(&self.system)), pictures.saturating_mul(258))
    }
}

/// How many tokens a text is: one for four letters, as Google's rule of thumb has it.
pub(super) fn tokens(text: &str) -> u32 {
    u32::try_from(text.chars().count().div_ceil(4)).unwrap_or(u32::MAX)
}

/// The size of this name.
fn class(model: &Picture, name: &str) -> Result<Class, ApiError> {
    model.sizes.iter().find(|class| class.name == name).copied().ok_or_else(|| {
        let all: Vec<&str> = model.sizes.iter().map(|class| class.name).collect();
        ApiError::violation(
            "generation_config.image_config.image_size",
            format!("image_size must be one of {}; {name} is not.", all.join(", ")),
        )
    })
}

/// The words of a turn; its media go to `media`.
fn read_parts(content: &Map<String, Value>, path: &str, media: &mut Vec<Media>) -> Result<String, ApiError> {
    let node = Node::new(content, path);
    node.only(&["role", "parts"])?;
    let parts = node.list("parts")?;
    if parts.is_empty() {
        return Err(ApiError::violation(
            path,
            format!("* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n"),
        ));
    }
    let mut words = String::new();
    for (at, part) in parts.iter().enumerate() {
        let path = format!("{path}.parts[{at}]");
        let Some(part) = part.as_object() else {
            return Err(ApiError::violation(&path, format!("Invalid value at '{path}' (an object)")));
        };
        let part = Node::new(part, &path);
        part.only(PART)?;
        let data = ["text", "inlineData", "fileData", "functionCall", "functionResponse"];
        if data.iter().filter(|name| part.has(name)).count() > 1 {
            return Err(ApiError::violation(
                &path,
                format!("Invalid value at '{path}' (oneof), oneof field 'data' is already set."),
            ));
        }
        if let Some(text) = part.text("text")? {
            if !words.is_empty() {
                words.push('\n');
            }
            words.push_str(text);
        } else if let Some(inline) = part.object("inlineData")? {
            media.push(inline_data(&Node::new(inline, &part.path_of("inline_data")))?);
        } else if let Some(file) = part.object("fileData")? {
            let file = Node::new(file, "file_data");
            file.only(&["mimeType", "fileUri", "displayName"])?;
            let uri = file.text("fileUri")?.unwrap_or_default();
            let id = file_id(uri).ok_or_else(|| ApiError::invalid("Invalid or unsupported file uri."))?;
            media.push(Media::File(id.to_owned()));
        } else if !data.iter().any(|name| part.has(name)) && !part.has("thoughtSignature") {
            return Err(ApiError::violation(
                &path,
                format!(
                    "* GenerateContentRequest.{path}.data: required oneof field 'data' must have one initialized field\n"
                ),
            ));
        }
    }
    Ok(words)
}

/// Bytes that came by value.
fn inline_data(node: &Node<'_>) -> Result<Media, ApiError> {
    node.only(&["mimeType", "data", "displayName"])?;
    let kind = node.text("mimeType")?.unwrap_or_default();
    if !READABLE.contains(&kind) {
        return Err(ApiError::invalid(format!("Unsupported MIME type: {kind}")));
    }
    let path = node.path_of("data");
    let bytes = node.text("data")?.and_then(json::bytes).ok_or_else(|| {
        ApiError::violation(&path, format!("Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed"))
    })?;
    Ok(Media::Inline(kind.to_owned(), bytes))
}

/// The id in the name or the address of a file: `files/abc`, `https://…/files/abc…`.
pub(super) fn file_id(uri: &str) -> Option<&str> {
    let rest = uri.split_once("files/")?.1;
    let end =
        rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|id| !id.is_empty())
}

fn read_safety(root: &Node<'_>) -> Result<(), ApiError> {
    for (at, setting) in root.list("safetySettings")?.iter().enumerate() {
        let path = format!("safety_settings[{at}]");
        let Some(setting) = setting.as_object() else {
            return Err(ApiError::violation(&path, format!("Invalid value at '{path}' (an object)")));
        };
        let setting = Node::new(setting, &path);
        setting.only(&["category", "threshold", "method"])?;
        for (name, known) in [("category", HARMS), ("threshold", THRESHOLDS)] {
            let value = setting.text(name)?.unwrap_or_default();
            if !known.contains(&value) {
                return Err(ApiError::violation(
                    &path,
                    format!("Invalid value at '{path}.{name}', \"{value}\""),
                ));
            }
        }
    }
    Ok(())
}

/// What bytes are in a document.
fn inline(kind: &str, bytes: &[u8]) -> Value {
    json!({ "inlineData": { "mimeType": kind, "data": BASE64.encode(bytes) } })
}

#[cfg(test)]
mod tests;
