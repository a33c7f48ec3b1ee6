//! Vendors that call back: WaveSpeed's webhooks, signed and sent for real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::World;
use cuelight_tests::uploads::{asset, png};
use reqwest::StatusCode;
use serde_json::json;

const SECRET: &str = "whsec_c2hhcmVkLXdpdGgtd2F2ZXNwZWVk";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_answer_was_lost_is_found_again_when_its_vendor_calls_back() {
    let mut world = World::keyed(
        &["--delay-scale", "0.02"],
        &[("STUDIO_WAVESPEED_WEBHOOK_KEY", SECRET)],
        &[("WAVESPEED_WEBHOOK_SECRET", json!(SECRET))],
    )
    .await;
    // Where it is called back is known once it runs.
    let place = format!("{}/api/v1/hooks/wavespeed", world.edge);
    world.set("PROVIDERS", &json!({"wavespeed": {"options": {"webhook_url": place}}}));
    world.kill_edge().await;
    world.start_edge().await;

    let picture = asset(&world, "image/png", png(800, 800, [60, 140, 90])).await;
    world
        .studio_faults(json!([{"vendor": "wavespeed", "on": "submit", "kind": "lost_answer", "times": 1}]))
        .await;
    let body = json!({
        "operation_type": "image_to_video", "model": "kling-2.5-turbo-std",
        "params": {"image": picture, "prompt": "she waves", "duration": 5},
    });
    let (status, job) = world.post_job("s", &body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let done = world.finished(job["id"].as_str().unwrap()).await;
    assert_eq!(done["status"], "complete", "{done}");
    let stats = world.studio_stats().await;
    assert_eq!(stats["vendors"]["wavespeed"]["submissions"], 1, "it was ordered once: {stats}");
    assert_eq!(world.usage().await["month"], stats["vendors"]["wavespeed"]["total_micro_usd"]);

    // Nobody else is listened to.
    let hook = format!("{place}/{}.1.1", job["cache_key"].as_str().unwrap());
    let forged = world.http.post(hook).header("webhook-signature", "v3,00").json(&json!({"id": "x"}));
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
