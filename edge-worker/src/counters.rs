//! What this isolate has counted since it started: plain numbers in memory, so that counting costs
//! no call out of the module. An isolate comes and goes; [`flush`] brings what it counted to where
//! all of them are added up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use cuelight_core::metrics::{Totals, label};
use cuelight_core::units::Millis;
use worker::{Env, console_error};

use crate::{actors, settings};

/// How often an isolate brings its numbers.
const PERIOD: Millis = Millis(5_000);

/// A number that only grows.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers of `GET` and `HEAD /clips/{key}` from the Cache API, parts and 304 included.
pub(crate) static CLIP_HITS_CACHE: Counter = Counter::new();
/// Those from R2.
pub(crate) static CLIP_HITS_STORE: Counter = Counter::new();
/// Requests for clips that do not exist, private ones included.
pub(crate) static CLIP_MISSES: Counter = Counter::new();
/// Clips put into the Cache API.
pub(crate) static CLIP_FILLS: Counter = Counter::new();
/// Answers of `GET` and `HEAD /private/{key}`, which come from R2 only.
pub(crate) static PRIVATE_CLIP_HITS: Counter = Counter::new();
/// Calls of Durable Objects.
pub(crate) static ACTOR_CALLS: Counter = Counter::new();

thread_local! {
    /// What is counted by a label, which is not on the path of a clip.
    static LABELLED: RefCell<BTreeMap<String, u64>> = const { RefCell::new(BTreeMap::new()) };
    static FLUSHED: RefCell<Totals> = RefCell::default();
    static FLUSHED_AT: Cell<u64> = const { Cell::new(0) };
}

/// One more of what `name` counts, see `core::metrics`.
pub(crate) fn count(name: &str) {
    LABELLED.with_borrow_mut(|counts| *counts.entry(name.to_owned()).or_default() += 1);
}

/// One more of what `name` counts with this label.
pub(crate) fn count_with(name: &str, label_name: &str, value: &str) {
    count(&format!("{name}{}", label(label_name, value)));
}

fn totals() -> Totals {
    let plain = [
        ("clip_hits_cache", &CLIP_HITS_CACHE),
        ("clip_hits_store", &CLIP_HITS_STORE),
        ("clip_misses", &CLIP_MISSES),
        ("clip_fills", &CLIP_FILLS),
        ("private_clip_hits", &PRIVATE_CLIP_HITS),
        ("actor_calls", &ACTOR_CALLS),
    ];
    let mut all = LABELLED.with_borrow(Clone::clone);
    all.extend(plain.map(|(name, counter)| (name.to_owned(), counter.count())));
    Totals(all)
}

/// Whether it is time to [`flush`].
pub(crate) fn is_due() -> bool {
    settings::now().since(Millis(FLUSHED_AT.get())) >= PERIOD
}

/// Brings what was counted since the last time to where it is added up. What cannot be brought
/// now is brought the next time.
pub(crate) async fn flush(env: &Env) {
    FLUSHED_AT.set(settings::now().0);
    let now = totals();
    let more = FLUSHED.with_borrow(|before| now.since(before));
    if more.0.is_empty() {
        return;
    }
    // Taken as brought before it is: a second flush meanwhile must not bring it again.
    let before = FLUSHED.replace(now);
    let brought = match actors::metrics(env) {
        Ok(stub) => actors::ask_uncounted::<_, bool>(&stub, "/add", &more).await,
        Err(error) => Err(error),
    };
    if let Err(error) = brought {
        console_error!("the counters could not be brought: {error}");
        FLUSHED.set(before);
    }
}
