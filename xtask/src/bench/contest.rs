//! The contests: what both workers are asked, how often, and what a right answer is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::figures::Figures;
use super::load::{Load, Until};
use super::{Arena, cpu};
use crate::http::Answer;
use crate::say;

/// An odd number, so that the median is a round that happened.
const ROUNDS: usize = 7;
/// How long each contestant is asked in a round.
const TURN: Duration = Duration::from_secs(2);
/// Before anything is measured: the caches are filled and the code is compiled.
const WARM_UP: Duration = Duration::from_secs(1);
/// As many callers as a busy isolate has; enough to keep one core busy.
const CONNECTIONS: usize = 8;
/// Calls for one cold clip, and how many callers make them at the same time.
const COLD_CALLS: (u64, usize) = (200, 40);
/// Turns with a cold clip: each leaves objects on disk.
const COLD_ROUNDS: usize = 5;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// `GET /clips/{key}`, from the Cache API.
    Clip,
    /// The first bytes of a clip: what Safari asks first.
    Part,
    /// `GET /api/v1/health`: what any answer costs.
    Health,
    /// `POST /api/v1/jobs` for a clip that exists.
    Hit,
    /// `POST /api/v1/jobs` for one that does not, by many at once.
    Cold,
}

/// One table of the report.
#[derive(Debug)]
pub(super) struct Contest {
    title: &'static str,
    question: Question,
}

/// All contests, in the order of the report.
pub(super) fn all(arena: &Arena) -> Vec<Contest> {
    say!("  the clip has {} bytes; {CONNECTIONS} connections, {ROUNDS} rounds", arena.clip.len());
    vec![
        Contest { title: "GET /clips, warm", question: Question::Clip },
        Contest { title: "GET /clips, warm, bytes=0-1", question: Question::Part },
        Contest { title: "GET /api/v1/health", question: Question::Health },
        Contest { title: "POST /api/v1/jobs, a hit", question: Question::Hit },
        Contest { title: "POST /api/v1/jobs, 40 callers of a cold key", question: Question::Cold },
    ]
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Cuelight,
    Plain,
}

impl Contest {
    /// How many clips it asks the edge for that do not exist.
    pub(super) fn cold_keys(&self) -> u64 {
        if self.question == Question::Cold { COLD_ROUNDS as u64 + 1 } else { 0 }
    }

    /// Measures both sides by turns and prints the table.
    pub(super) fn hold(&self, arena: &Arena) -> Result<()> {
        for side in [Side::Cuelight, Side::Plain] {
            self.turn(arena, side, 0, WARM_UP)?;
        }
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let rounds = if self.question == Question::Cold { COLD_ROUNDS } else { ROUNDS };
        for round in 1..=rounds {
            // Whoever comes first comes second the next time.
            let order =
                if round % 2 == 0 { [Side::Plain, Side::Cuelight] } else { [Side::Cuelight, Side::Plain] };
            for side in order {
                let figures = self.turn(arena, side, round, TURN)?;
                if side == Side::Cuelight { ours.push(figures) } else { theirs.push(figures) }
            }
            if let (Some(ours), Some(theirs)) = (ours.last(), theirs.last()) {
                ratios.push(ours.relative_to(theirs));
            }
        }
        say!("\n{:<48} {:>9} {:>9} {:>9} {:>9}", self.title, "req/s", "p50 ms", "p99 ms", "CPU µs");
        print("cuelight", &Figures::median(&ours));
        print("plain JavaScript", &Figures::median(&theirs));
        let ratio = Figures::median(&ratios);
        say!(
            "{:<48} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
            "  ratio, median of rounds",
            ratio.rate,
            ratio.p50,
            ratio.p99,
            ratio.cpu
        );
        Ok(())
    }

    fn turn(&self, arena: &Arena, side: Side, round: usize, duration: Duration) -> Result<Figures> {
        let (place, key) = match side {
            Side::Cuelight => (&arena.cuelight, &arena.cuelight_key),
            Side::Plain => (&arena.plain, &arena.plain_key),
        };
        let generated = AtomicU64::new(0);
        let cold_key = Mutex::new(None);
        let body = self.body(arena, round).to_string();
        let request = |number: u64| match self.question {
            Question::Clip => get(place, &format!("/clips/{key}")),
            Question::Part => get_with(place, &format!("/clips/{key}"), "Range: bytes=0-1\r\n"),
            Question::Health => get(place, "/api/v1/health"),
            // A hit concerns no session. Of a cold clip nobody asks so often as to meet a limit.
            Question::Hit => post(place, "bench", &body),
            Question::Cold => post(place, &format!("bench-{round}-{}", number % COLD_CALLS.1 as u64), &body),
        };
        let check = |answer: &Answer| match self.question {
            Question::Clip => {
                ensure!(answer.status == 200 && answer.body == arena.clip, wrong(answer));
                Ok(())
            }
            Question::Part => {
                ensure!(
                    answer.status == 206 && Some(answer.body.as_slice()) == arena.clip.get(..2),
                    wrong(answer)
                );
                Ok(())
            }
            Question::Health => {
                ensure!(answer.status == 200, wrong(answer));
                Ok(())
            }
            Question::Hit => {
                ensure!(answer.status == 200, wrong(answer));
                ensure!(read(answer)?["cache_key"].as_str() == Some(key), wrong(answer));
                Ok(())
            }
            Question::Cold => {
                ensure!(answer.status == 202, wrong(answer));
                let job = read(answer)?;
                if job["source"] == "generated" {
                    generated.fetch_add(1, Ordering::Relaxed);
                }
                let key = job["cache_key"].as_str().map(str::to_owned);
                if let Ok(mut first) = cold_key.lock() {
                    let first = first.get_or_insert_with(|| key.clone());
                    ensure!(key.is_some() && *first == key, wrong(answer));
                }
                Ok(())
            }
        };
        let (until, connections) = match self.question {
            Question::Cold => (Until::Requests(COLD_CALLS.0), COLD_CALLS.1),
            _ => (Until::Elapsed(duration), CONNECTIONS),
        };
        let load = Load { place, connections, request: &request, check: &check };
        let before = cpu::used_by_workerd();
        let run = load.run(until)?;
        let used = cpu::used_by_workerd().saturating_sub(before);
        if self.question == Question::Cold {
            let generated = generated.into_inner();
            ensure!(generated == 1, "{generated} callers of one cold key were told that theirs is generated");
        }
        Ok(Figures::of(&run, used))
    }

    fn body(&self, arena: &Arena, round: usize) -> Value {
        let mut job = arena.job.clone();
        if let (Question::Cold, Some(members)) = (self.question, job.as_object_mut()) {
            members.insert("cache_key".to_owned(), json!(format!("bench-{round}")));
        }
        job
    }
}

fn print(who: &str, figures: &Figures) {
    say!(
        "  {:<46} {:>9.0} {:>9.2} {:>9.2} {:>9.0}",
        who,
        figures.rate,
        figures.p50,
        figures.p99,
        figures.cpu
    );
}

/// `GET path`.
pub(super) fn get(place: &str, path: &str) -> Vec<u8> {
    get_with(place, path, "")
}

fn get_with(place: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {place}\r\n{headers}\r\n").into_bytes()
}

fn post(place: &str, session: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST /api/v1/jobs HTTP/1.1\r\nHost: {place}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nX-Cuelight-Session: {session}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn read(answer: &Answer) -> Result<Value> {
    Ok(serde_json::from_slice(&answer.body)?)
}

fn wrong(answer: &Answer) -> String {
    let start: Vec<u8> = answer.body.iter().copied().take(300).collect();
    format!("a wrong answer: {} {}", answer.status, String::from_utf8_lossy(&start))
}
