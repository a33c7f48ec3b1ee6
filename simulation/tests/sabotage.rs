//! The simulation notices every promise that is not kept: each guard of the machines is switched
//! off in turn, and has to be missed within some thousand worlds.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use cuelight_core::actors::guard::{Guard, switch_off};
use cuelight_simulation::run;

const WORLDS: u64 = 5_000;

/// The first world that breaks without this guard.
fn missed(guard: Guard) -> Option<cuelight_simulation::Broken> {
    switch_off(Some(guard));
    let found = (0..WORLDS).find_map(|seed| run(seed).err());
    switch_off(None);
    found
}

#[test]
fn every_guard_is_missed_when_it_is_off() {
    let mut unnoticed = Vec::new();
    std::thread::scope(|scope| {
        let halves: Vec<_> = Guard::ALL
            .chunks(Guard::ALL.len().div_ceil(2))
            .map(|half| {
                scope.spawn(move || half.iter().map(|guard| (*guard, missed(*guard))).collect::<Vec<_>>())
            })
            .collect();
        for (guard, broken) in halves.into_iter().flat_map(|half| half.join().unwrap()) {
            match broken {
                Some(broken) => {
                    println!(
                        "{:<26} {:>5} worlds  {:?}",
                        format!("{guard:?}"),
                        broken.seed + 1,
                        broken.invariant
                    );
                }
                None => unnoticed.push(guard),
            }
        }
    });
    assert!(unnoticed.is_empty(), "the simulation does not notice that these are off: {unnoticed:?}");
}
