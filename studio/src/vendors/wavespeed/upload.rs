//! Files that callers send in advance: by a ticket and a PUT, or in one form as it used to be. What
//! was sent has an address of the studio's, which submissions may name.

use axum::body::Bytes;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::fault::On;
use super::super::ledger::Media;
use super::super::travel::travel;
use super::super::{Vendors, origin};
use super::envelope::{Refusal, success};
use super::{ME, admit, made, spoilt};

/// The largest file, in bytes.
pub(super) const LIMIT: usize = 200 << 20;
/// The longest name, in characters.
const LONGEST_NAME: usize = 255;
/// The media types that are kept as they are told; others are plain data.
const TYPES: [&str; 7] =
    ["image/png", "image/jpeg", "image/webp", "audio/wav", "audio/x-wav", "audio/mpeg", "video/mp4"];

/// What is to come under a ticket.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Promise {
    id: String,
    name: String,
    size: u64,
    content_type: String,
}

#[derive(Deserialize)]
struct Wish {
    filename: String,
    size: u64,
    content_type: Option<String>,
}

fn kind(told: &str) -> &'static str {
    TYPES.into_iter().find(|kind| *kind == told).unwrap_or("application/octet-stream")
}

/// A name that is one part of an address.
fn name(told: &str) -> Option<String> {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = told.chars().map(kept).collect();
    (!name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().all(|c| c == '.')).then_some(name)
}

fn path(id: &str, name: &str) -> String {
    format!("media/{id}/{name}")
}

/// The bytes that lie under an address of this studio: an upload, or what another prediction made.
pub(super) fn at(vendors: &Vendors, home: &str, address: &str) -> Option<Bytes> {
    let path = address.strip_prefix(home)?.strip_prefix("/cdn/wavespeed/")?;
    let media = match path.strip_prefix("predictions/").and_then(|path| path.split_once('/')) {
        Some((id, file)) => made(vendors, id, file),
        None => vendors.file(ME, path),
    };
    media.map(|media| media.bytes)
}

/// `POST /media/uploads`: where a file may be put.
pub(super) async fn ticket(State(vendors): State<Vendors>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = admit(&vendors, &headers) {
        return refusal.into_response();
    }
    let rule = vendors.call(ME, On::Upload);
    let answer = spoilt(rule).and_then(|()| issue(&vendors, &headers, &body));
    travel(rule, answer.into_response()).await
}

fn issue(vendors: &Vendors, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let wish: Wish = serde_json::from_slice(body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let name = name(&wish.filename).ok_or_else(|| Refusal::invalid("filename: 1 to 255 characters"))?;
    if !(1..=LIMIT as u64).contains(&wish.size) {
        return Err(Refusal::invalid(format!("size: 1 to {LIMIT} bytes")));
    }
    let content_type = kind(wish.content_type.as_deref().unwrap_or_default()).to_owned();
    let (id, home) = (vendors.fresh_id(20), origin(headers));
    let promise = Promise { id: id.clone(), name: name.clone(), size: wish.size, content_type };
    let note = serde_json::to_vec(&promise).map_err(|error| Refusal::invalid(error.to_string()))?;
    let ticket = vendors.fresh_id(40);
    let media = Media { bytes: note.into(), media_type: "application/json" };
    vendors.put(ME, &format!("tickets/{ticket}"), media);
    Ok(success(json!({
        "id": id,
        "filename": name,
        "size": promise.size,
        "download_url": format!("{home}/cdn/wavespeed/{}", path(&id, &name)),
        "upload": {
            "method": "PUT",
            "url": format!("{home}/cdn/wavespeed/uploads/{ticket}"),
            "headers": {"Content-Type": promise.content_type},
        },
    })))
}

/// The PUT of a file: exactly what the ticket was for, once.
pub(super) async fn receive(
    State(vendors): State<Vendors>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ticket = format!("tickets/{ticket}");
    let note = vendors.file(ME, &ticket);
    let Some(promise) = note.and_then(|note| serde_json::from_slice::<Promise>(&note.bytes).ok()) else {
        return (StatusCode::FORBIDDEN, "the address is not valid or was used").into_response();
    };
    let told = headers.get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    if told != promise.content_type || body.len() as u64 != promise.size {
        return (StatusCode::FORBIDDEN, "content type and length are not those of the ticket")
            .into_response();
    }
    vendors.remove(ME, &ticket);
    let media = Media { bytes: body, media_type: kind(&promise.content_type) };
    vendors.put(ME, &path(&promise.id, &promise.name), media);
    StatusCode::OK.into_response()
}

/// `POST /media/upload/binary`: a form with one file.
pub(super) async fn binary(
    State(vendors): State<Vendors>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Response {
    if let Err(refusal) = admit(&vendors, &headers) {
        return refusal.into_response();
    }
    let rule = vendors.call(ME, On::Upload);
    let answer = match (spoilt(rule), form) {
        (Err(refusal), _) => Err(refusal),
        (_, Err(error)) => Err(Refusal::invalid(error.to_string())),
        (Ok(()), Ok(form)) => keep(&vendors, &headers, form).await,
    };
    travel(rule, answer.into_response()).await
}

async fn keep(vendors: &Vendors, headers: &HeaderMap, mut form: Multipart) -> Result<Response, Refusal> {
    let wrong = |error: axum::extract::multipart::MultipartError| Refusal::invalid(error.to_string());
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = name(field.file_name().unwrap_or("upload")).unwrap_or_else(|| "upload".into());
        let media_type = kind(field.content_type().unwrap_or_default());
        let bytes = field.bytes().await.map_err(wrong)?;
        let (id, size) = (vendors.fresh_id(20), bytes.len());
        vendors.put(ME, &path(&id, &name), Media { bytes, media_type });
        let address = format!("{}/cdn/wavespeed/{}", origin(headers), path(&id, &name));
        let kind = media_type.split('/').next();
        return Ok(success(json!({"type": kind, "download_url": address, "filename": name, "size": size})));
    }
    Err(Refusal::invalid("file: is required"))
}

/// An upload, to whoever knows its address.
pub(super) async fn serve(
    State(vendors): State<Vendors>,
    Path((id, name)): Path<(String, String)>,
) -> Response {
    match vendors.file(ME, &path(&id, &name)) {
        Some(media) => ([(header::CONTENT_TYPE, media.media_type)], media.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
