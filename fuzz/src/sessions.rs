//! The memory of a session, as a storage may hold it, and any events after it: it is refused or
//! read, never a panic, and what it writes it reads again.

use std::sync::LazyLock;

use cuelight_core::actors::generation::{Answer, Place, Terms, Update};
use cuelight_core::actors::session::{
    Effect, Event, Filter, Idempotency, Message, Preview, Request, Session, Wish,
};
use cuelight_core::api::{Content, Job, JobStatus, Source, job_id};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::limiter::Rate;
use cuelight_core::operation::{ClipSpec, Operation, Scope};
use cuelight_core::units::{MicroUsd, Millis};
use serde_json::Value;

use crate::choices::Choices;
use crate::media::SPEC;
use crate::storage::{Storage, memories};

const GOLDEN: &str = include_str!("../../core/tests/golden/actors/session.json");
const ONE_PART: &str = include_str!("../../core/tests/golden/actors/session-one-part.json");
static MEMORIES: LazyLock<Vec<Value>> = LazyLock::new(|| memories(GOLDEN, ONE_PART));
/// Most events of one run.
const MOST_EVENTS: usize = 32;
const STATUSES: [JobStatus; 5] =
    [JobStatus::Queued, JobStatus::Processing, JobStatus::Complete, JobStatus::Failed, JobStatus::Cancelled];

/// See the module.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut storage = Storage::from_golden(&mut choices, &MEMORIES);
    let Some(mut machine) = storage.machine::<Session>() else { return };
    let (mut now, mut alarm) = (Millis(1_000_000), Millis(1_000_000));
    for _ in 0..MOST_EVENTS {
        if choices.is_over() {
            break;
        }
        now = match choices.below(8) {
            0 => Millis(choices.number()),
            1 | 2 => alarm,
            _ => now + Millis(1),
        };
        for effect in machine.on(now, event(&mut choices)) {
            match effect {
                Effect::SetAlarm(at) => alarm = at,
                Effect::Greet(Message::Snapshot(snapshot)) => {
                    let ids: std::collections::BTreeSet<_> = snapshot.jobs.iter().map(|j| &j.id).collect();
                    assert!(ids.len() <= snapshot.jobs.len());
                }
                _ => {}
            }
        }
        storage.keep(&mut machine);
    }
    look(&mut choices, &machine, now);
}

/// What a caller reads.
fn look(choices: &mut Choices<'_>, machine: &Session, now: Millis) {
    let filter = Filter {
        statuses: STATUSES.iter().copied().filter(|_| choices.flag()).collect(),
        operation: choices.flag().then_some(Operation::StateClip),
        before: choices.flag().then(|| choices.number()),
        limit: choices.below(101).max(1),
    };
    let (page, _) = machine.list(&filter);
    assert!(page.len() <= filter.limit);
    assert!(page.iter().all(|job| filter.statuses.is_empty() || filter.statuses.contains(&job.status)));
    let _ = machine.limit(now, rate(choices));
    let _ = machine.job(&id(choices));
}

/// Every limit is at least one; settings see to it.
fn rate(choices: &mut Choices<'_>) -> Rate {
    Rate { count: 1 + u32::from(choices.byte()), window: Millis(choices.number().max(1)) }
}

fn spec(choices: &mut Choices<'_>) -> ClipSpec {
    let spec = SPEC.clip().unwrap().clone();
    ClipSpec { seed: u32::from(choices.byte() % 4), ..spec }
}

fn id(choices: &mut Choices<'_>) -> String {
    let tail = choices.below(2);
    let key = CacheKey::of("demo", &spec(choices), &Scope::default());
    if choices.byte() < 240 { job_id(&key, &format!("t{tail}")) } else { choices.text() }
}

fn wish(choices: &mut Choices<'_>, spec: ClipSpec) -> Wish {
    let terms = Terms { cost: MicroUsd(choices.number()), ..Terms::of(&spec.clone().into()).unwrap() };
    let request_id = "r1".to_owned();
    Wish {
        spec: spec.into(),
        stand_ins: Vec::new(),
        tenant: "demo".into(),
        terms,
        place: Place::default(),
        request_id,
    }
}

fn content(choices: &mut Choices<'_>) -> Content {
    Content {
        url: "/clips/x".into(),
        content_type: "video/mp4".into(),
        bytes: choices.number(),
        ..Content::default()
    }
}

fn job(choices: &mut Choices<'_>, spec: &ClipSpec) -> Job {
    let key = CacheKey::of("demo", spec, &Scope::default());
    let id = job_id(&key, &format!("t{}", choices.below(2)));
    let queued = Job::queued(id, Operation::StateClip, key, Millis(choices.number()));
    let exists = choices.below(4) == 3;
    Job {
        priority: choices.byte(),
        speculative: choices.flag(),
        status: if exists { JobStatus::Complete } else { JobStatus::Queued },
        content: exists.then(|| content(choices)),
        ..queued
    }
}

fn update(choices: &mut Choices<'_>) -> Update {
    let status = *choices.pick(&STATUSES);
    Update {
        job_id: id(choices),
        ordinal: choices.number(),
        status,
        progress: f32::from(choices.byte()) / 255.0,
        estimate_ms: choices.flag().then(|| Millis(choices.number())),
        content: (status == JobStatus::Complete).then(|| content(choices)),
        error: None,
        cost_micro_usd: choices.flag().then(|| MicroUsd(choices.number())),
        retry_after_ms: choices.flag().then(|| Millis(choices.number())),
        made: None,
    }
}

fn requested(choices: &mut Choices<'_>) -> Request {
    let spec = spec(choices);
    let preview = (choices.below(4) == 3).then(|| {
        let smaller = ClipSpec { seed: 9, ..spec.clone() };
        Preview { job: job(choices, &smaller), wish: wish(choices, smaller) }
    });
    let key = (choices.below(4) == 3).then(|| format!("k{}", choices.below(2)));
    Request {
        job: job(choices, &spec),
        wish: wish(choices, spec),
        preview,
        webhook: choices.flag().then(|| "https://hooks.example/".into()),
        idempotency: key.map(|key| Idempotency { key, body: choices.below(2).to_string() }),
        rate: rate(choices),
        allowance: choices.flag().then(|| MicroUsd(choices.number())),
    }
}

fn event(choices: &mut Choices<'_>) -> Event {
    match choices.below(10) {
        0 | 1 => Event::Requested(Box::new(requested(choices))),
        2 => {
            let source = *choices.pick(&[Source::Generated, Source::Coalesced, Source::Hit]);
            let answer = choices.flag().then(|| Answer { source, update: update(choices) });
            Event::WantAnswered { job_id: id(choices), answer }
        }
        3 => Event::Updated(update(choices)),
        4 => Event::Cancel { job_id: id(choices) },
        5 => Event::LeaveAnswered { job_id: id(choices), acknowledged: choices.flag() },
        6 => Event::WebhookAnswered {
            job_id: id(choices),
            url: "https://shop.example/hook".into(),
            over: choices.flag(),
        },
        7 => Event::Connected { since: choices.flag().then(|| choices.number()) },
        8 if choices.byte() > 240 => Event::Revoked,
        _ => Event::Alarm,
    }
}
