//! Amazon Bedrock's runtime and the part of S3 that its results are read through: who is calling, what
//! a refusal looks like, and a picture made in one call.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::BASE64;
use serde_json::{Value, json};

use self::fields::Malformed;
use self::sigv4::{Distrust, Received, Service};
use super::fault::{Kind, On, Rule};
use super::ledger::Charge;
use super::travel::{spoil, travel};
use super::{Vendor, Vendors, Verdict, judge};

mod fields;
mod images;
mod invocations;
mod s3;
mod sigv4;
mod time;
mod videos;

/// The largest body either way, in bytes.
const BODY_LIMIT: usize = 25_000_000;
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// What a request is told that is refused for its content.
const BLOCKED: &str = "This request has been blocked by our content filters.";
/// What comes instead of a result that is refused for its content.
const WITHHELD: &str = "This request has been blocked by our content filters. Our filters automatically flagged \
                        this output because it may conflict with our AUP or AWS Responsible AI Policy.";

pub(super) fn routes() -> Router<Vendors> {
    Router::new()
        .route("/model/{model}/invoke", post(invoke))
        .route("/async-invoke", post(invocations::start).get(invocations::list))
        .route("/async-invoke/{arn}", get(invocations::look))
        .route("/cuelight-{bucket}", get(s3::list))
        .route("/cuelight-{bucket}/", get(s3::list))
        .route("/cuelight-{bucket}/{*key}", get(s3::read).head(s3::read).put(s3::write).delete(s3::delete))
}

/// An error as the service tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    name: &'static str,
    status: StatusCode,
    message: String,
}

impl Exception {
    fn new(name: &'static str, status: StatusCode, message: impl Into<String>) -> Self {
        Self { name, status, message: message.into() }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", StatusCode::BAD_REQUEST, message)
    }

    fn throttling() -> Self {
        let message = "Too many requests, please wait before trying again.";
        Self::new("ThrottlingException", StatusCode::TOO_MANY_REQUESTS, message)
    }

    fn internal() -> Self {
        let message = "The system encountered an unexpected error during processing. Try your request again.";
        Self::new("InternalServerException", StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// What a fault makes of a call before anything is done, if it is of that kind.
    fn of(rule: Option<Rule>) -> Option<Self> {
        Some(match rule?.kind {
            Kind::Throttle => Self::throttling(),
            Kind::Invalid => {
                Self::validation("Malformed input request, please reformat your input and try again.")
            }
            Kind::Refuse => Self::validation(BLOCKED),
            Kind::Unavailable => {
                let message = "The service isn't currently available. Try again later.";
                Self::new("ServiceUnavailableException", StatusCode::SERVICE_UNAVAILABLE, message)
            }
            Kind::Fail => Self::internal(),
            Kind::Expire => Self::validation("Could not find the invocation."),
            _ => return None,
        })
    }
}

impl From<Malformed> for Exception {
    fn from(error: Malformed) -> Self {
        Self::validation(format!(
            "Malformed input request: {error}, please reformat your input and try again."
        ))
    }
}

impl From<Distrust> for Exception {
    fn from(why: Distrust) -> Self {
        let forbidden = StatusCode::FORBIDDEN;
        match why {
            Distrust::Missing => {
                Self::new("MissingAuthenticationTokenException", forbidden, "Missing Authentication Token")
            }
            Distrust::Incomplete(part) => Self::new(
                "IncompleteSignatureException",
                StatusCode::BAD_REQUEST,
                format!("Authorization header requires '{part}' parameter."),
            ),
            Distrust::UnknownKey => Self::new(
                "UnrecognizedClientException",
                forbidden,
                "The security token included in the request is invalid.",
            ),
            Distrust::Skewed(date) => Self::new(
                "InvalidSignatureException",
                forbidden,
                format!("Signature expired: {date} is more than 5 minutes from now."),
            ),
            Distrust::Scope => Self::new(
                "InvalidSignatureException",
                forbidden,
                "Credential should be scoped to correct service: 'bedrock'.",
            ),
            Distrust::Mismatch(canonical) => Self::new(
                "InvalidSignatureException",
                forbidden,
                format!(
                    "The request signature we calculated does not match the signature you provided. Check your \
                     AWS Secret Access Key and signing method. The canonical request was:\n{canonical}"
                ),
            ),
        }
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(json!({ "message": self.message }))).into_response();
        // The service puts an address behind the name, which clients are to cut off.
        let name = format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.name);
        if let Ok(name) = HeaderValue::from_str(&name) {
            response.headers_mut().insert(ERROR_TYPE, name);
        }
        response
    }
}

/// A request whose signature is good.
struct Caller {
    parts: Parts,
    body: Bytes,
    region: String,
}

/// Reads a request to its end and verifies it.
async fn authenticate(vendors: &Vendors, request: Request, service: Service) -> Result<Caller, Exception> {
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    let received = Received { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body: &body };
    let region = sigv4::verify(received, service, &vendors.keys().aws, now_s())?;
    Ok(Caller { parts, body, region })
}

async fn read(body: Body) -> Result<Bytes, Exception> {
    to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Exception::validation(format!(
            "The body is larger than {BODY_LIMIT} bytes or was not sent to its end."
        ))
    })
}

fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// The answer with an id that support would ask for.
fn identified(vendors: &Vendors, mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&vendors.fresh_id(32)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A model's id, whether it comes alone or at the end of an ARN.
fn model_id(text: &str) -> &str {
    text.strip_prefix("arn:aws:bedrock:").and_then(|arn| arn.split_once('/')).map_or(text, |(_, id)| id)
}

/// `InvokeModel`.
async fn invoke(State(vendors): State<Vendors>, request: Request) -> Response {
    let caller = match authenticate(&vendors, request, Service::Bedrock).await {
        Ok(caller) => caller,
        Err(exception) => return identified(&vendors, exception.into_response()),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Submit);
    let told = match Exception::of(fault) {
        Some(exception) => Err(exception),
        None => make(&vendors, caller, fault).await,
    };
    let response = told.map(axum::Json).into_response();
    // What was to be spoilt inside of the answer is spoilt already.
    let outside = fault.filter(|rule| !matches!(rule.kind, Kind::Mislabel | Kind::Truncate));
    travel(outside, identified(&vendors, response)).await
}

async fn make(vendors: &Vendors, caller: Caller, fault: Option<Rule>) -> Result<Value, Exception> {
    let path = String::from_utf8_lossy(&sigv4::decode(caller.parts.uri.path())).into_owned();
    let name = path.strip_prefix("/model/").and_then(|rest| rest.strip_suffix("/invoke")).unwrap_or_default();
    let model = images::Model::find(model_id(name))
        .ok_or_else(|| Exception::validation("The provided model identifier is invalid."))?;
    let body = caller.body;
    let order =
        tokio::task::spawn_blocking(move || model.read(&body)).await.map_err(|_| Exception::internal())??;
    let verdict = judge(&order.words);
    if verdict == Verdict::InputRefused {
        return order.refused().ok_or_else(|| Exception::validation(BLOCKED));
    }
    tokio::time::sleep(vendors.scaled(model.latency_ms)).await;
    let mut pictures = Vec::new();
    if verdict == Verdict::Fine {
        for brief in &order.briefs {
            let picture = vendors.maker().picture(brief.clone()).await.map_err(|_| Exception::internal())?;
            pictures.push(BASE64.encode(&spoil(fault, &picture)));
        }
    }
    let micro_usd = order.cost_of(pictures.len());
    vendors.sold(Vendor::Bedrock, Charge { id: vendors.fresh_id(12), model: model.id.to_owned(), micro_usd });
    Ok(order.answer(pictures))
}

#[cfg(test)]
mod tests;
