//! The vendors' keys: each vendor is given its own and nobody else ever sees one. A picture and a clip of
//! every vendor, a refusal, a throttling and a lost answer, and then everything is searched that was
//! answered, logged or stored.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use cuelight_tests::World;
use cuelight_tests::uploads::{asset, png};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A hundred times faster than the vendors are.
const FAST: [&str; 2] = ["--delay-scale", "0.01"];

/// In every secret that is planted. The ids of AWS keys are no secret.
const MARKER: &str = "planted";
/// What makes an address a key by itself.
const SIGNED: [&str; 3] = ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token"];

/// What the studio takes, and under which name the edge has the same key.
const KEYS: [(&str, &str, &str); 7] = [
    ("STUDIO_KEY", "STUDIO_KEY", "planted-studio-51c3"),
    (
        "STUDIO_AWS_KEY",
        "BEDROCK_KEY",
        "AKIAMARKER0000000000:planted-aws-secret-7d20:planted-aws-session-88e1",
    ),
    ("STUDIO_GOOGLE_KEY", "GOOGLE_KEY", "planted-google-09bf"),
    ("STUDIO_WAVESPEED_KEY", "WAVESPEED_KEY", "planted-wavespeed-c44a"),
    ("STUDIO_WAVESPEED_WEBHOOK_KEY", "WAVESPEED_WEBHOOK_SECRET", "whsec_planted-webhook-3e97"),
    ("STUDIO_COMFYUI_KEY", "COMFYUI_KEY", "planted-comfyui-6a15"),
    ("STUDIO_BANANA_KEY", "BANANA_KEY", "planted-banana-f2d8"),
];

/// One job: whose, of which model, which operation, with what else.
type Wish = (&'static str, &'static str, &'static str, Value);

/// A picture of each vendor that makes pictures, and a clip of each that makes clips.
fn wishes(picture: &Value) -> Vec<Wish> {
    let from = |more: Value| {
        let mut params = more;
        params["image"] = picture.clone();
        params
    };
    vec![
        ("bedrock", "stability.stable-image-core-v1:1", "text_to_image", json!({})),
        ("bedrock", "luma.ray-v2:0", "image_to_video", from(json!({"resolution": "540p", "duration": 5}))),
        ("google", "gemini-3.1-flash-lite-image", "text_to_image", json!({})),
        ("google", "veo-3.1-fast", "image_to_video", from(json!({"resolution": "720p", "duration": 4}))),
        ("wavespeed", "wavespeed-z-image-turbo", "text_to_image", json!({"width": 512, "height": 768})),
        ("wavespeed", "kling-2.5-turbo-std", "image_to_video", from(json!({"duration": 5}))),
        ("comfyui", "comfyui-smoke", "text_to_video", json!({"duration": 1})),
        ("banana", "banana-call-image", "call_image", json!({})),
    ]
}

/// Everything that was answered, under the name of what was asked.
#[derive(Default)]
struct Answers(Vec<(String, Vec<u8>)>);

impl Answers {
    /// Asks for a job, waits for its end, and keeps both answers, its events included.
    async fn job(&mut self, world: &World, number: usize, wish: &Wish) -> Value {
        let (provider, model, operation, params) = wish;
        let mut params = params.clone();
        params["prompt"] = json!(format!("she waves {number} times"));
        let body = json!({"operation_type": operation, "model": model, "params": params});
        let (status, job) = world.post_job(&format!("s-{number}"), &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{model}: {job}");
        assert_eq!(job["provider"], *provider);
        let done = world.finished(job["id"].as_str().unwrap()).await;
        for (what, answer) in [("asked", &job), ("ended", &done)] {
            self.0.push((format!("{model}, {what}"), answer.to_string().into_bytes()));
        }
        let path = format!("/api/v1/jobs/{}?explain=true", job["id"].as_str().unwrap());
        self.fetched(world, &path).await;
        done
    }

    /// Keeps what is at an address, its headers included.
    async fn fetched(&mut self, world: &World, path: &str) -> StatusCode {
        let answer = world.get(path).await;
        let status = answer.status();
        self.0.push((format!("headers of {path}"), format!("{:?}", answer.headers()).into_bytes()));
        self.0.push((path.to_owned(), answer.bytes().await.unwrap().to_vec()));
        status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_vendors_key_is_ever_answered_logged_or_stored() {
    let studio: Vec<(&str, &str)> = KEYS.iter().map(|(name, _, key)| (*name, *key)).collect();
    let edge: Vec<(&str, Value)> = KEYS.iter().map(|(_, name, key)| (*name, json!(key))).collect();
    let world = World::keyed(&FAST, &studio, &edge).await;
    let picture = asset(&world, "image/png", png(800, 800, [60, 140, 90])).await;
    let wishes = wishes(&picture);
    let mut answers = Answers::default();

    // The studio refuses every other key, so whoever makes something was given its own.
    for (number, wish) in wishes.iter().enumerate() {
        let done = answers.job(&world, number, wish).await;
        assert_eq!(done["status"], "complete", "{}: {done}", wish.1);
        let url = done["content"]["url"].as_str().unwrap();
        assert_eq!(answers.fetched(&world, url).await, StatusCode::OK, "{}", wish.1);
    }
    for provider in ["bedrock", "google", "wavespeed", "comfyui", "banana"] {
        let asked = wishes.iter().filter(|wish| wish.0 == provider).count();
        assert_eq!(submissions(&world, provider).await, asked as u64, "{provider}");
    }

    let troubles = [
        // Content is refused, in words of the vendor's.
        (
            "kling-2.5-turbo-std",
            json!({"kind": "refuse", "on": "submit"}),
            "failed",
            "content_refused",
            0..=1,
        ),
        // Throttled once, and then taken.
        ("veo-3.1-fast", json!({"kind": "throttle", "on": "submit"}), "complete", "", 1..=1),
        // Taken, and the answer lost: the vendor is asked whether it has it, never for another.
        ("luma.ray-v2:0", json!({"kind": "lost_answer", "on": "submit"}), "complete", "", 1..=1),
    ];
    for (number, (model, mut fault, status, code, orders)) in troubles.into_iter().enumerate() {
        let wish = wishes.iter().find(|wish| wish.1 == model).unwrap();
        fault["vendor"] = json!(wish.0);
        fault["times"] = json!(1);
        world.studio_faults(json!([fault])).await;
        let before = submissions(&world, wish.0).await;
        let done = answers.job(&world, 100 + number, wish).await;
        assert_eq!(done["status"], status, "{fault}: {done}");
        assert_eq!(done["error"]["code"].as_str().unwrap_or(""), code, "{fault}: {done}");
        let made = submissions(&world, wish.0).await - before;
        assert!(orders.contains(&made), "{fault}: it was ordered {made} times");
    }

    for path in ["/api/v1/usage", "/api/v1/lanes/bedrock", "/api/v1/models", "/api/v1/health"] {
        answers.fetched(&world, path).await;
    }
    let log = world.edge_log();
    assert!(!log.is_empty(), "the edge has a log");
    answers.0.push(("the edge's log".to_owned(), log.into_bytes()));
    // All that outlives the edge: what is in its bucket and what its actors remember.
    let stored = files(&world.folder().join("state"));
    assert!(stored.len() > wishes.len(), "results are stored in files: {stored:?}");
    for file in stored {
        answers.0.push((file.display().to_string(), std::fs::read(&file).unwrap()));
    }
    for (name, bytes) in &answers.0 {
        assert!(!holds(bytes, MARKER), "{name} holds a key");
        for signed in SIGNED {
            assert!(!holds(bytes, signed), "{name} holds a signed address");
        }
    }
}

/// How many pieces of work a vendor has taken on.
async fn submissions(world: &World, provider: &str) -> u64 {
    world.studio_stats().await["vendors"][provider]["submissions"].as_u64().unwrap_or(0)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Whether a word is anywhere in it.
fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}
