//! What a provider answers, broken or taken over: it is classified, bounded, leads nowhere else,
//! and no word of it holds the account's key.

use std::collections::BTreeMap;

use cuelight_core::catalog;
use cuelight_core::media::MAX_CLIP_BYTES;
use cuelight_core::operation::validate;
use cuelight_core::units::Millis;
use cuelight_providers::{
    Accepted, Account, Adapter, Answer, Brief, Output, Progress, ProviderError, Step, Submission, Turn,
    adapter,
};
use data_encoding::HEXLOWER;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

const KEY: &str = "k3y-nobody-may-see";
const BASE: &str = "https://vendor.example:8443/api/";
/// The longest wait that a provider may ask for.
const MAX_WAIT: Millis = Millis::seconds(3_600);

/// Lines: the status, `Retry-After`, then the body; `$KEY` in it is the account's key.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let status = std::str::from_utf8(part()).ok().and_then(|text| text.trim().parse().ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    let wait = part().to_vec();
    let body = with_key(part());
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    if let Some(wait) = (!wait.is_empty()).then(|| wait.try_into().ok()).flatten() {
        answer.headers_mut().insert(RETRY_AFTER, wait);
    }
    let (media, options) = (Vec::new(), BTreeMap::new());
    let account = Account { base: Url::parse(BASE).unwrap(), key: KEY.into(), media, options };
    read(&*adapter("studio", account).unwrap(), answer);
}

fn with_key(body: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = match std::str::from_utf8(body) {
        Ok(text) => text.split("$KEY").map(str::as_bytes).collect(),
        Err(_) => vec![body],
    };
    parts.join(KEY.as_bytes())
}

/// What comes of a conversation of one question.
fn told<T: std::fmt::Debug>(step: Result<Step<T>, ProviderError>) -> Result<T, ProviderError> {
    match step? {
        Step::Done(done) => Ok(done),
        Step::Ask(ask) => panic!("{ask:?} is one question more"),
    }
}

/// Where a conversation that has not begun asks.
fn address<T: std::fmt::Debug>(step: Result<Step<T>, ProviderError>) -> Url {
    match step {
        Ok(Step::Ask(ask)) => Url::parse(&ask.request.uri().to_string()).unwrap(),
        other => panic!("nothing is asked: {other:?}"),
    }
}

const fn first() -> Turn<'static> {
    Turn { now: Millis(0), heard: &[] }
}

fn submit(adapter: &dyn Adapter, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
    let params = json!({"character": "bolt", "state": "idle"});
    let spec = validate(&json!({"operation_type": "state_clip", "params": params}), "n").unwrap().spec;
    let (order, model) = (spec.order(), catalog::models().model(spec.model()).unwrap());
    let brief = Brief { order: &order, clip: spec.clip(), model, materials: &[], idempotency_key: "k.1.1" };
    adapter.submit(&brief, turn)
}

fn read(adapter: &dyn Adapter, answer: Answer) {
    let turn = Turn { now: Millis(0), heard: std::slice::from_ref(&answer) };
    match told(submit(adapter, turn)) {
        Ok(Submission::Accepted(accepted)) => can_be_asked(adapter, &accepted),
        Ok(Submission::Finished(made)) => panic!("{made:?} was made at once"),
        Err(error) => judge(&error),
    }
    match told(adapter.find("k.1.1", turn)) {
        Ok(found) => found.iter().for_each(|accepted| can_be_asked(adapter, accepted)),
        Err(error) => judge(&error),
    }
    match told(adapter.poll("g1", turn)) {
        Ok(Progress::Running { progress, estimate_ms }) => {
            assert!((0.0..=1.0).contains(&progress), "{progress}");
            assert!(estimate_ms.is_none_or(|wait| wait <= MAX_WAIT), "{estimate_ms:?}");
        }
        Ok(Progress::Succeeded(output)) => {
            let url = Url::parse(&output.url).expect("absolute by now");
            assert_eq!(url.origin(), Url::parse(BASE).unwrap().origin(), "{url}");
            assert!(url.username().is_empty() && url.password().is_none(), "{url}");
            // A relative address of 8,000 bytes, every one of them escaped.
            assert!(output.url.len() < 30_000 && output.bytes.unwrap_or(0) <= MAX_CLIP_BYTES as u64);
            assert!(output.cost_micro_usd.is_none_or(|cost| cost.0 <= 1_000_000_000));
            assert_eq!(address(adapter.download(&output, first())).host_str(), Some("vendor.example"));
        }
        Err(error) => judge(&error),
    }
    if let Err(error) = told(adapter.cancel("g1", turn)) {
        judge(&error);
    }
    let body = answer.body();
    let sha256 = HEXLOWER.encode(&Sha256::digest(body));
    let right = Output {
        url: BASE.into(),
        bytes: Some(body.len() as u64),
        sha256: Some(sha256),
        ..Output::default()
    };
    let wrong = Output { sha256: Some("0".repeat(64)), ..right.clone() };
    assert!(adapter.download(&wrong, turn).is_err(), "other bytes than declared");
    match told(adapter.download(&right, turn)) {
        Ok(bytes) => assert_eq!((answer.status(), &bytes), (StatusCode::OK, answer.body())),
        Err(error) => {
            assert_ne!(answer.status(), StatusCode::OK, "{error}");
            judge(&error);
        }
    }
}

/// Its id stands in an address as it is.
fn can_be_asked(adapter: &dyn Adapter, accepted: &Accepted) {
    assert!(accepted.estimate_ms.is_none_or(|wait| wait <= MAX_WAIT), "{accepted:?}");
    let id = &accepted.operation_id;
    let expected = format!("{BASE}v1/generations/{id}");
    assert_eq!(address(adapter.poll(id, first())).as_str(), expected);
    assert_eq!(address(adapter.cancel(id, first())).as_str(), expected);
}

fn judge(error: &ProviderError) {
    let told = [error.to_string(), format!("{error:?}"), error.job_error().detail];
    for text in told {
        assert!(!text.contains(KEY), "the key is in {text}");
        // A field and a message of 200 characters, and our own words, escaped by `Debug`.
        assert!(text.len() < 6_000, "{} bytes", text.len());
    }
    assert!(error.job_error().detail.chars().count() <= 300);
    let shown = error.to_string();
    assert!(!shown.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')), "{shown:?}");
    assert!(error.retry_after().is_none_or(|wait| wait <= MAX_WAIT), "{error:?}");
}
