//! What a character's predictor has learned, kept in the page's local storage from visit to visit.
//! Anybody may have written there, and a browser may refuse: then the character learns anew.

use std::cell::RefCell;

use cuelight_core::operation::own::Who;
use cuelight_core::predictor::Predictor;
use cuelight_core::units::Millis;
use gloo_events::EventListener;

use crate::browser;
use crate::options::Options;

/// Written at most this often, and when the page is left.
const PAUSE: Millis = Millis::seconds(10);

/// What was learned and is not written yet.
struct Note {
    key: String,
    /// When it was written last, or first noted.
    written: Millis,
    learned: Option<Vec<u8>>,
}

#[derive(Default)]
struct Notes {
    notes: Vec<Note>,
    /// One for the page, for as long as the page lives.
    leaving: Option<EventListener>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// The predictor of this character, with what earlier visits have taught it.
pub(crate) fn recall(options: &Options) -> Predictor {
    let known = key(options).and_then(|key| {
        let noted = NOTES.with_borrow(|all| {
            all.notes.iter().find(|note| note.key == key).and_then(|note| note.learned.clone())
        });
        noted.or_else(|| read(&key))
    });
    known
        .and_then(|bytes| Predictor::restore(options.tier, &bytes).ok())
        .unwrap_or_else(|| Predictor::new(options.tier))
}

/// The predictor of this character has learned something.
pub(crate) fn note(options: &Options, predictor: &Predictor) {
    let Some(key) = key(options) else { return };
    let now = browser::now();
    NOTES.with_borrow_mut(|all| {
        if all.leaving.is_none() {
            let window = browser::window();
            all.leaving = window.map(|window| EventListener::new(&window, "pagehide", |_| write_all()));
        }
        let at = all.notes.iter().position(|note| note.key == key).unwrap_or_else(|| {
            all.notes.push(Note { key, written: now, learned: None });
            all.notes.len() - 1
        });
        if let Some(note) = all.notes.get_mut(at) {
            note.learned = Some(predictor.save());
            if now.since(note.written) >= PAUSE {
                note.write(now);
            }
        }
    });
}

fn write_all() {
    let now = browser::now();
    NOTES.with_borrow_mut(|all| all.notes.iter_mut().for_each(|note| note.write(now)));
}

impl Note {
    fn write(&mut self, now: Millis) {
        let Some(learned) = self.learned.take() else { return };
        self.written = now;
        // A character a byte: what browsers store compactly, and no decoder is needed for.
        let text: String = learned.into_iter().map(char::from).collect();
        if let Some(storage) = storage() {
            // A full store costs what was learned, nothing else.
            let _ = storage.set_item(&self.key, &text);
        }
    }
}

fn read(key: &str) -> Option<Vec<u8>> {
    let text = storage()?.get_item(key).ok()??;
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

fn storage() -> Option<web_sys::Storage> {
    browser::window()?.local_storage().ok()?
}

fn key(options: &Options) -> Option<String> {
    let name = match options.character.as_ref().ok()? {
        Who::Named(id) => id.clone(),
        Who::Defined(_) => options.name(),
    };
    Some(format!("cuelight-predictor:{}:{name}", options.tenant))
}
