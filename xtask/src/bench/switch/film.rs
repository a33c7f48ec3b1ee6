//! What was composited, frame by frame, and what that says about each switch. The page holds up a slate
//! with the number of the switch in the very task that makes the call, so picture and call need no common
//! clock: the first frame with the slate is the first that could have shown the new clip.

use anyhow::Result;
use serde_json::Value;

use super::card::{self, CLIPS, Square, View};
use super::png::Picture;

/// Width of the page, in px.
pub(super) const WIDTH: usize = 128;
/// Height of the page, in px: the stage, and the slate below it.
pub(super) const HEIGHT: usize = 160;
/// Where the stage is.
const STAGE: Square = Square { x: 0, y: 0, side: 128 };
/// The cells of the slate: two rows of eight.
const SLATE_CELL: usize = 16;

/// One composited frame.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    /// When it was shown, in milliseconds of the browser's clock.
    pub(super) at: f64,
    /// The number of the switch; 0 between switches.
    pub(super) slate: u32,
    /// What stood on the stage.
    pub(super) view: View,
    /// The picture itself.
    pub(super) file: Vec<u8>,
}

impl Shot {
    /// Reads a picture of the screencast. `None` where the slate is half drawn, which it never is, or where
    /// the page is not ours yet.
    ///
    /// # Errors
    /// It is no picture.
    pub(super) fn read(at: f64, file: Vec<u8>) -> Result<Option<Self>> {
        let picture = Picture::read(&file)?;
        let view = card::read(&picture, STAGE);
        Ok(slate(&picture).map(|slate| Self { at, slate, view, file }))
    }
}

/// The number on the slate: white, black, twelve bits, even parity, white.
fn slate(picture: &Picture) -> Option<u32> {
    let mut bits = [false; 16];
    for (cell, bit) in bits.iter_mut().enumerate() {
        let (x, y) = (cell % 8 * SLATE_CELL, STAGE.side + cell / 8 * SLATE_CELL);
        *bit = card::light(picture.mean(x + 5, y + 5, 6))?;
    }
    let number = bits[2..14].iter().fold(0, |number, bit| number * 2 + u32::from(*bit));
    let even = number.count_ones().is_multiple_of(2) != bits[14];
    (bits[0] && !bits[1] && bits[15] && even).then_some(number)
}

/// A switch, as the page tells it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What the slate says.
    pub(super) number: u32,
    /// The clip before.
    pub(super) from: usize,
    /// The clip that was asked for.
    pub(super) to: usize,
    /// `staged`, `cached` or `cold`: how the strategy had the clip.
    pub(super) had: String,
    /// From the call to the page's next frame, in milliseconds: what a perfect switch takes.
    pub(super) perfect_ms: f64,
    /// Elements that held a decoder, at most.
    pub(super) decoders: u64,
}

impl Call {
    /// Reads the page's own record.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let number = |name: &str| value.get(name)?.as_u64();
        let clip = |name| number(name).map(|clip| clip as usize).filter(|clip| *clip < CLIPS);
        Some(Self {
            number: u32::try_from(number("number")?).ok()?,
            from: clip("from")?,
            to: clip("to")?,
            had: value.get("had")?.as_str()?.to_owned(),
            perfect_ms: value.get("perfect")?.as_f64()?.max(0.0),
            decoders: number("decoders")?,
        })
    }
}

/// Frames of one switch that showed what they should not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// The page behind.
    pub(super) blank: u32,
    /// Nothing but black.
    pub(super) black: u32,
    /// A clip that was neither the one before nor, from its first frame on, the one asked for.
    pub(super) wrong: u32,
    /// No single clip: a placeholder, a mixture, half a picture.
    pub(super) unclear: u32,
}

/// One switch, judged.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    /// From the call to the first composited frame of the clip, in milliseconds. None: it never came.
    pub(super) visible_ms: Option<f64>,
    /// Which of its frames came first.
    pub(super) entry: Option<u32>,
    /// How many frames were looked at.
    pub(super) frames: u32,
    /// What was wrong with them.
    pub(super) faults: Faults,
    /// The first bad frame, for a person to look at.
    pub(super) bad: Option<Vec<u8>>,
    /// The first good frame.
    pub(super) good: Option<Vec<u8>>,
}

/// Judges one switch by the frames that hold its slate.
pub(super) fn judge(shots: &[Shot], call: &Call) -> Verdict {
    let mut verdict = Verdict {
        visible_ms: None,
        entry: None,
        frames: 0,
        faults: Faults::default(),
        bad: None,
        good: None,
    };
    let mut began = None;
    for shot in shots.iter().filter(|shot| shot.slate == call.number) {
        verdict.frames += 1;
        let began = *began.get_or_insert(shot.at);
        let fault = match shot.view {
            View::Clip { clip, frame } if clip == call.to => {
                if verdict.visible_ms.is_none() {
                    verdict.visible_ms = Some(call.perfect_ms + shot.at - began);
                    verdict.entry = Some(frame);
                    verdict.good = Some(shot.file.clone());
                }
                continue;
            }
            View::Clip { clip, .. } if clip == call.from && verdict.visible_ms.is_none() => continue,
            View::Clip { .. } => &mut verdict.faults.wrong,
            View::Blank => &mut verdict.faults.blank,
            View::Black => &mut verdict.faults.black,
            View::Unclear => &mut verdict.faults.unclear,
        };
        *fault += 1;
        verdict.bad.get_or_insert_with(|| shot.file.clone());
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: f64 = 50.0 / 3.0;

    fn shot(number: u32, slate: u32, view: View) -> Shot {
        Shot { at: f64::from(number) * FRAME_MS, slate, view, file: vec![number as u8] }
    }

    fn clip(clip: usize) -> View {
        View::Clip { clip, frame: 4 }
    }

    fn call() -> Call {
        Call { number: 7, from: 1, to: 2, had: "cached".into(), perfect_ms: 5.0, decoders: 2 }
    }

    #[test]
    fn a_switch_that_is_in_the_slates_own_frame_is_perfect() {
        let verdict = judge(&[shot(0, 6, clip(1)), shot(1, 7, clip(2)), shot(2, 7, clip(2))], &call());
        assert_eq!(verdict.visible_ms, Some(5.0));
        assert_eq!((verdict.frames, verdict.faults, verdict.entry), (2, Faults::default(), Some(4)));
    }

    #[test]
    fn a_switch_two_frames_later_takes_two_frames_more() {
        let shots = [shot(1, 7, clip(1)), shot(2, 7, clip(1)), shot(3, 7, clip(2))];
        let late = judge(&shots, &call()).visible_ms.unwrap();
        assert!((late - 5.0 - 2.0 * FRAME_MS).abs() < 1e-6, "{late}");
    }

    #[test]
    fn every_bad_frame_is_counted_and_the_first_is_kept() {
        let shots = [
            shot(1, 7, clip(1)),
            shot(2, 7, View::Blank),
            shot(3, 7, View::Black),
            shot(4, 7, View::Unclear),
            shot(5, 7, clip(3)),
            shot(6, 7, clip(2)),
            // Back to the old one, which nobody asked for.
            shot(7, 7, clip(1)),
            shot(8, 8, View::Blank),
        ];
        let verdict = judge(&shots, &call());
        assert_eq!(verdict.faults, Faults { blank: 1, black: 1, wrong: 2, unclear: 1 });
        assert_eq!((verdict.bad, verdict.good), (Some(vec![2]), Some(vec![6])));
    }

    #[test]
    fn a_clip_that_never_came_has_no_time() {
        assert_eq!(judge(&[shot(1, 7, clip(1))], &call()).visible_ms, None);
    }

    #[test]
    fn a_record_that_names_no_clip_is_refused() {
        let record = serde_json::json!({
            "number": 1, "from": 0, "to": 11, "had": "cold", "perfect": 3.5, "decoders": 1,
        });
        assert_eq!(Call::read(&record).unwrap().to, 11);
        let mut bad = record;
        bad["to"] = 12.into();
        assert!(Call::read(&bad).is_none());
    }
}
