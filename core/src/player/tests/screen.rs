//! A simulated page: slots that paint, fail and answer in any order and late, and a screen that is
//! looked at after every step.

use proptest::prelude::*;

use super::super::*;

/// What one `<video>` of the page does.
#[derive(Debug, Clone, Copy)]
struct Video {
    load: u32,
    clip: ClipId,
    /// It shows the frame it was told to wait on.
    ready: bool,
    /// It never had a frame of what it holds.
    empty: bool,
    playing: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Cue {
        clip: u32,
        kind: u8,
        within: u64,
        newer: bool,
    },
    Upgrade(u32),
    Likely(Vec<u32>),
    Coming,
    /// One of the answers that are due, whichever.
    Answer(u8, u8),
    /// What was told before is told once more.
    Echo(u8),
    Page(u8, bool),
    Slots(usize),
    Wait(u64),
}

#[derive(Default)]
struct Page {
    videos: [Option<Video>; SLOTS],
    still: Option<u32>,
    top: Option<Surface>,
    /// What was there before, for as long as the new one may let it through.
    beneath: Option<Surface>,
    /// What is above that, transparent for now.
    raised: Vec<Surface>,
    due: Vec<Surface>,
    given: Vec<Event>,
    limit: usize,
    last: Ticket,
}

impl Page {
    fn carry_out(&mut self, effect: Effect) -> Result<(), TestCaseError> {
        match effect {
            Effect::Load { surface, clip, .. } => {
                let index = surface.slot().unwrap();
                prop_assert!(!self.in_sight(index), "what is in sight is not loaded anew");
                prop_assert!(!self.shines_through(index), "neither is what lies beneath it");
                self.videos[index] =
                    Some(Video { load: surface.load, clip, ready: false, empty: true, playing: false });
                self.raised.retain(|raised| raised.slot() != Some(index));
                self.due.push(surface);
            }
            Effect::Rewind { surface, .. } => {
                let index = surface.slot().unwrap();
                prop_assert!(!self.in_sight(index), "what is in sight does not jump");
                prop_assert!(!self.shines_through(index), "neither does what lies beneath it");
                let video = self.videos[index].as_mut().unwrap();
                (video.load, video.ready, video.empty, video.playing) = (surface.load, false, false, false);
                self.due.push(surface);
            }
            Effect::Draw(surface, _) => self.due.push(surface),
            Effect::Freeze(surface) => {
                prop_assert_eq!(Some(surface), self.top);
                self.top = Some(Surface { place: Place::Frozen, ..surface });
                // A copy hides all of it.
                self.beneath = None;
            }
            Effect::Raise(surface) => {
                let video = self.videos[surface.slot().unwrap()].unwrap();
                prop_assert_eq!(video.load, surface.load);
                prop_assert!(video.empty && !video.ready, "only what is transparent is raised");
                self.raised.push(surface);
            }
            Effect::Reveal(surface, _) => {
                self.raised.retain(|raised| *raised != surface);
                if let Some(index) = surface.slot() {
                    let ready = self.videos[index].is_some_and(|v| v.load == surface.load && v.ready);
                    prop_assert!(ready || self.top == Some(surface), "only what is painted is revealed");
                } else {
                    prop_assert_eq!(self.still, Some(surface.load));
                }
                // A picture hides all of it too.
                let video = surface.slot().is_some();
                self.beneath = self.top.filter(|top| video && *top != surface && top.slot().is_some());
                self.top = Some(surface);
            }
            Effect::Play { surface, .. } => {
                let video = self.videos[surface.slot().unwrap()].as_mut().unwrap();
                prop_assert_eq!(video.load, surface.load);
                video.playing = true;
            }
            Effect::Pause(surface) => {
                self.videos[surface.slot().unwrap()].as_mut().unwrap().playing = false;
            }
            Effect::Hide(surface) => {
                prop_assert_ne!(Some(surface), self.top);
                self.beneath.take_if(|beneath| *beneath == surface);
                self.raised.retain(|raised| *raised != surface);
                self.videos[surface.slot().unwrap()].as_mut().unwrap().playing = false;
            }
            Effect::Release(Place::Slot(index)) => {
                prop_assert!(!self.in_sight(index), "what is in sight is kept");
                prop_assert!(!self.shines_through(index), "so is what lies beneath it");
                self.raised.retain(|raised| raised.slot() != Some(index));
                self.videos[index] = None;
            }
            Effect::Release(place) => prop_assert!(self.top.is_none_or(|top| top.place != place)),
            Effect::Shown { ticket, picture, .. } => {
                prop_assert!(ticket >= self.last, "an older cue came back");
                self.last = ticket;
                let seen = self.top.and_then(Surface::slot).and_then(|index| self.videos[index]);
                prop_assert_eq!(seen.map(|v| v.clip), picture.clip(), "what is told is what is seen");
            }
            Effect::Finished(_) | Effect::Lost(..) => {}
        }
        Ok(())
    }

    fn in_sight(&self, index: usize) -> bool {
        self.top.and_then(Surface::slot) == Some(index)
    }

    fn shines_through(&self, index: usize) -> bool {
        self.beneath.and_then(Surface::slot) == Some(index)
    }

    /// The event for a load that has come to an end: painted, or not.
    fn answer(&mut self, which: u8, how: u8) -> Option<Event> {
        if self.due.is_empty() {
            return None;
        }
        let surface = self.due.swap_remove(usize::from(which) % self.due.len());
        if how == 0 {
            return Some(Event::Broken(surface));
        }
        match surface.slot() {
            Some(index) => {
                if let Some(video) = self.videos[index].as_mut().filter(|v| v.load == surface.load) {
                    video.ready = true;
                }
            }
            // A newer drawing replaces an older one, whenever that is done.
            None => self.still = self.still.max(Some(surface.load)),
        }
        Some(Event::Painted(surface))
    }

    fn take(&mut self, player: &mut Player, now: Millis, event: Event) -> Result<(), TestCaseError> {
        let blank = self.top.is_none();
        for effect in player.on(now, event.clone()) {
            self.carry_out(effect)?;
        }
        self.given.push(event);
        prop_assert!(blank || self.top.is_some(), "never blank again");
        prop_assert_eq!(self.top, player.surface());
        let wanted = player.wanted.map(|wanted| wanted.surface);
        let astray = self.raised.iter().find(|raised| Some(**raised) != wanted);
        prop_assert_eq!(astray, None, "what is wanted no more would come into sight");
        if let Some((index, load)) = wanted.and_then(|surface| Some((surface.slot()?, surface.load))) {
            prop_assert!(self.videos[index].is_some_and(|v| v.load == load), "what is wanted was let go of");
        }
        let held = self.videos.iter().flatten().count();
        prop_assert!(held <= self.limit, "{} slots of {}", held, self.limit);
        prop_assert_eq!(held, player.slots());
        for clip in player.staged() {
            let waits = |(index, video): (usize, &Option<Video>)| {
                !self.in_sight(index) && video.is_some_and(|v| v.clip == clip && v.ready && !v.playing)
            };
            prop_assert!(self.videos.iter().enumerate().any(waits), "{:?} does not wait", clip);
        }
        Ok(())
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let within = prop_oneof![Just(0u64), 0u64..900];
    prop_oneof![
        4 => (0u32..7, 0u8..8, within, prop::bool::weighted(0.9))
            .prop_map(|(clip, kind, within, newer)| Step::Cue { clip, kind, within, newer }),
        1 => (0u32..7).prop_map(Step::Upgrade),
        2 => prop::collection::vec(0u32..7, 0..5).prop_map(Step::Likely),
        1 => Just(Step::Coming),
        8 => (any::<u8>(), 0u8..12).prop_map(|(which, how)| Step::Answer(which, how)),
        2 => any::<u8>().prop_map(Step::Echo),
        1 => (0u8..6, any::<bool>()).prop_map(|(what, on)| Step::Page(what, on)),
        1 => (0usize..7).prop_map(Step::Slots),
        4 => prop_oneof![0u64..60, 0u64..4_000].prop_map(Step::Wait),
    ]
}

fn picture(clip: u32, kind: u8) -> Picture {
    match kind {
        0 => Picture::Still,
        // A state's clip plays the same way each time.
        _ if clip.is_multiple_of(3) => Picture::Once(ClipId(clip)),
        _ => Picture::Loop(ClipId(clip)),
    }
}

/// The world around the player: the time, and how many cues were given.
#[derive(Default)]
struct World {
    now: Millis,
    tickets: u64,
}

impl World {
    fn event_of(&mut self, step: Step, page: &mut Page, player: &Player) -> Option<Event> {
        let top = player.surface();
        Some(match step {
            Step::Cue { clip, kind, within, newer } => {
                self.tickets += u64::from(newer);
                let older = if newer { 0 } else { u64::from(kind) };
                let ticket = Ticket(self.tickets.saturating_sub(older));
                Event::Show { ticket, picture: picture(clip, kind), within: Millis(within) }
            }
            Step::Upgrade(clip) => Event::Upgrade(Ticket(self.tickets), ClipId(clip)),
            Step::Likely(clips) => Event::Likely(clips.into_iter().map(|clip| picture(clip, 1)).collect()),
            Step::Coming => Event::Coming,
            Step::Answer(which, how) => page.answer(which, how)?,
            Step::Echo(which) => {
                let index = usize::from(which).checked_rem(page.given.len())?;
                let echo = page.given.get(index)?.clone();
                // The page's surroundings do not echo, and neither do the calls of the shell.
                let late =
                    matches!(echo, Event::Painted(_) | Event::Ended(_) | Event::At { .. } | Event::Tick);
                return late.then_some(echo);
            }
            Step::Page(0, on) => Event::Visible(on),
            Step::Page(1, on) => Event::Calm(on),
            Step::Page(2, on) => Event::Paused(on),
            Step::Page(3, _) => Event::Touched,
            Step::Page(4, true) => Event::Refused(top?),
            Step::Page(4, false) => Event::Ended(top?),
            Step::Page(_, true) => Event::Broken(top?),
            Step::Page(_, false) => Event::Playable(top?),
            Step::Slots(slots) => {
                page.limit = slots.min(SLOTS);
                Event::Slots(slots)
            }
            Step::Wait(pause) => {
                let wake = player.next_wake(self.now).filter(|at| pause > 50 && *at > self.now);
                self.now = wake.unwrap_or(self.now + Millis(pause));
                let (at, length) = (Millis(self.now.0 % 2_000), Millis(2_000));
                match top.filter(|_| pause.is_multiple_of(3)) {
                    Some(surface) => Event::At { surface, at, length },
                    None => Event::Tick,
                }
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn whatever_comes_in_whatever_order_the_screen_is_never_blank_stale_or_wrong(
        steps in prop::collection::vec(any_step(), 0..150),
        fade in prop_oneof![Just(None), Just(Some(0u64)), Just(Some(120u64))],
    ) {
        let mut player = Player::default();
        player.set_seam(fade.map_or(Seam::Native, |fade| Seam::Crossfade(Millis(fade))));
        let (mut page, mut world) = (Page { limit: SLOTS, ..Page::default() }, World::default());
        for step in steps {
            if let Some(event) = world.event_of(step, &mut page, &player) {
                page.take(&mut player, world.now, event)?;
            }
        }
        // And when everything answers, the newest cue is what is seen.
        page.limit = page.limit.max(1);
        let slots = Event::Slots(page.limit);
        for event in [Event::Visible(true), Event::Calm(false), Event::Paused(false), slots] {
            page.take(&mut player, world.now, event)?;
        }
        let (ticket, wanted) = (Ticket(world.tickets + 1), Picture::Loop(ClipId(4)));
        page.take(&mut player, world.now, Event::show(ticket, wanted))?;
        for _ in 0..20 {
            while let Some(event) = page.answer(0, 1) {
                page.take(&mut player, world.now, event)?;
            }
            world.now = world.now + Millis(50);
            page.take(&mut player, world.now, Event::Tick)?;
        }
        prop_assert_eq!(player.shown(), Some((ticket, wanted)));
    }
}
