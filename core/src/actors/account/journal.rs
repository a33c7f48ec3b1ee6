//! What was used, day by day, for the usage report. Only counts: it refuses nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::UsageLine;
use super::calendar::Date;
use crate::operation::Operation;
use crate::units::MicroUsd;

/// How many days of usage are kept, today included: two months.
pub const USAGE_DAYS: u64 = 62;

/// Most lines of a day. What comes after is counted as of [`OTHERS`]: a report that is a little less exact
/// is better than one that grows without end.
pub(super) const MAX_LINES: usize = 40;
/// The model under which the rest of such a day is counted.
pub(super) const OTHERS: &str = "others";

/// The days on which something was used, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Journal {
    days: VecDeque<Day>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Day {
    day: u64,
    /// In the order of their first use.
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    model: String,
    operation: Option<Operation>,
    paid: u32,
    refunded: u32,
    spent: MicroUsd,
}

impl Journal {
    /// Counts a submission that is over: paid for, or refunded when nothing was spent. `today` is
    /// never before the day of an earlier call.
    pub(super) fn record(
        &mut self,
        today: u64,
        model: String,
        operation: Option<Operation>,
        spent: MicroUsd,
    ) {
        if self.days.back().is_none_or(|newest| newest.day != today) {
            self.days.push_back(Day { day: today, lines: Vec::new() });
        }
        let Some(newest) = self.days.back_mut() else { return };
        let line = newest.line(model, operation);
        let count = if spent > MicroUsd(0) { &mut line.paid } else { &mut line.refunded };
        *count = count.saturating_add(1);
        line.spent = line.spent + spent;
    }

    /// Forgets the days before the last [`USAGE_DAYS`].
    pub(super) fn forget_old(&mut self, today: u64) {
        while self.days.front().is_some_and(|day| !is_kept(day.day, today)) {
            self.days.pop_front();
        }
    }

    /// Newest day first; within a day by model and operation.
    pub(super) fn lines(&self, today: u64) -> Vec<UsageLine> {
        let kept = self.days.iter().rev().filter(|day| is_kept(day.day, today));
        kept.flat_map(Day::told).collect()
    }
}

impl Day {
    fn line(&mut self, model: String, operation: Option<Operation>) -> &mut Line {
        let (model, operation) = if self.has(&model, operation) || self.lines.len() < MAX_LINES - 1 {
            (model, operation)
        } else {
            (OTHERS.to_owned(), None)
        };
        let known = self.lines.iter().position(|line| line.model == model && line.operation == operation);
        let at = known.unwrap_or(self.lines.len());
        if known.is_none() {
            self.lines.push(Line { model, operation, paid: 0, refunded: 0, spent: MicroUsd(0) });
        }
        &mut self.lines[at]
    }

    fn has(&self, model: &str, operation: Option<Operation>) -> bool {
        self.lines.iter().any(|line| line.model == model && line.operation == operation)
    }

    fn told(&self) -> Vec<UsageLine> {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|line| (&line.model, line.operation.map(Operation::as_str)));
        let told = |line: &Line| UsageLine {
            day: Date::of(self.day).to_string(),
            model: line.model.clone(),
            operation: line.operation,
            paid: line.paid,
            refunded: line.refunded,
            spent_micro_usd: line.spent,
        };
        lines.into_iter().map(told).collect()
    }
}

fn is_kept(day: u64, today: u64) -> bool {
    today.saturating_sub(day) < USAGE_DAYS
}
