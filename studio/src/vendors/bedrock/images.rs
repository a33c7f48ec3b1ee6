//! Bedrock's image models: what each accepts, field by field, and what it answers. Titan, Nova Canvas,
//! Stable Diffusion XL, and Stability's present ones.

use cuelight_core::units::MicroUsd;
use serde_json::{Value, json};

use super::fields::{Fields, Malformed, parse};
use super::{BLOCKED, WITHHELD};
use crate::vendors::maker::Brief;
use crate::vendors::picture::Picture;

/// How a model's requests and answers are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Titan,
    Canvas,
    Sdxl,
    /// Stability's present models; whether it takes an image.
    Stability(bool),
}

/// An image model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    pub(super) id: &'static str,
    family: Family,
    /// How long it usually takes, in milliseconds.
    pub(super) latency_ms: u64,
    /// What a picture costs, in micro-dollars, where that is one number.
    price: u64,
}

const MODELS: [Model; 9] = [
    Model { id: "amazon.titan-image-generator-v1", family: Family::Titan, latency_ms: 8_000, price: 0 },
    Model { id: "amazon.titan-image-generator-v2:0", family: Family::Titan, latency_ms: 8_000, price: 0 },
    Model { id: "amazon.nova-canvas-v1:0", family: Family::Canvas, latency_ms: 10_000, price: 0 },
    Model { id: "stability.stable-diffusion-xl-v1", family: Family::Sdxl, latency_ms: 6_000, price: 40_000 },
    Model {
        id: "stability.sd3-5-large-v1:0",
        family: Family::Stability(true),
        latency_ms: 10_000,
        price: 80_000,
    },
    Model {
        id: "stability.stable-image-core-v1:0",
        family: Family::Stability(false),
        latency_ms: 5_000,
        price: 40_000,
    },
    Model {
        id: "stability.stable-image-core-v1:1",
        family: Family::Stability(false),
        latency_ms: 5_000,
        price: 40_000,
    },
    Model {
        id: "stability.stable-image-ultra-v1:0",
        family: Family::Stability(false),
        latency_ms: 12_000,
        price: 140_000,
    },
    Model {
        id: "stability.stable-image-ultra-v1:1",
        family: Family::Stability(true),
        latency_ms: 12_000,
        price: 140_000,
    },
];

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Order {
    /// What the words are that may be refused.
    pub(super) words: String,
    /// One brief a picture.
    pub(super) briefs: Vec<Brief>,
    family: Family,
    each: MicroUsd,
}

/// The largest seed of Amazon's models.
const LAST_SEED: u32 = 2_147_483_646;
/// The sizes of Titan, width by height; and the halves of those whose halves it makes too.
const TITAN_SIZES: [(u32, u32); 25] = [
    (1024, 1024),
    (768, 768),
    (512, 512),
    (768, 1152),
    (384, 576),
    (1152, 768),
    (576, 384),
    (768, 1280),
    (384, 640),
    (1280, 768),
    (640, 384),
    (896, 1152),
    (448, 576),
    (1152, 896),
    (576, 448),
    (768, 1408),
    (384, 704),
    (1408, 768),
    (704, 384),
    (640, 1408),
    (320, 704),
    (1408, 640),
    (704, 320),
    (1152, 640),
    (1173, 640),
];
const SDXL_SIZES: [(u32, u32); 9] = [
    (1024, 1024),
    (1152, 896),
    (1216, 832),
    (1344, 768),
    (1536, 640),
    (640, 1536),
    (768, 1344),
    (832, 1216),
    (896, 1152),
];
const SDXL_STYLES: [&str; 17] = [
    "3d-model",
    "analog-film",
    "anime",
    "cinematic",
    "comic-book",
    "digital-art",
    "enhance",
    "fantasy-art",
    "isometric",
    "line-art",
    "low-poly",
    "modeling-compound",
    "neon-punk",
    "origami",
    "photographic",
    "pixel-art",
    "tile-texture",
];
const SDXL_SAMPLERS: [&str; 10] = [
    "DDIM",
    "DDPM",
    "K_DPMPP_2M",
    "K_DPMPP_2S_ANCESTRAL",
    "K_DPM_2",
    "K_DPM_2_ANCESTRAL",
    "K_EULER",
    "K_EULER_ANCESTRAL",
    "K_HEUN",
    "K_LMS",
];
const SDXL_GUIDANCE: [&str; 7] = ["FAST_BLUE", "FAST_GREEN", "NONE", "SIMPLE", "SLOW", "SLOWER", "SLOWEST"];
const CANVAS_STYLES: [&str; 8] = [
    "3D_ANIMATED_FAMILY_FILM",
    "DESIGN_SKETCH",
    "FLAT_VECTOR_ILLUSTRATION",
    "GRAPHIC_NOVEL_ILLUSTRATION",
    "MAXIMALISM",
    "MIDCENTURY_RETRO",
    "PHOTOREALISM",
    "SOFT_DIGITAL_PAINTING",
];
/// The ratios of Stability's present models, each about a megapixel.
const STABILITY_SIZES: [(&str, u32, u32); 9] = [
    ("1:1", 1024, 1024),
    ("16:9", 1344, 768),
    ("21:9", 1536, 640),
    ("2:3", 832, 1216),
    ("3:2", 1216, 832),
    ("4:5", 896, 1088),
    ("5:4", 1088, 896),
    ("9:16", 768, 1344),
    ("9:21", 640, 1536),
];
/// The tasks of Amazon's image models that are stood in for.
const TASKS: [&str; 2] = ["TEXT_IMAGE", "IMAGE_VARIATION"];

impl Model {
    /// The model of this id.
    pub(super) fn find(id: &str) -> Option<Self> {
        MODELS.into_iter().find(|model| model.id == id)
    }

    /// Reads and checks a body. Decodes pictures, so not for an asynchronous thread.
    pub(super) fn read(self, body: &[u8]) -> Result<Order, Malformed> {
        let body = parse(body)?;
        let fields = Fields::of(&body, "#")?;
        match self.family {
            Family::Titan | Family::Canvas => self.amazon(fields),
            Family::Sdxl => self.sdxl(fields),
            Family::Stability(takes_image) => self.stability(fields, takes_image),
        }
    }

    fn amazon(self, mut top: Fields<'_>) -> Result<Order, Malformed> {
        let canvas = self.family == Family::Canvas;
        let longest = if canvas { 1_024 } else { 512 };
        let task = top.word("taskType", &TASKS)?;
        let task = top.required("taskType", task)?;
        let (words, inputs) = if task == "TEXT_IMAGE" {
            let params = top.object("textToImageParams")?;
            let mut params = top.required("textToImageParams", params)?;
            let text = params.text("text", 1..=longest)?;
            let text = params.required("text", text)?;
            params.text("negativeText", 1..=longest)?;
            let mut inputs = Vec::new();
            if self.id != "amazon.titan-image-generator-v1" {
                inputs.extend(params.picture("conditionImage")?);
                params.word("controlMode", &["CANNY_EDGE", "SEGMENTATION"])?;
                params.number("controlStrength", 0.0..=1.0)?;
            }
            if canvas {
                params.word("style", &CANVAS_STYLES)?;
            }
            params.done()?;
            (text, inputs)
        } else {
            let params = top.object("imageVariationParams")?;
            let mut params = top.required("imageVariationParams", params)?;
            let images = params.pictures("images", 1..=5)?;
            let images = params.required("images", images)?;
            let text = params.text("text", 1..=longest)?.unwrap_or_default();
            params.text("negativeText", 1..=longest)?;
            params.number("similarityStrength", 0.2..=1.0)?;
            params.done()?;
            (text, images)
        };
        let mut count = 1;
        let (mut size, mut premium) = ((1_024, 1_024), false);
        let mut seed = if canvas { 12 } else { 42 };
        if let Some(mut config) = top.object("imageGenerationConfig")? {
            count = config.whole("numberOfImages", 1..=5)?.unwrap_or(count);
            premium = config.word("quality", &["standard", "premium"])? == Some("premium");
            config.number("cfgScale", 1.1..=10.0)?;
            seed = config.whole("seed", 0..=LAST_SEED)?.unwrap_or(seed);
            let width = config.whole("width", 320..=4_096)?;
            let height = config.whole("height", 320..=4_096)?;
            if let Some(sides) = width.zip(height) {
                size = sides;
            } else if width.is_some() || height.is_some() {
                return Err(config.wrong("width", "width and height come together"));
            }
            let (w, h) = size;
            let possible = if canvas {
                let ratio = w <= 4 * h && h <= 4 * w;
                w.is_multiple_of(16) && h.is_multiple_of(16) && ratio && w * h < 4_194_304
            } else {
                TITAN_SIZES.contains(&size)
            };
            if !possible {
                return Err(config.wrong("width", format!("{w}x{h} is not a size of this model")));
            }
            config.done()?;
        }
        top.done()?;
        let area = size.0 * size.1;
        let each = match (self.family, premium) {
            (Family::Canvas, false) if area <= 1 << 20 => 40_000,
            (Family::Canvas, true) if area > 1 << 20 => 80_000,
            (Family::Canvas, _) => 60_000,
            // The first version's price rises above 512 by 512, the second's above 1024 by 1024.
            (_, premium) => {
                let step = if self.id == "amazon.titan-image-generator-v1" { 1 << 18 } else { 1 << 20 };
                8_000 + 2_000 * u64::from(premium) + 2_000 * u64::from(area > step)
            }
        };
        let seeds = (0..count).map(|more| u64::from(seed) + u64::from(more));
        Ok(self.order(words, &inputs, size, seeds, each))
    }

    fn sdxl(self, mut top: Fields<'_>) -> Result<Order, Malformed> {
        let prompts = top.list("text_prompts", 1..=10)?;
        let mut words = Vec::new();
        for prompt in top.required("text_prompts", prompts)? {
            let mut prompt = Fields::of(prompt, "#/text_prompts")?;
            let text = prompt.text("text", 0..=2_000)?;
            let text = prompt.required("text", text)?;
            if prompt.number("weight", -10.0..=10.0)?.unwrap_or(1.0) > 0.0 {
                words.push(text);
            }
            prompt.done()?;
        }
        top.number("cfg_scale", 0.0..=35.0)?;
        top.word("clip_guidance_preset", &SDXL_GUIDANCE)?;
        top.word("sampler", &SDXL_SAMPLERS)?;
        top.whole("samples", 1..=1)?;
        top.word("style_preset", &SDXL_STYLES)?;
        let steps = top.whole("steps", 10..=150)?.unwrap_or(30);
        let seed = top.whole("seed", 0..=u32::MAX)?.unwrap_or(0);
        let image = top.picture("init_image")?;
        top.word("init_image_mode", &["IMAGE_STRENGTH", "STEP_SCHEDULE"])?;
        top.number("image_strength", 0.0..=1.0)?;
        let (width, height) = (top.whole("width", 1..=4_096)?, top.whole("height", 1..=4_096)?);
        let size = match &image {
            Some(image) => (image.width, image.height),
            None => (width.unwrap_or(1_024), height.unwrap_or(1_024)),
        };
        if !SDXL_SIZES.contains(&size) {
            let name = if image.is_some() { "init_image" } else { "width" };
            return Err(top.wrong(name, format!("{}x{} is not a size of this model", size.0, size.1)));
        }
        top.done()?;
        let inputs: Vec<Picture> = image.into_iter().collect();
        let each = if steps > 50 { 2 * self.price } else { self.price };
        Ok(self.order(&words.join(" "), &inputs, size, [u64::from(seed)].into_iter(), each))
    }

    fn stability(self, mut top: Fields<'_>, takes_image: bool) -> Result<Order, Malformed> {
        let prompt = top.text("prompt", 1..=10_000)?;
        let prompt = top.required("prompt", prompt)?;
        top.text("negative_prompt", 0..=10_000)?;
        let seed = top.whole("seed", 0..=u32::MAX)?.unwrap_or(0);
        // A JPEG would be as good, but none is made here.
        top.word("output_format", &["png", "PNG"])?;
        let ratios = STABILITY_SIZES.map(|(ratio, ..)| ratio);
        let ratio = top.word("aspect_ratio", &ratios)?;
        let modes: &[&str] =
            if takes_image { &["text-to-image", "image-to-image"] } else { &["text-to-image"] };
        let mode = top.word("mode", modes)?;
        let mut inputs = Vec::new();
        if takes_image && (mode == Some("image-to-image") || (mode.is_none() && top.has("image"))) {
            let image = top.picture("image")?;
            inputs.push(top.required("image", image)?);
            let strength = top.number("strength", 0.0..=1.0)?;
            top.required("strength", strength)?;
            if ratio.is_some() {
                return Err(top.wrong("aspect_ratio", "only valid for text-to-image"));
            }
        }
        top.done()?;
        let found = STABILITY_SIZES.into_iter().find(|(name, ..)| *name == ratio.unwrap_or("1:1"));
        let size = match (inputs.first(), found) {
            (Some(image), _) => (image.width, image.height),
            (None, Some((_, width, height))) => (width, height),
            (None, None) => (1_024, 1_024),
        };
        if size.0.min(size.1) < 64 || size.0 * size.1 > 1 << 22 {
            return Err(Fields::of(&json!({}), "#")?.wrong("image", "an image of 64 px to 4 megapixels"));
        }
        Ok(self.order(prompt, &inputs, size, [u64::from(seed)].into_iter(), self.price))
    }

    fn order(
        self,
        words: &str,
        inputs: &[Picture],
        (width, height): (u32, u32),
        seeds: impl Iterator<Item = u64>,
        each: u64,
    ) -> Order {
        let brief = |seed| Brief {
            width,
            height,
            seed,
            words: words.to_owned(),
            inputs: inputs.to_vec(),
            last: None,
        };
        Order {
            words: words.to_owned(),
            briefs: seeds.map(brief).collect(),
            family: self.family,
            each: MicroUsd(each),
        }
    }
}

impl Order {
    /// What so many pictures cost. Pictures that are held back are not charged.
    pub(super) fn cost_of(&self, pictures: usize) -> MicroUsd {
        MicroUsd(self.each.0 * pictures as u64)
    }

    /// What is answered to a request whose words are refused, where that is not an error.
    pub(super) fn refused(&self) -> Option<Value> {
        matches!(self.family, Family::Stability(_))
            .then(|| json!({ "finish_reasons": ["Filter reason: prompt"] }))
    }

    /// What is answered with these pictures in base64; none when they are held back.
    pub(super) fn answer(&self, pictures: Vec<String>) -> Value {
        let seed = self.briefs.first().map_or(0, |brief| brief.seed);
        let withheld = pictures.is_empty();
        match self.family {
            Family::Titan => json!({ "images": pictures, "error": withheld.then_some(WITHHELD) }),
            Family::Canvas if withheld => json!({ "images": pictures, "error": WITHHELD }),
            Family::Canvas => json!({ "images": pictures }),
            Family::Sdxl => {
                let reason = if withheld { "CONTENT_FILTERED" } else { "SUCCESS" };
                let artifact = json!({ "seed": seed, "base64": pictures.concat(), "finishReason": reason });
                json!({ "result": if withheld { BLOCKED } else { "success" }, "artifacts": [artifact] })
            }
            Family::Stability(_) if withheld => json!({ "finish_reasons": ["Filter reason: output image"] }),
            Family::Stability(_) => json!({ "seeds": [seed], "finish_reasons": [null], "images": pictures }),
        }
    }
}
