//! When a request hangs: how long one may say nothing before it is stopped. A job is no request: however
//! long a clip takes to make, each question about it is answered at once.

use super::{Effect, Event, Supply};
use crate::cache_key::CacheKey;
use crate::units::Millis;

/// A request that says nothing for this long is stopped, and counts as one that got no answer. Room for
/// three lost packets in a row, whose repetitions come 1, 2 and 4 s later (RFC 6298, section 5), and for the
/// edge to look into its store.
pub(super) const LONGEST_SILENCE: Millis = Millis::seconds(10);

impl Event {
    /// The clip whose request has ended.
    pub(super) const fn ends_request(&self) -> Option<&CacheKey> {
        match self {
            Self::Got(key)
            | Self::Stored(key)
            | Self::Absent(key)
            | Self::Unreachable(key)
            | Self::Faltered { key, .. }
            | Self::Refused { key, .. }
            | Self::Limited { key, .. }
            | Self::Spent { key, .. }
            | Self::Unauthorized { key, .. }
            | Self::Job { key, .. } => Some(key),
            _ => None,
        }
    }
}

impl Supply {
    /// The request for this clip has ended.
    pub(super) fn ended(&mut self, key: &CacheKey) {
        if let Some(line) = self.lines.get_mut(key) {
            line.hangs_at = None;
        }
    }

    /// More of what was asked for has come.
    pub(super) fn heard_more(&mut self, now: Millis, key: &CacheKey) {
        if let Some(at) = self.lines.get_mut(key).and_then(|line| line.hangs_at.as_mut()) {
            *at = now + LONGEST_SILENCE;
        }
    }

    /// Stops what has said nothing for too long.
    pub(super) fn stop_what_hangs(&mut self, now: Millis) -> Vec<Effect> {
        let hung = self.lines.iter_mut().filter(|(_, line)| line.hangs_at.is_some_and(|at| at <= now));
        let hung: Vec<CacheKey> = hung
            .map(|(key, line)| {
                line.hangs_at = None;
                *key
            })
            .collect();
        let mut effects = Vec::new();
        for key in hung {
            effects.push(Effect::Abort(key));
            effects.extend(self.unreachable(now, key));
        }
        effects
    }
}
