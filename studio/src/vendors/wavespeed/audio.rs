//! How long a sound is, read from its bytes. A talking picture is as long as what it says, so this is
//! what decides the length and the price of a clip.

/// A sound, as far as its length is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sound {
    /// How long it plays, in seconds; exact for WAV, for MP3 exact if its first frame says so and
    /// otherwise right for a constant bit rate.
    pub seconds: f64,
}

/// Reads the length of a WAV or an MP3 file; `None` when the bytes are neither.
#[must_use]
pub(crate) fn read(bytes: &[u8]) -> Option<Sound> {
    let seconds = wav(bytes).or_else(|| mp3(bytes))?;
    (seconds.is_finite() && seconds > 0.0).then_some(Sound { seconds })
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// RIFF: chunks of a name, a length and data, padded to even. `fmt ` has the byte rate.
fn wav(bytes: &[u8]) -> Option<f64> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut rate = None;
    let mut at = 12_usize;
    loop {
        let name = bytes.get(at..at.checked_add(4)?)?;
        let length = little(bytes, at + 4)?;
        let body = at + 8;
        match name {
            b"fmt " if length >= 16 => rate = Some(little(bytes, body + 8)?),
            b"data" => {
                // A recorder that streams does not know the length yet, and writes the largest or none.
                let there = u32::try_from(bytes.len() - body.min(bytes.len())).ok()?;
                let sound = if length == 0 { there } else { length.min(there) };
                return rate.filter(|rate| *rate > 0).map(|rate| f64::from(sound) / f64::from(rate));
            }
            _ => {}
        }
        let length = usize::try_from(length).ok()?;
        at = body.checked_add(length)?.checked_add(length % 2)?;
    }
}

/// Bit rates of layer III in kilobits a second: MPEG 1, and MPEG 2 and 2.5 (ISO 11172-3, 13818-3).
const KILOBITS: [[u32; 16]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];
/// Samples a second of MPEG 1; MPEG 2 has half of it, 2.5 a quarter.
const RATES: [u32; 4] = [44_100, 48_000, 32_000, 0];
/// How far after the tags a first frame is looked for, in bytes.
const SEARCH: usize = 4_096;

/// One frame's head.
struct Frame {
    at: usize,
    bits_per_second: u32,
    samples_per_second: u32,
    samples: u32,
    mono: bool,
    version_1: bool,
}

fn frame(bytes: &[u8], at: usize) -> Option<Frame> {
    let head = big(bytes, at)?;
    // Eleven set bits, a version that is not reserved, layer III.
    if head >> 21 != 0x7ff || (head >> 17) & 3 != 1 {
        return None;
    }
    let (version_1, divisor) = match (head >> 19) & 3 {
        3 => (true, 1),
        2 => (false, 2),
        0 => (false, 4),
        _ => return None,
    };
    let kilobits = KILOBITS[usize::from(!version_1)][((head >> 12) & 15) as usize];
    let samples_per_second = RATES[((head >> 10) & 3) as usize] / divisor;
    (kilobits > 0 && samples_per_second > 0).then_some(Frame {
        at,
        bits_per_second: kilobits * 1_000,
        samples_per_second,
        samples: if version_1 { 1_152 } else { 576 },
        mono: (head >> 6) & 3 == 3,
        version_1,
    })
}

fn mp3(bytes: &[u8]) -> Option<f64> {
    let start = match bytes.get(..3)? {
        // An ID3v2 tag: its length without its head of ten bytes, seven bits a byte.
        b"ID3" => 10 + bytes.get(6..10)?.iter().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f)),
        _ => 0,
    };
    let first = (start..start.saturating_add(SEARCH).min(bytes.len())).find_map(|at| frame(bytes, at))?;
    // The encoder's own note, after the side information of the first frame.
    let side = match (first.version_1, first.mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let note = first.at + 4 + side;
    if matches!(bytes.get(note..note + 4), Some(b"Xing" | b"Info")) && big(bytes, note + 4)? & 1 == 1 {
        let frames = big(bytes, note + 8)?;
        return Some(f64::from(frames) * f64::from(first.samples) / f64::from(first.samples_per_second));
    }
    let rest = u32::try_from(bytes.len() - first.at).ok()?;
    Some(f64::from(rest) * 8.0 / f64::from(first.bits_per_second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A WAV of one channel, 16 bits, at this rate, with a chunk before the data that nobody knows.
    fn wav_of(samples: u32, rate: u32) -> Vec<u8> {
        let data = samples * 2;
        let mut file = b"RIFF".to_vec();
        file.extend((4 + 24 + 12 + 8 + data).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend(rate.to_le_bytes());
        file.extend((rate * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0LIST\x03\0\0\0abc\0data");
        file.extend(data.to_le_bytes());
        file.resize(file.len() + data as usize, 0);
        file
    }

    /// An MP3 of frames of 417 bytes: MPEG 1, 128 kbit/s, 44.1 kHz.
    fn mp3_of(frames: usize) -> Vec<u8> {
        let mut file = Vec::new();
        for _ in 0..frames {
            file.extend([0xff, 0xfb, 0x90, 0x00]);
            file.resize(file.len() + 413, 0);
        }
        file
    }

    #[test]
    fn a_wav_is_as_long_as_its_samples_take() {
        let sound = read(&wav_of(72_000, 16_000)).unwrap();
        assert!((sound.seconds - 4.5).abs() < 1e-9, "{sound:?}");
    }

    #[test]
    fn a_wav_that_was_streamed_is_as_long_as_what_is_there() {
        let mut file = wav_of(16_000, 16_000);
        let at = file.windows(4).position(|four| four == b"data").unwrap() + 4;
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!((read(&file).unwrap().seconds - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_mp3_is_estimated_by_its_rate_and_believed_when_it_says_its_length() {
        let plain = mp3_of(383);
        assert!((read(&plain).unwrap().seconds - 10.0).abs() < 0.05, "{:?}", read(&plain));
        let mut noted = b"ID3\x04\0\0\0\0\x01\x00".to_vec();
        noted.resize(10 + 128, 0);
        noted.extend(mp3_of(2));
        let note = 10 + 128 + 4 + 32;
        noted[note..note + 4].copy_from_slice(b"Xing");
        noted[note + 4..note + 8].copy_from_slice(&1_u32.to_be_bytes());
        noted[note + 8..note + 12].copy_from_slice(&766_u32.to_be_bytes());
        assert!((read(&noted).unwrap().seconds - 20.0).abs() < 0.05, "{:?}", read(&noted));
    }

    #[test]
    fn what_is_no_sound_has_no_length() {
        assert_eq!(read(b"<html>"), None);
        assert_eq!(read(b""), None);
        assert_eq!(read(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(
            head in prop_oneof![Just(&b"RIFF1234WAVE"[..]), Just(&b"ID3"[..]), Just(&b"\xff\xfb"[..]), Just(&b""[..])],
            rest in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = read(&[head, &rest].concat());
        }
    }
}
