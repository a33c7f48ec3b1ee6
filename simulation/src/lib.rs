//! The four machines of the edge, their providers and their callers, in small worlds where
//! everything goes wrong that may: crashes between any two effects, messages lost, late and
//! doubled, alarms late and twice, providers that fail in every way, clocks that jump.
//!
//! A world is made by its seed alone, and runs without a clock, a network or a thread.

mod actor;
mod clock;
mod dice;
mod invariant;
mod judge;
mod page;
mod provider;
mod rest;
mod setup;
mod shells;
mod story;
mod tally;
mod watch;
mod world;

pub use invariant::{Broken, Invariant};
pub use tally::Tally;

/// Runs the world of this seed to its rest.
///
/// # Errors
/// The first invariant that is broken in it.
pub fn run(seed: u64) -> Result<Tally, Broken> {
    world::World::new(seed, false).run().0
}

/// The same, with its whole story, step by step.
pub fn tell(seed: u64) -> (Result<Tally, Broken>, Vec<String>) {
    world::World::new(seed, true).run()
}
