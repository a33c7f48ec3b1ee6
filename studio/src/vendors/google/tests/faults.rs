//! What goes wrong on request, in Google's words.

use super::*;

const BANANA: &str = "gemini-3.1-flash-lite-image:generateContent";

/// A small picture is drawn sooner.
fn small() -> Value {
    let mut body = words("an owl");
    body["generationConfig"] = json!({ "responseModalities": ["IMAGE"], "imageConfig": { "imageSize": "512", "aspectRatio": "1:1" } });
    body
}

#[tokio::test]
async fn each_failure_has_its_code() {
    let app = quick();
    for (kind, code, status) in [
        ("throttle", 429, "RESOURCE_EXHAUSTED"),
        ("invalid", 400, "INVALID_ARGUMENT"),
        ("unavailable", 503, "UNAVAILABLE"),
        ("fail", 500, "INTERNAL"),
    ] {
        spoil(&app, "submit", kind, 1).await;
        assert_eq!(ask(&app, BANANA, small()).await.problem(), (code, status.to_owned()));
    }
    let account = account(&app).await;
    assert_eq!((&account["submissions"], &account["calls"]["submit"]), (&json!(0), &json!(4)));
    assert_eq!(ask(&app, BANANA, small()).await.status, StatusCode::OK, "a rule ends");
}

#[tokio::test]
async fn a_throttled_caller_is_told_when_to_come_again() {
    let app = quick();
    spoil(&app, "submit", "throttle", 1).await;
    let document = ask(&app, BANANA, small()).await.json();
    let details = document["error"]["details"].as_array().unwrap();
    assert!(details.iter().any(|detail| detail["retryDelay"] == "1s"), "{document}");
}

#[tokio::test]
async fn an_answer_that_is_lost_was_paid_for() {
    let app = quick();
    spoil(&app, "submit", "lost_answer", 1).await;
    assert!(ask(&app, BANANA, small()).await.body.is_none());
    assert_eq!(account(&app).await["submissions"], 1);
}

#[tokio::test]
async fn a_refusal_on_request_is_a_block() {
    let app = quick();
    spoil(&app, "submit", "refuse", 1).await;
    let document = ask(&app, BANANA, small()).await.json();
    assert!(document["promptFeedback"]["blockReason"].is_string());
}

#[tokio::test]
async fn a_picture_can_be_something_else_or_cut() {
    let app = quick();
    for kind in ["mislabel", "truncate"] {
        spoil(&app, "submit", kind, 1).await;
        let document = ask(&app, BANANA, small()).await.json();
        let data = document["candidates"][0]["content"]["parts"][0]["inlineData"]["data"].as_str().unwrap();
        assert!(Picture::decode(&BASE64.decode(data.as_bytes()).unwrap()).is_err(), "{kind}");
    }
}
