//! What each class of nodes does. The core nodes work on real pixels; for the ones that need weights
//! the studio stands in with its own drawing, which keeps to the text, the seed, the size and the
//! length that went in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::maker::Brief;
use super::super::picture::Picture;
use super::super::scene::Scene;
use super::folder::{Folder, Folders, Place};
use super::frame::{self, Frame, FrameError};
use super::graph::{Given, Literal, Node};
use crate::encode::{EncodeError, Encoder};

/// What flows along a link.
#[derive(Debug, Clone)]
pub(super) enum Flow {
    /// A batch of pictures.
    Images(Vec<Frame>),
    /// Where a picture is transparent; nothing here looks at it.
    Mask,
    /// Pictures at a rate.
    Video(Vec<Frame>, f64),
    /// A model or a text encoder, and the adaptations that were loaded into it.
    Model(Vec<String>),
    /// Anything that decodes or looks.
    Helper,
    /// Text, and the picture a clip starts with.
    Conditioning(String, Option<Frame>),
    /// What is to be drawn, and once sampled, how.
    Latent(Latent),
}

/// A picture or clip before it is decoded.
#[derive(Debug, Clone)]
pub(super) struct Latent {
    size: (u32, u32),
    frames: usize,
    is_clip: bool,
    source: Option<Frame>,
    sampled: Option<(String, u64)>,
}

/// Why a node failed, in the words of Python.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Raised {
    /// The class of the exception.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) message: String,
}

impl Raised {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<FrameError> for Raised {
    fn from(error: FrameError) -> Self {
        let kind = if error == FrameError::Memory { "torch.OutOfMemoryError" } else { "ValueError" };
        Self::new(kind, error.to_string())
    }
}

impl From<EncodeError> for Raised {
    fn from(error: EncodeError) -> Self {
        Self::new("av.error.ExternalError", error.to_string())
    }
}

/// What a node gave.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// By slot.
    pub(super) outputs: Vec<Flow>,
    /// What is shown of it, of an end.
    pub(super) shown: Option<Value>,
}

/// The inputs of one node, links followed.
pub(super) struct Inputs<'a> {
    node: &'a Node,
    flows: BTreeMap<&'a str, Flow>,
}

impl<'a> Inputs<'a> {
    /// The inputs of a node, whose links end at what `ran` has.
    pub(super) fn of(node: &'a Node, ran: &BTreeMap<String, Vec<Flow>>) -> Self {
        let flows = node.inputs.iter().filter_map(|(name, given)| match given {
            Given::Link(from, slot) => Some((*name, ran.get(from)?.get(*slot)?.clone())),
            Given::Literal(_) => None,
        });
        Self { flows: flows.collect(), node }
    }

    fn literal(&self, name: &str) -> Option<&Literal> {
        match self.node.inputs.get(name)? {
            Given::Literal(literal) => Some(literal),
            Given::Link(..) => None,
        }
    }

    fn text(&self, name: &str) -> &str {
        match self.literal(name) {
            Some(Literal::Text(text)) => text,
            _ => "",
        }
    }

    fn float(&self, name: &str) -> f64 {
        match self.literal(name) {
            Some(Literal::Float(number)) => *number,
            _ => 0.0,
        }
    }

    fn int(&self, name: &str) -> i128 {
        match self.literal(name) {
            Some(Literal::Int(number)) => *number,
            _ => 0,
        }
    }

    // Ranges were checked: none exceeds its type.
    fn side(&self, name: &str) -> u32 {
        u32::try_from(self.int(name)).unwrap_or(0)
    }

    fn count(&self, name: &str) -> usize {
        usize::try_from(self.int(name)).unwrap_or(0)
    }

    fn seed(&self) -> u64 {
        u64::try_from(self.int("seed")).unwrap_or(0)
    }

    /// How many steps a sampler takes.
    pub(super) fn steps(&self) -> u32 {
        self.side("steps")
    }

    fn missing(&self, name: &str) -> Raised {
        let message = format!("{}: '{name}' is not what the node can work with", self.node.class.name);
        Raised::new("AttributeError", message)
    }

    fn images(&self, name: &str) -> Result<&[Frame], Raised> {
        match self.flows.get(name) {
            Some(Flow::Images(frames)) => Ok(frames),
            _ => Err(self.missing(name)),
        }
    }

    /// The picture that a clip is to start with.
    fn start(&self) -> Option<Frame> {
        match self.flows.get("start_image")? {
            Flow::Images(frames) => frames.first().cloned(),
            _ => None,
        }
    }

    fn loaded(&self, name: &str) -> Result<Vec<String>, Raised> {
        match self.flows.get(name) {
            Some(Flow::Model(adaptations)) => Ok(adaptations.clone()),
            _ => Err(self.missing(name)),
        }
    }

    fn conditioning(&self, name: &str) -> Result<(String, Option<Frame>), Raised> {
        match self.flows.get(name) {
            Some(Flow::Conditioning(text, start)) => Ok((text.clone(), start.clone())),
            _ => Err(self.missing(name)),
        }
    }

    fn latent(&self, name: &str) -> Result<Latent, Raised> {
        match self.flows.get(name) {
            Some(Flow::Latent(latent)) => Ok(latent.clone()),
            _ => Err(self.missing(name)),
        }
    }
}

/// Runs one node. Takes a while where pixels are made: not for an asynchronous thread.
///
/// # Errors
/// With the exception that the node would raise.
pub(super) fn run(inputs: &Inputs<'_>, folders: &Folders) -> Result<Done, Raised> {
    let images = |frames| Ok(Done { outputs: vec![Flow::Images(frames)], shown: None });
    let give = |outputs| Ok(Done { outputs, shown: None });
    match inputs.node.class.name {
        "EmptyImage" => {
            let size = (inputs.side("width"), inputs.side("height"));
            images(frame::plain(size, inputs.count("batch_size"), inputs.side("color"))?)
        }
        "LoadImage" => {
            let name = inputs.text("image");
            let gone = || Raised::new("FileNotFoundError", format!("No such file: '{name}'"));
            let bytes = folders.load(name).ok_or_else(gone)?;
            let unknown =
                |_| Raised::new("PIL.UnidentifiedImageError", format!("cannot identify image file '{name}'"));
            let picture = Picture::decode(&bytes).map_err(unknown)?;
            give(vec![Flow::Images(vec![frame::loaded(&picture)?]), Flow::Mask])
        }
        "RepeatImageBatch" => {
            let batch = inputs.images("image")?;
            let count = batch.len().saturating_mul(inputs.count("amount"));
            images(batch.iter().cycle().take(count).cloned().collect())
        }
        "ImageBatch" => {
            let (one, two) = (inputs.images("image1")?, inputs.images("image2")?);
            let mut all = one.to_vec();
            match one.first().map(Frame::size) {
                Some(size) if two.iter().any(|frame| frame.size() != size) => {
                    all.extend(frame::scaled(two, size, false, true)?);
                }
                _ => all.extend_from_slice(two),
            }
            images(all)
        }
        "ImageFromBatch" => {
            let batch = inputs.images("image")?;
            let from = inputs.count("batch_index").min(batch.len().saturating_sub(1));
            images(batch.iter().skip(from).take(inputs.count("length")).cloned().collect())
        }
        "ImageScale" => {
            let size = (inputs.side("width"), inputs.side("height"));
            let nearest = inputs.text("upscale_method") == "nearest-exact";
            images(frame::scaled(inputs.images("image")?, size, nearest, inputs.text("crop") == "center")?)
        }
        "ImageCrop" => {
            let size = (inputs.side("width"), inputs.side("height"));
            images(frame::cropped(inputs.images("image")?, size, (inputs.side("x"), inputs.side("y")))?)
        }
        "ImageAddNoise" => {
            images(frame::noisy(inputs.images("image")?, inputs.seed(), inputs.float("strength"))?)
        }
        "CreateVideo" => give(vec![Flow::Video(inputs.images("images")?.to_vec(), inputs.float("fps"))]),
        "SaveVideo" => save_video(inputs, folders),
        "SaveImage" => save_images(inputs, folders, Folder::Output, inputs.text("filename_prefix")),
        "PreviewImage" => save_images(inputs, folders, Folder::Temp, "ComfyUI_temp"),
        "CheckpointLoaderSimple" => {
            give(vec![Flow::Model(Vec::new()), Flow::Model(Vec::new()), Flow::Helper])
        }
        "UNETLoader" | "CLIPLoader" => give(vec![Flow::Model(Vec::new())]),
        "VAELoader" | "CLIPVisionLoader" | "CLIPVisionEncode" => give(vec![Flow::Helper]),
        "ModelSamplingSD3" => give(vec![Flow::Model(inputs.loaded("model")?)]),
        "LoraLoader" => {
            let adapted = |mut loaded: Vec<String>, strength: &str| {
                if inputs.float(strength) != 0.0 {
                    loaded.push(inputs.text("lora_name").to_owned());
                }
                Flow::Model(loaded)
            };
            give(vec![
                adapted(inputs.loaded("model")?, "strength_model"),
                adapted(inputs.loaded("clip")?, "strength_clip"),
            ])
        }
        "LoraLoaderModelOnly" => {
            let mut loaded = inputs.loaded("model")?;
            loaded.push(inputs.text("lora_name").to_owned());
            give(vec![Flow::Model(loaded)])
        }
        "CLIPTextEncode" => {
            inputs.loaded("clip")?;
            give(vec![Flow::Conditioning(inputs.text("text").to_owned(), None)])
        }
        "EmptyLatentImage" => give(vec![Flow::Latent(empty(inputs, inputs.count("batch_size"), false))]),
        "EmptyHunyuanLatentVideo" => give(vec![Flow::Latent(empty(inputs, clip_length(inputs), true))]),
        "WanImageToVideo" => {
            let (positive, _) = inputs.conditioning("positive")?;
            let (negative, _) = inputs.conditioning("negative")?;
            let start = inputs.start();
            give(vec![
                Flow::Conditioning(positive, start),
                Flow::Conditioning(negative, None),
                Flow::Latent(empty(inputs, clip_length(inputs), true)),
            ])
        }
        "Wan22ImageToVideoLatent" => {
            let source = inputs.start();
            give(vec![Flow::Latent(Latent { source, ..empty(inputs, clip_length(inputs), true) })])
        }
        "VAEEncode" => {
            let pixels = inputs.images("pixels")?;
            let first = pixels.first().ok_or_else(|| inputs.missing("pixels"))?;
            let size = first.size();
            let source = Some(first.clone());
            give(vec![Flow::Latent(Latent {
                size,
                frames: pixels.len(),
                is_clip: false,
                source,
                sampled: None,
            })])
        }
        "KSampler" => {
            let mut latent = inputs.latent("latent_image")?;
            let (mut words, start) = inputs.conditioning("positive")?;
            inputs.conditioning("negative")?;
            for adaptation in inputs.loaded("model")? {
                words.push(' ');
                words.push_str(adaptation.trim_end_matches(".safetensors"));
            }
            latent.source = start.or(latent.source);
            latent.sampled = Some((words, inputs.seed()));
            give(vec![Flow::Latent(latent)])
        }
        "VAEDecode" => images(decode(&inputs.latent("samples")?)?),
        other => Err(Raised::new("NotImplementedError", other)),
    }
}

fn empty(inputs: &Inputs<'_>, frames: usize, is_clip: bool) -> Latent {
    // A latent has one number for eight px.
    let size = (inputs.side("width") & !7, inputs.side("height") & !7);
    Latent { size, frames, is_clip, source: None, sampled: None }
}

/// The frames that a clip of this length decodes to: four to a latent after the first.
fn clip_length(inputs: &Inputs<'_>) -> usize {
    (inputs.count("length").saturating_sub(1) / 4) * 4 + 1
}

/// The pictures that a latent stands for.
fn decode(latent: &Latent) -> Result<Vec<Frame>, Raised> {
    let Some((words, seed)) = &latent.sampled else {
        // Nothing was sampled: what was encoded comes back, and what was empty is grey.
        return Ok(match &latent.source {
            Some(source) => vec![source.clone(); latent.frames],
            None => frame::plain(latent.size, latent.frames, 0x80_80_80)?,
        });
    };
    let inputs = latent.source.as_ref().map(Frame::picture).transpose()?;
    let (width, height) = latent.size;
    let brief = |seed| Brief {
        width,
        height,
        seed,
        words: words.clone(),
        inputs: inputs.iter().cloned().collect(),
        last: None,
    };
    let broken = || Raised::from(FrameError::Size);
    if latent.is_clip {
        let film = Arc::new(Scene::of(words, *seed).film(&brief(*seed)).ok_or_else(broken)?);
        // A clip has at most 16384 frames.
        #[allow(clippy::cast_precision_loss)]
        let phase = |at: usize| at as f64 / latent.frames as f64;
        return Ok((0..latent.frames)
            .map(|at| Frame::Filmed(Arc::clone(&film), latent.size, phase(at)))
            .collect());
    }
    let still = |at: usize| {
        let seed = seed.wrapping_add(at as u64);
        let drawn = Scene::of(words, seed).still(&brief(seed)).ok_or_else(broken)?;
        Ok(Frame::Drawn(Arc::new(drawn)))
    };
    (0..latent.frames).map(still).collect()
}

fn outside(_: super::folder::NameError) -> Raised {
    Raised::new("Exception", "Saving image outside the output folder is not allowed.")
}

/// A prefix with the size in it, where it says so.
fn prefix(text: &str, (width, height): (u32, u32)) -> String {
    text.replace("%width%", &width.to_string()).replace("%height%", &height.to_string())
}

fn save_images(inputs: &Inputs<'_>, folders: &Folders, folder: Folder, start: &str) -> Result<Done, Raised> {
    let saved = inputs.images("images")?.iter().map(|frame| {
        let bytes = frame.pixels()?.encode_png().map_err(|_| Raised::from(FrameError::Size))?;
        folders.save(folder, &prefix(start, frame.size()), "png", bytes).map_err(outside)
    });
    let saved: Vec<Place> = saved.collect::<Result<_, Raised>>()?;
    let shown = json!({"images": saved.iter().map(Place::json).collect::<Vec<_>>()});
    Ok(Done { outputs: Vec::new(), shown: Some(shown) })
}

fn save_video(inputs: &Inputs<'_>, folders: &Folders) -> Result<Done, Raised> {
    let Some(Flow::Video(frames, fps)) = inputs.flows.get("video") else {
        return Err(inputs.missing("video"));
    };
    let size = frames.first().map(Frame::size).ok_or_else(|| inputs.missing("video"))?;
    // The rate is at most 120, and this encoder has whole ones.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let mut encoder = Encoder::new(size.0, size.1, fps.round() as u32)?;
    for frame in frames {
        encoder.push(&*frame.pixels()?)?;
    }
    let bytes = encoder.finish()?;
    let start = prefix(inputs.text("filename_prefix"), size);
    let place = folders.save(Folder::Output, &start, "mp4", bytes).map_err(outside)?;
    Ok(Done { outputs: Vec::new(), shown: Some(json!({"images": [place.json()], "animated": [true]})) })
}
