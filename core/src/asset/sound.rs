//! What kind of sound some bytes are, and how long it plays: WAV by its samples, MP3 by its frames. A
//! length has a price, so it is never what the file only says of itself.
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

/// The codings of WAV that are plain samples: whole numbers, fractions, and either with more said of the
/// channels.
const PLAIN: [u16; 3] = [1, 3, 0xfffe];

/// Sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sound {
    pub(super) media_type: &'static str,
    /// How long it plays. None when there is nothing to hear, or in a coding that nothing here reads.
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
        let duration = mp3_duration(frames);
        Sound { media_type: "audio/mpeg", duration: (duration > Millis(0)).then_some(duration) }
    })
}

/// All frames together. Players pass over what stands between them.
fn mp3_duration(bytes: &[u8]) -> Millis {
    let (mut at, mut micros) = (0_usize, 0_u64);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= 4) {
        let frame = Frame::read(rest);
        micros += frame.as_ref().map_or(0, |frame| u64::from(frame.micros));
        at += frame.map_or(1, |frame| frame.bytes.max(1));
    }
    Millis(micros / 1_000)
}

fn wav_duration(bytes: &[u8]) -> Option<Millis> {
    let (mut at, mut rate) = (12_usize, None);
    loop {
        let kind = bytes.get(at..at.checked_add(4)?)?;
        let size = u32::from_le_bytes(bytes.get(at + 4..at.checked_add(8)?)?.try_into().ok()?) as usize;
        let body = at.checked_add(8)?;
        match kind {
            b"fmt " => rate = Some(bytes_a_second(bytes.get(body..)?)?),
            b"data" => {
                let rate = rate?;
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

/// How many bytes a player takes for a second: it goes by the samples, not by the average beside them.
/// None for anything but plain samples.
fn bytes_a_second(format: &[u8]) -> Option<u64> {
    let short = |at: usize| Some(u16::from_le_bytes(format.get(at..at + 2)?.try_into().ok()?));
    let coding = short(0)?;
    let hertz = u32::from_le_bytes(format.get(4..8)?.try_into().ok()?);
    // A sample takes whole bytes.
    let rate = u64::from(hertz) * u64::from(short(2)?) * u64::from(short(14)?.div_ceil(8));
    (PLAIN.contains(&coding) && rate > 0).then_some(rate)
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
    /// How long it plays, in microseconds.
    micros: u32,
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
        let samples = if old == 0 { 1_152 } else { 576 };
        let bytes = samples / 8 * kilobits * 1_000 / hertz + padding;
        Some(Self { micros: samples * 1_000_000 / hertz, bytes: bytes as usize })
    }
}
