//! How a generation carries out what its machine decides: each effect, and the event it brings.

use cuelight_core::actors::generation::{Effect, Event, Update};
use cuelight_core::actors::{account, lane};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use worker::{Result, Stub, console_error};

use super::GenerationActor;
use crate::actors::{self, ask, session_by_id};
use crate::provider_calls::Provider;
use crate::{clip_store, counters, private_address};

impl GenerationActor {
    pub(super) async fn perform(&self, effect: Effect, request_id: &str) -> Option<Event> {
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
                    .tell(actors::account(&self.env, &tenant), &format!("/ask/{tenant}"), &asked, request_id)
                    .await;
                Event::Reserved { id, answer }
            }
            Effect::Acquire { lane, bid } => {
                let ticket = bid.ticket.clone();
                let asked = lane::Request::Acquire(bid);
                let answer: Option<Option<lane::Answer>> = self
                    .tell(actors::lane(&self.env, &lane), &format!("/ask/{lane}"), &asked, request_id)
                    .await;
                Event::LaneAnswered { ticket, answer: answer.flatten() }
            }
            Effect::Submit { spec, idempotency_key } => {
                counters::count("submissions");
                let tenant = self.machine.read(|machine| machine.tenant().map(str::to_owned)).await;
                let tenant = tenant.ok().flatten().unwrap_or_default();
                let result = provider.submit(&tenant, &spec, &idempotency_key).await;
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
                    .tell(actors::account(&self.env, &tenant), &format!("/ask/{tenant}"), &asked, request_id)
                    .await;
                Event::Closed { id, acknowledged: told.is_some() }
            }
            Effect::Release { lane, ticket, outcome } => {
                let asked = lane::Request::Release { ticket: ticket.clone(), outcome };
                let told: Option<Option<lane::Answer>> = self
                    .tell(actors::lane(&self.env, &lane), &format!("/ask/{lane}"), &asked, request_id)
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
