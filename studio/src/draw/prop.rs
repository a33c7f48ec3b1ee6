//! The signs beside a character: dots of a thought, a question mark, sparkles, a tear. Each has a
//! motion of its own over its phase, which wraps around without a jump.

use std::f32::consts::TAU;

use cuelight_core::character::Color;
use cuelight_core::placeholder::stance::Prop;
use tiny_skia::Transform;

use super::canvas::{Canvas, Outline, Tint};
use super::palette::{Palette, ROSE, WHITE, lit, shade};
use crate::pose::Pose;

const WATER: Color = Color { r: 0x4f, g: 0xb4, b: 0xf2 };

/// Draws the sign of a pose. `crown` is the top of the head.
pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose, crown: f32) {
    let (amount, phase) = (pose.prop_amount, pose.prop_phase);
    if amount < 0.02 {
        return;
    }
    let wave = |turns: f32, shift: f32| ((phase * turns + shift) * TAU).sin();
    let dark = palette.secondary;
    let grown = |c: &mut Canvas, x: f32, y: f32, size: f32, paint: &dyn Fn(&mut Canvas)| {
        let t = Transform::from_translate(x, y).pre_scale(size, size).pre_translate(-x, -y);
        c.within(t, paint);
    };
    match pose.stance.prop {
        // A tear belongs to the face and is drawn with it.
        Prop::None | Prop::Tear => {}
        Prop::Dots => {
            for (i, (x, y, r)) in
                [(47.0, 48.0, 3.2), (37.0, 36.0, 5.0), (23.0, 21.0, 8.0)].into_iter().enumerate()
            {
                #[allow(clippy::cast_precision_loss)]
                let pulse = 1.0 + 0.22 * wave(2.0, -(i as f32) / 5.0);
                c.fill(Outline::ellipse(x, y, r * pulse * amount, r * pulse * amount), shade(dark, 0.0));
                c.fill(
                    Outline::ellipse(
                        x - r * 0.2,
                        y - r * 0.25,
                        r * 0.62 * pulse * amount,
                        r * 0.62 * pulse * amount,
                    ),
                    lit(dark, 0.18),
                );
            }
        }
        Prop::Question => {
            let (x, y) = (33.0, 40.0 + 2.5 * wave(2.0, 0.0));
            c.turned(-10.0 + 9.0 * wave(1.0, 0.0), x, y, |c| {
                grown(c, x, y, amount, &|c| {
                    let mark = Outline::at(x - 8.0, y - 11.0)
                        .curve(x - 7.0, y - 22.0, x + 10.0, y - 21.0, x + 9.0, y - 10.0)
                        .curve(x + 8.0, y - 3.0, x, y - 3.0, x, y + 5.0);
                    c.line(mark, 6.2, dark);
                    c.fill(Outline::ellipse(x, y + 14.0, 3.9, 3.9), dark);
                });
            });
        }
        Prop::Exclaim => {
            let (x, y) = (166.0, 34.0 + 1.5 * wave(3.0, 0.0));
            c.turned(10.0, x, y, |c| {
                grown(c, x, y, amount, &|c| {
                    let bar = Outline::at(x - 4.4, y - 20.0)
                        .bend(x, y - 24.0, x + 4.4, y - 20.0)
                        .to(x + 2.2, y + 5.0)
                        .bend(x, y + 7.4, x - 2.2, y + 5.0)
                        .closed();
                    c.fill(bar, dark);
                    c.fill(Outline::ellipse(x, y + 14.0, 3.9, 3.9), dark);
                });
            });
            for (x0, y0, x1, y1) in
                [(31.0, 60.0, 21.0, 54.0), (38.0, 42.0, 31.0, 33.0), (28.0, 78.0, 16.0, 78.0)]
            {
                c.line(Outline::at(x0, y0).to(x0 + (x1 - x0) * amount, y0 + (y1 - y0) * amount), 3.6, dark);
            }
        }
        Prop::Sparkles => {
            let spots = [(24.0, 34.0, 11.0), (176.0, 30.0, 12.0), (184.0, 104.0, 8.0), (15.0, 104.0, 8.5)];
            for (i, (x, y, r)) in spots.into_iter().enumerate() {
                #[allow(clippy::cast_precision_loss)]
                let pulse = 0.72 + 0.28 * wave(3.0, i as f32 * 0.37);
                c.fill(Outline::sparkle(x, y, r * pulse * amount), palette.accent);
                c.fill(
                    Outline::sparkle(x - 0.6, y - 0.8, r * pulse * amount * 0.48),
                    lit(palette.accent, 0.65),
                );
            }
        }
        Prop::Glint => {
            let pulse = (0.6 + 0.4 * wave(2.0, 0.0)) * amount;
            c.fill(Outline::sparkle(161.0, 46.0, 13.0 * pulse), palette.accent);
            c.fill(Outline::sparkle(160.2, 45.0, 6.5 * pulse), lit(palette.accent, 0.65));
            c.fill(Outline::sparkle(175.0, 62.0, 6.0 * (1.2 * amount - pulse * 0.6)), palette.accent);
        }
        Prop::Waves => {
            for (i, r) in [11.0, 20.0].into_iter().enumerate() {
                #[allow(clippy::cast_precision_loss)]
                let seen = (0.62 + 0.38 * wave(3.0, i as f32 * 0.22)) * amount;
                let (x, y) = (168.0 + r * 0.5, 76.0);
                c.line(Outline::at(x, y - r).bend(x + r * 0.8, y, x, y + r), 4.0, Tint(dark, seen));
            }
        }
        Prop::Hearts => {
            for (i, (x, y, r)) in
                [(28.0, 44.0, 7.5), (172.0, 36.0, 9.0), (160.0, 66.0, 5.0)].into_iter().enumerate()
            {
                #[allow(clippy::cast_precision_loss)]
                let shift = i as f32 * 0.31;
                let size = r * amount * (1.0 + 0.16 * wave(4.0, shift));
                c.fill(Outline::heart(x, y - 4.0 * wave(2.0, shift), size), ROSE);
                c.fill(
                    Outline::ellipse(
                        x - size * 0.42,
                        y - 4.0 * wave(2.0, shift) - size * 0.38,
                        size * 0.2,
                        size * 0.16,
                    ),
                    Tint(WHITE, 0.8),
                );
            }
        }
        Prop::Anger => {
            let (x, y) = (147.0, crown + 8.0);
            let red = Color { r: 0xe3, g: 0x3d, b: 0x4e };
            grown(c, x, y, amount * (1.0 + 0.12 * wave(4.0, 0.0)), &|c| {
                for (sx, sy) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
                    let vein = Outline::at(x + sx * 3.0, y + sy * 10.0).bend(
                        x + sx * 3.4,
                        y + sy * 3.4,
                        x + sx * 10.0,
                        y + sy * 3.0,
                    );
                    c.line(vein, 3.6, red);
                }
            });
        }
        Prop::Sweat => {
            let slide = phase * 2.0 % 1.0;
            let seen = amount * (slide * std::f32::consts::PI).sin();
            droplet(c, 147.0, crown + 16.0 + 12.0 * slide, 6.0 * amount, seen);
        }
        Prop::Sleep => {
            for i in [0.0, 1.0, 2.0] {
                let rise = (phase + i / 3.0) % 1.0;
                let seen = amount * (rise * std::f32::consts::PI).sin();
                let (x, y, r) =
                    (146.0 + 26.0 * rise + 2.0 * wave(1.0, rise), 62.0 - 44.0 * rise, 3.6 + 4.4 * rise);
                let letter = Outline::at(x - r, y - r).to(x + r, y - r).to(x - r, y + r).to(x + r, y + r);
                c.line(letter, 3.0, Tint(dark, seen));
            }
        }
    }
}

/// The tear of a sad face, from below the eye at `(x, y)`.
pub(super) fn tear(c: &mut Canvas, pose: &Pose, x: f32, y: f32) {
    if pose.stance.prop == Prop::Tear && pose.prop_amount > 0.02 {
        let slide = pose.prop_phase;
        let seen = pose.prop_amount * ((slide * std::f32::consts::PI).sin() * 2.6).min(1.0);
        droplet(c, x, y + 20.0 * slide * slide, 4.4 * (0.6 + 0.4 * slide), seen);
    }
}

fn droplet(c: &mut Canvas, x: f32, y: f32, r: f32, seen: f32) {
    let shape = Outline::at(x, y - r * 1.5)
        .curve(x + r * 0.5, y - r * 0.6, x + r, y - r * 0.1, x + r, y + r * 0.3)
        .curve(x + r, y + r * 1.3, x - r, y + r * 1.3, x - r, y + r * 0.3)
        .curve(x - r, y - r * 0.1, x - r * 0.5, y - r * 0.6, x, y - r * 1.5)
        .closed();
    c.fill(shape, Tint(WATER, seen));
    c.fill(Outline::ellipse(x - r * 0.3, y + r * 0.2, r * 0.24, r * 0.36), Tint(WHITE, seen * 0.9));
}
