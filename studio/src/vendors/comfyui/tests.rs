//! The protocol of a ComfyUI server, one sentence each.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::http::Request as Call;
use tower::ServiceExt;

use super::super::fault::Rule;
use super::super::keys::Keys;
use super::super::picture::Picture;
use super::*;

struct World {
    vendors: Vendors,
    app: Router,
}

impl World {
    fn new() -> Self {
        let vendors = Vendors::new(Keys::default(), 0.0);
        Self { app: routes(vendors.clone()).with_state(vendors.clone()), vendors }
    }

    async fn raw(&self, call: axum::http::request::Builder, body: Vec<u8>) -> (StatusCode, HeaderMap, Bytes) {
        let call = call.header("host", "127.0.0.1:8188").body(Body::from(body)).unwrap();
        let (parts, body) = self.app.clone().oneshot(call).await.unwrap().into_parts();
        (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, _, bytes) = self.raw(Call::get(format!("/comfyui{path}")), Vec::new()).await;
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let call = Call::post(format!("/comfyui{path}")).header("content-type", "application/json");
        let (status, _, bytes) = self.raw(call, body.to_string().into_bytes()).await;
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn upload(&self, name: &str, bytes: &[u8]) -> Value {
        let mut form = format!("--cut\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n").into_bytes();
        form.extend(bytes);
        form.extend(b"\r\n--cut--\r\n");
        let call = Call::post("/comfyui/api/upload/image")
            .header("content-type", "multipart/form-data; boundary=cut");
        serde_json::from_slice(&self.raw(call, form).await.2).unwrap_or_default()
    }

    /// What the history says of this prompt once it has run.
    async fn ran(&self, prompt: &Value) -> Value {
        let (status, taken) = self.post("/prompt", &json!({"prompt": prompt})).await;
        assert_eq!(status, StatusCode::OK, "{taken}");
        let id = taken["prompt_id"].as_str().unwrap().to_owned();
        loop {
            let (_, run) = self.get(&format!("/history/{id}")).await;
            if let Some(run) = run.get(&id) {
                return run.clone();
            }
            tokio::task::yield_now().await;
        }
    }

    async fn view(&self, place: &Value) -> (StatusCode, HeaderMap, Bytes) {
        let text = |name: &str| place[name].as_str().unwrap().to_owned();
        let query =
            format!("filename={}&subfolder={}&type={}", text("filename"), text("subfolder"), text("type"));
        self.raw(Call::get(format!("/comfyui/view?{query}")), Vec::new()).await
    }
}

fn plain_clip() -> Value {
    json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 48, "batch_size": 6, "color": 255}},
        "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 12}},
        "3": {"class_type": "SaveVideo", "inputs": {
            "video": ["2", 0], "filename_prefix": "video/plain", "format": "auto", "codec": "auto"}},
    })
}

/// Text to pictures, as every first graph of ComfyUI.
fn sampled(text: &str, seed: u64) -> Value {
    json!({
        "3": {"class_type": "KSampler", "inputs": {"seed": seed, "steps": 3, "cfg": 7, "sampler_name": "euler",
            "scheduler": "normal", "denoise": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
            "latent_image": ["5", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "studio.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 96, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "fox"}},
    })
}

#[tokio::test]
async fn a_graph_of_core_nodes_comes_to_a_clip() {
    let world = World::new();
    let run = world.ran(&plain_clip()).await;
    assert_eq!(run["status"]["status_str"], "success", "{run}");
    let place = &run["outputs"]["3"]["images"][0];
    assert_eq!(place, &json!({"filename": "plain_00001_.mp4", "subfolder": "video", "type": "output"}));
    let (status, headers, bytes) = world.view(place).await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"video/mp4".parse().unwrap()));
    assert_eq!(headers["content-disposition"], "filename=\"plain_00001_.mp4\"");
    assert_eq!(&bytes[4..8], b"ftyp");
}

#[tokio::test]
async fn an_uploaded_picture_is_loaded_scaled_and_saved() {
    let world = World::new();
    let mut pixels = tiny_skia::Pixmap::new(10, 10).unwrap();
    pixels.fill(tiny_skia::Color::from_rgba8(250, 10, 10, 255));
    let told = world.upload("fox.png", &pixels.encode_png().unwrap()).await;
    assert_eq!(told, json!({"name": "fox.png", "subfolder": "", "type": "input"}));
    let run = world
        .ran(&json!({
            "a": {"class_type": "LoadImage", "inputs": {"image": told["name"]}},
            "b": {"class_type": "ImageScale", "inputs": {
                "image": ["a", 0], "upscale_method": "lanczos", "width": 24, "height": 12, "crop": "center"}},
            "c": {"class_type": "SaveImage", "inputs": {"images": ["b", 0], "filename_prefix": "out"}},
        }))
        .await;
    let picture = Picture::decode(&world.view(&run["outputs"]["c"]["images"][0]).await.2).unwrap();
    assert_eq!((picture.width, picture.height), (24, 12));
    assert_eq!(&picture.pixels().data()[..4], &[250, 10, 10, 255]);
}

#[tokio::test]
async fn what_is_sampled_keeps_to_its_text_its_seed_and_its_size() {
    let world = World::new();
    let mut made = Vec::new();
    for (text, seed) in [("a robot waves", 1), ("a robot waves", 1), ("a robot waves", 2), ("a sad owl", 1)] {
        let run = world.ran(&sampled(text, seed)).await;
        made.push(world.view(&run["outputs"]["9"]["images"][0]).await.2);
    }
    let picture = Picture::decode(&made[0]).unwrap();
    assert_eq!((picture.width, picture.height), (64, 96));
    assert_eq!(made[0], made[1]);
    assert!(made[0] != made[2] && made[0] != made[3]);
}

#[tokio::test]
async fn a_picture_to_clip_graph_starts_with_its_picture_and_has_its_length() {
    let world = World::new();
    let mut pixels = tiny_skia::Pixmap::new(64, 64).unwrap();
    pixels.fill(tiny_skia::Color::from_rgba8(10, 200, 10, 255));
    world.upload("start.png", &pixels.encode_png().unwrap()).await;
    let mut prompt = sampled("a cat waves", 3);
    prompt["1"] = json!({"class_type": "LoadImage", "inputs": {"image": "start.png"}});
    prompt["2"] = json!({"class_type": "LoraLoader", "inputs": {"model": ["4", 0], "clip": ["4", 1],
        "lora_name": "ink.safetensors", "strength_model": 0.8, "strength_clip": 0.8}});
    prompt["5"] = json!({"class_type": "WanImageToVideo", "inputs": {"positive": ["6", 0], "negative": ["7", 0],
        "vae": ["4", 2], "width": 64, "height": 64, "length": 9, "batch_size": 1, "start_image": ["1", 0]}});
    for (input, link) in [
        ("model", json!(["2", 0])),
        ("positive", json!(["5", 0])),
        ("negative", json!(["5", 1])),
        ("latent_image", json!(["5", 2])),
    ] {
        prompt["3"]["inputs"][input] = link;
    }
    let run = world.ran(&prompt).await;
    let frames = run["outputs"]["9"]["images"].as_array().unwrap();
    assert_eq!(frames.len(), 9, "{run}");
    let first = Picture::decode(&world.view(&frames[0]).await.2).unwrap();
    assert_eq!(first.pixels().data(), pixels.data());
}

#[tokio::test]
async fn a_node_that_raises_ends_its_run_with_its_name() {
    let world = World::new();
    world.upload("text.png", b"this is no picture").await;
    let run = world
        .ran(&json!({
            "a": {"class_type": "LoadImage", "inputs": {"image": "text.png"}},
            "b": {"class_type": "PreviewImage", "inputs": {"images": ["a", 0]}},
        }))
        .await;
    assert_eq!((&run["status"]["status_str"], &run["status"]["completed"]), (&json!("error"), &json!(false)));
    let messages = run["status"]["messages"].as_array().unwrap();
    let [event, data] = messages.last().unwrap().as_array().unwrap().as_slice() else { panic!("{run}") };
    assert_eq!((event, &data["node_id"]), (&json!("execution_error"), &json!("a")));
    assert_eq!(data["exception_type"], "PIL.UnidentifiedImageError");
}

#[tokio::test]
async fn what_is_wrong_is_answered_with_the_nodes_it_is_in() {
    let world = World::new();
    let mut prompt = plain_clip();
    prompt["1"]["inputs"]["width"] = json!(0);
    let (status, answer) = world.post("/prompt", &json!({"prompt": prompt})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["node_errors"]["1"]["errors"][0]["type"], "value_smaller_than_min");
    let (status, answer) = world.post("/prompt", &json!({})).await;
    assert_eq!((status, &answer["error"]["type"]), (StatusCode::BAD_REQUEST, &json!("no_prompt")));
}

#[tokio::test]
async fn pages_of_other_origins_stay_outside() {
    let world = World::new();
    let call = |origin| Call::get("/comfyui/queue").header("origin", origin);
    assert_eq!(world.raw(call("https://example.com"), Vec::new()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.raw(call("http://127.0.0.1:8188"), Vec::new()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn no_file_is_seen_outside_of_the_folders() {
    let world = World::new();
    for (query, status) in [
        ("filename=../x.png", StatusCode::BAD_REQUEST),
        ("filename=x.png&subfolder=../..", StatusCode::FORBIDDEN),
        ("filename=x.png&type=models", StatusCode::BAD_REQUEST),
        ("filename=x.png", StatusCode::NOT_FOUND),
        ("", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(world.get(&format!("/view?{query}")).await.0, status, "{query}");
    }
}

#[tokio::test]
async fn what_runs_can_be_interrupted_and_what_waits_deleted() {
    let world = World::new();
    // Slow enough to be caught in the act.
    world.vendors.set_scale(1.0);
    let (_, slow) = world.post("/prompt", &json!({"prompt": sampled("a cat", 1), "prompt_id": "slow"})).await;
    assert_eq!(slow["prompt_id"], "slow");
    world.post("/prompt", &json!({"prompt": plain_clip(), "prompt_id": "waits"})).await;
    while world.get("/queue").await.1["queue_running"] == json!([]) {
        tokio::task::yield_now().await;
    }
    world.post("/queue", &json!({"delete": ["waits"]})).await;
    assert_eq!(world.get("/prompt").await.1["exec_info"]["queue_remaining"], 1);
    world.post("/interrupt", &json!({"prompt_id": "another"})).await;
    assert_eq!(world.get("/queue").await.1["queue_running"][0][1], "slow");
    world.post("/interrupt", &json!({"prompt_id": "slow"})).await;
    let run = loop {
        let (_, run) = world.get("/history/slow").await;
        if run != json!({}) {
            break run["slow"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let messages = run["status"]["messages"].as_array().unwrap();
    assert_eq!(messages.last().unwrap()[0], "execution_interrupted");
}

#[tokio::test]
async fn a_fault_makes_a_run_fail_that_had_succeeded() {
    let world = World::new();
    let (_, taken) = world.post("/prompt", &json!({"prompt": plain_clip(), "prompt_id": "one"})).await;
    assert_eq!(taken["prompt_id"], "one");
    while world.get("/history/one").await.1 == json!({}) {
        tokio::task::yield_now().await;
    }
    let rule = Rule {
        vendor: ME,
        on: On::Poll,
        kind: Kind::Fail,
        times: Some(1),
        delay_ms: None,
        retry_after_s: None,
    };
    world.vendors.set_faults(vec![rule]);
    assert_eq!(world.get("/history/one").await.1["one"]["status"]["status_str"], "error");
    assert_eq!(world.vendors.accounts()[&ME].submissions, 1);
}

#[tokio::test]
async fn a_socket_is_told_of_a_run_in_order() {
    let world = World::new();
    let server = Server::new(world.vendors.clone());
    let mut news = server.join("me");
    let body = json!({"prompt": plain_clip(), "client_id": "me"}).to_string();
    assert_eq!(take(&server, body.as_bytes()).status(), StatusCode::OK);
    let mut events = Vec::new();
    loop {
        let told: Value = serde_json::from_str(&news.recv().await.unwrap()).unwrap();
        let over = told["type"] == "executing" && told["data"]["node"] == Value::Null;
        events.push(told["type"].as_str().unwrap().to_owned());
        if over {
            break;
        }
    }
    events.retain(|event| event != "progress_state");
    assert_eq!(
        events,
        [
            "status",
            "status",
            "status",
            "execution_start",
            "execution_cached",
            "executing",
            "executing",
            "executing",
            "executed",
            "execution_success",
            "status",
            "executing"
        ]
    );
}

#[tokio::test]
async fn the_socket_speaks_over_a_real_connection() {
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let app = world.app.clone();
    let running = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let hello = format!(
        "GET /comfyui/ws?clientId=me HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, hello.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("queue_remaining") {
        assert!(tokio::io::AsyncReadExt::read_buf(&mut stream, &mut heard).await.unwrap() > 0);
    }
    let text = String::from_utf8_lossy(&heard);
    assert!(text.starts_with("HTTP/1.1 101") && text.contains("\"sid\":\"me\""), "{text}");
    running.abort();
}
