//! The callers: what they ask for, when they give up or ask again, and what their sockets see.

use cuelight_core::actors::session::{self, Idempotency, Message, Preview, Reply, Request, Wish};
use cuelight_core::api::{Content, Job, JobStatus, job_id};
use cuelight_core::operation::Operation;

use crate::invariant::Invariant;
use crate::setup::{MAX_KEYS, clips};
use crate::world::{Item, World};

/// How long requests come, in milliseconds.
const REQUESTS_FOR: u64 = 120_000;

/// A page's socket.
#[derive(Debug, Default)]
pub(crate) struct Page {
    connected: bool,
    /// The newest event it saw, once it has connected.
    seen: Option<u64>,
}

/// One call of `POST /jobs`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    pub(crate) session: usize,
    key: usize,
    /// A call that is repeated makes a new id; its idempotency key stays.
    tail: String,
    speculative: bool,
    priority: u8,
    preview: bool,
    pub(crate) webhook: Option<String>,
    pub(crate) idempotency: Option<Idempotency>,
    cancel_after: Option<u64>,
    tries: u32,
}

impl World {
    /// Lays out what the pages of this world will do.
    pub(crate) fn plan_pages(&mut self) {
        let mut count = 0;
        for session in 0..self.setup.sessions {
            let first = self.dice.below(5_000);
            self.push(first, Item::Connect { session });
            for _ in 0..self.dice.below(3) {
                let at = 5_000 + self.dice.below(REQUESTS_FOR);
                self.push(at, Item::Disconnect { session });
            }
            for n in 0..=self.dice.below(4) {
                let at = self.dice.below(REQUESTS_FOR);
                let burst = if self.dice.one_in(12) { 8 } else { 1 };
                for _ in 0..burst {
                    count += 1;
                    let ask = self.plan(session, n, count);
                    let apart = self.dice.below(2_000);
                    self.push(at + apart, Item::Ask(Box::new(ask)));
                }
            }
        }
    }

    fn plan(&mut self, session: usize, n: u64, count: u64) -> Ask {
        let idempotency = self.dice.one_in(2).then(|| {
            // Now and then the same key, with the same body or another one.
            let reused = self.dice.one_in(3);
            let key = if reused { "again".to_owned() } else { format!("once{n}") };
            Idempotency { key, body: String::new() }
        });
        let key = self.dice.index(self.setup.keys);
        let speculative = self.dice.one_in(2);
        Ask {
            session,
            key,
            tail: format!("j{count}"),
            speculative,
            priority: u8::try_from(self.dice.below(21)).unwrap_or(0),
            preview: self.dice.one_in(6),
            webhook: self.dice.one_in(3).then(|| format!("https://shop.example/{count}")),
            idempotency: idempotency.map(|i| Idempotency { body: format!("{key} {speculative}"), ..i }),
            cancel_after: self.dice.one_in(4).then(|| self.dice.below(40_000)),
            tries: 0,
        }
    }

    pub(crate) fn ask(&mut self, ask: Ask) {
        let session = ask.session;
        let now = self.sessions[session].clock.shows(self.now);
        let (cache_key, spec) = clips()[ask.key].clone();
        let tail = format!("{}t{}", ask.tail, ask.tries);
        let mut job = Job::queued(job_id(&cache_key, &tail), Operation::StateClip, cache_key, now);
        job.speculative = ask.speculative;
        job.priority = ask.priority;
        if self.ops.is_stored(ask.key) && self.fault() {
            self.note("clip vanishes");
            self.ops.vanish(ask.key);
        }
        let is_hit = self.ops.is_stored(ask.key);
        if is_hit {
            if ask.idempotency.is_none() && ask.webhook.is_none() {
                return self.tally.end("hit");
            }
            job.status = JobStatus::Complete;
            job.content = Some(Content {
                url: job.cache_key.path(),
                content_type: "video/mp4".into(),
                bytes: 5,
                ..Content::default()
            });
        }
        let wish = |spec, key| Wish {
            spec,
            stand_ins: Vec::new(),
            tenant: self.setup.tenant_of(session).to_string(),
            terms: self.setup.terms(key).clone(),
            place: cuelight_core::actors::generation::Place::default(),
            request_id: String::new(),
        };
        let preview = (ask.preview && !is_hit).then(|| {
            let key = ask.key + MAX_KEYS;
            let (cache_key, spec) = clips()[key].clone();
            let job = Job::queued(job_id(&cache_key, &tail), Operation::StateClip, cache_key, now);
            Preview { job, wish: wish(spec, key) }
        });
        let request = Request {
            wish: wish(spec, ask.key),
            job,
            preview,
            webhook: ask.webhook.clone(),
            idempotency: ask.idempotency.clone(),
            rate: self.setup.rate,
            allowance: self.setup.allowance,
        };
        let before = self.spending(session);
        let turn = self.session(session, session::Event::Requested(Box::new(request)));
        if turn.lived && turn.reply.is_none() {
            self.accuse(Invariant::EveryCallerAnswered, format!("request {tail} got no answer"));
        }
        if let Some(reply) = &turn.reply {
            self.replied(&ask, is_hit, before, reply);
        }
        let heard = turn.lived && !self.fault();
        match turn.reply {
            Some(Reply::Job { id: job_id, .. }) if heard => {
                if let Some(wait) = ask.cancel_after {
                    self.push(wait, Item::Cancel { session, job_id });
                }
            }
            _ if !heard && ask.idempotency.is_some() && ask.tries < 3 => {
                self.note("caller not answered, asks again");
                let wait = 1 + self.dice.below(30_000);
                self.push(wait, Item::Ask(Box::new(Ask { tries: ask.tries + 1, ..ask })));
            }
            _ => {}
        }
    }

    pub(crate) fn connect(&mut self, session: usize) {
        // It counts as open from its greeting on; a turn that dies closes it again.
        self.pages[session].connected = true;
        let since = self.pages[session].seen;
        self.session(session, session::Event::Connected { since });
    }

    pub(crate) fn disconnect(&mut self, session: usize) {
        if std::mem::take(&mut self.pages[session].connected) {
            let wait = 1 + self.dice.below(20_000);
            self.push(wait, Item::Connect { session });
        }
    }

    pub(crate) fn greeted(&mut self, session: usize, message: Message) {
        match message {
            Message::Event(event) => self.told(session, event.seq),
            Message::Snapshot(snapshot) => {
                let seen = self.pages[session].seen;
                let elapsed = self.sessions[session].clock.elapsed(self.now);
                if snapshot.reset
                    && let Some(seen) = seen
                    && !self.judge.may_be_forgotten(session, seen + 1, elapsed)
                {
                    self.accuse(
                        Invariant::EventsInOrder,
                        format!("what came after {seen} was forgotten too early"),
                    );
                }
                if snapshot.reset || seen.is_none() {
                    self.pages[session].seen = Some(snapshot.seq);
                }
            }
        }
    }

    /// An event reaches the page's socket, if it is open.
    pub(crate) fn told(&mut self, session: usize, seq: u64) {
        let page = &mut self.pages[session];
        if !page.connected {
            return;
        }
        let expected = page.seen.map_or(1, |seen| seen + 1);
        page.seen = Some(seq);
        if seq != expected {
            self.accuse(Invariant::EventsInOrder, format!("page {session} saw {seq} instead of {expected}"));
        }
    }

    /// At the end every page looks once more, and has missed nothing.
    pub(crate) fn last_look(&mut self, session: usize) {
        self.pages[session].connected = false;
        self.connect(session);
        let (seen, logged) = (self.pages[session].seen.unwrap_or(0), self.judge.newest(session));
        if seen != logged {
            self.accuse(Invariant::EventsInOrder, format!("page {session} saw {seen} events of {logged}"));
        }
    }
}
