//! The surfaces of one character, stacked: a few videos, a picture that stands in, and a copy of a
//! frame. A surface comes into sight only when core's player says that it is painted; until then it
//! lies beneath, all but transparent, so that the browser paints it. Holds elements, decides nothing.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuelight_core::player::{self, Place, SLOTS, Surface};
use cuelight_core::units::Millis;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, HtmlImageElement,
    HtmlVideoElement, Node,
};

use crate::browser;
use crate::canvas::{Canvas, Drawn, Lens};
use crate::edge::Clip;
use crate::keying::{Background, Keyer, Served};
use crate::object_url::ObjectUrl;
use crate::video::{Told, Video};

/// What a stage tells: always an event of the player.
type Tell = Rc<dyn Fn(player::Event)>;

struct Still {
    load: u32,
    image: HtmlImageElement,
    url: Rc<ObjectUrl>,
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
    /// Made when first needed.
    videos: [RefCell<Option<Rc<Video>>>; SLOTS],
    still: RefCell<Option<Still>>,
    next_still: RefCell<Option<Still>>,
    frozen: RefCell<Option<HtmlCanvasElement>>,
    /// In place of the video in sight, while others of the page play too, and of one that is to be without
    /// its background. Made when first needed.
    canvas: RefCell<Option<Rc<Canvas>>>,
    alone: Cell<bool>,
    background: Cell<Background>,
    keyer: RefCell<Option<Rc<Keyer>>>,
    /// The background is in sight although it is not to be, and that was told.
    unkeyed: Cell<bool>,
    on_top: Cell<Option<Place>>,
    depth: Cell<u32>,
    tell: Tell,
    cannot_key: Box<dyn Fn()>,
}

impl Stage {
    /// A stage inside `parent`. `cannot_key` is called when clips are, or come to be, shown with a background
    /// that they were not to have, because WebGL is missing or lost.
    pub(crate) fn new(parent: &Node, tell: Tell, cannot_key: impl Fn() + 'static) -> Option<Rc<Self>> {
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
        parent.append_child(&root).ok()?;
        Some(Rc::new_cyclic(|me| Self {
            me: me.clone(),
            root,
            videos: Default::default(),
            still: RefCell::default(),
            next_still: RefCell::default(),
            frozen: RefCell::default(),
            canvas: RefCell::default(),
            alone: Cell::new(true),
            background: Cell::default(),
            keyer: RefCell::default(),
            unkeyed: Cell::default(),
            on_top: Cell::new(None),
            depth: Cell::new(1),
            tell,
            cannot_key: Box::new(cannot_key),
        }))
    }

    /// What is in sight, for drawing. `None` before the first frame.
    #[cfg(feature = "game")]
    pub(crate) fn frame(&self) -> Option<Element> {
        match self.on_top.get()? {
            Place::Still => self.still.borrow().as_ref().map(|still| still.image.clone().into()),
            Place::Frozen => self.frozen.borrow().clone().map(Into::into),
            Place::Slot(index) => {
                let video = self.video(index)?;
                match &*self.canvas.borrow() {
                    Some(canvas) if self.is_keyed() && canvas.shows(video.element()) => {
                        (canvas.drawn() > 0).then(|| canvas.element().clone().into())
                    }
                    _ => video.has_frame().then(|| video.element().clone().into()),
                }
            }
        }
    }

    /// How often the canvas was drawn on that [`Self::frame`] may be.
    #[cfg(feature = "game")]
    pub(crate) fn drawn(&self) -> u32 {
        self.canvas.borrow().as_ref().map_or(0, |canvas| canvas.drawn())
    }

    /// Loads a clip into a video, out of sight.
    pub(crate) fn load(&self, surface: Surface, clip: Rc<Clip>, middle: bool) {
        // Not when it is revealed: it takes a moment.
        let _ = self.keyer();
        match surface.slot().and_then(|index| self.make(index)) {
            Some(video) => {
                hide(video.element());
                video.load(surface.load, clip, middle);
            }
            None => (self.tell)(player::Event::Broken(surface)),
        }
    }

    /// Has a video wait on its first frame again, or on the middle one.
    pub(crate) fn rewind(&self, surface: Surface, middle: bool) {
        if let Some(video) = self.video_of(surface) {
            video.rewind(surface.load, middle);
        }
    }

    /// Loads a placeholder, out of sight.
    pub(crate) fn draw(&self, surface: Surface, svg: &str) {
        let Some(still) = still_of(surface.load, svg) else {
            return (self.tell)(player::Event::Broken(surface));
        };
        lay_out(&still.image);
        // Appending fails only where there is no document.
        let _ = self.root.append_child(&still.image);
        let decoded = JsFuture::from(still.image.decode());
        let url = still.url.clone();
        drop(self.next_still.replace(Some(still)));
        let tell = self.tell.clone();
        spawn_local(async move {
            tell(match decoded.await {
                Ok(_) => player::Event::Painted(surface),
                Err(_) => player::Event::Broken(surface),
            });
            // Whoever is replaced while it loads would be told to the console as missing.
            drop(url);
        });
    }

    /// Covers a video with a copy of its frame.
    pub(crate) fn freeze(&self, surface: Surface) {
        let (Some(video), Some(canvas)) =
            (self.video_of(surface), browser::create::<HtmlCanvasElement>("canvas"))
        else {
            return;
        };
        let element = video.element();
        let copy = self.canvas.borrow().clone().filter(|copy| copy.shows(element));
        let size = copy.as_ref().map(|copy| (copy.element().width(), copy.element().height()));
        let (width, height) = size.unwrap_or_else(|| (element.video_width(), element.video_height()));
        canvas.set_width(width);
        canvas.set_height(height);
        let context = canvas.get_context("2d").ok().flatten();
        if let Some(context) = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) {
            // Refused only for a picture of another origin, which a blob is not.
            let _ = match &copy {
                Some(copy) => context.draw_image_with_html_canvas_element(copy.element(), 0.0, 0.0),
                None => context.draw_image_with_html_video_element(element, 0.0, 0.0),
            };
        }
        let _ = canvas.set_attribute("aria-hidden", "true");
        lay_out(&canvas);
        let _ = self.root.append_child(&canvas);
        self.raise(&canvas);
        if let Some(old) = self.frozen.replace(Some(canvas)) {
            old.remove();
        }
        self.canvas.take();
        self.on_top.set(Some(Place::Frozen));
    }

    /// Puts a video that has no frame yet above what is in sight, where videos are seen themselves.
    pub(crate) fn put_above(&self, surface: Surface) {
        if self.is_plain()
            && let Some(video) = self.video_of(surface)
        {
            self.show_plain(video.element(), Millis(0));
        }
    }

    /// Brings a surface into sight, above what was there, over this long.
    pub(crate) fn reveal(&self, surface: Surface, fade: Millis) {
        match surface.place {
            Place::Still => {
                // A newer drawing may be on its way already.
                let next = self.next_still.borrow_mut().take_if(|next| next.load == surface.load);
                if let Some(next) = next {
                    self.raise(&next.image);
                    self.canvas.take();
                    drop(self.still.replace(Some(next)));
                }
            }
            Place::Slot(_) => {
                if let Some(video) = self.video_of(surface) {
                    self.show(&video, fade);
                }
            }
            Place::Frozen => {}
        }
        self.on_top.set(Some(surface.place));
    }

    /// Plays a video.
    pub(crate) fn play(&self, surface: Surface, looped: bool) {
        if let Some(video) = self.video_of(surface) {
            video.play(looped);
        }
    }

    /// Pauses a video.
    pub(crate) fn pause(&self, surface: Surface) {
        if let Some(video) = self.video_of(surface) {
            video.pause();
        }
    }

    /// Takes a video out of sight, beneath what covers it, and stops it.
    pub(crate) fn hide(&self, surface: Surface) {
        if let Some(video) = self.video_of(surface) {
            video.pause();
            hide(video.element());
        }
    }

    /// Lets go of what a place holds.
    pub(crate) fn release(&self, place: Place) {
        match place {
            Place::Slot(index) => {
                if let Some(video) = self.video(index) {
                    hide(video.element());
                    video.release();
                }
            }
            Place::Still => {
                self.still.take();
                self.next_still.take();
            }
            Place::Frozen => {
                if let Some(canvas) = self.frozen.take() {
                    canvas.remove();
                }
            }
        }
    }

    /// Whether the page shows no other character that plays. Where it does, the video is out of sight, and
    /// its frames are seen in a canvas.
    pub(crate) fn set_alone(&self, alone: bool) {
        if self.alone.replace(alone) != alone && !self.is_keyed() {
            self.show_again();
        }
    }

    /// What becomes of the background of what is revealed from now on.
    pub(crate) fn set_background(&self, background: Background) {
        self.background.set(background);
        if !self.is_keyed() {
            self.keyer.take();
            self.unkeyed.set(false);
        }
    }

    /// Shows the video in sight in the way that is right now.
    pub(crate) fn show_again(&self) {
        if let Some(Place::Slot(index)) = self.on_top.get()
            && let Some(video) = self.video(index)
        {
            if self.is_plain() {
                let video = video.element();
                self.show_plain(video, Millis(0));
                // Stays beneath for now: the video may take a moment to be painted.
                if let Some(canvas) = &*self.canvas.borrow() {
                    canvas.give_way(video);
                }
            } else {
                self.show(&video, Millis(0));
                // What is behind a character that stands free is seen.
                let beneath = self.videos.iter().filter_map(|video| video.borrow().clone());
                beneath.filter(|other| !Rc::ptr_eq(other, &video)).for_each(|other| hide(other.element()));
            }
        }
    }

    fn is_keyed(&self) -> bool {
        self.background.get() != Background::Keep
    }

    /// Whether videos are seen themselves.
    fn is_plain(&self) -> bool {
        self.alone.get() && !self.is_keyed()
    }

    /// Who takes the background away, if that is wanted and can be done.
    fn keyer(&self) -> Option<Rc<Keyer>> {
        if !self.is_keyed() {
            return None;
        }
        let known = self.keyer.borrow().clone();
        let keyer = known.or_else(|| {
            let keyer = Keyer::shared()?;
            keyer.serve(self.me.clone());
            drop(self.keyer.replace(Some(keyer.clone())));
            Some(keyer)
        });
        self.note_whether_able(keyer.as_ref().is_some_and(|keyer| keyer.is_able()));
        keyer
    }

    fn note_whether_able(&self, able: bool) {
        if self.unkeyed.replace(!able) == able && !able {
            (self.cannot_key)();
        }
    }

    fn show(&self, video: &Video, fade: Millis) {
        let (video, presented) = (video.element(), video.has_presented());
        let canvas = if self.is_plain() { None } else { self.canvas() };
        let lens = || Lens { background: self.background.get(), keyer: self.keyer() };
        match canvas.as_ref().map(|canvas| (canvas, canvas.show(video, presented, lens(), fade))) {
            Some((canvas, Drawn::Now)) => {
                browser::style(video, "transition", "none");
                // Nobody sees it, but it is the one on top.
                self.raise(video);
                browser::style(video, "opacity", "0");
                self.raise(canvas.element());
            }
            Some((canvas, Drawn::Soon)) => {
                // The picture that is to go now stays in the canvas until there is a frame.
                if let Some((picture, size)) = self.picture_in_sight() {
                    canvas.hold(&picture, size);
                }
                self.raise(canvas.element());
            }
            Some((_, Drawn::Never)) | None => {
                self.show_plain(video, fade);
                self.canvas.take();
            }
        }
    }

    /// What is in sight if that is no clip, and its size in its pixels.
    fn picture_in_sight(&self) -> Option<(Element, (u32, u32))> {
        match self.on_top.get()? {
            Place::Slot(_) => None,
            Place::Still => {
                let still = self.still.borrow();
                let image = &still.as_ref()?.image;
                Some((image.clone().into(), (image.natural_width(), image.natural_height())))
            }
            Place::Frozen => {
                let frozen = self.frozen.borrow();
                let canvas = frozen.as_ref()?;
                Some((canvas.clone().into(), (canvas.width(), canvas.height())))
            }
        }
    }

    fn show_plain(&self, video: &HtmlVideoElement, fade: Millis) {
        let fades = fade > Millis(0);
        let transition = if fades { format!("opacity {}ms linear", fade.0) } else { "none".into() };
        browser::style(video, "transition", &transition);
        self.raise(video);
    }

    fn canvas(&self) -> Option<Rc<Canvas>> {
        let mut canvas = self.canvas.borrow_mut();
        if canvas.is_none() {
            let new = Canvas::new()?;
            lay_out(new.element());
            self.root.append_child(new.element()).ok()?;
            *canvas = Some(new);
        }
        canvas.clone()
    }

    fn raise(&self, element: &Element) {
        let depth = self.depth.get().saturating_add(1);
        self.depth.set(depth);
        browser::style(element, "z-index", &depth.to_string());
        browser::style(element, "opacity", "1");
    }

    fn video(&self, index: usize) -> Option<Rc<Video>> {
        self.videos.get(index)?.borrow().clone()
    }

    fn video_of(&self, surface: Surface) -> Option<Rc<Video>> {
        self.video(surface.slot()?)
    }

    fn make(&self, index: usize) -> Option<Rc<Video>> {
        if let Some(video) = self.video(index) {
            return Some(video);
        }
        let tell = self.tell.clone();
        let video = Video::new(move |load, told| {
            let surface = Surface { place: Place::Slot(index), load };
            tell(match told {
                Told::Painted => player::Event::Painted(surface),
                Told::Broken => player::Event::Broken(surface),
                Told::Ended => player::Event::Ended(surface),
                Told::At(at, length) => player::Event::At { surface, at: Millis(at), length: Millis(length) },
                Told::Playable => player::Event::Playable(surface),
                Told::Refused => player::Event::Refused(surface),
            });
        })?;
        let _ = video.element().set_attribute("part", "video");
        lay_out(video.element());
        self.root.append_child(video.element()).ok()?;
        drop(self.videos.get(index)?.replace(Some(video.clone())));
        Some(video)
    }
}

impl Served for Stage {
    fn able(&self, able: bool) {
        if self.is_keyed() {
            let canvas = self.canvas.borrow().clone();
            if let Some(canvas) = canvas {
                canvas.draw_again();
            }
            self.note_whether_able(able);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.root.remove();
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

/// Out of sight, but not so far that a browser would not paint it: what is wholly transparent, or
/// not displayed, may never have a first frame.
fn hide(element: &Element) {
    browser::style(element, "transition", "none");
    browser::style(element, "opacity", "0.001");
    browser::style(element, "z-index", "0");
}

fn still_of(load: u32, svg: &str) -> Option<Still> {
    let parts = Array::of1(&Uint8Array::from(svg.as_bytes()));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    let url = Rc::new(ObjectUrl::new(&blob).ok()?);
    let image: HtmlImageElement = browser::create("img")?;
    image.set_alt("");
    let _ = image.set_attribute("part", "still");
    let _ = image.set_attribute("aria-hidden", "true");
    image.set_src(url.as_str());
    Some(Still { load, image, url })
}
