//! Which models Google serves, what each can do, what it costs, and since when it is gone.
//!
//! Read from Google's pages of models, prices, pictures, videos and deprecations as of November 2026,
//! not from the project's catalogue: a second reading of the same pages. The sizes `4K` and `4k` are
//! left out: nothing here draws that large.

use serde_json::{Value, json};

/// A model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Model {
    /// Its id, without `models/`.
    pub(super) id: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// What it makes.
    pub(super) kind: Kind,
    /// The day it was shut down and what Google says to use instead; the studio keeps it alive unless it
    /// is told to be strict.
    pub(super) retired: Option<(&'static str, &'static str)>,
}

/// What a model makes, and within which bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Words.
    Text(Text),
    /// Pictures from words and pictures, in a conversation.
    Picture(Picture),
    /// Pictures from words.
    Imagen(Imagen),
    /// Clips.
    Veo(Veo),
    /// Clips, through another interface than this one.
    Omni,
}

/// What a model of words costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Text {
    /// US dollars per million tokens read and written.
    pub(super) usd_per_million: [f64; 2],
}

impl Text {
    /// What so many tokens read and written cost, in micro-dollars: a part of one counts as a whole.
    pub(super) fn micro_usd(&self, read: u32, written: u32) -> u64 {
        let [input, output] = self.usd_per_million;
        let sum = f64::from(read) * input + f64::from(written) * output;
        // Two numbers of 32 bits at a few dollars are far below 2^53.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = sum.ceil() as u64;
        whole
    }
}

/// What a picture model of the Gemini family takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Picture {
    /// Ratios with the width and height in px of the size `1K`.
    pub(super) ratios: &'static [(&'static str, [u32; 2])],
    /// The sizes it makes.
    pub(super) sizes: &'static [Class],
    /// How many pictures it reads at most.
    pub(super) reads: usize,
}

/// A size of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    /// Its name.
    pub(super) name: &'static str,
    /// How many tokens a picture of it is.
    pub(super) tokens: u32,
    /// What a picture of it costs, in micro-dollars.
    pub(super) micro_usd: u64,
}

/// What a model of the Imagen family takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Imagen {
    /// How many pictures at most, and how many when nothing is said.
    pub(super) samples: [i64; 2],
    /// Whether it makes pictures of the size `2K`.
    pub(super) large: bool,
    /// Micro-dollars a picture.
    pub(super) micro_usd: u64,
}

/// What a model of the Veo family takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Veo {
    /// Whether it takes a last frame.
    pub(super) last_frame: bool,
    /// Whether it takes pictures to follow.
    pub(super) references: bool,
    /// Whether it continues a clip.
    pub(super) extends: bool,
    /// Micro-dollars a second, at 720p and at 1080p.
    pub(super) micro_usd_per_s: [u64; 2],
}

/// Ratios of the second generation and their sizes in px.
const SECOND: &[(&str, [u32; 2])] = &[
    ("1:1", [1024, 1024]),
    ("2:3", [832, 1248]),
    ("3:2", [1248, 832]),
    ("3:4", [864, 1184]),
    ("4:3", [1184, 864]),
    ("4:5", [896, 1152]),
    ("5:4", [1152, 896]),
    ("9:16", [768, 1344]),
    ("16:9", [1344, 768]),
    ("21:9", [1536, 672]),
];

/// Ratios of the third generation and their sizes in px at `1K`.
const THIRD: &[(&str, [u32; 2])] = &[
    ("1:1", [1024, 1024]),
    ("2:3", [848, 1264]),
    ("3:2", [1264, 848]),
    ("3:4", [896, 1200]),
    ("4:3", [1200, 896]),
    ("4:5", [928, 1152]),
    ("5:4", [1152, 928]),
    ("9:16", [768, 1376]),
    ("16:9", [1376, 768]),
    ("21:9", [1584, 672]),
];

/// What only the quick models of the third generation make besides.
const THIRD_AND_NARROW: &[(&str, [u32; 2])] = &[
    ("1:1", [1024, 1024]),
    ("1:4", [512, 2048]),
    ("1:8", [384, 3072]),
    ("2:3", [848, 1264]),
    ("3:2", [1264, 848]),
    ("3:4", [896, 1200]),
    ("4:1", [2048, 512]),
    ("4:3", [1200, 896]),
    ("4:5", [928, 1152]),
    ("5:4", [1152, 928]),
    ("8:1", [3072, 384]),
    ("9:16", [768, 1376]),
    ("16:9", [1376, 768]),
    ("21:9", [1584, 672]),
];

/// Ratios of the Imagen family and their sizes in px at `1K`.
pub(super) const IMAGEN_RATIOS: &[(&str, [u32; 2])] = &[
    ("1:1", [1024, 1024]),
    ("3:4", [896, 1280]),
    ("4:3", [1280, 896]),
    ("9:16", [768, 1408]),
    ("16:9", [1408, 768]),
];

const fn class(name: &'static str, tokens: u32, micro_usd: u64) -> Class {
    Class { name, tokens, micro_usd }
}

const BANANA: Kind =
    Kind::Picture(Picture { ratios: SECOND, sizes: &[class("1K", 1_290, 39_000)], reads: 3 });
const BANANA_PRO: Kind = Kind::Picture(Picture {
    ratios: THIRD,
    sizes: &[class("1K", 1_120, 134_000), class("2K", 1_120, 134_000)],
    reads: 14,
});
const BANANA_TWO: Kind = Kind::Picture(Picture {
    ratios: THIRD_AND_NARROW,
    sizes: &[class("512", 747, 45_000), class("1K", 1_120, 67_000), class("2K", 1_680, 101_000)],
    reads: 14,
});
const BANANA_LITE: Kind = Kind::Picture(Picture {
    ratios: THIRD_AND_NARROW,
    sizes: &[class("512", 747, 22_000), class("1K", 1_120, 34_000)],
    reads: 14,
});

const fn text(input: f64, output: f64) -> Kind {
    Kind::Text(Text { usd_per_million: [input, output] })
}

const fn veo_3(micro_usd_per_s: [u64; 2]) -> Kind {
    Kind::Veo(Veo { last_frame: false, references: false, extends: false, micro_usd_per_s })
}

const fn veo_31(micro_usd_per_s: [u64; 2]) -> Kind {
    Kind::Veo(Veo { last_frame: true, references: true, extends: true, micro_usd_per_s })
}

const fn veo_31_lite(micro_usd_per_s: [u64; 2]) -> Kind {
    Kind::Veo(Veo { last_frame: true, references: false, extends: false, micro_usd_per_s })
}

const fn model(id: &'static str, name: &'static str, kind: Kind) -> Model {
    Model { id, name, kind, retired: None }
}

const fn gone(
    id: &'static str,
    name: &'static str,
    kind: Kind,
    on: &'static str,
    instead: &'static str,
) -> Model {
    Model { id, name, kind, retired: Some((on, instead)) }
}

/// Every model that the studio stands for.
pub(super) const MODELS: &[Model] = &[
    model("gemini-2.5-flash", "Gemini 2.5 Flash", text(0.30, 2.50)),
    model("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", text(0.10, 0.40)),
    model("gemini-3.5-flash", "Gemini 3.5 Flash", text(1.50, 9.00)),
    model("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", text(0.30, 2.50)),
    model("gemini-3.6-flash", "Gemini 3.6 Flash", text(0.30, 2.50)),
    model("gemini-3.8-flash", "Gemini 3.8 Flash", text(0.75, 3.75)),
    model("gemini-flash-latest", "Gemini Flash Latest", text(0.30, 2.50)),
    gone("gemini-2.5-flash-image", "Nano Banana", BANANA, "2026-10-02", "gemini-3.1-flash-image"),
    model("gemini-3-pro-image", "Nano Banana Pro", BANANA_PRO),
    gone(
        "gemini-3-pro-image-preview",
        "Nano Banana Pro Preview",
        BANANA_PRO,
        "2026-06-25",
        "gemini-3-pro-image",
    ),
    model("gemini-3.1-flash-image", "Nano Banana 2", BANANA_TWO),
    gone(
        "gemini-3.1-flash-image-preview",
        "Nano Banana 2 Preview",
        BANANA_TWO,
        "2026-06-25",
        "gemini-3.1-flash-image",
    ),
    model("gemini-3.1-flash-lite-image", "Nano Banana 2 Lite", BANANA_LITE),
    gone(
        "imagen-4.0-generate-001",
        "Imagen 4",
        Kind::Imagen(Imagen { samples: [4, 4], large: true, micro_usd: 40_000 }),
        "2026-08-17",
        "gemini-3.1-flash-image",
    ),
    gone(
        "imagen-4.0-fast-generate-001",
        "Imagen 4 Fast",
        Kind::Imagen(Imagen { samples: [4, 4], large: false, micro_usd: 20_000 }),
        "2026-08-17",
        "gemini-3.1-flash-image",
    ),
    gone(
        "imagen-4.0-ultra-generate-001",
        "Imagen 4 Ultra",
        Kind::Imagen(Imagen { samples: [4, 1], large: true, micro_usd: 60_000 }),
        "2026-08-17",
        "gemini-3.1-flash-image",
    ),
    gone("veo-3.0-generate-001", "Veo 3", veo_3([400_000; 2]), "2026-06-30", "veo-3.1-generate-preview"),
    gone(
        "veo-3.0-fast-generate-001",
        "Veo 3 Fast",
        veo_3([150_000; 2]),
        "2026-06-30",
        "veo-3.1-fast-generate-preview",
    ),
    gone(
        "veo-3.1-generate-preview",
        "Veo 3.1 Preview",
        veo_31([400_000; 2]),
        "2026-10-22",
        "gemini-omni-1.1-flash",
    ),
    gone(
        "veo-3.1-fast-generate-preview",
        "Veo 3.1 Fast Preview",
        veo_31([100_000, 120_000]),
        "2026-10-22",
        "gemini-omni-1.1-flash",
    ),
    gone(
        "veo-3.1-lite-generate-preview",
        "Veo 3.1 Lite Preview",
        veo_31_lite([50_000, 80_000]),
        "2026-10-22",
        "gemini-omni-1.1-flash",
    ),
    model("veo-3.1-generate-001", "Veo 3.1", veo_31([400_000; 2])),
    model("veo-3.1-fast-generate-001", "Veo 3.1 Fast", veo_31([100_000, 120_000])),
    model("veo-3.1-lite-generate-001", "Veo 3.1 Lite", veo_31_lite([50_000, 80_000])),
    model("gemini-omni-1.1-flash", "Gemini Omni 1.1 Flash", Kind::Omni),
];

/// The model of this id.
pub(super) fn find(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.id == id)
}

impl Model {
    /// The methods it answers to.
    pub(super) fn methods(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Text(_) | Kind::Picture(_) => &["generateContent", "streamGenerateContent", "countTokens"],
            Kind::Imagen(_) => &["predict"],
            Kind::Veo(_) => &["predictLongRunning"],
            Kind::Omni => &["createInteraction"],
        }
    }

    /// How long it usually takes, in milliseconds.
    pub(super) fn latency_ms(&self) -> u64 {
        let quick = self.id.contains("fast") || self.id.contains("lite");
        match self.kind {
            Kind::Text(_) => 1_000,
            Kind::Picture(_) | Kind::Imagen(_) if quick => 3_000,
            Kind::Picture(_) | Kind::Imagen(_) => 7_000,
            Kind::Veo(_) if quick => 35_000,
            Kind::Veo(_) => 60_000,
            Kind::Omni => 20_000,
        }
    }

    /// What the list of models says about it.
    pub(super) fn view(&self) -> Value {
        let limits: [u32; 2] = match self.kind {
            Kind::Text(_) => [1_048_576, 65_536],
            Kind::Picture(_) => [65_536, 32_768],
            Kind::Imagen(_) => [480, 8_192],
            Kind::Veo(_) => [480, 8_192],
            Kind::Omni => [131_072, 65_536],
        };
        let version = self.id.rsplit('-').next().filter(|end| end.chars().all(|c| c.is_ascii_digit()));
        json!({
            "name": format!("models/{}", self.id),
            "version": version.unwrap_or("001"),
            "displayName": self.name,
            "description": format!("{}, as the studio stands for it.", self.name),
            "inputTokenLimit": limits[0],
            "outputTokenLimit": limits[1],
            "supportedGenerationMethods": self.methods(),
        })
    }
}

/// The ratio among these that comes closest to a picture of this size.
pub(super) fn nearest(ratios: &'static [(&'static str, [u32; 2])], [width, height]: [u32; 2]) -> [u32; 2] {
    let shape = |[w, h]: [u32; 2]| (f64::from(w.max(1)) / f64::from(h.max(1))).ln();
    let wanted = shape([width, height]);
    let odd = |size: [u32; 2]| (shape(size) - wanted).abs();
    ratios.iter().map(|(_, size)| *size).min_by(|a, b| odd(*a).total_cmp(&odd(*b))).unwrap_or([1024, 1024])
}

/// The size in px of a picture of this ratio: the size at `1K`, scaled.
pub(super) fn scaled([width, height]: [u32; 2], size: &str) -> [u32; 2] {
    match size {
        // What is halved is rounded to whole blocks of 8 px, as Google's table has it.
        "512" => [width, height].map(|px| (px / 2).div_ceil(8) * 8),
        "2K" => [width * 2, height * 2],
        _ => [width, height],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_model_is_there_twice_and_every_successor_exists() {
        let ids: BTreeSet<&str> = MODELS.iter().map(|model| model.id).collect();
        assert_eq!(ids.len(), MODELS.len());
        for model in MODELS {
            if let Some((_, instead)) = model.retired {
                assert!(ids.contains(instead), "{} is replaced by {instead}", model.id);
            }
        }
    }

    #[test]
    fn a_wide_picture_is_answered_by_a_wide_one() {
        assert_eq!(nearest(SECOND, [1280, 720]), [1344, 768]);
        assert_eq!(nearest(SECOND, [500, 500]), [1024, 1024]);
        assert_eq!(nearest(THIRD_AND_NARROW, [10, 4000]), [384, 3072]);
    }

    #[test]
    fn every_size_is_even_because_clips_start_with_pictures() {
        for ratios in [SECOND, THIRD, THIRD_AND_NARROW, IMAGEN_RATIOS] {
            for (ratio, size) in ratios {
                for name in ["512", "1K", "2K"] {
                    assert!(scaled(*size, name).iter().all(|px| px % 2 == 0), "{ratio} at {name}");
                }
            }
        }
    }
}
