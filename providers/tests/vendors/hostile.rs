//! Every answer of the table with one part of it replaced by something that nobody expects. Whatever
//! comes, a call ends: without a panic, without a request to strangers, without a secret in its error.

use cuelight_providers::{Answer, Brief, MAX_ASKS, Progress, ProviderError, Step, Submission, Turn, adapter};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use url::Url;

use super::table::{Call, KEY, Reply, Row, SIGNED, Vendor};
use super::{NOW, ORDER_KEY, VENDORS, tells_no_secret};

/// Values that no answer should hold.
fn strange() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!([]),
        json!({}),
        json!([[[[[[]]]]]]),
        json!("\u{202e}\0\r\n{{prompt}}"),
        json!("../../../etc/passwd"),
        json!(format!("http://169.254.169.254/files/x?{SIGNED}")),
        json!(format!("said {KEY} and https://x.example/?sig={SIGNED}")),
        json!("x".repeat(10_000)),
        json!("é".repeat(300)),
    ]
}

/// Replaces the part of `value` that `path` leads to.
fn replace(value: &mut Value, path: &[Index], with: &Value) {
    let Some((step, rest)) = path.split_first() else {
        *value = with.clone();
        return;
    };
    let part = match value {
        Value::Array(items) if !items.is_empty() => {
            let nth = step.index(items.len());
            items.get_mut(nth)
        }
        Value::Object(members) if !members.is_empty() => {
            let nth = step.index(members.len());
            members.values_mut().nth(nth)
        }
        _ => None,
    };
    match part {
        Some(part) => replace(part, rest, with),
        None => *value = with.clone(),
    }
}

/// The answers of a row, one of them changed.
fn changed(row: &Row, which: Index, path: &[Index], with: &Value, status: Option<u16>) -> Vec<Answer> {
    let answers = row.replies.iter().filter_map(|reply| match reply {
        Reply::Is(answer) => Some(answer.clone()),
        Reply::Lost => None,
    });
    let mut answers: Vec<Answer> = answers.collect();
    if answers.is_empty() {
        return answers;
    }
    let nth = which.index(answers.len());
    let answer = &mut answers[nth];
    if let Some(status) = status {
        *answer.status_mut() = status.try_into().unwrap();
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) {
        replace(&mut body, path, with);
        *answer.body_mut() = body.to_string().into_bytes();
    }
    answers
}

/// Plays `answers` to a call, and says how it failed if it did.
fn play(vendor: &Vendor, call: &Call, answers: &[Answer]) -> Option<ProviderError> {
    let adapter = adapter(vendor.provider, (vendor.account)()).unwrap();
    let wish = (vendor.wish)();
    let brief = Brief {
        order: &wish.order,
        clip: wish.clip.as_ref(),
        model: &wish.model,
        materials: &wish.materials,
        idempotency_key: ORDER_KEY,
    };
    let named = |id: &str| assert!(id.len() <= 512 && id.bytes().all(|b| b.is_ascii_graphic()), "{id:?}");
    for heard in 0..=answers.len().min(MAX_ASKS) {
        let turn = Turn { now: NOW, heard: &answers[..heard] };
        let step = match call {
            Call::Submit => adapter.submit(&brief, turn).map(|step| {
                step.map(|submission| {
                    if let Submission::Accepted(accepted) = submission {
                        named(&accepted.operation_id);
                    }
                })
            }),
            Call::Find => adapter.find(ORDER_KEY, turn).map(|step| {
                step.map(|found| found.iter().for_each(|accepted| named(&accepted.operation_id)))
            }),
            Call::Poll(id) => adapter.poll(id, turn).map(|step| {
                step.map(|progress| {
                    if let Progress::Succeeded(output) = progress {
                        assert!(output.url.len() <= 8_000 && !output.url.contains("169.254"), "{output:?}");
                    }
                })
            }),
            Call::Download(output) => adapter.download(output, turn).map(|step| step.map(drop)),
            Call::Cancel(id) => adapter.cancel(id, turn).map(|step| step.map(drop)),
        };
        match step {
            Ok(Step::Ask(ask)) => {
                let url = Url::parse(&ask.request.uri().to_string()).unwrap();
                assert!(adapter.may_ask(&url), "it asks {url}");
            }
            Ok(Step::Done(())) => return None,
            Err(error) => return Some(error),
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_answer_upsets_an_adapter(
        vendor: Index,
        row: Index,
        which: Index,
        path in prop::collection::vec(any::<Index>(), 0..6),
        with in select(strange()),
        status in prop::option::weighted(0.3, 200u16..600),
    ) {
        let vendor = &VENDORS[vendor.index(VENDORS.len())];
        let rows = (vendor.rows)();
        let row = &rows[row.index(rows.len())];
        let answers = changed(row, which, &path, &with, status);
        if let Some(error) = play(vendor, &row.call, &answers) {
            tells_no_secret(&error, row.about);
        }
    }
}
