//! What the studio remembers, within bounds: generations, the keys they were ordered under, clips
//! that are drawn, counts and the bill. What is forgotten stays counted and stays on the bill.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::Refusal;
use super::generation::{End, Generation, Output};
use crate::bill::Bill;
use crate::clip::Spec;
use crate::delay::Delays;
use crate::fault::Faults;

/// How many generations are remembered; the oldest are forgotten first. Several times as many as
/// the largest test orders, retries included.
pub(super) const REMEMBERED: usize = 2_048;
/// How many bytes of clips are kept for generations to come; older clips are drawn again.
const CACHE_BYTES: usize = 128 << 20;

/// Everything that a studio remembers.
#[derive(Debug)]
pub(super) struct Memory {
    generations: BTreeMap<String, (Generation, Instant)>,
    /// The ids, in the order of submission.
    order: VecDeque<String>,
    /// For each Idempotency-Key, the hash of its body and the generation it made.
    keys: BTreeMap<String, ([u8; 32], String)>,
    /// What was called, and how often.
    pub(super) counts: Counts,
    /// What goes wrong on purpose.
    pub(super) faults: Faults,
    /// How long generations to come take.
    pub(super) delays: Delays,
    bill: Bill,
    clips: lru::LruCache<Spec, Output>,
    clip_bytes: usize,
    /// How many generations there were, over all resets.
    pub(super) serial: u64,
}

/// What was called, and how often.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) submissions: u64,
    pub(super) replays: u64,
    pub(super) polls: u64,
    pub(super) downloads: u64,
    pub(super) cancels: u64,
    pub(super) lists: u64,
    /// How many generations each body has made, by the body's hash.
    pub(super) by_body: BTreeMap<[u8; 32], u64>,
}

impl Memory {
    pub(super) fn new(faults: Faults, delays: Delays) -> Self {
        Self {
            generations: BTreeMap::new(),
            order: VecDeque::new(),
            keys: BTreeMap::new(),
            counts: Counts::default(),
            faults,
            delays,
            bill: Bill::default(),
            clips: lru::LruCache::unbounded(),
            clip_bytes: 0,
            serial: 0,
        }
    }

    /// The generation of this id and the time since its submission. It is charged if that is due,
    /// so that whatever its caller is told next agrees with the bill.
    pub(super) fn settled(&mut self, id: &str) -> Result<(&mut Generation, Duration), Refusal> {
        let (generation, since) = self.generations.get_mut(id).ok_or(Refusal::NotFound)?;
        let elapsed = since.elapsed();
        generation.settle(elapsed, &mut self.bill);
        Ok((generation, elapsed))
    }

    /// The generation of this id as it is, and the time since its submission.
    pub(super) fn unsettled(&mut self, id: &str) -> Result<(&mut Generation, Duration), Refusal> {
        let (generation, since) = self.generations.get_mut(id).ok_or(Refusal::NotFound)?;
        Ok((generation, since.elapsed()))
    }

    /// The hash of the body that was sent with this key, and the id of the generation it made.
    pub(super) fn ordered_under(&self, key: &str) -> Option<([u8; 32], String)> {
        self.keys.get(key).cloned()
    }

    /// Takes a generation in, ordered now by a body of this hash.
    pub(super) fn remember(&mut self, hash: [u8; 32], generation: Generation) {
        let id = generation.id.clone();
        self.keys.insert(generation.idempotency_key.clone(), (hash, id.clone()));
        self.order.push_back(id.clone());
        self.generations.insert(id, (generation, Instant::now()));
        while self.order.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        if let Some((mut generation, since)) = self.generations.remove(&oldest) {
            let elapsed = since.elapsed();
            generation.settle(elapsed, &mut self.bill);
            if generation.is_open(elapsed) {
                // Nobody could fetch it: it costs nothing.
                generation.stop(End::Cancelled);
            }
            self.keys.remove(&generation.idempotency_key);
        }
    }

    /// The bill as of now, whoever has polled.
    pub(super) fn bill(&mut self) -> &Bill {
        for id in &self.order {
            if let Some((generation, since)) = self.generations.get_mut(id) {
                generation.settle(since.elapsed(), &mut self.bill);
            }
        }
        &self.bill
    }

    /// Everything that has been counted.
    pub(super) fn stats(&mut self) -> Value {
        let billed = self.bill().total_micro_usd;
        let counts = &self.counts;
        json!({
            "submissions": counts.submissions,
            "replays": counts.replays,
            "polls": counts.polls,
            "downloads": counts.downloads,
            "cancels": counts.cancels,
            "lists": counts.lists,
            "distinct_keys": counts.by_body.len(),
            "max_submissions_per_key": counts.by_body.values().max().copied().unwrap_or(0),
            "billed_micro_usd": billed,
            "faults": self.faults.counts(),
        })
    }

    /// Forgets counts, rules and the bill. Generations stay: what succeeds from now on is charged.
    pub(super) fn reset(&mut self) {
        // What is due is charged first, so that it does not turn up on the new bill.
        self.bill();
        self.bill = Bill::default();
        self.counts = Counts::default();
        self.faults.reset();
    }

    /// A clip that is drawn already.
    pub(super) fn drawn(&mut self, spec: &Spec) -> Option<Output> {
        self.clips.get(spec).cloned()
    }

    /// Keeps a clip for generations to come.
    pub(super) fn keep(&mut self, spec: Spec, output: Output) {
        self.clip_bytes += output.bytes.len();
        if let Some(former) = self.clips.put(spec, output) {
            self.clip_bytes -= former.bytes.len();
        }
        while self.clip_bytes > CACHE_BYTES {
            let Some((_, oldest)) = self.clips.pop_lru() else { break };
            self.clip_bytes -= oldest.bytes.len();
        }
    }
}
