//! Eyes, brows, cheeks and mouth for any body. Only the expression is here; where a face sits, and
//! what its eyes are made of, is the body's affair.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Ink, Outline, Tint};
use super::palette::{INK, ROSE, WHITE, lit, mix, shade, spot};
use crate::pose::Pose;

/// What eyes are made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Eyes {
    /// Large, dark and glossy, with a glow of this colour below.
    Glossy(Color),
    /// A white with an iris of this colour.
    White(Color),
    /// Light of this colour on a screen.
    Screen(Color),
}

/// Where a face is and what it is drawn with; lengths in units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    /// Distance of each eye from the middle.
    pub(super) eye_x: f32,
    /// Height of the eyes.
    pub(super) eye_y: f32,
    /// Half the width of an eye.
    pub(super) eye_r: f32,
    /// Height of an eye over its width.
    pub(super) eye_tall: f32,
    /// What they are made of.
    pub(super) eyes: Eyes,
    /// The colour of the lids: what surrounds the eyes.
    pub(super) lid: Color,
    /// Height of the brows.
    pub(super) brow_y: f32,
    /// Thickness of the brows.
    pub(super) brow_w: f32,
    /// Half the length of a brow.
    pub(super) brow_r: f32,
    /// Their colour.
    pub(super) brow: Color,
    /// Height of the mouth.
    pub(super) mouth_y: f32,
    /// Half the width of the mouth; 0 where the body draws its own.
    pub(super) mouth_r: f32,
    /// Where the cheeks are, from the middle and from the top.
    pub(super) cheek: (f32, f32),
}

impl Face {
    /// Draws the face with a pose's expression.
    pub(super) fn draw(&self, c: &mut Canvas, pose: &Pose) {
        let s = &pose.stance;
        let cheek_r = self.eye_r.clamp(6.0, 11.0);
        for side in [-1.0, 1.0] {
            let x = 100.0 + side * self.cheek.0;
            let color = if matches!(self.eyes, Eyes::Screen(_)) { ROSE } else { lit(ROSE, 0.12) };
            let ink = spot(color, (0.42 + 0.58 * s.blush).min(1.0), x, self.cheek.1, cheek_r * 1.15);
            c.fill(Outline::ellipse(x, self.cheek.1, cheek_r * 1.15, cheek_r * 0.8), ink);
        }
        for side in [-1.0, 1.0] {
            self.eye(c, pose, side);
        }
        for (side, raise) in [(-1.0, s.brow_l), (1.0, s.brow_r)] {
            self.brow(c, pose, side, raise);
        }
        if self.mouth_r > 0.0 {
            self.mouth(c, pose);
        }
    }

    fn brow(&self, c: &mut Canvas, pose: &Pose, side: f32, raise: f32) {
        let (x, r) = (100.0 + side * (self.eye_x + 0.5), self.brow_r);
        let y = self.brow_y - raise * 5.5;
        let slant = pose.stance.brow_slant * 5.0;
        // The inner end is the one towards the middle.
        let outline =
            Outline::at(x + side * r, y + slant).bend(x, y - (r * 0.55).max(4.2), x - side * r, y - slant);
        if let Eyes::Screen(glow) = self.eyes {
            c.line(outline, self.brow_w, glow);
        } else {
            c.line(outline, self.brow_w, self.brow);
        }
    }

    fn eye(&self, c: &mut Canvas, pose: &Pose, side: f32) {
        let s = &pose.stance;
        let (x, y, r) = (100.0 + side * self.eye_x, self.eye_y, self.eye_r);
        let open = s.eye_open * (1.0 - pose.blink * (1.0 - s.eye_smile.clamp(0.0, 1.0)));
        let line = (r * 0.34).clamp(2.4, 4.2);
        let lash = match self.eyes {
            Eyes::Screen(glow) => glow,
            _ => INK,
        };
        if s.eye_smile > 0.62 {
            let arc =
                Outline::at(x - r * 1.02, y + r * 0.35).bend(x, y - r * 1.35, x + r * 1.02, y + r * 0.35);
            self.glow(c, x, y, r);
            c.line(arc, line * 1.15, lash);
            return;
        }
        if open < 0.14 {
            let arc = Outline::at(x - r, y + r * 0.1).bend(x, y + r * 0.95, x + r, y + r * 0.1);
            c.line(arc, line, lash);
            return;
        }
        // Wide eyes grow; narrowed ones are covered by lids.
        let wide = open.max(1.0);
        let (rx, ry) = (r * (1.0 + (wide - 1.0) * 0.35), r * self.eye_tall * (1.0 + (wide - 1.0) * 0.75));
        let lower = ry * 1.7 * s.eye_smile.max(0.0) * 0.55;
        let top = y - ry + 2.0 * ry * (1.0 - open.min(1.0)) * 0.92;
        let tip = side * s.brow_slant * r * 0.5 * (1.0 - open.min(1.0) + 0.12);
        let cut = open < 0.985 || lower > 0.4;
        if !cut {
            self.ball(c, pose, x, y, rx, ry);
            return;
        }
        let bottom = y + ry - lower;
        let aperture = Outline::at(x - rx * 1.3, top - tip)
            .bend(x, top - ry * 0.22, x + rx * 1.3, top + tip)
            .to(x + rx * 1.3, bottom + ry * 0.15)
            .bend(x, bottom - lower * 0.4, x - rx * 1.3, bottom + ry * 0.15)
            .closed();
        c.inside(aperture, |c| self.ball(c, pose, x, y, rx, ry));
        if !matches!(self.eyes, Eyes::Screen(_)) && open < 0.96 {
            // The edge of the upper lid, where it crosses the eye.
            let half = rx * (1.0 - ((top - y) / ry).clamp(-1.0, 1.0).powi(2)).sqrt().max(0.3) * 1.08;
            let lid = Outline::at(x - half, top - tip * 0.8 + 0.8).bend(
                x,
                top - ry * 0.2,
                x + half,
                top + tip * 0.8 + 0.8,
            );
            c.line(lid, line * 0.8, mix(INK, self.lid, 0.12));
        }
    }

    fn glow(&self, c: &mut Canvas, x: f32, y: f32, r: f32) {
        if let Eyes::Screen(glow) = self.eyes {
            c.fill(Outline::ellipse(x, y, r * 2.0, r * 2.0), spot(glow, 0.38, x, y, r * 2.0));
        }
    }

    fn ball(&self, c: &mut Canvas, pose: &Pose, x: f32, y: f32, rx: f32, ry: f32) {
        let (gx, gy) = pose.stance.gaze;
        let gaze = |reach: f32| (x + gx * rx * reach, y + gy * ry * reach);
        let shine = |c: &mut Canvas, px: f32, py: f32, r: f32| {
            c.fill(Outline::ellipse(px - r * 0.34, py - r * 0.42, r * 0.34, r * 0.36), WHITE);
            c.fill(Outline::ellipse(px + r * 0.36, py + r * 0.4, r * 0.16, r * 0.17), Tint(WHITE, 0.85));
            if pose.shine > 0.05 {
                c.fill(Outline::sparkle(px - r * 0.2, py - r * 0.28, r * 0.78 * pose.shine), WHITE);
                c.fill(Outline::sparkle(px + r * 0.4, py + r * 0.42, r * 0.4 * pose.shine), WHITE);
            }
        };
        match self.eyes {
            Eyes::Glossy(glow) => {
                let (px, py) = gaze(0.3);
                let ink = Ink::Line(
                    (px, py - ry),
                    (px, py + ry),
                    vec![(0.0, INK.into()), (0.45, INK.into()), (1.0, mix(INK, glow, 0.62).into())],
                );
                c.fill(Outline::ellipse(px, py, rx, ry), ink);
                shine(c, px + gx * rx * 0.12, py + gy * ry * 0.12, rx);
            }
            Eyes::White(iris) => {
                let white = Ink::Line(
                    (x, y - ry),
                    (x, y + ry),
                    vec![(0.0, shade(WHITE, 0.17).into()), (0.4, WHITE.into()), (1.0, WHITE.into())],
                );
                c.fill(Outline::ellipse(x, y, rx, ry), white);
                let startled = 1.0 - (pose.stance.eye_open - 1.0).clamp(0.0, 0.4) * 0.6;
                let (px, py) = gaze(0.36);
                let r = rx * 0.76 * startled;
                let ring = Ink::Line(
                    (px, py - r),
                    (px, py + r),
                    vec![(0.0, shade(iris, 0.55).into()), (0.5, iris.into()), (1.0, lit(iris, 0.35).into())],
                );
                c.inside(Outline::ellipse(x, y, rx, ry), |c| {
                    c.fill(Outline::ellipse(px, py, r, r * 1.06), ring);
                    c.fill(Outline::ellipse(px, py, r * 0.6, r * 0.64), INK);
                    shine(c, px, py, r * 0.86);
                });
            }
            Eyes::Screen(glow) => {
                let (px, py) = gaze(0.5);
                c.fill(Outline::ellipse(px, py, rx * 2.1, rx * 2.1), spot(glow, 0.4, px, py, rx * 2.1));
                let ink = Ink::Line(
                    (px, py - ry),
                    (px, py + ry),
                    vec![(0.0, lit(glow, 0.7).into()), (1.0, glow.into())],
                );
                let corner = rx.min(ry) * 0.96;
                c.fill(Outline::rounded(px - rx, py - ry, rx * 2.0, ry * 2.0, corner), ink);
                if pose.shine > 0.05 {
                    c.fill(Outline::sparkle(px, py, rx * 0.9 * pose.shine), shade(glow, 0.75));
                }
            }
        }
    }

    fn mouth(&self, c: &mut Canvas, pose: &Pose) {
        let s = &pose.stance;
        let (r, curve) = (self.mouth_r * s.mouth_wide, s.mouth_curve * 9.5);
        let scale = self.mouth_r / 9.0;
        let (x0, x1) = (100.0 - r, 100.0 + r);
        let y = self.mouth_y - curve * 0.3 * scale;
        let line = match self.eyes {
            Eyes::Screen(glow) => glow,
            _ => INK,
        };
        if s.mouth_open < 0.05 {
            c.line(Outline::at(x0, y).bend(100.0, y + curve * scale, x1, y), 2.9 * scale.max(0.8), line);
            if s.mouth_curve > 0.3 && !matches!(self.eyes, Eyes::Screen(_)) {
                for (x, side) in [(x0, -1.0), (x1, 1.0)] {
                    let dimple = Outline::at(x - side * 0.3, y - 1.6).bend(
                        x + side * 1.6,
                        y - 0.4,
                        x + side * 0.6,
                        y + 1.6,
                    );
                    c.line(dimple, 1.7 * scale.max(0.8), line);
                }
            }
            return;
        }
        let (drop, lift) = (
            (curve * 0.55 + s.mouth_open * 15.0) * scale,
            (curve * 0.3 - s.mouth_open * (5.0 - curve * 0.42)) * scale,
        );
        let lips = || {
            Outline::at(x0, y)
                .curve(x0 + r * 0.12, y + drop * 1.25, x1 - r * 0.12, y + drop * 1.25, x1, y)
                .bend(100.0, y + lift * 1.4, x0, y)
                .closed()
        };
        if let Eyes::Screen(glow) = self.eyes {
            let depth = mix(glow, self.lid, 0.62);
            c.fill(lips(), depth);
            c.line(lips(), 2.6, glow);
            return;
        }
        let inside = Color { r: 0x7c, g: 0x22, b: 0x36 };
        c.line(lips(), 2.2, INK);
        c.inside(lips(), |c| {
            c.fill(
                lips(),
                Ink::Line(
                    (100.0, y + lift),
                    (100.0, y + drop),
                    vec![(0.0, shade(inside, 0.5).into()), (1.0, inside.into())],
                ),
            );
            c.fill(Outline::ellipse(100.0, y + drop * 1.02, r * 0.62, drop * 0.42), mix(ROSE, inside, 0.12));
            if s.mouth_curve > 0.35 && s.mouth_open > 0.22 {
                let teeth = Outline::at(x0, y - 4.0)
                    .to(x1, y - 4.0)
                    .to(x1, y + lift * 0.7)
                    .bend(100.0, y + lift * 0.7 + 5.5 * scale, x0, y + lift * 0.7)
                    .closed();
                c.fill(teeth, WHITE);
            }
        });
    }
}
