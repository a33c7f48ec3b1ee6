//! What the player hears and what it has its stage do.

use crate::units::Millis;

/// Numbers cues in the order they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

/// Stands for a clip; the stage knows which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipId(pub u32);

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// A clip, again and again.
    Loop(ClipId),
    /// A clip, once; its last frame stays.
    Once(ClipId),
    /// The placeholder.
    Still,
}

impl Picture {
    /// The clip, if it is one.
    #[must_use]
    pub const fn clip(self) -> Option<ClipId> {
        match self {
            Self::Loop(clip) | Self::Once(clip) => Some(clip),
            Self::Still => None,
        }
    }
}

/// Where something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A video, by its index, below [`super::SLOTS`].
    Slot(usize),
    /// The picture that stands in for a video.
    Still,
    /// A copy of the last frame of the only slot, while that is being loaded anew.
    Frozen,
}

/// One use of a place. A place that is used again is another surface, so that news of what it held
/// before concerns nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surface {
    /// Where.
    pub place: Place,
    /// The how-manieth load of this player.
    pub load: u32,
}

impl Surface {
    /// The index of its video, if it is one.
    #[must_use]
    pub const fn slot(self) -> Option<usize> {
        match self.place {
            Place::Slot(index) => Some(index),
            Place::Still | Place::Frozen => None,
        }
    }
}

/// How a loop joins its end to its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seam {
    /// The browser starts the video over. Chromium holds the last frame for 15 to 35 ms longer than
    /// the others while it seeks.
    Native,
    /// A second slot waits on the first frame of the same clip and takes over at the end, over this
    /// long; zero is a cut.
    Crossfade(Millis),
}

impl Default for Seam {
    /// A cut: no frame is held too long, and none is a mixture of two.
    fn default() -> Self {
        Self::Crossfade(Millis(0))
    }
}

/// What the player is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Show this. A cue may be given a second picture under the same ticket: a clip for its
    /// placeholder.
    Show {
        /// Whose cue.
        ticket: Ticket,
        /// What.
        picture: Picture,
        /// One loop may wait this long for the end of another.
        within: Millis,
    },
    /// The same moment in another quality: takes over where the loop of this ticket begins anew,
    /// never within a one-shot.
    Upgrade(Ticket, ClipId),
    /// These are at hand and may be shown next, likeliest first.
    Likely(Vec<Picture>),
    /// A clip that was asked for is on its way: a slot is to be empty when it comes.
    Coming,
    /// The frame that was asked for is painted.
    Painted(Surface),
    /// What was loaded cannot be shown, or can no longer.
    Broken(Surface),
    /// A clip that plays once is at its end.
    Ended(Surface),
    /// A video plays, and is here; told some times a second.
    At {
        /// Which.
        surface: Surface,
        /// Where it is in its clip.
        at: Millis,
        /// How long the clip is.
        length: Millis,
    },
    /// The browser refused to play.
    Refused(Surface),
    /// What the browser did not load of its own accord can be played now.
    Playable(Surface),
    /// The user touched the page: what was refused may be allowed now.
    Touched,
    /// The page is seen, or not. Also told when it comes back from sleep or from the page cache.
    Visible(bool),
    /// The user wants little motion, or does not mind.
    Calm(bool),
    /// The user stopped the character, or lets it go on.
    Paused(bool),
    /// This many slots may be held from now on, at most [`super::SLOTS`]. With none a still is shown: a copy
    /// of the last frame, or the placeholder of a newer cue.
    Slots(usize),
    /// The time of [`super::Player::next_wake`] has come.
    Tick,
}

/// What the player asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Load a clip out of sight, paused, and report its first frame, or the one in its middle.
    Load {
        /// Where.
        surface: Surface,
        /// What.
        clip: ClipId,
        /// The frame to wait on is in the middle.
        middle: bool,
    },
    /// Go back to the first frame (or the middle one) of what the slot holds, out of sight, paused,
    /// and report it as painted.
    Rewind {
        /// Where, with a new number.
        surface: Surface,
        /// The frame to wait on is in the middle.
        middle: bool,
    },
    /// Draw the placeholder of this ticket out of sight, and report it as painted.
    Draw(Surface, Ticket),
    /// Cover a slot in sight with a copy of its frame.
    Freeze(Surface),
    /// Put this above what is in sight although it has no frame yet: a video without one is transparent, so
    /// its first frame is seen in the very frame in which it is painted. What is in sight stays beneath.
    Raise(Surface),
    /// Bring this into sight, above all else, over this long.
    Reveal(Surface, Millis),
    /// Play; start over at the end, or not.
    Play {
        /// Which.
        surface: Surface,
        /// Whether it starts over.
        looped: bool,
    },
    /// Stop where it is.
    Pause(Surface),
    /// Take a slot out of sight that something covers, and stop it. What it holds stays.
    Hide(Surface),
    /// Let go of what a place holds.
    Release(Place),
    /// This is on screen now.
    Shown {
        /// Whose cue.
        ticket: Ticket,
        /// What.
        picture: Picture,
        /// It had been waiting on its painted first frame.
        staged: bool,
    },
    /// The one-shot of this ticket has been played.
    Finished(Ticket),
    /// The ticket's picture could not be shown; what was there stays.
    Lost(Ticket, Picture),
}
