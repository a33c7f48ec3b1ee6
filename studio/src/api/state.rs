//! What the studio remembers: generations, counts, rules. Everything is in memory and bounded; a
//! studio that is started again has forgotten all of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Config;
use super::answer::Refusal;
use super::generation::{End, Generation, Output, Watch};
use crate::clip::{self, Spec};
use crate::fault::{Faults, On, Rule};
use crate::order::Order;

/// How many generations are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 512;
/// How many bytes of clips are kept for generations to come; older clips are drawn again.
const CACHE_BYTES: usize = 128 << 20;
/// How many clips are drawn at once.
const RENDERERS: usize = 2;

/// A running studio. Cloning gives another handle to the same one.
#[derive(Debug, Clone)]
pub struct Studio(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    memory: Mutex<Memory>,
    renderers: Semaphore,
    key: String,
    burn_in: bool,
}

#[derive(Debug)]
struct Memory {
    generations: BTreeMap<String, (Generation, Instant)>,
    order: VecDeque<String>,
    /// For each Idempotency-Key, the hash of its body and the generation it made.
    keys: BTreeMap<String, ([u8; 32], String)>,
    counts: Counts,
    faults: Faults,
    delays: crate::delay::Delays,
    clips: lru::LruCache<Spec, Output>,
    clip_bytes: usize,
    serial: u64,
}

#[derive(Debug, Default)]
struct Counts {
    submissions: u64,
    replays: u64,
    polls: u64,
    downloads: u64,
    cancels: u64,
    /// How many generations each body has made, by the body's hash.
    by_body: BTreeMap<[u8; 32], u64>,
}

/// What a submission came to.
#[derive(Debug)]
pub(super) struct Submitted {
    /// What the caller is told.
    pub(super) view: Value,
    /// Whether the key had been used for the same body before.
    pub(super) replayed: bool,
}

impl Studio {
    pub(super) fn new(config: Config) -> Self {
        Self(Arc::new(Shared {
            memory: Mutex::new(Memory {
                generations: BTreeMap::new(),
                order: VecDeque::new(),
                keys: BTreeMap::new(),
                counts: Counts::default(),
                faults: Faults::new(config.seed),
                delays: config.delays,
                clips: lru::LruCache::unbounded(),
                clip_bytes: 0,
                serial: 0,
            }),
            renderers: Semaphore::new(RENDERERS),
            key: config.key,
            burn_in: config.burn_in,
        }))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock means that a request panicked; the counts it guards are still counts.
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the key. Takes the same time however much of it is right.
    pub(super) fn knows(&self, key: &str) -> bool {
        let digest = |text: &str| -> [u8; 32] { Sha256::digest(text.as_bytes()).into() };
        digest(key).iter().zip(digest(&self.0.key)).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
    }

    /// The rule that spoils this call, if any.
    pub(super) fn fault(&self, on: On) -> Option<Rule> {
        self.memory().faults.pick(on)
    }

    /// Takes an order, or finds the one that this key has already placed.
    pub(super) fn submit(&self, key: &str, body: &[u8], order: Order) -> Result<Submitted, Refusal> {
        let hash: [u8; 32] = Sha256::digest(body).into();
        let mut memory = self.memory();
        if let Some((known, id)) = memory.keys.get(key).cloned() {
            if known != hash {
                return Err(Refusal::IdempotencyConflict);
            }
            if let Some((generation, since)) = memory.generations.get(&id) {
                let view = generation.view(since.elapsed());
                memory.counts.replays += 1;
                return Ok(Submitted { view, replayed: true });
            }
        }
        if order.refused {
            return Err(Refusal::ContentRefused);
        }
        let spec = Spec { burn_in: self.0.burn_in, ..order.spec };
        let delay = Duration::from_millis(memory.delays.of(spec.width, spec.height, spec.fps, order.steps));
        let created_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        memory.serial += 1;
        let mut name = Sha256::new();
        name.update(memory.serial.to_be_bytes());
        name.update(created_at.to_be_bytes());
        name.update(key.as_bytes());
        let digest: [u8; 32] = name.finalize().into();
        let id = format!("gen_{}", BASE32_NOPAD.encode(&digest[..15]).to_lowercase());
        let watch = Arc::new(Watch::default());
        let generation = Generation {
            id: id.clone(),
            spec: spec.clone(),
            created_at: u64::try_from(created_at).unwrap_or(u64::MAX),
            delay,
            watch: watch.clone(),
            end: None,
        };
        let mut view = generation.view(Duration::ZERO);
        view["progress"] = json!(0);
        memory.remember(key, hash, generation);
        memory.counts.submissions += 1;
        *memory.counts.by_body.entry(hash).or_default() += 1;
        tracing::info!(id, cue = %spec.cue, width = spec.width, fps = spec.fps, ?delay, "ordered");
        drop(memory);
        tokio::spawn(self.clone().render(id, spec, watch));
        Ok(Submitted { view, replayed: false })
    }

    /// Draws a generation's clip, or finds it drawn.
    async fn render(self, id: String, spec: Spec, watch: Arc<Watch>) {
        let Ok(permit) = self.0.renderers.acquire().await else { return };
        if watch.stop.load(Ordering::Relaxed) {
            return;
        }
        watch.started.store(true, Ordering::Relaxed);
        let known = self.memory().clips.get(&spec).cloned();
        let end = if let Some(output) = known {
            watch.frames.store(spec.frames(), Ordering::Relaxed);
            End::Rendered(output)
        } else {
            let (work, seen) = (spec.clone(), watch.clone());
            let drawn = tokio::task::spawn_blocking(move || {
                clip::render(&work, |frames| {
                    seen.frames.store(frames, Ordering::Relaxed);
                    if seen.stop.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })
            });
            match drawn.await {
                Ok(Ok(bytes)) => {
                    let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
                    End::Rendered(Output { bytes: bytes.into(), sha256 })
                }
                Ok(Err(clip::RenderError::Stopped)) => End::Cancelled,
                Ok(Err(error)) => End::Failed("unavailable", error.to_string()),
                Err(error) => {
                    tracing::error!(%error, "a renderer broke");
                    End::Failed("unavailable", "the clip could not be drawn".into())
                }
            }
        };
        drop(permit);
        let mut memory = self.memory();
        if let End::Rendered(output) = &end {
            memory.keep(spec, output.clone());
        }
        if let Some((generation, since)) = memory.generations.get_mut(&id)
            && generation.end.is_none()
        {
            tracing::info!(id, after = ?since.elapsed(), "drawn");
            generation.end = Some(end);
        }
    }

    /// What a poll is told. `spoil` ends the generation as failed first, with a code and a sentence.
    pub(super) fn poll(&self, id: &str, spoil: Option<(&'static str, &str)>) -> Result<Value, Refusal> {
        let mut memory = self.memory();
        memory.counts.polls += 1;
        let (generation, since) = memory.generations.get_mut(id).ok_or(Refusal::NotFound)?;
        if let Some((code, message)) = spoil {
            generation.watch.stop.store(true, Ordering::Relaxed);
            generation.end = Some(End::Failed(code, message.to_owned()));
        }
        Ok(generation.view(since.elapsed()))
    }

    /// The bytes of a finished generation.
    pub(super) fn output(&self, id: &str) -> Result<Output, Refusal> {
        let mut memory = self.memory();
        memory.counts.downloads += 1;
        let (generation, since) = memory.generations.get(id).ok_or(Refusal::NotFound)?;
        let elapsed = since.elapsed();
        generation.output(elapsed).cloned().ok_or_else(|| Refusal::NoOutput(generation.status(elapsed)))
    }

    /// Stops a generation that has not ended; one that has is left as it is.
    pub(super) fn cancel(&self, id: &str) -> Result<Value, Refusal> {
        let mut memory = self.memory();
        let (generation, since) = memory.generations.get_mut(id).ok_or(Refusal::NotFound)?;
        let elapsed = since.elapsed();
        let open = matches!(generation.status(elapsed), "queued" | "running");
        if open {
            generation.watch.stop.store(true, Ordering::Relaxed);
            generation.end = Some(End::Cancelled);
        }
        let view = generation.view(elapsed);
        memory.counts.cancels += u64::from(open);
        Ok(view)
    }

    /// Everything that has been counted.
    pub(super) fn stats(&self) -> Value {
        let memory = self.memory();
        let counts = &memory.counts;
        json!({
            "submissions": counts.submissions,
            "replays": counts.replays,
            "polls": counts.polls,
            "downloads": counts.downloads,
            "cancels": counts.cancels,
            "distinct_keys": counts.by_body.len(),
            "max_submissions_per_key": counts.by_body.values().max().copied().unwrap_or(0),
            "faults": memory.faults.counts(),
        })
    }

    /// Replaces the rules of misbehaviour.
    pub(super) fn set_faults(&self, rules: Vec<Rule>) {
        self.memory().faults.replace(rules);
    }

    /// Forgets counts and rules; generations stay.
    pub(super) fn reset(&self) {
        let mut memory = self.memory();
        memory.counts = Counts::default();
        memory.faults.reset();
    }

    /// Changes the delays of generations to come.
    pub(super) fn change_delays<E>(
        &self,
        change: impl FnOnce(&mut crate::delay::Delays) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut memory = self.memory();
        // A list with one bad entry changes nothing.
        let mut changed = memory.delays.clone();
        change(&mut changed)?;
        memory.delays = changed;
        Ok(())
    }
}

impl Memory {
    fn remember(&mut self, key: &str, hash: [u8; 32], generation: Generation) {
        let id = generation.id.clone();
        self.keys.insert(key.to_owned(), (hash, id.clone()));
        self.order.push_back(id.clone());
        self.generations.insert(id, (generation, Instant::now()));
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.generations.remove(&oldest);
                self.keys.retain(|_, (_, id)| *id != oldest);
            }
        }
    }

    fn keep(&mut self, spec: Spec, output: Output) {
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
