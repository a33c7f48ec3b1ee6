//! The machines behind the edge's Durable Objects. Each decides and does nothing else: a shell
//! hands it an event and the time, persists it, and only then performs the effects it returned.

pub mod account;
pub mod generation;
pub mod guard;
pub mod lane;
pub mod session;
pub mod stored;
