//! The providers of a world: they take submissions, make, lose, refuse or botch clips, and charge
//! for them. What they say is true, as far as it arrives.

use std::collections::BTreeSet;

use cuelight_core::actors::generation::{self, Accepted, Cancelled, Output, Progress, ProviderError};
use cuelight_core::api::Content;
use cuelight_core::catalog::Reconcile;
use cuelight_core::units::{MicroUsd, Millis};

use crate::invariant::Invariant;
use crate::setup::clips;
use crate::world::{Item, World};

/// A submission as it travels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Submission {
    pub(crate) id: String,
    /// The lease that it is sent under.
    pub(crate) ticket: String,
}

/// What a generation calls for, and the submission or operation it is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Submit(Submission),
    Find(String),
    Poll(String),
    Store(String),
    Abandon(String),
}

impl Call {
    /// The generation hears that it failed.
    pub(crate) fn answered(self, error: ProviderError) -> generation::Event {
        use generation::Event;
        match self {
            Self::Submit(Submission { id, .. }) => {
                Event::SubmitAnswered { idempotency_key: id, result: Err(error) }
            }
            Self::Find(id) => Event::Found { idempotency_key: id, result: Err(error) },
            Self::Poll(operation_id) => Event::PollAnswered { operation_id, result: Err(error) },
            Self::Store(operation_id) => Event::Stored { operation_id, result: Err(error) },
            Self::Abandon(operation_id) => Event::Abandoned { operation_id, result: Err(error) },
        }
    }
}

/// An operation. Its place in the list is its id.
#[derive(Debug)]
pub(crate) struct Op {
    pub(crate) key: usize,
    pub(crate) submission: String,
    pub(crate) ticket: String,
    ends_at: u64,
    pub(crate) fate: Fate,
    price: MicroUsd,
    /// Set by the first cancellation.
    cancelled: Option<Cancelled>,
}

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Made,
    /// Its clip is never whole. It is charged all the same.
    Broken,
    Failed,
    Refused,
    /// Forgotten by the provider, and charged or not.
    Lost {
        charged: bool,
    },
}

impl Op {
    pub(crate) fn is_live(&self, now: u64) -> bool {
        self.cancelled.is_none() && now < self.ends_at
    }

    /// What it costs, once it has ended.
    pub(crate) fn charge(&self) -> MicroUsd {
        match (self.cancelled, self.fate) {
            (Some(Cancelled::Free), _) => MicroUsd(0),
            (Some(Cancelled::Charged(_)), _)
            | (None, Fate::Made | Fate::Broken | Fate::Lost { charged: true }) => self.price,
            (None, Fate::Failed | Fate::Refused | Fate::Lost { charged: false }) => MicroUsd(0),
        }
    }
}

/// Every operation there was, and the clips that were fetched from them.
#[derive(Debug, Default)]
pub(crate) struct Ops {
    pub(crate) all: Vec<Op>,
    stored: BTreeSet<usize>,
    ever_stored: BTreeSet<usize>,
}

impl Ops {
    pub(crate) fn count(&self) -> u64 {
        self.all.len() as u64
    }

    pub(crate) fn is_stored(&self, key: usize) -> bool {
        self.stored.contains(&key)
    }

    pub(crate) fn was_stored(&self, key: usize) -> bool {
        self.ever_stored.contains(&key)
    }

    pub(crate) fn vanish(&mut self, key: usize) {
        self.stored.remove(&key);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Op> {
        id.parse::<usize>().ok().and_then(|n| self.all.get(n))
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Op> {
        id.parse::<usize>().ok().and_then(|n| self.all.get_mut(n))
    }

    fn of(&self, submission: &str) -> Option<usize> {
        self.all.iter().position(|op| op.submission == submission)
    }
}

impl World {
    pub(crate) fn provider(&mut self, key: usize, call: Call) {
        use generation::Event;
        self.tell(|_| format!("provider: {call:?}"));
        let event = match call.clone() {
            Call::Submit(submission) => {
                let result = self.submit(key, &submission);
                Event::SubmitAnswered { idempotency_key: submission.id, result }
            }
            Call::Find(id) => {
                let known = self.ops.of(&id);
                let accepted = |n: usize| Accepted { operation_id: n.to_string(), estimate_ms: None };
                let result = self.trouble().map_or(Ok(known.map(accepted)), Err);
                Event::Found { idempotency_key: id, result }
            }
            Call::Poll(id) => {
                let result = self.poll(&id);
                Event::PollAnswered { operation_id: id, result }
            }
            Call::Store(id) => {
                let result = self.store(key, &id);
                Event::Stored { operation_id: id, result }
            }
            Call::Abandon(id) => {
                let result = self.cancel(&id);
                Event::Abandoned { operation_id: id, result }
            }
        };
        self.tell(|_| format!("    says {event:?}"));
        // A shell hears the answer to its own call once. A refusal that came again could be taken for
        // the next attempt's; an acceptance may.
        let is_refusal = matches!(event, Event::SubmitAnswered { result: Err(_), .. });
        // What is left of the time after which the shell hangs up and the machine stops waiting.
        let slow = if matches!(call, Call::Store(_)) { 15_000 } else { 4_000 };
        let answer = Item::Generation { key, event, reply: None };
        if self.fault() {
            match self.dice.below(if is_refusal { 3 } else { 4 }) {
                0 => return self.note("answer of the provider lost"),
                1 => {
                    self.note("answer of the provider dropped");
                    let event = call.answered(ProviderError::Unanswered("504".into()));
                    let wait = 1 + self.dice.below(slow);
                    return self.push(wait, Item::Generation { key, event, reply: None });
                }
                2 => {
                    self.note("answer of the provider late");
                    let wait = self.dice.below(slow);
                    return self.push(wait, answer);
                }
                _ => {
                    self.note("answer of the provider doubled");
                    let wait = self.dice.below(60_000);
                    self.push(wait, answer.clone());
                }
            }
        }
        let wait = 1 + self.dice.below(500);
        self.push(wait, answer);
    }

    fn trouble(&mut self) -> Option<ProviderError> {
        if !self.fault() {
            return None;
        }
        let (name, error) = match self.dice.below(4) {
            0 => ("provider answers 503", ProviderError::Transient("503".into())),
            1 => ("provider throttles", ProviderError::Throttled { retry_after: None }),
            2 => {
                let retry_after = Some(Millis(self.dice.below(30_000)));
                ("provider throttles for a while", ProviderError::Throttled { retry_after })
            }
            _ => ("gateway answers for the provider", ProviderError::Unanswered("502".into())),
        };
        self.note(name);
        Some(error)
    }

    fn submit(&mut self, key: usize, submission: &Submission) -> Result<Accepted, ProviderError> {
        let lane = self.setup.lane_of(key);
        let known = self.ops.of(&submission.id);
        let sick = self.setup.sick && !self.is_calm();
        let accepted = |n: usize| Ok(Accepted { operation_id: n.to_string(), estimate_ms: None });
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        if let Some(known) = known {
            if self.setup.providers[lane].terms.reconcile == Reconcile::Idempotency {
                return accepted(known);
            }
            self.accuse(Invariant::AcceptedOnce, format!("{} was accepted twice", submission.id));
        }
        if sick && self.dice.one_in(3) {
            self.note("provider answers 503");
            return Err(ProviderError::Transient("503".into()));
        }
        if self.fault() {
            let (name, error) = match self.dice.below(3) {
                0 => {
                    let field = Some("prompt".to_owned());
                    ("provider refuses a field", ProviderError::Invalid { field, message: "no".into() })
                }
                1 => ("provider refuses the content", ProviderError::ContentRefused { message: "no".into() }),
                _ => ("provider refuses us", ProviderError::Fatal("401".into())),
            };
            self.note(name);
            return Err(error);
        }
        self.may_accept(key, submission);
        let op = self.operation(key, submission, sick);
        self.ops.all.push(op);
        accepted(self.ops.all.len() - 1)
    }

    /// Draws what becomes of an operation.
    fn operation(&mut self, key: usize, submission: &Submission, sick: bool) -> Op {
        let provider = &self.setup.providers[self.setup.lane_of(key)];
        let (cost, tells) = (provider.terms.cost, provider.tells_cost);
        let price = if tells { MicroUsd(cost.0 - self.dice.below(cost.0 / 2)) } else { cost };
        let mut takes = self.dice.below(15_000);
        let mut fate = Fate::Made;
        if !self.is_calm() {
            fate = match self.dice.below(if sick { 8 } else { 20 }) {
                0 => Fate::Lost { charged: self.dice.one_in(2) },
                1 if self.dice.one_in(2) => Fate::Refused,
                1 | 2 => Fate::Broken,
                3 => Fate::Failed,
                4 if sick => Fate::Failed,
                _ => Fate::Made,
            };
            if self.dice.one_in(12) {
                self.note("operation far beyond its deadline");
                takes = self.dice.pick(&[100_000, 500_000, 20_000_000]);
            }
        }
        if fate != Fate::Made {
            self.note(match fate {
                Fate::Lost { .. } => "operation lost",
                Fate::Refused => "operation refused for its content",
                Fate::Broken => "clip broken",
                _ => "operation failed",
            });
        }
        Op {
            key,
            submission: submission.id.clone(),
            ticket: submission.ticket.clone(),
            ends_at: self.now + takes,
            fate,
            price,
            cancelled: None,
        }
    }

    fn poll(&mut self, id: &str) -> Result<Progress, ProviderError> {
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        let stale = self.fault();
        let progress = self.dice.below(100) as f32 / 100.0;
        let now = self.now;
        let tells = |key: usize, setup: &crate::setup::Setup| setup.providers[setup.lane_of(key)].tells_cost;
        let op = self.ops.get(id).ok_or(ProviderError::Lost)?;
        if now < op.ends_at || stale {
            return Ok(Progress::Running { progress, estimate_ms: None });
        }
        match op.fate {
            Fate::Lost { .. } => Err(ProviderError::Lost),
            Fate::Failed => Err(ProviderError::Failed("it could not be drawn".into())),
            Fate::Refused => Err(ProviderError::ContentRefused { message: "no".into() }),
            Fate::Made | Fate::Broken => Ok(Progress::Succeeded(Output {
                url: "/out.mp4".into(),
                cost_micro_usd: tells(op.key, &self.setup).then_some(op.price),
                ..Output::default()
            })),
        }
    }

    fn cancel(&mut self, id: &str) -> Result<Cancelled, ProviderError> {
        if let Some(error) = self.trouble() {
            return Err(error);
        }
        let (now, setup) = (self.now, &self.setup);
        let op = self.ops.get_mut(id).ok_or(ProviderError::Lost)?;
        if let Some(said) = op.cancelled {
            return Ok(said);
        }
        let provider = &setup.providers[setup.lane_of(op.key)];
        let charged = Cancelled::Charged(provider.tells_cost.then_some(op.price));
        if now >= op.ends_at {
            return match op.fate {
                Fate::Lost { .. } => Err(ProviderError::Lost),
                Fate::Failed | Fate::Refused => Ok(Cancelled::Free),
                Fate::Made | Fate::Broken => Ok(charged),
            };
        }
        let said = if provider.terms.cancel_saves { Cancelled::Free } else { charged };
        op.cancelled = Some(said);
        Ok(said)
    }

    fn store(&mut self, key: usize, id: &str) -> Result<Content, ProviderError> {
        if !self.ops.is_stored(key) {
            if let Some(error) = self.trouble() {
                return Err(error);
            }
            let broken = self.ops.get(id).is_none_or(|op| op.fate == Fate::Broken);
            if broken || self.fault() {
                self.note("download cut off");
                return Err(ProviderError::BadMedia("it is cut off".into()));
            }
            self.ops.stored.insert(key);
            self.ops.ever_stored.insert(key);
        }
        Ok(Content {
            url: clips()[key].0.path(),
            content_type: "video/mp4".into(),
            bytes: 5,
            ..Content::default()
        })
    }
}
