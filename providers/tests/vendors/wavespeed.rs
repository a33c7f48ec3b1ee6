//! WaveSpeed's part of the table, in its own words.

use cuelight_core::order::Role;
use cuelight_providers::Material;
use serde_json::{Value, json};

use super::table::Situation::{
    ExpiredResult, ForeignAddress, Invalid, LostSubmitAnswer, OutageMidPoll, Refusal, Success, Throttle,
    TooLarge, Truncated, WrongType,
};
use super::table::{
    Call, KEY, Reply, Row, SIGNED, Vendor, Wish, account, five_gigabytes, gives, mp4, output, png, redirect,
    row, says, with,
};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: "wavespeed",
    account: || {
        account("https://api.wavespeed.example", &["https://cdn.example", "https://store.example"], &[])
    },
    wish,
    rows,
    skipped: &[],
};

const CLIP: &str = "https://cdn.example/clip.mp4";

fn wish() -> Wish {
    let image = png(1280, 720);
    let order = json!({
        "operation": "image_to_video", "model": "wan-2.5-image-to-video", "prompt": "she waves",
        "inputs": [{"role": "image", "asset": {"sha256": "0".repeat(64), "media_type": "image/png",
            "bytes": image.len(), "size": [1280, 720]}}],
        "resolution": "720p", "duration_ms": 5000, "seed": 7,
    });
    let material = Material { role: Role::Image, media_type: "image/png".into(), bytes: image };
    Wish::of(order, vec![material])
}

fn envelope(data: Value) -> Value {
    json!({"code": 200, "message": "success", "data": data})
}

fn ticket() -> Reply {
    says(
        200,
        envelope(json!({
            "upload": {"method": "PUT", "url": format!("https://store.example/i.png?sig={SIGNED}"),
                "headers": {"Content-Type": "image/png"}},
            "download_url": "https://cdn.example/i.png",
        })),
    )
}

fn put() -> Reply {
    gives(200, "text/plain", Vec::new())
}

fn prediction(status: &str, more: Value) -> Reply {
    let mut data = json!({"id": "p1", "model": "m", "status": status, "outputs": [], "error": ""});
    for (name, value) in more.as_object().unwrap() {
        data[name] = value.clone();
    }
    says(200, envelope(data))
}

fn failure(status: u16, message: &str) -> Reply {
    says(status, json!({"code": status, "message": message}))
}

/// A submission whose input is there.
fn ordered(reply: Reply) -> Vec<Reply> {
    vec![ticket(), put(), reply]
}

fn polled(situation: super::Situation, about: &'static str, reply: Reply, end: &'static str) -> Row {
    row(situation, about, Call::Poll("p1"), vec![reply], end)
}

fn fetched(situation: super::Situation, about: &'static str, reply: Reply, end: &'static str) -> Row {
    row(situation, about, Call::Download(output(CLIP)), vec![reply], end)
}

fn rows() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, ordered(reply), end);
    let taken = prediction("created", json!({}));
    let words = format!("bad {KEY} at https://store.example/x?sig={SIGNED}");
    vec![
        submit(Success, "taken", taken.clone(), "accepted").operation("p1"),
        submit(
            Success,
            "held and let go, it goes on",
            says(200, json!({"code": 5004, "message": "timeout", "data": {"id": "p1"}})),
            "accepted",
        ),
        polled(Success, "created", taken, "running"),
        polled(Success, "under way", prediction("processing", json!({})), "running"),
        polled(
            Success,
            "held too long",
            prediction("processing", json!({"error": "Sync mode timed out"})),
            "running",
        ),
        polled(
            Success,
            "held too long, by its code",
            prediction("failed", json!({"code": 5004, "error": "Sync mode timed out"})),
            "running",
        ),
        polled(Success, "done", prediction("completed", json!({"outputs": [CLIP]})), "succeeded"),
        fetched(Success, "fetched", gives(200, "video/mp4", mp4(1280, 720, 5_000)), "bytes"),
        row(Success, "there is no call that ends it", Call::Cancel("p1"), vec![], "charged"),
        submit(
            Throttle,
            "an order too many",
            with(failure(429, "slow down"), "retry-after", "7"),
            "throttled",
        ),
        row(Throttle, "an upload too many", Call::Submit, vec![failure(429, "slow down")], "throttled"),
        polled(Throttle, "a poll too many", failure(429, "slow down"), "throttled"),
        fetched(Throttle, "a download too many", gives(429, "text/plain", Vec::new()), "throttled"),
        submit(Invalid, "a length it does not make", failure(400, "duration must be 5 or 10"), "invalid")
            .of_field("duration_ms"),
        submit(Invalid, "in an envelope", says(200, json!({"code": 400, "message": "bad seed"})), "invalid")
            .of_field("seed"),
        submit(Invalid, "in words with secrets", failure(400, &words), "invalid"),
        submit(Invalid, "a wrong key", failure(401, &words), "fatal"),
        submit(Invalid, "no credit", failure(400, "Insufficient credits. Please top up"), "fatal"),
        submit(
            Refusal,
            "at once",
            failure(400, "Content flagged as potentially sensitive"),
            "content_refused",
        ),
        polled(
            Refusal,
            "in the end",
            prediction("failed", json!({"error": "blocked by content moderation"})),
            "content_refused",
        ),
        polled(
            Refusal,
            "made and marked",
            prediction("completed", json!({"outputs": [CLIP], "has_nsfw_contents": [true]})),
            "content_refused",
        ),
        polled(OutageMidPoll, "down", failure(503, "overloaded"), "transient"),
        polled(OutageMidPoll, "behind a gateway", gives(502, "text/html", b"<html>".to_vec()), "unanswered"),
        polled(OutageMidPoll, "nothing comes", Reply::Lost, "transient"),
        polled(OutageMidPoll, "no JSON", gives(200, "text/html", b"<html>".to_vec()), "transient"),
        polled(OutageMidPoll, "gone", failure(404, "not found"), "lost"),
        polled(OutageMidPoll, "given up", prediction("failed", json!({"error": words})), "failed"),
        polled(OutageMidPoll, "taken away", prediction("deleted", json!({})), "lost"),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(LostSubmitAnswer, "down", failure(500, "oops"), "unanswered"),
        submit(LostSubmitAnswer, "overloaded", failure(503, "oops"), "unanswered"),
        submit(LostSubmitAnswer, "behind a gateway", gives(504, "text/html", Vec::new()), "unanswered"),
        submit(LostSubmitAnswer, "another success", failure(202, "accepted"), "unanswered"),
        submit(LostSubmitAnswer, "without an id", says(200, envelope(json!({}))), "unanswered"),
        submit(
            LostSubmitAnswer,
            "cut",
            gives(200, "application/json", b"{\"code\":200,\"da".to_vec()),
            "unanswered",
        ),
        row(
            LostSubmitAnswer,
            "of the ticket: nothing was ordered",
            Call::Submit,
            vec![Reply::Lost],
            "transient",
        ),
        row(
            LostSubmitAnswer,
            "of the upload: nothing was ordered",
            Call::Submit,
            vec![ticket(), Reply::Lost],
            "transient",
        ),
        row(
            LostSubmitAnswer,
            "the upload is refused: nothing was ordered",
            Call::Submit,
            vec![ticket(), gives(403, "application/xml", b"<Error/>".to_vec())],
            "transient",
        ),
        row(LostSubmitAnswer, "nobody can be asked for it", Call::Find, vec![], "fatal"),
        fetched(ExpiredResult, "forbidden", gives(403, "application/xml", words.into_bytes()), "lost"),
        fetched(ExpiredResult, "not found", gives(404, "text/plain", Vec::new()), "lost"),
        fetched(ExpiredResult, "gone", gives(410, "text/plain", Vec::new()), "lost"),
        fetched(ForeignAddress, "the way leads into a network", redirect(), "fatal"),
        row(ForeignAddress, "stored", Call::Download(output("http://10.0.0.1/x.mp4")), vec![], "fatal"),
        polled(
            ForeignAddress,
            "told by a poll",
            prediction("completed", json!({"outputs": [format!("http://169.254.169.254/?{SIGNED}")]})),
            "fatal",
        ),
        row(
            ForeignAddress,
            "the upload is to go to a private address",
            Call::Submit,
            vec![says(
                200,
                envelope(json!({"upload": {"url": format!("http://10.0.0.1/?{SIGNED}")},
                    "download_url": "https://cdn.example/i.png"})),
            )],
            "fatal",
        ),
        row(ForeignAddress, "an id that leads elsewhere", Call::Poll("../../x"), vec![], "fatal"),
        submit(
            ForeignAddress,
            "an id that leads elsewhere",
            prediction("created", json!({"id": "../x"})),
            "unanswered",
        ),
        fetched(WrongType, "a page", gives(200, "video/mp4", b"<!doctype html>".to_vec()), "bad_media"),
        fetched(WrongType, "a picture", gives(200, "video/mp4", png(1280, 720)), "bad_media"),
        fetched(TooLarge, "by its length", five_gigabytes("video/mp4"), "bad_media"),
        fetched(
            Truncated,
            "in the middle",
            gives(200, "video/mp4", mp4(1280, 720, 5_000)[..300].to_vec()),
            "bad_media",
        ),
        fetched(Truncated, "before its end", Reply::Lost, "transient"),
        fetched(Truncated, "empty", gives(204, "video/mp4", Vec::new()), "bad_media"),
    ]
}
