//! The test card: how a clip of the bench looks, and how it is told from what is on screen. A card says
//! twice which clip it is, by its colour and by cells of black and white, and says which frame it is; so
//! a picture that is half of one clip and half of another is no card.

use super::png::Picture;

/// How many clips there are: one for each state of the largest tier.
pub(super) const CLIPS: usize = 12;
/// Width and height of a clip, in px: those of the preset `fast`.
pub(super) const SIZE: usize = 512;
/// Frames a second of every clip.
pub(super) const FPS: u32 = 24;

/// A card is eight cells wide and high.
const CELLS: usize = 8;
/// What the cells of the first row hold before the clip's number.
const OPENING: [bool; 2] = [true, false];
/// Red, green and blue of each clip. Far from each other, from black, and from the page's own colour.
const COLOURS: [[u8; 3]; CLIPS] = [
    [200, 40, 40],
    [40, 200, 40],
    [40, 40, 200],
    [200, 200, 40],
    [40, 200, 200],
    [120, 120, 120],
    [220, 130, 50],
    [110, 60, 20],
    [20, 100, 70],
    [150, 200, 130],
    [140, 160, 230],
    [230, 180, 180],
];
/// The page behind everything: what shows where nothing does.
const PAGE: [u8; 3] = [255, 0, 255];
/// How far a colour may be from its own, each channel: encoding, scaling, colour ranges.
const NEAR: i32 = 26;

/// What a person sees in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// This frame of this clip.
    Clip {
        /// Which clip, from 0.
        clip: usize,
        /// Which of its frames, from 0, modulo 64.
        frame: u32,
    },
    /// The page behind.
    Blank,
    /// Nothing but black.
    Black,
    /// Anything else: a placeholder, two clips at once, half a picture.
    Unclear,
}

/// A square of a picture, in px.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Square {
    /// From the left.
    pub(super) x: usize,
    /// From the top.
    pub(super) y: usize,
    /// How wide and high.
    pub(super) side: usize,
}

/// One frame of a clip, as rows of red, green and blue bytes.
pub(super) fn draw(clip: usize, frame: u32) -> Vec<u8> {
    let cell = SIZE / CELLS;
    let [red, green, blue] = COLOURS.get(clip).copied().unwrap_or_default();
    let flat = [red, green, blue].repeat(SIZE);
    let row_of = |bits: [bool; CELLS]| -> Vec<u8> {
        bits.iter().flat_map(|bit| [if *bit { 255 } else { 0 }; 3].repeat(cell)).collect()
    };
    // Something has to move, or a decoder has nothing to do.
    let mut moving = flat.clone();
    let from = (frame as usize * 11 % (SIZE - cell)) * 3;
    for (at, byte) in moving.iter_mut().skip(from).take(cell * 3).enumerate() {
        *byte = byte.wrapping_add((at % 96) as u8);
    }
    let (first, second) = (row_of(first_row(clip)), row_of(second_row(frame)));
    let mut pixels = Vec::with_capacity(SIZE * SIZE * 3);
    for y in 0..SIZE {
        pixels.extend_from_slice(match y / cell {
            0 => &first,
            1 => &second,
            7 => &moving,
            _ => &flat,
        });
    }
    pixels
}

fn bit(number: u32, place: usize) -> bool {
    number >> place & 1 == 1
}

fn odd(bits: impl IntoIterator<Item = bool>) -> bool {
    bits.into_iter().fold(false, |odd, bit| odd ^ bit)
}

fn first_row(clip: usize) -> [bool; CELLS] {
    let number = [3, 2, 1, 0].map(|place| bit(clip as u32, place));
    let [a, b, c, d] = number;
    [OPENING[0], OPENING[1], a, b, c, d, odd(number), true]
}

fn second_row(frame: u32) -> [bool; CELLS] {
    let number = [5, 4, 3, 2, 1, 0].map(|place| bit(frame, place));
    let [a, b, c, d, e, f] = number;
    [a, b, c, d, e, f, odd(number), false]
}

/// What stands in `place`.
pub(super) fn read(picture: &Picture, place: Square) -> View {
    let cell = place.side / CELLS;
    let colour = |column: usize, row: usize| {
        // The middle of a cell: its edges are blurred by scaling.
        let middle = cell / 4;
        let side = cell - 2 * middle;
        picture.mean(place.x + column * cell + middle, place.y + row * cell + middle, side)
    };
    let field: Vec<[u8; 3]> = [(0, 0), (7, 1), (1, 3), (6, 3), (1, 5), (6, 5), (0, 6), (7, 6)]
        .into_iter()
        .map(|(column, row)| colour(column, row))
        .collect();
    if field.iter().all(|seen| near(*seen, PAGE)) {
        return View::Blank;
    }
    if field.iter().all(|seen| near(*seen, [0; 3])) {
        return View::Black;
    }
    let row = |row| -> Option<[bool; CELLS]> {
        let mut bits = [false; CELLS];
        for (column, bit) in bits.iter_mut().enumerate() {
            *bit = light(colour(column, row))?;
        }
        Some(bits)
    };
    let (Some(first), Some(second)) = (row(0), row(1)) else { return View::Unclear };
    let number = |bits: &[bool]| bits.iter().fold(0, |number, bit| number * 2 + u32::from(*bit));
    let (clip, frame) = (number(&first[2..6]) as usize, number(&second[..6]));
    let whole = first == first_row(clip) && second == second_row(frame);
    let own = COLOURS.get(clip).is_some_and(|own| field.iter().skip(2).all(|seen| near(*seen, *own)));
    if whole && own { View::Clip { clip, frame } } else { View::Unclear }
}

/// Whether a cell is white or black; none for anything between.
pub(super) fn light([red, green, blue]: [u8; 3]) -> Option<bool> {
    let sum = u32::from(red) + u32::from(green) + u32::from(blue);
    let even = red.abs_diff(green).max(green.abs_diff(blue)) < 40;
    match sum / 3 {
        light if light > 190 && even => Some(true),
        dark if dark < 65 && even => Some(false),
        _ => None,
    }
}

fn near(seen: [u8; 3], wanted: [u8; 3]) -> bool {
    seen.iter().zip(wanted).all(|(seen, wanted)| (i32::from(*seen) - i32::from(wanted)).abs() <= NEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Square = Square { x: 0, y: 0, side: SIZE };

    fn card(clip: usize, frame: u32) -> Picture {
        Picture::of_rgb(SIZE, SIZE, draw(clip, frame))
    }

    #[test]
    fn every_frame_of_every_clip_is_read_as_what_it_is() {
        for clip in 0..CLIPS {
            for frame in [0, 1, 23, 47, 63] {
                assert_eq!(read(&card(clip, frame), WHOLE), View::Clip { clip, frame });
            }
        }
    }

    #[test]
    fn the_page_is_blank_and_black_is_black() {
        let flat = |colour: [u8; 3]| Picture::of_rgb(SIZE, SIZE, colour.repeat(SIZE * SIZE));
        assert_eq!(read(&flat(PAGE), WHOLE), View::Blank);
        assert_eq!(read(&flat([3, 3, 3]), WHOLE), View::Black);
        assert_eq!(read(&flat(COLOURS[0]), WHOLE), View::Unclear);
    }

    #[test]
    fn half_of_one_clip_and_half_of_another_is_neither() {
        let mut pixels = draw(0, 5);
        let half = pixels.len() / 2;
        pixels.splice(half.., draw(1, 5).into_iter().skip(half));
        assert_eq!(read(&Picture::of_rgb(SIZE, SIZE, pixels), WHOLE), View::Unclear);
    }

    #[test]
    fn two_clips_at_once_are_neither() {
        let mix = draw(2, 5).iter().zip(draw(3, 5)).map(|(a, b)| a / 2 + b / 2).collect();
        assert_eq!(read(&Picture::of_rgb(SIZE, SIZE, mix), WHOLE), View::Unclear);
    }
}
