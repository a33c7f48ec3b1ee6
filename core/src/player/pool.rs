//! The slots of a player and what each holds. Answers which one may be used for something else.

use super::{ClipId, SLOTS};
use crate::units::Millis;

/// What a slot holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) load: u32,
    pub(super) clip: ClipId,
    /// It plays once.
    pub(super) once: bool,
    /// The frame that was asked for is painted.
    pub(super) painted: bool,
    /// It still is on that frame: nothing has been played since.
    pub(super) fresh: bool,
    /// That frame is in the middle.
    pub(super) middle: bool,
    /// It had frames before this was asked for.
    pub(super) rewound: bool,
    /// Covered, and out of sight at this time.
    pub(super) leaving: Option<Millis>,
    /// When it was asked for, or the page was seen again.
    pub(super) since: Millis,
    /// It was told to play, because nothing was painted.
    pub(super) nudged: bool,
    /// It may not play until the user touches the page.
    pub(super) refused: bool,
    /// When it was last in sight.
    pub(super) seen: Millis,
}

impl Held {
    pub(super) const fn new(clip: ClipId, now: Millis) -> Self {
        Self {
            load: 0,
            clip,
            once: false,
            painted: false,
            fresh: true,
            middle: false,
            rewound: false,
            leaving: None,
            since: now,
            nudged: false,
            refused: false,
            seen: Millis(0),
        }
    }

    /// Whether it can be revealed at once.
    pub(super) const fn is_ready(&self) -> bool {
        self.painted && self.fresh
    }

    /// The same, for who wants this frame.
    pub(super) fn is_ready_for(&self, middle: bool) -> bool {
        self.is_ready() && self.middle == middle
    }

    /// Whether there is no frame at all yet, and the first is the one to wait for.
    pub(super) const fn is_empty(&self) -> bool {
        !self.painted && !self.rewound && !self.middle
    }
}

/// The slots.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    slots: [Option<Held>; SLOTS],
    limit: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { slots: [None; SLOTS], limit: SLOTS }
    }
}

impl Pool {
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.min(SLOTS);
    }

    pub(super) fn get(&self, index: usize) -> Option<&Held> {
        self.slots.get(index)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Held> {
        self.slots.get_mut(index)?.as_mut()
    }

    pub(super) fn put(&mut self, index: usize, held: Held) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some(held);
        }
    }

    pub(super) fn empty(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = None;
        }
    }

    /// The slots that hold something, with their indices.
    pub(super) fn held(&self) -> impl Iterator<Item = (usize, &Held)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.as_ref()?)))
    }

    /// Indices of what is held, by when it was last in sight.
    pub(super) fn latest_first(&self) -> Vec<usize> {
        let mut indices: Vec<usize> = self.held().map(|(index, _)| index).collect();
        indices.sort_unstable_by_key(|index| std::cmp::Reverse(self.get(*index).map(|held| held.seen)));
        indices
    }

    /// An unused slot where fewer than `most` are used, or the one of those that `may` go that was in sight
    /// longest ago.
    pub(super) fn spare(&self, most: usize, may: impl Fn(usize, &Held) -> bool) -> Option<usize> {
        if self.held().count() < most {
            return self.slots.iter().position(Option::is_none);
        }
        let may = self.held().filter(|(index, held)| may(*index, held));
        may.min_by_key(|(_, held)| held.seen).map(|(index, _)| index)
    }

    /// While a page is out of sight nothing is painted, and nobody is to blame for it.
    pub(super) fn restart_clocks(&mut self, now: Millis) {
        for held in self.slots.iter_mut().flatten() {
            held.since = now;
        }
    }
}
