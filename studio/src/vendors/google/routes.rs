//! The addresses of the interface: who calls, what is meant, what spoils it, and how it is answered.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::{Value, json};

use super::content;
use super::error::{ApiError, JSON};
use super::json::{self as reading, Node};
use super::models::{self, Kind as ModelKind, Model};
use super::work::{Answer, VEO_BROKE, Work};
use super::{files, imagen, veo};
use crate::vendors::fault::{Kind, On, Rule};
use crate::vendors::keys::same;
use crate::vendors::ledger::{Failure, Status};
use crate::vendors::{BODY_LIMIT, Vendor, Vendors, travel};

/// What the accepted key ends with when its owner is allowed nothing.
const NOBODY: &str = "-nobody";

/// The interface in both of its versions, which do the same here.
pub(in crate::vendors) fn routes() -> Router<Vendors> {
    let version = Router::new()
        .route("/models", get(list))
        .route("/models/{call}", get(show).post(ask))
        .route("/models/{model}/operations/{id}", get(poll))
        .route("/files/{id}", get(file).delete(forget));
    Router::new()
        .nest("/v1beta", version.clone())
        .nest("/v1", version)
        .route("/upload/v1beta/files", post(upload))
        .route("/download/v1beta/files/{id}", get(download))
}

/// Proof that the caller presented a key, and what else stood behind the question mark. Extracted
/// first, so that nothing is told to strangers.
struct Caller(BTreeMap<String, String>);

impl FromRequestParts<Vendors> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, vendors: &Vendors) -> Result<Self, ApiError> {
        let query = query(&parts.uri)?;
        let in_header = parts.headers.get("x-goog-api-key").and_then(|value| value.to_str().ok());
        let key = in_header.or(query.get("key").map(String::as_str)).filter(|key| !key.is_empty());
        let key = key.ok_or_else(ApiError::no_key)?;
        let accepted = &vendors.keys().google;
        if same(key, accepted) {
            Ok(Self(query))
        } else if same(key, &format!("{accepted}{NOBODY}")) {
            Err(ApiError::blocked_key())
        } else {
            Err(ApiError::bad_key())
        }
    }
}

fn query(uri: &Uri) -> Result<BTreeMap<String, String>, ApiError> {
    Query::try_from_uri(uri)
        .map(|Query(query)| query)
        .map_err(|_| ApiError::invalid("The query cannot be read."))
}

fn body(read: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    read.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::too_large(BODY_LIMIT)
        } else {
            ApiError::invalid("The body could not be read to its end.")
        }
    })
}

fn document(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, JSON)], value.to_string()).into_response()
}

/// The answer to a call that fails before anything is done, if the rule is of that kind.
fn refusal(rule: Option<Rule>, model: &str) -> Option<ApiError> {
    let rule = rule?;
    match rule.kind {
        Kind::Throttle => Some(ApiError::exhausted(model, rule.retry_after_s())),
        Kind::Invalid => Some(ApiError::invalid("Request contains an invalid argument.")),
        Kind::Unavailable => Some(ApiError::unavailable()),
        Kind::Fail => Some(ApiError::internal()),
        _ => None,
    }
}

/// The model of this name, if it is served and takes the method.
fn served(vendors: &Vendors, uri: &Uri, id: &str, method: Option<&str>) -> Result<&'static Model, ApiError> {
    let version = if uri.path().starts_with("/v1/") { "v1" } else { "v1beta" };
    let known = models::find(id);
    if let Some((_, instead)) = known.and_then(|model| model.retired)
        && vendors.refuses_retired()
    {
        return Err(ApiError::not_found(format!(
            "models/{id} is no longer available. Please update your code to use models/{instead}."
        )));
    }
    let fits = |model: &&Model| method.is_none_or(|method| model.methods().contains(&method));
    known.filter(fits).ok_or_else(|| {
        let of = method.map(|method| format!(", or is not supported for {method}")).unwrap_or_default();
        ApiError::not_found(format!(
            "models/{id} is not found for API version {version}{of}. Call ListModels to see the list of \
             available models and their supported methods."
        ))
    })
}

async fn list(caller: Caller, State(vendors): State<Vendors>) -> Result<Response, ApiError> {
    let number = |name: &str| caller.0.get(name).map(|text| text.parse::<usize>());
    let size = number("pageSize").transpose().map_err(|_| ApiError::invalid("pageSize is a number."))?;
    let from = number("pageToken")
        .transpose()
        .map_err(|_| ApiError::invalid("The page token is not one of mine."))?;
    let (size, from) = (size.unwrap_or(50).clamp(1, 1_000), from.unwrap_or(0));
    let strict = vendors.refuses_retired();
    let all: Vec<&Model> = models::MODELS.iter().filter(|model| !strict || model.retired.is_none()).collect();
    let page: Vec<Value> = all.iter().skip(from).take(size).map(|model| model.view()).collect();
    let next = from.saturating_add(page.len());
    let mut answer = json!({ "models": page });
    if next < all.len() {
        answer["nextPageToken"] = json!(next.to_string());
    }
    Ok(document(&answer))
}

async fn show(
    _: Caller,
    State(vendors): State<Vendors>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    served(&vendors, &uri, &id, None).map(|model| document(&model.view()))
}

/// Every method of a model: `models/{model}:{method}`.
async fn ask(
    caller: Caller,
    State(vendors): State<Vendors>,
    Path(call): Path<String>,
    uri: Uri,
    read: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let (id, method) = call.rsplit_once(':').unwrap_or((&call, ""));
    if models::find(id).is_some_and(|model| model.kind == ModelKind::Omni) {
        return Err(ApiError::invalid("This model only supports Interactions API."));
    }
    let model = served(&vendors, &uri, id, Some(method))?;
    if method == "countTokens" {
        return count(model, &body(read)?);
    }
    let rule = vendors.call(Vendor::Google, On::Submit);
    if let Some(error) = refusal(rule, model.id) {
        return Err(error);
    }
    let bytes = body(read)?;
    let work = Work { vendors, rule, model };
    let answer = match model.kind {
        ModelKind::Text(_) | ModelKind::Picture(_) => {
            let asked = content::Ask::read(model, &bytes)?;
            let answer = finish(tokio::spawn(work.content(asked))).await?;
            if method == "generateContent" {
                match answer {
                    Answer::Blocked(value) => document(&value),
                    Answer::Made(made) => document(&content::whole(model, &made)),
                }
            } else {
                let pieces = match answer {
                    Answer::Blocked(value) => vec![value],
                    Answer::Made(made) => content::chunks(model, &made),
                };
                streamed(pieces, caller.0.get("alt").is_some_and(|alt| alt == "sse"))
            }
        }
        ModelKind::Imagen(imagen) => {
            let asked = imagen::Ask::read(&imagen, &bytes)?;
            document(&finish(tokio::spawn(work.imagen(imagen, asked))).await?)
        }
        ModelKind::Veo(veo) => {
            let asked = veo::Ask::read(&veo, &bytes)?;
            let name = finish(tokio::spawn(work.veo(veo, asked))).await?;
            document(&json!({ "name": name }))
        }
        ModelKind::Omni => return Err(ApiError::internal()),
    };
    // What spoils a result has spoiled the picture inside of the document already.
    let inside = matches!(model.kind, ModelKind::Picture(_) | ModelKind::Imagen(_))
        && rule.is_some_and(|rule| matches!(rule.kind, Kind::Mislabel | Kind::Truncate));
    if inside { Ok(answer) } else { Ok(travel::travel(rule, answer).await) }
}

/// What a task came to that goes on when its caller hangs up.
async fn finish<T>(task: tokio::task::JoinHandle<Result<T, ApiError>>) -> Result<T, ApiError> {
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "an answer broke");
        Err(ApiError::internal())
    })
}

/// An answer in pieces: as events, or as the items of a list.
fn streamed(pieces: Vec<Value>, events: bool) -> Response {
    let last = pieces.len().saturating_sub(1);
    let lines = pieces.into_iter().enumerate().map(move |(at, piece)| {
        if events {
            format!("data: {piece}\r\n\r\n")
        } else {
            format!("{}{piece}{}", if at == 0 { "[" } else { ",\r\n" }, if at == last { "]" } else { "" })
        }
    });
    let kind = if events { HeaderValue::from_static("text/event-stream") } else { JSON };
    let body = Body::from_stream(stream::iter(lines.map(Ok::<_, std::convert::Infallible>)));
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// How many tokens a request would be, given as contents or as the request itself.
fn count(model: &Model, bytes: &Bytes) -> Result<Response, ApiError> {
    let map = reading::body(bytes)?;
    let root = Node::new(&map, "");
    root.only(&["contents", "generateContentRequest"])?;
    let inner = match root.object("generateContentRequest")? {
        Some(request) => {
            let mut request = request.clone();
            request.remove("model");
            Value::Object(request)
        }
        None => Value::Object(map),
    };
    let (words, pictures) = content::Ask::read(model, inner.to_string().as_bytes())?.tokens();
    Ok(document(&json!({
        "totalTokens": words.saturating_add(pictures),
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": words }],
    })))
}

async fn poll(
    _: Caller,
    State(vendors): State<Vendors>,
    Path((model, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let rule = vendors.call(Vendor::Google, On::Poll);
    let kind = rule.map(|rule| rule.kind);
    let unknown = || ApiError::not_found("Requested entity was not found.");
    match kind {
        Some(Kind::Fail) => {
            vendors.fail(Vendor::Google, &id, Failure { refused: false, message: VEO_BROKE.to_owned() })
        }
        Some(Kind::Refuse) => {
            vendors.fail(Vendor::Google, &id, Failure { refused: true, message: String::new() });
        }
        Some(Kind::Expire) => return Err(unknown()),
        _ => {
            if let Some(error) = refusal(rule, &model) {
                return Err(error);
            }
        }
    }
    let job = vendors.job(Vendor::Google, &id).filter(|job| job.model == model).ok_or_else(unknown)?;
    let state = match job.status {
        Status::Running => veo::State::Pending,
        Status::Done(_) => veo::State::Done(job.note["file"].as_str().unwrap_or_default().to_owned()),
        Status::Failed(failure) if failure.refused => veo::State::Filtered,
        // 13 is INTERNAL in gRPC.
        Status::Failed(failure) => veo::State::Failed(13, failure.message),
    };
    let mut told = veo::operation(&format!("models/{model}/operations/{id}"), &state);
    if kind == Some(Kind::Redirect) {
        let sample = told.pointer_mut("/response/generateVideoResponse/generatedSamples/0/video/uri");
        if let Some(uri) = sample {
            *uri = json!(format!("{}files/abc:download?alt=media", travel::PRIVATE_ADDRESS));
        }
        return Ok(document(&told));
    }
    Ok(travel::travel(rule, document(&told)).await)
}

/// What is known of a file, or with `:download` the way to its bytes: they are elsewhere on the same
/// host, and the key is needed there, too.
async fn file(
    caller: Caller,
    State(vendors): State<Vendors>,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let Some(id) = call.strip_suffix(":download") else {
        return files::find(&vendors, &call).map(|media| document(&files::view(&call, &media)));
    };
    if content::file_id(&format!("files/{id}")) != Some(id) {
        return Err(ApiError::invalid("The name of a file is files/ and letters and digits."));
    }
    let key = caller.0.get("key").map(|key| format!("&key={key}")).unwrap_or_default();
    let place = format!("/download/v1beta/files/{id}:download?alt=media{key}");
    let place = HeaderValue::from_str(&place).map_err(|_| ApiError::invalid("The key cannot be read."))?;
    Ok((StatusCode::FOUND, [(header::LOCATION, place)]).into_response())
}

async fn download(
    _: Caller,
    State(vendors): State<Vendors>,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let rule = vendors.call(Vendor::Google, On::Download);
    let id = call.strip_suffix(":download").unwrap_or(&call);
    if rule.is_some_and(|rule| rule.kind == Kind::Expire) {
        vendors.remove(Vendor::Google, &format!("files/{id}"));
    }
    if let Some(error) = refusal(rule, "files") {
        return Err(error);
    }
    let media = files::find(&vendors, id)?;
    Ok(travel::travel(rule, files::content(media)).await)
}

async fn forget(
    _: Caller,
    State(vendors): State<Vendors>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    files::find(&vendors, &id)?;
    vendors.remove(Vendor::Google, &format!("files/{id}"));
    Ok(document(&json!({})))
}

/// Both steps of an upload. The second shows no key: its address is the secret.
async fn upload(
    caller: Result<Caller, ApiError>,
    State(vendors): State<Vendors>,
    headers: HeaderMap,
    uri: Uri,
    read: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let id = query(&uri)?.remove("upload_id");
    if id.is_none() {
        caller?;
    }
    let rule = vendors.call(Vendor::Google, On::Upload);
    if let Some(error) = refusal(rule, "files") {
        return Err(error);
    }
    let bytes = body(read)?;
    let answer = match id {
        Some(id) => files::proceed(&vendors, &id, &headers, &bytes)?,
        None => files::begin(&vendors, &headers, &bytes)?,
    };
    Ok(travel::travel(rule, answer).await)
}
