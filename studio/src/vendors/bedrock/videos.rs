//! Bedrock's video models: what Nova Reel and Luma Ray accept as `modelInput`, field by field.

use cuelight_core::units::MicroUsd;
use serde_json::Value;

use super::fields::{Fields, Malformed};
use super::s3;
use crate::vendors::Vendors;
use crate::vendors::maker::Brief;
use crate::vendors::picture::{Kind, Picture};

/// The frames a second of every video model here.
pub(super) const FPS: u32 = 24;
/// The largest seed of Amazon's models.
const LAST_SEED: u32 = 2_147_483_646;
const REEL_FRAME: (u32, u32) = (1_280, 720);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Nova Reel; whether it makes several shots.
    Reel(bool),
    Luma,
}

/// A video model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    pub(super) id: &'static str,
    family: Family,
    /// How many jobs an account may have at once.
    pub(super) at_once: usize,
}

const MODELS: [Model; 3] = [
    Model { id: "amazon.nova-reel-v1:0", family: Family::Reel(false), at_once: 10 },
    Model { id: "amazon.nova-reel-v1:1", family: Family::Reel(true), at_once: 3 },
    Model { id: "luma.ray-v2:0", family: Family::Luma, at_once: 20 },
];

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) brief: Brief,
    pub(super) duration_ms: u32,
    /// How many shots it has, each a file of its own where there are several.
    pub(super) shots: u32,
    pub(super) cost: MicroUsd,
    pub(super) latency_ms: u64,
}

/// The ratios of Luma, and the longer side's part of the shorter.
const RATIOS: [(&str, u32, u32); 7] = [
    ("1:1", 1, 1),
    ("16:9", 16, 9),
    ("9:16", 9, 16),
    ("4:3", 4, 3),
    ("3:4", 3, 4),
    ("21:9", 21, 9),
    ("9:21", 9, 21),
];

impl Model {
    /// The model of this id.
    pub(super) fn find(id: &str) -> Option<Self> {
        MODELS.into_iter().find(|model| model.id == id)
    }

    /// Reads and checks a `modelInput`. Decodes pictures, so not for an asynchronous thread.
    pub(super) fn read(self, input: &Value, store: &Vendors) -> Result<Film, Malformed> {
        let fields = Fields::of(input, "#")?;
        match self.family {
            Family::Reel(several) => reel(fields, several, store),
            Family::Luma => luma(fields),
        }
    }
}

fn reel(mut top: Fields<'_>, several: bool, store: &Vendors) -> Result<Film, Malformed> {
    let tasks: &[&str] =
        if several { &["TEXT_VIDEO", "MULTI_SHOT_AUTOMATED", "MULTI_SHOT_MANUAL"] } else { &["TEXT_VIDEO"] };
    let task = top.word("taskType", tasks)?;
    let task = top.required("taskType", task)?;
    let mut words = String::new();
    let mut inputs = Vec::new();
    let mut manual = None;
    match task {
        "TEXT_VIDEO" => {
            let params = top.object("textToVideoParams")?;
            let mut params = top.required("textToVideoParams", params)?;
            let text = params.text("text", 1..=512)?;
            words.push_str(params.required("text", text)?);
            for image in params.list("images", 1..=1)?.unwrap_or_default() {
                inputs.push(reel_image(image, store)?);
            }
            params.done()?;
        }
        "MULTI_SHOT_AUTOMATED" => {
            let params = top.object("multiShotAutomatedParams")?;
            let mut params = top.required("multiShotAutomatedParams", params)?;
            let text = params.text("text", 1..=4_000)?;
            words.push_str(params.required("text", text)?);
            params.done()?;
        }
        _ => {
            let params = top.object("multiShotManualParams")?;
            let mut params = top.required("multiShotManualParams", params)?;
            let shots = params.list("shots", 1..=20)?;
            let shots = params.required("shots", shots)?;
            for shot in shots {
                let mut shot = Fields::of(shot, "#/multiShotManualParams/shots")?;
                let text = shot.text("text", 1..=512)?;
                words.push_str(shot.required("text", text)?);
                words.push(' ');
                if let Some(image) = shot.object("image")? {
                    inputs.push(reel_source(image, store)?);
                }
                shot.done()?;
            }
            params.done()?;
            // Every shot may have a picture; the film starts with the first.
            inputs.truncate(1);
            manual = Some(u32::try_from(shots.len()).unwrap_or(1));
        }
    }
    let config = top.object("videoGenerationConfig")?;
    let mut config = top.required("videoGenerationConfig", config)?;
    config.whole("fps", FPS..=FPS)?;
    config.word("dimension", &["1280x720"])?;
    let seed = config.whole("seed", 0..=LAST_SEED)?.unwrap_or(42);
    let seconds = match (task, manual) {
        (_, Some(shots)) => 6 * shots,
        ("TEXT_VIDEO", _) => config.whole("durationSeconds", 6..=6)?.unwrap_or(6),
        _ => {
            let seconds = config.whole("durationSeconds", 12..=120)?;
            let seconds = config.required("durationSeconds", seconds)?;
            if !seconds.is_multiple_of(6) {
                return Err(config.wrong("durationSeconds", "expected a multiple of 6"));
            }
            seconds
        }
    };
    config.done()?;
    top.done()?;
    let (width, height) = REEL_FRAME;
    let wait_a_second = if seconds > 6 { 7_500 } else { 15_000 };
    Ok(Film {
        brief: Brief { width, height, seed: seed.into(), words, inputs, last: None },
        duration_ms: seconds * 1_000,
        shots: seconds / 6,
        cost: MicroUsd(80_000 * u64::from(seconds)),
        latency_ms: wait_a_second * u64::from(seconds),
    })
}

fn reel_image(value: &Value, store: &Vendors) -> Result<Picture, Malformed> {
    reel_source(Fields::of(value, "#/textToVideoParams/images")?, store)
}

/// A picture by its bytes or by its place in S3, exactly as large as the film, of opaque 8-bit colours.
fn reel_source(mut image: Fields<'_>, store: &Vendors) -> Result<Picture, Malformed> {
    let format = image.word("format", &["png", "jpeg"])?;
    let source = image.object("source")?;
    let mut source = image.required("source", source)?;
    let picture = if let Some(mut place) = source.object("s3Location")? {
        let uri = place.text("uri", 1..=1_024)?;
        let uri = place.required("uri", uri)?;
        place.text("bucketOwner", 12..=12)?;
        let file = s3::name_of(uri).and_then(|name| store.file(crate::vendors::Vendor::Bedrock, &name));
        let file = file.ok_or_else(|| place.wrong("uri", "there is no such object"))?;
        place.done()?;
        Picture::decode(&file.bytes).map_err(|error| image.wrong("source", error.to_string()))?
    } else {
        let picture = source.picture("bytes")?;
        let picture = source.required("bytes", picture)?;
        let format = image.required("format", format)?;
        if (format == "png") != (picture.kind == Kind::Png) {
            return Err(image.wrong("format", "the image is in another format"));
        }
        picture
    };
    source.done()?;
    if (picture.width, picture.height) != REEL_FRAME {
        return Err(image.wrong("source", "the image must be 1280x720 px"));
    }
    if picture.bits != 8 || picture.transparent {
        return Err(image.wrong("source", "the image must have 8 bits a channel and no transparent pixels"));
    }
    image.done()?;
    Ok(picture)
}

fn luma(mut top: Fields<'_>) -> Result<Film, Malformed> {
    let prompt = top.text("prompt", 1..=5_000)?;
    let prompt = top.required("prompt", prompt)?;
    let ratio = top.word("aspect_ratio", &RATIOS.map(|(name, ..)| name))?.unwrap_or("16:9");
    top.flag("loop")?;
    let seconds = if top.word("duration", &["5s", "9s"])? == Some("9s") { 9 } else { 5 };
    let side = if top.word("resolution", &["540p", "720p"])? == Some("540p") { 540 } else { 720 };
    let mut frames = [None, None];
    if let Some(mut keyframes) = top.object("keyframes")? {
        frames = [luma_frame(keyframes.object("frame0")?)?, luma_frame(keyframes.object("frame1")?)?];
        keyframes.done()?;
    }
    top.done()?;
    let (across, down) = RATIOS
        .into_iter()
        .find(|(name, ..)| *name == ratio)
        .map_or((16, 9), |(_, across, down)| (across, down));
    let scaled = |part: u32| side * part / across.min(down);
    let [first, last] = frames;
    let a_second = if side == 720 { 1_500_000 } else { 750_000 };
    Ok(Film {
        brief: Brief {
            width: scaled(across) & !1,
            height: scaled(down) & !1,
            // It takes no seed: the same request comes out the same here, and differently there.
            seed: 0,
            words: prompt.to_owned(),
            inputs: first.into_iter().collect(),
            last,
        },
        duration_ms: seconds * 1_000,
        shots: 1,
        cost: MicroUsd(a_second * u64::from(seconds)),
        latency_ms: 15_000 * u64::from(seconds),
    })
}

fn luma_frame(frame: Option<Fields<'_>>) -> Result<Option<Picture>, Malformed> {
    let Some(mut frame) = frame else { return Ok(None) };
    frame.word("type", &["image"])?;
    let source = frame.object("source")?;
    let mut source = frame.required("source", source)?;
    source.word("type", &["base64"])?;
    let told = source.word("media_type", &["image/png", "image/jpeg"])?;
    let told = source.required("media_type", told)?;
    let picture = source.picture("data")?;
    let picture = source.required("data", picture)?;
    if told != picture.kind.media_type() {
        return Err(source.wrong("media_type", "the image is of another type"));
    }
    if picture.width.min(picture.height) < 512 || picture.width.max(picture.height) > 4_096 {
        return Err(source.wrong("data", "the image must be 512x512 to 4096x4096 px"));
    }
    source.done()?;
    frame.done()?;
    Ok(Some(picture))
}
