//! The JSON that both halves speak, pinned: a deploy meets yesterday's pages, and a page meets
//! tomorrow's edge.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::api::{EventKind, Job, JobEvent, JobStatus, Preflight, Snapshot, job_id, key_of_job};
use cuelight_core::cache_key::CacheKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz234567";

fn pinned<T: DeserializeOwned + Serialize>(wire: &Value) -> T {
    let value: T = serde_json::from_value(wire.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&value).unwrap(), wire);
    value
}

fn job() -> Value {
    json!({
        "id": format!("{KEY}.7f3a"), "job_id": format!("{KEY}.7f3a"),
        "status": "processing", "operation_type": "state_clip", "cache_key": KEY,
        "source": "coalesced", "priority": 10, "speculative": false, "progress": 0.25,
        "created_at": 1_700_000_000_000_u64, "updated_at": 1_700_000_001_000_u64, "estimate_ms": 2500,
        "fallback": {"kind": "placeholder", "url": "/placeholders/idle.svg"},
    })
}

#[test]
fn a_running_job_is_written_this_way() {
    let job: Job = pinned(&job());
    assert!(!job.status.is_final());
}

#[test]
fn a_finished_job_is_written_this_way() {
    let mut wire = job();
    wire["status"] = "complete".into();
    wire["source"] = "hit".into();
    wire["progress"] = 1.0.into();
    wire["content"] = json!({"url": format!("/clips/{KEY}"), "content_type": "video/mp4", "bytes": 123_456});
    wire.as_object_mut().unwrap().remove("estimate_ms");
    wire.as_object_mut().unwrap().remove("fallback");
    assert!(pinned::<Job>(&wire).status.is_final());
    wire["status"] = "failed".into();
    wire["error"] = json!({"code": "content_refused", "detail": "The provider refused the content."});
    assert_eq!(pinned::<Job>(&wire).status, JobStatus::Failed);
}

#[test]
fn socket_messages_are_written_this_way() {
    let base =
        json!({"seq": 3, "at": 1_700_000_000_000_u64, "job_id": format!("{KEY}.7f3a"), "cache_key": KEY});
    let message = |extra: Value| {
        let mut message = base.clone();
        message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        message
    };
    pinned::<JobEvent>(&message(json!({"type": "job:queued"})));
    pinned::<JobEvent>(&message(json!({"type": "job:processing", "progress": 0.5})));
    let done =
        pinned::<JobEvent>(&message(json!({"type": "job:completed", "result_url": format!("/clips/{KEY}")})));
    assert_eq!(done.kind, EventKind::Completed);
    pinned::<JobEvent>(&message(
        json!({"type": "job:failed", "error": {"code": "provider_failed", "detail": "It is down."}}),
    ));
    pinned::<JobEvent>(&message(json!({"type": "job:cancelled"})));
    pinned::<Snapshot>(&json!({"type": "session:snapshot", "seq": 9, "reset": false, "jobs": [job()]}));
    pinned::<Preflight>(
        &json!({"cache_key": KEY, "exists": false, "model": "studio-character-1", "cost_micro_usd": 0}),
    );
}

#[test]
fn a_job_is_found_by_its_id_alone() {
    let key = CacheKey::parse(KEY).unwrap();
    assert_eq!(key_of_job(&job_id(&key, "7f3a")), Some(key));
    for bad in [
        "",
        KEY,
        "nonsense.7f3a",
        &format!("{KEY}."),
        &format!("{KEY}.a/b"),
        &format!("{KEY}.{}", "a".repeat(41)),
    ] {
        assert_eq!(key_of_job(bad), None, "{bad}");
    }
}
