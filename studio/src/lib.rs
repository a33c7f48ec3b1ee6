//! A native generation provider: it draws a character on the CPU, encodes a real H.264 clip, serves
//! it through an asynchronous API of its own, and misbehaves when it is told to.
//!
//! It depends on the domain only, never on the adapters that speak to it: two readings of one
//! protocol catch what a shared struct would hide.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod api;
pub mod bill;
pub mod burn_in;
pub mod clip;
pub mod delay;
pub mod draw;
pub mod encode;
pub mod fault;
pub mod motion;
pub mod order;
pub mod pose;
pub mod reaction;
pub mod sheet;
pub mod vendors;
