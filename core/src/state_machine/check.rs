//! Proof that a configuration cannot trap a character: every state of a plan can be reached from
//! every other, and every one of them comes to rest again. It plays the real machine, so what it
//! proves is what will happen; a failure is told as the path that leads to it.

use super::rules::{Activity, Mood, Rules, SignalKind};
use super::{Event, Signal, StateMachine};
use crate::catalog::{Catalog, Tier};
use crate::units::Millis;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CounterExample {
    /// A rule names a state that the catalogue does not have.
    #[error("a rule names the state {0}, which the catalogue does not have")]
    Unknown(String),
    /// No rule brings a state of the plan.
    #[error("no rule brings the state {0}")]
    Unreachable(String),
    /// A state cannot be reached from another one.
    #[error("{wanted} is never shown along this path: {}", path.join(" -> "))]
    DeadEnd {
        /// The state that never came.
        wanted: String,
        /// What happened, in order.
        path: Vec<String>,
    },
    /// The character does not come to rest.
    #[error("no rest after this path: {}", path.join(" -> "))]
    Restless {
        /// What happened, in order.
        path: Vec<String>,
    },
}

/// One way to bring a state, and the signals that let others follow.
struct Way<'r> {
    state: &'r str,
    start: Signal,
    end: Option<Signal>,
}

/// Checks `rules` against `catalog` for one plan.
///
/// # Errors
/// The first counter-example found.
pub fn check(rules: &Rules, catalog: &Catalog, tier: Tier) -> Result<(), CounterExample> {
    let named = rules.activities.iter().map(|a| &a.state).chain(rules.moods.iter().map(|m| &m.state));
    for name in named.chain([&rules.rest]) {
        if catalog.state(name).is_none() {
            return Err(CounterExample::Unknown(name.clone()));
        }
    }
    let activities = rules.activities.iter().filter_map(|activity| way_of_activity(rules, activity));
    let moods = rules.moods.iter().filter_map(|mood| way_of_mood(rules, mood));
    let ways: Vec<Way<'_>> = activities.chain(moods).collect();
    for state in catalog.states_of(tier) {
        if state.id != rules.rest && !ways.iter().any(|way| way.state == state.id) {
            return Err(CounterExample::Unreachable(state.id.clone()));
        }
        // Every state must come from rest by at least one of its ways, and after every other state.
        let mine: Vec<&Way<'_>> = ways.iter().filter(|way| way.state == state.id).collect();
        for first in &ways {
            let mut shortest = None;
            let reached = mine.is_empty()
                || mine.iter().any(|second| match follow(rules, catalog, tier, first, second) {
                    Ok(()) => true,
                    Err(path) => {
                        shortest.get_or_insert(path);
                        false
                    }
                });
            if !reached {
                let path = shortest.unwrap_or_default();
                return Err(CounterExample::DeadEnd { wanted: state.id.clone(), path });
            }
        }
    }
    for way in &ways {
        let mut machine = StateMachine::with(rules, catalog, tier);
        let mut now = Millis(0);
        let _ = machine.on(now, Event::Signal(way.start.clone()));
        settle(&mut machine, &mut now);
        if machine.state() != rules.rest {
            return Err(CounterExample::Restless { path: vec![format!("{:?}", way.start)] });
        }
    }
    Ok(())
}

/// Plays `first`, then `second`, and ends what goes on. The path, when `second` never shows.
fn follow(
    rules: &Rules,
    catalog: &Catalog,
    tier: Tier,
    first: &Way<'_>,
    second: &Way<'_>,
) -> Result<(), Vec<String>> {
    let mut machine = StateMachine::with(rules, catalog, tier);
    let mut now = Millis(0);
    let mut path = vec![rules.rest.clone()];
    let mut seen = false;
    let mut signals = vec![&first.start, &second.start];
    signals.extend([&first.end, &second.end].into_iter().flatten());
    for (index, signal) in signals.into_iter().enumerate() {
        path.push(format!("{signal:?}"));
        let _ = machine.on(now, Event::Signal(signal.clone()));
        now = now + rules.dwell;
        let _ = machine.on(now, Event::Wake);
        path.push(machine.state().to_owned());
        seen |= index > 0 && machine.state() == second.state;
    }
    for _ in 0..STEPS {
        let Some(next) = machine.next_wake(now) else { break };
        now = next;
        let _ = machine.on(now, Event::Wake);
        seen |= machine.state() == second.state;
    }
    if seen { Ok(()) } else { Err(path) }
}

/// More deadlines than any queue of moods and activities can hold.
const STEPS: usize = 64;

fn settle(machine: &mut StateMachine<'_>, now: &mut Millis) {
    for _ in 0..STEPS {
        let Some(next) = machine.next_wake(*now) else { break };
        *now = next;
        let _ = machine.on(*now, Event::Wake);
    }
}

fn way_of_activity<'r>(rules: &Rules, activity: &'r Activity) -> Option<Way<'r>> {
    let kind = *activity.starts.first()?;
    Some(Way { state: &activity.state, start: example(kind, None), end: end_of(rules, kind) })
}

fn way_of_mood<'r>(rules: &Rules, mood: &'r Mood) -> Option<Way<'r>> {
    let start = example(mood.on, Some(mood));
    mood.fits(&start).then(|| Way { state: &mood.state, start, end: end_of(rules, mood.on) })
}

/// What ends the activity that `kind` starts: a signal that neither starts another nor clears the
/// moods, for either would hide what follows. None when only time ends it.
fn end_of(rules: &Rules, kind: SignalKind) -> Option<Signal> {
    let loud = |kind: &SignalKind| {
        rules.activities.iter().any(|other| other.starts.contains(kind))
            || rules.moods.iter().any(|mood| mood.on == *kind && mood.clears)
    };
    let activity = rules.activities.iter().find(|activity| activity.starts.contains(&kind))?;
    activity.ends.iter().find(|kind| !loud(kind)).map(|kind| example(*kind, None))
}

/// A signal of this kind that brings `mood`, if any signal can.
fn example(kind: SignalKind, mood: Option<&Mood>) -> Signal {
    let word = mood.and_then(|m| m.words.first()).cloned().unwrap_or_default();
    let between = |low: f64, high: f64| {
        let low = mood.and_then(|m| m.above).unwrap_or(low);
        let high = mood.and_then(|m| m.below).unwrap_or(high);
        f64::midpoint(low, high)
    };
    match kind {
        SignalKind::Opened => Signal::Opened,
        SignalKind::Closed => Signal::Closed,
        SignalKind::Hover => Signal::Hover,
        SignalKind::Typing => Signal::Typing,
        SignalKind::Sent => Signal::Sent { text: word },
        SignalKind::StreamStarted => Signal::StreamStarted,
        SignalKind::StreamToken => Signal::StreamToken { text: word },
        SignalKind::StreamEnded => Signal::StreamEnded,
        SignalKind::Sentiment => Signal::Sentiment { value: between(-1.0, 1.0) },
        SignalKind::Confidence => {
            Signal::Confidence { value: between(0.0, 1.0), technical: mood.is_some_and(|m| m.technical) }
        }
        SignalKind::OffTopic => Signal::OffTopic,
        SignalKind::Error => Signal::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::built_in;

    #[test]
    fn no_shipped_plan_can_trap_a_character() {
        for tier in [Tier::Free, Tier::Pro, Tier::Enterprise] {
            check(Rules::built_in(), built_in(), tier).unwrap();
        }
    }

    #[test]
    fn a_state_without_a_rule_is_named() {
        let mut rules = Rules::built_in().clone();
        rules.moods.retain(|mood| mood.state != "sad");
        let found = check(&rules, built_in(), Tier::Enterprise).unwrap_err();
        assert_eq!(found, CounterExample::Unreachable("sad".into()));
        check(&rules, built_in(), Tier::Pro).unwrap();
    }

    #[test]
    fn a_limit_that_no_value_can_pass_makes_a_state_unreachable() {
        let mut rules = Rules::built_in().clone();
        for mood in rules.moods.iter_mut().filter(|mood| mood.state == "happy") {
            mood.above = Some(1.5);
        }
        let found = check(&rules, built_in(), Tier::Enterprise).unwrap_err();
        assert_eq!(found, CounterExample::Unreachable("happy".into()));
    }

    #[test]
    fn a_mood_too_impatient_for_any_activity_is_a_dead_end() {
        let mut rules = Rules::built_in().clone();
        for mood in rules.moods.iter_mut().filter(|mood| mood.state == "surprised") {
            mood.waits = Millis(0);
        }
        match check(&rules, built_in(), Tier::Enterprise).unwrap_err() {
            CounterExample::DeadEnd { wanted, path } => {
                assert_eq!(wanted, "surprised");
                assert!(path.len() > 2, "{path:?}");
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_rule_for_a_state_that_does_not_exist_is_refused() {
        let mut rules = Rules::built_in().clone();
        rules.rest = "asleep".into();
        let found = check(&rules, built_in(), Tier::Free).unwrap_err();
        assert_eq!(found, CounterExample::Unknown("asleep".into()));
    }
}
