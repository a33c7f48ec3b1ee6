//! What a world is made of, drawn from its dice before anything happens in it.

use std::sync::OnceLock;

use cuelight_core::actors::generation::Terms;
use cuelight_core::actors::{account, lane};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog::{Reconcile, USUAL_CALL};
use cuelight_core::limiter::Rate;
use cuelight_core::operation::{ClipSpec, Scope, Spec, validate};
use cuelight_core::units::{MicroUsd, Millis};

use crate::dice::Dice;

/// Most keys of a world; as many again are their previews.
pub(crate) const MAX_KEYS: usize = 3;

/// The facts of a world.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) keys: usize,
    pub(crate) sessions: usize,
    /// By account.
    pub(crate) budgets: Vec<account::Limits>,
    /// By lane, each the account of a provider of its own.
    pub(crate) providers: Vec<Provider>,
    /// One fault in so many chances.
    pub(crate) fault_one_in: u64,
    pub(crate) rate: Rate,
    pub(crate) allowance: Option<MicroUsd>,
    /// The provider fails so often that a flight uses up its attempts.
    pub(crate) sick: bool,
    /// Storage is read again after every turn.
    pub(crate) forgetful: bool,
}

/// A provider, as its catalogue entry tells it.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) terms: Terms,
    pub(crate) limits: lane::Limits,
    /// Whether it says what it charged.
    pub(crate) tells_cost: bool,
}

impl Setup {
    pub(crate) fn of(seed: u64, dice: &mut Dice) -> Self {
        let cost = MicroUsd(40_000);
        let lanes = 1 + usize::from(dice.one_in(4));
        let providers = (0..lanes).map(|n| Provider::of(n, cost, dice)).collect();
        let accounts = 1 + usize::from(dice.one_in(3));
        let plenty = MicroUsd(1_000_000_000);
        let budgets = (0..accounts)
            .map(|_| {
                let tight = dice.one_in(3);
                let small = |dice: &mut Dice| MicroUsd(cost.0 * (1 + dice.below(4)));
                account::Limits {
                    daily: if tight { small(dice) } else { plenty },
                    monthly: if tight && dice.one_in(2) { small(dice) } else { plenty },
                    speculation_daily: if tight { small(dice) } else { plenty },
                    clips_per_month: if tight && dice.one_in(4) { 2 } else { 1_000_000 },
                    characters_per_hour: 10,
                    regenerate_cooldown: Millis::seconds(60),
                }
            })
            .collect();
        Self {
            keys: 1 + dice.index(MAX_KEYS),
            sessions: 1 + dice.index(4),
            budgets,
            providers,
            fault_one_in: dice.pick(&[4, 8, 16, 1_000]),
            rate: Rate { count: 3 + u32::try_from(dice.below(8)).unwrap_or(0), window: Millis::seconds(60) },
            allowance: dice.one_in(4).then(|| MicroUsd(cost.0 * (1 + dice.below(4)))),
            sick: dice.one_in(6),
            forgetful: seed.is_multiple_of(16),
        }
    }

    pub(crate) fn lane_of(&self, key: usize) -> usize {
        key % self.providers.len()
    }

    pub(crate) fn tenant_of(&self, session: usize) -> usize {
        session % self.budgets.len()
    }

    pub(crate) fn terms(&self, key: usize) -> &Terms {
        &self.providers[self.lane_of(key)].terms
    }
}

impl Provider {
    fn of(n: usize, cost: MicroUsd, dice: &mut Dice) -> Self {
        let terms = Terms {
            lane: format!("lane{n}"),
            timeout: Millis::seconds(dice.pick(&[60, 120])),
            usual_wait: Millis::seconds(5),
            cost,
            call: USUAL_CALL,
            reconcile: dice.pick(&[Reconcile::Idempotency, Reconcile::Listing, Reconcile::None]),
            cancel_saves: dice.one_in(2),
        };
        let rate = Rate { count: 2 + u32::try_from(dice.below(8)).unwrap_or(0), window: Millis::seconds(60) };
        let limits = lane::Limits { concurrency: 1 + u32::try_from(dice.below(2)).unwrap_or(0), rate };
        Self { terms, limits, tells_cost: dice.one_in(2) }
    }
}

/// The clips that any world may want: first those of [`MAX_KEYS`] keys, then their previews.
pub(crate) fn clips() -> &'static [(CacheKey, Spec)] {
    static CLIPS: OnceLock<Vec<(CacheKey, Spec)>> = OnceLock::new();
    CLIPS.get_or_init(|| {
        let params = serde_json::json!({ "character": "bolt", "state": "idle" });
        let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
        let base = validate(&body, "n").ok().and_then(|job| job.spec.clip().cloned());
        let seeds = 0..2 * u32::try_from(MAX_KEYS).unwrap_or(0);
        let specs = base
            .into_iter()
            .flat_map(|base| seeds.clone().map(move |seed| ClipSpec { seed, ..base.clone() }));
        specs.map(|spec| (CacheKey::of("demo", &spec, &Scope::default()), spec.into())).collect()
    })
}

/// Which clip a key is.
pub(crate) fn clip_of(key: &str) -> usize {
    clips().iter().position(|(known, _)| known.as_str() == key).unwrap_or(0)
}
