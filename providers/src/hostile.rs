//! The checks that every adapter makes of what a provider sends: words, ids, addresses, waits,
//! prices and bytes. A provider may be broken or taken over; what passes here can be stored, shown and asked
//! for. It never classifies by a vendor's own codes.

use cuelight_core::media::MAX_CLIP_BYTES;
use cuelight_core::units::{MicroUsd, Millis};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Output, ProviderError};

/// Longest text of a provider's that is passed on, in characters.
pub(crate) const MAX_TEXT_CHARS: usize = 200;
/// How much of a provider's text is read for that, in characters: room for what is left out of it.
const MAX_READ_CHARS: usize = 4_096;
/// A part of a secret that is shorter than this is part of ordinary words, too.
const LEAST_SECRET: usize = 8;
/// Longest wait that a provider can ask for or announce: one hour. More would only park the clip.
pub(crate) const MAX_WAIT: Millis = Millis::seconds(3_600);
/// Highest price of one clip that is believed: 1,000 dollars, far above that of any clip we order.
const MAX_COST: MicroUsd = MicroUsd(1_000_000_000);
/// Longest id of an operation, in bytes: it becomes part of an address and of stored state.
const MAX_ID_BYTES: usize = 64;
/// Longest address of an output, in bytes: what every server takes (RFC 9110, 4.1, asks for 8000),
/// and still small in stored state.
pub(crate) const MAX_URL_BYTES: usize = 8_000;

/// A provider's words as they may be shown: `secret` blotted out wherever they quote it or one of its
/// parts between colons, without addresses, which may be signed, and without the characters that steer
/// a terminal or turn a line around, at most [`MAX_TEXT_CHARS`]. Takes time in proportion to the text.
pub(crate) fn text(words: &str, secret: &str) -> String {
    // Steering characters go first: they must not be able to hide the secret inside a word.
    let mut readable = words.chars().filter(|c| !steers(*c));
    let mut safe: String = readable.by_ref().take(MAX_READ_CHARS).collect();
    let is_cut = readable.next().is_some();
    let parts = secret.split(':').filter(|part| part.len() >= LEAST_SECRET);
    let secrets: Vec<&str> = std::iter::once(secret).chain(parts).filter(|part| !part.is_empty()).collect();
    for part in &secrets {
        safe = safe.replace(part, "…");
    }
    if is_cut {
        let begun = secrets.iter().map(|part| begun(&safe, part)).max();
        safe.truncate(safe.len() - begun.unwrap_or(0));
    }
    let mut shown = String::new();
    let mut rest = safe.as_str();
    while let Some((before, address)) = rest.split_once("://") {
        // From the scheme's first letter to the end of the word.
        shown.push_str(before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c)));
        shown.push('…');
        rest = address.find(ends_address).and_then(|end| address.get(end..)).unwrap_or_default();
    }
    shown.push_str(rest);
    shown.chars().take(MAX_TEXT_CHARS).collect()
}

/// How many bytes at the end of `text` may be the beginning of `secret`, which the cut has parted.
fn begun(text: &str, secret: &str) -> usize {
    let mut lengths = secret.char_indices().map(|(at, _)| at).rev();
    lengths.find(|at| secret.get(..*at).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

/// What no address holds (RFC 3986, 2): a quoted one ends here.
fn ends_address(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`' | '\\' | '^' | '{' | '}' | '|' | '…')
}

/// Control characters, and the invisible ones that reorder or break lines (UAX 9, section 2).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether `id` can stand in an address, a log and a storage key as it is: 1 to 64 characters of
/// `A-Z`, `a-z`, `0-9`, `_` and `-`.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A wait in seconds as `Retry-After` gives it, at most [`MAX_WAIT`]. A date (the header's other
/// form) needs a clock to be understood and counts as none.
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Millis> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Digits that do not fit are more than an hour, whatever their number.
    Some(value.parse().ok().filter(|s| *s < MAX_WAIT.0 / 1_000).map_or(MAX_WAIT, Millis::seconds))
}

/// A wait in milliseconds that a provider announced, between none and [`MAX_WAIT`].
pub(crate) fn wait(ms: f64) -> Millis {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is meant.
    let whole = ms as u64;
    Millis(whole).min(MAX_WAIT)
}

/// What a provider says that it charges, in micro-dollars, parts of one counted as a whole. None
/// when it is no amount of money or above [`MAX_COST`]: such a claim is ignored, because the clip
/// may be good all the same, and the price of the catalogue is there to fall back on.
pub(crate) fn cost(claim: Option<&Value>) -> Option<MicroUsd> {
    let micro = claim?.as_f64()?.ceil();
    #[allow(clippy::cast_precision_loss)] // A number of ten digits fits a double exactly.
    let believed = (0.0..=MAX_COST.0 as f64).contains(&micro);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // In range, as just seen.
    believed.then_some(MicroUsd(micro as u64))
}

/// A share that a provider announced, between 0 and 1.
pub(crate) fn share(value: f64) -> f32 {
    #[allow(clippy::cast_possible_truncation)] // Between 0 and 1, and no one counts its digits.
    let share = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) as f32 };
    share
}

/// Whether a declared clip can be fetched at all.
pub(crate) fn declared(bytes: Option<u64>, sha256: Option<&str>) -> Result<(), ProviderError> {
    if bytes.is_some_and(|bytes| bytes > MAX_CLIP_BYTES as u64) {
        return Err(too_large());
    }
    let is_sha256 = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if sha256.is_some_and(|text| !is_sha256(text)) {
        return Err(ProviderError::BadMedia("its SHA-256 is none".into()));
    }
    Ok(())
}

/// `bytes`, if they are those that `output` declares.
pub(crate) fn clip(output: &Output, bytes: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    if bytes.len() > MAX_CLIP_BYTES {
        return Err(too_large());
    }
    if let Some(declared) = output.bytes
        && declared != bytes.len() as u64
    {
        let got = bytes.len();
        return Err(ProviderError::BadMedia(format!("{got} bytes came of {declared}")));
    }
    if let Some(declared) = &output.sha256
        && !declared.eq_ignore_ascii_case(&sha256(&bytes))
    {
        return Err(ProviderError::BadMedia("its SHA-256 is not the declared one".into()));
    }
    Ok(bytes)
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

pub(crate) fn too_large() -> ProviderError {
    ProviderError::BadMedia(format!("it is larger than {} MB", MAX_CLIP_BYTES / (1024 * 1024)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_in_a_providers_words_is_not_shown() {
        let said = "cannot fetch \"https://cdn.example/x?sig=abc\", s3://b/k?y=1 and://";
        assert_eq!(text(said, "k3y"), "cannot fetch \"…\", … …");
        assert_eq!(text("no address: a/b, 12:30", "k3y"), "no address: a/b, 12:30");
    }

    #[test]
    fn every_part_of_a_secret_is_blotted_out() {
        let said = "AKIDEXAMPLE1 signed with wJalrXUtnFEMI/K7MDENG for session-token-1";
        let shown = text(said, "AKIDEXAMPLE1:wJalrXUtnFEMI/K7MDENG:session-token-1");
        assert_eq!(shown, "… signed with … for …");
    }

    /// The same words by the plain way, which takes the square of the time.
    fn slowly(words: &str, secret: &str) -> String {
        let mut safe: String = words.chars().filter(|c| !steers(*c)).collect();
        let parts = secret.split(':').filter(|part| part.len() >= LEAST_SECRET);
        for part in std::iter::once(secret).chain(parts).filter(|part| !part.is_empty()) {
            safe = safe.replace(part, "…");
        }
        while let Some(at) = safe.find("://") {
            let end = safe[at..].find(ends_address).map_or(safe.len(), |len| at + len);
            let scheme =
                safe[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c)).len();
            safe.replace_range(scheme..end, "…");
        }
        safe.chars().take(MAX_TEXT_CHARS).collect()
    }

    const SECRET: &str = "AKIDEXAMPLE1:wJalrXUtnFEMI/K7MDENG:session-token-1";

    #[test]
    fn of_a_long_text_only_the_beginning_is_read() {
        let address = format!("https://x.example/{}", "x".repeat(MAX_READ_CHARS));
        assert_eq!(text(&format!("see {address} and this"), SECRET), "see …");
        assert_eq!(text(&"a:// ".repeat(104_858), SECRET), "… ".repeat(MAX_TEXT_CHARS / 2));
    }

    #[test]
    fn no_part_of_a_secret_is_shown_where_a_long_text_is_cut() {
        for part in SECRET.split(':').chain([SECRET]) {
            for kept in 0..=part.len() {
                // The address leaves room in what is shown for all that comes behind it.
                let address = format!("a://{}", "x".repeat(MAX_READ_CHARS - kept - 5));
                let shown = text(&format!("{address} {part}{}", "y".repeat(500)), SECRET);
                assert!(shown.chars().all(|c| "…: ".contains(c)), "{part}, {kept} of it: {shown}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_short_text_is_shown_as_by_the_plain_way(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just("://"), Just("https"), Just("s3+x."), Just(" "), Just("…"), Just("\""), Just(":"),
                    Just("\u{202e}"), Just("é"), Just(SECRET), Just("session-token-1"), Just("session-"),
                ],
                0..40,
            ),
        ) {
            let words = pieces.concat();
            prop_assert_eq!(text(&words, SECRET), slowly(&words, SECRET));
        }

        #[test]
        fn no_secret_is_shown_of_any_text(before in 3_900usize..4_100, between in "[ -~]{0,20}") {
            let words = format!("a://{} {SECRET}{between}{SECRET}", "x".repeat(before));
            let shown = text(&words, SECRET);
            for part in SECRET.split(':') {
                prop_assert!(!shown.contains(&part[..LEAST_SECRET]), "{}", shown);
            }
        }
    }
}
