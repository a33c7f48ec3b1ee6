//! Which of a character's few video slots shows which clip. One is in sight; the others wait on the
//! painted first frame of what is likely next, so that a cue for it is revealed at once.
//!
//! Never says that something is shown before it is painted, never lets an older cue replace a newer
//! one, and never believes news of what a slot held before: every load has a number of its own.

use crate::units::Millis;

mod event;
mod pool;
mod seam;
mod show;
mod watch;

pub use event::{ClipId, Effect, Event, Picture, Place, Seam, Surface, Ticket};
use pool::{Held, Pool};

/// The most video slots a character holds: a decoder each, of which a phone has few.
pub const SLOTS: usize = 4;

/// How long what was in sight stays beneath what replaced it: two frames at 60 a second, and a
/// little.
const STAYS_BENEATH: Millis = Millis(40);

/// How long after a clip was asked for a slot is emptied for it. Letting go of what it holds takes Chromium 1 to
/// 2 ms, by which the request would leave later if it came first.
const EMPTIED_AFTER: Millis = Millis(10);
/// And how long a slot is kept for it. A clip that takes longer has to be made first, and the slot is of more use
/// with what may be shown meanwhile.
const KEPT_EMPTY: Millis = Millis::seconds(1);

/// What is on screen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    surface: Surface,
    ticket: Ticket,
    picture: Picture,
    /// A one-shot is at its end.
    ended: bool,
    /// The browser refused to play it.
    refused: bool,
    /// When it was where in its clip, and how long that is.
    at: Option<(Millis, Millis, Millis)>,
    /// When it last moved, or was last told to.
    moved: Millis,
    /// It was told once more to play, because it did not move.
    nudged: bool,
}

/// What shall be on screen as soon as it is painted.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    surface: Surface,
    ticket: Ticket,
    picture: Picture,
    /// Not before this time: a good moment of what plays now.
    due: Millis,
    /// It was painted before it was asked for.
    staged: bool,
    /// The same moment in another quality, which takes over where the loop begins anew.
    upgrade: bool,
}

/// When a slot is emptied, if it is not yet, and until when it stays so.
#[derive(Debug, Clone, Copy)]
struct Reserved {
    at: Option<Millis>,
    until: Millis,
}

/// What is in sight, what waits, and for what.
#[derive(Debug, Clone)]
pub struct Player {
    pool: Pool,
    loads: u32,
    shown: Option<Seen>,
    wanted: Option<Wanted>,
    /// What was wanted when it was put above what is in sight.
    raised: Option<Surface>,
    /// A placeholder on its way to stand in for a video that was lost or may not start.
    cover: Option<Surface>,
    /// The placeholder in sight, drawn anew: paused, or moving again.
    redrawn: Option<Surface>,
    /// Another quality of what is wanted, for when that is shown.
    later: Option<(Ticket, ClipId)>,
    /// What waits for a slot, while there is none at all.
    dormant: Option<Wanted>,
    /// A slot is to be empty for what is on its way.
    reserved: Option<Reserved>,
    likely: Vec<Picture>,
    /// Clips that could not be painted; not tried ahead of need until something new is shown.
    bad: Vec<ClipId>,
    newest: Ticket,
    seam: Seam,
    visible: bool,
    calm: bool,
    paused: bool,
    seams: u32,
    /// How often the video in sight was lost since the last cue.
    breaks: u8,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            pool: Pool::default(),
            loads: 0,
            shown: None,
            wanted: None,
            raised: None,
            cover: None,
            redrawn: None,
            later: None,
            dormant: None,
            reserved: None,
            likely: Vec::new(),
            bad: Vec::new(),
            newest: Ticket::default(),
            seam: Seam::default(),
            visible: true,
            calm: false,
            paused: false,
            seams: 0,
            breaks: 0,
        }
    }
}

impl Player {
    /// The ticket and the picture on screen.
    #[must_use]
    pub fn shown(&self) -> Option<(Ticket, Picture)> {
        self.shown.map(|seen| (seen.ticket, seen.picture))
    }

    /// What is on screen.
    #[must_use]
    pub fn surface(&self) -> Option<Surface> {
        self.shown.map(|seen| seen.surface)
    }

    /// Whether this clip is in a slot or about to be: then it is not to be let go of.
    #[must_use]
    pub fn holds(&self, clip: ClipId) -> bool {
        self.pool.held().any(|(_, held)| held.clip == clip)
            || self.likely.iter().any(|picture| picture.clip() == Some(clip))
            || self.later.is_some_and(|(_, later)| later == clip)
            || self.dormant.is_some_and(|dormant| dormant.picture.clip() == Some(clip))
    }

    /// The clips that a cue would reveal at once.
    pub fn staged(&self) -> impl Iterator<Item = ClipId> + '_ {
        let shown = self.shown_slot();
        let ready = self.pool.held().filter(move |(index, held)| Some(*index) != shown && held.is_ready());
        ready.map(|(_, held)| held.clip)
    }

    /// How many slots hold a clip.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.pool.held().count()
    }

    /// How often a loop was handed over from one slot to another.
    #[must_use]
    pub const fn seams(&self) -> u32 {
        self.seams
    }

    /// Whether nothing is to move, because the user said so.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// How loops join their end to their beginning from now on.
    pub const fn set_seam(&mut self, seam: Seam) {
        self.seam = seam;
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Show { ticket, picture, within } => {
                self.show(now, ticket, picture, within, &mut effects);
            }
            Event::Upgrade(ticket, clip) => self.upgrade(now, ticket, clip, &mut effects),
            Event::Likely(pictures) => self.likely = pictures,
            Event::Coming => {
                self.reserved = Some(Reserved { at: Some(now + EMPTIED_AFTER), until: now + KEPT_EMPTY });
            }
            Event::Painted(surface) => self.painted(now, surface, &mut effects),
            Event::Broken(surface) => self.broken(now, surface, &mut effects),
            Event::Ended(surface) => self.ended(surface, &mut effects),
            Event::At { surface, at, length } => self.at(now, surface, at, length),
            Event::Refused(surface) => self.refused(surface, &mut effects),
            Event::Touched => self.touched(now, &mut effects),
            Event::Playable(surface) => {
                if self.shown.is_some_and(|seen| seen.surface == surface && seen.refused) {
                    self.resume(now, &mut effects);
                }
            }
            Event::Visible(visible) => {
                self.visible = visible;
                self.pool.restart_clocks(now);
                self.resume(now, &mut effects);
            }
            Event::Calm(calm) => {
                self.calm = calm;
                self.resume(now, &mut effects);
            }
            Event::Paused(paused) => {
                let changed = std::mem::replace(&mut self.paused, paused) != paused;
                self.resume(now, &mut effects);
                if changed {
                    self.redraw(&mut effects);
                }
            }
            Event::Slots(slots) => self.resize(now, slots, &mut effects),
            Event::Tick => {}
        }
        self.pass(now, &mut effects);
        self.raise(now, &mut effects);
        effects
    }

    /// When time alone will next change something.
    #[must_use]
    pub fn next_wake(&self, now: Millis) -> Option<Millis> {
        let due = self.wanted.filter(|wanted| self.is_painted(wanted.surface)).map(|wanted| wanted.due);
        let leaving = self.pool.held().filter_map(|(_, held)| held.leaving);
        let reserved = self.reserved.map(|reserved| reserved.at.unwrap_or(reserved.until));
        leaving.chain(due).chain(reserved).chain(self.next_seam(now)).chain(self.next_check()).min()
    }

    /// What time brings.
    fn pass(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        for index in 0..SLOTS {
            let shown = self.shown_slot() == Some(index);
            if let Some(held) = self.pool.get_mut(index)
                && held.leaving.take_if(|until| *until <= now).is_some()
                && !shown
            {
                effects.push(Effect::Hide(Surface { place: Place::Slot(index), load: held.load }));
            }
        }
        if self.reserved.is_some() {
            self.keep_room(now, effects);
        }
        self.reveal_what_is_due(now, effects);
        self.join_the_loop(now, effects);
        self.check(now, effects);
        self.stage(now, effects);
    }

    /// Has what is wanted now seen as soon as it is painted, and takes down what is wanted no more.
    fn raise(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let wanted = self.wanted.filter(|wanted| wanted.due <= now && !wanted.upgrade);
        let wanted = wanted.map(|wanted| wanted.surface).filter(|surface| {
            // A slot that was rewound still has the frame from before.
            surface.slot().and_then(|index| self.pool.get(index)).is_some_and(|held| held.is_empty())
        });
        if wanted == self.raised {
            return;
        }
        let held = |raised: &Surface| raised.slot().is_some_and(|index| self.pool.get(index).is_some());
        if let Some(raised) = self.raised.filter(|raised| raised.slot() != self.shown_slot() && held(raised))
        {
            effects.push(Effect::Hide(raised));
        }
        self.raised = wanted;
        effects.extend(wanted.map(Effect::Raise));
    }

    /// Loads the likeliest clip that is not staged yet; one at a time, never while something that was
    /// asked for is on its way, and never in the frames that bring something new into sight: a decoder
    /// that starts just then makes them late.
    fn stage(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let loading = self.pool.held().any(|(_, held)| !held.painted);
        let turning = self.pool.held().any(|(_, held)| held.leaving.is_some());
        if !self.visible || loading || turning || self.wanted.is_some() || self.shown.is_none() {
            return;
        }
        let shown = self.shown_slot();
        let mut taken: Vec<usize> = Vec::new();
        for picture in self.desired() {
            let Some(clip) = picture.clip() else { continue };
            let middle = self.rests_in_the_middle(picture);
            let found = self
                .pool
                .held()
                .find(|(index, held)| held.clip == clip && Some(*index) != shown && !taken.contains(index));
            match found.map(|(index, held)| (index, *held)) {
                Some((index, held)) if held.is_ready_for(middle) => taken.push(index),
                Some((index, held)) => {
                    let _ = self.rewind(now, index, picture, held.seen, effects);
                    return;
                }
                None if self.bad.contains(&clip) => {}
                None => {
                    let may = |index: usize, _: &Held| Some(index) != shown && !taken.contains(&index);
                    let spare = self.pool.spare(self.filled(), may);
                    if let Some(index) = spare {
                        let _ = self.load(now, index, picture, clip, effects);
                    }
                    return;
                }
            }
        }
    }

    /// What the slots that are not in sight should hold, best first: the next round of the present
    /// loop, then what is likely, then what was shown lately.
    fn desired(&self) -> Vec<Picture> {
        let room = self.filled().saturating_sub(usize::from(self.shown_slot().is_some()));
        let mut desired: Vec<Picture> = Vec::new();
        desired.extend(self.twin_wanted());
        let present = self.shown_clip().filter(|_| !self.is_once_shown());
        desired.extend(self.likely.iter().filter(|likely| likely.clip() != present));
        let shown = self.shown_slot();
        for index in self.pool.latest_first() {
            if let Some(held) = self.pool.get(index).filter(|_| Some(index) != shown)
                && self.shown_clip() != Some(held.clip)
                && desired.iter().all(|known| known.clip() != Some(held.clip))
            {
                desired.push(if held.once { Picture::Once(held.clip) } else { Picture::Loop(held.clip) });
            }
        }
        desired.truncate(room);
        desired
    }

    /// How many slots may hold something of which nobody has asked for yet, and what is in sight.
    fn filled(&self) -> usize {
        self.pool.limit().saturating_sub(usize::from(self.reserved.is_some()))
    }

    fn load(
        &mut self,
        now: Millis,
        index: usize,
        picture: Picture,
        clip: ClipId,
        effects: &mut Vec<Effect>,
    ) -> Surface {
        let (surface, held) = self.take(now, index, picture, clip);
        self.pool.put(index, held);
        effects.push(Effect::Load { surface, clip, middle: held.middle });
        surface
    }

    /// Puts a slot back to the frame it is to wait on.
    fn rewind(
        &mut self,
        now: Millis,
        index: usize,
        picture: Picture,
        seen: Millis,
        effects: &mut Vec<Effect>,
    ) -> Surface {
        let clip = picture.clip().unwrap_or(ClipId(0));
        let (surface, held) = self.take(now, index, picture, clip);
        self.pool.put(index, Held { seen, rewound: true, ..held });
        effects.push(Effect::Rewind { surface, middle: held.middle });
        surface
    }

    fn take(&mut self, now: Millis, index: usize, picture: Picture, clip: ClipId) -> (Surface, Held) {
        self.loads = self.loads.wrapping_add(1);
        let surface = Surface { place: Place::Slot(index), load: self.loads };
        let once = matches!(picture, Picture::Once(_));
        let middle = self.rests_in_the_middle(picture);
        (surface, Held { load: surface.load, once, middle, ..Held::new(clip, now) })
    }

    /// For who wants little motion, the telling frame of a one-shot is the one in its middle.
    const fn rests_in_the_middle(&self, picture: Picture) -> bool {
        (self.calm || self.paused) && matches!(picture, Picture::Once(_))
    }

    /// Whether the slot still holds what this surface named.
    fn is_current(&self, surface: Surface) -> bool {
        match surface.place {
            Place::Slot(index) => self.pool.get(index).is_some_and(|held| held.load == surface.load),
            Place::Still | Place::Frozen => true,
        }
    }

    fn is_painted(&self, surface: Surface) -> bool {
        match surface.place {
            Place::Slot(index) => {
                self.pool.get(index).is_some_and(|held| held.load == surface.load && held.painted)
            }
            Place::Still | Place::Frozen => false,
        }
    }

    fn shown_slot(&self) -> Option<usize> {
        self.shown.and_then(|seen| seen.surface.slot())
    }

    fn shown_clip(&self) -> Option<ClipId> {
        self.shown.filter(|seen| seen.surface.slot().is_some()).and_then(|seen| seen.picture.clip())
    }

    fn is_once_shown(&self) -> bool {
        self.shown.is_some_and(|seen| matches!(seen.picture, Picture::Once(_)))
    }

    const fn moves(&self) -> bool {
        self.visible && !self.calm && !self.paused
    }
}

#[cfg(test)]
mod tests;
