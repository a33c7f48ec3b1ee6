//! The shell of `core`'s generation machine: one object for each key.
//!
//! Two callers cannot both start a flight: the machine's turn is synchronous, and its write is
//! durable before any effect leaves the object. The alarm makes every provider call, so a caller
//! that goes away takes nothing with it.

use std::collections::VecDeque;

use cuelight_core::actors::generation::{Effect, Event, Generation, Output, ProviderError, Want};
use cuelight_core::api::Content;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::media;
use cuelight_core::operation::ClipSpec;
use cuelight_providers::{Adapter, adapter};
use futures_util::future::join_all;
use serde_json::json;
use url::Url;
use worker::{
    DurableObject, Env, Request, Response, Result, State, console_error, console_log, durable_object,
};

use super::state::Machine;
use super::{ask, json as answer, session_by_id};
use crate::provider_client::Limits;
use crate::{clip_store, provider_client, settings};

/// One key's single flight.
#[durable_object]
pub struct GenerationActor {
    machine: Machine<Generation>,
    env: Env,
}

impl DurableObject for GenerationActor {
    fn new(state: State, env: Env) -> Self {
        Self { machine: Machine::new(state.storage()), env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.text().await?;
        if request.path() == "/job" {
            let id: String = serde_json::from_str(&body)?;
            return answer(&self.machine.read(|machine| machine.job(settings::now(), &id)).await?);
        }
        let want: Want = serde_json::from_str(&body)?;
        let id = want.job_id.clone();
        let request_id = request.headers().get("x-request-id")?;
        console_log!("{}", json!({"request_id": request_id, "actor": "generation", "job_id": id}));
        self.run(Event::Wanted(want)).await?;
        answer(&self.machine.read(|machine| machine.answer(settings::now(), &id)).await?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.run(Event::Alarm).await?;
        Response::empty()
    }
}

impl GenerationActor {
    /// An event, its effects, the events those bring, and so on.
    async fn run(&self, event: Event) -> Result<()> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let alarm = |effect: &Effect| match effect {
                Effect::SetAlarm(at) => Some(*at),
                _ => None,
            };
            let effects =
                self.machine.turn(|machine| machine.on(settings::now(), event), alarm, |_| {}).await?;
            // Effects of one turn do not depend on each other: many are told as quickly as one.
            let answers = join_all(effects.into_iter().map(|effect| self.perform(effect))).await;
            events.extend(answers.into_iter().flatten());
        }
        Ok(())
    }

    async fn perform(&self, effect: Effect) -> Option<Event> {
        match effect {
            // Set in the same write that persisted the machine.
            Effect::SetAlarm(_) => None,
            Effect::Verify { want, flight } => {
                // A store that cannot be asked is not a clip that is gone.
                let exists = !matches!(clip_store::look(&self.env, &want.key).await, Ok(None));
                Some(Event::Verified { want, flight, exists })
            }
            Effect::Submit { spec, idempotency_key } => {
                let result =
                    self.call(&spec.model, Limits::JSON, |a| a.submit(&spec, &idempotency_key)).await;
                let result = result.and_then(|(a, response)| a.read_submit(&response));
                Some(Event::SubmitAnswered { idempotency_key, result })
            }
            Effect::Poll { model, operation_id } => {
                let result = self.call(&model, Limits::JSON, |a| a.poll(&operation_id)).await;
                let result = result.and_then(|(a, response)| a.read_poll(&response));
                Some(Event::PollAnswered { operation_id, result })
            }
            Effect::Store { key, spec, operation_id, output } => {
                let result = self.store(&key, &spec, &output).await;
                Some(Event::Stored { operation_id, result })
            }
            Effect::Abandon { model, operation_id } => {
                if let Err(error) = self.call(&model, Limits::JSON, |a| a.cancel(&operation_id)).await {
                    console_error!(
                        "{}",
                        json!({"actor": "generation", "abandon": operation_id, "error": error.to_string()})
                    );
                }
                None
            }
            Effect::Notify { session: name, update } => {
                let (job_id, ordinal) = (update.job_id.clone(), update.ordinal);
                let told = match session_by_id(&self.env, &name) {
                    Ok(stub) => ask::<_, bool>(&stub, "/update", &update, "").await,
                    Err(error) => Err(error),
                };
                Some(Event::Delivered { job_id, ordinal, acknowledged: told.is_ok() })
            }
        }
    }

    async fn store(
        &self,
        key: &CacheKey,
        spec: &ClipSpec,
        output: &Output,
    ) -> Result<Content, ProviderError> {
        // Stored already, by a turn that died before it could say so: nothing to fetch again.
        if let Ok(Some(stored)) = clip_store::look(&self.env, key).await {
            return Ok(stored.content);
        }
        let (adapter, response) = self.call(&spec.model, Limits::CLIP, |a| a.download(output)).await?;
        let bytes = adapter.read_download(output, response)?;
        let media = media::check(&bytes, spec).map_err(|error| ProviderError::BadMedia(error.to_string()))?;
        let stored = clip_store::store(&self.env, key, spec.operation, &media, bytes).await;
        stored.map_err(|error| ProviderError::Transient(format!("the clip could not be stored: {error}")))
    }

    /// Sends what `build` makes of the model's adapter.
    async fn call(
        &self,
        model: &str,
        limits: Limits,
        build: impl FnOnce(&dyn Adapter) -> Result<http::Request<Vec<u8>>, ProviderError>,
    ) -> Result<(Box<dyn Adapter>, http::Response<Vec<u8>>), ProviderError> {
        let (base, adapter) = self.adapter(model)?;
        let request = build(adapter.as_ref())?;
        let response = provider_client::send(&base, request, limits).await?;
        Ok((adapter, response))
    }

    fn adapter(&self, model: &str) -> Result<(Url, Box<dyn Adapter>), ProviderError> {
        let provider =
            catalog::built_in().model(model).map(|model| model.provider.as_str()).unwrap_or_default();
        let account = settings::account(&self.env, provider).map_err(|failure| {
            console_error!("{}", json!({"actor": "generation", "error": failure.to_string()}));
            ProviderError::Fatal("the provider is not set up".to_owned())
        })?;
        let base = account.base.clone();
        let adapter = adapter(provider, account);
        adapter.map(|a| (base, a)).ok_or_else(|| ProviderError::Fatal("there is no such provider".to_owned()))
    }
}
