//! What is checked while a world runs.

use cuelight_core::actors::session::{Idempotency, Reply};
use cuelight_core::actors::{account, generation};
use cuelight_core::api::{JobStatus, Source};
use cuelight_core::units::{MicroUsd, Millis};
use serde_json::Value;

use crate::invariant::Invariant;
use crate::judge::{Closed, JobRecord, Lease, Used};
use crate::page::Ask;
use crate::provider::Submission;
use crate::world::World;

/// After so long without knowing, another submission may be made. A little less than the machine
/// waits: what happened to one before it was written down counts too.
const UNKNOWN_AGE: u64 = 590_000;

impl World {
    /// The flight of a key, as its operator sees it.
    pub(crate) fn flight(&self, key: usize) -> Value {
        self.generations[key].memory.explain()["generation"].take()
    }

    pub(crate) fn watch_generation(&mut self, key: usize, now: Millis, effect: &generation::Effect) {
        use generation::Effect;
        match effect {
            Effect::Submit { idempotency_key, .. } => self.submitting(key, now, idempotency_key),
            Effect::Poll { operation_id, .. } => {
                let Some(op) = self.ops.get(operation_id) else { return };
                let Some((sent, _)) = self.judge.sent.get(&op.submission) else { return };
                if now.since(*sent) > self.setup.terms(key).timeout {
                    let detail =
                        format!("{} is polled {} after it was sent", op.submission, now.since(*sent));
                    self.accuse(Invariant::DeadlineKept, detail);
                }
            }
            Effect::Abandon { operation_id, .. } => {
                self.judge.abandoned.insert(operation_id.clone());
            }
            Effect::Close { tenant, id, spent } => self.closing(key, tenant, id, *spent),
            Effect::Notify { update, .. } if update.status == JobStatus::Complete => self.announced(key),
            _ => {}
        }
    }

    pub(crate) fn announced(&mut self, key: usize) {
        if !self.ops.was_stored(key) {
            self.accuse(Invariant::AnnouncedIsStored, format!("key{key} is announced before it is stored"));
        }
    }

    fn submitting(&mut self, key: usize, now: Millis, id: &str) {
        let state = self.flight(key);
        let flight = &state["flight"];
        let ticket = flight["lease"]["ticket"].as_str().unwrap_or_default().to_owned();
        if !self.judge.leases.contains_key(&ticket) {
            self.accuse(Invariant::Leased, format!("{id} is sent under `{ticket}`, which was never granted"));
        }
        if !self.judge.reserved.contains(id) {
            self.accuse(Invariant::Reserved, format!("{id} is sent without money set aside"));
        }
        if flight["phase"]["name"] == "submitting" {
            let number = id.rsplit_once('.').map_or(id, |(flight, _)| flight).to_owned();
            let attempts = self.judge.attempts.entry(number).or_default();
            *attempts += 1;
            let attempts = *attempts;
            if attempts > generation::MAX_ATTEMPTS {
                self.accuse(Invariant::AttemptsBounded, format!("{id} is attempt {attempts}"));
            }
            self.judge.sent.insert(id.to_owned(), (now, ticket));
        } else {
            self.judge.sent.entry(id.to_owned()).or_insert((now, ticket));
        }
    }

    fn closing(&mut self, key: usize, tenant: &str, id: &str, spent: MicroUsd) {
        if let Some(known) = self.judge.closed.get(id) {
            if known.spent != spent {
                let detail = format!("{id} was closed with {} and now with {spent}", known.spent);
                self.accuse(Invariant::ChargedOnce, detail);
            }
            return;
        }
        let state = self.flight(key);
        let error = &state["flight"]["phase"]["error"]["code"];
        let closed = Closed {
            account: tenant.parse().unwrap_or(0),
            spent,
            unknown: error == "submission_unknown",
            elapsed: self.generations[key].clock.elapsed(self.now),
        };
        self.judge.closed.insert(id.to_owned(), closed);
    }

    /// Nobody waits: then nothing goes on that could still be saved.
    pub(crate) fn unwanted_stops(&mut self, key: usize) {
        if !self.judge.nobody_wants(key) {
            return;
        }
        let state = self.flight(key);
        let phase = state["flight"]["phase"]["name"].as_str().unwrap_or_default();
        let goes_on = matches!(phase, "queued" | "reserving" | "leasing" | "leased")
            || (phase == "processing" && self.setup.terms(key).cancel_saves);
        if goes_on {
            self.accuse(Invariant::UnwantedStops, format!("key{key} is {phase} and nobody wants it"));
        }
    }

    /// A provider is about to accept a submission.
    pub(crate) fn may_accept(&mut self, key: usize, submission: &Submission) {
        let lane = self.setup.lane_of(key);
        let now = self.now;
        let elapsed = self.generations[key].clock.elapsed(now);
        let clock = self.lanes[lane].clock.shows(now);
        let mut second = None;
        // A lease that a jump of the lane's clock ended counts for nobody, be it this submission's own.
        let is_out = |ticket: &str| {
            let lease = self.judge.leases.get(ticket).filter(|lease| lease.lane == lane);
            lease.is_some_and(|lease| clock < lease.until)
        };
        let own = is_out(&submission.ticket);
        let mut at_once = u32::from(own);
        for (n, op) in self.ops.all.iter().enumerate().filter(|(_, op)| op.is_live(now)) {
            let closed = self.judge.closed.get(&op.submission);
            let given_up = self.judge.abandoned.contains(&n.to_string())
                || closed.is_some_and(|closed| {
                    closed.unknown && elapsed.saturating_sub(closed.elapsed) >= UNKNOWN_AGE
                });
            if op.key == key && !given_up {
                second = Some(op.submission.clone());
            }
            at_once +=
                u32::from(self.setup.lane_of(op.key) == lane && is_out(&op.ticket) && closed.is_none());
        }
        if let Some(other) = second {
            let detail = format!("{} is accepted while {other} lives", submission.id);
            self.accuse(Invariant::OneOperation, detail);
        }
        if own && at_once > self.setup.providers[lane].limits.concurrency {
            let detail = format!("{at_once} operations at once in lane {lane}");
            self.accuse(Invariant::ProviderConcurrency, detail);
        }
    }

    pub(crate) fn granted(&mut self, lane: usize, ticket: &str, until: Millis) {
        if self.judge.leases.get(ticket).is_some_and(|lease| lease.until == until) {
            return;
        }
        let actor = &self.lanes[lane];
        let (now, elapsed) = (actor.clock.shows(self.now), actor.clock.elapsed(self.now));
        let limits = self.setup.providers[lane].limits;
        // A lease that a jump of the clock shortened is told again.
        let again = self.judge.leases.insert(ticket.to_owned(), Lease { lane, until });
        if again.is_some_and(|lease| until < lease.until) {
            return;
        }
        if self.judge.given_back.contains(ticket) {
            self.accuse(Invariant::ReleasedForGood, format!("{ticket} was given back and is granted"));
        }
        let waiting = self.lanes[lane].memory.0.status(now).waiting;
        if self.judge.is_speculative(ticket) && waiting > 0 {
            self.accuse(Invariant::WishesFirst, format!("{ticket} is granted while {waiting} wishes wait"));
        }
        let grants = &mut self.judge.grants[lane];
        grants.push(elapsed);
        let within = grants.iter().rev().take_while(|at| **at + limits.rate.window.0 > elapsed).count();
        if within > limits.rate.count as usize {
            self.accuse(Invariant::GrantRate, format!("{within} grants in {}", limits.rate.window));
        }
    }

    pub(crate) fn lane_kept(&mut self, lane: usize, is_alarm: bool) {
        let actor = &self.lanes[lane];
        let now = actor.clock.shows(self.now);
        let leased = actor.memory.0.status(now).leased;
        if leased > self.setup.providers[lane].limits.concurrency {
            self.accuse(Invariant::Concurrency, format!("{leased} leases are out in lane {lane}"));
        }
        if is_alarm
            && let Some((ticket, _)) = self.leases_out(lane).into_iter().find(|(_, until)| *until <= now)
        {
            self.accuse(Invariant::LeasesEnd, format!("{ticket} has run out and is not taken back"));
        }
    }

    /// The leases that a lane holds, with their ends.
    pub(crate) fn leases_out(&self, lane: usize) -> Vec<(String, Millis)> {
        let json = serde_json::to_value(&self.lanes[lane].memory.0).unwrap_or_default();
        let leases = json["leases"].as_object().cloned().unwrap_or_default();
        leases
            .into_iter()
            .map(|(ticket, lease)| (ticket, Millis(lease["until"].as_u64().unwrap_or(0))))
            .collect()
    }

    /// An account set money aside.
    pub(crate) fn reserved(&mut self, account: usize, reservation: &account::Reservation) {
        let is_new = !self.judge.closed.contains_key(&reservation.id);
        if !self.judge.reserved.insert(reservation.id.clone()) || !is_new {
            return;
        }
        let limits = self.setup.budgets[account];
        let actor = &self.accounts[account];
        let usage = actor.memory.0.usage(actor.clock.shows(self.now), &limits);
        let over = [
            ("daily", usage.today + usage.reserved, limits.daily),
            ("monthly", usage.month + usage.reserved, limits.monthly),
        ];
        let speculation = usage.speculation_today + reservation.amount;
        let speculation =
            reservation.speculative.then_some(("speculation", speculation, limits.speculation_daily));
        for (name, sum, limit) in over.into_iter().chain(speculation) {
            if sum > limit {
                self.accuse(Invariant::Budget, format!("{sum} of the {name} budget of {limit}"));
            }
        }
    }

    /// What the jobs of a session cost its token, or may still cost, as far as callers can tell.
    pub(crate) fn spending(&self, session: usize) -> MicroUsd {
        let jobs =
            self.judge.jobs.iter().filter(|(_, record)| record.session == session && !record.began_final);
        let jobs = jobs.filter_map(|(id, _)| self.sessions[session].memory.job(id));
        jobs.filter(|job| job.source == Source::Generated).fold(MicroUsd(0), |sum, job| {
            let key = crate::setup::clip_of(job.cache_key.as_str());
            sum + match job.status {
                JobStatus::Queued | JobStatus::Processing => self.setup.terms(key).cost,
                JobStatus::Complete => job.cost_micro_usd.unwrap_or_default(),
                JobStatus::Failed | JobStatus::Cancelled => MicroUsd(0),
            }
        })
    }

    /// A session answered a request. `before` is what it was spending then.
    pub(crate) fn replied(&mut self, ask: &Ask, is_hit: bool, before: MicroUsd, reply: &Reply) {
        let session = ask.session;
        let clock = self.sessions[session].clock;
        let elapsed = clock.elapsed(self.now);
        let rate = self.setup.rate;
        let within =
            |admitted: &[u64]| admitted.iter().rev().take_while(|at| **at + rate.window.0 > elapsed).count();
        match reply {
            Reply::Job { id, joined, repeated, .. } => {
                self.one_job(session, ask.idempotency.as_ref(), id);
                if *repeated {
                    return;
                }
                if let Some(url) = &ask.webhook {
                    self.judge.webhooks.insert((id.clone(), url.clone()));
                }
                if !is_hit {
                    self.judge.admitted[session].push(elapsed);
                    let count = within(&self.judge.admitted[session]);
                    if count > rate.count as usize {
                        self.accuse(Invariant::RequestLimit, format!("{count} requests in {}", rate.window));
                    }
                }
                if *joined {
                    return;
                }
                let cost = if is_hit { MicroUsd(0) } else { self.setup.terms(0).cost };
                if self.setup.allowance.is_some_and(|allowance| before + cost > allowance) {
                    self.accuse(Invariant::Allowance, format!("{id} begins at {before}"));
                }
                self.judge.jobs.insert(id.clone(), JobRecord { session, began_final: is_hit });
            }
            Reply::Conflict => {
                let used = ask.idempotency.as_ref().and_then(|i| {
                    self.judge.used.get(&(session, i.key.clone())).filter(|used| used.body != i.body)
                });
                if used.is_none() {
                    self.accuse(Invariant::OneJobPerIdempotencyKey, "there is no conflict".to_owned());
                }
            }
            Reply::Limited(_) => {
                let count = within(&self.judge.admitted[session]);
                if count < rate.count as usize && !clock.went_back() {
                    self.accuse(Invariant::RequestLimit, format!("refused after {count} requests"));
                }
                self.tally.end("limited");
            }
            Reply::Spent { .. } => self.tally.end("allowance spent"),
            Reply::Full
            | Reply::Revoked
            | Reply::Unknown
            | Reply::Final
            | Reply::Done
            | Reply::Counted(_) => {
                self.accuse(Invariant::EveryCallerAnswered, format!("a request was answered {reply:?}"));
            }
        }
    }

    fn one_job(&mut self, session: usize, idempotency: Option<&Idempotency>, id: &str) {
        let Some(Idempotency { key, body }) = idempotency else { return };
        let new = || Used { body: body.clone(), job_id: id.to_owned() };
        let used = self.judge.used.entry((session, key.clone())).or_insert_with(new);
        if used.job_id != id || used.body != *body {
            let detail = format!("`{key}` is {id} and {}", used.job_id);
            self.accuse(Invariant::OneJobPerIdempotencyKey, detail);
        }
    }
}
