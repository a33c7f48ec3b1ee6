//! Brings a picture to exactly the size that a model demands: scaled to fit, the rest filled with what
//! its border looks like, transparency put on the same. The same bytes always come to the same bytes, so
//! every state of a character begins with one picture.

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{ColorType, DynamicImage, ImageReader, Limits, Rgb, RgbImage, RgbaImage};

/// The greatest side of a picture that is read, in px.
const MAX_SIDE: u32 = 4_096;
/// Most memory that reading one may take, in bytes: four bytes for each of as many px as there may be.
const MAX_MEMORY: u64 = 4 * 4_096 * 4_096;

/// A picture that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Its media type.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a picture cannot be brought to a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// It is neither PNG nor JPEG, broken, or too large.
    #[error("the picture cannot be read")]
    Unreadable,
    /// The result could not be written.
    #[error("the picture cannot be written")]
    Unwritable,
}

/// The picture in `bytes`, a PNG or JPEG file, as an opaque one of exactly this width and height and of 8
/// bits for each of red, green and blue, which is all that Nova Reel reads. What fits already is left as it
/// is.
///
/// # Errors
/// [`FitError::Unreadable`] for anything that is no such picture.
pub fn opaque(bytes: &[u8], [width, height]: [u32; 2]) -> Result<Fitted, FitError> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| FitError::Unreadable)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let format = reader.format();
    let picture = reader.decode().map_err(|_| FitError::Unreadable)?;
    let fits = (picture.width(), picture.height()) == (width, height);
    if fits && picture.color() == ColorType::Rgb8 {
        let media_type = if format == Some(image::ImageFormat::Jpeg) { "image/jpeg" } else { "image/png" };
        return Ok(Fitted { media_type, bytes: bytes.to_vec() });
    }
    let backdrop = backdrop(&picture);
    let flat = flat(picture, backdrop);
    let (w, h) = inside(flat.dimensions(), (width, height));
    let scaled = if flat.dimensions() == (w, h) {
        flat
    } else {
        imageops::resize(&flat, w, h, FilterType::CatmullRom)
    };
    let mut whole = RgbImage::from_pixel(width, height, backdrop);
    imageops::replace(&mut whole, &scaled, i64::from((width - w) / 2), i64::from((height - h) / 2));
    let mut file = Vec::new();
    whole.write_with_encoder(PngEncoder::new(&mut file)).map_err(|_| FitError::Unwritable)?;
    Ok(Fitted { media_type: "image/png", bytes: file })
}

/// The largest size of the same shape that fits, at least 1x1.
fn inside((w, h): (u32, u32), (width, height): (u32, u32)) -> (u32, u32) {
    let side = |of: u32, by: u32, over: u32| {
        let scaled = (u64::from(of) * u64::from(by) + u64::from(over) / 2) / u64::from(over.max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    // As wide as it may be, unless it were too high then.
    let high = side(h, width, w);
    if high <= height { (width, high) } else { (side(w, height, h).min(width), height) }
}

/// The mean colour of the border, so that bars beside the picture are not seen as bars; white where the
/// border is mostly transparent.
fn backdrop(picture: &DynamicImage) -> Rgb<u8> {
    let picture: RgbaImage = picture.to_rgba8();
    let (w, h) = picture.dimensions();
    let across = (0..w).flat_map(|x| [(x, 0), (x, h - 1)]);
    let down = (0..h).flat_map(|y| [(0, y), (w - 1, y)]);
    let (mut sum, mut opaque, mut count) = ([0_u64; 3], 0_u64, 0_u64);
    for (x, y) in across.chain(down) {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        count += 1;
        if alpha > 127 {
            opaque += 1;
            for (sum, part) in sum.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(part);
            }
        }
    }
    if opaque * 2 < count.max(1) {
        return Rgb([255; 3]);
    }
    Rgb(sum.map(|sum| u8::try_from(sum / opaque.max(1)).unwrap_or(255)))
}

fn flat(picture: DynamicImage, backdrop: Rgb<u8>) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen = picture.into_rgba8();
    let mut flat = RgbImage::from_pixel(seen.width(), seen.height(), backdrop);
    for (pixel, seen) in flat.pixels_mut().zip(seen.pixels()) {
        let alpha = u32::from(seen.0[3]);
        for (under, over) in pixel.0.iter_mut().zip(seen.0) {
            let mixed = (u32::from(over) * alpha + u32::from(*under) * (255 - alpha) + 127) / 255;
            *under = u8::try_from(mixed).unwrap_or(255);
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, ImageFormat, Luma, LumaA, Rgba};
    use proptest::prelude::*;

    use super::*;

    fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.into().write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn read(fitted: &Fitted) -> DynamicImage {
        image::load_from_memory(&fitted.bytes).unwrap()
    }

    #[test]
    fn a_picture_that_fits_is_left_as_it_is() {
        for (format, media_type) in [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg")] {
            let bytes = file(RgbImage::from_pixel(32, 18, Rgb([9, 9, 9])), format);
            assert_eq!(opaque(&bytes, [32, 18]), Ok(Fitted { media_type, bytes }));
        }
    }

    #[test]
    fn a_picture_of_other_colours_becomes_one_of_8_bits_each() {
        let grey = ImageBuffer::from_pixel(32, 18, Luma([99_u8]));
        let deep = ImageBuffer::from_pixel(32, 18, Rgb([99_u16 * 257; 3]));
        let deep_grey = ImageBuffer::from_pixel(32, 18, Luma([99_u16 * 257]));
        let glass = ImageBuffer::from_pixel(32, 18, LumaA([99_u8, 255]));
        for (picture, format) in [
            (DynamicImage::from(grey.clone()), ImageFormat::Png),
            (grey.into(), ImageFormat::Jpeg),
            (deep.into(), ImageFormat::Png),
            (deep_grey.into(), ImageFormat::Png),
            (glass.into(), ImageFormat::Png),
        ] {
            let about = format!("{:?} {format:?}", picture.color());
            let fitted = read(&opaque(&file(picture, format), [32, 18]).unwrap());
            assert_eq!(fitted.color(), ColorType::Rgb8, "{about}");
            assert_eq!(fitted.as_rgb8().unwrap().get_pixel(5, 5).0, [99; 3], "{about}");
        }
    }

    #[test]
    fn a_square_is_put_in_the_middle_of_its_own_colour() {
        let square = RgbImage::from_fn(64, 64, |x, y| {
            let inner = (16..48).contains(&x) && (16..48).contains(&y);
            if inner { Rgb([200, 0, 0]) } else { Rgb([10, 20, 30]) }
        });
        let fitted = read(&opaque(&file(square, ImageFormat::Png), [128, 72]).unwrap()).into_rgb8();
        assert_eq!(fitted.dimensions(), (128, 72));
        for (x, y) in [(0, 0), (27, 36), (100, 71), (64, 1)] {
            assert_eq!(fitted.get_pixel(x, y).0, [10, 20, 30], "{x},{y}");
        }
        assert_eq!(fitted.get_pixel(64, 36).0, [200, 0, 0]);
    }

    #[test]
    fn what_shows_through_is_put_on_the_border_s_colour_or_on_white() {
        let glass = |border: Rgba<u8>| {
            let picture = RgbaImage::from_fn(8, 8, |x, y| {
                if (1..7).contains(&x) && (1..7).contains(&y) { Rgba([0, 0, 0, 0]) } else { border }
            });
            let fitted = opaque(&file(picture, ImageFormat::Png), [8, 8]).unwrap();
            read(&fitted).as_rgb8().unwrap().get_pixel(4, 4).0
        };
        assert_eq!(glass(Rgba([40, 50, 60, 255])), [40, 50, 60]);
        assert_eq!(glass(Rgba([40, 50, 60, 0])), [255, 255, 255]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let whole = file(RgbImage::new(64, 64), ImageFormat::Png);
        for bytes in [&b""[..], b"<svg/>", b"GIF89a", &whole[..40], &whole[..whole.len() / 2]] {
            assert_eq!(opaque(bytes, [8, 8]), Err(FitError::Unreadable));
        }
        let wide = file(RgbImage::new(4_097, 1), ImageFormat::Png);
        assert_eq!(opaque(&wide, [8, 8]), Err(FitError::Unreadable));
    }

    proptest! {
        #[test]
        fn any_picture_comes_to_the_size(w in 1u32..90, h in 1u32..90, width in 1u32..90, height in 1u32..90) {
            let bytes = file(RgbaImage::from_pixel(w, h, Rgba([7, 8, 9, 200])), ImageFormat::Png);
            let fitted = read(&opaque(&bytes, [width, height]).unwrap());
            prop_assert_eq!((fitted.width(), fitted.height()), (width, height));
            prop_assert!(!fitted.color().has_alpha());
        }

        #[test]
        fn no_bytes_make_it_panic(rest in prop::collection::vec(any::<u8>(), 0..200), png: bool) {
            let start: &[u8] = if png { b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" } else { b"\xff\xd8\xff" };
            let _ = opaque(&[start, &rest].concat(), [8, 8]);
        }
    }
}
