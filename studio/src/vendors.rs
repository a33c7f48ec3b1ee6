//! The vendors that the studio stands in for, each in its own protocol, on one port and over one base:
//! a maker of real media, a ledger of jobs and bills, a shelf of files, faults on request.
//!
//! Written from what the vendors say of their interfaces, never from our adapters.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, header};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod banana;
mod bedrock;
mod comfyui;
pub mod fault;
pub mod keys;
pub mod ledger;
pub mod maker;
pub mod picture;
mod scene;
mod shelf;
pub mod travel;
mod wavespeed;

use self::fault::{Faults, On, Rule};
use self::keys::Keys;
use self::ledger::{Account, Charge, End, Failure, Ledger, Media, Start, View};
use self::maker::Maker;
use self::shelf::Shelf;

/// The largest body that any vendor reads, in bytes.
const BODY_LIMIT: usize = 100 << 20;

/// Whom the studio stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Amazon Bedrock, and S3 for its results.
    Bedrock,
    /// Google's Gemini API.
    Google,
    /// WaveSpeed, API v3.
    Wavespeed,
    /// A ComfyUI server.
    Comfyui,
    /// Any vendor with the submit-and-poll contract of the call picture.
    Banana,
}

/// All vendors of a studio. Cloning gives another handle to the same ones.
#[derive(Debug, Clone)]
pub struct Vendors(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    keys: Keys,
    maker: Maker,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ledger: Ledger,
    shelf: Shelf,
    faults: Faults,
    /// The factor over all latencies.
    scale: f64,
    serial: u64,
}

impl Vendors {
    /// New vendors that accept these keys and take `scale` times as long as the real ones.
    #[must_use]
    pub fn new(keys: Keys, scale: f64) -> Self {
        let state = State {
            ledger: Ledger::default(),
            shelf: Shelf::default(),
            faults: Faults::default(),
            scale,
            serial: 0,
        };
        Self(Arc::new(Shared { keys, maker: Maker::default(), state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means that a request panicked; the counts it guards are still counts.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What callers must present.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Who draws.
    #[must_use]
    pub fn maker(&self) -> &Maker {
        &self.0.maker
    }

    /// Counts a call, once its caller is known, and says what is to spoil it.
    #[must_use]
    pub fn call(&self, vendor: Vendor, on: On) -> Option<Rule> {
        let mut state = self.state();
        state.ledger.count(vendor, on);
        state.faults.pick(vendor, on)
    }

    /// An id that was never given before: `length` (at most 51) of `a-z2-7`.
    #[must_use]
    pub fn fresh_id(&self, length: usize) -> String {
        let mut state = self.state();
        state.serial += 1;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(state.serial.to_be_bytes());
        hash.update(now.as_nanos().to_be_bytes());
        let mut id = BASE32_NOPAD.encode(&hash.finalize()).to_lowercase();
        id.truncate(length);
        id
    }

    /// How long something that takes `latency_ms` in the real world takes here.
    #[must_use]
    pub fn scaled(&self, latency_ms: u64) -> Duration {
        Duration::from_millis(latency_ms).mul_f64(self.state().scale)
    }

    /// Takes a job on, and does its work in the background.
    pub fn begin(&self, vendor: Vendor, start: Start, work: impl Future<Output = End> + Send + 'static) {
        let latency = self.scaled(start.latency_ms);
        tracing::info!(?vendor, id = start.id, model = start.model, ?latency, "asked for");
        let id = start.id.clone();
        self.state().ledger.begin(vendor, start, latency);
        let vendors = self.clone();
        tokio::spawn(async move {
            let end = work.await;
            vendors.state().ledger.end(vendor, &id, end);
        });
    }

    /// Ends a job as failed, unless its success is on the bill already.
    pub fn fail(&self, vendor: Vendor, id: &str, failure: Failure) {
        self.state().ledger.end(vendor, id, End::Failed(failure));
    }

    /// The job of this id.
    #[must_use]
    pub fn job(&self, vendor: Vendor, id: &str) -> Option<View> {
        self.state().ledger.job(vendor, id)
    }

    /// The job that a caller has named so, counted as asked for again.
    #[must_use]
    pub fn replay(&self, vendor: Vendor, token: &str) -> Option<View> {
        let mut state = self.state();
        let view = state.ledger.named(vendor, token)?;
        state.ledger.replayed(vendor);
        Some(view)
    }

    /// All jobs of a vendor, oldest first.
    #[must_use]
    pub fn jobs(&self, vendor: Vendor) -> Vec<View> {
        self.state().ledger.list(vendor)
    }

    /// Charges work that was asked for and done in one call.
    pub fn sold(&self, vendor: Vendor, charge: Charge) {
        self.state().ledger.sold(vendor, charge);
    }

    /// Keeps a file.
    pub fn put(&self, vendor: Vendor, name: &str, media: Media) {
        self.state().shelf.put(vendor, name, media);
    }

    /// A file that is kept.
    #[must_use]
    pub fn file(&self, vendor: Vendor, name: &str) -> Option<Media> {
        self.state().shelf.get(vendor, name)
    }

    /// Forgets a file. Says whether there was one.
    pub fn remove(&self, vendor: Vendor, name: &str) -> bool {
        self.state().shelf.remove(vendor, name)
    }

    /// The files whose names begin so, in order, with their sizes in bytes.
    #[must_use]
    pub fn files(&self, vendor: Vendor, prefix: &str) -> Vec<(String, usize)> {
        self.state().shelf.names(vendor, prefix)
    }

    /// The accounts of all vendors that were called.
    #[must_use]
    pub fn accounts(&self) -> BTreeMap<Vendor, Account> {
        self.state().ledger.accounts()
    }

    /// Replaces the rules of misbehaviour.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.state().faults.replace(rules);
    }

    /// Sets the factor over all latencies of jobs to come.
    pub fn set_scale(&self, scale: f64) {
        self.state().scale = scale;
    }

    /// Forgets counts, rules and bills; jobs and files stay.
    pub fn reset(&self) {
        let mut state = self.state();
        state.ledger.reset();
        state.faults.replace(Vec::new());
    }
}

/// What the words of a request make vendors do. One convention for all of them, so that a test can
/// bring it about anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is made.
    Fine,
    /// The request is refused: it says `forbidden`.
    InputRefused,
    /// It is made and the result is held back: it says `indecent`.
    OutputRefused,
}

/// The verdict on these words.
#[must_use]
pub fn judge(words: &str) -> Verdict {
    let lower = words.to_lowercase();
    let mut all = lower.split(|c: char| !c.is_alphanumeric());
    all.find_map(|word| match word {
        "forbidden" => Some(Verdict::InputRefused),
        "indecent" => Some(Verdict::OutputRefused),
        _ => None,
    })
    .unwrap_or(Verdict::Fine)
}

/// The address that this caller reaches the studio at, without a path.
#[must_use]
pub fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// Every vendor's interface.
pub(crate) fn router(vendors: Vendors) -> Router {
    Router::new()
        .merge(banana::routes())
        .merge(bedrock::routes())
        .merge(comfyui::routes(vendors.clone()))
        .merge(wavespeed::routes())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(vendors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_judged_as_words() {
        assert_eq!(judge("something Forbidden!"), Verdict::InputRefused);
        assert_eq!(judge("an indecent hat"), Verdict::OutputRefused);
        assert_eq!(judge("unforbiddenly nice"), Verdict::Fine);
    }

    #[test]
    fn no_id_comes_twice() {
        let vendors = Vendors::new(Keys::default(), 0.0);
        let (a, b) = (vendors.fresh_id(12), vendors.fresh_id(12));
        assert!(a != b && a.len() == 12 && a.bytes().all(|c| c.is_ascii_alphanumeric()));
    }
}
