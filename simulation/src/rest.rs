//! What is checked of a world at rest.

use std::collections::BTreeMap;

use cuelight_core::actors::session::Session;
use cuelight_core::api::{EventKind, JobStatus};
use cuelight_core::units::MicroUsd;

use crate::invariant::Invariant;
use crate::provider::{Fate, Op};
use crate::world::World;

impl World {
    pub(crate) fn at_rest(&mut self) {
        self.jobs_at_rest();
        self.generations_at_rest();
        self.money_at_rest();
        for lane in 0..self.lanes.len() {
            if let Some((ticket, _)) = self.leases_out(lane).first() {
                self.accuse(Invariant::LeasesEnd, format!("{ticket} is out for ever"));
            }
        }
        if let Some((job_id, url)) = self.judge.undelivered().cloned() {
            self.accuse(Invariant::WebhookDelivered, format!("{url} never heard of {job_id}"));
        }
        for session in 0..self.sessions.len() {
            self.last_look(session);
        }
    }

    fn jobs_at_rest(&mut self) {
        let mut kinds: BTreeMap<&str, Vec<EventKind>> = BTreeMap::new();
        for (_, kind, job_id) in self.judge.logs.iter().flatten() {
            kinds.entry(job_id).or_default().push(*kind);
        }
        let mut wrong = Vec::new();
        let mut ends = Vec::new();
        for (id, record) in &self.judge.jobs {
            let memory: &Session = &self.sessions[record.session].memory;
            let Some(job) = memory.job(id).filter(|job| job.status.is_final()) else {
                let status = memory.job(id).map(|job| job.status);
                wrong.push((Invariant::NoJobLost, format!("{id} is {status:?} for ever")));
                continue;
            };
            ends.push(match job.status {
                JobStatus::Complete => "complete",
                JobStatus::Cancelled => "cancelled",
                _ => job.error.as_ref().map_or("failed", |error| error.code.as_str()),
            });
            let kinds = kinds.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
            if let Some(detail) = end_of(job.status, record.began_final, kinds) {
                wrong.push((Invariant::OneEnd, format!("{id}: {detail}: {kinds:?}")));
            }
        }
        for end in ends {
            self.tally.end(end);
        }
        for (invariant, detail) in wrong {
            self.accuse(invariant, detail);
        }
    }

    fn generations_at_rest(&mut self) {
        for key in 0..self.generations.len() {
            let state = self.flight(key);
            let phase = state["flight"]["phase"]["name"].as_str().unwrap_or("complete");
            if !matches!(phase, "complete" | "failed" | "cancelled") {
                self.accuse(Invariant::ComesToRest, format!("key{key} is {phase} for ever"));
            }
            let debts = state["debts"].as_array().map_or(0, Vec::len);
            if debts > 0 {
                self.accuse(Invariant::ComesToRest, format!("key{key} owes {}", state["debts"]));
            }
        }
    }

    fn money_at_rest(&mut self) {
        let mut charged: BTreeMap<&str, (MicroUsd, bool)> = BTreeMap::new();
        for op in &self.ops.all {
            let (sum, is_lost) = charged.entry(&op.submission).or_default();
            *sum = *sum + op.charge();
            *is_lost |= lost(op);
        }
        let mut wrong = Vec::new();
        for (id, (sum, is_lost)) in &charged {
            let Some(closed) = self.judge.closed.get(*id) else {
                wrong.push(format!("{id} cost {sum} and was never settled"));
                continue;
            };
            let declared = *is_lost || closed.unknown;
            if closed.spent < *sum || (closed.spent > *sum && !declared) {
                wrong.push(format!("{id} cost {sum} and was settled at {}", closed.spent));
            }
        }
        for (id, closed) in &self.judge.closed {
            if closed.spent > MicroUsd(0) && !closed.unknown && !charged.contains_key(id.as_str()) {
                wrong.push(format!("{id} never reached a provider and was settled at {}", closed.spent));
            }
        }
        for detail in wrong {
            self.accuse(Invariant::ChargedOnce, detail);
        }
        for account in 0..self.accounts.len() {
            let actor = &self.accounts[account];
            let usage = actor.memory.0.usage(actor.clock.shows(self.now), &self.setup.budgets[account]);
            let recorded = usage.days.iter().fold(MicroUsd(0), |sum, line| sum + line.spent_micro_usd);
            let told = self.judge.closed.values().filter(|closed| closed.account == account);
            let told = told.fold(MicroUsd(0), |sum, closed| sum + closed.spent);
            if recorded != told {
                let detail = format!("account {account} recorded {recorded} and was told {told}");
                self.accuse(Invariant::ChargedOnce, detail);
            }
            if usage.reserved > MicroUsd(0) || usage.reservations > 0 {
                let detail = format!("account {account} sets {} aside for ever", usage.reserved);
                self.accuse(Invariant::ReservationsClosed, detail);
            }
        }
    }
}

fn lost(op: &Op) -> bool {
    matches!(op.fate, Fate::Lost { .. })
}

/// What is wrong with the events of a job that ended as `status`.
fn end_of(status: JobStatus, began_final: bool, kinds: &[EventKind]) -> Option<&'static str> {
    let end = match status {
        JobStatus::Complete => EventKind::Completed,
        JobStatus::Failed => EventKind::Failed,
        _ => EventKind::Cancelled,
    };
    let ends = kinds
        .iter()
        .filter(|kind| !matches!(kind, EventKind::Queued | EventKind::Processing | EventKind::Preview));
    if ends.count() != 1 {
        return Some("it does not end once");
    }
    if kinds.last() != Some(&end) {
        return Some("its end is not its last event");
    }
    let begins = if began_final { end } else { EventKind::Queued };
    (kinds.first() != Some(&begins)).then_some("it does not begin at the beginning")
}
