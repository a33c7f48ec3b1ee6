//! When the edge cannot be reached: how soon it is tried again, with one request at a time, and when
//! that is told.

use super::{Effect, Event, SLOWEST_POLL, Stage, Supply};
use crate::cache_key::CacheKey;
use crate::units::Millis;

/// The time since the last answer, as far as requests have failed since.
#[derive(Debug, Clone, Default)]
pub(super) struct Outage {
    /// How often the edge was tried in vain; 0 while it can be reached.
    tries: u32,
    /// When it is tried again.
    next: Option<Millis>,
    /// Whether anybody was told.
    told: bool,
}

/// The first pause, in milliseconds; doubled up to [`LONGEST`].
const FIRST: u64 = 500;
/// The longest pause between two tries, in milliseconds: a page must not look dead for long after the
/// network is back.
const LONGEST: u64 = 5_000;

impl Outage {
    /// When the edge is tried again.
    pub(super) const fn next_try(&self) -> Option<Millis> {
        self.next
    }

    /// The longest pause between two polls, in milliseconds.
    pub(super) const fn slowest_poll(&self) -> u64 {
        if self.tries > 0 { LONGEST } else { SLOWEST_POLL }
    }

    /// There was an answer. Whether that ends an outage.
    pub(super) const fn is_over(&mut self) -> bool {
        let over = self.tries > 0;
        self.tries = 0;
        self.next = None;
        over
    }

    /// What was to try the edge was found on the device: something else will have to.
    pub(super) fn goes_on(&mut self, now: Millis) {
        if self.tries > 0 {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Millis) {
        // Of several requests that fail together only the first counts.
        if self.next.is_none() {
            self.next = Some(now + Millis((FIRST << self.tries.min(10)).min(LONGEST)));
            self.tries = self.tries.saturating_add(1);
        }
    }
}

impl Event {
    /// Whether it shows that the edge can be reached.
    pub(super) const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Got(_)
                | Self::Absent(_)
                | Self::Faltered { .. }
                | Self::Refused { .. }
                | Self::Limited { .. }
                | Self::Spent { .. }
                | Self::Unauthorized { .. }
                | Self::Job { .. }
                | Self::News(_)
                | Self::Socket(true)
        )
    }
}

impl Supply {
    /// Whether the edge can be reached, as far as is known.
    #[must_use]
    pub const fn reaches_the_edge(&self) -> bool {
        !self.outage.told
    }

    /// A request got no answer. A guess is given up; what is wanted is tried until it is there.
    pub(super) fn unreachable(&mut self, now: Millis, key: CacheKey) -> Vec<Effect> {
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        let sent = line.answered();
        let failed = matches!(line.stage, Stage::Fetching { .. }) || sent && line.stage == Stage::Asking;
        let mut effects = Vec::new();
        if !line.urgent {
            if failed {
                return self.fail(now, key, "unreachable".into(), super::UNREACHABLE.to_owned());
            }
            return effects;
        }
        if failed {
            line.rest(None);
            effects.push(Effect::Far(key));
        } else if let Stage::Making { ask_at, .. } = &mut line.stage {
            // A poll is simply repeated; the job goes on without us.
            *ask_at = (*ask_at).min(now + Millis(LONGEST));
        }
        self.outage.begin(now);
        if !std::mem::replace(&mut self.outage.told, true) {
            effects.push(Effect::Reach(false));
        }
        effects
    }

    /// The browser has a network again.
    // Apart, because a first frame does not take it.
    #[inline(never)]
    pub(super) fn online(&mut self, now: Millis) -> Vec<Effect> {
        if self.outage.tries == 0 {
            return Vec::new();
        }
        self.outage.tries = 1;
        self.outage.next = Some(now);
        self.poll_at_once(now);
        self.wake(now)
    }

    /// There is an answer again: everything that rested for the want of one is tried at once.
    pub(super) fn reached(&mut self, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        if std::mem::take(&mut self.outage.told) {
            effects.push(Effect::Reach(true));
        }
        self.poll_at_once(now);
        for (key, line) in self.lines.iter_mut() {
            if matches!(line.stage, Stage::Resting { at: None, .. }) {
                effects.extend(line.resume(now, key));
            }
        }
        effects
    }

    /// Tries what is on screen now, if it is time: the rest follows when that is answered.
    pub(super) fn probe(&mut self, now: Millis) -> Vec<Effect> {
        if self.outage.next.take_if(|at| *at <= now).is_none() {
            return Vec::new();
        }
        // A POST that may not go out would tell nothing.
        let posts = self.gate.admits(0);
        let may_go = |line: &super::Line| match &line.stage {
            Stage::Resting { at: None, then } => Some(posts || **then != Stage::Asking),
            _ => None,
        };
        let resting = self.lines.iter_mut().filter_map(|(key, line)| Some((may_go(line)?, key, line)));
        let newest = resting.max_by_key(|(may_go, _, line)| (*may_go, line.wish));
        newest.and_then(|(_, key, line)| line.resume(now, key)).into_iter().collect()
    }

    fn poll_at_once(&mut self, now: Millis) {
        let socket = self.socket;
        for line in self.lines.values_mut() {
            if let Stage::Making { ask_at, .. } = &mut line.stage
                && !socket
            {
                *ask_at = (*ask_at).min(now);
            }
        }
    }
}
