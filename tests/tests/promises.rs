//! What the edge promises whoever asks for clips: one call for a key, an exact limit, a cancellation
//! that is one, and an honest answer meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cuelight_tests::world::{PATIENCE, small_clip, state_clip, until};
use cuelight_tests::{Answer, EventStream, Receiver, World};
use data_encoding::BASE64;
use futures_util::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Players.
const CROWD: usize = 1_000;
/// How many of them are answered at the same time.
const AT_ONCE: usize = 250;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_for_one_clip_are_one_submission_and_for_a_warm_one_none() {
    let world = World::bare(&["--delay", "realtime=500"], &[]).await;
    let warm = small_clip("warm");
    let first = world.ask("first", &warm).await;
    let done = world.finished(first.json["id"].as_str().unwrap()).await;
    let url = done["content"]["url"].as_str().unwrap();
    assert_eq!(world.get(url).await.status(), 200);

    let calls = rest(&world, "cuelight_actor_calls_total").await;
    let answers = crowd(&world, &warm).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.json["source"] == "hit"));
    assert_eq!(
        world.metric("cuelight_actor_calls_total").await,
        calls,
        "a clip that exists touches no actor"
    );
    assert_eq!(world.studio_stats().await["submissions"], 1);

    let answers = crowd(&world, &small_clip("cold")).await;
    let kinds: BTreeSet<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert!(kinds.is_subset(&BTreeSet::from([200, 202])), "{kinds:?}");
    let generated = answers.iter().filter(|answer| answer.json["source"] == "generated").count();
    assert!(generated <= 1, "one began it, everybody else joined or found it: {generated}");
    world.finished(answers[0].json["id"].as_str().unwrap()).await;
    let stats = world.studio_stats().await;
    assert_eq!((&stats["submissions"], &stats["replays"]), (&json!(2), &json!(0)), "{stats}");
}

/// Ten thousand requests by a thousand players, each of whom stays within its limit.
async fn crowd(world: &World, body: &Value) -> Vec<Answer> {
    let asks = (0..10 * CROWD).map(|number| async move {
        let session = format!("crowd-{}", number % CROWD);
        let began = Instant::now();
        loop {
            // An edge that is this busy drops connections; whoever lost one asks again.
            match Answer::tried(world.asking(&session, body)).await {
                Ok(answer) => break answer,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
        }
    });
    stream::iter(asks).buffer_unordered(AT_ONCE).collect().await
}

/// The counter, once it has come to rest.
async fn rest(world: &World, name: &str) -> u64 {
    let started = Instant::now();
    let mut before = world.metric(name).await;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = world.metric(name).await;
        if now == before {
            return now;
        }
        assert!(started.elapsed() < PATIENCE, "{name} never comes to rest");
        before = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_from_many_connections_is_admitted_to_the_request() {
    let world = World::start(&["--delay", "realtime=100"]).await;
    let body = |number: usize| small_clip(&format!("burst-{number}"));
    let asks = (0..200).map(|number| {
        let world = &world;
        async move { (number, world.ask("burst", &body(number)).await) }
    });
    let answers: Vec<(usize, Answer)> = stream::iter(asks).buffer_unordered(50).collect().await;
    let (admitted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, answer)| answer.status == 202);
    assert_eq!(admitted.len(), 10);
    for (_, answer) in refused {
        answer.expect_problem(429, "rate_limited");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(answer.header("ratelimit-policy"), "\"misses\";q=10;w=60");
        assert_eq!(answer.header("ratelimit"), format!("\"misses\";r=0;t={wait}"));
        assert!(answer.json["detail"].as_str().unwrap().contains(&format!("{wait} s")), "{}", answer.json);
    }
    let left: BTreeSet<&str> = admitted.iter().map(|(_, answer)| answer.header("ratelimit")).collect();
    assert_eq!(left.len(), 10, "each is told what is left: {left:?}");

    let (number, made) = admitted[0];
    world.finished(made.json["id"].as_str().unwrap()).await;
    let again = world.ask("burst", &body(*number)).await;
    assert_eq!((again.status.as_u16(), &again.json["source"]), (200, &json!("hit")), "a hit is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_window_holds_more_than_the_limit_and_every_window_is_used() {
    let limits = json!({"requests": 10, "window_s": 3});
    let world = World::with(&["--delay", "realtime=50"], &[("LIMITS", limits)]).await;
    let mut events = world.events("window", None).await;
    let started = Instant::now();
    let asks = (0..).take_while(|_| started.elapsed() < Duration::from_secs(10)).map(|n| {
        let world = &world;
        async move { world.ask("window", &small_clip(&format!("window-{n}"))).await.status }
    });
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(20).collect().await;
    let admitted = answers.iter().filter(|status| **status == 202).count();
    // An event carries the very time at which its request was admitted.
    let mut times = Vec::new();
    while times.len() < admitted {
        let event = events.next().await;
        if event["type"] == "job:queued" {
            times.push(event["at"].as_u64().unwrap());
        }
    }
    assert!(admitted >= 30, "ten seconds hold three whole windows: {admitted} of {}", answers.len());
    for (first, eleventh) in times.iter().zip(&times[10..]) {
        assert!(eleventh - first >= 3_000, "eleven within {} ms", eleventh - first);
    }
    let longest = times.iter().zip(&times[10..]).map(|(first, eleventh)| eleventh - first).max().unwrap();
    assert!(longest < 4_000, "asked all the time, and yet a window of {longest} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_told_the_truth_and_charged_for_nothing_else() {
    let world = World::start(&["--delay", "realtime=100,fast=100,balanced=2500"]).await;
    a_preflight_spends_nothing(&world).await;
    the_last_who_wanted_it_stops_the_provider_and_nothing_is_charged(&world).await;
    the_same_idempotency_key_is_the_same_job(&world).await;
    a_list_is_filtered_and_paged(&world).await;
    meanwhile_the_first_fallback_that_exists_is_shown(&world).await;
    a_preview_comes_before_the_clip(&world).await;
    a_webhook_is_signed_and_repeated_until_it_is_taken(&world).await;
    a_request_is_followed_through_every_actor(&world).await;
}

async fn a_preflight_spends_nothing(world: &World) {
    for _ in 0..20 {
        let request =
            world.http.post(world.at("/api/v1/jobs/preflight")).header("x-cuelight-session", "look");
        let answer = Answer::to(request.json(&small_clip("preflight"))).await;
        assert_eq!((answer.status.as_u16(), &answer.json["exists"]), (200, &json!(false)));
        assert_eq!((&answer.json["cost_micro_usd"], &answer.json["admitted"]), (&json!(3_000), &json!(true)));
        assert_eq!(answer.json["fallbacks"], json!(["placeholder"]));
    }
    assert_eq!(world.studio_stats().await["submissions"], 0);
    let usage = world.usage().await;
    assert_eq!((&usage["month"], &usage["reservations"]), (&json!(0), &json!(0)));
}

async fn the_last_who_wanted_it_stops_the_provider_and_nothing_is_charged(world: &World) {
    let body = json!({"operation_type": "state_clip", "params": {
        "character": "bolt", "state": "happy", "quality_preset": "balanced", "duration": 1}});
    let mut events = world.events("cancel-1", None).await;
    let one = world.ask("cancel-1", &body).await.json["id"].as_str().unwrap().to_owned();
    let other = world.ask("cancel-2", &body).await.json["id"].as_str().unwrap().to_owned();
    events.until("job:processing", &one).await;
    let cancel = |session: &'static str, id: String| {
        let request = world.http.delete(world.at(&format!("/api/v1/jobs/{id}")));
        Answer::to(request.header("x-cuelight-session", session))
    };
    cancel("cancel-2", one.clone()).await.expect_problem(404, "not_found");
    let answer = cancel("cancel-1", one.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json["status"]), (200, &json!("cancelled")));
    events.until("job:cancelled", &one).await;
    cancel("cancel-1", one).await.expect_problem(409, "already_final");
    assert_eq!(world.studio_stats().await["cancels"], 0, "somebody still wants it");
    cancel("cancel-2", other).await;
    until(async || world.studio_stats().await["cancels"] == 1).await;
    until(async || world.usage().await["reservations"] == 0).await;
    assert_eq!(world.usage().await["month"], 0);
    assert_eq!(world.studio_bill().await["total_micro_usd"], 0);
}

async fn the_same_idempotency_key_is_the_same_job(world: &World) {
    let before = world.studio_stats().await["submissions"].as_u64().unwrap();
    let mut body = small_clip("idempotent");
    body["strategy"] = json!("always");
    let ask = |body: Value| {
        let request = world.http.post(world.at("/api/v1/jobs")).header("idempotency-key", "order-1");
        Answer::to(request.header("x-cuelight-session", "idempotent").json(&body))
    };
    let first = ask(body.clone()).await;
    let again = ask(body.clone()).await;
    assert_eq!(first.json["id"], again.json["id"]);
    world.finished(first.json["id"].as_str().unwrap()).await;
    let later = ask(body.clone()).await;
    assert_eq!((later.status.as_u16(), &later.json["id"]), (200, &first.json["id"]), "{:#}", later.json);
    body["priority"] = json!(3);
    ask(body.clone()).await.expect_problem(422, "idempotency_conflict");
    let without = world.ask("idempotent", &body).await;
    assert_ne!(without.json["cache_key"], first.json["cache_key"], "always makes a new one");
    world.finished(without.json["id"].as_str().unwrap()).await;
    body["player_context"] = json!({ "nonce": "0123456789abcdef" });
    let drawn = world.ask("idempotent", &body).await;
    world.finished(drawn.json["id"].as_str().unwrap()).await;
    let known = world.ask("idempotent", &body).await;
    assert_eq!(known.json["cache_key"], drawn.json["cache_key"], "whoever draws the nonce knows the key");
    assert_eq!(known.json["status"], "complete");
    assert_eq!(world.studio_stats().await["submissions"].as_u64().unwrap() - before, 3);
    body["player_context"] = json!({ "nonce": "short" });
    world.ask("idempotent", &body).await.expect_problem(422, "invalid_request");
}

async fn a_list_is_filtered_and_paged(world: &World) {
    let mut ids = Vec::new();
    for number in 0..5 {
        let answer = world.ask("list", &small_clip(&format!("list-{number}"))).await;
        let id = answer.json["id"].as_str().unwrap().to_owned();
        world.finished(&id).await;
        ids.push(id);
    }
    let list = async |query: &str| {
        let request = world.http.get(world.at(&format!("/api/v1/jobs?session=list{query}")));
        Answer::to(request).await
    };
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = list(&format!("&limit=2{cursor}")).await.json;
        found.extend(
            page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    ids.reverse();
    assert_eq!(found, ids, "newest first, each once");
    for (query, count) in [
        ("&status=complete,failed", 5),
        ("&status=queued", 0),
        ("&operation_type=state_clip", 5),
        ("&operation_type=npc_response", 0),
    ] {
        assert_eq!(list(query).await.json["jobs"].as_array().unwrap().len(), count, "{query}");
    }
    let wrong = list("&status=flying&operation_type=x&cursor=y&limit=1000").await;
    wrong.expect_problem(422, "invalid_request");
    assert_eq!(wrong.json["errors"].as_array().unwrap().len(), 4, "all of them at once");
}

async fn meanwhile_the_first_fallback_that_exists_is_shown(world: &World) {
    let near = world.ask("near", &state_clip("pip", "talking")).await;
    world.finished(near.json["id"].as_str().unwrap()).await;
    let ask = async |state: &str, fallback: Value| {
        let body = json!({
            "operation_type": "state_clip", "fallback": fallback, "strategy": "always",
            "default_content": {"url": "https://shop.example/still.png", "content_type": "image/png"},
            "params": {"character": "pip", "state": state, "quality_preset": "realtime"},
        });
        let job = world.ask("fallback", &body).await.json;
        job["fallback"].clone()
    };
    let shown = ask("greeting", json!(["default_content", "placeholder"])).await;
    assert_eq!((&shown["kind"], &shown["source"]), (&json!("default_content"), &json!("default")));
    assert_eq!(shown["url"], "https://shop.example/still.png");
    let shown = ask("greeting", json!(["cached", "placeholder"])).await;
    assert_eq!((&shown["kind"], &shown["source"]), (&json!("cached"), &json!("nearest")), "{shown}");
    assert_eq!(
        (&shown["url"], &shown["cue"]["state"]),
        (&json!(format!("/clips/{}", near.json["cache_key"].as_str().unwrap())), &json!("talking"))
    );
    assert!((0.0..=0.25).contains(&shown["distance"].as_f64().unwrap()), "{shown}");
    let shown = ask("sad", json!(["cached", "placeholder"])).await;
    assert_eq!(shown["source"], "placeholder", "nobody is shown talking for sad: {shown}");
    for (kind, member) in [("placeholder", "url"), ("retry", "retry_after_ms")] {
        let shown = ask("sad", json!(kind)).await;
        assert!(shown["kind"] == kind && !shown[member].is_null(), "{shown}");
    }
    for kind in ["freeze", "skip"] {
        assert_eq!(ask("sad", json!(kind)).await, json!({"kind": kind, "source": "none"}));
    }
}

async fn a_preview_comes_before_the_clip(world: &World) {
    let mut events = world.events("progressive", None).await;
    let body = json!({"operation_type": "state_clip", "progressive": true, "fallback": "cached", "params": {
        "character": "bolt", "state": "talking", "quality_preset": "balanced", "duration": 1}});
    let job = world.ask("progressive", &body).await.json;
    let id = job["id"].as_str().unwrap();
    let seen = events.until("job:completed", id).await;
    let at = |kind: &str| seen.iter().position(|event| event["type"] == kind && event["job_id"] == id);
    let (preview, clip) = (at("job:preview").expect("a preview"), at("job:completed").unwrap());
    assert!(preview < clip, "{seen:#?}");
    let url = seen[preview]["result_url"].as_str().unwrap();
    assert_ne!(url, seen[clip]["result_url"]);
    assert_eq!(world.get(url).await.status(), 200);
    // Its session knows of the preview.
    let done: Value =
        world.get(&format!("/api/v1/jobs/{id}?session=progressive")).await.json().await.unwrap();
    assert_eq!((&done["preview"]["url"], &done["content"]["url"]), (&json!(url), &seen[clip]["result_url"]));
}

async fn a_webhook_is_signed_and_repeated_until_it_is_taken(world: &World) {
    let mut receiver = Receiver::start(&[500, 204]).await;
    let mut body = small_clip("webhook");
    body["webhook"] = json!({"url": receiver.url});
    let job = world.ask("webhook", &body).await;
    assert_eq!(job.status, 202, "{:#}", job.json);
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"], "one delivery, tried twice");
    for delivery in [&first, &second] {
        let header = |name: &str| delivery.headers[name].as_str();
        let secret = BASE64.decode(b"1FG7WJcmKyTvxDAIPpHt7dZKyPP94VFT").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
        mac.update(&delivery.body);
        let signature = BASE64.encode(&mac.finalize().into_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
        let told: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!((&told["type"], &told["data"]["id"]), (&json!("job.complete"), &job.json["id"]));
    }
    // What has no body was heard, too, so there is no third.
    let heard = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        line["webhook"] == job.json["id"] && line["status"] == 204
    };
    until(async || world.edge_log().lines().any(heard)).await;
    let mut elsewhere = small_clip("webhook-elsewhere");
    elsewhere["webhook"] = json!({"url": "https://elsewhere.example/hook"});
    let refused = world.ask("webhook", &elsewhere).await;
    refused.expect_problem(422, "invalid_request");
    assert_eq!(refused.json["errors"][0]["pointer"], "/webhook/url");
}

async fn a_request_is_followed_through_every_actor(world: &World) {
    let answer = world.ask("followed", &small_clip("followed")).await;
    let id = answer.header("x-request-id").to_owned();
    assert_eq!(answer.json["request_id"], id.as_str());
    world.finished(answer.json["id"].as_str().unwrap()).await;
    let wanted = BTreeSet::from(["session", "generation", "account", "lane"]);
    until(async || {
        let log = world.edge_log();
        let lines = log.lines().filter(|line| line.contains(&id));
        let lines: Vec<Value> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
        let actors: BTreeSet<&str> = lines.iter().filter_map(|line| line["actor"].as_str()).collect();
        let calls: BTreeSet<&str> = lines.iter().filter_map(|line| line["provider"].as_str()).collect();
        actors.is_superset(&wanted) && calls.is_superset(&BTreeSet::from(["submit", "poll", "download"]))
    })
    .await;
}

/// The client that games had before Cuelight: no session, no `since`, a provider of theirs, and only
/// these members of the answers read.
#[tokio::test(flavor = "multi_thread")]
async fn a_games_client_works_unchanged() {
    let world = World::start(&["--delay", "fast=100"]).await;
    let socket = format!("{}/api/v1/ws/jobs", world.edge.replacen("http", "ws", 1));
    let mut messages = EventStream::open(&socket).await;
    let mut request = json!({
        "operation_type": "npc_response",
        "provider_id": "npc_response",
        "params": {
            "npc_id": "gwen", "npc_name": "Gwen", "expression": "interested", "emotion": "pleased",
            "animation": "giggle", "intensity": 0.7, "art_style": "anime", "loras": [], "prompt": "a warm evening",
            "negative_prompt": "", "quality_preset": "fast", "width": 512, "height": 512, "fps": 12, "steps": 8,
            "cfg": 3.0, "seed": 7,
        },
        "priority": 20,
    });
    let create =
        async |request: &Value| Answer::to(world.http.post(world.at("/api/v1/jobs")).json(request)).await;
    let job = create(&request).await;
    assert!(job.status.is_success(), "{:#}", job.json);
    let id = job.json["id"].as_str().unwrap();
    let seen = messages.until("job:completed", id).await;
    assert!(seen.iter().any(|message| message["type"] == "job:processing" && message["job_id"] == id));
    let url = seen.last().unwrap()["result_url"].as_str().unwrap();
    assert_eq!(world.get(url).await.headers()["content-type"], "video/mp4");

    world.studio_faults(json!([{"kind": "refuse", "on": "submit"}])).await;
    request["params"]["expression"] = json!("ecstatic");
    let job = create(&request).await;
    let id = job.json["id"].as_str().unwrap();
    loop {
        let message = messages.next().await;
        if message["type"] == "job:failed" {
            assert_eq!(
                (&message["job_id"], &message["error"]["code"]),
                (&json!(id), &json!("content_refused"))
            );
            return;
        }
    }
}
