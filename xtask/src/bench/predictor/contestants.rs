//! What the predictor is measured against: simpler ways to guess, given the same past.

use std::collections::HashMap;

use cuelight_core::catalog::{self, Tier};
use cuelight_core::cue::{Cue, Intensity, Reaction};
use cuelight_core::predictor::Predictor;

/// Somebody who guesses what comes next.
pub(crate) trait Contestant {
    fn name(&self) -> &'static str;
    /// A session begins. What was learned of earlier ones may be used.
    fn begin(&mut self, tier: Tier);
    fn observe(&mut self, cue: &Cue);
    /// Candidates with their probabilities, in any order.
    fn guess(&self) -> Vec<(Cue, f64)>;
    /// The same again, with what it knows now.
    fn copy(&self) -> Box<dyn Contestant>;
}

/// Ours, as the browser module has it.
#[derive(Clone, Default)]
pub(crate) struct Ours(pub(crate) Predictor);

impl Contestant for Ours {
    fn name(&self) -> &'static str {
        "cuelight"
    }

    fn begin(&mut self, tier: Tier) {
        self.0.set_tier(tier);
        self.0.begin();
    }

    fn observe(&mut self, cue: &Cue) {
        self.0.observe(cue);
    }

    fn guess(&self) -> Vec<(Cue, f64)> {
        let guesses = self.0.distribution();
        guesses.iter().map(|guess| (self.0.cue(guess), f64::from(guess.probability))).collect()
    }

    fn copy(&self) -> Box<dyn Contestant> {
        Box::new(self.clone())
    }
}

/// How often each cue was seen, and what was seen after each: the order-1 table, and with `order1`
/// off the most frequent ones.
#[derive(Clone)]
pub(crate) struct Table {
    order1: bool,
    tier: Tier,
    current: Option<Cue>,
    all: HashMap<Cue, u32>,
    rows: HashMap<Cue, HashMap<Cue, u32>>,
}

impl Table {
    pub(crate) fn new(order1: bool) -> Self {
        Self { order1, tier: Tier::Free, current: None, all: HashMap::new(), rows: HashMap::new() }
    }
}

impl Contestant for Table {
    fn name(&self) -> &'static str {
        if self.order1 { "order-1 table" } else { "most frequent" }
    }

    fn begin(&mut self, tier: Tier) {
        self.current = None;
        self.tier = tier;
    }

    fn observe(&mut self, cue: &Cue) {
        *self.all.entry(cue.clone()).or_default() += 1;
        if let Some(before) = self.current.replace(cue.clone()) {
            *self.rows.entry(before).or_default().entry(cue.clone()).or_default() += 1;
        }
    }

    /// What a row does not know is left to how frequent everything is, and that to the plan's
    /// states; each in proportion to one observation.
    fn guess(&self) -> Vec<(Cue, f64)> {
        let Some(current) = &self.current else { return Vec::new() };
        let mut weights: HashMap<Cue, f64> = HashMap::new();
        let count = |counts: &HashMap<Cue, u32>| counts.values().map(|n| f64::from(*n)).sum::<f64>();
        if let Cue::State { .. } = current {
            for def in catalog::built_in().states.iter().filter(|def| def.tier <= self.tier) {
                weights.insert(Cue::state(def.id.as_str()), 0.05);
            }
        }
        let mut share = 1.0;
        if let Some(row) = self.rows.get(current).filter(|_| self.order1) {
            let total = count(row);
            for (cue, n) in row {
                *weights.entry(cue.clone()).or_default() += f64::from(*n);
            }
            share = 1.0 / total.max(1.0);
            weights.values_mut().for_each(|weight| *weight *= share);
        }
        let total = count(&self.all).max(1.0);
        for (cue, n) in &self.all {
            *weights.entry(cue.clone()).or_default() += share * f64::from(*n) / total;
        }
        normalized(weights)
    }

    fn copy(&self) -> Box<dyn Contestant> {
        Box::new(self.clone())
    }
}

/// What somebody wrote down beforehand and nobody corrects: for faces a hand-written progression map
/// with four entries, for states the usual course of a talk.
#[derive(Clone, Default)]
pub(crate) struct HandWritten {
    tier: Option<Tier>,
    past: Vec<Cue>,
}

fn next_faces(face: &str) -> &'static [&'static str] {
    match face {
        "neutral" => &["interested", "curious"],
        "interested" => &["aroused", "pleased"],
        "aroused" => &["passionate", "flushed"],
        "passionate" => &["ecstatic", "climax"],
        _ => &[],
    }
}

fn next_states(state: &str) -> &'static [&'static str] {
    match state {
        "idle" => &["listening", "greeting", "thinking", "talking"],
        "greeting" => &["idle", "listening", "thinking"],
        "listening" => &["thinking", "idle"],
        "thinking" => &["talking", "confused", "idle"],
        "talking" => &["idle", "happy", "listening", "confident"],
        "farewell" => &["idle", "greeting"],
        _ => &["idle", "listening", "thinking"],
    }
}

impl HandWritten {
    fn faces(&self, now: &Reaction) -> Vec<Cue> {
        let strength = now.intensity.as_unit();
        let stronger = |face: &str, more: f64| {
            let intensity = Intensity::from_unit((strength + more).min(1.0)).unwrap_or_default();
            Cue::Reaction(Reaction { expression: face.to_owned(), intensity, ..now.clone() })
        };
        // It says nothing before it has seen two.
        if self.past.len() < 2 {
            return Vec::new();
        }
        let next = next_faces(&now.expression);
        let mut guesses = Vec::new();
        if strength < 0.9 {
            guesses.push(stronger(&now.expression, 0.1));
        }
        guesses.extend(next.iter().map(|face| stronger(face, 0.15)));
        let same = |cue: &Cue| matches!(cue, Cue::Reaction(r) if r.expression == now.expression);
        if let Some(first) = next.first().filter(|_| self.past.iter().rev().take(3).all(same)) {
            guesses.insert(0, stronger(first, 0.2));
        }
        guesses.truncate(3);
        guesses
    }
}

impl Contestant for HandWritten {
    fn name(&self) -> &'static str {
        "hand-written map"
    }

    fn begin(&mut self, tier: Tier) {
        self.past.clear();
        self.tier = Some(tier);
    }

    fn observe(&mut self, cue: &Cue) {
        self.past.push(cue.clone());
    }

    /// It has no probabilities of its own: each guess is believed half as much as the one before.
    fn guess(&self) -> Vec<(Cue, f64)> {
        let guesses = match self.past.last() {
            None => Vec::new(),
            Some(Cue::Reaction(reaction)) => self.faces(reaction),
            Some(Cue::State { state }) => {
                let within = |name: &&&str| catalog::built_in().state(name).map(|def| def.tier) <= self.tier;
                next_states(state).iter().filter(within).map(|name| Cue::state(*name)).collect()
            }
        };
        let mut weights = HashMap::new();
        let mut weight = 1.0;
        for cue in guesses {
            *weights.entry(cue).or_default() += weight;
            weight /= 2.0;
        }
        normalized(weights)
    }

    fn copy(&self) -> Box<dyn Contestant> {
        Box::new(self.clone())
    }
}

fn normalized(weights: HashMap<Cue, f64>) -> Vec<(Cue, f64)> {
    let total: f64 = weights.values().sum();
    weights.into_iter().map(|(cue, weight)| (cue, weight / total)).collect()
}

/// Candidates, likeliest first; equal ones in the order of their names.
pub(crate) fn ranked(mut guesses: Vec<(Cue, f64)>) -> Vec<(Cue, f64)> {
    guesses.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.to_string().cmp(&b.0.to_string())));
    guesses
}
