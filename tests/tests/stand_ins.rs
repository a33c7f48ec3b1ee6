//! A clip that another model made says so, to whoever waited for it and to whoever finds it later.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::World;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_picture_is_told_which_model_stood_in_for_it() {
    let world = World::bare(&["--delay-scale", "0.01"], &[]).await;
    let body = json!({"operation_type": "text_to_image", "params": {"prompt": "a lighthouse in fog"}});
    let request = world.http.post(world.at("/api/v1/jobs/preflight")).json(&body);
    let planned = cuelight_tests::Answer::to(request).await.json;
    let vendor = planned["provider"].as_str().unwrap();
    world.studio_faults(json!([{"vendor": vendor, "on": "submit", "kind": "invalid", "times": 1}])).await;

    let (_, job) = world.post_job("s", &body).await;
    assert_eq!(job["model"], planned["model"], "who is to make it: {job}");
    let made = world.finished(job["id"].as_str().unwrap()).await;
    assert_eq!(made["status"], "complete", "{made}");
    assert!(made["model"] != planned["model"] && made["cache_key"] == planned["cache_key"], "{made}");
    let note = made["model_note"].as_str().unwrap();
    assert!(note.contains(planned["model"].as_str().unwrap()) && note.contains("stood in"), "{note}");

    let (status, found) = world.post_job("another", &body).await;
    assert_eq!((status, &found["source"]), (StatusCode::OK, &json!("hit")), "{found}");
    for member in ["provider", "model", "model_note"] {
        assert_eq!(found[member], made[member], "{member} of what was found: {found}");
    }
}
