//! The robot: a boxy head with a screen for a face, an antenna that wags, tube arms.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::Shoulders;
use super::palette::{Palette, WHITE, lit, mix, shade, spot, volume};
use super::{prop, with_head};
use crate::pose::Pose;

const GLOW: Color = Color { r: 0x8c, g: 0xf0, b: 0xff };

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose) {
    let Palette { primary, secondary, accent, .. } = palette;
    for side in [-1.0, 1.0] {
        let x = 100.0 + side * 13.0;
        c.line(Outline::at(x, 158.0).to(x, 174.0), 10.0, shade(secondary, 0.25));
        c.line(Outline::at(x - 1.5, 160.0).to(x - 1.5, 172.0), 3.0, lit(secondary, 0.2));
        let foot =
            Outline::at(x - 13.0, 183.0).curve(x - 14.0, 170.0, x + 14.0, 170.0, x + 13.0, 183.0).closed();
        c.fill(foot, volume(primary, x, 176.0, 13.0));
        c.line(Outline::at(x - 12.0, 182.4).to(x + 12.0, 182.4), 2.0, shade(primary, 0.5));
    }
    c.fill(Outline::rounded(93.0, 102.0, 14.0, 20.0, 4.0), shade(secondary, 0.2));
    for y in [108.5, 112.5] {
        c.line(Outline::at(95.0, y).to(105.0, y), 1.5, lit(secondary, 0.3));
    }
    torso(c, primary, secondary, accent);
    with_head(c, pose, 112.0, |c| head(c, palette, pose));
    for arm in (Shoulders { x: 32.0, y: 125.0 }).arms(pose) {
        arm.tube(c, 9.0, secondary);
        let (x, y) = arm.shoulder;
        c.fill(Outline::ellipse(x, y, 7.4, 7.4), volume(primary, x, y, 7.4));
        let (hx, hy) = arm.hand;
        let (dx, dy) = arm.direction();
        c.fill(Outline::ellipse(hx - dx * 4.0, hy - dy * 4.0, 6.6, 6.6), shade(accent, 0.12));
        arm.mitten(c, 8.2, primary);
    }
}

fn torso(c: &mut Canvas, primary: Color, secondary: Color, accent: Color) {
    c.fill(Outline::rounded(69.0, 114.0, 62.0, 50.0, 18.0), shade(primary, 0.42));
    c.fill(Outline::rounded(69.0, 114.0, 61.0, 48.6, 18.0), volume(primary, 100.0, 138.0, 34.0));
    c.inside(Outline::rounded(69.0, 114.0, 61.0, 48.6, 18.0), |c| {
        c.fill(
            Outline::ellipse(100.0, 110.0, 40.0, 12.0),
            spot(shade(primary, 0.8), 0.6, 100.0, 110.0, 26.0),
        );
        c.line(
            Outline::at(69.0, 155.0).bend(100.0, 160.0, 131.0, 155.0),
            2.0,
            Tint(shade(primary, 0.5), 0.6),
        );
    });
    c.fill(Outline::rounded(83.0, 126.0, 34.0, 24.0, 9.0), shade(primary, 0.45));
    c.fill(Outline::rounded(83.0, 127.2, 34.0, 23.0, 9.0), lit(primary, 0.72));
    c.fill(Outline::ellipse(100.0, 138.6, 14.0, 14.0), spot(accent, 0.8, 100.0, 138.6, 14.0));
    c.fill(Outline::heart(100.0, 138.4, 7.0), accent);
    c.fill(Outline::ellipse(97.0, 135.4, 1.9, 1.5), lit(accent, 0.8));
    for x in [76.0, 124.0] {
        c.fill(Outline::ellipse(x, 121.0, 1.9, 1.9), mix(secondary, primary, 0.3));
    }
}

fn head(c: &mut Canvas, palette: Palette, pose: &Pose) {
    let Palette { primary, secondary, accent, .. } = palette;
    let (tip_x, tip_y) = (100.0 - pose.swish * 7.0 - pose.stance.tilt * 0.25, 25.0);
    c.line(Outline::at(100.0, 44.0).bend(100.0, 32.0, tip_x, tip_y + 4.0), 3.8, secondary);
    c.fill(Outline::ellipse(100.0, 42.5, 10.0, 4.0), secondary);
    c.fill(Outline::ellipse(tip_x, tip_y, 11.0, 11.0), spot(accent, 0.6, tip_x, tip_y, 11.0));
    c.fill(Outline::ellipse(tip_x, tip_y, 7.4, 7.4), volume(accent, tip_x, tip_y, 7.4));
    c.fill(Outline::ellipse(tip_x - 2.4, tip_y - 2.8, 2.0, 1.6), WHITE);
    for side in [-1.0_f32, 1.0] {
        let x = 100.0 + side * 46.5;
        c.fill(Outline::rounded(x - 6.0, 62.0, 12.0, 30.0, 6.0), shade(secondary, 0.1));
        c.fill(Outline::rounded(x - 6.0 + side * 2.0, 68.0, 8.0, 18.0, 4.0), accent);
        c.fill(Outline::rounded(x - 6.0 + side * 2.0, 68.0, 3.0, 18.0, 1.5), lit(accent, 0.4));
    }
    let shell = || Outline::rounded(53.0, 40.0, 94.0, 72.0, 27.0);
    c.fill(shell(), shade(primary, 0.42));
    let face = || Outline::rounded(53.0, 40.0, 93.0, 70.4, 27.0);
    c.fill(face(), volume(primary, 100.0, 74.0, 50.0));
    c.inside(face(), |c| {
        c.fill(Outline::ellipse(82.0, 42.0, 30.0, 7.0), Tint(WHITE, 0.34));
        c.line(Outline::at(146.0, 60.0).bend(148.0, 108.0, 112.0, 110.5), 3.4, Tint(lit(primary, 0.65), 0.6));
    });
    c.fill(Outline::rounded(62.5, 49.5, 75.0, 53.0, 20.0), shade(primary, 0.55));
    let screen = || Outline::rounded(64.0, 51.4, 72.0, 50.4, 18.5);
    let dark = shade(mix(secondary, Color { r: 8, g: 8, b: 24 }, 0.55), 0.2);
    c.fill(
        screen(),
        Ink::Line(
            (100.0, 50.0),
            (100.0, 104.0),
            vec![(0.0, shade(dark, 0.2).into()), (1.0, lit(dark, 0.12).into())],
        ),
    );
    let face = Face {
        eye_x: 17.5,
        eye_y: 75.0,
        eye_r: 6.6,
        eye_tall: 1.35,
        eyes: Eyes::Screen(GLOW),
        lid: dark,
        brow_y: 61.5,
        brow_w: 2.7,
        brow_r: 6.5,
        brow: GLOW,
        mouth_y: 90.5,
        mouth_r: 9.0,
        cheek: (27.5, 87.5),
    };
    face.draw(c, pose);
    prop::tear(c, pose, 80.0, 84.0);
    c.inside(screen(), |c| {
        let gleam = Outline::at(70.0, 50.0).to(88.0, 50.0).to(70.0, 82.0).to(60.0, 82.0).closed();
        c.fill(gleam, Tint(WHITE, 0.08));
    });
}
