//! Misbehaviour on request: which rule, if any, spoils this call. Decides only; the API carries it
//! out. The dice are a seeded generator, so that a run can be repeated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The ways to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 429 with `Retry-After`; nothing is done.
    Throttle,
    /// 503; nothing is done. On a poll, a generation that is not charged yet ends as failed instead.
    Fail,
    /// Does what was asked, then never answers; the connection is closed after `delay_ms`.
    Stall,
    /// Does what was asked, then closes the connection in the middle of the answer.
    Drop,
    /// The output ends early, with a length that agrees.
    Truncate,
    /// The output is a PNG picture that calls itself a video.
    Mislabel,
    /// The content is refused: 422 on submission; on a poll as for `fail`.
    Refuse,
    /// 422 about a field.
    Invalid,
    /// The answer comes in drips, over `delay_ms`.
    Slow,
    /// On submission, does what was asked, then answers 409 `duplicate` with the generation's id,
    /// like a vendor that has seen the key before. On a poll, the view before the latest again.
    Duplicate,
    /// Does what was asked, then a gateway answers for the studio: 502, and no JSON.
    Gateway,
}

/// The calls that can be spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// `POST /v1/generations`.
    Submit,
    /// `GET /v1/generations/{id}`.
    Poll,
    /// `GET /v1/generations/{id}/output`.
    Download,
    /// `DELETE /v1/generations/{id}`.
    Cancel,
    /// `GET /v1/generations?idempotency_key=…`.
    List,
}

/// A rule: what happens, to which calls, how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens.
    pub kind: Kind,
    /// To which calls.
    pub on: On,
    /// How many times; for ever when missing.
    #[serde(default)]
    pub times: Option<u32>,
    /// How likely each time, 0 to 1; always when missing.
    #[serde(default)]
    pub probability: Option<f64>,
    /// For `throttle`: what `Retry-After` says, in seconds; 1 when missing.
    #[serde(default)]
    pub retry_after_s: Option<u32>,
    /// For `stall` and `slow`: how long, in milliseconds; 120000 and 2000 when missing.
    #[serde(default)]
    pub delay_ms: Option<u64>,
}

/// Why a rule makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// That cannot happen to that call.
    #[error("{0:?} makes no sense on {1:?}; it works on {2}")]
    Combination(Kind, On, &'static str),
    /// A probability is out of range.
    #[error("a probability lies between 0 and 1")]
    Probability,
    /// Zero times is no rule.
    #[error("times is at least 1, or null for ever")]
    Times,
    /// The field belongs to another kind.
    #[error("{0} does not apply to {1:?}")]
    Field(&'static str, Kind),
    /// A wait is out of range.
    #[error("delay_ms is at most 600000 and retry_after_s at most 3600")]
    TooLong,
}

impl Rule {
    /// Checks that the rule can happen.
    ///
    /// # Errors
    /// With the first reason why it cannot.
    pub fn check(&self) -> Result<(), RuleError> {
        let allowed: (&[On], &'static str) = match self.kind {
            Kind::Truncate | Kind::Mislabel => (&[On::Download], "download"),
            Kind::Refuse | Kind::Duplicate => (&[On::Submit, On::Poll], "submit and poll"),
            Kind::Gateway => (&[On::Submit, On::Poll, On::Cancel], "submit, poll and cancel"),
            Kind::Invalid => (&[On::Submit], "submit"),
            Kind::Throttle | Kind::Fail | Kind::Stall | Kind::Drop | Kind::Slow => {
                (&[On::Submit, On::Poll, On::Download, On::Cancel, On::List], "every call")
            }
        };
        if !allowed.0.contains(&self.on) {
            return Err(RuleError::Combination(self.kind, self.on, allowed.1));
        }
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Err(RuleError::Probability);
        }
        if self.times == Some(0) {
            return Err(RuleError::Times);
        }
        if self.retry_after_s.is_some() && self.kind != Kind::Throttle {
            return Err(RuleError::Field("retry_after_s", self.kind));
        }
        if self.delay_ms.is_some() && !matches!(self.kind, Kind::Stall | Kind::Slow) {
            return Err(RuleError::Field("delay_ms", self.kind));
        }
        if self.delay_ms.is_some_and(|ms| ms > 600_000) || self.retry_after_s.is_some_and(|s| s > 3600) {
            return Err(RuleError::TooLong);
        }
        Ok(())
    }

    /// How long a stall or a slow answer takes, in milliseconds.
    #[must_use]
    pub fn delay_ms(&self) -> u64 {
        self.delay_ms.unwrap_or(if self.kind == Kind::Stall { 120_000 } else { 2_000 })
    }
}

/// The rules in force, the dice, and what has happened so far.
#[derive(Debug, Clone)]
pub struct Faults {
    rules: Vec<Rule>,
    dice: u64,
    seed: u64,
    counts: BTreeMap<Kind, u64>,
}

impl Faults {
    /// No rules, and dice with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), dice: seed, seed, counts: BTreeMap::new() }
    }

    /// Replaces the rules and starts the dice again.
    pub fn replace(&mut self, rules: Vec<Rule>) {
        self.rules = rules;
        self.dice = self.seed;
    }

    /// Forgets rules and counts.
    pub fn reset(&mut self) {
        *self = Self::new(self.seed);
    }

    /// How often each kind has happened.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// The rule that spoils this call: the first that applies and whose dice fall.
    pub fn pick(&mut self, on: On) -> Option<Rule> {
        for at in 0..self.rules.len() {
            let rule = self.rules[at];
            if rule.on != on || rule.times == Some(0) {
                continue;
            }
            if rule.probability.is_some_and(|p| self.roll() >= p) {
                continue;
            }
            self.rules[at].times = rule.times.map(|left| left - 1);
            *self.counts.entry(rule.kind).or_default() += 1;
            return Some(rule);
        }
        None
    }

    /// From 0 up to 1: SplitMix64 (Steele, Lea and Flood, 2014), its upper 53 bits.
    fn roll(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 53 bits fit a double exactly.
        #[allow(clippy::cast_precision_loss)]
        let share = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: Kind, on: On) -> Rule {
        Rule { kind, on, times: None, probability: None, retry_after_s: None, delay_ms: None }
    }

    #[test]
    fn a_rule_happens_as_often_as_it_says_and_only_to_its_calls() {
        let mut faults = Faults::new(1);
        faults
            .replace(vec![Rule { times: Some(2), ..rule(Kind::Fail, On::Poll) }, rule(Kind::Drop, On::Poll)]);
        assert_eq!(faults.pick(On::Submit), None);
        let kinds: Vec<_> = (0..4).filter_map(|_| faults.pick(On::Poll)).map(|r| r.kind).collect();
        assert_eq!(kinds, [Kind::Fail, Kind::Fail, Kind::Drop, Kind::Drop]);
        assert_eq!(faults.counts().get(&Kind::Drop), Some(&2));
    }

    #[test]
    fn chance_is_what_it_says_and_can_be_repeated() {
        let rules = vec![Rule { probability: Some(0.3), ..rule(Kind::Fail, On::Poll) }];
        let run = || {
            let mut faults = Faults::new(42);
            faults.replace(rules.clone());
            (0..2000).map(|_| faults.pick(On::Poll).is_some()).collect::<Vec<_>>()
        };
        let hits = run().into_iter().filter(|hit| *hit).count();
        assert!((500..700).contains(&hits), "{hits} of 2000 at 0.3");
        assert_eq!(run(), run());
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(rule(Kind::Truncate, On::Submit).check().is_err());
        assert!(rule(Kind::Invalid, On::Download).check().is_err());
        assert!(rule(Kind::Refuse, On::Download).check().is_err());
        assert!(rule(Kind::Duplicate, On::Download).check().is_err());
        assert!(rule(Kind::Gateway, On::List).check().is_err());
        assert!(Rule { probability: Some(1.5), ..rule(Kind::Fail, On::Poll) }.check().is_err());
        assert!(Rule { times: Some(0), ..rule(Kind::Fail, On::Poll) }.check().is_err());
        assert!(Rule { delay_ms: Some(5), ..rule(Kind::Fail, On::Poll) }.check().is_err());
        assert!(Rule { retry_after_s: Some(5), ..rule(Kind::Stall, On::Poll) }.check().is_err());
        assert!(Rule { delay_ms: Some(5), ..rule(Kind::Stall, On::Poll) }.check().is_ok());
    }
}
