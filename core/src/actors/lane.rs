//! One provider account: who may call it, when, and how many at once.

mod message;

pub use message::{Answer, Bid, Breaker, Limits, Outcome, Request, Status};
