//! Whom the module is working for. Read from outside after the module broke, when nothing else of it
//! can be trusted any more: a plain number that no panic can leave half changed.

use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static SERVED: Cell<u32> = const { Cell::new(0) };
}

/// As long as it lives, the module works for one character. Turns may lie within turns.
pub(crate) struct Turn {
    before: u32,
}

impl Turn {
    /// The module works for the character with this number from now on.
    pub(crate) fn of(character: u32) -> Self {
        Self { before: SERVED.replace(character) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        SERVED.set(self.before);
    }
}

/// The number of the character that the module works for, or 0.
#[wasm_bindgen]
#[must_use]
pub fn serving() -> u32 {
    SERVED.get()
}
