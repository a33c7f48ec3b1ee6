//! One generation: what was ordered, how far it is, how it ended, whether it is charged. Told the
//! time, never reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::bill::{self, Bill, Entry};
use crate::clip::Spec;

/// The finished bytes and their hash.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// The MP4 file.
    pub(super) bytes: Arc<[u8]>,
    /// SHA-256 in hexadecimal.
    pub(super) sha256: String,
}

/// How a generation ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// With a clip.
    Rendered(Output),
    /// Without one: a code and a sentence.
    Failed(&'static str, String),
    /// The caller did not want it any more.
    Cancelled,
}

/// What the renderer and the rest share: how many frames are done, and whether to stop.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Frames done so far.
    pub(super) frames: AtomicU32,
    /// Whether rendering has begun.
    pub(super) started: AtomicBool,
    /// Whether the caller has cancelled.
    pub(super) stop: AtomicBool,
}

/// A generation.
#[derive(Debug)]
pub(super) struct Generation {
    /// Its public id.
    pub(super) id: String,
    /// The key it was ordered under.
    pub(super) idempotency_key: String,
    /// What was ordered.
    pub(super) spec: Spec,
    /// When it was submitted, in milliseconds since the epoch.
    pub(super) created_at: u64,
    /// The least time it takes.
    pub(super) delay: Duration,
    /// How far the rendering is.
    pub(super) watch: Arc<Watch>,
    /// How it ended, once the rendering has; not shown before the delay has passed.
    pub(super) end: Option<End>,
    /// Whether its success is on the bill. It cannot end in another way any more.
    pub(super) charged: bool,
    /// What the last two polls were told, the later one second.
    pub(super) told: [Value; 2],
}

impl Generation {
    /// Puts it on the bill if it has succeeded and is not there yet.
    pub(super) fn settle(&mut self, elapsed: Duration, bill: &mut Bill) {
        if !self.charged && self.output(elapsed).is_some() {
            self.charged = true;
            bill.charge(Entry {
                id: self.id.clone(),
                idempotency_key: self.idempotency_key.clone(),
                micro_usd: bill::price(self.spec.duration_ms),
            });
        }
    }

    /// Stops the drawing and ends it this way.
    pub(super) fn stop(&mut self, end: End) {
        self.watch.stop.store(true, Ordering::Relaxed);
        self.end = Some(end);
    }

    /// Whether it may still end in more than one way.
    pub(super) fn is_open(&self, elapsed: Duration) -> bool {
        matches!(self.status(elapsed), "queued" | "running")
    }

    /// The status after `elapsed` since the submission.
    pub(super) fn status(&self, elapsed: Duration) -> &'static str {
        match &self.end {
            Some(End::Cancelled) => "cancelled",
            Some(End::Failed(..)) => "failed",
            Some(End::Rendered(_)) if elapsed >= self.delay => "succeeded",
            _ if self.watch.started.load(Ordering::Relaxed) => "running",
            _ => "queued",
        }
    }

    /// The output, once it may be seen.
    pub(super) fn output(&self, elapsed: Duration) -> Option<&Output> {
        match &self.end {
            Some(End::Rendered(output)) if elapsed >= self.delay => Some(output),
            _ => None,
        }
    }

    /// The share that is done, 0 to 1: the lesser of the time that has passed and the frames that
    /// are drawn, because the result needs both.
    fn progress(&self, elapsed: Duration) -> f64 {
        let total = f64::from(self.spec.frames());
        let drawn = f64::from(self.watch.frames.load(Ordering::Relaxed)) / total;
        let waited =
            if self.delay.is_zero() { 1.0 } else { elapsed.as_secs_f64() / self.delay.as_secs_f64() };
        // Only a generation that has ended is complete.
        (drawn.min(waited).min(0.99) * 1000.0).round() / 1000.0
    }

    /// What a poll is told.
    pub(super) fn view(&self, elapsed: Duration) -> Value {
        let status = self.status(elapsed);
        let mut view = json!({ "id": self.id, "status": status, "created_at": self.created_at });
        match &self.end {
            Some(End::Failed(code, message)) => {
                view["progress"] = json!(self.progress(elapsed));
                view["error"] = json!({ "code": code, "message": message });
                view["cost_micro_usd"] = json!(0);
            }
            Some(End::Rendered(output)) if status == "succeeded" => {
                view["progress"] = json!(1.0);
                view["cost_micro_usd"] = json!(bill::price(self.spec.duration_ms));
                view["output"] = json!({
                    "url": format!("/v1/generations/{}/output", self.id),
                    "content_type": "video/mp4",
                    "bytes": output.bytes.len(),
                    "sha256": output.sha256,
                    "width": self.spec.width,
                    "height": self.spec.height,
                    "fps": self.spec.fps,
                    "frames": self.spec.frames(),
                    "duration_ms": self.spec.duration_ms,
                });
            }
            Some(End::Cancelled) => {
                view["progress"] = json!(self.progress(elapsed));
                view["cost_micro_usd"] = json!(0);
            }
            _ => {
                view["progress"] = json!(self.progress(elapsed));
                view["estimate_ms"] = json!(self.delay.saturating_sub(elapsed).as_millis().max(1) as u64);
            }
        }
        view
    }
}
