//! The browser module. Declares its parts and nothing else.
//!
//! Every decision is a machine of `cuelight-core`; what is here carries effects out and turns what
//! the browser tells into events. JavaScript reaches [`element::CharacterHandle`] and
//! [`actor::ActorHandle`], both through `&self`, so that no callback can meet a borrowed cell, and
//! [`serving::serving`] after a panic.

#![forbid(unsafe_code)]

#[cfg(feature = "game")]
pub mod actor;
mod address;
mod browser;
mod canvas;
mod clip_source;
pub mod clip_store;
pub mod conditions;
mod edge;
pub mod element;
mod frames;
pub mod halves;
mod js_value;
pub mod keying;
mod memory;
mod object_url;
mod options;
pub mod page;
mod performer;
#[cfg(feature = "game")]
pub mod response_graph;
pub mod serving;
mod socket;
mod stage;
#[cfg(feature = "game")]
pub mod texture;
mod token;
mod transfer;
mod video;
