//! Keys, tokens, addresses and webhook signatures made by another implementation, in another
//! language, must be ours; and what it forges must be refused for the reason it names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::auth::secret_key::{KeyRing, SecretKey};
use cuelight_core::auth::signing_keys::SigningKeys;
use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::auth::webhook::{self, WebhookSecret};
use cuelight_core::auth::{AuthError, signed_address, token};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::units::Millis;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Golden {
    signing_keys: Value,
    verified_at_ms: Millis,
    minted: Vec<Minted>,
    foreign: Vec<Foreign>,
    addresses: Vec<Address>,
    webhooks: Vec<Webhook>,
    secret_keys: Vec<Secret>,
}

#[derive(Deserialize)]
struct Minted {
    name: String,
    tenant: String,
    random: String,
    now_ms: Millis,
    request: Value,
    token: String,
}

#[derive(Deserialize)]
struct Foreign {
    name: String,
    token: String,
    verdict: String,
}

#[derive(Deserialize)]
struct Address {
    key: CacheKey,
    expires_ms: Millis,
    address: String,
}

#[derive(Deserialize)]
struct Webhook {
    secret: String,
    id: String,
    timestamp: u64,
    body: String,
    signature: String,
}

#[derive(Deserialize)]
struct Secret {
    random: String,
    text: String,
    sha256: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/auth.json")).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

#[test]
fn a_token_is_written_this_way() {
    let golden = golden();
    let keys = SigningKeys::from_json(&golden.signing_keys.to_string()).unwrap();
    for row in golden.minted {
        let request = TokenRequest::read(&row.request).unwrap_or_else(|e| panic!("{}: {e:?}", row.name));
        let claims = request.claims(&row.tenant, bytes(&row.random), row.now_ms);
        assert_eq!(token::mint(&keys, &claims).unwrap(), row.token, "{}", row.name);
        assert_eq!(token::verify(&keys, &row.token, row.now_ms), Ok(claims), "{}", row.name);
    }
}

#[test]
fn a_token_made_elsewhere_is_judged_this_way() {
    let golden = golden();
    let keys = SigningKeys::from_json(&golden.signing_keys.to_string()).unwrap();
    for row in golden.foreign {
        let verdict = match token::verify(&keys, &row.token, golden.verified_at_ms) {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(verdict, row.verdict, "{}", row.name);
    }
}

#[test]
fn a_private_address_is_written_this_way() {
    let golden = golden();
    let keys = SigningKeys::from_json(&golden.signing_keys.to_string()).unwrap();
    for row in golden.addresses {
        assert_eq!(signed_address::sign(&keys, &row.key, row.expires_ms), row.address);
        let (_, query) = row.address.split_once('?').unwrap();
        let end = Millis(row.expires_ms.0 - 1);
        assert_eq!(signed_address::verify(&keys, &row.key, query, end), Err(AuthError::Expired));
        if end.0 > 0 {
            assert_eq!(signed_address::verify(&keys, &row.key, query, Millis(end.0 - 1)), Ok(()));
        }
    }
}

/// The first row is the example that the libraries of the Standard Webhooks specification share.
#[test]
fn a_delivery_is_signed_this_way() {
    for row in golden().webhooks {
        let secret = WebhookSecret::parse(&row.secret).unwrap();
        let now = Millis::seconds(row.timestamp);
        let headers =
            webhook::headers(std::slice::from_ref(&secret), &row.id, now, row.body.as_bytes()).unwrap();
        assert_eq!(headers.id, row.id);
        assert_eq!(headers.timestamp, row.timestamp.to_string());
        assert_eq!(headers.signature, row.signature);
        assert_eq!(webhook::verify(&secret, &headers, row.body.as_bytes(), now), Ok(()));
    }
}

#[test]
fn a_secret_key_is_written_and_stored_this_way() {
    for row in golden().secret_keys {
        let key = SecretKey::from_random(bytes(&row.random));
        assert_eq!((key.reveal(), key.sha256()), (row.text.as_str(), row.sha256.clone()));
        let ring = json!([{"id": "k1", "tenant": "demo", "sha256": row.sha256, "may": ["tokens"]}]);
        let ring = KeyRing::from_json(&ring.to_string()).unwrap();
        assert_eq!(ring.authenticate(&row.text, Millis(0)).unwrap().tenant, "demo");
    }
}
