//! Amazon Bedrock's part of the table, in its own words: clips, which are invocations, and pictures, which
//! are answers.

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
    provider: "bedrock",
    account: amazon,
    wish: || {
        let image = png(1280, 720);
        let order = json!({"prompt": "she waves", "duration_ms": 6000, "seed": 7, "inputs": [{"role": "image",
            "asset": {"sha256": "0".repeat(64), "media_type": "image/png", "bytes": image.len()}}]});
        let material = Material { role: Role::Image, media_type: "image/png".into(), bytes: image };
        Wish::at("bedrock", "amazon.nova-reel-v1:1", "image_to_video", order, vec![material])
    },
    rows: clips,
    skipped: &[],
};

pub(crate) const PICTURES: Vendor = Vendor {
    provider: "bedrock",
    account: amazon,
    wish: || {
        let order = json!({"prompt": "a mascot", "size": [1024, 1024], "seed": 7});
        Wish::at("bedrock", "amazon.nova-canvas-v1:0", "text_to_image", order, Vec::new())
    },
    rows: pictures,
    skipped: &[
        (OutageMidPoll, "the answer to the order is the picture: there is nothing to poll"),
        (ExpiredResult, "the answer to the order is the picture: there is nothing to fetch"),
        (ForeignAddress, "the answer to the order is the picture: it has no address"),
    ],
};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456";
const CLIP: &str = "s3://cuelight-clips/made/abc123def456/output.mp4";

fn amazon() -> Account {
    let options = [("region", "us-east-1"), ("output_s3_uri", "s3://cuelight-clips/made/")];
    let mut account = account("https://bedrock.example", &["https://s3.example"], &options);
    // The store is shown the session's token, as Amazon has it; the secret itself goes nowhere.
    account.key = format!("AKIAEXAMPLE000000000:{KEY}:{SIGNED}-token");
    account
}

/// An error as Amazon names it.
fn fault(status: u16, name: &str, message: &str) -> Reply {
    with(says(status, json!({"message": message})), "x-amzn-errortype", &format!("{name}:http://internal/"))
}

fn words() -> String {
    format!("bad {KEY} at https://s3.example/x?X-Amz-Signature={SIGNED}")
}

/// What every order of Amazon's can end as.
fn refused() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let filters = "This request has been blocked by our content filters.";
    vec![
        submit(
            Throttle,
            "an order too many",
            with(fault(429, "ThrottlingException", "slow down"), "retry-after", "7"),
            "throttled",
        ),
        submit(Throttle, "the quota", fault(400, "ServiceQuotaExceededException", "no more"), "throttled"),
        submit(Throttle, "not ready", fault(429, "ModelNotReadyException", "wait"), "transient"),
        submit(Invalid, "a seed", fault(400, "ValidationException", "#/x/seed: too large"), "invalid")
            .of_field("seed"),
        submit(Invalid, "secrets", fault(400, "ValidationException", &words()), "invalid"),
        submit(Invalid, "a wrong key", fault(403, "UnrecognizedClientException", &words()), "fatal"),
        submit(Invalid, "a wrong signature", fault(403, "InvalidSignatureException", &words()), "fatal"),
        submit(Invalid, "no such model", fault(404, "ResourceNotFoundException", &words()), "fatal"),
        submit(Refusal, "of the words", fault(400, "ValidationException", filters), "content_refused"),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(
            LostSubmitAnswer,
            "down, says Amazon",
            fault(503, "ServiceUnavailableException", ""),
            "transient",
        ),
        submit(LostSubmitAnswer, "down, says something", gives(500, "text/html", Vec::new()), "unanswered"),
        submit(LostSubmitAnswer, "a gateway", gives(504, "text/html", Vec::new()), "unanswered"),
        submit(LostSubmitAnswer, "cut", gives(200, "application/json", b"{\"ima".to_vec()), "unanswered"),
    ]
}

fn invocation(status: &str, more: Value) -> Reply {
    let mut said = json!({"invocationArn": ARN, "modelArn": "m", "status": status,
        "submitTime": "2026-11-21T12:00:00Z", "clientRequestToken": super::ORDER_KEY,
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://cuelight-clips/made/abc123def456"}}});
    for (name, value) in more.as_object().unwrap() {
        said[name] = value.clone();
    }
    says(200, said)
}

fn listed(token: &str) -> Reply {
    let summary = json!({"invocationArn": ARN, "status": "InProgress", "clientRequestToken": token});
    says(200, json!({"asyncInvokeSummaries": [summary]}))
}

fn clips() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let polled =
        |situation: Situation, about, reply, end| row(situation, about, Call::Poll(ARN), vec![reply], end);
    let fetched = |situation: Situation, about, reply, end| {
        row(situation, about, Call::Download(output(CLIP)), vec![reply], end)
    };
    let gone = b"<Error><Code>NoSuchKey</Code></Error>".to_vec();
    let elsewhere = json!({"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://somebody-else/x"}}});
    let mut rows = refused();
    rows.extend([
        submit(Success, "taken", says(200, json!({"invocationArn": ARN})), "accepted").operation(ARN),
        polled(Success, "under way", invocation("InProgress", json!({})), "running"),
        polled(Success, "done", invocation("Completed", json!({})), "succeeded"),
        fetched(Success, "fetched", gives(200, "video/mp4", mp4(1280, 720, 6_000)), "bytes"),
        row(Success, "there is no call that ends it", Call::Cancel(ARN), vec![], "charged"),
        polled(Throttle, "a poll too many", fault(429, "ThrottlingException", ""), "throttled"),
        polled(
            Refusal,
            "in the end",
            invocation("Failed", json!({"failureMessage": "it conflicts with our AUP"})),
            "content_refused",
        ),
        polled(OutageMidPoll, "down", fault(500, "InternalServerException", ""), "transient"),
        polled(OutageMidPoll, "behind a gateway", gives(502, "text/html", Vec::new()), "unanswered"),
        polled(OutageMidPoll, "nothing comes", Reply::Lost, "transient"),
        polled(OutageMidPoll, "no JSON", gives(200, "text/html", b"<html>".to_vec()), "transient"),
        polled(OutageMidPoll, "no sense", invocation("Sleeping", json!({})), "transient"),
        polled(
            OutageMidPoll,
            "of another",
            invocation("Completed", json!({"invocationArn": "a"})),
            "transient",
        ),
        polled(OutageMidPoll, "given up", invocation("Failed", json!({"failureMessage": words()})), "failed"),
        polled(OutageMidPoll, "gone", fault(404, "ResourceNotFoundException", ""), "lost"),
        row(LostSubmitAnswer, "found", Call::Find, vec![listed(super::ORDER_KEY)], "found").operation(ARN),
        row(LostSubmitAnswer, "not found, which says nothing", Call::Find, vec![listed("other")], "fatal"),
        fetched(ExpiredResult, "gone", gives(404, "application/xml", gone), "lost"),
        fetched(ForeignAddress, "the way leads into a network", redirect(), "fatal"),
        row(ForeignAddress, "stored", Call::Download(output("http://10.0.0.1/x.mp4")), vec![], "fatal"),
        polled(ForeignAddress, "told by a poll", invocation("Completed", elsewhere), "fatal"),
        row(ForeignAddress, "an id that leads elsewhere", Call::Poll("../../x"), vec![], "fatal"),
        submit(
            ForeignAddress,
            "an ARN of another thing",
            says(200, json!({"invocationArn": "arn:x"})),
            "unanswered",
        ),
        fetched(WrongType, "a page", gives(200, "video/mp4", b"<!doctype html>".to_vec()), "bad_media"),
        fetched(WrongType, "a picture", gives(200, "video/mp4", png(1280, 720)), "bad_media"),
        fetched(TooLarge, "by its length", five_gigabytes("video/mp4"), "bad_media"),
        fetched(
            Truncated,
            "in the middle",
            gives(200, "video/mp4", mp4(1280, 720, 6_000)[..300].to_vec()),
            "bad_media",
        ),
        fetched(Truncated, "before its end", Reply::Lost, "transient"),
    ]);
    rows
}

fn pictures() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let images = |bytes: &[u8]| says(200, json!({"images": [BASE64.encode(bytes)]}));
    let mut rows = refused();
    rows.extend([
        submit(Success, "made", images(&png(1024, 1024)), "finished"),
        submit(
            Refusal,
            "of the result",
            says(200, json!({"images": [], "error": words()})),
            "content_refused",
        ),
        submit(Refusal, "without a word", says(200, json!({})), "content_refused"),
        row(LostSubmitAnswer, "nothing says", Call::Find, vec![listed("other")], "fatal"),
        submit(WrongType, "a page", images(b"<!doctype html>"), "bad_media"),
        submit(WrongType, "no text of bytes", says(200, json!({"images": ["%%%"]})), "bad_media"),
        submit(
            TooLarge,
            "than the largest answer",
            gives(200, "application/json", vec![b' '; 26_000_000]),
            "unanswered",
        ),
        submit(Truncated, "in its header", images(&png(1024, 1024)[..20]), "bad_media"),
    ]);
    rows
}
