//! What only the browser knows: the time, chance, and the id of this tab. The one place that reads
//! a clock or draws a random number.

use std::cell::OnceCell;

use cuelight_core::units::Millis;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, Window};

/// The page's window. Absent only where there is no page.
pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// The page's document.
pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// A new element of type `T`.
pub(crate) fn create<T: JsCast>(tag: &str) -> Option<T> {
    document()?.create_element(tag).ok()?.dyn_into().ok()
}

/// Sets one CSS property. Through the object model, which a strict `style-src` allows.
pub(crate) fn style(element: &Element, property: &str, value: &str) {
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        // Refused only for a read-only style, which no element of ours has.
        let _ = element.style().set_property(property, value);
    }
}

/// Milliseconds since the page was opened: never runs backwards.
pub(crate) fn now() -> Millis {
    let elapsed = window().and_then(|w| w.performance()).map_or(0.0, |p| p.now());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Millis(elapsed.max(0.0) as u64)
}

/// A span for a timer: at least 1 ms, and no more than a browser's 31 bits hold, beyond which a
/// timer would ring at once.
pub(crate) fn timer(span: Millis) -> u32 {
    u32::try_from(span.0.clamp(1, 0x7fff_ffff)).unwrap_or(1)
}

/// Does something in so many milliseconds, whatever becomes of who asked for it. Leaves nothing behind: a timer
/// of gloo's that is forgotten keeps its memory for good.
pub(crate) fn after(millis: u32, then: impl FnOnce() + 'static) {
    let then = Closure::once_into_js(then);
    if let Some(window) = window() {
        // Refused only for what is no function.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(
            then.unchecked_ref(),
            i32::try_from(millis).unwrap_or(i32::MAX),
        );
    }
}

/// From 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

/// The id of this tab's session: random, kept for as long as the tab lives where the browser allows
/// it, and for as long as the page otherwise.
pub(crate) fn session_id() -> String {
    thread_local! {
        static ID: OnceCell<String> = const { OnceCell::new() };
    }
    ID.with(|cell| {
        cell.get_or_init(|| {
            let storage = window().and_then(|w| w.session_storage().ok().flatten());
            let known = storage.as_ref().and_then(|s| s.get_item(SESSION).ok().flatten());
            if let Some(id) = known.filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())) {
                return id;
            }
            let id = random_id();
            if let Some(storage) = storage {
                // A full or forbidden store costs resumption after a reload, nothing else.
                let _ = storage.set_item(SESSION, &id);
            }
            id
        })
        .clone()
    })
}

/// 128 random bits, as hexadecimal digits.
pub(crate) fn random_id() -> String {
    let mut bytes = [0u8; 16];
    let filled =
        window().and_then(|w| w.crypto().ok()).map(|c| c.get_random_values_with_u8_array(&mut bytes));
    if !matches!(filled, Some(Ok(_))) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the user asked for little motion.
pub(crate) const CALM_QUERY: &str = "(prefers-reduced-motion: reduce)";
const SESSION: &str = "cuelight-session";
