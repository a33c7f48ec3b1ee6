//! The clips at hand: least recently used goes first, bounded by entries and by bytes, and what is
//! on screen or staged is never dropped. Holds handles, never bytes; whoever owns a handle's
//! resource releases it when the handle comes back.
//!
//! What is pinned stands apart from the order of use, so that making room never has to look past
//! it: every operation costs the same however much is kept and however much of it is pinned.

use std::hash::{BuildHasherDefault, Hasher};

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
    /// 50 clips and 64 MiB: twelve states of four characters fit, and a phone has the room.
    fn default() -> Self {
        Self { entries: 50, bytes: 64 * 1024 * 1024 }
    }
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Wanted clips that were at hand.
    pub hits: u64,
    /// Wanted clips that were not.
    pub misses: u64,
    /// Clips dropped to make room.
    pub evictions: u64,
    /// Clips that were not kept, because they are too large or what is pinned left no room.
    pub refused: u64,
}

/// What a key stands for: a clip, or pins, or both.
#[derive(Debug)]
struct Slot<H> {
    clip: Option<(H, u64)>,
    pins: u32,
}

type Map<H> = LruCache<CacheKey, Slot<H>, BuildHasherDefault<OfKey>>;

/// A key is a hash, so a part of it is one as well, and a page downloads no other: eight of its letters, of
/// five bits each. A table takes the lowest bits for the place and the highest for the tag, and both must
/// depend on all of the letters. Keys are a page's own: who searched for some that collide would slow down
/// that page.
#[derive(Debug, Default)]
struct OfKey(u64);

impl Hasher for OfKey {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4): what is below goes up.
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    }
}

/// Clips by key, with a handle each.
#[derive(Debug)]
pub struct ClipCache<H> {
    limits: Limits,
    /// Clips without a pin, in the order of use. Unbounded here: two limits count, not one.
    loose: Map<H>,
    /// Everything with a pin, whether at hand or not. The same type, so that a page downloads one map.
    pinned: Map<H>,
    /// How many of the pinned keys have a clip, and the bytes of those.
    pinned_clips: (usize, u64),
    bytes: u64,
    counters: Counters,
}

impl<H> ClipCache<H> {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let map = || LruCache::unbounded_with_hasher(BuildHasherDefault::default());
        let (loose, pinned) = (map(), map());
        Self { limits, loose, pinned, pinned_clips: (0, 0), bytes: 0, counters: Counters::default() }
    }

    /// A clip is wanted: counts a hit or a miss, and says which. A hit is the most recently used now.
    pub fn want(&mut self, key: &CacheKey) -> bool {
        let hit = self.get(key).is_some();
        let count = if hit { &mut self.counters.hits } else { &mut self.counters.misses };
        *count += 1;
        hit
    }

    /// The handle of a clip, which is the most recently used now. Not counted: what had to be
    /// fetched first was a miss, although it is found here in the end.
    pub fn get(&mut self, key: &CacheKey) -> Option<&H> {
        let slot = self.loose.get(key).or_else(|| self.pinned.peek(key))?;
        slot.clip.as_ref().map(|(handle, _)| handle)
    }

    /// Whether a clip is at hand. Not counted, and leaves the order alone.
    #[must_use]
    pub fn contains(&self, key: &CacheKey) -> bool {
        self.size(key).is_some()
    }

    /// The bytes of a clip that is at hand. Not counted, and leaves the order alone.
    #[must_use]
    pub fn size(&self, key: &CacheKey) -> Option<u64> {
        let slot = self.loose.peek(key).or_else(|| self.pinned.peek(key))?;
        slot.clip.as_ref().map(|(_, bytes)| *bytes)
    }

    /// Keeps a clip of `bytes`. Gives back every handle that is no longer kept: what was replaced,
    /// and what had to go. A clip for which there is no room even without everything that may go is
    /// given back itself, and then nothing goes for it but what it would have replaced.
    #[must_use]
    pub fn insert(&mut self, key: CacheKey, bytes: u64, handle: H) -> Vec<H> {
        let mut dropped = Vec::new();
        let mut slot = self.pinned.pop(&key);
        let held = slot.is_some();
        let old = match &mut slot {
            Some(slot) => slot.clip.take(),
            None => self.loose.pop(&key).and_then(|slot| slot.clip),
        };
        if let Some((handle, old)) = old {
            self.forget(old, held);
            dropped.push(handle);
        }
        let (clips, pinned_bytes) = self.pinned_clips;
        let room = clips < self.limits.entries && pinned_bytes.saturating_add(bytes) <= self.limits.bytes;
        let mut slot = slot.unwrap_or(Slot { clip: None, pins: 0 });
        if room {
            self.make_room(bytes, &mut dropped);
            self.bytes += bytes;
            slot.clip = Some((handle, bytes));
        } else {
            self.counters.refused += 1;
            dropped.push(handle);
        }
        if held {
            self.pinned_clips.0 += usize::from(room);
            self.pinned_clips.1 += if room { bytes } else { 0 };
            self.pinned.put(key, slot);
        } else if room {
            self.loose.put(key, slot);
        }
        dropped
    }

    /// Keeps a clip until it is unpinned as often as it was pinned, whether or not it is at hand.
    pub fn pin(&mut self, key: &CacheKey) {
        if let Some(slot) = self.pinned.peek_mut(key) {
            slot.pins += 1;
            return;
        }
        let clip = self.loose.pop(key).and_then(|slot| slot.clip);
        if let Some((_, bytes)) = &clip {
            self.pinned_clips.0 += 1;
            self.pinned_clips.1 += bytes;
        }
        self.pinned.put(*key, Slot { clip, pins: 1 });
    }

    /// Takes one pin back. With its last pin gone, a clip is the most recently used.
    pub fn unpin(&mut self, key: &CacheKey) {
        let Some(slot) = self.pinned.peek_mut(key) else { return };
        slot.pins -= 1;
        if slot.pins > 0 {
            return;
        }
        if let Some(slot) = self.pinned.pop(key)
            && let Some((_, bytes)) = &slot.clip
        {
            self.pinned_clips.0 -= 1;
            self.pinned_clips.1 -= bytes;
            self.loose.put(*key, slot);
        }
    }

    /// How many clips are at hand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.loose.len() + self.pinned_clips.0
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    fn make_room(&mut self, bytes: u64, dropped: &mut Vec<H>) {
        while self.len() >= self.limits.entries || self.bytes.saturating_add(bytes) > self.limits.bytes {
            let Some((_, slot)) = self.loose.pop_lru() else { return };
            if let Some((handle, old)) = slot.clip {
                self.forget(old, false);
                self.counters.evictions += 1;
                dropped.push(handle);
            }
        }
    }

    fn forget(&mut self, bytes: u64, pinned: bool) {
        self.bytes -= bytes;
        if pinned {
            self.pinned_clips.0 -= 1;
            self.pinned_clips.1 -= bytes;
        }
    }
}

#[cfg(test)]
mod tests;
