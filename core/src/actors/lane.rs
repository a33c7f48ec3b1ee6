//! One provider account: who may call it, when, and how many at once.
//!
//! A slot is leased, never given: what a generation that died held comes back by itself. The
//! answer to a bid is only news about it. Whoever asks again, or late, or twice, is told how the
//! same bid stands, and a ticket is granted once.

use serde::{Deserialize, Serialize};

use self::breaker::Circuit;
use self::lease::Leases;
use self::queue::Queue;
use self::spent::Spent;
use crate::actors::guard::{self, Guard};
use crate::limiter::Limiter;
use crate::units::Millis;

mod breaker;
mod lease;
mod message;
mod queue;
mod spent;
#[cfg(test)]
mod tests;

pub(super) use lease::MAX_HOLD;
pub use message::{Answer, Bid, Breaker, Limits, Outcome, Request, Status};

/// When a bid that waits is to ask again: one that somebody waits for, and one that nobody does.
const ASK_AGAIN: Millis = Millis::seconds(20);
const ASK_AGAIN_SPECULATIVE: Millis = Millis::seconds(60);
/// When a bid that found the queue full is to ask again.
const RETRY_FULL: Millis = Millis::seconds(30);

/// What can happen to a lane.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A generation speaks.
    Asked(Request),
    /// An operator stops it from granting, or lets it go on. Leases that are out run on.
    Drain(bool),
    /// The alarm went off.
    Alarm,
}

/// What the shell is to do, in this order, after it persisted the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Set the one alarm to this time.
    SetAlarm(Millis),
    /// Answer whoever asked.
    Answer(Answer),
    /// Tell a holder that its wait is over. Sent once: if it is lost, the holder learns of it
    /// when it asks again.
    Grant {
        /// Whom to tell.
        holder: String,
        /// Which of its submissions may go.
        ticket: String,
        /// Until when it has the slot.
        until: Millis,
    },
}

/// The persisted machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lane {
    leases: Leases,
    queue: Queue,
    spent: Spent,
    granted: Limiter,
    circuit: Circuit,
    drained: bool,
}

/// Whether the next bid may have a slot.
enum Gate {
    Open,
    /// Not before then.
    Until(Millis),
    /// Not before something else happens: a lease ends, or an operator says so.
    Shut,
}

impl Lane {
    /// Takes an event and decides what is to be done about it. `limits` hold from now on, but
    /// never end a lease.
    #[must_use]
    pub fn on(&mut self, now: Millis, limits: &Limits, event: Event) -> Vec<Effect> {
        let expired = if guard::holds(Guard::LeaseExpires) { self.leases.expire(now) } else { Vec::new() };
        for ticket in expired {
            // Its generation died, which says nothing about the provider.
            self.spent.remember(now, ticket);
        }
        self.spent.forget_old(now);
        self.queue.drop_unheard(now);
        self.circuit.heal(now);

        let mut grants = Vec::new();
        let asked = match event {
            Event::Asked(Request::Acquire(bid)) => {
                let ticket = bid.ticket.clone();
                self.acquire(now, limits, bid, &mut grants);
                Some(ticket)
            }
            Event::Asked(Request::Release { ticket, outcome }) => {
                self.release(now, &ticket, outcome);
                Some(ticket)
            }
            Event::Drain(drained) => {
                self.drained = drained;
                None
            }
            Event::Alarm => None,
        };
        let goes_on = self.grant(now, limits, &mut grants);

        // First, so that the shell sets it in the very write that persists the machine.
        let alarm = self.leases.next().into_iter().chain(goes_on).min();
        let mut effects: Vec<Effect> = alarm.map(Effect::SetAlarm).into_iter().collect();
        if let Some(asker) = asked {
            effects.push(Effect::Answer(self.answer(&asker)));
            grants.retain(|grant| !matches!(grant, Effect::Grant { ticket, .. } if *ticket == asker));
        }
        effects.append(&mut grants);
        effects
    }

    /// What an operator reads.
    #[must_use]
    pub fn status(&self, now: Millis) -> Status {
        let (waiting, waiting_speculative) = self.queue.counts(now);
        Status {
            leased: count(self.leases.live(now)),
            waiting: count(waiting),
            waiting_speculative: count(waiting_speculative),
            breaker: self.circuit.state(now),
            paused_until: self.circuit.shut_until(now),
            drained: self.drained,
        }
    }

    fn acquire(&mut self, now: Millis, limits: &Limits, bid: Bid, grants: &mut Vec<Effect>) {
        let is_known = self.leases.until(&bid.ticket).is_some() || self.spent.contains(&bid.ticket);
        if is_known || self.queue.hear(now, &bid) {
            return;
        }
        if self.queue.is_full() {
            // Time may have made room since the last event.
            self.grant(now, limits, grants);
        }
        self.queue.join(now, bid);
    }

    fn release(&mut self, now: Millis, ticket: &str, outcome: Outcome) {
        // Only a lease has an outcome, and only once.
        if let Some(lease) = self.leases.release(ticket) {
            self.circuit.hear(now, lease.epoch, outcome);
        }
        self.queue.leave(ticket);
        // One that was never heard of too: its bid may come later than its release.
        if guard::holds(Guard::ReleasedStaysReleased) {
            self.spent.remember(now, ticket.to_owned());
        }
    }

    /// Grants as much as may be granted. Says when more may, if that is a matter of time.
    fn grant(&mut self, now: Millis, limits: &Limits, grants: &mut Vec<Effect>) -> Option<Millis> {
        while !self.queue.is_empty() {
            match self.gate(now, limits) {
                Gate::Open => {}
                Gate::Until(at) => return Some(at),
                Gate::Shut => return None,
            }
            let Bid { ticket, holder, hold, .. } = self.queue.pop()?;
            let until = self.leases.grant(now, ticket.clone(), hold, self.circuit.epoch());
            grants.push(Effect::Grant { holder, ticket, until });
        }
        None
    }

    /// An open gate has counted the grant that it is opened for.
    fn gate(&mut self, now: Millis, limits: &Limits) -> Gate {
        let is_taken = self.leases.len() >= limits.concurrency as usize && guard::holds(Guard::Concurrency);
        let is_probed =
            self.circuit.state(now) == Breaker::HalfOpen && self.leases.any_of(self.circuit.epoch());
        if self.drained || is_taken || is_probed || limits.rate.count == 0 {
            return Gate::Shut;
        }
        if let Some(until) = self.circuit.shut_until(now) {
            return Gate::Until(until);
        }
        let verdict = self.granted.admit(now, limits.rate);
        if verdict.admitted || !guard::holds(Guard::LaneRate) {
            Gate::Open
        } else {
            Gate::Until(now + verdict.retry_after)
        }
    }

    /// How a ticket stands.
    fn answer(&self, ticket: &str) -> Answer {
        if let Some(until) = self.leases.until(ticket) {
            return Answer::Granted { until };
        }
        if self.spent.contains(ticket) {
            return Answer::Released;
        }
        match self.queue.place(ticket) {
            Some((ahead, speculative)) => Answer::Waiting {
                ahead: count(ahead),
                ask_again: if speculative { ASK_AGAIN_SPECULATIVE } else { ASK_AGAIN },
            },
            None => Answer::Full { retry_after: RETRY_FULL },
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
