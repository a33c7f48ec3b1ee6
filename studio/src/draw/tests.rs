//! What must be seen: states differ, the backdrop is flat, the character stays in the frame.

use cuelight_core::catalog;
use cuelight_core::character::{self, Character};
use cuelight_core::cue::{Cue, Intensity, Reaction};

use crate::motion;
use crate::reaction::{ANIMATIONS, MOODS};

const SIDE: u32 = 96;

fn picture(who: &Character, cue: &Cue, phase: f64) -> Vec<u8> {
    let pose = motion::pose(cue, phase, who.seed);
    super::frame(&who.look, who.seed, &pose, SIDE, SIDE).unwrap().take()
}

/// The share of pixels that differ visibly: by more than a tenth of the range in some channel.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let pixels = a.chunks_exact(4).zip(b.chunks_exact(4));
    let differ = pixels.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 25)).count();
    differ as f64 / f64::from(SIDE * SIDE)
}

fn reaction(mood: &str, animation: &str, intensity: f64) -> Cue {
    Cue::Reaction(Reaction {
        expression: mood.into(),
        emotion: mood.into(),
        animation: animation.into(),
        intensity: Intensity::from_unit(intensity).unwrap(),
    })
}

#[test]
fn any_two_states_of_a_character_can_be_told_apart() {
    for who in character::built_in().values() {
        let states = &catalog::built_in().states;
        let shots: Vec<_> = states.iter().map(|s| picture(who, &Cue::state(&s.id), 0.47)).collect();
        for (i, a) in shots.iter().enumerate() {
            for (j, b) in shots.iter().enumerate().skip(i + 1) {
                let share = difference(a, b);
                assert!(share > 0.03, "{}: {} and {}: {share:.3}", who.id, states[i].id, states[j].id);
            }
        }
    }
}

#[test]
fn a_feeling_shows_more_the_stronger_it_is() {
    for who in character::built_in().values() {
        for mood in MOODS.iter().filter(|mood| **mood != "neutral") {
            let calm = picture(who, &reaction("neutral", "idle", 0.5), 0.4);
            let weak = difference(&calm, &picture(who, &reaction(mood, "idle", 0.1), 0.4));
            let strong = difference(&calm, &picture(who, &reaction(mood, "idle", 0.9), 0.4));
            assert!(strong > weak && strong > 0.008, "{} {mood}: {weak:.4} then {strong:.4}", who.id);
        }
    }
}

#[test]
fn the_backdrop_is_exactly_its_colour_and_nobody_touches_the_sides() {
    for who in character::built_in().values() {
        let states = catalog::built_in().states.iter().map(|s| Cue::state(&s.id));
        let moves = ANIMATIONS.iter().map(|name| reaction("happy", name, 1.0));
        for cue in states.chain(moves) {
            for step in 0..12 {
                let shot = picture(who, &cue, f64::from(step) / 12.0);
                let backdrop = [who.look.backdrop.r, who.look.backdrop.g, who.look.backdrop.b, 255];
                let pixel = |x: u32, y: u32| {
                    let at = ((y * SIDE + x) * 4) as usize;
                    shot[at..at + 4].to_vec()
                };
                for along in 0..SIDE {
                    for (x, y) in [(along, 0), (along, SIDE - 1), (0, along), (SIDE - 1, along)] {
                        assert_eq!(pixel(x, y), backdrop, "{} {cue} at {step}/12 reaches {x},{y}", who.id);
                    }
                }
            }
        }
    }
}

#[test]
fn the_seed_varies_a_face_a_little() {
    let dash = &character::built_in()["dash"];
    let pose = motion::pose(&Cue::state("idle"), 0.0, 1);
    let shot = |seed| super::frame(&dash.look, seed, &pose, SIDE, SIDE).unwrap().take();
    assert!(shot(1) != shot(2), "freckles");
    assert!(difference(&shot(1), &shot(2)) < 0.05, "still the same person");
    assert!(shot(1) == shot(1));
}
