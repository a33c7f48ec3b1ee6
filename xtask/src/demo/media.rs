//! What a file is, by its bytes and by ffprobe's reading of them: not by ours, which is on trial.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A file that was looked at.
#[derive(Debug)]
pub(super) struct Media {
    /// Where it is kept.
    pub(super) file: PathBuf,
    /// How many bytes it has.
    pub(super) bytes: usize,
    pub(super) media_type: &'static str,
    /// In px.
    pub(super) width: u32,
    /// In px.
    pub(super) height: u32,
    /// How many frames there are; 1 of a picture.
    pub(super) frames: u64,
    /// Of a clip, in seconds.
    pub(super) seconds: Option<f64>,
}

impl Media {
    pub(super) fn is_clip(&self) -> bool {
        self.media_type.starts_with("video/")
    }
}

/// Media type and file name extension, by the first bytes.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(("image/png", "png")),
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("image/webp", "webp")),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(("video/webm", "webm")),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(("video/mp4", "mp4")),
        _ => None,
    }
}

/// Keeps `bytes` in `folder` and looks at them.
///
/// # Errors
/// They are no picture and no clip, or cannot be decoded.
pub(super) fn keep(folder: &Path, name: &str, bytes: &[u8]) -> Result<Media> {
    let (media_type, extension) = kind(bytes).context("the result is no picture and no clip")?;
    let file = folder.join(format!("{name}.{extension}"));
    fs::write(&file, bytes).with_context(|| format!("could not write {}", file.display()))?;
    let read = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json"])
        .args(["-show_entries", "stream=width,height,nb_read_packets:format=duration"])
        .arg(&file)
        .output()
        .context("could not start ffprobe")?;
    ensure!(read.status.success(), "it cannot be read: {}", String::from_utf8_lossy(&read.stderr).trim());
    let said: Value = serde_json::from_slice(&read.stdout).context("ffprobe says nothing")?;
    let stream = &said["streams"][0];
    let side = |name: &str| stream[name].as_u64().and_then(|px| u32::try_from(px).ok());
    let (Some(width), Some(height)) = (side("width"), side("height")) else { bail!("it has no size") };
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    let frames = stream["nb_read_packets"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let seconds = number(&said["format"]["duration"]).filter(|_| media_type.starts_with("video/"));
    ensure!(frames > 0, "there is no frame in it");
    Ok(Media { file, bytes: bytes.len(), media_type, width, height, frames, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_are() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            assert_eq!(kind(bytes).map(|(media_type, _)| media_type), Some(media_type));
        }
        assert_eq!(kind(b"<html>"), None);
        assert_eq!(kind(b"RIFF\0\0\0\0WAVE"), None);
    }
}
