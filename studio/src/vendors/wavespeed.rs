//! WaveSpeed's API, version 3: a prediction is submitted under its model's path and polled by its id;
//! what it made lies on a content network. Every answer is one envelope.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::{Kind, On, Rule};
use super::keys::same;
use super::ledger::{Failure, Media, Start, Status, View};
use super::travel::travel;
use super::{Vendor, Vendors, origin};

mod audio;
mod envelope;
mod model;
mod request;
mod upload;
mod webhook;
mod work;

use self::envelope::{Refusal, success};
use self::model::Model;
use self::request::Request;

/// Whose account everything here goes on.
const ME: Vendor = Vendor::Wavespeed;
/// How long a synchronous caller is held, in the real world's milliseconds.
const SYNC_MS: u64 = 60_000;
/// How often a prediction is looked at while somebody waits for it.
const LOOK: Duration = Duration::from_millis(10);
/// For how long results and uploads can be fetched, in milliseconds: seven days.
const KEPT_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// Its routes.
pub(super) fn routes() -> Router<Vendors> {
    Router::new()
        .route("/api/v3/predictions", post(history))
        .route("/api/v3/predictions/{id}", get(poll))
        .route("/api/v3/predictions/{id}/result", get(poll))
        .route("/api/v3/media/uploads", post(upload::ticket))
        .route("/api/v3/media/upload/binary", post(upload::binary))
        .route("/api/v3/webhook/secret", get(secret))
        .route("/api/v3/{*model}", post(submit))
        .route(
            "/cdn/wavespeed/uploads/{ticket}",
            put(upload::receive).layer(DefaultBodyLimit::max(upload::LIMIT)),
        )
        .route("/cdn/wavespeed/media/{id}/{name}", get(upload::serve))
        .route("/cdn/wavespeed/predictions/{id}/{file}", get(output))
}

/// Whether the caller has a key.
fn admit(vendors: &Vendors, headers: &HeaderMap) -> Result<(), Refusal> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = presented.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if same(key, &vendors.keys().wavespeed) { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// The refusal that a fault makes of a call before anything is done.
fn spoilt(rule: Option<Rule>) -> Result<(), Refusal> {
    match rule.map(|rule| (rule.kind, rule)) {
        Some((Kind::Throttle, rule)) => Err(Refusal::throttled(rule.retry_after_s())),
        Some((Kind::Unavailable, _)) => {
            Err(Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "service unavailable"))
        }
        Some((Kind::Fail, _)) => Err(Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")),
        Some((Kind::Invalid, _)) => Err(Refusal::invalid("prompt: is not accepted today")),
        Some((Kind::Refuse, _)) => Err(Refusal::invalid(work::REFUSED)),
        _ => Ok(()),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Deserialize)]
struct Asked {
    webhook: Option<String>,
}

async fn submit(
    State(vendors): State<Vendors>,
    Path(path): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = admit(&vendors, &headers) {
        return refusal.into_response();
    }
    let rule = vendors.call(ME, On::Submit);
    let answer = match spoilt(rule) {
        Ok(()) => take(&vendors, &path, asked.webhook, &headers, body).await,
        Err(refusal) => Err(refusal),
    };
    travel(rule, answer.into_response()).await
}

async fn take(
    vendors: &Vendors,
    path: &str,
    webhook: Option<String>,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let model = Model::at(path).ok_or_else(|| Refusal::of(StatusCode::NOT_FOUND, "model not found"))?;
    let hook = webhook.as_deref().map(|address| webhook::target(address).ok_or(address)).transpose();
    let hook = hook.map_err(|_| Refusal::invalid("webhook: the studio calls http on this machine only"))?;
    let request = read(vendors, model, origin(headers), body).await?;
    let (sync, base64) = (request.sync, request.base64);
    let id = vendors.fresh_id(32);
    let start = Start {
        id: id.clone(),
        model: model.id.to_owned(),
        token: None,
        latency_ms: work::latency_ms(&request),
        cost: model.cost(&request.resolution, request.seconds),
        note: json!({"origin": origin(headers), "base64": base64, "seed": request.seed}),
    };
    vendors.begin(ME, start, work::make(vendors.maker().clone(), request, work::random_seed(&id)));
    let began = vendors.job(ME, &id).ok_or_else(|| Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "lost"))?;
    if let Some(hook) = hook {
        tokio::spawn(tell(vendors.clone(), id.clone(), hook));
    }
    if !sync {
        return Ok(success(prediction(&began, true)));
    }
    let patience = vendors.scaled(SYNC_MS).max(Duration::from_secs(20));
    match tokio::time::timeout(patience, over(vendors, &id)).await {
        Ok(view) => Ok(success(prediction(&view, false))),
        Err(_) => {
            let mut data = prediction(&began, false);
            data["code"] = json!(5004);
            data["error"] = json!("Sync mode timed out; the task goes on");
            Ok(success(data))
        }
    }
}

/// Reads a body, with the pictures in it, off the asynchronous threads.
async fn read(
    vendors: &Vendors,
    model: &'static Model,
    home: String,
    body: Bytes,
) -> Result<Request, Refusal> {
    let vendors = vendors.clone();
    let read = move || {
        let fields: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|error| Refusal::invalid(format!("body: {error}")))?;
        let uploads = |address: &str| upload::at(&vendors, &home, address);
        Request::read(model, &fields, &uploads).map_err(|fault| Refusal::invalid(fault.to_string()))
    };
    let lost = |_| Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "internal server error");
    tokio::task::spawn_blocking(read).await.map_err(lost)?
}

/// The prediction once it is over.
async fn over(vendors: &Vendors, id: &str) -> View {
    loop {
        match vendors.job(ME, id) {
            Some(view) if !matches!(view.status, Status::Running) => return view,
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Tells a caller's webhook once the prediction is over.
async fn tell(vendors: Vendors, id: String, hook: url::Url) {
    let view = over(&vendors, &id).await;
    let body = prediction(&view, false).to_string();
    let secret = vendors.keys().wavespeed_webhook.clone();
    webhook::deliver(&hook, &secret, &vendors.fresh_id(25), now_ms() / 1_000, body.as_bytes()).await;
}

async fn poll(State(vendors): State<Vendors>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refusal) = admit(&vendors, &headers) {
        return refusal.into_response();
    }
    let rule = vendors.call(ME, On::Poll);
    let refused = match rule.map(|rule| rule.kind) {
        Some(Kind::Fail) => Some(Failure { refused: false, message: "HTTP 500: the worker is gone".into() }),
        Some(Kind::Refuse) => Some(Failure { refused: true, message: work::REFUSED.into() }),
        _ => None,
    };
    let answer = if let Some(failure) = refused {
        vendors.fail(ME, &id, failure);
        Ok(())
    } else {
        spoilt(rule)
    };
    let view = answer.and_then(|()| {
        let view = vendors.job(ME, &id).filter(|_| rule.is_none_or(|rule| rule.kind != Kind::Expire));
        view.ok_or_else(|| Refusal::of(StatusCode::NOT_FOUND, "task not found"))
    });
    travel(rule, view.map(|view| success(prediction(&view, false))).into_response()).await
}

/// What callers are told of a prediction; `first` in the answer to its submission.
fn prediction(view: &View, first: bool) -> Value {
    let home = view.note["origin"].as_str().unwrap_or_default();
    let (status, outputs, error, refused) = match &view.status {
        Status::Running => (if first { "created" } else { "processing" }, Vec::new(), String::new(), false),
        Status::Failed(failure) => ("failed", Vec::new(), failure.message.clone(), failure.refused),
        Status::Done(media) => {
            let outputs = media.iter().enumerate().map(|(at, media)| {
                if view.note["base64"] == true {
                    return data_encoding::BASE64.encode(&media.bytes);
                }
                let ending = if media.media_type == "video/mp4" { "mp4" } else { "png" };
                format!("{home}/cdn/wavespeed/predictions/{}/{}.{ending}", view.id, at + 1)
            });
            ("completed", outputs.collect(), String::new(), false)
        }
    };
    let nsfw: Vec<bool> = if refused { vec![true] } else { outputs.iter().map(|_| false).collect() };
    json!({
        "id": view.id,
        "model": view.model,
        "outputs": outputs,
        "urls": {"get": format!("{home}/api/v3/predictions/{}/result", view.id)},
        "has_nsfw_contents": nsfw,
        "status": status,
        "created_at": envelope::timestamp(view.began_ms),
        "error": error,
        "timings": {"inference": view.ended_ms.map_or(0, |end| end.saturating_sub(view.began_ms))},
    })
}

#[derive(Deserialize)]
struct Page {
    page: usize,
    page_size: usize,
    model: Option<String>,
    status: Option<String>,
    created_after: Option<String>,
    created_before: Option<String>,
}

async fn history(
    State(vendors): State<Vendors>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    admit(&vendors, &headers)?;
    let page: Page = serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    if page.page == 0 || !(1..=100).contains(&page.page_size) {
        return Err(Refusal::invalid("page is at least 1, page_size 1 to 100"));
    }
    let mut all: Vec<Value> = vendors.jobs(ME).iter().map(|view| prediction(view, false)).collect();
    // The latest first.
    all.reverse();
    all.retain(|one| {
        let created = one["created_at"].as_str().unwrap_or_default();
        page.model.as_deref().is_none_or(|model| one["model"] == model)
            && page.status.as_deref().is_none_or(|status| one["status"] == status)
            && page.created_after.as_deref().is_none_or(|from| created >= from)
            && page.created_before.as_deref().is_none_or(|to| created <= to)
    });
    let total = all.len();
    let skipped = (page.page - 1).saturating_mul(page.page_size);
    let items: Vec<Value> = all.into_iter().skip(skipped).take(page.page_size).collect();
    Ok(success(json!({"page": page.page, "page_size": page.page_size, "total": total, "items": items})))
}

async fn secret(State(vendors): State<Vendors>, headers: HeaderMap) -> Result<Response, Refusal> {
    admit(&vendors, &headers)?;
    Ok(success(json!({"secret": vendors.keys().wavespeed_webhook})))
}

/// A result of a prediction, by the last part of its address.
fn made(vendors: &Vendors, id: &str, file: &str) -> Option<Media> {
    let at: usize = file.split('.').next()?.parse().ok()?;
    let view = vendors.job(ME, id).filter(|view| now_ms() < view.began_ms.saturating_add(KEPT_MS))?;
    match view.status {
        Status::Done(media) => media.into_iter().nth(at.checked_sub(1)?),
        Status::Running | Status::Failed(_) => None,
    }
}

/// A result, to whoever knows its address and for as long as it is kept.
async fn output(State(vendors): State<Vendors>, Path((id, file)): Path<(String, String)>) -> Response {
    let rule = vendors.call(ME, On::Download);
    if let Some(status) = envelope::missing(rule) {
        return status.into_response();
    }
    let media = made(&vendors, &id, &file);
    let answer = match media {
        Some(media) => ([(header::CONTENT_TYPE, media.media_type)], media.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    travel(rule, answer).await
}

#[cfg(test)]
mod tests;
