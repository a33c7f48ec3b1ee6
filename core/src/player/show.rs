//! How a cue comes to be on screen: by a staged slot at once, by a loaded one when it is painted,
//! and what stands in when a video fails.

use super::{
    ClipId, Effect, Event, Held, Picture, Place, Player, STAYS_BENEATH, Seen, Surface, Ticket, Wanted,
};
use crate::units::Millis;

impl Player {
    pub(super) fn show(
        &mut self,
        now: Millis,
        ticket: Ticket,
        picture: Picture,
        within: Millis,
        effects: &mut Vec<Effect>,
    ) {
        if ticket < self.newest {
            return;
        }
        if ticket > self.newest {
            self.breaks = 0;
        }
        self.newest = ticket;
        self.bad.clear();
        self.later = None;
        self.dormant = None;
        self.reserved = None;
        self.abandon_cover(effects);
        if let Some(seen) = self.shown.as_mut()
            && seen.picture == picture
            && seen.surface.slot().is_some()
            && matches!(picture, Picture::Loop(_))
        {
            seen.ticket = ticket;
            self.wanted = None;
            effects.push(Effect::Shown { ticket, picture, staged: true });
            return;
        }
        let due = match picture {
            Picture::Loop(_) => self.good_moment(now, within),
            Picture::Once(_) | Picture::Still => now,
        };
        self.want(now, Wanted { due, ticket, picture, ..WANTED }, effects);
    }

    pub(super) fn upgrade(&mut self, now: Millis, ticket: Ticket, clip: ClipId, effects: &mut Vec<Effect>) {
        if ticket != self.newest {
            return;
        }
        self.reserved = None;
        let picture = Picture::Loop(clip);
        match (self.wanted, self.shown) {
            // The first quality is nearly there.
            (Some(wanted), _) if wanted.picture.clip().is_some_and(|wanted| wanted != clip) => {
                self.later = Some((ticket, clip));
            }
            (None, Some(Seen { ticket: shown, picture: Picture::Loop(present), .. }))
                if shown == ticket && present != clip =>
            {
                let wanted = Wanted { due: now, ticket, picture, upgrade: true, ..WANTED };
                self.want(now, wanted, effects);
            }
            _ => {}
        }
    }

    /// Has a slot, or the placeholder, prepared for this.
    fn want(&mut self, now: Millis, wanted: Wanted, effects: &mut Vec<Effect>) {
        let Some(clip) = wanted.picture.clip() else {
            self.loads = self.loads.wrapping_add(1);
            let surface = Surface { place: Place::Still, load: self.loads };
            self.wanted = Some(Wanted { surface, ..wanted });
            self.redrawn = None;
            effects.push(Effect::Draw(surface, wanted.ticket));
            return;
        };
        if self.pool.limit() == 0 {
            self.wanted = None;
            self.dormant = Some(wanted);
            if !wanted.upgrade {
                self.stand_in(effects);
            }
            if matches!(wanted.picture, Picture::Once(_)) {
                // Nobody sees it, and the conversation goes on.
                effects.push(Effect::Finished(wanted.ticket));
            }
            return;
        }
        let (shown, middle) = (self.shown_slot(), self.rests_in_the_middle(wanted.picture));
        let others = || self.pool.held().filter(|(index, held)| Some(*index) != shown && held.clip == clip);
        let ready = others().find(|(_, held)| held.is_ready_for(middle));
        let found = ready.or_else(|| others().find(|(_, held)| !held.painted && held.middle == middle));
        if let Some((index, held)) = found {
            let surface = Surface { place: Place::Slot(index), load: held.load };
            let staged = held.painted;
            self.wanted = Some(Wanted { surface, staged, ..wanted });
            return;
        }
        let again = others().find(|(_, held)| held.leaving.is_none()).map(|(index, _)| index);
        let surface = if let Some(index) = again {
            self.rewind(now, index, wanted.picture, now, effects)
        } else {
            let index = self.room(effects);
            self.load(now, index, wanted.picture, clip, effects)
        };
        self.wanted = Some(Wanted { surface, ..wanted });
    }

    /// A slot for something that was asked for: the one that is needed least, or the only one there is, behind a
    /// copy of its frame.
    fn room(&mut self, effects: &mut Vec<Effect>) -> usize {
        if let Some(index) = self.least_needed(None) {
            self.cover_up(index, effects);
            return index;
        }
        let shown = self.shown_slot();
        self.freeze(effects);
        shown.unwrap_or_default()
    }

    /// What a slot holds goes now: if it lies beneath what is in sight, that must hide all of it.
    fn cover_up(&self, index: usize, effects: &mut Vec<Effect>) {
        if self.pool.get(index).is_some_and(|held| held.leaving.is_some())
            && let Some(seen) = self.shown.filter(|seen| seen.surface.slot().is_some())
        {
            effects.push(Effect::Reveal(seen.surface, Millis(0)));
        }
    }

    /// A slot that is not used, or else the least likely one that is neither in sight nor `kept`.
    fn least_needed(&self, kept: Option<usize>) -> Option<usize> {
        let (shown, desired) = (self.shown_slot(), self.desired());
        let may = |index: usize| Some(index) != shown && Some(index) != kept;
        let rank = |held: &Held| desired.iter().position(|picture| picture.clip() == Some(held.clip));
        self.pool
            .spare(self.pool.limit(), |index, held| {
                may(index) && held.leaving.is_none() && rank(held).is_none()
            })
            .or_else(|| {
                let others = self.pool.held().filter(|(index, _)| may(*index));
                let others = others.map(|(index, held)| (held.leaving.is_none(), rank(held), index));
                others.max().map(|(_, _, index)| index)
            })
    }

    /// Empties the slot that what is on its way will take: a video lets go of what it holds in a moment that
    /// nobody waits for, and loads the sooner.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn keep_room(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.reserved.take_if(|reserved| reserved.until <= now);
        let due = self.reserved.as_mut().is_some_and(|r| r.at.take_if(|at| *at <= now).is_some());
        if !due {
            return;
        }
        let wanted = self.wanted.and_then(|wanted| wanted.surface.slot());
        let Some(index) = self.least_needed(wanted) else { return };
        // What lies beneath what is new in sight is seen for a moment still.
        if self.pool.get(index).is_some_and(|held| held.leaving.is_none()) {
            self.pool.empty(index);
            effects.push(Effect::Release(Place::Slot(index)));
        }
    }

    fn freeze(&mut self, effects: &mut Vec<Effect>) {
        if let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface.slot().is_some()) {
            effects.push(Effect::Freeze(seen.surface));
            seen.surface = Surface { place: Place::Frozen, ..seen.surface };
        }
    }

    pub(super) fn painted(&mut self, now: Millis, surface: Surface, effects: &mut Vec<Effect>) {
        if let Some(index) = surface.slot() {
            if let Some(held) = self.pool.get_mut(index).filter(|held| held.load == surface.load) {
                held.painted = true;
                if held.nudged {
                    effects.push(Effect::Pause(surface));
                }
            }
            return;
        }
        if self.cover == Some(surface) {
            self.cover = None;
            let ticket = self.newest;
            self.bring(now, surface, ticket, Picture::Still, false, effects);
        } else if let Some(wanted) = self.wanted.take_if(|wanted| wanted.surface == surface) {
            self.bring(now, surface, wanted.ticket, wanted.picture, false, effects);
        } else if self.redrawn == Some(surface) {
            self.change_still(surface, effects);
        }
    }

    /// The placeholder in sight was drawn anew.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    fn change_still(&mut self, surface: Surface, effects: &mut Vec<Effect>) {
        self.redrawn = None;
        if let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface.place == Place::Still) {
            seen.surface = surface;
            effects.push(Effect::Reveal(surface, Millis(0)));
        }
    }

    /// Has the placeholder drawn anew that is in sight or about to be, if it is one.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn redraw(&mut self, effects: &mut Vec<Effect>) {
        let surface = Surface { place: Place::Still, load: self.loads.wrapping_add(1) };
        let still = |surface: Surface| surface.place == Place::Still;
        if let Some(wanted) = self.wanted.as_mut().filter(|wanted| still(wanted.surface)) {
            wanted.surface = surface;
        } else if let Some(cover) = self.cover.as_mut() {
            *cover = surface;
        } else if self.shown.is_some_and(|seen| still(seen.surface)) {
            self.redrawn = Some(surface);
        } else {
            return;
        }
        self.loads = surface.load;
        effects.push(Effect::Draw(surface, self.newest));
    }

    pub(super) fn reveal_what_is_due(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(mut wanted) = self.wanted.filter(|wanted| self.is_painted(wanted.surface)) else { return };
        if wanted.upgrade {
            // Known only now how long the present round still takes; never longer than one round.
            wanted.due = self.good_moment(now, Millis(u64::MAX));
            wanted.upgrade = false;
            self.wanted = Some(wanted);
        }
        if wanted.due <= now {
            self.wanted = None;
            self.bring(now, wanted.surface, wanted.ticket, wanted.picture, wanted.staged, effects);
        }
    }

    /// Brings what is painted into sight; what was there leaves.
    fn bring(
        &mut self,
        now: Millis,
        surface: Surface,
        ticket: Ticket,
        picture: Picture,
        staged: bool,
        effects: &mut Vec<Effect>,
    ) {
        self.change(now, surface, ticket, picture, Millis(0), effects);
        self.abandon_cover(effects);
        effects.push(Effect::Shown { ticket, picture, staged });
        if let Some((ticket, clip)) = self.later.take() {
            self.upgrade(now, ticket, clip, effects);
        }
    }

    /// Puts a painted surface where the present one is.
    pub(super) fn change(
        &mut self,
        now: Millis,
        surface: Surface,
        ticket: Ticket,
        picture: Picture,
        fade: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let seen = Seen {
            surface,
            ticket,
            picture,
            ended: false,
            refused: false,
            at: None,
            moved: now,
            nudged: false,
        };
        let old = self.shown.replace(seen);
        effects.push(Effect::Reveal(surface, fade));
        if let Some(held) = surface.slot().and_then(|index| self.pool.get_mut(index)) {
            held.leaving = None;
            held.fresh = false;
            held.seen = now;
            if self.moves() {
                effects.push(Effect::Play { surface, looped: matches!(picture, Picture::Loop(_)) });
            }
        }
        match old.map(|old| old.surface) {
            Some(old @ Surface { place: Place::Slot(index), .. }) => {
                if let Some(held) = self.pool.get_mut(index) {
                    if fade == Millis(0) {
                        effects.push(Effect::Pause(old));
                    }
                    held.seen = now;
                    held.leaving = Some(now + fade + STAYS_BENEATH);
                }
            }
            Some(Surface { place: Place::Still, .. }) if surface.place == Place::Still => {}
            Some(old) => effects.push(Effect::Release(old.place)),
            None => {}
        }
    }

    pub(super) fn broken(&mut self, now: Millis, surface: Surface, effects: &mut Vec<Effect>) {
        if self.cover == Some(surface) {
            self.cover = None;
            return;
        }
        if !self.is_current(surface) {
            return;
        }
        let slot = surface.slot().and_then(|index| Some((index, self.pool.get(index)?.clip)));
        if self.shown.is_some_and(|seen| seen.surface == surface) {
            return self.lost_sight(now, effects);
        }
        if let Some((index, clip)) = slot {
            self.pool.empty(index);
            self.bad.push(clip);
            effects.push(Effect::Release(surface.place));
        }
        if let Some(wanted) = self.wanted.take_if(|wanted| wanted.surface == surface) {
            effects.push(Effect::Lost(wanted.ticket, wanted.picture));
        }
    }

    /// The video in sight has lost its decoder or its data: another slot takes over at once, or the
    /// placeholder stands in while it is loaded anew.
    fn lost_sight(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(seen) = self.shown else { return };
        self.breaks = self.breaks.saturating_add(1);
        if self.breaks > MOST_BREAKS {
            return effects.push(Effect::Lost(seen.ticket, seen.picture));
        }
        if self.wanted.is_none() {
            let wanted = Wanted { due: now, ticket: seen.ticket, picture: seen.picture, ..WANTED };
            self.reload(now, wanted, effects);
        }
        if self.wanted.is_none_or(|wanted| !self.is_painted(wanted.surface)) {
            self.stand_in(effects);
        }
    }

    /// Has the present picture loaded once more.
    pub(super) fn reload(&mut self, now: Millis, wanted: Wanted, effects: &mut Vec<Effect>) {
        // The present cue could not be shown, and what it replaced is lost too.
        if wanted.ticket < self.newest {
            return self.stand_in(effects);
        }
        if self.pool.limit() == 1 {
            self.freeze(effects);
        }
        self.want(now, wanted, effects);
    }

    /// Has the placeholder drawn to stand in for what is wanted.
    pub(super) fn stand_in(&mut self, effects: &mut Vec<Effect>) {
        let waits = self.wanted.is_some_and(|wanted| wanted.surface.place == Place::Still);
        let stands =
            self.shown.is_some_and(|seen| seen.surface.place == Place::Still && seen.ticket == self.newest);
        if self.cover.is_none() && !waits && !stands {
            self.loads = self.loads.wrapping_add(1);
            let surface = Surface { place: Place::Still, load: self.loads };
            self.cover = Some(surface);
            self.redrawn = None;
            effects.push(Effect::Draw(surface, self.newest));
        }
    }

    /// What stood in, or was about to, is no longer needed.
    fn abandon_cover(&mut self, effects: &mut Vec<Effect>) {
        if self.cover.take().is_some() && self.shown.is_none_or(|seen| seen.surface.place != Place::Still) {
            effects.push(Effect::Release(Place::Still));
        }
    }

    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn ended(&mut self, surface: Surface, effects: &mut Vec<Effect>) {
        if let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface == surface)
            && matches!(seen.picture, Picture::Once(_))
            && !seen.ended
        {
            seen.ended = true;
            effects.push(Effect::Finished(seen.ticket));
        }
    }

    pub(super) fn resize(&mut self, now: Millis, slots: usize, effects: &mut Vec<Effect>) {
        self.pool.set_limit(slots);
        self.reserved = None;
        if slots == 0 {
            self.fall_asleep(now, effects);
        } else if let Some(dormant) = self.dormant.take() {
            self.want(now, Wanted { due: now, ..dormant }, effects);
        }
        while self.pool.held().count() > self.pool.limit() {
            let (shown, wanted) = (self.shown_slot(), self.wanted.and_then(|wanted| wanted.surface.slot()));
            let desired = self.desired();
            let rank = |held: &Held| {
                desired.iter().position(|picture| picture.clip() == Some(held.clip)).unwrap_or(usize::MAX)
            };
            let others = self.pool.held().filter(|(index, _)| Some(*index) != shown);
            let worst = others.map(|(index, held)| (Some(index) != wanted, rank(held), index)).max();
            let Some((_, _, index)) = worst else { return };
            self.cover_up(index, effects);
            self.pool.empty(index);
            effects.push(Effect::Release(Place::Slot(index)));
            if let Some(gone) = self.wanted.filter(|_| Some(index) == wanted) {
                self.want(now, Wanted { staged: false, ..gone }, effects);
            }
        }
    }
}

impl Player {
    /// What is in sight gives its slot back, and leaves a copy of its frame.
    fn fall_asleep(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(seen) = self.shown.filter(|seen| seen.surface.slot().is_some()) else { return };
        self.freeze(effects);
        let once = matches!(seen.picture, Picture::Once(_));
        if once && !seen.ended {
            effects.push(Effect::Finished(seen.ticket));
        }
        if self.wanted.is_none() && !once {
            self.dormant = Some(Wanted { due: now, ticket: seen.ticket, picture: seen.picture, ..WANTED });
        }
    }
}

/// A video that is lost more often than this while one cue is shown will be lost again.
const MOST_BREAKS: u8 = 3;

/// The usual answers to what a cue leaves open; replaced before they are used.
pub(super) const WANTED: Wanted = Wanted {
    surface: Surface { place: Place::Still, load: 0 },
    ticket: Ticket(0),
    picture: Picture::Still,
    due: Millis(0),
    staged: false,
    upgrade: false,
};

impl Event {
    /// A cue that is shown as soon as it can be.
    #[must_use]
    pub const fn show(ticket: Ticket, picture: Picture) -> Self {
        Self::Show { ticket, picture, within: Millis(0) }
    }
}
