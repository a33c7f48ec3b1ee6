//! One world: its actors, what is on its way between them, and the order in which it happens.

use std::collections::BTreeMap;

use cuelight_core::actors::account;
use cuelight_core::actors::account::Account;
use cuelight_core::actors::generation::{self, Generation, Want};
use cuelight_core::actors::lane::{self, Lane};
use cuelight_core::actors::session::{self, Session};
use cuelight_core::actors::stored::Whole;
use cuelight_core::units::Millis;

use crate::actor::Actor;
use crate::dice::Dice;
use crate::invariant::{Broken, Invariant};
use crate::judge::Judge;
use crate::page::{Ask, Page};
use crate::provider::{Call, Ops};
use crate::setup::{MAX_KEYS, Setup};
use crate::tally::Tally;

/// The afternoon of a day in the middle of a month.
const START: u64 = 1_783_700_000_000;
/// Nothing more goes wrong from here on. What is left has to come to its end.
const CALM_AFTER: u64 = 200_000;
/// Far more events than any world takes.
const MOST_TURNS: u64 = 30_000;
/// A flight may wait half an hour for its turn and take three attempts; a webhook may pause for an
/// hour. Outages come on top.
const REST_WITHIN: u64 = 6 * 3_600_000;

/// Somebody who has a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Generation(usize),
    Session(usize),
    Lane(usize),
    Account(usize),
}

/// What a lane or an account is to answer, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asker {
    pub(crate) key: usize,
    /// The ticket, or the submission.
    pub(crate) about: String,
}

/// What is on its way.
#[allow(clippy::large_enum_variant)] // Few are on their way at once, and none is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Alarm {
        who: Who,
        due: u64,
        again: bool,
    },
    /// `reply` is the session and the job of a want, which is answered after the event.
    Generation {
        key: usize,
        event: generation::Event,
        reply: Option<(usize, String)>,
    },
    Verify {
        key: usize,
        want: Box<Want>,
        flight: u32,
        reply: Option<(usize, String)>,
    },
    Notify {
        key: usize,
        session: usize,
        update: generation::Update,
    },
    Leave {
        key: usize,
        session: usize,
        job_id: String,
    },
    Session {
        session: usize,
        event: session::Event,
    },
    Lane {
        lane: usize,
        request: lane::Request,
        asker: Asker,
    },
    Account {
        account: usize,
        request: account::Request,
        asker: Asker,
    },
    Provider {
        key: usize,
        call: Call,
    },
    Webhook {
        session: usize,
        job_id: String,
        url: String,
        is_final: bool,
    },
    Ask(Box<Ask>),
    Cancel {
        session: usize,
        job_id: String,
    },
    Connect {
        session: usize,
    },
    Disconnect {
        session: usize,
    },
    Jump,
    Calm,
}

impl Item {
    /// The actor that a message is on its way to. Its own alarm is no message.
    fn addressee(&self) -> Option<Who> {
        Some(match self {
            Self::Generation { key, .. } | Self::Verify { key, .. } | Self::Leave { key, .. } => {
                Who::Generation(*key)
            }
            Self::Notify { session, .. } | Self::Session { session, .. } => Who::Session(*session),
            Self::Lane { lane, .. } => Who::Lane(*lane),
            Self::Account { account, .. } => Who::Account(*account),
            // A call ends with the isolate that makes it.
            Self::Provider { key, .. } => Who::Generation(*key),
            _ => return None,
        })
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) setup: Setup,
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    calm: bool,
    calm_since: u64,
    queue: BTreeMap<(u64, u64), Item>,
    items: u64,
    pub(crate) generations: Vec<Actor<Generation>>,
    pub(crate) sessions: Vec<Actor<Session>>,
    pub(crate) lanes: Vec<Actor<Whole<Lane>>>,
    pub(crate) accounts: Vec<Actor<Whole<Account>>>,
    pub(crate) pages: Vec<Page>,
    pub(crate) ops: Ops,
    pub(crate) judge: Judge,
    pub(crate) tally: Tally,
    broken: Option<Broken>,
    story: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, with_story: bool) -> Self {
        let mut dice = Dice::of(seed);
        let setup = Setup::of(seed, &mut dice);
        let mut world = Self {
            seed,
            dice,
            now: START,
            calm: false,
            calm_since: START,
            queue: BTreeMap::new(),
            items: 0,
            generations: (0..2 * MAX_KEYS).map(|_| Actor::default()).collect(),
            sessions: (0..setup.sessions).map(|_| Actor::default()).collect(),
            lanes: setup.providers.iter().map(|_| Actor::default()).collect(),
            accounts: setup.budgets.iter().map(|_| Actor::default()).collect(),
            pages: (0..setup.sessions).map(|_| Page::default()).collect(),
            ops: Ops::default(),
            judge: Judge::of(&setup),
            setup,
            tally: Tally::default(),
            broken: None,
            story: with_story.then(Vec::new),
        };
        world.plan_pages();
        if world.setup.fault_one_in < 1_000 {
            for _ in 0..world.dice.below(4) {
                let at = world.dice.below(CALM_AFTER);
                world.push(at, Item::Jump);
            }
        }
        world.push(CALM_AFTER, Item::Calm);
        world
    }

    /// Runs it to its rest.
    pub(crate) fn run(mut self) -> (Result<Tally, Broken>, Vec<String>) {
        self.tell(|world| format!("{:#?}", world.setup));
        while self.broken.is_none() {
            let Some(((at, _), item)) = self.queue.pop_first() else { break };
            self.now = self.now.max(at);
            self.tally.turns += 1;
            if self.tally.turns > MOST_TURNS {
                self.accuse(Invariant::ComesToRest, format!("it goes on for ever with {item:?}"));
            } else if self.calm && self.now > self.calm_since + REST_WITHIN {
                self.accuse(Invariant::ComesToRest, format!("it is not at rest in time, but does {item:?}"));
            } else {
                self.step(item);
            }
        }
        if self.broken.is_none() {
            self.at_rest();
        }
        self.tally.worlds = 1;
        self.tally.operations = self.ops.count();
        let story = self.story.take().unwrap_or_default();
        (self.broken.map_or(Ok(self.tally), Err), story)
    }

    pub(crate) fn push(&mut self, wait: u64, item: Item) {
        self.items += 1;
        self.queue.insert((self.now + wait, self.items), item);
    }

    pub(crate) fn fault(&mut self) -> bool {
        !self.calm && self.dice.one_in(self.setup.fault_one_in)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm
    }

    /// Counts a fault and tells it.
    pub(crate) fn note(&mut self, fault: &'static str) {
        self.tally.fault(fault);
        self.tell(|_| format!("    fault: {fault}"));
    }

    /// A message that takes a moment; or it is lost, late, or arrives twice. `failed` is what its
    /// sender hears if it hears that it failed.
    pub(crate) fn send(&mut self, item: Item, failed: Option<Item>) {
        if self.fault() {
            let soon = 1 + self.dice.below(12_000);
            let late = 1_000 + self.dice.below(60_000);
            match self.dice.below(5) {
                0 => return self.note("message lost"),
                1 => {
                    self.note("message failed");
                    if let Some(failed) = failed {
                        self.push(soon, failed);
                    }
                    return;
                }
                2 => {
                    self.note("message delivered, but reported as failed");
                    if let Some(failed) = failed {
                        self.push(soon, failed);
                    }
                }
                3 => {
                    self.note("message doubled");
                    self.push(late, item.clone());
                }
                _ => {
                    self.note("message late");
                    return self.push(late, item);
                }
            }
        }
        let wait = 1 + self.dice.below(200);
        self.push(wait, item);
    }

    pub(crate) fn accuse(&mut self, invariant: Invariant, detail: String) {
        self.tell(|_| format!("BROKEN {invariant:?}: {detail}"));
        let seed = self.seed;
        self.broken.get_or_insert(Broken { seed, invariant, detail });
    }

    /// What a crash that failed to bring a machine back means.
    pub(crate) fn expect_read(&mut self, read: Result<(), String>) {
        if let Err(detail) = read {
            self.accuse(Invariant::StoredIsMemory, detail);
        }
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.story.is_some() {
            let line = format!(
                "{:>10.3} {}",
                self.now.saturating_sub(START) as f64 / 1_000.0,
                crate::story::short(line(self))
            );
            if let Some(story) = &mut self.story {
                story.push(line);
            }
        }
    }

    /// Begins a line of the story: only a story needs its words.
    pub(crate) fn begin(&self, line: impl FnOnce() -> String) -> Option<String> {
        self.story.is_some().then(line)
    }

    /// Ends a line that was begun with what came of it.
    pub(crate) fn finish(&mut self, line: Option<String>, came_of_it: &impl std::fmt::Debug) {
        if let Some(line) = line {
            self.tell(|_| format!("{line}\n    -> {came_of_it:?}"));
        }
    }

    fn step(&mut self, item: Item) {
        match item {
            Item::Alarm { who, due, again } => self.ring(who, due, again),
            Item::Generation { key, event, reply } => self.generation(key, event, reply),
            Item::Verify { key, want, flight, reply } => self.verify(key, *want, flight, reply),
            Item::Notify { key, session, update } => {
                let (job_id, ordinal) = (update.job_id.clone(), update.ordinal);
                let event = session::Event::Updated(update);
                if self.session(session, event).lived {
                    let event = generation::Event::Delivered { job_id, ordinal, acknowledged: true };
                    self.send(Item::Generation { key, event, reply: None }, None);
                }
            }
            Item::Leave { key, session, job_id } => {
                self.generation(key, generation::Event::Left { job_id: job_id.clone() }, None);
                let event = session::Event::LeaveAnswered { job_id, acknowledged: true };
                self.send(Item::Session { session, event }, None);
            }
            Item::Session { session, event } => {
                self.session(session, event);
            }
            Item::Lane { lane, request, asker } => self.lane(lane, lane::Event::Asked(request), Some(asker)),
            Item::Account { account, request, asker } => self.account(account, request, asker),
            Item::Provider { key, call } => self.provider(key, call),
            Item::Webhook { session, job_id, url, is_final } => self.webhook(session, job_id, url, is_final),
            Item::Ask(ask) => self.ask(*ask),
            Item::Cancel { session, job_id } => {
                self.session(session, session::Event::Cancel { job_id });
            }
            Item::Connect { session } => self.connect(session),
            Item::Disconnect { session } => self.disconnect(session),
            Item::Jump => self.jump(),
            Item::Calm => {
                self.tell(|_| "calm".to_owned());
                (self.calm, self.calm_since) = (true, self.now);
            }
        }
    }

    /// Sets the one alarm of `who`, in its own time.
    pub(crate) fn set_alarm(&mut self, who: Who, at: Millis) {
        *self.alarm_of(who) = Some(at.0);
        let late = if self.fault() {
            self.note("alarm late");
            self.dice.below(30_000)
        } else {
            0
        };
        let at_once = self.clock_of(who).when(at).saturating_sub(self.now);
        self.push(at_once + late, Item::Alarm { who, due: at.0, again: false });
    }

    fn ring(&mut self, who: Who, due: u64, again: bool) {
        if !again {
            if *self.alarm_of(who) != Some(due) {
                return;
            }
            let wait = self.clock_of(who).when(Millis(due)).saturating_sub(self.now);
            if wait > 0 {
                return self.push(wait, Item::Alarm { who, due, again });
            }
            *self.alarm_of(who) = None;
            if self.fault() {
                self.note("alarm twice");
                let wait = self.dice.below(3_000);
                self.push(wait, Item::Alarm { who, due, again: true });
            }
        }
        match who {
            Who::Generation(key) => self.generation(key, generation::Event::Alarm, None),
            Who::Session(session) => {
                self.session(session, session::Event::Alarm);
            }
            Who::Lane(lane) => self.lane(lane, lane::Event::Alarm, None),
            Who::Account(_) => {}
        }
    }

    /// A clock jumps, or nothing at all happens for a while.
    fn jump(&mut self) {
        let who = match self.dice.below(6) {
            0 | 1 => {
                self.note("outage");
                let most = self.dice.pick(&[60_000, 1_200_000, 4 * 3_600_000]);
                self.now += self.dice.below(most);
                self.queue.retain(|_, item| item.addressee().is_none());
                return;
            }
            2 => Who::Generation(self.dice.index(self.setup.keys)),
            3 => Who::Session(self.dice.index(self.setup.sessions)),
            4 => Who::Lane(self.dice.index(self.lanes.len())),
            _ => Who::Account(self.dice.index(self.accounts.len())),
        };
        let alarm = *self.alarm_of(who);
        if self.dice.one_in(2) {
            self.note("clock jumps back");
            let by = self.dice.below(60_000);
            self.clock_of(who).jump_back(by);
            return;
        }
        self.note("clock jumps forward");
        let by = self.dice.below(3 * 3_600_000);
        self.clock_of(who).jump_forward(by);
        // An object gets another clock by moving to another machine; what was on its way is lost.
        self.queue.retain(|_, item| item.addressee() != Some(who));
        if let Some(due) = alarm {
            self.push(0, Item::Alarm { who, due, again: false });
        }
    }

    fn alarm_of(&mut self, who: Who) -> &mut Option<u64> {
        match who {
            Who::Generation(n) => &mut self.generations[n].alarm,
            Who::Session(n) => &mut self.sessions[n].alarm,
            Who::Lane(n) => &mut self.lanes[n].alarm,
            Who::Account(n) => &mut self.accounts[n].alarm,
        }
    }

    pub(crate) fn clock_of(&mut self, who: Who) -> &mut crate::clock::Clock {
        match who {
            Who::Generation(n) => &mut self.generations[n].clock,
            Who::Session(n) => &mut self.sessions[n].clock,
            Who::Lane(n) => &mut self.lanes[n].clock,
            Who::Account(n) => &mut self.accounts[n].clock,
        }
    }

    /// How many of a turn's effects are performed before the isolate ends.
    pub(crate) fn survive(&mut self, effects: usize) -> usize {
        if !self.fault() {
            return effects;
        }
        self.note("crash");
        self.dice.index(effects + 1)
    }

    /// Whether the isolate ends before it can persist what an event changed: the event never was.
    pub(crate) fn dies_before_write(&mut self) -> bool {
        let dies = self.fault() && self.dice.one_in(4);
        if dies {
            self.note("crash before the write");
        }
        dies
    }
}
