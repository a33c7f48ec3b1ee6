//! One clip's single flight, from wanted to stored.
//!
//! A thousand wants, one submission. The alarm owns every call to the provider: a caller that
//! goes away takes nothing with it, and a crash leaves an alarm behind. What is about to be done
//! is persisted before it is done, the operation id before anything else. Money is set aside
//! before a submission and a slot is leased for it; both are given back by debts, which are told
//! until they have been acknowledged. An event that comes twice, late or early changes nothing.

use serde::{Deserialize, Serialize};

use crate::actors::guard::{self, Guard};
use crate::actors::stored::{Stored, WHOLE, Write};
use crate::api::{Job, Source};
use crate::catalog;
use crate::problem::Code;
use crate::retry::Backoff;
use crate::units::Millis;

mod attempt;
mod debts;
mod event;
mod flight;
mod outbox;
mod phase;
mod result;
#[cfg(test)]
mod tests;

use debts::Debts;
pub use event::{Effect, Event};
pub use flight::{
    Accepted, Answer, Cancelled, Made, Output, Place, Progress, ProviderError, Terms, Update, Want,
};
use outbox::Outbox;
use phase::Flight;
pub use phase::Phase;

/// Attempts at one clip before giving up. An attempt begins with a submission; asking again about
/// one whose answer was lost begins none.
pub const MAX_ATTEMPTS: u32 = 3;
/// Downloads of one result before giving it up: it is paid for, so that is not done lightly.
pub const MAX_DOWNLOADS: u32 = 8;
/// The wait between attempts.
pub const BACKOFF: Backoff = Backoff { base: Millis(1_000), cap: Millis(20_000) };
/// A submission, a poll or a look-up that has not answered this long after its time was up
/// ([`Terms::call`]) died with its isolate: two are never under way.
pub const CALL_SLACK: Millis = Millis(5_000);
/// The same, from the begin of a call of [`catalog::USUAL_CALL`].
pub const CALL_GUARD: Millis = Millis(catalog::USUAL_CALL.0 + CALL_SLACK.0);
/// The same for a download and what is done with it (30 s).
pub const DOWNLOAD_GUARD: Millis = Millis(45_000);
/// An account or a lane that has not answered after this long is asked again.
const ASK_GUARD: Millis = Millis(15_000);
/// The longest a flight waits for its turn in a lane.
pub const MAX_QUEUE: Millis = Millis::seconds(1_800);

/// The machine. Empty until the first want.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Generation {
    core: Core,
    outbox: Outbox,
    core_changed: bool,
    /// Read from the form in which everything was one part.
    legacy: bool,
}

/// What is stored as one part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Core {
    flight: Option<Flight>,
    /// Grows with every visible change, over all flights.
    ordinal: u64,
    #[serde(default)]
    debts: Debts,
}

impl Generation {
    /// Takes an event and decides what is to be done about it.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        // A want is answered at once; telling the others is the alarm's work, not its caller's.
        // After a delivery the next batch is the next alarm's, too: one invocation may only make
        // so many calls.
        let tell = !matches!(event, Event::Wanted(_) | Event::Verified { .. } | Event::Delivered { .. });
        self.core_changed |= !matches!(event, Event::Delivered { .. });
        match event {
            Event::Wanted(want) => self.wanted(now, want, &mut effects),
            Event::Verified { want, flight, exists } => {
                let vanished = self.core.flight.as_ref().is_none_or(|f| {
                    !exists && f.number == flight && matches!(f.phase, Phase::Complete { .. })
                });
                if vanished {
                    self.start(now, &want, &mut effects);
                } else {
                    self.outbox.join(now, &want, Source::Coalesced, self.core.ordinal);
                }
            }
            Event::Left { job_id } => {
                self.outbox.leave(now, &job_id);
                self.stop_if_unwanted(now);
            }
            Event::Reserved { id, answer } => self.reserved(now, &id, answer, &mut effects),
            Event::LaneAnswered { ticket, answer } => self.lane_answered(now, &ticket, answer, &mut effects),
            Event::Granted { ticket, until } => self.granted(now, &ticket, until),
            Event::Nudged { idempotency_key, operation_id } => {
                self.nudged(now, &idempotency_key, operation_id);
            }
            Event::Alarm => self.alarm(now, &mut effects),
            Event::SubmitAnswered { idempotency_key, result } => {
                self.submitted(now, &idempotency_key, result);
            }
            Event::Found { idempotency_key, result } => self.found(now, &idempotency_key, result),
            Event::PollAnswered { operation_id, result } => {
                self.polled(now, &operation_id, result, &mut effects);
            }
            Event::Stored { operation_id, result } => {
                self.stored(now, &operation_id, result, &mut effects);
            }
            Event::Abandoned { operation_id, result } => {
                self.core.debts.abandoned(now, &operation_id, result);
            }
            Event::Closed { id, acknowledged } => self.core.debts.closed(now, &id, acknowledged),
            Event::Released { ticket, acknowledged } => {
                self.core.debts.released(now, &ticket, acknowledged);
            }
            Event::Delivered { job_id, ordinal, acknowledged } => {
                self.outbox.delivered(now, &job_id, ordinal, acknowledged);
            }
        }
        if tell {
            effects.extend(self.core.debts.due(now));
            if let Some(flight) = &self.core.flight {
                let ordinal = self.core.ordinal;
                effects.extend(self.outbox.due(now, ordinal).into_iter().map(|(session, job_id)| {
                    Effect::Notify { update: flight.update(now, &job_id, ordinal), session }
                }));
            }
        }
        if let Some(at) = self.wake() {
            // First, so that the shell sets it in the very write that persists the machine.
            effects.insert(0, Effect::SetAlarm(at.max(now)));
        }
        effects
    }

    /// Where the job stands, if this generation knows it.
    #[must_use]
    pub fn answer(&self, now: Millis, job_id: &str) -> Option<Answer> {
        let waiter = self.outbox.waiter(job_id)?;
        let update = self.core.flight.as_ref()?.update(now, job_id, self.core.ordinal);
        Some(Answer { source: waiter.source, update })
    }

    /// Whose clip it is. `None` before the first want, and for flights that were begun before
    /// tenants were kept.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.core.flight.as_ref().map(|flight| flight.tenant.as_str()).filter(|tenant| !tenant.is_empty())
    }

    /// Finds the request that began the flight in the logs.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.core.flight.as_ref().map_or("", |flight| flight.request_id.as_str())
    }

    /// The job as a caller sees it, if this generation knows it.
    #[must_use]
    pub fn job(&self, now: Millis, job_id: &str) -> Option<Job> {
        let flight = self.core.flight.as_ref()?;
        let waiter = self.outbox.waiter(job_id)?;
        let update = flight.update(now, job_id, 0);
        let key = flight.key;
        let made = flight.made();
        Some(Job {
            status: update.status,
            provider: Some(made.provider),
            model: Some(made.model),
            model_note: made.model_note,
            seed: made.seed,
            provider_operation_id: made.provider_operation_id,
            source: waiter.source,
            priority: waiter.priority,
            speculative: waiter.speculative,
            progress: update.progress,
            updated_at: flight.updated_at,
            estimate_ms: update.estimate_ms,
            cost_micro_usd: update.cost_micro_usd,
            content: update.content,
            error: update.error,
            request_id: Some(flight.request_id.clone()).filter(|id| !id.is_empty()),
            ..Job::queued(job_id.to_owned(), flight.spec.operation(), key, waiter.created_at)
        })
    }

    /// Everything that is known about the flight, for an operator who asks why it is stuck.
    #[must_use]
    pub fn explain(&self) -> serde_json::Value {
        serde_json::json!({ "generation": self.core, "waiting": self.outbox.len() })
    }

    fn wanted(&mut self, now: Millis, want: Want, effects: &mut Vec<Effect>) {
        if self.outbox.has_left(&want.job_id) {
            return;
        }
        // Counted once a flight: from then on it is no speculation any more.
        if let Some(flight) = self.core.flight.as_mut()
            && flight.guess
            && !want.speculative
        {
            flight.guess = false;
            effects.push(Effect::Count("speculation_used"));
        }
        let known = self.outbox.waiter(&want.job_id).is_some();
        match &self.core.flight {
            None => self.start(now, &want, effects),
            Some(flight) => match &flight.phase {
                Phase::Complete { .. } => {
                    effects.push(Effect::Verify { want: Box::new(want), flight: flight.number });
                }
                // A job that is known asks for its answer once more, not for another flight.
                Phase::Failed { error, again_at } if !known => {
                    // Money that speculation may not spend may still be spent on a wish.
                    let refused_guess =
                        flight.speculative && !want.speculative && error.code == Code::BudgetExceeded;
                    if now >= *again_at || refused_guess {
                        self.start(now, &want, effects);
                    } else {
                        self.outbox.join(now, &want, Source::Coalesced, self.core.ordinal);
                    }
                }
                Phase::Cancelled if !known => self.start(now, &want, effects),
                phase => {
                    let leasing = matches!(phase, Phase::Leasing);
                    if !phase.is_final() && !known && !guard::holds(Guard::SingleFlight) {
                        return self.start(now, &want, effects);
                    }
                    let before = self.outbox.urgency();
                    self.outbox.join(now, &want, Source::Coalesced, self.core.ordinal);
                    if leasing && self.outbox.urgency() != before {
                        self.bid(now, effects);
                    }
                }
            },
        }
    }

    fn start(&mut self, now: Millis, want: &Want, effects: &mut Vec<Effect>) {
        let number = self.core.flight.as_ref().map_or(1, |f| f.number.saturating_add(1));
        self.core.flight = Some(Flight::new(now, number, want));
        self.core.ordinal = self.core.ordinal.saturating_add(1);
        // Whoever was not told of the last flight's end yet is told of this one instead.
        self.outbox.retain_owed(now, self.core.ordinal.saturating_sub(1));
        self.outbox.join(now, want, Source::Generated, self.core.ordinal);
        self.reserve(now, effects);
    }

    /// When something is next to be done.
    fn wake(&self) -> Option<Millis> {
        let flight = self.core.flight.as_ref();
        let own = flight.filter(|flight| !flight.phase.is_final()).map(|flight| flight.due);
        let deadline = flight.and_then(Flight::deadline);
        let owed = flight.and_then(|_| self.outbox.next(self.core.ordinal));
        [own, deadline, owed, self.core.debts.next()].into_iter().flatten().min()
    }

    fn alarm(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_ref() else { return };
        if flight.deadline().is_some_and(|deadline| now >= deadline) {
            return self.out_of_time(now);
        }
        if flight.phase.is_final() || now < flight.due {
            return;
        }
        match &flight.phase {
            Phase::Queued if flight.reserved => self.bid_anew(now, effects),
            Phase::Queued | Phase::Reserving => self.reserve(now, effects),
            Phase::Leasing => self.bid(now, effects),
            Phase::Leased => self.submit(now, effects),
            Phase::Submitting => {
                // The answer was lost with its isolate.
                self.doubt(now, now);
                self.reconcile(now, effects);
            }
            Phase::Ambiguous { .. } => self.reconcile(now, effects),
            Phase::Processing { .. } => self.poll(now, effects),
            Phase::Storing { .. } => self.store(now, effects),
            Phase::Complete { .. } | Phase::Failed { .. } | Phase::Cancelled => {}
        }
    }

    /// Enters a phase that callers can tell from the one before.
    fn enter(&mut self, now: Millis, phase: Phase) {
        if let Some(flight) = self.core.flight.as_mut() {
            flight.phase = phase;
            flight.updated_at = now;
            self.core.ordinal = self.core.ordinal.saturating_add(1);
        }
    }
}

impl Stored for Generation {
    fn read(parts: &[(String, String)]) -> Result<Self, serde_json::Error> {
        let part = |name: &str| parts.iter().find(|(part, _)| part == name).map(|(_, json)| json.as_str());
        if let (None, Some(json)) = (part("flight"), part(WHOLE)) {
            #[derive(Deserialize)]
            struct OnePart {
                #[serde(flatten)]
                core: Core,
                #[serde(default)]
                outbox: Vec<outbox::Waiter>,
            }
            let OnePart { core, outbox } = serde_json::from_str(json)?;
            return Ok(Self { core, outbox: Outbox::all_changed(outbox), core_changed: true, legacy: true });
        }
        let core = part("flight").map(serde_json::from_str).transpose()?.unwrap_or_default();
        let waiters = parts.iter().filter(|(name, _)| name.starts_with(outbox::PART));
        let waiters = waiters.map(|(_, json)| serde_json::from_str(json)).collect::<Result<_, _>>()?;
        Ok(Self { core, outbox: Outbox::unchanged(waiters), ..Self::default() })
    }

    fn changes(&mut self) -> Result<Vec<Write>, serde_json::Error> {
        let mut writes = self.outbox.changes()?;
        if std::mem::take(&mut self.core_changed) {
            writes.push(Write::Put("flight".into(), serde_json::to_string(&self.core)?));
        }
        if std::mem::take(&mut self.legacy) {
            writes.push(Write::Delete(WHOLE.into()));
        }
        Ok(writes)
    }
}
