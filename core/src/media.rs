//! Judges what a provider sent by its bytes, never by its label: a complete MP4 with a video track, or a
//! picture, of the size and length that was asked for. Parses what a stranger sent: every offset is checked.
//!
//! Boxes are those of ISO/IEC 14496-12; the section numbers below are its.

use crate::catalog::OutputKind;
use crate::operation::Spec;
use crate::units::Millis;

mod picture;

pub use picture::{MAX_PICTURE_BYTES, MAX_SIDE, begins_as_picture, inspect_picture};

/// The largest clip that is taken from a provider, in bytes. A 10 s clip of 1024x1024 is about a
/// tenth of it, and an isolate has 128 MB.
pub const MAX_CLIP_BYTES: usize = 32 * 1024 * 1024;

/// What a clip or a picture turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The media type to serve it with.
    pub content_type: &'static str,
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// Length in milliseconds; nothing for a picture.
    pub duration: Millis,
    /// Whether it has a sound track. Noted, not stripped: clips are played muted, and cutting a
    /// track out would move every offset of the file.
    pub has_audio: bool,
}

/// Why bytes are not the clip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Something else than an MP4 file.
    #[error("it is not an MP4 file")]
    NotMp4,
    /// Something else than a picture of a kind that browsers show.
    #[error("it is not a PNG, a JPEG or a WebP picture")]
    NotPicture,
    /// The file ends before its boxes do.
    #[error("it is cut off")]
    Truncated,
    /// More bytes than are taken.
    #[error("it is larger than {} MB", _0 / (1024 * 1024))]
    TooLarge(usize),
    /// A box that must be there is not, or makes no sense.
    #[error("it has no usable {0}")]
    Missing(&'static str),
    /// A clip, but not the one that was asked for.
    #[error("it is {found}, not {wanted}")]
    Mismatch {
        /// What it is.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}

/// Reads what `bytes` are.
///
/// # Errors
/// Anything but a complete MP4 file with a video track of a known size and length.
pub fn inspect(bytes: &[u8]) -> Result<Media, MediaError> {
    if bytes.len() > MAX_CLIP_BYTES {
        return Err(MediaError::TooLarge(MAX_CLIP_BYTES));
    }
    // `ftyp` comes first (4.3). Looked at before the rest, so that a page of HTML is not "cut off".
    if bytes.get(4..8) != Some(b"ftyp") {
        return Err(MediaError::NotMp4);
    }
    let file = boxes(bytes)?;
    let moov = find(&file, b"moov").ok_or(MediaError::Missing("index (moov)"))?;
    if find(&file, b"mdat").is_none_or(<[u8]>::is_empty) {
        return Err(MediaError::Missing("frames (mdat)"));
    }
    let moov = boxes(moov)?;
    let duration = movie_duration(find(&moov, b"mvhd")).ok_or(MediaError::Missing("length"))?;
    let (width, height) = moov
        .iter()
        .filter(|(kind, _)| kind == b"trak")
        .find_map(|(_, trak)| video_size(trak))
        .ok_or(MediaError::Missing("video track"))?;
    let has_audio = moov.iter().any(|(kind, trak)| kind == b"trak" && handler(trak) == Some(*b"soun"));
    Ok(Media { content_type: "video/mp4", width, height, duration, has_audio })
}

/// Reads what `bytes` are and whether they are what `spec` asks for.
///
/// Our own clips have the size and length that was asked for. Other models have their own ideas of both
/// within a resolution's name or a ratio: of those a size that was asked for is compared, allowing for a
/// multiple of 16 as encoders need it, and the length roughly.
///
/// # Errors
/// As [`inspect`] and [`inspect_picture`], and when it is not what was asked for.
pub fn check(bytes: &[u8], spec: &Spec) -> Result<Media, MediaError> {
    if spec.output() == OutputKind::Image {
        let media = inspect_picture(bytes)?;
        return fits(&media, spec.order().size, None).map(|()| media);
    }
    let media = inspect(bytes)?;
    let duration = spec.duration();
    let size = match spec {
        Spec::Clip(spec) => Some([spec.width, spec.height]),
        Spec::Media(order) => order.size,
    };
    fits(&media, size, duration)?;
    if let (Spec::Clip(spec), (width, height)) = (spec, (media.width, media.height))
        && (width, height) != (spec.width, spec.height)
    {
        return Err(mismatch(&media, size, duration));
    }
    Ok(media)
}

/// What an encoder may add to a side, in px.
const SIDE_SLACK: u32 = 16;

fn fits(media: &Media, size: Option<[u32; 2]>, duration: Option<Millis>) -> Result<(), MediaError> {
    let same_size = size.is_none_or(|[width, height]| {
        media.width.abs_diff(width) < SIDE_SLACK && media.height.abs_diff(height) < SIDE_SLACK
    });
    // A length is a whole number of frames, and encoders differ about the last one.
    let same_length =
        duration.is_none_or(|asked| media.duration.0.abs_diff(asked.0) <= 250.max(asked.0 / 10));
    if same_size && same_length { Ok(()) } else { Err(mismatch(media, size, duration)) }
}

fn mismatch(media: &Media, size: Option<[u32; 2]>, duration: Option<Millis>) -> MediaError {
    let [width, height] = size.unwrap_or([media.width, media.height]);
    let length = duration.unwrap_or(media.duration);
    MediaError::Mismatch {
        found: format!("{}x{}, {}", media.width, media.height, media.duration),
        wanted: format!("{width}x{height}, {length}"),
    }
}

type Boxes<'a> = Vec<([u8; 4], &'a [u8])>;

/// The boxes that fill `bytes` exactly (4.2).
fn boxes(bytes: &[u8]) -> Result<Boxes<'_>, MediaError> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let size = u32_at(rest, 0).ok_or(MediaError::Truncated)?;
        let kind = array_at(rest, 4).ok_or(MediaError::Truncated)?;
        let (header, size) = match size {
            // Size 0: to the end of the file. Size 1: a 64-bit size follows.
            0 => (8, rest.len()),
            1 => (16, u64_at(rest, 8).and_then(|s| usize::try_from(s).ok()).ok_or(MediaError::Truncated)?),
            size => (8, usize::try_from(size).map_err(|_| MediaError::Truncated)?),
        };
        let body = rest.get(header..size).ok_or(MediaError::Truncated)?;
        found.push((kind, body));
        rest = rest.get(size..).ok_or(MediaError::Truncated)?;
    }
    Ok(found)
}

fn find<'a>(boxes: &Boxes<'a>, kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes.iter().find(|(found, _)| found == kind).map(|(_, body)| *body)
}

/// Movie header (8.2.2): version 1 has 64-bit times.
fn movie_duration(mvhd: Option<&[u8]>) -> Option<Millis> {
    let body = mvhd?;
    let (timescale, duration) = match body.first()? {
        0 => (u32_at(body, 12)?, u64::from(u32_at(body, 16)?)),
        1 => (u32_at(body, 20)?, u64_at(body, 24)?),
        _ => return None,
    };
    let ms = duration.checked_mul(1_000)?.checked_div(u64::from(timescale))?;
    (ms > 0).then_some(Millis(ms))
}

/// Width and height from the track header (8.3.2), if the handler (8.4.3) says video. They are
/// 16.16 fixed point; a part of a pixel is dropped.
fn video_size(trak: &[u8]) -> Option<(u32, u32)> {
    let trak = boxes(trak).ok()?;
    let mdia = boxes(find(&trak, b"mdia")?).ok()?;
    if find(&mdia, b"hdlr")?.get(8..12)? != b"vide" {
        return None;
    }
    let header = find(&trak, b"tkhd")?;
    let at = match header.first()? {
        0 => 76,
        1 => 88,
        _ => return None,
    };
    let (width, height) = (u32_at(header, at)? >> 16, u32_at(header, at + 4)? >> 16);
    (width > 0 && height > 0).then_some((width, height))
}

/// What kind of track it is (8.4.3): `vide`, `soun`, …
fn handler(trak: &[u8]) -> Option<[u8; 4]> {
    let trak = boxes(trak).ok()?;
    let mdia = boxes(find(&trak, b"mdia")?).ok()?;
    array_at(find(&mdia, b"hdlr")?, 8)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_be_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Surroundings, validate_in};
    use crate::order::Asset;
    use proptest::prelude::*;
    use serde_json::json;

    fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, body].concat()
    }

    fn mp4(width: u32, height: u32, ms: u32) -> Vec<u8> {
        let mut mvhd = vec![0; 100];
        mvhd[12..16].copy_from_slice(&1_000_u32.to_be_bytes());
        mvhd[16..20].copy_from_slice(&ms.to_be_bytes());
        let mut tkhd = vec![0; 84];
        tkhd[76..80].copy_from_slice(&(width << 16).to_be_bytes());
        tkhd[80..84].copy_from_slice(&(height << 16).to_be_bytes());
        let hdlr = mp4_box(b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let trak = [mp4_box(b"tkhd", &tkhd), mp4_box(b"mdia", &hdlr)].concat();
        let moov = [mp4_box(b"mvhd", &mvhd), mp4_box(b"trak", &trak)].concat();
        [mp4_box(b"ftyp", b"isom\0\0\0\0isom"), mp4_box(b"moov", &moov), mp4_box(b"mdat", &[7; 50])].concat()
    }

    #[test]
    fn a_clip_tells_its_size_and_length() {
        let media = inspect(&mp4(512, 256, 3_000)).unwrap();
        assert_eq!(
            media,
            Media {
                content_type: "video/mp4",
                width: 512,
                height: 256,
                duration: Millis(3_000),
                has_audio: false
            }
        );
    }

    #[test]
    fn a_clip_cut_anywhere_is_refused() {
        let whole = mp4(512, 512, 3_000);
        for length in 0..whole.len() {
            assert!(inspect(&whole[..length]).is_err(), "cut to {length} of {}", whole.len());
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        for other in [&b"<!doctype html><title>502</title>"[..], b"\x89PNG\r\n\x1a\n0000", b"", b"GIF89a"] {
            assert_eq!(inspect(other), Err(MediaError::NotMp4));
        }
        assert_eq!(inspect(&mp4_box(b"ftyp", b"isom")), Err(MediaError::Missing("index (moov)")));
    }

    #[test]
    fn a_clip_of_nothing_or_of_no_length_is_refused() {
        assert_eq!(inspect(&mp4(0, 512, 3_000)), Err(MediaError::Missing("video track")));
        assert_eq!(inspect(&mp4(512, 512, 0)), Err(MediaError::Missing("length")));
    }

    #[test]
    fn a_continued_clip_is_as_long_as_what_it_continues_and_what_was_added() {
        let spec = |length: Option<u64>| {
            let clip = |sha256: &str| {
                let (sha256, media_type) = (sha256.to_owned(), "video/mp4".to_owned());
                let duration_ms = length.map(Millis);
                Some(Asset { sha256, media_type, bytes: 9_000, size: Some([1280, 720]), duration_ms })
            };
            let body = json!({"operation_type": "video_extend", "model": "veo-3.1",
                "params": {"prompt": "on", "video": {"asset": "c1".repeat(32)}}});
            let around = Surroundings { asset: Some(&clip), ..Surroundings::default() };
            validate_in(&body, "n", &around).unwrap().spec
        };
        for before in [4_000, 8_000, 60_000] {
            let spec = spec(Some(before));
            let of = |ms: u64| check(&mp4(1280, 720, u32::try_from(ms).unwrap()), &spec);
            assert!(of(before + 7_000).is_ok() && of(before + 7_042).is_ok(), "{before}");
            for other in [(before + 7_000) * 8 / 10, (before + 7_000) * 12 / 10] {
                assert!(matches!(of(other), Err(MediaError::Mismatch { .. })), "{before}: {other}");
            }
        }
        // Of what nobody could measure nobody knows how long it gets.
        assert!(check(&mp4(1280, 720, 31_000), &spec(None)).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = inspect(&tail);
            let _ = inspect(&[&b"\0\0\0\x0cftypisom"[..], &tail].concat());
        }

        #[test]
        fn no_changed_byte_makes_it_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut bytes = mp4(512, 512, 3_000);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = inspect(&bytes);
        }
    }
}
