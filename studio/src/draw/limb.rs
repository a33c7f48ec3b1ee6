//! Arms: from a shoulder, round an elbow, to wherever the pose wants the hand. One reach for all
//! bodies, so that a gesture reads the same on each; what it looks like is the body's affair.

use cuelight_core::character::Color;

use super::canvas::{Canvas, Outline};
use super::palette::{lit, shade, volume};
use crate::pose::Pose;

/// The shoulders of a body: distance from the middle, and height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shoulders {
    /// Distance of each from the middle.
    pub(super) x: f32,
    /// Height.
    pub(super) y: f32,
}

/// One arm, resolved for a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arm {
    /// -1 at the viewer's left, 1 at the right.
    pub(super) side: f32,
    /// Where it starts.
    pub(super) shoulder: (f32, f32),
    /// What it bends towards.
    pub(super) elbow: (f32, f32),
    /// Where it ends.
    pub(super) hand: (f32, f32),
}

impl Shoulders {
    /// Both arms of a pose, left first. Targets near the middle stay there; those at the sides move
    /// out with the shoulder.
    pub(super) fn arms(self, pose: &Pose) -> [Arm; 2] {
        let s = &pose.stance;
        [(-1.0, s.hand_l, s.bend_l), (1.0, s.hand_r, s.bend_r)].map(|(side, (tx, ty), bend)| {
            let share = ((tx.abs() - 14.0) / 20.0).clamp(0.0, 1.0);
            let low = if self.y > 130.0 { 0.85 } else { 1.0 };
            let hand = (100.0 + tx + tx.signum() * (self.x - 34.0) * share, self.y + (ty - 122.0) * low);
            let shoulder = (100.0 + side * self.x, self.y);
            let elbow =
                ((shoulder.0 + hand.0) / 2.0 + side * bend, (shoulder.1 + hand.1) / 2.0 + bend.abs() * 0.5);
            Arm { side, shoulder, elbow, hand }
        })
    }
}

impl Arm {
    fn path(&self, dx: f32, dy: f32) -> Outline {
        Outline::at(self.shoulder.0 + dx, self.shoulder.1 + dy).bend(
            self.elbow.0 + dx,
            self.elbow.1 + dy,
            self.hand.0 + dx,
            self.hand.1 + dy,
        )
    }

    /// The direction from elbow to hand, as a unit vector.
    pub(super) fn direction(&self) -> (f32, f32) {
        let (dx, dy) = (self.hand.0 - self.elbow.0, self.hand.1 - self.elbow.1);
        let length = dx.hypot(dy).max(0.01);
        (dx / length, dy / length)
    }

    /// A round limb: an edge in shade, the colour, a streak of light.
    pub(super) fn tube(&self, c: &mut Canvas, width: f32, color: Color) {
        c.line(self.path(0.0, 0.0), width, shade(color, 0.36));
        c.line(self.path(-0.5, -0.5), width - 1.6, color);
        c.line(self.path(-width * 0.16, -width * 0.14), width * 0.3, lit(color, 0.26));
    }

    /// A mitten with a thumb.
    pub(super) fn mitten(&self, c: &mut Canvas, r: f32, color: Color) {
        let (x, y) = self.hand;
        let (dx, dy) = self.direction();
        let (x, y) = (x + dx * r * 0.3, y + dy * r * 0.3);
        // The thumb is on the inner side of the arm.
        let (tx, ty) =
            (x - self.side * dy.abs() * r * 0.85 - dx * r * 0.2, y - dy * r * 0.15 + dx.abs() * -r * 0.8);
        c.fill(Outline::ellipse(x, y, r + 0.6, r + 0.6), shade(color, 0.36));
        c.fill(Outline::ellipse(tx, ty, r * 0.46, r * 0.46), shade(color, 0.22));
        c.fill(Outline::ellipse(tx - 0.4, ty - 0.4, r * 0.38, r * 0.38), color);
        c.fill(Outline::ellipse(x - 0.3, y - 0.3, r, r), volume(color, x, y, r));
    }

    /// A round paw.
    pub(super) fn paw(&self, c: &mut Canvas, r: f32, color: Color) {
        let (x, y) = self.hand;
        c.fill(Outline::ellipse(x, y, r + 0.7, r + 0.7), shade(color, 0.36));
        c.fill(Outline::ellipse(x, y, r, r), volume(color, x, y, r));
    }
}
