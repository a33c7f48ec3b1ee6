//! One attempt, up to the provider's acceptance: money, a slot, a submission, and the doubt that
//! is left when its answer is lost.

use super::debts::Owed;
use super::event::Effect;
use super::flight::{Accepted, ProviderError, Terms};
use super::phase::Lease;
use super::result::poll_interval;
use super::{ASK_GUARD, BACKOFF, CALL_GUARD, Generation, MAX_ATTEMPTS, MAX_QUEUE, Phase};
use crate::actors::account::{self, Reservation};
use crate::actors::guard::{self, Guard};
use crate::actors::lane::{self, Bid, MAX_HOLD, Outcome};
use crate::api::JobError;
use crate::catalog::{MAX_TIMEOUT, Reconcile, USUAL_CALL};
use crate::problem::Code;
use crate::units::{MicroUsd, Millis};

/// How much longer than an attempt a slot is asked for: the last call may still be under way, and
/// an alarm may be late.
const HOLD_SLACK: Millis = Millis(90_000);
// Whatever the catalogue allows, a slot is held until the attempt is over.
const _: () = assert!(MAX_TIMEOUT.0 + HOLD_SLACK.0 <= MAX_HOLD.0);
/// A refusal is repeated for this long without asking the account again.
const REFUSAL_AGE: Millis = Millis(10_000);
/// What was made and could not be fetched is not made again for this long.
const SETUP_AGE: Millis = Millis(600_000);
/// A submission that nobody knows about is not followed by another for this long.
const UNKNOWN_AGE: Millis = Millis(600_000);

/// A submission that a provider has not listed this long after our own call was over is taken to have
/// been lost on its way: a gateway may hold it after we have hung up.
const SETTLED: Millis = Millis(35_000);

/// What an attempt that came to nothing leaves behind.
pub(super) enum Left {
    /// The provider did not take it: the same submission may be sent again.
    Untaken,
    /// The operation is over and cost this much: only a new submission can help.
    Ended(MicroUsd),
    /// The same, and the account knows it already.
    Billed,
}

impl Generation {
    /// Asks the account to set the price aside.
    pub(super) fn reserve(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let speculative = self.outbox.urgency().1;
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !guard::holds(Guard::ReservedBeforeSubmitted) {
            return self.bid_anew(now, effects);
        }
        flight.phase = Phase::Reserving;
        flight.due = now + ASK_GUARD;
        // From here on there may be a reservation, whether or not its answer arrives.
        flight.reserved = true;
        flight.speculative = speculative;
        effects.push(Effect::Reserve {
            tenant: flight.tenant.clone(),
            reservation: Reservation {
                id: flight.idempotency_key(),
                amount: flight.terms.cost,
                speculative,
                model: flight.spec.model().to_owned(),
                operation: flight.spec.operation(),
                words: false,
            },
        });
    }

    pub(super) fn reserved(
        &mut self,
        now: Millis,
        id: &str,
        answer: Option<account::Answer>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !matches!(flight.phase, Phase::Reserving) || flight.idempotency_key() != id {
            return;
        }
        match answer {
            None => flight.due = now + BACKOFF.delay(1, id, None),
            Some(account::Answer::Done) => self.bid_anew(now, effects),
            Some(account::Answer::Refused(refusal)) => {
                let again_at = now + refusal.retry_after.min(REFUSAL_AGE);
                let error = JobError { code: refusal.code, detail: refusal.detail };
                // The same call may arrive once more, when there is money again.
                self.close(now, MicroUsd(0));
                self.enter(now, Phase::Failed { error, again_at });
            }
        }
    }

    /// Begins to wait for a slot.
    pub(super) fn bid_anew(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if let Some(flight) = self.core.flight.as_mut() {
            flight.give_up_at = now + MAX_QUEUE;
        }
        self.bid_on(now, effects);
    }

    /// Asks the lane for a slot, under a ticket that was never used. The wait is the same one.
    fn bid_on(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if now >= flight.give_up_at {
            return self.out_of_time(now);
        }
        flight.bids = flight.bids.saturating_add(1);
        flight.lease = Some(Lease { ticket: flight.ticket(), until: Millis(0) });
        flight.phase = Phase::Leasing;
        if guard::holds(Guard::LeasedBeforeSubmitted) {
            return self.bid(now, effects);
        }
        let (ticket, until) = (flight.ticket(), now + MAX_QUEUE);
        self.granted(now, &ticket, until);
    }

    /// Asks for the slot, or asks again.
    pub(super) fn bid(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let (priority, speculative) = self.outbox.urgency();
        let Some(flight) = self.core.flight.as_mut() else { return };
        flight.due = now + ASK_GUARD;
        effects.push(Effect::Acquire {
            lane: flight.terms.lane.clone(),
            bid: Bid {
                ticket: flight.ticket(),
                holder: flight.key.as_str().to_owned(),
                priority,
                speculative,
                hold: flight.terms.timeout + HOLD_SLACK,
            },
        });
    }

    pub(super) fn lane_answered(
        &mut self,
        now: Millis,
        ticket: &str,
        answer: Option<lane::Answer>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !matches!(flight.phase, Phase::Leasing) || flight.ticket() != ticket {
            return;
        }
        match answer {
            None => flight.due = now + BACKOFF.delay(1, ticket, None),
            Some(lane::Answer::Granted { until }) => self.granted(now, ticket, until),
            Some(lane::Answer::Waiting { ask_again, .. }) => flight.due = now + ask_again,
            // The lane gave up on the ticket: it was granted and ran out before we heard of it.
            Some(lane::Answer::Released) => self.bid_on(now, effects),
            Some(lane::Answer::Full { retry_after }) => {
                let detail = "Too many clips wait for this provider; ask again a little later.".to_owned();
                let error = JobError { code: Code::LaneFull, detail };
                self.fail(now, error, now + retry_after, Outcome::Unknown);
            }
        }
    }

    /// The slot is ours; the alarm submits, so that the call is nobody's request.
    pub(super) fn granted(&mut self, now: Millis, ticket: &str, until: Millis) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !matches!(flight.phase, Phase::Leasing) || flight.ticket() != ticket {
            return;
        }
        flight.lease = Some(Lease { ticket: ticket.to_owned(), until });
        flight.phase = Phase::Leased;
        flight.due = now;
    }

    pub(super) fn submit(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let until = flight.lease.as_ref().map_or(now, |lease| lease.until);
        if now + flight.terms.timeout > until {
            // The alarm was so late that the slot would run out under the operation.
            self.give_back(now, Outcome::Unknown);
            return self.bid_on(now, effects);
        }
        flight.attempt = flight.attempt.saturating_add(1);
        flight.submitted_at = now;
        flight.phase = Phase::Submitting;
        flight.due = now + flight.terms.call_guard();
        flight.give_up_at = now + flight.terms.timeout;
        let spec = Box::new(flight.spec.clone());
        effects.push(Effect::Submit { spec, idempotency_key: flight.idempotency_key() });
    }

    /// Nobody knows whether the submission was taken. Looked into at `at`.
    pub(super) fn doubt(&mut self, now: Millis, at: Millis) {
        if let Some(flight) = self.core.flight.as_mut() {
            flight.due = at;
        }
        self.enter(now, Phase::Ambiguous { tries: 0 });
    }

    /// Finds out whether the submission was taken, the way its provider allows.
    pub(super) fn reconcile(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if now >= flight.give_up_at {
            return self.out_of_time(now);
        }
        let Phase::Ambiguous { tries } = &mut flight.phase else { return };
        *tries = tries.saturating_add(1);
        flight.due = now + flight.terms.call_guard();
        let blind = !guard::holds(Guard::NoBlindSubmission);
        if blind || !guard::holds(Guard::SameIdempotencyKey) {
            flight.submission = flight.submission.saturating_add(1);
        }
        let idempotency_key = flight.idempotency_key();
        match flight.terms.reconcile {
            Reconcile::Idempotency => {
                effects.push(Effect::Submit { spec: Box::new(flight.spec.clone()), idempotency_key });
            }
            Reconcile::Listing | Reconcile::PutAway => {
                effects.push(Effect::Find { model: flight.spec.model().to_owned(), idempotency_key });
            }
            Reconcile::None if blind => {
                effects.push(Effect::Submit { spec: Box::new(flight.spec.clone()), idempotency_key });
            }
            // Waited out: nothing can be asked.
            Reconcile::None => flight.due = flight.give_up_at,
        }
    }

    pub(super) fn submitted(
        &mut self,
        now: Millis,
        idempotency_key: &str,
        result: Result<Accepted, ProviderError>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if flight.idempotency_key() != idempotency_key {
            return;
        }
        match (&flight.phase, result) {
            (
                Phase::Submitting
                | Phase::Ambiguous { .. }
                // A first answer that came after its guard expired is still the provider's word.
                | Phase::Queued
                | Phase::Leasing
                | Phase::Leased,
                Ok(accepted),
            ) => self.accepted(now, accepted),
            (Phase::Submitting, Err(ProviderError::Unanswered(_))) => {
                let wait = BACKOFF.delay(1, idempotency_key, None);
                self.doubt(now, now + wait);
            }
            (
                Phase::Submitting | Phase::Ambiguous { .. },
                Err(error @ (ProviderError::Invalid { .. } | ProviderError::ContentRefused { .. })),
            ) => self.attempt_failed(now, &error, Left::Untaken),
            (Phase::Submitting, Err(error)) => self.attempt_failed(now, &error, Left::Untaken),
            // It says that it did not take this call. It says nothing about the one before.
            (Phase::Ambiguous { tries }, Err(error)) => {
                let asked = error.retry_after().map(|wait| wait.min(CALL_GUARD));
                flight.due = now + BACKOFF.delay(*tries, idempotency_key, asked);
            }
            _ => {}
        }
    }

    pub(super) fn found(
        &mut self,
        now: Millis,
        idempotency_key: &str,
        result: Result<Option<Accepted>, ProviderError>,
    ) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Ambiguous { tries } = flight.phase else { return };
        if flight.idempotency_key() != idempotency_key {
            return;
        }
        // As long as the call may be under way, a list that lacks it proves nothing.
        let settled_at = flight.submitted_at + flight.terms.call.max(USUAL_CALL) + SETTLED;
        match result {
            Ok(Some(accepted)) => self.accepted(now, accepted),
            Ok(None) if now >= settled_at => {
                let error = ProviderError::Transient("the submission did not reach the provider".into());
                self.attempt_failed(now, &error, Left::Untaken);
            }
            Ok(None) => flight.due = settled_at,
            Err(error) => {
                let asked = error.retry_after().map(|wait| wait.min(CALL_GUARD));
                flight.due = now + BACKOFF.delay(tries, idempotency_key, asked);
            }
        }
    }

    pub(super) fn accepted(&mut self, now: Millis, accepted: Accepted) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if matches!(flight.phase, Phase::Queued | Phase::Leasing | Phase::Leased) {
            // Taken after all, while the next attempt was waiting for its slot.
            flight.give_up_at = now + flight.terms.timeout;
        }
        let wait = accepted.estimate_ms.unwrap_or(flight.terms.usual_wait);
        flight.expected_at = now + wait;
        flight.missed_polls = 0;
        flight.operation_id.clone_from(&accepted.operation_id);
        flight.due = now + poll_interval(Millis(0));
        self.enter(now, Phase::Processing { operation_id: accepted.operation_id });
        self.stop_if_unwanted(now);
    }

    /// An attempt came to nothing.
    pub(super) fn attempt_failed(&mut self, now: Millis, error: &ProviderError, left: Left) {
        self.give_back(now, health(error));
        if let Left::Ended(spent) = left {
            self.close(now, spent);
        }
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !matches!(left, Left::Untaken) {
            flight.submission = flight.submission.saturating_add(1);
            flight.reserved = false;
        }
        flight.progress = 0.0;
        if matches!(error, ProviderError::Fatal(_)) && !matches!(left, Left::Untaken) {
            // Our settings keep us from what was made: any other order would be paid for like this one.
            let (error, again_at) = (error.job_error(), now + SETUP_AGE);
            return self.enter(now, Phase::Failed { error, again_at });
        }
        let spent_all = flight.attempt >= MAX_ATTEMPTS && guard::holds(Guard::BoundedAttempts);
        if !error.is_retryable() || spent_all {
            return self.fail(now, error.job_error(), now, Outcome::Unknown);
        }
        let asked = error.retry_after();
        if asked.is_some_and(|wait| wait > MAX_QUEUE) {
            return self.fail(now, error.job_error(), now, Outcome::Unknown);
        }
        flight.due = now + BACKOFF.delay(flight.attempt, flight.key.as_str(), asked);
        flight.expected_at = flight.due + flight.terms.usual_wait;
        flight.phase = Phase::Queued;
        self.stop_if_unwanted(now);
    }

    /// The flight ends without a clip; what it still holds is given back.
    pub(super) fn fail(&mut self, now: Millis, error: JobError, again_at: Millis, outcome: Outcome) {
        self.give_back(now, outcome);
        self.close(now, MicroUsd(0));
        if !self.stand_in(now, error.code) {
            self.enter(now, Phase::Failed { error, again_at });
        }
    }

    /// Begins anew with the next model that can make the same, under the same key: what was asked for is
    /// the clip, not who makes it. Not after a refusal of the content, which is not shopped around, and not
    /// while an operation may be under way.
    fn stand_in(&mut self, now: Millis, code: Code) -> bool {
        let helps = matches!(
            code,
            Code::ProviderInvalid
                | Code::ProviderFailed
                | Code::ProviderTimeout
                | Code::ProviderUnavailable
                | Code::BadMedia
                | Code::LaneFull
        );
        let Some(flight) = self.core.flight.as_mut().filter(|_| helps) else { return false };
        let next = loop {
            if flight.stand_ins.is_empty() {
                return false;
            }
            let spec = flight.stand_ins.remove(0);
            if let Some(terms) = Terms::of(&spec) {
                break (spec, terms);
            }
        };
        let first = flight.spec.model().to_owned();
        let _ = flight.in_place_of.get_or_insert(first);
        (flight.spec, flight.terms) = next;
        // Callers have seen it being worked on; it does not go back to where nothing was tried.
        flight.attempt = 1;
        flight.submission = flight.submission.saturating_add(1);
        flight.operation_id.clear();
        flight.missed_polls = 0;
        flight.progress = 0.0;
        flight.due = now;
        flight.expected_at = now + flight.terms.usual_wait;
        self.enter(now, Phase::Queued);
        self.stop_if_unwanted(now);
        true
    }

    /// The phase has taken too long.
    pub(super) fn out_of_time(&mut self, now: Millis) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let code = match &flight.phase {
            Phase::Processing { .. } => {
                self.abandon(now);
                Code::ProviderTimeout
            }
            Phase::Ambiguous { .. } => {
                // It may have been taken, so its price counts as spent.
                let cost = flight.terms.cost;
                self.close(now, cost);
                self.give_back(now, Outcome::Failed);
                Code::SubmissionUnknown
            }
            _ => Code::ProviderUnavailable,
        };
        let Some(flight) = self.core.flight.as_ref() else { return };
        let seconds = now.since(flight.started_at).0 / 1_000;
        let (detail, again_at) = match code {
            Code::ProviderTimeout => (format!("There was no clip after {seconds} s."), now),
            Code::SubmissionUnknown => (
                "The answer to the submission was lost, and the provider cannot be asked about it. It is not \
                 repeated for ten minutes, because it may have been charged."
                    .into(),
                now + UNKNOWN_AGE,
            ),
            _ => (format!("The provider had no free slot for {seconds} s."), now),
        };
        self.fail(now, JobError { code, detail }, again_at, Outcome::Unknown);
    }

    /// Stops a flight that nobody waits for any more, where that saves its price.
    pub(super) fn stop_if_unwanted(&mut self, now: Millis) {
        let Some(flight) = self.core.flight.as_ref() else { return };
        if self.outbox.is_wanted() || !guard::holds(Guard::CancelledWhenUnwanted) {
            return;
        }
        match flight.phase {
            Phase::Queued | Phase::Reserving | Phase::Leasing | Phase::Leased => {
                self.give_back(now, Outcome::Unknown);
                self.close(now, MicroUsd(0));
            }
            Phase::Processing { .. } if flight.terms.cancel_saves => self.abandon(now),
            // A call is under way, or the clip is as good as paid for.
            _ => return,
        }
        self.enter(now, Phase::Cancelled);
    }

    /// Gives up an operation: its bill and its slot wait for the provider's word.
    fn abandon(&mut self, now: Millis) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Phase::Processing { operation_id } = &flight.phase else { return };
        let owed = Owed::Abandon {
            model: flight.spec.model().to_owned(),
            operation_id: operation_id.clone(),
            tenant: flight.tenant.clone(),
            id: flight.idempotency_key(),
            cost: flight.terms.cost,
            lane: flight.terms.lane.clone(),
            ticket: flight.lease.take().map_or_else(|| flight.ticket(), |lease| lease.ticket),
        };
        flight.reserved = false;
        self.core.debts.owe(now, owed);
    }

    /// Tells the account what the submission cost, if it was told of the submission.
    pub(super) fn close(&mut self, now: Millis, spent: MicroUsd) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        if !std::mem::take(&mut flight.reserved) {
            return;
        }
        flight.spent = flight.spent + spent;
        let owed = Owed::Close { tenant: flight.tenant.clone(), id: flight.idempotency_key(), spent };
        self.core.debts.owe(now, owed);
    }

    /// Gives back the ticket, granted or not.
    pub(super) fn give_back(&mut self, now: Millis, outcome: Outcome) {
        let Some(flight) = self.core.flight.as_mut() else { return };
        let Some(Lease { ticket, .. }) = flight.lease.take() else { return };
        let owed = Owed::Release { lane: flight.terms.lane.clone(), ticket, outcome };
        self.core.debts.owe(now, owed);
    }
}

/// What an error tells about the provider's health.
fn health(error: &ProviderError) -> Outcome {
    match error {
        ProviderError::Throttled { retry_after } => Outcome::Throttled { retry_after: *retry_after },
        ProviderError::Invalid { .. } | ProviderError::ContentRefused { .. } => Outcome::Healthy,
        ProviderError::Lost => Outcome::Unknown,
        ProviderError::Transient(_)
        | ProviderError::Unanswered(_)
        | ProviderError::Failed(_)
        | ProviderError::BadMedia(_)
        | ProviderError::Fatal(_) => Outcome::Failed,
    }
}
