//! The placeholder's promises: small, well formed, different for every state, still on request.

use std::collections::BTreeSet;

use super::*;
use crate::cue::Intensity;
use proptest::prelude::*;

fn everyone() -> impl Iterator<Item = (&'static str, Body, String)> {
    catalog::built_in().states.iter().flat_map(|state| {
        Body::ALL.into_iter().map(|body| {
            let look = Look { body, ..default_look() };
            (state.id.as_str(), body, svg(&state.id, &look).unwrap())
        })
    })
}

#[test]
fn every_picture_is_well_formed_small_and_honours_reduced_motion() {
    for (state, body, picture) in everyone() {
        let document =
            roxmltree::Document::parse(&picture).unwrap_or_else(|e| panic!("{state} {body:?}: {e}"));
        assert_eq!(document.root_element().attribute("role"), Some("img"));
        assert!(document.descendants().any(|n| n.has_tag_name(("http://www.w3.org/2000/svg", "title"))));
        assert!(picture.len() <= 4096, "{state} {body:?} has {} bytes", picture.len());
        assert!(picture.contains("@media (prefers-reduced-motion: reduce)"));
        assert!(picture.contains("@keyframes"), "{state} {body:?} does not move");
    }
}

#[test]
fn a_still_is_the_same_picture_without_motion_for_everybody() {
    for (state, body, picture) in everyone() {
        let still = still(&picture);
        roxmltree::Document::parse(&still).unwrap();
        assert!(still.contains("@media all{g{animation:none!important}}"), "{state} {body:?} moves");
        assert_eq!(still.replace("@media all", "@media (prefers-reduced-motion: reduce)"), picture);
    }
    assert!(stands_still([("character", "bolt"), ("still", "1")]) && !stands_still([("still", "0")]));
    assert!(look_from_query([("still", "1")]).is_ok() && look_from_query([("still", "yes")]).is_err());
}

#[test]
fn no_two_pictures_are_the_same_and_no_two_states_move_alike() {
    let pictures: BTreeSet<String> = everyone().map(|(_, _, picture)| picture).collect();
    assert_eq!(pictures.len(), catalog::built_in().states.len() * Body::ALL.len());
    let style = |picture: &str| {
        picture.split("</style>").next().map(|s| s.split("@keyframes").skip(1).collect::<String>())
    };
    let motions: BTreeSet<_> =
        everyone().filter(|(_, body, _)| *body == Body::Cat).map(|(_, _, picture)| style(&picture)).collect();
    assert_eq!(motions.len(), catalog::built_in().states.len());
}

#[test]
fn a_state_that_is_not_in_the_catalogue_has_no_picture() {
    assert_eq!(svg("juggling", &default_look()), None);
    assert_eq!(svg("", &default_look()), None);
}

#[test]
fn the_path_of_a_placeholder_leads_back_to_its_look() {
    for character in character::built_in().values() {
        let path = path(&character.look, &Cue::state("talking"));
        let (file, query) = path.split_once('?').unwrap();
        assert_eq!(file, "/placeholders/talking.svg");
        assert_eq!(
            look_from_query(query.split('&').map(|pair| pair.split_once('=').unwrap())),
            Ok(character.look)
        );
    }
}

#[test]
fn a_built_in_character_is_chosen_by_id_and_may_be_recoloured() {
    let look = look_from_query([("character", "bolt"), ("primary", "#112233")]).unwrap();
    assert_eq!((look.body, look.primary.to_string()), (Body::Robot, "#112233".into()));
}

#[test]
fn every_bad_field_is_named_at_once() {
    let errors =
        look_from_query([("body", "dragon"), ("primary", "red"), ("character", "nobody"), ("<script>", "1")])
            .unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
    assert_eq!(pointers, ["/body", "/primary", "/character", "/"]);
}

#[test]
fn a_reaction_shows_as_the_closest_state() {
    let cue = |expression: &str, emotion: &str, animation: &str| {
        Cue::Reaction(Reaction {
            expression: expression.into(),
            emotion: emotion.into(),
            animation: animation.into(),
            intensity: Intensity::default(),
        })
    };
    assert_eq!(state_for(&cue("pleased", "flustered", "giggle")), "happy");
    assert_eq!(state_for(&cue("neutral", "sad", "idle")), "sad");
    assert_eq!(state_for(&cue("neutral", "neutral", "idle")), "idle");
    assert_eq!(state_for(&cue("unheard", "of", "words")), "idle");
    assert_eq!(state_for(&Cue::state("farewell")), "farewell");
    assert_eq!(state_for(&Cue::state("juggling")), "idle");
}

proptest! {
    #[test]
    fn nothing_in_a_query_reaches_the_picture_as_markup(
        pairs in proptest::collection::vec(("(body|primary|accent|character|[<>\"a-z]{1,6})", "[<>\"'&#a-f0-9]{0,8}"), 0..5)
    ) {
        match look_from_query(pairs) {
            Ok(look) => {
                let picture = svg("idle", &look).unwrap();
                prop_assert!(roxmltree::Document::parse(&picture).is_ok());
            }
            Err(errors) => {
                for error in errors {
                    prop_assert!(!error.detail.contains(['<', '"']) && !error.pointer.contains(['<', '"']));
                }
            }
        }
    }
}
