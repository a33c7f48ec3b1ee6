//! Shades of a character's colours: where light falls and where it does not. Shadows lean towards
//! violet and lights towards warm white, as in daylight; grey ones look dirty on saturated colours.

use cuelight_core::character::{Color, Look};
use cuelight_core::placeholder;

use super::canvas::{Ink, Tint};

/// The dark of pupils, mouths and brows.
pub(super) const INK: Color = Color { r: 0x2b, g: 0x20, b: 0x33 };
/// Paper white, a little warm.
pub(super) const WHITE: Color = Color { r: 0xff, g: 0xfd, b: 0xf8 };
/// Cheeks and tongues.
pub(super) const ROSE: Color = Color { r: 0xff, g: 0x7d, b: 0x8a };

const SHADOW: Color = Color { r: 0x2a, g: 0x1a, b: 0x58 };
const LIGHT: Color = Color { r: 0xff, g: 0xfb, b: 0xee };

/// `share` (0 to 1) of the way from one colour to another.
pub(super) fn mix(a: Color, b: Color, share: f32) -> Color {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let channel =
        |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share.clamp(0.0, 1.0)).round() as u8;
    Color { r: channel(a.r, b.r), g: channel(a.g, b.g), b: channel(a.b, b.b) }
}

/// In the light.
pub(super) fn lit(color: Color, share: f32) -> Color {
    mix(color, LIGHT, share)
}

/// In the shade.
pub(super) fn shade(color: Color, share: f32) -> Color {
    mix(color, SHADOW, share)
}

/// A volume lit from the upper left, for a shape that fits this circle.
pub(super) fn volume(color: Color, cx: f32, cy: f32, r: f32) -> Ink {
    Ink::Round(
        (cx - r * 0.42, cy - r * 0.5),
        r * 1.75,
        vec![
            (0.0, lit(color, 0.34).into()),
            (0.32, lit(color, 0.1).into()),
            (0.62, color.into()),
            (1.0, shade(color, 0.34).into()),
        ],
    )
}

/// A soft spot of colour that fades to nothing.
pub(super) fn spot(color: Color, opacity: f32, x: f32, y: f32, r: f32) -> Ink {
    Ink::Round(
        (x, y),
        r,
        vec![(0.0, Tint(color, opacity)), (0.45, Tint(color, opacity * 0.55)), (1.0, Tint(color, 0.0))],
    )
}

/// The colours a body is drawn with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// The main colour.
    pub(super) primary: Color,
    /// The darker colour.
    pub(super) secondary: Color,
    /// Details.
    pub(super) accent: Color,
    /// The skin of a human-like body.
    pub(super) skin: Color,
}

impl From<&Look> for Palette {
    fn from(look: &Look) -> Self {
        Self {
            primary: look.primary,
            secondary: look.secondary,
            accent: look.accent,
            skin: placeholder::skin(look),
        }
    }
}
