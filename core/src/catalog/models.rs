//! The models: what each accepts, costs and takes, who offers it, and who stands in for it.
//!
//! Only servers read this. It is data (`catalog/models.json`), and a deployment may add to it or change
//! it, so that a new model of a known family, another price or another id is no release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::operation::Operation;
use crate::order::Role;
use crate::units::Millis;

mod check;
mod entries;
mod in_use;
mod price;
mod rule;

pub use entries::CatalogError;
pub use in_use::{configure, models, shipped};
pub use price::{Price, PriceRow};
pub use rule::{Rule, When};

/// An inclusive range of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Smallest allowed value.
    pub min: u64,
    /// Largest allowed value.
    pub max: u64,
    /// Every value is a multiple of this, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<u64>,
    /// What is taken where nobody chooses, if we choose at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<u64>,
}

impl Bounds {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn allows(&self, value: u64) -> bool {
        (self.min..=self.max).contains(&value) && self.multiple_of.is_none_or(|m| value.is_multiple_of(m))
    }

    /// `value`, or the end that is nearer to it.
    #[must_use]
    pub fn nearest(&self, value: u64) -> u64 {
        value.max(self.min).min(self.max)
    }
}

/// An inclusive range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
}

/// What a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A picture.
    Image,
    /// A clip.
    #[default]
    Video,
}

/// How long a model takes, in milliseconds, from the order to the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// As a rule.
    pub typical: Millis,
    /// Hardly ever longer.
    pub max: Millis,
}

/// An input that a model takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct InputDef {
    /// As what.
    pub role: Role,
    /// Whether the model makes nothing without it. An operation may need it all the same.
    #[serde(default)]
    pub required: bool,
    /// The media types it may have.
    pub media_types: Vec<String>,
    /// The most bytes it may have.
    pub max_bytes: u64,
    /// The width and height, in px, that a picture is brought to before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// The least width and height of a picture, in px.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_px: Option<u32>,
    /// How long sound or a clip may be, in milliseconds. What is of no known length is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Bounds>,
}

/// Where a model is in its life at its vendor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// Whether it is to be used.
    #[serde(default)]
    pub status: Status,
    /// From when on it is in that status, as `YYYY-MM-DD`, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The day on which its vendor ends it, as `YYYY-MM-DD`, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The id of the model that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}

/// Whether a model is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    #[default]
    Active,
    /// It answers and is about to end; chosen only by name.
    Legacy,
    /// Its vendor has ended it: its successor serves whoever names it.
    Retired,
}

/// How a submission whose answer was lost is found again at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reconcile {
    /// Sent again under the same idempotency key, it orders nothing new.
    Idempotency,
    /// The provider lists operations by the key they were ordered under.
    Listing,
    /// The answer to the order is the result, and is put away under the key before anything else: it is
    /// looked for there, and otherwise waited out and reported.
    PutAway,
    /// Not at all: it is waited out and reported.
    None,
}

/// What a model accepts, costs and takes. What it does not take at all is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct ModelDef {
    /// Stable id, used in keys.
    pub id: String,
    /// The vendor's own id, or path, of it. The same as `id` unless it says otherwise.
    #[serde(default)]
    pub wire_id: String,
    /// Which adapter speaks to it.
    pub provider: String,
    /// Whose queue its work waits in. The provider's unless it says otherwise.
    #[serde(default)]
    pub lane: String,
    /// Its name for a person.
    pub label: String,
    /// What it makes.
    #[serde(default)]
    pub output: OutputKind,
    /// The operations it serves.
    pub operations: Vec<String>,
    /// What it can be made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputDef>,
    /// How long its prompt may be, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Bounds>,
    /// How long the words on what to avoid may be, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<Bounds>,
    /// The widths and heights it makes, in px, the usual one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<[u32; 2]>,
    /// Allowed width and height, in px, where it makes any within bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension_px: Option<Bounds>,
    /// The most pixels, width times height, where bounds alone do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<u64>,
    /// The vendor's names of sizes, the usual one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolutions: Vec<String>,
    /// Widths to heights, the usual one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aspect_ratios: Vec<String>,
    /// The lengths of clips it makes, in milliseconds, the usual one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub durations_ms: Vec<Millis>,
    /// Allowed clip length, in milliseconds, where any within bounds is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Bounds>,
    /// What it wants of one member because of another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Rule>,
    /// By how much a clip that it continues gets longer, in milliseconds, where the result begins with that
    /// clip. Only this much is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends_by_ms: Option<Millis>,
    /// Whether a clip is as long as its sound.
    #[serde(default, skip_serializing_if = "is_false")]
    pub length_of_audio: bool,
    /// Allowed frames a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<Bounds>,
    /// Allowed denoising steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Bounds>,
    /// Allowed seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Bounds>,
    /// How closely it may be told to follow the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<Span>,
    /// How closely it may be told to follow the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<Span>,
    /// Whether it can be told to rewrite the prompt.
    #[serde(default, skip_serializing_if = "is_false")]
    pub prompt_expansion: bool,
    /// Whether it can be told to make sound.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sound: bool,
    /// How many low-rank adaptations it loads.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub loras: u32,
    /// How long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    /// The longest that one call to it may take, in milliseconds. Long where the answer to the order
    /// is the result.
    #[serde(default = "usual_call")]
    pub call_ms: Millis,
    /// What it costs.
    pub price: Price,
    /// After this long without a result an attempt has failed, in milliseconds. At most [`MAX_TIMEOUT`].
    pub timeout_ms: Millis,
    /// How a submission whose answer was lost is found again.
    pub reconcile: Reconcile,
    /// Whether cancelling an operation saves its price.
    #[serde(default)]
    pub cancel_saves: bool,
    /// Whether it is chosen by name only, never because it is the best.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_name: bool,
    /// Where it is in its life.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The ids of the models that are tried in its place, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands_in: Vec<String>,
}

/// The longest that an attempt may take: less than a lane lends a slot for.
pub const MAX_TIMEOUT: Millis = Millis::seconds(7_000);
/// The longest call where a model says nothing else.
pub const USUAL_CALL: Millis = Millis(10_000);

const fn usual_call() -> Millis {
    USUAL_CALL
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl ModelDef {
    /// Whether it serves `operation` under that name.
    #[must_use]
    pub fn serves(&self, operation: Operation) -> bool {
        self.operations.iter().any(|known| known == operation.as_str())
    }

    /// What it takes in this role.
    #[must_use]
    pub fn input(&self, role: Role) -> Option<&InputDef> {
        self.inputs.iter().find(|input| input.role == role)
    }

    /// The length of a clip that nobody chose.
    #[must_use]
    pub fn usual_duration(&self) -> Option<Millis> {
        let bounded = || self.duration_ms.map(|bounds| Millis(bounds.usual.unwrap_or(bounds.min)));
        self.durations_ms.first().copied().or_else(bounded)
    }

    fn completed(mut self) -> Self {
        for (name, usual) in [(&mut self.wire_id, &self.id), (&mut self.lane, &self.provider)] {
            if name.is_empty() {
                name.clone_from(usual);
            }
        }
        self
    }
}

/// What only servers need to know: models, and who offers them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// The models, preferred first.
    pub models: Vec<ModelDef>,
    /// Providers that clients of the plain jobs API name for operations that they do not serve: the
    /// preferred model of the operation serves them, and the answer says which that was.
    #[serde(default)]
    pub provider_aliases: Vec<String>,
    /// Ids that are also understood, and the model that is meant.
    #[serde(default)]
    pub model_aliases: BTreeMap<String, String>,
}

impl Models {
    /// The model with this id.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&ModelDef> {
        self.models.iter().find(|m| m.id == id)
    }

    /// The model that is meant by a name that a caller uses: its id, its vendor's id, or another name
    /// for it.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&ModelDef> {
        let by_alias = || self.model_aliases.get(name).and_then(|id| self.model(id));
        self.model(name).or_else(by_alias).or_else(|| self.models.iter().find(|m| m.wire_id == name))
    }

    /// The models that may be chosen for an operation, in the order of the catalogue.
    pub fn to_choose(&self, operation: Operation) -> impl Iterator<Item = &ModelDef> + Clone {
        self.models_for(operation.as_str())
            .filter(|model| model.lifecycle.status == Status::Active && !model.by_name)
    }

    /// The model that serves whoever asks for `model`: itself, or its successor's successor, and so on,
    /// while it is retired. `None` where nobody succeeded it.
    #[must_use]
    pub fn living<'a>(&'a self, model: &'a ModelDef) -> Option<&'a ModelDef> {
        let mut found = model;
        // A catalogue with a circle in it must not hang anybody.
        for _ in 0..self.models.len() {
            if found.lifecycle.status != Status::Retired {
                return Some(found);
            }
            found = self.model(found.lifecycle.successor.as_deref()?)?;
        }
        None
    }

    /// The preferred model for an operation: of `provider`, where one is named. An alias stands
    /// for any provider, unless a model of its own serves the operation.
    #[must_use]
    pub fn model_for(&self, operation: &str, provider: Option<&str>) -> Option<&ModelDef> {
        self.model_among(operation, provider, |_| true)
    }

    /// The same among the models of the providers that are `set_up`.
    pub fn model_among(
        &self,
        operation: &str,
        provider: Option<&str>,
        set_up: impl Fn(&str) -> bool,
    ) -> Option<&ModelDef> {
        let mut serving = self.models_for(operation).filter(|model| set_up(&model.provider));
        let own = serving.clone().find(|m| provider.is_none_or(|p| p == m.provider));
        let aliased = provider.is_some_and(|p| self.provider_aliases.iter().any(|a| a == p));
        own.or_else(|| serving.next().filter(|_| aliased))
    }

    /// The models that serve an operation, preferred first. Not those that have ended.
    pub fn models_for(&self, operation: &str) -> impl Iterator<Item = &ModelDef> + Clone {
        let alive = self.models.iter().filter(|m| m.lifecycle.status != Status::Retired);
        alive.filter(move |m| m.operations.iter().any(|o| o == operation))
    }

    /// The providers, none twice.
    #[must_use]
    pub fn providers(&self) -> Vec<&str> {
        distinct(self.models.iter().map(|model| model.provider.as_str()))
    }

    /// The lanes, none twice.
    #[must_use]
    pub fn lanes(&self) -> Vec<&str> {
        distinct(self.models.iter().map(|model| model.lane.as_str()))
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests;
