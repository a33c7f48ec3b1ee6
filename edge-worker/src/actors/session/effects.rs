//! How a session carries out what its machine decides: sockets, generations, webhooks.

use std::collections::VecDeque;

use cuelight_core::actors::generation::{Answer, Want};
use cuelight_core::actors::session::{Effect, Event, Message, Reply, Session, Wish};
use cuelight_core::api::Job;
use cuelight_core::cache_key::CacheKey;
use serde_json::json;
use worker::{Result, WebSocket, console_error};

use super::{REVOKED, SessionActor};
use crate::actors::{ask, generation};
use crate::{private_address, settings, webhook};

impl SessionActor {
    /// An event, its effects, the events those bring, and so on; the reply to the first, if it has
    /// one. `opened` is the socket that is being opened: it is accepted and greeted in one breath,
    /// so that it hears every event after its snapshot and none twice.
    pub(super) async fn run(
        &self,
        event: Event,
        request_id: &str,
        opened: Option<&WebSocket>,
    ) -> Result<Option<Reply>> {
        let mut accept = opened;
        let mut reply = None;
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let decide = |machine: &mut Session| {
                let effects = machine.on(settings::now(), event);
                let refused = effects.iter().any(|effect| matches!(effect, Effect::Reply(Reply::Revoked)));
                if let Some(socket) = accept.take().filter(|_| !refused) {
                    self.state.accept_web_socket(socket);
                }
                effects
            };
            let alarm = |effect: &Effect| if let Effect::SetAlarm(at) = effect { Some(*at) } else { None };
            let effects = self.machine.turn(decide, alarm, |effect| self.send(effect, opened)).await?;
            for effect in effects {
                match effect {
                    Effect::Reply(said) => reply = Some(said),
                    Effect::Want { job, wish } => events.push_back(self.want(*job, *wish, request_id).await),
                    Effect::Leave { key, job_id } => {
                        events.push_back(self.leave(&key, job_id, request_id).await)
                    }
                    Effect::Webhook { url, mut job } => {
                        self.sign(|deployment| private_address::sign_job(deployment, &mut job));
                        let over = webhook::send(&self.env, &url, &job).await;
                        events.push_back(Event::WebhookAnswered { job_id: job.id, url, over });
                    }
                    // Done at once, in `send`, or with the machine's write.
                    Effect::SetAlarm(_) | Effect::Greet(_) | Effect::Broadcast(_) | Effect::CloseSockets => {}
                }
            }
        }
        Ok(reply)
    }

    /// Sends to sockets. One that is gone says so by its close event, so a failure here is none.
    fn send(&self, effect: &Effect, opened: Option<&WebSocket>) {
        match effect {
            Effect::Greet(message) => {
                if let Some(socket) = opened {
                    let mut message: Message = message.clone();
                    self.sign(|deployment| private_address::sign_message(deployment, &mut message));
                    let _ = socket.send(&message);
                }
            }
            Effect::Broadcast(event) => {
                let mut event = event.clone();
                self.sign(|deployment| private_address::sign_event(deployment, &mut event));
                for socket in self.state.get_websockets() {
                    let _ = socket.send(&event);
                }
            }
            Effect::CloseSockets => {
                for socket in self.state.get_websockets() {
                    let _ = socket.close(Some(REVOKED), Some("the token was revoked"));
                }
            }
            _ => {}
        }
    }

    fn sign(&self, mut with: impl FnMut(&settings::Deployment)) {
        if let Ok(deployment) = settings::deployment(&self.env) {
            with(deployment);
        }
    }

    async fn want(&self, job: Job, wish: Wish, request_id: &str) -> Event {
        let job_id = job.id.clone();
        let want = Want {
            key: job.cache_key,
            spec: wish.spec,
            stand_ins: wish.stand_ins,
            tenant: wish.tenant,
            terms: wish.terms,
            place: wish.place,
            request_id: wish.request_id,
            session: self.state.id().to_string(),
            job_id: job.id,
            priority: job.priority,
            speculative: job.speculative,
        };
        let asked = match generation(&self.env, &want.key) {
            Ok(stub) => ask::<_, Option<Answer>>(&stub, "/want", &want, request_id).await,
            Err(error) => Err(error),
        };
        let answer = asked.unwrap_or_else(|error| {
            let error = error.to_string();
            console_error!(
                "{}",
                json!({"request_id": request_id, "actor": "session", "want": job_id, "error": error})
            );
            None
        });
        Event::WantAnswered { job_id, answer }
    }

    async fn leave(&self, key: &CacheKey, job_id: String, request_id: &str) -> Event {
        let told = match generation(&self.env, key) {
            Ok(stub) => ask::<_, bool>(&stub, "/left", &job_id, request_id).await,
            Err(error) => Err(error),
        };
        Event::LeaveAnswered { job_id, acknowledged: told.is_ok() }
    }
}
