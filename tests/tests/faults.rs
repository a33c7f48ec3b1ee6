//! What goes wrong between a page and a provider, and what the edge makes of it: nothing is lost
//! and nothing is asked for twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use cuelight_tests::World;
use cuelight_tests::world::state_clip;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_edge_finishes_what_it_had_begun_without_asking_again() {
    let mut world = World::start(&["--delay", "realtime=4000"]).await;
    let mut events = world.events("s-kill", None).await;
    let (status, job) = world.post_job("s-kill", &state_clip("miso", "happy")).await;
    assert_eq!(status, 202, "{job}");
    let id = job["id"].as_str().unwrap();
    let seen = events.until("job:processing", id).await;
    let last = seen.last().unwrap()["seq"].as_u64().unwrap();
    events.drop_connection();

    world.kill_edge().await;
    assert_eq!(world.studio_stats().await["downloads"], 0, "it was killed while the provider was at work");
    world.start_edge().await;

    let done = world.finished(id).await;
    assert_eq!(done["status"], "complete", "{done}");
    assert_eq!(world.get(done["content"]["url"].as_str().unwrap()).await.status(), 200);
    let stats = world.studio_stats().await;
    assert_eq!((&stats["submissions"], &stats["replays"]), (&json!(1), &json!(0)), "{stats}");

    let mut events = world.events("s-kill", Some(last)).await;
    let mut after = events.until("job:completed", id).await;
    after.insert(0, json!({ "seq": last }));
    assert_gapless(&after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_socket_loses_no_event() {
    let world = World::start(&["--delay", "realtime=600"]).await;
    let states = ["idle", "talking", "thinking", "greeting"];
    let mut seen: Vec<Value> = Vec::new();
    let mut since = None;
    let mut waiting: Vec<String> = Vec::new();
    for state in states {
        // A new connection for every job, dropped in the middle of it.
        let mut events = world.events("s-drop", since).await;
        let (_, job) = world.post_job("s-drop", &state_clip("juno", state)).await;
        waiting.push(job["id"].as_str().unwrap().to_owned());
        while let Some(message) = events.next_within(Duration::from_millis(150)).await {
            seen.push(message);
        }
        since = seen.last().map(|m| m["seq"].as_u64().unwrap()).or(since);
        events.drop_connection();
    }
    for id in &waiting {
        assert_eq!(world.finished(id).await["status"], "complete");
    }
    let mut events = world.events("s-drop", since).await;
    assert_eq!(events.snapshot["reset"], false);
    while seen.iter().filter(|m| m["type"] == "job:completed").count() < states.len() {
        seen.push(events.next().await);
    }
    assert_gapless(&seen);
    for id in &waiting {
        for kind in ["job:queued", "job:completed"] {
            let count = seen.iter().filter(|m| m["type"] == kind && m["job_id"] == id.as_str()).count();
            assert_eq!(count, 1, "{kind} for {id}: {seen:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misbehaving_provider_is_survived_or_explained() {
    let world = World::start(&["--delay", "realtime=100"]).await;

    for (state, rules, submissions) in [
        ("idle", json!([{"kind": "throttle", "on": "submit", "times": 1, "retry_after_s": 1}]), 1),
        ("talking", json!([{"kind": "fail", "on": "submit", "times": 1}]), 1),
        // The connection breaks after the studio took the order: the same order is found again.
        ("thinking", json!([{"kind": "drop", "on": "submit", "times": 1}]), 1),
        ("greeting", json!([{"kind": "drop", "on": "poll", "times": 2}]), 1),
        ("happy", json!([{"kind": "truncate", "on": "download", "times": 1}]), 1),
        ("confused", json!([{"kind": "mislabel", "on": "download", "times": 1}]), 1),
        ("excited", json!([{"kind": "drop", "on": "download", "times": 1}]), 1),
    ] {
        let before = world.studio_stats().await["submissions"].as_u64().unwrap();
        world.studio_faults(rules.clone()).await;
        let (_, job) = world.post_job(&format!("s-{state}"), &state_clip("dash", state)).await;
        let done = world.finished(job["id"].as_str().unwrap()).await;
        assert_eq!(done["status"], "complete", "{rules}: {done}\n{}", world.edge_log());
        let clip = world.get(done["content"]["url"].as_str().unwrap()).await;
        assert_eq!(&clip.bytes().await.unwrap()[4..8], b"ftyp", "{rules}");
        let made = world.studio_stats().await["submissions"].as_u64().unwrap() - before;
        assert_eq!(made, submissions, "{rules}");
    }

    // Final, explained, and never cached as if it were the clip.
    for (state, rules, code, submissions) in [
        ("sad", json!([{"kind": "refuse", "on": "submit", "times": null}]), "content_refused", 0),
        ("surprised", json!([{"kind": "fail", "on": "submit", "times": null}]), "provider_failed", 0),
        ("confident", json!([{"kind": "fail", "on": "poll", "times": null}]), "provider_failed", 3),
    ] {
        let before = world.studio_stats().await["submissions"].as_u64().unwrap();
        world.studio_faults(rules.clone()).await;
        let (_, job) = world.post_job(&format!("s-{state}"), &state_clip("dash", state)).await;
        let done = world.finished(job["id"].as_str().unwrap()).await;
        assert_eq!(done["status"], "failed", "{rules}: {done}");
        assert_eq!(done["error"]["code"], code, "{done}");
        assert!(done["error"]["detail"].as_str().unwrap().len() > 20, "{done}");
        let made = world.studio_stats().await["submissions"].as_u64().unwrap() - before;
        assert!(made <= submissions, "{rules}: {made} submissions");
        let key = job["cache_key"].as_str().unwrap();
        assert_eq!(world.get(&format!("/clips/{key}")).await.status(), 404);
    }

    // What failed can be wanted again once the provider is well.
    world.studio_faults(json!([])).await;
    let (_, job) = world.post_job("s-again", &state_clip("dash", "surprised")).await;
    assert_eq!(world.finished(job["id"].as_str().unwrap()).await["status"], "complete");
}

/// Event numbers go up by one: none is missing and none came twice.
fn assert_gapless(events: &[Value]) {
    let numbers: Vec<u64> = events.iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}
