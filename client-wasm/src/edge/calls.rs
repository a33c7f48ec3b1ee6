//! What an edge asks over HTTP, and what it makes of the answers: clips, from the device first, and
//! jobs.

use std::rc::{Rc, Weak};

use cuelight_core::cache_key::CacheKey;
use cuelight_core::operation::own::Manner;
use cuelight_core::prefetcher;
use cuelight_core::supply::{self, Heard};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal};

use super::{Clip, Edge, Event};
use crate::browser;
use crate::clip_source::{Body, ClipSource};
use crate::clip_store::ClipStore;
use crate::halves;
use crate::token::Token;
use crate::transfer::{self, Call, Outcome};

/// A clip is written to the device this many milliseconds after it came: the browser's other processes, which
/// do that, are busy with showing it until then.
const STORED_AFTER: u32 = 500;
/// A cancellation that is not answered in this many milliseconds is given up.
const CANCELLED_WITHIN: u32 = 10_000;

impl Edge {
    /// Gets a clip from the device, or else from the edge.
    pub(super) fn get(&self, key: CacheKey, address: &CacheKey) {
        let Some(signal) = self.begin(key) else { return };
        let url = format!("{}{}", self.endpoint, address.path());
        let me = self.me.clone();
        spawn_local(async move {
            let store = ClipStore::shared();
            let stored = store.get(&url).await;
            // Nobody is left to hear of it, or nobody wants to.
            if signal.aborted() || me.strong_count() == 0 {
                return;
            }
            let from_device = stored.is_some();
            let outcome = match stored {
                Some(blob) => Outcome::Done(Body::of_blob(blob)),
                None => {
                    let more = || {
                        if let Some(edge) = me.upgrade() {
                            edge.feed(Event::Supply(supply::Event::HeardMore(key)));
                        }
                    };
                    transfer::clip(&url, &signal, &more).await
                }
            };
            let Some(edge) = Self::end(&me, &key, &signal) else { return };
            let event = match outcome {
                Outcome::Done(body) => {
                    let body = Rc::new(body);
                    let kept = edge.keep(key, &body, from_device);
                    if matches!(kept, supply::Event::Got(_)) {
                        let me = me.clone();
                        halves::when_whole(move || {
                            if me.upgrade().is_some_and(|edge| !edge.may_want_again(&key)) {
                                return;
                            }
                            // The clip is kept even if its edge is let go of.
                            browser::after(STORED_AFTER, move || {
                                if let Ok(blob) = body.blob() {
                                    spawn_local(async move { store.put(&url, &blob).await });
                                }
                            });
                        });
                    }
                    kept
                }
                Outcome::Absent => supply::Event::Absent(key),
                Outcome::Unreachable => supply::Event::Unreachable(key),
                Outcome::Faltered(after) | Outcome::Limited { after, .. } => {
                    supply::Event::Faltered { key, after }
                }
                Outcome::Refused { code, detail }
                | Outcome::Spent { code, detail, .. }
                | Outcome::Unauthorized { code, detail } => supply::Event::Refused { key, code, detail },
            };
            edge.feed(Event::Supply(event));
        });
    }

    /// Whether the same clip may be wanted another time.
    fn may_want_again(&self, key: &CacheKey) -> bool {
        self.wishes.borrow().get(key).is_none_or(|(wish, _)| wish.recurs())
    }

    fn keep(&self, key: CacheKey, body: &Rc<Body>, from_device: bool) -> supply::Event {
        let Ok(source) = ClipSource::new(body) else {
            return supply::Event::Faltered { key, after: None };
        };
        let clip = Rc::new(Clip { key, source });
        let (dropped, kept) = {
            let cache = &mut self.machines.borrow_mut().cache;
            (cache.insert(key, body.size(), clip), cache.contains(&key))
        };
        for clip in dropped.into_iter().filter(|clip| clip.key != key) {
            self.feed(Event::Prefetch(prefetcher::Event::Dropped(clip.key)));
        }
        match (kept, from_device) {
            (true, true) => supply::Event::Stored(key),
            (true, false) => supply::Event::Got(key),
            (false, _) => supply::Event::Refused {
                key,
                code: "clip_too_large".into(),
                detail: "There is no room in memory for a clip of this size: ask for a smaller preset."
                    .into(),
            },
        }
    }

    /// Asks for a clip to be made.
    pub(super) fn post(&self, key: CacheKey, speculative: bool) {
        let Some((wish, priority)) = self.wishes.borrow().get(&key).cloned() else { return };
        // An earlier request's urgency is none of a guess's.
        let priority = priority.filter(|_| !speculative);
        self.ask(key, String::new(), Call::Post(wish.body(Manner { priority, speculative })));
    }

    /// Asks where a job stands.
    pub(super) fn poll(&self, key: CacheKey, job_id: &str) {
        self.ask(key, format!("/{job_id}"), Call::Get);
    }

    /// Cancels a job. Where that is refused the job goes on, and its end is told as any other's.
    pub(super) fn delete(&self, job_id: &str) {
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        // Not when the edge is let go of: a page that leaves does not want what it guessed.
        browser::after(CANCELLED_WITHIN, move || controller.abort());
        let (me, token) = (self.me.clone(), self.token.borrow().clone());
        let url = format!("{}/api/v1/jobs/{job_id}", self.endpoint);
        spawn_local(async move {
            let outcome = transfer::job(&url, &Call::Delete, token.as_ref(), &signal).await;
            if let (Some(edge), Outcome::Done(job)) = (me.upgrade(), outcome) {
                edge.feed(Event::Supply(supply::Event::News(job)));
            }
        });
    }

    fn ask(&self, key: CacheKey, job: String, call: Call) {
        let Some(signal) = self.begin(key) else { return };
        let (me, token) = (self.me.clone(), self.token.borrow().clone());
        let url = format!("{}/api/v1/jobs{job}", self.endpoint);
        spawn_local(async move {
            let outcome = transfer::job(&url, &call, token.as_ref(), &signal).await;
            if let Some(edge) = Self::end(&me, &key, &signal) {
                edge.answered(key, token.as_ref(), outcome);
            }
        });
    }

    /// A request for this clip begins. An earlier one, if it is still under way, is of no use any more.
    fn begin(&self, key: CacheKey) -> Option<AbortSignal> {
        let controller = AbortController::new().ok()?;
        let signal = controller.signal();
        let earlier = self.requests.borrow_mut().insert(key, controller);
        if let Some(earlier) = earlier {
            earlier.abort();
        }
        Some(signal)
    }

    /// The request has ended. The edge that is to hear of it, if there is one still, and if nobody has
    /// stopped the request.
    fn end(me: &Weak<Self>, key: &CacheKey, signal: &AbortSignal) -> Option<Rc<Self>> {
        let edge = me.upgrade().filter(|_| !signal.aborted())?;
        edge.requests.borrow_mut().remove(key);
        Some(edge)
    }

    /// The answer to a call that showed `token`.
    fn answered(&self, key: CacheKey, token: Option<&Token>, outcome: Outcome<Heard>) {
        let outdated = self.token.borrow().as_ref() != token;
        self.feed(Event::Supply(match outcome {
            Outcome::Done(job) => supply::Event::Job { key, job },
            Outcome::Absent => supply::Event::Refused {
                key,
                code: "not_found".into(),
                detail: "The edge does not know this job, or has no jobs at this address.".into(),
            },
            Outcome::Unreachable => supply::Event::Unreachable(key),
            Outcome::Faltered(after) => supply::Event::Faltered { key, after },
            Outcome::Limited { after, code } => supply::Event::Limited { key, after, code },
            Outcome::Spent { after, code, detail } => supply::Event::Spent { key, after, code, detail },
            Outcome::Unauthorized { code, detail } => {
                supply::Event::Unauthorized { key, outdated, code, detail }
            }
            Outcome::Refused { code, detail } => supply::Event::Refused { key, code, detail },
        }));
    }
}
