//! Whether a webhook is WaveSpeed's: signed with the account's secret, and fresh.
//!
//! As wavespeed.ai/docs/docs-api/verifying_webhook says: HMAC-SHA256 over the id, the time and the body
//! with dots between, the secret being taken as text without its `whsec_`.

use cuelight_core::units::Millis;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time of a webhook may be from ours: five minutes, as the vendor's page asks for.
const TOLERANCE: Millis = Millis::seconds(300);
/// What stands before the vendor's signatures of this kind.
const VERSION: &str = "v3,";

/// A webhook as it came.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`: seconds since 1970.
    pub timestamp: &'a str,
    /// The header `webhook-signature`: one or more, with spaces between.
    pub signature: &'a str,
    /// The body, byte by byte.
    pub body: &'a [u8],
}

/// What the address of a webhook ends with, so that nobody moves one to another submission: the vendor signs
/// what it says, and not where. HMAC-SHA256 of the submission, by the account's own key.
#[must_use]
pub fn seal(account_key: &str, submission: &str) -> String {
    // HMAC takes a key of any length.
    let mac = sealed(account_key, submission).map(|mac| mac.finalize().into_bytes());
    mac.map(|bytes| HEXLOWER.encode(&bytes)).unwrap_or_default()
}

/// Whether `given` is that seal; in constant time.
#[must_use]
pub fn is_sealed(account_key: &str, submission: &str, given: &str) -> bool {
    let bytes = HEXLOWER.decode(given.as_bytes()).ok();
    sealed(account_key, submission).zip(bytes).is_some_and(|(mac, bytes)| mac.verify_slice(&bytes).is_ok())
}

fn sealed(account_key: &str, submission: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(account_key.as_bytes()).ok()?;
    // Another purpose than any that the vendor may use its key for.
    mac.update(b"cuelight webhook of ");
    mac.update(submission.as_bytes());
    Some(mac)
}

/// Whether `delivery` was signed with `secret` within five minutes of `now`.
#[must_use]
pub fn is_genuine(delivery: &Delivery<'_>, secret: &str, now: Millis) -> bool {
    let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
    let Some(sent) = delivery.timestamp.parse::<u64>().ok().and_then(|s| s.checked_mul(1_000)) else {
        return false;
    };
    if secret.is_empty() || now.0.abs_diff(sent) > TOLERANCE.0 {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    for part in [delivery.id.as_bytes(), b".", delivery.timestamp.as_bytes(), b".", delivery.body] {
        mac.update(part);
    }
    let signatures = delivery.signature.split_whitespace().filter_map(|text| text.strip_prefix(VERSION));
    // In constant time, each of them.
    signatures
        .filter_map(|hex| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's hmac: `hmac.new(b"abc123", b"msg_1.1700000000.{}", "sha256").hexdigest()`.
    const SIGNED: &str = "v3,93fc74acc2bf9fa8bdedcc942e98db66728cbde3631edff4a3a4a837d7648c6a";
    const NOW: Millis = Millis(1_700_000_000_000);

    fn delivery(signature: &str) -> Delivery<'_> {
        Delivery { id: "msg_1", timestamp: "1700000000", signature, body: b"{}" }
    }

    #[test]
    fn a_signature_of_the_secret_is_genuine_for_five_minutes_around_its_time() {
        for (at, genuine) in [(-301_i64, false), (-300, true), (0, true), (300, true), (301, false)] {
            let now = Millis(NOW.0.saturating_add_signed(at * 1_000));
            assert_eq!(is_genuine(&delivery(SIGNED), "whsec_abc123", now), genuine, "{at} s");
        }
        assert!(is_genuine(&delivery(&format!("v3,00 {SIGNED}")), "abc123", NOW), "one of several");
    }

    #[test]
    fn a_seal_is_of_one_submission_and_one_account() {
        let seal = seal("ws-key", "abc.1.1");
        assert!(is_sealed("ws-key", "abc.1.1", &seal));
        for (key, submission, given) in [
            ("ws-key", "abc.1.2", &*seal),
            ("another", "abc.1.1", &*seal),
            ("ws-key", "abc.1.1", ""),
            ("ws-key", "abc.1.1", &seal[..32]),
        ] {
            assert!(!is_sealed(key, submission, given), "{key} {submission} {given}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let genuine = |delivery: Delivery<'_>| is_genuine(&delivery, "whsec_abc123", NOW);
        assert!(!genuine(Delivery { body: b"{ }", ..delivery(SIGNED) }));
        assert!(!genuine(Delivery { id: "msg_2", ..delivery(SIGNED) }));
        assert!(!genuine(Delivery { timestamp: "1700000001", ..delivery(SIGNED) }));
        assert!(!genuine(Delivery { timestamp: "soon", ..delivery(SIGNED) }));
        for signature in ["", "v3,", &SIGNED[3..], &SIGNED[..40], "v1,abc", "v3,zz"] {
            assert!(!genuine(delivery(signature)), "{signature}");
        }
        assert!(!is_genuine(&delivery(SIGNED), "whsec_", NOW));
        assert!(!is_genuine(&delivery(SIGNED), "whsec_other", NOW));
    }
}
