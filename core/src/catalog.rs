//! The JSON catalogues, parsed once into typed tables: states, quality presets and models.
//!
//! They are data, so that a merchant's change is not a release; they are embedded, so that the
//! browser and the edge cannot disagree. A test loads and checks every one of them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::units::{MicroUsd, Millis};

/// Which plan a state belongs to. Each plan includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// 4 states.
    Free,
    /// 8 states.
    Pro,
    /// All 12 states.
    Enterprise,
}

/// How a clip is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Play {
    /// Again and again, until another cue.
    Loop,
    /// Once, and then whatever the moment calls for.
    Once,
    /// Again and again for as long as the mood lasts.
    Held,
}

/// A state a character can be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateDef {
    /// Stable id, for instance `talking`.
    pub id: String,
    /// How the state is told to a person who cannot see it: "Bolt is …".
    pub label: String,
    /// The first plan that has it.
    pub tier: Tier,
    /// How its clip plays.
    pub play: Play,
    /// Length of one clip, in milliseconds.
    pub duration_ms: Millis,
    /// What to show when its clip does not exist, best first. Empty for `idle` only.
    pub fallback: Vec<String>,
    /// What moves, as a prompt.
    pub motion: String,
}

/// A quality preset: what `params.quality_preset` expands to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preset {
    /// Stable id, for instance `fast`.
    pub id: String,
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Denoising steps.
    pub steps: u32,
    /// Classifier-free guidance scale.
    pub cfg: f64,
    /// How long a generation usually takes, from and to, in milliseconds.
    pub wait_ms: [u64; 2],
}

/// An inclusive range of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bounds {
    /// Smallest allowed value.
    pub min: u64,
    /// Largest allowed value.
    pub max: u64,
    /// Every value is a multiple of this, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<u64>,
}

impl Bounds {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn allows(&self, value: u64) -> bool {
        (self.min..=self.max).contains(&value) && self.multiple_of.is_none_or(|m| value.is_multiple_of(m))
    }
}

/// What a model accepts, costs and takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelDef {
    /// Stable id, used in keys.
    pub id: String,
    /// Which adapter speaks to it.
    pub provider: String,
    /// Its name for a person.
    pub label: String,
    /// The operations it serves.
    pub operations: Vec<String>,
    /// Allowed width and height, in px.
    pub dimension_px: Bounds,
    /// Allowed frames a second.
    pub fps: Bounds,
    /// Allowed clip length, in milliseconds.
    pub duration_ms: Bounds,
    /// What a clip costs.
    pub price: Price,
    /// After this long without a result an attempt has failed, in milliseconds.
    pub timeout_ms: Millis,
    /// How a submission whose answer was lost is found again.
    pub reconcile: Reconcile,
    /// Whether cancelling an operation saves its price.
    pub cancel_saves: bool,
}

impl ModelDef {
    /// What a clip of this length costs: the parts of a second are charged in full.
    #[must_use]
    pub fn cost(&self, duration: Millis) -> MicroUsd {
        let seconds = self.price.per_second_micro_usd.0.saturating_mul(duration.0).div_ceil(1_000);
        self.price.per_clip_micro_usd + MicroUsd(seconds)
    }
}

/// A price, as dated data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Price {
    /// For a clip of any length, in micro-dollars.
    pub per_clip_micro_usd: MicroUsd,
    /// For each second of a clip, in micro-dollars.
    pub per_second_micro_usd: MicroUsd,
    /// The day the price was read, as `YYYY-MM-DD`.
    pub as_of: String,
    /// Where it was read.
    pub source: String,
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
    /// Not at all: it is waited out and reported.
    None,
}

/// All catalogues.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The built-in states, in the order they are shown to people.
    pub states: Vec<StateDef>,
    /// The quality presets, cheapest first.
    pub presets: Vec<Preset>,
    /// The models, preferred first.
    pub models: Vec<ModelDef>,
    /// Providers that clients of the plain jobs API name and no adapter speaks to yet: the
    /// preferred model of the operation serves them, and the answer says which that was.
    pub provider_aliases: Vec<String>,
}

impl Catalog {
    /// The state with this id.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&StateDef> {
        self.states.iter().find(|s| s.id == id)
    }

    /// The preset with this id.
    #[must_use]
    pub fn preset(&self, id: &str) -> Option<&Preset> {
        self.presets.iter().find(|p| p.id == id)
    }

    /// The model with this id.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&ModelDef> {
        self.models.iter().find(|m| m.id == id)
    }

    /// The preferred model for an operation: of `provider`, where one is named. An alias stands
    /// for any provider, unless a model of its own serves the operation.
    #[must_use]
    pub fn model_for(&self, operation: &str, provider: Option<&str>) -> Option<&ModelDef> {
        let mut serving = self.models_for(operation);
        let own = serving.clone().find(|m| provider.is_none_or(|p| p == m.provider));
        let aliased = provider.is_some_and(|p| self.provider_aliases.iter().any(|a| a == p));
        own.or_else(|| serving.next().filter(|_| aliased))
    }

    /// The models that serve an operation, preferred first.
    pub fn models_for(&self, operation: &str) -> impl Iterator<Item = &ModelDef> + Clone {
        self.models.iter().filter(move |m| m.operations.iter().any(|o| o == operation))
    }

    /// The states a plan includes, in catalogue order.
    pub fn states_of(&self, tier: Tier) -> impl Iterator<Item = &StateDef> {
        self.states.iter().filter(move |s| s.tier <= tier)
    }
}

fn parse() -> Result<Catalog, serde_json::Error> {
    #[derive(Deserialize)]
    struct States {
        states: Vec<StateDef>,
    }
    #[derive(Deserialize)]
    struct Presets {
        presets: Vec<Preset>,
    }
    #[derive(Deserialize)]
    struct Models {
        models: Vec<ModelDef>,
        provider_aliases: Vec<String>,
    }
    let models: Models = serde_json::from_str(include_str!("../catalog/models.json"))?;
    Ok(Catalog {
        states: serde_json::from_str::<States>(include_str!("../catalog/states.json"))?.states,
        presets: serde_json::from_str::<Presets>(include_str!("../catalog/presets.json"))?.presets,
        models: models.models,
        provider_aliases: models.provider_aliases,
    })
}

/// The catalogue this build ships with.
#[must_use]
pub fn built_in() -> &'static Catalog {
    // `parse` is tested on the very files that are embedded, so the default is never reached.
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| parse().unwrap_or_default());
    &CATALOG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_parses() {
        assert_eq!(&parse().unwrap(), built_in());
    }

    #[test]
    fn the_plans_have_4_8_and_12_states() {
        let count = |tier| built_in().states_of(tier).count();
        assert_eq!([count(Tier::Free), count(Tier::Pro), count(Tier::Enterprise)], [4, 8, 12]);
    }

    #[test]
    fn every_fallback_chain_names_known_states_and_ends_at_idle() {
        for state in &built_in().states {
            for name in &state.fallback {
                assert!(built_in().state(name).is_some(), "{} falls back to unknown {name}", state.id);
            }
            let last = state.fallback.last().unwrap_or(&state.id);
            assert_eq!(last, "idle", "{}", state.id);
        }
    }

    #[test]
    fn an_alias_is_served_by_the_preferred_model_until_its_provider_has_one() {
        let mut catalog = built_in().clone();
        let preferred = catalog.model_for("npc_response", None).unwrap().id.clone();
        assert_eq!(catalog.model_for("npc_response", Some("comfyui")).unwrap().id, preferred);
        assert_eq!(catalog.model_for("npc_response", Some("acme")), None);
        assert_eq!(catalog.model_for("weather", Some("comfyui")), None);
        let own = ModelDef { id: "own".into(), provider: "comfyui".into(), ..catalog.models[0].clone() };
        catalog.models.push(own);
        assert_eq!(catalog.model_for("npc_response", Some("comfyui")).unwrap().id, "own");
        assert_eq!(catalog.model_for("npc_response", None).unwrap().id, preferred);
    }

    #[test]
    fn every_preset_and_state_fits_every_model() {
        for model in &built_in().models {
            for preset in &built_in().presets {
                assert!(model.dimension_px.allows(preset.width.into()), "{}", preset.id);
                assert!(model.dimension_px.allows(preset.height.into()), "{}", preset.id);
                assert!(model.fps.allows(preset.fps.into()), "{}", preset.id);
            }
            for state in &built_in().states {
                assert!(model.duration_ms.allows(state.duration_ms.0), "{}", state.id);
            }
        }
    }
}
