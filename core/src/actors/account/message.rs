//! What an account, its generations and its tenant's calls say to each other. Data only;
//! [`super::Account`] decides.

use serde::{Deserialize, Serialize};

use crate::api::JobError;
use crate::operation::Operation;
use crate::problem::Code;
use crate::units::{MicroUsd, Millis};

/// What a tenant may spend and do. Given with every event, so that a changed setting holds from
/// the next one on. Days and months are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SpendingLimits"))]
pub struct Limits {
    /// Most to spend in a day, speculation included.
    pub daily: MicroUsd,
    /// Most to spend in a month, speculation included.
    pub monthly: MicroUsd,
    /// Most to spend in a day on clips that nobody asked for yet.
    pub speculation_daily: MicroUsd,
    /// Most clips to generate in a month, by the plan.
    pub clips_per_month: u32,
    /// Most characters to create in an hour, for each merchant.
    pub characters_per_hour: u32,
    /// How long after a state was regenerated it may be again, in milliseconds.
    pub regenerate_cooldown: Millis,
}

/// What an account is asked. Each may come twice, and late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Set money aside before a submission.
    Reserve(Reservation),
    /// The submission is over: pay for it, or let the money go.
    Close {
        /// Which submission.
        id: String,
        /// What it cost; nothing is a refund.
        spent: MicroUsd,
    },
    /// Count a new character. Counted once for each id.
    CreateCharacter {
        /// Whose.
        merchant: String,
        /// Which.
        character: String,
    },
    /// Start the cooldown of a state that is made anew. Started once for each id.
    Regenerate {
        /// Names the regeneration, so that a repeated call is not refused by itself.
        id: String,
        /// Whose state.
        character: String,
        /// Which state.
        state: String,
    },
}

/// Money to set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Names the submission, for all time.
    pub id: String,
    /// The most it is expected to cost.
    pub amount: MicroUsd,
    /// Asked for ahead of need.
    pub speculative: bool,
    /// By which model, for the usage report.
    pub model: String,
    /// What is made, for the usage report; for words, what they are for.
    pub operation: Operation,
    /// Whether it is for words alone: they are no clip of the plan, and a usage line without an operation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub words: bool,
}

/// What an account answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// It is so, now or since an earlier call.
    Done,
    /// It may not be.
    Refused(Refusal),
}

/// Why an account refuses, for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// `budget_exceeded`, `quota_exceeded`, `rate_limited` or `cooldown_active`.
    pub code: Code,
    /// What is used up, and when it is not any more.
    pub detail: String,
    /// When it is worth asking again, in milliseconds.
    pub retry_after: Millis,
}

/// What a tenant has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Spent today.
    pub today: MicroUsd,
    /// Of that, on clips that nobody had asked for.
    pub speculation_today: MicroUsd,
    /// Spent this month.
    pub month: MicroUsd,
    /// Clips generated this month.
    pub clips_this_month: u32,
    /// Set aside for submissions that are not over.
    pub reserved: MicroUsd,
    /// How many clips it is for.
    pub reservations: u32,
    /// The limits that hold now.
    pub limits: Limits,
    /// By day, model and operation; newest day first, at most 62 days.
    pub days: Vec<UsageLine>,
}

/// What was used on one day, by one model, for one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UsageLine {
    /// The day in UTC, as `YYYY-MM-DD`.
    pub day: String,
    /// By which model, or [`super::UNATTRIBUTED`].
    pub model: String,
    /// What was made; absent for words, and when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Submissions that were paid for.
    pub paid: u32,
    /// Submissions that came to nothing and cost nothing.
    pub refunded: u32,
    /// What they cost.
    pub spent_micro_usd: MicroUsd,
}

impl Usage {
    /// Why a clip at this price would be refused now, if it would be. What an account says in the
    /// end may differ: others spend meanwhile.
    #[must_use]
    pub fn refuses(&self, cost: MicroUsd, speculative: bool) -> Option<JobError> {
        let Limits { daily, monthly, speculation_daily, clips_per_month, .. } = self.limits;
        if self.clips_this_month.saturating_add(self.reservations) >= clips_per_month {
            let detail = format!("The plan includes {clips_per_month} clips a month, and they are used up.");
            return Some(JobError { code: Code::QuotaExceeded, detail });
        }
        let budgets = [
            ("monthly", monthly, self.month + self.reserved),
            ("daily", daily, self.today + self.reserved),
            ("daily speculation", speculation_daily, self.speculation_today),
        ];
        let (name, limit, used) = budgets
            .into_iter()
            .take(if speculative { 3 } else { 2 })
            .find(|(_, limit, used)| *used + cost > *limit)?;
        let detail = format!(
            "The {name} budget is {limit}; {used} are spent or set aside, and this clip costs {cost}."
        );
        Some(JobError { code: Code::BudgetExceeded, detail })
    }
}
