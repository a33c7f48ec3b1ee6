//! The studio's HTTP interface: submit, poll, download, cancel, find, and the controls that make it
//! misbehave. Handlers translate; what a generation is lives in `api/generation.rs`, what goes
//! wrong on purpose in `fault.rs`. It never says more about a failure than its caller needs.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use crate::delay::Delays;
use crate::vendors::{self, keys::Keys};

mod answer;
mod control;
mod generation;
mod memory;
mod routes;
mod spoil;
mod state;

pub use self::state::Studio;

/// The largest body that is read, in bytes. An order is about one kilobyte.
const BODY_LIMIT: usize = 64 * 1024;

/// What a studio is started with.
#[derive(Clone)]
pub struct Config {
    /// The key that callers must present.
    pub key: String,
    /// How long generations take.
    pub delays: Delays,
    /// The seed of the dice that faults are thrown with.
    pub seed: u64,
    /// Whether every frame of every clip carries the code of `burn_in.rs`.
    pub burn_in: bool,
    /// What callers of the vendors that it stands in for must present.
    pub keys: Keys,
    /// Whether models that their vendors have shut down are gone here, too.
    pub strict: bool,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("delays", &self.delays)
            .field("seed", &self.seed)
            .field("burn_in", &self.burn_in)
            .finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        let (delays, keys) = (Delays::default(), Keys::default());
        Self { key: "studio-dev-key".into(), delays, seed: 1, burn_in: false, keys, strict: false }
    }
}

/// The whole interface over a new studio; needs no port.
pub fn app(config: Config) -> Router {
    let generations = Router::new()
        .route("/v1/generations", post(routes::submit).get(routes::list))
        .route("/v1/generations/{id}", get(routes::poll).delete(routes::cancel))
        .route("/v1/generations/{id}/output", get(routes::download));
    let controls = Router::new()
        .route("/control/stats", get(control::stats))
        .route("/control/bill", get(control::bill))
        .route("/control/faults", post(control::set_faults))
        .route("/control/faults", delete(control::clear_faults))
        .route("/control/delays", post(control::set_delays))
        .route("/control/reset", post(control::reset));
    let studio = Studio::new(config);
    let vendors = vendors::router(studio.vendors().clone());
    Router::new()
        .merge(generations)
        .merge(controls)
        .route("/healthz", get(routes::health))
        .fallback(answer::nothing_here)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(studio)
        .merge(vendors)
}

#[cfg(test)]
mod tests;
