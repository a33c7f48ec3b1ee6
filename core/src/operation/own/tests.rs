//! The page's short way against the way that every request goes.

use icu_normalizer::ComposingNormalizerBorrowed;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Play, StateDef, Tier};
use crate::character::built_in;
use crate::cue::Intensity;
use crate::operation::validate;
use crate::placeholder;

/// The tables that the edge reads requests with.
struct Tables;

impl Letters for Tables {
    fn composed(&self, text: &str) -> String {
        ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
    }

    fn lower(&self, text: &str) -> String {
        text.to_lowercase()
    }

    fn are_words(&self, text: &str) -> bool {
        text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'))
    }
}

/// What a page says about its character, mostly right.
fn character() -> impl Strategy<Value = Value> {
    let id = || {
        prop_oneof![
            5 => prop::sample::select(built_in().keys().cloned().collect::<Vec<_>>()),
            2 => "[a-z0-9-]{1,10}",
            1 => "[ A-Za-zé\u{301}\u{7f}]{0,70}",
        ]
    };
    let color =
        prop_oneof![8 => "#[0-9a-fA-F]{6}".prop_map(Value::from), 1 => any::<String>().prop_map(Value::from)];
    let body = prop_oneof![8 => Just(json!("cat")), 1 => Just(json!("dragon")), 1 => Just(json!(7))];
    let look = (body, prop::collection::vec(color, 4)).prop_map(|(body, colors)| {
        json!({ "body": body, "primary": colors[0], "secondary": colors[1],
            "accent": colors[2], "backdrop": colors[3] })
    });
    let odd = prop_oneof![
        Just(Value::Null),
        Just(json!(1)),
        Just(json!(0)),
        Just(json!(3.0)),
        Just(json!(2.5)),
        Just(json!(-1)),
        Just(json!(4_294_967_295u64)),
        Just(json!(4_294_967_296u64)),
        Just(json!("x")),
        Just(json!([])),
        Just(json!({})),
        Just(json!("  spaced  ")),
        Just(json!("tab\there")),
        Just(json!("é".repeat(61))),
    ];
    let name = prop::sample::select(vec!["id", "version", "name", "seed", "look", "extra"]);
    let changes = prop::collection::vec((name, odd), 0..2);
    let definition = (id(), look, any::<u32>(), changes).prop_map(|(id, look, seed, changes)| {
        let mut value = json!({ "id": id, "version": 2, "name": "Own", "seed": seed, "look": look });
        for (name, odd) in changes {
            value[name] = odd;
        }
        value
    });
    prop_oneof![3 => id().prop_map(Value::from), 5 => definition, 1 => Just(json!(5)), 1 => Just(json!([]))]
}

fn cue() -> impl Strategy<Value = Cue> {
    let states = catalog::built_in().states.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    let word = || {
        prop_oneof![4 => "[a-z]{1,10}", 1 => "[ A-Za-z_-]{0,45}", 1 => "[\\p{L} ]{0,12}",
            1 => "[eE\u{301}ÀİςΣ\u{130}ſ٣]{0,8}", 1 => any::<String>()]
    };
    let reaction = (word(), word(), word(), 0.0f64..=1.0).prop_map(|(expression, emotion, animation, i)| {
        let intensity = Intensity::from_unit(i).unwrap_or_default();
        Cue::Reaction(Reaction { expression, emotion, animation, intensity })
    });
    prop_oneof![4 => prop::sample::select(states).prop_map(Cue::state), 1 => Just(Cue::state("juggling")), 5 => reaction]
}

/// States of a page's own, and built-in ones that it tells differently.
fn state() -> impl Strategy<Value = StateDef> {
    let known = || prop::sample::select(catalog::built_in().states.clone());
    let id = prop_oneof![4 => "[a-z0-9_-]{1,32}", 1 => known().prop_map(|known| known.id)];
    let motion = prop_oneof![4 => "[A-Za-z ,.;-]{1,90}", 2 => "[\\p{L}\\p{M}、。 ]{1,60}",
        1 => "[eE\u{301}ÀİςΣ\u{130}ſ٣ ]{1,60}", 1 => any::<String>()];
    let fallback = prop::collection::vec("[a-z]{1,6}|happy|thinking|idle", 0..3);
    let own = (id, motion, fallback, 500u64..600_000).prop_map(|(id, motion, fallback, span)| {
        let (label, duration_ms) = (id.clone(), Millis(span));
        StateDef { id, label, tier: Tier::Free, play: Play::Held, duration_ms, fallback, motion }
    });
    let told = (known(), 500u64..20_000).prop_map(|(known, span)| StateDef {
        label: "told".into(),
        duration_ms: Millis(span),
        ..known
    });
    prop_oneof![4 => own, 1 => told, 1 => known()]
}

/// What the page would send, put together from what it was given as it was given.
fn plainly(character: &Value, cue: &Cue, duration: Option<Millis>, preset: &str) -> Value {
    let mut request = match cue {
        Cue::State { state } => json!({
            "operation_type": "state_clip",
            "params": { "character": character, "state": state, "quality_preset": preset },
        }),
        Cue::Reaction(r) => {
            let who = if character.is_string() { "npc_id" } else { "character" };
            json!({ "operation_type": "npc_response", "params": {
                "expression": r.expression, "emotion": r.emotion, "animation": r.animation,
                "intensity": r.intensity.as_unit(), "quality_preset": preset, who: character,
            }})
        }
    };
    if let Some(span) = duration {
        request["params"]["duration"] = json!(span.0 as f64 / 1000.0);
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_page_and_the_edge_read_a_request_alike(
        character in character(), cue in cue(),
        preset in prop::sample::select(vec!["realtime", "fast", "balanced", "quality", "best"]),
        duration in proptest::option::of((10u64..=100).prop_map(|tenths| Millis(tenths * 100))),
        priority in proptest::option::of(0u8..=20), speculative: bool,
    ) {
        let edge = validate(&plainly(&character, &cue, duration, preset), "");
        let page = Who::read(&character, &Tables).and_then(|who| {
            let manner = Manner { priority, speculative };
            let clip = clip(&who, &cue, duration, preset, &Tables)?;
            Ok((clip, body(&who, &cue, duration, preset, &Sharing::Everybody, manner)))
        });
        prop_assert_eq!(page.is_ok(), edge.is_ok(), "{:?} {:?}", page, edge);
        if let (Ok((clip, body)), Ok(edge)) = (page, edge) {
            prop_assert_eq!(Some(&clip), edge.spec.clip());
            let sent = validate(&serde_json::from_str(&body).unwrap(), "").unwrap();
            prop_assert_eq!(sent.spec.clip(), Some(&clip));
            prop_assert_eq!(sent.scope, edge.scope);
            prop_assert_eq!(sent.priority, priority.unwrap_or(crate::operation::DEFAULT_PRIORITY));
            prop_assert_eq!(sent.speculative, speculative);
            prop_assert!(!sent.free_text);
        }
    }

    #[test]
    fn the_edge_makes_any_state_of_a_page_at_the_address_where_the_page_looks_for_it(state in state()) {
        let (cue, duration) = shown_by(&state, &Tables);
        let who = Who::Named("bolt".into());
        let clip = clip(&who, &cue, duration, "fast", &Tables);
        let body = body(&who, &cue, duration, "fast", &Sharing::Everybody, Manner::default());
        let sent = validate(&serde_json::from_str(&body).unwrap(), "");
        prop_assert!(clip.is_ok() && sent.is_ok(), "{} {:?} {:?}", body, clip, sent);
        if let (Ok(clip), Ok(sent)) = (clip, sent) {
            prop_assert_eq!(Some(&clip), sent.spec.clip());
            prop_assert!(!sent.free_text, "a page's token may ask for it");
            prop_assert!(state.duration_ms.0.abs_diff(clip.duration_ms.0) <= 50
                || !(1_000..=10_000).contains(&state.duration_ms.0));
        }
    }

    #[test]
    fn a_state_that_moves_as_the_catalogue_says_is_asked_for_as_the_catalogues(
        known in prop::sample::select(catalog::built_in().states.clone()), play: bool,
    ) {
        let play = if play { Play::Once } else { Play::Loop };
        let told = StateDef { label: "elsewhere".into(), fallback: vec!["sad".into()], play, ..known.clone() };
        prop_assert_eq!(shown_by(&told, &Tables), (Cue::state(known.id.as_str()), None));
        prop_assert_eq!(stance(&told), &known.id);
    }
}

fn own(id: &str, motion: &str, fallback: &[&str]) -> StateDef {
    StateDef {
        id: id.into(),
        label: id.into(),
        tier: Tier::Free,
        play: Play::Once,
        duration_ms: Millis(2_500),
        fallback: fallback.iter().map(|name| (*name).to_owned()).collect(),
        motion: motion.into(),
    }
}

#[test]
fn a_state_of_its_own_is_asked_for_in_its_own_words() {
    let words = |motion: &str| match shown_by(&own("dancing", motion, &["idle"]), &Tables).0 {
        Cue::Reaction(reaction) => (reaction.expression, reaction.animation),
        state @ Cue::State { .. } => panic!("{state}"),
    };
    for (motion, animation) in [
        ("Dances on the spot, arms swinging, delighted", "dances on the spot arms swinging"),
        ("wraps a parcel; quick hands!", "wraps a parcel quick hands"),
        ("在原地跳舞，很高兴", "在原地跳舞 很高兴"),
        ("CAFE\u{301} \u{1f389} dance", "café dance"),
        (&"a".repeat(60), &"a".repeat(40)),
        (&format!("{} b", "a".repeat(40)), &"a".repeat(40)),
        ("!?", "idle"),
    ] {
        assert_eq!(words(motion), ("dancing".to_owned(), animation.to_owned()), "{motion}");
    }
}

#[test]
fn until_its_clip_is_there_a_state_of_its_own_stands_like_its_first_known_fallback() {
    let state = own("packing", "wraps a parcel", &["wrapping", "thinking", "idle"]);
    assert_eq!(stance(&state), "thinking");
    assert_eq!(stance(&own("lost", "walks", &["wrapping"])), "idle");
    // And what the edge draws meanwhile, and a renderer that knows none of the words, do the same.
    let (cue, duration) = shown_by(&state, &Tables);
    assert_eq!(placeholder::state_for(&cue), "thinking");
    assert_eq!(duration, Some(Millis(2_500)));
}

#[test]
fn a_character_is_called_by_its_name_or_else_by_its_id() {
    let name = |value: Value| Who::read(&value, &Tables).unwrap().name();
    assert_eq!(name(json!("bolt")), "Bolt");
    assert_eq!(name(json!("stranger")), "stranger");
    let look = serde_json::to_value(built_in()["bolt"].look).unwrap();
    assert_eq!(name(json!({ "id": "own", "look": look })), "own");
    assert_eq!(name(json!({ "id": "own", "name": "Own", "look": look })), "Own");
}

#[test]
fn who_shares_a_clip_is_in_its_address_as_the_edge_reads_it() {
    let cue = Cue::Reaction(Reaction {
        expression: "happy".into(),
        emotion: "joy".into(),
        animation: "wave".into(),
        intensity: crate::cue::Intensity::from_unit(0.5).unwrap(),
    });
    let who = Who::Named("miso".into());
    for sharing in [
        Sharing::Everybody,
        Sharing::Player("p 1".into()),
        Sharing::Playthrough("two".into()),
        Sharing::Nobody("0123456789abcdef".into()),
    ] {
        let body = body(&who, &cue, None, "fast", &sharing, Manner::default());
        let job = validate(&serde_json::from_str(&body).unwrap(), "nonce").unwrap();
        assert_eq!(job.scope, sharing.scope(), "{body}");
    }
}

#[test]
fn a_clip_for_one_request_only_has_the_address_that_its_nonce_makes() {
    let (cue, options) = (json!({}), json!({ "strategy": "always" }));
    let request = CueRequest::read(&&cue, Some(&&options), &crate::cue_request::Who::default()).unwrap();
    let [one, two] = ["1", "2"].map(|digit| Sharing::of(&request, &Tables, || digit.repeat(32)).unwrap());
    assert_ne!(one.scope(), two.scope());
    assert_eq!(one.scope().nonce, Some("1".repeat(32)));
    let shared = CueRequest { strategy: api::Strategy::Once, ..request };
    assert_eq!(Sharing::of(&shared, &Tables, || unreachable!("drawn for nothing")), Ok(Sharing::Everybody));
}
