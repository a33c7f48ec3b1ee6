//! Which model serves a request that names none: what it can do, what it costs, how long it takes and
//! how its lane is, and the sentence that says why.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{ModelDef, Status};
use crate::order::{Asset, Order};
use crate::units::{MicroUsd, Millis};

/// Finds an upload by the SHA-256 of its bytes.
type Lookup<'a> = dyn Fn(&str) -> Option<Asset> + 'a;

/// What a check has to know of the world, fetched beforehand.
#[derive(Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// What the caller has uploaded, by the SHA-256 of the bytes. Absent: nothing.
    pub asset: Option<&'a Lookup<'a>>,
    /// How lanes are, by name. One that is not there is healthy.
    pub lanes: Option<&'a BTreeMap<String, LaneHealth>>,
    /// The providers that have an address here. Absent: nobody has looked. Then none is taken for missing,
    /// and whoever stands for another goes on doing so.
    pub providers: Option<&'a BTreeSet<String>>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl Surroundings<'_> {
    pub(super) fn find(&self, sha256: &str) -> Option<Asset> {
        self.asset.and_then(|find| find(sha256))
    }

    /// Whether nobody can be asked at this provider.
    pub(super) fn is_absent(&self, provider: &str) -> bool {
        self.providers.is_some_and(|known| !known.contains(provider))
    }

    /// Whether somebody has looked and this provider can be asked.
    pub(super) fn is_known_to_be_set_up(&self, provider: &str) -> bool {
        self.providers.is_some_and(|known| known.contains(provider))
    }

    fn health(&self, lane: &str) -> LaneHealth {
        self.lanes.and_then(|lanes| lanes.get(lane)).copied().unwrap_or_default()
    }
}

/// How a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneHealth {
    /// It gives out work.
    #[default]
    Healthy,
    /// It gives out work, and has been asked to give out less.
    Strained,
    /// It gives out none: it was drained, or its provider keeps failing.
    Closed,
}

/// Which model makes it, and why not another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Choice {
    /// The model's id.
    pub model: String,
    /// Why this one, in a sentence.
    pub why: String,
    /// Every model that was looked at, in the order of the catalogue.
    pub considered: Vec<Considered>,
}

/// A model that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Considered {
    /// The model's id.
    pub model: String,
    /// What was found, in a few words.
    pub verdict: String,
}

/// A model that can serve the request.
pub(super) struct Able<'a> {
    pub(super) model: &'a ModelDef,
    pub(super) order: Order,
}

impl Able<'_> {
    fn rank(&self, around: &Surroundings<'_>) -> (LaneHealth, MicroUsd, Millis) {
        (around.health(&self.model.lane), self.model.cost_of(&self.order), self.wait())
    }

    fn wait(&self) -> Millis {
        self.model.latency_ms.map_or(self.model.timeout_ms, |latency| latency.typical)
    }

    fn verdict(&self, around: &Surroundings<'_>) -> String {
        let cost = self.model.cost_of(&self.order);
        let seconds = self.wait().0.div_ceil(1_000);
        match around.health(&self.model.lane) {
            LaneHealth::Healthy => format!("can: {cost}, about {seconds} s"),
            LaneHealth::Strained => format!("can: {cost}, about {seconds} s; its lane is asked for less"),
            LaneHealth::Closed => format!("can: {cost}, about {seconds} s; its lane gives out no work"),
        }
    }
}

/// What came of looking at one model.
pub(super) enum Verdict<'a> {
    Able(Box<Able<'a>>),
    Unable(&'a ModelDef, String),
}

/// The models that can, best first, and the words on it. `None` where none can.
pub(super) fn rank<'a>(
    verdicts: Vec<Verdict<'a>>,
    around: &Surroundings<'_>,
) -> Option<(Vec<Able<'a>>, Choice)> {
    let considered = verdicts.iter().map(|verdict| match verdict {
        Verdict::Able(able) => Considered { model: able.model.id.clone(), verdict: able.verdict(around) },
        Verdict::Unable(model, why) => Considered { model: model.id.clone(), verdict: why.clone() },
    });
    let considered = considered.collect();
    let mut able: Vec<Able<'a>> = verdicts
        .into_iter()
        .filter_map(|verdict| match verdict {
            Verdict::Able(able) => Some(*able),
            Verdict::Unable(..) => None,
        })
        .collect();
    // Stable: among equals the catalogue's order decides.
    able.sort_by_key(|one| one.rank(around));
    let best = able.first()?;
    let why = match able.get(1) {
        None => format!("{} is the only model that can make this", best.model.id),
        Some(next) => {
            let (own, other) = (best.rank(around), next.rank(around));
            let is_spared = |one: &Able<'_>| {
                let rank = one.rank(around);
                own.0 < rank.0 && (rank.1, rank.2) < (own.1, own.2)
            };
            let reason = if own.0 < other.0 || able.iter().any(is_spared) {
                "the lanes of others that would be cheaper or faster are in trouble"
            } else if own.1 < other.1 {
                "it costs the least of those that can"
            } else if own.2 < other.2 {
                "it is the fastest of the cheapest that can"
            } else {
                "the catalogue prefers it among equals"
            };
            format!("{} was chosen: {reason}", best.model.id)
        }
    };
    let choice = Choice { model: best.model.id.clone(), why, considered };
    Some((able, choice))
}

/// The words on a model that was named.
pub(super) fn named(model: &ModelDef, verdict: &str) -> Choice {
    let why = match model.lifecycle.status {
        Status::Legacy => format!("{} was asked for by name; its vendor is about to end it", model.id),
        _ => format!("{} was asked for by name", model.id),
    };
    let considered = vec![Considered { model: model.id.clone(), verdict: verdict.to_owned() }];
    Choice { model: model.id.clone(), why, considered }
}
