//! Whether what should move does: refused, stopped, asleep or stuck videos, and when to try again.

use super::show::WANTED;
use super::{Effect, Picture, Place, Player, Surface, Wanted};
use crate::units::Millis;

/// A playing video tells where it is four times a second (HTML, section 4.8.11.8); after this long
/// without news it is told once more to play.
const STUCK: Millis = Millis::seconds(3);
/// A paused video that paints nothing for this long is told to play: some browsers load no further
/// on their own.
const SLOW: Millis = Millis(1_500);
/// And after this long it is given up.
const HOPELESS: Millis = Millis::seconds(8);

impl Player {
    pub(super) fn at(&mut self, now: Millis, surface: Surface, at: Millis, length: Millis) {
        let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface == surface) else { return };
        if seen.at.is_none_or(|(_, before, _)| before != at) {
            seen.moved = now;
            seen.nudged = false;
            seen.refused = false;
        }
        seen.at = Some((now, at, length));
    }

    /// A still first frame is a normal state; with nothing painted, the placeholder stands in. The
    /// next touch or return to the page tries again.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn refused(&mut self, surface: Surface, effects: &mut Vec<Effect>) {
        if let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface == surface) {
            seen.refused = true;
            return;
        }
        let slot = surface.slot().and_then(|index| self.pool.get_mut(index));
        if let Some(held) = slot.filter(|held| held.load == surface.load && !held.painted) {
            held.refused = true;
            if self.wanted.is_some_and(|wanted| wanted.surface == surface) {
                self.stand_in(effects);
            }
        }
    }

    /// The user touched the page: what the browser refused to play, it may play now.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn touched(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let wanted = self.wanted.and_then(|wanted| self.pool.get(wanted.surface.slot()?));
        if self.shown.is_some_and(|seen| seen.refused) || wanted.is_some_and(|held| held.refused) {
            self.resume(now, effects);
        }
    }

    /// Plays what should move and stops what should not.
    pub(super) fn resume(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let moves = self.moves();
        if let Some(surface) = self.wanted.map(|wanted| wanted.surface)
            && let Some(held) = surface.slot().and_then(|index| self.pool.get_mut(index))
            && std::mem::take(&mut held.refused)
        {
            held.since = now;
            effects.push(Effect::Play { surface, looped: false });
        }
        let Some(seen) = self.shown.as_mut().filter(|seen| seen.surface.slot().is_some()) else { return };
        seen.moved = now;
        seen.nudged = false;
        seen.at = None;
        let surface = seen.surface;
        if !moves {
            effects.push(Effect::Pause(surface));
        } else if !seen.ended {
            effects.push(Effect::Play { surface, looped: matches!(seen.picture, Picture::Loop(_)) });
        }
    }

    /// When to look next whether what should move does.
    pub(super) fn next_check(&self) -> Option<Millis> {
        let stuck = self.should_move().map(|(moved, _)| moved + STUCK);
        let loading = self.pool.held().filter(|(_, held)| !held.painted && !held.refused && self.visible);
        let loading = loading.map(|(_, held)| held.since + if held.nudged { HOPELESS } else { SLOW }).min();
        stuck.into_iter().chain(loading).min()
    }

    /// Since when the video in sight should have moved.
    fn should_move(&self) -> Option<(Millis, bool)> {
        let seen = self.shown.filter(|seen| seen.surface.slot().is_some() && self.moves())?;
        (!seen.ended && !seen.refused && self.wanted.is_none()).then_some((seen.moved, seen.nudged))
    }

    pub(super) fn check(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if let Some((_, nudged)) = self.should_move().filter(|(moved, _)| now.since(*moved) >= STUCK)
            && let Some(seen) = self.shown.as_mut()
        {
            seen.moved = now;
            seen.nudged = true;
            let (surface, looped) = (seen.surface, matches!(seen.picture, Picture::Loop(_)));
            if nudged {
                let wanted = Wanted { due: now, ticket: seen.ticket, picture: seen.picture, ..WANTED };
                self.reload(now, wanted, effects);
            } else {
                effects.push(Effect::Play { surface, looped });
            }
        }
        if !self.visible {
            return;
        }
        for index in 0..super::SLOTS {
            let Some(held) = self.pool.get_mut(index).filter(|held| !held.painted && !held.refused) else {
                continue;
            };
            let surface = Surface { place: Place::Slot(index), load: held.load };
            let waited = now.since(held.since);
            if held.nudged && waited >= HOPELESS {
                self.broken(now, surface, effects);
            } else if !held.nudged && waited >= SLOW {
                held.nudged = true;
                effects.push(Effect::Play { surface, looped: false });
            }
        }
    }
}
