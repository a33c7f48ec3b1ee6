//! The domain of Cuelight, shared by the browser module, the edge and the studio.
//!
//! Nothing here performs I/O, reads a clock or draws a random number: time, nonces and seeds are
//! arguments. What decides is a state machine with `on(now, event) -> Vec<Effect>`; what computes
//! is a pure function. This file declares modules and nothing else.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod actors;
pub mod announcer;
pub mod api;
pub mod arbiter;
pub mod asset;
pub mod auth;
pub mod byte_range;
pub mod cache_key;
pub mod catalog;
pub mod character;
pub mod clip_cache;
pub mod clip_store;
pub mod cue;
pub mod cue_request;
pub mod document;
pub mod edge_link;
pub mod fallback;
pub mod json_text;
pub mod limiter;
pub mod media;
pub mod metrics;
pub mod nearest;
pub mod operation;
pub mod order;
pub mod placeholder;
pub mod player;
pub mod predictor;
pub mod prefetcher;
pub mod presenter;
pub mod problem;
pub mod prompt;
#[cfg(feature = "graph")]
pub mod response_graph;
pub mod retry;
#[cfg(feature = "schema")]
mod schema;
pub mod settings;
pub mod small_map;
pub mod state_machine;
pub mod supply;
pub mod units;
