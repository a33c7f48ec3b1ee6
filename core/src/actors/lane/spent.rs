//! The tickets that are over, so that a message that comes late does not bring one back.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::units::Millis;

/// Most of them. With tickets of 80 bytes these are 0.4 MB of JSON; a row of the platform's
/// storage holds 2 MB.
pub(super) const MAX_SPENT: usize = 4_000;
/// No message is later than this.
const SPENT_AGE: Millis = Millis::seconds(3_600);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<Ticket>", into = "VecDeque<Ticket>")]
pub(super) struct Spent {
    /// Oldest first.
    tickets: VecDeque<Ticket>,
    names: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ticket {
    ticket: String,
    at: Millis,
}

impl Spent {
    pub(super) fn remember(&mut self, now: Millis, ticket: String) {
        if !self.names.insert(ticket.clone()) {
            return;
        }
        self.tickets.push_back(Ticket { ticket, at: now });
        if self.tickets.len() > MAX_SPENT {
            self.forget_oldest();
        }
    }

    pub(super) fn contains(&self, ticket: &str) -> bool {
        self.names.contains(ticket)
    }

    pub(super) fn forget_old(&mut self, now: Millis) {
        while self.tickets.front().is_some_and(|oldest| now.since(oldest.at) > SPENT_AGE) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.tickets.pop_front() {
            self.names.remove(&oldest.ticket);
        }
    }
}

impl From<VecDeque<Ticket>> for Spent {
    fn from(tickets: VecDeque<Ticket>) -> Self {
        let names = tickets.iter().map(|spent| spent.ticket.clone()).collect();
        Self { tickets, names }
    }
}

impl From<Spent> for VecDeque<Ticket> {
    fn from(spent: Spent) -> Self {
        spent.tickets
    }
}
