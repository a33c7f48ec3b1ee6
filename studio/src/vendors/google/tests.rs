//! The interface, spoken to without a port: keys, models, every kind of answer, every fault, files.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::api::{Config, app};
use crate::delay::Delays;
use crate::vendors::picture::Picture;

mod clips;
mod faults;
mod files;
mod pictures;

const KEY: &str = "studio-dev-key";

/// A studio that does not wait.
fn quick() -> Router {
    strict(false)
}

fn strict(strict: bool) -> Router {
    let mut delays = Delays::default();
    delays.set_scale(0.0).unwrap();
    app(Config { delays, strict, ..Config::default() })
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// The whole body, or nothing when the connection broke.
    body: Option<Vec<u8>>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_deref().unwrap()).unwrap()
    }

    fn problem(&self) -> (u16, String) {
        let document = self.json();
        assert_eq!(document["error"]["code"], self.status.as_u16());
        (self.status.as_u16(), document["error"]["status"].as_str().unwrap().to_owned())
    }
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.ok().map(|bytes| bytes.to_vec());
    Answer { status: parts.status, headers: parts.headers, body }
}

fn request(method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-goog-api-key", KEY)
        .header("host", "127.0.0.1:1")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap()
}

async fn ask(app: &Router, call: &str, body: Value) -> Answer {
    send(app, request(Method::POST, &format!("/v1beta/models/{call}"), Some(body))).await
}

async fn fetch(app: &Router, path: &str) -> Answer {
    send(app, request(Method::GET, path, None)).await
}

/// Has the next call of this kind spoiled this way, `times` times.
async fn spoil(app: &Router, on: &str, kind: &str, times: u32) {
    let rule = json!({ "vendor": "google", "on": on, "kind": kind, "times": times });
    let answer = send(app, request(Method::POST, "/control/faults", Some(json!({ "rules": [rule] })))).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
}

/// What Google has counted and charged.
async fn account(app: &Router) -> Value {
    fetch(app, "/control/stats").await.json()["vendors"]["google"].clone()
}

fn words(text: &str) -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
}

fn picture_in(document: &Value) -> Picture {
    let parts = document["candidates"][0]["content"]["parts"].as_array().unwrap();
    let data = parts.iter().find_map(|part| part["inlineData"]["data"].as_str()).unwrap();
    Picture::decode(&BASE64.decode(data.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_key_is_needed_and_may_stand_in_either_place() {
    let app = quick();
    let bare = |path: &str| Request::builder().uri(path.to_owned()).body(Body::empty()).unwrap();
    assert_eq!(send(&app, bare("/v1beta/models")).await.problem(), (403, "PERMISSION_DENIED".into()));
    let wrong = send(&app, bare("/v1beta/models?key=nonsense")).await;
    assert_eq!(wrong.problem(), (400, "INVALID_ARGUMENT".into()));
    assert_eq!(wrong.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let nobody = send(&app, bare(&format!("/v1beta/models?key={KEY}-nobody"))).await;
    assert_eq!(nobody.problem(), (403, "PERMISSION_DENIED".into()));
    assert_eq!(send(&app, bare(&format!("/v1beta/models?key={KEY}"))).await.status, StatusCode::OK);
    assert_eq!(fetch(&app, "/v1/models").await.status, StatusCode::OK);
}

#[tokio::test]
async fn models_are_listed_page_by_page() {
    let app = quick();
    let mut names = Vec::new();
    let mut path = "/v1beta/models?pageSize=10".to_owned();
    loop {
        let page = fetch(&app, &path).await.json();
        names.extend(page["models"].as_array().unwrap().iter().map(|model| model["name"].clone()));
        let Some(token) = page["nextPageToken"].as_str() else { break };
        path = format!("/v1beta/models?pageSize=10&pageToken={token}");
    }
    assert_eq!(names.len(), super::models::MODELS.len());
    let one = fetch(&app, "/v1beta/models/veo-3.0-generate-001").await.json();
    assert_eq!(one["supportedGenerationMethods"], json!(["predictLongRunning"]));
}

#[tokio::test]
async fn an_unknown_model_and_a_method_that_it_does_not_have_are_not_found() {
    let app = quick();
    for call in [
        "gemini-99:generateContent",
        "gemini-2.5-flash-image:predict",
        "imagen-4.0-generate-001:generateContent",
    ] {
        let answer = ask(&app, call, words("an owl")).await;
        assert_eq!(answer.problem(), (404, "NOT_FOUND".into()), "{call}");
    }
}

#[tokio::test]
async fn retired_models_live_on_unless_the_studio_is_strict() {
    let body = json!({ "instances": [{ "prompt": "an owl" }], "parameters": { "sampleCount": 1 } });
    let call = "imagen-4.0-fast-generate-001:predict";
    assert_eq!(ask(&quick(), call, body.clone()).await.status, StatusCode::OK);
    let answer = ask(&strict(true), call, body).await;
    assert_eq!(answer.problem(), (404, "NOT_FOUND".into()));
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("no longer available"));
}

#[tokio::test]
async fn words_are_answered_with_words_and_cost_by_the_token() {
    let app = quick();
    let answer = ask(&app, "gemini-2.5-flash:generateContent", words("Scene: a market at dawn")).await.json();
    let text = answer["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("a market at dawn. The camera"), "{text}");
    assert_eq!(answer["candidates"][0]["finishReason"], "STOP");
    let usage = &answer["usageMetadata"];
    assert_eq!(usage["promptTokenCount"], 6);
    assert!(account(&app).await["total_micro_usd"].as_u64().unwrap() > 0);
    let counted = ask(&app, "gemini-2.5-flash:countTokens", words("Scene: a market at dawn")).await.json();
    assert_eq!(counted["totalTokens"], 6);
}

#[tokio::test]
async fn a_stream_is_events_that_add_up_or_a_list() {
    let app = quick();
    let call = "gemini-2.5-flash:streamGenerateContent";
    let events = ask(&app, &format!("{call}?alt=sse"), words("a market at dawn")).await;
    assert_eq!(events.headers["content-type"], "text/event-stream");
    let text = String::from_utf8(events.body.unwrap()).unwrap();
    let pieces: Vec<Value> = text
        .split("\r\n\r\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(pieces.len() > 1 && !text.contains("[DONE]"));
    assert_eq!(pieces.last().unwrap()["candidates"][0]["finishReason"], "STOP");
    let list = ask(&app, call, words("a market at dawn")).await.json();
    assert_eq!(list.as_array().unwrap().len(), pieces.len());
}
