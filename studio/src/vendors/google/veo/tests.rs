//! What a request for a clip may hold, what it may not, and what its operation says.

use super::*;
use crate::vendors::google::models::{self, Kind};
use data_encoding::BASE64;
use proptest::prelude::*;

fn model(id: &str) -> Veo {
    match models::find(id).map(|model| model.kind) {
        Some(Kind::Veo(veo)) => veo,
        _ => panic!("{id} makes no clips"),
    }
}

fn read(id: &str, instance: Value, parameters: Value) -> Result<Ask, ApiError> {
    let body = json!({ "instances": [instance], "parameters": parameters });
    Ask::read(&model(id), body.to_string().as_bytes())
}

fn image() -> Value {
    json!({ "bytesBase64Encoded": BASE64.encode(b"png"), "mimeType": "image/png" })
}

const VEO_3: &str = "veo-3.0-generate-001";
const VEO_31: &str = "veo-3.1-generate-preview";
const LITE: &str = "veo-3.1-lite-generate-preview";

#[test]
fn a_start_image_is_read_in_both_shapes() {
    let inline = json!({ "inlineData": { "mime_type": "image/png", "data": BASE64.encode(b"png") } });
    for shape in [image(), inline] {
        let ask = read(VEO_3, json!({ "prompt": "an owl", "image": shape }), json!({})).unwrap();
        assert_eq!(ask.image, Some(Media::Inline("image/png".into(), b"png".to_vec())));
        assert_eq!((ask.size, ask.seconds), ([1280, 720], 8));
    }
}

#[test]
fn a_portrait_is_a_landscape_on_its_side() {
    let ask =
        read(VEO_31, json!({ "prompt": "an owl" }), json!({ "aspect_ratio": "9:16", "resolution": "1080p" }));
    assert_eq!(ask.unwrap().size, [1080, 1920]);
}

#[test]
fn what_a_model_cannot_take_is_refused_by_name() {
    let first = json!({ "prompt": "a", "image": image() });
    let with = |name: &str, value: Value| {
        let mut instance = first.clone();
        instance[name] = value;
        instance
    };
    let references =
        json!({ "prompt": "a", "referenceImages": [{ "image": image(), "referenceType": "ASSET" }] });
    assert!(read(VEO_31, with("lastFrame", image()), json!({})).is_ok());
    assert!(read(VEO_31, references.clone(), json!({})).is_ok());
    for (id, instance) in [
        (VEO_3, with("lastFrame", image())),
        (VEO_3, references.clone()),
        (LITE, references),
        (VEO_3, json!({ "prompt": "a", "video": { "uri": "files/abc" } })),
        (VEO_31, json!({ "prompt": "a", "image": { "imageBytes": "aaaa" } })),
        (VEO_31, json!({ "prompt": "a", "video": { "uri": "files/abc", "encoding": "video/mp4" } })),
    ] {
        let error = read(id, instance, json!({})).unwrap_err();
        assert!(error.message.contains("isn't supported by this model"), "{}", error.message);
    }
    for name in ["generateAudio", "fps", "storageUri", "numberOfVideos", "resizeMode"] {
        let error = read(VEO_31, json!({ "prompt": "a" }), json!({ name: 1 })).unwrap_err();
        assert!(error.message.starts_with(&format!("`{name}` isn't supported")), "{}", error.message);
    }
}

#[test]
fn numbers_and_names_have_bounds() {
    for parameters in [
        json!({ "durationSeconds": 3 }),
        json!({ "durationSeconds": 5 }),
        json!({ "durationSeconds": "8" }),
        json!({ "sampleCount": 2 }),
        json!({ "aspectRatio": "1:1" }),
        json!({ "resolution": "480p" }),
        json!({ "resolution": "1080p", "durationSeconds": 4 }),
        json!({ "personGeneration": "dont_allow" }),
        json!({ "enhancePrompt": false }),
        json!({ "seed": -1 }),
    ] {
        assert!(read(VEO_31, json!({ "prompt": "a" }), parameters.clone()).is_err(), "{parameters}");
    }
    assert!(
        read(VEO_31, json!({ "prompt": "a", "image": image() }), json!({ "personGeneration": "allow_all" }))
            .is_err()
    );
    assert!(read(VEO_31, json!({ "prompt": "a", "lastFrame": image() }), json!({})).is_err());
    assert!(read(VEO_31, json!({}), json!({})).is_err());
    let ask = read(VEO_31, json!({ "prompt": "a" }), json!({ "durationSeconds": 4, "seed": 7 })).unwrap();
    assert_eq!((ask.seconds, ask.seed), (4, Some(7)));
}

#[test]
fn a_clip_is_continued_by_seven_seconds() {
    let by_value = json!({ "encodedVideo": BASE64.encode(b"mp4"), "encoding": "video/mp4" });
    for (video, read_as) in [
        (json!({ "uri": address("abc") }), Media::File("abc".into())),
        (by_value, Media::Inline("video/mp4".into(), b"mp4".to_vec())),
    ] {
        let ask = read(VEO_31, json!({ "prompt": "a", "video": video }), json!({})).unwrap();
        assert_eq!((ask.video, ask.seconds), (Some(read_as), 7));
    }
}

#[test]
fn a_pending_operation_says_nothing_of_being_done() {
    assert_eq!(
        operation("models/a/operations/b", &State::Pending),
        json!({ "name": "models/a/operations/b" })
    );
}

#[test]
fn the_sdks_can_cut_the_id_out_of_an_address() {
    let document = operation("n", &State::Done("qu4d28uipuqh".into()));
    let uri = document["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
        .as_str()
        .unwrap();
    assert!(uri.starts_with("https://") && file_id(uri) == Some("qu4d28uipuqh"), "{uri}");
}

#[test]
fn what_is_filtered_is_done_and_has_no_sample() {
    let document = operation("n", &State::Filtered);
    assert_eq!(document["done"], true);
    assert_eq!(document["response"]["generateVideoResponse"]["raiMediaFilteredCount"], 1);
    assert!(document["response"]["generateVideoResponse"]["generatedSamples"].is_null());
}

#[test]
fn the_length_of_a_clip_is_read_from_its_header() {
    let mut header = b"....moov....mvhd".to_vec();
    header.extend([0; 12]);
    header.extend(24_000_u32.to_be_bytes());
    header.extend((24_000_u32 * 8).to_be_bytes());
    assert_eq!(seconds(&header), Some(8));
    assert_eq!(seconds(&header[..header.len() - 1]), None);
    assert_eq!(seconds(b"no movie"), None);
}

proptest! {
    #[test]
    fn a_hostile_clip_never_panics(head in proptest::collection::vec(any::<u8>(), 0..60), at in 0_usize..40) {
        let mut bytes = head;
        let at = at.min(bytes.len());
        bytes.splice(at..at, *b"mvhd");
        let _ = seconds(&bytes);
    }

    #[test]
    fn hostile_requests_never_panic(text in ".{0,200}", number in any::<i64>()) {
        for value in [json!(text), json!(number), json!([]), json!({}), json!({ text.clone(): number })] {
            let _ = read(VEO_31, value.clone(), value.clone());
            for name in ["prompt", "image", "lastFrame", "referenceImages", "video"] {
                let _ = read(VEO_31, json!({ "prompt": "a", name: value }), json!({}));
            }
            for name in PARAMETERS {
                let _ = read(VEO_31, json!({ "prompt": "a" }), json!({ *name: value }));
            }
        }
    }
}
