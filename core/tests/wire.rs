//! The JSON that both halves speak, pinned: a deploy meets yesterday's pages, and a page meets
//! tomorrow's edge.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::api::{
    EventKind, Fallback, FallbackContent, FallbackSource, Job, JobEvent, JobList, JobStatus, Preflight,
    Snapshot, TokenGrant, job_id, key_of_job,
};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::supply::{Heard, Listing};
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
        "status": "processing", "operation_type": "state_clip",
        "provider": "studio", "model": "studio-character-1", "strategy": "per_player", "cache_key": KEY,
        "source": "coalesced", "priority": 10, "speculative": false, "progress": 0.25,
        "created_at": 1_700_000_000_000_u64, "updated_at": 1_700_000_001_000_u64, "estimate_ms": 2500,
        "fallback": {"kind": "placeholder", "url": "/placeholders/idle.svg",
            "content_type": "image/svg+xml", "source": "placeholder"},
        "request_id": "r-1",
    })
}

/// As [`pinned`], and the browser module's own reader finds the same in it.
fn pinned_job(wire: &Value) -> Job {
    let job: Job = pinned(wire);
    assert_eq!(Heard::of_job(wire), Some(job.clone().into()));
    job
}

/// The same of a socket's message.
fn pinned_event(wire: &Value) -> JobEvent {
    let event: JobEvent = pinned(wire);
    assert_eq!(Heard::of_event(wire), Some((event.seq, event.clone().into())));
    assert_eq!(Listing::read(wire), None);
    event
}

#[test]
fn every_status_and_kind_is_read_by_the_name_it_is_written_with() {
    for status in JobStatus::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        assert_eq!(JobStatus::parse(status.as_str()), Some(status));
    }
    for kind in EventKind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        assert_eq!(EventKind::parse(name.as_str().unwrap()), Some(kind));
    }
    for wrong in ["", "job:", "queued", "job:complete", "Job:queued"] {
        assert_eq!(EventKind::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn what_is_no_job_is_not_read_as_one() {
    for (name, value) in
        [("status", json!("new")), ("cache_key", json!("x")), ("job_id", Value::Null), ("status", json!(1))]
    {
        let mut wire = job();
        wire[name] = value;
        assert_eq!(Heard::of_job(&wire), None, "{name}");
        assert!(serde_json::from_value::<Job>(wire).is_err(), "{name}");
    }
    assert_eq!(Heard::of_job(&Value::Null), None);
}

#[test]
fn a_running_job_is_written_this_way() {
    let job = pinned_job(&job());
    assert!(!job.status.is_final());
}

#[test]
fn a_finished_job_is_written_this_way() {
    let mut wire = job();
    wire["status"] = "complete".into();
    wire["source"] = "hit".into();
    wire["progress"] = 1.0.into();
    wire["cost_micro_usd"] = 5000.into();
    wire["preview"] = json!({"url": "/clips/p", "content_type": "video/mp4", "bytes": 9_000});
    wire["content"] = json!({"url": format!("/clips/{KEY}"), "content_type": "video/mp4", "bytes": 123_456});
    wire.as_object_mut().unwrap().remove("estimate_ms");
    wire.as_object_mut().unwrap().remove("fallback");
    assert!(pinned_job(&wire).status.is_final());
    wire["status"] = "failed".into();
    wire["error"] = json!({"code": "content_refused", "detail": "The provider refused the content."});
    assert_eq!(pinned_job(&wire).status, JobStatus::Failed);
}

#[test]
fn a_job_of_yesterday_is_still_read() {
    let mut wire = job();
    for new in ["provider", "model", "strategy", "request_id"] {
        wire.as_object_mut().unwrap().remove(new);
    }
    wire["fallback"] = json!({"kind": "placeholder", "url": "/placeholders/idle.svg"});
    let job: Job = serde_json::from_value(wire).unwrap();
    assert_eq!((job.provider, job.model, job.strategy), (None, None, None));
    assert_eq!(job.fallback.unwrap().source, FallbackSource::Placeholder);
}

#[test]
fn every_fallback_is_written_this_way() {
    for (kind, rest) in [
        ("default_content", json!({"url": "/a.png", "content_type": "image/png", "source": "default"})),
        ("cached", json!({"url": "/clips/p", "content_type": "video/mp4", "source": "preview"})),
        (
            "cached",
            json!({"url": "/clips/n", "source": "nearest", "cue": {"state": "happy"}, "distance": 0.125}),
        ),
        ("placeholder", json!({"url": "/placeholders/idle.svg", "source": "placeholder"})),
        ("freeze", json!({"source": "none"})),
        ("skip", json!({"source": "none"})),
        ("retry", json!({"source": "none", "retry_after_ms": 2500})),
    ] {
        let mut wire = rest;
        wire["kind"] = kind.into();
        assert_eq!(pinned::<FallbackContent>(&wire).kind.as_str(), kind);
    }
    for kind in Fallback::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

#[test]
fn a_token_is_sent_and_never_told() {
    let grant =
        pinned::<TokenGrant>(&json!({"token": "s3cr3t", "expires_at": 1_700_000_000_000_u64, "id": "t1"}));
    assert!(!format!("{grant:?}").contains("s3cr3t"));
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
    pinned_event(&message(json!({"type": "job:queued"})));
    pinned_event(&message(json!({"type": "job:processing", "progress": 0.5})));
    let done =
        pinned_event(&message(json!({"type": "job:completed", "result_url": format!("/clips/{KEY}")})));
    assert_eq!(done.kind, EventKind::Completed);
    pinned_event(&message(
        json!({"type": "job:failed", "error": {"code": "provider_failed", "detail": "It is down."}}),
    ));
    pinned_event(&message(json!({"type": "job:cancelled"})));
    let listing = json!({"type": "session:snapshot", "seq": 9, "reset": false, "jobs": [job()]});
    let snapshot = pinned::<Snapshot>(&listing);
    let jobs = snapshot.jobs.into_iter().map(Heard::from).collect();
    let read = Listing { seq: snapshot.seq, reset: snapshot.reset, jobs };
    assert_eq!(Listing::read(&listing), Some(read));
    assert_eq!(Heard::of_event(&listing), None);
    pinned_event(&message(json!({"type": "job:preview", "result_url": "/clips/p"})));
    pinned::<JobList>(&json!({"jobs": [job()], "next_cursor": "c"}));
    pinned::<JobList>(&json!({"jobs": []}));
}

#[test]
fn a_preflight_is_written_this_way() {
    let mut wire = json!({
        "cache_key": KEY, "exists": false, "provider": "studio", "model": "studio-character-1",
        "cost_micro_usd": 5000, "estimate_ms": 2500, "admitted": true, "fallbacks": ["cached", "placeholder"],
    });
    pinned::<Preflight>(&wire);
    wire.as_object_mut().unwrap().remove("estimate_ms");
    wire["admitted"] = false.into();
    wire["refusal"] = json!({"code": "budget_exceeded", "detail": "The day's budget is used up."});
    pinned::<Preflight>(&wire);
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
