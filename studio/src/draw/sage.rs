//! The sage: a robe, a tall soft hat with a star, bushy brows and a beard that sways.

use cuelight_core::character::Color;

use tiny_skia::Transform;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::{Arm, Shoulders};
use super::palette::{Palette, ROSE, WHITE, lit, mix, shade, spot, volume};
use super::{prop, with_head};
use crate::pose::Pose;

const BEARD: Color = Color { r: 0xf4, g: 0xf0, b: 0xea };

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose) {
    let skin = palette.skin;
    robe(c, palette);
    with_head(c, pose, 116.0, |c| head(c, palette, pose, skin));
    for arm in (Shoulders { x: 27.0, y: 124.0 }).arms(pose) {
        sleeve(c, palette, arm, skin);
    }
}

fn robe(c: &mut Canvas, palette: Palette) {
    let Palette { primary, secondary, accent, .. } = palette;
    for x in [86.0, 114.0] {
        c.fill(Outline::ellipse(x, 181.0, 12.0, 5.0), shade(secondary, 0.2));
    }
    let cloth = || {
        Outline::at(78.0, 112.0)
            .curve(66.0, 136.0, 60.0, 160.0, 50.0, 178.0)
            .bend(74.0, 185.0, 100.0, 183.0)
            .bend(126.0, 185.0, 150.0, 178.0)
            .curve(140.0, 160.0, 134.0, 136.0, 122.0, 112.0)
            .closed()
    };
    c.fill(cloth(), volume(primary, 100.0, 146.0, 46.0));
    c.inside(cloth(), |c| {
        for (x, bottom, share) in [(84.0, 74.0, 0.3), (116.0, 126.0, 0.34), (100.0, 100.0, 0.22)] {
            c.line(
                Outline::at(x, 140.0).bend(x, 160.0, bottom, 186.0),
                3.0,
                Tint(shade(primary, 0.6), share),
            );
        }
        c.line(Outline::at(128.0, 120.0).bend(140.0, 152.0, 150.0, 176.0), 3.4, Tint(lit(primary, 0.6), 0.5));
        c.line(
            Outline::at(46.0, 175.5).bend(74.0, 181.5, 100.0, 179.5).bend(126.0, 181.5, 154.0, 175.5),
            6.0,
            accent,
        );
        c.line(Outline::at(46.0, 174.0).bend(74.0, 180.0, 100.0, 178.0), 1.6, lit(accent, 0.5));
        c.fill(
            Outline::ellipse(100.0, 116.0, 34.0, 20.0),
            spot(shade(primary, 0.9), 0.5, 100.0, 116.0, 30.0),
        );
    });
}

fn sleeve(c: &mut Canvas, palette: Palette, arm: Arm, skin: Color) {
    let Palette { primary, accent, .. } = palette;
    let (dx, dy) = arm.direction();
    let (nx, ny) = (-dy, dx);
    let (hx, hy) = arm.hand;
    let (cx, cy) = (hx - dx * 5.0, hy - dy * 5.0);
    let (sx, sy) = arm.shoulder;
    let (ex, ey) = arm.elbow;
    let edge = |grow: f32| {
        let (near, mid, far) = (6.5 + grow, 8.5 + grow, 11.0 + grow);
        Outline::at(sx + nx * near, sy + ny * near)
            .bend(ex + nx * mid, ey + ny * mid, cx + nx * far, cy + ny * far)
            .bend(cx + dx * 6.0, cy + dy * 6.0, cx - nx * far, cy - ny * far)
            .bend(ex - nx * mid, ey - ny * mid, sx - nx * near, sy - ny * near)
            .bend(sx - dx * 9.0, sy - dy * 9.0, sx + nx * near, sy + ny * near)
            .closed()
    };
    arm.mitten(c, 7.2, skin);
    c.fill(edge(0.8), shade(primary, 0.42));
    c.fill(edge(-0.2), volume(lit(primary, 0.05), (sx + cx) / 2.0, (sy + cy) / 2.0, 24.0));
    let cuff = Outline::at(cx + nx * 10.4, cy + ny * 10.4).bend(
        cx + dx * 5.6,
        cy + dy * 5.6,
        cx - nx * 10.4,
        cy - ny * 10.4,
    );
    c.line(cuff, 3.4, accent);
}

fn head(c: &mut Canvas, palette: Palette, pose: &Pose, skin: Color) {
    let Palette { primary, secondary, accent, .. } = palette;
    let sway = pose.swish * 4.0 - pose.stance.tilt * 0.3;
    for x in [69.0, 131.0] {
        c.fill(Outline::ellipse(x, 87.0, 5.5, 7.5), volume(shade(skin, 0.06), x, 87.0, 7.0));
    }
    c.fill(Outline::ellipse(100.0, 86.0, 32.0, 31.0), volume(skin, 100.0, 88.0, 33.0));
    beard(c, sway);
    let face = Face {
        eye_x: 12.5,
        eye_y: 86.0,
        eye_r: 5.4,
        eye_tall: 1.3,
        eyes: Eyes::Glossy(secondary),
        lid: skin,
        brow_y: 76.0,
        brow_w: 5.6,
        brow_r: 8.6,
        brow: BEARD,
        mouth_y: 108.0,
        mouth_r: 7.6,
        cheek: (22.0, 91.0),
    };
    face.draw(c, pose);
    moustache(c, pose, skin);
    prop::tear(c, pose, 85.0, 92.0);
    let raised = Transform::from_row(1.0, 0.0, 0.0, 0.86, 0.0, 4.0);
    c.within(raised, |c| hat(c, sway, primary, secondary, accent));
}

fn beard(c: &mut Canvas, sway: f32) {
    let shape = || {
        Outline::at(67.0, 86.0)
            .curve(60.0, 112.0, 72.0, 132.0, 80.0, 138.0)
            .bend(84.0, 148.0, 92.0 + sway, 152.0)
            .bend(98.0 + sway, 160.0, 102.0 + sway * 1.6, 164.0)
            .bend(106.0 + sway, 156.0, 112.0 + sway, 150.0)
            .bend(118.0, 146.0, 122.0, 136.0)
            .curve(130.0, 128.0, 139.0, 110.0, 133.0, 86.0)
            .bend(128.0, 100.0, 114.0, 99.0)
            .bend(100.0, 94.0, 86.0, 99.0)
            .bend(72.0, 100.0, 67.0, 86.0)
            .closed()
    };
    let white = vec![(0.0, WHITE.into()), (0.5, BEARD.into()), (1.0, shade(BEARD, 0.22).into())];
    c.fill(shape(), Ink::Line((84.0, 96.0), (116.0, 166.0), white));
    c.inside(shape(), |c| {
        for (x, drift) in [(80.0, 3.0), (90.0, 4.0), (110.0, -3.0), (121.0, -5.0)] {
            c.line(
                Outline::at(x, 116.0).bend(x + drift * 0.3, 132.0, x + drift + sway, 152.0),
                1.7,
                Tint(shade(BEARD, 0.4), 0.42),
            );
        }
    });
}

fn moustache(c: &mut Canvas, pose: &Pose, skin: Color) {
    let lift = -pose.stance.mouth_curve * 1.6 - pose.stance.mouth_open * 1.5;
    for side in [-1.0, 1.0] {
        let x = |dx: f32| 100.0 + side * dx;
        let shape = || {
            Outline::at(x(0.0), 96.5)
                .curve(x(8.0), 92.0, x(18.0), 95.0 + lift, x(24.0), 103.0 + lift)
                .curve(x(16.0), 105.0 + lift, x(7.0), 104.5, x(0.0), 100.5)
                .closed()
        };
        c.fill(
            shape(),
            Ink::Line(
                (100.0, 93.0),
                (100.0, 106.0),
                vec![(0.0, WHITE.into()), (1.0, shade(BEARD, 0.26).into())],
            ),
        );
    }
    c.fill(Outline::ellipse(100.0, 92.5, 6.0, 5.4), volume(mix(skin, ROSE, 0.3), 100.0, 92.5, 6.0));
    c.fill(Outline::ellipse(98.0, 90.4, 1.7, 1.3), Tint(WHITE, 0.75));
}

fn hat(c: &mut Canvas, sway: f32, primary: Color, secondary: Color, accent: Color) {
    let (tip_x, tip_y) = (127.0 + sway * 2.0, 19.0);
    let cone = || {
        Outline::at(65.0, 64.0)
            .curve(74.0, 40.0, 86.0, 18.0, 106.0 + sway, 11.0)
            .curve(116.0 + sway, 8.0, 128.0 + sway * 2.0, 10.0, tip_x, tip_y)
            .curve(118.0 + sway, 17.0, 118.0 + sway * 0.5, 24.0, 121.0, 34.0)
            .curve(124.0, 46.0, 130.0, 54.0, 135.0, 64.0)
            .closed()
    };
    c.fill(cone(), volume(primary, 98.0, 42.0, 36.0));
    c.inside(cone(), |c| {
        c.line(Outline::at(112.0, 24.0).bend(104.0, 28.0, 98.0, 27.0), 2.4, Tint(shade(primary, 0.6), 0.45));
        c.line(Outline::at(118.0, 38.0).bend(108.0, 42.0, 102.0, 40.0), 2.4, Tint(shade(primary, 0.6), 0.38));
        c.line(Outline::at(62.0, 58.0).bend(100.0, 68.0, 138.0, 58.0), 8.0, accent);
        c.line(Outline::at(62.0, 56.0).bend(100.0, 66.0, 138.0, 56.0), 1.6, lit(accent, 0.5));
    });
    c.fill(Outline::ellipse(tip_x, tip_y + 1.5, 4.4, 4.4), volume(accent, tip_x, tip_y + 1.5, 4.4));
    c.fill(Outline::sparkle(93.0, 40.0, 8.0), accent);
    c.fill(Outline::sparkle(110.0, 47.0, 4.0), lit(accent, 0.3));
    let brim = || {
        Outline::at(53.0, 66.0)
            .curve(64.0, 54.0, 76.0, 62.0, 100.0, 63.5)
            .curve(124.0, 62.0, 136.0, 54.0, 147.0, 66.0)
            .curve(134.0, 74.0, 118.0, 71.5, 100.0, 72.0)
            .curve(82.0, 71.5, 66.0, 74.0, 53.0, 66.0)
            .closed()
    };
    c.fill(
        brim(),
        Ink::Line(
            (60.0, 58.0),
            (140.0, 74.0),
            vec![
                (0.0, lit(secondary, 0.2).into()),
                (0.5, secondary.into()),
                (1.0, shade(secondary, 0.3).into()),
            ],
        ),
    );
}
