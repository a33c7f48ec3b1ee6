//! The six bodies in a few flat shapes, with the proportions of the studio's clips.

use super::decimal::tenths;
use super::face::Face;
use super::stance::Stance;
use crate::character::{Body, Color, Look};

/// A drawing in the layers that move apart, and the points they turn about.
pub(super) struct Parts {
    /// What is behind the head: torso, tail, feet.
    pub(super) back: String,
    /// Head and face.
    pub(super) head: String,
    /// The arms, in front of everything.
    pub(super) arms: String,
    /// Height of the neck, which the head turns about.
    pub(super) neck: f32,
    /// Height of the eyes.
    pub(super) eyes_y: f32,
    /// Height of the mouth.
    pub(super) mouth_y: f32,
    /// Distance of each shoulder from the middle.
    pub(super) shoulder_x: f32,
    /// Height of the shoulders.
    pub(super) shoulder_y: f32,
}

/// Draws a character in a stance.
pub(super) fn draw(look: &Look, pose: &Stance) -> Parts {
    let (p, s, a) = (look.primary, look.secondary, look.accent);
    let skin = super::skin(look);
    let light = mix(p, 255, 55);
    let face = |eye_x, eye_y, eye_r, mouth_y, mouth_r| Face {
        eye_x,
        eye_y,
        eye_r,
        white: None,
        ink: "#2a2233".into(),
        brow_y: eye_y - eye_r * 1.15 - 6.0,
        brow: s.to_string(),
        mouth_y,
        mouth_r,
    };
    let (back, head, face, neck, shoulder, arm) = match look.body {
        Body::Robot => (
            format!(
                "<path d=\"M88 158v20M112 158v20\" stroke=\"{s}\" stroke-width=\"9\"/>\
                 <path d=\"M76 184v-4q0-7 12-7t11 7v4zm25 0v-4q0-7 12-7t11 7v4z\" fill=\"{p}\"/>\
                 <rect x=\"94\" y=\"104\" width=\"12\" height=\"14\" fill=\"{s}\"/>\
                 <rect x=\"70\" y=\"115\" width=\"60\" height=\"48\" rx=\"16\" fill=\"{p}\"/>\
                 <rect x=\"84\" y=\"127\" width=\"32\" height=\"22\" rx=\"8\" fill=\"{light}\"/><circle cx=\"100\" cy=\"138\" r=\"6\" fill=\"{a}\"/>"
            ),
            format!(
                "<path d=\"M100 44V26\" stroke=\"{s}\" stroke-width=\"4\"/><circle cx=\"100\" cy=\"22\" r=\"6.500\" fill=\"{a}\"/>\
                 <rect x=\"48\" y=\"64\" width=\"104\" height=\"26\" rx=\"7\" fill=\"{s}\"/><rect x=\"55\" y=\"41\" width=\"90\" height=\"70\" rx=\"25\" fill=\"{p}\"/>\
                 <rect x=\"64\" y=\"51\" width=\"72\" height=\"50\" rx=\"18\" fill=\"{}\"/>",
                mix(s, 0, 35)
            ),
            Face {
                ink: "#bff6ff".into(),
                brow: "#bff6ff".into(),
                brow_y: 60.0,
                ..face(17.0, 74.0, 7.5, 89.0, 9.0)
            },
            112.0,
            (32.0, 124.0),
            s,
        ),
        Body::Blob => (
            String::new(),
            format!(
                "<path d=\"M103 48v-14\" stroke=\"{s}\" stroke-width=\"3\"/><path d=\"M103 36Q106 22 123 26Q118 38 103 36Q88 38 83 26Q100 22 103 36\" fill=\"{a}\"/>\
                 <path d=\"M103 46C117 53 151 74 152 132C153 168 130 183 100 183C70 183 47 168 48 132C49 76 85 55 103 46\" fill=\"{p}\"/>\
                 <ellipse cx=\"72\" cy=\"100\" rx=\"7\" ry=\"13\" fill=\"#fff\" opacity=\".4\" transform=\"rotate(28 72 100)\"/>"
            ),
            face(20.0, 108.0, 9.0, 128.0, 10.0),
            176.0,
            (46.0, 138.0),
            mix(p, 0, 10),
        ),
        Body::Sage => (
            format!(
                "<path d=\"M76 112Q64 150 52 183H148Q136 150 124 112z\" fill=\"{p}\"/><path d=\"M54 176H146L148 183H52z\" fill=\"{a}\"/>"
            ),
            format!(
                "<circle cx=\"100\" cy=\"86\" r=\"31\" fill=\"{skin}\"/>\
                 <path d=\"M68 88C66 122 84 154 100 160C116 154 134 122 132 88Q122 102 100 98Q78 102 68 88\" fill=\"#f6f3ee\"/>\
                 <path d=\"M66 62Q84 22 116 14Q112 30 134 62z\" fill=\"{p}\"/><ellipse cx=\"100\" cy=\"63\" rx=\"45\" ry=\"9\" fill=\"{s}\"/>"
            ),
            Face { brow: "#f6f3ee".into(), brow_y: 73.0, ..face(12.5, 84.0, 5.5, 107.0, 7.0) },
            114.0,
            (27.0, 123.0),
            mix(p, 0, 12),
        ),
        Body::Athlete => (
            format!(
                "<path d=\"M90 150L86 178M110 150L114 178\" stroke=\"{skin}\" stroke-width=\"12\"/><path d=\"M74 184q0-10 12-10h8v10zm52 0q0-10-12-10h-8v10z\" fill=\"{a}\"/>\
                 <path d=\"M78 142H122L126 163H102L100 156L98 163H74z\" fill=\"{s}\"/><path d=\"M76 114Q100 106 124 114L121 146H79z\" fill=\"{p}\"/>"
            ),
            format!(
                "<ellipse cx=\"100\" cy=\"76\" rx=\"36\" ry=\"35\" fill=\"{skin}\"/>\
                 <path d=\"M63 68Q58 44 78 42Q86 26 102 34Q122 26 126 44Q142 48 137 68Q118 50 100 54Q80 50 63 68\" fill=\"{s}\"/>\
                 <path d=\"M64 62Q100 46 136 62V69Q100 54 64 69z\" fill=\"{a}\"/>"
            ),
            Face { brow_y: 71.0, white: Some("#fff".into()), ..face(14.0, 83.0, 7.0, 98.0, 8.0) },
            110.0,
            (25.0, 121.0),
            skin,
        ),
        Body::Cat => (
            format!(
                "<path d=\"M126 172Q160 172 156 144Q153 128 164 122\" fill=\"none\" stroke=\"{p}\" stroke-width=\"11\" stroke-linecap=\"round\"/>\
                 <path d=\"M100 108C128 108 138 150 134 172Q132 183 100 183Q68 183 66 172C62 150 72 108 100 108\" fill=\"{p}\"/>\
                 <ellipse cx=\"100\" cy=\"154\" rx=\"19\" ry=\"25\" fill=\"{light}\"/>"
            ),
            format!(
                "<path d=\"M58 74L58 30Q74 34 90 48H110Q126 34 142 30V74z\" fill=\"{p}\"/><path d=\"M64 58V41Q74 46 80 52zM136 58V41Q126 46 120 52z\" fill=\"{a}\"/>\
                 <ellipse cx=\"100\" cy=\"80\" rx=\"46\" ry=\"37\" fill=\"{p}\"/><ellipse cx=\"100\" cy=\"98\" rx=\"20\" ry=\"14\" fill=\"{light}\"/>\
                 <path d=\"M95 89h10l-5 6z\" fill=\"{s}\"/><path d=\"M58 92l-20-4M58 98l-19 4M142 92l20-4M142 98l19 4\" stroke=\"{s}\" stroke-width=\"1.600\"/>"
            ),
            face(20.0, 78.0, 8.5, 101.0, 8.0),
            114.0,
            (28.0, 126.0),
            mix(p, 0, 8),
        ),
        Body::Owl => (
            format!(
                "<ellipse cx=\"100\" cy=\"138\" rx=\"45\" ry=\"45\" fill=\"{p}\"/><ellipse cx=\"100\" cy=\"146\" rx=\"29\" ry=\"33\" fill=\"{light}\"/>\
                 <path d=\"M78 184q8-12 16 0zm28 0q8-12 16 0z\" fill=\"{a}\"/>"
            ),
            format!(
                "<path d=\"M54 76L50 32Q70 36 84 46H116Q130 36 150 32L146 76z\" fill=\"{p}\"/><ellipse cx=\"100\" cy=\"80\" rx=\"49\" ry=\"40\" fill=\"{p}\"/>\
                 <circle cx=\"79\" cy=\"82\" r=\"23\" fill=\"{light}\"/><circle cx=\"121\" cy=\"82\" r=\"23\" fill=\"{light}\"/>\
                 <path d=\"M93 92Q100 86 107 92L100 {}z\" fill=\"{a}\"/>",
                tenths(104.0 + pose.mouth_open * 8.0)
            ),
            Face { brow_y: 58.0, white: Some("#fff".into()), ..face(21.0, 82.0, 14.0, 100.0, 0.0) },
            116.0,
            (42.0, 120.0),
            mix(p, 0, 30),
        ),
    };
    let head = head + &face.draw(pose);
    let width = if look.body == Body::Owl { 17.0 } else { 11.0 };
    let rig = Rig { shoulder, width, color: arm, hand: if look.body == Body::Robot { p } else { arm } };
    let arms = rig.arm("L", -1.0, pose.hand_l, pose.bend_l) + &rig.arm("R", 1.0, pose.hand_r, pose.bend_r);
    Parts {
        back,
        head,
        arms,
        neck,
        eyes_y: face.eye_y,
        mouth_y: face.mouth_y,
        shoulder_x: shoulder.0,
        shoulder_y: shoulder.1,
    }
}

struct Rig {
    shoulder: (f32, f32),
    width: f32,
    color: Color,
    hand: Color,
}

impl Rig {
    fn arm(&self, class: &str, side: f32, target: (f32, f32), bend: f32) -> String {
        let (sx, sy) = (100.0 + side * self.shoulder.0, self.shoulder.1);
        let (hx, hy) = reach(target, self.shoulder);
        let (hx, ex) = (100.0 + hx, (sx + 100.0 + hx) / 2.0 + side * bend);
        let ey = (sy + hy) / 2.0 + bend.abs() * 0.5;
        let [sx, sy, ex, ey, hx, hy] = [sx, sy, ex, ey, hx, hy].map(tenths);
        let (width, hand) = (tenths(self.width), tenths(self.width * 0.68));
        format!(
            "<g class=\"{class}\"><path d=\"M{sx} {sy}Q{ex} {ey} {hx} {hy}\" fill=\"none\" stroke=\"{}\" \
             stroke-width=\"{width}\" stroke-linecap=\"round\"/><circle cx=\"{hx}\" cy=\"{hy}\" r=\"{hand}\" fill=\"{}\"/></g>",
            self.color, self.hand
        )
    }
}

/// Where a hand target of a stance lies for a body whose shoulders are at `(±shoulder.0, shoulder.1)`:
/// targets at the middle stay there, those at the sides move out with the shoulder.
#[must_use]
pub(super) fn reach(target: (f32, f32), shoulder: (f32, f32)) -> (f32, f32) {
    let side = ((target.0.abs() - 14.0) / 20.0).clamp(0.0, 1.0);
    let x = target.0 + target.0.signum() * (shoulder.0 - 34.0) * side;
    (x, shoulder.1 + (target.1 - 122.0) * if shoulder.1 > 130.0 { 0.85 } else { 1.0 })
}

/// `share` of 100 parts of the way to `towards` in every channel.
fn mix(color: Color, towards: u8, share: u8) -> Color {
    let (towards, share) = (u16::from(towards), u16::from(share));
    let channel = |c: u8| {
        let mixed = (u16::from(c) * (100 - share) + towards * share + 50) / 100;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    Color { r: channel(color.r), g: channel(color.g), b: channel(color.b) }
}
