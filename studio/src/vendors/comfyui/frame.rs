//! Batches of pictures, and what the core nodes do to their pixels.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tiny_skia::{Color, FilterQuality, IntRect, Pixmap, PixmapPaint, Transform};

use super::super::picture::Picture;
use super::super::scene::Film;

/// How many bytes of pixels one node may make.
const MOST_BYTES: u64 = 256 << 20;

/// One picture of a batch: pixels, or a moment of a film that is drawn when it is needed.
#[derive(Debug, Clone)]
pub(super) enum Frame {
    /// Opaque pixels.
    Drawn(Arc<Pixmap>),
    /// A film, its size, and the moment from 0 to 1.
    Filmed(Arc<Film>, (u32, u32), f64),
}

/// A batch that is too large, or pixels that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// As a graphics card would say it.
    #[error("Allocation on device: the batch takes more memory than there is")]
    Memory,
    /// A size that no picture has.
    #[error("the picture cannot be drawn")]
    Size,
}

type Result<T> = std::result::Result<T, FrameError>;

impl Frame {
    /// Width and height in px.
    pub(super) fn size(&self) -> (u32, u32) {
        match self {
            Self::Drawn(pixels) => (pixels.width(), pixels.height()),
            Self::Filmed(_, size, _) => *size,
        }
    }

    /// The pixels.
    pub(super) fn pixels(&self) -> Result<Arc<Pixmap>> {
        match self {
            Self::Drawn(pixels) => Ok(Arc::clone(pixels)),
            Self::Filmed(film, _, phase) => film.frame(*phase).map(Arc::new).ok_or(FrameError::Size),
        }
    }

    /// The picture as the drawing of a scene takes it in.
    pub(super) fn picture(&self) -> Result<Picture> {
        let bytes = self.pixels()?.encode_png().map_err(|_| FrameError::Size)?;
        Picture::decode(&bytes).map_err(|_| FrameError::Size)
    }
}

/// Whether that many pictures of this size can be held.
fn fits(count: usize, (width, height): (u32, u32)) -> Result<()> {
    let bytes = (count as u64).saturating_mul(u64::from(width) * u64::from(height) * 4);
    if bytes <= MOST_BYTES { Ok(()) } else { Err(FrameError::Memory) }
}

/// A batch of one colour, `0xRRGGBB`.
pub(super) fn plain(size: (u32, u32), count: usize, colour: u32) -> Result<Vec<Frame>> {
    fits(1, size)?;
    let mut pixels = Pixmap::new(size.0, size.1).ok_or(FrameError::Size)?;
    let [_, red, green, blue] = colour.to_be_bytes();
    pixels.fill(Color::from_rgba8(red, green, blue, 255));
    Ok(vec![Frame::Drawn(Arc::new(pixels)); count])
}

/// An uploaded picture as the nodes see it: without its transparency, which the colours under it
/// survive.
pub(super) fn loaded(picture: &Picture) -> Result<Frame> {
    let mut pixels = picture.pixels().clone();
    if picture.transparent {
        for pixel in pixels.pixels_mut() {
            let shade = pixel.demultiply();
            let (red, green, blue) = (shade.red(), shade.green(), shade.blue());
            *pixel =
                tiny_skia::PremultipliedColorU8::from_rgba(red, green, blue, 255).ok_or(FrameError::Size)?;
        }
    }
    Ok(Frame::Drawn(Arc::new(pixels)))
}

/// Every picture in another size: stretched, or with `centred` cut to the new shape first. A side of 0
/// follows from the other, and both of 0 leave all as it is.
pub(super) fn scaled(batch: &[Frame], to: (u32, u32), nearest: bool, centred: bool) -> Result<Vec<Frame>> {
    let Some(first) = batch.first() else { return Ok(Vec::new()) };
    let from = first.size();
    let part = |side: u32, mine: u32, other: u32| {
        u32::try_from((u64::from(side) * u64::from(other) / u64::from(mine.max(1))).max(1))
            .unwrap_or(u32::MAX)
    };
    let to = match to {
        (0, 0) => return Ok(batch.to_vec()),
        (0, height) => (part(height, from.1, from.0), height),
        (width, 0) => (width, part(width, from.0, from.1)),
        both => both,
    };
    fits(batch.len(), to)?;
    let quality = if nearest { FilterQuality::Nearest } else { FilterQuality::Bilinear };
    let paint = PixmapPaint { quality, ..PixmapPaint::default() };
    each(batch, |pixels| {
        // Sides are at most 16384, which single precision holds.
        #[allow(clippy::cast_precision_loss)]
        let ratio = |to: u32, from: u32| to as f32 / from as f32;
        let (mut x, mut y) = (ratio(to.0, pixels.width()), ratio(to.1, pixels.height()));
        if centred {
            (x, y) = (x.max(y), x.max(y));
        }
        #[allow(clippy::cast_precision_loss)]
        let middle = |to: u32, from: u32, by: f32| (to as f32 - from as f32 * by) / 2.0;
        let shift = (middle(to.0, pixels.width(), x), middle(to.1, pixels.height(), y));
        let mut out = Pixmap::new(to.0, to.1).ok_or(FrameError::Size)?;
        let place = Transform::from_row(x, 0.0, 0.0, y, shift.0, shift.1);
        out.draw_pixmap(0, 0, pixels.as_ref(), &paint, place, None);
        // At the edges the filter mixes in what is outside of the picture.
        out.pixels_mut().iter_mut().for_each(|pixel| {
            let c = pixel.demultiply();
            if let Some(opaque) =
                tiny_skia::PremultipliedColorU8::from_rgba(c.red(), c.green(), c.blue(), 255)
            {
                *pixel = opaque;
            }
        });
        Ok(out)
    })
}

/// A part of every picture, as far as there is one.
pub(super) fn cropped(batch: &[Frame], size: (u32, u32), at: (u32, u32)) -> Result<Vec<Frame>> {
    each(batch, |pixels| {
        let (x, y) = (at.0.min(pixels.width() - 1), at.1.min(pixels.height() - 1));
        let (width, height) = (size.0.min(pixels.width() - x), size.1.min(pixels.height() - y));
        let place = |side: u32| i32::try_from(side).ok();
        let part = place(x).zip(place(y)).and_then(|(x, y)| IntRect::from_xywh(x, y, width, height));
        part.and_then(|part| pixels.clone_rect(part)).ok_or(FrameError::Size)
    })
}

/// Every picture with noise of its own: about normal, `strength` times the full range wide.
pub(super) fn noisy(batch: &[Frame], seed: u64, strength: f64) -> Result<Vec<Frame>> {
    if let Some(first) = batch.first() {
        fits(batch.len(), first.size())?;
    }
    let mut dice = Dice(u64::from_be_bytes(
        Sha256::digest(seed.to_be_bytes()).first_chunk().copied().unwrap_or_default(),
    ));
    each(batch, |pixels| {
        let mut out = pixels.clone();
        for channel in out.data_mut().chunks_exact_mut(4).flat_map(|pixel| &mut pixel[..3]) {
            let value = f64::from(*channel) + 255.0 * strength * dice.normal();
            // It is cut to the range of a byte first.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let byte = value.clamp(0.0, 255.0) as u8;
            *channel = byte;
        }
        Ok(out)
    })
}

/// A batch made picture by picture. Equal neighbours are one picture in memory; each is drawn anew,
/// so that noise differs.
fn each(batch: &[Frame], mut make: impl FnMut(&Pixmap) -> Result<Pixmap>) -> Result<Vec<Frame>> {
    batch.iter().map(|frame| Ok(Frame::Drawn(Arc::new(make(&*frame.pixels()?)?)))).collect()
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// About normal with a deviation of 1: the sum of four even throws of 16 bits.
    fn normal(&mut self) -> f64 {
        let throw = self.next();
        let sum: f64 =
            [0, 16, 32, 48].map(|at| f64::from((throw >> at) as u16)).iter().sum::<f64>() / 65_535.0;
        (sum - 2.0) * 3.0_f64.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
        let pixels = frame.pixels().unwrap();
        let c = pixels.pixel(x, y).unwrap().demultiply();
        [c.red(), c.green(), c.blue(), c.alpha()]
    }

    #[test]
    fn a_plain_batch_has_its_colour_everywhere() {
        let batch = plain((4, 3), 5, 0x10_20_30).unwrap();
        assert_eq!((batch.len(), batch[4].size()), (5, (4, 3)));
        assert_eq!(colour(&batch[4], 3, 2), [0x10, 0x20, 0x30, 255]);
    }

    #[test]
    fn a_picture_is_scaled_to_size_and_stays_opaque_at_its_edges() {
        let batch = plain((10, 10), 1, 0xff_00_00).unwrap();
        for centred in [false, true] {
            let out = scaled(&batch, (30, 20), false, centred).unwrap();
            assert_eq!(out[0].size(), (30, 20));
            assert_eq!(colour(&out[0], 0, 0), [255, 0, 0, 255], "{centred}");
        }
        assert_eq!(scaled(&batch, (0, 40), true, false).unwrap()[0].size(), (40, 40));
    }

    #[test]
    fn noise_differs_from_picture_to_picture_and_comes_again_with_its_seed() {
        let batch = plain((16, 16), 2, 0x80_80_80).unwrap();
        let pixels =
            |seed, at: usize| noisy(&batch, seed, 0.2).unwrap()[at].pixels().unwrap().data().to_vec();
        assert_ne!(pixels(1, 0), pixels(1, 1));
        assert_eq!(pixels(1, 1), pixels(1, 1));
        assert_ne!(pixels(1, 0), pixels(2, 0));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_not_tried() {
        let batch = plain((512, 512), 4_096, 0).unwrap();
        assert_eq!(scaled(&batch, (2_048, 2_048), false, false).unwrap_err(), FrameError::Memory);
        assert_eq!(plain((16_384, 16_384), 1, 0).unwrap_err(), FrameError::Memory);
    }

    #[test]
    fn a_part_ends_where_the_picture_does() {
        let batch = plain((10, 8), 1, 0).unwrap();
        assert_eq!(cropped(&batch, (100, 4), (6, 2)).unwrap()[0].size(), (4, 4));
        assert_eq!(cropped(&batch, (1, 1), (99, 99)).unwrap()[0].size(), (1, 1));
    }
}
