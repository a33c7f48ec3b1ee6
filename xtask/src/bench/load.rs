//! Load on this machine: connections that stay open, one request after another on each, every answer
//! checked. Knows nothing of what it asks for.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::http::{Answer, Connection};
use crate::process;

/// When a run is over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// After so long; requests on their way are waited for.
    Elapsed(Duration),
    /// After so many requests, over all connections.
    Requests(u64),
}

/// What is asked, how, and what counts as an answer.
pub(super) struct Load<'a> {
    /// `host:port`.
    pub(super) place: &'a str,
    /// How many connections ask at the same time.
    pub(super) connections: usize,
    /// The bytes of the request with this number, head and body.
    pub(super) request: &'a (dyn Fn(u64) -> Vec<u8> + Sync),
    /// Refuses a wrong answer.
    pub(super) check: &'a (dyn Fn(&Answer) -> Result<()> + Sync),
}

/// How one run went.
#[derive(Debug)]
pub(super) struct Run {
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
    /// One for each answer, shortest first.
    pub(super) latencies: Vec<Duration>,
}

impl Load<'_> {
    /// Asks until it is over.
    ///
    /// # Errors
    /// A connection broke, an answer was wrong, or the command was interrupted.
    pub(super) fn run(&self, until: Until) -> Result<Run> {
        let numbers = AtomicU64::new(0);
        // Connecting is not measured.
        let start = Barrier::new(self.connections + 1);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.connections)
                .map(|_| {
                    let (numbers, start) = (&numbers, &start);
                    scope.spawn(move || {
                        let connection = Connection::open(self.place);
                        start.wait();
                        self.work(connection?, numbers, until)
                    })
                })
                .collect();
            start.wait();
            let began = Instant::now();
            let mut latencies = Vec::new();
            for worker in workers {
                let found = worker.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))?;
                latencies.extend(found.with_context(|| format!("load on {}", self.place))?);
            }
            let elapsed = began.elapsed();
            latencies.sort_unstable();
            Ok(Run { elapsed, latencies })
        })
    }

    fn work(&self, mut connection: Connection, numbers: &AtomicU64, until: Until) -> Result<Vec<Duration>> {
        let (mut answer, mut latencies) = (Answer::default(), Vec::new());
        let began = Instant::now();
        loop {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let over = match until {
                Until::Elapsed(duration) => began.elapsed() >= duration,
                Until::Requests(count) => number >= count,
            };
            if over {
                return Ok(latencies);
            }
            ensure!(!process::interrupted(), "interrupted");
            let request = (self.request)(number);
            let asked = Instant::now();
            if !connection.ask(&request)? {
                // A server whose machine is busy takes a connection for idle and closes it just before
                // the next request comes. That is allowed, and so is asking again (RFC 9112, 9.3.1).
                connection = Connection::open(self.place)?;
                ensure!(connection.ask(&request)?, "the server closes every connection");
            }
            connection.read(&mut answer)?;
            latencies.push(asked.elapsed());
            (self.check)(&answer)?;
        }
    }
}
