//! One tenant's money and limits.

mod message;

pub use message::{Answer, Limits, Refusal, Request, Reservation, Usage, UsageLine};
