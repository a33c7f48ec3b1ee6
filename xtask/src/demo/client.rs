//! A server of a developer's own, as it calls the API. Asks again where a busy machine loses an answer.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::http::{Answer, Connection};

/// How often a call is made before a lost answer counts: the proxy before a local worker loses some.
const TRIES: usize = 4;

/// Calls to one server.
#[derive(Debug)]
pub(super) struct Client {
    /// `host:port`.
    place: String,
}

impl Client {
    pub(super) fn new(place: &str) -> Self {
        Self { place: place.to_owned() }
    }

    /// What is at an address.
    pub(super) fn get_bytes(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.call("GET", path, "", &[])?;
        if answer.status != 200 {
            bail!("GET {path} is answered with {}", answer.status);
        }
        Ok(answer.body)
    }

    /// The JSON that is at an address.
    pub(super) fn get_json(&self, path: &str) -> Result<Value> {
        let bytes = self.get_bytes(path)?;
        serde_json::from_slice(&bytes).with_context(|| format!("GET {path} is not answered in JSON"))
    }

    /// Asks for a job. The same job twice is the same job, so a lost answer is no harm.
    pub(super) fn post_job(&self, session: &str, body: &Value) -> Result<Value> {
        self.post_json("/api/v1/jobs", session, body)
    }

    /// Sends JSON, as a session.
    pub(super) fn post_json(&self, path: &str, session: &str, body: &Value) -> Result<Value> {
        let headers = format!("Content-Type: application/json\r\nX-Cuelight-Session: {session}\r\n");
        self.post(path, &headers, body.to_string().as_bytes())
    }

    /// Uploads a file, which is judged by its bytes.
    pub(super) fn upload(&self, path: &str, bytes: &[u8]) -> Result<Value> {
        self.post(path, "Content-Type: application/octet-stream\r\n", bytes)
    }

    fn post(&self, path: &str, headers: &str, body: &[u8]) -> Result<Value> {
        let answer = self.call("POST", path, headers, body)?;
        let said: Value = serde_json::from_slice(&answer.body)
            .with_context(|| format!("POST {path} is answered with {}, not in JSON", answer.status))?;
        if answer.status >= 400 {
            bail!("{} {}", said["code"].as_str().unwrap_or("refused"), reasons(&said));
        }
        Ok(said)
    }

    fn call(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {length}\r\n\r\n",
            self.place
        );
        let request = [head.as_bytes(), body].concat();
        let mut lost = None;
        for _ in 0..TRIES {
            match self.once(&request) {
                // The proxy says so in words, the worker in JSON.
                Ok(answer) if answer.status == 503 && !answer.body.starts_with(b"{") => {}
                Ok(answer) => return Ok(answer),
                Err(error) => lost = Some(error),
            }
        }
        let lost = lost.map_or_else(|| "503".to_owned(), |error| format!("{error:#}"));
        bail!("{method} {path} was not answered: {lost}")
    }

    fn once(&self, request: &[u8]) -> Result<Answer> {
        let mut connection = Connection::open(&self.place)?;
        if !connection.ask(request)? {
            bail!("the connection was closed");
        }
        let mut answer = Answer::default();
        connection.read(&mut answer)?;
        Ok(answer)
    }
}

/// Why a request was refused: what is wrong with each member, or the one reason there is.
fn reasons(problem: &Value) -> String {
    let members = problem["errors"].as_array().into_iter().flatten();
    let members: Vec<String> = members
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("pointer"), text("detail"))
        })
        .collect();
    match members.as_slice() {
        [] => problem["detail"].as_str().unwrap_or_default().to_owned(),
        members => members.join("; "),
    }
}
