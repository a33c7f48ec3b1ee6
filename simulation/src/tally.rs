//! Counts what happened: a simulation in which nothing happens proves nothing.

use std::collections::BTreeMap;

/// What happened in one world, or in many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Worlds that came to rest.
    pub worlds: u64,
    /// Events that an actor took.
    pub turns: u64,
    /// Each kind of fault, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// Jobs, by the name of their end.
    pub ends: BTreeMap<&'static str, u64>,
    /// Operations that a provider accepted.
    pub operations: u64,
}

impl Tally {
    pub(crate) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    pub(crate) fn end(&mut self, name: &'static str) {
        *self.ends.entry(name).or_default() += 1;
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.turns += other.turns;
        self.operations += other.operations;
        for (name, count) in &other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (name, count) in &other.ends {
            *self.ends.entry(name).or_default() += count;
        }
    }
}
