//! The classes of nodes that this server has: what goes in, what comes out, which are the ends of a
//! graph. Ranges and defaults are those of ComfyUI 0.3.64.

use serde_json::{Map, Value, json};

/// The type of what flows along a link.
pub(crate) type Type = &'static str;

/// What an input accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accepts {
    /// A link of this type.
    Link(Type),
    /// A whole number: default, least, most, step.
    Int(i128, i128, i128, u32),
    /// A number: default, least, most.
    Float(f64, f64, f64),
    /// Text and its default.
    Text(&'static str),
    /// One of a list; the first is the default.
    OneOf(&'static [&'static str]),
    /// The name of an uploaded picture.
    Upload,
}

/// One input of a class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Input {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// Whether a node cannot do without.
    pub required: bool,
}

/// A class of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Class {
    /// The name in `class_type`.
    pub name: &'static str,
    /// Where an editor lists it.
    pub category: &'static str,
    /// What goes in.
    pub inputs: &'static [Input],
    /// The types of what comes out, by slot.
    pub outputs: &'static [Type],
    /// Whether it is an end of a graph.
    pub is_output: bool,
}

impl Class {
    /// The class of this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// What `GET /object_info` says of it; `uploads` are the pictures in the input folder.
    #[must_use]
    pub(crate) fn info(&self, uploads: &[String]) -> Value {
        let (mut required, mut optional) = (Map::new(), Map::new());
        for input in self.inputs {
            let side = if input.required { &mut required } else { &mut optional };
            side.insert(input.name.to_owned(), input.accepts.info(uploads));
        }
        let names = |side: &Map<String, Value>| side.keys().cloned().collect::<Vec<_>>();
        json!({
            "input_order": {"required": names(&required), "optional": names(&optional)},
            "input": {"required": required, "optional": optional},
            "output": self.outputs,
            "output_is_list": vec![false; self.outputs.len()],
            "output_name": self.outputs,
            "name": self.name,
            "display_name": self.name,
            "description": "",
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.is_output,
        })
    }
}

impl Accepts {
    fn info(self, uploads: &[String]) -> Value {
        match self {
            Self::Link(name) => json!([name, {}]),
            // The largest seed does not fit a signed number of 64 bits.
            Self::Int(default, min, max, step) => json!(["INT", {
                "default": u64::try_from(default).unwrap_or(0),
                "min": i64::try_from(min).unwrap_or(0),
                "max": u64::try_from(max).unwrap_or(u64::MAX),
                "step": step,
            }]),
            Self::Float(default, min, max) => json!(["FLOAT", {"default": default, "min": min, "max": max}]),
            Self::Text(default) => json!(["STRING", {"default": default, "multiline": true}]),
            Self::OneOf(words) => json!([words, {}]),
            Self::Upload => json!([uploads, {"image_upload": true}]),
        }
    }
}

const fn must(name: &'static str, accepts: Accepts) -> Input {
    Input { name, accepts, required: true }
}

const fn may(name: &'static str, accepts: Accepts) -> Input {
    Input { name, accepts, required: false }
}

const IMAGE: Accepts = Accepts::Link("IMAGE");
const MODEL: Accepts = Accepts::Link("MODEL");
const CLIP: Accepts = Accepts::Link("CLIP");
const VAE: Accepts = Accepts::Link("VAE");
const CONDITIONING: Accepts = Accepts::Link("CONDITIONING");
const LATENT: Accepts = Accepts::Link("LATENT");
const SEED: Accepts = Accepts::Int(0, 0, u64::MAX as i128, 1);
const BATCH: Accepts = Accepts::Int(1, 1, 4_096, 1);
const STRENGTH: Accepts = Accepts::Float(1.0, -100.0, 100.0);

/// A side of a picture, in px.
const fn side(default: i128) -> Accepts {
    Accepts::Int(default, 1, 16_384, 1)
}

/// A side of a latent, in px.
const fn latent_side(default: i128, step: u32) -> Accepts {
    Accepts::Int(default, 16, 16_384, step)
}

const CHECKPOINTS: &[&str] =
    &["v1-5-pruned-emaonly-fp16.safetensors", "sd_xl_base_1.0.safetensors", "studio.safetensors"];
const DIFFUSION_MODELS: &[&str] = &[
    "wan2.1_t2v_1.3B_fp16.safetensors",
    "wan2.1_i2v_480p_14B_fp16.safetensors",
    "wan2.1_i2v_720p_14B_fp16.safetensors",
    "wan2.2_ti2v_5B_fp16.safetensors",
];
const TEXT_ENCODERS: &[&str] =
    &["umt5_xxl_fp8_e4m3fn_scaled.safetensors", "clip_l.safetensors", "t5xxl_fp16.safetensors"];
const VAES: &[&str] =
    &["wan_2.1_vae.safetensors", "wan2.2_vae.safetensors", "ae.safetensors", "vae-ft-mse-840000.safetensors"];
const VISION: &[&str] = &["clip_vision_h.safetensors"];
const LORAS: &[&str] = &["studio.safetensors", "ink.safetensors", "pixel.safetensors", "soft.safetensors"];
const SAMPLERS: &[&str] = &[
    "euler",
    "euler_ancestral",
    "heun",
    "dpm_2",
    "lms",
    "dpmpp_2m",
    "dpmpp_2m_sde",
    "dpmpp_sde",
    "ddim",
    "uni_pc",
    "lcm",
];
const SCHEDULERS: &[&str] =
    &["normal", "karras", "simple", "exponential", "sgm_uniform", "ddim_uniform", "beta"];

/// Every class.
pub(crate) const CLASSES: &[Class] = &[
    Class {
        name: "EmptyImage",
        category: "image",
        inputs: &[
            must("width", side(512)),
            must("height", side(512)),
            must("batch_size", BATCH),
            must("color", Accepts::Int(0, 0, 0xff_ff_ff, 1)),
        ],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "LoadImage",
        category: "image",
        inputs: &[must("image", Accepts::Upload)],
        outputs: &["IMAGE", "MASK"],
        is_output: false,
    },
    Class {
        name: "RepeatImageBatch",
        category: "image/batch",
        inputs: &[must("image", IMAGE), must("amount", BATCH)],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "ImageBatch",
        category: "image",
        inputs: &[must("image1", IMAGE), must("image2", IMAGE)],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "ImageFromBatch",
        category: "image/batch",
        inputs: &[
            must("image", IMAGE),
            must("batch_index", Accepts::Int(0, 0, 4_095, 1)),
            must("length", BATCH),
        ],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "ImageScale",
        category: "image/upscaling",
        inputs: &[
            must("image", IMAGE),
            must(
                "upscale_method",
                Accepts::OneOf(&["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]),
            ),
            must("width", Accepts::Int(512, 0, 16_384, 1)),
            must("height", Accepts::Int(512, 0, 16_384, 1)),
            must("crop", Accepts::OneOf(&["disabled", "center"])),
        ],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "ImageCrop",
        category: "image/transform",
        inputs: &[
            must("image", IMAGE),
            must("width", side(512)),
            must("height", side(512)),
            must("x", Accepts::Int(0, 0, 16_384, 1)),
            must("y", Accepts::Int(0, 0, 16_384, 1)),
        ],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "ImageAddNoise",
        category: "image",
        inputs: &[must("image", IMAGE), must("seed", SEED), must("strength", Accepts::Float(0.5, 0.0, 1.0))],
        outputs: &["IMAGE"],
        is_output: false,
    },
    Class {
        name: "CreateVideo",
        category: "image/video",
        inputs: &[
            must("images", IMAGE),
            must("fps", Accepts::Float(30.0, 1.0, 120.0)),
            may("audio", Accepts::Link("AUDIO")),
        ],
        outputs: &["VIDEO"],
        is_output: false,
    },
    Class {
        name: "SaveVideo",
        category: "image/video",
        inputs: &[
            must("video", Accepts::Link("VIDEO")),
            must("filename_prefix", Accepts::Text("video/ComfyUI")),
            must("format", Accepts::OneOf(&["auto", "mp4"])),
            must("codec", Accepts::OneOf(&["auto", "h264"])),
        ],
        outputs: &[],
        is_output: true,
    },
    Class {
        name: "SaveImage",
        category: "image",
        inputs: &[must("images", IMAGE), must("filename_prefix", Accepts::Text("ComfyUI"))],
        outputs: &[],
        is_output: true,
    },
    Class {
        name: "PreviewImage",
        category: "image",
        inputs: &[must("images", IMAGE)],
        outputs: &[],
        is_output: true,
    },
    Class {
        name: "CheckpointLoaderSimple",
        category: "loaders",
        inputs: &[must("ckpt_name", Accepts::OneOf(CHECKPOINTS))],
        outputs: &["MODEL", "CLIP", "VAE"],
        is_output: false,
    },
    Class {
        name: "UNETLoader",
        category: "advanced/loaders",
        inputs: &[
            must("unet_name", Accepts::OneOf(DIFFUSION_MODELS)),
            must("weight_dtype", Accepts::OneOf(&["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"])),
        ],
        outputs: &["MODEL"],
        is_output: false,
    },
    Class {
        name: "CLIPLoader",
        category: "advanced/loaders",
        inputs: &[
            must("clip_name", Accepts::OneOf(TEXT_ENCODERS)),
            must(
                "type",
                Accepts::OneOf(&[
                    "stable_diffusion",
                    "sd3",
                    "flux",
                    "ltxv",
                    "wan",
                    "hunyuan_video",
                    "qwen_image",
                ]),
            ),
            may("device", Accepts::OneOf(&["default", "cpu"])),
        ],
        outputs: &["CLIP"],
        is_output: false,
    },
    Class {
        name: "VAELoader",
        category: "loaders",
        inputs: &[must("vae_name", Accepts::OneOf(VAES))],
        outputs: &["VAE"],
        is_output: false,
    },
    Class {
        name: "CLIPVisionLoader",
        category: "loaders",
        inputs: &[must("clip_name", Accepts::OneOf(VISION))],
        outputs: &["CLIP_VISION"],
        is_output: false,
    },
    Class {
        name: "CLIPVisionEncode",
        category: "conditioning",
        inputs: &[
            must("clip_vision", Accepts::Link("CLIP_VISION")),
            must("image", IMAGE),
            must("crop", Accepts::OneOf(&["center", "none"])),
        ],
        outputs: &["CLIP_VISION_OUTPUT"],
        is_output: false,
    },
    Class {
        name: "LoraLoader",
        category: "loaders",
        inputs: &[
            must("model", MODEL),
            must("clip", CLIP),
            must("lora_name", Accepts::OneOf(LORAS)),
            must("strength_model", STRENGTH),
            must("strength_clip", STRENGTH),
        ],
        outputs: &["MODEL", "CLIP"],
        is_output: false,
    },
    Class {
        name: "LoraLoaderModelOnly",
        category: "loaders",
        inputs: &[
            must("model", MODEL),
            must("lora_name", Accepts::OneOf(LORAS)),
            must("strength_model", STRENGTH),
        ],
        outputs: &["MODEL"],
        is_output: false,
    },
    Class {
        name: "ModelSamplingSD3",
        category: "advanced/model",
        inputs: &[must("model", MODEL), must("shift", Accepts::Float(3.0, 0.0, 100.0))],
        outputs: &["MODEL"],
        is_output: false,
    },
    Class {
        name: "CLIPTextEncode",
        category: "conditioning",
        inputs: &[must("text", Accepts::Text("")), must("clip", CLIP)],
        outputs: &["CONDITIONING"],
        is_output: false,
    },
    Class {
        name: "EmptyLatentImage",
        category: "latent",
        inputs: &[
            must("width", latent_side(512, 8)),
            must("height", latent_side(512, 8)),
            must("batch_size", BATCH),
        ],
        outputs: &["LATENT"],
        is_output: false,
    },
    Class {
        name: "EmptyHunyuanLatentVideo",
        category: "latent/video",
        inputs: &[
            must("width", latent_side(848, 16)),
            must("height", latent_side(480, 16)),
            must("length", Accepts::Int(25, 1, 16_384, 4)),
            must("batch_size", BATCH),
        ],
        outputs: &["LATENT"],
        is_output: false,
    },
    Class {
        name: "WanImageToVideo",
        category: "conditioning/video_models",
        inputs: &[
            must("positive", CONDITIONING),
            must("negative", CONDITIONING),
            must("vae", VAE),
            must("width", latent_side(832, 16)),
            must("height", latent_side(480, 16)),
            must("length", Accepts::Int(81, 1, 16_384, 4)),
            must("batch_size", BATCH),
            may("clip_vision_output", Accepts::Link("CLIP_VISION_OUTPUT")),
            may("start_image", IMAGE),
        ],
        outputs: &["CONDITIONING", "CONDITIONING", "LATENT"],
        is_output: false,
    },
    Class {
        name: "Wan22ImageToVideoLatent",
        category: "conditioning/inpaint",
        inputs: &[
            must("vae", VAE),
            must("width", Accepts::Int(1_280, 32, 16_384, 32)),
            must("height", Accepts::Int(704, 32, 16_384, 32)),
            must("length", Accepts::Int(49, 1, 16_384, 4)),
            must("batch_size", BATCH),
            may("start_image", IMAGE),
        ],
        outputs: &["LATENT"],
        is_output: false,
    },
    Class {
        name: "VAEEncode",
        category: "latent",
        inputs: &[must("pixels", IMAGE), must("vae", VAE)],
        outputs: &["LATENT"],
        is_output: false,
    },
    Class {
        name: "KSampler",
        category: "sampling",
        inputs: &[
            must("model", MODEL),
            must("seed", SEED),
            must("steps", Accepts::Int(20, 1, 10_000, 1)),
            must("cfg", Accepts::Float(8.0, 0.0, 100.0)),
            must("sampler_name", Accepts::OneOf(SAMPLERS)),
            must("scheduler", Accepts::OneOf(SCHEDULERS)),
            must("positive", CONDITIONING),
            must("negative", CONDITIONING),
            must("latent_image", LATENT),
            must("denoise", Accepts::Float(1.0, 0.0, 1.0)),
        ],
        outputs: &["LATENT"],
        is_output: false,
    },
    Class {
        name: "VAEDecode",
        category: "latent",
        inputs: &[must("samples", LATENT), must("vae", VAE)],
        outputs: &["IMAGE"],
        is_output: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_described_and_every_name_is_its_own() {
        for (at, class) in CLASSES.iter().enumerate() {
            assert!(CLASSES[at + 1..].iter().all(|other| other.name != class.name), "{}", class.name);
            let info = class.info(&["fox.png".into()]);
            assert_eq!(info["output_node"], class.is_output);
            for input in class.inputs {
                let side = if input.required { "required" } else { "optional" };
                assert!(info["input"][side][input.name][0] != Value::Null, "{}.{}", class.name, input.name);
            }
        }
    }

    #[test]
    fn the_largest_seed_is_told_whole() {
        let info = Class::named("KSampler").unwrap().info(&[]);
        assert_eq!(info["input"]["required"]["seed"][1]["max"], json!(u64::MAX));
    }
}
