//! Eyes, brows, mouth and the sign beside the head, for any body. Only the expression is here;
//! where a face sits is the body's affair.

use super::decimal::{hundredths, tenths};
use super::stance::{Prop, Stance};
use crate::character::Look;

/// Where a body's face is and what it is drawn with. Lengths in units of a frame of 200.
pub(super) struct Face {
    /// Distance of each eye from the middle.
    pub(super) eye_x: f32,
    /// Height of the eyes.
    pub(super) eye_y: f32,
    /// Half the width of an eye.
    pub(super) eye_r: f32,
    /// The white of the eye, if it has one.
    pub(super) white: Option<String>,
    /// The eye, the mouth and the brows.
    pub(super) ink: String,
    /// Height of the brows.
    pub(super) brow_y: f32,
    /// The brows, where they differ from the ink.
    pub(super) brow: String,
    /// Height of the mouth.
    pub(super) mouth_y: f32,
    /// Half the width of the mouth; 0 where the body draws its own.
    pub(super) mouth_r: f32,
}

impl Face {
    /// The face with a stance's expression.
    pub(super) fn draw(&self, pose: &Stance) -> String {
        let mut out = String::new();
        let (left, right) = (100.0 - self.eye_x, 100.0 + self.eye_x);
        for x in [left, right] {
            out.push_str(&format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"#ff8d98\" opacity=\"{}\"/>",
                tenths(100.0 + (x - 100.0) * 1.45),
                tenths(self.eye_y + self.eye_r * 1.7),
                tenths(self.eye_r * 0.8),
                hundredths(0.15 + 0.5 * pose.blush)
            ));
        }
        out.push_str("<g class=\"E\">");
        for x in [left, right] {
            self.eye(&mut out, x, pose);
        }
        out.push_str("</g>");
        out.push_str(&format!(
            "<g fill=\"none\" stroke=\"{}\" stroke-width=\"3.4\" stroke-linecap=\"round\">",
            self.brow
        ));
        for (x, raise, inner) in [(left, pose.brow_l, 1.0), (right, pose.brow_r, -1.0)] {
            let (r, y) = (self.eye_r * 0.95, self.brow_y - raise * 5.0);
            let slant = pose.brow_slant * 4.5 * inner;
            out.push_str(&format!(
                "<path d=\"M{} {}Q{} {} {} {}\"/>",
                tenths(x - r),
                tenths(y + slant),
                tenths(x),
                tenths(y - 3.5),
                tenths(x + r),
                tenths(y - slant)
            ));
        }
        out.push_str("</g>");
        if self.mouth_r > 0.0 {
            self.mouth(&mut out, pose);
        }
        out
    }

    fn eye(&self, out: &mut String, x: f32, pose: &Stance) {
        let (y, r, ink) = (self.eye_y, self.eye_r, &self.ink);
        let closed = pose.eye_smile > 0.5 || pose.eye_open < 0.1;
        if closed {
            let bend = if pose.eye_smile > 0.5 { -r * 1.1 } else { r * 0.9 };
            out.push_str(&format!(
                "<path d=\"M{} {}q{} {} {} 0\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"4\" stroke-linecap=\"round\"/>",
                tenths(x - r),
                tenths(y),
                tenths(r),
                tenths(bend),
                tenths(r * 2.0)
            ));
            return;
        }
        let tall = r * 1.15 * pose.eye_open;
        let (gx, gy) = (pose.gaze.0 * r * 0.38, pose.gaze.1 * r * 0.38);
        let inner = if let Some(white) = &self.white {
            out.push_str(&format!(
                "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\" fill=\"{white}\"/>",
                tenths(x),
                tenths(y),
                tenths(r),
                tenths(tall)
            ));
            r * 0.62
        } else {
            r * 0.85
        };
        out.push_str(&format!(
            "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\" fill=\"{ink}\"/>\
             <circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"#fff\"/>",
            tenths(x + gx),
            tenths(y + gy),
            tenths(inner),
            tenths((tall * inner / r).min(inner * 1.4)),
            tenths(x + gx + inner * 0.3),
            tenths(y + gy - inner * 0.4),
            tenths(inner * 0.3)
        ));
    }

    fn mouth(&self, out: &mut String, pose: &Stance) {
        let (r, y, ink) = (self.mouth_r * pose.mouth_wide, self.mouth_y, &self.ink);
        let (left, bend) = (100.0 - r, pose.mouth_curve * 9.0);
        let y = y - bend * 0.3;
        let shape = if pose.mouth_open < 0.1 {
            let [left, y, r, bend, wide] = [left, y, r, bend, r * 2.0].map(tenths);
            format!("d=\"M{left} {y}q{r} {bend} {wide} 0\" fill=\"none\"")
        } else {
            let (drop, lift) =
                (bend + pose.mouth_open * 22.0, bend * 0.35 - pose.mouth_open * (8.0 - bend * 0.9));
            let [left, y, drop, lift] = [left, y, drop, lift].map(tenths);
            let [r, wide, back, far] = [r, r * 2.0, -r, -r * 2.0].map(tenths);
            format!(
                "d=\"M{left} {y}q{r} {drop} {wide} 0q{back} {lift} {far} 0z\" fill=\"{ink}\" stroke-linejoin=\"round\""
            )
        };
        out.push_str(&format!(
            "<path class=\"M\" {shape} stroke=\"{ink}\" stroke-width=\"3\" stroke-linecap=\"round\"/>"
        ));
    }
}

/// The sign beside the head.
pub(super) fn prop(look: &Look, prop: Prop) -> String {
    let (dark, bright) = (look.secondary, look.accent);
    let text = |x: u8, y: u8, sign: char| {
        format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"34\" font-family=\"sans-serif\" font-weight=\"800\" fill=\"{dark}\">{sign}</text>"
        )
    };
    match prop {
        Prop::Dots => format!(
            "<g fill=\"{dark}\"><circle cx=\"30\" cy=\"26\" r=\"7\"/><circle cx=\"45\" cy=\"42\" r=\"4.6\"/><circle cx=\"54\" cy=\"54\" r=\"3\"/></g>"
        ),
        Prop::Question => text(22, 52, '?'),
        Prop::Exclaim => text(158, 52, '!'),
        Prop::Sparkles | Prop::Glint => {
            let spots: &[(u8, u8)] = if prop == Prop::Glint {
                &[(160, 46)]
            } else {
                &[(26, 30), (172, 26), (182, 104), (16, 108)]
            };
            let stars: String = spots
                .iter()
                .map(|(x, y)| format!("M{x} {y}m0-11q2 9 10 11q-8 2-10 11q-2-9-10-11q8-2 10-11"))
                .collect();
            format!("<path d=\"{stars}\" fill=\"{bright}\"/>")
        }
        Prop::Waves => format!(
            "<path d=\"M166 64q7 12 0 24M176 56q12 20 0 40\" fill=\"none\" stroke=\"{dark}\" stroke-width=\"4\" stroke-linecap=\"round\"/>"
        ),
        Prop::Tear => "<path d=\"M75 102q-8 12 0 14q8-2 0-14\" fill=\"#6cc4f5\"/>".into(),
        Prop::Hearts => format!(
            "<path d=\"M30 50c-14-12-2-22 0-12c2-10 14 0 0 12M170 40c-14-12-2-22 0-12c2-10 14 0 0 12\" fill=\"{bright}\"/>"
        ),
        _ => String::new(),
    }
}
