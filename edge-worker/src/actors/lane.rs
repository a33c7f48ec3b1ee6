//! The shell of `core`'s lane machine: one object for each provider account.

use cuelight_core::actors::lane::{Answer, Effect, Event, Lane, Request as Ask};
use cuelight_core::actors::stored::Whole;
use cuelight_core::cache_key::CacheKey;
use futures_util::future::join_all;
use serde_json::json;
use worker::{
    DurableObject, Env, Request, Response, Result, State, Storage, console_error, console_log, durable_object,
};

use super::state::Machine;
use super::{Granted, ask, generation, json as answer, request_id};
use crate::settings;

/// Under which name the object remembers which provider it is for: an alarm does not say.
const PROVIDER: &str = "provider";

/// One provider account.
#[durable_object]
pub struct LaneActor {
    machine: Machine<Whole<Lane>>,
    storage: Storage,
    env: Env,
}

impl DurableObject for LaneActor {
    fn new(state: State, env: Env) -> Self {
        Self { machine: Machine::new(state.storage()), storage: state.storage(), env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let (_, provider) = path.rsplit_once('/').unwrap_or_default();
        let id = request_id(&request);
        if path.starts_with("/status/") {
            return answer(&self.machine.read(|machine| machine.0.status(settings::now())).await?);
        }
        if self.storage.get::<String>(PROVIDER).await?.is_none() {
            self.storage.put_raw(PROVIDER, provider).await?;
        }
        let body = request.text().await?;
        let event = if path.starts_with("/drain/") {
            let drained: bool = serde_json::from_str(&body)?;
            console_log!(
                "{}",
                json!({"request_id": id, "actor": "lane", "lane": provider, "drained": drained})
            );
            Event::Drain(drained)
        } else {
            let asked: Ask = serde_json::from_str(&body)?;
            console_log!("{}", json!({"request_id": id, "actor": "lane", "lane": provider, "asked": asked}));
            Event::Asked(asked)
        };
        answer(&self.run(provider, event, &id).await?)
    }

    async fn alarm(&self) -> Result<Response> {
        let provider = self.storage.get::<String>(PROVIDER).await?.unwrap_or_default();
        self.run(&provider, Event::Alarm, "").await?;
        Response::empty()
    }
}

impl LaneActor {
    /// One turn, and what it grants. The answer is the asker's, if there is one.
    async fn run(&self, provider: &str, event: Event, request_id: &str) -> Result<Option<Answer>> {
        let deployment = settings::deployment(&self.env).map_err(|error| error.to_string())?;
        let limits = deployment.settings.lane(provider);
        let alarm = |effect: &Effect| if let Effect::SetAlarm(at) = effect { Some(*at) } else { None };
        let decide = |machine: &mut Whole<Lane>| machine.0.on(settings::now(), &limits, event);
        let effects = self.machine.turn(decide, alarm, |_| {}).await?;
        let mut said = None;
        let mut grants = Vec::new();
        for effect in effects {
            match effect {
                Effect::SetAlarm(_) => {}
                Effect::Answer(answer) => said = Some(answer),
                Effect::Grant { holder, ticket, until } => {
                    grants.push(self.tell(holder, Granted { ticket, until }, request_id));
                }
            }
        }
        join_all(grants).await;
        Ok(said)
    }

    /// Sent once: a holder that does not hear asks again.
    async fn tell(&self, holder: String, granted: Granted, request_id: &str) {
        let Some(key) = CacheKey::parse(&holder) else { return };
        let told = match generation(&self.env, &key) {
            Ok(stub) => ask::<_, bool>(&stub, "/granted", &granted, request_id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            console_error!(
                "{}",
                json!({"actor": "lane", "grant": granted.ticket, "error": error.to_string()})
            );
        }
    }
}
