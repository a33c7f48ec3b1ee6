//! What a model costs, as dated data, and what an order comes to.

use serde::{Deserialize, Serialize};

use super::{ModelDef, OutputKind};
use crate::operation::Operation;
use crate::order::{Order, Role};
use crate::units::{MicroUsd, Millis};

/// A price, as dated data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For a picture, or a clip of any length, in micro-dollars.
    #[serde(default)]
    pub per_clip_micro_usd: MicroUsd,
    /// For each second of a clip, in micro-dollars.
    #[serde(default)]
    pub per_second_micro_usd: MicroUsd,
    /// What holds instead for some orders; the first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<PriceRow>,
    /// A shorter clip is charged as one of this length, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_ms: Option<Millis>,
    /// The day the price was read, as `YYYY-MM-DD`.
    pub as_of: String,
    /// Where it was read.
    pub source: String,
}

/// A price that holds for orders that meet every condition it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// Of this resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Of at most so many pixels, width times height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_up_to: Option<u64>,
    /// Of at most this length, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_ms: Option<Millis>,
    /// For a picture or a clip, in micro-dollars.
    #[serde(default)]
    pub per_clip_micro_usd: MicroUsd,
    /// For each second, in micro-dollars.
    #[serde(default)]
    pub per_second_micro_usd: MicroUsd,
}

impl PriceRow {
    fn fits(&self, order: &Order, duration: Millis) -> bool {
        let pixels = order.size.map(|[width, height]| u64::from(width) * u64::from(height));
        self.resolution.as_ref().is_none_or(|own| order.resolution.as_ref() == Some(own))
            && self.pixels_up_to.is_none_or(|most| pixels.is_some_and(|pixels| pixels <= most))
            && self.up_to_ms.is_none_or(|most| duration <= most)
    }
}

/// Bytes a second of an MP3 of 32 kbit/s: hardly anybody speaks in fewer.
const FEWEST_BYTES_A_SECOND: u64 = 4_000;
/// Milliseconds of sound that we reckon with at most where nobody says how long it is.
const LONGEST_SOUND: Millis = Millis::seconds(600);

impl ModelDef {
    /// What a clip of this length costs: the parts of a second are charged in full.
    #[must_use]
    pub fn cost(&self, duration: Millis) -> MicroUsd {
        self.charge(self.price.per_clip_micro_usd, self.price.per_second_micro_usd, duration)
    }

    /// What `order` costs, at most where its length is not known beforehand.
    #[must_use]
    pub fn cost_of(&self, order: &Order) -> MicroUsd {
        let duration = self.length_of(order);
        match self.price.table.iter().find(|row| row.fits(order, duration)) {
            Some(row) => self.charge(row.per_clip_micro_usd, row.per_second_micro_usd, duration),
            None => self.cost(duration),
        }
    }

    /// How long the clip that comes back for `order` is, where that is known beforehand.
    #[must_use]
    pub fn result_length(&self, order: &Order) -> Option<Millis> {
        match self.added_to(order) {
            Some(added) => Some(order.input(Role::Video)?.duration_ms? + added),
            None => order.duration_ms,
        }
    }

    /// What is added to the clip that `order` continues, where the result begins with that clip.
    fn added_to(&self, order: &Order) -> Option<Millis> {
        self.extends_by_ms.filter(|_| order.operation == Operation::VideoExtend)
    }

    /// How much of a clip is charged for `order`: all of it but what it continues. Nothing for a picture.
    #[must_use]
    pub fn length_of(&self, order: &Order) -> Millis {
        if self.output == OutputKind::Image {
            return Millis(0);
        }
        if let Some(added) = self.added_to(order) {
            return added;
        }
        if self.length_of_audio {
            let spoken = [Role::Audio, Role::RightAudio].into_iter().filter_map(|role| order.input(role));
            let lengths = spoken.map(|sound| {
                let most = Millis((sound.bytes / FEWEST_BYTES_A_SECOND).saturating_add(1) * 1_000);
                sound.duration_ms.unwrap_or_else(|| most.min(LONGEST_SOUND))
            });
            // Two voices speak at once, as on a call.
            return lengths.max().unwrap_or_default();
        }
        order.duration_ms.or_else(|| self.usual_duration()).unwrap_or_default()
    }

    fn charge(&self, each: MicroUsd, second: MicroUsd, duration: Millis) -> MicroUsd {
        let charged = self.price.least_ms.map_or(duration, |least| duration.max(least));
        each + MicroUsd(second.0.saturating_mul(charged.0).div_ceil(1_000))
    }
}
