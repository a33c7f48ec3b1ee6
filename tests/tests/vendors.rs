//! Every vendor through the worker, the studio standing in for all of them at once: one picture or clip
//! of each, and what becomes of a job when something goes wrong at its vendor.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use cuelight_tests::World;
use cuelight_tests::uploads::{asset, png, upload, wav};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A hundred times faster than the vendors are.
const FAST: [&str; 2] = ["--delay-scale", "0.01"];

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_named_by_its_bytes_and_judged_by_them() {
    let world = World::start(&FAST).await;
    let picture = png(640, 512, [9, 120, 200]);
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&picture));
    // What it is said to be does not matter.
    let kept = upload(&world, "", "text/html", picture.clone()).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.json);
    assert_eq!(
        kept.json,
        json!({"asset": sha256, "media_type": "image/png", "bytes": picture.len(), "width": 640, "height": 512})
    );
    let read = world.get(&format!("/api/v1/assets/{sha256}")).await;
    assert_eq!(read.headers()["content-type"], "image/png");
    assert_eq!(read.bytes().await.unwrap(), picture);

    let form = |part: &str| {
        let head = format!("--b\r\nContent-Disposition: form-data; {part}\r\n\r\n");
        [head.as_bytes(), &wav(500), b"\r\n--b--\r\n"].concat()
    };
    for (kind, part) in [
        ("multipart/form-data; boundary=b", "name=\"file\"; filename=\"x\""),
        ("multipart/form-data; charset=utf-8; boundary=\"b\"", "name=\"file\"; filename=\"../x.html\""),
    ] {
        let sound = upload(&world, "", kind, form(part)).await;
        let told = (&sound.json["media_type"], &sound.json["duration_ms"]);
        assert_eq!(told, (&json!("audio/wav"), &json!(500)), "{kind}, {part}: {}", sound.json);
    }
    for (kind, part) in [
        ("multipart/form-data; boundary=b", "name=\"file\""),
        ("multipart/form-data; boundary=b", "name=\"else\"; filename=\"x\""),
        ("multipart/form-data; boundary=c", "name=\"file\"; filename=\"x\""),
        ("multipart/form-data", "name=\"file\"; filename=\"x\""),
    ] {
        let refused = upload(&world, "", kind, form(part)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{kind}, {part}: {}", refused.json);
        assert_eq!(refused.json["code"], "malformed_body", "{kind}, {part}");
    }

    for (query, bytes, status) in [
        ("", b"<svg/>".to_vec(), 422),
        ("", png(64, 64, [0; 3]), 422),
        ("?purpose=mask", png(64, 64, [0; 3]), 201),
        ("?purpose=else", png(512, 512, [0; 3]), 422),
        ("", vec![0; 21 * 1024 * 1024], 413),
    ] {
        let answer = upload(&world, query, "image/png", bytes).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.json);
    }
    for name in ["0".repeat(64), "../x".to_owned(), sha256.to_uppercase()] {
        assert_eq!(world.get(&format!("/api/v1/assets/{name}")).await.status(), StatusCode::NOT_FOUND);
    }
}

/// One model of each way to be served, and what it is asked.
fn wishes(picture: &Value, voice: &Value) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    vec![
        ("bedrock", "amazon.titan-image-generator-v2:0", "text_to_image", json!({})),
        ("bedrock", "amazon.nova-reel-v1:1", "image_to_video", json!({"image": picture})),
        ("bedrock", "luma.ray-v2:0", "image_to_video", json!({"image": picture})),
        ("bedrock", "stability.stable-image-core-v1:1", "text_to_image", json!({})),
        ("google", "gemini-2.5-flash-image", "text_to_image", json!({})),
        ("google", "veo-3.1-fast", "image_to_video", json!({"image": picture})),
        ("wavespeed", "wan-2.5-image-to-video", "image_to_video", json!({"image": picture})),
        ("wavespeed", "infinitetalk", "talking_avatar", json!({"image": picture, "audio": voice})),
        ("comfyui", "comfyui-image-to-video", "image_to_video", json!({"image": picture})),
        ("banana", "banana-call-image", "call_image", json!({})),
    ]
}

/// Models that their vendors have ended serve here, since the studio keeps them: of these two one is sent
/// its picture in an exact size, the other sends its own along with the answer.
fn catalog(more: &[Value]) -> [(&'static str, Value); 1] {
    let alive = ["amazon.nova-reel-v1:1", "amazon.titan-image-generator-v2:0"];
    let alive = alive.map(|id| json!({"id": id, "lifecycle": null}));
    let models = [alive.as_slice(), more].concat();
    [("CATALOG", json!({ "models": models }))]
}

/// A job for a model, which nothing made before can answer.
fn body(model: &str, operation: &str, params: &Value, words: &str) -> Value {
    let mut params = params.clone();
    params["prompt"] = json!(words);
    json!({"operation_type": operation, "model": model, "params": params})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_vendor_makes_what_is_asked_of_it_and_is_asked_once() {
    let world = World::with(&FAST, &catalog(&[])).await;
    let picture = asset(&world, "image/png", png(800, 800, [200, 80, 40])).await;
    let voice = asset(&world, "audio/wav", wav(6_000)).await;
    let wishes = wishes(&picture, &voice);
    let mut begun = Vec::new();
    for (provider, model, operation, params) in &wishes {
        let asked = body(model, operation, params, "she waves at the camera");
        let (status, job) = world.post_job(&format!("s-{model}").replace([':', '.'], "-"), &asked).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{model}: {job}");
        assert_eq!((&job["provider"], &job["model"]), (&json!(provider), &json!(model)));
        begun.push((*model, job["id"].as_str().unwrap().to_owned()));
    }
    for (model, id) in &begun {
        let done = world.finished(id).await;
        assert_eq!(done["status"], "complete", "{model}: {done}");
        let content = &done["content"];
        let clip = world.get(content["url"].as_str().unwrap()).await;
        assert_eq!(clip.status(), StatusCode::OK, "{model}");
        assert_eq!(clip.headers()["content-type"], content["content_type"].as_str().unwrap(), "{model}");
        assert!(clip.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{model}");
        assert_eq!(clip.content_length(), content["bytes"].as_u64(), "{model}");
        let part = world.http.get(world.at(content["url"].as_str().unwrap())).header("range", "bytes=0-3");
        assert_eq!(part.send().await.unwrap().status(), StatusCode::PARTIAL_CONTENT, "{model}");
        println!("{model}: {}x{} {} bytes", content["width"], content["height"], content["bytes"]);
    }
    let stats = world.studio_stats().await;
    for provider in ["bedrock", "google", "wavespeed", "comfyui", "banana"] {
        let asked = wishes.iter().filter(|wish| wish.0 == provider).count();
        assert_eq!(stats["vendors"][provider]["submissions"], asked, "{provider}: {stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_a_vendor_ends_as_it_should() {
    // An order whose answer is lost is waited out: not for ten minutes here, and long enough for a busy
    // machine.
    let short = |id: &str| {
        let latency = json!({"typical": 1_000, "max": 20_000});
        json!({"id": id, "call_ms": 5_000, "timeout_ms": 25_000, "latency_ms": latency})
    };
    let models = [
        "amazon.titan-image-generator-v2:0",
        "gemini-2.5-flash-image",
        "wan-2.5-image-to-video",
        "banana-call-image",
    ];
    let world = World::with(&FAST, &catalog(&models.map(short))).await;
    let picture = asset(&world, "image/png", png(800, 800, [20, 80, 240])).await;
    let voice = asset(&world, "audio/wav", wav(3_000)).await;
    let wishes = wishes(&picture, &voice);
    let wish = |model: &str| wishes.iter().find(|wish| wish.1 == model).unwrap();

    let complete = ("complete", "");
    let rows = [
        ("throttle", "submit", complete),
        ("invalid", "submit", ("failed", "provider_invalid")),
        ("refuse", "submit", ("failed", "content_refused")),
        ("unavailable", "poll", complete),
        ("throttle", "poll", complete),
        ("redirect", "download", complete),
        ("mislabel", "download", complete),
        ("truncate", "download", complete),
        ("oversize", "download", complete),
        ("expire", "download", complete),
    ];
    let unknown = ("failed", "submission_unknown");
    let lost = [
        // It can tell that it has the order, or be asked whether it has.
        vec![("amazon.nova-reel-v1:1", complete), ("comfyui-image-to-video", complete)],
        // Nobody can know: it may have been made, so it is not ordered again.
        vec![
            ("amazon.titan-image-generator-v2:0", unknown),
            ("gemini-2.5-flash-image", unknown),
            ("wan-2.5-image-to-video", unknown),
            ("banana-call-image", unknown),
        ],
    ];
    let asynchronous = [
        "amazon.nova-reel-v1:1",
        "veo-3.1-fast",
        "wan-2.5-image-to-video",
        "comfyui-image-to-video",
        "banana-call-image",
    ];
    let table = rows
        .map(|(kind, on, end)| (kind, on, asynchronous.map(|model| (model, end)).to_vec()))
        .into_iter()
        .chain(lost.map(|ends| ("lost_answer", "submit", ends)));
    let submissions = async |provider: &str| {
        world.studio_stats().await["vendors"][provider]["submissions"].as_u64().unwrap_or(0)
    };
    // All vendors at once: a rule is about one of them.
    for (number, (kind, on, ends)) in table.enumerate() {
        let spoiled = ends.iter().map(|(model, _)| wish(model).0);
        let rules: Vec<Value> =
            spoiled.map(|provider| json!({"vendor": provider, "kind": kind, "on": on, "times": 1})).collect();
        world.studio_faults(json!(rules)).await;
        let mut begun = Vec::new();
        for (model, end) in ends {
            let about = format!("{model}, {kind} on {on}");
            let (provider, _, operation, params) = wish(model);
            let before = submissions(provider).await;
            let asked = body(model, operation, params, &format!("she waves {number} times"));
            let (_, job) = world.post_job(&format!("s-{number}-{provider}"), &asked).await;
            let id = job["id"].as_str().unwrap_or_else(|| panic!("{about}: {job}")).to_owned();
            begun.push((about, provider, id, before, end));
        }
        for (about, provider, id, before, (status, code)) in begun {
            let done = world.finished(&id).await;
            let ended = (done["status"].as_str().unwrap(), done["error"]["code"].as_str().unwrap_or(""));
            let code = match (*provider, code) {
                // It judges no words, and what it refuses without naming an input is the workflow, which is ours.
                ("comfyui", "provider_invalid" | "content_refused") => "provider_failed",
                // Its contract knows one refusal.
                ("banana", "content_refused") => "provider_invalid",
                _ => code,
            };
            assert_eq!(ended, (status, code), "{about}: {done}");
            // A result that is gone is paid for and has to be made again; nothing else is made twice.
            let most = if kind == "expire" { 2 } else { 1 };
            let orders = submissions(provider).await - before;
            assert!(orders <= most, "{about}: it was ordered {orders} times");
            // What the worker says of itself; wrangler shows the variables of development when it starts.
            let log = world.edge_log();
            let log: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
            let log = log.join("\n");
            for secret in ["studio-dev-secret", "studio-dev-key", "X-Amz-Signature", "signature="] {
                assert!(
                    !log.contains(secret) && !done.to_string().contains(secret),
                    "{about}: {secret} is told"
                );
            }
            println!("{about}: {status} {code}");
        }
    }
}
