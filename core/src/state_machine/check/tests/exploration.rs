//! The check held against what it promises: every situation there is, and configurations at random.

use std::collections::{HashSet, VecDeque};

use proptest::prelude::*;

use super::*;

/// What tells two situations apart, time aside.
type Situation = (Vec<bool>, Vec<(String, bool)>, String, bool);

fn situation(machine: &StateMachine) -> Situation {
    let active = machine.active.iter().map(Option::is_some).collect();
    let moods = machine.moods.iter().map(|mood| (mood.state.to_string(), mood.shown.is_some())).collect();
    (active, moods, machine.state().to_owned(), machine.spoken_to)
}

/// One event for each thing that the rules tell apart.
fn events(rules: &Rules) -> Vec<Signal> {
    let moods = rules.moods.iter().flat_map(|m| m.on.kinds().map(move |kind| example(kind, Some(m))));
    SignalKind::ALL.into_iter().map(|kind| example(kind, None)).chain(moods).collect()
}

fn rests(mut scene: Scene) -> Scene {
    while scene.wait() {}
    // Whatever may not come again for a while may come again.
    scene.pass(Millis(700_000));
    scene
}

/// Whether the state's own events bring it, perhaps once something ends.
fn brings(config: &Rc<Config>, rested: &Scene, wanted: &str) -> bool {
    let ends =
        config.rules().activities.iter().fold(Signals::default(), |ends, activity| ends.or(activity.ends));
    let endings: Vec<Signal> = ends.kinds().map(|kind| example(kind, None)).collect();
    let mut trial = Trial { config, tier: Tier::Enterprise, ends, steps: 0 };
    ways(config, wanted).iter().any(|way| {
        let mut scene = rested.clone();
        way.iter().for_each(|signal| scene.hear(signal));
        trial.shows(&scene, &endings, ENDINGS, wanted)
    })
}

#[test]
fn from_every_situation_of_the_built_in_rules_quiet_brings_rest_and_every_state_can_follow() {
    let config: Rc<Config> = Rc::default();
    let events = events(config.rules());
    let trial = Trial { config: &config, tier: Tier::Enterprise, ends: Signals::default(), steps: 0 };
    let mut seen: HashSet<Situation> = HashSet::new();
    let mut rested: HashSet<Situation> = HashSet::new();
    let mut open = VecDeque::from([trial.scene()]);
    while let Some(scene) = open.pop_front().filter(|_| seen.len() < 20_000) {
        let rest = rests(scene.clone());
        assert!(rest.machine.is_at_rest(), "{:?}", situation(&scene.machine));
        if rested.insert(situation(&rest.machine)) {
            for state in config.states().filter(|state| state.id != "idle") {
                assert!(
                    brings(&config, &rest, &state.id),
                    "{} after {:?}",
                    state.id,
                    situation(&scene.machine)
                );
            }
        }
        for event in &events {
            for pause in [Millis(0), config.rules().dwell] {
                let mut next = scene.clone();
                next.hear(event);
                next.pass(pause);
                if seen.insert(situation(&next.machine)) {
                    open.push_back(next);
                }
            }
        }
        let mut next = scene;
        if next.wait() && seen.insert(situation(&next.machine)) {
            open.push_back(next);
        }
    }
    assert!(seen.len() > 1_000, "{} situations", seen.len());
    assert_eq!(rested.len(), 2, "at rest only the memory of a first message differs");
}

fn any_page() -> impl Strategy<Value = Value> {
    let kind = || prop::sample::select(SignalKind::ALL.map(SignalKind::name).to_vec());
    let kinds = move || prop::collection::vec(kind(), 0..4);
    let lasting = prop::sample::select(vec!["talking", "thinking", "listening", "happy", "sad"]);
    let state = prop::sample::select(vec!["greeting", "happy", "sad", "excited", "surprised", "confident"]);
    let time = || prop_oneof![Just(None), (1u32..30_000).prop_map(Some)];
    let activity = (lasting, kind(), kinds(), time()).prop_map(|(state, start, ends, time)| {
        json!({ "state": state, "starts": start, "ends": ends, "times_out_ms": time })
    });
    let mood = (state, kind(), any::<bool>(), any::<bool>(), 0u32..30_000, 0u32..60_000).prop_map(
        |(state, on, first, clears, waits, cooldown)| {
            json!({ "state": state, "on": on, "first": first, "clears": clears, "waits_ms": waits, "cooldown_ms": cooldown })
        },
    );
    let without = prop::sample::subsequence(
        vec!["talking", "thinking", "listening", "greeting", "happy", "sad", "excited", "farewell"],
        0..8,
    );
    let lists = (prop::collection::vec(activity, 0..4), prop::collection::vec(mood, 0..4));
    (without, lists, 0u32..2_000, 1u32..4).prop_map(|(without, (activities, moods), dwell, queue)| {
        json!({ "without_rules": without, "activities": activities, "moods": moods, "dwell_ms": dwell, "queue": queue })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_accepted_rests_after_any_story_and_can_show_every_state_again(
        page in any_page(),
        story in prop::collection::vec((any::<prop::sample::Index>(), 0u64..5_000), 0..30),
    ) {
        let config = Rc::new(Config::read(&page).unwrap());
        let events = events(config.rules());
        let trial = Trial { config: &config, tier: Tier::Enterprise, ends: Signals::default(), steps: 0 };
        match check(&config, Tier::Enterprise) {
            Ok(()) => {
                let mut scene = trial.scene();
                for (event, pause) in story {
                    scene.hear(event.get(&events));
                    scene.pass(Millis(pause));
                }
                let rest = rests(scene);
                prop_assert!(rest.machine.is_at_rest());
                for state in config.states().filter(|s| s.id != "idle" && config.wants_rule(&s.id)) {
                    prop_assert!(brings(&config, &rest, &state.id), "{}", state.id);
                }
            }
            Err(CounterExample::Restless { path, .. }) => {
                let event = events.iter().find(|event| describe(event) == path[1]).unwrap();
                let mut scene = trial.scene();
                scene.hear(event);
                prop_assert!(!rests(scene).machine.is_at_rest());
            }
            Err(CounterExample::NoRule(state)) => prop_assert!(ways(&config, &state).is_empty()),
            Err(CounterExample::Unreachable { path, .. }) => prop_assert!(path.len() > 2),
            Err(CounterExample::DeadEnd { path, .. }) => prop_assert!(path.len() > 4),
            Err(CounterExample::TooLarge) => prop_assert!(false, "a small page"),
        }
    }
}
