//! One edge, shared by every character of the page that uses it: one cache, one socket, one
//! budget. Carries out what core's supply, prefetcher and link ask for.
//!
//! Events go through a queue and are taken one at a time, and no cell is borrowed while an effect
//! is carried out: an effect may call back at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use cuelight_core::cache_key::CacheKey;
use cuelight_core::clip_cache::{ClipCache, Limits};
use cuelight_core::edge_link::{self, EdgeLink};
use cuelight_core::prefetcher::{self, Prefetcher};
use cuelight_core::small_map::SmallMap;
use cuelight_core::supply::{self, Origin, Supply};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::AbortController;

use crate::address::{Address, Wish};
use crate::browser;
use crate::clip_source::ClipSource;
use crate::conditions::Watch;
use crate::halves;
use crate::socket::{Socket, Told};
use crate::token::Token;

mod calls;
mod stats;

/// A clip at hand. Its address is released with the last owner: the cache, or whoever plays it.
#[derive(Debug)]
pub(crate) struct Clip {
    pub(crate) key: CacheKey,
    pub(crate) source: ClipSource,
}

/// What an edge tells its characters.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// A clip is at hand, and where it was.
    AtHand { key: CacheKey, origin: Origin },
    /// A clip will take long.
    Far(CacheKey),
    /// A clip cannot be had for now.
    Failed { key: CacheKey, code: String, detail: String },
    /// Nothing more is made for a while, because the money for it is used up.
    Spent { code: String, detail: String },
    /// Whether the edge can be reached.
    Reach(bool),
    /// Nothing more is made without another token.
    TokenNeeded { code: String, detail: String },
    /// The server told something about the clip at this address, in this message.
    Job { address: CacheKey, message: JsValue },
}

/// Who is told.
pub(crate) trait Listener {
    /// Takes news. Must not drop the edge at once.
    fn hear(&self, news: &News);
}

enum Event {
    Supply(supply::Event),
    Prefetch(prefetcher::Event),
    Link(edge_link::Event),
}

/// With more wishes, those that came true are forgotten.
const MOST_WISHES: usize = 1_000;

/// What has a clip made, and how urgently it was last asked for, 0 to 20.
type Wished = (Rc<Wish>, Option<u8>);

struct Machines {
    supply: Supply,
    prefetcher: Prefetcher,
    link: EdgeLink,
    cache: ClipCache<Rc<Clip>>,
}

/// One edge.
pub(crate) struct Edge {
    me: Weak<Self>,
    endpoint: String,
    /// Set last by any character: whoever shares an edge shares its session, and so its token.
    token: RefCell<Option<Token>>,
    machines: RefCell<Machines>,
    wishes: RefCell<SmallMap<CacheKey, Wished>>,
    /// The request for each clip that is under way.
    requests: RefCell<SmallMap<CacheKey, AbortController>>,
    socket: RefCell<Option<Socket>>,
    timer: RefCell<Option<Timeout>>,
    listeners: RefCell<Vec<Weak<dyn Listener>>>,
    queue: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    /// Only what is guessed needs it.
    watch: RefCell<Option<Watch>>,
    _online: Option<EventListener>,
}

thread_local! {
    static EDGES: RefCell<SmallMap<String, Weak<Edge>>> = const { RefCell::new(SmallMap::new()) };
}

impl Edge {
    /// The page's edge at `endpoint`. It lives as long as somebody uses it.
    pub(crate) fn at(endpoint: &str) -> Rc<Self> {
        EDGES.with_borrow_mut(|edges| {
            edges.retain(|_, edge| edge.strong_count() > 0);
            if let Some(edge) = edges.get(endpoint).and_then(Weak::upgrade) {
                return edge;
            }
            let edge = Rc::new_cyclic(|me| Self {
                me: me.clone(),
                endpoint: endpoint.to_owned(),
                token: RefCell::default(),
                machines: RefCell::new(Machines {
                    supply: Supply::default(),
                    prefetcher: Prefetcher::default(),
                    link: EdgeLink::default(),
                    cache: ClipCache::new(Limits::default()),
                }),
                wishes: RefCell::default(),
                requests: RefCell::default(),
                socket: RefCell::default(),
                timer: RefCell::default(),
                listeners: RefCell::default(),
                queue: RefCell::default(),
                busy: Cell::new(false),
                watch: RefCell::default(),
                _online: Self::await_network(me.clone()),
            });
            let me = edge.me.clone();
            halves::when_whole(move || {
                if let Some(edge) = me.upgrade() {
                    edge.begin_to_guess();
                }
            });
            edges.insert(endpoint.to_owned(), Rc::downgrade(&edge));
            edge
        })
    }

    fn begin_to_guess(&self) {
        let me = self.me.clone();
        let watch = Watch::new(move |conditions| {
            if let Some(edge) = me.upgrade() {
                edge.feed(Event::Prefetch(prefetcher::Event::Conditions(conditions)));
            }
        });
        self.feed(Event::Prefetch(prefetcher::Event::Conditions(watch.now())));
        *self.watch.borrow_mut() = Some(watch);
    }

    fn await_network(me: Weak<Self>) -> Option<EventListener> {
        let window = browser::window()?;
        Some(EventListener::new(&window, "online", move |_| {
            if let Some(edge) = me.upgrade() {
                edge.feed(Event::Supply(supply::Event::Online));
                edge.feed(Event::Link(edge_link::Event::Retry));
            }
        }))
    }

    /// Tells `listener` everything from now on.
    pub(crate) fn listen(&self, listener: Weak<dyn Listener>) {
        let mut listeners = self.listeners.borrow_mut();
        listeners.retain(|known| known.strong_count() > 0);
        listeners.push(listener);
    }

    /// Tells `listener` nothing more.
    pub(crate) fn unlisten(&self, listener: &Weak<dyn Listener>) {
        self.listeners.borrow_mut().retain(|known| !Weak::ptr_eq(known, listener));
    }

    /// Shows this token from the next call on.
    pub(crate) fn set_token(&self, token: Option<Token>) {
        let changed = *self.token.borrow() != token;
        drop(self.token.replace(token));
        if changed {
            self.feed(Event::Supply(supply::Event::Token));
            self.feed(Event::Link(edge_link::Event::Retry));
        }
    }

    /// Somebody waits for the clip at this address. If a job has to be asked for, it has this
    /// priority, 0 to 20; one that is under way keeps its own.
    pub(crate) fn want(&self, address: &Address, priority: Option<u8>) {
        self.wishes.borrow_mut().insert(address.key, (address.wish.clone(), priority));
        let at_hand = self.machines.borrow_mut().cache.want(&address.key);
        if at_hand {
            self.feed(Event::Prefetch(prefetcher::Event::Shown(address.key)));
        } else {
            self.feed(Event::Prefetch(prefetcher::Event::Wanted(address.key)));
            self.feed(Event::Supply(supply::Event::Want { key: address.key, urgent: true }));
        }
    }

    /// Somebody waits still for the clip at this address, which could not be had.
    pub(crate) fn want_again(&self, address: &Address, priority: Option<u8>) {
        if self.has(&address.key) {
            return self.want(address, priority);
        }
        self.wishes.borrow_mut().insert(address.key, (address.wish.clone(), priority));
        self.feed(Event::Prefetch(prefetcher::Event::Wanted(address.key)));
        self.feed(Event::Supply(supply::Event::Again(address.key)));
    }

    /// These clips may follow what `character` shows now.
    pub(crate) fn guess(&self, character: u64, likely: &[(Address, f64)]) {
        self.forget_wishes();
        for (address, _) in likely {
            let mut wishes = self.wishes.borrow_mut();
            if !wishes.contains_key(&address.key) {
                wishes.insert(address.key, (address.wish.clone(), None));
            }
        }
        let absent = likely.iter().filter(|(address, _)| !self.has(&address.key));
        let likely = absent.map(|(address, p)| (address.key, *p)).collect();
        self.feed(Event::Prefetch(prefetcher::Event::Guessed { character, likely }));
    }

    /// Forgets wishes of which nothing more is to come, where there are many.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn forget_wishes(&self) {
        let machines = self.machines.borrow();
        let mut wishes = self.wishes.borrow_mut();
        if wishes.len() > MOST_WISHES {
            wishes.retain(|key, _| machines.supply.knows(key) || machines.prefetcher.knows(key));
        }
    }

    /// `character` is gone, or no longer wants guesses.
    pub(crate) fn no_more_guesses(&self, character: u64) {
        self.feed(Event::Prefetch(prefetcher::Event::Gone(character)));
    }

    /// Whether a clip is at hand.
    pub(crate) fn has(&self, key: &CacheKey) -> bool {
        self.machines.borrow().cache.contains(key)
    }

    /// The clip, if it is at hand. Counts as a use.
    pub(crate) fn clip(&self, key: &CacheKey) -> Option<Rc<Clip>> {
        self.machines.borrow_mut().cache.get(key).cloned()
    }

    /// Keeps what plays.
    pub(crate) fn pin(&self, key: &CacheKey) {
        self.machines.borrow_mut().cache.pin(key);
    }

    /// Takes a pin back.
    pub(crate) fn unpin(&self, key: &CacheKey) {
        self.machines.borrow_mut().cache.unpin(key);
    }

    fn feed(&self, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.take(event);
        }
        self.busy.set(false);
        self.set_timer();
    }

    fn take(&self, event: Event) {
        let now = browser::now();
        match event {
            // Nothing is guessed before everything is here, so there is nothing to tell it.
            Event::Prefetch(_) if !halves::is_whole() => {}
            Event::Link(_) if !halves::is_whole() => self.put_off(event),
            Event::Supply(ref news) if !halves::is_whole() && !leads_to_a_frame(news) => {
                halves::bring();
                self.put_off(event);
            }
            Event::Supply(event) => {
                let effects = self.machines.borrow_mut().supply.on(now, event);
                effects.into_iter().for_each(|effect| self.supply(effect));
            }
            Event::Prefetch(event) => {
                let effects = self.machines.borrow_mut().prefetcher.on(now, event);
                effects.into_iter().for_each(|effect| self.prefetch(effect));
            }
            Event::Link(event) => {
                let effects = self.machines.borrow_mut().link.on(now, event);
                effects.into_iter().for_each(|effect| self.link(effect));
            }
        }
    }

    /// Takes an event once everything is here.
    fn put_off(&self, event: Event) {
        let me = self.me.clone();
        halves::when_whole(move || {
            if let Some(edge) = me.upgrade() {
                edge.feed(event);
            }
        });
    }

    fn supply(&self, effect: supply::Effect) {
        use supply::Effect;
        match effect {
            Effect::Get { key, address } => self.get(key, &address),
            Effect::Abort(key) => {
                let request = self.requests.borrow_mut().remove(&key);
                if let Some(request) = request {
                    request.abort();
                }
            }
            Effect::Post { key, speculative } => self.post(key, speculative),
            Effect::Poll { key, job_id } => self.poll(key, &job_id),
            Effect::Delete { job_id } => self.delete(&job_id),
            Effect::Started(key) => self.feed(Event::Prefetch(prefetcher::Event::Started(key))),
            Effect::Told { key, price, wait } => {
                self.feed(Event::Prefetch(prefetcher::Event::Told { key, price, wait }));
            }
            Effect::Reach(online) => {
                if online {
                    self.feed(Event::Link(edge_link::Event::Retry));
                }
                self.tell(&News::Reach(online));
            }
            Effect::Deliver { key, origin } => {
                let bytes = self.machines.borrow().cache.size(&key).unwrap_or_default();
                self.feed(Event::Prefetch(prefetcher::Event::AtHand { key, bytes }));
                self.tell(&News::AtHand { key, origin });
            }
            Effect::Far(key) => {
                self.feed(Event::Prefetch(prefetcher::Event::Far(key)));
                self.tell(&News::Far(key));
            }
            Effect::Missing(key) => self.feed(Event::Prefetch(prefetcher::Event::Missing(key))),
            Effect::Sulks(key) => self.feed(Event::Prefetch(prefetcher::Event::Failed(key))),
            Effect::Failed { key, code, detail } => {
                self.feed(Event::Prefetch(prefetcher::Event::Failed(key)));
                self.tell(&News::Failed { key, code, detail });
            }
            Effect::Spent { code, detail } => self.tell(&News::Spent { code, detail }),
            Effect::TokenNeeded { code, detail } => self.tell(&News::TokenNeeded { code, detail }),
            Effect::Guesses(may) => self.feed(Event::Prefetch(prefetcher::Event::MayMake(may))),
            Effect::NeedSocket(needed) => self.feed(Event::Link(edge_link::Event::Needed(needed))),
            Effect::WakeAt(_) => {}
        }
    }

    fn prefetch(&self, effect: prefetcher::Effect) {
        use prefetcher::Effect;
        self.feed(Event::Supply(match effect {
            Effect::Fetch(key) => supply::Event::Want { key, urgent: false },
            Effect::Make(key) => supply::Event::Make(key),
            Effect::Cancel(key) => supply::Event::Forget(key),
            Effect::CancelJob(key) => supply::Event::Cancel(key),
        }));
    }

    fn link(&self, effect: edge_link::Effect) {
        use edge_link::Effect;
        match effect {
            Effect::Connect { since } => {
                let me = self.me.clone();
                let tell = move |told| {
                    if let Some(edge) = me.upgrade() {
                        edge.told(told);
                    }
                };
                let token = self.token.borrow().clone();
                match Socket::open(&self.endpoint, since, token.as_ref(), tell) {
                    Ok(socket) => drop(self.socket.replace(Some(socket))),
                    Err(_) => self.feed(Event::Link(edge_link::Event::Lost { jitter: browser::random() })),
                }
            }
            Effect::Close => {
                self.socket.take();
                self.feed(Event::Supply(supply::Event::Socket(false)));
            }
            Effect::WakeAt(_) => {}
        }
    }

    fn told(&self, told: Told) {
        match told {
            Told::Opened => {
                self.feed(Event::Link(edge_link::Event::Opened));
                self.feed(Event::Supply(supply::Event::Socket(true)));
            }
            Told::Closed => {
                self.socket.take();
                self.feed(Event::Supply(supply::Event::Socket(false)));
                self.feed(Event::Link(edge_link::Event::Lost { jitter: browser::random() }));
            }
            Told::Listing(listing) => {
                if listing.reset {
                    self.feed(Event::Link(edge_link::Event::Heard { seq: listing.seq }));
                }
                for job in listing.jobs {
                    self.feed(Event::Supply(supply::Event::News(job)));
                }
            }
            Told::Event { seq, news, message } => {
                self.feed(Event::Link(edge_link::Event::Heard { seq }));
                self.tell(&News::Job { address: news.address, message });
                self.feed(Event::Supply(supply::Event::News(news)));
            }
        }
    }

    fn tell(&self, news: &News) {
        let listeners: Vec<_> = self.listeners.borrow().iter().filter_map(Weak::upgrade).collect();
        listeners.iter().for_each(|listener| listener.hear(news));
    }

    fn set_timer(&self) {
        if !halves::is_whole() {
            // What a timer would bring is put off, and the timer set again when it is taken.
            return;
        }
        let next = {
            let machines = self.machines.borrow();
            [machines.supply.next_wake(), machines.link.next_wake()].into_iter().flatten().min()
        };
        let timer = next.map(|at| {
            let me = self.me.clone();
            let pause = browser::timer(at.since(browser::now()));
            Timeout::new(pause, move || {
                if let Some(edge) = me.upgrade() {
                    edge.feed(Event::Supply(supply::Event::Wake));
                    edge.feed(Event::Link(edge_link::Event::Wake));
                }
            })
        });
        drop(self.timer.replace(timer));
    }
}

/// Whether all that an event brings is a clip, or the way to one that exists.
const fn leads_to_a_frame(event: &supply::Event) -> bool {
    use supply::Event;
    matches!(
        event,
        Event::Want { .. } | Event::Got(_) | Event::Stored(_) | Event::HeardMore(_) | Event::Token
    )
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.requests.get_mut().values().for_each(AbortController::abort);
    }
}
