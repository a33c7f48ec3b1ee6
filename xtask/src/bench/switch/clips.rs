//! Makes the clips of the bench: the same twelve cards as MP4 and as WebM, and once more without a
//! container for WebCodecs, which takes none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::card::{self, CLIPS, FPS, SIZE};
use crate::process;

/// Frames of a clip that is switched to: two seconds.
const FRAMES: u32 = 2 * FPS;
/// Frames of the clip whose loops are watched: one second.
const LOOP_FRAMES: u32 = FPS;

/// What a clip is packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// H.264 in MP4, as the edge stores it.
    Mp4,
    /// VP9 in WebM.
    Webm,
}

impl Format {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Mp4, Self::Webm];

    /// Its name in addresses and tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
        }
    }

    /// Its media type.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
        }
    }

    const fn encoder(self) -> &'static [&'static str] {
        match self {
            Self::Mp4 => &[
                "-c:v",
                "libx264",
                "-profile:v",
                "baseline",
                "-preset",
                "fast",
                "-crf",
                "23",
                "-movflags",
                "+faststart",
            ],
            Self::Webm => &[
                "-c:v",
                "libvpx-vp9",
                "-b:v",
                "0",
                "-crf",
                "32",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-row-mt",
                "1",
            ],
        }
    }

    /// How to take the container off: an access unit delimiter before every frame tells a page where a
    /// frame of H.264 ends; IVF says how long each is.
    const fn bare(self) -> &'static [&'static str] {
        match self {
            Self::Mp4 => &["-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264"],
            Self::Webm => &["-c", "copy", "-f", "ivf"],
        }
    }
}

/// The bytes of all clips of one format.
#[derive(Debug)]
pub(super) struct Clips {
    /// Which format.
    pub(super) format: Format,
    /// One file for each state.
    pub(super) whole: Vec<Vec<u8>>,
    /// The same frames without a container.
    pub(super) bare: Vec<Vec<u8>>,
    /// A shorter one, for loops.
    pub(super) short: Vec<u8>,
}

/// Makes all clips of `format` below `folder`, where a person may look at them.
///
/// # Errors
/// ffmpeg refuses, or the disk does.
pub(super) fn make(folder: &Path, format: Format) -> Result<Clips> {
    let folder = folder.join(format.name());
    fs::create_dir_all(&folder)?;
    let mut clips = Clips { format, whole: Vec::new(), bare: Vec::new(), short: Vec::new() };
    for clip in 0..CLIPS {
        let path = folder.join(format!("{clip:02}.{}", format.name()));
        encode(format, clip, FRAMES, &path)?;
        clips.bare.push(strip(format, &path)?);
        clips.whole.push(fs::read(&path)?);
    }
    let path = folder.join(format!("loop.{}", format.name()));
    encode(format, 0, LOOP_FRAMES, &path)?;
    clips.short = fs::read(path)?;
    Ok(clips)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

fn encode(format: Format, clip: usize, frames: u32, path: &Path) -> Result<()> {
    let mut command = ffmpeg();
    command
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &format!("{SIZE}x{SIZE}")])
        .args(["-r", &FPS.to_string(), "-i", "-", "-pix_fmt", "yuv420p", "-g", &frames.to_string()])
        // Said, since a browser that has to guess makes two greens of one, one for a canvas.
        .args(["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709"])
        .args(["-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"])
        .args(format.encoder())
        .arg(path)
        .stdin(Stdio::piped());
    let mut child = process::start(&mut command)?;
    let mut input = child.stdin.take().context("ffmpeg has no input")?;
    for frame in 0..frames {
        input.write_all(&card::draw(clip, frame)).context("ffmpeg stopped listening")?;
    }
    drop(input);
    ensure!(child.wait()?.success(), "ffmpeg could not encode {}", path.display());
    Ok(())
}

fn strip(format: Format, path: &Path) -> Result<Vec<u8>> {
    let bare: PathBuf = path.with_extension("bare");
    let mut command = ffmpeg();
    command.arg("-i").arg(path).args(format.bare()).arg(&bare).stdin(Stdio::null());
    ensure!(process::start(&mut command)?.wait()?.success(), "ffmpeg could not unpack {}", path.display());
    Ok(fs::read(bare)?)
}
