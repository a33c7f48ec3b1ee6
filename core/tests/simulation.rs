//! Generations, sessions and a provider in small worlds where everything goes wrong that may:
//! crashes between two effects, answers lost, late or given twice, alarms late or twice.
//!
//! A world is made by its seed alone. The seed of a world that fails is in the failure; put it
//! into [`one_world_by_its_seed`] to look at it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use cuelight_core::actors::generation::{self, Generation, Want};
use cuelight_core::actors::session::{self, Message, Session};
use cuelight_core::api::{EventKind, Job, JobEvent, JobStatus, job_id};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::operation::{ClipSpec, Operation, Scope, validate};
use cuelight_core::units::Millis;

#[path = "simulation/provider.rs"]
mod provider;

use provider::{Call, Op};

const WORLDS: u64 = 1_200;
const START: u64 = 1_000_000;
/// Nothing more goes wrong from here on. What is left has to come to its end.
const CALM: u64 = START + 150_000;
/// A flight may take 120 s and its downloads 3 x 45 s; the outbox waits for at most 300 s.
const END: u64 = CALM + 1_200_000;

/// `Xorshift64*`: enough to choose faults by, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

/// What is on its way.
#[derive(Clone)]
enum Item {
    Request { session: usize, key: usize },
    Want { session: usize, job: Box<Job>, spec: Box<ClipSpec> },
    GenerationAlarm { key: usize, due: Option<u64> },
    SessionAlarm { session: usize, due: Option<u64> },
    Generation { key: usize, event: generation::Event },
    Session { session: usize, event: session::Event },
    Provider { key: usize, call: Call },
    Notify { key: usize, session: usize, update: generation::Update },
}

#[derive(Default)]
struct Actor<M> {
    machine: M,
    alarm: Option<u64>,
}

/// A page: what it saw of its session, in order.
#[derive(Default)]
struct Page {
    events: Vec<JobEvent>,
}

struct World {
    dice: Dice,
    now: u64,
    /// One fault in so many chances.
    fault_one_in: u64,
    queue: BTreeMap<(u64, u64), Item>,
    items: u64,
    specs: Vec<(CacheKey, ClipSpec)>,
    generations: Vec<Actor<Generation>>,
    sessions: Vec<Actor<Session>>,
    pages: Vec<Page>,
    jobs: u64,
    ops: Vec<Op>,
    stored: BTreeSet<usize>,
    /// Keys of which a flight failed at some time.
    failed: BTreeSet<usize>,
}

impl World {
    fn new(seed: u64) -> Self {
        let params = serde_json::json!({ "character": "bolt", "state": "idle" });
        let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
        let base = validate(&body, "n").unwrap().spec;
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let keys = 1 + dice.below(2);
        let sessions = 1 + dice.below(4);
        let specs: Vec<(CacheKey, ClipSpec)> = (0..keys)
            .map(|n| ClipSpec { seed: u32::try_from(n).unwrap(), ..base.clone() })
            .map(|spec| (CacheKey::of("demo", &spec, &Scope::default()), spec))
            .collect();
        let mut world = Self {
            fault_one_in: [3, 6, 12, 1_000][usize::try_from(dice.below(4)).unwrap()],
            dice,
            now: START,
            queue: BTreeMap::new(),
            items: 0,
            generations: specs.iter().map(|_| Actor::default()).collect(),
            specs,
            sessions: (0..sessions).map(|_| Actor::default()).collect(),
            pages: (0..sessions).map(|_| Page::default()).collect(),
            jobs: 0,
            ops: Vec::new(),
            stored: BTreeSet::new(),
            failed: BTreeSet::new(),
        };
        for session in 0..world.sessions.len() {
            for _ in 0..=world.dice.below(4) {
                let key = usize::try_from(world.dice.below(keys)).unwrap();
                let wait = world.dice.below(120_000);
                world.push(wait, Item::Request { session, key });
            }
        }
        world
    }

    fn push(&mut self, wait: u64, item: Item) {
        self.items += 1;
        self.queue.insert((self.now + wait, self.items), item);
    }

    fn fault(&mut self) -> bool {
        self.now < CALM && self.dice.below(self.fault_one_in) == 0
    }

    /// Sends something that takes a moment; or it is lost, late, or arrives twice.
    fn send(&mut self, item: Item) {
        if self.fault() {
            match self.dice.below(3) {
                0 => return,
                1 => {
                    let late = self.dice.below(60_000);
                    self.push(late, item.clone());
                }
                _ => {
                    let late = self.dice.below(60_000);
                    return self.push(late, item);
                }
            }
        }
        let wait = 1 + self.dice.below(200);
        self.push(wait, item);
    }

    /// How many of `effects` are carried out before the isolate ends.
    fn survive(&mut self, effects: usize) -> usize {
        if !self.fault() {
            return effects;
        }
        usize::try_from(self.dice.below(effects as u64 + 1)).unwrap()
    }

    fn alarm_wait(&mut self, at: Millis) -> u64 {
        let late = if self.fault() { self.dice.below(20_000) } else { 0 };
        at.0.saturating_sub(self.now) + late
    }

    fn run(&mut self) {
        let mut steps = 0;
        while let Some(((at, _), item)) = self.queue.pop_first() {
            steps += 1;
            assert!(steps < 50_000, "it goes on for ever");
            assert!(at < END, "it is not at rest in time");
            self.now = at;
            self.step(item);
        }
        self.judge();
    }

    fn step(&mut self, item: Item) {
        match item {
            Item::Request { session, key } => self.request(session, key),
            Item::Want { session, job, spec } => self.want(session, &job, *spec),
            Item::GenerationAlarm { key, due } => {
                // Without `due` it is one that goes off twice.
                if due.is_some() {
                    if self.generations[key].alarm != due {
                        return;
                    }
                    self.generations[key].alarm = None;
                    if self.fault() {
                        self.push(1, Item::GenerationAlarm { key, due: None });
                    }
                }
                self.generation(key, generation::Event::Alarm);
            }
            Item::SessionAlarm { session, due } => {
                if due.is_some() {
                    if self.sessions[session].alarm != due {
                        return;
                    }
                    self.sessions[session].alarm = None;
                    if self.fault() {
                        self.push(1, Item::SessionAlarm { session, due: None });
                    }
                }
                self.session(session, session::Event::Alarm);
            }
            Item::Generation { key, event } => {
                self.generation(key, event);
            }
            Item::Session { session, event } => self.session(session, event),
            Item::Provider { key, call } => self.provider(key, call),
            Item::Notify { key, session, update } => {
                let (job_id, ordinal) = (update.job_id.clone(), update.ordinal);
                self.session(session, session::Event::Updated(update));
                let event = generation::Event::Delivered { job_id, ordinal, acknowledged: true };
                self.send(Item::Generation { key, event });
            }
        }
    }

    fn request(&mut self, session: usize, key: usize) {
        let (cache_key, spec) = self.specs[key].clone();
        self.jobs += 1;
        let id = job_id(&cache_key, &format!("t{}", self.jobs));
        let now = Millis(self.now);
        let speculative = self.dice.below(2) == 0;
        let queued = Job::queued(id, Operation::StateClip, cache_key, now);
        let job = Job { speculative, ..queued };
        self.session(session, session::Event::Requested { job: Box::new(job), spec: Box::new(spec) });
    }

    fn want(&mut self, session: usize, job: &Job, spec: ClipSpec) {
        let key = self.specs.iter().position(|(key, _)| *key == job.cache_key).unwrap();
        let want = Want {
            key: job.cache_key.clone(),
            spec,
            session: session.to_string(),
            job_id: job.id.clone(),
            priority: job.priority,
            speculative: job.speculative,
        };
        if let Some((want, flight)) = self.generation(key, generation::Event::Wanted(want)) {
            if self.fault() {
                self.stored.remove(&key);
            }
            let exists = self.stored.contains(&key);
            self.generation(key, generation::Event::Verified { want, flight, exists });
        }
        let answer = self.generations[key].machine.answer(Millis(self.now), &job.id);
        let answer = if self.fault() { None } else { answer };
        let event = session::Event::WantAnswered { job_id: job.id.clone(), answer };
        self.send(Item::Session { session, event });
    }

    /// Hands a generation an event, as a shell does that may end at any time. Returns what is to
    /// be verified.
    fn generation(&mut self, key: usize, event: generation::Event) -> Option<(Want, u32)> {
        use generation::Effect;
        let actor = &mut self.generations[key];
        let effects = actor.machine.on(Millis(self.now), event);
        // Only what is persisted lives on.
        let stored = serde_json::to_string(&actor.machine).unwrap();
        actor.machine = serde_json::from_str(&stored).unwrap();
        if stored.contains(r#""phase":{"name":"failed""#) {
            self.failed.insert(key);
        }
        let mut survives = self.survive(effects.len());
        let mut verify = None;
        for effect in effects {
            // The alarm is set in the write that persists the machine.
            if let Effect::SetAlarm(at) = effect {
                self.generations[key].alarm = Some(at.0);
                let wait = self.alarm_wait(at);
                self.push(wait, Item::GenerationAlarm { key, due: Some(at.0) });
                continue;
            }
            if survives == 0 {
                break;
            }
            survives -= 1;
            let call = match effect {
                Effect::Submit { idempotency_key, .. } => Call::Submit(idempotency_key),
                Effect::Poll { operation_id, .. } => Call::Poll(operation_id),
                Effect::Store { operation_id, .. } => Call::Store(operation_id),
                Effect::Abandon { operation_id, .. } => Call::Abandon(operation_id),
                Effect::Notify { session, update } => {
                    let session = session.parse().unwrap();
                    self.send(Item::Notify { key, session, update });
                    continue;
                }
                Effect::Verify { want, flight } => {
                    verify = Some((want, flight));
                    continue;
                }
                Effect::SetAlarm(_) => continue,
            };
            // A call that is not made within its guard is never made.
            if !self.fault() {
                let wait = 1 + self.dice.below(5_000);
                self.push(wait, Item::Provider { key, call });
            }
        }
        verify
    }

    /// Hands a session an event. Its page looks for what it missed whenever the isolate ended.
    fn session(&mut self, session: usize, event: session::Event) {
        use session::Effect;
        let now = Millis(self.now);
        let actor = &mut self.sessions[session];
        let effects = actor.machine.on(now, event);
        let stored = serde_json::to_string(&actor.machine).unwrap();
        actor.machine = serde_json::from_str(&stored).unwrap();
        let whole = effects.len();
        let survives = self.survive(whole);
        for (n, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::SetAlarm(at) => {
                    self.sessions[session].alarm = Some(at.0);
                    let wait = self.alarm_wait(at);
                    self.push(wait, Item::SessionAlarm { session, due: Some(at.0) });
                }
                _ if n >= survives => {}
                Effect::Want { job, spec } => self.send(Item::Want { session, job, spec }),
                Effect::Broadcast(event) => self.seen(session, event),
                Effect::Greet(_) => panic!("nobody connected"),
            }
        }
        if survives < whole {
            self.reconnect(session);
        }
    }

    fn reconnect(&mut self, session: usize) {
        let since = self.pages[session].events.len() as u64;
        let event = session::Event::Connected { since: Some(since) };
        for effect in self.sessions[session].machine.on(Millis(self.now), event) {
            match effect {
                session::Effect::Greet(Message::Snapshot(snapshot)) => assert!(!snapshot.reset),
                session::Effect::Greet(Message::Event(event)) => self.seen(session, event),
                _ => {}
            }
        }
    }

    fn seen(&mut self, session: usize, event: JobEvent) {
        let events = &mut self.pages[session].events;
        assert_eq!(event.seq, events.len() as u64 + 1, "a gap in the events of session {session}");
        events.push(event);
    }

    /// What has to be true of a world at rest.
    fn judge(&mut self) {
        for session in 0..self.sessions.len() {
            let mut log: BTreeMap<String, Vec<EventKind>> = BTreeMap::new();
            for event in &self.pages[session].events {
                log.entry(event.job_id.clone()).or_default().push(event.kind);
            }
            assert!(!log.is_empty(), "session {session} asked for something");
            for (id, kinds) in log {
                let job = self.sessions[session].machine.job(&id).unwrap();
                assert!(job.status.is_final(), "{id} is {:?} for ever: {kinds:?}", job.status);
                let last =
                    if job.status == JobStatus::Complete { EventKind::Completed } else { EventKind::Failed };
                assert_eq!((kinds.first(), kinds.last()), (Some(&EventKind::Queued), Some(&last)), "{id}");
                let between = &kinds[1..kinds.len() - 1];
                assert!(between.iter().all(|kind| *kind == EventKind::Processing), "{id}: {kinds:?}");
                let key = self.specs.iter().position(|(key, _)| *key == job.cache_key).unwrap();
                // A failure that was told stays told, whatever a later flight brings.
                if !self.failed.contains(&key) {
                    assert_eq!(job.status, JobStatus::Complete, "{id} was not told of its clip");
                    assert!(job.content.is_some());
                }
            }
        }
    }
}

fn outcome(seed: u64) -> World {
    let run = std::panic::AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        world.run();
        world
    });
    std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("the world of seed {seed} fails, see above"))
}

#[test]
fn in_every_world_every_job_comes_to_one_end_and_nothing_is_paid_for_twice() {
    let (mut complete, mut failed) = (0, 0);
    for seed in 0..WORLDS {
        let world = outcome(seed);
        for event in world.pages.iter().flat_map(|page| &page.events) {
            complete += u64::from(event.kind == EventKind::Completed);
            failed += u64::from(event.kind == EventKind::Failed);
        }
    }
    // A simulation in which nothing happens proves nothing.
    assert!(complete > WORLDS && failed > WORLDS / 10, "{complete} complete, {failed} failed");
}

#[test]
fn one_world_by_its_seed() {
    let (once, again) = (outcome(7), outcome(7));
    assert_eq!((once.now, once.items), (again.now, again.items), "a seed is a whole world");
}
