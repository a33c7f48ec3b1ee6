//! The shell of `core`'s generation machine: one object for each key.
//!
//! Two callers cannot both start a flight: the machine's turn is synchronous, and its write is
//! durable before any effect leaves the object. The alarm makes every provider call, so a caller
//! that goes away takes nothing with it.

use std::collections::VecDeque;

use cuelight_core::actors::generation::{Effect, Event, Generation, Want};
use futures_util::future::join_all;
use serde_json::json;
use worker::{DurableObject, Env, Request, Response, Result, State, console_log, durable_object};

use super::state::Machine;
use super::{Granted, Nudged, WhichJob, json as answer, request_id};
use crate::{counters, settings};

mod effects;

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
            "/nudged" => {
                let Nudged { idempotency_key, operation_id } = serde_json::from_str(&body)?;
                self.run(Event::Nudged { idempotency_key, operation_id }, &id).await?;
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
}
