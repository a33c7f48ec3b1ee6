//! How Google is spoken to, and how what it says is understood.

use cuelight_core::order::Role;
use cuelight_core::units::Millis;
use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Google, veo};
use crate::material::tests::{jpeg_of, png_of};
use crate::testing::{account, answer, asked, body, brief, done, material, turn};
use crate::{Adapter, Answer, Cancelled, Material, Output, Progress, ProviderError, Step, Submission};

const KEY: &str = "google-key-marker";
const GEMINI: &str = "gemini-2.5-flash-image";
const IMAGEN: &str = "imagen-4.0-generate-001";
const VEO: &str = "veo-3.1-generate-preview";
const NAME: &str = "models/veo-3.1-generate-preview/operations/321kvdcepmcg";

fn google() -> Google {
    Google::new(account("https://google.example", KEY, &["https://storage.example"], &[]))
}

fn submit(
    model: &str,
    fields: Value,
    materials: &[Material],
    heard: &[Answer],
) -> Result<Step<Submission>, ProviderError> {
    brief(model, fields, materials, |brief| google().submit(brief, turn(heard)))
}

fn picture(model: &str, said: Value) -> Result<Vec<u8>, ProviderError> {
    match submit(model, json!({}), &[], &[answer(200, said)])? {
        Step::Done(Submission::Finished(made)) => Ok(made.bytes),
        other => panic!("{other:?}"),
    }
}

fn poll(said: Value) -> Result<Step<Progress>, ProviderError> {
    google().poll(NAME, turn(&[answer(200, said)]))
}

fn fault(status: u16, word: &str, message: &str, details: Value) -> Answer {
    answer(status, json!({"error": {"code": status, "message": message, "status": word, "details": details}}))
}

#[test]
fn gemini_is_told_words_and_pictures() {
    let base = material(Role::Image, png_of(8, 8, 2, b"gAMA"));
    let fields = json!({"aspect_ratio": "16:9", "seed": u32::MAX, "negative_prompt": "text"});
    let ask = asked(submit(GEMINI, fields, &[base], &[]));
    let uri = "https://google.example/v1beta/models/gemini-2.5-flash-image:generateContent";
    assert_eq!(ask.request.uri(), uri);
    assert_eq!(ask.request.headers()["x-goog-api-key"], KEY);
    let data = BASE64.encode(&png_of(8, 8, 2, b"gAMA"));
    assert_eq!(
        body(&ask),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "a robot waves\nAvoid: text"},
                {"inlineData": {"mimeType": "image/png", "data": data}}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "seed": i32::MAX,
                "imageConfig": {"aspectRatio": "16:9"}},
        })
    );
}

#[test]
fn gemini_answers_with_a_picture_in_either_spelling() {
    let data = BASE64.encode(b"png");
    for part in [
        json!({"inlineData": {"mimeType": "image/png", "data": data}}),
        json!({"inline_data": {"mime_type": "image/png", "data": data}}),
    ] {
        let parts = json!([{"text": "here it is"}, part]);
        let said = json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]});
        assert_eq!(picture(GEMINI, said).unwrap(), b"png");
    }
}

#[test]
fn a_picture_that_cannot_be_decoded_was_made_all_the_same() {
    let parts = json!([{"inlineData": {"mimeType": "image/png", "data": "%%%"}}]);
    let spoken = json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]});
    let predicted = json!({"predictions": [{"bytesBase64Encoded": "%%%"}]});
    for (model, said) in [(GEMINI, spoken), (IMAGEN, predicted)] {
        assert_eq!(picture(model, said).unwrap(), b"%%%", "{model}");
    }
}

#[test]
fn a_withheld_picture_is_a_refusal() {
    let withheld = [
        (GEMINI, json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})),
        (GEMINI, json!({"candidates": [{"finishReason": "IMAGE_SAFETY"}]})),
        (
            GEMINI,
            json!({"candidates": [{"content": {"parts": [{"text": "no"}]}, "finishReason": "NO_IMAGE"}]}),
        ),
        (IMAGEN, json!({})),
        (IMAGEN, json!({"predictions": [{"raiFilteredReason": "filtered"}]})),
    ];
    for (model, said) in withheld {
        assert!(matches!(picture(model, said.clone()), Err(ProviderError::ContentRefused { .. })), "{said}");
    }
    // Words without a picture are worth another attempt.
    let said =
        json!({"candidates": [{"content": {"parts": [{"text": "nice robot"}]}, "finishReason": "STOP"}]});
    assert!(matches!(picture(GEMINI, said), Err(ProviderError::Failed(_))));
}

#[test]
fn imagen_is_asked_for_one_picture() {
    let ask = asked(submit(IMAGEN, json!({"aspect_ratio": "3:4", "resolution": "2K"}), &[], &[]));
    assert_eq!(ask.request.uri(), "https://google.example/v1beta/models/imagen-4.0-generate-001:predict");
    assert_eq!(
        body(&ask),
        json!({"instances": [{"prompt": "a robot waves"}], "parameters": {
            "sampleCount": 1, "includeRaiReason": true, "outputOptions": {"mimeType": "image/png"},
            "aspectRatio": "3:4", "sampleImageSize": "2K"}})
    );
    let said =
        json!({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": BASE64.encode(b"png")}]});
    assert_eq!(picture(IMAGEN, said).unwrap(), b"png");
}

#[test]
fn veo_is_told_its_frames_and_never_a_seed() {
    let frames = [material(Role::Image, png_of(8, 8, 2, b"gAMA")), material(Role::EndImage, jpeg_of(8, 8))];
    let fields = json!({"duration_ms": 8000, "resolution": "720p", "aspect_ratio": "16:9", "seed": 3,
        "negative_prompt": "text"});
    let ask = asked(submit(VEO, fields, &frames, &[]));
    let uri = "https://google.example/v1beta/models/veo-3.1-generate-preview:predictLongRunning";
    assert_eq!(ask.request.uri(), uri);
    let body = body(&ask);
    assert_eq!(body["instances"][0]["image"]["mimeType"], "image/png");
    assert_eq!(body["instances"][0]["lastFrame"]["mimeType"], "image/jpeg");
    assert_eq!(
        body["parameters"],
        json!({"sampleCount": 1, "durationSeconds": 8, "aspectRatio": "16:9", "resolution": "720p",
            "negativePrompt": "text"})
    );
    let Submission::Accepted(accepted) =
        done(submit(VEO, json!({}), &[], &[answer(200, json!({"name": NAME}))]))
    else {
        panic!("a clip takes its time")
    };
    assert_eq!(accepted.operation_id, NAME);
}

#[test]
fn an_operation_is_polled_until_it_names_a_file() {
    assert_eq!(
        asked(google().poll(NAME, turn(&[]))).request.uri().to_string(),
        format!("https://google.example/v1beta/{NAME}")
    );
    assert!(matches!(done(poll(json!({"name": NAME}))), Progress::Running { .. }));
    let ended = |response: Value| {
        poll(json!({"name": NAME, "done": true, "response": {"generateVideoResponse": response}}))
    };
    let sample = |uri: &str| json!({"generatedSamples": [{"video": {"uri": uri}}]});
    let uri = "https://generativelanguage.googleapis.com/v1beta/files/qu4d28uipuqh:download?alt=media";
    let Progress::Succeeded(output) = done(ended(sample(uri))) else { panic!("it is done") };
    assert_eq!(output.url, "files/qu4d28uipuqh");
    for strange in ["https://evil.example/clip.mp4", "files/", "files/../secrets", "files/ABC", ""] {
        assert!(matches!(ended(sample(strange)), Err(ProviderError::Fatal(_))), "{strange}");
    }
    let filtered = json!({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["a real person"]});
    assert!(
        matches!(ended(filtered), Err(ProviderError::ContentRefused { message }) if message == "a real person")
    );
    assert!(matches!(ended(json!({})), Err(ProviderError::Failed(_))));
    let failed = |code: u32, message: &str| {
        poll(json!({"name": NAME, "done": true, "error": {"code": code, "message": message}}))
    };
    assert!(matches!(failed(13, "internal"), Err(ProviderError::Failed(_))));
    assert!(matches!(
        failed(3, "it violates our usage guidelines"),
        Err(ProviderError::ContentRefused { .. })
    ));
    assert!(
        matches!(failed(3, "bad lastFrame"), Err(ProviderError::Invalid { field: Some(f), .. }) if f == "end_image")
    );
    assert!(matches!(google().poll(NAME, turn(&[answer(404, "{}")])), Err(ProviderError::Lost)));
}

#[test]
fn only_an_operations_name_is_asked_about() {
    for strange in [
        "",
        "models/a/operations",
        "models/a/operations/b/c",
        "models/../operations/b",
        "models/a?k/operations/b",
        "tunedModels/a/operations/b",
    ] {
        assert!(veo::name(strange).is_none(), "{strange}");
        assert!(matches!(google().poll(strange, turn(&[])), Err(ProviderError::Fatal(_))), "{strange}");
    }
}

#[test]
fn a_file_is_followed_where_it_moved_but_the_key_stays_at_google() {
    let output = Output { url: "files/abc123".into(), ..Output::default() };
    let download = |heard: &[Answer]| google().download(&output, turn(heard));
    let first = asked(download(&[]));
    assert_eq!(first.request.uri(), "https://google.example/v1beta/files/abc123:download?alt=media");
    let moved = |place: &str| {
        let mut answer = answer(302, "");
        answer.headers_mut().insert("location", place.parse().unwrap());
        answer
    };
    let own = asked(download(&[moved("/download/abc123?alt=media")]));
    assert_eq!(own.request.uri(), "https://google.example/download/abc123?alt=media");
    assert!(own.request.headers().contains_key("x-goog-api-key"));
    let storage = [moved("https://storage.example/abc?signed=1")];
    let elsewhere = asked(download(&storage));
    assert!(elsewhere.request.headers().is_empty(), "the key is Google's alone");
    for strange in ["http://169.254.169.254/", "https://evil.example/", "file:///etc/passwd"] {
        let refused = download(&[moved(strange)]).unwrap_err();
        assert!(matches!(refused, ProviderError::Fatal(_)), "{strange}");
        assert!(!refused.to_string().contains("evil"));
    }
    let round: Vec<Answer> = (0..4).map(|_| moved("/again")).collect();
    assert!(download(&round).is_err(), "it goes round in circles");
    assert_eq!(done(download(&[moved("/d"), answer(200, "clip")])), b"clip");
}

#[test]
fn an_error_is_what_its_status_says() {
    let read = |status, word, message: &str, details| {
        submit(VEO, json!({}), &[], &[fault(status, word, message, details)]).unwrap_err()
    };
    let none = json!([]);
    let key = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
    assert_eq!(read(400, "INVALID_ARGUMENT", "API key not valid", key).kind(), "fatal");
    assert_eq!(read(404, "NOT_FOUND", "no model", none.clone()).kind(), "fatal");
    assert_eq!(read(503, "UNAVAILABLE", "overloaded", none.clone()).kind(), "transient");
    assert_eq!(read(500, "INTERNAL", "oops", none.clone()).kind(), "transient");
    assert_eq!(read(504, "DEADLINE_EXCEEDED", "late", none.clone()).kind(), "unanswered");
    let wait = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]);
    let throttled = ProviderError::Throttled { retry_after: Some(Millis(7_000)) };
    assert_eq!(read(429, "RESOURCE_EXHAUSTED", "quota", wait), throttled);
    let field = json!([{"fieldViolations": [{"field": "parameters.aspectRatio", "description": "no"}]}]);
    let refused = read(400, "INVALID_ARGUMENT", "no", field);
    assert!(matches!(refused, ProviderError::Invalid { field: Some(field), .. } if field == "aspect_ratio"));
    let words = "The prompt could not be submitted: it contains sensitive words.";
    assert_eq!(read(400, "INVALID_ARGUMENT", words, none).kind(), "content_refused");
}

#[test]
fn nothing_is_found_by_its_key_and_nothing_stops() {
    assert!(matches!(google().find("k", turn(&[])), Err(ProviderError::Fatal(_))));
    assert_eq!(done(google().cancel(NAME, turn(&[]))), Cancelled::Charged(None));
}

proptest! {
    #[test]
    fn the_key_never_comes_back_out_and_is_in_no_address(status in 200u16..600, before in "[ a-z]{0,190}") {
        let words = format!("{before} {KEY} https://x.example/?key=url-marker");
        let heard = [fault(status, "INVALID_ARGUMENT", &words, json!([]))];
        let errors = [
            submit(VEO, json!({}), &[], &heard).err(),
            google().poll(NAME, turn(&heard)).err(),
            poll(json!({"name": NAME, "done": true, "error": {"code": 13, "message": words}})).err(),
            picture(IMAGEN, json!({"predictions": [{"raiFilteredReason": words}]})).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!format!("{error} {error:?}").contains("marker"), "{error}");
        }
        let ask = asked(submit(GEMINI, json!({}), &[], &[]));
        let shown = format!("{} {:?}", ask.request.uri(), ask.request.headers());
        prop_assert!(!shown.contains("marker"), "{shown}");
    }
}
