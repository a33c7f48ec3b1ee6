//! Where all isolates add up what they count: one object for the deployment. No request waits for
//! it; an isolate brings its numbers every few seconds, after it has answered.

use cuelight_core::actors::stored::Whole;
use cuelight_core::metrics::Totals;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::json as answer;
use super::state::Machine;

/// The sums.
#[durable_object]
pub struct MetricsActor {
    machine: Machine<Whole<Totals>>,
}

impl DurableObject for MetricsActor {
    fn new(state: State, _: Env) -> Self {
        Self { machine: Machine::new(state.storage()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.path() == "/read" {
            return answer(&self.machine.read(|machine| machine.0.clone()).await?);
        }
        let more: Totals = serde_json::from_str(&request.text().await?)?;
        let decide = |machine: &mut Whole<Totals>| {
            machine.0.add(&more);
            Vec::<()>::new()
        };
        self.machine.turn(decide, |()| None, |()| {}).await?;
        answer(&true)
    }
}
