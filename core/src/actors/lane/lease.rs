//! Who has a slot, and until when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::Millis;

/// No lease is longer, however long its bid wants to hold. Longer than any model of the catalogue may
/// take, and the slack of its bid: one that ran out under the submission would be bid for again for ever.
pub(in crate::actors) const MAX_HOLD: Millis = Millis::seconds(7_200);

/// By ticket.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Leases {
    out: BTreeMap<String, Lease>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) until: Millis,
    /// The circuit breaker's, at the grant.
    pub(super) epoch: u64,
}

impl Leases {
    /// Takes back what has run out and says whose it was. A lease that a clock that ran ahead has
    /// made longer than it can be is shortened.
    pub(super) fn expire(&mut self, now: Millis) -> Vec<String> {
        let out = self.out.extract_if(.., |_, lease| {
            lease.until = lease.until.min(now + MAX_HOLD);
            lease.until <= now
        });
        out.map(|(ticket, _)| ticket).collect()
    }

    /// Until when the ticket has a slot that it is given now.
    pub(super) fn grant(&mut self, now: Millis, ticket: String, hold: Millis, epoch: u64) -> Millis {
        let until = now + hold.min(MAX_HOLD);
        self.out.insert(ticket, Lease { until, epoch });
        until
    }

    pub(super) fn until(&self, ticket: &str) -> Option<Millis> {
        self.out.get(ticket).map(|lease| lease.until)
    }

    pub(super) fn release(&mut self, ticket: &str) -> Option<Lease> {
        self.out.remove(ticket)
    }

    /// Whether one is out that was granted in this epoch.
    pub(super) fn any_of(&self, epoch: u64) -> bool {
        self.out.values().any(|lease| lease.epoch == epoch)
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// How many have not run out.
    pub(super) fn live(&self, now: Millis) -> usize {
        self.out.values().filter(|lease| lease.until > now).count()
    }

    /// When the next one runs out.
    pub(super) fn next(&self) -> Option<Millis> {
        self.out.values().map(|lease| lease.until).min()
    }
}
