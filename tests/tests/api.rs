//! The HTTP contract, on real workerd with the real studio behind it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::time::Instant;

use cuelight_tests::World;
use cuelight_tests::world::{PATIENCE, state_clip};
use futures_util::future::join_all;
use reqwest::Response;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_answers_as_its_contract_says() {
    // As the golden requests name it.
    let hosts = [("WEBHOOK_HOSTS", json!(["game.example"]))];
    let world = World::with(&["--delay", "realtime=300,fast=300,balanced=300,quality=300"], &hosts).await;
    every_bad_field_is_reported_at_once(&world).await;
    what_is_not_there_is_said_clearly(&world).await;
    the_edge_computes_the_golden_keys(&world).await;
    the_catalogues_are_served(&world).await;
    placeholders_are_small_safe_and_in_the_characters_colours(&world).await;
    let url = a_clip_is_made_once_and_then_served(&world).await;
    a_range_request_returns_exactly_the_bytes_asked(&world, &url).await;
    a_part_of_a_clip_that_no_cache_holds_has_the_whole_cached(&world).await;
    a_private_address_without_a_signature_tells_nothing(&world, &url).await;
    two_hundred_callers_share_one_generation(&world).await;
}

async fn every_bad_field_is_reported_at_once(world: &World) {
    let (status, problem) = world
        .post_job(
            "s-bad",
            &json!({"operation_type": "state_clip", "priority": 99, "whatever": 1, "params": {"character": "nobody", "state": "flying", "fps": 1000}}),
        )
        .await;
    assert_eq!(status, 422);
    assert_eq!(problem["code"], "invalid_request");
    let pointers: BTreeSet<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    let expected = ["/params/character", "/params/fps", "/params/state", "/priority", "/whatever"];
    assert_eq!(pointers, BTreeSet::from(expected));

    for (body, status, code) in [
        ("{\"operation_type\":", 400, "malformed_body"),
        ("[1,2]", 422, "invalid_request"),
        (&format!("{{\"x\":\"{}\"}}", "y".repeat(70_000)), 413, "body_too_large"),
    ] {
        let request = world.http.post(format!("{}/api/v1/jobs", world.edge)).body(body.to_owned());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(answer.status(), status, "{code}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{problem}");
    }
    assert_eq!(world.studio_stats().await["submissions"], 0, "a bad request spends nothing");
}

async fn what_is_not_there_is_said_clearly(world: &World) {
    let missing = "a".repeat(32);
    for (path, status, code) in [
        ("/api/v1/nothing".to_owned(), 404, "not_found"),
        (format!("/clips/{missing}"), 404, "clip_missing"),
        ("/clips/UPPER".to_owned(), 404, "not_found"),
        (format!("/api/v1/jobs/{missing}.abc"), 404, "not_found"),
        ("/api/v1/jobs/..%2f..%2fetc".to_owned(), 404, "not_found"),
        ("/placeholders/flying.svg".to_owned(), 404, "not_found"),
        ("/placeholders/idle.svg?primary=%22%3E%3Cscript%3E".to_owned(), 422, "invalid_request"),
        ("/api/v1/ws/jobs?session=abc".to_owned(), 426, "upgrade_required"),
    ] {
        let answer = world.get(&path).await;
        assert_eq!(answer.status(), status, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let answer = world.get(&format!("/clips/{missing}")).await;
    assert_eq!(answer.headers()["cache-control"], "no-store", "a miss must not hide the clip that comes");
    assert!(answer.headers()["link"].to_str().unwrap().contains("/placeholders/"));
    let answer = world.http.delete(format!("{}/api/v1/states", world.edge)).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
}

async fn the_edge_computes_the_golden_keys(world: &World) {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../../core/tests/golden/keys.json")).unwrap();
    let mut checked = 0;
    // ComfyUI is set up here, and makes itself what another model makes elsewhere.
    let elsewhere = |row: &&Value| row["body"]["provider_id"] == "comfyui" && row["body"]["model"].is_null();
    let at_hand = |row: &&Value| row["tenant"] == "demo" && row["body"]["strategy"] != "always";
    for row in rows.iter().filter(at_hand).filter(|row| !elsewhere(row)) {
        let request = world.http.post(format!("{}/api/v1/jobs/preflight", world.edge));
        let answer: Value = request.json(&row["body"]).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["cache_key"], row["key"], "{}: {answer}", row["name"]);
        assert_eq!(answer["exists"], false);
        checked += 1;
    }
    assert!(checked >= 20, "only {checked} golden keys were checked at the edge");
    assert_eq!(world.studio_stats().await["submissions"], 0, "preflight spends nothing");
}

async fn the_catalogues_are_served(world: &World) {
    for (path, member, at_least) in [
        ("states", "states", 12),
        ("presets", "presets", 4),
        ("models", "models", 1),
        ("characters", "characters", 6),
    ] {
        let answer = world.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let body: Value = answer.json().await.unwrap();
        assert!(body[member].as_array().is_some_and(|list| list.len() >= at_least), "{path}: {body}");
    }
    let request = world.http.request(reqwest::Method::OPTIONS, format!("{}/api/v1/jobs", world.edge));
    let answer = request
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-cuelight-session")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    assert!(allowed.contains("x-cuelight-session") && allowed.contains("content-type"), "{allowed}");
}

async fn placeholders_are_small_safe_and_in_the_characters_colours(world: &World) {
    let states: Value = world.get("/api/v1/states").await.json().await.unwrap();
    for state in states["states"].as_array().unwrap() {
        let id = state["id"].as_str().unwrap();
        let answer = world.get(&format!("/placeholders/{id}.svg?body=cat&primary=%2312ab34")).await;
        assert_eq!(answer.status(), 200, "{id}");
        assert_eq!(answer.headers()["content-type"], "image/svg+xml");
        let svg = answer.text().await.unwrap();
        assert!(svg.len() <= 4096, "{id} is {} bytes", svg.len());
        assert!(svg.contains("#12ab34") && svg.contains("prefers-reduced-motion"), "{id}");
    }
}

async fn a_clip_is_made_once_and_then_served(world: &World) -> String {
    let mut events = world.events("s-one", None).await;
    let (status, job) = world.post_job("s-one", &state_clip("bolt", "idle")).await;
    assert_eq!(status, 202, "{job}");
    assert_eq!(job["source"], "generated");
    assert_eq!(job["id"], job["job_id"]);
    assert!(job["estimate_ms"].as_u64().is_some_and(|ms| ms > 0), "{job}");
    assert!(job["fallback"]["url"].as_str().unwrap().starts_with("/placeholders/idle.svg"), "{job}");
    let placeholder = world.get(job["fallback"]["url"].as_str().unwrap()).await;
    assert_eq!(placeholder.status(), 200);

    let id = job["id"].as_str().unwrap();
    let seen = events.until("job:completed", id).await;
    let kinds: Vec<&str> = seen.iter().map(|m| m["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"job:queued"), "{kinds:?}");
    assert!(kinds.contains(&"job:processing"), "{kinds:?}");
    let numbers: Vec<u64> = seen.iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let url = seen.last().unwrap()["result_url"].as_str().unwrap().to_owned();
    assert_eq!(url, format!("/clips/{}", job["cache_key"].as_str().unwrap()));

    let clip = world.get(&url).await;
    assert_eq!(clip.status(), 200);
    let headers = clip.headers().clone();
    assert_eq!(headers["content-type"], "video/mp4");
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert!(!headers.contains_key("vary"), "Vary would shard the CDN's cache by shop");
    let bytes = clip.bytes().await.unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");

    let (status, again) = world.post_job("s-two", &state_clip("bolt", "idle")).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!((&again["status"], &again["source"]), (&json!("complete"), &json!("hit")));
    let content = json!({
        "url": url, "content_type": "video/mp4", "bytes": bytes.len(),
        "width": 256, "height": 256, "duration_ms": 4000,
    });
    assert_eq!(again["content"], content, "what it is was read from its bytes");
    let read: Value = world.get(&format!("/api/v1/jobs/{id}")).await.json().await.unwrap();
    assert_eq!(read["status"], "complete");
    let hit = world.get(&format!("/api/v1/jobs/{}", again["id"].as_str().unwrap())).await;
    assert_eq!(
        hit.json::<Value>().await.unwrap()["status"],
        "complete",
        "a hit has an id that can be read too"
    );
    assert_eq!(world.studio_stats().await["submissions"], 1);
    assert_eq!(events.ping().await, "pong");
    assert_eq!(events.close().await, Some(1000), "a close is echoed");
    url
}

async fn a_range_request_returns_exactly_the_bytes_asked(world: &World, url: &str) {
    let whole = world.get(url).await;
    let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
    assert!(etag.starts_with('"'), "a strong ETag, not {etag}");
    let whole = whole.bytes().await.unwrap();
    let size = whole.len();
    let ask = |name: &'static str, value: String| {
        let request = world.http.get(format!("{}{url}", world.edge)).header(name, value);
        async move { request.send().await.unwrap() }
    };
    // Twice: the first round fills the Cache API, the second is answered from it.
    for round in 0..2 {
        if round == 1 {
            until_cached(world, url, None).await;
        }
        for (range, from, to) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=0-1".to_owned(), 0, 2),
            ("bytes=100-199".to_owned(), 100, 200),
            (format!("bytes={}-", size - 7), size - 7, size),
            ("bytes=-5".to_owned(), size - 5, size),
            (format!("bytes=10-{}", size * 2), 10, size),
            (format!("bytes=-{}", size * 2), 0, size),
        ] {
            let answer = ask("range", range.clone()).await;
            assert_eq!(answer.status(), 206, "{range} in round {round}");
            let content_range = answer.headers()["content-range"].to_str().unwrap().to_owned();
            assert_eq!(content_range, format!("bytes {from}-{}/{size}", to - 1), "{range}");
            assert_eq!(answer.headers()["content-length"].to_str().unwrap(), (to - from).to_string());
            assert_eq!(answer.headers()["access-control-allow-origin"], "*");
            assert_eq!(answer.headers()["etag"].to_str().unwrap(), etag);
            assert!(round == 0 || from_cache(&answer), "{range} is cut from the cached clip");
            assert_eq!(answer.bytes().await.unwrap(), whole[from..to], "{range}");
        }
        for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
            let answer = ask("range", range.clone()).await;
            assert_eq!(answer.status(), 416, "{range}");
            assert_eq!(answer.headers()["content-range"].to_str().unwrap(), format!("bytes */{size}"));
        }
        // RFC 9110, section 14.2: what is not understood is ignored.
        for range in ["lines=1-2", "bytes=5-2", "bytes=a-b", "bytes=0-1,4-5"] {
            let answer = ask("range", range.to_owned()).await;
            assert_eq!(answer.status(), 200, "{range}");
            assert_eq!(answer.bytes().await.unwrap(), whole, "{range}");
        }
    }
    let not_modified = ask("if-none-match", etag.clone()).await;
    assert_eq!(not_modified.status(), 304);
    assert!(from_cache(&not_modified) && !not_modified.headers().contains_key("content-length"));
    assert_eq!(not_modified.headers()["access-control-allow-origin"], "*", "or a page cannot read it");
    assert_eq!(ask("if-none-match", format!("\"x\", W/{etag}")).await.status(), 304);
    assert_eq!(ask("if-none-match", "\"something-else\"".to_owned()).await.status(), 200);
    for (validator, status) in [(etag.as_str(), 206), ("\"something-else\"", 200)] {
        let request = world.http.get(format!("{}{url}", world.edge)).header("range", "bytes=1-2");
        let answer = request.header("if-range", validator).send().await.unwrap();
        assert_eq!(answer.status(), status, "If-Range: {validator}");
    }
    let head = world.http.head(format!("{}{url}", world.edge)).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(from_cache(&head));
    assert_eq!(head.headers()["content-length"].to_str().unwrap(), size.to_string());
    assert_eq!(head.headers()["etag"].to_str().unwrap(), etag);
    assert!(head.bytes().await.unwrap().is_empty());
}

/// Whether an answer came from the Cache API: those alone are not logged, so they have no request id.
fn from_cache(answer: &Response) -> bool {
    answer.status().as_u16() < 400 && !answer.headers().contains_key("x-request-id")
}

/// Asks until the answer comes from the Cache API, which is filled after an answer.
async fn until_cached(world: &World, url: &str, range: Option<&str>) {
    let started = Instant::now();
    loop {
        let mut request = world.http.get(format!("{}{url}", world.edge));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        if from_cache(&request.send().await.unwrap()) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{url} is never cached");
    }
}

async fn a_part_of_a_clip_that_no_cache_holds_has_the_whole_cached(world: &World) {
    let (_, job) = world.post_job("s-part", &state_clip("bolt", "talking")).await;
    let job = world.finished(job["id"].as_str().unwrap()).await;
    let url = job["content"]["url"].as_str().unwrap().to_owned();
    let size = job["content"]["bytes"].as_u64().unwrap();
    // As Safari does before anything else.
    let request = world.http.get(format!("{}{url}", world.edge)).header("range", "bytes=0-1");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 206);
    assert!(!from_cache(&answer), "nobody asked for it before");
    assert_eq!(answer.headers()["content-range"].to_str().unwrap(), format!("bytes 0-1/{size}"));
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(answer.bytes().await.unwrap().len(), 2);
    until_cached(world, &url, Some("bytes=0-1")).await;
    let whole = world.get(&url).await;
    assert!(from_cache(&whole));
    assert_eq!(whole.bytes().await.unwrap().len() as u64, size);
}

async fn a_private_address_without_a_signature_tells_nothing(world: &World, public: &str) {
    let existing = public.replace("/clips/", "/private/");
    let missing = format!("/private/{}", "a".repeat(32));
    let mut answers = BTreeSet::new();
    for path in [&existing, &missing] {
        let answer = world.get(path).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let status = answer.status();
        let mut problem: Value = answer.json().await.unwrap();
        problem["request_id"] = Value::Null;
        answers.insert((status.as_u16(), problem.to_string()));
    }
    assert_eq!(answers.len(), 1, "whether the clip exists makes no difference: {answers:?}");
    assert!(answers.iter().all(|(status, _)| matches!(status, 401 | 403)), "{answers:?}");
}

async fn two_hundred_callers_share_one_generation(world: &World) {
    let before = world.studio_stats().await["submissions"].as_u64().unwrap();
    let body = state_clip("pip", "talking");
    let sessions: Vec<String> = (0..200).map(|n| format!("crowd-{n}")).collect();
    let answers = join_all(sessions.iter().map(|session| world.post_job(session, &body))).await;
    let mut generated = 0;
    for (status, job) in &answers {
        assert!(*status == 202 || *status == 200, "{status}: {job}");
        assert_eq!(job["cache_key"], answers[0].1["cache_key"]);
        generated += u32::from(job["source"] == "generated");
    }
    assert_eq!(generated, 1, "one caller leads, everybody else joins");
    let ids: BTreeSet<&str> = answers.iter().map(|(_, job)| job["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 200, "everybody has a job of their own");
    for id in ids.iter().step_by(50) {
        assert_eq!(world.finished(id).await["status"], "complete");
    }
    let stats = world.studio_stats().await;
    assert_eq!(stats["submissions"].as_u64().unwrap() - before, 1, "{stats}");
    assert_eq!(stats["max_submissions_per_key"], 1, "{stats}");
}
