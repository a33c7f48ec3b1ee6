//! What one key stands for: a clip that our own vocabulary describes whole, or an order for any model.

use serde::{Deserialize, Serialize};

use super::{ClipSpec, Operation, Scope};
use crate::cache_key::CacheKey;
use crate::catalog::{self, ModelDef, OutputKind};
use crate::order::{Order, Role};
use crate::units::{MicroUsd, Millis};

/// What is to be made. Checked; only this folder makes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Spec {
    /// A clip of a character, by a model that knows our characters.
    Clip(Box<ClipSpec>),
    /// A picture or a clip, by any model.
    Media(Box<Order>),
}

impl From<ClipSpec> for Spec {
    fn from(spec: ClipSpec) -> Self {
        Self::Clip(Box::new(spec))
    }
}

impl From<Order> for Spec {
    fn from(order: Order) -> Self {
        Self::Media(Box::new(order))
    }
}

impl Spec {
    /// What was asked for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Clip(spec) => spec.operation,
            Self::Media(order) => order.operation,
        }
    }

    /// The id of the model that makes it.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Clip(spec) => &spec.model,
            Self::Media(order) => &order.model,
        }
    }

    /// That model, while the catalogue has it.
    #[must_use]
    pub fn model_def(&self) -> Option<&'static ModelDef> {
        catalog::models().model(self.model())
    }

    /// Who makes it: the provider of the model, while the catalogue has the model.
    #[must_use]
    pub fn provider(&self) -> Option<&'static str> {
        self.model_def().map(|model| model.provider.as_str())
    }

    /// The clip that our own vocabulary describes, where it does.
    #[must_use]
    pub fn clip(&self) -> Option<&ClipSpec> {
        match self {
            Self::Clip(spec) => Some(spec),
            Self::Media(_) => None,
        }
    }

    /// Whether it is a picture or a clip.
    #[must_use]
    pub fn output(&self) -> OutputKind {
        match self {
            Self::Clip(_) => OutputKind::Video,
            Self::Media(_) => self.model_def().map_or(OutputKind::Video, |model| model.output),
        }
    }

    /// The length of the result, in milliseconds, where that is known beforehand.
    #[must_use]
    pub fn duration(&self) -> Option<Millis> {
        match self {
            Self::Clip(spec) => Some(spec.duration_ms),
            Self::Media(order) => {
                self.model_def().map_or(order.duration_ms, |model| model.result_length(order))
            }
        }
    }

    /// Its seed, where it has one.
    #[must_use]
    pub fn seed(&self) -> Option<u32> {
        match self {
            Self::Clip(spec) => Some(spec.seed),
            Self::Media(order) => order.seed,
        }
    }

    /// What it is expected to cost; `None` for a model that the catalogue does not have.
    #[must_use]
    pub fn cost(&self) -> Option<MicroUsd> {
        let model = self.model_def()?;
        Some(match self {
            Self::Clip(spec) => model.cost(spec.duration_ms),
            Self::Media(order) => model.cost_of(order),
        })
    }

    /// The same as an adapter is asked for it: an operation that the model does not know by name is what
    /// it comes to, a clip from a picture where there is one, and from words otherwise.
    #[must_use]
    pub fn order(&self) -> Order {
        let mut order = match self {
            Self::Clip(spec) => order_of(spec),
            Self::Media(order) => (**order).clone(),
        };
        let known = self.model_def().is_some_and(|model| model.serves(order.operation));
        if !known && order.operation.is_of_pages() {
            order.operation = effective(order.operation, order.input(Role::Image).is_some());
        }
        order
    }

    /// Its address for `tenant` within `scope`.
    #[must_use]
    pub fn key(&self, tenant: &str, scope: &Scope) -> CacheKey {
        match self {
            Self::Clip(spec) => CacheKey::of(tenant, spec, scope),
            Self::Media(order) => CacheKey::of_order(tenant, order, scope),
        }
    }
}

/// What a model without our own vocabulary is asked for instead.
pub(super) const fn effective(operation: Operation, from_picture: bool) -> Operation {
    match (operation, from_picture) {
        (Operation::StateClip | Operation::NpcResponse, true) => Operation::ImageToVideo,
        (Operation::StateClip | Operation::NpcResponse, false) => Operation::TextToVideo,
        (other, _) => other,
    }
}

fn order_of(spec: &ClipSpec) -> Order {
    Order {
        operation: spec.operation,
        model: spec.model.clone(),
        prompt: spec.prompt.clone(),
        negative_prompt: spec.negative_prompt.clone(),
        inputs: Vec::new(),
        size: Some([spec.width, spec.height]),
        resolution: None,
        aspect_ratio: None,
        duration_ms: Some(spec.duration_ms),
        fps: Some(spec.fps),
        steps: Some(spec.steps),
        guidance: Some(spec.cfg),
        strength: None,
        seed: Some(spec.seed),
        prompt_expansion: None,
        sound: None,
        loras: Vec::new(),
    }
}
