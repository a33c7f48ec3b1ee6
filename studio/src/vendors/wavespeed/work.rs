//! The work behind a prediction: how long it takes, and what comes of it.

use super::super::ledger::{End, Failure, Media};
use super::super::maker::{Brief, Maker};
use super::super::{Verdict, judge};
use super::model::Makes;
use super::request::Request;

/// What a refused prediction says.
pub(super) const REFUSED: &str =
    "Content flagged as potentially sensitive. Please try different prompts or images.";
/// The frames a second of every clip.
const FPS: u32 = 24;

/// How long the work takes in the real world, in milliseconds.
pub(super) fn latency_ms(request: &Request) -> u64 {
    let each = request.model.work_ms;
    // Lengths are positive and at most ten minutes.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = request.seconds.ceil() as u64;
    match request.model.makes {
        Makes::Picture => each,
        Makes::Clip => each * seconds.div_ceil(5).max(1),
        Makes::Talk => each * seconds.max(1),
    }
}

/// A seed for a caller who wants any, from the id of the prediction.
pub(super) fn random_seed(id: &str) -> u32 {
    id.bytes().fold(0, |seed: u32, byte| seed.wrapping_mul(31).wrapping_add(u32::from(byte))) >> 1
}

/// Does the work; `random` is the seed when the caller has none.
pub(super) async fn make(maker: Maker, request: Request, random: u32) -> End {
    let failed = |refused, message: String| End::Failed(Failure { refused, message });
    if let Some(field) = &request.unreachable {
        return failed(false, format!("{field}: the address cannot be downloaded"));
    }
    if judge(&request.prompt) != Verdict::Fine {
        return failed(true, REFUSED.into());
    }
    let [width, height] = request.size;
    let words = if request.model.makes == Makes::Talk {
        format!("talking {}", request.prompt)
    } else {
        request.prompt
    };
    let seed = u64::from(request.seed.unwrap_or(random));
    let inputs = request.image.into_iter().collect();
    let brief = Brief { width, height, seed, words, inputs, last: request.last_image };
    let made = if request.model.makes == Makes::Picture {
        maker.picture(brief).await.map(|bytes| Media { bytes, media_type: "image/png" })
    } else {
        // Lengths are positive and at most ten minutes.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let ms = (request.seconds * 1_000.0).round().max(1.0) as u32;
        maker.clip(brief, FPS, ms).await.map(|bytes| Media { bytes, media_type: "video/mp4" })
    };
    match made {
        Ok(media) => End::Made(vec![media]),
        Err(error) => failed(false, error.to_string()),
    }
}
