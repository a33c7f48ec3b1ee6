//! What an edge knows, for a panel. Changes nothing.

use cuelight_core::api::JobStatus;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::edge_link::State;
use cuelight_core::supply::OpenJob;
use serde_json::{Value, json};

use super::Edge;
use crate::browser;

impl Edge {
    /// What the edge knows, for a panel; `label` names the cues of the caller's keys.
    pub(crate) fn stats(&self, label: impl Fn(&CacheKey) -> Option<String>) -> Value {
        let machines = self.machines.borrow();
        let counters = machines.cache.counters();
        let speculation = machines.prefetcher.counters();
        let socket = match machines.link.state() {
            State::Closed => "closed",
            State::Connecting => "connecting",
            State::Open => "open",
        };
        let job = |job: OpenJob| {
            let cue = label(&job.key)?;
            let status = match job.status {
                JobStatus::Queued => "queued",
                _ => "processing",
            };
            Some(json!({
                "id": job.id, "key": job.key, "cue": cue, "status": status,
                "progress": job.progress, "speculative": job.speculative,
            }))
        };
        let now = browser::now();
        let limited =
            machines.supply.pause(now).map(|pause| json!({ "code": pause.code, "until": pause.until }));
        let token = match (machines.supply.needs_token(), &*self.token.borrow()) {
            (true, _) => "needed",
            (false, Some(_)) => "set",
            (false, None) => "none",
        };
        json!({
            "socket": socket,
            "token": token,
            "limited": limited,
            "waiting": machines.supply.waiting(),
            "cache": {
                "entries": machines.cache.len(), "bytes": machines.cache.bytes(),
                "hits": counters.hits, "misses": counters.misses, "evictions": counters.evictions,
            },
            "jobs": machines.supply.jobs().into_iter().filter_map(job).collect::<Vec<_>>(),
            "speculation": {
                "requested": speculation.requested, "used": speculation.used, "wasted": speculation.wasted,
                "budget": machines.prefetcher.left(now),
            },
        })
    }
}
