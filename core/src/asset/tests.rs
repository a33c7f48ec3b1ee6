//! The promises about uploads, as sentences.

use proptest::prelude::*;

use super::*;

const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn judged(bytes: &[u8]) -> Result<Asset, AssetError> {
    judge(bytes, SHA, Purpose::Source)
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"\0\0\0\x01IDAT\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}

/// Sound of `ms` milliseconds, one byte a sample.
fn wav(ms: u32, parts_before: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
    bytes.extend(parts_before);
    bytes.extend(b"fmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend((ms * 8).to_le_bytes());
    bytes.extend(vec![128; (ms * 8) as usize]);
    bytes
}

/// Frames of 128 kbit/s at 44,100 Hz, each 417 bytes and about 26 ms long.
fn mp3(frames: usize) -> Vec<u8> {
    let frame = [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]].concat();
    frame.repeat(frames)
}

#[test]
fn a_picture_is_known_by_its_bytes_and_its_sides_are_bounded() {
    let asset = judged(&png(512, 4_096)).unwrap();
    assert_eq!((asset.media_type.as_str(), asset.size), ("image/png", Some([512, 4_096])));
    assert_eq!(asset.bytes, png(512, 4_096).len() as u64);
    for (width, height) in [(511, 512), (512, 511), (4_097, 512), (512, 4_097)] {
        assert_eq!(judged(&png(width, height)), Err(AssetError::Size(width, height, 512, 4_096)));
    }
    let mask = |width, height| judge(&png(width, height), SHA, Purpose::Mask);
    assert!(mask(64, 64).is_ok());
    assert_eq!(mask(63, 64), Err(AssetError::Size(63, 64, 64, 4_096)));
}

#[test]
fn sound_tells_its_length() {
    for before in [&b""[..], b"LIST\x03\0\0\0abc\0"] {
        let asset = judged(&wav(1_500, before)).unwrap();
        assert_eq!((asset.media_type.as_str(), asset.duration_ms), ("audio/wav", Some(Millis(1_500))));
    }
    let tag = [&b"ID3\x04\0\0\0\0\x02\x01"[..], &[0; 257]].concat();
    for bytes in [mp3(100), [tag, mp3(100)].concat()] {
        let asset = judged(&bytes).unwrap();
        assert_eq!((asset.media_type.as_str(), asset.duration_ms), ("audio/mpeg", Some(Millis(2_612))));
    }
    assert!(matches!(judged(&wav(0, b"")), Err(AssetError::Broken(_))));
}

#[test]
fn sound_is_as_long_as_it_plays_whatever_its_header_says() {
    let length = |bytes: &[u8]| judged(bytes).unwrap().duration_ms;
    let mut hasty = wav(4_000, b"");
    // Bytes a second: what players do not read.
    hasty[28..32].copy_from_slice(&4_000_000_u32.to_le_bytes());
    assert_eq!(length(&hasty), Some(Millis(4_000)));
    // Sound in another coding would be as long as its decoder says.
    let mut coded = wav(4_000, b"");
    coded[20] = 0x11;
    assert!(matches!(judged(&coded), Err(AssetError::Broken(_))));

    // Two frames of 320 kbit/s, then many of 32.
    let dense = [&[0xff, 0xfb, 0xe0, 0x00][..], &[0; 1_040]].concat().repeat(2);
    let sparse = [&[0xff, 0xfb, 0x10, 0x00][..], &[0; 100]].concat().repeat(998);
    assert_eq!(length(&[&dense[..], &sparse].concat()), Some(Millis(26_122)));
    let junk = [0; 50];
    assert_eq!(length(&[&dense[..], &junk, &sparse].concat()), Some(Millis(26_122)));
}

#[test]
fn what_is_nothing_that_is_taken_is_refused_whatever_it_is_called() {
    for other in
        [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"GIF89a\x01\0\x01\0", b"", b"%PDF-1.7", b"ID3"]
    {
        assert_eq!(judged(other), Err(AssetError::Unknown));
    }
    // A page whose first letters look like a frame of MP3 once.
    let chance = [&[0xff, 0xfb, 0x90, 0x00][..], &b"<script>".repeat(100)].concat();
    assert_eq!(judged(&chance), Err(AssetError::Unknown));
    assert!(matches!(judged(&png(512, 512)[..20]), Err(AssetError::Broken(_))));
}

#[test]
fn each_kind_has_a_size_of_its_own() {
    let padded = |mut bytes: Vec<u8>, most: usize| {
        bytes.resize(most + 1, 0);
        judged(&bytes)
    };
    let too_large = |what, most| Err(AssetError::TooLarge { what, most });
    assert_eq!(padded(png(512, 512), MAX_PICTURE_BYTES), too_large("a picture", MAX_PICTURE_BYTES));
    assert_eq!(padded(wav(100, b""), MAX_SOUND_BYTES), too_large("sound", MAX_SOUND_BYTES));
    assert_eq!(padded(b"\0\0\0\x0cftypisom".to_vec(), MAX_CLIP_BYTES), too_large("a clip", MAX_CLIP_BYTES));
}

proptest! {
    #[test]
    fn no_bytes_make_the_judge_panic(
        start in prop_oneof![
            Just(&b"\x89PNG\r\n\x1a\n"[..]), Just(&b"\xff\xd8\xff"[..]), Just(&b"RIFF\0\0\0\0WAVE"[..]),
            Just(&b"RIFF\0\0\0\0WAVEdata"[..]), Just(&b"ID3\x04\0"[..]), Just(&b"\xff\xfb"[..]),
            Just(&b"\0\0\0\x0cftypisom"[..]), Just(&b""[..]),
        ],
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(asset) = judged(&[start, &rest].concat()) {
            prop_assert!(asset.size.is_some() || asset.duration_ms.is_some());
        }
    }
}
