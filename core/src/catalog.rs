//! The JSON catalogues as typed tables: states, quality presets and models.
//!
//! They are data, so that a merchant's change is not a release; they are embedded, so that the
//! browser and the edge cannot disagree. A test checks that every one of them is read in full.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::units::Millis;

pub mod embedded;
mod models;

use embedded::Embedded;
pub use models::{
    Bounds, CatalogError, InputDef, Latency, Lifecycle, MAX_TIMEOUT, ModelDef, Models, OutputKind, Price,
    PriceRow, Reconcile, Rule, Span, Status, USUAL_CALL, When, configure, models, shipped,
};

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

impl Tier {
    /// The plan with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "free" => Some(Self::Free),
            "pro" => Some(Self::Pro),
            "enterprise" => Some(Self::Enterprise),
            _ => None,
        }
    }
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

impl Play {
    /// The way with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "loop" => Some(Self::Loop),
            "once" => Some(Self::Once),
            "held" => Some(Self::Held),
            _ => None,
        }
    }
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

impl StateDef {
    /// Reads a state. `None` where a member is missing or wrong.
    #[must_use]
    pub fn read<D: Document>(document: D) -> Option<Self> {
        Some(Self {
            id: document.text_at("id")?,
            label: document.text_at("label")?,
            tier: Tier::parse(&document.text_at("tier")?)?,
            play: Play::parse(&document.text_at("play")?)?,
            duration_ms: Millis(document.whole_at("duration_ms")?),
            fallback: document.texts_at("fallback")?,
            motion: document.text_at("motion")?,
        })
    }
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

impl Preset {
    fn read(document: &'static Embedded) -> Option<Self> {
        let small = |name| document.whole_at(name).and_then(|number| u32::try_from(number).ok());
        let waits = document.member("wait_ms")?.items()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Seconds, in milliseconds.
        let wait = |index: usize| Some(waits.get(index)?.number()? as u64);
        Some(Self {
            id: document.text_at("id")?,
            width: small("width")?,
            height: small("height")?,
            fps: small("fps")?,
            steps: small("steps")?,
            cfg: document.number_at("cfg")?,
            wait_ms: [wait(0)?, wait(1)?],
        })
    }
}

/// What a page needs to know, too: states and presets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The built-in states, in the order they are shown to people.
    pub states: Vec<StateDef>,
    /// The quality presets, cheapest first.
    pub presets: Vec<Preset>,
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

    /// The states a plan includes, in catalogue order.
    pub fn states_of(&self, tier: Tier) -> impl Iterator<Item = &StateDef> {
        self.states.iter().filter(move |s| s.tier <= tier)
    }
}

/// The member `name` of `file`, one by one; those that cannot be read are left out.
pub(crate) fn entries<T>(
    file: &'static Embedded,
    name: &str,
    read: fn(&'static Embedded) -> Option<T>,
) -> Vec<T> {
    file.member(name).and_then(|list| list.items()).unwrap_or_default().into_iter().filter_map(read).collect()
}

/// The catalogue this build ships with.
#[must_use]
pub fn built_in() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        use embedded::{PRESETS, STATES};
        Catalog {
            states: entries(&STATES, "states", StateDef::read),
            presets: entries(&PRESETS, "presets", Preset::read),
        }
    });
    &CATALOG
}

/// The id of the model that serves `operation` where nobody names a provider.
#[must_use]
pub fn preferred_model(operation: &str) -> Option<&'static str> {
    preferred(operation).map(|(_, model, _)| *model)
}

/// How short and how long the clips of that model may be. Without a model, none at all.
#[must_use]
pub fn lengths(operation: &str) -> [Millis; 2] {
    preferred(operation).map_or([Millis(0); 2], |(.., [least, most])| [Millis(*least), Millis(*most)])
}

fn preferred(operation: &str) -> Option<&'static (&'static str, &'static str, [u64; 2])> {
    embedded::PREFERRED_MODELS.iter().find(|(known, ..)| *known == operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn the_catalogue_holds_what_its_files_say() {
        fn list<T: serde::de::DeserializeOwned>(file: &str, name: &str) -> Vec<T> {
            let mut file: serde_json::Value = serde_json::from_str(file).unwrap();
            serde_json::from_value(file[name].take()).unwrap()
        }
        let files = Catalog {
            states: list(include_str!("../catalog/states.json"), "states"),
            presets: list(include_str!("../catalog/presets.json"), "presets"),
        };
        assert_eq!(&files, built_in());
    }

    #[test]
    fn a_page_knows_which_model_each_operation_prefers() {
        for operation in Operation::OF_PAGES.map(Operation::as_str) {
            let preferred = models().model_for(operation, None).unwrap();
            assert_eq!(preferred_model(operation), Some(preferred.id.as_str()), "{operation}");
            let bounds = preferred.duration_ms.unwrap();
            assert_eq!(lengths(operation), [Millis(bounds.min), Millis(bounds.max)], "{operation}");
        }
        assert_eq!(preferred_model("weather"), None);
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
        let mut catalog = models().clone();
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
    fn every_preset_and_state_fits_every_model_that_knows_characters() {
        let models = Operation::OF_PAGES.into_iter().flat_map(|o| models().models_for(o.as_str()));
        for model in models {
            let (sides, rates) = (model.dimension_px.unwrap(), model.fps.unwrap());
            for preset in &built_in().presets {
                assert!(sides.allows(preset.width.into()), "{}", preset.id);
                assert!(sides.allows(preset.height.into()), "{}", preset.id);
                assert!(rates.allows(preset.fps.into()), "{}", preset.id);
            }
            for state in &built_in().states {
                assert!(model.duration_ms.unwrap().allows(state.duration_ms.0), "{}", state.id);
            }
        }
    }
}
