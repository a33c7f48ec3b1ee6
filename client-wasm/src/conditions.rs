//! What the browser tells about the connection, the battery and whether the page is looked at.
//! All of it is optional: what a browser does not tell is assumed to be good.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::prefetcher::{Conditions, Connection};
use gloo_events::EventListener;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::EventTarget;

use crate::browser;

/// Below this share of its charge a battery that is not charging is low.
const LOW_BATTERY: f64 = 0.2;

/// Watches the conditions until it is dropped.
#[derive(Debug)]
pub struct Watch(Rc<Sources>);

struct Sources {
    /// `navigator.connection`.
    connection: Option<JsValue>,
    /// What `navigator.getBattery()` gave.
    battery: RefCell<Option<JsValue>>,
    listeners: RefCell<Vec<EventListener>>,
    last: Cell<Conditions>,
    tell: Box<dyn Fn(Conditions)>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

impl Watch {
    /// Calls `tell` whenever the conditions change. It must not drop the watch.
    pub fn new(tell: impl Fn(Conditions) + 'static) -> Self {
        let navigator = member(&js_sys::global(), "navigator");
        let connection = navigator.as_ref().and_then(|navigator| member(navigator, "connection"));
        let sources = Rc::new(Sources {
            connection,
            battery: RefCell::default(),
            listeners: RefCell::default(),
            last: Cell::default(),
            tell: Box::new(tell),
        });
        sources.last.set(sources.read());
        listen(&sources, sources.connection.as_ref(), &["change"]);
        let document = browser::document();
        listen(&sources, document.as_ref().map(AsRef::as_ref), &["visibilitychange"]);
        if let Some(battery) = navigator.as_ref().and_then(battery_of) {
            spawn_local(meet_battery(Rc::downgrade(&sources), battery));
        }
        Self(sources)
    }

    /// The conditions, as they were told last.
    #[must_use]
    pub fn now(&self) -> Conditions {
        self.0.last.get()
    }
}

impl Sources {
    fn read(&self) -> Conditions {
        let told = |name: &str| self.connection.as_ref().and_then(|connection| member(connection, name));
        let connection = match told("effectiveType").and_then(|kind| kind.as_string()).as_deref() {
            Some("slow-2g" | "2g") => Connection::TwoG,
            Some("3g") => Connection::ThreeG,
            Some("4g") => Connection::FourG,
            _ => Connection::Unknown,
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let kbit = |mbit: f64| (mbit * 1_000.0) as u32;
        let battery = self.battery.borrow();
        let charge = |name| battery.as_ref().and_then(|battery| member(battery, name));
        let level = charge("level").and_then(|level| level.as_f64());
        Conditions {
            save_data: told("saveData").is_some_and(|saves| saves.is_truthy()),
            connection,
            kbit_per_s: told("downlink").and_then(|rate| rate.as_f64()).map(kbit),
            battery_low: level.is_some_and(|level| level < LOW_BATTERY)
                && charge("charging").is_some_and(|charging| charging.is_falsy()),
            visible: browser::document().is_none_or(|document| !document.hidden()),
        }
    }

    fn look(&self) {
        let conditions = self.read();
        if self.last.replace(conditions) != conditions {
            (self.tell)(conditions);
        }
    }
}

fn listen(sources: &Rc<Sources>, target: Option<&JsValue>, names: &[&'static str]) {
    let Some(target) = target.and_then(|target| target.dyn_ref::<EventTarget>()) else { return };
    for name in names {
        let weak = Rc::downgrade(sources);
        let listener = EventListener::new(target, *name, move |_| {
            if let Some(sources) = weak.upgrade() {
                sources.look();
            }
        });
        sources.listeners.borrow_mut().push(listener);
    }
}

/// A browser may forbid to ask, or answer much later; the watch may be gone by then.
async fn meet_battery(sources: Weak<Sources>, battery: Promise) {
    let Ok(battery) = JsFuture::from(battery).await else { return };
    if let Some(sources) = sources.upgrade() {
        *sources.battery.borrow_mut() = Some(battery.clone());
        listen(&sources, Some(&battery), &["levelchange", "chargingchange"]);
        sources.look();
    }
}

fn battery_of(navigator: &JsValue) -> Option<Promise> {
    let ask: Function = member(navigator, "getBattery")?.dyn_into().ok()?;
    ask.call0(navigator).ok()?.dyn_into().ok()
}

/// A member that is there. Reading one may throw where a page may not know it.
fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}
