//! A tenant's money in micro-dollars: spent, set aside, and what for.
//!
//! A reservation that is open counts against the day and the month in which it is; one that is
//! closed counts in the day of closing. The day never goes back, whatever the clock does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calendar::{Date, day_of, next_month, start_of};
use super::closed::ClosedIds;
use super::journal::Journal;
use super::{Limits, Refusal, Reservation, Usage};
use crate::actors::guard::{self, Guard};
use crate::operation::Operation;
use crate::problem::Code;
use crate::units::{MicroUsd, Millis};

/// Most submissions that are open at once: a bound on what is stored.
pub const MAX_OPEN: usize = 2_000;
/// A reservation that is open for longer belongs to nobody any more: no submission runs so long.
/// Its money is free again. If it is closed yet, what it cost is recorded as [`UNATTRIBUTED`].
pub const ABANDONED: Millis = Millis::seconds(48 * 3_600);
/// The same for words: their call has a time limit of seconds.
pub const ABANDONED_WORDS: Millis = Millis::seconds(300);
/// The model of a usage line for money that was spent without a reservation we know.
pub const UNATTRIBUTED: &str = "unattributed";
/// When to ask again while [`MAX_OPEN`] submissions are open: some end every minute.
const CROWDED: Millis = Millis::seconds(60);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    totals: Totals,
    open: BTreeMap<String, Open>,
    closed: ClosedIds,
    journal: Journal,
}

/// What was spent in the newest day we know, and in its month.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Totals {
    day: u64,
    today: MicroUsd,
    speculation_today: MicroUsd,
    month: MicroUsd,
    clips_this_month: u32,
}

/// Money that is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    at: Millis,
    amount: MicroUsd,
    speculative: bool,
    model: String,
    operation: Operation,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    words: bool,
}

/// One of the budgets that a reservation must fit into.
struct Budget {
    name: &'static str,
    limit: MicroUsd,
    spent: MicroUsd,
    reserved: MicroUsd,
    /// The day it begins anew.
    renews: u64,
}

impl Ledger {
    /// Sets money aside, unless a limit forbids it. What is open or closed already stays as it is.
    pub(super) fn reserve(
        &mut self,
        now: Millis,
        limits: &Limits,
        wanted: Reservation,
    ) -> Result<(), Refusal> {
        self.turn(now);
        if self.closed.contains(&wanted.id) && guard::holds(Guard::ClosedStaysClosed) {
            // A message that came late: setting money aside for it would be for ever.
            return Ok(());
        }
        if let Some(open) = self.open.get_mut(&wanted.id).filter(|open| open.is_live(now)) {
            // What somebody waits for by now is no speculation any more.
            open.speculative &= wanted.speculative;
            // Who asks again is alive.
            open.at = open.at.max(now);
            return Ok(());
        }
        self.open.retain(|_, open| open.is_live(now));
        self.check(now, limits, &wanted)?;
        let Reservation { id, amount, speculative, model, operation, words } = wanted;
        self.open.insert(id, Open { at: now, amount, speculative, model, operation, words });
        Ok(())
    }

    /// Settles a submission at what it cost, once. The provider's word wins over the reservation:
    /// all of it is recorded, also above a limit, and also when no reservation is known.
    pub(super) fn close(&mut self, now: Millis, id: String, spent: MicroUsd) {
        self.turn(now);
        if self.closed.contains(&id) && guard::holds(Guard::PaidOnce) {
            return;
        }
        let open = self.open.remove(&id);
        self.closed.insert(now, id);
        let paid = spent > MicroUsd(0);
        if open.is_none() && !paid {
            return;
        }
        let totals = &mut self.totals;
        totals.today = totals.today + spent;
        totals.month = totals.month + spent;
        if open.as_ref().is_some_and(|open| open.speculative) {
            totals.speculation_today = totals.speculation_today + spent;
        }
        // A model that costs nothing settles like a refund, and its clips are not counted.
        let is_clip = paid && open.as_ref().is_none_or(|open| !open.words);
        totals.clips_this_month = totals.clips_this_month.saturating_add(u32::from(is_clip));
        let (model, operation) = match open {
            Some(open) => (open.model, Some(open.operation).filter(|_| !open.words)),
            None => (UNATTRIBUTED.to_owned(), None),
        };
        self.journal.record(self.totals.day, model, operation, spent);
    }

    pub(super) fn usage(&self, now: Millis, limits: &Limits) -> Usage {
        let totals = self.totals.as_of(now);
        Usage {
            today: totals.today,
            speculation_today: totals.speculation_today,
            month: totals.month,
            clips_this_month: totals.clips_this_month,
            reserved: sum(self.live(now)),
            reservations: self.clips_on_their_way(now),
            limits: *limits,
            days: self.journal.lines(totals.day),
        }
    }

    /// Lets the time pass.
    fn turn(&mut self, now: Millis) {
        self.totals = self.totals.as_of(now);
        self.closed.forget_old(now);
        self.journal.forget_old(self.totals.day);
    }

    /// Whether a reservation fits. The limit that renews last is told first: who waits for another
    /// one would be refused again.
    fn check(&self, now: Millis, limits: &Limits, wanted: &Reservation) -> Result<(), Refusal> {
        let Totals { day, today, speculation_today, month, clips_this_month: generated } = self.totals;
        let (tomorrow, next_month) = (day + 1, next_month(day));
        let open = self.clips_on_their_way(now);
        if !wanted.words && generated.saturating_add(open) >= limits.clips_per_month {
            let detail = format!(
                "The plan includes {} clips a month: {generated} were generated, {open} are on their way. {}",
                limits.clips_per_month,
                renewal(next_month)
            );
            return Err(refusal(Code::QuotaExceeded, detail, next_month, now));
        }
        let (all, speculative) = (sum(self.live(now)), self.reserved_for_speculation(now));
        let budget = |name, limit, spent, reserved, renews| Budget { name, limit, spent, reserved, renews };
        let monthly = budget("monthly", limits.monthly, month, all, next_month);
        let daily = budget("daily", limits.daily, today, all, tomorrow);
        let for_speculation =
            budget("daily speculation", limits.speculation_daily, speculation_today, speculative, tomorrow);
        let budgets = [(true, monthly), (true, daily), (wanted.speculative, for_speculation)];
        for (_, budget) in budgets.iter().filter(|(applies, _)| *applies) {
            if guard::holds(Guard::BudgetKept) {
                budget.check(now, wanted.amount)?;
            }
        }
        if self.open.len() >= MAX_OPEN {
            let detail = format!("{MAX_OPEN} clips are on their way. Ask again when some have arrived.");
            return Err(Refusal { code: Code::RateLimited, detail, retry_after: CROWDED });
        }
        Ok(())
    }

    /// What is set aside for clips that nobody asked for yet.
    pub(super) fn reserved_for_speculation(&self, now: Millis) -> MicroUsd {
        sum(self.live(now).filter(|open| open.speculative))
    }

    fn clips_on_their_way(&self, now: Millis) -> u32 {
        u32::try_from(self.live(now).filter(|open| !open.words).count()).unwrap_or(u32::MAX)
    }

    fn live(&self, now: Millis) -> impl Iterator<Item = &Open> {
        self.open.values().filter(move |open| open.is_live(now))
    }
}

impl Totals {
    /// The same, with what is over at `now` at nothing.
    fn as_of(self, now: Millis) -> Self {
        let day = day_of(now);
        // A clock that went back does not bring back yesterday's budget.
        if day <= self.day {
            return self;
        }
        let fresh = Self { day, ..Self::default() };
        if Date::of(day).shares_month(Date::of(self.day)) {
            Self { month: self.month, clips_this_month: self.clips_this_month, ..fresh }
        } else {
            fresh
        }
    }
}

impl Open {
    fn is_live(&self, now: Millis) -> bool {
        now.since(self.at) <= if self.words { ABANDONED_WORDS } else { ABANDONED }
    }
}

impl Budget {
    /// Whether `amount` fits into what is left. A sum that no number holds does not.
    fn check(&self, now: Millis, amount: MicroUsd) -> Result<(), Refusal> {
        let Self { name, limit, spent, reserved, renews } = *self;
        let sum = spent.0.checked_add(reserved.0).and_then(|sum| sum.checked_add(amount.0));
        if sum.is_some_and(|sum| sum <= limit.0) {
            return Ok(());
        }
        let detail = if amount > limit {
            format!(
                "This clip may cost {amount}, more than the whole {name} budget of {limit}. Raise the budget, \
                 or choose a cheaper model."
            )
        } else {
            format!(
                "The {name} budget is {limit}: {spent} are spent, {reserved} are set aside for clips on their \
                 way, and this one may cost {amount}. {}",
                renewal(renews)
            )
        };
        Err(refusal(Code::BudgetExceeded, detail, renews, now))
    }
}

fn refusal(code: Code, detail: String, renews: u64, now: Millis) -> Refusal {
    Refusal { code, detail, retry_after: start_of(renews).since(now) }
}

fn renewal(day: u64) -> String {
    format!("It renews on {} at 00:00 UTC.", Date::of(day))
}

fn sum<'a>(open: impl Iterator<Item = &'a Open>) -> MicroUsd {
    open.fold(MicroUsd(0), |sum, open| sum + open.amount)
}
