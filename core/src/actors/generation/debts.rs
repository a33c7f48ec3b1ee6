//! What a generation still owes to others: the account's bill, the lane's ticket, the provider's
//! cancellation. A debt is persisted with the decision that made it and told until it has been
//! acknowledged, so that a crash between the two loses no money and no slot.

use serde::{Deserialize, Serialize};

use super::event::Effect;
use super::flight::{Cancelled, ProviderError};
use crate::actors::guard::{self, Guard};
use crate::actors::lane::Outcome;
use crate::retry::Backoff;
use crate::units::{MicroUsd, Millis};

/// A debt that has not been acknowledged after this long is told again.
const GUARD: Millis = Millis(20_000);
/// The wait between failed tellings.
const BACKOFF: Backoff = Backoff { base: Millis(500), cap: Millis(120_000) };
/// A provider that cannot be asked this often, over about ten minutes, is taken to have charged.
const MAX_ABANDONS: u32 = 12;

/// Everything that is owed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Debts(Vec<Debt>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Debt {
    #[serde(flatten)]
    what: Owed,
    tries: u32,
    due: Millis,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "owed", rename_all = "snake_case")]
pub(super) enum Owed {
    /// To the account: what a submission cost.
    Close { tenant: String, id: String, spent: MicroUsd },
    /// To the lane: a ticket.
    Release { lane: String, ticket: String, outcome: Outcome },
    /// To the provider: that an operation is not wanted. Its bill and its ticket follow from the
    /// answer.
    Abandon {
        model: String,
        operation_id: String,
        tenant: String,
        id: String,
        cost: MicroUsd,
        lane: String,
        ticket: String,
    },
}

impl Debts {
    pub(super) fn owe(&mut self, now: Millis, what: Owed) {
        self.0.push(Debt { what, tries: 0, due: now });
    }

    /// What to tell now. It counts as told until [`GUARD`] is over.
    pub(super) fn due(&mut self, now: Millis) -> Vec<Effect> {
        let due = self.0.iter_mut().filter(|debt| debt.due <= now);
        let effects: Vec<Effect> = due
            .map(|debt| {
                debt.tries = debt.tries.saturating_add(1);
                debt.due = now + GUARD;
                match debt.what.clone() {
                    Owed::Close { tenant, id, spent } => Effect::Close { tenant, id, spent },
                    Owed::Release { lane, ticket, outcome } => Effect::Release { lane, ticket, outcome },
                    Owed::Abandon { model, operation_id, .. } => Effect::Abandon { model, operation_id },
                }
            })
            .collect();
        if !guard::holds(Guard::DebtsUntilAcknowledged) {
            self.0.retain(|debt| matches!(debt.what, Owed::Abandon { .. }));
        }
        effects
    }

    /// When something is next to be told.
    pub(super) fn next(&self) -> Option<Millis> {
        self.0.iter().map(|debt| debt.due).min()
    }

    pub(super) fn closed(&mut self, now: Millis, of: &str, acknowledged: bool) {
        self.answered(now, acknowledged, |owed| matches!(owed, Owed::Close { id, .. } if id == of));
    }

    pub(super) fn released(&mut self, now: Millis, of: &str, acknowledged: bool) {
        self.answered(now, acknowledged, |owed| matches!(owed, Owed::Release { ticket, .. } if ticket == of));
    }

    /// The provider's word on an operation that was given up becomes the account's bill.
    pub(super) fn abandoned(&mut self, now: Millis, of: &str, result: Result<Cancelled, ProviderError>) {
        let is_it =
            |debt: &Debt| matches!(&debt.what, Owed::Abandon { operation_id, .. } if operation_id == of);
        let Some(at) = self.0.iter().position(is_it) else { return };
        let tries = self.0[at].tries;
        let asked = match result {
            Ok(Cancelled::Free) => Some(Some(MicroUsd(0))),
            Ok(Cancelled::Charged(cost)) => Some(cost),
            // It will never tell, so we take it that it charged: a budget that is kept too early
            // is better than one that is broken.
            Err(error) if !error.is_retryable() || error == ProviderError::Lost || tries >= MAX_ABANDONS => {
                Some(None)
            }
            Err(error) => {
                let asked = error.retry_after().map(|wait| wait.min(BACKOFF.cap));
                self.0[at].due = now + BACKOFF.delay(tries, of, asked);
                None
            }
        };
        let Some(charged) = asked else { return };
        let Owed::Abandon { tenant, id, cost, lane, ticket, .. } = self.0.remove(at).what else { return };
        self.owe(now, Owed::Close { tenant, id, spent: charged.unwrap_or(cost) });
        self.owe(now, Owed::Release { lane, ticket, outcome: Outcome::Unknown });
    }

    fn answered(&mut self, now: Millis, acknowledged: bool, is_it: impl Fn(&Owed) -> bool) {
        if acknowledged {
            self.0.retain(|debt| !is_it(&debt.what));
        } else if let Some(debt) = self.0.iter_mut().find(|debt| is_it(&debt.what)) {
            debt.due = now + BACKOFF.delay(debt.tries, "debt", None);
        }
    }
}
