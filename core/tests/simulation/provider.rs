//! The provider of a simulated world: takes each idempotency key once, makes, loses, refuses or
//! botches clips, and stops the world that submits too much.

use cuelight_core::actors::generation::{self, Accepted, MAX_ATTEMPTS, Output, Progress, ProviderError};
use cuelight_core::api::Content;
use cuelight_core::units::Millis;

use super::{Item, World};

/// What a generation calls for, and the submission or operation it is about.
#[derive(Clone)]
pub(super) enum Call {
    Submit(String),
    Poll(String),
    Store(String),
    Abandon(String),
}

/// What a submission was taken as. Its place in the list is its id.
pub(super) struct Op {
    idempotency_key: String,
    ends_at: u64,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Made,
    Lost,
    Refused,
    /// Its clip is never whole.
    Broken,
}

impl World {
    pub(super) fn provider(&mut self, key: usize, call: Call) {
        let event = match call {
            Call::Submit(idempotency_key) => {
                let result = self.submit(&idempotency_key);
                generation::Event::SubmitAnswered { idempotency_key, result }
            }
            Call::Poll(operation_id) => {
                let result = self.poll(&operation_id);
                generation::Event::PollAnswered { operation_id, result }
            }
            Call::Store(operation_id) => {
                let result = self.store(key, &operation_id);
                generation::Event::Stored { operation_id, result }
            }
            Call::Abandon(operation_id) => {
                let now = self.now;
                let op = self.op(&operation_id);
                op.ends_at = op.ends_at.min(now);
                return;
            }
        };
        self.send(Item::Generation { key, event });
    }

    fn trouble(&mut self) -> Option<ProviderError> {
        self.fault().then(|| match self.dice.below(3) {
            0 => ProviderError::Transient("503".into()),
            1 => ProviderError::Throttled { retry_after: None },
            _ => ProviderError::Throttled { retry_after: Some(Millis(self.dice.below(30_000))) },
        })
    }

    fn submit(&mut self, idempotency_key: &str) -> Result<Accepted, ProviderError> {
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        let known = self.ops.iter().position(|op| op.idempotency_key == idempotency_key);
        let id = known.unwrap_or_else(|| {
            let (flight, _) = idempotency_key.rsplit_once('.').unwrap();
            let same = |op: &&Op| op.idempotency_key.rsplit_once('.').unwrap().0 == flight;
            let before: Vec<&Op> = self.ops.iter().filter(same).collect();
            assert!(before.len() < MAX_ATTEMPTS as usize, "too many submissions of {flight}");
            assert!(before.iter().all(|op| op.ends_at <= self.now), "two operations of {flight} at once");
            let fate = match self.dice.below(12) {
                0 | 1 => Fate::Lost,
                2 => Fate::Refused,
                3 | 4 => Fate::Broken,
                _ => Fate::Made,
            };
            // Now and then far beyond the deadline.
            let takes = if self.dice.below(15) == 0 { 500_000 } else { self.dice.below(15_000) };
            let ends_at = self.now + takes;
            self.ops.push(Op { idempotency_key: idempotency_key.into(), ends_at, fate });
            self.ops.len() - 1
        });
        if self.fault() {
            return Err(ProviderError::Transient("it was taken, but the answer was dropped".into()));
        }
        Ok(Accepted { operation_id: id.to_string(), estimate_ms: None })
    }

    fn poll(&mut self, id: &str) -> Result<Progress, ProviderError> {
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        let now = self.now;
        let op = self.op(id);
        if now < op.ends_at {
            return Ok(Progress::Running { progress: 0.5, estimate_ms: None });
        }
        match op.fate {
            Fate::Lost => Err(ProviderError::Lost),
            Fate::Refused => Err(ProviderError::ContentRefused { message: "no".into() }),
            Fate::Made | Fate::Broken => Ok(Progress::Succeeded(Output {
                url: "/out.mp4".into(),
                bytes: None,
                sha256: None,
                cost_micro_usd: None,
            })),
        }
    }

    fn store(&mut self, key: usize, id: &str) -> Result<Content, ProviderError> {
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        if self.op(id).fate == Fate::Broken || self.fault() {
            return Err(ProviderError::BadMedia("it is cut off".into()));
        }
        self.stored.insert(key);
        Ok(Content { url: self.specs[key].0.path(), content_type: "video/mp4".into(), bytes: 5 })
    }

    fn op(&mut self, id: &str) -> &mut Op {
        let n: usize = id.parse().unwrap();
        &mut self.ops[n]
    }
}
