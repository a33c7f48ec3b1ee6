//! What the page keeps of its clips on the device, and what has to go: an index of a store that may
//! be full, forbidden or gone at any time. Decides; touches no storage itself.
//!
//! The store is a convenience. Whatever it refuses costs a fetch and nothing else, so a store that
//! refuses is left alone for a while, longer each time.

use crate::units::Millis;

/// How much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes altogether.
    pub bytes: u64,
    /// How many clips.
    pub entries: usize,
    /// The largest single clip, in bytes.
    pub clip: u64,
}

impl Default for Limits {
    /// 64 MiB, a quarter of which a single clip may take: about 150 clips, far below what any browser
    /// grants an origin. 500 clips, so that the index stays small.
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, entries: 500, clip: 16 * 1024 * 1024 }
    }
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Clips that were found and were what they should be.
    pub hits: u64,
    /// Clips that were not found.
    pub misses: u64,
    /// Stored answers that were no video, or not of the size that was recorded.
    pub spoilt: u64,
    /// Clips that were written.
    pub written: u64,
    /// Clips deleted to make room.
    pub trimmed: u64,
    /// Writes that the store refused.
    pub refused: u64,
}

/// What the store gave for an address.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its media type.
    pub kind: &'a str,
    /// The size that was recorded when it was written.
    pub recorded: Option<u64>,
    /// Its size.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    address: String,
    bytes: u64,
    /// How often the store refused it; `None` once it is written.
    refusals: Option<u32>,
}

/// A pause after a failure, longer each time.
#[derive(Debug, Clone, Copy, Default)]
struct Rest {
    until: Millis,
    times: u32,
}

impl Rest {
    fn begin(&mut self, now: Millis) {
        let pause = (FIRST_REST.0 << self.times.min(16)).min(LONGEST_REST.0);
        *self = Self { until: now + Millis(pause), times: self.times + 1 };
    }

    fn lasts(&self, now: Millis) -> bool {
        self.until > now
    }
}

/// The index of the store.
#[derive(Debug, Clone)]
pub struct ClipStore {
    limits: Limits,
    /// Oldest first.
    entries: Vec<Entry>,
    listed: bool,
    closed: Rest,
    full: Rest,
    counters: Counters,
}

const FIRST_REST: Millis = Millis::seconds(30);
const LONGEST_REST: Millis = Millis::seconds(3_600);

impl Default for ClipStore {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl ClipStore {
    /// The index of a store of which nothing is known yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: Vec::new(),
            listed: false,
            closed: Rest::default(),
            full: Rest::default(),
            counters: Counters::default(),
        }
    }

    /// Whether it is worth looking for a clip: not while the store is closed, and not for what is
    /// known not to be there.
    #[must_use]
    pub fn may_have(&self, now: Millis, address: &str) -> bool {
        !self.closed.lasts(now) && (!self.listed || self.position(address).is_some())
    }

    /// Whether the store has to be listed before anything is written.
    #[must_use]
    pub fn needs_list(&self, now: Millis) -> bool {
        !self.listed && !self.closed.lasts(now)
    }

    /// What the store has: addresses and sizes, oldest first. Gives what is too much, to be deleted.
    #[must_use]
    pub fn list(&mut self, stored: Vec<(String, u64)>) -> Vec<String> {
        self.listed = true;
        let unknown = stored.into_iter().filter(|(address, _)| self.position(address).is_none());
        let older = unknown.map(|(address, bytes)| Entry { address, bytes, refusals: None });
        let older: Vec<Entry> = older.collect();
        self.entries.splice(0..0, older);
        self.trim(self.limits.bytes, self.limits.entries)
    }

    /// The store has nothing for this address, or gave no answer in time.
    pub fn missed(&mut self, address: &str) {
        self.counters.misses += 1;
        self.remove(address);
    }

    /// The store gave something for this address. Whether it is the clip that was written; it has to
    /// be deleted if not.
    #[must_use]
    pub fn is_good(&mut self, address: &str, found: Found<'_>) -> bool {
        let good = is_video(found.kind) && found.bytes > 0 && found.recorded == Some(found.bytes);
        let entry = self.remove(address);
        if good {
            self.counters.hits += 1;
            // Used lately: the last to go.
            let entry = entry.filter(|entry| entry.refusals.is_some());
            let written = Entry { address: address.to_owned(), bytes: found.bytes, refusals: None };
            self.entries.push(entry.unwrap_or(written));
        } else {
            self.counters.spoilt += 1;
        }
        good
    }

    /// A clip came from the edge. Gives what is to be deleted before it is written; `None` if it is
    /// not to be written: because it is no video, is stored or being written already, is too large,
    /// has an address that will not be asked for again, or because the store is left alone.
    #[must_use]
    pub fn offer(&mut self, now: Millis, address: &str, kind: &str, bytes: u64) -> Option<Vec<String>> {
        let fits = bytes > 0 && bytes <= self.limits.clip;
        // A signed address is good once; its clip is somebody's own.
        let lasting = is_video(kind) && !address.contains('?');
        let left_alone = self.closed.lasts(now) || self.full.lasts(now);
        let writing = self.entries.iter().filter(|entry| entry.refusals.is_some());
        let (count, busy) = writing.fold((0, 0), |(count, sum), entry| (count + 1, sum + entry.bytes));
        let room = busy + bytes <= self.limits.bytes && count < self.limits.entries;
        if !fits || !lasting || left_alone || !room || self.position(address).is_some() {
            return None;
        }
        let trimmed = self.trim(self.limits.bytes - bytes, self.limits.entries - 1);
        self.entries.push(Entry { address: address.to_owned(), bytes, refusals: Some(0) });
        Some(trimmed)
    }

    /// The store has taken the clip.
    pub fn written(&mut self, address: &str) {
        self.counters.written += 1;
        self.full = Rest::default();
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.address == address) {
            entry.refusals = None;
        }
    }

    /// The store is full. Gives what to delete before the clip is tried once more; `None` when it was
    /// tried again already, or nothing can go: then nothing is written for a while.
    #[must_use]
    pub fn refused(&mut self, now: Millis, address: &str) -> Option<Vec<String>> {
        self.counters.refused += 1;
        let entry = self.entries.iter_mut().find(|entry| entry.address == address)?;
        // Once, not once a pause: a disk that stays full must not cost the whole store, bit by bit.
        let first = entry.refusals == Some(0) && self.full.times == 0;
        entry.refusals = entry.refusals.map(|times| times + 1);
        let bytes = entry.bytes;
        if first {
            // The device has less room than the limit: a quarter goes, so that this is not needed for
            // every clip.
            let total = self.bytes();
            let trimmed = self.trim(total - bytes.max(total / 4), self.limits.entries);
            if !trimmed.is_empty() {
                return Some(trimmed);
            }
        }
        self.remove(address);
        self.full.begin(now);
        None
    }

    /// The store cannot be opened, or no longer answers: it is left alone for a while.
    pub fn closed(&mut self, now: Millis) {
        self.closed.begin(now);
        self.entries.clear();
        self.listed = false;
    }

    /// The store was opened.
    pub fn opened(&mut self) {
        self.closed = Rest::default();
    }

    /// How many clips are stored or being written.
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
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn position(&self, address: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.address == address)
    }

    fn remove(&mut self, address: &str) -> Option<Entry> {
        self.position(address).map(|at| self.entries.remove(at))
    }

    /// Takes out the oldest until so much is left; never what is being written.
    fn trim(&mut self, bytes: u64, entries: usize) -> Vec<String> {
        let (mut total, mut count) = (self.bytes(), self.len());
        let mut trimmed = Vec::new();
        self.entries.retain_mut(|entry| {
            let stays = entry.refusals.is_some() || total <= bytes && count <= entries;
            if !stays {
                total -= entry.bytes;
                count -= 1;
                trimmed.push(std::mem::take(&mut entry.address));
            }
            stays
        });
        self.counters.trimmed += trimmed.len() as u64;
        trimmed
    }
}

fn is_video(kind: &str) -> bool {
    kind.starts_with("video/")
}

#[cfg(test)]
mod tests;
