//! How Bedrock is spoken to, and how what it says is understood.

use cuelight_core::order::Role;
use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Bedrock;
use crate::material::tests::{jpeg_of, png_of};
use crate::testing::{account, answer, asked, body, brief, done, material, model, turn};
use crate::{Adapter, Answer, Cancelled, Material, Output, Progress, ProviderError, Step, Submission};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456";
const KEY: &str = "AKIAMARKERMARKER0000:se/cret+marker:token-marker==";
const REEL: &str = "amazon.nova-reel-v1:1";
const CANVAS: &str = "amazon.nova-canvas-v1:0";

fn bedrock() -> Bedrock {
    let options = [("region", "us-east-1"), ("output_s3_uri", "s3://cuelight-clips/made")];
    Bedrock::new(account("https://bedrock.example", KEY, &["https://s3.example"], &options))
}

type Submitted = Result<Step<Submission>, ProviderError>;

fn submit(model: &str, fields: Value, materials: &[Material], heard: &[Answer]) -> Submitted {
    brief(model, fields, materials, |brief| bedrock().submit(brief, turn(heard)))
}

fn fault(status: u16, name: &str, message: &str) -> Answer {
    let mut answer = answer(status, json!({"message": message}));
    answer.headers_mut().insert("x-amzn-errortype", name.parse().unwrap());
    answer
}

fn png(width: u32, height: u32) -> Vec<u8> {
    png_of(width, height, 2, b"gAMA")
}

#[test]
fn a_picture_is_ordered_from_words_with_the_models_own_names() {
    let fields = json!({"negative_prompt": "text", "size": [1024, 512], "seed": 7, "guidance": 6.5});
    let ask = asked(submit(CANVAS, fields, &[], &[]));
    assert_eq!(ask.request.uri(), "https://bedrock.example/model/amazon.nova-canvas-v1%3A0/invoke");
    assert!(ask.commits && ask.patience == model(CANVAS).call_ms, "as long as the catalogue says");
    assert_eq!(
        body(&ask),
        json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "a robot waves", "negativeText": "text"},
            "imageGenerationConfig":
                {"numberOfImages": 1, "cfgScale": 6.5, "seed": 7, "width": 1024, "height": 512},
        })
    );
}

#[test]
fn a_picture_is_varied_as_one_of_several() {
    let base = material(Role::Image, png(512, 512));
    let ask = asked(submit("amazon.titan-image-generator-v2:0", json!({"strength": 0.7}), &[base], &[]));
    let params = &body(&ask)["imageVariationParams"];
    assert_eq!(body(&ask)["taskType"], "IMAGE_VARIATION");
    assert_eq!(params["images"], json!([BASE64.encode(&png(512, 512))]));
    assert_eq!((&params["similarityStrength"], &params["negativeText"]), (&json!(0.7), &Value::Null));
}

#[test]
fn stable_diffusion_weighs_its_prompts() {
    let fields =
        json!({"negative_prompt": "text", "size": [1024, 1024], "steps": 30, "guidance": 7.0, "seed": 1});
    let ask = asked(submit("stability.stable-diffusion-xl-v1", fields, &[], &[]));
    assert_eq!(
        body(&ask),
        json!({
            "text_prompts": [{"text": "a robot waves", "weight": 1.0}, {"text": "text", "weight": -1.0}],
            "samples": 1, "cfg_scale": 7.0, "steps": 30, "seed": 1, "width": 1024, "height": 1024,
        })
    );
    let base = material(Role::Image, jpeg_of(640, 640));
    let varied =
        body(&asked(submit("stability.stable-diffusion-xl-v1", json!({"strength": 0.4}), &[base], &[])));
    assert_eq!(varied["image_strength"], 0.4);
    assert!(varied["init_image"].is_string() && varied["width"].is_null());
}

#[test]
fn the_picture_that_stable_diffusion_varies_has_the_ordered_size() {
    let mut small = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 80).write_to(&mut small, image::ImageFormat::Png).unwrap();
    let base = material(Role::Image, small.into_inner());
    let fields = json!({"size": [1152, 896]});
    let varied = body(&asked(submit("stability.stable-diffusion-xl-v1", fields, &[base], &[])));
    let sent = BASE64.decode(varied["init_image"].as_str().unwrap().as_bytes()).unwrap();
    let sent = image::load_from_memory(&sent).unwrap();
    assert_eq!((sent.width(), sent.height()), (1_152, 896));
}

#[test]
fn stabilitys_models_take_a_ratio_and_only_one_of_them_a_mode() {
    let large = body(&asked(submit("stability.sd3-5-large-v1:0", json!({"size": [1280, 720]}), &[], &[])));
    assert_eq!((&large["aspect_ratio"], &large["mode"]), (&json!("16:9"), &json!("text-to-image")));
    let core =
        body(&asked(submit("stability.stable-image-core-v1:1", json!({"aspect_ratio": "4:5"}), &[], &[])));
    assert_eq!((&core["aspect_ratio"], &core["mode"]), (&json!("4:5"), &Value::Null));
    let odd = submit("stability.stable-image-core-v1:1", json!({"size": [1000, 720]}), &[], &[]);
    assert!(matches!(odd, Err(ProviderError::Invalid { field: Some(field), .. }) if field == "size"));
}

#[test]
fn the_closer_a_picture_is_followed_the_lower_is_stabilitys_strength() {
    for model in ["stability.sd3-5-large-v1:0", "stability.stable-image-ultra-v1:1"] {
        for (fields, strength) in
            [(json!({"strength": 1.0}), 0.0), (json!({"strength": 0.25}), 0.75), (json!({}), 0.5)]
        {
            let base = material(Role::Image, png(512, 512));
            assert_eq!(body(&asked(submit(model, fields, &[base], &[])))["strength"], strength, "{model}");
        }
    }
}

#[test]
fn a_clip_is_ordered_from_a_picture_of_exactly_its_size() {
    let fields = json!({"duration_ms": 6000, "seed": 42});
    let ask = asked(submit(REEL, fields.clone(), &[material(Role::Image, png(1280, 720))], &[]));
    assert_eq!(ask.request.uri(), "https://bedrock.example/async-invoke");
    assert_eq!(
        body(&ask),
        json!({
            "modelId": REEL,
            "clientRequestToken": "k.1.1",
            "modelInput": {
                "taskType": "TEXT_VIDEO",
                "textToVideoParams": {"text": "a robot waves", "images":
                    [{"format": "png", "source": {"bytes": BASE64.encode(&png(1280, 720))}}]},
                "videoGenerationConfig":
                    {"durationSeconds": 6, "fps": 24, "dimension": "1280x720", "seed": 42},
            },
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://cuelight-clips/made/"}},
        })
    );
    let transparent = png_of(1280, 720, 6, b"gAMA");
    for unfit in [png(1024, 1024), transparent, jpeg_of(1279, 720), b"GIF89a".to_vec()] {
        let refused = submit(REEL, fields.clone(), &[material(Role::Image, unfit)], &[]);
        assert!(
            matches!(refused, Err(ProviderError::Invalid { field: Some(field), .. }) if field == "image")
        );
    }
}

#[test]
fn a_longer_clip_is_made_of_shots() {
    let input = body(&asked(submit(REEL, json!({"duration_ms": 12000}), &[], &[])))["modelInput"].clone();
    assert_eq!(input["taskType"], "MULTI_SHOT_AUTOMATED");
    assert_eq!(input["multiShotAutomatedParams"], json!({"text": "a robot waves"}));
    for length in [0, 5000, 7000] {
        assert!(submit(REEL, json!({"duration_ms": length}), &[], &[]).is_err(), "{length}");
    }
}

#[test]
fn rays_frames_are_the_first_and_the_last() {
    let frames = [material(Role::Image, png(512, 512)), material(Role::EndImage, jpeg_of(512, 512))];
    let fields = json!({"duration_ms": 9000, "resolution": "720p", "aspect_ratio": "1:1"});
    let input = body(&asked(submit("luma.ray-v2:0", fields, &frames, &[])))["modelInput"].clone();
    assert_eq!((&input["duration"], &input["resolution"]), (&json!("9s"), &json!("720p")));
    assert_eq!(input["keyframes"]["frame0"]["source"]["media_type"], "image/png");
    assert_eq!(input["keyframes"]["frame1"]["source"]["media_type"], "image/jpeg");
}

#[test]
fn a_blocked_picture_is_a_refusal_whatever_the_status() {
    let blocked = [
        (CANVAS, json!({"images": [], "error": "conflict with our AUP"})),
        (CANVAS, json!({"images": []})),
        ("stability.stable-diffusion-xl-v1", json!({"artifacts": [{"finishReason": "CONTENT_FILTERED"}]})),
        ("stability.sd3-5-large-v1:0", json!({"finish_reasons": ["Filter reason: prompt"]})),
    ];
    for (model, said) in blocked {
        let read = submit(model, json!({}), &[], &[answer(200, &said)]);
        assert!(matches!(read, Err(ProviderError::ContentRefused { .. })), "{said}");
    }
    let words = "This request has been blocked by our content filters.";
    let read = submit(CANVAS, json!({}), &[], &[fault(400, "ValidationException:http://x/", words)]);
    assert!(matches!(read, Err(ProviderError::ContentRefused { message }) if message == words));
}

#[test]
fn a_picture_comes_with_the_answer_and_with_its_seed() {
    let png = BASE64.encode(b"bytes");
    for (model, said, seed) in [
        (CANVAS, json!({"images": [png]}), 9),
        ("stability.stable-diffusion-xl-v1", json!({"artifacts": [{"base64": png, "seed": 4}]}), 4),
        ("stability.sd3-5-large-v1:0", json!({"images": [png], "seeds": [5], "finish_reasons": [null]}), 5),
    ] {
        let Submission::Finished(made) = done(submit(model, json!({"seed": 9}), &[], &[answer(200, said)]))
        else {
            panic!("{model} answers at once")
        };
        assert_eq!((made.bytes.as_slice(), made.seed), (b"bytes".as_slice(), Some(seed)), "{model}");
    }
}

#[test]
fn a_picture_that_cannot_be_decoded_was_made_all_the_same() {
    for (model, said) in [
        (CANVAS, json!({"images": ["%%%"]})),
        ("stability.stable-diffusion-xl-v1", json!({"artifacts": [{"base64": "%%%"}]})),
        ("stability.sd3-5-large-v1:0", json!({"images": ["%%%"]})),
    ] {
        let made = done(submit(model, json!({}), &[], &[answer(200, said)]));
        assert!(matches!(made, Submission::Finished(made) if made.bytes == b"%%%"), "{model}");
    }
}

#[test]
fn an_error_is_what_its_name_says() {
    let read =
        |status, name, message| submit(REEL, json!({}), &[], &[fault(status, name, message)]).unwrap_err();
    let kinds = [
        (429, "ThrottlingException", "throttled"),
        (400, "ServiceQuotaExceededException", "throttled"),
        (400, "a#ValidationException:http://b", "invalid"),
        (403, "AccessDeniedException", "fatal"),
        (403, "InvalidSignatureException", "fatal"),
        (404, "ResourceNotFoundException", "fatal"),
        (408, "ModelTimeoutException", "transient"),
        (424, "ModelErrorException", "failed"),
        (429, "ModelNotReadyException", "transient"),
        (500, "InternalServerException", "transient"),
        (503, "ServiceUnavailableException", "transient"),
        (502, "", "unanswered"),
    ];
    for (status, name, kind) in kinds {
        assert_eq!(read(status, name, "words").kind(), kind, "{name}");
    }
    let body = answer(400, json!({"__type": "com.amazon#ThrottlingException", "message": "slow"}));
    assert_eq!(submit(REEL, json!({}), &[], &[body]).unwrap_err().kind(), "throttled");
    let field = |message| match read(400, "ValidationException", message) {
        ProviderError::Invalid { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field("#/imageGenerationConfig/cfgScale: 20 is not <= 10").as_deref(), Some("guidance"));
    assert_eq!(field("#/textToImageParams/negativeText: too long").as_deref(), Some("negative_prompt"));
    assert_eq!(field("#/textToVideoParams/text: too long").as_deref(), Some("prompt"));
    assert_eq!(field("something else"), None);
}

#[test]
fn an_invocation_is_polled_until_its_clip_lies_in_our_part_of_the_store() {
    let ask = asked(bedrock().poll(ARN, turn(&[])));
    let escaped = ARN.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(ask.request.uri().to_string(), format!("https://bedrock.example/async-invoke/{escaped}"));
    let said = |status: &str, uri: &str| {
        answer(
            200,
            json!({"invocationArn": ARN, "status": status, "failureMessage": "it broke",
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": uri}}}),
        )
    };
    let poll = |answer: Answer| bedrock().poll(ARN, turn(&[answer]));
    assert!(matches!(done(poll(said("InProgress", ""))), Progress::Running { .. }));
    assert!(matches!(poll(said("Failed", "")), Err(ProviderError::Failed(words)) if words == "it broke"));
    assert!(matches!(poll(answer(404, "{}")), Err(ProviderError::Lost)));
    for uri in ["s3://cuelight-clips/made", "s3://cuelight-clips/made/abc123def456"] {
        let Progress::Succeeded(output) = done(poll(said("Completed", uri))) else { panic!("{uri}") };
        assert_eq!(output.url, "s3://cuelight-clips/made/abc123def456/output.mp4");
    }
    for uri in ["s3://somebody-else/made", "https://s3.example/made", "s3://cuelight-clips/made/../x", ""] {
        assert!(matches!(poll(said("Completed", uri)), Err(ProviderError::Fatal(_))), "{uri}");
    }
}

#[test]
fn a_clip_is_fetched_from_the_store_by_a_signed_request() {
    let output = |url: &str| Output { url: url.into(), ..Output::default() };
    let own = output("s3://cuelight-clips/made/abc123def456/output.mp4");
    let ask = asked(bedrock().download(&own, turn(&[])));
    assert_eq!(ask.request.uri(), "https://s3.example/cuelight-clips/made/abc123def456/output.mp4");
    let headers = ask.request.headers();
    assert!(headers["authorization"].to_str().unwrap().contains("/us-east-1/s3/aws4_request"));
    assert!(headers.contains_key("x-amz-content-sha256"));
    assert_eq!(done(bedrock().download(&own, turn(&[answer(200, "clip")]))), b"clip");
    for strange in ["s3://cuelight-clips/other/output.mp4", "https://s3.example/x"] {
        let refused = bedrock().download(&output(strange), turn(&[]));
        assert!(matches!(refused, Err(ProviderError::Fatal(_))), "{strange}");
    }
}

#[test]
fn an_order_is_found_by_its_token_and_never_taken_for_another() {
    let known = |token: &str, arn: &str| json!({"invocationArn": arn, "clientRequestToken": token});
    let find = |summaries: Value| {
        bedrock().find("k.1.1", turn(&[answer(200, json!({"asyncInvokeSummaries": summaries}))]))
    };
    let found = done(find(json!([known("other", ARN), known("k.1.1", ARN)]))).unwrap();
    assert_eq!(found.operation_id, ARN);
    assert!(matches!(find(json!([])), Err(ProviderError::Fatal(_))));
    assert!(matches!(find(json!([known("k.1.1", ARN), known("k.1.1", ARN)])), Err(ProviderError::Fatal(_))));
}

#[test]
fn nothing_stops_an_invocation_so_it_is_charged() {
    assert_eq!(done(bedrock().cancel(ARN, turn(&[]))), Cancelled::Charged(None));
}

#[test]
fn only_an_arn_of_an_invocation_is_asked_about() {
    for strange in
        ["", "abc", "arn:aws:s3:us-east-1:123456789012:async-invoke/abc123def456", &format!("{ARN}/x")]
    {
        assert!(matches!(bedrock().poll(strange, turn(&[])), Err(ProviderError::Fatal(_))), "{strange}");
    }
}

proptest! {
    #[test]
    fn no_part_of_the_key_comes_back_out(status in 200u16..600, before in "[ a-z]{0,190}", name in "[A-Za-z]{0,20}") {
        let words = format!("{before} AKIAMARKERMARKER0000 se/cret+marker token-marker== https://x/?X-Amz-Signature=url-marker");
        let heard = [fault(status, &name, &words)];
        let errors = [
            submit(CANVAS, json!({}), &[], &heard).err(),
            submit(REEL, json!({}), &[], &heard).err(),
            bedrock().poll(ARN, turn(&heard)).err(),
            bedrock().find("k", turn(&heard)).err(),
            submit(CANVAS, json!({}), &[], &[answer(200, json!({"images": [], "error": words}))]).err(),
        ];
        for error in errors.into_iter().flatten() {
            let shown = format!("{error} {error:?}");
            for marker in ["MARKER", "cret", "marker"] {
                prop_assert!(!shown.contains(marker), "{shown}");
            }
        }
        let ask = asked(submit(REEL, json!({}), &[], &[]));
        let shown = format!("{ask:?} {:?} {:?}", ask.request.headers(), ask.request.uri());
        prop_assert!(!shown.contains("token-marker") && !shown.contains("cret"), "{shown}");
    }
}
