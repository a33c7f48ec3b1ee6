//! The rules of a session, one sentence each. Every step goes through the persisted form.

mod money;

use std::collections::BTreeMap;

use super::*;
use crate::actors::generation::{Place, Terms};
use crate::actors::stored::{Stored, WHOLE, Write};
use crate::api::{Content, job_id};
use crate::limiter::Rate;
use crate::operation::{ClipSpec, Scope, Spec, validate};

const GOLDEN: &str = include_str!("../../../tests/golden/actors/session.json");
/// As it was stored before jobs and events were parts of their own.
const ONE_PART: &str = include_str!("../../../tests/golden/actors/session-one-part.json");
const PRICE: MicroUsd = MicroUsd(6_000);
const RATE: Rate = Rate { count: 10_000, window: Millis(60_000) };

struct Bench {
    machine: Session,
    parts: BTreeMap<String, String>,
    now: Millis,
}

fn spec(n: u64) -> Spec {
    let params = serde_json::json!({ "character": "bolt", "state": "idle" });
    let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
    let spec = validate(&body, "n").unwrap().spec.clip().unwrap().clone();
    ClipSpec { seed: u32::try_from(n).unwrap(), ..spec }.into()
}

/// The job of the `n`th clip, as its `again`th caller asks for it.
fn job(n: u64, again: u32) -> Job {
    let cache_key = spec(n).key("demo", &Scope::default());
    let id = job_id(&cache_key, &format!("t{again}"));
    let now = Millis(1_000_000);
    Job { priority: 5, speculative: true, ..Job::queued(id, Operation::StateClip, cache_key, now) }
}

fn request(job: Job) -> Request {
    let terms = Terms { cost: PRICE, ..Terms::of(&spec(0)).unwrap() };
    Request {
        wish: Wish {
            spec: spec(0),
            stand_ins: Vec::new(),
            tenant: "demo".into(),
            terms,
            place: Place::default(),
            request_id: "r1".into(),
        },
        job,
        preview: None,
        webhook: None,
        idempotency: None,
        rate: RATE,
        allowance: None,
    }
}

fn update(n: u64, ordinal: u64, status: JobStatus) -> Update {
    let content =
        Content { url: "/clips/x".into(), content_type: "video/mp4".into(), bytes: 5, ..Content::default() };
    Update {
        job_id: job(n, 0).id,
        ordinal,
        status,
        progress: 0.5,
        estimate_ms: None,
        content: (status == JobStatus::Complete).then_some(content),
        error: None,
        cost_micro_usd: None,
        retry_after_ms: None,
        made: None,
    }
}

impl Bench {
    fn new() -> Self {
        Self { machine: Session::default(), parts: BTreeMap::new(), now: Millis(1_000_000) }
    }

    /// A turn, from storage to storage. Nothing lives on that is not written.
    fn on(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.machine.on(self.now, event);
        for write in self.machine.changes().unwrap() {
            match write {
                Write::Put(name, json) => self.parts.insert(name, json),
                Write::Delete(name) => self.parts.remove(&name),
            };
        }
        let parts: Vec<(String, String)> = self.parts.clone().into_iter().collect();
        assert_eq!(Session::read(&parts).unwrap(), self.machine, "something was not written");
        effects
    }

    fn request(&mut self, job: Job) -> Vec<Effect> {
        self.ask(request(job))
    }

    fn ask(&mut self, request: Request) -> Vec<Effect> {
        self.on(Event::Requested(Box::new(request)))
    }

    fn answer(&mut self, id: &str, source: Source, status: JobStatus) -> Vec<Effect> {
        let answer = Answer { source, update: Update { job_id: id.into(), ..update(0, 1, status) } };
        self.on(Event::WantAnswered { job_id: id.into(), answer: Some(answer) })
    }

    fn greeted(&mut self, since: Option<u64>) -> (Snapshot, Vec<u64>) {
        let mut snapshot = None;
        let mut seqs = Vec::new();
        for effect in self.on(Event::Connected { since }) {
            match effect {
                Effect::Greet(Message::Snapshot(s)) => {
                    assert!(snapshot.is_none() && seqs.is_empty(), "one snapshot, before all else");
                    snapshot = Some(s);
                }
                Effect::Greet(Message::Event(event)) => seqs.push(event.seq),
                _ => {}
            }
        }
        (snapshot.unwrap(), seqs)
    }
}

fn reply(effects: &[Effect]) -> Reply {
    effects
        .iter()
        .find_map(|e| if let Effect::Reply(reply) = e { Some(reply.clone()) } else { None })
        .unwrap()
}

fn alarm(effects: &[Effect]) -> Option<Millis> {
    effects.iter().find_map(|e| if let Effect::SetAlarm(at) = e { Some(*at) } else { None })
}

fn logged(effects: &[Effect]) -> Vec<(u64, EventKind)> {
    let event = |e: &Effect| if let Effect::Broadcast(e) = e { Some((e.seq, e.kind)) } else { None };
    effects.iter().filter_map(event).collect()
}

fn wants(effects: &[Effect]) -> Vec<&Job> {
    fn job(effect: &Effect) -> Option<&Job> {
        if let Effect::Want { job, .. } = effect { Some(job) } else { None }
    }
    effects.iter().filter_map(job).collect()
}

fn stored(bench: &Bench) -> serde_json::Value {
    let part = |json: &String| serde_json::from_str::<serde_json::Value>(json).unwrap();
    bench.parts.iter().map(|(name, json)| (name.clone(), part(json))).collect()
}

fn parts(stored: &serde_json::Value) -> Vec<(String, String)> {
    stored.as_object().unwrap().iter().map(|(name, part)| (name.clone(), part.to_string())).collect()
}

#[test]
fn yesterdays_storage_is_what_is_stored_today() {
    let mut bench = Bench::new();
    let empty = stored(&bench);
    let rich = Request {
        webhook: Some("https://shop.example/hook".into()),
        idempotency: Some(Idempotency { key: "order-1".into(), body: "abc".into() }),
        ..request(job(0, 0))
    };
    let _ = bench.ask(rich);
    let wanting = stored(&bench);
    let _ = bench.answer(&job(0, 0).id, Source::Coalesced, JobStatus::Queued);
    let _ = bench.on(Event::Updated(update(0, 2, JobStatus::Processing)));
    let _ = bench.on(Event::Updated(update(0, 3, JobStatus::Complete)));
    let _ = bench.request(job(1, 0));
    let _ = bench.on(Event::Cancel { job_id: job(1, 0).id });
    let today = serde_json::json!({ "empty": empty, "wanting": wanting, "complete": stored(&bench) });
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(today, golden, "{today:#}");
    assert_eq!(Session::read(&parts(&golden["complete"])).unwrap(), bench.machine);
}

#[test]
fn storage_from_before_there_were_parts_is_read_and_rewritten() {
    let golden: serde_json::Value = serde_json::from_str(ONE_PART).unwrap();
    for (name, state) in golden.as_object().unwrap() {
        let mut machine = Session::read(&[(WHOLE.into(), state.to_string())]).unwrap();
        let writes = machine.changes().unwrap();
        assert!(writes.contains(&Write::Delete(WHOLE.into())), "{name}");
        let puts = writes.into_iter().filter_map(|write| match write {
            Write::Put(name, json) => Some((name, json)),
            Write::Delete(_) => None,
        });
        assert_eq!(Session::read(&puts.collect::<Vec<_>>()).unwrap(), machine, "{name}");
        assert_eq!(machine.meta.seq, state["seq"].as_u64().unwrap());
        let jobs = state["jobs"].as_array().unwrap();
        assert_eq!(machine.jobs.len(), jobs.len());
        let wanting = jobs.iter().any(|job| job["want"].is_object());
        let effects = machine.on(Millis(9_000_000), Event::Alarm);
        assert_eq!(wants(&effects).len(), usize::from(wanting), "{name}: what was wanted still is");
    }
}

#[test]
fn events_are_numbered_without_a_gap_and_each_update_is_logged_once() {
    let mut bench = Bench::new();
    let mut seen = logged(&bench.request(job(0, 0)));
    let steps = [(1, JobStatus::Queued), (2, JobStatus::Processing), (2, JobStatus::Processing)];
    let end = [(4, JobStatus::Complete), (3, JobStatus::Processing), (5, JobStatus::Failed)];
    for (ordinal, status) in steps.into_iter().chain(end) {
        seen.extend(logged(&bench.on(Event::Updated(update(0, ordinal, status)))));
    }
    assert_eq!(seen, [(1, EventKind::Queued), (2, EventKind::Processing), (3, EventKind::Completed)]);
}

#[test]
fn a_job_that_has_begun_never_waits_again() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    let _ = bench.on(Event::Updated(update(0, 1, JobStatus::Processing)));
    // The generation began a new flight before this session heard of the old one's end.
    let effects = bench.on(Event::Updated(update(0, 2, JobStatus::Queued)));
    assert_eq!(logged(&effects), []);
    assert_eq!(bench.machine.job(&job(0, 0).id).unwrap().status, JobStatus::Processing);
}

#[test]
fn a_socket_that_comes_back_misses_nothing() {
    let mut bench = Bench::new();
    for n in 0..5 {
        let _ = bench.request(job(n, 0));
    }
    for since in 0..=5 {
        let (snapshot, seqs) = bench.greeted(Some(since));
        assert!(!snapshot.reset);
        assert_eq!(snapshot.seq, 5);
        assert_eq!(seqs, (since + 1..=5).collect::<Vec<_>>());
    }
    assert_eq!(bench.greeted(None).1, [] as [u64; 0], "a first socket has the snapshot");
}

#[test]
fn a_socket_that_was_away_too_long_is_told_to_begin_anew() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    bench.now = bench.now + EVENT_AGE + Millis(1);
    let _ = bench.request(job(1, 0));
    assert!(bench.greeted(Some(0)).0.reset, "event 1 is forgotten");
    assert!(!bench.greeted(Some(1)).0.reset);
    assert!(bench.greeted(Some(3)).0.reset, "a number that was never given");
    bench.now = bench.now + EVENT_AGE + Millis(1);
    assert!(!bench.greeted(Some(2)).0.reset, "it missed nothing, though no event is left");
}

#[test]
fn the_oldest_ended_job_is_forgotten_first_and_a_live_one_never() {
    let mut bench = Bench::new();
    for n in 0..MAX_JOBS as u64 {
        let _ = bench.machine.on(bench.now, Event::Requested(Box::new(request(job(n, 0)))));
    }
    let full = bench.machine.on(bench.now, Event::Requested(Box::new(request(job(5_000, 0)))));
    assert_eq!(reply(&full), Reply::Full);
    let _ = bench.machine.on(bench.now, Event::Updated(update(7, 1, JobStatus::Complete)));
    let taken = bench.machine.on(bench.now, Event::Requested(Box::new(request(job(5_001, 0)))));
    assert!(matches!(reply(&taken), Reply::Job { .. }));
    assert!(bench.machine.job(&job(7, 0).id).is_none());
    assert!(bench.machine.job(&job(0, 0).id).is_some());
}

#[test]
fn no_more_events_are_kept_than_the_limit() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    for ordinal in 1..=MAX_EVENTS as u64 {
        let _ = bench.machine.on(bench.now, Event::Updated(update(0, ordinal, JobStatus::Processing)));
    }
    let (snapshot, seqs) = bench.greeted(Some(1));
    assert!(!snapshot.reset);
    assert_eq!((seqs.len(), seqs[0]), (MAX_EVENTS, 2));
    assert!(bench.greeted(Some(0)).0.reset);
}

#[test]
fn a_second_request_for_a_live_clip_joins_it_and_lifts_it() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    let same = bench.request(job(0, 1));
    assert_eq!((wants(&same).len(), logged(&same).len()), (0, 0), "nothing new was said");
    assert!(matches!(reply(&same), Reply::Job { joined: true, .. }));
    let lifted = bench.request(Job { priority: 15, speculative: false, ..job(0, 2) });
    let asked = wants(&lifted);
    assert_eq!((asked[0].id.clone(), asked[0].priority, asked[0].speculative), (job(0, 0).id, 15, false));
    let _ = bench.request(Job { priority: 1, ..job(0, 3) });
    let live = &bench.machine.live_job(&job(0, 9)).unwrap().job;
    assert_eq!((live.priority, live.speculative), (15, false), "nothing is demoted");
}

#[test]
fn a_clip_is_wanted_again_until_its_generation_answers() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    let id = job(0, 0).id;
    for _ in 0..5 {
        let effects = bench.on(Event::WantAnswered { job_id: id.clone(), answer: None });
        let [Effect::SetAlarm(at)] = effects[..] else { panic!("{effects:?}") };
        bench.now = at;
        assert_eq!(wants(&bench.on(Event::Alarm)).len(), 1);
        assert_eq!(wants(&bench.on(Event::Alarm)).len(), 0, "an alarm that comes twice asks once");
    }
    let answer = Answer { source: Source::Coalesced, update: update(0, 1, JobStatus::Queued) };
    let effects = bench.on(Event::WantAnswered { job_id: id.clone(), answer: Some(answer) });
    assert_eq!(effects, [], "no alarm is needed any more");
    assert_eq!(bench.machine.job(&id).unwrap().source, Source::Coalesced);
}

#[test]
fn a_job_that_is_over_keeps_its_source_whatever_is_answered_late() {
    let mut bench = Bench::new();
    let id = job(0, 0).id;
    let _ = bench.request(job(0, 0));
    let _ = bench.answer(&id, Source::Coalesced, JobStatus::Complete);
    let _ = bench.answer(&id, Source::Generated, JobStatus::Queued);
    assert_eq!(bench.machine.job(&id).unwrap().source, Source::Coalesced);
}

#[test]
fn a_want_whose_answer_was_lost_is_sent_again() {
    let mut bench = Bench::new();
    let effects = bench.request(job(0, 0));
    bench.now = alarm(&effects).unwrap();
    assert_eq!(wants(&bench.on(Event::Alarm)).len(), 1);
}

#[test]
fn ten_requests_are_admitted_and_the_eleventh_is_told_when_to_return() {
    let mut bench = Bench::new();
    let rate = Rate { count: 10, window: Millis(60_000) };
    for n in 0..10 {
        let effects = bench.ask(Request { rate, ..request(job(n, 0)) });
        assert!(matches!(reply(&effects), Reply::Job { .. }), "{n}");
    }
    let effects = bench.ask(Request { rate, ..request(job(10, 0)) });
    let Reply::Limited(verdict) = reply(&effects) else { panic!("{effects:?}") };
    assert_eq!(verdict.retry_after, Millis(60_000));
    assert_eq!((wants(&effects).len(), logged(&effects).len()), (0, 0), "it changes nothing else");
    bench.now = bench.now + Millis(60_000);
    assert!(matches!(reply(&bench.ask(Request { rate, ..request(job(10, 0)) })), Reply::Job { .. }));
}

#[test]
fn a_repeated_request_is_the_same_job_and_another_body_is_a_conflict() {
    let mut bench = Bench::new();
    let with = |job: Job, body: &str| Request {
        idempotency: Some(Idempotency { key: "k".into(), body: body.into() }),
        rate: Rate { count: 1, ..RATE },
        ..request(job)
    };
    let _ = bench.ask(with(job(0, 0), "a"));
    let again = bench.ask(with(job(0, 1), "a"));
    let Reply::Job { id, repeated: true, .. } = reply(&again) else { panic!("{again:?}") };
    assert_eq!((id, wants(&again).len()), (job(0, 0).id, 0), "and it costs no turn of the limit");
    assert_eq!(reply(&bench.ask(with(job(0, 2), "b"))), Reply::Conflict);
}

#[test]
fn a_cancelled_job_ends_at_once_and_its_generation_is_told_until_it_hears() {
    let mut bench = Bench::new();
    let id = job(0, 0).id;
    let _ = bench.request(job(0, 0));
    let effects = bench.on(Event::Cancel { job_id: id.clone() });
    assert_eq!(reply(&effects), Reply::Done);
    assert_eq!(logged(&effects), [(2, EventKind::Cancelled)]);
    let leaves = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Leave { .. })).count();
    assert_eq!(leaves(&effects), 1);
    bench.now = alarm(&effects).unwrap();
    let effects = bench.on(Event::Alarm);
    assert_eq!((leaves(&effects), wants(&effects).len()), (1, 0), "it leaves, and wants no more");
    let effects = bench.on(Event::LeaveAnswered { job_id: id.clone(), acknowledged: true });
    assert_eq!(effects, []);
    assert_eq!(reply(&bench.on(Event::Cancel { job_id: id })), Reply::Final);
    assert_eq!(reply(&bench.on(Event::Cancel { job_id: "x".into() })), Reply::Unknown);
    let late = bench.on(Event::Updated(update(0, 5, JobStatus::Complete)));
    assert_eq!(logged(&late), [], "it stays cancelled");
}

fn taken(job_id: &str, url: &str, over: bool) -> Event {
    Event::WebhookAnswered { job_id: job_id.to_owned(), url: url.to_owned(), over }
}

#[test]
fn a_request_that_joins_a_job_keeps_its_idempotency_key_and_its_webhook() {
    let mut bench = Bench::new();
    let _ = bench.ask(request(job(0, 0)));
    let first = Idempotency { key: "k".into(), body: "b".into() };
    let webhook = Some("https://shop.example/2".to_owned());
    let joins = Request { idempotency: Some(first.clone()), webhook, ..request(job(0, 1)) };
    assert!(matches!(reply(&bench.ask(joins.clone())), Reply::Job { joined: true, .. }));
    let id = job(0, 0).id;
    let _ = bench.answer(&id, Source::Generated, JobStatus::Processing);
    let ended = bench.on(Event::Updated(update(0, 2, JobStatus::Failed)));
    assert!(ended.iter().any(|e| matches!(e, Effect::Webhook { url, .. } if url.ends_with("/2"))));
    assert_eq!(bench.on(taken(&id, "https://shop.example/2", true)), []);
    let again = bench.ask(Request { job: job(0, 2), ..joins });
    assert_eq!(reply(&again), Reply::Job { id, joined: false, repeated: true, verdict: None });
    let other = Some(Idempotency { body: "c".into(), ..first });
    assert_eq!(reply(&bench.ask(Request { idempotency: other, ..request(job(0, 3)) })), Reply::Conflict);
}

#[test]
fn a_webhook_is_called_when_the_job_ends_until_it_is_taken() {
    let mut bench = Bench::new();
    let id = job(0, 0).id;
    let _ = bench.ask(Request { webhook: Some("https://shop.example".into()), ..request(job(0, 0)) });
    let _ = bench.answer(&id, Source::Generated, JobStatus::Processing);
    let called = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Webhook { .. })).count();
    let mut effects = bench.on(Event::Updated(update(0, 2, JobStatus::Complete)));
    assert_eq!(called(&effects), 1);
    for _ in 0..3 {
        effects = bench.on(taken(&id, "https://shop.example", false));
        bench.now = alarm(&effects).unwrap();
        assert_eq!(called(&bench.on(Event::Alarm)), 1);
    }
    assert_eq!(bench.on(taken(&id, "https://shop.example", true)), []);
}

#[test]
fn a_preview_shows_up_in_its_job_and_nowhere_else() {
    let mut bench = Bench::new();
    let small = job(1, 0);
    let preview = Preview { job: small.clone(), wish: request(job(1, 0)).wish };
    let effects = bench.ask(Request { preview: Some(preview), ..request(job(0, 0)) });
    assert_eq!(wants(&effects).len(), 2);
    let effects = bench.on(Event::Updated(update(1, 2, JobStatus::Complete)));
    assert_eq!(logged(&effects), [(2, EventKind::Preview)]);
    assert!(bench.machine.job(&job(0, 0).id).unwrap().preview.is_some());
    assert_eq!(bench.machine.list(&Filter { limit: 10, ..Filter::default() }).0.len(), 1);
    let _ = bench.on(Event::Updated(update(0, 2, JobStatus::Complete)));
    assert_eq!(bench.greeted(None).0.jobs.len(), 1);
}

#[test]
fn what_is_no_job_counts_as_a_request_all_the_same() {
    let mut bench = Bench::new();
    let rate = Rate { count: 2, window: Millis(60_000) };
    for admitted in [true, true, false] {
        let counted = reply(&bench.on(Event::Counted(rate)));
        assert!(matches!(counted, Reply::Counted(verdict) if verdict.admitted == admitted), "{counted:?}");
    }
}

#[test]
fn a_revoked_session_answers_nobody() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    assert!(bench.on(Event::Revoked).contains(&Effect::CloseSockets));
    assert_eq!(reply(&bench.request(job(1, 0))), Reply::Revoked);
    assert_eq!(reply(&bench.on(Event::Connected { since: None })), Reply::Revoked);
}

#[test]
fn jobs_are_listed_page_by_page_newest_first() {
    let mut bench = Bench::new();
    for n in 0..5 {
        let _ = bench.request(job(n, 0));
    }
    let _ = bench.on(Event::Updated(update(3, 1, JobStatus::Failed)));
    let page = |before, statuses| bench.machine.list(&Filter { statuses, operation: None, before, limit: 2 });
    let ids = |(jobs, _): &(Vec<Job>, Option<u64>)| jobs.iter().map(|j| j.id.clone()).collect::<Vec<_>>();
    let first = page(None, vec![]);
    assert_eq!(ids(&first), [job(4, 0).id, job(3, 0).id]);
    let second = page(first.1, vec![]);
    assert_eq!(ids(&second), [job(2, 0).id, job(1, 0).id]);
    let last = page(second.1, vec![]);
    assert_eq!((ids(&last), last.1), (vec![job(0, 0).id], None));
    assert_eq!(ids(&page(None, vec![JobStatus::Failed])), [job(3, 0).id]);
}
