//! Every vendor through everything that can happen to a call, as a table: success, throttling, an
//! invalid field, a refusal, an outage, a lost answer, and results that are gone, foreign, mislabelled,
//! too large or cut. Each row plays the shell: it sends what the adapter asks for and hands it what
//! the row says comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use cuelight_core::catalog::{self, Status, USUAL_CALL};
use cuelight_core::media;
use cuelight_core::units::Millis;
use cuelight_providers::{
    Adapter, Answer, Brief, Cancelled, MAX_ASKS, Progress, ProviderError, Step, Submission, Turn, adapter,
};
use url::Url;

#[path = "vendors/banana.rs"]
mod banana;
#[path = "vendors/bedrock.rs"]
mod bedrock;
#[path = "vendors/comfyui.rs"]
mod comfyui;
#[path = "vendors/google.rs"]
mod google;
#[path = "vendors/hostile.rs"]
mod hostile;
#[path = "vendors/studio.rs"]
mod studio;
#[path = "vendors/table.rs"]
mod table;
#[path = "vendors/wavespeed.rs"]
mod wavespeed;

use table::{Call, KEY, Reply, Row, SIGNED, Situation, Vendor, Wish};

const VENDORS: [Vendor; 8] = [
    studio::VENDOR,
    wavespeed::VENDOR,
    banana::VENDOR,
    bedrock::CLIPS,
    bedrock::PICTURES,
    google::CLIPS,
    google::PICTURES,
    comfyui::VENDOR,
];

/// 2026-11-21.
const NOW: Millis = Millis(1_795_219_200_000);
/// An idempotency key as a generation makes it.
const ORDER_KEY: &str = "abcdefghijklmnopqrstuvwxyz234567.1.1";

#[test]
fn every_vendor_ends_every_situation_as_its_row_says() {
    let mut rows = 0;
    for vendor in &VENDORS {
        for row in (vendor.rows)() {
            play(vendor, &row);
            rows += 1;
        }
    }
    println!("{rows} rows");
}

#[test]
fn no_vendor_leaves_a_situation_out_without_a_reason() {
    for vendor in &VENDORS {
        let rows = (vendor.rows)();
        for situation in Situation::ALL {
            let covered = rows.iter().any(|row| row.situation == situation);
            let reason = vendor.skipped.iter().find(|(skipped, _)| *skipped == situation);
            match reason {
                None => assert!(covered, "{} has no row for {situation:?}", vendor.provider),
                Some((_, why)) => {
                    assert!(!covered && !why.is_empty(), "{} {situation:?}", vendor.provider);
                    println!("{} skips {situation:?}: {why}", vendor.provider);
                }
            }
        }
    }
}

#[test]
fn every_vendors_order_has_time_for_its_inputs() {
    for model in &catalog::models().models {
        // The studio is handed nothing but words. An ended model is asked for nothing.
        let is_asked = model.provider != "studio" && model.lifecycle.status != Status::Retired;
        assert!(!is_asked || model.call_ms > USUAL_CALL, "{}: {} for a call", model.id, model.call_ms);
    }
}

/// How a call ended, as the table names it.
struct End {
    name: &'static str,
    operation: Option<String>,
}

fn play(vendor: &Vendor, row: &Row) {
    let about = format!("{}, {:?}, {}", vendor.provider, row.situation, row.about);
    let adapter = adapter(vendor.provider, (vendor.account)()).expect("an adapter");
    let adapter = adapter.as_ref();
    let wish = (vendor.wish)();
    let replies = &row.replies;
    let result = match &row.call {
        Call::Submit => submit(adapter, &wish, replies, &about),
        Call::Find => {
            talk(adapter, replies, &about, |turn| adapter.find(ORDER_KEY, turn)).map(|found| match found {
                Some(accepted) => End { name: "found", operation: Some(accepted.operation_id) },
                None => ended("unknown"),
            })
        }
        Call::Poll(id) => talk(adapter, replies, &about, |turn| adapter.poll(id, turn)).map(|progress| {
            ended(match progress {
                Progress::Running { .. } => "running",
                Progress::Succeeded(_) => "succeeded",
            })
        }),
        Call::Download(output) => talk(adapter, replies, &about, |turn| adapter.download(output, turn))
            .and_then(|bytes| judged(&bytes, &wish)),
        Call::Cancel(id) => {
            talk(adapter, replies, &about, |turn| adapter.cancel(id, turn)).map(|cancelled| {
                ended(match cancelled {
                    Cancelled::Free => "free",
                    Cancelled::Charged(_) => "charged",
                })
            })
        }
    };
    match result {
        Ok(end) => {
            assert_eq!(end.name, row.end, "{about}");
            if let Some(id) = row.operation {
                assert_eq!(end.operation.as_deref(), Some(id), "{about}");
            }
        }
        Err(error) => {
            tells_no_secret(&error, &about);
            assert_eq!(error.kind(), row.end, "{about}: {error:?}");
            let field =
                if let ProviderError::Invalid { field, .. } = &error { field.as_deref() } else { None };
            if row.field.is_some() {
                assert_eq!(field, row.field, "{about}: {error:?}");
            }
        }
    }
}

const fn ended(name: &'static str) -> End {
    End { name, operation: None }
}

fn submit(adapter: &dyn Adapter, wish: &Wish, replies: &[Reply], about: &str) -> Result<End, ProviderError> {
    let brief = Brief {
        order: &wish.order,
        clip: wish.clip.as_ref(),
        model: &wish.model,
        materials: &wish.materials,
        idempotency_key: ORDER_KEY,
    };
    let asked = |turn: Turn<'_>| {
        let step = adapter.submit(&brief, turn);
        if let Ok(Step::Ask(ask)) = &step
            && ask.commits
        {
            assert_eq!(ask.patience, wish.model.call_ms, "{about}: as long as the catalogue says");
        }
        step
    };
    match talk(adapter, replies, about, asked)? {
        Submission::Accepted(accepted) => {
            Ok(End { name: "accepted", operation: Some(accepted.operation_id) })
        }
        Submission::Finished(made) => judged(&made.bytes, wish).map(|_| ended("finished")),
    }
}

/// Bytes are judged by what they are, as the worker does before it stores them.
fn judged(bytes: &[u8], wish: &Wish) -> Result<End, ProviderError> {
    let bad = |error: media::MediaError| ProviderError::BadMedia(error.to_string());
    media::check(bytes, &wish.spec()).map_err(bad).map(|_| ended("bytes"))
}

/// A whole conversation, all of `replies` being heard unless it ends before.
fn talk<T>(
    adapter: &dyn Adapter,
    replies: &[Reply],
    about: &str,
    call: impl Fn(Turn<'_>) -> Result<Step<T>, ProviderError>,
) -> Result<T, ProviderError> {
    let mut heard: Vec<Answer> = Vec::new();
    let mut committed = false;
    loop {
        let step = call(Turn { now: NOW, heard: &heard });
        let is_over = !matches!(step, Ok(Step::Ask(_)));
        assert!(!is_over || heard.len() == replies.len(), "{about}: it ended after {} answers", heard.len());
        let ask = match step? {
            Step::Done(done) => return Ok(done),
            Step::Ask(ask) => ask,
        };
        assert!(heard.len() < MAX_ASKS, "{about}: it does not end");
        let shown = format!("{ask:?}");
        assert!(!shown.contains(KEY) && !shown.contains(SIGNED), "{about}: {shown}");
        let url = Url::parse(&ask.request.uri().to_string()).unwrap();
        assert!(adapter.may_ask(&url), "{about}: it asks {url}");
        assert!(!url.as_str().contains(KEY), "{about}: the key is in an address");
        if url.origin() != adapter.account().base.origin() {
            let told = ask
                .request
                .headers()
                .values()
                .any(|value| value.as_bytes().windows(KEY.len()).any(|w| w == KEY.as_bytes()));
            assert!(!told, "{about}: {} is told the key", url.origin().ascii_serialization());
        }
        committed |= ask.commits;
        match replies.get(heard.len()) {
            Some(Reply::Is(answer)) => {
                let mut answer = answer.clone();
                answer.body_mut().truncate(ask.max_bytes + 1);
                heard.push(answer);
            }
            Some(Reply::Lost) => {
                let why = "the connection was lost".to_owned();
                return Err(if committed {
                    ProviderError::Unanswered(why)
                } else {
                    ProviderError::Transient(why)
                });
            }
            None => panic!("{about}: {shown} is one request too many"),
        }
    }
}

fn tells_no_secret(error: &ProviderError, about: &str) {
    for shown in [error.to_string(), format!("{error:?}"), error.job_error().detail] {
        assert!(!shown.contains(KEY), "{about}: the key is in {shown}");
        assert!(!shown.contains(SIGNED), "{about}: a signed address is in {shown}");
        assert!(!shown.chars().any(char::is_control), "{about}: {shown:?}");
    }
}
