//! `cargo xtask sim`: many worlds, or the story of one.

#![allow(clippy::print_stdout)] // It is a command: what it prints is what it is for.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cuelight_simulation::{Broken, Tally, run, tell};

const USAGE: &str = "\
cargo xtask sim [--seeds N] [--from SEED]   run N worlds (10000), beginning with that of SEED (0)
cargo xtask sim --seed S                    tell the whole story of one world";
/// How many worlds a thread takes at once.
const SHARE: u64 = 100;
/// How often the progress is told.
const PROGRESS: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = arguments.iter().flat_map(|argument| argument.split('='));
    let (mut seeds, mut from, mut one) = (10_000, 0, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (name, value) {
            ("--seeds", Some(n)) => seeds = n,
            ("--from", Some(seed)) => from = seed,
            ("--seed", Some(seed)) => one = Some(seed),
            _ => {
                eprintln!("`{name}` is not understood, or lacks its number\n\n{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    match one {
        Some(seed) => story(seed),
        None => many(from, seeds),
    }
}

fn story(seed: u64) -> ExitCode {
    let (result, lines) = tell(seed);
    for line in lines {
        println!("{line}");
    }
    match result {
        Ok(tally) => {
            println!("\nseed {seed} keeps every promise\n{}", summary(&tally));
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("\n{broken}");
            ExitCode::FAILURE
        }
    }
}

fn many(from: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let all = Mutex::new((Tally::default(), None::<Broken>, Instant::now()));
    let work = || {
        loop {
            let first = next.fetch_add(SHARE, Ordering::Relaxed);
            if first >= end {
                return;
            }
            let mut tally = Tally::default();
            let result =
                (first..end.min(first + SHARE)).try_for_each(|seed| run(seed).map(|one| tally.add(&one)));
            let Ok(mut all) = all.lock() else { return };
            all.0.add(&tally);
            if let Err(broken) = result {
                next.store(end, Ordering::Relaxed);
                all.1.get_or_insert(broken);
                return;
            }
            if all.2.elapsed() > PROGRESS {
                all.2 = Instant::now();
                println!("{} of {seeds} worlds, {} s", all.0.worlds, began.elapsed().as_secs());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let Ok((tally, broken, _)) = all.into_inner() else { return ExitCode::FAILURE };
    println!("{}{:.1} s on {threads} threads", summary(&tally), began.elapsed().as_secs_f64());
    match broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            println!("\n{broken}\nIts story: cargo xtask sim --seed {}", broken.seed);
            ExitCode::FAILURE
        }
    }
}

fn summary(tally: &Tally) -> String {
    let faults: u64 = tally.faults.values().sum();
    let table = |name: &str, rows: &std::collections::BTreeMap<&str, u64>| {
        let rows: String = rows.iter().map(|(name, count)| format!("  {count:>9}  {name}\n")).collect();
        format!("{name}:\n{rows}")
    };
    format!(
        "{} worlds, {} events, {} operations at providers, {faults} faults\n{}{}",
        tally.worlds,
        tally.turns,
        tally.operations,
        table("faults", &tally.faults),
        table("requests, by their end", &tally.ends),
    )
}
