//! Reads what a picture is from its bytes: PNG (W3C PNG, third edition), JPEG (ITU-T T.81) or WebP
//! (RFC 9649). The size is read and the end looked for; nothing is decoded.

use super::{Media, MediaError};
use crate::units::Millis;

/// The largest picture that is taken, in bytes. One of 4096x4096 as PNG is about as large.
pub const MAX_PICTURE_BYTES: usize = 24 * 1024 * 1024;
/// The largest side of a picture, in px.
pub const MAX_SIDE: u32 = 8_192;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];

/// Whether `bytes` begin as a picture does. Says nothing of the rest.
#[must_use]
pub fn begins_as_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG) || bytes.starts_with(JPEG) || is_webp(bytes)
}

/// Reads what the picture in `bytes` is.
///
/// # Errors
/// Anything but a complete PNG, JPEG or WebP of a size that can be.
pub fn inspect_picture(bytes: &[u8]) -> Result<Media, MediaError> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(MediaError::TooLarge(MAX_PICTURE_BYTES));
    }
    let (content_type, size) = if bytes.starts_with(PNG) {
        ("image/png", png(bytes)?)
    } else if bytes.starts_with(JPEG) {
        ("image/jpeg", jpeg(bytes)?)
    } else if is_webp(bytes) {
        ("image/webp", webp(bytes)?)
    } else {
        return Err(MediaError::NotPicture);
    };
    let (width, height) = size;
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(MediaError::Missing("size"));
    }
    Ok(Media { content_type, width, height, duration: Millis(0), has_audio: false })
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The header comes first and says the size (11.2.1); the last chunk is `IEND` (5.6).
fn png(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut rest = bytes.get(PNG.len()..).ok_or(MediaError::Truncated)?;
    let mut size = None;
    let mut has_data = false;
    while !rest.is_empty() {
        let length = be32(rest, 0).and_then(|l| usize::try_from(l).ok()).ok_or(MediaError::Truncated)?;
        let kind = rest.get(4..8).ok_or(MediaError::Truncated)?;
        // Length, kind and checksum are 12 bytes.
        let whole = length.checked_add(12).ok_or(MediaError::Truncated)?;
        let chunk = rest.get(..whole).ok_or(MediaError::Truncated)?;
        match kind {
            b"IHDR" if size.is_none() => size = be32(chunk, 8).zip(be32(chunk, 12)),
            b"IDAT" => has_data |= length > 0,
            b"IEND" => {
                return size.filter(|_| has_data).ok_or(MediaError::Missing("picture (IHDR and IDAT)"));
            }
            _ if size.is_none() => return Err(MediaError::Missing("header (IHDR)")),
            _ => {}
        }
        rest = rest.get(whole..).unwrap_or_default();
    }
    Err(MediaError::Truncated)
}

/// A frame header says the size (B.2.2); the file ends with an end marker (B.1.1.3).
fn jpeg(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    // Some writers pad the end.
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    if bytes.get(end.saturating_sub(1)..=end) != Some(&[0xff, 0xd9]) {
        return Err(MediaError::Truncated);
    }
    let mut at = 2;
    loop {
        if bytes.get(at) != Some(&0xff) {
            return Err(MediaError::Missing("frame header"));
        }
        let marker = *bytes.get(at + 1).ok_or(MediaError::Truncated)?;
        match marker {
            // Fill bytes, and markers that stand alone.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            // The frames of every process but differential ones, and not the tables between them.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let (height, width) = (be16(bytes, at + 5), be16(bytes, at + 7));
                return width.zip(height).ok_or(MediaError::Truncated);
            }
            // Data without a frame.
            0xda | 0xd9 => return Err(MediaError::Missing("frame header")),
            _ => {
                let length = be16(bytes, at + 2).ok_or(MediaError::Truncated)?;
                at += 2 + usize::try_from(length.max(2)).unwrap_or(2);
            }
        }
    }
}

/// The first chunk says the size: of a lossy picture (2.5), a lossless (2.6) or an extended one (2.7).
fn webp(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    let size = le32(bytes, 4).and_then(|size| usize::try_from(size).ok()).ok_or(MediaError::Truncated)?;
    if bytes.len() < size.saturating_add(8) {
        return Err(MediaError::Truncated);
    }
    let kind = bytes.get(12..16).ok_or(MediaError::Truncated)?;
    let body = bytes.get(20..).ok_or(MediaError::Truncated)?;
    let found = match kind {
        b"VP8 " if body.get(3..6) == Some(&[0x9d, 0x01, 0x2a]) => {
            // 14 bits each; the two above them are a scale for the display.
            le16(body, 6).map(|w| w & 0x3fff).zip(le16(body, 8).map(|h| h & 0x3fff))
        }
        b"VP8L" if body.first() == Some(&0x2f) => {
            le32(body, 1).map(|bits| ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => le24(body, 4).zip(le24(body, 7)).map(|(w, h)| (w + 1, h + 1)),
        _ => None,
    };
    found.ok_or(MediaError::Missing("picture"))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u32::from_be_bytes)
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u16::from_be_bytes).map(u32::from)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u32::from_le_bytes)
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u16::from_le_bytes).map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        [&length.to_be_bytes()[..], kind, body, &[0; 4]].concat()
    }

    fn a_png(width: u32, height: u32) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [PNG, &chunk(b"IHDR", &header), &chunk(b"IDAT", &[1; 9]), &chunk(b"IEND", &[])].concat()
    }

    fn a_jpeg(width: u16, height: u16) -> Vec<u8> {
        let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
        let frame = [&[0xff, 0xc2, 0, 11, 8][..], &h, &w, &[1, 1, 0x11, 0]].concat();
        let app = [0xff, 0xe0, 0, 4, 7, 7];
        [&[0xff, 0xd8][..], &app, &frame, &[0xff, 0xda, 0, 2, 5, 5, 5], &[0xff, 0xd9]].concat()
    }

    fn a_webp(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        let inner = [b"WEBP", &kind[..], &length, body].concat();
        [b"RIFF", &u32::try_from(inner.len()).unwrap().to_le_bytes()[..], &inner].concat()
    }

    #[test]
    fn a_picture_tells_its_kind_and_size() {
        let lossy = [&[0, 0, 0, 0x9d, 1, 0x2a][..], &[0x80, 0x02], &[0x68, 0x01], &[0; 9]].concat();
        let extended = [&[0; 4][..], &[0xff, 4, 0], &[0xcf, 2, 0]].concat();
        let lossless = [&[0x2f][..], &(639_u32 | (359 << 14)).to_le_bytes(), &[0; 3]].concat();
        for (bytes, kind, size) in [
            (a_png(1280, 720), "image/png", (1280, 720)),
            (a_jpeg(640, 360), "image/jpeg", (640, 360)),
            (a_webp(b"VP8 ", &lossy), "image/webp", (640, 360)),
            (a_webp(b"VP8L", &lossless), "image/webp", (640, 360)),
            (a_webp(b"VP8X", &extended), "image/webp", (1280, 720)),
        ] {
            let media = inspect_picture(&bytes).unwrap();
            assert_eq!((media.content_type, (media.width, media.height)), (kind, size));
            for length in 0..bytes.len() {
                assert!(inspect_picture(&bytes[..length]).is_err(), "{kind} cut to {length}");
            }
        }
    }

    #[test]
    fn a_picture_of_no_size_and_what_is_none_are_refused() {
        assert_eq!(inspect_picture(&a_png(0, 5)), Err(MediaError::Missing("size")));
        assert_eq!(inspect_picture(&a_png(5, 100_000)), Err(MediaError::Missing("size")));
        for other in [&b"<!doctype html>"[..], b"GIF89a", b"", b"\0\0\0\x18ftypmp42"] {
            assert_eq!(inspect_picture(other), Err(MediaError::NotPicture));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..200, byte: u8, tail in prop::collection::vec(any::<u8>(), 0..60)) {
            for good in [a_png(4, 4), a_jpeg(4, 4), a_webp(b"VP8X", &[0; 10])] {
                let mut bytes = [&good[..], &tail].concat();
                let at = at % bytes.len();
                bytes[at] = byte;
                let _ = inspect_picture(&bytes);
            }
        }
    }
}
