//! A world: a studio, an edge in front of it, and a folder that outlives the edge's death.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::events::EventStream;
use crate::process::{Group, free_port, path_from_env};

/// How long anything may take before a test gives up. Never reached by a passing test.
pub const PATIENCE: Duration = Duration::from_secs(60);

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
    variables: Vec<String>,
    folder: tempfile::TempDir,
    edge_process: Option<Group>,
    _studio_process: Group,
}

impl World {
    /// Starts both. `studio_arguments` go to the studio, for instance `--delay realtime=500`.
    pub async fn start(studio_arguments: &[&str]) -> Self {
        Self::start_with(studio_arguments, &[]).await
    }

    /// The same with variables of the edge set to something else, each as `NAME:VALUE`.
    pub async fn start_with(studio_arguments: &[&str], variables: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut studio = Command::new(path_from_env("CUELIGHT_STUDIO"));
        studio.args(["--port", "0"]).args(studio_arguments);
        let (studio_process, studio) =
            Group::start_and_read(studio, &folder.path().join("studio.log"), |line| {
                line.strip_prefix("studio ready at ").map(|url| url.trim().to_owned())
            })
            .await;
        let port = free_port();
        let mut world = Self {
            edge: format!("http://127.0.0.1:{port}"),
            studio,
            http: Client::builder().timeout(PATIENCE).build().expect("a client"),
            port,
            variables: variables.iter().map(|&variable| variable.to_owned()).collect(),
            folder,
            edge_process: None,
            _studio_process: studio_process,
        };
        world.start_edge().await;
        world
    }

    /// Starts the edge on the storage that an earlier one left.
    pub async fn start_edge(&mut self) {
        let log = self.folder.path().join("edge.log");
        let mut command = Command::new(path_from_env("CUELIGHT_WRANGLER"));
        command
            .current_dir(path_from_env("CUELIGHT_EDGE_DIR"))
            .args(["dev", "--local", "--ip", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--inspector-port", &free_port().to_string()])
            .args(["--persist-to", &self.folder.path().join("state").to_string_lossy()])
            .args(["--show-interactive-dev-session", "false"])
            .args(["--var", &format!("STUDIO_URL:{}", self.studio)])
            .args(self.variables.iter().flat_map(|variable| ["--var", variable]))
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CI", "true");
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

    /// `GET {edge}{path}`.
    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.edge)).send().await.expect("an answer")
    }

    /// `POST {edge}/api/v1/jobs` as session `session`.
    pub async fn post_job(&self, session: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}/api/v1/jobs", self.edge));
        let answer =
            request.header("x-cuelight-session", session).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// Opens the session's event stream; `since` asks for what came after that event.
    pub async fn events(&self, session: &str, since: Option<u64>) -> EventStream {
        let since = since.map(|n| format!("&since={n}")).unwrap_or_default();
        let socket = self.edge.replacen("http", "ws", 1);
        EventStream::open(&format!("{socket}/api/v1/ws/jobs?session={session}{since}")).await
    }

    /// The studio's own count of what it was asked to do.
    pub async fn studio_stats(&self) -> Value {
        let answer = self.http.get(format!("{}/control/stats", self.studio)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
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
            let answer = self.get(&format!("/api/v1/jobs/{job_id}")).await;
            assert_eq!(answer.status(), StatusCode::OK, "GET /jobs/{job_id}");
            let job: Value = answer.json().await.expect("JSON");
            if matches!(job["status"].as_str(), Some("complete" | "failed" | "cancelled")) {
                return job;
            }
            assert!(started.elapsed() < PATIENCE, "still {job}\n{}", self.edge_log());
            tokio::time::sleep(Duration::from_millis(100)).await;
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
