//! What the `<cuelight-character>` element calls: a character that follows a conversation. Speaks
//! to the page by events on its host, and to people who do not see it by [`access`].

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use cuelight_core::state_machine::{Event, Signal, SignalError};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{CustomEvent, CustomEventInit, HtmlElement, ShadowRoot};

use crate::halves;
use crate::js_value::{Given, fault, object};
use crate::options::Options;
use crate::performer::{Performer, Told};

mod access;

use access::Access;

/// A character behind an element. Destroyed once, and then deaf.
#[wasm_bindgen]
#[derive(Debug)]
pub struct CharacterHandle {
    inner: RefCell<Option<Rc<Host>>>,
}

struct Host {
    element: HtmlElement,
    shadow: ShadowRoot,
    access: Rc<Access>,
    performer: RefCell<Option<Rc<Performer>>>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

#[wasm_bindgen]
impl CharacterHandle {
    /// A character inside `shadow`, telling `element` what happens.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(element: HtmlElement, shadow: ShadowRoot, options: &JsValue) -> Self {
        let access = Access::new(element.clone(), shadow.clone());
        let host = Rc::new(Host { element, shadow, access, performer: RefCell::default() });
        let handle = Self { inner: RefCell::new(Some(host.clone())) };
        match Options::read(options) {
            Ok(options) => {
                let ruled = options.rules.is_some();
                let told: Weak<Host> = Rc::downgrade(&host);
                let tell = move |what| {
                    if let Some(host) = told.upgrade() {
                        host.told(what);
                    }
                };
                let performer = Performer::new(Some(&host.element), &host.shadow, options, tell);
                host.performer.borrow_mut().clone_from(&performer);
                if let Some(performer) = performer {
                    if ruled {
                        performer.take_rules();
                    }
                    host.look_around();
                    performer.show_state();
                }
            }
            Err(detail) => host.emit("cuelight-error", &fault("invalid_options", &detail)),
        }
        handle
    }

    /// Takes other options.
    pub fn configure(&self, options: &JsValue) {
        let Some(host) = self.host() else { return };
        let Some(performer) = host.performer() else { return };
        match Options::read(options) {
            Ok(options) => performer.configure(options),
            Err(detail) => host.emit("cuelight-error", &fault("invalid_options", &detail)),
        }
        // Whatever is wrong with the others, who wants it to stand still is heard.
        host.look_around();
    }

    /// What [`crate::serving::serving`] calls the character; 0 once it is destroyed.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn id(&self) -> u32 {
        self.performer().map_or(0, |performer| performer.id())
    }

    /// Whether the character could be made from the options it was given.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.performer().is_some()
    }

    /// Tells the character what happens in the conversation.
    pub fn send(&self, event: &JsValue) {
        let Some(host) = self.host() else { return };
        match Signal::read(Given(event.clone())) {
            Ok(signal) => {
                if let Some(performer) = host.performer() {
                    performer.conversation(Event::Signal(signal));
                }
            }
            Err(error) => {
                let detail = format!("This is no conversation event: {error}.");
                host.emit("cuelight-error", &fault(SignalError::CODE, &detail));
            }
        }
    }

    /// Shows a state whatever happens, until it is given none.
    #[wasm_bindgen(js_name = setState)]
    pub fn set_state(&self, state: Option<String>) {
        let Some(host) = self.host() else { return };
        let Some(performer) = host.performer() else { return };
        let config = performer.config();
        if let Some(unknown) = state.as_ref().filter(|name| config.state(name).is_none()) {
            let known: Vec<&str> = config.states().map(|state| state.id.as_str()).collect();
            let detail = format!("There is no state {unknown}; one of {}.", known.join(", "));
            host.emit("cuelight-error", &fault("unknown_state", &detail));
            return;
        }
        performer.conversation(Event::Override(state));
    }

    /// The state the character is in.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        self.performer().map_or_else(|| "idle".to_owned(), |performer| performer.state())
    }

    /// A snapshot of what the client knows.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        self.performer().map_or(JsValue::UNDEFINED, |performer| performer.stats())
    }

    /// Releases everything. May be called twice.
    pub fn destroy(&self) {
        let host = self.inner.take();
        // Taken out first: what it drops may call back.
        let performer = host.and_then(|host| host.performer.take());
        drop(performer);
    }
}

impl CharacterHandle {
    fn host(&self) -> Option<Rc<Host>> {
        self.inner.borrow().clone()
    }

    fn performer(&self) -> Option<Rc<Performer>> {
        self.host()?.performer()
    }
}

impl Host {
    fn performer(&self) -> Option<Rc<Performer>> {
        self.performer.borrow().clone()
    }

    fn told(&self, told: Told) {
        match told {
            Told::State { state, previous, cause } => {
                self.label();
                let detail = object(&[
                    ("state", state.into()),
                    ("previous", previous.into()),
                    ("cause", cause.into()),
                ]);
                self.emit("cuelight-state", &detail);
            }
            Told::Shown { shown, .. } => {
                // The page's own picture has done its part; a clip that is keyed out would show it.
                if let Ok(Some(poster)) = self.shadow.query_selector("slot") {
                    let _ = poster.set_attribute("hidden", "");
                }
                self.access.label();
                self.emit("cuelight-shown", &shown.as_js());
            }
            // An element promised nobody an answer; what is on screen was told when it came.
            Told::Settled { .. } | Told::Kept(_) => {}
            Told::Job(detail) => self.emit("cuelight-job", &detail),
            Told::Error { code, detail } => {
                self.emit("cuelight-error", &fault(&code, &detail));
            }
            Told::Connection(online) => {
                self.emit("cuelight-connection", &object(&[("online", online.into())]));
            }
            Told::TokenNeeded { code, detail } => {
                self.emit("cuelight-token-needed", &fault(&code, &detail));
            }
        }
    }

    /// Takes what the element's own attributes say.
    fn look_around(&self) {
        self.label();
        let paused = self.access.read();
        if let Some(performer) = self.performer() {
            performer.set_paused(paused);
        }
    }

    /// "Bolt is thinking", or as the page words it.
    fn label(&self) {
        let Some(performer) = self.performer() else { return };
        let state = performer.state();
        let config = performer.config();
        let doing = config.state(&state).map_or(state.as_str(), |def| def.label.as_str());
        let name = performer.name();
        let own = if halves::is_whole() { self.own_words(&name, doing) } else { None };
        self.access.does(own.unwrap_or_else(|| format!("{name} is {doing}")));
    }

    /// How the page says it, if it does.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn own_words(&self, name: &str, state: &str) -> Option<String> {
        let form = self.element.get_attribute("state-label").filter(|form| !form.is_empty())?;
        // A name may hold what looks like a place.
        let parts = form.split("{name}").map(|part| part.replace("{state}", state));
        Some(parts.collect::<Vec<_>>().join(name))
    }

    fn emit(&self, name: &str, detail: &JsValue) {
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_composed(true);
        init.set_detail(detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
            // Fails only for an event that is already being sent.
            let _ = self.element.dispatch_event(&event);
        }
    }
}
