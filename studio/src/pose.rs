//! A character at one instant, as numbers. Bodies draw a pose; they know nothing of states, words
//! or time.

use cuelight_core::placeholder::stance::{self, Prop, Stance};

/// Everything that a body needs to draw one frame. Lengths are units of a frame of 200.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Posture, hands and face.
    pub stance: Stance,
    /// Height above the ground.
    pub hop: f32,
    /// Distance from the middle of the frame, positive to the viewer's right.
    pub sway: f32,
    /// Stretch along the vertical, 1 at rest; the width answers so that the volume stays.
    pub squash: f32,
    /// Width as the character turns about itself: 1 facing the viewer, 0 edge on, -1 mirrored.
    pub turn: f32,
    /// Swing of what hangs loose (tail, antenna, beard, hat), -1 to 1.
    pub swish: f32,
    /// How far a blink has closed the eyes, 0 to 1.
    pub blink: f32,
    /// How much of the sign beside the character is there, 0 to 1.
    pub prop_amount: f32,
    /// Where the sign is in its own motion, 0 to 1.
    pub prop_phase: f32,
    /// How strongly the eyes shine, 0 to 1.
    pub shine: f32,
}

impl Default for Pose {
    fn default() -> Self {
        Self {
            stance: stance::IDLE,
            hop: 0.0,
            sway: 0.0,
            squash: 1.0,
            turn: 1.0,
            swish: 0.0,
            blink: 0.0,
            prop_amount: 0.0,
            prop_phase: 0.0,
            shine: 0.0,
        }
    }
}

impl Pose {
    /// Every number of the pose, for comparison. The sign is not a number; its amount is.
    #[must_use]
    pub fn numbers(&self) -> [f32; 30] {
        let s = &self.stance;
        [
            s.lean,
            s.tilt,
            s.head_dy,
            s.hand_l.0,
            s.hand_l.1,
            s.hand_r.0,
            s.hand_r.1,
            s.bend_l,
            s.bend_r,
            s.brow_l,
            s.brow_r,
            s.brow_slant,
            s.eye_open,
            s.eye_smile,
            s.gaze.0,
            s.gaze.1,
            s.mouth_curve,
            s.mouth_open,
            s.mouth_wide,
            s.blush,
            self.hop,
            self.sway,
            self.squash,
            self.turn,
            self.swish,
            self.blink,
            self.prop_amount,
            // The sign's motion wraps around, so it is compared on the circle.
            (self.prop_phase * std::f32::consts::TAU).sin() * self.prop_amount,
            (self.prop_phase * std::f32::consts::TAU).cos() * self.prop_amount,
            self.shine,
        ]
    }
}

/// The stance `amount` of the way from `a` to `b`. A sign cannot be blended: it is `b`'s, unless `b` has none.
#[must_use]
pub fn blend(a: &Stance, b: &Stance, amount: f32) -> Stance {
    let mix = |a: f32, b: f32| a + (b - a) * amount;
    let mix2 = |a: (f32, f32), b: (f32, f32)| (mix(a.0, b.0), mix(a.1, b.1));
    Stance {
        lean: mix(a.lean, b.lean),
        tilt: mix(a.tilt, b.tilt),
        head_dy: mix(a.head_dy, b.head_dy),
        hand_l: mix2(a.hand_l, b.hand_l),
        hand_r: mix2(a.hand_r, b.hand_r),
        bend_l: mix(a.bend_l, b.bend_l),
        bend_r: mix(a.bend_r, b.bend_r),
        brow_l: mix(a.brow_l, b.brow_l),
        brow_r: mix(a.brow_r, b.brow_r),
        brow_slant: mix(a.brow_slant, b.brow_slant),
        eye_open: mix(a.eye_open, b.eye_open),
        eye_smile: mix(a.eye_smile, b.eye_smile),
        gaze: mix2(a.gaze, b.gaze),
        mouth_curve: mix(a.mouth_curve, b.mouth_curve),
        mouth_open: mix(a.mouth_open, b.mouth_open),
        mouth_wide: mix(a.mouth_wide, b.mouth_wide),
        blush: mix(a.blush, b.blush),
        prop: if b.prop == Prop::None { a.prop } else { b.prop },
    }
}
