//! What this isolate has counted since it started: plain numbers in memory, so that counting costs
//! no call out of the module. An isolate comes and goes; whoever reads them adds up many.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers of `GET` and `HEAD /clips/{key}` from the Cache API, parts and 304 included.
pub static CLIP_HITS_CACHE: Counter = Counter::new();
/// Those from R2.
pub static CLIP_HITS_STORE: Counter = Counter::new();
/// Requests for clips that do not exist, private ones included.
pub static CLIP_MISSES: Counter = Counter::new();
/// Clips put into the Cache API.
pub static CLIP_FILLS: Counter = Counter::new();
/// Answers of `GET` and `HEAD /private/{key}`, which come from R2 only.
pub static PRIVATE_CLIP_HITS: Counter = Counter::new();

/// All of them, by the name they are exported under.
#[must_use]
pub fn all() -> [(&'static str, u64); 5] {
    [
        ("clip_hits_cache", CLIP_HITS_CACHE.count()),
        ("clip_hits_store", CLIP_HITS_STORE.count()),
        ("clip_misses", CLIP_MISSES.count()),
        ("clip_fills", CLIP_FILLS.count()),
        ("private_clip_hits", PRIVATE_CLIP_HITS.count()),
    ]
}
