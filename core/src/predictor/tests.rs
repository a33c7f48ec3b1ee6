//! What holds of the predictor whatever it is shown, and what it ships and learns.

use proptest::prelude::*;

use super::*;
use crate::catalog;

fn shown(predictor: &mut Predictor, story: &[&str]) {
    story.iter().for_each(|state| predictor.observe(&Cue::state(*state)));
}

fn after(story: &[&str]) -> Vec<(String, f64)> {
    let mut predictor = Predictor::default();
    shown(&mut predictor, story);
    predictor.predict().into_iter().map(|(cue, p)| (cue.to_string(), p)).collect()
}

fn face(expression: &str, tenths: u8) -> Cue {
    let intensity = Intensity::from_unit(f64::from(tenths) / 10.0).unwrap();
    let (emotion, animation) = ("neutral".to_owned(), "idle".to_owned());
    Cue::Reaction(Reaction { expression: expression.to_owned(), emotion, animation, intensity })
}

#[test]
fn the_shipped_states_are_the_catalogue_s() {
    let ids: Vec<&str> = catalog::built_in().states.iter().map(|def| def.id.as_str()).collect();
    assert_eq!(ids, vocabulary::STATES);
    for tier in [Tier::Free, Tier::Pro, Tier::Enterprise] {
        let states = catalog::built_in().states.iter().filter(|def| def.tier <= tier).count();
        assert_eq!(prior::states_of(tier), states);
    }
}

#[test]
fn every_shipped_row_adds_up_to_about_one() {
    for (tier, states) in [(Tier::Free, 4), (Tier::Pro, 8), (Tier::Enterprise, 12)] {
        for previous in (0..states).map(Some).chain([None]) {
            for current in 0..states {
                let row = prior::row(tier, previous, current).unwrap();
                assert_eq!(row.len(), states);
                assert!(row.iter().all(u8::is_ascii_lowercase));
                let total: f32 = row.iter().map(|c| (-0.5 * f32::from(c - b'a')).exp2()).sum();
                assert!((0.8..1.25).contains(&total), "{tier:?} {previous:?} {current}: {total}");
            }
        }
    }
}

#[test]
fn before_anything_is_learned_the_rules_of_a_conversation_speak() {
    for (story, next) in [
        (&["idle", "listening"][..], "thinking"),
        (&["listening", "thinking"], "talking"),
        (&["listening", "talking", "happy"], "idle"),
    ] {
        assert_eq!(after(story)[0].0, next, "{story:?}");
    }
}

#[test]
fn a_plan_s_states_come_before_those_it_lacks() {
    let mut predictor = Predictor::new(Tier::Free);
    shown(&mut predictor, &["idle", "thinking"]);
    let named: Vec<String> = predictor.predict().iter().take(4).map(|(cue, _)| cue.to_string()).collect();
    for state in &catalog::built_in().states {
        assert_eq!(named.contains(&state.id), state.tier == Tier::Free, "{}", state.id);
    }
}

#[test]
fn a_habit_that_nothing_shipped_knows_is_learned() {
    let mut story = Vec::new();
    for _ in 0..10 {
        story.extend(["thinking", "confused", "dancing"]);
    }
    assert_eq!(after(&story)[0].0, "thinking");
    story.push("thinking");
    assert_eq!(after(&story)[0].0, "confused");
    story.push("confused");
    assert_eq!(after(&story)[0].0, "dancing");
}

#[test]
fn what_two_states_back_decides_is_learned() {
    let mut story = Vec::new();
    for _ in 0..12 {
        story.extend(["listening", "thinking", "talking", "happy", "thinking", "confused"]);
    }
    story.extend(["listening", "thinking"]);
    assert_eq!(after(&story)[0].0, "talking");
    story.extend(["talking", "happy", "thinking"]);
    assert_eq!(after(&story)[0].0, "confused");
}

#[test]
fn a_page_that_shows_a_mood_a_message_is_known_by_how_it_begins_or_after_a_few() {
    assert_eq!(after(&["idle", "listening", "thinking", "talking"])[0].0, "idle");
    assert_eq!(after(&["talking"])[0].0, "talking");
    let greeted = ["greeting", "talking", "thinking", "talking", "happy", "talking", "talking", "talking"];
    assert_eq!(after(&greeted)[0].0, "talking");
}

#[test]
fn the_manner_that_foresees_more_is_believed_and_the_other_is_not_forgotten() {
    let mut manners = weights::Manners::default();
    assert!(manners.shares()[0] > 0.5);
    for _ in 0..100 {
        manners.came([0.2, 0.6]);
    }
    let [one, other] = manners.shares();
    assert!(other > 0.98 && one > 0.01 && (one + other - 1.0).abs() < 1e-5, "{one} {other}");
    for _ in 0..6 {
        manners.came([0.6, 0.2]);
    }
    assert!(manners.shares()[0] > 0.5);
}

#[test]
fn what_is_learned_of_a_face_holds_for_all_its_strengths() {
    let mut predictor = Predictor::default();
    for tenths in [1, 3, 5, 7] {
        predictor.observe(&face("bored", tenths));
        predictor.observe(&face("amazed", tenths + 1));
    }
    predictor.observe(&face("bored", 9));
    let share = |expression: &str| -> f64 {
        let guesses = predictor.predict();
        let of = |cue: &Cue| matches!(cue, Cue::Reaction(r) if r.expression == expression);
        guesses.iter().filter(|(cue, _)| of(cue)).map(|(_, p)| p).sum()
    };
    assert!(share("amazed") > share("bored"), "{} {}", share("amazed"), share("bored"));
}

#[test]
fn asking_teaches_nothing() {
    let mut predictor = Predictor::default();
    shown(&mut predictor, &["idle", "thinking"]);
    let first = predictor.predict();
    for _ in 0..50 {
        assert_eq!(predictor.predict(), first);
    }
}

#[test]
fn a_session_does_not_begin_where_another_ended() {
    let mut predictor = Predictor::default();
    shown(&mut predictor, &["idle", "thinking", "talking"]);
    predictor.begin();
    assert_eq!(predictor.predict(), []);
}

/// Anything that may be shown: known and unknown states, faces of any strength, names too long.
fn any_cue() -> impl Strategy<Value = Cue> {
    prop_oneof![
        4 => (0..12usize).prop_map(|state| Cue::state(vocabulary::STATES[state])),
        2 => (0u32..400).prop_map(|number| Cue::state(format!("s{number}"))),
        3 => ("[a-f]{1,2}", 0u8..=10).prop_map(|(word, tenths)| face(&word, tenths)),
        1 => (0usize..2_000).prop_map(|length| Cue::state("x".repeat(length))),
    ]
}

fn story() -> impl Strategy<Value = Vec<Cue>> {
    prop::collection::vec(any_cue(), 1..200)
}

fn tell(story: &[Cue]) -> Predictor {
    let mut predictor = Predictor::default();
    story.iter().for_each(|cue| predictor.observe(cue));
    predictor
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn probabilities_are_positive_and_add_up_to_one(story in story()) {
        let mut predictor = Predictor::default();
        for cue in &story {
            predictor.observe(cue);
            let guesses = predictor.distribution();
            let total: f64 = guesses.iter().map(|guess| f64::from(guess.probability)).sum();
            prop_assert!(guesses.is_empty() || (total - 1.0).abs() < 1e-4, "{total}");
            prop_assert!(guesses.iter().all(|guess| guess.probability > 0.0 && guess.probability <= 1.0));
        }
    }

    #[test]
    fn equal_stories_are_answered_alike(story in story()) {
        prop_assert_eq!(tell(&story).predict(), tell(&story).predict());
    }

    #[test]
    fn what_was_saved_foresees_the_same_and_stays_small(before in story(), then in story()) {
        let mut kept = tell(&before);
        let bytes = kept.save();
        prop_assert!(bytes.len() <= MOST_BYTES);
        let mut restored = Predictor::restore(Tier::Enterprise, &bytes).unwrap();
        kept.begin();
        for cue in &then {
            kept.observe(cue);
            restored.observe(cue);
            prop_assert_eq!(kept.predict(), restored.predict());
        }
    }

    #[test]
    fn bytes_of_strangers_are_refused_or_harmless(
        story in story(),
        strange in prop::collection::vec(any::<u8>(), 0..600),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = tell(&story).save();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let shorter = bytes[..cut.index(bytes.len())].to_vec();
        for bytes in [strange, bytes, shorter] {
            if let Ok(mut predictor) = Predictor::restore(Tier::Pro, &bytes) {
                for cue in &story {
                    predictor.observe(cue);
                    let guesses = predictor.distribution();
                    prop_assert!(guesses.iter().all(|guess| guess.probability >= 0.0));
                }
            }
        }
    }

    #[test]
    fn memory_is_bounded(story in prop::collection::vec(any_cue(), 300..600)) {
        let predictor = tell(&story);
        prop_assert!(predictor.vocabulary.words.len() <= WORDS);
        prop_assert!(predictor.old.lasting.contexts().count() <= mind::LASTING);
        prop_assert!(predictor.save().len() <= MOST_BYTES);
    }
}
