//! A world: a studio, an edge in front of it, and a folder that outlives the edge's death.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::events::EventStream;
use crate::process::{Group, free_port, path_from_env};

/// How long anything may take before a test gives up. Never reached by a passing test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What opens the metrics in development.
const METRICS_KEY: &str = "metrics-dev-key";

/// A studio and an edge, started for one test and stopped with it.
#[derive(Debug)]
pub struct World {
    /// Origin of the edge, for instance `http://127.0.0.1:40123`.
    pub edge: String,
    /// Origin of the studio.
    pub studio: String,
    /// A client without a cache.
    pub http: Client,
    port: u16,
    folder: tempfile::TempDir,
    /// Settings of the edge that differ from those of `wrangler.toml`, by name.
    variables: BTreeMap<String, String>,
    /// Without wrangler and its proxy.
    bare: bool,
    edge_process: Option<Group>,
    _studio_process: Group,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, or null where it is empty.
    pub json: Value,
}

impl Answer {
    /// Sends `request` and reads the whole answer.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::tried(request).await.expect("an answer")
    }

    /// The same, where the connection may be lost.
    ///
    /// # Errors
    /// There was no whole answer.
    pub async fn tried(request: RequestBuilder) -> reqwest::Result<Self> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await?;
        let json = if text.is_empty() {
            Value::Null
        } else {
            // What stands before the edge answers in words.
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok(Self { status, headers, json })
    }

    /// A header, as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Passes, or tells what came instead of this status and code.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), &self.json["code"]), (status, &json!(code)), "{:#}", self.json);
    }
}

impl World {
    /// Starts both. `studio_arguments` go to the studio, for instance `--delay realtime=500`.
    pub async fn start(studio_arguments: &[&str]) -> Self {
        Self::with(studio_arguments, &[]).await
    }

    /// The same, with settings of the edge that replace those of `wrangler.toml`.
    pub async fn with(studio_arguments: &[&str], settings: &[(&str, Value)]) -> Self {
        Self::begun(studio_arguments, &[], settings, false).await
    }

    /// The same without the proxy that wrangler puts before a worker, for tests that ask more than
    /// it passes on. No pages are served.
    pub async fn bare(studio_arguments: &[&str], settings: &[(&str, Value)]) -> Self {
        Self::begun(studio_arguments, &[], settings, true).await
    }

    /// The same, where the studio takes other keys than in development: its variables, by name.
    pub async fn keyed(
        studio_arguments: &[&str],
        studio_keys: &[(&str, &str)],
        settings: &[(&str, Value)],
    ) -> Self {
        Self::begun(studio_arguments, studio_keys, settings, true).await
    }

    async fn begun(
        studio_arguments: &[&str],
        studio_keys: &[(&str, &str)],
        settings: &[(&str, Value)],
        bare: bool,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut studio = Command::new(path_from_env("CUELIGHT_STUDIO"));
        studio.args(["--port", "0"]).args(studio_arguments).envs(studio_keys.iter().copied());
        let (studio_process, studio) =
            Group::start_and_read(studio, &folder.path().join("studio.log"), |line| {
                line.strip_prefix("studio ready at ").map(|url| url.trim().to_owned())
            })
            .await;
        let port = free_port();
        let mut world = Self {
            edge: format!("http://127.0.0.1:{port}"),
            studio,
            // workerd closes what is idle for 5 s, so nothing is sent on what is idle for longer.
            http: Client::builder()
                .timeout(PATIENCE)
                .pool_idle_timeout(Duration::from_secs(2))
                .build()
                .expect("a client"),
            port,
            folder,
            variables: BTreeMap::new(),
            bare,
            edge_process: None,
            _studio_process: studio_process,
        };
        for (name, value) in cuelight_core::settings::studio::variables(&world.studio) {
            world.set(&name, &value);
        }
        settings.iter().for_each(|(name, value)| world.set(name, value));
        world.start_edge().await;
        world
    }

    /// Sets a variable of the edge, from its next start on.
    pub fn set(&mut self, name: &str, value: &Value) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.variables.insert(name.to_owned(), text);
    }

    /// Starts the edge on the storage that an earlier one left.
    pub async fn start_edge(&mut self) {
        let log = self.folder.path().join("edge.log");
        let command = if self.bare { self.bare_workerd() } else { self.wrangler() };
        let mut group = Group::start(command, &log);
        let started = Instant::now();
        loop {
            let answer = self.http.get(format!("{}/api/v1/health", self.edge)).send().await;
            if answer.is_ok_and(|a| a.status() == StatusCode::OK) {
                break;
            }
            if group.ended() || started.elapsed() > PATIENCE {
                panic!("the edge did not start:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.edge_process = Some(group);
    }

    /// What a developer starts.
    fn wrangler(&self) -> Command {
        let variables = self.variables.iter();
        let mut command = Command::new(path_from_env("CUELIGHT_WRANGLER"));
        command
            .current_dir(path_from_env("CUELIGHT_EDGE_DIR"))
            .args(["dev", "--local", "--ip", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--inspector-port", &free_port().to_string()])
            .args(["--persist-to", &self.state().to_string_lossy()])
            .args(["--show-interactive-dev-session", "false"])
            .args(variables.flat_map(|(name, text)| ["--var".to_owned(), format!("{name}:{text}")]))
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CI", "true");
        command
    }

    /// The same without wrangler's proxy.
    fn bare_workerd(&self) -> Command {
        let wrangler = path_from_env("CUELIGHT_WRANGLER");
        // npm/node_modules/.bin/wrangler
        let npm = wrangler.ancestors().nth(3).expect("wrangler is in a folder of npm's");
        let edge = path_from_env("CUELIGHT_EDGE_DIR");
        let mut command = Command::new("node");
        command
            .arg(edge.join("../tests/edge.mjs"))
            .args([npm, &edge])
            .arg(self.port.to_string())
            .arg(self.state())
            .arg(json!(self.variables).to_string());
        command
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// SIGKILL to wrangler and workerd, at once and without warning.
    pub async fn kill_edge(&mut self) {
        self.edge_process.take().expect("the edge runs").kill().await;
    }

    /// What the edge has written to its log so far.
    pub fn edge_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("edge.log")).unwrap_or_default()
    }

    /// A folder of this world's own.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The address of `path` at the edge.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.edge)
    }

    /// `GET {edge}{path}`.
    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.edge)).send().await.expect("an answer")
    }

    /// `POST {edge}/api/v1/jobs` as session `session`.
    pub async fn post_job(&self, session: &str, body: &Value) -> (StatusCode, Value) {
        let started = Instant::now();
        loop {
            // wrangler's proxy may lose an answer when the machine is busy, and says 503 in words.
            match Answer::tried(self.asking(session, body)).await {
                Ok(answer)
                    if answer.status != StatusCode::SERVICE_UNAVAILABLE || !answer.json.is_string() =>
                {
                    return (answer.status, answer.json);
                }
                lost => assert!(started.elapsed() < PATIENCE, "{lost:?}"),
            }
        }
    }

    /// Asks for a clip as session `session`, with the whole answer.
    pub async fn ask(&self, session: &str, body: &Value) -> Answer {
        Answer::to(self.asking(session, body)).await
    }

    /// The request for a clip as session `session`.
    pub fn asking(&self, session: &str, body: &Value) -> RequestBuilder {
        self.http.post(self.at("/api/v1/jobs")).header("x-cuelight-session", session).json(body)
    }

    /// The address of a session's event stream; `since` asks for what came after that event.
    pub fn socket(&self, session: &str, since: Option<u64>) -> String {
        let since = since.map(|n| format!("&since={n}")).unwrap_or_default();
        let edge = self.edge.replacen("http", "ws", 1);
        format!("{edge}/api/v1/ws/jobs?session={session}{since}")
    }

    /// Opens the session's event stream; `since` asks for what came after that event.
    pub async fn events(&self, session: &str, since: Option<u64>) -> EventStream {
        EventStream::open(&self.socket(session, since)).await
    }

    /// The studio's own count of what it was asked to do.
    pub async fn studio_stats(&self) -> Value {
        let answer = self.http.get(format!("{}/control/stats", self.studio)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// What the tenant has spent, as the edge says.
    pub async fn usage(&self) -> Value {
        Answer::to(self.http.get(self.at("/api/v1/usage"))).await.json
    }

    /// What the studio has charged, in millionths of a dollar.
    pub async fn studio_bill(&self) -> Value {
        Answer::to(self.http.get(format!("{}/control/bill", self.studio))).await.json
    }

    /// The number of a counter or gauge in `GET /metrics`; 0 while nothing was counted.
    pub async fn metric(&self, name: &str) -> u64 {
        let request = self.http.get(self.at("/api/v1/metrics")).bearer_auth(METRICS_KEY);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await.expect("text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.trim().parse().expect("a number"))
    }

    /// Makes the studio misbehave.
    pub async fn studio_faults(&self, rules: Value) {
        let request = self.http.post(format!("{}/control/faults", self.studio));
        let answer = request.json(&json!({ "rules": rules })).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// Polls a job until nothing about it will change any more.
    pub async fn finished(&self, job_id: &str) -> Value {
        let started = Instant::now();
        loop {
            // wrangler's proxy may lose an answer when the machine is busy.
            let request = self.http.get(self.at(&format!("/api/v1/jobs/{job_id}"))).timeout(PATIENCE / 6);
            let answer = Answer::tried(request).await;
            if let Ok(Answer { status, json: job, .. }) = &answer {
                assert_eq!(*status, StatusCode::OK, "GET /jobs/{job_id}: {job}");
                if matches!(job["status"].as_str(), Some("complete" | "failed" | "cancelled")) {
                    return job.clone();
                }
            }
            assert!(started.elapsed() < PATIENCE, "still {answer:?}\n{}", self.edge_log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for World {
    /// A test that failed shows what the edge wrote last: the folder goes with the world.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.edge_log();
            let lines: Vec<&str> = log.lines().collect();
            println!("The edge's last lines:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The body for a clip of `state`, small and quick.
pub fn state_clip(character: &str, state: &str) -> Value {
    json!({
        "operation_type": "state_clip",
        "params": {"character": character, "state": state, "quality_preset": "realtime"},
    })
}

/// The body for the smallest clip there is, told from others by the caller's part of the key.
pub fn small_clip(cache_key: &str) -> Value {
    let params = json!({
        "character": "bolt", "state": "idle", "quality_preset": "realtime",
        "width": 128, "height": 128, "fps": 4, "duration": 1,
    });
    json!({"operation_type": "state_clip", "cache_key": cache_key, "params": params})
}

/// Looks again and again until it is so.
pub async fn until(mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < PATIENCE, "it never came to be");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
