//! How long a loop hangs at its seam. A frame that outstays its due by more than another frame's time is
//! seen as a stop.

use super::card::{FPS, View};

/// What the loops of one stage looked like.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seams {
    /// How much longer than its due the last frame before each seam stayed, in milliseconds, shortest
    /// first. Below zero: it left early, which a screen of 60 Hz makes of 24 frames a second.
    pub(super) at_seams: Vec<f64>,
    /// The same of every other frame: what the machine itself does.
    pub(super) elsewhere: Vec<f64>,
    /// Composited frames that showed no card.
    pub(super) no_card: usize,
}

/// How long one frame of the clip stays, in milliseconds.
pub(super) fn frame_ms() -> f64 {
    1000.0 / f64::from(FPS)
}

/// Follows one stage through `views`: when, and what was there.
pub(super) fn follow(views: impl IntoIterator<Item = (f64, View)>) -> Seams {
    let mut seams = Seams::default();
    let mut last: Option<(f64, u32)> = None;
    for (at, view) in views {
        let View::Clip { frame, .. } = view else {
            // Nothing before the first card is a loop yet.
            seams.no_card += usize::from(last.is_some());
            continue;
        };
        let Some((since, before)) = last else {
            last = Some((at, frame));
            continue;
        };
        if frame == before {
            continue;
        }
        let over = at - since - frame_ms();
        if frame < before { &mut seams.at_seams } else { &mut seams.elsewhere }.push(over);
        last = Some((at, frame));
    }
    seams.at_seams.sort_unstable_by(f64::total_cmp);
    seams.elsewhere.sort_unstable_by(f64::total_cmp);
    seams
}

impl Seams {
    /// Seams at which the picture stood still for more than one frame beyond its due.
    pub(super) fn too_long(&self) -> usize {
        self.at_seams.iter().filter(|over| **over > frame_ms()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(frame: u32) -> View {
        View::Clip { clip: 0, frame }
    }

    #[test]
    fn a_loop_in_step_has_no_seam() {
        let views = (0..96).map(|step| (f64::from(step) * frame_ms(), card(step % 24)));
        let seams = follow(views);
        assert_eq!((seams.at_seams.len(), seams.elsewhere.len(), seams.too_long()), (3, 92, 0));
        assert!(seams.at_seams.iter().all(|over| over.abs() < 1e-6));
    }

    #[test]
    fn a_last_frame_that_stays_for_three_is_two_frames_too_long() {
        let times = [(0, 22), (1, 23), (2, 23), (3, 23), (4, 0), (5, 1)];
        let seams = follow(times.map(|(at, frame)| (f64::from(at) * frame_ms(), card(frame))));
        assert!((seams.at_seams[0] - 2.0 * frame_ms()).abs() < 1e-6);
        assert_eq!(seams.too_long(), 1);
    }

    #[test]
    fn a_gap_without_a_picture_is_part_of_the_seam_and_counted() {
        let views = [(0.0, card(23)), (40.0, View::Blank), (90.0, View::Black), (140.0, card(0))];
        let seams = follow(views);
        assert_eq!((seams.no_card, seams.too_long()), (2, 1));
    }
}
