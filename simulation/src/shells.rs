//! The shells of the four machines: a turn, its writes, its effects, and a crash at any point
//! between them.

use cuelight_core::actors::generation::{self, ProviderError, Want};
use cuelight_core::actors::session::{self, Reply};
use cuelight_core::actors::{account, lane};
use cuelight_core::api::JobStatus;

use crate::invariant::Invariant;
use crate::provider::{Call, Submission};
use crate::setup::clip_of;
use crate::world::{Asker, Item, Who, World};

/// What became of a session's turn.
pub(crate) struct Turn {
    pub(crate) lived: bool,
    pub(crate) reply: Option<Reply>,
}

/// How soon the platform repeats an alarm whose handler died.
const ALARM_RETRY: u64 = 2_000;

impl World {
    pub(crate) fn generation(
        &mut self,
        key: usize,
        event: generation::Event,
        reply: Option<(usize, String)>,
    ) {
        use generation::{Effect, Event};
        if self.dies_before_write() {
            let read = self.generations[key].crash();
            self.expect_read(read);
            if event == Event::Alarm {
                self.push(ALARM_RETRY, Item::Alarm { who: Who::Generation(key), due: 0, again: true });
            }
            return;
        }
        match &event {
            Event::Wanted(want) => self.judge.wanted(key, &want.job_id),
            Event::Left { job_id } => self.judge.left(key, job_id),
            _ => {}
        }
        let may_stop =
            matches!(event, Event::Left { .. } | Event::SubmitAnswered { .. } | Event::Found { .. });
        let told = self.begin(|| format!("generation of key{key}: {event:?}"));
        let actor = &mut self.generations[key];
        let now = actor.clock.shows(self.now);
        let effects = actor.memory.on(now, event);
        self.finish(told, &effects);
        if self.setup.forgetful {
            let read = self.generations[key].crash_and_compare();
            self.expect_read(read);
        }
        if may_stop {
            self.unwanted_stops(key);
        }
        for effect in &effects {
            self.watch_generation(key, now, effect);
        }
        let whole = effects.len();
        let survives = self.survive(whole);
        let mut verifying = false;
        for (n, effect) in effects.into_iter().enumerate() {
            if let Effect::SetAlarm(at) = effect {
                self.set_alarm(Who::Generation(key), at);
            } else if n >= survives {
                break;
            } else if let Effect::Verify { want, flight } = effect {
                verifying = true;
                let wait = 1 + self.dice.below(3_000);
                self.push(wait, Item::Verify { key, want, flight, reply: reply.clone() });
            } else {
                self.perform(key, effect);
            }
        }
        if survives < whole {
            let read = self.generations[key].crash();
            self.expect_read(read);
        } else if let Some((session, job_id)) = reply.filter(|_| !verifying) {
            let answer = self.generations[key].memory.answer(now, &job_id);
            if answer.as_ref().is_some_and(|answer| answer.update.status == JobStatus::Complete) {
                self.announced(key);
            }
            let failed = session::Event::WantAnswered { job_id: job_id.clone(), answer: None };
            let event = session::Event::WantAnswered { job_id, answer };
            self.send(Item::Session { session, event }, Some(Item::Session { session, event: failed }));
        }
    }

    pub(crate) fn verify(&mut self, key: usize, want: Want, flight: u32, reply: Option<(usize, String)>) {
        if self.fault() {
            self.note("clip vanishes");
            self.ops.vanish(key);
        }
        let exists = self.ops.is_stored(key);
        self.generation(key, generation::Event::Verified { want, flight, exists }, reply);
    }

    fn perform(&mut self, key: usize, effect: generation::Effect) {
        use generation::{Effect, Event};
        let heard = |event| Some(Item::Generation { key, event, reply: None });
        let (item, failed) = match effect {
            Effect::SetAlarm(_) | Effect::Verify { .. } | Effect::Count(_) => return,
            Effect::Reserve { tenant, reservation } => {
                let id = reservation.id.clone();
                let asker = Asker { key, about: id.clone() };
                let request = account::Request::Reserve(reservation);
                let account = tenant.parse().unwrap_or(0);
                (Item::Account { account, request, asker }, heard(Event::Reserved { id, answer: None }))
            }
            Effect::Close { tenant, id, spent } => {
                let asker = Asker { key, about: id.clone() };
                let request = account::Request::Close { id: id.clone(), spent };
                let account = tenant.parse().unwrap_or(0);
                (Item::Account { account, request, asker }, heard(Event::Closed { id, acknowledged: false }))
            }
            Effect::Acquire { bid, .. } => {
                let ticket = bid.ticket.clone();
                let asker = Asker { key, about: ticket.clone() };
                let request = lane::Request::Acquire(bid);
                let lane = self.setup.lane_of(key);
                (Item::Lane { lane, request, asker }, heard(Event::LaneAnswered { ticket, answer: None }))
            }
            Effect::Release { ticket, outcome, .. } => {
                let asker = Asker { key, about: ticket.clone() };
                let request = lane::Request::Release { ticket: ticket.clone(), outcome };
                let lane = self.setup.lane_of(key);
                (Item::Lane { lane, request, asker }, heard(Event::Released { ticket, acknowledged: false }))
            }
            Effect::Notify { session, update } => {
                let event = Event::Delivered {
                    job_id: update.job_id.clone(),
                    ordinal: update.ordinal,
                    acknowledged: false,
                };
                (Item::Notify { key, session: session.parse().unwrap_or(0), update }, heard(event))
            }
            Effect::Submit { idempotency_key, .. } => {
                let ticket = self.judge.ticket_of(&idempotency_key);
                return self.call(key, Call::Submit(Submission { id: idempotency_key, ticket }));
            }
            Effect::Find { idempotency_key, .. } => return self.call(key, Call::Find(idempotency_key)),
            Effect::Poll { operation_id, .. } => return self.call(key, Call::Poll(operation_id)),
            Effect::Store { operation_id, .. } => return self.call(key, Call::Store(operation_id)),
            Effect::Abandon { operation_id, .. } => return self.call(key, Call::Abandon(operation_id)),
        };
        self.send(item, failed);
    }

    /// A call of the provider. It is on its way for less than its guard, or it never arrives.
    fn call(&mut self, key: usize, call: Call) {
        // The shell hangs up on a download after 30 s, on any other call after 10 s.
        let (slow, lost) = if matches!(call, Call::Store(_)) { (25_000, 40_000) } else { (9_000, 12_000) };
        if self.fault() {
            if self.dice.one_in(2) {
                self.note("call of the provider lost");
                if self.dice.one_in(2) {
                    let wait = 1 + self.dice.below(lost);
                    let event = call.answered(ProviderError::Unanswered("the connection was lost".into()));
                    self.push(wait, Item::Generation { key, event, reply: None });
                }
                return;
            }
            self.note("call of the provider late");
            let wait = self.dice.below(slow);
            return self.push(wait, Item::Provider { key, call });
        }
        let wait = 1 + self.dice.below(1_500);
        self.push(wait, Item::Provider { key, call });
    }

    pub(crate) fn session(&mut self, session: usize, event: session::Event) -> Turn {
        use session::{Effect, Event};
        if self.dies_before_write() {
            let read = self.sessions[session].crash();
            self.expect_read(read);
            self.disconnect(session);
            if event == Event::Alarm {
                self.push(ALARM_RETRY, Item::Alarm { who: Who::Session(session), due: 0, again: true });
            }
            return Turn { lived: false, reply: None };
        }
        let told = self.begin(|| format!("session {session}: {event:?}"));
        let actor = &mut self.sessions[session];
        let (now, elapsed) = (actor.clock.shows(self.now), actor.clock.elapsed(self.now));
        let effects = actor.memory.on(now, event);
        self.finish(told, &effects);
        if self.setup.forgetful {
            let read = self.sessions[session].crash_and_compare();
            self.expect_read(read);
        }
        for effect in &effects {
            if let Effect::Broadcast(event) = effect
                && let Err(detail) = self.judge.logged(session, elapsed, event)
            {
                self.accuse(Invariant::EventsInOrder, detail);
            }
        }
        let whole = effects.len();
        let survives = self.survive(whole);
        let mut turn = Turn { lived: survives == whole, reply: None };
        for (n, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::SetAlarm(at) => self.set_alarm(Who::Session(session), at),
                // What the session said is judged, whether or not the caller heard it.
                Effect::Reply(reply) => turn.reply = Some(reply),
                _ if n >= survives => {}
                Effect::Want { job, wish } => {
                    let job_id = job.id.clone();
                    let want = Want {
                        key: job.cache_key,
                        spec: wish.spec,
                        stand_ins: wish.stand_ins,
                        tenant: wish.tenant,
                        terms: wish.terms,
                        place: wish.place,
                        request_id: wish.request_id,
                        session: session.to_string(),
                        job_id: job_id.clone(),
                        priority: job.priority,
                        speculative: job.speculative,
                    };
                    let key = clip_of(want.key.as_str());
                    let failed = Event::WantAnswered { job_id: job_id.clone(), answer: None };
                    let event = generation::Event::Wanted(want);
                    let item = Item::Generation { key, event, reply: Some((session, job_id)) };
                    self.send(item, Some(Item::Session { session, event: failed }));
                }
                Effect::Leave { key, job_id } => {
                    let failed = Event::LeaveAnswered { job_id: job_id.clone(), acknowledged: false };
                    let item = Item::Leave { key: clip_of(key.as_str()), session, job_id };
                    self.send(item, Some(Item::Session { session, event: failed }));
                }
                Effect::Webhook { url, job } => {
                    let failed =
                        Event::WebhookAnswered { job_id: job.id.clone(), url: url.clone(), over: false };
                    let is_final = job.status.is_final();
                    let item = Item::Webhook { session, job_id: job.id, url, is_final };
                    self.send(item, Some(Item::Session { session, event: failed }));
                }
                Effect::Greet(message) => self.greeted(session, message),
                Effect::Broadcast(event) => self.told(session, event.seq),
                Effect::CloseSockets => self.disconnect(session),
            }
        }
        if !turn.lived {
            let read = self.sessions[session].crash();
            self.expect_read(read);
            self.disconnect(session);
        }
        turn
    }

    pub(crate) fn webhook(&mut self, session: usize, job_id: String, url: String, is_final: bool) {
        if !is_final {
            self.accuse(Invariant::WebhookDelivered, format!("{job_id} was posted before its end"));
        }
        let over = !self.fault();
        if over {
            self.judge.delivered(&job_id, &url);
        } else {
            self.note("webhook answered with an error");
        }
        let event = session::Event::WebhookAnswered { job_id, url, over };
        self.send(Item::Session { session, event }, None);
    }

    pub(crate) fn lane(&mut self, lane: usize, event: lane::Event, asker: Option<Asker>) {
        use lane::{Effect, Event, Request};
        let is_alarm = event == Event::Alarm;
        if self.dies_before_write() {
            let read = self.lanes[lane].crash();
            self.expect_read(read);
            if is_alarm {
                self.push(ALARM_RETRY, Item::Alarm { who: Who::Lane(lane), due: 0, again: true });
            }
            return;
        }
        if let Event::Asked(Request::Acquire(bid)) = &event {
            self.judge.bid(&bid.ticket, bid.speculative);
        }
        let release = match &event {
            Event::Asked(Request::Release { ticket, .. }) => Some(ticket.clone()),
            _ => None,
        };
        let told = self.begin(|| format!("lane {lane}: {event:?}"));
        let actor = &mut self.lanes[lane];
        let now = actor.clock.shows(self.now);
        let effects = actor.memory.0.on(now, &self.setup.providers[lane].limits, event);
        self.finish(told, &effects);
        if self.setup.forgetful {
            let read = self.lanes[lane].crash_and_compare();
            self.expect_read(read);
        }
        for effect in &effects {
            match (effect, &asker) {
                (Effect::Answer(lane::Answer::Granted { until }), Some(asker)) => {
                    self.granted(lane, &asker.about, *until);
                }
                (Effect::Grant { ticket, until, .. }, _) => self.granted(lane, ticket, *until),
                _ => {}
            }
        }
        if let Some(ticket) = &release {
            self.judge.released(ticket);
        }
        self.lane_kept(lane, is_alarm);
        let whole = effects.len();
        let survives = self.survive(whole);
        for (n, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::SetAlarm(at) => self.set_alarm(Who::Lane(lane), at),
                _ if n >= survives => break,
                Effect::Answer(answer) => {
                    let Some(Asker { key, about: ticket }) = asker.clone() else { continue };
                    let event = if release.is_some() {
                        generation::Event::Released { ticket, acknowledged: true }
                    } else {
                        generation::Event::LaneAnswered { ticket, answer: Some(answer) }
                    };
                    self.send(Item::Generation { key, event, reply: None }, None);
                }
                Effect::Grant { holder, ticket, until } => {
                    let event = generation::Event::Granted { ticket, until };
                    self.send(Item::Generation { key: clip_of(&holder), event, reply: None }, None);
                }
            }
        }
        if survives < whole {
            let read = self.lanes[lane].crash();
            self.expect_read(read);
        }
    }

    pub(crate) fn account(&mut self, account: usize, request: account::Request, asker: Asker) {
        if self.dies_before_write() {
            let read = self.accounts[account].crash();
            return self.expect_read(read);
        }
        let told = self.begin(|| format!("account {account}: {request:?}"));
        let is_close = matches!(request, account::Request::Close { .. });
        let actor = &mut self.accounts[account];
        let now = actor.clock.shows(self.now);
        let answer = actor.memory.0.on(now, &self.setup.budgets[account], request.clone());
        self.finish(told, &answer);
        if self.setup.forgetful {
            let read = self.accounts[account].crash_and_compare();
            self.expect_read(read);
        }
        if let (account::Request::Reserve(reservation), account::Answer::Done) = (&request, &answer) {
            self.reserved(account, reservation);
        }
        let lost = self.survive(1) == 0;
        if lost {
            let read = self.accounts[account].crash();
            return self.expect_read(read);
        }
        let Asker { key, about: id } = asker;
        let event = if is_close {
            generation::Event::Closed { id, acknowledged: true }
        } else {
            generation::Event::Reserved { id, answer: Some(answer) }
        };
        self.send(Item::Generation { key, event, reply: None }, None);
    }
}
