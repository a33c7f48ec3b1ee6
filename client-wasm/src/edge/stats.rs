//! What an edge knows, for a panel. Changes nothing.

use cuelight_core::api::JobStatus;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::edge_link::State;
use cuelight_core::supply::OpenJob;
use wasm_bindgen::JsValue;

use super::Edge;
use crate::browser;
use crate::clip_store::ClipStore;
use crate::js_value::{list, object};

impl Edge {
    /// What the edge knows, for a panel; `label` names the cues of the caller's keys.
    pub(crate) fn stats(&self, label: impl Fn(&CacheKey) -> Option<String>) -> JsValue {
        let machines = self.machines.borrow();
        let counters = machines.cache.counters();
        let speculation = machines.prefetcher.counters();
        let socket = match machines.link.state() {
            State::Closed => "closed",
            State::Connecting => "connecting",
            State::Open => "open",
        };
        let job = |job: OpenJob| {
            let status = match job.status {
                JobStatus::Queued => "queued",
                _ => "processing",
            };
            Some(object(&[
                ("id", job.id.into()),
                ("key", job.key.as_str().into()),
                ("cue", label(&job.key)?.into()),
                ("status", status.into()),
                ("progress", job.progress.into()),
                ("speculative", job.speculative.into()),
            ]))
        };
        let now = browser::now();
        let limited = machines.supply.pause(now).map_or(JsValue::NULL, |pause| {
            object(&[("code", pause.code.as_str().into()), ("until", number(pause.until.0))])
        });
        let token = match (machines.supply.needs_token(), &*self.token.borrow()) {
            (true, _) => "needed",
            (false, Some(_)) => "set",
            (false, None) => "none",
        };
        let (entries, bytes, found) = ClipStore::shared().figures();
        let stored = object(&[
            ("entries", entries.into()),
            ("bytes", number(bytes)),
            ("hits", number(found.hits)),
            ("misses", number(found.misses)),
        ]);
        let cache = object(&[
            ("entries", machines.cache.len().into()),
            ("bytes", number(machines.cache.bytes())),
            ("hits", number(counters.hits)),
            ("misses", number(counters.misses)),
            ("evictions", number(counters.evictions)),
            ("refused", number(counters.refused)),
            ("stored", stored),
        ]);
        let speculation = object(&[
            ("requested", number(speculation.requested)),
            ("used", number(speculation.used)),
            ("wasted", number(speculation.wasted)),
            ("bytesRequested", number(speculation.bytes_requested)),
            ("bytesUsed", number(speculation.bytes_used)),
            ("bytesWasted", number(speculation.bytes_wasted)),
            ("microUsdRequested", number(speculation.micro_usd_requested.0)),
            ("microUsdUsed", number(speculation.micro_usd_used.0)),
            ("microUsdWasted", number(speculation.micro_usd_wasted.0)),
            ("budget", machines.prefetcher.left(now).into()),
        ]);
        object(&[
            ("online", machines.supply.reaches_the_edge().into()),
            ("socket", socket.into()),
            ("token", token.into()),
            ("limited", limited),
            ("waiting", machines.supply.waiting().into()),
            ("cache", cache),
            ("jobs", list(machines.supply.jobs().into_iter().filter_map(job))),
            ("speculation", speculation),
        ])
    }
}

/// A count or a time as JavaScript's own kind of number, which is exact far beyond both.
#[allow(clippy::cast_precision_loss)]
fn number(value: u64) -> JsValue {
    (value as f64).into()
}
