//! The owl: enormous eyes in pale discs, ear tufts that are its brows' echo, wings for arms.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::{Arm, Shoulders};
use super::palette::{Palette, WHITE, lit, mix, shade, spot, volume};
use super::{prop, with_head};
use crate::pose::Pose;

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose, seed: u32) {
    let pale = lit(mix(palette.primary, WHITE, 0.66), 0.2);
    body(c, palette, pale, seed);
    with_head(c, pose, 116.0, |c| head(c, palette, pose, pale));
    for arm in (Shoulders { x: 41.0, y: 121.0 }).arms(pose) {
        wing(c, palette, arm);
    }
}

fn body(c: &mut Canvas, palette: Palette, pale: Color, seed: u32) {
    let Palette { primary, secondary, accent, .. } = palette;
    let tail = Outline::at(80.0, 168.0).bend(100.0, 196.0, 120.0, 168.0).closed();
    c.fill(tail, shade(secondary, 0.1));
    for side in [-1.0, 1.0] {
        for (dx, drop) in [(9.0, 0.0), (15.5, 1.2), (22.0, 0.0)] {
            let x = 100.0 + side * dx;
            c.line(Outline::at(x, 177.0).to(x + side * 0.6, 181.2 + drop), 5.4, shade(accent, 0.16));
            c.line(Outline::at(x - 0.7, 176.6).to(x - 0.2, 180.4 + drop), 2.6, lit(accent, 0.2));
        }
    }
    let shape = || Outline::ellipse(100.0, 137.0, 46.0, 44.0);
    c.fill(Outline::ellipse(100.4, 137.6, 46.6, 44.4), shade(primary, 0.42));
    c.fill(shape(), volume(primary, 100.0, 138.0, 47.0));
    c.inside(shape(), |c| {
        let chest = || Outline::ellipse(100.0, 146.0, 31.0, 36.0);
        c.fill(
            chest(),
            Ink::Line(
                (100.0, 116.0),
                (100.0, 180.0),
                vec![(0.0, shade(pale, 0.16).into()), (0.4, pale.into()), (1.0, lit(pale, 0.3).into())],
            ),
        );
        c.inside(chest(), |c| {
            let nudge = if seed & 1 == 0 { 0.0 } else { 4.5 };
            for (row, y) in [128.0, 139.0, 150.0, 161.0, 172.0].into_iter().enumerate() {
                let shift = if row % 2 == 0 { nudge } else { nudge + 5.5 };
                for column in -4_i8..=4 {
                    let x = 100.0 + f32::from(column) * 11.0 + shift - 4.5;
                    c.line(
                        Outline::at(x - 4.0, y).bend(x, y + 6.4, x + 4.0, y),
                        2.3,
                        Tint(mix(primary, secondary, 0.25), 0.6),
                    );
                }
            }
        });
        c.line(Outline::at(145.0, 126.0).bend(150.0, 164.0, 112.0, 179.0), 3.0, Tint(lit(primary, 0.7), 0.5));
        c.fill(
            Outline::ellipse(100.0, 110.0, 44.0, 22.0),
            spot(shade(primary, 0.9), 0.62, 100.0, 110.0, 38.0),
        );
    });
}

fn wing(c: &mut Canvas, palette: Palette, arm: Arm) {
    let Palette { primary, secondary, .. } = palette;
    let color = mix(primary, secondary, 0.5);
    let ((sx, sy), (ex, ey), (hx, hy)) = (arm.shoulder, arm.elbow, arm.hand);
    let (dx, dy) = arm.direction();
    // The trailing edge hangs to the outside and below.
    let (nx, ny) = (-dy * arm.side, dx * arm.side);
    let (tx, ty) = (hx + dx * 8.0, hy + dy * 8.0);
    let shape = |g: f32| {
        Outline::at(sx - nx * (9.0 + g), sy - ny * (9.0 + g))
            .bend(ex - nx * (11.0 + g), ey - ny * (11.0 + g), tx + dx * g, ty + dy * g)
            .bend(
                hx + nx * (9.0 + g) + dx * 4.0,
                hy + ny * (9.0 + g) + dy * 4.0,
                hx + nx * (9.0 + g),
                hy + ny * (9.0 + g),
            )
            .bend(ex + nx * (14.0 + g), ey + ny * (14.0 + g), sx + nx * (9.0 + g), sy + ny * (9.0 + g))
            .bend(sx - dx * (12.0 + g), sy - dy * (12.0 + g), sx - nx * (9.0 + g), sy - ny * (9.0 + g))
            .closed()
    };
    c.fill(shape(0.9), shade(color, 0.42));
    c.fill(shape(0.0), volume(color, (sx + hx) / 2.0, (sy + hy) / 2.0, 30.0));
    c.inside(shape(0.0), |c| {
        for share in [0.45_f32, 0.66, 0.87] {
            let (px, py) = (sx + (hx - sx) * share, sy + (hy - sy) * share);
            let feather = Outline::at(px - nx * 3.0, py - ny * 3.0).bend(
                px + dx * 5.0 + nx * 6.0,
                py + dy * 5.0 + ny * 6.0,
                px + nx * 15.0,
                py + ny * 15.0,
            );
            c.line(feather, 2.0, Tint(shade(color, 0.6), 0.55));
        }
        c.line(
            Outline::at(sx - nx * 5.0, sy - ny * 5.0).bend(ex - nx * 6.5, ey - ny * 6.5, hx, hy),
            3.0,
            Tint(lit(color, 0.45), 0.6),
        );
    });
}

fn head(c: &mut Canvas, palette: Palette, pose: &Pose, pale: Color) {
    let Palette { primary, secondary, accent, .. } = palette;
    for (side, raise) in [(-1.0, pose.stance.brow_l), (1.0, pose.stance.brow_r)] {
        let x = |dx: f32| 100.0 + side * dx;
        let lift = raise * 6.0 - pose.stance.brow_slant * 4.0;
        let tuft = Outline::at(x(46.0), 76.0)
            .curve(x(50.0), 58.0, x(54.0), 44.0, x(53.0), 30.0 - lift)
            .curve(x(40.0), 36.0, x(24.0), 40.0, x(12.0), 46.0)
            .closed();
        c.fill(tuft, volume(mix(primary, secondary, 0.35), x(38.0), 48.0, 26.0));
    }
    let skull = || Outline::ellipse(100.0, 80.0, 50.0, 40.0);
    c.fill(Outline::ellipse(100.3, 80.6, 50.6, 40.4), shade(primary, 0.4));
    c.fill(skull(), volume(primary, 100.0, 80.0, 50.0));
    c.inside(skull(), |c| {
        let cap =
            Outline::at(70.0, 36.0).bend(94.0, 56.0, 100.0, 74.0).bend(106.0, 56.0, 130.0, 36.0).closed();
        c.fill(cap, mix(primary, secondary, 0.55));
        c.line(Outline::at(149.0, 74.0).bend(150.0, 104.0, 118.0, 118.0), 3.0, Tint(lit(primary, 0.7), 0.5));
    });
    for side in [-1.0, 1.0] {
        let x = 100.0 + side * 21.5;
        c.fill(Outline::ellipse(x, 83.0, 25.0, 25.0), Tint(shade(primary, 0.6), 0.5));
        c.fill(
            Outline::ellipse(x, 82.0, 24.4, 24.4),
            Ink::Round(
                (x, 82.0),
                24.4,
                vec![
                    (0.0, shade(pale, 0.22).into()),
                    (0.62, shade(pale, 0.06).into()),
                    (1.0, lit(pale, 0.35).into()),
                ],
            ),
        );
    }
    let face = Face {
        eye_x: 21.0,
        eye_y: 82.0,
        eye_r: 15.0,
        eye_tall: 1.04,
        eyes: Eyes::White(accent),
        lid: pale,
        brow_y: 57.5,
        brow_w: 4.2,
        brow_r: 12.0,
        brow: shade(secondary, 0.1),
        mouth_y: 100.0,
        mouth_r: 0.0,
        cheek: (34.0, 102.0),
    };
    face.draw(c, pose);
    beak(c, accent, pose);
    prop::tear(c, pose, 72.0, 104.0);
}

/// The beak opens for a mouth; its corners rise and fall with the mood.
fn beak(c: &mut Canvas, accent: Color, pose: &Pose) {
    let s = &pose.stance;
    let (open, corner) = (s.mouth_open * 11.0, 95.0 - s.mouth_curve * 2.4);
    let half = 8.6 * (0.75 + 0.25 * s.mouth_wide);
    if open > 0.6 {
        let lower = || {
            Outline::at(100.0 - half * 0.8, 96.0)
                .bend(100.0 - half * 0.4, 101.0 + open * 1.25, 100.0, 102.0 + open * 1.3)
                .bend(100.0 + half * 0.4, 101.0 + open * 1.25, 100.0 + half * 0.8, 96.0)
                .closed()
        };
        c.fill(lower(), shade(accent, 0.3));
        c.fill(
            Outline::ellipse(100.0, 98.0 + open * 0.45, half * 0.52, open * 0.6),
            Color { r: 0x8c, g: 0x2a, b: 0x3c },
        );
    }
    let upper = || {
        Outline::at(100.0 - half, corner)
            .bend(100.0 - half * 0.5, 86.0, 100.0, 86.0)
            .bend(100.0 + half * 0.5, 86.0, 100.0 + half, corner)
            .bend(100.0 + half * 0.5, 99.0, 100.0, 106.5 - open * 0.25)
            .bend(100.0 - half * 0.5, 99.0, 100.0 - half, corner)
            .closed()
    };
    c.fill(upper(), volume(accent, 100.0, 95.0, 10.0));
    c.fill(Outline::ellipse(97.6, 90.4, 1.9, 2.6), Tint(WHITE, 0.65));
}
