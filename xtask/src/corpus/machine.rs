//! Sessions of a shop's character as the state machine itself shows them: the events of a
//! conversation with their times, through the shipped rules.

use cuelight_core::catalog::{Play, Tier};
use cuelight_core::state_machine::{Effect, Event, Signal, StateMachine};
use cuelight_core::units::Millis;

use super::dice::Dice;

/// How long everything takes on a page, and how much its assistant tells.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    pub(super) tier: Tier,
    opens: bool,
    types: f64,
    /// Between two turns, ms.
    pause: (f64, f64),
    /// Until the answer begins, ms.
    wait: (f64, f64),
    sentiments: f64,
    confidences: f64,
    off_topic: f64,
    errors: f64,
    closes: f64,
    stalls: f64,
    hovers: f64,
    /// Whether one-shots end by the player's word rather than the clock's.
    plays: bool,
    words: f64,
}

impl Pace {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let quick = dice.between(200.0, 6_000.0);
        let answer = dice.between(100.0, 3_000.0);
        Self {
            tier: *dice.pick(&[Tier::Free, Tier::Pro, Tier::Enterprise, Tier::Enterprise]),
            opens: dice.chance(0.8),
            types: if dice.chance(0.8) { dice.between(0.6, 1.0) } else { 0.0 },
            pause: (quick, quick * dice.between(1.5, 8.0)),
            wait: (answer, answer * dice.between(1.2, 4.0)),
            sentiments: dice.habit() * 0.6,
            confidences: dice.habit() * 0.6,
            off_topic: dice.share() * 0.1,
            errors: dice.share() * 0.05,
            closes: dice.share(),
            stalls: if dice.chance(0.7) { 0.0 } else { dice.share() * 0.1 },
            hovers: dice.share() * 0.1,
            plays: dice.chance(0.8),
            words: dice.share() * 0.4,
        }
    }
}

struct Stage {
    machine: StateMachine,
    now: Millis,
    states: Vec<String>,
    /// When the one-shot on screen will be over.
    over: Option<(Millis, String)>,
    wake: Option<Millis>,
    plays: bool,
}

impl Stage {
    fn hear(&mut self, event: Event) {
        let effects = self.machine.on(self.now, event);
        self.wake = None;
        for effect in effects {
            match effect {
                Effect::ShowState { state, play, .. } => {
                    self.over =
                        (play == Play::Once && self.plays).then(|| (self.now + Millis(2_500), state.clone()));
                    self.states.push(state);
                }
                Effect::WakeAt(at) => self.wake = Some(at),
            }
        }
    }

    /// Lets time pass, and everything that is due in it happen.
    fn pass(&mut self, ms: f64) {
        // Small and not negative.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let end = self.now + Millis(ms as u64);
        loop {
            let over = self.over.as_ref().map(|(at, _)| *at);
            let Some(next) = [over, self.wake].into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(next);
            match self.over.take_if(|(at, _)| *at == next) {
                Some((_, state)) => self.hear(Event::Finished(state)),
                None => {
                    self.wake = None;
                    self.hear(Event::Wake);
                }
            }
        }
        self.now = end;
    }

    fn signal(&mut self, signal: Signal) {
        self.hear(Event::Signal(signal));
    }
}

const LINES: [&str; 8] = [
    "what is the price of this",
    "I want to buy two of them",
    "there is a problem with my order",
    "it came broken, I want a refund",
    "is there a discount",
    "my complaint was not answered",
    "I have an issue with the size",
    "can I order it for Friday",
];

/// One session.
pub(super) fn session(pace: &Pace, dice: &mut Dice) -> Vec<String> {
    let mut stage = Stage {
        machine: StateMachine::new(pace.tier),
        now: Millis(1_000),
        states: vec!["idle".to_owned()],
        over: None,
        wake: None,
        plays: pace.plays,
    };
    if pace.opens {
        stage.signal(Signal::Opened);
        stage.pass(dice.between(300.0, 8_000.0));
    }
    let turns = if dice.chance(0.15) { dice.whole(10, 40) } else { dice.whole(1, 9) };
    let tone = dice.between(-0.5, 0.9);
    for _ in 0..turns {
        if dice.chance(pace.hovers) {
            stage.signal(Signal::Hover);
            stage.pass(dice.between(100.0, 2_000.0));
        }
        if dice.chance(pace.types) {
            for _ in 0..dice.whole(1, 4) {
                stage.signal(Signal::Typing);
                stage.pass(dice.between(200.0, 3_000.0));
            }
        }
        let text = if dice.chance(pace.words) { *dice.pick(&LINES) } else { "and this one" };
        stage.signal(Signal::Sent { text: text.to_owned() });
        if dice.chance(pace.off_topic) {
            stage.signal(Signal::OffTopic);
        }
        stage.pass(dice.between(pace.wait.0, pace.wait.1));
        if dice.chance(pace.errors) {
            stage.signal(Signal::Error);
            stage.pass(dice.between(pace.pause.0, pace.pause.1));
            continue;
        }
        stage.signal(Signal::StreamStarted);
        for _ in 0..dice.whole(2, 12) {
            stage.pass(dice.between(50.0, 700.0));
            stage.signal(Signal::StreamToken { text: "so ".to_owned() });
            if dice.chance(pace.stalls) {
                stage.pass(21_000.0);
            }
        }
        if dice.chance(pace.sentiments) {
            stage.signal(Signal::Sentiment { value: (tone + dice.between(-0.6, 0.6)).clamp(-1.0, 1.0) });
        }
        if dice.chance(pace.confidences) {
            stage.signal(Signal::Confidence { value: dice.share(), technical: dice.chance(0.5) });
        }
        stage.signal(Signal::StreamEnded);
        stage.pass(dice.between(pace.pause.0, pace.pause.1));
    }
    if dice.chance(pace.closes) {
        stage.signal(Signal::Closed);
        stage.pass(dice.between(0.0, 9_000.0));
    }
    stage.states
}
