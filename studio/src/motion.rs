//! What moves, and when: from a cue and a phase to a pose. Pure, and periodic by construction:
//! every motion is made of whole turns of the phase, so the last frame flows into the first.
//! One-shots start and end in the neutral idle pose. Knows no pixels.

use cuelight_core::catalog::{self, Play};
use cuelight_core::cue::Cue;
use cuelight_core::placeholder::stance::{self, Prop};

use crate::pose::{Pose, blend};
use crate::reaction;

/// The pose for `cue` at `phase` (0 to 1, taken modulo 1) of a character with this seed.
#[must_use]
pub fn pose(cue: &Cue, phase: f64, seed: u32) -> Pose {
    let at = Beat::new(phase);
    match cue {
        Cue::State { state } => state_pose(state, at, seed),
        Cue::Reaction(words) => reaction::pose(words, at, seed),
    }
}

/// A moment of a clip, and the periodic functions that motions are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    phase: f32,
}

impl Beat {
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn new(phase: f64) -> Self {
        Self { phase: phase.rem_euclid(1.0) as f32 }
    }

    /// A sine of `turns` whole turns a clip.
    pub(crate) fn sin(self, turns: u8) -> f32 {
        (self.phase * f32::from(turns) * std::f32::consts::TAU).sin()
    }

    /// A cosine of `turns` whole turns a clip.
    pub(crate) fn cos(self, turns: u8) -> f32 {
        (self.phase * f32::from(turns) * std::f32::consts::TAU).cos()
    }

    /// From 0 up to 1 and back, `turns` times a clip, starting at 0.
    pub(crate) fn rise(self, turns: u8) -> f32 {
        0.5 - 0.5 * self.cos(turns)
    }

    /// Bounces like a ball, `turns` times a clip: sharp at the ground, slow at the top.
    pub(crate) fn bounce(self, turns: u8) -> f32 {
        self.rise(turns).sqrt() * (0.4 + 0.6 * self.rise(turns))
    }

    /// 0 at both ends of the clip, 1 for most of it, smooth between: how a one-shot comes and goes.
    pub(crate) fn envelope(self) -> f32 {
        let x = (self.rise(1) * 2.6).min(1.0);
        x * x * (3.0 - 2.0 * x)
    }

    /// A bump of height 1 around `centre`, `width` wide to each side, on the circle of phases.
    pub(crate) fn bump(self, centre: f32, width: f32) -> f32 {
        let away = (self.phase - centre).abs();
        let away = away.min(1.0 - away) / width;
        if away >= 1.0 { 0.0 } else { 0.5 + 0.5 * (away * std::f32::consts::PI).cos() }
    }

    /// How far the sign beside the character is in its own motion.
    pub(crate) fn phase(self) -> f32 {
        self.phase
    }

    /// Two blinks a clip, at times the seed chooses, clear of the ends.
    pub(crate) fn blink(self, seed: u32) -> f32 {
        let pick = |shift: u32| {
            f32::from(u8::try_from((seed.wrapping_mul(2_654_435_761) >> shift) & 0xff).unwrap_or(0)) / 255.0
        };
        self.bump(0.18 + 0.2 * pick(3), 0.045).max(self.bump(0.62 + 0.24 * pick(13), 0.045))
    }
}

/// Breathing and small shifts of weight: what a body does whatever else it does. At phase 0 it is
/// the neutral pose exactly.
pub(crate) fn breathe(at: Beat, seed: u32) -> Pose {
    let mut pose = Pose { blink: at.blink(seed), ..Pose::default() };
    pose.squash += 0.014 * at.sin(2);
    pose.sway += 1.1 * at.sin(1);
    pose.stance.tilt += 1.6 * at.sin(1);
    pose.stance.head_dy -= 0.9 * at.sin(2);
    pose.stance.hand_l.1 -= 1.2 * at.sin(2);
    pose.stance.hand_r.1 -= 1.2 * at.sin(2);
    pose.swish += 0.8 * at.sin(1);
    pose
}

fn state_pose(state: &str, at: Beat, seed: u32) -> Pose {
    let target = stance::of_state(state);
    let once = catalog::built_in().state(state).is_some_and(|def| def.play == Play::Once);
    let e = if once { at.envelope() } else { 1.0 };
    let mut pose = breathe(at, seed);
    let rest = pose.stance;
    // Small breathing motion rides along on the key pose.
    pose.stance = blend(&rest, &target, e);
    pose.prop_amount = if target.prop == Prop::None { 0.0 } else { e };
    pose.prop_phase = at.phase();
    let s = &mut pose.stance;
    match state {
        "talking" => {
            s.mouth_open = (0.44 + 0.34 * at.sin(7) + 0.26 * at.sin(11) + 0.14 * at.cos(4)).clamp(0.06, 1.0);
            s.mouth_wide = 1.0 + 0.16 * at.sin(5);
            s.tilt += 3.2 * at.sin(2);
            s.head_dy += 1.6 * at.sin(4);
            s.hand_r.0 += 5.0 * at.sin(3);
            s.hand_r.1 += 9.0 * at.sin(2);
            s.hand_l.1 += 5.0 * at.cos(3);
            s.brow_l += 0.3 * at.sin(3);
            s.brow_r += 0.3 * at.sin(3);
            s.gaze.0 = 0.15 * at.sin(1);
            pose.sway += 1.4 * at.sin(2);
        }
        "thinking" => {
            s.tilt += 2.6 * at.sin(1);
            s.gaze.0 += 0.3 * at.sin(1);
            s.hand_r.1 += 1.4 * at.sin(5);
            s.brow_l += 0.2 * at.sin(2);
            s.mouth_wide += 0.1 * at.sin(3);
            pose.swish += 0.4 * at.sin(2);
        }
        "greeting" => {
            s.hand_r.0 += 11.0 * at.sin(5) * e;
            s.hand_r.1 += 3.5 * at.cos(10) * e;
            s.tilt += 3.0 * at.sin(2) * e;
            s.mouth_open += 0.12 * at.sin(4) * e;
            pose.hop += 5.0 * at.bump(0.22, 0.12);
            pose.swish += at.sin(5) * e;
        }
        "happy" => {
            pose.hop += 5.5 * at.bounce(4);
            pose.squash += 0.03 * -at.cos(4);
            pose.sway += 3.0 * at.sin(2);
            s.tilt = 6.0 * at.sin(2);
            s.lean += 2.0 * at.sin(2);
            pose.swish += at.sin(4);
        }
        "confused" => {
            s.tilt += 3.0 * at.sin(1);
            s.hand_r.0 += 2.8 * at.sin(8) * at.rise(1);
            s.hand_r.1 += 2.2 * at.cos(8) * at.rise(1);
            s.gaze.0 += 0.45 * at.sin(1);
            s.brow_l += 0.15 * at.sin(2);
        }
        "excited" => {
            pose.hop += 10.0 * at.bounce(5) * e;
            pose.squash += 0.03 * -at.cos(5) * e;
            s.hand_l.0 += 5.0 * at.sin(10) * e;
            s.hand_r.0 -= 5.0 * at.sin(10) * e;
            s.hand_l.1 -= 6.0 * at.sin(5) * e;
            s.hand_r.1 -= 6.0 * at.sin(5) * e;
            pose.shine = e;
            pose.swish += at.sin(10) * e;
        }
        "listening" => {
            s.head_dy += 4.0 * at.rise(2);
            s.tilt += 1.8 * at.sin(2);
            s.lean += 1.2 * at.sin(1);
            s.brow_l += 0.25 * at.rise(2);
            s.brow_r += 0.25 * at.rise(2);
        }
        "sad" => {
            pose.squash -= 0.02 + 0.012 * at.sin(1);
            s.head_dy += 1.6 * at.sin(1);
            s.tilt += 1.6 * at.sin(1);
            s.gaze.0 += 0.2 * at.sin(1);
            s.mouth_wide += 0.06 * at.sin(6);
            pose.swish *= 0.3;
        }
        "surprised" => {
            pose.hop += 8.0 * at.bump(0.24, 0.14);
            pose.squash += 0.04 * at.bump(0.24, 0.14) - 0.04 * at.bump(0.42, 0.08);
            pose.sway += -4.0 * e + 0.7 * at.sin(12) * e;
            pose.blink *= 1.0 - e;
            s.mouth_open += 0.1 * at.sin(3) * e;
        }
        "confident" => {
            pose.squash += 0.012 + 0.01 * at.sin(1);
            s.head_dy += 2.4 * at.rise(2) - 1.2;
            s.tilt += 2.2 * at.sin(1);
            s.brow_r += 0.2 * at.sin(1);
        }
        "farewell" => {
            let bow = at.bump(0.6, 0.26);
            s.hand_r.0 += 10.0 * at.sin(4) * e;
            s.hand_r.1 += 3.0 * at.cos(8) * e;
            s.head_dy += 7.0 * bow;
            s.lean += 2.0 * bow;
            pose.squash -= 0.035 * bow;
            pose.swish += 0.6 * at.sin(4) * e;
        }
        _ => s.gaze.0 += 0.35 * at.bump(0.5, 0.2),
    }
    pose
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_core::cue::{Intensity, Reaction};
    use proptest::prelude::*;

    pub(crate) fn all_cues() -> Vec<Cue> {
        let states = catalog::built_in().states.iter().map(|s| Cue::state(&s.id));
        let words = reaction::MOODS.iter().map(|m| (*m, "idle"));
        let moves = reaction::ANIMATIONS.iter().map(|a| ("pleased", *a));
        let reactions = words.chain(moves).map(|(mood, animation)| {
            Cue::Reaction(Reaction {
                expression: mood.into(),
                emotion: mood.into(),
                animation: animation.into(),
                intensity: Intensity::from_unit(0.8).unwrap(),
            })
        });
        states.chain(reactions).collect()
    }

    fn distance(a: &Pose, b: &Pose) -> f32 {
        a.numbers().iter().zip(b.numbers()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn the_end_of_every_clip_is_its_beginning() {
        for cue in all_cues() {
            assert!(distance(&pose(&cue, 0.0, 7), &pose(&cue, 1.0, 7)) < 1e-6, "{cue}");
            assert!(distance(&pose(&cue, 0.0, 7), &pose(&cue, 0.9999, 7)) < 0.2, "{cue} jumps at the seam");
        }
    }

    proptest! {
        #[test]
        fn no_motion_jumps(pick in any::<prop::sample::Index>(), phase in 0.0f64..1.0, seed in any::<u32>()) {
            let cues = all_cues();
            let cue = pick.get(&cues);
            let (now, next) = (pose(cue, phase, seed), pose(cue, phase + 0.0005, seed));
            prop_assert!(distance(&now, &next) < 1.2, "{cue} at {phase}: {}", distance(&now, &next));
        }
    }

    #[test]
    fn a_one_shot_starts_and_ends_at_ease() {
        let idle = pose(&Cue::state("idle"), 0.0, 7);
        for state in catalog::built_in().states.iter().filter(|s| s.play == Play::Once) {
            let first = pose(&Cue::state(&state.id), 0.0, 7);
            assert!(distance(&first, &idle) < 1e-5, "{}: {}", state.id, distance(&first, &idle));
        }
    }

    #[test]
    fn a_stronger_feeling_is_further_from_neutral() {
        for mood in reaction::MOODS.iter().filter(|m| **m != "neutral") {
            let at = |tenths: u8| {
                let words = Reaction {
                    expression: (*mood).into(),
                    emotion: (*mood).into(),
                    animation: "idle".into(),
                    intensity: Intensity::from_unit(f64::from(tenths) / 10.0).unwrap(),
                };
                let sum = |p: &Pose| {
                    p.numbers().iter().zip(Pose::default().numbers()).map(|(a, b)| (a - b).abs()).sum::<f32>()
                };
                sum(&pose(&Cue::Reaction(words), 0.0, 7))
            };
            for tenths in 1..10 {
                assert!(at(tenths + 1) > at(tenths), "{mood} at {tenths}");
            }
        }
    }
}
