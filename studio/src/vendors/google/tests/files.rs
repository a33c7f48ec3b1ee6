//! Files that are sent in advance.

use super::*;

async fn step(app: &Router, path: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path).header("host", "127.0.0.1:1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_file_comes_in_pieces_and_is_there_when_the_last_one_is() {
    let app = quick();
    let start = [
        ("x-goog-api-key", KEY),
        ("x-goog-upload-protocol", "resumable"),
        ("x-goog-upload-command", "start"),
        ("x-goog-upload-header-content-length", "6"),
        ("x-goog-upload-header-content-type", "image/png"),
    ];
    let begun = step(
        &app,
        "/upload/v1beta/files",
        &start,
        br#"{"file": {"mime_type": "image/png", "size_bytes": 6}}"#,
    )
    .await;
    assert_eq!(begun.status, StatusCode::OK);
    let url = begun.headers["x-goog-upload-url"].to_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:1").unwrap().to_owned();
    let first = [("x-goog-upload-command", "upload"), ("x-goog-upload-offset", "0")];
    let part = step(&app, &path, &first, b"abc").await;
    assert_eq!(part.headers["x-goog-upload-status"], "active");
    let out_of_order = step(&app, &path, &first, b"abc").await;
    assert_eq!(out_of_order.problem().0, 400);
    let last = [("x-goog-upload-command", "upload, finalize"), ("x-goog-upload-offset", "3")];
    let done = step(&app, &path, &last, b"def").await;
    assert_eq!(done.headers["x-goog-upload-status"], "final");
    let file = done.json()["file"].clone();
    assert_eq!((&file["sizeBytes"], &file["state"]), (&json!("6"), &json!("ACTIVE")));
    let name = file["name"].as_str().unwrap();
    assert_eq!(fetch(&app, &format!("/v1beta/{name}")).await.json(), file);
    assert_eq!(
        send(&app, request(Method::DELETE, &format!("/v1beta/{name}"), None)).await.status,
        StatusCode::OK
    );
    assert_eq!(fetch(&app, &format!("/v1beta/{name}")).await.problem(), (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn an_upload_begins_with_a_key_and_a_known_type() {
    let app = quick();
    assert_eq!(step(&app, "/upload/v1beta/files", &[], b"").await.problem().0, 403);
    let odd = [
        ("x-goog-api-key", KEY),
        ("x-goog-upload-protocol", "resumable"),
        ("x-goog-upload-header-content-type", "application/x-sh"),
    ];
    assert_eq!(step(&app, "/upload/v1beta/files", &odd, b"").await.problem().0, 400);
}
