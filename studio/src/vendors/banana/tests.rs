//! The contract of a submit-and-poll vendor, one sentence each.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use super::super::keys::Keys;
use super::super::picture::Picture;
use super::*;

async fn call(vendors: &Vendors, method: &str, path: &str, body: &str) -> (StatusCode, Bytes) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer studio-dev-key")
        .header("host", "studio.test");
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = routes().with_state(vendors.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap())
}

async fn json_of(vendors: &Vendors, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let (status, bytes) = call(vendors, method, path, body).await;
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// What a job of this prompt comes to.
async fn result_of(vendors: &Vendors, prompt: &str) -> Value {
    let order = json!({"prompt": prompt, "width": 64, "height": 96, "seed": 7}).to_string();
    let (status, taken) = json_of(vendors, "POST", "/banana/v1/generate", &order).await;
    assert_eq!((status, &taken["status"]), (StatusCode::OK, &json!("pending")));
    let path = format!("/banana/predictions/{}/result", taken["jobId"].as_str().unwrap());
    loop {
        let (_, told) = json_of(vendors, "GET", &path, "").await;
        if told["status"] != "pending" {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_is_polled_until_its_picture_is_there() {
    let vendors = Vendors::new(Keys::default(), 0.0);
    let told = result_of(&vendors, "two people on the phone").await;
    let address = told["outputs"][0].as_str().unwrap().strip_prefix("http://studio.test").unwrap();
    let picture = Picture::decode(&call(&vendors, "GET", address, "").await.1).unwrap();
    assert_eq!((picture.width, picture.height), (64, 96));
    let account = &vendors.accounts()[&ME];
    assert_eq!((account.submissions, account.total_micro_usd), (1, COST));
}

#[tokio::test]
async fn what_is_wrong_is_said_flatly() {
    let vendors = Vendors::new(Keys::default(), 0.0);
    for body in
        ["{", "{}", r#"{"prompt":" "}"#, r#"{"prompt":"a","width":10}"#, r#"{"prompt":"a","seed":-2}"#]
    {
        let (status, told) = json_of(&vendors, "POST", "/banana/v1/generate", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(told["error"].is_string());
    }
    assert_eq!(json_of(&vendors, "GET", "/banana/predictions/x/result", "").await.0, StatusCode::NOT_FOUND);
    let told = result_of(&vendors, "something forbidden").await;
    assert_eq!((&told["status"], &told["error"]), (&json!("failed"), &json!(REFUSED)));
    assert_eq!(vendors.accounts()[&ME].total_micro_usd, MicroUsd(0));
}

#[tokio::test]
async fn nobody_comes_in_without_the_key() {
    let mut keys = Keys::default();
    keys.set("banana", "another");
    let vendors = Vendors::new(keys, 0.0);
    assert_eq!(call(&vendors, "POST", "/banana/v1/generate", "{}").await.0, StatusCode::UNAUTHORIZED);
    assert!(vendors.accounts().is_empty());
}
