//! The decoders of the page, shared by all of its characters: who is in sight is watched by one
//! observer, core's arbiter says who gets how many, and each character is told when its share changes, and
//! when it is no longer the only one that plays.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::arbiter::{Arbiter, DESKTOP_SLOTS, Effect, Event, Id, SMALL_DEVICE_SLOTS};
use cuelight_core::units::Millis;
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use crate::browser;

/// A character's part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many slots it has from now on; none holds a still.
    pub slots: u8,
    /// No two characters of the page play in elements of their own.
    pub alone: bool,
}

type Tell = Rc<dyn Fn(Share)>;

/// One character's place among those of the page. Given back when dropped.
pub struct Seat {
    id: Id,
    page: Rc<Page>,
}

struct Page {
    arbiter: RefCell<Arbiter>,
    guests: RefCell<Vec<Guest>>,
    next: Cell<Id>,
    /// As it was told last.
    alone: Cell<bool>,
    watch: RefCell<Option<Watch>>,
    wake: RefCell<Option<Timeout>>,
    _visible: Option<EventListener>,
}

struct Guest {
    id: Id,
    tell: Tell,
    /// None for a game's character, whose place in the scene only the game knows.
    element: Option<Element>,
}

/// The observer, and the function that it calls.
struct Watch {
    observer: IntersectionObserver,
    _seen: Closure<dyn FnMut(Array)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// A pointer like a finger: a telephone or a tablet.
const SMALL_DEVICE: &str = "(pointer: coarse)";
/// How much of a character comes or goes before it is said.
const STEPS_IN_SIGHT: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

thread_local! {
    /// Gone with its last character, and made anew with the next.
    static PAGE: RefCell<Weak<Page>> = const { RefCell::new(Weak::new()) };
}

impl Seat {
    /// A seat for a character in `element`, or for one of a game, which tells with [`Seat::see`] how
    /// much of it is seen. `tell` says how many slots it has, even none, as soon as it is known whether it is
    /// seen, and nothing once the seat is dropped.
    pub fn take(element: Option<&Element>, tell: impl Fn(Share) + 'static) -> Self {
        let page = Page::current();
        let id = page.next.get();
        page.next.set(id.wrapping_add(1));
        page.guests.borrow_mut().push(Guest { id, tell: Rc::new(tell), element: element.cloned() });
        page.hear(Event::Joined(id));
        if let Some(element) = element {
            page.observe(element);
        }
        Self { id, page }
    }

    /// How much of the character is seen: a part from 0 to 1, and its size in CSS px squared.
    pub fn see(&self, fraction: f32, area: f32) {
        self.page.saw(self.id, fraction, area);
    }

    /// How likely the character is to change its state within seconds, 0 to 1.
    pub fn likely(&self, chance: f32) {
        self.page.hear(Event::Likely(self.id, chance));
    }

    /// The user deals with this character.
    pub fn active(&self) {
        self.page.hear(Event::Active(self.id));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut guests = self.page.guests.borrow_mut();
        let left = guests.iter().position(|guest| guest.id == self.id).map(|at| guests.swap_remove(at));
        drop(guests);
        if let Some(element) = left.as_ref().and_then(|guest| guest.element.as_ref())
            && let Some(watch) = self.page.watch.borrow().as_ref()
        {
            watch.observer.unobserve(element);
        }
        self.page.hear(Event::Left(self.id));
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Page {
    fn current() -> Rc<Self> {
        PAGE.with(|cell| {
            if let Some(page) = cell.borrow().upgrade() {
                return page;
            }
            let page = Rc::new_cyclic(|me| Self::new(me.clone()));
            *cell.borrow_mut() = Rc::downgrade(&page);
            page
        })
    }

    fn new(me: Weak<Self>) -> Self {
        let media = browser::window().and_then(|window| window.match_media(SMALL_DEVICE).ok().flatten());
        let total =
            if media.is_some_and(|media| media.matches()) { SMALL_DEVICE_SLOTS } else { DESKTOP_SLOTS };
        let mut arbiter = Arbiter::new(total);
        let document = browser::document();
        if document.as_ref().is_some_and(web_sys::Document::hidden) {
            // Nobody is here yet, so there is nothing to carry out.
            let _ = arbiter.on(browser::now(), Event::Page(false));
        }
        let visible = document.map(|document| {
            let me = me.clone();
            EventListener::new(&document.clone(), "visibilitychange", move |_| {
                if let Some(page) = me.upgrade() {
                    page.hear(Event::Page(!document.hidden()));
                }
            })
        });
        Self {
            arbiter: RefCell::new(arbiter),
            guests: RefCell::default(),
            next: Cell::default(),
            alone: Cell::new(true),
            watch: RefCell::new(watch(me)),
            wake: RefCell::default(),
            _visible: visible,
        }
    }

    fn observe(self: &Rc<Self>, element: &Element) {
        match self.watch.borrow().as_ref() {
            Some(watch) => watch.observer.observe(element),
            // A browser without the observer: everything counts as seen.
            None => {
                self.saw_element(element, 1.0, f64::from(element.client_width() * element.client_height()))
            }
        }
    }

    fn saw_element(self: &Rc<Self>, element: &Element, fraction: f64, area: f64) {
        let guests = self.guests.borrow();
        let found = guests.iter().find(|guest| guest.element.as_ref() == Some(element)).map(|guest| guest.id);
        drop(guests);
        if let Some(id) = found {
            #[allow(clippy::cast_possible_truncation)]
            self.saw(id, fraction as f32, area as f32);
        }
    }

    fn saw(self: &Rc<Self>, id: Id, fraction: f32, area: f32) {
        self.hear(Event::Seen { id, fraction, area });
        // A character that never was in sight is told so, too.
        if self.arbiter.borrow().slots(id) == 0 {
            self.tell(id);
        }
    }

    /// Decides first and tells afterwards: who is told may say something at once.
    fn hear(self: &Rc<Self>, event: Event) {
        let effects = self.arbiter.borrow_mut().on(browser::now(), event);
        let wake = effects.iter().find_map(|effect| match effect {
            Effect::WakeAt(at) => Some(*at),
            Effect::Slots(..) => None,
        });
        // Before anybody is told: what they answer may set another time.
        self.wake_at(wake);
        let alone = self.is_alone();
        let was_alone = self.alone.replace(alone);
        for effect in &effects {
            if let Effect::Slots(id, slots) = *effect
                // Only what is still so: an answer to what was told before may have changed it.
                && self.arbiter.borrow().slots(id) == slots
            {
                self.tell(id);
            }
        }
        if alone != was_alone {
            let all: Vec<Id> = self.guests.borrow().iter().map(|guest| guest.id).collect();
            for id in all {
                if self.arbiter.borrow().slots(id) > 0 {
                    self.tell(id);
                }
            }
        }
    }

    fn tell(&self, id: Id) {
        let guests = self.guests.borrow();
        let tell = guests.iter().find(|guest| guest.id == id).map(|guest| guest.tell.clone());
        drop(guests);
        if let Some(tell) = tell {
            let slots = self.arbiter.borrow().slots(id);
            tell(Share { slots, alone: self.alone.get() });
        }
    }

    /// A game draws its characters itself, and has their videos out of sight.
    fn is_alone(&self) -> bool {
        let (guests, arbiter) = (self.guests.borrow(), self.arbiter.borrow());
        let playing = guests.iter().filter(|guest| guest.element.is_some() && arbiter.slots(guest.id) > 0);
        playing.take(2).count() < 2
    }

    fn wake_at(self: &Rc<Self>, at: Option<Millis>) {
        let me = Rc::downgrade(self);
        let timer = at.map(|at| {
            Timeout::new(browser::timer(at.since(browser::now())), move || {
                if let Some(page) = me.upgrade() {
                    page.hear(Event::Wake);
                }
            })
        });
        drop(self.wake.replace(timer));
    }
}

fn watch(page: Weak<Page>) -> Option<Watch> {
    let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
        let Some(page) = page.upgrade() else { return };
        for entry in entries.iter() {
            let Ok(entry) = entry.dyn_into::<IntersectionObserverEntry>() else { continue };
            let size = entry.bounding_client_rect();
            let fraction = if entry.is_intersecting() { entry.intersection_ratio() } else { 0.0 };
            page.saw_element(&entry.target(), fraction, size.width() * size.height());
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_threshold(
        &STEPS_IN_SIGHT.iter().copied().map(wasm_bindgen::JsValue::from_f64).collect::<Array>(),
    );
    let observer = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options).ok()?;
    Some(Watch { observer, _seen: seen })
}
