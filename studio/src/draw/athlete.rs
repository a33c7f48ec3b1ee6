//! The athlete: a sporty kid with a headband whose tails fly, spiky hair, freckles and sneakers.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::Shoulders;
use super::palette::{Palette, WHITE, lit, mix, shade, spot, volume};
use super::{prop, with_head};
use crate::pose::Pose;

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose, seed: u32) {
    let skin = palette.skin;
    legs(c, palette, skin);
    torso(c, palette, skin);
    with_head(c, pose, 110.0, |c| head(c, palette, pose, skin, seed));
    for arm in (Shoulders { x: 25.0, y: 121.0 }).arms(pose) {
        arm.tube(c, 9.6, skin);
        let (x, y) = arm.shoulder;
        c.fill(Outline::ellipse(x, y, 6.4, 6.6), volume(palette.primary, x, y, 7.0));
        let ((hx, hy), (dx, dy)) = (arm.hand, arm.direction());
        let band = Outline::at(hx - dx * 6.5 - dy * 4.4, hy - dy * 6.5 + dx * 4.4)
            .to(hx - dx * 6.5 + dy * 4.4, hy - dy * 6.5 - dx * 4.4);
        arm.mitten(c, 7.4, skin);
        c.line(band, 4.2, palette.accent);
    }
}

fn legs(c: &mut Canvas, palette: Palette, skin: Color) {
    for side in [-1.0, 1.0] {
        let (hip, foot) = (100.0 + side * 11.0, 100.0 + side * 14.5);
        let leg = |dx: f32| Outline::at(hip + dx, 152.0).to(foot + dx, 174.0);
        c.line(leg(0.0), 11.6, shade(skin, 0.34));
        c.line(leg(-0.6), 10.0, skin);
        c.line(leg(-2.4), 2.8, lit(skin, 0.25));
        c.line(Outline::at(foot - 4.6, 171.6).to(foot + 4.6, 171.6), 4.6, WHITE);
        let shoe = Outline::at(foot - side * 7.0, 182.0)
            .curve(foot - side * 9.0, 170.0, foot + side * 3.0, 170.0, foot + side * 7.0, 174.5)
            .curve(foot + side * 13.0, 175.5, foot + side * 15.0, 179.0, foot + side * 14.0, 182.0)
            .closed();
        c.fill(shoe, volume(palette.accent, foot, 177.0, 11.0));
        c.line(Outline::at(foot - side * 7.0, 182.4).to(foot + side * 13.6, 182.4), 2.6, WHITE);
        c.line(Outline::at(foot + side * 3.0, 174.0).to(foot + side * 7.0, 177.6), 1.6, WHITE);
    }
}

fn torso(c: &mut Canvas, palette: Palette, skin: Color) {
    let Palette { primary, secondary, accent, .. } = palette;
    let shorts = || {
        Outline::at(79.0, 143.0)
            .to(121.0, 143.0)
            .bend(125.0, 154.0, 125.0, 163.0)
            .bend(112.0, 166.0, 102.0, 163.0)
            .to(100.0, 156.0)
            .to(98.0, 163.0)
            .bend(88.0, 166.0, 75.0, 163.0)
            .bend(75.0, 154.0, 79.0, 143.0)
            .closed()
    };
    c.fill(shorts(), volume(secondary, 100.0, 153.0, 27.0));
    c.inside(shorts(), |c| {
        for (x, end) in [(79.0, 76.0), (121.0, 124.0)] {
            c.line(Outline::at(x, 143.0).to(end, 165.0), 3.6, accent);
        }
    });
    c.fill(Outline::rounded(92.0, 102.0, 16.0, 18.0, 6.0), shade(skin, 0.2));
    let shirt = || {
        Outline::at(76.0, 117.0)
            .bend(84.0, 111.0, 91.0, 111.0)
            .bend(100.0, 120.0, 109.0, 111.0)
            .bend(116.0, 111.0, 124.0, 117.0)
            .bend(121.0, 134.0, 123.0, 147.0)
            .bend(100.0, 151.0, 77.0, 147.0)
            .bend(79.0, 134.0, 76.0, 117.0)
            .closed()
    };
    c.fill(shirt(), volume(primary, 100.0, 130.0, 29.0));
    c.inside(shirt(), |c| {
        c.line(Outline::at(70.0, 138.0).bend(100.0, 143.0, 130.0, 138.0), 5.0, WHITE);
        c.line(Outline::at(121.0, 116.0).bend(118.0, 132.0, 121.0, 148.0), 2.6, Tint(lit(primary, 0.7), 0.5));
        c.fill(
            Outline::ellipse(100.0, 108.0, 30.0, 12.0),
            spot(shade(primary, 0.8), 0.5, 100.0, 108.0, 22.0),
        );
    });
    // A bolt, the badge of the team.
    let badge = Outline::at(103.0, 121.0)
        .to(94.0, 131.0)
        .to(99.4, 131.0)
        .to(97.0, 138.0)
        .to(106.0, 128.0)
        .to(100.8, 128.0)
        .closed();
    c.fill(badge, WHITE);
}

fn head(c: &mut Canvas, palette: Palette, pose: &Pose, skin: Color, seed: u32) {
    let Palette { secondary, accent, .. } = palette;
    let fly = pose.swish * 6.0;
    for (dy, length) in [(0.0, 17.0), (6.0, 13.0)] {
        let tail = Outline::at(134.0, 62.0).bend(
            144.0,
            58.0 + dy + fly * 0.4,
            134.0 + length,
            66.0 + dy * 1.6 + fly,
        );
        c.line(tail, 5.6, shade(accent, 0.18));
    }
    for x in [63.5, 136.5] {
        c.fill(Outline::ellipse(x, 82.0, 6.0, 7.4), volume(shade(skin, 0.08), x, 82.0, 7.0));
    }
    let shape = || {
        Outline::at(64.0, 74.0)
            .curve(64.0, 50.0, 80.0, 42.0, 100.0, 42.0)
            .curve(120.0, 42.0, 136.0, 50.0, 136.0, 74.0)
            .curve(137.0, 98.0, 118.0, 112.0, 100.0, 112.0)
            .curve(82.0, 112.0, 63.0, 98.0, 64.0, 74.0)
            .closed()
    };
    c.fill(shape(), volume(skin, 100.0, 80.0, 37.0));
    hair(c, secondary, fly);
    let face = Face {
        eye_x: 15.5,
        eye_y: 83.0,
        eye_r: 7.6,
        eye_tall: 1.24,
        eyes: Eyes::White(mix(accent, shade(accent, 0.4), 0.4)),
        lid: skin,
        brow_y: 70.5,
        brow_w: 3.8,
        brow_r: 7.6,
        brow: shade(secondary, 0.15),
        mouth_y: 100.0,
        mouth_r: 9.0,
        cheek: (24.0, 95.0),
    };
    for (i, (x, y)) in [(-26.0, 93.0), (-21.0, 95.5), (-24.0, 98.5), (22.0, 95.0), (26.5, 93.5), (25.0, 98.0)]
        .into_iter()
        .enumerate()
    {
        if (seed >> i) & 1 == 1 {
            c.fill(Outline::ellipse(100.0 + x, y, 1.2, 1.1), Tint(shade(skin, 0.5), 0.7));
        }
    }
    face.draw(c, pose);
    c.line(Outline::at(98.0, 91.5).bend(100.5, 93.5, 102.6, 91.2), 2.2, Tint(shade(skin, 0.45), 0.8));
    prop::tear(c, pose, 83.0, 95.0);
    let band = || {
        Outline::at(63.5, 70.0)
            .curve(70.0, 55.0, 130.0, 55.0, 136.5, 70.0)
            .to(136.0, 61.5)
            .curve(128.0, 46.5, 72.0, 46.5, 64.0, 61.5)
            .closed()
    };
    c.fill(
        band(),
        Ink::Line(
            (64.0, 50.0),
            (136.0, 66.0),
            vec![(0.0, lit(accent, 0.35).into()), (0.5, accent.into()), (1.0, shade(accent, 0.3).into())],
        ),
    );
    c.inside(band(), |c| {
        c.line(Outline::at(62.0, 66.0).curve(70.0, 50.6, 130.0, 50.6, 138.0, 66.0), 1.8, Tint(WHITE, 0.75))
    });
}

fn hair(c: &mut Canvas, color: Color, fly: f32) {
    let f = fly * 0.5;
    let shape = || {
        Outline::at(62.0, 66.0)
            .bend(56.0, 50.0, 62.0 + f, 38.0)
            .bend(68.0, 42.0, 72.0, 42.0)
            .bend(72.0, 30.0, 82.0 + f, 23.0)
            .bend(86.0, 30.0, 92.0, 32.0)
            .bend(98.0, 20.0, 112.0 + f, 17.0)
            .bend(112.0, 27.0, 115.0, 32.0)
            .bend(124.0, 26.0, 134.0 + f, 29.0)
            .bend(130.0, 37.0, 131.0, 43.0)
            .bend(138.0, 44.0, 143.0 + f, 50.0)
            .bend(138.0, 58.0, 138.0, 66.0)
            .bend(128.0, 52.0, 100.0, 52.0)
            .bend(72.0, 52.0, 62.0, 66.0)
            .closed()
    };
    c.fill(shape(), volume(color, 98.0, 42.0, 40.0));
    c.inside(shape(), |c| {
        for (x, lean) in [(80.0, 4.0), (98.0, 6.0), (116.0, 7.0)] {
            c.line(Outline::at(x, 50.0).bend(x, 40.0, x + lean, 30.0), 2.2, Tint(lit(color, 0.45), 0.55));
        }
    });
}
