//! Whose money is spent, and when none is left: budgets, plans, and the ledger against the bill.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::world::small_clip;
use cuelight_tests::{Server, World};
use serde_json::{Value, json};

/// What [`small_clip`] costs.
const PRICE: u64 = 3_000;
const MAY: [&str; 2] = ["jobs", "usage"];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_spends_more_than_the_budget_and_a_refusal_submits_nothing() {
    let tenants = json!({
        "daily": {"namespace": "d", "plan": "enterprise", "daily_micro_usd": 2 * PRICE},
        "guesser": {"namespace": "g", "plan": "enterprise", "speculation_daily_micro_usd": PRICE},
        "free": {"namespace": "f", "plan": "free"},
        "two-clips": {"namespace": "t", "plan": "pro", "clips_per_month": 2},
    });
    let servers = ["daily", "guesser", "free", "two-clips"].map(|tenant| (tenant, 1 + tenant.len() as u8));
    let [daily, guesser, free, two_clips] = servers.map(|(tenant, number)| Server::new(number, tenant, &MAY));
    let keys: Vec<&Value> = [&daily, &guesser, &free, &two_clips].map(|server| &server.entry).to_vec();
    let settings = [("TENANTS", tenants), ("SECRET_KEYS", json!(keys))];
    let world = World::with(&["--delay", "realtime=100"], &settings).await;

    let mut made = 0;
    for (server, budget) in [(&daily, "daily budget"), (&two_clips, "2 clips a month")] {
        for number in 0..2 {
            made += 1;
            finish(&world, server, &small_clip(&format!("within-{number}"))).await;
        }
        let body = small_clip("beyond");
        let preflight = server.post(&world, "/api/v1/jobs/preflight", &body).await.json;
        let refused = server.ask(&world, &body).await;
        let code = refused.json["code"].as_str().unwrap();
        assert!(
            refused.status == 402 && matches!(code, "budget_exceeded" | "quota_exceeded"),
            "{:#}",
            refused.json
        );
        assert!(refused.json["detail"].as_str().unwrap().contains(budget), "{:#}", refused.json);
        assert_eq!((&preflight["admitted"], &preflight["refusal"]["code"]), (&json!(false), &json!(code)));
        // What exists is served without money.
        let hit = server.ask(&world, &small_clip("within-0")).await;
        assert_eq!((hit.status.as_u16(), &hit.json["source"]), (200, &json!("hit")));
        let usage = server.get(&world, "/api/v1/usage").await.json;
        assert_eq!((&usage["today"], &usage["reserved"]), (&json!(2 * PRICE), &json!(0)), "{usage}");
    }

    // A guess may not spend what a wish may.
    let guess = |cache_key: &str| {
        let mut body = small_clip(cache_key);
        body["speculative"] = json!(true);
        body
    };
    finish(&world, &guesser, &guess("guess-1")).await;
    guesser.ask(&world, &guess("guess-2")).await.expect_problem(402, "budget_exceeded");
    finish(&world, &guesser, &small_clip("guess-2")).await;
    let usage = guesser.get(&world, "/api/v1/usage").await.json;
    assert_eq!((&usage["speculation_today"], &usage["month"]), (&json!(PRICE), &json!(2 * PRICE)), "{usage}");
    made += 2;

    // A plan has the states that it has.
    for (state, status) in [("idle", 202), ("happy", 402), ("sad", 402)] {
        let mut body = small_clip("plan");
        body["params"]["state"] = json!(state);
        let answer = free.ask(&world, &body).await;
        assert_eq!(answer.status, status, "{state}: {:#}", answer.json);
        if status == 402 {
            answer.expect_problem(402, "quota_exceeded");
        } else {
            made += 1;
            wait(&world, &free, answer.json["id"].as_str().unwrap()).await;
        }
    }

    let mut ledger = 0;
    for server in [&daily, &guesser, &free, &two_clips] {
        ledger += server.get(&world, "/api/v1/usage").await.json["month"].as_u64().unwrap();
    }
    let bill = world.studio_bill().await;
    assert_eq!((&bill["total_micro_usd"], &bill["charged"]), (&json!(ledger), &json!(made)));
    assert_eq!(world.studio_stats().await["submissions"], made, "what was refused was never submitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_or_could_not_be_used_is_paid_only_if_it_was_charged() {
    let world = World::start(&["--delay", "realtime=100"]).await;
    for rule in [
        json!({"kind": "fail", "on": "submit", "times": 2}),
        json!({"kind": "fail", "on": "poll", "times": 2}),
        json!({"kind": "refuse", "on": "poll", "times": 1}),
        json!({"kind": "truncate", "on": "download", "times": 3}),
    ] {
        world.studio_faults(json!([rule])).await;
        let job = world.ask("money", &small_clip(&rule.to_string().replace(['"', '{', '}', ','], "-"))).await;
        let done = world.finished(job.json["id"].as_str().unwrap()).await;
        cuelight_tests::world::until(async || world.usage().await["reservations"] == 0).await;
        let (usage, bill) = (world.usage().await, world.studio_bill().await);
        assert_eq!(usage["month"], bill["total_micro_usd"], "{rule}: {done}");
        let cost = if done["status"] == "complete" { json!(PRICE) } else { Value::Null };
        assert_eq!(done["cost_micro_usd"], cost, "{rule}: {done}");
    }
    let days = world.usage().await["days"].clone();
    assert_eq!((&days[0]["paid"], &days[0]["refunded"]), (&json!(3), &json!(3)), "{days}");
}

async fn finish(world: &World, server: &Server, body: &Value) {
    let answer = server.ask(world, body).await;
    assert_eq!(answer.status, 202, "{:#}", answer.json);
    wait(world, server, answer.json["id"].as_str().unwrap()).await;
}

async fn wait(world: &World, server: &Server, id: &str) {
    let path = format!("/api/v1/jobs/{id}");
    cuelight_tests::world::until(async || server.get(world, &path).await.json["status"] == "complete").await;
}
