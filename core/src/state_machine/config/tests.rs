//! What a page may say about its states and rules, and what it is told when it may not.

use serde_json::{Value, json};

use super::*;

fn read(page: &Value) -> Result<Config, String> {
    Config::read(page).map_err(|error| error.to_string())
}

#[test]
fn an_empty_page_changes_nothing() {
    assert_eq!(read(&json!({})).unwrap(), Config::default());
    assert_eq!(Config::default().states().count(), 12);
}

#[test]
fn a_page_adds_what_it_names_and_keeps_the_rest() {
    let page = json!({
        "states": [
            { "id": "dancing", "label": "dancing", "play": "once", "fallback": ["happy", "idle"] },
            { "id": "happy", "play": "once" },
        ],
        "dwell_ms": 250,
        "activities": [{ "state": "listening", "times_out_ms": 4000 }],
        "moods": [{ "state": "dancing", "on": "sent", "words": ["party"] }],
    });
    let (config, usual) = (read(&page).unwrap(), Config::default());
    assert_eq!(config.states().count(), 13);
    let happy = config.state("happy").unwrap();
    assert_eq!((happy.play, happy.tier, happy.label.as_str()), (Play::Once, Tier::Pro, "happy"));
    assert_eq!(config.state("dancing").unwrap().tier, Tier::Free);
    let [talking, _, listening] = &*config.rules.activities else { panic!("three activities") };
    assert_eq!(talking, &usual.rules.activities[0]);
    assert_eq!(listening, &Activity { times_out: Some(Millis(4_000)), ..usual.rules.activities[2].clone() });
    assert_eq!(config.rules.moods.len(), usual.rules.moods.len() + 1);
    assert_eq!((config.rules.dwell, config.rules.held), (Millis(250), usual.rules.held));
}

#[test]
fn a_page_replaces_the_rules_of_a_state_and_sets_the_order_of_activities() {
    let page = json!({
        "without_rules": ["thinking", "farewell"],
        "activities": [{ "state": "thinking", "starts": "sent", "ends": ["stream-ended"], "times_out_ms": 9000 }],
        "priority": ["listening", "thinking"],
    });
    let config = read(&page).unwrap();
    let order: Vec<&str> = config.rules.activities.iter().map(|activity| activity.state.as_ref()).collect();
    assert_eq!(order, ["listening", "thinking", "talking"]);
    assert!(config.wants_rule("thinking") && !config.wants_rule("farewell"));
    assert!(config.rules.moods.iter().all(|mood| mood.state != "farewell"));
}

#[test]
fn whatever_cannot_be_meant_is_refused_with_its_place() {
    for (page, told) in [
        (json!([]), "`the configuration` must be an object"),
        (json!({ "moods": [5] }), "`moods[0]` must be an object"),
        (json!({ "moods": [null] }), "`moods[0].state` must be a state"),
        (json!({ "mood": [] }), "`mood` must be left out"),
        (json!({ "moods": [{}] }), "`moods[0].state` must be a state"),
        (json!({ "moods": [{ "state": "happy" }] }), "`moods[0].on` must be an event"),
        (json!({ "moods": [{ "state": "happy", "on": "clicked" }] }), "`moods[0].on` must be events out of"),
        (json!({ "moods": [{ "state": "happy", "on": 5 }] }), "`moods[0].on` must be events out of"),
        (
            json!({ "moods": [{ "state": "glad", "on": "sent" }] }),
            "`moods` must be about states that there are",
        ),
        (
            json!({ "moods": [{ "state": "happy", "on": "sent", "above": 0.5 }] }),
            "`moods[0].above` must be a limit",
        ),
        (json!({ "moods": [{ "state": "happy", "on": "sentiment", "above": 1.5 }] }), "can pass"),
        (json!({ "moods": [{ "state": "happy", "on": "sentiment", "below": -1 }] }), "`moods[0].below`"),
        (
            json!({ "moods": [{ "state": "happy", "on": "sentiment", "above": 0.5, "below": 0.4 }] }),
            "can pass",
        ),
        (json!({ "moods": [{ "state": "happy", "on": "sent", "technical": true }] }), "`moods[0].technical`"),
        (json!({ "moods": [{ "state": "happy", "on": "error", "words": ["x"] }] }), "`moods[0].on`"),
        (json!({ "moods": [{ "state": "happy", "on": "sent", "words": ["…"] }] }), "with letters in them"),
        (json!({ "moods": [{ "state": "happy", "on": "sent", "waits_ms": 1e9 }] }), "`moods[0].waits_ms`"),
        (
            json!({ "moods": [{ "state": "happy", "on": "sent", "wait_ms": 5 }] }),
            "`moods[0].wait_ms` must be left",
        ),
        (json!({ "moods": [{ "state": "happy", "on": "sent", "who": "me" }] }), "`user` or `assistant`"),
        (json!({ "activities": [{ "state": "happy" }] }), "`activities[0].starts`"),
        (json!({ "activities": [{ "state": "greeting", "starts": "sent" }] }), "freeze on the last frame"),
        (json!({ "states": [{ "id": "talking", "play": "once" }] }), "freeze on the last frame"),
        (json!({ "states": [{ "id": "Big Dance" }] }), "`states[0].id` must be 1 to 32"),
        (json!({ "states": [{ "id": "x", "fallback": ["y"] }] }), "fallbacks that are states"),
        (json!({ "states": [{ "id": "x", "play": "twice" }] }), "`loop`, `once` or `held`"),
        (json!({ "states": "x" }), "`states` must be a list"),
        (json!({ "rest": "greeting" }), "`rest` must be a state of every plan"),
        (json!({ "priority": ["happy"] }), "`priority` must be a list of states that have an activity"),
        (json!({ "priority": ["talking", "talking"] }), "each once"),
        (json!({ "without_rules": ["glad"] }), "`without_rules` must be"),
        (json!({ "queue": 0 }), "`queue` must be a number from 1 to 8"),
        (json!({ "dwell_ms": "fast" }), "`dwell_ms` must be a number"),
        (
            json!({ "moods": vec![json!({ "state": "happy", "on": "sent" }); 200] }),
            "`moods` must be a list of at most 64",
        ),
    ] {
        let error = read(&page).unwrap_err();
        assert!(error.contains(told), "{page}: {error}");
    }
}

#[test]
fn whoever_names_a_wrong_event_is_told_all_that_there_are() {
    let error = read(&json!({ "moods": [{ "state": "happy", "on": "clicked" }] })).unwrap_err();
    for kind in SignalKind::ALL {
        assert!(error.contains(kind.name()), "{error}");
    }
}
