//! The bytes of a clip: whatever they are, they are judged in bounds.

use std::sync::LazyLock;

use cuelight_core::media::{check, inspect};
use cuelight_core::operation::{Spec, validate};

use crate::jobs::GOOD;

/// A clip of 512 by 512 px and four seconds.
pub(crate) static SPEC: LazyLock<Spec> = LazyLock::new(|| validate(&GOOD[0], "n").unwrap().spec);

/// What counts as a clip has a picture and a length, and is cut off when its end is.
pub fn run(data: &[u8]) {
    let found = inspect(data);
    if let Ok(media) = &found {
        assert!(media.width > 0 && media.height > 0 && media.duration.0 > 0, "{media:?}");
        assert!(media.width <= 0xffff && media.height <= 0xffff, "16 bits before the point: {media:?}");
        assert_eq!(media.content_type, "video/mp4");
        if !is_open_ended(data) {
            assert!(inspect(&data[..data.len() - 1]).is_err(), "a clip without its last byte is none");
            assert!(inspect(&[data, b"\0\0\0"].concat()).is_err(), "three bytes begin no box");
        }
    }
    match check(data, &SPEC) {
        Ok(media) => {
            assert_eq!(
                (media.width, media.height),
                SPEC.order().size.map(|[width, height]| (width, height)).unwrap()
            );
            assert_eq!(found, Ok(media));
        }
        Err(error) => assert!(error.to_string().len() < 200, "{error}"),
    }
}

/// Whether the last box of the file goes on to the end, wherever that is (ISO/IEC 14496-12, 4.2).
fn is_open_ended(file: &[u8]) -> bool {
    let mut rest = file;
    loop {
        let size = match rest.first_chunk().map(|size| u32::from_be_bytes(*size)) {
            None => return false,
            Some(0) => return true,
            Some(1) => rest.get(8..16).and_then(|size| size.try_into().ok()).map_or(0, u64::from_be_bytes),
            Some(size) => size.into(),
        };
        rest = usize::try_from(size).ok().and_then(|size| rest.get(size..)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_clips() {
        assert!(check(include_bytes!("../seeds/media/clip.mp4"), &SPEC).is_ok());
        assert!(inspect(include_bytes!("../seeds/media/wide.mp4")).is_ok());
    }
}
