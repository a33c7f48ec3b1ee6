//! When a change is said to people who listen to a page: the first at once, then never two within a
//! few seconds, and always the last. Knows no words.

use crate::units::Millis;

/// How long between two announcements at least: a sentence has been read by then.
pub const GAP: Millis = Millis::seconds(3);

/// What is to be done about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Say how things are.
    Now,
    /// Call [`Announcer::due`] at this time, and say how things are then.
    At(Millis),
    /// What is said next will be about this, too.
    Covered,
}

/// Keeps announcements apart.
#[derive(Debug, Clone, Copy, Default)]
pub struct Announcer {
    said: Option<Millis>,
    waits: bool,
}

impl Announcer {
    /// Something changed.
    #[must_use]
    pub fn changed(&mut self, now: Millis) -> Turn {
        if self.waits {
            return Turn::Covered;
        }
        match self.said.map(|said| said + GAP).filter(|next| *next > now) {
            Some(next) => {
                self.waits = true;
                Turn::At(next)
            }
            None => {
                self.said = Some(now);
                Turn::Now
            }
        }
    }

    /// The time has come: how things are is said now.
    pub fn due(&mut self, now: Millis) {
        self.waits = false;
        self.said = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_is_said_twice_within_the_gap_and_the_last_change_is_always_said(
            gaps in prop::collection::vec(0u64..5_000, 1..60)
        ) {
            let mut announcer = Announcer::default();
            let (mut now, mut alarm, mut said, mut changed) = (Millis(0), None, Vec::new(), Millis(0));
            for gap in gaps {
                let next = now + Millis(gap);
                if let Some(at) = alarm.filter(|at| *at <= next) {
                    announcer.due(at);
                    said.push(at);
                    alarm = None;
                }
                now = next;
                changed = now;
                match announcer.changed(now) {
                    Turn::Now => said.push(now),
                    Turn::At(at) => {
                        prop_assert!(alarm.is_none() && at > now);
                        alarm = Some(at);
                    }
                    Turn::Covered => prop_assert!(alarm.is_some()),
                }
            }
            said.extend(alarm);
            for pair in said.windows(2) {
                prop_assert!(pair[1].since(pair[0]) >= GAP, "{said:?}");
            }
            prop_assert!(said.last().is_some_and(|last| *last >= changed));
        }
    }
}
