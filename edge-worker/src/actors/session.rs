//! The shell of `core`'s session machine: one object for each player or page, with its sockets.
//!
//! Sockets hibernate: between messages the object costs nothing and may be evicted, and what it
//! knows is read back from storage. An event is durable before any socket hears of it.

use std::collections::VecDeque;

use cuelight_core::actors::generation::{Answer, Update, Want};
use cuelight_core::actors::session::{Effect, Event, Session, as_joined};
use serde_json::json;
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    WebSocketRequestResponsePair, console_error, console_log, durable_object,
};

use super::state::Machine;
use super::{Requested, ask, generation, json as answer};
use crate::settings;

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
        match request.path().as_str() {
            "/socket" => self.open(&request).await,
            "/update" => {
                let update: Update = serde_json::from_str(&request.text().await?)?;
                self.run(Event::Updated(update), "", None).await?;
                answer(&true)
            }
            _ => self.request(request).await,
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
    async fn request(&self, mut request: Request) -> Result<Response> {
        let request_id = request.headers().get("x-request-id")?.unwrap_or_default();
        let Requested { job, spec } = serde_json::from_str(&request.text().await?)?;
        console_log!("{}", json!({"request_id": request_id, "actor": "session", "job_id": job.id}));
        let joins = self.machine.read(|machine| machine.live_job(&job).map(|live| live.id.clone())).await?;
        let event = Event::Requested { job: Box::new(job.clone()), spec: Box::new(spec) };
        self.run(event, &request_id, None).await?;
        let id = joins.as_ref().unwrap_or(&job.id);
        let now = self.machine.read(|machine| machine.job(id).cloned()).await?.unwrap_or(job);
        answer(&if joins.is_some() { as_joined(&now) } else { now })
    }

    async fn open(&self, request: &Request) -> Result<Response> {
        let url = request.url()?;
        let since = url.query_pairs().find(|(name, _)| name == "since");
        let since = since.and_then(|(_, value)| value.parse().ok());
        let pair = WebSocketPair::new()?;
        self.run(Event::Connected { since }, "", Some(&pair.server)).await?;
        Response::from_websocket(pair.client)
    }

    /// An event, its effects, the events those bring, and so on. `opened` is the socket that is
    /// being opened: it is accepted and greeted in one breath, so that it hears every event after
    /// its snapshot and none twice.
    async fn run(&self, event: Event, request_id: &str, opened: Option<&WebSocket>) -> Result<()> {
        let mut accept = opened;
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let decide = |machine: &mut Session| {
                let effects = machine.on(settings::now(), event);
                if let Some(socket) = accept.take() {
                    self.state.accept_web_socket(socket);
                }
                effects
            };
            let alarm = |effect: &Effect| match effect {
                Effect::SetAlarm(at) => Some(*at),
                _ => None,
            };
            let effects = self.machine.turn(decide, alarm, |effect| self.tell(effect, opened)).await?;
            for effect in effects {
                if let Effect::Want { job, spec } = effect {
                    let want = Want {
                        key: job.cache_key.clone(),
                        spec: *spec,
                        session: self.state.id().to_string(),
                        job_id: job.id.clone(),
                        priority: job.priority,
                        speculative: job.speculative,
                    };
                    events.push_back(self.want(want, request_id).await);
                }
            }
        }
        Ok(())
    }

    /// Sends to sockets. One that is gone says so by its close event, so a failure here is none.
    fn tell(&self, effect: &Effect, opened: Option<&WebSocket>) {
        match effect {
            Effect::Greet(message) => {
                if let Some(socket) = opened {
                    let _ = socket.send(message);
                }
            }
            Effect::Broadcast(event) => {
                for socket in self.state.get_websockets() {
                    let _ = socket.send(event);
                }
            }
            Effect::SetAlarm(_) | Effect::Want { .. } => {}
        }
    }

    async fn want(&self, want: Want, request_id: &str) -> Event {
        let asked = match generation(&self.env, &want.key) {
            Ok(stub) => ask::<_, Option<Answer>>(&stub, "/want", &want, request_id).await,
            Err(error) => Err(error),
        };
        let answer = asked.unwrap_or_else(|error| {
            console_error!(
                "{}",
                json!({"actor": "session", "want": want.job_id, "error": error.to_string()})
            );
            None
        });
        Event::WantAnswered { job_id: want.job_id, answer }
    }
}
