//! What the words of a game's reaction mean: an expression and an emotion shape the face and the
//! posture, an animation moves the body, and the intensity scales both. An unknown word
//! is neutral, and of a phrase the first known one counts.

use cuelight_core::catalog;
use cuelight_core::cue::Reaction;
use cuelight_core::placeholder::stance::{self, Prop, Stance};

use crate::motion::{Beat, breathe};
use crate::pose::{Pose, blend};

/// The expressions and emotions that are known. Other words are taken as `neutral`.
pub const MOODS: &[&str] = &[
    "neutral",
    "interested",
    "pleased",
    "happy",
    "ecstatic",
    "amused",
    "giggling",
    "blushing",
    "flustered",
    "shy",
    "curious",
    "surprised",
    "afraid",
    "angry",
    "annoyed",
    "sad",
    "tired",
    "proud",
    "bored",
    "confused",
    "loving",
];

/// The animations that are known. Other words are taken as `idle`.
pub const ANIMATIONS: &[&str] = &[
    "idle", "giggle", "nod", "shake", "wave", "jump", "dance", "stretch", "purr", "flinch", "sleep", "spin",
    "cheer",
];

/// The highest hop that keeps every head in the frame, in units.
const HIGHEST: f32 = 11.0;

const AT_EASE: Stance = stance::IDLE;

/// The stance of a mood at full strength, or `None` when the word is not known.
fn mood(word: &str) -> Option<Stance> {
    let smile = |curve, open, blush| Stance { mouth_curve: curve, mouth_open: open, blush, ..AT_EASE };
    Some(match word {
        "neutral" => AT_EASE,
        "interested" => Stance {
            lean: 4.0,
            tilt: 6.0,
            brow_l: 0.6,
            brow_r: 0.6,
            eye_open: 1.18,
            mouth_wide: 0.85,
            hand_l: (-24.0, 138.0),
            hand_r: (24.0, 138.0),
            bend_l: 12.0,
            bend_r: 12.0,
            ..smile(0.75, 0.12, 0.5)
        },
        "pleased" => Stance {
            tilt: -5.0,
            brow_l: 0.3,
            brow_r: 0.3,
            eye_smile: 0.45,
            mouth_wide: 1.15,
            ..smile(1.0, 0.0, 0.8)
        },
        "happy" => Stance { prop: Prop::Hearts, ..stance::of_state("happy") },
        "ecstatic" => Stance { eye_smile: 0.0, ..stance::of_state("excited") },
        "amused" => Stance {
            tilt: 8.0,
            brow_l: 0.7,
            brow_r: -0.1,
            eye_smile: 0.4,
            hand_r: (12.0, 120.0),
            bend_r: 18.0,
            mouth_wide: 1.1,
            ..smile(0.95, 0.2, 0.6)
        },
        "giggling" => Stance {
            tilt: 7.0,
            head_dy: 3.0,
            eye_smile: 1.0,
            hand_l: (-8.0, 124.0),
            hand_r: (8.0, 118.0),
            bend_l: 16.0,
            bend_r: 18.0,
            ..smile(0.9, 0.4, 1.0)
        },
        "blushing" => Stance {
            tilt: -9.0,
            head_dy: 4.0,
            brow_slant: 0.55,
            gaze: (0.6, 0.5),
            eye_open: 0.85,
            mouth_wide: 0.7,
            hand_l: (-34.0, 104.0),
            hand_r: (34.0, 104.0),
            bend_l: 14.0,
            bend_r: 14.0,
            ..smile(0.6, 0.0, 1.3)
        },
        "flustered" => Stance {
            tilt: 6.0,
            brow_l: 0.6,
            brow_r: 0.6,
            brow_slant: 0.8,
            eye_open: 1.15,
            gaze: (-0.6, 0.1),
            mouth_wide: 0.8,
            hand_l: (-42.0, 112.0),
            hand_r: (42.0, 112.0),
            bend_l: 16.0,
            bend_r: 16.0,
            prop: Prop::Sweat,
            ..smile(-0.35, 0.35, 1.2)
        },
        "shy" => Stance {
            lean: -4.0,
            tilt: -12.0,
            head_dy: 7.0,
            brow_slant: 0.7,
            gaze: (-0.7, 0.6),
            eye_open: 0.75,
            mouth_wide: 0.55,
            hand_l: (-5.0, 146.0),
            hand_r: (5.0, 146.0),
            bend_l: 14.0,
            bend_r: 14.0,
            ..smile(0.4, 0.0, 1.0)
        },
        "curious" => Stance {
            lean: 6.0,
            tilt: 13.0,
            brow_l: 0.9,
            brow_r: 0.2,
            eye_open: 1.22,
            gaze: (0.5, -0.2),
            mouth_wide: 0.6,
            hand_r: (14.0, 112.0),
            bend_r: 20.0,
            ..smile(0.3, 0.15, 0.4)
        },
        "surprised" => stance::of_state("surprised"),
        "afraid" => Stance {
            lean: -7.0,
            head_dy: 5.0,
            brow_l: 0.7,
            brow_r: 0.7,
            brow_slant: 1.0,
            eye_open: 1.35,
            mouth_wide: 0.95,
            blush: 0.0,
            hand_l: (-10.0, 122.0),
            hand_r: (10.0, 122.0),
            bend_l: 16.0,
            bend_r: 16.0,
            prop: Prop::Sweat,
            mouth_curve: -0.8,
            mouth_open: 0.3,
            ..AT_EASE
        },
        "angry" => Stance {
            lean: 3.0,
            head_dy: 3.0,
            brow_l: -0.7,
            brow_r: -0.7,
            brow_slant: -1.1,
            eye_open: 0.82,
            mouth_wide: 1.0,
            hand_l: (-36.0, 149.0),
            hand_r: (36.0, 149.0),
            bend_l: 27.0,
            bend_r: 27.0,
            prop: Prop::Anger,
            ..smile(-0.95, 0.22, 0.7)
        },
        "annoyed" => Stance {
            tilt: -6.0,
            brow_l: -0.6,
            brow_r: 0.3,
            brow_slant: -0.6,
            eye_open: 0.55,
            gaze: (0.75, -0.1),
            mouth_wide: 0.75,
            hand_l: (10.0, 139.0),
            hand_r: (-10.0, 133.0),
            bend_l: 10.0,
            bend_r: 10.0,
            ..smile(-0.6, 0.0, 0.3)
        },
        "sad" => stance::of_state("sad"),
        "tired" => Stance {
            lean: -3.0,
            tilt: 10.0,
            head_dy: 8.0,
            brow_slant: 0.5,
            brow_l: -0.2,
            brow_r: -0.2,
            eye_open: 0.34,
            gaze: (0.0, 0.5),
            hand_l: (-36.0, 160.0),
            hand_r: (36.0, 160.0),
            mouth_wide: 0.7,
            ..smile(-0.25, 0.28, 0.15)
        },
        "proud" => Stance { prop: Prop::Glint, eye_smile: 0.0, ..stance::of_state("confident") },
        "bored" => Stance {
            tilt: 12.0,
            head_dy: 5.0,
            eye_open: 0.42,
            gaze: (-0.8, -0.1),
            brow_l: -0.2,
            brow_r: -0.2,
            mouth_wide: 0.7,
            hand_r: (27.0, 110.0),
            bend_r: 20.0,
            ..smile(-0.3, 0.0, 0.1)
        },
        "confused" => stance::of_state("confused"),
        "loving" => Stance {
            tilt: 8.0,
            brow_l: 0.3,
            brow_r: 0.3,
            brow_slant: 0.4,
            eye_smile: 1.0,
            hand_l: (-8.0, 130.0),
            hand_r: (8.0, 130.0),
            bend_l: 18.0,
            bend_r: 18.0,
            prop: Prop::Hearts,
            mouth_wide: 0.9,
            ..smile(0.9, 0.0, 1.2)
        },
        // Or a state of the catalogue: what stands in for a page's own state.
        _ => return catalog::built_in().state(word).map(|state| stance::of_state(&state.id)),
    })
}

/// The first animation that a phrase names: "dances on the spot" is a dance.
fn named(phrase: &str) -> &'static str {
    let known = |word: &str| {
        ANIMATIONS.iter().find(|known| word == **known || word.strip_suffix('s') == Some(**known)).copied()
    };
    phrase.split(' ').find_map(known).unwrap_or("idle")
}

/// Whether an animation plays once, from ease to ease, or goes on for as long as it is shown.
fn plays_once(animation: &str) -> bool {
    ANIMATIONS.contains(&animation) && !matches!(animation, "idle" | "purr" | "sleep" | "dance")
}

/// The pose of a reaction at a moment.
pub(crate) fn pose(words: &Reaction, at: Beat, seed: u32) -> Pose {
    #[allow(clippy::cast_possible_truncation)]
    let strength = words.intensity.as_unit() as f32;
    let animation = named(&words.animation);
    let e = if plays_once(animation) { at.envelope() } else { 1.0 };
    // The face follows the expression; the feeling behind it shows through by a third, and alone where the
    // expression says nothing.
    let face = mood(&words.expression).filter(|_| words.expression != "neutral");
    let feeling = mood(&words.emotion).unwrap_or(AT_EASE);
    let mut target = face.as_ref().map_or(feeling, |face| blend(face, &feeling, 0.33));
    if let Some(face) = face.filter(|face| face.prop != Prop::None) {
        target.prop = face.prop;
    }
    let amount = (0.1 + 0.95 * strength) * e;
    let mut pose = breathe(at, seed);
    pose.stance = blend(&pose.stance, &target, amount);
    pose.prop_phase = at.phase();
    // A sign appears with a feeling that is at least moderate.
    pose.prop_amount =
        if target.prop == Prop::None { 0.0 } else { ((strength - 0.25) * 1.6).clamp(0.0, 1.0) * e };
    pose.shine =
        if words.expression == "ecstatic" || words.emotion == "ecstatic" { strength * e } else { 0.0 };
    tremble(&mut pose, words, at, strength * e);
    animate(&mut pose, animation, at, strength, e);
    // A mood and an animation may both hop; together they still stay inside the frame.
    pose.hop = HIGHEST * (pose.hop / HIGHEST).tanh();
    pose
}

/// What a mood does to the body by itself, without an animation.
fn tremble(pose: &mut Pose, words: &Reaction, at: Beat, k: f32) {
    let feels = |word: &str| words.expression == word || words.emotion == word;
    if feels("afraid") || feels("flustered") {
        pose.sway += 1.2 * at.sin(14) * k;
    }
    if feels("angry") {
        pose.sway += 0.7 * at.sin(16) * k;
        pose.squash += 0.02 * at.sin(2) * k;
    }
    if feels("ecstatic") || feels("happy") {
        pose.hop += 9.0 * at.bounce(4) * k * k;
    }
    if feels("giggling") {
        pose.hop += 2.2 * at.rise(10) * k;
    }
}

fn animate(pose: &mut Pose, animation: &str, at: Beat, strength: f32, e: f32) {
    let k = (0.25 + 0.85 * strength) * e;
    let s = &mut pose.stance;
    match animation {
        "giggle" => {
            pose.hop += 3.6 * at.rise(8) * k;
            s.tilt += 5.0 * at.sin(4) * k;
            s.eye_smile = s.eye_smile.max(k.min(1.0));
            s.mouth_open = s.mouth_open.max((0.35 + 0.25 * at.sin(8)) * k);
            s.mouth_curve += (1.0 - s.mouth_curve) * k.min(1.0);
            let hands =
                Stance { hand_l: (-8.0, 126.0), hand_r: (8.0, 119.0), bend_l: 16.0, bend_r: 18.0, ..*s };
            *s = blend(s, &hands, k.min(1.0));
        }
        "nod" => s.head_dy += 8.0 * at.rise(3) * k,
        "shake" => {
            s.tilt += 7.0 * at.sin(4) * k;
            s.gaze.0 += 0.7 * at.sin(4) * k;
            pose.sway += 3.0 * at.sin(4) * k;
        }
        "wave" => {
            let up = Stance { hand_r: (66.0, 72.0), bend_r: 12.0, ..*s };
            *s = blend(s, &up, e * (0.55 + 0.45 * strength));
            s.hand_r.0 += 12.0 * at.sin(4) * k;
        }
        "jump" => {
            pose.hop += 20.0 * at.bounce(2) * k;
            pose.squash += 0.04 * -at.cos(2) * k;
            let up = Stance { hand_l: (-58.0, 80.0), hand_r: (58.0, 80.0), ..*s };
            *s = blend(s, &up, at.rise(2) * k.min(1.0));
        }
        "dance" => {
            pose.sway += 8.0 * at.sin(2) * k;
            s.lean += 6.0 * at.sin(2) * k;
            s.tilt -= 9.0 * at.sin(2) * k;
            pose.hop += 5.0 * at.bounce(4) * k;
            let arms = Stance {
                hand_l: (-56.0, 112.0 - 30.0 * at.sin(2)),
                hand_r: (56.0, 112.0 + 30.0 * at.sin(2)),
                bend_l: 12.0,
                bend_r: 12.0,
                ..*s
            };
            *s = blend(s, &arms, k.min(1.0));
        }
        "stretch" => {
            let up = Stance {
                hand_l: (-22.0, 40.0),
                hand_r: (22.0, 40.0),
                bend_l: 24.0,
                bend_r: 24.0,
                eye_open: 0.1,
                mouth_open: 0.6,
                head_dy: -3.0,
                ..*s
            };
            *s = blend(s, &up, k.min(1.0) * at.rise(1));
            pose.squash += 0.035 * at.rise(1) * k;
        }
        "purr" => {
            pose.sway += 0.5 * at.sin(18) * k;
            s.eye_smile = s.eye_smile.max(k.min(1.0));
            s.mouth_curve += (0.8 - s.mouth_curve) * k.min(1.0);
            pose.squash += 0.03 * at.sin(2) * k;
            pose.swish += at.sin(2) * k;
        }
        "flinch" => {
            let back = Stance {
                lean: -9.0,
                head_dy: 4.0,
                hand_l: (-46.0, 96.0),
                hand_r: (40.0, 94.0),
                bend_l: 14.0,
                bend_r: 14.0,
                eye_open: 0.15,
                brow_slant: 0.8,
                ..*s
            };
            let hit = at.bump(0.3, 0.28);
            *s = blend(s, &back, hit * k.min(1.0));
            pose.sway -= 9.0 * hit * k;
        }
        "sleep" => {
            let asleep = Stance {
                eye_open: 0.0,
                eye_smile: 0.0,
                head_dy: 9.0,
                tilt: 11.0,
                mouth_open: 0.15 + 0.1 * at.sin(2),
                mouth_curve: 0.2,
                mouth_wide: 0.6,
                ..*s
            };
            *s = blend(s, &asleep, (0.6 + 0.4 * strength) * e);
            s.prop = Prop::Sleep;
            pose.prop_amount = (0.4 + 0.6 * strength) * e;
            pose.squash += 0.025 * at.sin(2) * k;
            pose.blink = 0.0;
        }
        "spin" => {
            pose.turn = 1.0 - k.min(1.0) + k.min(1.0) * at.cos(2);
            pose.hop += 8.0 * at.bounce(2) * k;
        }
        "cheer" => {
            let up = Stance { hand_l: (-60.0, 58.0), hand_r: (60.0, 58.0), bend_l: 9.0, bend_r: 9.0, ..*s };
            *s = blend(s, &up, k.min(1.0));
            s.hand_l.1 += 9.0 * at.sin(5) * k;
            s.hand_r.1 -= 9.0 * at.sin(5) * k;
            s.mouth_open = s.mouth_open.max(0.7 * k.min(1.0));
            pose.hop += 9.0 * at.bounce(5) * k;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use cuelight_core::cue::Intensity;

    use super::*;

    fn numbers(expression: &str, emotion: &str, animation: &str) -> Vec<f32> {
        let words = Reaction {
            expression: expression.into(),
            emotion: emotion.into(),
            animation: animation.into(),
            intensity: Intensity::from_unit(0.5).unwrap(),
        };
        pose(&words, Beat::new(0.3), 7).numbers().to_vec()
    }

    #[test]
    fn a_phrase_moves_as_its_first_known_word_and_a_state_stands_as_it_does() {
        let known = numbers("dancing", "happy", "dance");
        assert_eq!(numbers("dancing", "happy", "dances on the spot arms swinging"), known);
        assert_eq!(numbers("neutral", "happy", "dance"), known, "an expression that is not known");
        assert_ne!(numbers("packing", "thinking", "wraps a parcel"), numbers("neutral", "neutral", "idle"));
        assert_eq!(numbers("packing", "unknown", "wraps a parcel"), numbers("neutral", "neutral", "idle"));
    }
}
