//! The classes that this server has, row by row.

use super::{Accepts, Class, Input};

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
