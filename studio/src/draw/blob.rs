//! The blob: one soft drop of jelly, all face, with stubby arms and a sprout on top.

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::Shoulders;
use super::palette::{Palette, WHITE, lit, mix, shade, spot};
use super::prop;
use crate::pose::Pose;

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose, seed: u32) {
    let primary = palette.primary;
    // A drop has no neck: it bends from the ground and sinks where others bow.
    let sink = tiny_skia::Transform::from_translate(100.0, 182.0)
        .pre_concat(tiny_skia::Transform::from_rotate(pose.stance.tilt * 0.8))
        .pre_scale(1.0 + pose.stance.head_dy * 0.008, 1.0 - pose.stance.head_dy * 0.011)
        .pre_translate(-100.0, -182.0);
    c.within(sink, |c| {
        for arm in (Shoulders { x: 45.0, y: 138.0 }).arms(pose) {
            if arm.hand.1 < 100.0 {
                arm.tube(c, 12.0, primary);
            }
        }
        body(c, palette, pose, seed);
        for arm in (Shoulders { x: 45.0, y: 138.0 }).arms(pose) {
            // Arms that reach up come from behind; the others lie on the body and need an edge to be seen.
            arm.tube(c, 12.0, mix(primary, shade(primary, 0.4), 0.16));
            arm.paw(c, 8.4, lit(primary, 0.06));
        }
    });
}

fn body(c: &mut Canvas, palette: Palette, pose: &Pose, seed: u32) {
    let Palette { primary, secondary, .. } = palette;
    let tip = (103.0 + pose.swish * 7.0 - pose.stance.tilt * 0.3, 46.0);
    let drop = |grow: f32| {
        Outline::at(tip.0, tip.1 - grow)
            .curve(tip.0 + 14.0, tip.1 + 7.0, 151.0 + grow, 74.0, 152.5 + grow, 132.0)
            .curve(153.0 + grow, 168.0, 130.0, 183.0 + grow * 0.4, 100.0, 183.0 + grow * 0.4)
            .curve(70.0, 183.0 + grow * 0.4, 47.0 - grow, 168.0, 47.5 - grow, 132.0)
            .curve(49.0 - grow, 76.0, tip.0 - 18.0, tip.1 + 9.0, tip.0, tip.1 - grow)
            .closed()
    };
    leaf(c, palette, tip, pose.swish);
    c.fill(drop(0.9), shade(primary, 0.36));
    let jelly = vec![
        (0.0, lit(primary, 0.42).into()),
        (0.4, lit(primary, 0.1).into()),
        (0.72, primary.into()),
        (1.0, shade(primary, 0.26).into()),
    ];
    c.fill(drop(0.0), Ink::Round((80.0, 92.0), 118.0, jelly));
    c.inside(drop(0.0), |c| {
        // Light that has gone through the jelly gathers at the far side.
        c.fill(Outline::ellipse(122.0, 170.0, 44.0, 30.0), spot(lit(primary, 0.75), 0.5, 122.0, 170.0, 34.0));
        c.line(
            Outline::at(151.0, 118.0).curve(154.0, 160.0, 138.0, 180.0, 108.0, 182.0),
            3.0,
            Tint(lit(primary, 0.8), 0.55),
        );
        for (i, (x, y, r)) in
            [(66.0, 160.0, 3.0), (76.0, 169.0, 2.0), (134.0, 118.0, 2.4), (62.0, 146.0, 1.6)]
                .into_iter()
                .enumerate()
        {
            let shift = f32::from(u8::try_from((seed >> (i * 3)) & 7).unwrap_or(0)) - 3.5;
            c.fill(Outline::ellipse(x + shift, y - shift * 0.5, r, r), Tint(WHITE, 0.3));
        }
    });
    c.turned(30.0, 72.0, 96.0, |c| c.fill(Outline::ellipse(72.0, 92.0, 6.2, 14.0), Tint(WHITE, 0.62)));
    c.fill(Outline::ellipse(62.5, 114.0, 3.2, 3.8), Tint(WHITE, 0.5));
    let face = Face {
        eye_x: 21.0,
        eye_y: 109.0,
        eye_r: 9.2,
        eye_tall: 1.22,
        eyes: Eyes::Glossy(secondary),
        lid: primary,
        brow_y: 92.0,
        brow_w: 3.6,
        brow_r: 8.0,
        brow: shade(secondary, 0.25),
        mouth_y: 129.0,
        mouth_r: 10.5,
        cheek: (34.0, 124.0),
    };
    face.draw(c, pose);
    prop::tear(c, pose, 74.0, 124.0);
}

/// Two leaves at the tip, in the accent colour, that nod with every move.
fn leaf(c: &mut Canvas, palette: Palette, tip: (f32, f32), swish: f32) {
    let (x, y) = (tip.0, tip.1 + 4.0);
    c.line(Outline::at(x, y).bend(x, y - 10.0, x + swish * 2.0, y - 15.0), 3.2, palette.secondary);
    for side in [-1.0_f32, 1.0] {
        c.turned(side * 8.0 + swish * 14.0, x, y - 12.0, |c| {
            let (tx, ty) = (x + side * 20.0, y - 23.0);
            let shape = || {
                Outline::at(x, y - 12.0)
                    .curve(x + side * 3.0, y - 26.0, x + side * 14.0, y - 28.0, tx, ty)
                    .curve(x + side * 19.0, y - 13.0, x + side * 9.0, y - 8.0, x, y - 12.0)
                    .closed()
            };
            c.fill(
                shape(),
                Ink::Line(
                    (x, y - 26.0),
                    (x, y - 8.0),
                    vec![(0.0, lit(palette.accent, 0.25).into()), (1.0, shade(palette.accent, 0.14).into())],
                ),
            );
            c.line(
                Outline::at(x + side * 2.0, y - 13.5).bend(
                    x + side * 9.0,
                    y - 19.0,
                    x + side * 15.0,
                    y - 21.0,
                ),
                1.3,
                Tint(shade(palette.accent, 0.35), 0.7),
            );
        });
    }
}
