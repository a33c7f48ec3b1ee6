//! A clip from its description: poses, frames, bytes. Deterministic: the same description gives the
//! same bytes, on one thread, with fixed settings. Knows no network and no clock.

use std::ops::ControlFlow;

use cuelight_core::character::Look;
use cuelight_core::cue::Cue;

use crate::encode::{EncodeError, Encoder};
use crate::{burn_in, draw, motion};

/// Everything that decides what a clip shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spec {
    /// Who is shown.
    pub look: Look,
    /// What makes this character differ from others of the same look: freckles, the pattern of feathers.
    pub character_seed: u32,
    /// What makes this clip differ from others of the same cue: when the eyes blink.
    pub motion_seed: u32,
    /// What is shown.
    pub cue: Cue,
    /// Width in px, even.
    pub width: u32,
    /// Height in px, even.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Length in milliseconds.
    pub duration_ms: u32,
    /// Whether every frame carries the code of `burn_in.rs`.
    pub burn_in: bool,
}

impl Spec {
    /// How many frames the clip has: the nearest whole number, at least one.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let frames = (u64::from(self.duration_ms) * u64::from(self.fps) + 500) / 1000;
        u32::try_from(frames.max(1)).unwrap_or(u32::MAX)
    }
}

/// Why a clip was not made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The frame cannot be allocated.
    #[error("a picture of {0}x{1} px cannot be drawn")]
    Size(u32, u32),
    /// The encoder failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The watcher asked to stop.
    #[error("the rendering was stopped")]
    Stopped,
}

/// Draws and encodes a clip to the bytes of an MP4 file. `watch` is told the number of frames done
/// after each one, and may stop the work.
///
/// # Errors
/// When the size is impossible, the encoder fails, or `watch` breaks.
pub fn render(spec: &Spec, mut watch: impl FnMut(u32) -> ControlFlow<()>) -> Result<Vec<u8>, RenderError> {
    let frames = spec.frames();
    let mut encoder = Encoder::new(spec.width, spec.height, spec.fps)?;
    for index in 0..frames {
        let pose = motion::pose(&spec.cue, f64::from(index) / f64::from(frames), spec.motion_seed);
        let mut picture = draw::frame(&spec.look, spec.character_seed, &pose, spec.width, spec.height)
            .ok_or(RenderError::Size(spec.width, spec.height))?;
        if spec.burn_in {
            burn_in::stamp(&mut picture, &spec.cue, index);
        }
        encoder.push(&picture)?;
        if watch(index + 1).is_break() {
            return Err(RenderError::Stopped);
        }
    }
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_core::character;

    fn spec() -> Spec {
        let bolt = &character::built_in()["bolt"];
        Spec {
            look: bolt.look,
            character_seed: bolt.seed,
            motion_seed: 5,
            cue: Cue::state("greeting"),
            width: 128,
            height: 128,
            fps: 8,
            duration_ms: 1000,
            burn_in: false,
        }
    }

    fn bytes(spec: &Spec) -> Vec<u8> {
        render(spec, |_| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn the_same_description_gives_the_same_bytes() {
        assert!(bytes(&spec()) == bytes(&spec()));
    }

    #[test]
    fn a_different_description_gives_different_bytes() {
        let first = bytes(&spec());
        assert!(first != bytes(&Spec { motion_seed: 6, ..spec() }));
        assert!(first != bytes(&Spec { cue: Cue::state("farewell"), ..spec() }));
        assert!(first != bytes(&Spec { burn_in: true, ..spec() }));
        assert!(
            first != bytes(&Spec { character_seed: 6, look: character::built_in()["dash"].look, ..spec() })
        );
    }

    #[test]
    fn the_watcher_sees_every_frame_and_can_stop() {
        let mut seen = Vec::new();
        let stopped = render(&spec(), |done| {
            seen.push(done);
            if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(stopped, Err(RenderError::Stopped)));
        assert_eq!(seen, [1, 2, 3]);
    }
}
