//! Proof that a configuration cannot trap a character. It plays the real machine, so what it proves is
//! what will happen; a failure is told as the path that leads to it.
//!
//! The proof has two halves. First: after any one event, quiet alone brings the character to rest. An
//! activity ends by its own time and a mood is forgotten or shown by its own, whatever else goes on, so
//! what holds after every single event holds after any number of them: no situation lasts. Second:
//! from rest, every state is brought by an event. Together: whatever happened, every state can be left
//! and shown again. Beyond that, no priority is a dead end: whatever one event has begun, an event
//! that brings a state gets to show it as soon as things end, and is not outlasted and forgotten.

use std::rc::Rc;

use super::config::Config;
use super::rules::Mood;
use super::signal::{Signal, SignalKind, Signals, Who};
use super::{Event, StateMachine};
use crate::catalog::Tier;
use crate::units::Millis;

/// Why a configuration is refused. A path tells events in brackets and the states they lead to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CounterExample {
    /// No rule brings a state of the plan.
    #[error(
        "nothing ever shows `{0}`: give it an activity or a mood, or put it into `without_rules` and show it with setState"
    )]
    NoRule(String),
    /// A state has rules, and none of them ever shows it.
    #[error("`{wanted}` is never shown, not even by its own rule: {}", path.join(" -> "))]
    Unreachable {
        /// The state that never came.
        wanted: String,
        /// What happened, in order.
        path: Vec<String>,
    },
    /// A state cannot be reached from another one.
    #[error("`{wanted}` is refused until it is forgotten, whatever ends meanwhile: {}", path.join(" -> "))]
    DeadEnd {
        /// The state that never came.
        wanted: String,
        /// What happened, in order.
        path: Vec<String>,
    },
    /// The character does not come to rest.
    #[error("the character stays in `{state}` for good when nothing else happens, as when a connection is lost: {}; give its activity a `times_out_ms`", path.join(" -> "))]
    Restless {
        /// The state that it is left in.
        state: String,
        /// What happened, in order.
        path: Vec<String>,
    },
    /// There are too many rules to try out.
    #[error("these are too many rules to be checked: leave some out")]
    TooLarge,
}

impl CounterExample {
    /// What programs tell it by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRule(_) => "state_without_rule",
            Self::Unreachable { .. } => "state_unreachable",
            Self::DeadEnd { .. } => "state_refused",
            Self::Restless { .. } => "state_without_exit",
            Self::TooLarge => "too_many_rules",
        }
    }
}

/// Checks a configuration for one plan. The built-in one takes some milliseconds.
///
/// # Errors
/// The first counter-example found.
pub fn check(config: &Rc<Config>, tier: Tier) -> Result<(), CounterExample> {
    let rules = config.rules();
    let mut events: Vec<Signal> = Vec::new();
    let examples =
        rules.moods.iter().flat_map(|mood| mood.on.kinds().map(move |kind| example(kind, Some(mood))));
    for event in SignalKind::ALL.into_iter().map(|kind| example(kind, None)).chain(examples) {
        if !events.contains(&event) {
            events.push(event);
        }
    }
    let ends = rules.activities.iter().fold(Signals::default(), |ends, activity| ends.or(activity.ends));
    let mut trial = Trial { config, tier, ends, steps: 0 };
    for event in &events {
        let mut scene = trial.scene();
        scene.hear(event);
        while scene.wait() {}
        if !scene.machine.is_at_rest() {
            let going_on =
                rules.activities.iter().zip(&scene.machine.active).find(|(_, slot)| slot.is_some());
            let state = going_on.map_or(scene.machine.state(), |(activity, _)| &activity.state).to_owned();
            return Err(CounterExample::Restless { state, path: trial.tell(&[event]) });
        }
    }
    for state in config.states().filter(|state| state.tier <= tier) {
        let wanted = state.id.as_str();
        if wanted == rules.rest || !config.wants_rule(wanted) {
            continue;
        }
        let ways = ways(config, wanted);
        let Some(way) = ways.first() else { return Err(CounterExample::NoRule(state.id.clone())) };
        let told = |trial: &Trial<'_>, before: &[&Signal]| {
            let path: Vec<&Signal> = before.iter().copied().chain(way).collect();
            trial.tell(&path)
        };
        if !trial.comes(None, &ways, wanted)? {
            return Err(CounterExample::Unreachable { wanted: state.id.clone(), path: told(&trial, &[]) });
        }
        for before in &events {
            if !trial.comes(Some(before), &ways, wanted)? {
                let path = told(&trial, &[before]);
                return Err(CounterExample::DeadEnd { wanted: state.id.clone(), path });
            }
        }
    }
    Ok(())
}

/// The rows of events that bring a state, as its rules say.
fn ways(config: &Config, state: &str) -> Vec<Vec<Signal>> {
    let rules = config.rules();
    let activities = rules.activities.iter().filter(|activity| activity.state == state);
    let mut ways: Vec<Vec<Signal>> = Vec::new();
    for kind in activities.flat_map(|activity| activity.starts.kinds()) {
        ways.push(vec![example(kind, None)]);
    }
    for mood in rules.moods.iter().filter(|mood| mood.state == state) {
        for signal in mood.on.kinds().map(|kind| example(kind, Some(mood))).filter(|signal| mood.fits(signal))
        {
            ways.push(if mood.first { vec![Signal::Opened, signal] } else { vec![signal] });
        }
    }
    ways
}

/// The trials of one configuration.
struct Trial<'c> {
    config: &'c Rc<Config>,
    tier: Tier,
    /// Every kind of event that ends an activity.
    ends: Signals,
    /// How often a machine was asked.
    steps: u32,
}

/// A machine on trial, and its clock.
#[derive(Clone)]
struct Scene {
    machine: StateMachine,
    now: Millis,
}

/// How often a machine is asked at most; a page has to answer within a blink.
const MOST_STEPS: u32 = 400_000;
/// More deadlines than a queue of moods and the activities can hold.
const MOST_WAKES: usize = 64;
/// How many endings are tried in a row: one for each thing that two events begin.
const ENDINGS: u32 = 2;

impl Scene {
    fn hear(&mut self, signal: &Signal) {
        let _ = self.machine.on(self.now, Event::Signal(signal.clone()));
    }

    fn pass(&mut self, span: Millis) {
        self.now = self.now + span;
        let _ = self.machine.on(self.now, Event::Wake);
    }

    /// Lets time pass until it changes something; false when it changes nothing any more.
    fn wait(&mut self) -> bool {
        let Some(next) = self.machine.next_wake(self.now) else { return false };
        self.pass(next.since(self.now));
        true
    }
}

impl Trial<'_> {
    fn scene(&self) -> Scene {
        Scene { machine: StateMachine::with(self.config.clone(), self.tier), now: Millis(0) }
    }

    /// Whether one of the ways leads to the state, after `before` and before it is forgotten.
    fn comes(
        &mut self,
        before: Option<&Signal>,
        ways: &[Vec<Signal>],
        wanted: &str,
    ) -> Result<bool, CounterExample> {
        let mut start = self.scene();
        if let Some(before) = before {
            start.hear(before);
            start.pass(self.config.rules().dwell);
        }
        // What brings the state again proves nothing about the first time.
        let bringing = ways.iter().flatten().fold(Signals::default(), |set, signal| set.and(signal.kind()));
        let endings: Vec<Signal> =
            self.ends.kinds().filter(|kind| !bringing.has(*kind)).map(|kind| example(kind, None)).collect();
        for way in ways {
            let mut scene = start.clone();
            way.iter().for_each(|signal| scene.hear(signal));
            if self.shows(&scene, &endings, ENDINGS, wanted) {
                return Ok(true);
            }
            if self.steps > MOST_STEPS {
                return Err(CounterExample::TooLarge);
            }
        }
        Ok(false)
    }

    /// Whether the state is shown now, or in time, or once something ends.
    fn shows(&mut self, scene: &Scene, endings: &[Signal], depth: u32, wanted: &str) -> bool {
        let mut quiet = scene.clone();
        for _ in 0..MOST_WAKES {
            self.steps += 1;
            if quiet.machine.state() == wanted {
                return true;
            }
            if !quiet.wait() {
                break;
            }
        }
        depth > 0
            && endings.iter().any(|ending| {
                let mut scene = scene.clone();
                scene.hear(ending);
                self.shows(&scene, endings, depth - 1, wanted)
            })
    }

    /// The path as a person reads it: these events, and then nothing more.
    fn tell(&self, events: &[&Signal]) -> Vec<String> {
        let mut scene = self.scene();
        let mut path = vec![scene.machine.state().to_owned()];
        for event in events {
            path.push(describe(event));
            scene.hear(event);
            scene.pass(self.config.rules().dwell);
            path.push(scene.machine.state().to_owned());
        }
        let mut since = scene.now;
        while scene.wait() {
            let state = scene.machine.state();
            if path.last().is_some_and(|last| last != state) {
                let quiet = scene.now.since(since).0;
                path.push(format!("({quiet} ms of quiet)"));
                path.push(state.to_owned());
                since = scene.now;
            }
        }
        path
    }
}

/// An event as the page names it, with what matters of it.
fn describe(event: &Signal) -> String {
    let (name, mut told) = (event.kind().name(), String::new());
    match event {
        Signal::Sent { text } | Signal::Message { text, .. } | Signal::StreamToken { text }
            if !text.is_empty() =>
        {
            told = [" \"", text, "\""].concat();
        }
        Signal::Sentiment { value } | Signal::Confidence { value, .. } => {
            #[allow(clippy::cast_possible_truncation)]
            let hundredths = (value * 100.0) as i32;
            let sign = if hundredths < 0 { "-" } else { "" };
            let size = hundredths.unsigned_abs();
            told = format!(" {sign}{}.{:02}", size / 100, size % 100);
        }
        _ => {}
    }
    ["(", name, &told, ")"].concat()
}

/// A signal of this kind that brings `mood`, if any can; one that brings as little as possible when
/// there is no mood to bring.
fn example(kind: SignalKind, mood: Option<&Mood>) -> Signal {
    let text = mood.and_then(|mood| mood.words.first()).map(|word| word.to_string()).unwrap_or_default();
    let (least, most) = kind.range().unwrap_or_default();
    let value = mood.map_or(f64::midpoint(least, most), |mood| {
        f64::midpoint(mood.above.unwrap_or(least), mood.below.unwrap_or(most))
    });
    match kind {
        SignalKind::Opened => Signal::Opened,
        SignalKind::Closed => Signal::Closed,
        SignalKind::Hover => Signal::Hover,
        SignalKind::Typing => Signal::Typing,
        SignalKind::Sent => Signal::Sent { text },
        SignalKind::Message => Signal::Message { text, who: mood.and_then(|m| m.who).unwrap_or(Who::User) },
        SignalKind::StreamStarted => Signal::StreamStarted,
        SignalKind::StreamToken => Signal::StreamToken { text },
        SignalKind::StreamEnded => Signal::StreamEnded,
        SignalKind::Sentiment => Signal::Sentiment { value },
        SignalKind::Confidence => Signal::Confidence { value, technical: mood.is_some_and(|m| m.technical) },
        SignalKind::OffTopic => Signal::OffTopic,
        SignalKind::Error => Signal::Error,
    }
}

#[cfg(test)]
mod tests;
