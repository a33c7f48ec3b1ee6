//! A session's socket that is opened again whenever it is lost, as a page does it, and every event
//! that came over it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// How long until a lost connection is tried again, or a condition is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows one session until it is dropped.
#[derive(Debug)]
pub struct Follower {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

/// What was heard.
#[derive(Debug, Default)]
struct Heard {
    events: Vec<Value>,
    /// How often the socket was opened.
    connections: u32,
    /// Whether a snapshot ever said that events are lost.
    reset: bool,
}

impl Follower {
    /// Follows the session whose socket is at `url`, from its first event on.
    #[must_use]
    pub fn start(url: String) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let task = tokio::spawn(follow(url, heard.clone()));
        Self { heard, task }
    }

    /// Every event so far, in the order in which they came.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        lock(&self.heard).events.clone()
    }

    /// How often the socket was opened.
    #[must_use]
    pub fn connections(&self) -> u32 {
        lock(&self.heard).connections
    }

    /// Waits until `enough` is content with the events; says whether it was within `limit`.
    pub async fn until(&self, limit: Duration, mut enough: impl FnMut(&[Value]) -> bool) -> bool {
        let started = Instant::now();
        while !enough(&lock(&self.heard).events) {
            if started.elapsed() >= limit {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
        true
    }

    /// Fails unless the numbers of the events go up by one from 1, over all connections.
    #[track_caller]
    pub fn assert_nothing_lost_or_doubled(&self) {
        let heard = lock(&self.heard);
        assert!(!heard.reset, "the edge said that events are lost");
        let numbers: Vec<u64> = heard.events.iter().map(|event| event["seq"].as_u64().unwrap_or(0)).collect();
        let expected: Vec<u64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "a gap, or an event that came twice");
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(url: String, heard: Arc<Mutex<Heard>>) {
    loop {
        let since = lock(&heard).events.last().and_then(|event| event["seq"].as_u64()).unwrap_or(0);
        if let Ok((mut socket, _)) = connect_async(format!("{url}&since={since}")).await {
            lock(&heard).connections += 1;
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                let message: Value = serde_json::from_str(&text).expect("JSON");
                let mut heard = lock(&heard);
                if message["type"] == "session:snapshot" {
                    heard.reset |= message["reset"] != false;
                } else {
                    heard.events.push(message);
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
