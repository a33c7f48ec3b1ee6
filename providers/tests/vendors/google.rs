//! Google's part of the table, in its own words: clips, which are operations, and pictures, which are
//! answers.

use cuelight_core::order::Role;
use cuelight_providers::{Account, Material};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::table::Situation::{
    ExpiredResult, ForeignAddress, Invalid, LostSubmitAnswer, OutageMidPoll, Refusal, Success, Throttle,
    TooLarge, Truncated, WrongType,
};
use super::table::{
    Call, KEY, Reply, Row, SIGNED, Situation, Vendor, Wish, account, five_gigabytes, gives, mp4, output, png,
    redirect, row, says, with,
};

pub(crate) const CLIPS: Vendor = Vendor {
    provider: "google",
    account: gemini_api,
    wish: || {
        let image = png(1280, 720);
        let order = json!({"prompt": "she waves", "duration_ms": 8000, "resolution": "720p",
            "inputs": [{"role": "image",
                "asset": {"sha256": "0".repeat(64), "media_type": "image/png", "bytes": image.len()}}]});
        let material = Material { role: Role::Image, media_type: "image/png".into(), bytes: image };
        Wish::at("google", "veo-3.0-generate-001", "image_to_video", order, vec![material])
    },
    rows: clips,
    skipped: &[],
};

pub(crate) const PICTURES: Vendor = Vendor {
    provider: "google",
    account: gemini_api,
    wish: || {
        let order = json!({"prompt": "a mascot", "aspect_ratio": "1:1"});
        Wish::at("google", "gemini-2.5-flash-image", "text_to_image", order, Vec::new())
    },
    rows: pictures,
    skipped: &[
        (OutageMidPoll, "the answer to the order is the picture: there is nothing to poll"),
        (ExpiredResult, "the answer to the order is the picture: there is nothing to fetch"),
        (ForeignAddress, "the answer to the order is the picture: it has no address"),
    ],
};

const NAME: &str = "models/veo-3.0-generate-001/operations/321kvdcepmcg";
const FILE: &str = "https://generativelanguage.googleapis.com/v1beta/files/qu4d28uipuqh:download?alt=media";

fn gemini_api() -> Account {
    account("https://google.example", &["https://storage.example"], &[])
}

fn fault(status: u16, word: &str, message: &str, details: Value) -> Reply {
    says(status, json!({"error": {"code": status, "message": message, "status": word, "details": details}}))
}

fn words() -> String {
    format!("bad {KEY} at https://storage.example/x?sig={SIGNED}")
}

/// What every order of Google's can end as.
fn refused() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let wait = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]);
    let key = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
    vec![
        submit(Throttle, "an order too many", fault(429, "RESOURCE_EXHAUSTED", "quota", wait), "throttled"),
        submit(
            Invalid,
            "a ratio",
            fault(400, "INVALID_ARGUMENT", "aspectRatio is wrong", json!([])),
            "invalid",
        )
        .of_field("aspect_ratio"),
        submit(Invalid, "secrets", fault(400, "INVALID_ARGUMENT", &words(), json!([])), "invalid"),
        submit(Invalid, "a wrong key", fault(400, "INVALID_ARGUMENT", &words(), key), "fatal"),
        submit(Invalid, "no right", fault(403, "PERMISSION_DENIED", &words(), json!([])), "fatal"),
        submit(Invalid, "no such model", fault(404, "NOT_FOUND", &words(), json!([])), "fatal"),
        submit(
            Refusal,
            "of the words",
            fault(400, "INVALID_ARGUMENT", "The prompt contains sensitive words.", json!([])),
            "content_refused",
        ),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(LostSubmitAnswer, "down, says Google", fault(503, "UNAVAILABLE", "", json!([])), "transient"),
        submit(LostSubmitAnswer, "down, says something", gives(500, "text/html", Vec::new()), "unanswered"),
        submit(LostSubmitAnswer, "late", fault(504, "DEADLINE_EXCEEDED", "", json!([])), "unanswered"),
        submit(LostSubmitAnswer, "cut", gives(200, "application/json", b"{\"na".to_vec()), "unanswered"),
        row(LostSubmitAnswer, "nobody can be asked for it", Call::Find, vec![], "fatal"),
    ]
}

fn operation(more: Value) -> Reply {
    let mut said = json!({"name": NAME});
    for (name, value) in more.as_object().unwrap() {
        said[name] = value.clone();
    }
    says(200, said)
}

fn ended(response: Value) -> Reply {
    operation(json!({"done": true, "response": {"generateVideoResponse": response}}))
}

fn clips() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let polled =
        |situation: Situation, about, reply, end| row(situation, about, Call::Poll(NAME), vec![reply], end);
    let fetched = |situation: Situation, about, replies: Vec<Reply>, end| {
        row(situation, about, Call::Download(output("files/qu4d28uipuqh")), replies, end)
    };
    let at = |uri: &str| ended(json!({"generatedSamples": [{"video": {"uri": uri}}]}));
    let clip = || gives(200, "video/mp4", mp4(1280, 720, 8_000));
    let moved = |place: &str| with(gives(302, "text/html", Vec::new()), "location", place);
    let error = |code: u32, message: &str| {
        operation(json!({"done": true, "error": {"code": code, "message": message}}))
    };
    let mut rows = refused();
    rows.extend([
        submit(Success, "taken", operation(json!({})), "accepted").operation(NAME),
        polled(Success, "under way", operation(json!({})), "running"),
        polled(Success, "done", at(FILE), "succeeded"),
        fetched(Success, "fetched", vec![clip()], "bytes"),
        fetched(
            Success,
            "fetched from another place of Google's",
            vec![moved("/download/x?alt=media"), clip()],
            "bytes",
        ),
        fetched(
            Success,
            "fetched from its storage",
            vec![moved("https://storage.example/x?sig=1"), clip()],
            "bytes",
        ),
        row(Success, "there is no call that ends it", Call::Cancel(NAME), vec![], "charged"),
        polled(Throttle, "a poll too many", fault(429, "RESOURCE_EXHAUSTED", "", json!([])), "throttled"),
        fetched(Throttle, "a download too many", vec![gives(429, "text/plain", Vec::new())], "throttled"),
        polled(
            Refusal,
            "in the end",
            ended(json!({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [words()]})),
            "content_refused",
        ),
        polled(Refusal, "by its error", error(3, "it violates our usage guidelines"), "content_refused"),
        polled(OutageMidPoll, "down", fault(503, "UNAVAILABLE", "", json!([])), "transient"),
        polled(OutageMidPoll, "behind a gateway", gives(502, "text/html", Vec::new()), "unanswered"),
        polled(OutageMidPoll, "nothing comes", Reply::Lost, "transient"),
        polled(OutageMidPoll, "no JSON", gives(200, "text/html", b"<html>".to_vec()), "transient"),
        polled(OutageMidPoll, "given up", error(13, &words()), "failed"),
        polled(OutageMidPoll, "done with nothing", ended(json!({})), "failed"),
        polled(OutageMidPoll, "gone", fault(404, "NOT_FOUND", "", json!([])), "lost"),
        fetched(ExpiredResult, "gone", vec![gives(404, "text/plain", Vec::new())], "lost"),
        fetched(ForeignAddress, "the way leads into a network", vec![redirect()], "fatal"),
        fetched(ForeignAddress, "the second way does", vec![moved("/x"), redirect()], "fatal"),
        fetched(
            ForeignAddress,
            "the way is a circle",
            vec![moved("/x"), moved("/x"), moved("/x"), moved("/x")],
            "fatal",
        ),
        row(ForeignAddress, "stored", Call::Download(output("http://10.0.0.1/x.mp4")), vec![], "fatal"),
        polled(ForeignAddress, "told by a poll", at(&format!("http://169.254.169.254/?{SIGNED}")), "fatal"),
        row(ForeignAddress, "an id that leads elsewhere", Call::Poll("../../x"), vec![], "fatal"),
        submit(
            ForeignAddress,
            "a name of another thing",
            says(200, json!({"name": "files/x"})),
            "unanswered",
        ),
        fetched(WrongType, "a page", vec![gives(200, "video/mp4", b"<!doctype html>".to_vec())], "bad_media"),
        fetched(WrongType, "a picture", vec![gives(200, "video/mp4", png(1280, 720))], "bad_media"),
        fetched(TooLarge, "by its length", vec![five_gigabytes("video/mp4")], "bad_media"),
        fetched(
            Truncated,
            "in the middle",
            vec![gives(200, "video/mp4", mp4(1280, 720, 8_000)[..300].to_vec())],
            "bad_media",
        ),
        fetched(Truncated, "before its end", vec![Reply::Lost], "transient"),
    ]);
    rows
}

fn pictures() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let candidate = |candidate: Value| says(200, json!({"candidates": [candidate]}));
    let drawn = |bytes: &[u8]| {
        let data = json!({"mimeType": "image/png", "data": BASE64.encode(bytes)});
        candidate(json!({"content": {"parts": [{"inlineData": data}]}, "finishReason": "STOP"}))
    };
    let blocked = says(200, json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}));
    let talk = candidate(json!({"content": {"parts": [{"text": words()}]}, "finishReason": "STOP"}));
    let mut rows = refused();
    rows.extend([
        submit(Success, "drawn", drawn(&png(1024, 1024)), "finished"),
        submit(Success, "talked instead", talk, "failed"),
        submit(Refusal, "of the words, with success", blocked, "content_refused"),
        submit(
            Refusal,
            "of the result",
            candidate(json!({"finishReason": "IMAGE_SAFETY"})),
            "content_refused",
        ),
        submit(WrongType, "a page", drawn(b"<!doctype html>"), "bad_media"),
        submit(
            TooLarge,
            "than the largest answer",
            gives(200, "application/json", vec![b' '; 26_000_000]),
            "unanswered",
        ),
        submit(Truncated, "in its header", drawn(&png(1024, 1024)[..20]), "bad_media"),
    ]);
    rows
}
