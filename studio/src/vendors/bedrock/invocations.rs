//! Bedrock's asynchronous calls: a film is ordered, asked after, and put into a bucket.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use cuelight_core::units::MicroUsd;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::fields::{Fields, parse};
use super::sigv4::{Service, decode};
use super::videos::{FPS, Film, Model};
use super::{BLOCKED, Caller, Exception, WITHHELD, authenticate, identified, model_id, s3, time};
use crate::vendors::fault::{Kind, On};
use crate::vendors::ledger::{End, Failure, Media, Start, Status, View};
use crate::vendors::travel::travel;
use crate::vendors::{Vendor, Vendors, Verdict, judge};

/// Whose account it is.
const ACCOUNT: &str = "123456789012";

/// `StartAsyncInvoke`.
pub(super) async fn start(State(vendors): State<Vendors>, request: Request) -> Response {
    let caller = match authenticate(&vendors, request, Service::Bedrock).await {
        Ok(caller) => caller,
        Err(exception) => return identified(&vendors, exception.into_response()),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Submit);
    let told = match Exception::of(fault) {
        Some(exception) => Err(exception),
        None => order(&vendors, caller).await,
    };
    travel(fault, identified(&vendors, told.map(axum::Json).into_response())).await
}

/// An order as it is written, before its model has read it.
struct Written {
    model: Model,
    input: Value,
    bucket: s3::Place,
    token: Option<String>,
    /// What must be the same when the token comes again.
    digest: String,
}

fn written(caller: &Caller) -> Result<Written, Exception> {
    let mut body = parse(&caller.body)?;
    let mut top = Fields::of(&body, "#")?;
    let name = top.text("modelId", 1..=256)?;
    let name = top.required("modelId", name)?.to_owned();
    top.object("modelInput")?.ok_or_else(|| top.wrong("modelInput", "required key not found"))?;
    let token = top.text("clientRequestToken", 1..=256)?.map(str::to_owned);
    top.list("tags", 0..=200)?;
    let config = top.object("outputDataConfig")?;
    let mut config = top.required("outputDataConfig", config)?;
    let place = config.object("s3OutputDataConfig")?;
    let mut place = config.required("s3OutputDataConfig", place)?;
    let uri = place.text("s3Uri", 1..=1_024)?;
    let uri = place.required("s3Uri", uri)?.to_owned();
    place.text("kmsKeyId", 1..=2_048)?;
    place.text("bucketOwner", 12..=12)?;
    place.done()?;
    config.done()?;
    top.done()?;
    let model = Model::find(model_id(&name))
        .ok_or_else(|| Exception::validation("The provided model identifier is invalid."))?;
    let bucket = s3::Place::of_output(&uri).ok_or_else(|| {
        Exception::validation(format!(
            "Invalid Output Config/Credentials: {uri} is not a bucket of this account, or a prefix that ends with /."
        ))
    })?;
    let input = body.get_mut("modelInput").map(Value::take).unwrap_or_default();
    let same = json!([name, input, uri]).to_string();
    let digest = HEXLOWER.encode(&Sha256::digest(same.as_bytes()));
    Ok(Written { model, input, bucket, token, digest })
}

async fn order(vendors: &Vendors, caller: Caller) -> Result<Value, Exception> {
    let Written { model, input, bucket, token, digest } = written(&caller)?;
    if let Some(known) = token.as_deref().and_then(|token| vendors.replay(Vendor::Bedrock, token)) {
        if known.note["digest"] != json!(digest) {
            let message = "The client token was used with different parameters before.";
            return Err(Exception::new("ConflictException", axum::http::StatusCode::BAD_REQUEST, message));
        }
        return Ok(json!({ "invocationArn": known.note["arn"] }));
    }
    let store = vendors.clone();
    let film = tokio::task::spawn_blocking(move || model.read(&input, &store))
        .await
        .map_err(|_| Exception::internal())??;
    let verdict = judge(&film.brief.words);
    if verdict == Verdict::InputRefused {
        return Err(Exception::validation(BLOCKED));
    }
    let running = |view: &View| view.model == model.id && matches!(view.status, Status::Running);
    if vendors.jobs(Vendor::Bedrock).iter().filter(|view| running(view)).count() >= model.at_once {
        return Err(Exception::throttling());
    }
    let id = vendors.fresh_id(12);
    let arn = format!("arn:aws:bedrock:{}:{ACCOUNT}:async-invoke/{id}", caller.region);
    let folder = bucket.folder(&id);
    let note = json!({ "arn": arn, "digest": digest, "folder": folder, "region": caller.region });
    let begin = Start {
        id,
        model: model.id.to_owned(),
        token,
        latency_ms: film.latency_ms,
        cost: if verdict == Verdict::Fine { film.cost } else { MicroUsd(0) },
        note,
    };
    vendors.begin(Vendor::Bedrock, begin, shoot(vendors.clone(), film, folder, verdict));
    Ok(json!({ "invocationArn": arn }))
}

/// Makes a film and puts it into its folder.
async fn shoot(vendors: Vendors, film: Film, folder: String, verdict: Verdict) -> End {
    if verdict == Verdict::OutputRefused {
        return End::Failed(Failure { refused: true, message: WITHHELD.to_owned() });
    }
    let made = vendors.maker().clip(film.brief.clone(), FPS, film.duration_ms).await;
    let bytes = match made {
        Ok(bytes) => bytes,
        Err(error) => return End::Failed(Failure { refused: false, message: error.to_string() }),
    };
    let video = Media { bytes, media_type: "video/mp4" };
    let location = |file: &str| format!("s3://{folder}/{file}");
    let mut shots = Vec::new();
    if film.shots > 1
        && let Ok(bytes) = vendors.maker().clip(film.brief, FPS, film.duration_ms / film.shots).await
    {
        for number in 1..=film.shots {
            let file = format!("shot_{number:04}.mp4");
            vendors.put(
                Vendor::Bedrock,
                &format!("{folder}/{file}"),
                Media { bytes: bytes.clone(), ..video.clone() },
            );
            shots.push(json!({ "status": "SUCCESS", "location": location(&file) }));
        }
    }
    let full = json!({ "status": "SUCCESS", "location": location("output.mp4") });
    if shots.is_empty() {
        shots.push(full.clone());
    }
    let status = json!({ "schemaVersion": "1.0", "fullVideo": full, "shots": shots });
    let manifest = json!({ "files": [{ "name": "output.mp4", "contentType": "video/mp4" }] });
    for (file, content) in [("video-generation-status.json", status), ("manifest.json", manifest)] {
        let media = Media { bytes: content.to_string().into(), media_type: "application/json" };
        vendors.put(Vendor::Bedrock, &format!("{folder}/{file}"), media);
    }
    vendors.put(Vendor::Bedrock, &format!("{folder}/output.mp4"), video.clone());
    End::Made(vec![video])
}

/// What is told of an invocation, in a list or alone.
fn told(view: &View) -> Value {
    let (status, message) = match &view.status {
        Status::Running => ("InProgress", None),
        Status::Done(_) => ("Completed", None),
        Status::Failed(failure) => ("Failed", Some(failure.message.as_str())),
    };
    let text = |name: &str| view.note[name].as_str().unwrap_or_default();
    let mut value = json!({
        "invocationArn": view.note["arn"],
        "modelArn": format!("arn:aws:bedrock:{}::foundation-model/{}", text("region"), view.model),
        "status": status,
        "submitTime": time::write(view.began_ms),
        "lastModifiedTime": time::write(view.ended_ms.unwrap_or(view.began_ms)),
        "outputDataConfig": { "s3OutputDataConfig": { "s3Uri": format!("s3://{}", text("folder")) } },
    });
    for (name, present) in [
        ("clientRequestToken", view.token.clone()),
        ("failureMessage", message.map(str::to_owned)),
        ("endTime", view.ended_ms.map(time::write)),
    ] {
        if let Some(text) = present {
            value[name] = json!(text);
        }
    }
    value
}

/// `GetAsyncInvoke`.
pub(super) async fn look(State(vendors): State<Vendors>, request: Request) -> Response {
    let caller = match authenticate(&vendors, request, Service::Bedrock).await {
        Ok(caller) => caller,
        Err(exception) => return identified(&vendors, exception.into_response()),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Poll);
    let path = String::from_utf8_lossy(&decode(caller.parts.uri.path())).into_owned();
    let arn = path.strip_prefix("/async-invoke/").unwrap_or_default();
    let id = arn.rsplit('/').next().unwrap_or_default();
    let end = |refused, message: &str| {
        vendors.fail(Vendor::Bedrock, id, Failure { refused, message: message.to_owned() });
        None
    };
    let before = match fault.map(|rule| rule.kind) {
        Some(Kind::Fail) => end(false, "INTERNAL_SERVER_EXCEPTION: the video could not be generated."),
        Some(Kind::Refuse) => end(true, WITHHELD),
        _ => Exception::of(fault),
    };
    let answer = match (before, vendors.job(Vendor::Bedrock, id)) {
        (Some(exception), _) => Err(exception),
        (None, Some(view)) if view.note["arn"] == json!(arn) => Ok(axum::Json(told(&view))),
        (None, _) => Err(Exception::validation("Could not find the invocation.")),
    };
    travel(fault, identified(&vendors, answer.into_response())).await
}

/// `ListAsyncInvokes`.
pub(super) async fn list(State(vendors): State<Vendors>, request: Request) -> Response {
    let caller = match authenticate(&vendors, request, Service::Bedrock).await {
        Ok(caller) => caller,
        Err(exception) => return identified(&vendors, exception.into_response()),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Poll);
    let answer = match Exception::of(fault) {
        Some(exception) => Err(exception),
        None => page(&vendors, caller.parts.uri.query().unwrap_or_default()).map(axum::Json),
    };
    travel(fault, identified(&vendors, answer.into_response())).await
}

fn page(vendors: &Vendors, query: &str) -> Result<Value, Exception> {
    let asked = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| String::from_utf8_lossy(&decode(value)).into_owned())
            .next()
    };
    let bad =
        |name: &str| Exception::validation(format!("1 validation error detected: '{name}' is not valid"));
    let number = |name: &str, default: usize| match asked(name) {
        Some(text) => text.parse::<usize>().map_err(|_| bad(name)),
        None => Ok(default),
    };
    let moment = |name: &str| match asked(name) {
        Some(text) => time::read_extended(&text).map(|s| Some(s * 1_000)).ok_or_else(|| bad(name)),
        None => Ok(None),
    };
    let (after, before) = (moment("submitTimeAfter")?, moment("submitTimeBefore")?);
    let (most, from) = (number("maxResults", 100)?, number("nextToken", 0)?);
    if !(1..=1_000).contains(&most) {
        return Err(bad("maxResults"));
    }
    let status = asked("statusEquals");
    if status.as_deref().is_some_and(|s| !matches!(s, "InProgress" | "Completed" | "Failed")) {
        return Err(bad("statusEquals"));
    }
    let mut views = vendors.jobs(Vendor::Bedrock);
    // The latest first, unless asked otherwise.
    if asked("sortOrder").as_deref() != Some("Ascending") {
        views.reverse();
    }
    let within = |view: &View| {
        after.is_none_or(|after| view.began_ms > after) && before.is_none_or(|before| view.began_ms < before)
    };
    let all: Vec<Value> = views
        .iter()
        .filter(|view| within(view))
        .map(told)
        .filter(|one| status.as_deref().is_none_or(|status| one["status"] == status))
        .collect();
    let page: Vec<&Value> = all.iter().skip(from).take(most).collect();
    let mut answer = json!({ "asyncInvokeSummaries": page });
    if from + most < all.len() {
        answer["nextToken"] = json!((from + most).to_string());
    }
    Ok(answer)
}
