//! The cat: big ears, whiskers, stripes, a bell on the collar and a tail that gives everything away.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::face::{Eyes, Face};
use super::limb::Shoulders;
use super::palette::{INK, Palette, ROSE, WHITE, lit, mix, shade, spot, volume};
use super::{prop, with_head};
use crate::pose::Pose;

pub(super) fn draw(c: &mut Canvas, palette: Palette, pose: &Pose, seed: u32) {
    let cream = lit(mix(palette.primary, WHITE, 0.62), 0.35);
    tail(c, palette, pose);
    body(c, palette, cream);
    with_head(c, pose, 114.0, |c| head(c, palette, pose, cream, seed));
    for arm in (Shoulders { x: 27.0, y: 127.0 }).arms(pose) {
        arm.tube(c, 12.0, palette.primary);
        arm.paw(c, 8.0, cream);
        let (x, y) = arm.hand;
        let (dx, dy) = arm.direction();
        for toe in [-1.0, 1.0] {
            let (tx, ty) = (x + dx * 5.0 - dy * 2.6 * toe, y + dy * 5.0 + dx * 2.6 * toe);
            c.line(Outline::at(tx, ty).to(tx - dx * 2.6, ty - dy * 2.6), 1.3, Tint(shade(cream, 0.6), 0.6));
        }
    }
}

fn tail(c: &mut Canvas, palette: Palette, pose: &Pose) {
    // A proud tail stands, a sad one lies.
    let mood = (pose.stance.mouth_curve * 0.7 + pose.stance.eye_open - 0.9).clamp(-1.0, 1.0);
    let (x, y) = (163.0 + pose.swish * 9.0, 138.0 - mood * 22.0);
    let path = || {
        Outline::at(122.0, 174.0).curve(150.0, 180.0, 158.0 - pose.swish * 3.0, 166.0, 154.0, 150.0).bend(
            151.0,
            y + 6.0,
            x,
            y,
        )
    };
    c.line(path(), 13.0, shade(palette.primary, 0.38));
    c.line(path(), 11.4, palette.primary);
    let end = || Outline::at(153.4, (y + 152.0) / 2.0).bend(152.0, y + 5.0, x, y);
    c.line(end(), 11.4, palette.secondary);
}

fn body(c: &mut Canvas, palette: Palette, cream: Color) {
    let primary = palette.primary;
    let shape = || {
        Outline::at(100.0, 106.0)
            .curve(126.0, 106.0, 133.0, 138.0, 137.0, 160.0)
            .curve(140.0, 178.0, 130.0, 183.0, 100.0, 183.0)
            .curve(70.0, 183.0, 60.0, 178.0, 63.0, 160.0)
            .curve(67.0, 138.0, 74.0, 106.0, 100.0, 106.0)
            .closed()
    };
    c.fill(shape(), volume(primary, 100.0, 148.0, 44.0));
    c.inside(shape(), |c| {
        for y in [148.0, 158.0, 168.0] {
            for side in [-1.0, 1.0] {
                c.line(
                    Outline::at(100.0 + side * 42.0, y).bend(
                        100.0 + side * 32.0,
                        y + 3.0,
                        100.0 + side * 27.0,
                        y + 1.0,
                    ),
                    4.0,
                    Tint(palette.secondary, 0.75),
                );
            }
        }
        c.fill(
            Outline::ellipse(100.0, 148.0, 20.0, 29.0),
            Ink::Line(
                (100.0, 120.0),
                (100.0, 178.0),
                vec![(0.0, shade(cream, 0.12).into()), (0.4, cream.into()), (1.0, cream.into())],
            ),
        );
        c.line(Outline::at(136.0, 152.0).bend(142.0, 178.0, 116.0, 182.0), 3.0, Tint(lit(primary, 0.7), 0.5));
        c.fill(
            Outline::ellipse(100.0, 112.0, 34.0, 18.0),
            spot(shade(primary, 0.8), 0.5, 100.0, 112.0, 28.0),
        );
    });
    for x in [83.0, 117.0] {
        c.fill(Outline::ellipse(x, 178.6, 13.6, 6.4), shade(cream, 0.34));
        c.fill(Outline::ellipse(x - 0.2, 178.2, 13.0, 5.8), volume(cream, x, 178.0, 13.0));
        for dx in [-4.0, 4.0] {
            c.line(Outline::at(x + dx, 179.6).to(x + dx, 182.2), 1.4, Tint(shade(cream, 0.6), 0.6));
        }
    }
}

fn head(c: &mut Canvas, palette: Palette, pose: &Pose, cream: Color, seed: u32) {
    let Palette { primary, secondary, accent, .. } = palette;
    c.line(Outline::at(77.0, 112.0).bend(100.0, 121.0, 123.0, 112.0), 6.4, shade(accent, 0.2));
    c.line(Outline::at(77.0, 111.4).bend(100.0, 120.4, 123.0, 111.4), 4.4, accent);
    let ears = (pose.stance.mouth_curve.min(0.0) * 16.0
        - (pose.stance.brow_slant.abs() - 0.5).max(0.0) * 10.0)
        .max(-24.0);
    for side in [-1.0, 1.0] {
        c.turned(side * (-ears) + pose.swish * 2.0, 100.0 + side * 30.0, 58.0, |c| {
            ear(c, side, primary, secondary)
        });
    }
    let skull = || {
        Outline::at(100.0, 42.0)
            .curve(126.0, 42.0, 146.0, 58.0, 147.0, 80.0)
            .curve(151.0, 92.0, 146.0, 97.0, 141.0, 100.0)
            .curve(132.0, 113.0, 116.0, 117.0, 100.0, 117.0)
            .curve(84.0, 117.0, 68.0, 113.0, 59.0, 100.0)
            .curve(54.0, 97.0, 49.0, 92.0, 53.0, 80.0)
            .curve(54.0, 58.0, 74.0, 42.0, 100.0, 42.0)
            .closed()
    };
    c.fill(skull(), volume(primary, 100.0, 80.0, 48.0));
    c.inside(skull(), |c| {
        for (x, bottom, length) in [(100.0, 100.0, 17.0), (88.0, 90.0, 13.0), (112.0, 110.0, 13.0)] {
            c.line(Outline::at(x, 40.0).bend(x, 50.0, bottom, 43.0 + length), 5.0, secondary);
        }
        for side in [-1.0, 1.0] {
            for (y, reach) in [(84.0, 11.0), (94.0, 9.0)] {
                let x = 100.0 + side * 50.0;
                c.line(
                    Outline::at(x, y).bend(x - side * reach * 0.5, y + 2.4, x - side * reach, y + 1.0),
                    3.8,
                    Tint(secondary, 0.85),
                );
            }
        }
        c.fill(Outline::ellipse(100.0, 108.0, 27.0, 17.0), cream);
        c.fill(Outline::ellipse(91.0, 99.0, 13.0, 10.0), cream);
        c.fill(Outline::ellipse(109.0, 99.0, 13.0, 10.0), cream);
        c.line(Outline::at(146.0, 78.0).bend(150.0, 100.0, 118.0, 115.0), 2.6, Tint(lit(primary, 0.75), 0.5));
    });
    let glow = if seed & 4 == 0 { accent } else { mix(accent, secondary, 0.3) };
    let face = Face {
        eye_x: 21.5,
        eye_y: 79.0,
        eye_r: 9.8,
        eye_tall: 1.2,
        eyes: Eyes::Glossy(glow),
        lid: primary,
        brow_y: 61.0,
        brow_w: 3.6,
        brow_r: 7.4,
        brow: shade(secondary, 0.15),
        mouth_y: 101.5,
        mouth_r: 8.6,
        cheek: (33.0, 94.0),
    };
    face.draw(c, pose);
    let nose = Outline::at(95.0, 91.4)
        .bend(100.0, 89.4, 105.0, 91.4)
        .bend(104.0, 95.6, 100.0, 97.0)
        .bend(96.0, 95.6, 95.0, 91.4)
        .closed();
    c.fill(nose, mix(ROSE, INK, 0.16));
    c.fill(Outline::ellipse(98.4, 92.2, 1.3, 0.8), Tint(WHITE, 0.8));
    c.line(Outline::at(100.0, 96.6).to(100.0, 99.0), 1.8, INK);
    for side in [-1.0, 1.0] {
        for (y, drop) in [(94.0, -4.0), (98.0, 2.0)] {
            let whisker = Outline::at(100.0 + side * 38.0, y).bend(
                100.0 + side * 50.0,
                y + drop * 0.4,
                100.0 + side * 62.0,
                y + drop * 1.6,
            );
            c.line(whisker, 1.5, mix(secondary, INK, 0.2));
        }
    }
    prop::tear(c, pose, 76.0, 93.0);
    c.fill(Outline::ellipse(100.0, 120.6, 6.2, 6.2), shade(Color { r: 0xf6, g: 0xc4, b: 0x45 }, 0.35));
    c.fill(
        Outline::ellipse(99.7, 120.2, 5.7, 5.7),
        volume(Color { r: 0xf6, g: 0xc4, b: 0x45 }, 100.0, 120.6, 6.0),
    );
    c.fill(Outline::ellipse(100.0, 122.4, 1.5, 1.3), INK);
}

fn ear(c: &mut Canvas, side: f32, primary: Color, secondary: Color) {
    let x = |dx: f32| 100.0 + side * dx;
    let outer = Outline::at(x(45.0), 76.0)
        .curve(x(50.0), 56.0, x(50.0), 40.0, x(46.0), 27.0)
        .bend(x(45.0), 22.0, x(40.0), 25.0)
        .curve(x(28.0), 32.0, x(18.0), 40.0, x(10.0), 48.0)
        .closed();
    c.fill(outer, volume(primary, x(32.0), 46.0, 26.0));
    let inner = Outline::at(x(41.0), 62.0)
        .curve(x(44.0), 50.0, x(44.0), 42.0, x(41.6), 34.0)
        .curve(x(34.0), 38.0, x(28.0), 44.0, x(22.0), 50.0)
        .closed();
    c.fill(
        inner,
        Ink::Line(
            (x(40.0), 34.0),
            (x(30.0), 60.0),
            vec![(0.0, mix(ROSE, secondary, 0.25).into()), (1.0, lit(ROSE, 0.35).into())],
        ),
    );
}
