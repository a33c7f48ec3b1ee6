//! What a body may say, one sentence each.

use std::sync::LazyLock;

use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A picture of 640x480 px.
static PICTURE: LazyLock<String> = LazyLock::new(|| picture(640, 480));

fn picture(width: u32, height: u32) -> String {
    let bytes = tiny_skia::Pixmap::new(width, height).unwrap().encode_png().unwrap();
    format!("data:image/png;base64,{}", BASE64.encode(&bytes))
}

/// The only upload is a sound of four seconds.
fn read(id: &str, body: &Value) -> Result<Request, Fault> {
    let uploads = |address: &str| (address == "http://studio/voice.wav").then(|| Bytes::from(voice(4)));
    Request::read(Model::at(id).unwrap(), body.as_object().unwrap(), &uploads)
}

fn voice(seconds: u32) -> Vec<u8> {
    let data = 8_000 * seconds;
    let mut file =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data".to_vec();
    file.extend(data.to_le_bytes());
    file.resize(file.len() + data as usize, 128);
    file
}

fn said(seconds: u32) -> String {
    format!("data:audio/wav;base64,{}", BASE64.encode(&voice(seconds)))
}

fn good(id: &str) -> Value {
    match id {
        "wavespeed-ai/infinitetalk" => json!({"image": *PICTURE, "audio": said(4)}),
        "wavespeed-ai/infinitetalk/multi" => {
            json!({"image": *PICTURE, "left_audio": said(4), "right_audio": said(6)})
        }
        "alibaba/wan-2.5/text-to-video" | "wavespeed-ai/z-image/turbo" | "wavespeed-ai/z-image/base" => {
            json!({"prompt": "a fox"})
        }
        _ => json!({"image": *PICTURE, "prompt": "a fox"}),
    }
}

#[test]
fn every_model_works_with_no_more_than_it_demands() {
    for model in super::super::model::MODELS {
        let request = read(model.id, &good(model.id)).unwrap();
        assert!(request.size.iter().all(|side| side % 16 == 0), "{}: {:?}", model.id, request.size);
        assert!(model.cost(&request.resolution, request.seconds).0 > 0, "{} is not free", model.id);
    }
}

#[test]
fn what_is_demanded_is_missed_by_its_name() {
    for model in super::super::model::MODELS {
        for field in model.fields.iter().filter(|field| field.required) {
            let mut body = good(model.id);
            body.as_object_mut().unwrap().remove(field.name);
            assert_eq!(read(model.id, &body).unwrap_err().field, field.name, "{}", model.id);
        }
    }
}

#[test]
fn values_out_of_range_are_refused_by_the_name_of_their_field() {
    for (id, field, value) in [
        ("alibaba/wan-2.5/image-to-video", "duration", json!(7)),
        ("alibaba/wan-2.5/image-to-video", "duration", json!("5")),
        ("alibaba/wan-2.5/image-to-video", "resolution", json!("4k")),
        ("alibaba/wan-2.5/image-to-video", "seed", json!(-2)),
        ("alibaba/wan-2.5/image-to-video", "size", json!("832*480")),
        ("alibaba/wan-2.5/image-to-video", "audio", json!(said(2))),
        ("alibaba/wan-2.5/image-to-video", "audio", json!(said(31))),
        ("alibaba/wan-2.5/image-to-video", "image", json!("data:image/png;base64,bm9uZQ==")),
        ("alibaba/wan-2.5/image-to-video", "image", json!("picture.png")),
        ("alibaba/wan-2.5/text-to-video", "size", json!("640*480")),
        ("alibaba/wan-2.5/text-to-video", "resolution", json!("720p")),
        ("wavespeed-ai/kandinsky5-pro/image-to-video", "duration", json!(10)),
        ("wavespeed-ai/kandinsky5-pro/image-to-video", "resolution", json!("720p")),
        ("wavespeed-ai/kandinsky5-pro/image-to-video", "seed", json!(1)),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "guidance_scale", json!(1.5)),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "prompt", json!("x".repeat(2_501))),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "seed", json!(1)),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "image", json!(picture(299, 400))),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", "last_image", json!(*PICTURE)),
        ("wavespeed-ai/infinitetalk", "audio", json!("data:audio/wav;base64,bm9uZQ==")),
        ("wavespeed-ai/infinitetalk/multi", "order", json!("both")),
        ("wavespeed-ai/z-image/turbo", "size", json!("128*1024")),
        ("wavespeed-ai/z-image/turbo", "output_format", json!("gif")),
        ("wavespeed-ai/z-image/turbo", "enable_sync_mode", json!("yes")),
    ] {
        let mut body = good(id);
        body[field] = value.clone();
        assert_eq!(read(id, &body).unwrap_err().field, field, "{id}: {value}");
    }
}

#[test]
fn a_talk_is_as_long_as_what_is_said() {
    let seconds = |order: &str| {
        let mut body = good("wavespeed-ai/infinitetalk/multi");
        body["order"] = json!(order);
        read("wavespeed-ai/infinitetalk/multi", &body).unwrap().seconds
    };
    assert_eq!([seconds("meanwhile"), seconds("left_right"), seconds("right_left")], [6.0, 10.0, 10.0]);
    let body = json!({"image": *PICTURE, "audio": "http://studio/voice.wav"});
    assert_eq!(read("wavespeed-ai/infinitetalk", &body).unwrap().seconds, 4.0);
}

#[test]
fn an_address_of_somebody_else_is_noticed_and_left_for_later() {
    let mut body = good("alibaba/wan-2.5/image-to-video");
    body["image"] = json!("https://example.com/fox.png");
    let request = read("alibaba/wan-2.5/image-to-video", &body).unwrap();
    assert_eq!(request.unreachable.as_deref(), Some("image"));
}

#[test]
fn a_clip_has_the_shape_of_its_picture() {
    assert_eq!(framed(720, [1_920, 1_080]), [1_280, 720]);
    assert_eq!(framed(720, [1_080, 1_920]), [720, 1_280]);
    assert_eq!(framed(480, [512, 512]), [480, 480]);
    assert_eq!(framed(480, [4_000, 100]), [864, 480]);
}

proptest! {
    #[test]
    fn no_body_upsets_the_reader(
        id in 0..super::super::model::MODELS.len(),
        field in 0_usize..10,
        value in prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            "data:[a-z/]{0,9};base64,[A-Za-z0-9=]{0,40}".prop_map(Value::from),
        ],
    ) {
        let model = &super::super::model::MODELS[id];
        let mut body = good(model.id);
        body[model.fields[field % model.fields.len()].name] = value;
        if let Ok(request) = read(model.id, &body) {
            prop_assert!(request.seconds <= 600.0);
        }
    }
}
