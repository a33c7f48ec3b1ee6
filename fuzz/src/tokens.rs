//! What opens our doors: tokens, secret keys, signed addresses and signed webhooks. Nothing that
//! we did not sign opens anything, and nothing that we signed can be changed.

use std::sync::LazyLock;

use cuelight_core::auth::claims::Claims;
use cuelight_core::auth::secret_key::{KeyRing, SecretKey};
use cuelight_core::auth::signing_keys::SigningKeys;
use cuelight_core::auth::token::{self, CLOCK_SKEW, MAX_TTL};
use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::auth::webhook::{self, Headers, WebhookSecret};
use cuelight_core::auth::{AuthError, signed_address};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::units::Millis;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::choices::Choices;
use crate::document;

const NOW: Millis = Millis::seconds(1_800_000_000);
const SECRET: [u8; 32] = [7; 32];
const CLIP: &str = "abcdefghijklmnopqrstuvwxyz234567";

static KEYS: LazyLock<SigningKeys> = LazyLock::new(|| {
    let written = json!([{"kid": "k", "secret": BASE64URL_NOPAD.encode(&SECRET)}]);
    SigningKeys::from_json(&written.to_string()).unwrap()
});
static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let sha256 = SecretKey::from_random(SECRET).sha256();
    let written = json!([{"id": "a", "tenant": "demo", "sha256": sha256, "may": ["jobs"]}]);
    KeyRing::from_json(&written.to_string()).unwrap()
});
static WEBHOOK: LazyLock<WebhookSecret> =
    LazyLock::new(|| WebhookSecret::parse(&format!("whsec_{}", BASE64.encode(&SECRET))).unwrap());
static GOOD: LazyLock<[Value; 2]> = LazyLock::new(|| {
    [
        json!({"origins": ["https://shop.example"], "budget_micro_usd": 1_000_000}),
        json!({
            "origins": ["https://shop.example", "http://localhost:8080", "https://[::1]:9"],
            "characters": ["bolt"],
            "cues": ["idle", {"expression": "interested", "max_intensity": 0.5}],
            "budget_micro_usd": 0, "ttl_s": 86_400,
            "requests": {"count": 5, "window_s": 60}, "private": true, "player": "p"
        }),
    ]
});
static MINTED: LazyLock<String> = LazyLock::new(|| {
    let claims = TokenRequest::read(&GOOD[1]).unwrap().claims("demo", [1; 16], NOW);
    token::mint(&KEYS, &claims).unwrap()
});

/// See the module.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    unsigned(&text);
    altered(&mut Choices::new(data));
    signed_by_us(&text);
    delivery(data);
    requested(data);
}

/// Whatever is presented, we did not sign it.
fn unsigned(text: &str) {
    let key = CacheKey::parse(CLIP).unwrap();
    assert!(token::verify(&KEYS, text, NOW).is_err(), "an unsigned token opens: {text:?}");
    assert!(RING.authenticate(text, NOW).is_err(), "an unknown key opens: {text:?}");
    let query = format!("expires=9999999999&signature={text}");
    for query in [text, &query] {
        assert!(signed_address::verify(&KEYS, &key, query, NOW).is_err(), "{query:?} opens a clip");
    }
    for error in [token::verify(&KEYS, text, NOW).err(), RING.authenticate(text, NOW).err()] {
        let told = error.map(|error| format!("{error} {error:?}")).unwrap_or_default();
        assert!(text.len() < 8 || !told.contains(text), "{told} repeats what was presented");
    }
}

/// What we signed, with some bytes of it replaced.
fn altered(choices: &mut Choices<'_>) {
    let key = CacheKey::parse(CLIP).unwrap();
    let address = signed_address::sign(&KEYS, &key, NOW + MAX_TTL);
    let query = address.split_once('?').unwrap().1;
    let secret = SecretKey::from_random(SECRET);
    let [mut minted, mut signed, mut known] = [&MINTED, query, secret.reveal()].map(str::to_owned);
    for text in [&mut minted, &mut signed, &mut known] {
        for _ in 0..=choices.below(3) {
            let (from, length) = (choices.number() as usize % (text.len() + 1), choices.below(3));
            let to = (from + length).min(text.len());
            let piece: String = choices.text().chars().filter(char::is_ascii).take(8).collect();
            text.replace_range(from..to, &piece);
        }
    }
    assert_eq!(token::verify(&KEYS, &minted, NOW).is_ok(), minted == *MINTED, "{minted}");
    assert_eq!(signed_address::verify(&KEYS, &key, &signed, NOW).is_ok(), signed == query, "{signed}");
    assert_eq!(RING.authenticate(&known, NOW).is_ok(), known == secret.reveal(), "{known}");
}

/// A header and claims on two lines, under our own signature: still only what we would issue.
fn signed_by_us(text: &str) {
    let (header, claims) =
        text.split_once('\n').unwrap_or((r#"{"alg":"HS256","typ":"JWT","kid":"k"}"#, text));
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.as_bytes()),
        BASE64URL_NOPAD.encode(claims.as_bytes())
    );
    let token = under_our_signature(&signed);
    let Ok(claims) = token::verify(&KEYS, &token, NOW) else { return };
    assert!(claims.expires_at.since(claims.issued_at) <= MAX_TTL && !claims.origins.is_empty());
    assert!(claims.issued_at <= NOW + CLOCK_SKEW && NOW < claims.expires_at + CLOCK_SKEW);
    assert!(
        !claims.permits_origin(None) && !claims.permits_origin(Some("https://elsewhere.example"))
            || text.contains("elsewhere")
    );
    let again: Claims = serde_json::from_value(json!(claims)).expect("claims are written as they are read");
    assert_eq!(again, claims);
}

fn under_our_signature(signed: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap().chain_update(signed);
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

/// Lines: a delivery's id, its time, its signature, then its body.
fn delivery(data: &[u8]) {
    let mut parts = data.splitn(4, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let mut line = || String::from_utf8_lossy(part()).into_owned();
    let headers = Headers { id: line(), timestamp: line(), signature: line() };
    let body = part();
    let near = headers.timestamp.parse().map_or(NOW, |seconds: u64| Millis(seconds.saturating_mul(1_000)));
    for now in [NOW, near] {
        assert!(webhook::verify(&WEBHOOK, &headers, body, now).is_err(), "an unsigned delivery: {headers:?}");
    }
    if let Ok(signed) = webhook::headers(std::slice::from_ref(&*WEBHOOK), &headers.id, NOW, body) {
        assert_eq!(webhook::verify(&WEBHOOK, &signed, body, NOW), Ok(()));
        let longer = [body, b"."].concat();
        assert!(webhook::verify(&WEBHOOK, &signed, &longer, NOW).is_err(), "a body that was changed");
        let renamed = Headers { id: headers.id + "-", ..signed };
        assert!(webhook::verify(&WEBHOOK, &renamed, body, NOW).is_err(), "an id that was changed");
    }
}

/// What is asked for is refused in bounds, or issued and read back.
fn requested(data: &[u8]) {
    let request = match TokenRequest::read(&document::read(data, &*GOOD)) {
        Ok(request) => request,
        Err(errors) => {
            assert!(!errors.is_empty());
            let bounded = |text: &str| text.len() < 2_000;
            assert!(errors.iter().all(|e| bounded(&e.pointer) && bounded(&e.detail)), "{errors:?}");
            return;
        }
    };
    let claims = request.claims("demo", [3; 16], NOW);
    match token::mint(&KEYS, &claims) {
        Ok(token) => assert_eq!(token::verify(&KEYS, &token, NOW), Ok(claims)),
        Err(error) => assert_eq!(error, AuthError::TokenTooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_requests_are_issued_and_our_own_signature_is_the_tokens() {
        for request in &*GOOD {
            TokenRequest::read(request).unwrap();
        }
        let (signed, _) = MINTED.rsplit_once('.').unwrap();
        assert_eq!(under_our_signature(signed), *MINTED);
    }
}
