//! Pictures that callers send: PNG and JPEG, told by their bytes, decoded within bounds, measured.

use std::io::Cursor;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tiny_skia::{ColorU8, IntSize, Pixmap};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The longest side that is decoded, in px.
pub const LONGEST_SIDE: u32 = 8_192;
/// The largest picture that is decoded, in px: 4096 by 4096.
const LARGEST_AREA: u64 = 1 << 24;

/// What a picture is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl Kind {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A decoded picture. Cloning shares the pixels.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What it was stored as.
    pub kind: Kind,
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// Bits a channel, as stored.
    pub bits: u8,
    /// Whether any pixel is not opaque.
    pub transparent: bool,
    pixels: Arc<Pixmap>,
    digest: [u8; 32],
}

/// Why bytes are not a picture that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Neither PNG nor JPEG.
    #[error("the image is neither PNG nor JPEG")]
    Unknown,
    /// It cannot be decoded.
    #[error("the image cannot be decoded")]
    Broken,
    /// It has no pixels, or too many.
    #[error("an image of {0}x{1} px is not accepted")]
    Size(u32, u32),
}

impl Picture {
    /// Decodes a picture. Takes a while for a large one: not for an asynchronous thread.
    ///
    /// # Errors
    /// For anything that is not a PNG or JPEG of at most 16 million pixels.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        let mut picture = match bytes {
            [0x89, b'P', b'N', b'G', ..] => png(bytes),
            [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
            _ => Err(PictureError::Unknown),
        }?;
        picture.digest = Sha256::digest(bytes).into();
        Ok(picture)
    }

    /// Its pixels.
    #[must_use]
    pub fn pixels(&self) -> &Pixmap {
        &self.pixels
    }

    /// The SHA-256 of the bytes that it was decoded from.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    fn new(kind: Kind, size: (u32, u32), bits: u8, mut rgba: Vec<u8>) -> Result<Self, PictureError> {
        let transparent = rgba.chunks_exact(4).any(|pixel| pixel[3] != 255);
        if transparent {
            for pixel in rgba.chunks_exact_mut(4) {
                let shade = ColorU8::from_rgba(pixel[0], pixel[1], pixel[2], pixel[3]).premultiply();
                pixel.copy_from_slice(&[shade.red(), shade.green(), shade.blue(), shade.alpha()]);
            }
        }
        let extent = IntSize::from_wh(size.0, size.1).ok_or(PictureError::Size(size.0, size.1))?;
        let pixels = Pixmap::from_vec(rgba, extent).ok_or(PictureError::Broken)?;
        let (width, height) = size;
        Ok(Self { kind, width, height, bits, transparent, pixels: Arc::new(pixels), digest: [0; 32] })
    }
}

fn sized(width: u32, height: u32) -> Result<(u32, u32), PictureError> {
    let area = u64::from(width) * u64::from(height);
    let fits = width <= LONGEST_SIDE && height <= LONGEST_SIDE && (1..=LARGEST_AREA).contains(&area);
    if fits { Ok((width, height)) } else { Err(PictureError::Size(width, height)) }
}

fn png(bytes: &[u8]) -> Result<Picture, PictureError> {
    let broken = |_| PictureError::Broken;
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let size = sized(info.width, info.height)?;
    let bits = info.bit_depth as u8;
    let mut raw = vec![0; reader.output_buffer_size().ok_or(PictureError::Broken)?];
    let frame = reader.next_frame(&mut raw).map_err(broken)?;
    raw.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        png::ColorType::Rgba => raw,
        png::ColorType::GrayscaleAlpha => {
            raw.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
        }
        _ => return Err(PictureError::Broken),
    };
    Picture::new(Kind::Png, size, bits, rgba)
}

fn jpeg(bytes: &[u8]) -> Result<Picture, PictureError> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGBA)
        .set_max_width(LONGEST_SIDE as usize)
        .set_max_height(LONGEST_SIDE as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| PictureError::Broken)?;
    let info = decoder.info().ok_or(PictureError::Broken)?;
    let size = sized(u32::from(info.width), u32::from(info.height))?;
    let rgba = decoder.decode().map_err(|_| PictureError::Broken)?;
    Picture::new(Kind::Jpeg, size, 8, rgba)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_png_comes_back_as_it_was_drawn() {
        let mut drawn = Pixmap::new(3, 2).unwrap();
        drawn.fill(tiny_skia::Color::from_rgba8(200, 100, 50, 255));
        let picture = Picture::decode(&drawn.encode_png().unwrap()).unwrap();
        assert_eq!((picture.width, picture.height, picture.kind, picture.bits), (3, 2, Kind::Png, 8));
        assert!(!picture.transparent);
        assert_eq!(picture.pixels().data(), drawn.data());
    }

    #[test]
    fn transparency_is_noticed() {
        let picture = Picture::decode(&Pixmap::new(2, 2).unwrap().encode_png().unwrap()).unwrap();
        assert!(picture.transparent);
    }

    #[test]
    fn what_is_no_picture_is_said_to_be_none() {
        assert_eq!(Picture::decode(b"<html>").unwrap_err(), PictureError::Unknown);
        assert_eq!(Picture::decode(b"\x89PNG\r\n\x1a\nnothing").unwrap_err(), PictureError::Broken);
        assert_eq!(Picture::decode(&[0xff, 0xd8, 0xff, 0xe0]).unwrap_err(), PictureError::Broken);
    }

    proptest! {
        #[test]
        fn a_spoilt_picture_upsets_nobody(at in 8usize..90, byte: u8) {
            let mut bytes = Pixmap::new(4, 4).unwrap().encode_png().unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Picture::decode(&bytes);
        }
    }
}
