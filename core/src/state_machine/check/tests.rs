//! What the check proves and refuses.

use serde_json::{Value, json};

use super::*;
use crate::state_machine::rules::Rules;

const TIERS: [Tier; 3] = [Tier::Free, Tier::Pro, Tier::Enterprise];

fn judge(page: &Value, tier: Tier) -> Result<(), CounterExample> {
    check(&Rc::new(Config::read(page).unwrap()), tier)
}

fn judge_rules(change: impl FnOnce(&mut Rules), tier: Tier) -> Result<(), CounterExample> {
    let mut rules = Rules::built_in().clone();
    change(&mut rules);
    check(&Rc::new(Config::with_rules(rules)), tier)
}

#[test]
fn no_shipped_plan_can_trap_a_character() {
    for tier in TIERS {
        check(&Rc::default(), tier).unwrap();
    }
}

#[test]
fn a_state_without_a_rule_is_named_where_its_plan_has_it() {
    let without_sad = |rules: &mut Rules| rules.moods.to_mut().retain(|mood| mood.state != "sad");
    let found = judge_rules(without_sad, Tier::Enterprise).unwrap_err();
    assert_eq!(found, CounterExample::NoRule("sad".into()));
    judge_rules(without_sad, Tier::Pro).unwrap();
    judge(&json!({ "without_rules": ["sad"] }), Tier::Enterprise).unwrap();
}

#[test]
fn a_limit_that_no_value_can_pass_leaves_a_state_without_a_rule() {
    let found = judge_rules(
        |rules| {
            for mood in rules.moods.to_mut().iter_mut().filter(|mood| mood.state == "happy") {
                mood.above = Some(1.5);
            }
        },
        Tier::Enterprise,
    );
    assert_eq!(found.unwrap_err(), CounterExample::NoRule("happy".into()));
}

#[test]
fn a_mood_that_is_forgotten_at_once_is_never_shown() {
    let page = json!({
        "without_rules": ["surprised"],
        "moods": [{ "state": "surprised", "on": "off-topic", "waits_ms": 0 }],
    });
    let found = judge(&page, Tier::Enterprise).unwrap_err();
    assert_eq!(
        found.to_string(),
        "`surprised` is never shown, not even by its own rule: idle -> (off-topic) -> idle"
    );
}

#[test]
fn a_mood_that_its_own_event_outlasts_is_never_shown() {
    // Every word sent starts `thinking`, and nothing but time ends it.
    let page = json!({
        "without_rules": ["thinking", "excited"],
        "activities": [{ "state": "thinking", "starts": "sent", "times_out_ms": 5500 }],
        "moods": [{ "state": "excited", "on": "sent", "words": ["price"], "waits_ms": 5000 }],
    });
    let found = judge(&page, Tier::Enterprise).unwrap_err();
    assert_eq!(found.code(), "state_unreachable");
    let path = "idle -> (sent \"price\") -> thinking -> (5100 ms of quiet) -> idle";
    assert!(found.to_string().ends_with(path), "{found}");
}

#[test]
fn thinking_without_an_exit_is_refused() {
    for ends in [json!([]), json!(["stream-started", "stream-ended"])] {
        let page = json!({
            "without_rules": ["thinking"],
            "activities": [{ "state": "thinking", "starts": "sent", "ends": ends }],
        });
        for tier in TIERS {
            let found = judge(&page, tier).unwrap_err();
            let CounterExample::Restless { state, path } = &found else { panic!("{found}") };
            assert_eq!((state.as_str(), path.join(" ")), ("thinking", "idle (sent) thinking".into()));
            assert!(found.to_string().contains("give its activity a `times_out_ms`"));
        }
    }
}

#[test]
fn four_states_that_nothing_brings_are_each_refused() {
    let lost = ["excited", "sad", "surprised", "confident"];
    for state in lost {
        let others = lost.iter().filter(|other| **other != state).collect::<Vec<_>>();
        let config = Config::read(&json!({ "without_rules": others })).unwrap();
        let found = check(&Rc::new(config.without(state)), Tier::Enterprise).unwrap_err();
        assert_eq!(found, CounterExample::NoRule(state.into()));
    }
}

#[test]
fn a_lower_priority_that_is_refused_until_it_is_over_is_found() {
    // The answer streams behind `thinking`, and all that ends the one ends the other.
    let page = json!({
        "priority": ["thinking"],
        "activities": [{ "state": "thinking", "ends": ["stream-ended", "error", "closed"] }],
    });
    let found = judge(&page, Tier::Free).unwrap_err();
    let CounterExample::DeadEnd { wanted, path } = &found else { panic!("{found}") };
    assert_eq!(wanted, "talking");
    assert_eq!(path[..5], ["idle", "(sent)", "thinking", "(stream-started)", "thinking"]);
}

#[test]
fn a_state_of_the_page_needs_a_rule_or_the_page_to_show_it() {
    let mut page = json!({ "states": [{ "id": "dancing" }] });
    assert_eq!(judge(&page, Tier::Free).unwrap_err(), CounterExample::NoRule("dancing".into()));
    page["without_rules"] = json!(["dancing"]);
    judge(&page, Tier::Free).unwrap();
    page["without_rules"] = json!([]);
    page["moods"] =
        json!([{ "state": "dancing", "on": "message", "who": "assistant", "words": ["tanz größe"] }]);
    judge(&page, Tier::Free).unwrap();
}

#[test]
fn every_built_in_activity_needs_its_time_out_and_only_that() {
    for at in 0..Rules::built_in().activities.len() {
        let state = &Rules::built_in().activities[at].state;
        let found = judge_rules(|rules| rules.activities.to_mut()[at].times_out = None, Tier::Enterprise);
        match found.unwrap_err() {
            CounterExample::Restless { state: stuck, path } => {
                assert_eq!(stuck, *state);
                assert_eq!(path.last().unwrap(), state);
            }
            other => panic!("{other}"),
        }
        // Without one of the events that end it, time still ends it, and everything still has its turn.
        for kind in Rules::built_in().activities[at].ends.kinds() {
            let others: Vec<_> =
                Rules::built_in().activities[at].ends.kinds().filter(|k| *k != kind).collect();
            let without = |rules: &mut Rules| rules.activities.to_mut()[at].ends = Signals::of(&others);
            judge_rules(without, Tier::Enterprise).unwrap();
        }
    }
}

#[test]
fn every_built_in_mood_is_needed_unless_another_brings_its_state() {
    let moods = &Rules::built_in().moods;
    for at in 0..moods.len() {
        let found = judge_rules(|rules| drop(rules.moods.to_mut().remove(at)), Tier::Enterprise);
        let alone = moods.iter().filter(|mood| mood.state == moods[at].state).count() == 1;
        let expected = if alone { Err(CounterExample::NoRule(moods[at].state.to_string())) } else { Ok(()) };
        assert_eq!(found, expected);
    }
}

#[test]
fn the_largest_page_is_judged_within_bounds() {
    let kinds: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
    let states: Vec<Value> = (0..60).map(|n| json!({ "id": format!("s{n}") })).collect();
    let moods: Vec<Value> = (0..60)
        .map(|n| json!({ "state": format!("s{n}"), "on": "sent", "words": [format!("w{n}")], "waits_ms": 600_000 }))
        .collect();
    let activities: Vec<Value> = (0..13)
        .map(|n| json!({ "state": format!("s{n}"), "starts": kinds, "ends": kinds, "times_out_ms": 600_000 }))
        .collect();
    let page = json!({ "states": states, "moods": moods, "activities": activities });
    assert!(judge(&page, Tier::Enterprise).is_err());
}

mod exploration;
