//! The cache against the slowest one that could be right, and its rules, one sentence each.

use super::*;

fn key(number: u8) -> CacheKey {
    let letters: String = (0..32).map(|i| if i == 0 { char::from(b'a' + number) } else { 'a' }).collect();
    CacheKey::parse(&letters).unwrap()
}

const NONE: [char; 0] = [];

/// The slowest cache that could be right: a list in the order of use, newest last.
struct Naive {
    limits: Limits,
    list: Vec<Entry>,
    pins: Vec<u8>,
    counters: Counters,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u8,
    bytes: u64,
    handle: u32,
}

impl Naive {
    fn total(&self, keep: impl Fn(&Entry) -> bool) -> (usize, u64) {
        let kept = self.list.iter().filter(|e| keep(e));
        kept.fold((0, 0), |(count, bytes), e| (count + 1, bytes + e.bytes))
    }

    fn fits(&self, (count, bytes): (usize, u64), more: u64) -> bool {
        count < self.limits.entries && bytes + more <= self.limits.bytes
    }

    fn insert(&mut self, number: u8, bytes: u64, handle: u32) -> Vec<u32> {
        let mut dropped = Vec::new();
        if let Some(at) = self.list.iter().position(|e| e.number == number) {
            dropped.push(self.list.remove(at).handle);
        }
        if !self.fits(self.total(|e| self.pins.contains(&e.number)), bytes) {
            self.counters.refused += 1;
            dropped.push(handle);
            return dropped;
        }
        while !self.fits(self.total(|_| true), bytes) {
            let oldest = self.list.iter().position(|e| !self.pins.contains(&e.number)).unwrap();
            self.counters.evictions += 1;
            dropped.push(self.list.remove(oldest).handle);
        }
        self.list.push(Entry { number, bytes, handle });
        dropped
    }

    fn get(&mut self, number: u8) -> Option<u32> {
        let at = self.list.iter().position(|e| e.number == number)?;
        let entry = self.list.remove(at);
        self.list.push(entry);
        Some(entry.handle)
    }

    fn unpin(&mut self, number: u8) {
        let Some(at) = self.pins.iter().position(|n| *n == number) else { return };
        self.pins.swap_remove(at);
        if !self.pins.contains(&number) {
            self.get(number);
        }
    }
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// Both caches take the same steps and must answer the same, step by step.
fn agree(seed: u64, steps: u32, limits: Limits, keys: u64, largest: u64) {
    let keys_by_number: Vec<CacheKey> = (0..keys as u8).map(key).collect();
    let mut dice = Dice(seed);
    let mut cache = ClipCache::new(limits);
    let mut naive = Naive { limits, list: Vec::new(), pins: Vec::new(), counters: Counters::default() };
    // A handle is the number of the step that gave it; it is at one place only, and comes back once.
    let mut outside = 0u64;
    let mut given = 0u64;
    for step in 0..steps {
        let number = dice.roll(keys) as u8;
        let key = &keys_by_number[usize::from(number)];
        match dice.roll(16) {
            0..6 => {
                let bytes = dice.roll(largest);
                given += 1;
                let dropped = cache.insert(*key, bytes, step);
                assert_eq!(dropped, naive.insert(number, bytes, step), "seed {seed}, step {step}");
                outside += dropped.len() as u64;
            }
            6..9 => assert_eq!(cache.get(key).copied(), naive.get(number), "seed {seed}, step {step}"),
            9..12 => {
                let hit = naive.get(number).is_some();
                assert_eq!(cache.want(key), hit, "seed {seed}, step {step}");
                naive.counters.hits += u64::from(hit);
                naive.counters.misses += u64::from(!hit);
            }
            12 if naive.pins.len() < 24 => {
                cache.pin(key);
                naive.pins.push(number);
            }
            12..15 => {
                cache.unpin(key);
                naive.unpin(number);
            }
            _ => {
                let size = naive.list.iter().find(|e| e.number == number).map(|e| e.bytes);
                assert_eq!(cache.size(key), size, "seed {seed}, step {step}");
            }
        }
        let (count, bytes) = naive.total(|_| true);
        assert_eq!((cache.len(), cache.bytes()), (count, bytes), "seed {seed}, step {step}");
        assert!(count <= limits.entries && bytes <= limits.bytes);
        assert_eq!(cache.counters(), naive.counters, "seed {seed}, step {step}");
        assert_eq!(given, outside + count as u64, "every handle is kept or comes back, once");
    }
}

#[test]
fn a_million_operations_are_answered_as_by_a_list() {
    // Bounded by entries; by bytes; with little room beside the pins; with none at all.
    agree(1, 400_000, Limits { entries: 8, bytes: u64::MAX }, 20, 60);
    agree(2, 400_000, Limits { entries: 50, bytes: 400 }, 26, 90);
    agree(3, 190_000, Limits { entries: 3, bytes: 120 }, 12, 130);
    agree(4, 10_000, Limits { entries: 0, bytes: 0 }, 4, 2);
}

#[test]
fn what_is_pinned_stays_when_everything_else_has_to_go() {
    let mut cache = ClipCache::new(Limits { entries: 2, bytes: 100 });
    cache.pin(&key(0));
    assert_eq!(cache.insert(key(0), 60, 'a'), NONE);
    assert_eq!(cache.insert(key(1), 30, 'b'), NONE);
    assert_eq!(cache.insert(key(2), 40, 'c'), ['b']);
    assert!(cache.contains(&key(0)) && cache.contains(&key(2)));
    cache.unpin(&key(0));
    assert_eq!(cache.insert(key(3), 30, 'd'), ['c'], "it was on screen until now, so it is the newest");
}

#[test]
fn a_clip_that_cannot_fit_empties_nothing() {
    let mut cache = ClipCache::new(Limits { entries: 5, bytes: 100 });
    assert_eq!(cache.insert(key(0), 50, 'a'), NONE);
    assert_eq!(cache.insert(key(1), 101, 'b'), ['b']);
    assert!(cache.contains(&key(0)));
    assert_eq!((cache.len(), cache.bytes(), cache.counters().refused), (1, 50, 1));
}

#[test]
fn what_is_replaced_comes_back_even_while_it_is_pinned() {
    let mut cache = ClipCache::new(Limits::default());
    assert_eq!(cache.insert(key(0), 5, 'a'), NONE);
    cache.pin(&key(0));
    assert_eq!(cache.insert(key(0), 7, 'b'), ['a']);
    assert_eq!(cache.get(&key(0)), Some(&'b'));
    assert_eq!(cache.bytes(), 7);
}

#[test]
fn a_clip_that_is_wanted_before_it_is_there_is_a_miss_and_remains_one() {
    let mut cache = ClipCache::new(Limits { entries: 1, bytes: 10 });
    assert!(!cache.want(&key(0)));
    assert_eq!(cache.insert(key(0), 4, 'a'), NONE);
    assert_eq!(cache.get(&key(0)), Some(&'a'));
    assert!(cache.want(&key(0)));
    assert_eq!(cache.insert(key(1), 4, 'b'), ['a']);
    assert_eq!(cache.counters(), Counters { hits: 1, misses: 1, evictions: 1, refused: 0 });
}

#[test]
fn keys_are_spread_over_a_table_by_their_lowest_bits_and_tagged_by_their_highest() {
    // Letters as a SHA-256 in base32 has them: numbers from a generator (Knuth's MMIX), five bits a letter.
    let mut state = 1u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(state >> 59) as usize])
    };
    let hashes: Vec<u64> = (0..4_096)
        .map(|_| {
            let key = CacheKey::parse(&(0..32).map(|_| letter()).collect::<String>()).unwrap();
            std::hash::BuildHasher::hash_one(&BuildHasherDefault::<OfKey>::default(), key)
        })
        .collect();
    let distinct = |part: fn(&u64) -> u64| hashes.iter().map(part).collect::<std::collections::BTreeSet<_>>();
    // By chance some 3,970 of 65,536 places are taken, and all 128 tags.
    let (places, tags) = (distinct(|hash| hash & 0xffff).len(), distinct(|hash| hash >> 57).len());
    assert!(places > 3_900 && tags > 120, "{places} places, {tags} tags");
}
