//! What the API says about itself, held against what it does: schemathesis reads the description and
//! tries it out, and finds no server error, no answer that is not described, and no bad request that
//! is taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use cuelight_tests::World;
use cuelight_tests::process::path_from_env;
use serde_json::{Value, json};
use tokio::process::Command;

/// The same requests on every run.
const SEED: &str = "20261121";
/// A key of nobody's deployment, and the SHA-256 that an edge keeps of it.
const KEY: &str = "cue_sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const KEY_SHA256: &str = "cff76c8dab3f760d23d91e403e1f3768979ac2c6206aa8527fb4211996843aeb";
/// A description has some four thousand requests in it; the limit of a page is ten a minute.
fn limits() -> (&'static str, Value) {
    ("LIMITS", json!({ "requests": 10000, "window_s": 60, "server_requests": 10000 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_edge_is_one_that_its_description_names() {
    let world =
        World::with(&["--delay", "realtime=100,fast=100,balanced=100,quality=100"], &[limits()]).await;
    let answer = world.get("/api/v1/openapi.json").await;
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let description: Value = answer.json().await.unwrap();
    its_reader_is_told_when_nothing_has_changed(&world, &etag).await;
    the_page_for_people_may_load_and_run_nothing(&world).await;

    let folder = world.folder().join("schemathesis");
    std::fs::create_dir_all(&folder).unwrap();
    let open = folder.join("development.json");
    std::fs::write(&open, without_security(description).to_string()).unwrap();
    tried_out(&world, &open, &folder, &["--max-examples", "20", "--max-time", "60"]).await;
}

/// The same where keys are asked for, with a key that may do everything. What is under way there stays
/// so: its provider is a name that leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_in_production_asks_for_a_key_where_its_description_says_so() {
    let key = json!([{
        "id": "all", "tenant": "demo", "sha256": KEY_SHA256, "may": ["jobs", "tokens", "usage", "operate"],
    }]);
    // In production every provider is reached by https.
    let providers = cuelight_core::settings::studio::variables("https://studio.example");
    let mut settings: Vec<_> = providers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    settings.extend([
        ("MODE", json!("production")),
        ("WEBHOOK_HOSTS", json!([])),
        ("SECRET_KEYS", json!(key.to_string())),
        limits(),
    ]);
    let world = World::with(&[], &settings).await;
    assert_eq!(world.get("/api/v1/usage").await.status(), 401);
    let usage = world.http.get(format!("{}/api/v1/usage", world.edge)).bearer_auth(KEY);
    assert_eq!(usage.send().await.unwrap().status(), 200);
    let description = world.get("/api/v1/openapi.json").await.text().await.unwrap();
    let folder = world.folder().join("schemathesis");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("production.json");
    std::fs::write(&file, description).unwrap();
    let header = format!("Authorization: Bearer {KEY}");
    tried_out(&world, &file, &folder, &["--phases", "examples,coverage", "--max-time", "60", "-H", &header])
        .await;
}

async fn its_reader_is_told_when_nothing_has_changed(world: &World, etag: &str) {
    for path in ["/api/v1/openapi.json", "/api/v1/docs"] {
        let first = world.get(path).await;
        assert_eq!(first.headers()["cache-control"], "public, max-age=300");
        assert_eq!(first.headers()["access-control-allow-origin"], "*");
        let etag = if path.ends_with("json") { etag } else { first.headers()["etag"].to_str().unwrap() };
        let request = world.http.get(format!("{}{path}", world.edge)).header("if-none-match", etag);
        let again = request.send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
}

async fn the_page_for_people_may_load_and_run_nothing(world: &World) {
    let page = world.get("/api/v1/docs").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(text.contains("POST") && text.contains("/api/v1/jobs/{id}"));
}

/// The description of an edge in development, which asks nobody for a key.
fn without_security(mut description: Value) -> Value {
    let paths = description["paths"].as_object_mut().unwrap();
    for (path, operations) in paths {
        for operation in operations.as_object_mut().unwrap().values_mut() {
            // The metrics have a key of their own everywhere.
            if path != "/api/v1/metrics" {
                operation["security"] = json!([]);
            }
        }
    }
    description
}

async fn tried_out(world: &World, description: &Path, folder: &Path, options: &[&str]) {
    let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemathesis.toml");
    let output = Command::new(path_from_env("CUELIGHT_SCHEMATHESIS"))
        .current_dir(folder)
        .arg("--no-color")
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(description)
        .args(["--url", &world.edge, "--checks", "all", "--seed", SEED])
        .arg("--continue-on-failure")
        .args(options)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("schemathesis --seed {SEED}\n{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "schemathesis found something; it is above");
    assert!(told.contains("generated"), "it generated no request at all");
    let log = world.edge_log();
    assert!(!log.contains("\"level\":\"error\""), "the edge logged an error:\n{log}");
}
