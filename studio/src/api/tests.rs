//! The interface, spoken to without a port: keys, replays, refusals, every fault, the counts.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Config, app};
use crate::delay::Delays;

mod billing;

fn quick() -> Router {
    let mut delays = Delays::default();
    delays.set_scale(0.0).unwrap();
    app(Config { delays, ..Config::default() })
}

fn order(state: &str) -> Value {
    json!({
        "model": "studio-character-1",
        "character": {"id": "pip", "version": 1, "seed": 23, "look": {
            "body": "blob", "primary": "#4ccfa0", "secondary": "#177a63", "accent": "#ff8fab", "backdrop": "#e4f8f0"}},
        "cue": {"state": state}, "prompt": "", "negative_prompt": "", "width": 128, "height": 128,
        "fps": 4, "steps": 4, "cfg": 1.5, "duration_ms": 1000, "seed": 23
    })
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// The whole body, or nothing when the connection broke.
    body: Option<Vec<u8>>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_deref().unwrap()).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.ok().map(|bytes| bytes.to_vec());
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn call(app: &Router, method: Method, path: &str, key: &str, body: Option<Value>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer studio-dev-key")
        .header("idempotency-key", key)
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap();
    send(app, request).await
}

async fn submit(app: &Router, key: &str, body: Value) -> Answer {
    call(app, Method::POST, "/v1/generations", key, Some(body)).await
}

async fn get(app: &Router, path: &str) -> Answer {
    call(app, Method::GET, path, "", None).await
}

async fn faults(app: &Router, rules: Value) -> Answer {
    call(app, Method::POST, "/control/faults", "", Some(json!({ "rules": rules }))).await
}

async fn stats(app: &Router) -> Value {
    get(app, "/control/stats").await.json()
}

/// Polls until the generation has ended.
async fn ended(app: &Router, id: &str) -> Value {
    loop {
        let view = get(app, &format!("/v1/generations/{id}")).await.json();
        if !matches!(view["status"].as_str(), Some("queued" | "running")) {
            return view;
        }
        tokio::task::yield_now().await;
    }
}

async fn finished(app: &Router, key: &str) -> (String, Value) {
    let id = submit(app, key, order("idle")).await.json()["id"].as_str().unwrap().to_owned();
    let view = ended(app, &id).await;
    (id, view)
}

#[tokio::test]
async fn a_generation_is_ordered_polled_and_downloaded() {
    let app = quick();
    let accepted = submit(&app, "k", order("idle")).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    let first = accepted.json();
    assert_eq!((&first["status"], &first["progress"]), (&json!("queued"), &json!(0)));
    assert!(first["created_at"].as_u64().unwrap() > 1_600_000_000_000);
    let view = ended(&app, first["id"].as_str().unwrap()).await;
    assert_eq!((&view["status"], &view["progress"]), (&json!("succeeded"), &json!(1.0)));
    let output = &view["output"];
    let clip = get(&app, output["url"].as_str().unwrap()).await;
    assert_eq!(clip.headers["content-type"], "video/mp4");
    assert_eq!(clip.headers["content-length"], output["bytes"].to_string().as_str());
    let bytes = clip.body.unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
    let sha256 = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    assert_eq!(output["sha256"], sha256);
    assert_eq!((&output["frames"], &output["duration_ms"]), (&json!(4), &json!(1000)));
}

#[tokio::test]
async fn the_result_is_held_back_until_the_delay_has_passed() {
    tokio::time::pause();
    let mut delays = Delays::default();
    delays.set_list("realtime=5000").unwrap();
    let app = app(Config { delays, ..Config::default() });
    let id = submit(&app, "k", order("idle")).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/generations/{id}");
    tokio::time::advance(std::time::Duration::from_millis(4_900)).await;
    let early = get(&app, &path).await.json();
    assert!(matches!(early["status"].as_str(), Some("queued" | "running")), "{early}");
    assert!(early["progress"].as_f64().unwrap() < 1.0);
    assert_eq!(early["estimate_ms"], 100);
    assert_eq!(get(&app, &format!("{path}/output")).await.status, StatusCode::NOT_FOUND);
    tokio::time::advance(std::time::Duration::from_millis(200)).await;
    assert_eq!(ended(&app, &id).await["status"], "succeeded");
}

#[tokio::test]
async fn a_studio_that_burns_in_serves_other_clips_than_one_that_does_not() {
    let mut hashes = Vec::new();
    for burn_in in [false, true] {
        let mut delays = Delays::default();
        delays.set_scale(0.0).unwrap();
        let app = app(Config { delays, burn_in, ..Config::default() });
        let id = submit(&app, "k", order("idle")).await.json()["id"].as_str().unwrap().to_owned();
        hashes.push(ended(&app, &id).await["output"]["sha256"].clone());
    }
    assert!(hashes.iter().all(Value::is_string));
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn the_same_key_and_body_is_the_same_generation() {
    let app = quick();
    let first = submit(&app, "k", order("idle")).await.json();
    let again = submit(&app, "k", order("idle")).await;
    assert_eq!(
        (again.status, again.headers["idempotent-replayed"].to_str().unwrap()),
        (StatusCode::OK, "true")
    );
    assert_eq!(again.json()["id"], first["id"]);
    let other = submit(&app, "k", order("happy")).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "idempotency_conflict"));
    let counts = stats(&app).await;
    assert_eq!((&counts["submissions"], &counts["replays"]), (&json!(1), &json!(1)));
    submit(&app, "another", order("idle")).await;
    let counts = stats(&app).await;
    assert_eq!((&counts["distinct_keys"], &counts["max_submissions_per_key"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn strangers_are_told_nothing() {
    let app = quick();
    for (method, path) in [
        (Method::POST, "/v1/generations"),
        (Method::GET, "/v1/generations?idempotency_key=k"),
        (Method::GET, "/v1/generations/gen_x"),
        (Method::GET, "/v1/generations/gen_x/output"),
        (Method::DELETE, "/v1/generations/gen_x"),
    ] {
        for header in ["", "Bearer wrong", "studio-dev-key"] {
            let request = Request::builder().method(method.clone()).uri(path).header("authorization", header);
            let answer = send(&app, request.body(Body::empty()).unwrap()).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"));
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_form() {
    let app = quick();
    let mut forbidden = order("idle");
    forbidden["prompt"] = json!("a forbidden thing");
    let mut small = order("idle");
    small["width"] = json!(4);
    let cases = [
        (submit(&app, "k", small).await, 422, "invalid"),
        (submit(&app, "", order("idle")).await, 422, "invalid"),
        (submit(&app, &"x".repeat(65), order("idle")).await, 422, "invalid"),
        (submit(&app, "k", forbidden).await, 422, "content_refused"),
        (submit(&app, "k", json!({"padding": "x".repeat(70_000)})).await, 413, "too_large"),
        (get(&app, "/v1/generations/gen_none").await, 404, "not_found"),
        (get(&app, "/nowhere").await, 404, "not_found"),
        (get(&app, "/v1/generations").await, 422, "invalid"),
        (call(&app, Method::PUT, "/v1/generations", "k", None).await, 405, "method_not_allowed"),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        assert!(answer.json()["error"]["message"].as_str().unwrap().len() > 10);
    }
    assert_eq!(submit(&app, "", order("idle")).await.json()["error"]["field"], "Idempotency-Key");
    assert_eq!(stats(&app).await["submissions"], 0);
    assert_eq!(get(&app, "/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cancelled_generation_stays_cancelled() {
    let mut delays = Delays::default();
    delays.set_list("realtime=60000").unwrap();
    let app = app(Config { delays, ..Config::default() });
    let id = submit(&app, "k", order("idle")).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/generations/{id}");
    assert_eq!(call(&app, Method::DELETE, &path, "", None).await.json()["status"], "cancelled");
    assert_eq!(call(&app, Method::DELETE, &path, "", None).await.json()["status"], "cancelled");
    assert_eq!(get(&app, &path).await.json()["status"], "cancelled");
    assert_eq!(stats(&app).await["cancels"], 1);
}

#[tokio::test]
async fn a_submission_can_be_throttled_failed_refused_and_found_invalid() {
    let app = quick();
    for (rule, status, code) in [
        (json!({"kind": "throttle", "on": "submit", "times": 1, "retry_after_s": 7}), 429, "throttled"),
        (json!({"kind": "fail", "on": "submit", "times": 1}), 503, "unavailable"),
        (json!({"kind": "refuse", "on": "submit", "times": 1}), 422, "content_refused"),
        (json!({"kind": "invalid", "on": "submit", "times": 1}), 422, "invalid"),
    ] {
        assert_eq!(faults(&app, json!([rule])).await.status, StatusCode::OK);
        let answer = submit(&app, "k", order("idle")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        if status == 429 {
            assert_eq!(answer.headers["retry-after"], "7");
        }
    }
    assert_eq!(stats(&app).await["submissions"], 0);
    assert_eq!(submit(&app, "k", order("idle")).await.status, StatusCode::ACCEPTED);
    assert_eq!(stats(&app).await["faults"], json!({"throttle": 1, "fail": 1, "refuse": 1, "invalid": 1}));
}

#[tokio::test]
async fn a_dropped_submission_was_recorded_and_is_found_again() {
    let app = quick();
    faults(&app, json!([{"kind": "drop", "on": "submit", "times": 1}])).await;
    assert_eq!(submit(&app, "k", order("idle")).await.body, None);
    assert_eq!(stats(&app).await["submissions"], 1);
    assert_eq!(submit(&app, "k", order("idle")).await.status, StatusCode::OK);
    assert_eq!(stats(&app).await["submissions"], 1);
}

#[tokio::test]
async fn a_failed_poll_ends_the_generation() {
    let app = quick();
    for (key, kind, code) in [("a", "fail", "unavailable"), ("b", "refuse", "content_refused")] {
        let id = submit(&app, key, order("idle")).await.json()["id"].as_str().unwrap().to_owned();
        faults(&app, json!([{"kind": kind, "on": "poll", "times": 1}])).await;
        let view = get(&app, &format!("/v1/generations/{id}")).await.json();
        assert_eq!((&view["status"], &view["error"]["code"]), (&json!("failed"), &json!(code)));
        assert_eq!(ended(&app, &id).await["status"], "failed");
    }
}

#[tokio::test]
async fn a_download_can_be_cut_mislabelled_dropped_and_stalled() {
    let app = quick();
    let (id, view) = finished(&app, "k").await;
    let path = format!("/v1/generations/{id}/output");
    let whole = get(&app, &path).await.body.unwrap();
    assert_eq!(view["output"]["bytes"], whole.len());

    faults(&app, json!([{"kind": "truncate", "on": "download", "times": 1}])).await;
    let cut = get(&app, &path).await.body.unwrap();
    assert!(cut.len() < whole.len() && whole.starts_with(&cut));

    faults(&app, json!([{"kind": "mislabel", "on": "download", "times": 1}])).await;
    let other = get(&app, &path).await;
    assert_eq!(other.headers["content-type"], "video/mp4");
    assert!(other.body.unwrap().starts_with(b"\x89PNG"));

    faults(&app, json!([{"kind": "drop", "on": "download", "times": 1}])).await;
    assert_eq!(get(&app, &path).await.body, None);

    tokio::time::pause();
    faults(&app, json!([{"kind": "stall", "on": "download", "times": 1, "delay_ms": 90_000}])).await;
    let since = tokio::time::Instant::now();
    assert_eq!(get(&app, &path).await.body, None);
    assert!(since.elapsed().as_secs() >= 90);

    faults(&app, json!([{"kind": "slow", "on": "download", "times": 1, "delay_ms": 4_000}])).await;
    let since = tokio::time::Instant::now();
    assert_eq!(get(&app, &path).await.body, Some(whole));
    assert!(since.elapsed().as_millis() >= 3_000);
}

#[tokio::test]
async fn nonsense_is_refused_by_the_controls_and_changes_nothing() {
    let app = quick();
    for rules in [
        json!([{"kind": "truncate", "on": "submit"}]),
        json!([{"kind": "explode", "on": "submit"}]),
        json!([{"kind": "fail", "on": "submit", "colour": "red"}]),
        json!([{"kind": "fail", "on": "submit"}, {"kind": "fail", "on": "poll", "probability": 2}]),
        json!("all"),
    ] {
        let answer = faults(&app, rules).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid"));
    }
    for delays in [json!({"turbo": 5}), json!({"fast": "soon"}), json!({"scale": -1}), json!([])] {
        let answer = call(&app, Method::POST, "/control/delays", "", Some(delays)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid"));
    }
    assert_eq!(submit(&app, "k", order("idle")).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn delays_can_be_changed_and_everything_counted_can_be_reset() {
    let app = quick();
    let body = json!({"scale": 1, "realtime": 30_000});
    assert_eq!(call(&app, Method::POST, "/control/delays", "", Some(body)).await.status, StatusCode::OK);
    let first = submit(&app, "k", order("idle")).await.json();
    assert_eq!(first["estimate_ms"], 30_000);
    faults(&app, json!([{"kind": "fail", "on": "submit"}])).await;
    submit(&app, "other", order("idle")).await;
    call(&app, Method::POST, "/control/reset", "", None).await;
    let counts = stats(&app).await;
    assert_eq!((&counts["submissions"], &counts["faults"]), (&json!(0), &json!({})));
    assert_eq!(submit(&app, "other", order("idle")).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_rule_for_a_vendor_is_that_vendors_and_so_is_its_bill() {
    let app = quick();
    let rule = json!({"vendor": "bedrock", "on": "submit", "kind": "lost_answer", "times": 1});
    let answer = faults(&app, json!([{"kind": "fail", "on": "submit", "times": 1}, rule])).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(submit(&app, "k", order("idle")).await.code(), "unavailable");
    assert_eq!(submit(&app, "k", order("idle")).await.status, StatusCode::ACCEPTED);
    for wrong in [
        json!([{"vendor": "azure", "on": "submit", "kind": "fail"}]),
        json!([{"vendor": "google", "on": "poll", "kind": "truncate"}]),
        json!([{"vendor": "google", "on": "poll", "kind": "gateway"}]),
    ] {
        assert_eq!(faults(&app, wrong).await.code(), "invalid");
    }
    // A stranger at a vendor is refused in the vendor's words, and counted nowhere.
    let stranger = call(&app, Method::POST, "/async-invoke", "", Some(json!({}))).await;
    assert!(stranger.headers["x-amzn-errortype"].to_str().unwrap().starts_with("IncompleteSignature"));
    assert_eq!(stats(&app).await["vendors"], json!({}));
}
