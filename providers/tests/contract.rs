//! What every adapter owes its callers, as a suite that is run for each vendor: the same failure
//! means the same thing, nothing leaves the provider's origin, no answer upsets the reader, and no
//! text holds the key. A vendor joins by describing its answers in a [`Vendor`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cuelight_core::media::MAX_CLIP_BYTES;
use cuelight_core::operation::{ClipSpec, validate};
use cuelight_core::units::{MicroUsd, Millis};
use cuelight_providers::{Account, Cancelled, Output, Progress, ProviderError, adapter};
use http::{Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "contract/doubt.rs"]
mod doubt;
#[path = "contract/talk.rs"]
mod talk;

use talk::Talk;

use doubt::{
    a_cancel_says_whether_it_was_in_time, a_duplicate_of_an_order_is_that_order,
    a_key_is_looked_for_as_it_was_submitted, a_price_is_believed_up_to_a_thousand_dollars,
    an_answer_that_makes_no_sense_decides_nothing, an_order_is_found_again_by_its_key,
};

const KEY: &str = "a-key-nobody-may-see";
/// SHA-256 of `abc`, from FIPS 180-2, appendix B.1.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A vendor's answers, in its own wire format.
struct Vendor {
    name: &'static str,
    accepted: fn(id: &str) -> Value,
    running: fn(progress: f64) -> Value,
    succeeded: fn(url: &str, bytes: u64, sha256: &str) -> Value,
    failed: fn(code: &str, message: &str) -> Value,
    cancelled: fn() -> Value,
    /// An end of this name, `succeeded`, `failed` or `cancelled`, with this price on it.
    priced: fn(end: &str, cost: Value) -> Value,
    /// A listing of the operations with these ids.
    found: fn(ids: &[&str]) -> Value,
    /// 409 for a key that was used before, for the operation with this id, if it says.
    duplicate: fn(id: Option<&str>) -> Value,
    refusal: fn(code: &str, message: &str, field: Option<&str>) -> Value,
}

const STUDIO: Vendor = Vendor {
    name: "studio",
    accepted: |id| json!({"id": id, "status": "queued", "progress": 0, "estimate_ms": 2500}),
    running: |progress| json!({"id": "g1", "status": "running", "progress": progress, "estimate_ms": 900}),
    succeeded: |url, bytes, sha256| {
        json!({"id": "g1", "status": "succeeded", "progress": 1.0,
            "output": {"url": url, "content_type": "video/mp4", "bytes": bytes, "sha256": sha256}})
    },
    failed: |code, message| json!({"id": "g1", "status": "failed", "error": {"code": code, "message": message}}),
    cancelled: || json!({"id": "g1", "status": "cancelled", "progress": 0.3}),
    priced: |end, cost| {
        json!({"id": "g1", "status": end, "progress": 1.0, "cost_micro_usd": cost,
            "output": {"url": "/o/1", "content_type": "video/mp4", "bytes": 3, "sha256": ABC}})
    },
    found: |ids| {
        let views = ids.iter().map(|id| json!({"id": id, "status": "running", "estimate_ms": 2500}));
        json!({"generations": views.collect::<Vec<_>>()})
    },
    duplicate: |id| json!({"error": {"code": "duplicate", "message": "why", "id": id}}),
    refusal: |code, message, field| json!({"error": {"code": code, "message": message, "field": field}}),
};

fn account(base: &str, key: &str) -> Account {
    let (media, options) = (Vec::new(), std::collections::BTreeMap::new());
    Account { base: base.parse().unwrap(), key: key.into(), media, options }
}

fn at(vendor: &Vendor, base: &str) -> Talk {
    Talk::to(vendor.name, account(base, KEY)).unwrap()
}

fn of(vendor: &Vendor) -> Talk {
    at(vendor, "https://vendor.example:8443/api/")
}

fn spec(params: Value) -> ClipSpec {
    let operation = if params.get("state").is_some() { "state_clip" } else { "npc_response" };
    validate(&json!({"operation_type": operation, "params": params}), "n")
        .unwrap()
        .spec
        .clip()
        .unwrap()
        .clone()
}

fn answer(status: u16, body: impl ToString) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &str) -> &'a str {
    request.headers()[name].to_str().unwrap()
}

/// Every way in which the adapter reads one answer.
fn readings(adapter: &Talk, answer: &Response<Vec<u8>>) -> [Option<ProviderError>; 5] {
    let output = Output {
        url: "https://vendor.example:8443/o".into(),
        bytes: Some(3),
        sha256: Some(ABC.into()),
        ..Output::default()
    };
    [
        adapter.read_submit(answer).err(),
        adapter.read_poll(answer).err(),
        adapter.read_download(&output, answer).err(),
        adapter.read_find(answer).err(),
        adapter.read_cancel(answer).err(),
    ]
}

fn requests_present_the_key_to_the_vendor_alone(vendor: &Vendor) {
    let adapter = of(vendor);
    let output = Output { url: "/api/clip.mp4".into(), ..Output::default() };
    for request in [
        adapter.submit(&spec(json!({"character": "bolt", "state": "idle"})), "k.1.1").unwrap(),
        adapter.poll("g1").unwrap(),
        adapter.cancel("g1").unwrap(),
        adapter.download(&output).unwrap(),
        adapter.find("k.1.1").unwrap(),
    ] {
        assert!(request.uri().to_string().starts_with("https://vendor.example:8443/api/"), "{request:?}");
        assert!(header(&request, "authorization").contains(KEY));
        assert!(!format!("{request:?}").contains(KEY), "the key is shown when a request is logged");
    }
}

fn a_submission_is_told_apart_by_its_idempotency_key(vendor: &Vendor) {
    let spec = spec(json!({"character": "bolt", "state": "idle"}));
    let key = |given: &str| header(&of(vendor).submit(&spec, given).unwrap(), "idempotency-key").to_owned();
    assert_eq!(key("abc.1.2"), "abc.1.2");
    let long = "x".repeat(100);
    assert_eq!(key(&long), key(&long));
    assert_ne!(key(&long), key(&format!("{long}y")));
    assert!(key(&long).len() <= 64 && key("two\r\nlines").len() <= 64);
}

fn an_accepted_order_has_an_operation(vendor: &Vendor) {
    for status in [200, 202] {
        let accepted = of(vendor).read_submit(&answer(status, (vendor.accepted)("gen_A-1"))).unwrap();
        assert_eq!(accepted.operation_id, "gen_A-1");
        assert_eq!(accepted.estimate_ms, Some(Millis(2500)));
    }
}

fn an_id_that_could_lead_elsewhere_is_refused(vendor: &Vendor) {
    let adapter = of(vendor);
    for id in ["", "..", "a/b", "a?b", "a b", "ä", "a\n", "%2e%2e", &"a".repeat(65)] {
        // It has the order, so none of these says that it was not taken.
        let read = adapter.read_submit(&answer(202, (vendor.accepted)(id)));
        assert!(matches!(read, Err(ProviderError::Unanswered(_))), "{id:?}");
        let read = adapter.read_submit(&answer(409, (vendor.duplicate)(Some(id))));
        assert!(matches!(read, Err(ProviderError::Unanswered(_))), "{id:?}");
        let read = adapter.read_find(&answer(200, (vendor.found)(&[id])));
        assert!(matches!(read, Err(ProviderError::Unanswered(_))), "{id:?}");
        assert!(matches!(adapter.poll(id), Err(ProviderError::Fatal(_))), "{id:?}");
        assert!(matches!(adapter.cancel(id), Err(ProviderError::Fatal(_))), "{id:?}");
    }
}

fn progress_lies_between_nothing_and_all(vendor: &Vendor) {
    for (said, read) in [(-3.0, 0.0), (0.25, 0.25), (7.0, 1.0)] {
        let Ok(Progress::Running { progress, .. }) =
            of(vendor).read_poll(&answer(200, (vendor.running)(said)))
        else {
            panic!("{said} is not read as running")
        };
        assert!((progress - read).abs() < f32::EPSILON, "{said} was read as {progress}");
    }
}

fn a_finished_clip_is_fetched_from_the_vendor_alone(vendor: &Vendor) {
    let adapter = of(vendor);
    let read = |url: &str| adapter.read_poll(&answer(200, (vendor.succeeded)(url, 3, ABC)));
    for own in ["/o/1", "https://vendor.example:8443/o/1", "//vendor.example:8443/o/1"] {
        let Ok(Progress::Succeeded(output)) = read(own) else { panic!("{own} is refused") };
        let request = adapter.download(&output).unwrap();
        assert_eq!(request.uri().to_string(), "https://vendor.example:8443/o/1", "{own}");
    }
    for foreign in [
        "https://evil.example/o/1",
        "//evil.example/o",
        "http://vendor.example:8443/o",
        "https://vendor.example/o",
        "https://vendor.example:8443@evil.example/",
        "https://me:too@vendor.example:8443/o",
        "\\\\evil.example/o",
        "data:video/mp4;base64,AA==",
        "file:///etc/hosts",
        "javascript:0",
    ] {
        assert!(matches!(read(foreign), Err(ProviderError::Fatal(_))), "{foreign}");
        assert!(foreign.parse::<url::Url>().is_err() || !adapter.may_ask(foreign), "{foreign}");
        let output = Output { url: foreign.into(), ..Output::default() };
        assert!(matches!(adapter.download(&output), Err(ProviderError::Fatal(_))), "{foreign}");
    }
}

fn only_the_declared_bytes_are_the_clip(vendor: &Vendor) {
    let adapter = of(vendor);
    let Ok(Progress::Succeeded(output)) =
        adapter.read_poll(&answer(200, (vendor.succeeded)("/o", 3, &ABC.to_uppercase())))
    else {
        panic!("the output is refused")
    };
    assert_eq!(adapter.read_download(&output, &answer(200, "abc")).unwrap(), b"abc");
    for (status, body) in [(200, "ab"), (200, "abcd"), (200, "abd"), (200, ""), (206, "abc"), (204, "")] {
        let read = adapter.read_download(&output, &answer(status, body));
        assert!(matches!(read, Err(ProviderError::BadMedia(_))), "{status} {body:?}");
    }
    let undeclared = Output { bytes: None, sha256: None, ..output };
    assert!(adapter.read_download(&undeclared, &answer(200, "anything")).is_ok());
    let huge = Response::new(vec![0; MAX_CLIP_BYTES + 1]);
    assert!(matches!(adapter.read_download(&undeclared, &huge), Err(ProviderError::BadMedia(_))));
}

fn a_clip_that_cannot_be_checked_is_not_fetched(vendor: &Vendor) {
    for (bytes, sha256) in [(MAX_CLIP_BYTES as u64 + 1, ABC), (u64::MAX, ABC), (3, "abc"), (3, "")] {
        let read = of(vendor).read_poll(&answer(200, (vendor.succeeded)("/o", bytes, sha256)));
        assert!(matches!(read, Err(ProviderError::BadMedia(_))), "{bytes} {sha256}");
    }
}

fn the_end_of_an_operation_is_classified(vendor: &Vendor) {
    let read = |body: Value| of(vendor).read_poll(&answer(200, body)).unwrap_err();
    let message = || "why".to_owned();
    assert_eq!(
        read((vendor.failed)("content_refused", "why")),
        ProviderError::ContentRefused { message: message() }
    );
    assert_eq!(
        read((vendor.failed)("invalid", "why")),
        ProviderError::Invalid { field: None, message: message() }
    );
    assert!(matches!(read((vendor.failed)("unavailable", "why")), ProviderError::Failed(_)));
    assert_eq!(read((vendor.cancelled)()), ProviderError::Lost);
    for status in [404, 410] {
        assert_eq!(of(vendor).read_poll(&answer(status, "{}")).unwrap_err(), ProviderError::Lost);
    }
}

fn a_refusal_is_classified_alike_wherever_it_comes(vendor: &Vendor) {
    let adapter = of(vendor);
    let all = |status: u16, body: &Value| readings(&adapter, &answer(status, body)).map(Option::unwrap);
    let why = "why".to_owned();
    let invalid = ProviderError::Invalid { field: Some("prompt".into()), message: why.clone() };
    for error in all(422, &(vendor.refusal)("invalid", "why", Some("prompt"))) {
        assert_eq!(error, invalid);
    }
    for error in all(422, &(vendor.refusal)("content_refused", "why", None)) {
        assert_eq!(error, ProviderError::ContentRefused { message: why.clone() });
    }
    for status in [301, 302, 401, 403, 405, 409, 413] {
        for error in all(status, &(vendor.refusal)("any", "why", None)) {
            assert!(matches!(error, ProviderError::Fatal(_)), "{status}: {error:?}");
        }
    }
    for status in [408, 500, 503, 521, 599] {
        for error in all(status, &(vendor.refusal)("any", "why", None)) {
            assert!(matches!(error, ProviderError::Transient(_)), "{status}: {error:?}");
        }
    }
    // A gateway does not know what became of the request, whatever its page says.
    for status in [502, 504, 520, 522, 524] {
        for body in [(vendor.refusal)("any", "why", None), (vendor.accepted)("g1"), json!("<html>")] {
            for error in all(status, &body) {
                assert!(matches!(error, ProviderError::Unanswered(_)), "{status}: {error:?}");
            }
        }
    }
}

fn the_wait_that_was_asked_for_is_kept_up_to_an_hour(vendor: &Vendor) {
    for (said, wait) in [
        (Some("0"), Some(Millis(0))),
        (Some("7"), Some(Millis::seconds(7))),
        (Some("86400"), Some(Millis::seconds(3600))),
        (Some("99999999999999999999999"), Some(Millis::seconds(3600))),
        (Some("-1"), None),
        (Some("soon"), None),
        (Some(""), None),
        (None, None),
    ] {
        let mut throttled = answer(429, "{}");
        if let Some(said) = said {
            throttled.headers_mut().insert("retry-after", said.parse().unwrap());
        }
        for error in readings(&of(vendor), &throttled) {
            assert_eq!(error, Some(ProviderError::Throttled { retry_after: wait }), "{said:?}");
        }
    }
}

fn a_providers_words_are_short_plain_and_without_the_key(vendor: &Vendor) {
    // The key as it is, with a character inside that is dropped later, and where the cut would be.
    let (head, tail) = KEY.split_at(5);
    let words = format!("\u{1b}[31m\u{202e}{KEY} {head}\0{tail}{}{KEY}{}", "x".repeat(180), "y".repeat(999));
    for body in [(vendor.refusal)("invalid", &words, Some(&words)), (vendor.failed)("other", &words)] {
        for status in [200, 400, 401, 403, 409, 418, 422, 500] {
            let all = readings(&of(vendor), &answer(status, &body));
            for error in all.into_iter().flatten() {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains(KEY) && !shown.contains("nobody-may"), "{shown}");
                assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
                assert!(error.to_string().chars().count() <= 450, "{shown}");
                if let ProviderError::Invalid { field, message } = error {
                    assert!(message.chars().count() <= 200);
                    assert!(field.is_none_or(|field| field.chars().count() <= 200));
                }
            }
        }
    }
}

fn a_key_that_cannot_be_sent_is_not_told(vendor: &Vendor) {
    let account = account("https://vendor.example", &format!("{KEY}\r\nX: y"));
    let error = Talk::to(vendor.name, account).unwrap().poll("g1").unwrap_err();
    assert!(matches!(error, ProviderError::Fatal(_)) && !error.to_string().contains(KEY));
}

/// Runs the suite for a vendor, a test for each sentence.
macro_rules! contract {
    ($module:ident, $vendor:expr; $($sentence:ident)*) => {
        mod $module {
            $(#[test]
            fn $sentence() {
                super::$sentence(&$vendor);
            })*
        }
    };
}

contract! { studio, super::STUDIO;
    requests_present_the_key_to_the_vendor_alone
    a_submission_is_told_apart_by_its_idempotency_key
    an_accepted_order_has_an_operation
    an_id_that_could_lead_elsewhere_is_refused
    progress_lies_between_nothing_and_all
    a_finished_clip_is_fetched_from_the_vendor_alone
    only_the_declared_bytes_are_the_clip
    a_clip_that_cannot_be_checked_is_not_fetched
    the_end_of_an_operation_is_classified
    a_refusal_is_classified_alike_wherever_it_comes
    the_wait_that_was_asked_for_is_kept_up_to_an_hour
    a_providers_words_are_short_plain_and_without_the_key
    a_key_that_cannot_be_sent_is_not_told
    a_cancel_says_whether_it_was_in_time
    a_duplicate_of_an_order_is_that_order
    a_key_is_looked_for_as_it_was_submitted
    a_price_is_believed_up_to_a_thousand_dollars
    an_answer_that_makes_no_sense_decides_nothing
    an_order_is_found_again_by_its_key
}

#[test]
fn every_provider_of_the_catalogue_has_an_adapter_and_no_other_name_has() {
    let account = || account("https://vendor.example", KEY);
    for model in &cuelight_core::catalog::models().models {
        assert!(adapter(&model.provider, account()).is_some(), "{}", model.provider);
    }
    assert!(adapter("nobody", account()).is_none());
}

#[test]
fn the_studio_is_sent_exactly_what_it_reads() {
    let request =
        of(&STUDIO).submit(&spec(json!({"character": "bolt", "state": "talking"})), "k.1.1").unwrap();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri().to_string(), "https://vendor.example:8443/api/v1/generations");
    assert_eq!(header(&request, "authorization"), format!("Bearer {KEY}"));
    assert_eq!(header(&request, "content-type"), "application/json");
    let mut body: Value = serde_json::from_slice(request.body()).unwrap();
    assert!(body["prompt"].take().as_str().is_some_and(|prompt| prompt.contains("speaking")));
    assert_eq!(
        body,
        json!({
            "model": "studio-character-1",
            "character": {"id": "bolt", "version": 1, "seed": 11, "look": {"body": "robot",
                "primary": "#4f7cff", "secondary": "#1d2b64", "accent": "#ffd166", "backdrop": "#e8eeff"}},
            "cue": {"state": "talking"}, "prompt": null, "negative_prompt": "", "width": 512, "height": 512,
            "fps": 12, "steps": 8, "cfg": 3.0, "duration_ms": 3000, "seed": 11
        })
    );
    let params = json!({"npc_id": "miso", "expression": "pleased", "emotion": "happy", "animation": "giggle",
        "intensity": 0.7});
    let request = of(&STUDIO).submit(&spec(params), "k.1.1").unwrap();
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body["cue"],
        json!({"expression": "pleased", "emotion": "happy", "animation": "giggle", "intensity": 0.7})
    );
}

#[test]
fn the_studio_is_asked_below_its_address_however_that_ends() {
    for (base, url) in [
        ("http://127.0.0.1:8788", "http://127.0.0.1:8788/v1/generations/g1"),
        ("http://127.0.0.1:8788/", "http://127.0.0.1:8788/v1/generations/g1"),
        ("https://vendor.example/a?b=c#d", "https://vendor.example/a/v1/generations/g1"),
    ] {
        let adapter = at(&STUDIO, base);
        assert_eq!(adapter.poll("g1").unwrap().uri().to_string(), url);
        let cancel = adapter.cancel("g1").unwrap();
        assert_eq!((cancel.method().as_str(), cancel.uri().to_string().as_str()), ("DELETE", url));
        let find = adapter.find("k.1.1").unwrap();
        let all = url.trim_end_matches("/g1");
        assert_eq!(find.method(), "GET");
        assert_eq!(find.uri().to_string(), format!("{all}?idempotency_key=k.1.1"));
    }
    assert!(matches!(at(&STUDIO, "mailto:a@b.example").poll("g1"), Err(ProviderError::Fatal(_))));
}

/// JSON of the words the protocol uses, in places where they may or may not belong.
fn near_misses() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just(json!("succeeded")),
        Just(json!("failed")),
        Just(json!("running")),
        Just(json!("cancelled")),
        Just(json!("duplicate")),
        Just(json!("gen_A-1")),
        Just(json!(null)),
        Just(json!(KEY)),
        Just(json!("../..")),
        Just(json!(u64::MAX)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<i64>().prop_map(|n| json!(n)),
        ".{0,40}".prop_map(|text| json!(text)),
    ];
    let names =
        ["id", "status", "progress", "estimate_ms", "output", "url", "bytes", "sha256", "error", "code"];
    let more = ["message", "field", "generations", "cost_micro_usd"];
    let name = proptest::sample::select([names.as_slice(), more.as_slice()].concat());
    word.prop_recursive(3, 24, 6, move |inner| {
        proptest::collection::btree_map(name.clone(), inner, 0..8).prop_map(|map| json!(map))
    })
    .prop_map(|value| value.to_string())
}

proptest! {
    #[test]
    fn no_answer_upsets_an_adapter_or_makes_it_tell_the_key(
        status in 100u16..1000,
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            near_misses().prop_map(String::into_bytes),
        ],
        retry in proptest::collection::vec(any::<u8>(), 0..30),
        url in ".{0,60}",
        id in ".{0,70}",
    ) {
        for vendor in [STUDIO] {
            let adapter = of(&vendor);
            let mut answer = Response::builder().status(status).body(body.clone()).unwrap();
            if let Ok(value) = http::HeaderValue::from_bytes(&retry) {
                answer.headers_mut().insert("retry-after", value);
            }
            for error in readings(&adapter, &answer).into_iter().flatten() {
                let shown = format!("{error:?}");
                prop_assert!(!shown.contains(KEY));
            }
            if let Ok(Progress::Running { progress, .. }) = adapter.read_poll(&answer) {
                prop_assert!((0.0..=1.0).contains(&progress));
            }
            let accepted = [adapter.read_submit(&answer).ok(), adapter.read_find(&answer).ok().flatten()];
            for accepted in accepted.into_iter().flatten() {
                prop_assert!(adapter.poll(&accepted.operation_id).is_ok());
            }
            let most = MicroUsd(1_000_000_000);
            if let Ok(Cancelled::Charged(Some(cost))) = adapter.read_cancel(&answer) {
                prop_assert!(cost <= most);
            }
            if let Ok(Progress::Succeeded(output)) = adapter.read_poll(&answer) {
                prop_assert!(output.cost_micro_usd.is_none_or(|cost| cost <= most));
            }
            let origin = "https://vendor.example:8443/";
            for asked in [
                adapter.poll(&id),
                adapter.cancel(&id),
                adapter.download(&Output { url: url.clone(), ..Output::default() }),
                adapter.find(&id),
            ].into_iter().flatten() {
                prop_assert!(asked.uri().to_string().starts_with(origin));
            }
        }
    }
}
