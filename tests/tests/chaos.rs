//! Everything goes wrong at once: the provider misbehaves, the edge is killed every few seconds, and
//! a hundred players go on asking. Nothing is lost, nothing is made twice, nothing is charged twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cuelight_tests::world::small_clip;
use cuelight_tests::{Follower, World};
use futures_util::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const SESSIONS: u64 = 100;
const REQUESTS_EACH: u64 = 50;
const KEYS: u64 = 200;
/// Each session asks about once in this time, so that its requests fall before, into and after deaths.
const PACE: Duration = Duration::from_millis(600);
/// How long the edge lives each time, in milliseconds: from, and how much longer at most.
const LIFE: (u64, u64) = (5_000, 4_000);
/// Longer than any wait in the machines that a death can cause: a lost download is begun again
/// after 45 s.
const LIMIT: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_made_or_charged_twice() {
    let began = Instant::now();
    let rate = json!({"requests": 10_000, "window_s": 60});
    let lanes = json!({"studio": {"concurrency": 32, "per_minute": 10_000}});
    let mut world = World::bare(&["--delay", "realtime=300"], &[("LIMITS", rate), ("LANES", lanes)]).await;
    world.studio_faults(three_in_ten()).await;
    let followers: Vec<Follower> =
        (0..SESSIONS).map(|session| Follower::start(world.socket(&name(session), None))).collect();

    let repeats = Arc::new(AtomicU64::new(0));
    let players: Vec<_> = (0..SESSIONS)
        .map(|session| tokio::spawn(play(world.edge.clone(), session, repeats.clone())))
        .collect();
    let mut dice = Dice(1);
    let mut deaths = 0;
    while !players.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(LIFE.0 + dice.below(LIFE.1))).await;
        world.kill_edge().await;
        deaths += 1;
        world.start_edge().await;
    }
    let jobs: Vec<Vec<Value>> = join_all(players).await.into_iter().map(Result::unwrap).collect();
    let asked = began.elapsed();

    let mut finals: BTreeMap<String, Value> = BTreeMap::new();
    for (jobs, follower) in jobs.iter().zip(&followers) {
        let wanted: BTreeSet<&str> = jobs.iter().map(|job| job["id"].as_str().unwrap()).collect();
        let told = follower.until(LIMIT, |events| wanted.is_subset(&ended(events))).await;
        let events = follower.events();
        let open: Vec<_> = wanted.difference(&ended(&events)).copied().collect();
        assert!(told, "never told how these ended: {open:?}");
        follower.assert_nothing_lost_or_doubled();
        for event in events {
            if ended(std::slice::from_ref(&event)).is_empty() {
                continue;
            }
            let id = event["job_id"].as_str().unwrap().to_owned();
            assert!(finals.insert(id, event.clone()).is_none(), "it ended twice: {event}");
        }
    }

    let usage = settled_usage(&world).await;
    let bill = world.studio_bill().await;
    let stats = world.studio_stats().await;
    assert_eq!(usage["month"], bill["total_micro_usd"], "the ledger and the bill: {usage} {stats}");
    let flights = flights(&world, &finals).await;
    let (mut complete, mut failed, mut exact, mut most) = (0, 0, 0, 0);
    for flight in flights.values() {
        let (number, submissions) =
            (flight["number"].as_u64().unwrap(), flight["submission"].as_u64().unwrap());
        assert!(submissions <= 3 && flight["attempt"].as_u64().unwrap() <= 3, "{flight}");
        complete += u64::from(flight["phase"]["name"] == "complete");
        // Of a flight that failed only the newest is remembered; each has had three submissions at most.
        exact += submissions;
        most += submissions + 3 * (number - 1);
        failed += number - 1 + u64::from(flight["phase"]["name"] == "failed");
    }
    let submissions = stats["submissions"].as_u64().unwrap();
    assert!((exact - failed..=most).contains(&submissions), "{submissions}, not {exact} to {most}: {stats}");
    assert!(failed > 0 || submissions == exact, "{submissions} submissions where the flights say {exact}");
    let charged = bill["charged"].as_u64().unwrap();
    assert!(
        charged >= complete && charged <= complete + failed,
        "{charged} charged, {complete} made: {stats}"
    );
    for (key, _) in flights.iter().filter(|(_, flight)| flight["phase"]["name"] == "complete") {
        assert_eq!(world.get(&format!("/clips/{key}")).await.status(), StatusCode::OK, "{key}");
    }
    let connections: u32 = followers.iter().map(Follower::connections).sum();
    println!(
        "chaos: {} requests for {} keys, {} repeated after they were sent; {deaths} deaths of the edge, {} faults; {} events over \
         {connections} connections; {submissions} submissions and {} replays for {complete} clips, {failed} \
         failed flights; ledger and bill {} micro-dollars; asked in {} s, over after {} s",
        SESSIONS * REQUESTS_EACH,
        flights.len(),
        repeats.load(Ordering::Relaxed),
        stats["faults"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>(),
        followers.iter().map(|follower| follower.events().len()).sum::<usize>(),
        stats["replays"],
        usage["month"],
        asked.as_secs(),
        began.elapsed().as_secs(),
    );
}

/// About three in ten of each kind of call go wrong.
fn three_in_ten() -> Value {
    json!([
        {"kind": "throttle", "on": "submit", "probability": 0.04, "retry_after_s": 1},
        {"kind": "fail", "on": "submit", "probability": 0.05},
        {"kind": "stall", "on": "submit", "probability": 0.05, "delay_ms": 300},
        {"kind": "drop", "on": "submit", "probability": 0.06},
        {"kind": "duplicate", "on": "submit", "probability": 0.06},
        {"kind": "gateway", "on": "submit", "probability": 0.07},
        {"kind": "fail", "on": "poll", "probability": 0.03},
        {"kind": "throttle", "on": "poll", "probability": 0.04, "retry_after_s": 1},
        {"kind": "stall", "on": "poll", "probability": 0.05, "delay_ms": 300},
        {"kind": "drop", "on": "poll", "probability": 0.07},
        {"kind": "duplicate", "on": "poll", "probability": 0.07},
        {"kind": "gateway", "on": "poll", "probability": 0.07},
        {"kind": "fail", "on": "download", "probability": 0.05},
        {"kind": "stall", "on": "download", "probability": 0.05, "delay_ms": 300},
        {"kind": "drop", "on": "download", "probability": 0.07},
        {"kind": "truncate", "on": "download", "probability": 0.08},
        {"kind": "mislabel", "on": "download", "probability": 0.08},
    ])
}

/// One player: asks for a clip, whatever it takes, then for the next. Every job it was given.
async fn play(edge: String, session: u64, repeats: Arc<AtomicU64>) -> Vec<Value> {
    let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let mut dice = Dice(1_000 + session);
    let mut jobs = Vec::new();
    for number in 0..REQUESTS_EACH {
        tokio::time::sleep(PACE / 2 + Duration::from_millis(dice.below(PACE.as_millis() as u64))).await;
        let body = small_clip(&format!("chaos-{}", key(number, &mut dice)));
        let started = Instant::now();
        let job = loop {
            let request =
                http.post(format!("{edge}/api/v1/jobs")).header("x-cuelight-session", name(session));
            let request = request.header("idempotency-key", format!("request-{number}"));
            let answer = request.json(&body).send().await;
            let sent = !answer.as_ref().is_err_and(reqwest::Error::is_connect);
            if let Some(job) = read(answer).await {
                break job;
            }
            // The connection died with the edge: nobody knows what became of the request.
            repeats.fetch_add(u64::from(sent), Ordering::Relaxed);
            assert!(started.elapsed() < LIMIT, "session {session} is never answered");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        jobs.push(job);
    }
    jobs
}

/// Which clip is asked for: there are new ones all the time, which many want at once, and half of the
/// requests are for any of those that there were.
fn key(number: u64, dice: &mut Dice) -> u64 {
    let new = KEYS / REQUESTS_EACH;
    if dice.below(2) == 0 { number * new + dice.below(new) } else { dice.below((number + 1) * new) }
}

/// The job of an answer that came whole, and from the edge.
async fn read(answer: reqwest::Result<reqwest::Response>) -> Option<Value> {
    let answer = answer.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    if matches!(status.as_u16(), 200 | 202) {
        return serde_json::from_str(&text).ok();
    }
    // What stands before the edge says so in other words than the edge's.
    let code = serde_json::from_str::<Value>(&text).ok().map(|problem| problem["code"].clone());
    assert!(status.is_server_error() && code.is_none_or(|code| code.is_null()), "{status}: {text}");
    None
}

fn name(session: u64) -> String {
    format!("chaos-{session}")
}

/// The jobs that these events say are over.
fn ended(events: &[Value]) -> BTreeSet<&str> {
    let over = |event: &&Value| matches!(event["type"].as_str(), Some("job:completed" | "job:failed"));
    events.iter().filter(over).filter_map(|event| event["job_id"].as_str()).collect()
}

/// What was spent, once nothing is set aside any more.
async fn settled_usage(world: &World) -> Value {
    let started = Instant::now();
    loop {
        let usage = world.usage().await;
        if usage["reservations"] == 0 {
            return usage;
        }
        assert!(started.elapsed() < LIMIT, "money stays set aside: {usage}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The newest flight of every key that was asked for.
async fn flights(world: &World, finals: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let jobs: BTreeMap<&str, &String> =
        finals.iter().map(|(id, event)| (event["cache_key"].as_str().unwrap(), id)).collect();
    let mut flights = BTreeMap::new();
    for (key, id) in jobs {
        let known: Value = world.get(&format!("/api/v1/jobs/{id}?explain=true")).await.json().await.unwrap();
        flights.insert(key.to_owned(), known["generation"]["flight"].clone());
    }
    flights
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same questions in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
