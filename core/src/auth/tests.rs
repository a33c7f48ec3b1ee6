//! What tokens, private addresses and webhooks promise, whatever is presented.

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::AuthError;
use super::claims::Claims;
use super::signing_keys::SigningKeys;
use super::token::{self, CLOCK_SKEW, MAX_TOKEN_BYTES};
use super::token_request::TokenRequest;
use super::{signed_address, webhook};
use crate::cache_key::CacheKey;
use crate::operation::{ValidJob, validate};
use crate::problem::{Code, FieldCode, Problem};
use crate::units::Millis;

const NOW: Millis = Millis::seconds(1_795_000_000);

fn keys(kids: &[(&str, u8)]) -> SigningKeys {
    let secret = |byte: u8| BASE64URL_NOPAD.encode(&[byte; 32]);
    let list: Vec<Value> =
        kids.iter().map(|(kid, byte)| json!({"kid": kid, "secret": secret(*byte)})).collect();
    SigningKeys::from_json(&json!(list).to_string()).unwrap()
}

fn request() -> Value {
    json!({"origins": ["https://shop.example"], "budget_micro_usd": 500_000})
}

fn claims(body: &Value) -> Claims {
    TokenRequest::read(body).unwrap_or_else(|e| panic!("{body}: {e:?}")).claims("demo", [7; 16], NOW)
}

/// The claims of a token for everything, with `changes`.
fn claims_with(changes: Value) -> Claims {
    let mut body = request();
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims(&body)
}

fn key() -> CacheKey {
    CacheKey::parse("abcdefghijklmnopqrstuvwxyz234567").unwrap()
}

fn query(address: &str) -> &str {
    address.split_once('?').unwrap().1
}

fn state(character: &str, state: &str) -> ValidJob {
    let params = json!({"character": character, "state": state});
    validate(&json!({"operation_type": "state_clip", "params": params}), "n").unwrap()
}

fn reaction(npc: &str, expression: &str, intensity: f64) -> ValidJob {
    let params =
        json!({"npc_id": npc, "expression": expression, "animation": "giggle", "intensity": intensity});
    validate(&json!({"operation_type": "npc_response", "params": params}), "n").unwrap()
}

/// The pointers of what the token does not cover.
fn beyond(claims: &Claims, job: &ValidJob) -> Vec<String> {
    match claims.permits(job) {
        Ok(()) => Vec::new(),
        Err(AuthError::NotCovered(errors)) => errors.into_iter().map(|e| e.pointer).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

/// `text` with the character at `at`, counted round, replaced; `None` where that changes nothing.
fn altered(text: &str, at: usize, to: &str) -> Option<String> {
    let at = at % text.len();
    let mut altered = text.to_owned();
    altered.replace_range(at..=at, to);
    (altered != text).then_some(altered)
}

proptest! {
    #[test]
    fn a_token_with_any_character_altered_is_refused(at: usize, to in "[ -~]|é") {
        let keys = keys(&[("a", 1), ("b", 2)]);
        let token = token::mint(&keys, &claims(&request())).unwrap();
        prop_assert!(token::verify(&keys, &token, NOW).is_ok());
        if let Some(altered) = altered(&token, at, &to) {
            prop_assert!(token::verify(&keys, &altered, NOW).is_err(), "{}", altered);
        }
    }

    #[test]
    fn any_text_is_a_token_or_refused(text in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}|\\PC{0,80}") {
        prop_assert!(token::verify(&keys(&[("a", 1)]), &text, NOW).is_err());
    }

    #[test]
    fn any_signed_bytes_that_are_no_claims_are_refused(
        claims in prop::collection::vec(any::<u8>(), 0..80), text in "[\\[{\\PC]{0,60}"
    ) {
        let keys = keys(&[("a", 1)]);
        for payload in [claims.as_slice(), text.as_bytes()] {
            let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT","kid":"a"}"#);
            let signed = format!("{header}.{}", BASE64URL_NOPAD.encode(payload));
            let tag = BASE64URL_NOPAD.encode(&keys.first.token.tag(&[signed.as_bytes()]));
            prop_assert_eq!(token::verify(&keys, &format!("{signed}.{tag}"), NOW), Err(AuthError::Malformed));
        }
    }

    #[test]
    fn a_token_lives_from_its_issue_to_its_end(ttl in 60u64..=86_400, away in 0u64..200_000_000) {
        let keys = keys(&[("a", 1)]);
        let claims = claims_with(json!({"ttl_s": ttl}));
        let token = token::mint(&keys, &claims).unwrap();
        let later = NOW + Millis(away);
        let lives = away < ttl * 1_000 + CLOCK_SKEW.0;
        let verdict = if lives { Ok(claims.clone()) } else { Err(AuthError::Expired) };
        prop_assert_eq!(token::verify(&keys, &token, later), verdict);
        let earlier = Millis(NOW.0 - away);
        let lives = away <= CLOCK_SKEW.0;
        let verdict = if lives { Ok(claims) } else { Err(AuthError::NotYetValid) };
        prop_assert_eq!(token::verify(&keys, &token, earlier), verdict);
    }

    #[test]
    fn a_private_address_with_any_character_altered_is_refused(at: usize, to in "[ -~]|é") {
        let keys = keys(&[("a", 1)]);
        let address = signed_address::sign(&keys, &key(), NOW + Millis(60_000));
        let query = query(&address);
        prop_assert_eq!(signed_address::verify(&keys, &key(), query, NOW), Ok(()));
        if let Some(altered) = altered(query, at, &to) {
            prop_assert!(signed_address::verify(&keys, &key(), &altered, NOW).is_err(), "{}", altered);
        }
        let other = altered(key().as_str(), at, "a").and_then(|text| CacheKey::parse(&text));
        if let Some(other) = other {
            prop_assert_eq!(signed_address::verify(&keys, &other, query, NOW), Err(AuthError::BadSignature));
        }
    }

    #[test]
    fn any_query_is_an_address_or_refused(query in "(expires=)?[0-9+-]{0,25}(&signature=)?\\PC{0,60}") {
        prop_assert!(signed_address::verify(&keys(&[("a", 1)]), &key(), &query, NOW).is_err());
    }

    #[test]
    fn any_body_is_a_token_request_or_every_fault_has_a_pointer(text in "\\PC{0,40}", number: i64, real: f64) {
        let values = [
            json!(text), json!(number), json!(real), json!(null), json!([text]),
            json!([{"expression": text}]), json!({"count": number}),
        ];
        for member in [
            "origins", "characters", "cues", "budget_micro_usd", "ttl_s", "requests", "private", "player", "other",
        ] {
            for value in &values {
                let mut body = request();
                body[member] = value.clone();
                match TokenRequest::read(&body) {
                    Ok(request) => {
                        let claims = request.claims("demo", [0; 16], NOW);
                        prop_assert!(token::mint(&keys(&[("a", 1)]), &claims).is_ok());
                    }
                    Err(errors) => {
                        let here = format!("/{member}");
                        prop_assert!(errors.iter().all(|e| e.pointer.starts_with(&here)), "{:?}", errors);
                    }
                }
            }
        }
    }

    #[test]
    fn a_delivery_altered_anywhere_is_refused(at: usize, to in "[ -~]", body in "[ -~]{1,60}") {
        let secret = webhook::WebhookSecret::parse(&format!("whsec_{}", "A".repeat(32))).unwrap();
        let headers = webhook::headers(std::slice::from_ref(&secret), "msg_1", NOW, body.as_bytes()).unwrap();
        prop_assert_eq!(webhook::verify(&secret, &headers, body.as_bytes(), NOW), Ok(()));
        if let Some(other) = altered(&body, at, &to) {
            prop_assert!(webhook::verify(&secret, &headers, other.as_bytes(), NOW).is_err());
        }
        for (which, text) in [&headers.id, &headers.timestamp, &headers.signature].into_iter().enumerate() {
            let Some(changed) = altered(text, at, &to) else { continue };
            let mut other = headers.clone();
            *[&mut other.id, &mut other.timestamp, &mut other.signature][which] = changed;
            prop_assert!(webhook::verify(&secret, &other, body.as_bytes(), NOW).is_err(), "{:?}", other);
        }
    }
}

#[test]
fn a_secret_is_replaced_without_a_token_or_address_failing_and_then_retired() {
    let (before, during, after) = (keys(&[("old", 1)]), keys(&[("new", 2), ("old", 1)]), keys(&[("new", 2)]));
    let token = token::mint(&before, &claims(&request())).unwrap();
    let address = signed_address::sign(&before, &key(), NOW + Millis(60_000));
    assert!(token::verify(&during, &token, NOW).is_ok());
    assert_eq!(signed_address::verify(&during, &key(), query(&address), NOW), Ok(()));
    assert_eq!(token::verify(&after, &token, NOW), Err(AuthError::BadSignature));
    assert_eq!(signed_address::verify(&after, &key(), query(&address), NOW), Err(AuthError::BadSignature));
    let token = token::mint(&during, &claims(&request())).unwrap();
    assert!(token::verify(&after, &token, NOW).is_ok(), "the first one signs");
    assert_eq!(token::verify(&before, &token, NOW), Err(AuthError::BadSignature));
}

#[test]
fn a_token_is_no_signature_of_an_address() {
    let keys = keys(&[("a", 1)]);
    let signed = format!("{}.{}", key(), 1_800_000_000);
    let tag = BASE64URL_NOPAD.encode(&keys.first.token.tag(&[signed.as_bytes()]));
    let forged = format!("expires=1800000000&signature={tag}");
    assert_eq!(signed_address::verify(&keys, &key(), &forged, NOW), Err(AuthError::BadSignature));
}

#[test]
fn a_token_too_long_is_neither_issued_nor_read() {
    let keys = keys(&[("a", 1)]);
    let origins: Vec<String> =
        (0..32).map(|n| format!("https://{}.{}.example", "a".repeat(50 + n % 2), "b".repeat(60))).collect();
    let mut body = request();
    body["origins"] = json!(origins);
    assert_eq!(token::mint(&keys, &claims(&body)), Err(AuthError::TokenTooLarge));
    assert_eq!(Problem::from(AuthError::TokenTooLarge).status, 422);
    body["origins"] = json!(origins[..16]);
    let token = token::mint(&keys, &claims(&body)).unwrap();
    assert!(token.len() > MAX_TOKEN_BYTES / 2);
    let long = "a".repeat(MAX_TOKEN_BYTES + 1);
    assert_eq!(token::verify(&keys, &long, NOW), Err(AuthError::Malformed));
}

#[test]
fn a_page_of_another_origin_may_not_use_the_token() {
    let claims = claims_with(json!({"origins": ["https://shop.example", "http://localhost:5173"]}));
    assert!(claims.permits_origin(Some("https://shop.example")));
    assert!(claims.permits_origin(Some("http://localhost:5173")));
    for origin in [
        None,
        Some(""),
        Some("null"),
        Some("http://shop.example"),
        Some("https://shop.example:8443"),
        Some("https://shop.example.evil.example"),
        Some("https://evil.shop.example"),
        Some("https://SHOP.example"),
        Some("https://shop.example/"),
    ] {
        assert!(!claims.permits_origin(origin), "{origin:?}");
    }
}

#[test]
fn a_token_that_names_nothing_is_for_everything() {
    let claims = claims(&request());
    assert!(beyond(&claims, &state("bolt", "idle")).is_empty());
    assert!(beyond(&claims, &reaction("barkeep", "pleased", 1.0)).is_empty());
}

#[test]
fn a_clip_of_another_character_or_state_is_refused_with_both_pointers() {
    let claims = claims_with(json!({"characters": ["bolt"], "cues": ["idle", {"expression": "pleased"}]}));
    assert!(beyond(&claims, &state("bolt", "idle")).is_empty());
    assert_eq!(beyond(&claims, &state("bolt", "talking")), ["/params/state"]);
    assert_eq!(beyond(&claims, &reaction("barkeep", "angry", 0.5)), ["/params/npc_id", "/params"]);
    let job = validate(
        &json!({"operation_type": "state_clip", "params": {"state": "talking", "character": {
            "id": "stranger", "look": {"body": "cat", "primary": "#000000", "secondary": "#000000",
            "accent": "#000000", "backdrop": "#000000"}}}}),
        "n",
    );
    assert_eq!(beyond(&claims, &job.unwrap()), ["/params/character", "/params/state"]);
    let refused = Problem::from(AuthError::NotCovered(Vec::new()));
    assert_eq!((refused.code, refused.status), (Code::Forbidden, 403));
}

#[test]
fn a_reaction_is_permitted_up_to_its_intensity() {
    let claims = claims_with(json!({"cues": [
        {"expression": "pleased", "max_intensity": 0.3},
        {"expression": "PLEASED", "animation": "giggle", "max_intensity": 0.7},
        {"expression": "angry", "animation": "shrug"},
    ]}));
    assert!(beyond(&claims, &reaction("barkeep", "pleased", 0.7)).is_empty());
    assert_eq!(beyond(&claims, &reaction("barkeep", "pleased", 0.8)), ["/params/intensity"]);
    assert_eq!(beyond(&claims, &reaction("barkeep", "angry", 0.1)), ["/params"]);
    assert_eq!(beyond(&claims, &state("bolt", "idle")), ["/params/state"]);
    let any = claims_with(json!({"cues": [{}]}));
    assert!(beyond(&any, &reaction("barkeep", "angry", 1.0)).is_empty());
    assert_eq!(beyond(&any, &state("bolt", "idle")), ["/params/state"]);
}

#[test]
fn a_token_for_a_player_is_for_no_other() {
    let claims = claims_with(json!({"player": "ada"}));
    let of = |player: &str| {
        let body = json!({"operation_type": "state_clip", "strategy": "per_player",
            "player_context": {"player_id": player}, "params": {"character": "bolt", "state": "idle"}});
        validate(&body, "n").unwrap()
    };
    assert!(beyond(&claims, &of("ada")).is_empty());
    assert_eq!(beyond(&claims, &of("eve")), ["/player_context/player_id"]);
    assert!(beyond(&claims, &state("bolt", "idle")).is_empty(), "a shared clip is nobody's");
    let anybody = self::claims(&request());
    assert!(beyond(&anybody, &of("eve")).is_empty());
}

#[test]
fn every_wrong_field_of_a_token_request_is_reported_at_once() {
    use FieldCode::*;
    let body = json!({
        "origins": ["https://shop.example/", 7],
        "characters": [],
        "cues": ["flying", {"expression": 3, "mood": "x"}, 9],
        "ttl_s": 59,
        "requests": {"count": 0},
        "private": "yes",
        "player": "",
        "prompt": "anything",
    });
    let errors = TokenRequest::read(&body).unwrap_err();
    let mut found: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.code)).collect();
    found.sort_by_key(|(pointer, _)| *pointer);
    assert_eq!(
        found,
        [
            ("/budget_micro_usd", Required),
            ("/characters", OutOfRange),
            ("/cues/0", UnknownValue),
            ("/cues/1/expression", WrongType),
            ("/cues/1/mood", UnknownField),
            ("/cues/2", WrongType),
            ("/origins/0", BadFormat),
            ("/origins/1", WrongType),
            ("/player", OutOfRange),
            ("/private", WrongType),
            ("/prompt", UnknownField),
            ("/requests/count", OutOfRange),
            ("/requests/window_s", Required),
            ("/ttl_s", OutOfRange),
        ]
    );
    let missing = TokenRequest::read(&json!({})).unwrap_err();
    assert_eq!(missing.len(), 2);
    let many = |count: usize| vec!["https://shop.example"; count];
    let with = |origins: Vec<&str>| TokenRequest::read(&json!({"origins": origins, "budget_micro_usd": 1}));
    assert!(with(many(32)).is_ok());
    assert_eq!(with(many(33)).unwrap_err()[0].code, OutOfRange);
    assert_eq!(with(many(0)).unwrap_err()[0].code, OutOfRange);
}

#[test]
fn a_caller_is_told_what_to_do_and_nothing_of_what_it_sent() {
    for (error, code) in [
        (AuthError::Malformed, Code::Unauthorized),
        (AuthError::UnknownKey, Code::Unauthorized),
        (AuthError::KeyExpired, Code::Unauthorized),
        (AuthError::BadSignature, Code::Unauthorized),
        (AuthError::NotYetValid, Code::Unauthorized),
        (AuthError::Expired, Code::TokenExpired),
    ] {
        let problem = Problem::from(error);
        assert_eq!((problem.code, problem.status), (code, 401));
        assert!(problem.detail.ends_with('.'));
    }
}

#[test]
fn a_delivery_is_trusted_for_five_minutes_either_way() {
    let secret = webhook::WebhookSecret::parse(&format!("whsec_{}", "A".repeat(32))).unwrap();
    let headers = webhook::headers(std::slice::from_ref(&secret), "msg_1", NOW, b"{}").unwrap();
    let at = |now: u64| webhook::verify(&secret, &headers, b"{}", Millis(now));
    for off in [0, 300_000] {
        assert_eq!((at(NOW.0 + off), at(NOW.0 - off)), (Ok(()), Ok(())));
    }
    let late = Err(webhook::WebhookError::OutsideTolerance);
    assert_eq!((at(NOW.0 + 300_001), at(NOW.0 - 300_001)), (late, late));
}

#[test]
fn a_delivery_is_trusted_under_either_secret_while_one_replaces_the_other() {
    let secret = |c: &str| webhook::WebhookSecret::parse(&format!("whsec_{}", c.repeat(32))).unwrap();
    let (old, new, other) = (secret("A"), secret("B"), secret("C"));
    let headers = webhook::headers(&[old.clone(), new.clone()], "msg_1", NOW, b"{}").unwrap();
    assert_eq!(headers.signature.split(' ').count(), 2);
    for (secret, verdict) in [(old, Ok(())), (new, Ok(())), (other, Err(webhook::WebhookError::BadSignature))]
    {
        assert_eq!(webhook::verify(&secret, &headers, b"{}", NOW), verdict);
    }
}

#[test]
fn a_delivery_with_an_ambiguous_id_is_not_signed() {
    let long = "a".repeat(129);
    for id in ["", "a.b", "a b", "é", &long] {
        assert_eq!(webhook::headers(&[], id, NOW, b""), Err(webhook::WebhookError::BadId), "{id}");
    }
    for secret in ["", "whsec_", "whsec_AAAA", "AAAA", "whsec_%%", &format!("whsec_{}", "A".repeat(88))] {
        assert!(webhook::WebhookSecret::parse(secret).is_none(), "{secret}");
    }
}
