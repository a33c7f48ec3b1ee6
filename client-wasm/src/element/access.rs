//! What a character is to people who do not see it, or do not want it to move: a label that is kept
//! current, announcements where the page asks for them, and a button that stops all motion.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::announcer::{Announcer, Turn};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use web_sys::{Element, HtmlElement, ShadowRoot};

use crate::browser;
use crate::halves;

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
    /// Whether the element's own `role` and `aria-label` are ours to write, and not the page's.
    owns: [bool; 2],
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
        for (name, owns) in ["role", "aria-label"].into_iter().zip(self.owns) {
            if owns {
                let _ = self.element.remove_attribute(name);
            }
        }
    }
}

impl Access {
    pub(super) fn new(element: HtmlElement, shadow: ShadowRoot) -> Rc<Self> {
        // A module that fell left what it had written.
        let left = element.get_attribute("role").map(|role| OWN_ROLES.contains(&role.as_str()));
        let owns = [left != Some(false), left == Some(true) || !element.has_attribute("aria-label")];
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            element,
            shadow,
            button: RefCell::default(),
            status: RefCell::default(),
            announcer: Cell::default(),
            timer: RefCell::default(),
            doing: RefCell::default(),
            owns,
        })
    }

    /// Takes what the element's attributes say now. Whether the character is to stand still.
    pub(super) fn read(&self) -> bool {
        if self.holds() || self.button.borrow().is_some() || self.status.borrow().is_some() {
            let me = self.me.clone();
            // A first frame does not take what is made there.
            halves::when_whole(move || {
                if let Some(access) = me.upgrade() {
                    access.make_parts();
                }
            });
        }
        self.label();
        self.element.has_attribute("paused")
    }

    /// Whether there is something to operate or to hear, or will be.
    fn holds(&self) -> bool {
        ["controls", "announce"].into_iter().any(|name| self.element.has_attribute(name))
    }

    fn make_parts(&self) {
        let controls = self.element.has_attribute("controls");
        if controls != self.button.borrow().is_some() {
            let button = if controls { self.make_button() } else { None };
            drop(self.button.replace(button));
        }
        if let Some(button) = &*self.button.borrow() {
            let label = self.element.get_attribute("pause-label").filter(|label| !label.is_empty());
            set(&button.part.0, "aria-label", label.as_deref().unwrap_or("Pause the animation"));
            let paused = self.element.has_attribute("paused");
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
    pub(super) fn label(&self) {
        let alt = self.element.get_attribute("alt");
        let decoration = alt.as_deref() == Some("");
        let role = match (self.holds(), decoration) {
            (true, _) => OWN_ROLES[0],
            (false, true) => OWN_ROLES[1],
            (false, false) => OWN_ROLES[2],
        };
        let [owns_role, owns_name] = self.owns;
        if owns_role {
            set(&self.element, "role", role);
        }
        if owns_name && decoration {
            let _ = self.element.remove_attribute("aria-label");
        } else if owns_name {
            set(&self.element, "aria-label", alt.as_deref().unwrap_or(&self.doing.borrow()));
        }
    }

    fn say(&self) {
        if let Some(status) = &*self.status.borrow() {
            status.0.set_text_content(Some(&self.doing.borrow()));
        }
    }

    fn make_button(&self) -> Option<Button> {
        let part = self.make_part("button", "pause-button")?;
        set(&part.0, "type", "button");
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
