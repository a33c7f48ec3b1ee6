//! The shell of `core`'s session machine: one object for each player or page, with its sockets.
//!
//! Sockets hibernate: between messages the object costs nothing and may be evicted, and what it
//! knows is read back from storage. An event is durable before any socket hears of it.

use cuelight_core::actors::generation::Update;
use cuelight_core::actors::session::{Event, Filter, Reply, Request as Ask, Session, as_joined};
use cuelight_core::api::Job;
use cuelight_core::limiter::Rate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    WebSocketRequestResponsePair, console_error, console_log, durable_object,
};

use super::state::Machine;
use super::{json as answer, request_id};
use crate::{caller, settings};

mod effects;

/// The close code of a socket whose token was taken back: ours to choose (RFC 6455, section 7.4.2).
const REVOKED: u16 = 4401;

/// What a session answers to a request, to a cancellation or to a question about a job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Replied {
    pub(crate) reply: Reply,
    pub(crate) job: Option<Job>,
}

/// One player or page.
#[durable_object]
pub struct SessionActor {
    machine: Machine<Session>,
    state: State,
    env: Env,
}

impl DurableObject for SessionActor {
    fn new(state: State, env: Env) -> Self {
        // Answered by the runtime itself, without waking the object.
        if let Ok(pair) = WebSocketRequestResponsePair::new("ping", "pong") {
            state.set_websocket_auto_response(&pair);
        }
        Self { machine: Machine::new(state.storage()), state, env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let id = request_id(&request);
        let path = request.path();
        if path == "/socket" {
            return self.open(&request).await;
        }
        let body = request.text().await?;
        match path.as_str() {
            "/update" => {
                let update: Update = serde_json::from_str(&body)?;
                self.run(Event::Updated(update), &id, None).await?;
                answer(&true)
            }
            "/cancel" => {
                let job_id: String = serde_json::from_str(&body)?;
                let reply = self.run(Event::Cancel { job_id: job_id.clone() }, &id, None).await?;
                let job = self.machine.read(|machine| machine.job(&job_id).cloned()).await?;
                answer(&Replied { reply: reply.unwrap_or(Reply::Unknown), job })
            }
            "/count" => {
                let rate: Rate = serde_json::from_str(&body)?;
                let reply = self.run(Event::Counted(rate), &id, None).await?;
                answer(&Replied { reply: reply.unwrap_or(Reply::Unknown), job: None })
            }
            "/revoke" => answer(&self.run(Event::Revoked, &id, None).await?),
            "/list" => {
                let filter: Filter = serde_json::from_str(&body)?;
                answer(&self.machine.read(|machine| machine.list(&filter)).await?)
            }
            "/job" => {
                let job_id: String = serde_json::from_str(&body)?;
                answer(&self.machine.read(|machine| machine.job(&job_id).cloned()).await?)
            }
            "/limit" => {
                let rate: Rate = serde_json::from_str(&body)?;
                answer(&self.machine.read(|machine| machine.limit(settings::now(), rate)).await?)
            }
            _ => {
                let asked: Ask = serde_json::from_str(&body)?;
                console_log!("{}", json!({"request_id": id, "actor": "session", "job_id": asked.job.id}));
                let reply = self.run(Event::Requested(Box::new(asked)), &id, None).await?;
                self.replied(reply.unwrap_or(Reply::Unknown)).await
            }
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.run(Event::Alarm, "", None).await?;
        Response::empty()
    }

    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        // A page has nothing to say here but `ping`, and that the runtime answers.
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> Result<()> {
        // Without an echo the other side sees 1006. Reserved codes must not be sent (RFC 6455, 7.4).
        let code = u16::try_from(code).ok().filter(|code| matches!(code, 1000 | 3000..=4999)).unwrap_or(1000);
        socket.close(Some(code), Some(""))
    }

    async fn websocket_error(&self, _: WebSocket, error: worker::Error) -> Result<()> {
        console_error!("{}", json!({"actor": "session", "socket": error.to_string()}));
        Ok(())
    }
}

impl SessionActor {
    async fn replied(&self, reply: Reply) -> Result<Response> {
        let job = match &reply {
            Reply::Job { id, joined, .. } => {
                let job = self.machine.read(|machine| machine.job(id).cloned()).await?;
                job.map(|job| if *joined { as_joined(&job) } else { job })
            }
            _ => None,
        };
        answer(&Replied { reply, job })
    }

    async fn open(&self, request: &Request) -> Result<Response> {
        let url = request.url()?;
        let since = url.query_pairs().find(|(name, _)| name == "since");
        let since = since.and_then(|(_, value)| value.parse().ok());
        let pair = WebSocketPair::new()?;
        let refused = self.run(Event::Connected { since }, "", Some(&pair.server)).await?;
        if refused.is_some() {
            // Opened and closed at once: a browser shows a page the code of a close, but not the
            // status of a refused upgrade.
            pair.server.accept()?;
            pair.server.close(Some(REVOKED), Some("the token was revoked"))?;
        }
        let mut response = Response::from_websocket(pair.client)?;
        let offered = request.headers().get("sec-websocket-protocol")?.unwrap_or_default();
        if offered.split(',').any(|name| name.trim() == caller::SUBPROTOCOL) {
            // A browser drops a socket whose server takes up none of what it offered.
            response.headers_mut().set("sec-websocket-protocol", caller::SUBPROTOCOL)?;
        }
        Ok(response)
    }
}
