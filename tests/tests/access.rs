//! Who may do what: keys of servers, tokens of pages, signed addresses, and an edge in development
//! that nobody else can reach.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use cuelight_core::auth::claims::Claims;
use cuelight_core::auth::signed_address;
use cuelight_core::auth::signing_keys::SigningKeys;
use cuelight_core::auth::token;
use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::units::Millis;
use cuelight_tests::world::{small_clip, until};
use cuelight_tests::{Answer, EventStream, Server, World};
use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde_json::{Value, json};

const SHOP: &str = "https://shop.example";

/// What tokens and addresses are signed with here.
fn signing() -> Value {
    json!([{"kid": "test", "secret": BASE64URL_NOPAD.encode(&[9; 32])}])
}

fn signing_keys() -> SigningKeys {
    SigningKeys::from_json(&signing().to_string()).unwrap()
}

fn tenants() -> Value {
    json!({
        "shop": {"namespace": "shop-3b9e", "plan": "enterprise"},
        "rival": {"namespace": "rival-77c1", "plan": "enterprise"},
    })
}

struct Servers {
    shop: Server,
    tokens_only: Server,
    operator: Server,
    rival: Server,
    stranger: Server,
}

impl Servers {
    fn new() -> Self {
        Self {
            shop: Server::new(1, "shop", &["jobs", "tokens", "usage"]),
            tokens_only: Server::new(2, "shop", &["tokens"]),
            operator: Server::new(3, "shop", &["operate"]),
            rival: Server::new(4, "rival", &["jobs", "tokens", "usage"]),
            // In nobody's list.
            stranger: Server::new(5, "shop", &["jobs"]),
        }
    }

    fn settings(&self) -> [(&'static str, Value); 3] {
        let known = [&self.shop, &self.tokens_only, &self.operator, &self.rival];
        let keys: Vec<&Value> = known.iter().map(|server| &server.entry).collect();
        [("TENANTS", tenants()), ("TOKEN_KEYS", signing()), ("SECRET_KEYS", json!(keys))]
    }

    fn secrets(&self) -> Vec<&str> {
        let all = [&self.shop, &self.tokens_only, &self.operator, &self.rival, &self.stranger];
        all.iter().map(|server| server.key.as_str()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_every_door_has_its_key_and_a_tenant_sees_its_own() {
    let servers = Servers::new();
    let mut world = World::with(&["--delay", "realtime=100,fast=20000"], &servers.settings()).await;
    // A provider is reached over https in production, so what is read there is made before.
    let mut body = small_clip("private");
    body["private"] = json!(true);
    let private = servers.shop.ask(&world, &body).await.json;
    let private = finished(&world, &servers.shop, private["id"].as_str().unwrap()).await;
    let public = servers.shop.ask(&world, &small_clip("public")).await.json;
    let public = finished(&world, &servers.shop, public["id"].as_str().unwrap()).await;
    let mut slow = json!({"operation_type": "state_clip", "params": {"character": "bolt", "state": "sad"}});
    slow["params"]["prompt"] = json!("words of its own");
    let slow = servers.shop.ask(&world, &slow).await.json;

    world.kill_edge().await;
    world.set("MODE", &json!("production"));
    for (name, value) in cuelight_core::settings::studio::variables("https://studio.invalid") {
        world.set(&name, &value);
    }
    world.set("WEBHOOK_HOSTS", &json!([]));
    world.start_edge().await;
    every_call_needs_a_key_that_may(&world, &servers, public["id"].as_str().unwrap()).await;
    another_tenant_learns_nothing(&world, &servers, [&private, &public, &slow]).await;
    a_private_clip_opens_by_its_signed_address_only(&world, &private).await;
    let log = world.edge_log();
    for secret in servers.secrets() {
        assert!(!log.contains(&secret["cue_sk_".len()..]), "a key is in the log");
    }
    assert!(!log.contains("words of its own"), "a prompt is in the log");
    assert!(!log.contains("signature="), "an address that opens a clip is in the log");
}

async fn every_call_needs_a_key_that_may(world: &World, servers: &Servers, job: &str) {
    let calls = [
        (Method::POST, "/api/v1/jobs".to_owned(), &servers.tokens_only),
        (Method::POST, "/api/v1/jobs/preflight".to_owned(), &servers.tokens_only),
        (Method::GET, "/api/v1/jobs".to_owned(), &servers.tokens_only),
        (Method::GET, format!("/api/v1/jobs/{job}"), &servers.tokens_only),
        (Method::DELETE, format!("/api/v1/jobs/{job}"), &servers.tokens_only),
        (Method::POST, "/api/v1/tokens".to_owned(), &servers.operator),
        (Method::DELETE, "/api/v1/tokens/abc".to_owned(), &servers.operator),
        (Method::GET, "/api/v1/usage".to_owned(), &servers.operator),
        (Method::GET, "/api/v1/lanes/studio".to_owned(), &servers.shop),
        (Method::PUT, "/api/v1/lanes/studio".to_owned(), &servers.shop),
        (Method::GET, format!("/api/v1/jobs/{job}?explain=true"), &servers.shop),
    ];
    for (method, path, may_not) in calls {
        let bare = world.http.request(method.clone(), world.at(&path)).json(&small_clip("x"));
        let answer = Answer::to(bare.try_clone().unwrap()).await;
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        for wrong in [servers.stranger.key.as_str(), "cue_sk_short", "x", ""] {
            let answer = Answer::to(bare.try_clone().unwrap().bearer_auth(wrong)).await;
            assert_eq!(answer.status, 401, "{path} with {wrong}");
        }
        let answer = Answer::to(may_not.request(world, method, &path).json(&small_clip("x"))).await;
        answer.expect_problem(403, "forbidden");
    }
    for path in ["/api/v1/jobs", "/api/v1/jobs/x.y", "/api/v1/ws/jobs"] {
        let request =
            world.http.get(world.at(path)).header("upgrade", "websocket").header("connection", "upgrade");
        assert_eq!(request.send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(servers.shop.post(world, "/api/v1/jobs/preflight", &small_clip("x")).await.status, 200);
    assert_eq!(servers.operator.get(world, "/api/v1/lanes/studio").await.status, 200);
    // What a page needs before it has a token, and clips that exist, are open.
    for path in ["/api/v1/health", "/api/v1/states", "/placeholders/idle.svg"] {
        assert_eq!(world.get(path).await.status(), 200, "{path}");
    }
    let request = world.http.get(world.at("/api/v1/metrics")).bearer_auth(&servers.operator.key);
    Answer::to(request).await.expect_problem(401, "unauthorized");
}

async fn another_tenant_learns_nothing(world: &World, servers: &Servers, jobs: [&Value; 3]) {
    let [private, public, slow] = jobs;
    for job in [private, slow] {
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
        assert_eq!(servers.shop.get(world, &path).await.status, 200);
        servers.rival.get(world, &path).await.expect_problem(404, "not_found");
        let cancel = Answer::to(servers.rival.request(world, Method::DELETE, &path)).await;
        cancel.expect_problem(404, "not_found");
    }
    // A public clip is everybody's; what its owner paid and asked is not.
    let path = format!("/api/v1/jobs/{}", public["id"].as_str().unwrap());
    let seen = servers.rival.get(world, &path).await;
    assert!(
        seen.json["cost_micro_usd"].is_null() && seen.json["created_at"] != public["created_at"],
        "{:#}",
        seen.json
    );
    // The same name of a session is another session.
    let list = servers.rival.request(world, Method::GET, "/api/v1/jobs");
    assert_eq!(Answer::to(list.header("x-cuelight-session", "shared")).await.json["jobs"], json!([]));
    let usage = servers.rival.get(world, "/api/v1/usage").await.json;
    assert_eq!(usage["month"], 0);
    let preflight = servers.rival.post(world, "/api/v1/jobs/preflight", &small_clip("public")).await.json;
    assert_eq!(preflight["exists"], false, "the clips of another tenant are not its own");
}

async fn a_private_clip_opens_by_its_signed_address_only(world: &World, job: &Value) {
    let url = job["content"]["url"].as_str().unwrap();
    let answer = world.get(url).await;
    assert_eq!(answer.status(), 200, "{url}");
    assert!(answer.headers()["cache-control"].to_str().unwrap().starts_with("private, max-age="));
    let key = CacheKey::parse(job["cache_key"].as_str().unwrap()).unwrap();
    assert_eq!(world.get(&format!("/clips/{key}")).await.status(), 404);

    let now = Millis(job["updated_at"].as_u64().unwrap());
    let expired = signed_address::sign(&signing_keys(), &key, Millis(now.0 - 1_000));
    let (path, query) = url.split_once('?').unwrap();
    let last = if url.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{last}", &url[..url.len() - 1]);
    let longer = url.replacen("expires=1", "expires=2", 1);
    let missing = "a".repeat(32);
    let refused = [
        expired.clone(),
        altered,
        longer,
        path.to_owned(),
        format!("{url}&more=1"),
        // The same for a clip that does not exist: the signature is judged before anything is looked up.
        format!("/private/{missing}?{query}"),
    ];
    let mut told = BTreeSet::new();
    for address in refused {
        let answer = world.get(&address).await;
        assert!(matches!(answer.status().as_u16(), 401 | 403), "{address}: {}", answer.status());
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let problem: Value = answer.json().await.unwrap();
        told.insert(problem["code"].as_str().unwrap().to_owned());
        assert!(!problem.to_string().contains("signature="), "{problem}");
    }
    assert_eq!(told.len(), 2, "expired, or not ours: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_its_server_meant_and_nothing_else() {
    let servers = Servers::new();
    let world = World::with(&["--delay", "realtime=100"], &servers.settings()).await;
    let wish = json!({
        "origins": [SHOP], "characters": ["bolt"], "cues": ["idle", "talking"], "budget_micro_usd": 7_000,
        "requests": {"count": 4, "window_s": 60},
    });
    let grant = servers.shop.post(&world, "/api/v1/tokens", &wish).await;
    assert_eq!(grant.status, 201, "{:#}", grant.json);
    let token = grant.json["token"].as_str().unwrap().to_owned();
    let ask = async |origin: Option<&str>, token: &str, body: &Value| {
        let request = world.http.post(world.at("/api/v1/jobs")).bearer_auth(token).json(body);
        Answer::to(match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        })
        .await
    };
    let first = ask(Some(SHOP), &token, &small_clip("one")).await;
    assert_eq!(first.status, 202, "{:#}", first.json);
    assert_eq!(first.header("ratelimit-policy"), "\"misses\";q=4;w=60", "the token's own limit");

    for origin in
        [None, Some("https://thief.example"), Some("https://shop.example.thief.example"), Some("null")]
    {
        ask(origin, &token, &small_clip("one")).await.expect_problem(403, "forbidden");
    }
    let changed = |pointer: &str, value: Value| {
        let mut body = small_clip("one");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        body
    };
    for (pointer, value, told) in [
        ("/params/character", json!("miso"), "/params/character"),
        ("/params/state", json!("sad"), "/params/state"),
        ("/params/prompt", json!("a text of my own"), "/params"),
        ("/private", json!(true), "/private"),
        ("/webhook", json!({"url": "http://127.0.0.1:9/"}), "/webhook"),
    ] {
        let answer = ask(Some(SHOP), &token, &changed(pointer, value)).await;
        answer.expect_problem(403, "forbidden");
        assert_eq!(answer.json["errors"][0]["pointer"], told, "{:#}", answer.json);
    }
    for (method, path) in [(Method::POST, "tokens"), (Method::GET, "usage"), (Method::GET, "lanes/studio")] {
        let request = world.http.request(method, world.at(&format!("/api/v1/{path}"))).bearer_auth(&token);
        Answer::to(request.header("origin", SHOP).json(&wish)).await.expect_problem(403, "forbidden");
    }

    // Two clips are within its budget, a third is not; one that another pays for costs nothing.
    assert_eq!(ask(Some(SHOP), &token, &small_clip("two")).await.status, 202);
    let beyond = ask(Some(SHOP), &token, &small_clip("three")).await;
    beyond.expect_problem(402, "budget_exceeded");
    assert_eq!(world.studio_stats().await["submissions"].as_u64().map(|n| n <= 2), Some(true));

    for (wrong, code) in [
        (expired_token(), "token_expired"),
        (format!("{token}x"), "unauthorized"),
        (token.replacen("eyJ", "eyK", 1), "unauthorized"),
        (format!("{}.", token.rsplit_once('.').unwrap().0), "unauthorized"),
    ] {
        ask(Some(SHOP), &wrong, &small_clip("one")).await.expect_problem(401, code);
    }

    let socket = format!("{}/api/v1/ws/jobs", world.edge.replacen("http", "ws", 1));
    let page = EventStream::open_with_token(&socket, SHOP, &token).await;
    assert_eq!(page.snapshot["jobs"].as_array().unwrap().len(), 2, "a page has its token's session");
    let revoke = servers.shop.request(
        &world,
        Method::DELETE,
        &format!("/api/v1/tokens/{}", grant.json["id"].as_str().unwrap()),
    );
    assert_eq!(revoke.send().await.unwrap().status(), 204);
    assert_eq!(page.closed().await, Some(4401), "a page is told to ask for another token");
    ask(Some(SHOP), &token, &small_clip("four")).await.expect_problem(401, "token_revoked");

    let wrong =
        servers.shop.post(&world, "/api/v1/tokens", &json!({"origins": ["shop"], "ttl_s": 5, "x": 1})).await;
    wrong.expect_problem(422, "invalid_request");
    assert_eq!(wrong.json["errors"].as_array().unwrap().len(), 4, "{:#}", wrong.json);
    until(async || servers.shop.get(&world, "/api/v1/usage").await.json["reservations"] == 0).await;
    let log = world.edge_log();
    for secret in servers.secrets().into_iter().chain([token.as_str(), "a text of my own"]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// A token of ours whose time is long over.
fn expired_token() -> String {
    let request = TokenRequest::read(&json!({"origins": [SHOP], "budget_micro_usd": 1_000})).unwrap();
    let claims: Claims = request.claims("shop", [7; 16], Millis(1_700_000_000_000));
    token::mint(&signing_keys(), &claims).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_in_development_answers_on_this_machine_only() {
    let world = World::start(&[]).await;
    for path in ["/api/v1/health", "/api/v1/jobs", "/placeholders/idle.svg"] {
        let request = world.http.get(world.at(path)).header("host", "shop.example");
        Answer::to(request).await.expect_problem(503, "development_only");
    }
    assert_eq!(world.get("/api/v1/health").await.status(), 200);
}

/// How a job stands at last, for its server.
async fn finished(world: &World, server: &Server, id: &str) -> Value {
    let path = format!("/api/v1/jobs/{id}");
    until(async || server.get(world, &path).await.json["status"] == "complete").await;
    server.get(world, &path).await.json
}
