//! What a game calls: the same character without an element. Its videos live in a container that
//! nobody sees, because a browser decodes only what is in a document.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::cue_request::{CueRequest, Who};
use cuelight_core::operation::own::Sharing;
use cuelight_core::player::Ticket;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, HtmlImageElement, HtmlVideoElement};

use crate::browser;
use crate::js_value::{BrowserLetters, Given};
use crate::options::{self, Options};
use crate::performer::{Performer, Told};
use crate::texture::{self, Gl, Uploaded};

mod on_error;
mod token_source;

use on_error::OnError;
use token_source::TokenSource;

/// A character that a game draws. Destroyed once, and then deaf.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ActorHandle {
    inner: RefCell<Option<Inner>>,
    pending: Rc<Pending>,
    uploaded: Uploaded,
    who: Who,
}

struct Inner {
    performer: Rc<Performer>,
    container: HtmlElement,
}

/// The request that has no answer yet. There is at most one: a newer one answers an older.
#[derive(Default)]
struct Pending {
    ticket: Cell<Ticket>,
    resolve: RefCell<Option<Function>>,
    error: RefCell<Option<String>>,
    token_source: Option<TokenSource>,
    on_error: Option<OnError>,
    performer: RefCell<Weak<Performer>>,
}

#[wasm_bindgen]
impl ActorHandle {
    /// A character that is not on the page.
    ///
    /// # Errors
    /// Options that are not usable, in a sentence.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Self, JsError> {
        let (token_source, on_error) = (TokenSource::of(options), OnError::of(options));
        let who = Who::read(&Given(options.clone())).map_err(|error| JsError::new(&format!("{error}")))?;
        let options = Options::read(options).map_err(|detail| JsError::new(&detail))?;
        let body = browser::document().and_then(|document| document.body());
        let (Some(body), Some(container)) = (body, browser::create::<HtmlElement>("div")) else {
            return Err(JsError::new("An actor needs a page with a body."));
        };
        for (property, value) in [
            ("position", "fixed"),
            ("width", "2px"),
            ("height", "2px"),
            ("left", "0"),
            ("top", "0"),
            ("opacity", "0"),
            ("pointer-events", "none"),
            ("z-index", "-1"),
        ] {
            browser::style(&container, property, value);
        }
        let _ = container.set_attribute("aria-hidden", "true");
        if body.append_child(&container).is_err() {
            return Err(JsError::new("The page's body takes no children."));
        }
        let pending = Rc::new(Pending { token_source, on_error, ..Pending::default() });
        let told = pending.clone();
        let performer = Performer::new(None, &container, options, move |what| told.told(what));
        let performer = performer.ok_or_else(|| JsError::new("This browser has no video element."))?;
        *pending.performer.borrow_mut() = Rc::downgrade(&performer);
        Ok(Self {
            inner: RefCell::new(Some(Inner { performer, container })),
            pending,
            uploaded: Uploaded::default(),
            who,
        })
    }

    /// Cues a reaction; resolves with what is shown, or with null when a newer request came first, or
    /// when the wait is over and what was there stays. `options` as [`CueRequest`] reads them. What is
    /// not usable rejects.
    pub fn request(&self, cue: &JsValue, options: &JsValue) -> Promise {
        self.pending.answer(&JsValue::NULL);
        let (request, sharing) = match read(cue, options, &self.who) {
            Ok(read) => read,
            Err(detail) => return Promise::reject(&JsError::new(&detail).into()),
        };
        let Some(performer) = self.performer() else { return Promise::resolve(&JsValue::NULL) };
        self.pending.error.take();
        let pending = self.pending.clone();
        let promise = Promise::new(&mut |resolve, _reject| {
            drop(pending.resolve.replace(Some(resolve)));
        });
        // Known before anything is shown, which may happen inside the call.
        self.pending.ticket.set(Ticket(self.pending.ticket.get().0 + 1));
        let ticket = performer.react(request, sharing);
        self.pending.ticket.set(ticket);
        match self.pending.error.take() {
            Some(detail) => {
                self.pending.resolve.take();
                Promise::reject(&JsError::new(&detail).into())
            }
            None => promise,
        }
    }

    /// Shows the edge this token from the next call on; none takes the old one back.
    ///
    /// # Errors
    /// It is no token, in a sentence.
    #[wasm_bindgen(js_name = setToken)]
    pub fn set_token(&self, token: Option<String>) -> Result<(), JsError> {
        let token = options::token(token).map_err(|detail| JsError::new(&detail))?;
        if let Some(performer) = self.performer() {
            performer.set_token(token);
        }
        Ok(())
    }

    /// Stops the character where it is, or lets it go on. What is cued still changes its picture.
    #[wasm_bindgen(js_name = setPaused)]
    pub fn set_paused(&self, paused: bool) {
        if let Some(performer) = self.performer() {
            performer.set_paused(paused);
        }
    }

    /// How much of the character the game shows: a part from 0 to 1, and its size on the page in CSS px
    /// squared, from 0; without one, the size that was said last, at first 100,000. The page's decoders are
    /// shared by that. One that is not seen at all has none two seconds later at the latest; what it is asked
    /// for then is answered by its placeholder.
    #[wasm_bindgen(js_name = setVisible)]
    pub fn set_visible(&self, fraction: f32, area: Option<f32>) {
        if let Some(performer) = self.performer() {
            performer.see(fraction, area);
        }
    }

    /// What [`crate::serving::serving`] calls the character; 0 once it is destroyed.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn id(&self) -> u32 {
        self.performer().map_or(0, |performer| performer.id())
    }

    /// The current frame's element; null before the first one.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn frame(&self) -> JsValue {
        self.performer().and_then(|performer| performer.stage().frame()).map_or(JsValue::NULL, Into::into)
    }

    /// Draws the current frame; false when there is none yet.
    #[must_use]
    pub fn draw(&self, context: &CanvasRenderingContext2d, x: f64, y: f64, width: f64, height: f64) -> bool {
        let Some(frame) = self.performer().and_then(|performer| performer.stage().frame()) else {
            return false;
        };
        let drawn = match frame.dyn_into::<HtmlVideoElement>() {
            Ok(video) => {
                context.draw_image_with_html_video_element_and_dw_and_dh(&video, x, y, width, height)
            }
            Err(other) => match other.dyn_into::<HtmlImageElement>() {
                Ok(image) => {
                    context.draw_image_with_html_image_element_and_dw_and_dh(&image, x, y, width, height)
                }
                Err(other) => match other.dyn_into::<HtmlCanvasElement>() {
                    Ok(canvas) => context
                        .draw_image_with_html_canvas_element_and_dw_and_dh(&canvas, x, y, width, height),
                    Err(_) => return false,
                },
            },
        };
        drawn.is_ok()
    }

    /// Brings a texture of a WebGL context up to date; true when it was given another frame.
    #[must_use]
    pub fn upload(&self, gl: &Gl, texture: &JsValue) -> bool {
        let performer = self.performer();
        let frame = performer.as_ref().and_then(|performer| performer.stage().frame());
        let drawn = performer.map_or(0, |performer| performer.stage().drawn());
        texture::upload(gl, texture, frame.as_ref(), drawn, &self.uploaded)
    }

    /// A snapshot of what the client knows.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        self.performer().map_or(JsValue::UNDEFINED, |performer| performer.stats())
    }

    /// Releases everything. May be called twice.
    pub fn destroy(&self) {
        self.pending.answer(&JsValue::NULL);
        let inner = self.inner.take();
        if let Some(inner) = inner {
            inner.container.remove();
            drop(inner.performer);
        }
    }
}

impl ActorHandle {
    fn performer(&self) -> Option<Rc<Performer>> {
        self.inner.borrow().as_ref().map(|inner| inner.performer.clone())
    }
}

impl Pending {
    fn answer(&self, value: &JsValue) {
        let resolve = self.resolve.take();
        if let Some(resolve) = resolve {
            // A resolve function of a promise does not throw.
            let _ = resolve.call1(&JsValue::NULL, value);
        }
    }

    fn told(&self, told: Told) {
        match told {
            Told::Shown { shown, ticket, settles } if settles && ticket == self.ticket.get() => {
                self.answer(&shown.as_js());
            }
            Told::Kept(ticket) if ticket == self.ticket.get() => self.answer(&JsValue::NULL),
            Told::Settled { shown, ticket } if ticket == self.ticket.get() => self.answer(&shown.as_js()),
            Told::Error { code, detail } if code == "invalid_request" => {
                drop(self.error.replace(Some(detail)));
            }
            Told::Error { code, detail } => {
                if let Some(on_error) = &self.on_error {
                    on_error.tell(self.performer.borrow().clone(), &code, &detail);
                }
            }
            Told::TokenNeeded { code, detail } => {
                if let Some(source) = &self.token_source {
                    source.ask(self.performer.borrow().clone(), &code, &detail);
                }
            }
            _ => {}
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("ticket", &self.ticket.get()).finish_non_exhaustive()
    }
}

/// What a game asks for, and who shares its clip.
fn read(cue: &JsValue, options: &JsValue, who: &Who) -> Result<(CueRequest, Sharing), String> {
    let given = Some(options).filter(|options| !options.is_undefined() && !options.is_null());
    if given.is_some_and(|options| !options.is_object()) {
        return Err("The options of a request are an object, such as { priority: 15 }.".into());
    }
    let given = given.map(|options| Given(options.clone()));
    let request = CueRequest::read(&Given(cue.clone()), given.as_ref(), who);
    let request = request.map_err(|error| format!("This is no request: {error}"))?;
    let sharing = Sharing::of(&request, &BrowserLetters, browser::random_id)
        .map_err(|detail| format!("This is no request: {detail}"))?;
    Ok((request, sharing))
}
