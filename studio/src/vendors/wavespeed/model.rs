//! The models: what each takes, what it makes and what that costs. A model is a row; ranges and
//! prices are those of the vendor's model pages.

use cuelight_core::units::MicroUsd;

/// What a field may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    /// Text of at most so many characters.
    Text(usize),
    /// One of these words; the first is the default.
    One(&'static [&'static str]),
    /// One of these lengths in whole seconds; the first is the default.
    Seconds(&'static [u32]),
    /// A number in this range.
    Number([f64; 2]),
    /// A whole number, or -1 for a random one.
    Seed,
    /// Yes or no; no is the default.
    Flag,
    /// `width*height`, each side in this range of px; the default is the square of 1024.
    Size([u32; 2]),
    /// A picture, by address or data URI.
    Picture(PictureRule),
    /// A sound, by address or data URI.
    Sound(SoundRule),
}

/// Which pictures are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PictureRule {
    /// The largest file, in bytes.
    pub most_bytes: usize,
    /// The shortest side, in px.
    pub least_side: u32,
}

/// Which sounds are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SoundRule {
    /// The largest file, in bytes.
    pub most_bytes: usize,
    /// The shortest and the longest, in seconds.
    pub seconds: [f64; 2],
}

/// One input of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it may be.
    pub rule: Rule,
    /// Whether there is no answer without it.
    pub required: bool,
}

/// What a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Makes {
    /// A picture.
    Picture,
    /// A clip of the seconds that were asked for.
    Clip,
    /// A clip as long as what is said in it.
    Talk,
}

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Price {
    /// So much each run.
    Run(u64),
    /// So much each run at the named resolution.
    RunAt(&'static [(&'static str, u64)]),
    /// So much each second at the named resolution, and at least for so many seconds.
    SecondAt(&'static [(&'static str, u64)], u64),
}

/// One model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Model {
    /// Its path below `/api/v3`.
    pub id: &'static str,
    /// What it makes.
    pub makes: Makes,
    /// What it takes, besides what all take.
    pub fields: &'static [Field],
    /// What it costs, in micro-dollars.
    pub price: Price,
    /// How long it works on one output (or one second of a talk), in milliseconds.
    pub work_ms: u64,
}

impl Model {
    /// The model at this path.
    #[must_use]
    pub(crate) fn at(id: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.id == id)
    }

    /// What an output of this resolution and length costs: seconds are counted in full.
    #[must_use]
    pub(crate) fn cost(&self, resolution: &str, seconds: f64) -> MicroUsd {
        let of = |table: &[(&str, u64)]| table.iter().find(|row| row.0 == resolution).map_or(0, |row| row.1);
        // Lengths are at most ten minutes and positive.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let started = seconds.ceil() as u64;
        MicroUsd(match self.price {
            Price::Run(each) => each,
            Price::RunAt(table) => of(table),
            Price::SecondAt(table, least) => of(table) * started.max(least),
        })
    }
}

const fn must(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: true }
}

const fn may(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false }
}

const MB: usize = 1024 * 1024;
const PICTURE: Rule = Rule::Picture(PictureRule { most_bytes: 10 * MB, least_side: 1 });
const KLING_PICTURE: Rule = Rule::Picture(PictureRule { most_bytes: 10 * MB, least_side: 300 });
const WAN_SOUND: Rule = Rule::Sound(SoundRule { most_bytes: 15 * MB, seconds: [3.0, 30.0] });
const TALK: Rule = Rule::Sound(SoundRule { most_bytes: 50 * MB, seconds: [0.1, 600.0] });
const WORDS: Rule = Rule::Text(2_500);
const FIVE_OR_TEN: Rule = Rule::Seconds(&[5, 10]);
const WAN_SIZES: Rule = Rule::One(&["1280*720", "720*1280", "832*480", "480*832", "1920*1080", "1080*1920"]);
const WAN_PRICE: Price = Price::SecondAt(&[("480p", 50_000), ("720p", 100_000), ("1080p", 150_000)], 5);
const TALK_PRICE: Price = Price::SecondAt(&[("480p", 30_000), ("720p", 60_000)], 5);
const TALK_RESOLUTION: Rule = Rule::One(&["480p", "720p"]);
/// Both are taken; the studio writes PNG, and its addresses say so.
const FORMAT: Rule = Rule::One(&["jpeg", "png"]);

/// What every model takes.
pub(crate) const COMMON: &[Field] =
    &[may("enable_sync_mode", Rule::Flag), may("enable_base64_output", Rule::Flag)];

/// Every model.
pub(crate) const MODELS: &[Model] = &[
    Model {
        id: "alibaba/wan-2.5/image-to-video",
        makes: Makes::Clip,
        fields: &[
            must("image", PICTURE),
            must("prompt", WORDS),
            may("audio", WAN_SOUND),
            may("negative_prompt", WORDS),
            may("resolution", Rule::One(&["720p", "480p", "1080p"])),
            may("duration", FIVE_OR_TEN),
            may("enable_prompt_expansion", Rule::Flag),
            may("seed", Rule::Seed),
        ],
        price: WAN_PRICE,
        work_ms: 60_000,
    },
    Model {
        id: "alibaba/wan-2.5/text-to-video",
        makes: Makes::Clip,
        fields: &[
            must("prompt", WORDS),
            may("negative_prompt", WORDS),
            may("audio", WAN_SOUND),
            may("size", WAN_SIZES),
            may("duration", FIVE_OR_TEN),
            may("enable_prompt_expansion", Rule::Flag),
            may("seed", Rule::Seed),
        ],
        price: WAN_PRICE,
        work_ms: 60_000,
    },
    Model {
        id: "wavespeed-ai/kandinsky5-pro/image-to-video",
        makes: Makes::Clip,
        fields: &[
            must("prompt", WORDS),
            must("image", PICTURE),
            may("resolution", Rule::One(&["512p", "1024p"])),
            may("duration", Rule::Seconds(&[5])),
        ],
        price: Price::RunAt(&[("512p", 200_000), ("1024p", 600_000)]),
        work_ms: 45_000,
    },
    Model {
        id: "kwaivgi/kling-v2.5-turbo-std/image-to-video",
        makes: Makes::Clip,
        fields: &[
            must("image", KLING_PICTURE),
            must("prompt", WORDS),
            may("negative_prompt", WORDS),
            may("guidance_scale", Rule::Number([0.0, 1.0])),
            may("duration", FIVE_OR_TEN),
        ],
        price: Price::SecondAt(&[("720p", 42_000)], 5),
        work_ms: 50_000,
    },
    Model {
        id: "kwaivgi/kling-v2.5-turbo-pro/image-to-video",
        makes: Makes::Clip,
        fields: &[
            must("image", KLING_PICTURE),
            may("last_image", KLING_PICTURE),
            must("prompt", WORDS),
            may("negative_prompt", WORDS),
            may("guidance_scale", Rule::Number([0.0, 1.0])),
            may("duration", FIVE_OR_TEN),
        ],
        price: Price::SecondAt(&[("720p", 70_000)], 5),
        work_ms: 70_000,
    },
    Model {
        id: "wavespeed-ai/infinitetalk",
        makes: Makes::Talk,
        fields: &[
            must("image", PICTURE),
            must("audio", TALK),
            may("mask_image", PICTURE),
            may("prompt", WORDS),
            may("resolution", TALK_RESOLUTION),
            may("seed", Rule::Seed),
        ],
        price: TALK_PRICE,
        work_ms: 10_000,
    },
    Model {
        id: "wavespeed-ai/infinitetalk/multi",
        makes: Makes::Talk,
        fields: &[
            must("image", PICTURE),
            must("left_audio", TALK),
            must("right_audio", TALK),
            may("order", Rule::One(&["meanwhile", "left_right", "right_left"])),
            may("prompt", WORDS),
            may("resolution", TALK_RESOLUTION),
            may("seed", Rule::Seed),
        ],
        price: TALK_PRICE,
        work_ms: 10_000,
    },
    Model {
        id: "wavespeed-ai/z-image/turbo",
        makes: Makes::Picture,
        fields: &[
            must("prompt", WORDS),
            may("size", Rule::Size([256, 1_536])),
            may("seed", Rule::Seed),
            may("output_format", FORMAT),
        ],
        price: Price::Run(5_000),
        work_ms: 1_500,
    },
    Model {
        id: "wavespeed-ai/z-image/base",
        makes: Makes::Picture,
        fields: &[
            must("prompt", WORDS),
            may("image", PICTURE),
            may("size", Rule::Size([256, 1_536])),
            may("strength", Rule::Number([0.0, 1.0])),
            may("seed", Rule::Seed),
            may("output_format", FORMAT),
        ],
        price: Price::Run(10_000),
        work_ms: 4_000,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_costs_what_the_model_page_says() {
        for (id, resolution, seconds, micro) in [
            ("alibaba/wan-2.5/image-to-video", "480p", 5.0, 250_000),
            ("alibaba/wan-2.5/image-to-video", "1080p", 10.0, 1_500_000),
            ("wavespeed-ai/kandinsky5-pro/image-to-video", "1024p", 5.0, 600_000),
            ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "720p", 5.0, 210_000),
            ("kwaivgi/kling-v2.5-turbo-pro/image-to-video", "720p", 10.0, 700_000),
            ("wavespeed-ai/infinitetalk", "480p", 1.2, 150_000),
            ("wavespeed-ai/infinitetalk/multi", "720p", 7.3, 480_000),
            ("wavespeed-ai/z-image/turbo", "", 0.0, 5_000),
        ] {
            assert_eq!(Model::at(id).unwrap().cost(resolution, seconds), MicroUsd(micro), "{id}");
        }
    }

    #[test]
    fn no_field_is_told_twice() {
        for model in MODELS {
            let mut names: Vec<_> = model.fields.iter().chain(COMMON).map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), model.fields.len() + COMMON.len(), "{}", model.id);
        }
    }
}
