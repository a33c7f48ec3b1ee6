//! Which states were made anew lately, and when each may be again. Knows nothing of money.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::problem::Code;
use crate::units::Millis;

/// Most cooldowns that run at once. A bound on what is stored: what a tenant regenerates costs
/// money, and its budget ends long before.
pub(super) const MOST: usize = 1_000;

/// The cooldowns that run, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Cooldowns {
    running: VecDeque<Cooldown>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cooldown {
    /// Names the regeneration.
    id: String,
    character: String,
    state: String,
    /// When it began.
    at: Millis,
}

impl Cooldowns {
    /// Starts the cooldown of a state, unless one runs that another regeneration has started.
    pub(super) fn start(
        &mut self,
        now: Millis,
        cooldown: Millis,
        id: String,
        character: String,
        state: String,
    ) -> Result<(), Refusal> {
        while self.running.front().is_some_and(|first| first.at + cooldown <= now) {
            self.running.pop_front();
        }
        let same = |one: &&Cooldown| one.character == character && one.state == state;
        if let Some(running) = self.running.iter().find(same) {
            return if running.id == id { Ok(()) } else { Err(refusal(running.at, now, cooldown)) };
        }
        if let Some(first) = self.running.front().filter(|_| self.running.len() >= MOST) {
            let retry_after = (first.at + cooldown).since(now);
            let detail = format!(
                "{MOST} states were made anew lately, which is the most at a time. One more may be in {}.",
                in_words(retry_after)
            );
            return Err(Refusal { code: Code::RateLimited, detail, retry_after });
        }
        // A clock that went back must not unsort the times.
        let at = self.running.back().map_or(now, |last| now.max(last.at));
        self.running.push_back(Cooldown { id, character, state, at });
        Ok(())
    }
}

fn refusal(at: Millis, now: Millis, cooldown: Millis) -> Refusal {
    let retry_after = (at + cooldown).since(now);
    let detail = format!(
        "A state may be made anew once in {}. This one was, and may be again in {}.",
        in_words(cooldown),
        in_words(retry_after)
    );
    Refusal { code: Code::CooldownActive, detail, retry_after }
}

/// Hours and minutes, rounded up to the minute, so that who waits as long is not refused again.
pub(super) fn in_words(span: Millis) -> String {
    let minutes = span.0.div_ceil(60_000).max(1);
    let of = |count: u64, unit: &str| match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    };
    match (minutes / 60, minutes % 60) {
        (0, minutes) => of(minutes, "minute"),
        (hours, 0) => of(hours, "hour"),
        (hours, minutes) => format!("{} {}", of(hours, "hour"), of(minutes, "minute")),
    }
}
