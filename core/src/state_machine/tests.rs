//! The state machine's promises, as sentences.

use proptest::prelude::*;

use super::*;

/// A character, and the clock it lives by.
struct Stage {
    machine: StateMachine,
    now: Millis,
}

impl Stage {
    fn new(tier: Tier) -> Self {
        Self { machine: StateMachine::new(tier), now: Millis(1_000) }
    }

    fn hears(&mut self, signal: Signal) -> &str {
        self.event(Event::Signal(signal))
    }

    fn event(&mut self, event: Event) -> &str {
        let _ = self.machine.on(self.now, event);
        self.machine.state()
    }

    /// Lets time pass, waking the machine whenever it asked for it.
    fn after(&mut self, span: u64) -> &str {
        let end = self.now + Millis(span);
        while let Some(at) = self.machine.next_wake(self.now).filter(|at| *at <= end) {
            self.now = at;
            let _ = self.machine.on(at, Event::Wake);
        }
        self.now = end;
        self.machine.state()
    }
}

fn sent(text: &str) -> Signal {
    Signal::Sent { text: text.into() }
}

#[test]
fn an_ordinary_exchange_listens_thinks_talks_and_rests() {
    let mut stage = Stage::new(Tier::Enterprise);
    assert_eq!(stage.hears(Signal::Typing), "listening");
    stage.after(1_000);
    assert_eq!(stage.hears(sent("hello")), "thinking");
    stage.after(1_000);
    assert_eq!(stage.hears(Signal::StreamStarted), "talking");
    stage.after(3_000);
    assert_eq!(stage.hears(Signal::StreamEnded), "idle");
}

#[test]
fn a_mood_waits_until_the_answer_has_streamed_and_then_decays() {
    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::StreamStarted);
    stage.after(500);
    assert_eq!(stage.hears(Signal::Sentiment { value: 0.9 }), "talking");
    stage.after(3_000);
    assert_eq!(stage.hears(Signal::StreamEnded), "happy");
    assert_eq!(stage.after(4_900), "happy");
    assert_eq!(stage.after(200), "idle");
}

#[test]
fn a_mood_that_waited_too_long_is_forgotten() {
    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::Sentiment { value: -0.9 });
    stage.hears(sent("and this?"));
    stage.after(60_000);
    assert_eq!(stage.hears(Signal::StreamEnded), "idle");
}

#[test]
fn a_held_mood_makes_way_for_the_next() {
    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::Sentiment { value: 0.9 });
    assert_eq!(stage.hears(Signal::OffTopic), "happy");
    assert_eq!(stage.after(1_799), "happy");
    assert_eq!(stage.after(1), "surprised");
}

#[test]
fn every_trigger_of_the_design_brings_its_state() {
    let confidence = |value, technical| Signal::Confidence { value, technical };
    for (signal, state) in [
        (Signal::Opened, "greeting"),
        (Signal::Hover, "greeting"),
        (Signal::Sentiment { value: 0.71 }, "happy"),
        (Signal::Sentiment { value: 0.7 }, "idle"),
        (Signal::Sentiment { value: -0.5 }, "sad"),
        (confidence(0.49, false), "confused"),
        (confidence(0.95, true), "confident"),
        (confidence(0.95, false), "idle"),
        (Signal::OffTopic, "surprised"),
        (Signal::Typing, "listening"),
        (sent("hi"), "thinking"),
        (Signal::StreamStarted, "talking"),
        (Signal::Closed, "farewell"),
        (Signal::Error, "sad"),
    ] {
        assert_eq!(Stage::new(Tier::Enterprise).hears(signal.clone()), state, "{signal:?}");
    }
    for (text, state) in [("I have a problem", "sad"), ("what is the price?", "excited")] {
        let mut stage = Stage::new(Tier::Enterprise);
        stage.hears(sent(text));
        stage.after(2_500);
        assert_eq!(stage.hears(Signal::StreamEnded), state, "{text}");
    }
}

#[test]
fn the_first_message_is_greeted_unless_the_visitor_was() {
    let mut stage = Stage::new(Tier::Free);
    stage.hears(sent("hi"));
    stage.after(500);
    assert_eq!(stage.hears(Signal::StreamEnded), "greeting");

    let mut stage = Stage::new(Tier::Free);
    stage.hears(Signal::Opened);
    stage.after(5_000);
    stage.hears(sent("hi"));
    stage.after(500);
    assert_eq!(stage.hears(Signal::StreamEnded), "idle");
}

#[test]
fn a_one_shot_ends_in_what_the_moment_calls_for() {
    let mut stage = Stage::new(Tier::Enterprise);
    assert_eq!(stage.hears(Signal::Opened), "greeting");
    stage.after(1_000);
    assert_eq!(stage.hears(Signal::Typing), "listening", "activity interrupts a wave");
    assert_eq!(stage.after(10_000), "idle", "and the wave does not come back");

    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::Opened);
    stage.hears(Signal::Sentiment { value: 1.0 });
    stage.after(2_500);
    assert_eq!(stage.event(Event::Finished("greeting".into())), "happy");
    assert_eq!(stage.event(Event::Finished("greeting".into())), "happy", "a late report changes nothing");
}

#[test]
fn a_state_stays_for_the_dwell_and_only_the_latest_wish_follows() {
    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::Typing);
    assert_eq!(stage.hears(sent("x")), "listening");
    assert_eq!(stage.hears(Signal::StreamStarted), "listening");
    assert_eq!(stage.after(399), "listening");
    assert_eq!(stage.after(1), "talking");
}

#[test]
fn an_override_is_immediate_and_released() {
    let mut stage = Stage::new(Tier::Enterprise);
    stage.hears(Signal::Typing);
    assert_eq!(stage.event(Event::Override(Some("surprised".into()))), "surprised");
    assert_eq!(stage.after(60_000), "surprised");
    assert_eq!(stage.event(Event::Override(None)), "idle");
    assert_eq!(stage.event(Event::Override(Some("no such state".into()))), "idle");
}

#[test]
fn a_plan_shows_the_first_fallback_it_has() {
    let shown = |tier, state: &str| Stage::new(tier).event(Event::Override(Some(state.into()))).to_owned();
    assert_eq!(shown(Tier::Free, "happy"), "talking");
    assert_eq!(shown(Tier::Free, "listening"), "idle");
    assert_eq!(shown(Tier::Pro, "sad"), "confused");
    assert_eq!(shown(Tier::Free, "farewell"), "greeting");
    assert_eq!(shown(Tier::Enterprise, "sad"), "sad");
}

fn any_event() -> impl Strategy<Value = Event> {
    let text = prop_oneof![Just("hello"), Just("price"), Just("a problem"), Just("")].prop_map(str::to_owned);
    let who = prop_oneof![Just(signal::Who::User), Just(signal::Who::Assistant)];
    let signal = prop_oneof![
        Just(Signal::Opened),
        Just(Signal::Closed),
        Just(Signal::Hover),
        Just(Signal::Typing),
        text.clone().prop_map(|text| Signal::Sent { text }),
        (text.clone(), who).prop_map(|(text, who)| Signal::Message { text, who }),
        Just(Signal::StreamStarted),
        text.prop_map(|text| Signal::StreamToken { text }),
        Just(Signal::StreamEnded),
        (-1.0..=1.0).prop_map(|value| Signal::Sentiment { value }),
        ((0.0..=1.0), any::<bool>()).prop_map(|(value, technical)| Signal::Confidence { value, technical }),
        Just(Signal::OffTopic),
        Just(Signal::Error),
    ];
    let names = prop_oneof![Just("greeting"), Just("surprised"), Just("idle")].prop_map(str::to_owned);
    prop_oneof![8 => signal.prop_map(Event::Signal), 1 => names.prop_map(Event::Finished), 1 => Just(Event::Wake)]
}

fn any_tier() -> impl Strategy<Value = Tier> {
    prop_oneof![Just(Tier::Free), Just(Tier::Pro), Just(Tier::Enterprise)]
}

proptest! {
    #[test]
    fn after_anything_at_all_enough_quiet_brings_rest(
        tier in any_tier(),
        story in prop::collection::vec((any_event(), 0u64..5_000), 0..60),
    ) {
        let mut stage = Stage::new(tier);
        for (event, pause) in story {
            stage.event(event);
            stage.after(pause);
        }
        prop_assert_eq!(stage.after(200_000), "idle");
        prop_assert_eq!(stage.machine.next_wake(stage.now), None, "and nothing is left to wait for");
    }

    #[test]
    fn no_state_is_shown_for_less_than_the_dwell_and_none_beyond_the_plan(
        tier in any_tier(),
        story in prop::collection::vec((any_event(), 0u64..700), 0..60),
    ) {
        let mut machine = StateMachine::new(tier);
        let mut now = Millis(1_000);
        let mut last: Option<Millis> = None;
        for (event, pause) in story {
            for effect in machine.on(now, event) {
                if let Effect::ShowState { state, previous, .. } = effect {
                    prop_assert_ne!(&state, &previous);
                    prop_assert!(crate::catalog::built_in().state(&state).unwrap().tier <= tier);
                    if let Some(last) = last {
                        prop_assert!(now.since(last) >= rules::Rules::built_in().dwell);
                    }
                    last = Some(now);
                }
            }
            now = now + Millis(pause);
        }
    }
}

#[test]
fn other_rules_bring_the_character_to_rest_and_keep_what_the_page_shows_by_itself() {
    let own = serde_json::json!({
        "states": [{ "id": "humming", "play": "loop" }, { "id": "dozing", "play": "loop" }],
        "without_rules": ["humming", "idle"], "rest": "dozing",
    });
    let config = load(&own, Tier::Enterprise).unwrap();
    let mut machine = StateMachine::new(Tier::Enterprise);
    let _ = machine.on(Millis(0), Event::Signal(Signal::Typing));
    assert_eq!(machine.state(), "listening");
    machine.follow(config.clone());
    let effects = machine.on(Millis(1), Event::Wake);
    assert!(
        matches!(&effects[..], [Effect::ShowState { state, previous, .. }]
        if state == "dozing" && previous == "listening"),
        "{effects:?}"
    );
    assert!(machine.is_at_rest());

    let _ = machine.on(Millis(2), Event::Override(Some("humming".into())));
    machine.follow(config);
    let _ = machine.on(Millis(3), Event::Wake);
    assert_eq!(machine.state(), "humming");
    machine.follow(Rc::default());
    let _ = machine.on(Millis(4), Event::Wake);
    assert_eq!(machine.state(), "idle", "there is no such state any more");
}

#[test]
fn a_refusal_has_the_code_of_what_is_wrong() {
    let code = |config: serde_json::Value| load(&config, Tier::Free).unwrap_err().code();
    assert_eq!(code(serde_json::json!({ "moods": 5 })), "invalid_states");
    assert_eq!(code(serde_json::json!({ "states": [{ "id": "lost" }] })), "state_without_rule");
}
