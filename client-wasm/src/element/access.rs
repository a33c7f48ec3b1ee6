//! What a character is to people who do not see it, or do not want it to move: a label that is kept
//! current, announcements where the page asks for them, and a button that stops all motion.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::announcer::{Announcer, Turn};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use web_sys::{Element, HtmlElement, ShadowRoot};

use crate::browser;

/// What an element is that holds something to operate, one that is a decoration, and any other.
const OWN_ROLES: [&str; 3] = ["group", "presentation", "img"];

/// The label, the announcements and the button of one element.
pub(super) struct Access {
    me: Weak<Self>,
    element: HtmlElement,
    shadow: ShadowRoot,
    button: RefCell<Option<Button>>,
    status: RefCell<Option<Part>>,
    announcer: Cell<Announcer>,
    timer: RefCell<Option<Timeout>>,
    doing: RefCell<String>,
    /// What was written into the element's own attributes last. What differs from it is the page's.
    role: RefCell<Option<String>>,
    name: RefCell<Option<String>>,
}

/// A child of the shadow root that goes when it is dropped.
struct Part(Element);

struct Button {
    part: Part,
    _pressed: EventListener,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.0.remove();
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        // An element without a character does nothing.
        self.write("role", &self.role, None);
        self.write("aria-label", &self.name, None);
    }
}

impl Access {
    pub(super) fn new(element: HtmlElement, shadow: ShadowRoot) -> Rc<Self> {
        // A module that fell left what it had written.
        let role = element.get_attribute("role").filter(|role| OWN_ROLES.contains(&role.as_str()));
        let name = role.as_ref().and_then(|_| element.get_attribute("aria-label"));
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            element,
            shadow,
            button: RefCell::default(),
            status: RefCell::default(),
            announcer: Cell::default(),
            timer: RefCell::default(),
            doing: RefCell::default(),
            role: RefCell::new(role),
            name: RefCell::new(name),
        })
    }

    /// Takes what the element's attributes say now. Whether the character is to stand still.
    pub(super) fn read(&self) -> bool {
        let paused = self.element.has_attribute("paused");
        let controls = self.element.has_attribute("controls");
        if controls != self.button.borrow().is_some() {
            let button = if controls { self.make_button() } else { None };
            drop(self.button.replace(button));
        }
        if let Some(button) = &*self.button.borrow() {
            set(&button.part.0, "aria-pressed", if paused { "true" } else { "false" });
        }
        let announce = self.element.has_attribute("announce");
        if announce != self.status.borrow().is_some() {
            let status = if announce { self.make_part("div", "status") } else { None };
            if let Some(part) = &status {
                // Polite by definition (WAI-ARIA 1.2, role status).
                set(&part.0, "role", "status");
            }
            drop(self.status.replace(status));
        }
        self.label();
        paused
    }

    /// The character does something else: "Bolt is thinking".
    pub(super) fn does(&self, doing: String) {
        let before = self.doing.replace(doing);
        self.label();
        if before.is_empty() || self.status.borrow().is_none() || before == *self.doing.borrow() {
            return;
        }
        let now = browser::now();
        let mut announcer = self.announcer.get();
        match announcer.changed(now) {
            Turn::Now => self.say(),
            Turn::At(at) => {
                let me = self.me.clone();
                let wait = browser::timer(at.since(now));
                let due = Timeout::new(wait, move || {
                    if let Some(access) = me.upgrade() {
                        let mut announcer = access.announcer.get();
                        announcer.due(browser::now());
                        access.announcer.set(announcer);
                        access.say();
                    }
                });
                drop(self.timer.replace(Some(due)));
            }
            Turn::Covered => {}
        }
        self.announcer.set(announcer);
    }

    /// An image with a label, unless the page has words of its own. What stands inside an image is
    /// hidden from assistive technology, so with something to operate or to hear it is a group.
    fn label(&self) {
        let alt = self.element.get_attribute("alt");
        let holds = self.button.borrow().is_some() || self.status.borrow().is_some();
        let decoration = alt.as_deref() == Some("");
        let role = match (holds, decoration) {
            (true, _) => OWN_ROLES[0],
            (false, true) => OWN_ROLES[1],
            (false, false) => OWN_ROLES[2],
        };
        self.write("role", &self.role, Some(role));
        let doing = self.doing.borrow();
        let name = alt.as_deref().unwrap_or(&doing);
        self.write("aria-label", &self.name, Some(name).filter(|_| !decoration));
    }

    /// Writes one of the element's own attributes, unless the page has.
    fn write(&self, attribute: &str, last: &RefCell<Option<String>>, value: Option<&str>) {
        let present = self.element.get_attribute(attribute);
        if present.is_some() && present != *last.borrow() {
            return;
        }
        match value {
            Some(value) => set(&self.element, attribute, value),
            None => drop(self.element.remove_attribute(attribute)),
        }
        drop(last.replace(value.map(str::to_owned)));
    }

    fn say(&self) {
        if let Some(status) = &*self.status.borrow() {
            status.0.set_text_content(Some(&self.doing.borrow()));
        }
    }

    fn make_button(&self) -> Option<Button> {
        let part = self.make_part("button", "pause-button")?;
        set(&part.0, "type", "button");
        set(&part.0, "aria-label", "Pause the animation");
        let element = self.element.clone();
        // The attribute is the truth; the element tells of its change.
        let pressed = EventListener::new(&part.0, "click", move |_| {
            let _ = element.toggle_attribute("paused");
        });
        Some(Button { part, _pressed: pressed })
    }

    fn make_part(&self, tag: &str, name: &str) -> Option<Part> {
        let child: Element = browser::create(tag)?;
        set(&child, "part", name);
        self.shadow.append_child(&child).ok()?;
        Some(Part(child))
    }
}

/// Sets an attribute; refused only for a name that is no name.
fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}
