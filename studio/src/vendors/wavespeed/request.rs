//! The body of a submission, read by the rules of its model. After it there are only values in range
//! and media that were looked into.

use std::collections::BTreeMap;

use axum::body::Bytes;
use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::{Map, Value};

use super::super::picture::Picture;
use super::audio;
use super::model::{COMMON, Field, Makes, Model, Rule};

/// A checked submission.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// By which model.
    pub model: &'static Model,
    /// What to make, in words.
    pub prompt: String,
    /// The seed; `None` for a random one.
    pub seed: Option<u32>,
    /// Width and height of what is made, in px.
    pub size: [u32; 2],
    /// The vendor's name for it, which decides the price.
    pub resolution: String,
    /// How long it plays, in seconds; 0 for a picture.
    pub seconds: f64,
    /// The picture it starts from.
    pub image: Option<Picture>,
    /// The picture it ends with.
    pub last_image: Option<Picture>,
    /// Whether the answer waits for the output.
    pub sync: bool,
    /// Whether the output comes in the answer.
    pub base64: bool,
    /// An address that the studio cannot read; the prediction fails because of it.
    pub unreachable: Option<String>,
}

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub(crate) struct Fault {
    /// The field on the wire.
    pub field: String,
    /// What would be right.
    pub message: String,
}

/// The bytes that were uploaded under an address.
pub(crate) type Uploads<'a> = &'a dyn Fn(&str) -> Option<Bytes>;

fn fault(field: &str, message: impl Into<String>) -> Fault {
    Fault { field: field.to_owned(), message: message.into() }
}

/// What the fields have said so far.
#[derive(Default)]
struct Heard {
    words: BTreeMap<&'static str, String>,
    seconds: Option<f64>,
    flags: BTreeMap<&'static str, bool>,
    pictures: BTreeMap<&'static str, Picture>,
    sounds: BTreeMap<&'static str, f64>,
    seed: Option<u32>,
    size: Option<[u32; 2]>,
    unreachable: Option<String>,
}

impl Request {
    /// Reads a body.
    ///
    /// # Errors
    /// With the first field that is wrong. A field that the model does not have is wrong, too: the
    /// studio is there to find callers that send what is not in the documents.
    pub(crate) fn read(
        model: &'static Model,
        body: &Map<String, Value>,
        uploads: Uploads<'_>,
    ) -> Result<Self, Fault> {
        let fields = || model.fields.iter().chain(COMMON);
        if let Some(name) = body.keys().find(|name| !fields().any(|field| field.name == *name)) {
            let known: Vec<_> = fields().map(|field| field.name).collect();
            return Err(fault(name, format!("no property of {}; it has {}", model.id, known.join(", "))));
        }
        let mut heard = Heard::default();
        for field in fields() {
            match body.get(field.name) {
                None | Some(Value::Null) if field.required => return Err(fault(field.name, "is required")),
                None | Some(Value::Null) => heard.assume(field),
                Some(value) => heard.read(field, value, uploads)?,
            }
        }
        heard.finish(model)
    }
}

impl Heard {
    fn assume(&mut self, field: &Field) {
        match field.rule {
            Rule::One(words) => {
                self.words.extend(words.first().map(|word| (field.name, (*word).to_owned())));
            }
            Rule::Seconds(lengths) => self.seconds = lengths.first().copied().map(f64::from),
            Rule::Size(_) => self.size = Some([1_024, 1_024]),
            _ => {}
        }
    }

    fn read(&mut self, field: &Field, value: &Value, uploads: Uploads<'_>) -> Result<(), Fault> {
        let name = field.name;
        let text = || value.as_str().ok_or_else(|| fault(name, "must be a string"));
        match field.rule {
            Rule::Text(most) => {
                let text = text()?;
                if field.required && text.trim().is_empty() {
                    return Err(fault(name, "must not be empty"));
                }
                if text.chars().count() > most {
                    return Err(fault(name, format!("must be at most {most} characters")));
                }
                self.words.insert(name, text.to_owned());
            }
            Rule::One(words) => {
                let word = text()?;
                if !words.contains(&word) {
                    return Err(fault(name, format!("must be one of {}", words.join(", "))));
                }
                self.words.insert(name, word.to_owned());
            }
            Rule::Seconds(lengths) => {
                let length = value.as_u64().and_then(|length| u32::try_from(length).ok());
                let length = length.filter(|length| lengths.contains(length)).ok_or_else(|| {
                    let allowed: Vec<_> = lengths.iter().map(u32::to_string).collect();
                    fault(name, format!("must be one of {}", allowed.join(", ")))
                })?;
                self.seconds = Some(f64::from(length));
            }
            Rule::Number([least, most]) => {
                value
                    .as_f64()
                    .filter(|number| (least..=most).contains(number))
                    .ok_or_else(|| fault(name, format!("must be a number from {least} to {most}")))?;
            }
            Rule::Seed => {
                let seed = value
                    .as_i64()
                    .filter(|seed| (-1..=i64::from(i32::MAX)).contains(seed))
                    .ok_or_else(|| fault(name, "must be an integer from -1 to 2147483647"))?;
                self.seed = u32::try_from(seed).ok();
            }
            Rule::Flag => {
                let flag = value.as_bool().ok_or_else(|| fault(name, "must be true or false"))?;
                self.flags.insert(name, flag);
            }
            Rule::Size([least, most]) => {
                let size = size(text()?).filter(|size| size.iter().all(|side| (least..=most).contains(side)));
                self.size = Some(size.ok_or_else(|| {
                    fault(name, format!("must be width*height, each from {least} to {most}"))
                })?);
            }
            Rule::Picture(rule) => {
                let Some(bytes) = self.media(name, text()?, rule.most_bytes, uploads)? else { return Ok(()) };
                let picture = Picture::decode(&bytes).map_err(|error| fault(name, error.to_string()))?;
                if picture.width.min(picture.height) < rule.least_side {
                    let least = rule.least_side;
                    return Err(fault(name, format!("must be at least {least}x{least} px")));
                }
                self.pictures.insert(name, picture);
            }
            Rule::Sound(rule) => {
                let Some(bytes) = self.media(name, text()?, rule.most_bytes, uploads)? else { return Ok(()) };
                let seconds =
                    audio::read(&bytes).ok_or_else(|| fault(name, "is not a WAV or MP3 sound"))?.seconds;
                let [least, most] = rule.seconds;
                if !(least..=most).contains(&seconds) {
                    return Err(fault(name, format!("must play for {least} to {most} seconds")));
                }
                self.sounds.insert(name, seconds);
            }
        }
        Ok(())
    }

    /// The bytes behind an address; `None` for one that the studio does not read.
    fn media(
        &mut self,
        name: &str,
        address: &str,
        most: usize,
        uploads: Uploads<'_>,
    ) -> Result<Option<Bytes>, Fault> {
        let bytes = if let Some(rest) = address.strip_prefix("data:") {
            let (_, text) = rest
                .split_once(";base64,")
                .ok_or_else(|| fault(name, "must be a data URI in base64, or an address"))?;
            let bytes = BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes()));
            Some(Bytes::from(bytes.map_err(|_| fault(name, "is not valid base64"))?))
        } else if address.starts_with("https://") || address.starts_with("http://") {
            uploads(address)
        } else {
            return Err(fault(name, "must be an address (https://...) or a data URI"));
        };
        match bytes {
            Some(bytes) if bytes.len() > most => Err(fault(name, format!("must be at most {most} bytes"))),
            Some(bytes) => Ok(Some(bytes)),
            None => {
                self.unreachable.get_or_insert_with(|| name.to_owned());
                Ok(None)
            }
        }
    }

    fn finish(mut self, model: &'static Model) -> Result<Request, Fault> {
        let mut word = |name: &str| self.words.remove(name).unwrap_or_default();
        let (mut resolution, named) = (word("resolution"), word("size"));
        let order = word("order");
        let prompt = word("prompt");
        let image = self.pictures.remove("image");
        let size = self.size.or_else(|| size(&named)).unwrap_or_else(|| {
            let short = resolution.trim_end_matches('p').parse().unwrap_or(720);
            framed(short, image.as_ref().map_or([16, 9], |picture| [picture.width, picture.height]))
        });
        if resolution.is_empty() {
            resolution = format!("{}p", size[0].min(size[1]));
        }
        let seconds = match model.makes {
            Makes::Picture => 0.0,
            Makes::Clip => self.seconds.unwrap_or(5.0),
            Makes::Talk => {
                let lengths = self.sounds.values().copied();
                if order == "left_right" || order == "right_left" {
                    lengths.sum()
                } else {
                    lengths.fold(0.0, f64::max)
                }
            }
        };
        if seconds > 600.0 {
            return Err(fault("right_audio", "both together must play for at most 600 seconds"));
        }
        let flag = |name: &str| self.flags.get(name).copied().unwrap_or(false);
        Ok(Request {
            model,
            prompt,
            seed: self.seed,
            size,
            resolution,
            seconds,
            sync: flag("enable_sync_mode"),
            base64: flag("enable_base64_output"),
            image,
            last_image: self.pictures.remove("last_image"),
            unreachable: self.unreachable,
        })
    }
}

/// `width*height`.
fn size(text: &str) -> Option<[u32; 2]> {
    let (width, height) = text.split_once('*')?;
    Some([width.trim().parse().ok()?, height.trim().parse().ok()?])
}

/// A frame whose shorter side is `short` px, in the shape of a picture but no longer than 16:9; sides
/// are multiples of 16, as the models make them.
fn framed(short: u32, [width, height]: [u32; 2]) -> [u32; 2] {
    let (least, most) = (u64::from(width.min(height)).max(1), u64::from(width.max(height)));
    let long = (u64::from(short) * most / least).min(u64::from(short) * 16 / 9);
    let even = |side: u64| u32::try_from(side.div_ceil(16) * 16).unwrap_or(short);
    let (short, long) = (even(u64::from(short)), even(long));
    if width < height { [short, long] } else { [long, short] }
}

#[cfg(test)]
mod tests;
