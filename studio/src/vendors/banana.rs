//! The submit-and-poll contract of the call picture: a job is taken under any path below `/v1`, and
//! asked for by its id until it is completed. Answers are flat.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use cuelight_core::units::MicroUsd;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{Kind, On, Rule};
use super::keys::same;
use super::ledger::{End, Failure, Media, Start, Status, View};
use super::maker::{Brief, Maker};
use super::travel::travel;
use super::{Vendor, Vendors, Verdict, judge, origin};

/// Whose account everything here goes on.
const ME: Vendor = Vendor::Banana;
/// How long a picture takes in the real world, in milliseconds.
const LATENCY_MS: u64 = 4_000;
/// What a picture costs: a number of our own, as the seed has none.
const COST: MicroUsd = MicroUsd(20_000);
/// The sides of a picture, in px.
const SIDES: std::ops::RangeInclusive<u32> = 64..=2_048;
/// The longest text, in characters.
const LONGEST: usize = 4_000;
/// What a job says whose content is refused.
const REFUSED: &str = "the content was refused by the safety policy";

/// Its routes.
pub(super) fn routes() -> Router<Vendors> {
    Router::new()
        .route("/banana/v1/{*path}", post(submit))
        .route("/banana/v1/predictions/{id}/result", get(poll))
        .route("/banana/predictions/{id}/result", get(poll))
        .route("/banana/files/{id}/{file}", get(output))
}

fn refuse(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({"error": message.into()}))).into_response()
}

fn admit(vendors: &Vendors, headers: &HeaderMap) -> Option<Response> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = presented.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    (!same(key, &vendors.keys().banana)).then(|| refuse(StatusCode::UNAUTHORIZED, "the API key is not valid"))
}

/// What a fault makes of a call before anything is done.
fn spoilt(rule: Option<Rule>) -> Option<Response> {
    let rule = rule?;
    Some(match rule.kind {
        Kind::Throttle => {
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, "too many requests");
            response.headers_mut().insert(header::RETRY_AFTER, rule.retry_after_s().into());
            response
        }
        Kind::Unavailable => refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Kind::Fail => refuse(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        Kind::Invalid => refuse(StatusCode::BAD_REQUEST, "prompt: not accepted today"),
        Kind::Refuse => refuse(StatusCode::BAD_REQUEST, REFUSED),
        Kind::Expire => refuse(StatusCode::NOT_FOUND, "not found"),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Order {
    prompt: String,
    #[serde(default)]
    negative_prompt: String,
    #[serde(default = "usual_side")]
    width: u32,
    #[serde(default = "usual_side")]
    height: u32,
    #[serde(default = "any_seed")]
    seed: i64,
}

fn usual_side() -> u32 {
    512
}

fn any_seed() -> i64 {
    -1
}

impl Order {
    /// Reads and checks a body; a sentence when it is wrong.
    fn read(body: &[u8]) -> Result<Self, String> {
        let order: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if order.prompt.trim().is_empty() {
            return Err("prompt: is required".into());
        }
        for (field, text) in [("prompt", &order.prompt), ("negative_prompt", &order.negative_prompt)] {
            if text.chars().count() > LONGEST {
                return Err(format!("{field}: at most {LONGEST} characters"));
            }
        }
        for (field, side) in [("width", order.width), ("height", order.height)] {
            if !SIDES.contains(&side) {
                return Err(format!("{field}: {} to {} px", SIDES.start(), SIDES.end()));
            }
        }
        if !(-1..=i64::from(u32::MAX)).contains(&order.seed) {
            return Err(format!("seed: -1 to {}", u32::MAX));
        }
        Ok(order)
    }
}

async fn submit(State(vendors): State<Vendors>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = admit(&vendors, &headers) {
        return refused;
    }
    let rule = vendors.call(ME, On::Submit);
    let answer = spoilt(rule).unwrap_or_else(|| match Order::read(&body) {
        Ok(order) => take(&vendors, &headers, order),
        Err(message) => refuse(StatusCode::BAD_REQUEST, message),
    });
    travel(rule, answer).await
}

fn take(vendors: &Vendors, headers: &HeaderMap, order: Order) -> Response {
    let id = vendors.fresh_id(24);
    // Any seed will do for who asks for none; the id is as good as dice.
    let random = id.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let seed = u64::try_from(order.seed).unwrap_or(random);
    let start = Start {
        id: id.clone(),
        model: "banana".into(),
        token: None,
        latency_ms: LATENCY_MS,
        cost: COST,
        note: json!({"origin": origin(headers)}),
    };
    vendors.begin(ME, start, draw(vendors.maker().clone(), order, seed));
    Json(json!({"jobId": id, "status": "pending"})).into_response()
}

async fn draw(maker: Maker, order: Order, seed: u64) -> End {
    if judge(&order.prompt) != Verdict::Fine {
        return End::Failed(Failure { refused: true, message: REFUSED.into() });
    }
    let Order { width, height, prompt: words, .. } = order;
    match maker.picture(Brief { width, height, seed, words, inputs: Vec::new(), last: None }).await {
        Ok(bytes) => End::Made(vec![Media { bytes, media_type: "image/png" }]),
        Err(error) => End::Failed(Failure { refused: false, message: error.to_string() }),
    }
}

async fn poll(State(vendors): State<Vendors>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Some(refused) = admit(&vendors, &headers) {
        return refused;
    }
    let rule = vendors.call(ME, On::Poll);
    let failure = match rule.map(|rule| rule.kind) {
        Some(Kind::Fail) => Some(Failure { refused: false, message: "the worker is gone".into() }),
        Some(Kind::Refuse) => Some(Failure { refused: true, message: REFUSED.into() }),
        _ => None,
    };
    let spoilt = if let Some(failure) = failure {
        vendors.fail(ME, &id, failure);
        None
    } else {
        spoilt(rule)
    };
    let answer = spoilt.unwrap_or_else(|| match vendors.job(ME, &id) {
        Some(view) => Json(told(&view)).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "there is no such job"),
    });
    travel(rule, answer).await
}

fn told(view: &View) -> Value {
    let home = view.note["origin"].as_str().unwrap_or_default();
    match &view.status {
        Status::Running => json!({"jobId": view.id, "status": "pending", "outputs": []}),
        Status::Failed(failure) => {
            json!({"jobId": view.id, "status": "failed", "outputs": [], "error": failure.message})
        }
        Status::Done(_) => {
            let address = format!("{home}/banana/files/{}/1.png", view.id);
            json!({"jobId": view.id, "status": "completed", "outputs": [address]})
        }
    }
}

/// A result, to whoever knows its address.
async fn output(State(vendors): State<Vendors>, Path((id, _)): Path<(String, String)>) -> Response {
    let rule = vendors.call(ME, On::Download);
    if let Some(refused) = spoilt(rule) {
        return refused;
    }
    let media = vendors.job(ME, &id).and_then(|view| match view.status {
        Status::Done(media) => media.into_iter().next(),
        _ => None,
    });
    let answer = match media {
        Some(media) => ([(header::CONTENT_TYPE, media.media_type)], media.bytes).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "not found"),
    };
    travel(rule, answer).await
}

#[cfg(test)]
mod tests;
