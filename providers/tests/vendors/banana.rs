//! The part of the vendors that take an order and are polled for its picture, in the call pictures'
//! words.

use serde_json::{Value, json};

use super::Situation;
use super::table::Situation::{
    ExpiredResult, ForeignAddress, Invalid, LostSubmitAnswer, OutageMidPoll, Refusal, Success, Throttle,
    TooLarge, Truncated, WrongType,
};
use super::table::{
    Call, KEY, Reply, Row, SIGNED, Vendor, Wish, account, five_gigabytes, gives, output, png, redirect, row,
    says, with,
};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: "banana",
    account: || account("https://banana.example/", &["https://pictures.example"], &[]),
    wish,
    rows,
    skipped: &[],
};

const PICTURE: &str = "https://pictures.example/p.png";

fn wish() -> Wish {
    let order = json!({
        "operation": "call_image", "model": "banana-call-image", "prompt": "two people on a call",
        "negative_prompt": "blurry", "size": [512, 512],
    });
    Wish::of(order, Vec::new())
}

fn job(status: &str, more: Value) -> Value {
    let mut job = json!({"jobId": "j1", "status": status});
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

fn rows() -> Vec<Row> {
    let submit = |situation, about, reply, end| row(situation, about, Call::Submit, vec![reply], end);
    let polled = |situation: Situation, about, status: u16, body: Value, end| {
        row(situation, about, Call::Poll("j1"), vec![says(status, body)], end)
    };
    let fetched = |situation: Situation, about, reply, end| {
        row(situation, about, Call::Download(output(PICTURE)), vec![reply], end)
    };
    let done = |more: Value| job("completed", more);
    let words = format!("bad {KEY} at https://pictures.example/x?sig={SIGNED}");
    vec![
        submit(Success, "taken", says(200, job("pending", json!({}))), "accepted").operation("j1"),
        submit(Success, "taken, wrapped", says(201, json!({"data": {"id": "j1"}})), "accepted")
            .operation("j1"),
        submit(Success, "taken, by a number", says(200, json!({"job_id": 17})), "accepted").operation("17"),
        polled(Success, "waiting", 200, job("pending", json!({})), "running"),
        polled(
            Success,
            "under way",
            200,
            json!({"data": job("PROCESSING", json!({"progress": 7}))}),
            "running",
        ),
        polled(Success, "done", 200, done(json!({"outputs": [PICTURE]})), "succeeded"),
        polled(Success, "done, in another form", 200, done(json!({"output": {"url": PICTURE}})), "succeeded"),
        polled(Success, "done, with nothing", 200, done(json!({})), "failed"),
        fetched(Success, "fetched", gives(200, "image/png", png(512, 512)), "bytes"),
        row(Success, "there is no call that ends it", Call::Cancel("j1"), vec![], "charged"),
        submit(Throttle, "an order too many", with(says(429, json!({})), "retry-after", "9"), "throttled"),
        polled(Throttle, "a poll too many", 429, json!({}), "throttled"),
        submit(Invalid, "a size", says(400, json!({"error": "width is too large"})), "invalid")
            .of_field("size"),
        submit(Invalid, "secrets", says(422, json!({"error": {"message": words}})), "invalid"),
        submit(Invalid, "a wrong key", says(401, json!({"message": words})), "fatal"),
        submit(
            Refusal,
            "at once",
            says(400, json!({"message": "rejected by safety system"})),
            "content_refused",
        ),
        polled(
            Refusal,
            "in the end",
            200,
            job("failed", json!({"error": "NSFW content"})),
            "content_refused",
        ),
        polled(OutageMidPoll, "down", 500, json!({}), "transient"),
        polled(OutageMidPoll, "behind a gateway", 504, json!({}), "unanswered"),
        polled(OutageMidPoll, "no sense", 200, job("sleeping", json!({})), "transient"),
        polled(OutageMidPoll, "given up", 200, job("failed", json!({"error": words})), "failed"),
        polled(OutageMidPoll, "gone", 404, json!({}), "lost"),
        row(OutageMidPoll, "nothing comes", Call::Poll("j1"), vec![Reply::Lost], "transient"),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(LostSubmitAnswer, "down", says(500, json!({})), "unanswered"),
        submit(LostSubmitAnswer, "without an id", says(200, json!({"status": "pending"})), "unanswered"),
        submit(
            LostSubmitAnswer,
            "cut",
            gives(200, "application/json", b"{\"jobId\":\"j".to_vec()),
            "unanswered",
        ),
        row(LostSubmitAnswer, "nobody can be asked for it", Call::Find, vec![], "fatal"),
        fetched(ExpiredResult, "forbidden", gives(403, "application/xml", words.into_bytes()), "lost"),
        fetched(ExpiredResult, "gone", gives(410, "text/plain", Vec::new()), "lost"),
        fetched(ForeignAddress, "the way leads into a network", redirect(), "fatal"),
        polled(
            ForeignAddress,
            "told by a poll",
            200,
            done(json!({"outputs": [format!("http://169.254.169.254/?{SIGNED}")]})),
            "fatal",
        ),
        row(ForeignAddress, "an id that leads elsewhere", Call::Poll(".."), vec![], "fatal"),
        submit(
            ForeignAddress,
            "an id that leads elsewhere",
            says(200, json!({"jobId": "a/../b"})),
            "unanswered",
        ),
        fetched(WrongType, "a page", gives(200, "image/png", b"<!doctype html>".to_vec()), "bad_media"),
        fetched(TooLarge, "by its length", five_gigabytes("image/png"), "bad_media"),
        fetched(
            Truncated,
            "in its header",
            gives(200, "image/png", png(512, 512)[..20].to_vec()),
            "bad_media",
        ),
        fetched(Truncated, "before its end", Reply::Lost, "transient"),
    ]
}
