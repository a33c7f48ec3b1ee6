//! The surfaces of one character, stacked: two videos and a picture that stands in. A surface comes
//! into sight only when core's player says that its first frame is painted; the one before it stays
//! beneath for two more frames. Holds elements, decides nothing.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::player::{self, Surface, Ticket};
use gloo_timers::callback::Timeout;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, Element, HtmlElement, HtmlImageElement, Node};

use crate::browser;
use crate::edge::Clip;
use crate::object_url::ObjectUrl;
use crate::video::{Told, Video};

/// What a stage tells: always an event of the player.
type Tell = Rc<dyn Fn(player::Event)>;

struct Still {
    image: HtmlImageElement,
    _url: ObjectUrl,
}

impl Drop for Still {
    fn drop(&mut self) {
        self.image.remove();
    }
}

/// The surfaces.
pub(crate) struct Stage {
    me: Weak<Self>,
    root: HtmlElement,
    videos: [Video; 2],
    still: RefCell<Option<Still>>,
    next_still: RefCell<Option<Still>>,
    on_top: Cell<Option<Surface>>,
    depth: Cell<u32>,
    leaving: [RefCell<Option<Timeout>>; 2],
    tell: Tell,
}

/// Two frames at 60 a second, and a little: how long the surface before stays beneath the new one.
const STAYS_BENEATH: u32 = 40;

impl Stage {
    /// A stage inside `parent`.
    pub(crate) fn new(parent: &Node, tell: Tell) -> Option<Rc<Self>> {
        let root: HtmlElement = browser::create("div")?;
        for (property, value) in [
            ("position", "absolute"),
            ("inset", "0"),
            ("overflow", "hidden"),
            ("border-radius", "inherit"),
            ("isolation", "isolate"),
        ] {
            browser::style(&root, property, value);
        }
        let _ = root.set_attribute("part", "stage");
        let videos = [Video::new()?, Video::new()?];
        for video in &videos {
            let _ = video.element().set_attribute("part", "video");
            lay_out(video.element());
            root.append_child(video.element()).ok()?;
        }
        parent.append_child(&root).ok()?;
        Some(Rc::new_cyclic(|me| Self {
            me: me.clone(),
            root,
            videos,
            still: RefCell::default(),
            next_still: RefCell::default(),
            on_top: Cell::new(None),
            depth: Cell::new(1),
            leaving: Default::default(),
            tell,
        }))
    }

    /// What is in sight, for drawing. `None` before the first frame.
    pub(crate) fn frame(&self) -> Option<Element> {
        match self.on_top.get()? {
            Surface::Still => self.still.borrow().as_ref().map(|still| still.image.clone().into()),
            surface => {
                let video = self.video(surface)?;
                video.has_frame().then(|| video.element().clone().into())
            }
        }
    }

    /// Loads a clip into a video, out of sight.
    pub(crate) fn load_clip(&self, surface: Surface, ticket: Ticket, looped: bool, clip: Rc<Clip>) {
        let Some(video) = self.video(surface) else { return };
        self.stay(surface);
        hide(video.element());
        video.load(clip, looped, self.teller(surface, ticket));
    }

    /// Loads a placeholder, out of sight.
    pub(crate) fn load_still(&self, ticket: Ticket, svg: &str) {
        let Some(still) = still_of(svg) else {
            return (self.tell)(player::Event::Broken(Surface::Still, ticket));
        };
        lay_out(&still.image);
        // Appending fails only where there is no document.
        let _ = self.root.append_child(&still.image);
        let decoded = JsFuture::from(still.image.decode());
        drop(self.next_still.replace(Some(still)));
        let tell = self.tell.clone();
        spawn_local(async move {
            tell(match decoded.await {
                Ok(_) => player::Event::Painted(Surface::Still, ticket),
                Err(_) => player::Event::Broken(Surface::Still, ticket),
            });
        });
    }

    /// Brings a surface into sight, above what was there.
    pub(crate) fn reveal(&self, surface: Surface) {
        let depth = self.depth.get().saturating_add(1);
        self.depth.set(depth);
        let top: Option<Element> = match surface {
            Surface::Still => {
                let next = self.next_still.take();
                let top = next.as_ref().map(|still| still.image.clone().into());
                drop(self.still.replace(next));
                top
            }
            video => self.video(video).map(|video| video.element().clone().into()),
        };
        if let Some(top) = top {
            browser::style(&top, "z-index", &depth.to_string());
            browser::style(&top, "opacity", "1");
        }
        self.on_top.set(Some(surface));
    }

    /// Plays a video.
    pub(crate) fn play(&self, surface: Surface, ticket: Ticket) {
        if let Some(video) = self.video(surface) {
            video.play(self.teller(surface, ticket));
        }
    }

    /// Pauses a video.
    pub(crate) fn pause(&self, surface: Surface) {
        if let Some(video) = self.video(surface) {
            video.pause();
        }
    }

    /// Lets go of what a surface holds, once what covers it has been seen.
    pub(crate) fn release(&self, surface: Surface) {
        let Some(index) = index_of(surface) else {
            // A picture holds no decoder; what covers it is painted already.
            self.still.take();
            self.next_still.take();
            return;
        };
        let me = self.me.clone();
        let leave = Timeout::new(STAYS_BENEATH, move || {
            if let Some(stage) = me.upgrade()
                && let Some(video) = stage.video(surface)
            {
                hide(video.element());
                video.release();
            }
        });
        if let Some(leaving) = self.leaving.get(index) {
            drop(leaving.replace(Some(leave)));
        }
    }

    fn stay(&self, surface: Surface) {
        if let Some(leaving) = index_of(surface).and_then(|index| self.leaving.get(index)) {
            leaving.take();
        }
    }

    fn video(&self, surface: Surface) -> Option<&Video> {
        self.videos.get(index_of(surface)?)
    }

    fn teller(&self, surface: Surface, ticket: Ticket) -> impl Fn(Told) + Clone + use<> {
        let tell = self.tell.clone();
        move |told| {
            tell(match told {
                Told::Painted => player::Event::Painted(surface, ticket),
                Told::Broken => player::Event::Broken(surface, ticket),
                Told::Ended => player::Event::Ended(surface, ticket),
                Told::Refused => player::Event::Refused(surface, ticket),
            });
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.root.remove();
    }
}

const fn index_of(surface: Surface) -> Option<usize> {
    match surface {
        Surface::A => Some(0),
        Surface::B => Some(1),
        Surface::Still => None,
    }
}

fn lay_out(element: &Element) {
    for (property, value) in [
        ("position", "absolute"),
        ("inset", "0"),
        ("width", "100%"),
        ("height", "100%"),
        ("object-fit", "cover"),
        ("pointer-events", "none"),
    ] {
        browser::style(element, property, value);
    }
    hide(element);
}

fn hide(element: &Element) {
    browser::style(element, "opacity", "0");
    browser::style(element, "z-index", "0");
}

fn still_of(svg: &str) -> Option<Still> {
    let parts = Array::of1(&Uint8Array::from(svg.as_bytes()));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    let url = ObjectUrl::new(&blob).ok()?;
    let image: HtmlImageElement = browser::create("img")?;
    image.set_alt("");
    let _ = image.set_attribute("part", "still");
    let _ = image.set_attribute("aria-hidden", "true");
    image.set_src(url.as_str());
    Some(Still { image, _url: url })
}
