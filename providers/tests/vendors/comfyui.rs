//! ComfyUI's part of the table, in its own words.

use cuelight_core::order::Role;
use cuelight_providers::Material;
use serde_json::{Value, json};

use super::table::Situation::{
    ExpiredResult, ForeignAddress, Invalid, LostSubmitAnswer, OutageMidPoll, Refusal, Success, Throttle,
    TooLarge, Truncated, WrongType,
};
use super::table::{
    Call, KEY, Reply, Row, SIGNED, Situation, Vendor, Wish, account, five_gigabytes, gives, mp4, output, png,
    redirect, row, says,
};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: "comfyui",
    account: || account("https://comfy.example/api/", &[], &[]),
    wish: || {
        let image = png(512, 512);
        let order = json!({"prompt": "she waves", "size": [512, 512], "fps": 24, "duration_ms": 3000, "seed": 7,
            "inputs": [{"role": "image",
                "asset": {"sha256": "0".repeat(64), "media_type": "image/png", "bytes": image.len()}}]});
        let material = Material { role: Role::Image, media_type: "image/png".into(), bytes: image };
        Wish::at("comfyui", "image_to_video", "image_to_video", order, vec![material])
    },
    rows,
    skipped: &[(Refusal, "a server of one's own refuses no content")],
};

/// The id that is made of the table's key.
const ID: &str = "b14c6e5a-0000-8000-8000-000000000000";
const FILE: &str = "https://comfy.example/api/view?filename=a.mp4&subfolder=cuelight&type=output";

fn kept() -> Reply {
    says(200, json!({"name": "a.png", "subfolder": "", "type": "input"}))
}

fn nothing() -> Reply {
    says(200, json!({}))
}

fn queue(running: &[&str], pending: &[&str]) -> Reply {
    let items = |ids: &[&str]| ids.iter().map(|id| json!([1, id, {}, {}, []])).collect::<Vec<_>>();
    says(200, json!({"queue_running": items(running), "queue_pending": items(pending)}))
}

/// A submission that the server does not have yet.
fn ordered(replies: Vec<Reply>) -> Vec<Reply> {
    [vec![queue(&[], &[]), nothing()], replies].concat()
}

fn history(status: &str, file: Value, messages: Value) -> Reply {
    says(
        200,
        json!({ID: {"outputs": {"12": {"images": [file], "animated": [true]}},
        "status": {"status_str": status, "completed": status == "success", "messages": messages}}}),
    )
}

fn file(name: &str) -> Value {
    json!({"filename": name, "subfolder": "cuelight", "type": "output"})
}

fn refused(kind: &str, node: &str, input: &str, message: &str) -> Reply {
    let error = json!({"type": kind, "message": message, "details": "", "extra_info": {"input_name": input}});
    says(
        400,
        json!({
            "error": {"type": "prompt_outputs_failed_validation", "message": message, "details": "", "extra_info": {}},
            "node_errors": {node: {"errors": [error], "dependent_outputs": ["12"], "class_type": "X"}},
        }),
    )
}

fn rows() -> Vec<Row> {
    let submit =
        |situation, about, reply, end| row(situation, about, Call::Submit, ordered(vec![kept(), reply]), end);
    let polled = |situation: Situation, about, replies: Vec<Reply>, end| {
        row(situation, about, Call::Poll(ID), replies, end)
    };
    let fetched = |situation: Situation, about, reply, end| {
        row(situation, about, Call::Download(output(FILE)), vec![reply], end)
    };
    let cancelled = |about, replies: Vec<Reply>, end| row(Success, about, Call::Cancel(ID), replies, end);
    let words = format!("bad {KEY} at https://comfy.example/x?sig={SIGNED}");
    let broken = json!([["execution_error", {"exception_message": words}]]);
    let done = || history("success", file("a.mp4"), json!([]));
    vec![
        submit(
            Success,
            "queued",
            says(200, json!({"prompt_id": ID, "number": 1, "node_errors": {}})),
            "accepted",
        )
        .operation(ID),
        polled(Success, "waiting", vec![nothing(), queue(&[], &[ID])], "running"),
        polled(Success, "under way", vec![nothing(), queue(&[ID], &[])], "running"),
        polled(Success, "done", vec![done()], "succeeded"),
        polled(Success, "done between two questions", vec![nothing(), queue(&[], &[]), done()], "succeeded"),
        fetched(Success, "fetched", gives(200, "video/mp4", mp4(512, 512, 3_000)), "bytes"),
        cancelled("it runs", vec![queue(&[ID], &[]), nothing()], "free"),
        cancelled("it waits", vec![queue(&[], &[ID]), nothing(), queue(&[], &[])], "free"),
        cancelled("it is done", vec![queue(&[], &[]), done()], "charged"),
        submit(Throttle, "a gateway's limit", gives(429, "text/plain", Vec::new()), "throttled"),
        polled(Throttle, "a gateway's limit", vec![gives(429, "text/plain", Vec::new())], "throttled"),
        submit(Invalid, "a width", refused("value_bigger_than_max", "8", "width", "too wide"), "invalid")
            .of_field("size"),
        submit(Invalid, "secrets", refused("value_bigger_than_max", "9", "seed", &words), "invalid")
            .of_field("seed"),
        submit(Invalid, "a file it lacks", refused("value_not_in_list", "1", "unet_name", &words), "fatal"),
        submit(Invalid, "a wrong key", gives(401, "text/plain", words.clone().into_bytes()), "fatal"),
        row(
            Invalid,
            "too large a picture",
            Call::Submit,
            ordered(vec![gives(413, "text/plain", Vec::new())]),
            "invalid",
        )
        .of_field("image"),
        polled(OutageMidPoll, "down", vec![gives(500, "text/plain", Vec::new())], "transient"),
        polled(OutageMidPoll, "behind a gateway", vec![gives(502, "text/html", Vec::new())], "unanswered"),
        polled(OutageMidPoll, "nothing comes", vec![Reply::Lost], "transient"),
        polled(OutageMidPoll, "nothing comes of the queue", vec![nothing(), Reply::Lost], "transient"),
        polled(OutageMidPoll, "no JSON", vec![gives(200, "text/html", b"<html>".to_vec())], "transient"),
        polled(OutageMidPoll, "forgotten", vec![nothing(), queue(&[], &[]), nothing()], "lost"),
        polled(OutageMidPoll, "broken", vec![history("error", file("a.mp4"), broken)], "failed"),
        polled(
            OutageMidPoll,
            "interrupted",
            vec![history("error", file("a.mp4"), json!([["execution_interrupted", {}]]))],
            "lost",
        ),
        submit(LostSubmitAnswer, "nothing comes", Reply::Lost, "unanswered"),
        submit(LostSubmitAnswer, "it fell over", gives(500, "text/plain", Vec::new()), "unanswered"),
        submit(LostSubmitAnswer, "cut", gives(200, "application/json", b"{\"prom".to_vec()), "unanswered"),
        row(
            LostSubmitAnswer,
            "of the upload: nothing was ordered",
            Call::Submit,
            ordered(vec![Reply::Lost]),
            "transient",
        ),
        row(LostSubmitAnswer, "it never came", Call::Find, vec![queue(&[], &[]), nothing()], "unknown"),
        fetched(ExpiredResult, "deleted", gives(404, "text/plain", Vec::new()), "lost"),
        fetched(ForeignAddress, "the way leads into a network", redirect(), "fatal"),
        row(ForeignAddress, "stored", Call::Download(output("http://10.0.0.1/view")), vec![], "fatal"),
        polled(
            ForeignAddress,
            "told by a poll",
            vec![history("success", file("../../etc/passwd"), json!([]))],
            "fatal",
        ),
        row(ForeignAddress, "an id that leads elsewhere", Call::Poll("../x"), vec![], "fatal"),
        submit(
            ForeignAddress,
            "an id that leads elsewhere",
            says(200, json!({"prompt_id": "../x"})),
            "accepted",
        ),
        fetched(WrongType, "a page", gives(200, "video/mp4", b"<!doctype html>".to_vec()), "bad_media"),
        fetched(TooLarge, "by its length", five_gigabytes("video/mp4"), "bad_media"),
        fetched(
            Truncated,
            "in the middle",
            gives(200, "video/mp4", mp4(512, 512, 3_000)[..300].to_vec()),
            "bad_media",
        ),
        fetched(Truncated, "before its end", Reply::Lost, "transient"),
    ]
}
