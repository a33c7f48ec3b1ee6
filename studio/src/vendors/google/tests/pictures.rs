//! Pictures: from words, from pictures, by Imagen, and not at all.

use super::*;

const BANANA: &str = "gemini-2.5-flash-image:generateContent";

#[tokio::test]
async fn words_become_a_picture_of_the_ratio_that_was_asked_for() {
    let app = quick();
    let mut body = words("an owl that waves");
    body["generationConfig"] =
        json!({ "responseModalities": ["IMAGE"], "image_config": { "aspect_ratio": "16:9" } });
    let answer = ask(&app, BANANA, body).await.json();
    let picture = picture_in(&answer);
    assert_eq!((picture.width, picture.height), (1344, 768));
    assert_eq!(answer["usageMetadata"]["candidatesTokenCount"], 1290);
    let account = account(&app).await;
    assert_eq!((&account["total_micro_usd"], &account["submissions"]), (&json!(39_000), &json!(1)));
}

#[tokio::test]
async fn the_largest_size_is_drawn_and_costs_more() {
    let app = quick();
    let mut body = words("an owl");
    body["generationConfig"] = json!({ "imageConfig": { "aspectRatio": "16:9", "imageSize": "2K" } });
    let picture = picture_in(&ask(&app, "gemini-3.1-flash-image:generateContent", body).await.json());
    assert_eq!((picture.width, picture.height), (2752, 1536));
    assert_eq!(account(&app).await["total_micro_usd"], 101_000);
}

#[tokio::test]
async fn a_picture_goes_into_the_one_that_is_made_of_it() {
    let app = quick();
    let plain = ask(&app, BANANA, words("an owl")).await.json();
    let data = plain["candidates"][0]["content"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|part| part["inlineData"]["data"].as_str())
        .unwrap();
    let mut body = words("an owl");
    body["contents"][0]["parts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "inline_data": { "mime_type": "image/png", "data": data } }));
    let made = ask(&app, BANANA, body).await.json();
    assert_ne!(picture_in(&made).digest(), picture_in(&plain).digest());
    assert_eq!(made["usageMetadata"]["promptTokensDetails"][1]["modality"], "IMAGE");
}

#[tokio::test]
async fn bytes_that_are_no_picture_are_refused() {
    let app = quick();
    let mut body = words("an owl");
    body["contents"][0]["parts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "inlineData": { "mimeType": "image/png", "data": BASE64.encode(b"no picture") } }));
    assert_eq!(ask(&app, BANANA, body).await.problem(), (400, "INVALID_ARGUMENT".into()));
    assert_eq!(account(&app).await["submissions"], 0);
}

#[tokio::test]
async fn what_the_filters_refuse_costs_nothing_and_stays_a_success_of_http() {
    let app = quick();
    let blocked = ask(&app, BANANA, words("a forbidden owl")).await;
    assert_eq!(blocked.status, StatusCode::OK);
    assert_eq!(blocked.json()["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert!(blocked.json()["candidates"].is_null());
    for (text, reason) in [("an indecent owl", "IMAGE_SAFETY"), ("an unpaintable owl", "NO_IMAGE")] {
        let answer = ask(&app, BANANA, words(text)).await.json();
        assert_eq!(answer["candidates"][0]["finishReason"], reason);
        assert!(answer["candidates"][0]["content"].is_null());
    }
    assert_eq!(account(&app).await["total_micro_usd"], 0);
}

#[tokio::test]
async fn imagen_makes_as_many_as_it_is_asked_for_and_leaves_out_what_is_filtered() {
    let app = quick();
    let call = "imagen-4.0-fast-generate-001:predict";
    let body = |prompt: &str, tells: bool| {
        json!({ "instances": [{ "prompt": prompt }],
            "parameters": { "sampleCount": 2, "aspectRatio": "3:4", "includeRaiReason": tells } })
    };
    let answer = ask(&app, call, body("an owl", false)).await.json();
    let all = answer["predictions"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    let data = all[0]["bytesBase64Encoded"].as_str().unwrap();
    let picture = Picture::decode(&BASE64.decode(data.as_bytes()).unwrap()).unwrap();
    assert_eq!((picture.width, picture.height), (896, 1280));
    assert_ne!(all[0], all[1]);
    assert_eq!(account(&app).await["total_micro_usd"], 40_000);
    assert_eq!(ask(&app, call, body("a forbidden owl", false)).await.json(), json!({}));
    let told = ask(&app, call, body("a forbidden owl", true)).await.json();
    assert!(told["predictions"][0]["raiFilteredReason"].is_string());
    let some = ask(&app, call, body("an indecent owl", false)).await.json();
    assert_eq!(some["predictions"].as_array().unwrap().len(), 1);
}
