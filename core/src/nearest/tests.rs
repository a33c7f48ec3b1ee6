//! What is near and what is not, and the names it is found under.

use super::*;
use crate::character::Character;
use crate::cue::Intensity;
use crate::operation::{ClipSpec, MAX_WORD_CHARS, Scope, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

fn key(n: u8) -> CacheKey {
    CacheKey::parse(&char::from(b'a' + n % 26).to_string().repeat(32)).unwrap()
}

fn reaction(expression: &str, emotion: &str, animation: &str, tenths: u8) -> Cue {
    Cue::Reaction(Reaction {
        expression: expression.into(),
        emotion: emotion.into(),
        animation: animation.into(),
        intensity: Intensity::from_unit(f64::from(tenths) / 10.0).unwrap(),
    })
}

fn near(a: &Cue, b: &Cue) -> bool {
    distance(a, b).is_some_and(|distance| distance <= bound())
}

/// A word that is known most of the time.
fn a_word() -> impl Strategy<Value = String> {
    let known: Vec<String> = similarity().words.keys().cloned().collect();
    prop_oneof![4 => prop::sample::select(known), 1 => "[a-zé ]{1,40}"]
}

fn a_cue() -> impl Strategy<Value = Cue> {
    let states: Vec<String> = similarity().states.keys().cloned().collect();
    prop_oneof![
        prop::sample::select(states).prop_map(Cue::state),
        (a_word(), a_word(), a_word(), 0u8..=10).prop_map(|(e, m, a, i)| reaction(&e, &m, &a, i)),
    ]
}

proptest! {
    #[test]
    fn a_cue_is_at_no_distance_from_itself(cue in a_cue()) {
        prop_assert_eq!(distance(&cue, &cue), Some(0.0));
    }

    #[test]
    fn a_distance_is_the_same_both_ways_and_from_0_to_1(a in a_cue(), b in a_cue()) {
        let there = distance(&a, &b).unwrap();
        prop_assert_eq!(Some(there), distance(&b, &a));
        prop_assert!((0.0..=1.0).contains(&there), "{}", there);
    }

    #[test]
    fn a_stronger_difference_of_intensity_is_never_nearer(
        words in (a_word(), a_word(), a_word()), others in (a_word(), a_word(), a_word()), steps in 0u8..=9,
    ) {
        let at = |words: &(String, String, String), tenths| reaction(&words.0, &words.1, &words.2, tenths);
        let wanted = at(&words, 0);
        let close = distance(&wanted, &at(&others, steps)).unwrap();
        let far = distance(&wanted, &at(&others, steps + 1)).unwrap();
        prop_assert!(far > close, "{close} {far}");
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order_of_the_candidates(
        wanted in a_cue(), candidates in prop::collection::vec((a_cue(), 0u8..26), 0..40), turn in 0usize..40,
    ) {
        let candidates: Vec<_> = candidates.into_iter().map(|(cue, n)| (cue, key(n))).collect();
        let own = key(3);
        let chosen = choose(&wanted, candidates.iter().cloned(), &own);
        let turned = candidates.iter().rev().cycle().skip(turn).take(candidates.len()).cloned();
        let again = choose(&wanted, turned, &own);
        let told = |near: &Option<Nearest>| near.as_ref().map(|n| (n.key, n.distance));
        prop_assert_eq!(told(&chosen), told(&again));
        if let Some(near) = chosen {
            prop_assert!(near.key != own && near.distance <= bound());
            for (cue, key) in candidates.iter().filter(|(_, key)| *key != own) {
                let other = distance(&wanted, cue).unwrap();
                prop_assert!(other > near.distance || (other == near.distance && *key >= near.key));
            }
        } else {
            prop_assert!(!candidates.iter().any(|(cue, key)| *key != own && near(&wanted, cue)));
        }
    }

    #[test]
    fn a_name_says_what_was_written(
        words in prop::collection::vec("[\\p{Alphabetic}0-9 _-]{1,40}", 3), tenths in 0u8..=10, n in 0u8..26,
    ) {
        let cue = reaction(&words[0], &words[1], &words[2], tenths);
        let group = group("demo", &spec(json!({})), &Scope::default());
        let name = entry_name(&group, &cue, &key(n)).expect("the words of a valid request fit");
        prop_assert!(name.len() <= MAX_NAME_BYTES && name.starts_with(&group) && name.is_ascii());
        prop_assert_eq!(read_entry(&name), Some((cue, key(n))));
    }

    #[test]
    fn a_hostile_name_is_no_entry(name in ".{0,1000}", cut in 0usize..130, byte in any::<char>()) {
        prop_assert_eq!(read_entry(&name), None);
        let group = group("demo", &spec(json!({})), &Scope::default());
        let good = entry_name(&group, &Cue::state("happy"), &key(1)).unwrap();
        let mut chars: Vec<char> = good.chars().collect();
        let place = cut % chars.len();
        chars[place] = byte;
        let spoilt: String = chars.into_iter().collect();
        // It is read as what it says, or not at all.
        if let Some((cue, key)) = read_entry(&spoilt) {
            prop_assert_eq!(entry_name(&spoilt[..group.len()], &cue, &key), Some(spoilt));
        }
    }
}

#[test]
fn the_embedded_similarity_is_complete() {
    let known = parse().unwrap();
    let states: Vec<&str> = catalog::built_in().states.iter().map(|s| s.id.as_str()).collect();
    assert!(states.iter().all(|id| known.states.contains_key(*id)), "a state has no mood");
    assert_eq!(known.states.len(), states.len(), "a mood has no state");
    for (name, [valence, arousal]) in known.states.iter().chain(&known.words) {
        assert!(valence * valence + arousal * arousal <= 1.0, "{name} lies outside the circle");
    }
    let (r, s, m) = (&known.reaction_weights, &known.state_weights, &known.mixed_weights);
    for sum in [
        r.expression + r.emotion + r.animation + r.intensity,
        s.stand_in + s.mood,
        m.kind + m.mood + m.animation + m.intensity,
    ] {
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
    let longest = catalog::built_in().states.iter().map(|s| s.fallback.len()).max().unwrap();
    assert_eq!(known.stand_in_steps.len(), longest);
    assert!(known.stand_in_steps.is_sorted());
    assert!(known.words.len() >= 60 && known.words.keys().all(|w| *w == w.to_lowercase()));
    let mut moods: Vec<String> = known.words.values().map(|mood| format!("{mood:?}")).collect();
    moods.sort();
    moods.dedup();
    assert_eq!(moods.len(), known.words.len(), "two words would be one");
}

#[test]
fn a_pleasant_cue_is_never_answered_with_an_unpleasant_one() {
    let known = similarity();
    let all = || known.words.iter().map(|(word, mood)| (word.as_str(), mood[0]));
    for (pleasant, _) in all().filter(|(_, valence)| *valence >= 0.3) {
        for (unpleasant, _) in all().filter(|(_, valence)| *valence <= -0.3) {
            for [a, b] in [
                [reaction(pleasant, "neutral", "idle", 5), reaction(unpleasant, "neutral", "idle", 5)],
                [reaction("neutral", pleasant, "idle", 5), reaction("neutral", unpleasant, "idle", 5)],
                [reaction(pleasant, pleasant, "idle", 5), reaction(unpleasant, unpleasant, "idle", 5)],
            ] {
                assert!(!near(&a, &b), "{a} for {b}");
            }
        }
    }
    let moods = |sign: f64| known.states.iter().filter(move |(_, mood)| mood[0] * sign >= 0.3);
    for (pleasant, _) in moods(1.0) {
        for (unpleasant, _) in moods(-1.0) {
            assert!(!near(&Cue::state(pleasant), &Cue::state(unpleasant)), "{pleasant} for {unpleasant}");
            for word in [unpleasant.as_str(), "gloomy", "angry"] {
                let cue = reaction(word, "neutral", "idle", 5);
                assert!(!near(&Cue::state(pleasant), &cue), "{pleasant} for {cue}");
            }
        }
    }
}

#[test]
fn what_stands_in_for_a_state_is_near_and_everything_else_is_not() {
    for a in &catalog::built_in().states {
        for b in &catalog::built_in().states {
            let (x, y) = (Cue::state(&a.id), Cue::state(&b.id));
            let related = a == b || a.fallback.contains(&b.id) || b.fallback.contains(&a.id);
            assert!(related || !near(&x, &y), "{} and {}", a.id, b.id);
        }
        if let Some(first) = a.fallback.first() {
            assert!(near(&Cue::state(&a.id), &Cue::state(first)), "{} for {}", first, a.id);
        }
    }
    assert!(
        !near(&Cue::state("sad"), &Cue::state("idle")),
        "a face at ease tells a sad person the wrong thing"
    );
}

#[test]
fn the_nearest_reaction_is_the_one_a_person_would_pick() {
    let wanted = reaction("pleased", "flustered", "giggle", 7);
    let stored = [
        reaction("happy", "flustered", "giggle", 7),
        reaction("pleased", "flustered", "giggle", 4),
        reaction("pleased", "flustered", "idle", 7),
        reaction("sad", "flustered", "giggle", 7),
    ];
    let nearest = |stored: &[Cue]| {
        let candidates = stored.iter().cloned().zip((0u8..).map(key));
        choose(&wanted, candidates, &key(25)).map(|near| near.cue)
    };
    assert_eq!(nearest(&stored), Some(stored[1].clone()), "weaker, but the same");
    assert_eq!(nearest(&stored[2..]), Some(stored[2].clone()), "the same face without the giggle");
    assert_eq!(nearest(&stored[3..]), None);
    assert_eq!(
        choose(&wanted, [(wanted.clone(), key(1))].into_iter(), &key(1)),
        None,
        "the missing clip itself"
    );
    let same = choose(&wanted, [(wanted.clone(), key(2)), (wanted.clone(), key(1))].into_iter(), &key(3));
    assert_eq!(same.unwrap().key, key(1), "the same cue in another size");
}

#[test]
fn a_widget_and_a_game_may_share_clips_of_one_mood() {
    assert!(near(&Cue::state("happy"), &reaction("happy", "neutral", "idle", 5)));
    assert!(near(&Cue::state("happy"), &reaction("happy", "pleased", "giggle", 5)));
    assert!(!near(&Cue::state("happy"), &reaction("xyzzy", "neutral", "idle", 5)));
    assert_eq!(distance(&Cue::state("no-such-state"), &Cue::state("idle")), None);
}

#[test]
fn an_unknown_word_is_like_itself_only() {
    let wanted = reaction("smirk", "neutral", "idle", 5);
    assert!(near(&wanted, &reaction("smirk", "neutral", "idle", 10)));
    assert!(!near(&wanted, &reaction("smug", "neutral", "idle", 5)));
    assert!(!near(&wanted, &reaction("pleased", "neutral", "idle", 5)));
}

fn spec(params: Value) -> ClipSpec {
    let mut body = json!({"operation_type": "npc_response", "params": {"npc_id": "pip-2"}});
    body["params"].as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    validate(&body, "n").unwrap().spec.clip().unwrap().clone()
}

#[test]
fn a_group_holds_one_characters_clips_in_one_scope_and_one_wording() {
    let scope = |player: &str, private| Scope { player: Some(player.into()), private, ..Scope::default() };
    let plain = spec(json!({}));
    let of = |spec: &ClipSpec| group("demo", spec, &Scope::default());
    let public = of(&plain);
    // Computed with tests/golden/keys.py, which shares no code with this.
    assert_eq!(public, "near/v4jkejnjb3ll44bpjhoep3phuxsdubj6/");
    assert_eq!(public, of(&spec(json!({"npc_name": "Pip the Second"}))));
    assert_eq!(public, of(&spec(json!({"expression": "sad", "intensity": 1, "quality_preset": "realtime"}))));
    let with = |change: fn(&mut Character)| {
        let mut changed = plain.clone();
        change(&mut changed.character);
        of(&changed)
    };
    let others = [
        group("acme", &plain, &Scope::default()),
        with(|c| c.version = 2),
        with(|c| c.seed = 1),
        with(|c| c.look = Character::derived("x").look),
        group("demo", &plain, &scope("p1", false)),
        group("demo", &plain, &scope("p1", true)),
        group("demo", &plain, &Scope { private: true, ..Scope::default() }),
        of(&spec(json!({"prompt": "on fire"}))),
        of(&spec(json!({"negative_prompt": "on fire"}))),
        of(&spec(json!({"art_style": "anime"}))),
    ];
    for (n, one) in others.iter().enumerate() {
        assert!(*one != public && !others[..n].contains(one), "{n}");
    }
}

#[test]
fn the_words_of_a_request_make_its_group_whatever_its_cue() {
    let of = |params: Value| group("demo", &spec(params), &Scope::default());
    let dusk = of(json!({"expression": "happy", "prompt": "at dusk"}));
    assert_eq!(
        dusk,
        of(json!({"expression": "sad", "animation": "cry", "intensity": 0.1, "prompt": "at dusk"}))
    );
    assert_ne!(dusk, of(json!({"expression": "happy", "prompt": "at dawn"})));
}

#[test]
fn a_request_looks_in_its_own_group_first_and_a_private_one_nowhere_else() {
    let scope = |player: &str, private| Scope { player: Some(player.into()), private, ..Scope::default() };
    let (plain, worded) = (spec(json!({})), spec(json!({"prompt": "at dusk"})));
    let (public, own, private) = (Scope::default(), scope("p1", false), scope("p1", true));
    let at = |spec: &ClipSpec, scope: &Scope| group("demo", spec, scope);
    let search = |spec: &ClipSpec, scope: &Scope| groups_to_search("demo", spec, scope);
    assert_eq!(search(&plain, &public), [at(&plain, &public)]);
    assert_eq!(search(&plain, &own), [at(&plain, &own), at(&plain, &public)]);
    assert_eq!(search(&worded, &own), [at(&worded, &own), at(&worded, &public), at(&plain, &public)]);
    assert_eq!(search(&plain, &private), [at(&plain, &private)]);
    assert_eq!(search(&worded, &private), [at(&worded, &private), at(&plain, &private)]);
    let once_only = Scope { nonce: Some("n".into()), ..Scope::default() };
    assert_eq!(search(&plain, &once_only), [at(&plain, &public)]);
    assert!(search(&plain, &Scope { private: true, ..once_only }).is_empty());
}

#[test]
fn names_are_written_this_way() {
    let group = format!("near/{}/", "a".repeat(32));
    let name = |cue: &Cue| entry_name(&group, cue, &key(1)).unwrap();
    let tail = "b".repeat(32);
    assert_eq!(name(&Cue::state("happy")), format!("{group}eyJzdGF0ZSI6ImhhcHB5In0/{tail}"));
    let cue = reaction("pleased", "neutral", "idle", 7);
    let json = br#"{"expression":"pleased","emotion":"neutral","animation":"idle","intensity":0.7}"#;
    assert_eq!(name(&cue), format!("{group}{}/{tail}", data_encoding::BASE64URL_NOPAD.encode(json)));
    assert_eq!(entry_name(&group, &Cue::state("x".repeat(2_000)), &key(1)), None);
    let longest = "\u{1d49c}".repeat(MAX_WORD_CHARS);
    let name = name(&reaction(&longest, &longest, &longest, 7));
    assert_eq!(name.len(), 793);
}
