//! What goes wrong on purpose at a vendor: rules, and which of them spoils a call. What a throttling
//! or a refusal looks like is each vendor's own; see `travel.rs` for what all do alike.

use serde::{Deserialize, Serialize};

use super::Vendor;

/// The ways to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Too many requests, as the vendor says it; nothing is done.
    Throttle,
    /// The request is wrong, as the vendor says it; nothing is done.
    Invalid,
    /// The content is refused, as the vendor says it: of the request on a submission, of the result on
    /// a poll.
    Refuse,
    /// The vendor cannot do it now: a 5xx; nothing is done.
    Unavailable,
    /// Does what was asked; the connection ends before the answer.
    LostAnswer,
    /// The result is not there any more.
    Expire,
    /// The answer points to a private address.
    Redirect,
    /// The result is something else than it says it is.
    Mislabel,
    /// The result ends early, with a length that agrees.
    Truncate,
    /// The answer announces five gigabytes.
    Oversize,
    /// Does what was asked; the answer does not come, and the connection ends after `delay_ms`.
    Stall,
    /// On a poll, the job ends as failed; elsewhere an internal error.
    Fail,
}

/// The calls that can be spoiled, and that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Asking for work; at a synchronous model also getting its result.
    Submit,
    /// Asking how work goes.
    Poll,
    /// Fetching a result.
    Download,
    /// Sending a file in advance.
    Upload,
    /// Asking for work to stop.
    Cancel,
}

/// A rule: what happens, at which vendor, to which calls, how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// At which vendor.
    pub vendor: Vendor,
    /// To which calls.
    pub on: On,
    /// What happens.
    pub kind: Kind,
    /// How many times; for ever when missing.
    #[serde(default)]
    pub times: Option<u32>,
    /// For `stall`: how long, in milliseconds; 120000 when missing.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// For `throttle`: when to come again, in seconds; 1 when missing.
    #[serde(default)]
    pub retry_after_s: Option<u32>,
}

/// Why a rule makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// That cannot happen to that call.
    #[error("{0:?} makes no sense on {1:?}")]
    Combination(Kind, On),
    /// Zero times is no rule.
    #[error("times is at least 1, or null for ever")]
    Times,
    /// A wait is out of range.
    #[error("delay_ms is at most 600000 and retry_after_s at most 3600")]
    TooLong,
}

impl Rule {
    /// Checks that the rule can happen. What spoils a result happens where results come from: a
    /// download, or a submission that is answered with them.
    ///
    /// # Errors
    /// With the first reason why it cannot.
    pub fn check(&self) -> Result<(), RuleError> {
        let possible = match self.kind {
            Kind::Invalid => matches!(self.on, On::Submit | On::Upload),
            Kind::Refuse => matches!(self.on, On::Submit | On::Poll),
            Kind::Expire => matches!(self.on, On::Download | On::Poll),
            Kind::Mislabel | Kind::Truncate => matches!(self.on, On::Download | On::Submit),
            Kind::Throttle
            | Kind::Unavailable
            | Kind::LostAnswer
            | Kind::Redirect
            | Kind::Oversize
            | Kind::Stall
            | Kind::Fail => true,
        };
        if !possible {
            return Err(RuleError::Combination(self.kind, self.on));
        }
        if self.times == Some(0) {
            return Err(RuleError::Times);
        }
        if self.delay_ms.is_some_and(|ms| ms > 600_000) || self.retry_after_s.is_some_and(|s| s > 3_600) {
            return Err(RuleError::TooLong);
        }
        Ok(())
    }

    /// How long a stall takes, in milliseconds.
    #[must_use]
    pub fn delay_ms(&self) -> u64 {
        self.delay_ms.unwrap_or(120_000)
    }

    /// When a throttled caller may come again, in seconds.
    #[must_use]
    pub fn retry_after_s(&self) -> u32 {
        self.retry_after_s.unwrap_or(1)
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Rule>);

impl Faults {
    /// Replaces the rules.
    pub(super) fn replace(&mut self, rules: Vec<Rule>) {
        self.0 = rules;
    }

    /// The rule that spoils this call: the first that applies.
    pub(super) fn pick(&mut self, vendor: Vendor, on: On) -> Option<Rule> {
        let rule =
            self.0.iter_mut().find(|rule| rule.vendor == vendor && rule.on == on && rule.times != Some(0))?;
        rule.times = rule.times.map(|left| left - 1);
        Some(*rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: Kind, on: On) -> Rule {
        Rule { vendor: Vendor::Bedrock, on, kind, times: None, delay_ms: None, retry_after_s: None }
    }

    #[test]
    fn a_rule_happens_as_often_as_it_says_at_its_vendor_to_its_calls() {
        let mut faults = Faults::default();
        faults.replace(vec![
            Rule { times: Some(2), ..rule(Kind::Throttle, On::Poll) },
            rule(Kind::Fail, On::Poll),
        ]);
        assert_eq!(faults.pick(Vendor::Bedrock, On::Submit), None);
        assert_eq!(faults.pick(Vendor::Google, On::Poll), None);
        let kinds: Vec<_> =
            (0..4).filter_map(|_| faults.pick(Vendor::Bedrock, On::Poll)).map(|r| r.kind).collect();
        assert_eq!(kinds, [Kind::Throttle, Kind::Throttle, Kind::Fail, Kind::Fail]);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(rule(Kind::Truncate, On::Poll).check().is_err());
        assert!(rule(Kind::Invalid, On::Download).check().is_err());
        assert!(Rule { times: Some(0), ..rule(Kind::Fail, On::Poll) }.check().is_err());
        assert!(Rule { delay_ms: Some(600_001), ..rule(Kind::Stall, On::Poll) }.check().is_err());
        assert!(rule(Kind::Redirect, On::Download).check().is_ok());
    }
}
