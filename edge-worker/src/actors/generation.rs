//! The shell of `core`'s generation machine: one object for each key.
//!
//! Two callers cannot both start a flight: the machine's turn is synchronous, and its write is
//! durable before any effect leaves the object. The alarm makes every provider call, so a caller
//! that goes away takes nothing with it.

use std::collections::VecDeque;

use cuelight_core::actors::generation::{Effect, Event, Generation, Update, Want};
use cuelight_core::actors::{account, lane};
use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use worker::{
    DurableObject, Env, Request, Response, Result, State, Stub, console_error, console_log, durable_object,
};

use super::state::Machine;
use super::{Granted, WhichJob, ask, json as answer, request_id, session_by_id};
use crate::provider_calls::Provider;
use crate::{clip_store, counters, private_address, settings};

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
        let id = request_id(&request);
        let body = request.text().await?;
        match request.path().as_str() {
            "/job" => {
                let WhichJob { id, tenant } = serde_json::from_str(&body)?;
                let own = |machine: &Generation| machine.tenant().is_none_or(|known| known == tenant);
                let job = |machine: &Generation| machine.job(settings::now(), &id).filter(|_| own(machine));
                answer(&self.machine.read(job).await?)
            }
            "/explain" => answer(&self.machine.read(Generation::explain).await?),
            "/left" => {
                let job_id: String = serde_json::from_str(&body)?;
                self.run(Event::Left { job_id }, &id).await?;
                answer(&true)
            }
            "/granted" => {
                let Granted { ticket, until } = serde_json::from_str(&body)?;
                self.run(Event::Granted { ticket, until }, &id).await?;
                answer(&true)
            }
            _ => {
                let want: Want = serde_json::from_str(&body)?;
                let job_id = want.job_id.clone();
                console_log!("{}", json!({"request_id": id, "actor": "generation", "job_id": job_id}));
                self.run(Event::Wanted(want), &id).await?;
                answer(&self.machine.read(|machine| machine.answer(settings::now(), &job_id)).await?)
            }
        }
    }

    async fn alarm(&self) -> Result<Response> {
        // The request that began the flight is found in the logs of all its calls.
        let id = self.machine.read(|machine| machine.request_id().to_owned()).await?;
        self.run(Event::Alarm, &id).await?;
        if counters::is_due() {
            counters::flush(&self.env).await;
        }
        Response::empty()
    }
}

impl GenerationActor {
    /// An event, its effects, the events those bring, and so on.
    async fn run(&self, event: Event, request_id: &str) -> Result<()> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let alarm = |effect: &Effect| if let Effect::SetAlarm(at) = effect { Some(*at) } else { None };
            let decide = |machine: &mut Generation| machine.on(settings::now(), event);
            let effects = self.machine.turn(decide, alarm, |_| {}).await?;
            // Effects of one turn do not depend on each other: many are told as quickly as one.
            let answers = join_all(effects.into_iter().map(|effect| self.perform(effect, request_id))).await;
            events.extend(answers.into_iter().flatten());
        }
        Ok(())
    }

    async fn perform(&self, effect: Effect, request_id: &str) -> Option<Event> {
        let provider = Provider { env: &self.env, request_id };
        Some(match effect {
            // Set in the same write that persisted the machine.
            Effect::SetAlarm(_) => return None,
            Effect::Count(what) => {
                counters::count(what);
                return None;
            }
            Effect::Verify { want, flight } => {
                // A store that cannot be asked is not a clip that is gone.
                let shelf = clip_store::Shelf::of(want.place.private);
                let looked = clip_store::look_on(&self.env, shelf, &want.key).await;
                Event::Verified { exists: !matches!(looked, Ok(None)), want: *want, flight }
            }
            Effect::Reserve { tenant, reservation } => {
                let id = reservation.id.clone();
                let asked = account::Request::Reserve(reservation);
                let answer = self
                    .tell(super::account(&self.env, &tenant), &format!("/ask/{tenant}"), &asked, request_id)
                    .await;
                Event::Reserved { id, answer }
            }
            Effect::Acquire { lane, bid } => {
                let ticket = bid.ticket.clone();
                let asked = lane::Request::Acquire(bid);
                let answer: Option<Option<lane::Answer>> = self
                    .tell(super::lane(&self.env, &lane), &format!("/ask/{lane}"), &asked, request_id)
                    .await;
                Event::LaneAnswered { ticket, answer: answer.flatten() }
            }
            Effect::Submit { spec, idempotency_key } => {
                counters::count("submissions");
                let result = provider.submit(&spec, &idempotency_key).await;
                Event::SubmitAnswered { idempotency_key, result }
            }
            Effect::Find { model, idempotency_key } => {
                let result = provider.find(&model, &idempotency_key).await;
                Event::Found { idempotency_key, result }
            }
            Effect::Poll { model, operation_id } => {
                let result = provider.poll(&model, &operation_id).await;
                Event::PollAnswered { operation_id, result }
            }
            Effect::Store { key, place, spec, operation_id, output } => {
                let result = provider.store(&key, &place, &spec, &output).await;
                let result = result.map(|mut content| {
                    if place.private {
                        content.url = private_address::of(&key);
                    }
                    content
                });
                Event::Stored { operation_id, result }
            }
            Effect::Abandon { model, operation_id } => {
                let result = provider.cancel(&model, &operation_id).await;
                Event::Abandoned { operation_id, result }
            }
            Effect::Close { tenant, id, spent } => {
                let asked = account::Request::Close { id: id.clone(), spent };
                let told: Option<account::Answer> = self
                    .tell(super::account(&self.env, &tenant), &format!("/ask/{tenant}"), &asked, request_id)
                    .await;
                Event::Closed { id, acknowledged: told.is_some() }
            }
            Effect::Release { lane, ticket, outcome } => {
                let asked = lane::Request::Release { ticket: ticket.clone(), outcome };
                let told: Option<Option<lane::Answer>> = self
                    .tell(super::lane(&self.env, &lane), &format!("/ask/{lane}"), &asked, request_id)
                    .await;
                Event::Released { ticket, acknowledged: told.is_some() }
            }
            Effect::Notify { session, update } => {
                let Update { job_id, ordinal, .. } = update.clone();
                let told: Option<bool> =
                    self.tell(session_by_id(&self.env, &session), "/update", &update, request_id).await;
                Event::Delivered { job_id, ordinal, acknowledged: told.is_some() }
            }
        })
    }

    /// Tells another actor. Nothing when it could not be reached, which is logged.
    async fn tell<R: DeserializeOwned>(
        &self,
        stub: Result<Stub>,
        path: &str,
        body: &impl Serialize,
        request_id: &str,
    ) -> Option<R> {
        let told = match stub {
            Ok(stub) => ask(&stub, path, body, request_id).await,
            Err(error) => Err(error),
        };
        told.map_err(|error| {
            let error = error.to_string();
            console_error!(
                "{}",
                json!({"request_id": request_id, "actor": "generation", "told": path, "error": error})
            );
        })
        .ok()
    }
}
