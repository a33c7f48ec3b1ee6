//! Where a running loop ends, and how its next round begins: a good moment for a switch, and the
//! handing over from one slot to another.

use super::{Effect, Picture, Place, Player, Seam, Surface};
use crate::units::Millis;

/// What is revealed is composited about one frame at 60 a second later.
const LEAD: Millis = Millis(14);
/// Later than this after the end, the browser has started the clip over by itself.
const TOO_LATE: Millis = Millis(4);
/// A clip must be this long to be handed over: shorter ones would keep two decoders seeking.
const SHORTEST: Millis = Millis(600);

impl Player {
    /// When to switch within `within`: where the present loop ends, if that is soon enough; now,
    /// otherwise.
    pub(super) fn good_moment(&self, now: Millis, within: Millis) -> Millis {
        match self.loop_end(now).map(|end| end.since(LEAD)) {
            Some(moment) if moment.since(now) <= within => moment,
            _ => now,
        }
    }

    /// When the running loop is at its end next.
    fn loop_end(&self, now: Millis) -> Option<Millis> {
        let seen = self.shown.filter(|seen| matches!(seen.picture, Picture::Loop(_)) && self.moves())?;
        let (told, at, length) = seen.at.filter(|_| !seen.refused && seen.surface.slot().is_some())?;
        if length == Millis(0) {
            return None;
        }
        let first = told + length.since(at);
        let rounds = now.since(first + TOO_LATE).0.div_ceil(length.0);
        Some(first + Millis(rounds.saturating_mul(length.0)))
    }

    fn fade(&self) -> Option<Millis> {
        match self.seam {
            Seam::Native => None,
            Seam::Crossfade(fade) => Some(fade),
        }
    }

    /// The clip of which a second slot should wait on the first frame. With two slots only, what is
    /// likely next is worth more than a smoother seam.
    pub(super) fn twin_wanted(&self) -> Option<Picture> {
        let seen = self.shown.filter(|_| self.fade().is_some() && self.pool.limit() > 2 && self.moves())?;
        let long = seen.at.is_none_or(|(_, _, length)| length >= SHORTEST);
        match seen.picture {
            Picture::Loop(_) if long && seen.surface.slot().is_some() => Some(seen.picture),
            _ => None,
        }
    }

    fn twin(&self) -> Option<Surface> {
        let (clip, shown) = (self.twin_wanted()?.clip()?, self.shown_slot());
        let twin = |(index, held): &(usize, &super::Held)| {
            Some(*index) != shown && held.clip == clip && held.is_ready_for(false)
        };
        let (index, held) = self.pool.held().find(twin)?;
        Some(Surface { place: Place::Slot(index), load: held.load })
    }

    /// When the present loop is to be handed over.
    pub(super) fn next_seam(&self, now: Millis) -> Option<Millis> {
        if self.wanted.is_some() {
            return None;
        }
        self.twin()?;
        self.seam_at(now)
    }

    fn seam_at(&self, now: Millis) -> Option<Millis> {
        let lead = self.fade()?.0.max(LEAD.0);
        Some(self.loop_end(now)?.since(Millis(lead)))
    }

    pub(super) fn join_the_loop(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.wanted.is_some() || self.seam_at(now).is_none_or(|at| at > now) {
            return;
        }
        let (Some(seen), Some(twin), Some(fade)) = (self.shown, self.twin(), self.fade()) else { return };
        self.seams = self.seams.wrapping_add(1);
        self.change(now, twin, seen.ticket, seen.picture, fade, effects);
    }
}
