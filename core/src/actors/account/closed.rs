//! Which submissions are over, so that a message that comes again or late changes nothing. Knows
//! nothing of money.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize, Serializer};

use super::ledger::ABANDONED;
use crate::units::Millis;

/// How long an id is remembered. A debt is told until it is acknowledged, so this has to outlast an
/// outage: as long as a reservation does.
pub(super) const MEMORY: Millis = ABANDONED;
/// Most ids to remember; above it the oldest is forgotten first.
pub(super) const MOST: usize = 5_000;

/// The ids that were closed lately. Persisted as a list of times and ids, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(from = "VecDeque<(Millis, String)>")]
pub(super) struct ClosedIds {
    /// Sorted by time.
    order: VecDeque<(Millis, String)>,
    /// The same ids, to be found without a scan.
    ids: BTreeSet<String>,
}

impl ClosedIds {
    /// Whether `id` was closed and is remembered.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Remembers that `id` was closed now.
    pub(super) fn insert(&mut self, now: Millis, id: String) {
        if !self.ids.insert(id.clone()) {
            return;
        }
        // A clock that went back must not unsort the times.
        let at = self.order.back().map_or(now, |(last, _)| now.max(*last));
        self.order.push_back((at, id));
        if self.order.len() > MOST {
            self.forget_first();
        }
    }

    /// Forgets what is older than [`MEMORY`].
    pub(super) fn forget_old(&mut self, now: Millis) {
        while self.order.front().is_some_and(|(at, _)| now.since(*at) > MEMORY) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.ids.remove(&id);
        }
    }
}

impl Serialize for ClosedIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.order.serialize(serializer)
    }
}

impl From<VecDeque<(Millis, String)>> for ClosedIds {
    fn from(order: VecDeque<(Millis, String)>) -> Self {
        let ids = order.iter().map(|(_, id)| id.clone()).collect();
        Self { order, ids }
    }
}
