//! What the addresses do, one file a family.

pub(crate) mod assets;
pub(crate) mod catalogues;
pub(crate) mod clips;
pub(crate) mod description;
pub(crate) mod hooks;
pub(crate) mod jobs;
pub(crate) mod operations;
pub(crate) mod placeholders;
pub(crate) mod prompts;
pub(crate) mod socket;
pub(crate) mod tokens;
