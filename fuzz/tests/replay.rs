//! Every check, run on its seeds and on some thousands of mutations of them: the same for everybody,
//! without libFuzzer, and in seconds. What libFuzzer finds becomes a seed and stays checked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cuelight_fuzz::TARGETS;

/// Mutations of each check: seconds of the slowest one in a debug build.
const MUTATIONS: u32 = 2_000;
/// Longest input, in bytes.
const MOST_BYTES: usize = 4_096;

/// Knuth's MMIX generator: the high half of each state. The same numbers for everybody.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count.max(1)
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The words between the quotes of the dictionary.
fn words() -> Vec<String> {
    let quoted = |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.replace("\\\"", "\""));
    include_str!("../words.dict").lines().filter_map(quoted).collect()
}

fn mutated(numbers: &mut Numbers, seeds: &[Vec<u8>], words: &[String]) -> Vec<u8> {
    let mut bytes = numbers.pick(seeds).clone();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(16)).min(bytes.len());
        let byte = u8::try_from(numbers.below(256)).unwrap();
        match numbers.below(6) {
            0 => drop(bytes.splice(at..end, numbers.pick(words).bytes())),
            1 => drop(bytes.splice(at..end, [])),
            2 => bytes.insert(at, byte),
            3 => {
                let other = numbers.pick(seeds);
                let from = numbers.below(other.len() + 1);
                drop(bytes.splice(at..end, other[from..].iter().copied()));
            }
            4 => bytes.extend((0..numbers.below(32)).map(|_| byte)),
            _ if bytes.is_empty() => bytes.push(byte),
            _ => {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
        }
        bytes.truncate(MOST_BYTES);
    }
    bytes
}

#[test]
fn what_strangers_send_breaks_no_promise() {
    let words = words();
    std::thread::scope(|scope| {
        for (name, check) in TARGETS {
            let words = &words;
            scope.spawn(move || {
                let seeds = seeds(name);
                let mut numbers = Numbers(1);
                let mutations = (0..MUTATIONS).map(|_| mutated(&mut numbers, &seeds, words));
                for bytes in seeds.iter().cloned().chain(mutations) {
                    if catch_unwind(AssertUnwindSafe(|| check(&bytes))).is_err() {
                        panic!(
                            "{name} breaks a promise, see above; the input: {:?}",
                            bytes.escape_ascii().to_string()
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn every_check_has_seeds_and_every_seed_a_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut folders: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|(name, _)| name));
    assert!(TARGETS.iter().all(|(name, _)| !seeds(name).is_empty()));
}

#[test]
fn a_broken_promise_is_noticed() {
    let first: fn(&[u8]) = |bytes| assert_ne!(bytes.first(), Some(&b'{'), "on purpose");
    let words = words();
    let mut numbers = Numbers(1);
    let seeds = [b"[]".to_vec()];
    let noticed = (0..MUTATIONS).any(|_| {
        let bytes = mutated(&mut numbers, &seeds, &words);
        bytes.first() == Some(&b'{') && catch_unwind(|| first(&bytes)).is_err()
    });
    assert!(noticed, "mutations never reach far enough");
}
