//! A ComfyUI server of version 0.3.64: its routes, each also below `/api`. It runs graphs of core
//! nodes for real, and draws in the place of the models.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::{Kind, On, Rule};
use super::keys::same;
use super::travel::travel;
use super::{Vendor, Vendors};

mod exec;
mod folder;
mod frame;
mod graph;
mod node;
mod queue;
mod runner;
mod socket;

use self::folder::{Folder, NameError, Place};
use self::graph::Refusal;
use self::runner::Server;

/// Whose account everything here goes on.
const ME: Vendor = Vendor::Comfyui;
/// The largest upload, in bytes.
const UPLOAD_LIMIT: usize = 100 << 20;
/// The longest id that a caller may give a prompt, in bytes.
const LONGEST_ID: usize = 128;

/// Its routes, below its base.
pub(super) fn routes(vendors: Vendors) -> Router<Vendors> {
    let server = Server::new(vendors);
    let one = Router::new()
        .route("/prompt", get(remaining).post(prompt))
        .route("/history", get(history).post(forget))
        .route("/history/{id}", get(run))
        .route("/queue", get(queue).post(unqueue))
        .route("/interrupt", post(interrupt))
        .route("/view", get(view))
        .route("/upload/image", post(upload).layer(DefaultBodyLimit::max(UPLOAD_LIMIT)))
        .route("/object_info", get(classes))
        .route("/object_info/{class}", get(class))
        .route("/system_stats", get(stats))
        .route("/features", get(|| async { Json(socket::features()) }))
        .route("/free", post(|| async {}))
        .route("/ws", get(socket::open));
    let both = one.clone().nest("/api", one);
    let guarded = both.layer(middleware::from_fn_with_state(server.clone(), guard));
    Router::new().nest("/comfyui", guarded.with_state(server))
}

async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    match unwelcome(&server, request.headers()) {
        Some(status) => status.into_response(),
        None => next.run(request).await,
    }
}

/// Who may not come: a page of another origin to a server on the loopback interface, and whoever has
/// no key if a proxy before the server asks for one.
fn unwelcome(server: &Server, headers: &HeaderMap) -> Option<StatusCode> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let wanted = &server.vendors().keys().comfyui;
    if !wanted.is_empty() && !same(key, wanted) {
        return Some(StatusCode::UNAUTHORIZED);
    }
    let (host, origin) = (text(header::HOST)?, text(header::ORIGIN)?);
    let origin = origin.split_once("://").map_or(origin, |(_, host)| host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let home = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    (home && !origin.eq_ignore_ascii_case(host)).then_some(StatusCode::FORBIDDEN)
}

/// What a fault makes of a call before anything is done. ComfyUI itself throttles nobody; a proxy
/// before it does.
fn spoilt(rule: Option<Rule>) -> Option<Response> {
    let rule = rule?;
    let status = match rule.kind {
        Kind::Throttle => {
            let after = [(header::RETRY_AFTER, rule.retry_after_s().to_string())];
            return Some((StatusCode::TOO_MANY_REQUESTS, after, "too many requests").into_response());
        }
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Refuse => StatusCode::FORBIDDEN,
        Kind::Expire => StatusCode::NOT_FOUND,
        Kind::Invalid => {
            let kind = "prompt_outputs_failed_validation";
            let refusal = Refusal::whole(kind, "Prompt outputs failed validation", "not accepted today");
            return Some((StatusCode::BAD_REQUEST, Json(refusal.json())).into_response());
        }
        _ => return None,
    };
    Some(status.into_response())
}

async fn remaining(State(server): State<Server>) -> Json<Value> {
    Json(server.remaining())
}

async fn prompt(State(server): State<Server>, body: Bytes) -> Response {
    let rule = server.vendors().call(ME, On::Submit);
    let answer = match spoilt(rule) {
        Some(refused) => refused,
        None => take(&server, &body),
    };
    travel(rule, answer).await
}

fn take(server: &Server, body: &[u8]) -> Response {
    // The server does not catch what it cannot parse.
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let refuse = |refusal: Refusal| (StatusCode::BAD_REQUEST, Json(refusal.json())).into_response();
    let Some(prompt) = body.remove("prompt") else {
        return refuse(Refusal::whole("no_prompt", "No prompt provided", "No prompt provided"));
    };
    let Value::Object(nodes) = &prompt else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let targets: Option<Vec<String>> =
        body.remove("partial_execution_targets").and_then(|targets| serde_json::from_value(targets).ok());
    let folders = server.folders();
    let graph = match graph::read(nodes, targets.as_deref(), &|name| folders.load(name).is_some()) {
        Ok(graph) => graph,
        Err(refusal) => return refuse(refusal),
    };
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let id = text(body.remove("prompt_id")).filter(|id| (1..=LONGEST_ID).contains(&id.len()));
    let client = text(body.remove("client_id"));
    let mut extra: Map<String, Value> =
        body.remove("extra_data").and_then(|extra| serde_json::from_value(extra).ok()).unwrap_or_default();
    if let Some(client) = &client {
        extra.insert("client_id".into(), json!(client));
    }
    let number = body.get("number").and_then(Value::as_f64);
    let front = body.get("front").and_then(Value::as_bool).unwrap_or(false);
    let node_errors = graph.node_errors.clone();
    let (id, number) = server.add(id, number.ok_or(front), prompt, extra, client, graph);
    Json(json!({"prompt_id": id, "number": number, "node_errors": node_errors})).into_response()
}

#[derive(Deserialize)]
struct Window {
    max_items: Option<usize>,
    offset: Option<usize>,
}

async fn history(State(server): State<Server>, Query(window): Query<Window>) -> Response {
    let rule = server.vendors().call(ME, On::Poll);
    let answer =
        spoilt(rule).unwrap_or_else(|| Json(server.runs(window.max_items, window.offset)).into_response());
    travel(rule, answer).await
}

async fn run(State(server): State<Server>, Path(id): Path<String>) -> Response {
    let rule = server.vendors().call(ME, On::Poll);
    let answer = match rule.map(|rule| rule.kind) {
        Some(Kind::Expire) => Json(json!({})).into_response(),
        Some(Kind::Fail) => {
            server.spoil(&id, "CUDA error: an illegal memory access was encountered");
            Json(server.run(&id)).into_response()
        }
        Some(Kind::Refuse) => {
            server.spoil(&id, "the content was refused by the safety checker");
            Json(server.run(&id)).into_response()
        }
        _ => spoilt(rule).unwrap_or_else(|| Json(server.run(&id)).into_response()),
    };
    travel(rule, answer).await
}

/// Which prompts are meant: these, or all.
#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    clear: bool,
    delete: Option<Vec<String>>,
}

async fn forget(State(server): State<Server>, Json(which): Json<Which>) {
    if which.clear {
        server.forget(None);
    }
    if let Some(ids) = which.delete {
        server.forget(Some(&ids));
    }
}

async fn queue(State(server): State<Server>) -> Response {
    let rule = server.vendors().call(ME, On::Poll);
    let answer = spoilt(rule).unwrap_or_else(|| Json(server.queue()).into_response());
    travel(rule, answer).await
}

async fn unqueue(State(server): State<Server>, Json(which): Json<Which>) -> Response {
    let rule = server.vendors().call(ME, On::Cancel);
    if let Some(refused) = spoilt(rule) {
        return refused;
    }
    if which.clear {
        server.remove(None);
    }
    if let Some(ids) = which.delete {
        server.remove(Some(&ids));
    }
    travel(rule, StatusCode::OK.into_response()).await
}

async fn interrupt(State(server): State<Server>, body: Bytes) -> Response {
    let rule = server.vendors().call(ME, On::Cancel);
    if let Some(refused) = spoilt(rule) {
        return refused;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    server.interrupt(body.get("prompt_id").and_then(Value::as_str));
    travel(rule, StatusCode::OK.into_response()).await
}

#[derive(Deserialize)]
struct Viewed {
    filename: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    subfolder: String,
}

async fn view(State(server): State<Server>, Query(viewed): Query<Viewed>) -> Response {
    let rule = server.vendors().call(ME, On::Download);
    if let Some(refused) = spoilt(rule) {
        return refused;
    }
    let Some(filename) = viewed.filename else { return StatusCode::NOT_FOUND.into_response() };
    let answer = match folder::viewed(&filename, viewed.kind.as_deref(), &viewed.subfolder) {
        Err(NameError::Bad) => StatusCode::BAD_REQUEST.into_response(),
        Err(NameError::Outside) => StatusCode::FORBIDDEN.into_response(),
        Ok(place) => match server.folders().get(&place) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(bytes) => {
                let kept = |c: &char| c.is_ascii() && !c.is_ascii_control() && *c != '"';
                let shown: String = place.name.chars().filter(kept).collect();
                let kind = folder::media_type(&place.name);
                let about = [
                    (header::CONTENT_TYPE, kind.to_owned()),
                    (header::CONTENT_DISPOSITION, format!("filename=\"{shown}\"")),
                ];
                (about, bytes).into_response()
            }
        },
    };
    travel(rule, answer).await
}

async fn upload(State(server): State<Server>, form: Result<Multipart, MultipartRejection>) -> Response {
    let rule = server.vendors().call(ME, On::Upload);
    if let Some(refused) = spoilt(rule) {
        return refused;
    }
    let answer = match form {
        Ok(form) => keep(&server, form).await,
        Err(_) => None,
    };
    let answer =
        answer.map_or_else(|| StatusCode::BAD_REQUEST.into_response(), |told| Json(told).into_response());
    travel(rule, answer).await
}

async fn keep(server: &Server, mut form: Multipart) -> Option<Value> {
    let (mut file, mut folder, mut subfolder, mut replace) = (None, Folder::Input, String::new(), false);
    while let Some(field) = form.next_field().await.ok()? {
        match field.name()?.to_owned().as_str() {
            "image" => file = Some((field.file_name()?.to_owned(), field.bytes().await.ok()?)),
            "type" => folder = Folder::named(&field.text().await.ok()?)?,
            "subfolder" => field.text().await.ok()?.trim_matches('/').clone_into(&mut subfolder),
            "overwrite" => replace = matches!(field.text().await.ok()?.as_str(), "true" | "1"),
            _ => {}
        }
    }
    let (name, bytes) = file.filter(|(name, _)| !name.is_empty())?;
    if !folder::stays(&subfolder) || !folder::stays(&name) || name.contains('/') {
        return None;
    }
    let place = server.folders().upload(Place { folder, subfolder, name }, bytes, replace);
    Some(json!({"name": place.name, "subfolder": place.subfolder, "type": place.folder.name()}))
}

async fn classes(State(server): State<Server>) -> Json<Value> {
    let uploads = server.folders().uploads();
    let all = node::CLASSES.iter().map(|class| (class.name.to_owned(), class.info(&uploads)));
    Json(Value::Object(all.collect()))
}

async fn class(State(server): State<Server>, Path(name): Path<String>) -> Json<Value> {
    let uploads = server.folders().uploads();
    let one = node::Class::named(&name).map(|class| (class.name.to_owned(), class.info(&uploads)));
    Json(Value::Object(one.into_iter().collect()))
}

async fn stats(headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Json(json!({
        "system": {
            "os": "posix", "ram_total": 0, "ram_free": 0, "comfyui_version": "0.3.64",
            "required_frontend_version": "", "python_version": "", "pytorch_version": "",
            "embedded_python": false, "argv": ["main.py", "--cpu", host],
        },
        "devices": [{
            "name": "cpu", "type": "cpu", "index": null, "vram_total": 0, "vram_free": 0,
            "torch_vram_total": 0, "torch_vram_free": 0,
        }],
    }))
}

#[cfg(test)]
mod tests;
