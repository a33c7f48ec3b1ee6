//! What a character must know about the page around it: whether it is seen, whether the user wants
//! little motion, and when the user first touches it or it comes back from sleep. Takes its listeners off when dropped.

use cuelight_core::player::Event;
use gloo_events::{EventListener, EventListenerOptions};
use web_sys::{EventTarget, MediaQueryList, VisibilityState};

use crate::browser;

/// The listeners.
pub(super) struct Surroundings {
    motion: Option<MediaQueryList>,
    _listeners: Vec<EventListener>,
}

impl Surroundings {
    /// Tells the player whatever changes.
    pub(super) fn watch(tell: impl Fn(Event) + Clone + 'static) -> Self {
        let mut listeners = Vec::new();
        let motion = browser::window().and_then(|w| w.match_media(browser::CALM_QUERY).ok().flatten());
        if let Some(motion) = &motion {
            let (tell, query) = (tell.clone(), motion.clone());
            listeners.push(EventListener::new(motion, "change", move |_| tell(Event::Calm(query.matches()))));
        }
        // From the page cache, and from a frozen tab: what played has stopped, whoever stopped it.
        let woken = [browser::window().map(EventTarget::from), browser::document().map(EventTarget::from)];
        for (target, name) in woken.into_iter().zip(["pageshow", "resume"]) {
            if let Some(target) = target {
                let seen = tell.clone();
                listeners.push(EventListener::new(&target, name, move |_| seen(Event::Visible(visible()))));
            }
        }
        if let Some(document) = browser::document() {
            let seen = tell.clone();
            listeners.push(EventListener::new(&document, "visibilitychange", move |_| {
                seen(Event::Visible(visible()))
            }));
            // What counts as a gesture: for a finger, its end (HTML, section 6.4.1).
            for name in ["pointerdown", "pointerup", "touchend", "keydown"] {
                let tell = tell.clone();
                let options = EventListenerOptions::run_in_capture_phase();
                let touched = move |_: &web_sys::Event| tell(Event::Touched);
                listeners.push(EventListener::new_with_options(&document, name, options, touched));
            }
        }
        Self { motion, _listeners: listeners }
    }

    /// Whether the page is seen.
    pub(super) fn visible(&self) -> bool {
        visible()
    }

    /// Whether the user wants little motion.
    pub(super) fn calm(&self) -> bool {
        self.motion.as_ref().is_some_and(MediaQueryList::matches)
    }
}

fn visible() -> bool {
    browser::document().is_none_or(|document| document.visibility_state() != VisibilityState::Hidden)
}
