//! Starts and stops the real parts for end-to-end tests: workerd under wrangler, the studio, and
//! Chromium under chromedriver. Nothing here is a mock.
//!
//! `cargo xtask test` builds everything first and passes the paths in `CUELIGHT_*` variables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

pub mod browser;
pub mod events;
pub mod follower;
pub mod keys;
pub mod package;
pub mod process;
pub mod receiver;
pub mod site;
pub mod uploads;
pub mod world;

pub use browser::Browser;
pub use events::EventStream;
pub use follower::Follower;
pub use keys::Server;
pub use package::Project;
pub use receiver::Receiver;
pub use site::Site;
pub use world::{Answer, World};
