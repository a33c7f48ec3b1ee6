//! The runtime, spoken to without a port: pictures, films, buckets, every refusal and every fault.

use axum::http::{HeaderMap, Method};
use tower::ServiceExt;

use super::sigv4::tests::sign;
use super::*;
use crate::vendors::keys::{AwsKey, Keys};
use crate::vendors::picture::Picture;
use crate::vendors::{fault, router};

struct World {
    vendors: Vendors,
    app: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Nothing when the connection broke.
    body: Option<Bytes>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }

    /// The error's name, as a client cuts it out.
    fn error(&self) -> String {
        let name = self.headers[&ERROR_TYPE].to_str().unwrap();
        name.split(':').next().unwrap().to_owned()
    }
}

impl World {
    /// Vendors that take `scale` times as long as the real ones.
    fn slow(scale: f64) -> Self {
        let vendors = Vendors::new(Keys::default(), scale);
        Self { app: router(vendors.clone()), vendors }
    }

    fn new() -> Self {
        Self::slow(0.0)
    }

    async fn send(&self, request: Request) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.ok();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> Answer {
        let service = if path.starts_with("/cuelight-") { Service::S3 } else { Service::Bedrock };
        let key = &self.vendors.keys().aws[0];
        self.send(sign(method.as_str(), path, body.as_bytes(), service, key, now_s())).await
    }

    async fn invoke(&self, model: &str, body: &Value) -> Answer {
        let path = format!("/model/{}/invoke", model.replace(':', "%3A"));
        self.call(Method::POST, &path, &body.to_string()).await
    }

    async fn start(&self, body: &Value) -> Answer {
        self.call(Method::POST, "/async-invoke", &body.to_string()).await
    }

    async fn look(&self, arn: &str) -> Answer {
        let arn = arn.replace(':', "%3A").replace('/', "%2F");
        self.call(Method::GET, &format!("/async-invoke/{arn}"), "").await
    }

    /// Asks until the film has ended.
    async fn ended(&self, arn: &str) -> Value {
        loop {
            let told = self.look(arn).await.json();
            if told["status"] != "InProgress" {
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    fn spoil(&self, on: On, kind: Kind) {
        let rule = fault::Rule {
            vendor: Vendor::Bedrock,
            on,
            kind,
            times: Some(1),
            delay_ms: Some(1),
            retry_after_s: None,
        };
        self.vendors.set_faults(vec![rule]);
    }
}

fn titan() -> Value {
    json!({
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a small robot waves"},
        "imageGenerationConfig": {"width": 320, "height": 704, "seed": 7, "numberOfImages": 1},
    })
}

fn canvas() -> Value {
    let mut body = titan();
    body["imageGenerationConfig"] = json!({"width": 320, "height": 320});
    body
}

fn sdxl() -> Value {
    json!({"text_prompts": [{"text": "an owl"}, {"text": "fog", "weight": -1.0}], "width": 640, "height": 1536})
}

fn stability() -> Value {
    json!({"prompt": "an owl", "mode": "text-to-image", "aspect_ratio": "9:21", "seed": 3})
}

/// A plain picture in base64.
fn base64(width: u32, height: u32, alpha: u8) -> String {
    let mut drawn = tiny_skia::Pixmap::new(width, height).unwrap();
    drawn.fill(tiny_skia::Color::from_rgba8(90, 30, 200, alpha));
    BASE64.encode(&drawn.encode_png().unwrap())
}

fn reel() -> Value {
    json!({
        "modelId": "amazon.nova-reel-v1:0",
        "modelInput": {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": "a cat waves"},
            "videoGenerationConfig": {"fps": 24, "dimension": "1280x720", "durationSeconds": 6, "seed": 1},
        },
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://cuelight-test/films/"}},
        "clientRequestToken": "token-1",
    })
}

fn luma() -> Value {
    let mut body = reel();
    body["modelId"] = json!("luma.ray-v2:0");
    body["modelInput"] = json!({"prompt": "a cat waves", "resolution": "540p", "aspect_ratio": "1:1"});
    body
}

fn decoded(base64: &Value) -> Picture {
    Picture::decode(&BASE64.decode(base64.as_str().unwrap().as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn every_image_model_makes_the_picture_that_was_asked_for() {
    let world = World::new();
    for (model, body, place, size) in [
        ("amazon.titan-image-generator-v1", titan(), "/images/0", (320, 704)),
        ("amazon.titan-image-generator-v2:0", titan(), "/images/0", (320, 704)),
        ("amazon.nova-canvas-v1:0", canvas(), "/images/0", (320, 320)),
        ("stability.stable-diffusion-xl-v1", sdxl(), "/artifacts/0/base64", (640, 1536)),
        ("stability.sd3-5-large-v1:0", stability(), "/images/0", (640, 1536)),
        ("stability.stable-image-core-v1:1", stability(), "/images/0", (640, 1536)),
        ("stability.stable-image-ultra-v1:1", stability(), "/images/0", (640, 1536)),
    ] {
        let answer = world.invoke(model, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{model}: {:?}", answer.body);
        let picture = decoded(answer.json().pointer(place).unwrap());
        assert_eq!((picture.width, picture.height), size, "{model}");
    }
    let account = &world.vendors.accounts()[&Vendor::Bedrock];
    assert_eq!((account.submissions, account.charged, account.calls[&On::Submit]), (7, 7, 7));
    // As in the price lists: 8, 8, 40, 40, 80, 40 and 140 thousandths of a dollar.
    assert_eq!(account.total_micro_usd.0, 356_000);
    assert_eq!(account.entries[0].model, "amazon.titan-image-generator-v1");
}

#[tokio::test]
async fn variations_contain_the_picture_and_differ_by_seed() {
    let world = World::new();
    let mut body = json!({
        "taskType": "IMAGE_VARIATION",
        "imageVariationParams": {"images": [base64(64, 64, 255)], "text": "a cat", "similarityStrength": 0.7},
        "imageGenerationConfig": {"width": 512, "height": 512, "numberOfImages": 2, "seed": 5},
    });
    let told = world.invoke("amazon.titan-image-generator-v1", &body).await.json();
    let [a, b] = [0, 1].map(|at| decoded(&told["images"][at]));
    let corner = a.pixels().pixel(3, 3).unwrap();
    assert_eq!([corner.red(), corner.green(), corner.blue()], [90, 30, 200]);
    assert!(a.pixels().data() != b.pixels().data());
    body["imageVariationParams"] = json!({"image": base64(64, 64, 255)});
    let answer = world.invoke("amazon.titan-image-generator-v1", &body).await;
    assert_eq!(answer.error(), "ValidationException", "it is `images`, whatever others send");
}

#[tokio::test]
async fn each_bad_field_of_a_picture_is_named() {
    let world = World::new();
    let long = "x".repeat(513);
    for (model, body, pointer, value) in [
        ("amazon.titan-image-generator-v1", titan(), "/taskType", json!("IMAGE_VIDEO")),
        ("amazon.nova-canvas-v1:0", canvas(), "/taskType", json!("IMAGE_VIDEO")),
        ("amazon.nova-canvas-v1:0", canvas(), "/taskType", json!("TEXT_VIDEO")),
        ("amazon.titan-image-generator-v1", titan(), "/textToImageParams/text", json!("")),
        ("amazon.titan-image-generator-v1", titan(), "/textToImageParams/text", json!(long)),
        ("amazon.titan-image-generator-v1", titan(), "/textToImageParams/negativeText", Value::Null),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/width", json!(321)),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/cfgScale", json!(1.0)),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/seed", json!(2_147_483_647u32)),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/numberOfImages", json!(6)),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/quality", json!("best")),
        ("amazon.titan-image-generator-v1", titan(), "/imageGenerationConfig/steps", json!(3)),
        ("amazon.titan-image-generator-v1", titan(), "/textToImageParams/controlStrength", json!(0.5)),
        ("amazon.nova-canvas-v1:0", canvas(), "/imageGenerationConfig/width", json!(328)),
        ("amazon.nova-canvas-v1:0", canvas(), "/imageGenerationConfig/width", json!(1296)),
        ("amazon.nova-canvas-v1:0", canvas(), "/textToImageParams/style", json!("CUBISM")),
        ("stability.stable-diffusion-xl-v1", sdxl(), "/width", json!(512)),
        ("stability.stable-diffusion-xl-v1", sdxl(), "/samples", json!(2)),
        ("stability.stable-diffusion-xl-v1", sdxl(), "/sampler", json!("EULER")),
        ("stability.stable-diffusion-xl-v1", sdxl(), "/init_image", json!("data:image/png;base64,AAAA")),
        ("stability.sd3-5-large-v1:0", stability(), "/mode", json!("image-to-image")),
        ("stability.sd3-5-large-v1:0", stability(), "/aspect_ratio", json!("4:3")),
        ("stability.stable-image-core-v1:1", stability(), "/mode", json!("image-to-image")),
    ] {
        let mut wrong = body;
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[field] = value;
        let answer = world.invoke(model, &wrong).await;
        let told = (answer.status, answer.error());
        assert_eq!(told, (StatusCode::BAD_REQUEST, "ValidationException".into()), "{model} {pointer}");
    }
    let answer = world.invoke("amazon.nova-canvas-v2:0", &canvas()).await;
    assert_eq!(answer.json()["message"], "The provided model identifier is invalid.");
    assert_eq!(world.vendors.accounts()[&Vendor::Bedrock].submissions, 0);
}

#[tokio::test]
async fn blocked_content_comes_by_two_channels() {
    let world = World::new();
    let say = |mut body: Value, pointer: &str, word: &str| {
        *body.pointer_mut(pointer).unwrap() = json!(word);
        body
    };
    let text = "/textToImageParams/text";
    for (model, body) in
        [("amazon.titan-image-generator-v2:0", titan()), ("amazon.nova-canvas-v1:0", canvas())]
    {
        let answer = world.invoke(model, &say(body.clone(), text, "forbidden")).await;
        assert_eq!(
            (answer.error(), answer.json()["message"].clone()),
            ("ValidationException".into(), json!(BLOCKED))
        );
        let answer = world.invoke(model, &say(body, text, "indecent")).await;
        assert_eq!(answer.status, StatusCode::OK);
        let told = answer.json();
        assert_eq!((told["images"].clone(), told["error"].clone()), (json!([]), json!(WITHHELD)));
    }
    let told = |word| {
        let body = say(stability(), "/prompt", word);
        let world = &world;
        async move { world.invoke("stability.sd3-5-large-v1:0", &body).await.json() }
    };
    assert_eq!(told("forbidden").await, json!({"finish_reasons": ["Filter reason: prompt"]}));
    assert_eq!(told("indecent").await, json!({"finish_reasons": ["Filter reason: output image"]}));
    let body = say(sdxl(), "/text_prompts/0/text", "indecent");
    let told = world.invoke("stability.stable-diffusion-xl-v1", &body).await.json();
    assert_eq!(told["artifacts"][0]["finishReason"], "CONTENT_FILTERED");
    assert_eq!(world.vendors.accounts()[&Vendor::Bedrock].total_micro_usd.0, 0, "nobody pays for nothing");
}

#[tokio::test]
async fn a_film_is_ordered_once_however_often_it_is_asked_for_and_lies_in_its_bucket() {
    let world = World::new();
    let arn = world.start(&luma()).await.json()["invocationArn"].as_str().unwrap().to_owned();
    assert_eq!(world.start(&luma()).await.json()["invocationArn"], json!(arn));
    let mut other = luma();
    other["modelInput"]["prompt"] = json!("something else");
    let conflict = world.start(&other).await;
    assert_eq!((conflict.status, conflict.error()), (StatusCode::BAD_REQUEST, "ConflictException".into()));
    let told = world.ended(&arn).await;
    assert_eq!(told["status"], "Completed");
    let id = arn.rsplit('/').next().unwrap();
    let uri = &told["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"];
    assert_eq!(*uri, format!("s3://cuelight-test/films/{id}"));
    assert_eq!(told["modelArn"], "arn:aws:bedrock:us-east-1::foundation-model/luma.ray-v2:0");
    let film = world.call(Method::GET, &format!("/cuelight-test/films/{id}/output.mp4"), "").await;
    assert_eq!(film.headers["content-type"], "video/mp4");
    assert_eq!(&film.body.unwrap()[4..8], b"ftyp");
    let head = world.call(Method::HEAD, &format!("/cuelight-test/films/{id}/manifest.json"), "").await;
    assert_eq!((head.status, head.body.unwrap().len()), (StatusCode::OK, 0));
    let status =
        world.call(Method::GET, &format!("/cuelight-test/films/{id}/video-generation-status.json"), "").await;
    assert_eq!(status.json()["fullVideo"]["status"], "SUCCESS");
    let listing = world.call(Method::GET, "/cuelight-test?list-type=2&prefix=films%2F", "").await;
    let listing = String::from_utf8(listing.body.unwrap().to_vec()).unwrap();
    assert!(listing.contains(&format!("<Key>films/{id}/output.mp4</Key>")), "{listing}");
    let list = world.call(Method::GET, "/async-invoke?maxResults=1&statusEquals=Completed", "").await.json();
    assert_eq!(list["asyncInvokeSummaries"][0]["invocationArn"], json!(arn));
    let account = &world.vendors.accounts()[&Vendor::Bedrock];
    // Asked for again twice, once under other conditions.
    assert_eq!((account.submissions, account.replays, account.charged), (1, 2, 1));
    assert_eq!(account.total_micro_usd.0, 3_750_000);
}

#[tokio::test]
async fn a_film_is_neither_finished_nor_in_its_bucket_before_its_time() {
    let world = World::slow(1.0);
    let arn = world.start(&luma()).await.json()["invocationArn"].as_str().unwrap().to_owned();
    let id = arn.rsplit('/').next().unwrap().to_owned();
    // Wait until it is drawn; it is not shown for all that.
    while world.vendors.files(Vendor::Bedrock, "cuelight-test/").len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(world.look(&arn).await.json()["status"], "InProgress");
    let early = world.call(Method::GET, &format!("/cuelight-test/films/{id}/output.mp4"), "").await;
    assert_eq!(early.status, StatusCode::NOT_FOUND);
    assert!(String::from_utf8_lossy(&early.body.unwrap()).contains("<Code>NoSuchKey</Code>"));
}

#[tokio::test]
async fn each_bad_field_of_a_film_is_named() {
    let world = World::new();
    let image =
        |width, height, alpha| json!([{"format": "png", "source": {"bytes": base64(width, height, alpha)}}]);
    let input = |field: &str| format!("/modelInput/{field}");
    for (body, pointer, value) in [
        (reel(), "/modelId".to_owned(), json!("amazon.nova-reel-v9:0")),
        (reel(), "/outputDataConfig/s3OutputDataConfig/s3Uri".into(), json!("s3://cuelight-test/films")),
        (reel(), "/outputDataConfig/s3OutputDataConfig/s3Uri".into(), json!("s3://somebody-elses/")),
        (reel(), input("taskType"), json!("IMAGE_VIDEO")),
        (reel(), input("taskType"), json!("MULTI_SHOT_AUTOMATED")),
        (reel(), input("textToVideoParams/text"), json!("x".repeat(513))),
        (reel(), input("videoGenerationConfig/durationSeconds"), json!(4)),
        (reel(), input("videoGenerationConfig/fps"), json!(30)),
        (reel(), input("videoGenerationConfig/dimension"), json!("720x1280")),
        (reel(), input("videoGenerationConfig/cfgScale"), json!(3)),
        (reel(), input("textToVideoParams/images"), image(1024, 1024, 255)),
        (reel(), input("textToVideoParams/images"), image(1280, 720, 100)),
        (luma(), input("prompt"), json!("")),
        (luma(), input("duration"), json!(5)),
        (luma(), input("resolution"), json!("1080p")),
        (luma(), input("seed"), json!(1)),
        (
            luma(),
            input("keyframes"),
            json!({"frame0": {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": base64(512, 512, 255)}}}),
        ),
        (
            luma(),
            input("keyframes"),
            json!({"frame0": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64(511, 512, 255)}}}),
        ),
    ] {
        let mut wrong = body;
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[field] = value;
        let answer = world.start(&wrong).await;
        let told = (answer.status, answer.error());
        assert_eq!(told, (StatusCode::BAD_REQUEST, "ValidationException".into()), "{pointer}");
    }
    assert!(world.vendors.jobs(Vendor::Bedrock).is_empty());
}

#[tokio::test]
async fn films_of_several_shots_follow_the_rules_of_their_task() {
    let world = World::new();
    let model = videos::Model::find("amazon.nova-reel-v1:1").unwrap();
    let read = |input: Value| model.read(&input, &world.vendors);
    let automated = |seconds: u32| {
        json!({
            "taskType": "MULTI_SHOT_AUTOMATED", "multiShotAutomatedParams": {"text": "a cat"},
            "videoGenerationConfig": {"fps": 24, "dimension": "1280x720", "durationSeconds": seconds}
        })
    };
    let film = read(automated(18)).unwrap();
    assert_eq!((film.duration_ms, film.shots, film.cost.0), (18_000, 3, 1_440_000));
    assert!(read(automated(6)).is_err() && read(automated(13)).is_err() && read(automated(126)).is_err());
    let mut manual = json!({
        "taskType": "MULTI_SHOT_MANUAL",
        "multiShotManualParams": {"shots": [
            {"text": "a cat", "image": {"format": "png", "source": {"bytes": base64(1280, 720, 255)}}}, {"text": "an owl"}
        ]},
        "videoGenerationConfig": {"fps": 24, "dimension": "1280x720"}
    });
    let film = read(manual.clone()).unwrap();
    assert_eq!((film.duration_ms, film.shots, film.brief.inputs.len()), (12_000, 2, 1));
    manual["videoGenerationConfig"]["durationSeconds"] = json!(12);
    assert!(read(manual).is_err(), "its length is that of its shots");
}

#[tokio::test]
async fn a_film_that_is_refused_says_so_when_it_is_asked_for_or_when_it_is_done() {
    let world = World::new();
    let mut body = reel();
    body["modelInput"]["textToVideoParams"]["text"] = json!("forbidden");
    assert_eq!(world.start(&body).await.json()["message"], BLOCKED);
    body["modelInput"]["textToVideoParams"]["text"] = json!("indecent");
    let arn = world.start(&body).await.json()["invocationArn"].as_str().unwrap().to_owned();
    let told = world.ended(&arn).await;
    assert_eq!((told["status"].clone(), told["failureMessage"].clone()), (json!("Failed"), json!(WITHHELD)));
}

#[tokio::test]
async fn more_films_at_once_than_allowed_are_throttled() {
    let world = World::slow(100.0);
    let mut statuses = Vec::new();
    for number in 0..4 {
        let mut body = luma();
        body["modelId"] = json!("amazon.nova-reel-v1:1");
        body["modelInput"] = reel()["modelInput"].clone();
        body["clientRequestToken"] = json!(format!("token-{number}"));
        // The same film each time, so that it is drawn once.
        statuses.push(world.start(&body).await.status);
    }
    assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
}

#[tokio::test]
async fn strangers_are_told_apart_as_aws_tells_them() {
    let world = World::new();
    let [lasting, passing] = world.vendors.keys().aws.as_slice() else { panic!("two keys") };
    let wrong = AwsKey { secret: "wrong".into(), ..lasting.clone() };
    let unknown = AwsKey { id: "AKIANOBODY".into(), ..lasting.clone() };
    let expired = AwsKey { session_token: Some("old".into()), ..passing.clone() };
    for (key, at, bedrock, s3) in [
        (lasting, now_s(), None, "NoSuchKey"),
        (passing, now_s(), None, "NoSuchKey"),
        (&wrong, now_s(), Some("InvalidSignatureException"), "SignatureDoesNotMatch"),
        (&unknown, now_s(), Some("UnrecognizedClientException"), "InvalidAccessKeyId"),
        (&expired, now_s(), Some("UnrecognizedClientException"), "InvalidAccessKeyId"),
        (lasting, now_s() - 400, Some("InvalidSignatureException"), "RequestTimeTooSkewed"),
        (lasting, now_s() + 400, Some("InvalidSignatureException"), "RequestTimeTooSkewed"),
    ] {
        let answer = world.send(sign("GET", "/async-invoke", b"", Service::Bedrock, key, at)).await;
        match bedrock {
            None => assert_eq!(answer.status, StatusCode::OK),
            Some(name) => assert_eq!((answer.status, answer.error().as_str()), (StatusCode::FORBIDDEN, name)),
        }
        let answer = world.send(sign("GET", "/cuelight-a/b", b"", Service::S3, key, at)).await;
        let body = String::from_utf8(answer.body.unwrap().to_vec()).unwrap();
        assert!(body.contains(&format!("<Code>{s3}</Code>")), "{body}");
    }
    let mut request = sign("GET", "/async-invoke", b"", Service::Bedrock, lasting, now_s());
    request.headers_mut().remove("authorization");
    assert_eq!(world.send(request).await.error(), "MissingAuthenticationTokenException");
    assert_eq!(world.vendors.accounts()[&Vendor::Bedrock].calls[&On::Poll], 2, "strangers are not counted");
}

#[tokio::test]
async fn every_fault_has_the_shape_that_the_service_gives_it() {
    let world = World::new();
    for (kind, status, name) in [
        (Kind::Throttle, 429, "ThrottlingException"),
        (Kind::Invalid, 400, "ValidationException"),
        (Kind::Refuse, 400, "ValidationException"),
        (Kind::Unavailable, 503, "ServiceUnavailableException"),
        (Kind::Fail, 500, "InternalServerException"),
    ] {
        world.spoil(On::Submit, kind);
        let answer = world.invoke("amazon.titan-image-generator-v1", &titan()).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (status, name), "{kind:?}");
    }
    assert_eq!(world.vendors.accounts()[&Vendor::Bedrock].submissions, 0);
    for kind in [Kind::LostAnswer, Kind::Stall] {
        world.spoil(On::Submit, kind);
        let answer = world.invoke("amazon.titan-image-generator-v1", &titan()).await;
        assert!(answer.body.is_none(), "{kind:?} breaks the connection");
    }
    assert_eq!(world.vendors.accounts()[&Vendor::Bedrock].submissions, 2, "what is lost is paid for");
    for kind in [Kind::Mislabel, Kind::Truncate] {
        world.spoil(On::Submit, kind);
        let told = world.invoke("amazon.titan-image-generator-v1", &titan()).await.json();
        let bytes = BASE64.decode(told["images"][0].as_str().unwrap().as_bytes()).unwrap();
        assert!(Picture::decode(&bytes).is_err(), "{kind:?}");
    }
    world.spoil(On::Poll, Kind::Fail);
    let arn = world.start(&luma()).await.json()["invocationArn"].as_str().unwrap().to_owned();
    assert_eq!(world.ended(&arn).await["status"], "Failed");
    let file = "/cuelight-test/a.png";
    assert_eq!(world.call(Method::PUT, file, "content").await.status, StatusCode::OK);
    for (kind, status) in
        [(Kind::Throttle, 503), (Kind::Expire, 404), (Kind::Redirect, 302), (Kind::Fail, 500)]
    {
        world.spoil(On::Download, kind);
        assert_eq!(world.call(Method::GET, file, "").await.status.as_u16(), status, "{kind:?}");
    }
    world.spoil(On::Download, Kind::Truncate);
    assert_eq!(world.call(Method::GET, file, "").await.body.unwrap(), "con");
    world.spoil(On::Download, Kind::Oversize);
    let key = &world.vendors.keys().aws[0];
    let large = world.app.clone().oneshot(sign("GET", file, b"", Service::S3, key, now_s())).await.unwrap();
    assert_eq!(large.headers()["content-length"], "5368709120");
    assert_eq!(world.call(Method::DELETE, file, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.call(Method::GET, file, "").await.status, StatusCode::NOT_FOUND);
}
