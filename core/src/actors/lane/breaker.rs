//! The circuit breaker: what a lane's submissions told of their provider's health, and when that
//! lets the next one go.
//!
//! Only a submission that was granted since the breaker last opened is listened to. So one that
//! comes late neither lengthens the wait nor ends it, and in a half-open breaker there is nobody
//! to hear but the probe.

use serde::{Deserialize, Serialize};

use super::message::{Breaker, Outcome};
use crate::retry::Backoff;
use crate::units::Millis;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// How long it stays open: about 15 seconds, then twice as long each time a probe fails.
const COOLDOWN: Backoff = Backoff { base: Millis::seconds(15), cap: Millis::seconds(300) };
/// For the jitter of the cooldown.
const SEED: &str = "lane";
/// The pause that a provider gets that throttles and does not say for how long.
const PAUSE: Millis = Millis::seconds(5);
/// The longest pause that a provider may ask for. If it means more, it says so again.
const MAX_PAUSE: Millis = Millis::seconds(600);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Circuit {
    /// In a row, while closed.
    failures: u32,
    /// How often it has opened since the provider was last healthy: zero while closed.
    opened: u32,
    open_until: Millis,
    /// How often it has ever opened. Tells which submissions were granted since.
    epoch: u64,
    /// The provider asked for no calls before then.
    paused_until: Millis,
}

impl Circuit {
    /// What a submission of `epoch` told.
    pub(super) fn hear(&mut self, now: Millis, epoch: u64, outcome: Outcome) {
        match outcome {
            Outcome::Throttled { retry_after } => {
                let pause = retry_after.unwrap_or(PAUSE).min(MAX_PAUSE);
                self.paused_until = self.paused_until.max(now + pause);
            }
            Outcome::Healthy if epoch == self.epoch => (self.failures, self.opened) = (0, 0),
            Outcome::Failed if epoch == self.epoch => {
                self.failures += 1;
                if self.opened > 0 || self.failures >= FAILURES {
                    self.open(now);
                }
            }
            Outcome::Healthy | Outcome::Failed | Outcome::Unknown => {}
        }
    }

    fn open(&mut self, now: Millis) {
        self.failures = 0;
        self.opened = self.opened.saturating_add(1);
        self.epoch += 1;
        self.open_until = now + COOLDOWN.delay(self.opened, SEED, None);
    }

    /// Shortens what a clock that ran ahead has made longer than it can be.
    pub(super) fn heal(&mut self, now: Millis) {
        self.open_until = self.open_until.min(now + COOLDOWN.cap);
        self.paused_until = self.paused_until.min(now + MAX_PAUSE);
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn state(&self, now: Millis) -> Breaker {
        match self.opened {
            0 => Breaker::Closed,
            _ if now < self.open_until => Breaker::Open,
            _ => Breaker::HalfOpen,
        }
    }

    /// Until when there is no grant, if there is none now.
    pub(super) fn shut_until(&self, now: Millis) -> Option<Millis> {
        let open_until = if self.opened > 0 { self.open_until } else { Millis(0) };
        Some(open_until.max(self.paused_until)).filter(|until| *until > now)
    }
}
