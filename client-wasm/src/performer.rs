//! One character: owns its machines and its stage, and carries their effects out. An element and a
//! game actor differ only in who gives the cues and in how long they wait.
//!
//! Events go through a queue and no cell is borrowed while an effect is carried out, so that a page
//! may call back from inside any event.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use cuelight_core::catalog::Play;
use cuelight_core::cue::Cue;
use cuelight_core::player::{self, Player, Ticket};
use cuelight_core::presenter::{self, Patience, Presenter};
use cuelight_core::state_machine::{self, StateMachine};
use cuelight_core::units::Millis;
#[cfg(feature = "game")]
use cuelight_core::{cue_request::CueRequest, operation::own::Sharing};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::{Element, Node};

use crate::address::AddressBook;
use crate::browser;
use crate::edge::{Edge, Listener};
use crate::halves;
use crate::options::Options;
use crate::page::{Seat, Share};
use crate::serving::Turn;
use crate::stage::Stage;
use crate::token::Token;

mod acting;
mod cueing;
mod effects;
mod news;
mod rules;
mod surroundings;

use acting::Acting;
pub(crate) use acting::Shown;
use surroundings::Surroundings;

/// What a performer tells whoever made it.
#[derive(Debug)]
#[cfg_attr(not(feature = "game"), expect(dead_code, reason = "only a game waits for answers"))]
pub(crate) enum Told {
    /// The character is in another state.
    State { state: String, previous: String, cause: String },
    /// Something else is on screen. `settles`: the request with this ticket has its answer.
    Shown { shown: Shown, ticket: Ticket, settles: bool },
    /// The request's wait is over, with this still on screen.
    Settled { shown: Shown, ticket: Ticket },
    /// The request's wait is over, and what was there before stays, as the request wanted.
    Kept(Ticket),
    /// The server told something about a job.
    Job(JsValue),
    /// Something went wrong; the character goes on.
    Error { code: String, detail: String },
    /// Whether the edge can be reached.
    Connection(bool),
    /// The edge wants another token; calls wait for it.
    TokenNeeded { code: String, detail: String },
}

enum Event {
    Machine(state_machine::Event),
    Presenter(presenter::Event),
    Player(player::Event),
    Cue(Wish),
}

/// What is to be shown.
struct Wish {
    cue: Cue,
    play: Play,
    patience: Patience,
    /// How urgent a job for it is, 0 to 20; the edge's own idea when nobody said.
    priority: Option<u8>,
}

/// One character.
pub(crate) struct Performer {
    me: Weak<Self>,
    id: u64,
    acting: RefCell<Acting>,
    stage: Rc<Stage>,
    _surroundings: Surroundings,
    /// Taken when everything else stands; given back first.
    seat: RefCell<Option<Seat>>,
    /// How much of a game's character is seen, and its size in CSS px squared.
    #[cfg(feature = "game")]
    seen: Cell<(f32, f32)>,
    timer: RefCell<Option<Timeout>>,
    queue: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    tell: Box<dyn Fn(Told)>,
}

/// How long an element keeps what it shows while a clip that exists is fetched, in milliseconds, unless its
/// page says otherwise: short enough to feel like a reaction, long enough for a fetch from a near cache.
const GRACE: Millis = Millis(300);
/// How long a game's request waits for its clip, unless the game says otherwise.
#[cfg(feature = "game")]
const USUAL_WAIT: Millis = Millis::seconds(5);
/// Enough for what is shown and for its next round: a character that is alone is not held up by it, and many
/// do not take all decoders of a page before it is known which of them are in sight.
const SLOTS_UNTIL_TOLD: usize = 2;
/// What a game's character counts as in CSS px squared while nobody says: a third of a small window.
#[cfg(feature = "game")]
const GAMES_AREA: f32 = 100_000.0;

impl Performer {
    /// A character inside `parent`. Whether it is in sight is seen by its `host`; a game's has none, and
    /// counts as seen until it is said otherwise.
    pub(crate) fn new(
        host: Option<&Element>,
        parent: &Node,
        mut options: Options,
        tell: impl Fn(Told) + 'static,
    ) -> Option<Rc<Self>> {
        thread_local! {
            static IDS: Cell<u64> = const { Cell::new(0) };
        }
        let id = IDS.get() + 1;
        IDS.set(id);
        let slot: Rc<RefCell<Weak<Self>>> = Rc::default();
        let feed = {
            let slot = slot.clone();
            move |event| {
                let performer = slot.borrow().upgrade();
                if let Some(performer) = performer {
                    performer.feed(Event::Player(event));
                }
            }
        };
        let slot_of_stage = slot.clone();
        let stage = Stage::new(parent, Rc::new(feed.clone()), move || {
            let performer = slot_of_stage.borrow().upgrade();
            if let Some(performer) = performer {
                performer.cannot_key();
            }
        })?;
        let edge = Edge::at(&options.endpoint);
        let token = options.token.take();
        if token.is_some() {
            edge.set_token(token.clone());
        }
        let mut player = Player::default();
        player.set_seam(Acting::seam(&options));
        let surroundings = Surroundings::watch(feed);
        // Nothing is loaded yet, so these ask for nothing.
        let _ = player.on(Millis(0), player::Event::Visible(surroundings.visible()));
        let _ = player.on(Millis(0), player::Event::Calm(surroundings.calm()));
        let _ = player.on(Millis(0), player::Event::Slots(SLOTS_UNTIL_TOLD));
        let acting = Acting {
            machine: StateMachine::new(options.tier),
            presenter: Presenter::default(),
            player,
            predictor: None,
            unlearned: Vec::new(),
            addresses: AddressBook::default(),
            tickets: 0,
            current: None,
            clips: Vec::new(),
            next_clip: 0,
            drafts: AddressBook::default(),
            last: (false, Millis(0)),
            owed: None,
            keeps: false,
            #[cfg(feature = "game")]
            close: false,
            #[cfg(feature = "game")]
            unseen: false,
            stranger: false,
            edge: edge.clone(),
            options,
            token,
        };
        let performer = Rc::new_cyclic(|me: &Weak<Self>| Self {
            me: me.clone(),
            id,
            acting: RefCell::new(acting),
            stage,
            _surroundings: surroundings,
            seat: RefCell::default(),
            #[cfg(feature = "game")]
            seen: Cell::new((1.0, GAMES_AREA)),
            timer: RefCell::default(),
            queue: RefCell::default(),
            busy: Cell::new(false),
            tell: Box::new(tell),
        });
        *slot.borrow_mut() = Rc::downgrade(&performer);
        let weak: Weak<dyn Listener> = performer.me.clone();
        edge.listen(weak);
        let (me, host) = (performer.me.clone(), host.cloned());
        // Until then it counts as seen and as alone, which is what a first frame takes.
        halves::when_whole(move || {
            if let Some(performer) = me.upgrade() {
                performer.take_seat(host.as_ref());
                performer.catch_up();
            }
        });
        Some(performer)
    }

    /// From now on the page's decoders are shared with it.
    fn take_seat(&self, host: Option<&Element>) {
        let me = self.me.clone();
        let seat = Seat::take(host, move |share| {
            if let Some(performer) = me.upgrade() {
                performer.share(share);
            }
        });
        *self.seat.borrow_mut() = Some(seat);
        #[cfg(feature = "game")]
        if host.is_none() {
            let (fraction, area) = self.seen.get();
            self.see(fraction, Some(area));
        }
    }

    /// The conversation goes on.
    pub(crate) fn conversation(&self, event: state_machine::Event) {
        self.active();
        self.feed(Event::Machine(event));
    }

    /// Shows the state the character is in, as an element does.
    pub(crate) fn show_state(&self) {
        let state = self.state();
        let play = self.config().state(&state).map_or(Play::Loop, |def| def.play);
        self.show(Cue::state(state), play);
    }

    /// Shows a reaction, as a game asks for it. The ticket tells its answer from others'.
    #[cfg(feature = "game")]
    pub(crate) fn react(&self, request: CueRequest, sharing: Sharing) -> Ticket {
        let meanwhile = request.meanwhile();
        let CueRequest { cue, priority, max_wait, .. } = request;
        let (ticket, patience) = {
            let mut acting = self.acting.borrow_mut();
            acting.options.sharing = sharing;
            (acting.close, acting.keeps) = (meanwhile.close, meanwhile.keeps);
            let at_most = max_wait.or(acting.options.max_wait).unwrap_or(USUAL_WAIT);
            let patience = Patience { at_most, until_far: false, retry: meanwhile.retry };
            (Ticket(acting.tickets + 1), patience)
        };
        self.active();
        self.feed(Event::Cue(Wish { cue, play: Play::Loop, patience, priority }));
        ticket
    }

    /// Takes other options. A changed character is replaced at once.
    pub(crate) fn configure(&self, mut options: Options) {
        let token = options.token.take();
        let (changed, reread, looks_otherwise) = {
            let mut acting = self.acting.borrow_mut();
            let old = std::mem::replace(&mut acting.options, options);
            let new = acting.options.clone();
            if old == new {
                drop(acting);
                return self.set_token(token);
            }
            acting.addresses = AddressBook::default();
            acting.drafts = AddressBook::default();
            acting.player.set_seam(Acting::seam(&new));
            acting.stranger |= old.character != new.character;
            acting.machine.set_tier(new.tier);
            if (&old.tenant, &old.character) != (&new.tenant, &new.character) {
                acting.predictor = None;
            } else if let Some(predictor) = &mut acting.predictor {
                predictor.set_tier(new.tier);
            }
            if old.endpoint != new.endpoint {
                let weak: Weak<dyn Listener> = self.me.clone();
                acting.edge.no_more_guesses(self.id);
                acting.edge.unlisten(&weak);
                acting.edge = Edge::at(&new.endpoint);
                acting.edge.listen(weak);
            }
            // Another edge has not seen the token yet.
            if old.endpoint != new.endpoint {
                acting.token = None;
            }
            let reread = old.rules != new.rules || (old.tier != new.tier && new.rules.is_some());
            (old.tier != new.tier, reread, old.background != new.background)
        };
        self.set_token(token);
        let ruled = reread && self.take_rules();
        if changed || ruled {
            self.feed(Event::Machine(state_machine::Event::Wake));
        }
        self.show_state();
        if looks_otherwise {
            self.stage.show_again();
        }
    }

    /// Shows the edge this token from the next call on.
    pub(crate) fn set_token(&self, token: Option<Token>) {
        let edge = {
            let mut acting = self.acting.borrow_mut();
            if acting.token == token {
                return;
            }
            acting.token.clone_from(&token);
            acting.edge.clone()
        };
        edge.set_token(token);
    }

    /// Stops the character where it is, or lets it go on. Its pictures still change.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.feed(Event::Player(player::Event::Paused(paused)));
    }

    /// The state the character is in.
    pub(crate) fn state(&self) -> String {
        self.acting.borrow().machine.state().to_owned()
    }

    /// A number that no other character of this module has, from 1.
    pub(crate) fn id(&self) -> u32 {
        u32::try_from(self.id).unwrap_or(u32::MAX)
    }

    /// What to call the character.
    pub(crate) fn name(&self) -> String {
        self.acting.borrow().options.name()
    }

    /// What is in sight, for drawing.
    #[cfg(feature = "game")]
    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What the client knows, for a panel.
    pub(crate) fn stats(&self) -> JsValue {
        self.acting.borrow_mut().stats()
    }

    /// How much of a game's character is seen: a part from 0 to 1, and its size in CSS px squared; without
    /// one, as it was said last. Kept until there is a seat.
    #[cfg(feature = "game")]
    pub(crate) fn see(&self, fraction: f32, area: Option<f32>) {
        let area = area.unwrap_or(self.seen.get().1);
        self.seen.set((fraction, area));
        if let Some(seat) = &*self.seat.borrow() {
            seat.see(fraction, area);
        }
    }

    /// The user deals with this character.
    fn active(&self) {
        if let Some(seat) = &*self.seat.borrow() {
            seat.active();
        }
    }

    fn share(&self, share: Share) {
        self.stage.set_alone(share.alone);
        self.feed(Event::Player(player::Event::Slots(usize::from(share.slots))));
        #[cfg(feature = "game")]
        {
            self.acting.borrow_mut().unseen = share.slots == 0;
            self.settle_unseen();
        }
    }

    fn show(&self, cue: Cue, play: Play) {
        let at_most = self.acting.borrow().options.max_wait.unwrap_or(GRACE);
        let patience = Patience { at_most, until_far: true, retry: false };
        self.feed(Event::Cue(Wish { cue, play, patience, priority: None }));
    }

    fn feed(&self, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        let _turn = Turn::of(self.id());
        // Whoever is told may let go of the character.
        let _alive = self.me.upgrade();
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
            Event::Machine(event) => {
                let effects = self.acting.borrow_mut().machine.on(now, event);
                for effect in effects {
                    if let state_machine::Effect::ShowState { state, previous, play, cause } = effect {
                        (self.tell)(Told::State { state: state.clone(), previous, cause });
                        self.show(Cue::state(state), play);
                    }
                }
            }
            Event::Presenter(event) => {
                let effects = self.acting.borrow_mut().presenter.on(now, event);
                effects.into_iter().for_each(|effect| self.present(effect));
            }
            Event::Player(event) => {
                let effects = self.acting.borrow_mut().player.on(now, event);
                effects.into_iter().for_each(|effect| self.play(effect));
                self.acting.borrow_mut().prune();
            }
            Event::Cue(wish) => self.cue(now, wish),
        }
    }

    fn set_timer(&self) {
        let now = browser::now();
        let (machine, next) = {
            let acting = self.acting.borrow();
            let machine = acting.machine.next_wake(now);
            let others = [acting.presenter.next_wake(), acting.player.next_wake(now)];
            (machine.is_some(), [machine].into_iter().chain(others).flatten().min())
        };
        let timer = next.map(|at| {
            let me = self.me.clone();
            let pause = browser::timer(at.since(now));
            Timeout::new(pause, move || {
                if let Some(performer) = me.upgrade() {
                    if machine {
                        performer.feed(Event::Machine(state_machine::Event::Wake));
                    }
                    performer.feed(Event::Presenter(presenter::Event::Wake));
                    performer.feed(Event::Player(player::Event::Tick));
                }
            })
        });
        drop(self.timer.replace(timer));
    }
}

impl Drop for Performer {
    fn drop(&mut self) {
        self.acting.get_mut().edge.no_more_guesses(self.id);
    }
}
