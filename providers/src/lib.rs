//! Vendor adapters, sans-I/O: what is wanted and the answers heard so far in, the next HTTP request
//! or a classified result out. Nothing here opens a connection, reads a clock or keeps state, and no
//! error text holds an account's key.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub use cuelight_core::actors::generation::{Accepted, Cancelled, Output, Progress, ProviderError};

pub use crate::conversation::{
    Account, Adapter, Answer, Ask, Brief, MAX_ASKS, Made, Material, Step, Submission, Turn,
};

pub use crate::google::words::{Scribe, Words};

pub mod fit;
pub mod wavespeed;

mod banana;
mod bedrock;
mod comfyui;
mod conversation;
mod google;
mod hostile;
mod material;
mod refusals;
mod studio;
#[cfg(test)]
mod testing;
mod wire;

/// The adapter for a provider that the catalogue names; `None` for an unknown one.
#[must_use]
pub fn adapter(provider: &str, account: Account) -> Option<Box<dyn Adapter>> {
    match provider {
        "banana" => Some(Box::new(banana::Banana::new(account))),
        "bedrock" => Some(Box::new(bedrock::Bedrock::new(account))),
        "comfyui" => Some(Box::new(comfyui::ComfyUi::new(account))),
        "google" => Some(Box::new(google::Google::new(account))),
        "studio" => Some(Box::new(studio::Studio::new(account))),
        "wavespeed" => Some(Box::new(wavespeed::WaveSpeed::new(account))),
        _ => None,
    }
}
