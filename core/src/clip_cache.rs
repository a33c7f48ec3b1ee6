//! The clips at hand: least recently used goes first, bounded by entries and by bytes, and what
//! plays is never dropped. Holds handles, never bytes; whoever owns a handle's resource releases
//! it when the handle comes back.

use std::collections::HashMap;

use lru::LruCache;

use crate::cache_key::CacheKey;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many clips.
    pub entries: usize,
    /// How many bytes altogether.
    pub bytes: u64,
}

impl Default for Limits {
    /// 50 clips and 64 MiB: what DESIGN section 9 asks for; twelve states of four characters fit.
    fn default() -> Self {
        Self { entries: 50, bytes: 64 * 1024 * 1024 }
    }
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Lookups that found a clip.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Clips dropped to make room.
    pub evictions: u64,
}

#[derive(Debug)]
struct Entry<H> {
    handle: H,
    bytes: u64,
}

/// Clips by key, with a handle each.
#[derive(Debug)]
pub struct ClipCache<H> {
    limits: Limits,
    // Unbounded here, because a pinned entry must survive where the crate's own bound would drop it.
    entries: LruCache<CacheKey, Entry<H>>,
    pins: HashMap<CacheKey, u32>,
    bytes: u64,
    counters: Counters,
}

impl<H> ClipCache<H> {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (entries, pins) = (LruCache::unbounded(), HashMap::new());
        Self { limits, entries, pins, bytes: 0, counters: Counters::default() }
    }

    /// Looks a clip up for showing: counted, and now the most recently used.
    pub fn get(&mut self, key: &CacheKey) -> Option<&H> {
        let found = self.entries.get(key);
        match found {
            Some(_) => self.counters.hits += 1,
            None => self.counters.misses += 1,
        }
        found.map(|entry| &entry.handle)
    }

    /// Whether a clip is at hand. Not counted, and leaves the order alone.
    #[must_use]
    pub fn contains(&self, key: &CacheKey) -> bool {
        self.entries.contains(key)
    }

    /// Keeps a clip of `bytes`. Gives back every handle that is no longer kept: what was replaced,
    /// what had to go, or this very one when what is pinned leaves no room for it.
    #[must_use]
    pub fn insert(&mut self, key: CacheKey, bytes: u64, handle: H) -> Vec<H> {
        let mut dropped = Vec::new();
        if let Some(old) = self.entries.pop(&key) {
            self.bytes -= old.bytes;
            dropped.push(old.handle);
        }
        while !self.fits(bytes) {
            let Some(victim) = self.oldest_unpinned() else {
                dropped.push(handle);
                return dropped;
            };
            if let Some(entry) = self.entries.pop(&victim) {
                self.bytes -= entry.bytes;
                self.counters.evictions += 1;
                dropped.push(entry.handle);
            }
        }
        self.bytes += bytes;
        self.entries.put(key, Entry { handle, bytes });
        dropped
    }

    /// Keeps a clip until it is unpinned as often as it was pinned, whether or not it is at hand.
    pub fn pin(&mut self, key: &CacheKey) {
        *self.pins.entry(key.clone()).or_default() += 1;
    }

    /// Takes one pin back.
    pub fn unpin(&mut self, key: &CacheKey) {
        if let Some(count) = self.pins.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.pins.remove(key);
            }
        }
    }

    /// How many clips are at hand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes they have altogether.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn fits(&self, bytes: u64) -> bool {
        self.entries.len() < self.limits.entries && self.bytes.saturating_add(bytes) <= self.limits.bytes
    }

    fn oldest_unpinned(&self) -> Option<CacheKey> {
        self.entries.iter().rev().map(|(key, _)| key).find(|key| !self.pins.contains_key(*key)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> CacheKey {
        let letters: String = (0..32).map(|i| if i == 0 { char::from(b'a' + number) } else { 'a' }).collect();
        CacheKey::parse(&letters).unwrap()
    }

    /// The slowest cache that could be right: a list, newest last.
    struct Naive {
        limits: Limits,
        list: Vec<(u8, u64, u32)>,
        pins: Vec<u8>,
    }

    impl Naive {
        fn insert(&mut self, number: u8, bytes: u64, handle: u32) -> Vec<u32> {
            let mut dropped = Vec::new();
            if let Some(at) = self.list.iter().position(|e| e.0 == number) {
                dropped.push(self.list.remove(at).2);
            }
            loop {
                let total: u64 = self.list.iter().map(|e| e.1).sum();
                if self.list.len() < self.limits.entries && total + bytes <= self.limits.bytes {
                    self.list.push((number, bytes, handle));
                    return dropped;
                }
                match self.list.iter().position(|e| !self.pins.contains(&e.0)) {
                    Some(at) => dropped.push(self.list.remove(at).2),
                    None => {
                        dropped.push(handle);
                        return dropped;
                    }
                }
            }
        }

        fn get(&mut self, number: u8) -> Option<u32> {
            let at = self.list.iter().position(|e| e.0 == number)?;
            let entry = self.list.remove(at);
            self.list.push(entry);
            Some(entry.2)
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, u64),
        Get(u8),
        Pin(u8),
        Unpin(u8),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0u8..12, 0u64..60).prop_map(|(n, bytes)| Step::Insert(n, bytes)),
            3 => (0u8..12).prop_map(Step::Get),
            1 => (0u8..12).prop_map(Step::Pin),
            1 => (0u8..12).prop_map(Step::Unpin),
        ]
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_list_and_every_handle_comes_back_once(steps in prop::collection::vec(any_step(), 0..200)) {
            let limits = Limits { entries: 5, bytes: 120 };
            let mut cache = ClipCache::new(limits);
            let mut naive = Naive { limits, list: Vec::new(), pins: Vec::new() };
            let (mut given, mut returned) = (0u32, Vec::new());
            for step in steps {
                match step {
                    Step::Insert(number, bytes) => {
                        given += 1;
                        let pinned: Vec<u8> = naive.list.iter().map(|e| e.0).filter(|n| naive.pins.contains(n) && *n != number).collect();
                        let dropped = cache.insert(key(number), bytes, given);
                        prop_assert_eq!(&dropped, &naive.insert(number, bytes, given));
                        returned.extend(dropped);
                        prop_assert!(pinned.iter().all(|n| cache.contains(&key(*n))), "what plays stays");
                    }
                    Step::Get(number) => prop_assert_eq!(cache.get(&key(number)).copied(), naive.get(number)),
                    Step::Pin(number) => {
                        cache.pin(&key(number));
                        naive.pins.push(number);
                    }
                    Step::Unpin(number) => {
                        cache.unpin(&key(number));
                        if let Some(at) = naive.pins.iter().position(|n| *n == number) {
                            naive.pins.remove(at);
                        }
                    }
                }
                prop_assert!(cache.len() <= limits.entries && cache.bytes() <= limits.bytes);
                prop_assert_eq!(cache.bytes(), naive.list.iter().map(|e| e.1).sum::<u64>());
                let mut everywhere: Vec<u32> = naive.list.iter().map(|e| e.2).chain(returned.iter().copied()).collect();
                everywhere.sort_unstable();
                prop_assert_eq!(everywhere, (1..=given).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn hits_misses_and_evictions_are_counted() {
        let mut cache = ClipCache::new(Limits { entries: 1, bytes: 10 });
        assert_eq!(cache.get(&key(0)), None);
        assert_eq!(cache.insert(key(0), 4, 'a'), [] as [char; 0]);
        assert_eq!(cache.get(&key(0)), Some(&'a'));
        assert_eq!(cache.insert(key(1), 4, 'b'), ['a']);
        assert_eq!(cache.counters(), Counters { hits: 1, misses: 1, evictions: 1 });
    }
}
