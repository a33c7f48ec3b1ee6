//! The studio's part of the table, in its own words. What it alone promises stands in `contract.rs`.

use serde_json::{Value, json};

use super::table::Situation::{
    ExpiredResult, ForeignAddress, Invalid, LostSubmitAnswer, OutageMidPoll, Refusal, Success, Throttle,
    TooLarge, Truncated, WrongType,
};
use super::table::{
    Call, KEY, Reply, Row, SIGNED, Situation, Vendor, Wish, account, five_gigabytes, gives, mp4, output,
    redirect, row, says, with,
};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: "studio",
    account: || account("https://studio.example", &[], &[]),
    wish: || Wish::clip("idle"),
    rows,
    skipped: &[],
};

const CLIP: &str = "https://studio.example/o/1.mp4";

fn view(status: &str, more: Value) -> Reply {
    let mut view = json!({"id": "g1", "status": status, "progress": 0.5});
    for (name, value) in more.as_object().unwrap() {
        view[name] = value.clone();
    }
    says(200, view)
}

fn refusal(status: u16, code: &str, message: &str, field: Option<&str>) -> Reply {
    says(status, json!({"error": {"code": code, "message": message, "field": field}}))
}

fn rows() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let polled =
        |situation: Situation, about, reply, end| row(situation, about, Call::Poll("g1"), vec![reply], end);
    let fetched = |situation: Situation, about, reply, end| {
        row(situation, about, Call::Download(output(CLIP)), vec![reply], end)
    };
    let spec = Wish::clip("idle").clip.unwrap();
    let clip = || mp4(spec.width, spec.height, u32::try_from(spec.duration_ms.0).unwrap());
    let words = format!("bad {KEY} at https://studio.example/x?sig={SIGNED}");
    let ended = |code: &str| view("failed", json!({"error": {"code": code, "message": words}}));
    let found = |list: Value| vec![says(200, json!({ "generations": list }))];
    vec![
        submit(Success, "taken", says(202, json!({"id": "g1", "status": "queued"})), "accepted")
            .operation("g1"),
        polled(Success, "under way", view("running", json!({})), "running"),
        polled(Success, "done", view("succeeded", json!({"output": {"url": "/o/1.mp4"}})), "succeeded"),
        fetched(Success, "fetched", gives(200, "video/mp4", clip()), "bytes"),
        row(Success, "ended in time", Call::Cancel("g1"), vec![view("cancelled", json!({}))], "free"),
        row(Success, "ended too late", Call::Cancel("g1"), vec![view("succeeded", json!({}))], "charged"),
        submit(Throttle, "an order too many", with(says(429, json!({})), "retry-after", "7"), "throttled"),
        polled(Throttle, "a poll too many", says(429, json!({})), "throttled"),
        submit(Invalid, "a field", refusal(422, "invalid", &words, Some("prompt")), "invalid")
            .of_field("prompt"),
        submit(Invalid, "a wrong key", refusal(401, "unauthorized", &words, None), "fatal"),
        submit(Refusal, "at once", refusal(422, "content_refused", &words, None), "content_refused"),
        polled(Refusal, "in the end", ended("content_refused"), "content_refused"),
        polled(OutageMidPoll, "down", says(503, json!({})), "transient"),
        polled(OutageMidPoll, "behind a gateway", says(502, json!({})), "unanswered"),
        polled(OutageMidPoll, "nothing comes", Reply::Lost, "transient"),
        polled(OutageMidPoll, "given up", ended("unavailable"), "failed"),
        polled(OutageMidPoll, "gone", says(404, json!({})), "lost"),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(LostSubmitAnswer, "behind a gateway", says(504, json!({})), "unanswered"),
        submit(
            LostSubmitAnswer,
            "cut",
            gives(202, "application/json", b"{\"id\":\"g".to_vec()),
            "unanswered",
        ),
        row(LostSubmitAnswer, "found", Call::Find, found(json!([{"id": "g1"}])), "found").operation("g1"),
        row(LostSubmitAnswer, "not found", Call::Find, found(json!([])), "unknown"),
        fetched(ExpiredResult, "gone", says(410, json!({})), "lost"),
        fetched(ForeignAddress, "the way leads into a network", redirect(), "fatal"),
        polled(
            ForeignAddress,
            "told by a poll",
            view("succeeded", json!({"output": {"url": format!("http://10.0.0.1/?{SIGNED}")}})),
            "fatal",
        ),
        fetched(WrongType, "a page", gives(200, "video/mp4", b"<!doctype html>".to_vec()), "bad_media"),
        fetched(TooLarge, "by its length", five_gigabytes("video/mp4"), "bad_media"),
        fetched(Truncated, "in the middle", gives(200, "video/mp4", clip()[..200].to_vec()), "bad_media"),
        fetched(Truncated, "before its end", Reply::Lost, "transient"),
    ]
}
