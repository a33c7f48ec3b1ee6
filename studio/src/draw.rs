//! Draws a pose: one frame of a character on its flat backdrop. Deterministic: the same look,
//! seed, pose and size give the same pixels. Knows no time, no states, no files.

use cuelight_core::character::{Body, Look};
use cuelight_core::placeholder::stance;
use tiny_skia::{Pixmap, Transform};

use self::canvas::{Canvas, Ink, Outline, Tint};
use self::palette::{Palette, shade};
use crate::pose::Pose;

mod athlete;
mod blob;
mod canvas;
mod cat;
mod face;
mod limb;
mod owl;
mod palette;
mod prop;
mod robot;
mod sage;

/// Where the feet stand, in units of a frame of 200.
const GROUND: f32 = 182.0;

/// Draws one frame. `None` for a size that cannot be allocated.
#[must_use]
pub fn frame(look: &Look, seed: u32, pose: &Pose, width: u32, height: u32) -> Option<Pixmap> {
    let mut canvas = Canvas::new(width, height, look.backdrop)?;
    let palette = Palette::from(look);
    contact_shadow(&mut canvas, look, pose);
    let wide = (2.0 - pose.squash).clamp(0.7, 1.3) * facing(pose.turn);
    let scale = stance::scale(look.body);
    let stand = Transform::from_translate(100.0 + pose.sway, GROUND - pose.hop)
        .pre_concat(Transform::from_rotate(pose.stance.lean))
        .pre_scale(wide * scale, pose.squash * scale)
        .pre_translate(-100.0, -GROUND);
    canvas.within(stand, |c| match look.body {
        Body::Robot => robot::draw(c, palette, pose),
        Body::Blob => blob::draw(c, palette, pose, seed),
        Body::Sage => sage::draw(c, palette, pose),
        Body::Athlete => athlete::draw(c, palette, pose, seed),
        Body::Cat => cat::draw(c, palette, pose, seed),
        Body::Owl => owl::draw(c, palette, pose, seed),
    });
    let crown = match look.body {
        Body::Sage => 30.0,
        Body::Blob => 44.0,
        _ => 36.0,
    };
    prop::draw(&mut canvas, palette, pose, crown);
    Some(canvas.into_pixmap())
}

/// A character seen edge on would vanish; it keeps a sliver of its width, on either side.
fn facing(turn: f32) -> f32 {
    if turn < 0.0 { turn.min(-0.08) } else { turn.max(0.08) }
}

/// Darkens the backdrop under the feet, less the higher the hop. It is a shade of the backdrop, so
/// that it can be keyed out with it.
fn contact_shadow(c: &mut Canvas, look: &Look, pose: &Pose) {
    let near = (1.0 - pose.hop / 40.0).clamp(0.35, 1.0);
    let (x, rx, ry) = (100.0 + pose.sway, 48.0 * near * facing(pose.turn).abs().max(0.5), 6.5 * near);
    let dark = shade(look.backdrop, 0.62);
    let flat =
        Transform::from_translate(x, GROUND + 1.0).pre_scale(1.0, ry / rx).pre_translate(-x, -GROUND - 1.0);
    c.within(flat, |c| {
        let fade =
            vec![(0.0, Tint(dark, 0.42 * near)), (0.55, Tint(dark, 0.2 * near)), (1.0, Tint(dark, 0.0))];
        c.fill(Outline::ellipse(x, GROUND + 1.0, rx, rx), Ink::Round((x, GROUND + 1.0), rx, fade));
    });
}

/// Draws what belongs to the head: lowered and tilted about the neck.
fn with_head(c: &mut Canvas, pose: &Pose, neck: f32, draw: impl FnOnce(&mut Canvas)) {
    let head = Transform::from_translate(0.0, pose.stance.head_dy).pre_concat(Transform::from_rotate_at(
        pose.stance.tilt,
        100.0,
        neck,
    ));
    c.within(head, draw);
}

#[cfg(test)]
mod tests;
