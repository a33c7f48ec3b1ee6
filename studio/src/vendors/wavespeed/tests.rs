//! The protocol of WaveSpeed, one sentence each.

use axum::body::{Body, to_bytes};
use axum::http::Request as Call;
use cuelight_core::units::MicroUsd;
use data_encoding::BASE64;
use tower::ServiceExt;

use super::super::fault::Rule;
use super::super::keys::Keys;
use super::super::picture::Picture;
use super::*;

const KLING: &str = "/api/v3/kwaivgi/kling-v2.5-turbo-std/image-to-video";
const PICTURE: &str = "/api/v3/wavespeed-ai/z-image/turbo";

struct World(Vendors);

impl World {
    fn new() -> Self {
        Self(Vendors::new(Keys::default(), 0.0))
    }

    async fn raw(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> (StatusCode, Bytes) {
        let call = Call::builder().method(method).uri(path).header("host", "studio.test");
        let call = call.header("authorization", "Bearer studio-dev-key").header("content-type", kind);
        let app = routes().with_state(self.0.clone());
        let response = app.oneshot(call.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default())
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let (status, bytes) = self.raw(method, path, "application/json", body.to_string().into_bytes()).await;
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn submit(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert_eq!((status, &answer["code"]), (StatusCode::OK, &json!(200)), "{answer}");
        answer["data"].clone()
    }

    /// The prediction of this id once it is over.
    async fn over(&self, id: &Value) -> Value {
        over(&self.0, id.as_str().unwrap()).await;
        let path = format!("/api/v3/predictions/{}/result", id.as_str().unwrap());
        self.call("GET", &path, &json!({})).await.1["data"].clone()
    }

    /// What lies under an output's address.
    async fn fetch(&self, output: &Value) -> (StatusCode, Bytes) {
        let path = output.as_str().unwrap().strip_prefix("http://studio.test").unwrap();
        self.raw("GET", path, "", Vec::new()).await
    }

    fn spoil(&self, on: On, kind: Kind) {
        let rule = Rule { vendor: ME, on, kind, times: Some(1), delay_ms: None, retry_after_s: None };
        self.0.set_faults(vec![rule]);
    }
}

fn still(width: u32, height: u32) -> Vec<u8> {
    let mut pixels = tiny_skia::Pixmap::new(width, height).unwrap();
    pixels.fill(tiny_skia::Color::from_rgba8(20, 90, 200, 255));
    pixels.encode_png().unwrap()
}

#[tokio::test]
async fn a_prediction_is_created_polled_and_downloaded() {
    let world = World::new();
    let body = json!({"prompt": "an owl waves", "size": "256*320", "seed": 5});
    let created = world.submit(PICTURE, &body).await;
    assert_eq!((&created["status"], &created["outputs"]), (&json!("created"), &json!([])));
    let done = world.over(&created["id"]).await;
    assert_eq!((&done["status"], &done["has_nsfw_contents"]), (&json!("completed"), &json!([false])));
    let picture = Picture::decode(&world.fetch(&done["outputs"][0]).await.1).unwrap();
    assert_eq!((picture.width, picture.height), (256, 320));
    let account = &world.0.accounts()[&ME];
    assert_eq!((account.submissions, account.total_micro_usd), (1, MicroUsd(5_000)));
}

#[tokio::test]
async fn an_upload_by_ticket_is_taken_once_and_can_be_animated() {
    let world = World::new();
    let bytes = still(304, 304);
    let wish = json!({"filename": "a fox.png", "size": bytes.len(), "content_type": "image/png"});
    let ticket = world.submit("/api/v3/media/uploads", &wish).await;
    assert_eq!(ticket["upload"]["method"], "PUT");
    let to = ticket["upload"]["url"].as_str().unwrap().strip_prefix("http://studio.test").unwrap().to_owned();
    assert_eq!(world.raw("PUT", &to, "image/jpeg", bytes.clone()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.raw("PUT", &to, "image/png", bytes.clone()).await.0, StatusCode::OK);
    assert_eq!(world.raw("PUT", &to, "image/png", bytes.clone()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.fetch(&ticket["download_url"]).await.1, bytes);
    let path = "/api/v3/wavespeed-ai/z-image/base";
    let body = json!({"prompt": "a cat", "image": ticket["download_url"], "size": "256*256"});
    let done = world.over(&world.submit(path, &body).await["id"]).await;
    assert_eq!(done["status"], "completed", "{done}");
}

#[tokio::test]
async fn what_one_model_made_is_what_the_next_starts_with() {
    let world = World::new();
    let first = json!({"prompt": "two people on the phone", "size": "256*256"});
    let made = world.over(&world.submit(PICTURE, &first).await["id"]).await;
    let path = "/api/v3/wavespeed-ai/z-image/base";
    let body = json!({"prompt": "a cat", "image": made["outputs"][0], "size": "256*256"});
    let done = world.over(&world.submit(path, &body).await["id"]).await;
    assert_eq!(done["status"], "completed", "{done}");
}

#[tokio::test]
async fn an_upload_in_one_form_works_as_it_used_to() {
    let world = World::new();
    let mut form = b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fox.png\"\r\nContent-Type: image/png\r\n\r\n".to_vec();
    form.extend(still(8, 8));
    form.extend(b"\r\n--cut--\r\n");
    let kind = "multipart/form-data; boundary=cut";
    let (status, answer) = world.raw("POST", "/api/v3/media/upload/binary", kind, form).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.fetch(&answer["data"]["download_url"]).await.1, still(8, 8));
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_envelope() {
    let world = World::new();
    let (status, answer) = world.call("POST", KLING, &json!({"prompt": "a fox"})).await;
    assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!(400)));
    assert!(answer["message"].as_str().unwrap().starts_with("image: "), "{answer}");
    assert_eq!(world.call("POST", "/api/v3/nobody/nothing", &json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.call("GET", "/api/v3/predictions/none", &json!({})).await.0, StatusCode::NOT_FOUND);
    let world = World(Vendors::new(Keys { wavespeed: "another".into(), ..Keys::default() }, 0.0));
    let (status, answer) = world.call("POST", PICTURE, &json!({"prompt": "a"})).await;
    assert_eq!((status, &answer["code"]), (StatusCode::UNAUTHORIZED, &json!(401)));
}

#[tokio::test]
async fn refused_content_and_an_unreachable_picture_fail_as_tasks_and_cost_nothing() {
    let world = World::new();
    let done = world.over(&world.submit(PICTURE, &json!({"prompt": "forbidden"})).await["id"]).await;
    assert_eq!((&done["status"], &done["has_nsfw_contents"]), (&json!("failed"), &json!([true])));
    let body = json!({"prompt": "a fox", "image": "https://example.com/fox.png"});
    let done = world.over(&world.submit(KLING, &body).await["id"]).await;
    assert_eq!((&done["status"], &done["has_nsfw_contents"]), (&json!("failed"), &json!([])));
    assert_eq!(world.0.accounts()[&ME].total_micro_usd, MicroUsd(0));
}

#[tokio::test]
async fn a_synchronous_caller_waits_for_the_output_and_may_have_it_in_the_answer() {
    let world = World::new();
    let body =
        json!({"prompt": "a cat", "size": "256*256", "enable_sync_mode": true, "enable_base64_output": true});
    let done = world.submit(PICTURE, &body).await;
    assert_eq!(done["status"], "completed");
    let bytes = BASE64.decode(done["outputs"][0].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(Picture::decode(&bytes).unwrap().width, 256);
}

#[tokio::test]
async fn the_history_is_told_latest_first_in_pages() {
    let world = World::new();
    for prompt in ["one", "two", "three"] {
        world.over(&world.submit(PICTURE, &json!({"prompt": prompt, "size": "256*256"})).await["id"]).await;
    }
    let page = world.submit("/api/v3/predictions", &json!({"page": 2, "page_size": 2})).await;
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 1));
    let none = json!({"page": 1, "page_size": 2, "status": "failed"});
    assert_eq!(world.submit("/api/v3/predictions", &none).await["items"], json!([]));
    let (status, _) = world.call("POST", "/api/v3/predictions", &json!({"page": 1, "page_size": 101})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn faults_come_in_the_vendors_words() {
    let world = World::new();
    let body = json!({"prompt": "a cat", "size": "256*256"});
    for (on, kind, path, status) in [
        (On::Submit, Kind::Throttle, PICTURE, StatusCode::TOO_MANY_REQUESTS),
        (On::Submit, Kind::Unavailable, PICTURE, StatusCode::SERVICE_UNAVAILABLE),
        (On::Submit, Kind::Invalid, PICTURE, StatusCode::BAD_REQUEST),
        (On::Submit, Kind::Redirect, PICTURE, StatusCode::FOUND),
        (On::Upload, Kind::Fail, "/api/v3/media/uploads", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        world.spoil(on, kind);
        assert_eq!(world.call("POST", path, &body).await.0, status, "{kind:?}");
    }
    let done = world.over(&world.submit(PICTURE, &body).await["id"]).await;
    for (kind, status) in [
        (Kind::Expire, StatusCode::NOT_FOUND),
        (Kind::Redirect, StatusCode::FOUND),
        (Kind::Mislabel, StatusCode::OK),
    ] {
        world.spoil(On::Download, kind);
        let (got, bytes) = world.fetch(&done["outputs"][0]).await;
        assert_eq!(got, status);
        assert!(Picture::decode(&bytes).is_err());
    }
    // Once it is done it is paid for, so it must not be done yet.
    world.0.set_scale(1.0);
    let created = world.submit(PICTURE, &body).await;
    world.spoil(On::Poll, Kind::Refuse);
    let path = format!("/api/v3/predictions/{}", created["id"].as_str().unwrap());
    let (_, told) = world.call("GET", &path, &json!({})).await;
    assert_eq!(
        (&told["data"]["status"], &told["data"]["has_nsfw_contents"]),
        (&json!("failed"), &json!([true]))
    );
}

#[tokio::test]
async fn a_submission_whose_answer_is_lost_is_taken_all_the_same() {
    let world = World::new();
    world.spoil(On::Submit, Kind::LostAnswer);
    let (_, answer) = world.call("POST", PICTURE, &json!({"prompt": "a cat", "size": "256*256"})).await;
    assert_eq!(answer, Value::Null);
    assert_eq!(world.0.accounts()[&ME].submissions, 1);
}
