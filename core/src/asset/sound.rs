//! What kind of sound some bytes are, and how long it is: WAV by its header, MP3 by its first frame.
//!
//! WAV: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0". MP3: ISO/IEC
//! 11172-3, 2.4.1.3, and its extension to lower rates in 13818-3; ID3v2.4.0, 3.1, for what may stand
//! before it.

use crate::units::Millis;

/// Kilobits a second by the index in a frame's header, of layer III: MPEG 1, then MPEG 2 and 2.5.
const KILOBITS: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples a second of MPEG 1 by the index in a frame's header. MPEG 2 has half, 2.5 a quarter.
const HERTZ: [u32; 3] = [44_100, 48_000, 32_000];

/// Sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sound {
    pub(super) media_type: &'static str,
    /// Its length. Exact for WAV; for MP3 that of a constant rate. None when there is nothing to hear.
    pub(super) duration: Option<Millis>,
}

/// What `bytes` are. None when they are no sound that we know.
pub(super) fn inspect(bytes: &[u8]) -> Option<Sound> {
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        return Some(Sound { media_type: "audio/wav", duration: wav_duration(bytes) });
    }
    let start = after_id3(bytes)?;
    let frames = bytes.get(start..)?;
    let first = Frame::read(frames)?;
    // One header may be chance; a second one where the first says so is not.
    let next = frames.get(first.bytes..).filter(|rest| !rest.is_empty());
    next.is_none_or(|rest| Frame::read(rest).is_some()).then(|| {
        let bits = frames.len() as u64 * 8;
        let ms = bits / u64::from(first.kilobits);
        Sound { media_type: "audio/mpeg", duration: (ms > 0).then_some(Millis(ms)) }
    })
}

fn wav_duration(bytes: &[u8]) -> Option<Millis> {
    let (mut at, mut rate) = (12_usize, None);
    loop {
        let kind = bytes.get(at..at.checked_add(4)?)?;
        let size = u32::from_le_bytes(bytes.get(at + 4..at.checked_add(8)?)?.try_into().ok()?) as usize;
        let body = at.checked_add(8)?;
        match kind {
            // Bytes a second stand eight bytes into it.
            b"fmt " => {
                rate = bytes.get(body + 8..body.checked_add(12)?).and_then(|b| b.try_into().ok());
            }
            b"data" => {
                let rate = u64::from(u32::from_le_bytes(rate?));
                // What streams write has no true size: what is there counts.
                let size = size.min(bytes.len().saturating_sub(body)) as u64;
                let ms = size.checked_mul(1_000)?.checked_div(rate)?;
                return (ms > 0).then_some(Millis(ms));
            }
            _ => {}
        }
        // Parts begin at even places.
        at = body.checked_add(size)?.checked_add(size % 2)?;
    }
}

/// Where the frames begin: behind a tag, if there is one. Its size has seven bits a byte.
fn after_id3(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"ID3") {
        return Some(0);
    }
    let size = bytes
        .get(6..10)?
        .iter()
        .try_fold(0_usize, |size, byte| (*byte < 0x80).then(|| (size << 7) | usize::from(*byte)))?;
    let footer = if bytes.get(5)? & 0x10 == 0 { 0 } else { 10 };
    size.checked_add(10 + footer)
}

struct Frame {
    kilobits: u32,
    bytes: usize,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
        // Eleven ones, and layer III.
        if header >> 21 != 0x7ff || (header >> 17) & 3 != 1 {
            return None;
        }
        let (old, halves) = match (header >> 19) & 3 {
            3 => (0, 0),
            2 => (1, 1),
            0 => (1, 2),
            _ => return None,
        };
        let index = |shift: u32, mask: u32| ((header >> shift) & mask) as usize;
        let kilobits = *KILOBITS.get(old)?.get(index(12, 15))?;
        let hertz = HERTZ.get(index(10, 3))? >> halves;
        if kilobits == 0 {
            return None;
        }
        let padding = (header >> 9) & 1;
        let samples_by_eight = if old == 0 { 144 } else { 72 };
        let bytes = samples_by_eight * kilobits * 1_000 / hertz + padding;
        Some(Self { kilobits, bytes: bytes as usize })
    }
}
