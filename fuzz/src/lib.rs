//! What strangers may send, and what must hold whatever they send: one function for each reader,
//! that takes any bytes and panics when a promise is broken. libFuzzer calls them with bytes that
//! it breeds, the tests with the seeds and their mutations. Nothing here is shipped.

#![forbid(unsafe_code)]
// A broken promise is told by a panic: that is what both runners look for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod choices;
pub mod document;
pub mod generations;
pub mod jobs;
pub mod keys;
pub mod media;
pub mod placeholders;
pub mod providers;
pub mod ranges;
pub mod sessions;
pub mod settings;
pub mod storage;
pub mod tokens;

/// A check: takes any bytes, panics when a promise is broken.
pub type Check = fn(&[u8]);

/// Every check, by the name of its libFuzzer target and of its folder of seeds.
pub const TARGETS: [(&str, Check); 10] = [
    ("generations", generations::run),
    ("jobs", jobs::run),
    ("keys", keys::run),
    ("media", media::run),
    ("placeholders", placeholders::run),
    ("providers", providers::run),
    ("ranges", ranges::run),
    ("sessions", sessions::run),
    ("settings", settings::run),
    ("tokens", tokens::run),
];
