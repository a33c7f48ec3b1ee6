//! How much is let through: requests of callers, and submissions to a provider.

use std::collections::BTreeMap;

use serde_json::Map;

use super::members::Members;
use super::providers;
use super::reference::{CONCURRENCY, PER_MINUTE, REQUESTS, SERVER_REQUESTS, WINDOW};
use crate::actors::lane;
use crate::catalog::Tier;
use crate::limiter::Rate;
use crate::units::Millis;

/// The rate of a token, player or page, and that of a secret key.
pub(super) fn requests(members: &mut Members<'_, '_>) -> (Rate, Rate) {
    let read = |mut limits: Members<'_, '_>| {
        let window = Millis::seconds(limits.whole_or(&WINDOW, Tier::Free));
        let mut rate = |setting| Rate { count: limits.count_or(setting, Tier::Free), window };
        let rates = (rate(&REQUESTS), rate(&SERVER_REQUESTS));
        limits.refuse_the_rest();
        rates
    };
    members.inside("LIMITS", read).unwrap_or_else(|| of_nothing(read))
}

/// The lanes that are set, by provider.
pub(super) fn lanes(members: &mut Members<'_, '_>) -> BTreeMap<String, lane::Limits> {
    let read = |mut all: Members<'_, '_>| {
        let mut lanes = BTreeMap::new();
        for provider in providers() {
            if let Some(lane) = all.inside(provider, read_lane) {
                lanes.insert(provider.to_owned(), lane);
            }
        }
        all.refuse_the_rest();
        lanes
    };
    members.inside("LANES", read).unwrap_or_default()
}

/// The lane of a provider for which none is set.
pub(super) fn default_lane() -> lane::Limits {
    of_nothing(read_lane)
}

fn read_lane(mut lane: Members<'_, '_>) -> lane::Limits {
    let concurrency = lane.count_or(&CONCURRENCY, Tier::Free);
    let count = lane.count_or(&PER_MINUTE, Tier::Free);
    lane.refuse_the_rest();
    lane::Limits { concurrency, rate: Rate { count, window: Millis::seconds(60) } }
}

/// What is read where nothing is set.
fn of_nothing<T>(read: impl FnOnce(Members<'_, '_>) -> T) -> T {
    read(Members::new(&Map::new(), String::new(), &mut Vec::new()))
}
