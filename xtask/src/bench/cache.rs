//! `cargo xtask bench cache`: what an operation of the clip cache costs with 50 clips and with 50,000,
//! next to the array that is filtered at every use, which a cache in a hurry is written as, and to a
//! plain map, whose ratio is the memory's own.
//!
//! Both, in both sizes, take turns within every round, so that whatever else the machine does hits all
//! alike; medians of the rounds are told. The keys that are looked up are the same 50 in both sizes: the
//! question is what the cache costs, not what the processor's own caches hold.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::clip_cache::{ClipCache, Limits};

use super::figures::median;
use crate::process;
use crate::say;
use crate::workspace::Workspace;

const SIZES: [usize; 2] = [50, 50_000];
const ROUNDS: usize = 41;
/// How many different keys are looked up.
const HOT: usize = 50;

/// Measures in a release build, which is what a figure is about: builds one and hands over, unless this
/// is one.
///
/// # Errors
/// It could not be built, or a cache answered wrongly.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    if cfg!(debug_assertions) {
        let mut command = workspace.cargo();
        command.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench", "cache"]);
        let ended = process::start(&mut command)?.wait()?;
        return if ended.success() { Ok(()) } else { bail!("the release build did not measure") };
    }
    measure()
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Get,
    /// A clip in place of the one of the same key.
    Replace,
    /// A new clip, for which the oldest goes.
    Evict,
    /// The same, while every tenth clip is pinned, the oldest ones.
    EvictPinned,
}

const OPERATIONS: [(Operation, &str); 4] = [
    (Operation::Get, "get"),
    (Operation::Replace, "insert in place"),
    (Operation::Evict, "insert and evict"),
    (Operation::EvictPinned, "the same, a tenth pinned"),
];

/// One cache, full, and what it is asked next.
struct Contestant<C> {
    cache: C,
    /// The newest of the keys, to be looked up.
    hot: Vec<CacheKey>,
    /// Keys that it does not have, each to be inserted once; what falls out comes back in at the end.
    fresh: VecDeque<CacheKey>,
    turn: usize,
}

trait Cache {
    fn full(size: usize, pinned: &[CacheKey]) -> Self;
    fn get(&mut self, key: &CacheKey) -> bool;
    fn insert(&mut self, key: CacheKey);
}

impl Cache for ClipCache<u32> {
    fn full(size: usize, pinned: &[CacheKey]) -> Self {
        let mut cache = Self::new(Limits { entries: size, bytes: u64::MAX });
        pinned.iter().for_each(|key| cache.pin(key));
        cache
    }

    fn get(&mut self, key: &CacheKey) -> bool {
        Self::get(self, key).is_some()
    }

    fn insert(&mut self, key: CacheKey) {
        drop(black_box(Self::insert(self, key, 1, 0)));
    }
}

/// The oldest first, as an array.
struct Filtered {
    size: usize,
    list: Vec<(CacheKey, u32)>,
    pinned: HashSet<CacheKey>,
}

impl Cache for Filtered {
    fn full(size: usize, pinned: &[CacheKey]) -> Self {
        Self { size, list: Vec::with_capacity(size + 1), pinned: pinned.iter().cloned().collect() }
    }

    fn get(&mut self, key: &CacheKey) -> bool {
        let Some(at) = self.list.iter().position(|(known, _)| known == key) else { return false };
        let entry = self.list.remove(at);
        self.list.push(entry);
        true
    }

    fn insert(&mut self, key: CacheKey) {
        self.list.retain(|(known, _)| *known != key);
        if self.list.len() >= self.size {
            let oldest = self.list.iter().position(|(known, _)| !self.pinned.contains(known));
            if let Some(at) = oldest {
                self.list.remove(at);
            }
        }
        self.list.push((key, 0));
    }
}

/// A map and a queue, first in, first out: no order of use, no pins, no bytes. What is dearer here with
/// more clips is the memory, which is no longer in the processor's caches.
struct Plain {
    size: usize,
    map: HashMap<CacheKey, u32>,
    queue: VecDeque<CacheKey>,
}

impl Cache for Plain {
    fn full(size: usize, _: &[CacheKey]) -> Self {
        Self { size, map: HashMap::new(), queue: VecDeque::new() }
    }

    fn get(&mut self, key: &CacheKey) -> bool {
        self.map.contains_key(key)
    }

    fn insert(&mut self, key: CacheKey) {
        if self.map.insert(key, 0).is_none() {
            self.queue.push_back(key);
        }
        if self.map.len() > self.size
            && let Some(oldest) = self.queue.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}

impl<C: Cache> Contestant<C> {
    fn new(size: usize, operation: Operation) -> Result<Self> {
        let keys: Vec<CacheKey> = (0..size * 2).map(key).collect::<Option<_>>().context("a key")?;
        let (kept, fresh) = keys.split_at(size);
        let pins = if operation == Operation::EvictPinned { size / 10 } else { 0 };
        let mut cache = C::full(size, &kept[..pins]);
        kept.iter().for_each(|key| cache.insert(*key));
        let hot = kept[size - HOT.min(size)..].to_vec();
        Ok(Self { cache, hot, fresh: fresh.iter().cloned().collect(), turn: 0 })
    }

    /// Nanoseconds for one operation.
    fn round(&mut self, operation: Operation, times: usize) -> Result<f64> {
        let evicts = matches!(operation, Operation::Evict | Operation::EvictPinned);
        let mut keys: Vec<CacheKey> = Vec::with_capacity(times);
        for _ in 0..times {
            self.turn += 7;
            let fresh = if evicts { self.fresh.pop_front() } else { None };
            keys.push(fresh.unwrap_or_else(|| self.hot[self.turn % self.hot.len()]));
        }
        if evicts {
            // As many different keys as there are to come in, over and over: each has long fallen out.
            self.fresh.extend(keys.iter().cloned());
        }
        let begun = Instant::now();
        let mut found = 0;
        if operation == Operation::Get {
            for key in &keys {
                found += usize::from(self.cache.get(black_box(key)));
            }
        } else {
            for key in keys {
                self.cache.insert(black_box(key));
            }
            found = times;
        }
        let elapsed = begun.elapsed();
        if found != times {
            bail!("a clip was not where it was put");
        }
        Ok(elapsed.as_nanos() as f64 / times as f64)
    }
}

/// One kind of cache in both sizes, and what its rounds have shown.
struct Pair<C> {
    contestants: Vec<(Contestant<C>, usize, Vec<f64>)>,
}

impl<C: Cache> Pair<C> {
    /// `work` is how many entries a round may touch, at most: an array is slow.
    fn new(operation: Operation, work: usize) -> Result<Self> {
        let contestant =
            |size| Ok((Contestant::new(size, operation)?, (work / size).clamp(4, 4_000), Vec::new()));
        Ok(Self { contestants: SIZES.into_iter().map(contestant).collect::<Result<_>>()? })
    }

    fn round(&mut self, operation: Operation) -> Result<()> {
        for (contestant, times, figures) in &mut self.contestants {
            figures.push(contestant.round(operation, *times)?);
        }
        Ok(())
    }

    fn told(self) -> String {
        let figures: Vec<f64> = self.contestants.into_iter().map(|(.., figures)| median(figures)).collect();
        let ratio = figures[1] / figures[0];
        format!("{:>9.0}{:>11.0}{:>9}", figures[0], figures[1], format!("×{ratio:.1}"))
    }
}

fn measure() -> Result<()> {
    say!("nanoseconds for one operation with 50 and with 50,000 clips, medians of {ROUNDS} rounds\n");
    say!("{:<26}{:^29}{:^29}{:^29}", "", "clip cache", "map and queue, no LRU", "filtered array");
    for (operation, name) in OPERATIONS {
        let mut ours = Pair::<ClipCache<u32>>::new(operation, usize::MAX)?;
        let mut plain = Pair::<Plain>::new(operation, usize::MAX)?;
        let mut array = Pair::<Filtered>::new(operation, 200_000)?;
        for _ in 0..ROUNDS {
            ours.round(operation)?;
            plain.round(operation)?;
            array.round(operation)?;
        }
        say!("{name:<26}{}{}{}", ours.told(), plain.told(), array.told());
    }
    Ok(())
}

/// A key of its own for each number.
fn key(number: usize) -> Option<CacheKey> {
    let letter = |place: u32| char::from(b'a' + (number >> (4 * place) & 15) as u8);
    let text: String =
        (0..CacheKey::LEN as u32).map(|place| if place < 8 { letter(place) } else { 'a' }).collect();
    CacheKey::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_caches_keep_what_is_asked_for_and_let_the_rest_go() {
        fn check<C: Cache>() {
            for (operation, _) in OPERATIONS {
                let mut contestant = Contestant::<C>::new(60, operation).unwrap();
                assert!(contestant.round(operation, 100).unwrap() > 0.0);
                assert!(!contestant.cache.get(&key(1_000).unwrap()));
                assert_eq!(contestant.cache.get(&key(0).unwrap()), operation != Operation::Evict);
            }
        }
        check::<ClipCache<u32>>();
        check::<Filtered>();
    }
}
