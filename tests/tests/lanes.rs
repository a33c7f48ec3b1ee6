//! The queue before a provider: drained and opened by an operator, shut and opened by the provider's
//! own health.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::world::{small_clip, until};
use cuelight_tests::{Answer, World};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_lane_submits_nothing_and_goes_on_when_it_is_opened() {
    let world = World::start(&["--delay", "realtime=100"]).await;
    let lane = drain(&world, true).await;
    assert_eq!((&lane["drained"], &lane["leased"]), (&json!(true), &json!(0)), "{lane}");
    let mut jobs = Vec::new();
    for number in 0..3 {
        let answer = world.ask("drained", &small_clip(&format!("drained-{number}"))).await;
        assert_eq!((answer.status.as_u16(), &answer.json["status"]), (202, &json!("queued")));
        jobs.push(answer.json["id"].as_str().unwrap().to_owned());
    }
    until(async || status(&world).await["waiting"] == 3).await;
    assert_eq!(world.studio_stats().await["submissions"], 0);
    drain(&world, false).await;
    for id in &jobs {
        assert_eq!(world.finished(id).await["status"], "complete");
    }
    until(async || status(&world).await["leased"] == 0).await;
    assert_eq!(world.studio_stats().await["submissions"], 3);

    let request = world.http.put(world.at("/api/v1/lanes/studio")).json(&json!({"drained": "yes"}));
    Answer::to(request).await.expect_problem(422, "invalid_request");
    Answer::to(world.http.get(world.at("/api/v1/lanes/nobody"))).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_provider_is_left_alone_and_found_again_when_it_is_well() {
    let world = World::start(&["--delay", "realtime=100"]).await;
    world.studio_faults(json!([{"kind": "fail", "on": "submit"}])).await;
    let mut jobs = Vec::new();
    for number in 0..6 {
        let answer = world.ask("breaker", &small_clip(&format!("breaker-{number}"))).await;
        jobs.push(answer.json["id"].as_str().unwrap().to_owned());
    }
    until(async || status(&world).await["breaker"] == "open").await;
    let faults = world.studio_stats().await["faults"]["fail"].as_u64().unwrap();
    assert!(
        (5..=8).contains(&faults),
        "{faults} calls of a provider that fails: as many as hold a slot at most"
    );
    assert_eq!(world.metric("cuelight_lane_breaker{lane=\"studio\"}").await, 2);

    // It finds out by itself, with one of those that wait.
    world.studio_faults(json!([])).await;
    for id in &jobs {
        assert_eq!(world.finished(id).await["status"], "complete", "nobody lost a clip by it");
    }
    let lane = status(&world).await;
    assert_eq!((&lane["breaker"], &lane["waiting"]), (&json!("closed"), &json!(0)), "{lane}");
    let stats = world.studio_stats().await;
    assert_eq!((&stats["submissions"], &stats["faults"]["fail"]), (&json!(6), &json!(faults)), "{stats}");
}

async fn status(world: &World) -> Value {
    Answer::to(world.http.get(world.at("/api/v1/lanes/studio"))).await.json
}

async fn drain(world: &World, drained: bool) -> Value {
    let request = world.http.put(world.at("/api/v1/lanes/studio")).json(&json!({"drained": drained}));
    let answer = Answer::to(request).await;
    assert_eq!(answer.status, 200, "{:#}", answer.json);
    answer.json
}
