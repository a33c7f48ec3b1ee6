//! The key pose of every built-in state, as numbers: where the hands are, how the head is held,
//! what the face does. The placeholder draws it still and the studio moves around it, so that the
//! switch from one to the other does not jump. Nothing here knows colours or shapes.
//!
//! All lengths are in units of a square frame of 200; x grows to the viewer's right from the
//! middle of the character, y grows downwards from the top of the frame.

use crate::character::Body;

/// A sign beside the character that says what the pose alone might not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prop {
    /// Nothing.
    None,
    /// Three dots of a thought.
    Dots,
    /// A question mark.
    Question,
    /// Four-pointed sparkles.
    Sparkles,
    /// Waves of sound arriving at an ear.
    Waves,
    /// A tear.
    Tear,
    /// An exclamation mark.
    Exclaim,
    /// One glint.
    Glint,
    /// Small hearts.
    Hearts,
    /// The crossed veins of a comic's anger.
    Anger,
    /// The letters of a sleeper.
    Sleep,
    /// A drop of sweat.
    Sweat,
}

/// A pose at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stance {
    /// Degrees the body leans about its feet; positive to the viewer's right.
    pub lean: f32,
    /// Degrees the head is tilted about the neck; positive to the viewer's right.
    pub tilt: f32,
    /// How far the head is lowered, in units.
    pub head_dy: f32,
    /// Where the hand at the viewer's left is, `(x, y)`, for shoulders at x = -34, y = 122.
    pub hand_l: (f32, f32),
    /// Where the hand at the viewer's right is, for shoulders at x = 34, y = 122.
    pub hand_r: (f32, f32),
    /// How far the left elbow stands out from the straight line, in units; positive outwards.
    pub bend_l: f32,
    /// The same for the right elbow.
    pub bend_r: f32,
    /// How far the left brow is raised, -1 to 1.
    pub brow_l: f32,
    /// How far the right brow is raised, -1 to 1.
    pub brow_r: f32,
    /// Slant of the brows: 1 with the inner ends up (sorrow), -1 with them down (anger).
    pub brow_slant: f32,
    /// How far the eyes are open: 0 closed, 1 at rest, up to 1.4.
    pub eye_open: f32,
    /// How far the eyes are narrowed to smiling arcs, 0 to 1.
    pub eye_smile: f32,
    /// Where the eyes look, each axis -1 to 1.
    pub gaze: (f32, f32),
    /// Corners of the mouth: 1 a smile, -1 a frown.
    pub mouth_curve: f32,
    /// How far the mouth is open, 0 to 1.
    pub mouth_open: f32,
    /// Width of the mouth, 1 at rest.
    pub mouth_wide: f32,
    /// Colour in the cheeks, 0 to 1.
    pub blush: f32,
    /// The sign beside the character.
    pub prop: Prop,
}

/// At ease: what every one-shot starts from and returns to.
pub const IDLE: Stance = Stance {
    lean: 0.0,
    tilt: 0.0,
    head_dy: 0.0,
    hand_l: (-43.0, 152.0),
    hand_r: (43.0, 152.0),
    bend_l: 5.0,
    bend_r: 5.0,
    brow_l: 0.0,
    brow_r: 0.0,
    brow_slant: 0.0,
    eye_open: 1.0,
    eye_smile: 0.0,
    gaze: (0.0, 0.0),
    mouth_curve: 0.7,
    mouth_open: 0.0,
    mouth_wide: 1.0,
    blush: 0.35,
    prop: Prop::None,
};

/// The key pose of a state of the catalogue; [`IDLE`] for a name that is not in it.
#[must_use]
pub fn of_state(state: &str) -> Stance {
    match state {
        "talking" => Stance {
            tilt: 3.0,
            hand_l: (-47.0, 138.0),
            hand_r: (57.0, 122.0),
            bend_r: 10.0,
            brow_l: 0.25,
            brow_r: 0.35,
            mouth_curve: 0.55,
            mouth_open: 0.55,
            ..IDLE
        },
        "thinking" => Stance {
            tilt: -7.0,
            hand_l: (-30.0, 148.0),
            hand_r: (14.0, 112.0),
            bend_r: 20.0,
            brow_l: 0.7,
            brow_r: -0.2,
            gaze: (-0.75, -0.85),
            mouth_curve: -0.15,
            mouth_wide: 0.6,
            prop: Prop::Dots,
            ..IDLE
        },
        "greeting" => Stance {
            lean: -2.0,
            tilt: 5.0,
            hand_r: (66.0, 72.0),
            bend_r: 12.0,
            brow_l: 0.4,
            brow_r: 0.4,
            mouth_curve: 0.95,
            mouth_open: 0.45,
            mouth_wide: 1.15,
            blush: 0.6,
            ..IDLE
        },
        "happy" => Stance {
            tilt: -5.0,
            hand_l: (-13.0, 131.0),
            hand_r: (13.0, 131.0),
            bend_l: 16.0,
            bend_r: 16.0,
            brow_l: 0.4,
            brow_r: 0.4,
            eye_smile: 1.0,
            mouth_curve: 1.0,
            mouth_open: 0.5,
            mouth_wide: 1.2,
            blush: 1.0,
            prop: Prop::Hearts,
            ..IDLE
        },
        "confused" => Stance {
            lean: -2.0,
            tilt: 14.0,
            hand_r: (49.0, 62.0),
            bend_r: 22.0,
            brow_l: 0.9,
            brow_r: -0.4,
            brow_slant: 0.25,
            gaze: (-0.35, -0.3),
            mouth_curve: -0.45,
            mouth_wide: 0.7,
            prop: Prop::Question,
            ..IDLE
        },
        "excited" => Stance {
            hand_l: (-62.0, 60.0),
            hand_r: (62.0, 60.0),
            bend_l: 9.0,
            bend_r: 9.0,
            brow_l: 0.8,
            brow_r: 0.8,
            eye_open: 1.2,
            mouth_curve: 1.0,
            mouth_open: 1.0,
            mouth_wide: 1.3,
            blush: 0.9,
            prop: Prop::Sparkles,
            ..IDLE
        },
        "listening" => Stance {
            lean: 5.0,
            tilt: 9.0,
            head_dy: 1.0,
            hand_l: (-40.0, 154.0),
            hand_r: (54.0, 84.0),
            bend_r: 24.0,
            brow_l: 0.35,
            brow_r: 0.45,
            eye_open: 1.08,
            gaze: (0.45, 0.05),
            mouth_curve: 0.4,
            mouth_wide: 0.75,
            prop: Prop::Waves,
            ..IDLE
        },
        "sad" => Stance {
            lean: -2.0,
            tilt: -7.0,
            head_dy: 7.0,
            hand_l: (-34.0, 160.0),
            hand_r: (34.0, 160.0),
            bend_l: -2.0,
            bend_r: -2.0,
            brow_l: 0.1,
            brow_r: 0.1,
            brow_slant: 1.0,
            eye_open: 0.78,
            gaze: (-0.15, 0.6),
            mouth_curve: -0.9,
            mouth_wide: 0.8,
            blush: 0.1,
            prop: Prop::Tear,
            ..IDLE
        },
        "surprised" => Stance {
            lean: -5.0,
            head_dy: -4.0,
            hand_l: (-56.0, 98.0),
            hand_r: (56.0, 98.0),
            bend_l: 12.0,
            bend_r: 12.0,
            brow_l: 1.0,
            brow_r: 1.0,
            brow_slant: 0.2,
            eye_open: 1.4,
            mouth_curve: 0.0,
            mouth_open: 0.85,
            mouth_wide: 0.55,
            prop: Prop::Exclaim,
            ..IDLE
        },
        "confident" => Stance {
            head_dy: -4.0,
            tilt: 3.0,
            hand_l: (-35.0, 149.0),
            hand_r: (35.0, 149.0),
            bend_l: 27.0,
            bend_r: 27.0,
            brow_l: -0.3,
            brow_r: 0.55,
            brow_slant: -0.45,
            eye_open: 0.82,
            mouth_curve: 0.85,
            mouth_wide: 1.1,
            prop: Prop::Glint,
            ..IDLE
        },
        "farewell" => Stance {
            lean: 4.0,
            tilt: -9.0,
            head_dy: 6.0,
            hand_l: (-5.0, 136.0),
            hand_r: (63.0, 84.0),
            bend_l: 18.0,
            bend_r: 12.0,
            brow_l: 0.2,
            brow_r: 0.2,
            brow_slant: 0.5,
            eye_open: 0.0,
            mouth_curve: 0.7,
            mouth_wide: 0.9,
            blush: 0.6,
            ..IDLE
        },
        _ => IDLE,
    }
}

/// How large a body is drawn, about its feet in the middle at y = 182, so that hats and antennas keep clear of
/// the frame in a hop.
#[must_use]
pub const fn scale(body: Body) -> f32 {
    match body {
        Body::Sage => 0.91,
        _ => 0.95,
    }
}
