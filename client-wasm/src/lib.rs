//! The browser module. Declares its parts and nothing else.
//!
//! Every decision is a machine of `cuelight-core`; what is here carries effects out and turns what
//! the browser tells into events. JavaScript reaches [`element::CharacterHandle`] and
//! [`actor::ActorHandle`] only, both through `&self`, so that no callback can meet a borrowed cell.

#![forbid(unsafe_code)]

pub mod actor;
mod address;
mod browser;
mod edge;
pub mod element;
mod js_value;
mod object_url;
mod options;
mod performer;
mod socket;
mod stage;
mod token;
mod transfer;
mod video;
