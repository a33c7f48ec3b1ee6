//! A running studio: takes orders, draws them, answers for them. Everything is in memory; a studio
//! that is started again has forgotten all of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;
use tokio::sync::Semaphore;

use super::Config;
use super::answer::Refusal;
use super::generation::{End, Generation, Output, Watch};
use super::memory::Memory;
use crate::bill::Bill;
use crate::clip::{self, Spec};
use crate::delay::Delays;
use crate::fault::{Faults, On, Rule};
use crate::order::Order;
use crate::vendors::Vendors;

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
    vendors: Vendors,
}

/// What a submission came to.
#[derive(Debug)]
pub(super) struct Submitted {
    /// The generation's id.
    pub(super) id: String,
    /// What the caller is told.
    pub(super) view: Value,
    /// Whether the key had been used for the same body before.
    pub(super) replayed: bool,
}

impl Studio {
    pub(super) fn new(config: Config) -> Self {
        let vendors = Vendors::new(config.keys, config.delays.scale());
        vendors.set_strict(config.strict);
        Self(Arc::new(Shared {
            vendors,
            memory: Mutex::new(Memory::new(Faults::new(config.seed), config.delays)),
            renderers: Semaphore::new(RENDERERS),
            key: config.key,
            burn_in: config.burn_in,
        }))
    }

    /// Those it stands in for.
    pub(super) fn vendors(&self) -> &Vendors {
        &self.0.vendors
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
        if let Some((known, id)) = memory.ordered_under(key) {
            if known != hash {
                return Err(Refusal::IdempotencyConflict);
            }
            let (generation, elapsed) = memory.settled(&id)?;
            let view = generation.view(elapsed);
            memory.counts.replays += 1;
            return Ok(Submitted { id, view, replayed: true });
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
        let mut generation = Generation {
            id: id.clone(),
            idempotency_key: key.to_owned(),
            spec: spec.clone(),
            created_at: u64::try_from(created_at).unwrap_or(u64::MAX),
            delay,
            watch: watch.clone(),
            end: None,
            charged: false,
            told: [Value::Null, Value::Null],
        };
        let mut view = generation.view(Duration::ZERO);
        view["progress"] = json!(0);
        generation.told = [view.clone(), view.clone()];
        memory.remember(hash, generation);
        memory.counts.submissions += 1;
        *memory.counts.by_body.entry(hash).or_default() += 1;
        tracing::info!(id, cue = %spec.cue, width = spec.width, fps = spec.fps, ?delay, "ordered");
        drop(memory);
        tokio::spawn(self.clone().render(id.clone(), spec, watch));
        Ok(Submitted { id, view, replayed: false })
    }

    /// Draws a generation's clip, or finds it drawn.
    async fn render(self, id: String, spec: Spec, watch: Arc<Watch>) {
        let Ok(permit) = self.0.renderers.acquire().await else { return };
        if watch.stop.load(Ordering::Relaxed) {
            return;
        }
        watch.started.store(true, Ordering::Relaxed);
        let known = self.memory().drawn(&spec);
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
        if let Ok((generation, elapsed)) = memory.unsettled(&id)
            && generation.end.is_none()
        {
            tracing::info!(id, after = ?elapsed, "drawn");
            generation.end = Some(end);
        }
    }

    /// What a poll is told.
    pub(super) fn poll(&self, id: &str) -> Result<Value, Refusal> {
        let mut memory = self.memory();
        memory.counts.polls += 1;
        let (generation, elapsed) = memory.settled(id)?;
        let view = generation.view(elapsed);
        let [_, latest] = &mut generation.told;
        let latest = std::mem::replace(latest, view.clone());
        generation.told[0] = latest;
        Ok(view)
    }

    /// What the poll before the latest one was told; before the second, what the submission was.
    pub(super) fn poll_again(&self, id: &str) -> Result<Value, Refusal> {
        let mut memory = self.memory();
        memory.counts.polls += 1;
        Ok(memory.unsettled(id)?.0.told[0].clone())
    }

    /// Ends a generation as failed, with a code and a sentence. One that has ended stays as it is.
    ///
    /// A success that nobody has been told of is undone: a fault that is set in time must work
    /// however short the delay is. One that is charged is not, or a bill could shrink.
    pub(super) fn fail(&self, id: &str, code: &'static str, message: &str) -> Result<(), Refusal> {
        let mut memory = self.memory();
        let (generation, _) = memory.unsettled(id)?;
        if generation.charged {
            return Err(Refusal::Unavailable);
        }
        if !matches!(generation.end, Some(End::Failed(..) | End::Cancelled)) {
            generation.stop(End::Failed(code, message.to_owned()));
        }
        Ok(())
    }

    /// The generations that were ordered under this key: one or none.
    pub(super) fn list(&self, key: &str) -> Vec<Value> {
        let mut memory = self.memory();
        memory.counts.lists += 1;
        let Some((_, id)) = memory.ordered_under(key) else { return Vec::new() };
        memory.settled(&id).map(|(generation, elapsed)| generation.view(elapsed)).into_iter().collect()
    }

    /// The bytes of a finished generation.
    pub(super) fn output(&self, id: &str) -> Result<Output, Refusal> {
        let mut memory = self.memory();
        memory.counts.downloads += 1;
        let (generation, elapsed) = memory.settled(id)?;
        generation.output(elapsed).cloned().ok_or_else(|| Refusal::NoOutput(generation.status(elapsed)))
    }

    /// Stops a generation that has not ended, which then costs nothing; one that has is left as it
    /// is. Says how it ended.
    pub(super) fn cancel(&self, id: &str) -> Result<Value, Refusal> {
        let mut memory = self.memory();
        let (generation, elapsed) = memory.settled(id)?;
        let open = generation.is_open(elapsed);
        if open {
            generation.stop(End::Cancelled);
        }
        let view = generation.view(elapsed);
        memory.counts.cancels += u64::from(open);
        Ok(view)
    }

    /// Everything that has been charged by now.
    pub(super) fn bill(&self) -> Bill {
        self.memory().bill().clone()
    }

    /// Everything that has been counted.
    pub(super) fn stats(&self) -> Value {
        self.memory().stats()
    }

    /// Replaces the rules of misbehaviour.
    pub(super) fn set_faults(&self, rules: Vec<Rule>) {
        self.memory().faults.replace(rules);
    }

    /// Forgets counts, rules and the bill; generations stay.
    pub(super) fn reset(&self) {
        self.vendors().reset();
        self.memory().reset();
    }

    /// Changes the delays of generations to come.
    pub(super) fn change_delays<E>(
        &self,
        change: impl FnOnce(&mut Delays) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut memory = self.memory();
        // A list with one bad entry changes nothing.
        let mut changed = memory.delays.clone();
        change(&mut changed)?;
        self.vendors().set_scale(changed.scale());
        memory.delays = changed;
        Ok(())
    }
}
