//! What an order's pictures must be before they are sent: there, a PNG or a JPEG, and of the size that
//! the model demands. Reads no more of them than their headers.

use cuelight_core::order::Role;
use data_encoding::BASE64;

use crate::{Brief, ProviderError};

/// The eight bytes that begin every PNG file (W3C PNG, third edition, 5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Picture<'a> {
    bytes: &'a [u8],
    field: &'static str,
    /// `png` or `jpeg`.
    pub(crate) format: &'static str,
    /// Width and height in px.
    pub(crate) size: [u32; 2],
    /// Whether no pixel can be transparent.
    pub(crate) opaque: bool,
}

impl<'a> Picture<'a> {
    /// The whole file.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// As text, without the prefix of a data URI.
    pub(crate) fn base64(&self) -> String {
        BASE64.encode(self.bytes)
    }

    /// Its media type.
    pub(crate) fn media_type(&self) -> &'static str {
        if self.format == "png" { "image/png" } else { "image/jpeg" }
    }

    /// The same picture, if it has this size and no transparency.
    pub(crate) fn exactly(self, size: [u32; 2]) -> Result<Self, ProviderError> {
        if self.size != size {
            return Err(self.unfit(&format!("of {} x {} px", size[0], size[1])));
        }
        if self.opaque { Ok(self) } else { Err(self.unfit("without transparency")) }
    }

    /// The same picture, if both its sides are within these bounds in px.
    pub(crate) fn within(self, least: u32, most: u32) -> Result<Self, ProviderError> {
        if self.size.iter().all(|side| (least..=most).contains(side)) {
            return Ok(self);
        }
        Err(self.unfit(&format!("of {least} to {most} px a side")))
    }

    fn unfit(&self, demand: &str) -> ProviderError {
        let [width, height] = self.size;
        invalid(
            self.field,
            &format!("the model takes a picture {demand}, and this one has {width} x {height} px"),
        )
    }
}

/// The name of an input in an order.
pub(crate) const fn field(role: Role) -> &'static str {
    match role {
        Role::Image => "image",
        Role::EndImage => "end_image",
        Role::Mask => "mask",
        Role::Audio => "audio",
        Role::RightAudio => "right_audio",
        Role::Video => "video",
    }
}

/// A refusal of our own that names a field of the order.
pub(crate) fn invalid(field: &str, message: &str) -> ProviderError {
    ProviderError::Invalid { field: Some(field.to_owned()), message: message.to_owned() }
}

/// The picture in this role; `None` when the order has none.
///
/// # Errors
/// [`ProviderError::Invalid`] when it is no picture, [`ProviderError::Fatal`] when the order names one
/// whose bytes are not here.
pub(crate) fn picture<'a>(brief: &Brief<'a>, role: Role) -> Result<Option<Picture<'a>>, ProviderError> {
    let field = field(role);
    let Some(material) = brief.material(role) else {
        return match brief.order.input(role) {
            None => Ok(None),
            Some(_) => Err(ProviderError::Fatal(format!("the bytes of the order's {field} are missing"))),
        };
    };
    let bytes = material.bytes.as_slice();
    let (format, size, opaque) = png(bytes)
        .map(|(size, opaque)| ("png", size, opaque))
        .or_else(|| jpeg(bytes).map(|size| ("jpeg", size, true)))
        .ok_or_else(|| invalid(field, "it must be a PNG or a JPEG picture"))?;
    Ok(Some(Picture { bytes, field, format, size, opaque }))
}

/// The picture in this role, which the model cannot do without.
pub(crate) fn required<'a>(brief: &Brief<'a>, role: Role) -> Result<Picture<'a>, ProviderError> {
    picture(brief, role)?.ok_or_else(|| invalid(field(role), "the model needs one"))
}

/// Width, height and opacity of a PNG (W3C PNG, 11.2.1 and 11.3.1).
fn png(bytes: &[u8]) -> Option<([u32; 2], bool)> {
    let mut rest = bytes.strip_prefix(PNG)?;
    let mut found = None;
    loop {
        let length = usize::try_from(word(rest, 0)?).ok()?;
        let kind = rest.get(4..8)?;
        match (kind, found) {
            (b"IHDR", None) => {
                let colour = *rest.get(17)?;
                // 4 and 6 carry an alpha channel of their own.
                found = Some(([word(rest, 8)?, word(rest, 12)?], !matches!(colour, 4 | 6)));
            }
            (b"tRNS", Some((size, _))) => return Some((size, false)),
            (b"IDAT", Some(_)) => return found,
            (_, None) => return None,
            _ => {}
        }
        // Length, kind, content and checksum.
        rest = rest.get(length.checked_add(12)?..)?;
    }
}

/// Width and height of a JPEG: those of its frame header (ITU-T T.81, B.2.2).
fn jpeg(bytes: &[u8]) -> Option<[u32; 2]> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let marker = *rest.strip_prefix(b"\xff")?.first()?;
        match marker {
            // A fill byte.
            0xff => rest = rest.get(1..)?,
            // Restart markers and TEM stand alone.
            0x01 | 0xd0..=0xd7 => rest = rest.get(2..)?,
            // Frame headers; C4, C8 and CC are tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some([half(rest, 7)?, half(rest, 5)?]);
            }
            0xd8..=0xda => return None,
            _ => rest = rest.get(2 + usize::try_from(half(rest, 2)?).ok()?..)?,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 2)?.try_into().ok().map(|pair| u32::from(u16::from_be_bytes(pair)))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The head of a PNG of this size and colour type, with one more chunk before its pixels.
    pub(crate) fn png_of(width: u32, height: u32, colour: u8, chunk: &[u8; 4]) -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, colour, 0, 0, 0]);
        bytes.extend([0; 4]);
        for kind in [chunk, b"IDAT"] {
            bytes.extend([0; 4]);
            bytes.extend(kind);
            bytes.extend([0; 4]);
        }
        bytes
    }

    /// The head of a JPEG of this size, behind an application segment.
    pub(crate) fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08".to_vec();
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    #[test]
    fn a_png_is_opaque_without_an_alpha_channel_and_without_a_transparent_colour() {
        assert_eq!(png(&png_of(1280, 720, 2, b"gAMA")), Some(([1280, 720], true)));
        assert_eq!(png(&png_of(1280, 720, 6, b"gAMA")), Some(([1280, 720], false)));
        assert_eq!(png(&png_of(3, 4, 2, b"tRNS")), Some(([3, 4], false)));
    }

    #[test]
    fn a_jpeg_says_its_size_in_its_frame_header() {
        assert_eq!(jpeg(&jpeg_of(640, 480)), Some([640, 480]));
        assert_eq!(jpeg(b"\xff\xd8\xff\xda\x00\x02"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..64), cut in 0usize..60) {
            let _ = (png(&bytes), jpeg(&bytes));
            let behind = |head: &[u8]| [head, bytes.as_slice()].concat();
            let _ = (png(&behind(PNG)), jpeg(&behind(b"\xff\xd8\xff")));
            let (png_head, jpeg_head) = (png_of(1, 1, 2, b"gAMA"), jpeg_of(1, 1));
            let _ = (png(&png_head[..cut.min(png_head.len())]), jpeg(&jpeg_head[..cut.min(jpeg_head.len())]));
        }
    }
}
