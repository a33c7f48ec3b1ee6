//! A thin layer over tiny-skia: a frame of 200 by 200 units, outlines built point by point, inks
//! that are flat or graded. Knows no character.

use cuelight_core::character::Color;
use tiny_skia::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path, PathBuilder, Pixmap, Point,
    RadialGradient, Rect, Shader, SpreadMode, Stroke, Transform,
};

/// A colour with an opacity from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tint(pub(super) Color, pub(super) f32);

impl From<Color> for Tint {
    fn from(color: Color) -> Self {
        Self(color, 1.0)
    }
}

impl Tint {
    fn skia(self) -> tiny_skia::Color {
        let mut color = tiny_skia::Color::from_rgba8(self.0.r, self.0.g, self.0.b, 255);
        color.set_alpha(self.1.clamp(0.0, 1.0));
        color
    }
}

/// What an outline is filled with.
#[derive(Debug, Clone)]
pub(super) enum Ink {
    /// One colour.
    Flat(Tint),
    /// From one point to another, through colours at places from 0 to 1.
    Line((f32, f32), (f32, f32), Vec<(f32, Tint)>),
    /// From a centre outwards, to a radius.
    Round((f32, f32), f32, Vec<(f32, Tint)>),
}

impl<T: Into<Tint>> From<T> for Ink {
    fn from(tint: T) -> Self {
        Self::Flat(tint.into())
    }
}

impl Ink {
    fn shader(self) -> Shader<'static> {
        let stops = |list: Vec<(f32, Tint)>| {
            list.into_iter().map(|(at, tint)| GradientStop::new(at, tint.skia())).collect()
        };
        let point = |(x, y): (f32, f32)| Point::from_xy(x, y);
        // A gradient without extent is none; its first colour would do, and transparent is never wrong.
        let nothing = Shader::SolidColor(tiny_skia::Color::TRANSPARENT);
        match self {
            Self::Flat(tint) => Shader::SolidColor(tint.skia()),
            Self::Line(from, to, list) => LinearGradient::new(
                point(from),
                point(to),
                stops(list),
                SpreadMode::Pad,
                Transform::identity(),
            )
            .unwrap_or(nothing),
            Self::Round(centre, radius, list) => RadialGradient::new(
                point(centre),
                0.0,
                point(centre),
                radius,
                stops(list),
                SpreadMode::Pad,
                Transform::identity(),
            )
            .unwrap_or(nothing),
        }
    }
}

/// An outline under construction, in units.
#[derive(Debug, Default)]
pub(super) struct Outline(PathBuilder);

impl Outline {
    /// Starts at a point.
    pub(super) fn at(x: f32, y: f32) -> Self {
        let mut path = PathBuilder::new();
        path.move_to(x, y);
        Self(path)
    }

    /// A straight line.
    pub(super) fn to(mut self, x: f32, y: f32) -> Self {
        self.0.line_to(x, y);
        self
    }

    /// A curve with one control point.
    pub(super) fn bend(mut self, cx: f32, cy: f32, x: f32, y: f32) -> Self {
        self.0.quad_to(cx, cy, x, y);
        self
    }

    /// A curve with two control points.
    pub(super) fn curve(mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) -> Self {
        self.0.cubic_to(ax, ay, bx, by, x, y);
        self
    }

    /// Back to where it started.
    pub(super) fn closed(mut self) -> Self {
        self.0.close();
        self
    }

    /// An ellipse.
    pub(super) fn ellipse(cx: f32, cy: f32, rx: f32, ry: f32) -> Self {
        let mut path = PathBuilder::new();
        if let Some(bounds) = Rect::from_xywh(cx - rx, cy - ry, (rx * 2.0).max(0.01), (ry * 2.0).max(0.01)) {
            path.push_oval(bounds);
        }
        Self(path)
    }

    /// A rectangle with round corners, from its left top corner.
    pub(super) fn rounded(x: f32, y: f32, w: f32, h: f32, r: f32) -> Self {
        let k = r * 0.45;
        Self::at(x + r, y)
            .to(x + w - r, y)
            .curve(x + w - k, y, x + w, y + k, x + w, y + r)
            .to(x + w, y + h - r)
            .curve(x + w, y + h - k, x + w - k, y + h, x + w - r, y + h)
            .to(x + r, y + h)
            .curve(x + k, y + h, x, y + h - k, x, y + h - r)
            .to(x, y + r)
            .curve(x, y + k, x + k, y, x + r, y)
            .closed()
    }

    /// A four-pointed star.
    pub(super) fn sparkle(x: f32, y: f32, r: f32) -> Self {
        let k = r * 0.16;
        Self::at(x, y - r)
            .bend(x + k, y - k, x + r * 0.8, y)
            .bend(x + k, y + k, x, y + r)
            .bend(x - k, y + k, x - r * 0.8, y)
            .bend(x - k, y - k, x, y - r)
            .closed()
    }

    /// A heart whose point is at the bottom.
    pub(super) fn heart(x: f32, y: f32, r: f32) -> Self {
        Self::at(x, y + r)
            .curve(x - r * 1.7, y - r * 0.2, x - r * 0.8, y - r * 1.4, x, y - r * 0.45)
            .curve(x + r * 0.8, y - r * 1.4, x + r * 1.7, y - r * 0.2, x, y + r)
            .closed()
    }

    fn finish(self) -> Option<Path> {
        self.0.finish()
    }
}

/// The picture being drawn.
#[derive(Debug)]
pub(super) struct Canvas {
    pixmap: Pixmap,
    at: Transform,
    clip: Option<Mask>,
}

impl Canvas {
    /// A picture of one flat colour; `None` for an impossible size. The frame of 200 units is as
    /// large as fits, in the middle.
    pub(super) fn new(width: u32, height: u32, backdrop: Color) -> Option<Self> {
        let mut pixmap = Pixmap::new(width, height)?;
        pixmap.fill(Tint::from(backdrop).skia());
        #[allow(clippy::cast_precision_loss)]
        let (w, h) = (width as f32, height as f32);
        let scale = w.min(h) / 200.0;
        let at =
            Transform::from_row(scale, 0.0, 0.0, scale, (w - 200.0 * scale) / 2.0, (h - 200.0 * scale) / 2.0);
        Some(Self { pixmap, at, clip: None })
    }

    /// The finished picture.
    pub(super) fn into_pixmap(self) -> Pixmap {
        self.pixmap
    }

    /// Draws with everything moved by `change`.
    pub(super) fn within(&mut self, change: Transform, draw: impl FnOnce(&mut Self)) {
        let outer = self.at;
        self.at = outer.pre_concat(change);
        draw(self);
        self.at = outer;
    }

    /// Draws turned by `degrees` about a point.
    pub(super) fn turned(&mut self, degrees: f32, x: f32, y: f32, draw: impl FnOnce(&mut Self)) {
        self.within(Transform::from_rotate_at(degrees, x, y), draw);
    }

    /// Draws inside an outline only.
    pub(super) fn inside(&mut self, outline: Outline, draw: impl FnOnce(&mut Self)) {
        let Some(path) = outline.finish() else { return };
        let outer = self.clip.clone();
        let mut mask = match &outer {
            Some(mask) => mask.clone(),
            None => match Mask::new(self.pixmap.width(), self.pixmap.height()) {
                Some(mask) => mask,
                None => return,
            },
        };
        if outer.is_some() {
            mask.intersect_path(&path, FillRule::Winding, true, self.at);
        } else {
            mask.fill_path(&path, FillRule::Winding, true, self.at);
        }
        self.clip = Some(mask);
        draw(self);
        self.clip = outer;
    }

    /// Fills an outline.
    pub(super) fn fill(&mut self, outline: Outline, ink: impl Into<Ink>) {
        if let Some(path) = outline.finish() {
            let paint = paint(ink.into());
            self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.at, self.clip.as_ref());
        }
    }

    /// Draws along an outline, with round ends.
    pub(super) fn line(&mut self, outline: Outline, width: f32, ink: impl Into<Ink>) {
        if let Some(path) = outline.finish() {
            let paint = paint(ink.into());
            let stroke =
                Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint, &stroke, self.at, self.clip.as_ref());
        }
    }
}

fn paint(ink: Ink) -> Paint<'static> {
    Paint { shader: ink.shader(), anti_alias: true, ..Paint::default() }
}
