//! The memory of a generation, as a storage may hold it, and any events after it: it is refused or
//! read, never a panic, and what it writes it reads again.

use std::sync::LazyLock;

use cuelight_core::actors::generation::{
    Accepted, Cancelled, Effect, Event, Generation, Output, Place, Progress, ProviderError, Terms, Want,
};
use cuelight_core::actors::{account, lane};
use cuelight_core::api::Content;
use cuelight_core::operation::Scope;
use cuelight_core::problem::Code;
use cuelight_core::units::{MicroUsd, Millis};
use serde_json::Value;

use crate::choices::Choices;
use crate::media::SPEC;
use crate::storage::{Storage, memories};

const GOLDEN: &str = include_str!("../../core/tests/golden/actors/generation.json");
const ONE_PART: &str = include_str!("../../core/tests/golden/actors/generation-one-part.json");
static MEMORIES: LazyLock<Vec<Value>> = LazyLock::new(|| memories(GOLDEN, ONE_PART));
/// Most events of one run.
const MOST_EVENTS: usize = 32;

/// What the last effects named: what events are mostly about.
#[derive(Default)]
struct Known {
    submission: String,
    ticket: String,
    operation: String,
    alarm: Millis,
}

/// See the module.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut storage = Storage::from_golden(&mut choices, &MEMORIES);
    let Some(mut machine) = storage.machine::<Generation>() else { return };
    let mut known = Known { operation: "op1".into(), ..Known::default() };
    let mut now = Millis(1_000_000);
    for _ in 0..MOST_EVENTS {
        if choices.is_over() {
            break;
        }
        now = match choices.below(8) {
            0 => Millis(choices.number()),
            1 | 2 => known.alarm,
            _ => now + Millis(1),
        };
        let event = event(&mut choices, &known);
        for effect in machine.on(now, event) {
            known.learn(effect);
        }
        let _ = (machine.job(now, "job1"), machine.explain(), machine.tenant(), machine.request_id());
        storage.keep(&mut machine);
    }
}

impl Known {
    fn learn(&mut self, effect: Effect) {
        match effect {
            Effect::SetAlarm(at) => self.alarm = at,
            Effect::Reserve { reservation, .. } => self.submission = reservation.id,
            Effect::Acquire { bid, .. } => self.ticket = bid.ticket,
            Effect::Submit { idempotency_key, .. } | Effect::Find { idempotency_key, .. } => {
                self.submission = idempotency_key;
            }
            Effect::Poll { operation_id, .. }
            | Effect::Store { operation_id, .. }
            | Effect::Abandon { operation_id, .. } => self.operation = operation_id,
            Effect::Release { ticket, .. } => self.ticket = ticket,
            Effect::Close { id, .. } => self.submission = id,
            Effect::Verify { .. } | Effect::Notify { .. } | Effect::Count(_) => {}
        }
    }
}

fn event(choices: &mut Choices<'_>, known: &Known) -> Event {
    let kind = choices.below(15);
    let mut name = |usual: &str| if choices.byte() < 240 { usual.to_owned() } else { choices.text() };
    let (submission, ticket) = (name(&known.submission), name(&known.ticket));
    let (operation_id, job_id) = (name(&known.operation), name("job1"));
    match kind {
        0 => Event::Wanted(want(choices)),
        1 => Event::Verified { want: want(choices), flight: small(choices), exists: choices.flag() },
        2 => Event::Left { job_id },
        3 => Event::Reserved { id: submission, answer: account(choices) },
        4 => Event::LaneAnswered { ticket, answer: lane(choices) },
        5 => Event::Granted { ticket, until: Millis(choices.number()) },
        6 | 14 => Event::Alarm,
        7 => Event::SubmitAnswered { idempotency_key: submission, result: answer(choices, accepted) },
        8 => {
            let result = answer(choices, |choices| choices.flag().then(|| accepted(choices)));
            Event::Found { idempotency_key: submission, result }
        }
        9 => Event::PollAnswered { operation_id, result: answer(choices, progress) },
        10 => Event::Stored { operation_id, result: answer(choices, content) },
        11 => {
            let result = answer(choices, |choices| match choices.below(3) {
                0 => Cancelled::Free,
                1 => Cancelled::Charged(None),
                _ => Cancelled::Charged(Some(MicroUsd(choices.number()))),
            });
            Event::Abandoned { operation_id, result }
        }
        12 => Event::Closed { id: submission, acknowledged: choices.flag() },
        13 => {
            if choices.flag() {
                Event::Released { ticket, acknowledged: choices.flag() }
            } else {
                Event::Delivered { job_id, ordinal: choices.number(), acknowledged: choices.flag() }
            }
        }
        _ => Event::Alarm,
    }
}

/// A session's wish, for one of three jobs.
fn want(choices: &mut Choices<'_>) -> Want {
    let spec = SPEC.clone();
    let terms = Terms::of(&spec).unwrap();
    Want {
        key: spec.key("demo", &Scope::default()),
        terms: Terms { cost: MicroUsd(choices.number()), cancel_saves: choices.flag(), ..terms },
        spec,
        stand_ins: Vec::new(),
        tenant: "demo".into(),
        place: Place::default(),
        request_id: "r1".into(),
        session: "s1".into(),
        job_id: format!("job{}", choices.below(3)),
        priority: choices.byte(),
        speculative: choices.flag(),
    }
}

fn small(choices: &mut Choices<'_>) -> u32 {
    u32::try_from(choices.number()).unwrap_or(u32::MAX)
}

fn account(choices: &mut Choices<'_>) -> Option<account::Answer> {
    match choices.below(4) {
        0 => None,
        1 => {
            let (detail, retry_after) = ("no".to_owned(), Millis(choices.number()));
            Some(account::Answer::Refused(account::Refusal {
                code: Code::BudgetExceeded,
                detail,
                retry_after,
            }))
        }
        _ => Some(account::Answer::Done),
    }
}

fn lane(choices: &mut Choices<'_>) -> Option<lane::Answer> {
    let time = Millis(choices.number());
    match choices.below(6) {
        0 => None,
        1 => Some(lane::Answer::Waiting { ahead: small(choices), ask_again: time }),
        2 => Some(lane::Answer::Full { retry_after: time }),
        3 => Some(lane::Answer::Released),
        _ => Some(lane::Answer::Granted { until: time }),
    }
}

fn answer<T>(
    choices: &mut Choices<'_>,
    good: impl FnOnce(&mut Choices<'_>) -> T,
) -> Result<T, ProviderError> {
    let why = || "why".to_owned();
    Err(match choices.below(12) {
        0 => ProviderError::Throttled { retry_after: choices.flag().then(|| Millis(choices.number())) },
        1 => ProviderError::Invalid { field: None, message: why() },
        2 => ProviderError::ContentRefused { message: why() },
        3 => ProviderError::Transient(why()),
        4 => ProviderError::Unanswered(why()),
        5 => ProviderError::Failed(why()),
        6 => ProviderError::Lost,
        7 => ProviderError::BadMedia(why()),
        8 => ProviderError::Fatal(choices.text()),
        _ => return Ok(good(choices)),
    })
}

fn accepted(choices: &mut Choices<'_>) -> Accepted {
    let estimate_ms = choices.flag().then(|| Millis(choices.number()));
    Accepted { operation_id: format!("op{}", choices.below(3)), estimate_ms }
}

fn progress(choices: &mut Choices<'_>) -> Progress {
    if choices.flag() {
        let progress = f32::from(choices.byte()) / 255.0;
        return Progress::Running { progress, estimate_ms: Some(Millis(choices.number())) };
    }
    Progress::Succeeded(Output {
        url: "https://studio.example/o".into(),
        bytes: choices.flag().then(|| choices.number()),
        cost_micro_usd: choices.flag().then(|| MicroUsd(choices.number())),
        ..Output::default()
    })
}

fn content(choices: &mut Choices<'_>) -> Content {
    Content {
        url: "/clips/x".into(),
        content_type: "video/mp4".into(),
        bytes: choices.number(),
        ..Content::default()
    }
}
