//! The rules of a session, one sentence each. Every step goes through the persisted form.

use super::*;
use crate::api::{Content, job_id};
use crate::cache_key::CacheKey;
use crate::operation::{Operation, Scope, validate};

const GOLDEN: &str = include_str!("../../../tests/golden/actors/session.json");

struct Bench {
    machine: Session,
    now: Millis,
}

fn spec(n: u64) -> ClipSpec {
    let params = serde_json::json!({ "character": "bolt", "state": "idle" });
    let body = serde_json::json!({ "operation_type": "state_clip", "params": params });
    ClipSpec { seed: u32::try_from(n).unwrap(), ..validate(&body, "n").unwrap().spec }
}

/// The job of the `n`th clip, as its `again`th caller asks for it.
fn job(n: u64, again: u32) -> Job {
    let cache_key = CacheKey::of("demo", &spec(n), &Scope::default());
    let id = job_id(&cache_key, &format!("t{again}"));
    Job {
        priority: 5,
        speculative: true,
        ..Job::queued(id, Operation::StateClip, cache_key, Millis(1_000_000))
    }
}

fn update(n: u64, ordinal: u64, status: JobStatus) -> Update {
    let content = Content { url: "/clips/x".into(), content_type: "video/mp4".into(), bytes: 5 };
    Update {
        job_id: job(n, 0).id,
        ordinal,
        status,
        progress: 0.5,
        estimate_ms: None,
        content: (status == JobStatus::Complete).then_some(content),
        error: None,
    }
}

impl Bench {
    fn new() -> Self {
        Self { machine: Session::default(), now: Millis(1_000_000) }
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let stored = serde_json::to_string(&self.machine).unwrap();
        self.machine = serde_json::from_str(&stored).unwrap();
        self.machine.on(self.now, event)
    }

    fn request(&mut self, job: Job) -> Vec<Effect> {
        self.on(Event::Requested { job: Box::new(job), spec: Box::new(spec(0)) })
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

#[test]
fn yesterdays_storage_is_what_is_stored_today() {
    let mut bench = Bench::new();
    let empty = bench.machine.clone();
    let _ = bench.request(job(0, 0));
    let wanting = bench.machine.clone();
    let answer = Answer { source: Source::Coalesced, update: update(0, 1, JobStatus::Queued) };
    let _ = bench.on(Event::WantAnswered { job_id: job(0, 0).id, answer: Some(answer) });
    let _ = bench.on(Event::Updated(update(0, 2, JobStatus::Processing)));
    let _ = bench.on(Event::Updated(update(0, 3, JobStatus::Complete)));
    let today = serde_json::json!({ "empty": empty, "wanting": wanting, "complete": bench.machine });
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(today, golden, "{today:#}");
    let read: Session = serde_json::from_value(golden["complete"].clone()).unwrap();
    assert_eq!(read, bench.machine);
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
fn the_oldest_ended_job_is_forgotten_first() {
    let mut bench = Bench::new();
    for n in 0..MAX_JOBS as u64 {
        let _ = bench.request(job(n, 0));
    }
    let _ = bench.on(Event::Updated(update(7, 1, JobStatus::Complete)));
    let _ = bench.request(job(1_000, 0));
    assert!(bench.machine.job(&job(7, 0).id).is_none());
    assert!(bench.machine.job(&job(0, 0).id).is_some());
    let _ = bench.request(job(1_001, 0));
    assert!(bench.machine.job(&job(0, 0).id).is_none(), "all are live: the oldest goes");
    assert_eq!(bench.greeted(None).0.jobs.len(), MAX_JOBS);
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
    let lifted = bench.request(Job { priority: 15, speculative: false, ..job(0, 2) });
    let asked = wants(&lifted);
    assert_eq!((asked[0].id.clone(), asked[0].priority, asked[0].speculative), (job(0, 0).id, 15, false));
    let _ = bench.request(Job { priority: 1, ..job(0, 3) });
    let live = bench.machine.live_job(&job(0, 9)).unwrap();
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
fn a_want_whose_answer_was_lost_is_sent_again() {
    let mut bench = Bench::new();
    let _ = bench.request(job(0, 0));
    bench.now = bench.now + WANT_GUARD;
    assert_eq!(wants(&bench.on(Event::Alarm)).len(), 1);
}
