//! What a request may hold, what it may not, and how the answer is told.

use super::*;
use proptest::prelude::*;

fn banana() -> &'static Model {
    models::find("gemini-2.5-flash-image").unwrap()
}

fn read(model: &str, body: &Value) -> Result<Ask, ApiError> {
    Ask::read(models::find(model).unwrap(), body.to_string().as_bytes())
}

fn say(config: &Value) -> Value {
    json!({ "contents": [{ "parts": [{ "text": "an owl" }] }], "generationConfig": config })
}

#[test]
fn words_and_pictures_are_read_in_either_spelling() {
    let data = BASE64.encode(b"some bytes");
    for part in [
        json!({ "inlineData": { "mimeType": "image/png", "data": data } }),
        json!({ "inline_data": { "mime_type": "image/png", "data": data } }),
    ] {
        let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "an owl" }, part] }],
            "generation_config": { "response_modalities": ["IMAGE"], "imageConfig": { "aspect_ratio": "16:9" } } });
        let ask = read("gemini-2.5-flash-image", &body).unwrap();
        assert_eq!((ask.words.as_str(), ask.size, ask.speaks), ("an owl", Some([1344, 768]), false));
        assert_eq!(ask.media, [Media::Inline("image/png".into(), b"some bytes".to_vec())]);
        assert_eq!(ask.tokens(), (2, 258));
    }
}

#[test]
fn both_places_for_the_shape_of_a_picture_are_read() {
    let newer = say(&json!({ "responseFormat": { "image": { "aspectRatio": "16:9", "imageSize": "2K" } } }));
    let older = say(&json!({ "imageConfig": { "aspectRatio": "16:9", "imageSize": "2K" } }));
    for body in [newer, older] {
        let ask = read("gemini-3-pro-image", &body).unwrap();
        assert_eq!((ask.size, ask.class.map(|class| class.tokens)), (Some([2752, 1536]), Some(1_120)));
    }
}

#[test]
fn a_picture_decides_the_shape_when_nobody_says_it() {
    let ask = read("gemini-2.5-flash-image", &say(&json!({}))).unwrap();
    let Kind::Picture(model) = banana().kind else { panic!("it makes pictures") };
    assert_eq!(ask.size(&model, None), [1024, 1024]);
    assert_eq!(ask.size(&model, Some([720, 1280])), [768, 1344]);
}

#[test]
fn what_makes_no_sense_is_refused_in_googles_words() {
    let picture = "gemini-2.5-flash-image";
    let cases = [
        (json!({}), "contents is not specified"),
        (json!({ "contents": [{ "parts": [] }] }), "must not be empty"),
        (json!({ "contents": [{ "parts": [{}] }] }), "required oneof field 'data'"),
        (json!({ "contents": [{ "parts": [{ "text": "a", "inlineData": {} }] }] }), "oneof"),
        (json!({ "contents": [{ "role": "owl", "parts": [{ "text": "a" }] }] }), "valid role"),
        (
            json!({ "contents": [{ "parts": [{ "inlineData": { "mimeType": "image/gif", "data": "aa" } }] }] }),
            "Unsupported MIME type",
        ),
        (
            json!({ "contents": [{ "parts": [{ "inlineData": { "mimeType": "image/png", "data": "%" } }] }] }),
            "Base64",
        ),
        (say(&json!({ "size": "1K" })), "Unknown name \"size\" at 'generation_config'"),
        (say(&json!({ "imageConfig": { "aspectRatio": "7:5" } })), "aspect_ratio must be one of"),
        (say(&json!({ "imageConfig": { "imageSize": "2K" } })), "image_size must be one of"),
        (say(&json!({ "candidateCount": 9 })), "candidate_count"),
        (say(&json!({ "seed": 4_000_000_000_u64 })), "TYPE_INT32"),
        (say(&json!({ "temperature": 3 })), "temperature"),
        (say(&json!({ "responseModalities": ["SMELL"] })), "Modality"),
        (say(&json!({ "responseModalities": ["AUDIO"] })), "requested response modalities"),
    ];
    for (body, wanted) in cases {
        let error = read(picture, &body).unwrap_err();
        assert!(error.message.contains(wanted), "{body} is refused by: {}", error.message);
    }
    let error = read("gemini-2.5-flash", &say(&json!({ "responseModalities": ["IMAGE"] }))).unwrap_err();
    assert!(error.message.contains("requested response modalities"), "{}", error.message);
}

#[test]
fn too_many_pictures_are_refused() {
    let part = json!({ "inlineData": { "mimeType": "image/png", "data": "aaaa" } });
    let body = json!({ "contents": [{ "parts": [part, part, part, part] }] });
    assert!(read("gemini-2.5-flash-image", &body).is_err());
    assert!(read("gemini-3-pro-image", &body).is_ok());
}

#[test]
fn a_stream_ends_with_the_reason_and_the_whole_cost() {
    let words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    let made = Made {
        candidates: vec![Candidate { parts: vec![Part::Text(words.into())], finish: "STOP" }],
        read: (3, 258),
        written: (20, 0),
        id: "abc".into(),
    };
    let pieces = chunks(banana(), &made);
    assert_eq!(pieces.len(), 2);
    assert!(pieces[0]["candidates"][0]["finishReason"].is_null());
    assert_eq!(pieces[1]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(pieces[1]["usageMetadata"]["totalTokenCount"], 281);
    let text: String = pieces
        .iter()
        .filter_map(|piece| piece["candidates"][0]["content"]["parts"][0]["text"].as_str())
        .collect();
    assert_eq!(text, words);
}

#[test]
fn what_is_withheld_has_a_reason_and_no_content() {
    let made = Made {
        candidates: vec![Candidate { parts: Vec::new(), finish: "IMAGE_SAFETY" }],
        read: (1, 0),
        written: (0, 0),
        id: "abc".into(),
    };
    let document = whole(banana(), &made);
    assert_eq!(document["candidates"][0]["finishReason"], "IMAGE_SAFETY");
    assert!(document["candidates"][0]["content"].is_null());
    assert_eq!(chunks(banana(), &made).len(), 1);
}

#[test]
fn the_id_of_a_file_is_cut_out_of_its_address() {
    for uri in
        ["files/abc12", "https://generativelanguage.googleapis.com/v1beta/files/abc12:download?alt=media"]
    {
        assert_eq!(file_id(uri), Some("abc12"));
    }
    assert_eq!(file_id("https://example.com/abc"), None);
    assert_eq!(file_id("files/"), None);
}

proptest! {
    #[test]
    fn hostile_requests_never_panic(text in ".{0,200}", number in any::<i64>(), flag in any::<bool>()) {
        let odd = [json!(text), json!(number), json!(flag), json!(null), json!([text]), json!({ text.clone(): 1 })];
        for value in odd {
            for body in [
                json!({ "contents": value }),
                json!({ "contents": [value] }),
                json!({ "contents": [{ "parts": [value] }] }),
                json!({ "contents": [{ "parts": [{ "inlineData": value }] }] }),
                say(&value),
                say(&json!({ "imageConfig": value, "seed": value, "responseModalities": value })),
                json!({ "contents": [{ "parts": [{ "text": "a" }] }], "safetySettings": [value] }),
            ] {
                let _ = read("gemini-2.5-flash-image", &body);
                let _ = read("gemini-2.5-flash", &body);
            }
        }
    }
}
