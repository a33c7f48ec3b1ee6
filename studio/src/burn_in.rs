//! A code burnt into every frame, as a broadcaster burns a timecode in: which state the clip
//! shows and which frame this is. Off unless asked for; it lets a test read from a screen which
//! clip is playing.
//!
//! Twelve cells along the top edge, each a 24th of the width: white, black, the state's number in
//! four bits (its place in the catalogue, from 1; 15 for a reaction), the frame's number modulo 16
//! in four bits, the parity of those eight, white.

use cuelight_core::catalog;
use cuelight_core::cue::Cue;
use tiny_skia::{Color, Paint, Pixmap, Rect, Transform};

/// Cells across the whole width; the code takes half of them.
const CELLS_PER_WIDTH: f32 = 24.0;

/// Burns the code for `cue` and frame number `frame` into `picture`.
pub fn stamp(picture: &mut Pixmap, cue: &Cue, frame: u32) {
    #[allow(clippy::cast_precision_loss)] // At most 1024 px.
    let side = picture.width() as f32 / CELLS_PER_WIDTH;
    let mut left = 0.0;
    for light in code(state_number(cue), frame) {
        let mut paint = Paint { anti_alias: false, ..Paint::default() };
        paint.set_color(if light { Color::WHITE } else { Color::BLACK });
        if let Some(cell) = Rect::from_xywh(left, 0.0, side, side) {
            picture.fill_rect(cell, &paint, Transform::identity(), None);
        }
        left += side;
    }
}

/// The twelve cells, `true` for white.
fn code(state: u8, frame: u32) -> [bool; 12] {
    let state_bit = |n: u8| state >> n & 1 == 1;
    let frame_bit = |n: u32| frame >> n & 1 == 1;
    let bits = [
        state_bit(3),
        state_bit(2),
        state_bit(1),
        state_bit(0),
        frame_bit(3),
        frame_bit(2),
        frame_bit(1),
        frame_bit(0),
    ];
    let parity = bits.iter().fold(false, |sum, bit| sum ^ bit);
    let [a, b, c, d, e, f, g, h] = bits;
    [true, false, a, b, c, d, e, f, g, h, parity, true]
}

fn state_number(cue: &Cue) -> u8 {
    const REACTION: u8 = 15;
    let Cue::State { state } = cue else { return REACTION };
    let place = catalog::built_in().states.iter().position(|s| &s.id == state);
    place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_code_of_its_own_that_fits_four_bits() {
        let mut numbers: Vec<u8> =
            catalog::built_in().states.iter().map(|s| state_number(&Cue::state(&s.id))).collect();
        numbers.dedup();
        assert_eq!(numbers, (1..=12).collect::<Vec<u8>>());
    }

    #[test]
    fn the_parity_makes_a_misread_cell_visible() {
        for frame in 0..16 {
            let cells = code(9, frame);
            let data = cells[2..10].iter().filter(|c| **c).count();
            assert_eq!(data % 2 == 1, cells[10], "frame {frame}");
        }
    }
}
