//! The shell of `core`'s account machine: one object for each tenant. Touched once before a paid
//! generation and once after it, never for a view.

use cuelight_core::actors::account::{Account, Answer, Request as Ask};
use cuelight_core::actors::stored::Whole;
use serde_json::json;
use worker::{DurableObject, Env, Request, Response, Result, State, console_log, durable_object};

use super::state::Machine;
use super::{json as answer, request_id};
use crate::settings;

/// One tenant.
#[durable_object]
pub struct AccountActor {
    machine: Machine<Whole<Account>>,
    env: Env,
}

impl DurableObject for AccountActor {
    fn new(state: State, env: Env) -> Self {
        Self { machine: Machine::new(state.storage()), env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let (_, tenant) = path.rsplit_once('/').unwrap_or_default();
        let deployment = settings::deployment(&self.env).map_err(|error| error.to_string())?;
        let limits = deployment.tenant(tenant).map_err(|error| error.to_string())?.limits();
        if path.starts_with("/usage/") {
            return answer(&self.machine.read(|machine| machine.0.usage(settings::now(), &limits)).await?);
        }
        let asked: Ask = serde_json::from_str(&request.text().await?)?;
        let mut said = Answer::Done;
        let decide = |machine: &mut Whole<Account>| {
            said = machine.0.on(settings::now(), &limits, asked.clone());
            Vec::<()>::new()
        };
        self.machine.turn(decide, |()| None, |()| {}).await?;
        let id = request_id(&request);
        console_log!(
            "{}",
            json!({"request_id": id, "actor": "account", "tenant": tenant, "asked": asked, "answer": said})
        );
        answer(&said)
    }
}
