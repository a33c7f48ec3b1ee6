//! Clips: begun, asked after, fetched, continued, left out.

use super::*;

const VEO: &str = "veo-3.1-fast-generate-preview";

async fn begin(app: &Router, instance: Value, parameters: Value) -> String {
    let body = json!({ "instances": [instance], "parameters": parameters });
    let answer = ask(app, &format!("{VEO}:predictLongRunning"), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.json());
    let document = answer.json();
    assert_eq!(
        document.as_object().unwrap().len(),
        1,
        "a submission is answered with a name and nothing else"
    );
    document["name"].as_str().unwrap().to_owned()
}

async fn finished(app: &Router, name: &str) -> Value {
    loop {
        let document = fetch(app, &format!("/v1beta/{name}")).await.json();
        if document["done"] == true {
            return document;
        }
        assert_eq!(document, json!({ "name": name }));
        tokio::task::yield_now().await;
    }
}

fn uri(document: &Value) -> &str {
    document["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"].as_str().unwrap()
}

/// A small picture.
fn picture() -> Value {
    let mut pixels = tiny_skia::Pixmap::new(16, 9).unwrap();
    pixels.fill(tiny_skia::Color::from_rgba8(200, 30, 30, 255));
    json!({ "bytesBase64Encoded": BASE64.encode(&pixels.encode_png().unwrap()), "mimeType": "image/png" })
}

#[tokio::test]
async fn a_clip_is_begun_asked_after_and_fetched_where_the_redirect_points() {
    let app = quick();
    let name =
        begin(&app, json!({ "prompt": "an owl", "image": picture() }), json!({ "durationSeconds": 4 })).await;
    assert!(name.starts_with(&format!("models/{VEO}/operations/")));
    let document = finished(&app, &name).await;
    let path = uri(&document).strip_prefix("https://generativelanguage.googleapis.com").unwrap().to_owned();
    let elsewhere = fetch(&app, &path).await;
    assert_eq!(elsewhere.status, StatusCode::FOUND);
    let place = elsewhere.headers["location"].to_str().unwrap();
    let bare = Request::builder().uri(place).body(Body::empty()).unwrap();
    assert_eq!(send(&app, bare).await.status, StatusCode::FORBIDDEN, "the key is needed there, too");
    let clip = fetch(&app, place).await;
    assert_eq!(clip.headers["content-type"], "video/mp4");
    assert_eq!(&clip.body.unwrap()[4..8], b"ftyp");
    assert_eq!(account(&app).await["total_micro_usd"], 400_000);
    finished(&app, &name).await;
    assert_eq!(account(&app).await["total_micro_usd"], 400_000, "asking again costs nothing");
}

#[tokio::test]
async fn what_the_filters_leave_out_is_done_and_costs_nothing() {
    let app = quick();
    for words in ["a forbidden owl", "an indecent owl"] {
        let document = finished(&app, &begin(&app, json!({ "prompt": words }), json!({})).await).await;
        assert_eq!(document["response"]["generateVideoResponse"]["raiMediaFilteredCount"], 1);
    }
    assert_eq!(account(&app).await["total_micro_usd"], 0);
}

#[tokio::test]
async fn a_clip_is_continued_only_if_it_was_made_here() {
    let app = quick();
    let body = json!({ "instances": [{ "prompt": "a", "video": { "uri": "files/abc" } }] });
    let answer = ask(&app, &format!("{VEO}:predictLongRunning"), body).await;
    assert_eq!(answer.problem(), (403, "PERMISSION_DENIED".into()));
    assert_eq!(account(&app).await["submissions"], 0);
}

#[tokio::test]
async fn an_operation_belongs_to_its_model() {
    let app = quick();
    let name = begin(&app, json!({ "prompt": "a forbidden owl" }), json!({})).await;
    let other = name.replace(VEO, "veo-3.0-generate-001");
    assert_eq!(fetch(&app, &format!("/v1beta/{other}")).await.problem(), (404, "NOT_FOUND".into()));
    assert_eq!(fetch(&app, "/v1beta/models/veo-3.0-generate-001/operations/abc").await.problem().0, 404);
}

#[tokio::test]
async fn a_start_image_that_is_none_is_refused_at_once() {
    let app = quick();
    let image = json!({ "bytesBase64Encoded": BASE64.encode(b"none"), "mimeType": "image/png" });
    let body = json!({ "instances": [{ "prompt": "a", "image": image }] });
    let answer = ask(&app, &format!("{VEO}:predictLongRunning"), body).await;
    assert_eq!(answer.problem(), (400, "INVALID_ARGUMENT".into()));
}

#[tokio::test]
async fn an_operation_fails_or_points_elsewhere_when_it_is_told_to() {
    let app = quick();
    let name = begin(&app, json!({ "prompt": "a forbidden owl" }), json!({})).await;
    spoil(&app, "poll", "throttle", 1).await;
    assert_eq!(fetch(&app, &format!("/v1beta/{name}")).await.problem(), (429, "RESOURCE_EXHAUSTED".into()));
    spoil(&app, "poll", "expire", 1).await;
    assert_eq!(fetch(&app, &format!("/v1beta/{name}")).await.problem(), (404, "NOT_FOUND".into()));
    let name = begin(&app, json!({ "prompt": "an owl" }), json!({ "durationSeconds": 4 })).await;
    finished(&app, &name).await;
    spoil(&app, "poll", "redirect", 1).await;
    assert!(uri(&fetch(&app, &format!("/v1beta/{name}")).await.json()).starts_with("http://169.254."));
    // The same again is not drawn again.
    let name = begin(&app, json!({ "prompt": "an owl" }), json!({ "durationSeconds": 4 })).await;
    spoil(&app, "poll", "fail", 1).await;
    assert_eq!(finished(&app, &name).await["error"]["code"], 13);
}
