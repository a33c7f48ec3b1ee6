//! Files: what was made and can be fetched, and what callers send in advance, in as many pieces as they
//! like.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::{ApiError, JSON};
use super::json::{self, Node};
use crate::vendors::ledger::Media;
use crate::vendors::{Vendor, Vendors, origin};

/// The largest file, in bytes.
const LARGEST: usize = 20 << 20;
/// Where files are, on the host of the interface.
const HOST: &str = "https://generativelanguage.googleapis.com/v1beta";
const URL: HeaderName = HeaderName::from_static("x-goog-upload-url");
const STATUS: HeaderName = HeaderName::from_static("x-goog-upload-status");

/// The media types that files may have.
const KINDS: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/webp",
    "video/mp4",
    "video/webm",
    "audio/wav",
    "audio/mpeg",
    "application/pdf",
    "text/plain",
];

/// What the interface says of a file.
pub(super) fn view(id: &str, media: &Media) -> Value {
    let generated = media.media_type.starts_with("video/") && !id.starts_with('u');
    let mut view = json!({
        "name": format!("files/{id}"),
        "mimeType": media.media_type,
        "sizeBytes": media.bytes.len().to_string(),
        "sha256Hash": BASE64.encode(&Sha256::digest(&media.bytes)),
        "uri": format!("{HOST}/files/{id}"),
        "state": "ACTIVE",
        "source": if generated { "GENERATED" } else { "UPLOADED" },
    });
    if generated {
        view["downloadUri"] = json!(format!("{HOST}/files/{id}:download?alt=media"));
    }
    view
}

/// The file of this id.
pub(super) fn find(vendors: &Vendors, id: &str) -> Result<Media, ApiError> {
    vendors
        .file(Vendor::Google, &format!("files/{id}"))
        .ok_or_else(|| ApiError::not_found(format!("The file files/{id} is not found.")))
}

/// Begins an upload: the answer says where the bytes go.
pub(super) fn begin(vendors: &Vendors, headers: &HeaderMap, body: &Bytes) -> Result<Response, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-goog-upload-protocol") != Some("resumable") {
        return Err(ApiError::invalid(
            "Only the resumable protocol is spoken here: X-Goog-Upload-Protocol: resumable.",
        ));
    }
    let announced = header("x-goog-upload-header-content-length").and_then(|size| size.parse::<usize>().ok());
    if announced.is_some_and(|size| size > LARGEST) {
        return Err(ApiError::too_large(LARGEST));
    }
    let mut kind = header("x-goog-upload-header-content-type").unwrap_or_default().to_owned();
    if !body.is_empty() {
        let map = json::body(body)?;
        if let Some(file) = Node::new(&map, "").object("file")?
            && let Some(told) = Node::new(file, "file").text("mimeType")?
        {
            told.clone_into(&mut kind);
        }
    }
    let kind = KINDS
        .iter()
        .find(|known| **known == kind)
        .ok_or_else(|| ApiError::invalid(format!("Unsupported MIME type: {kind}")))?;
    // The first letter tells uploads from what was made here.
    let id = format!("u{}", vendors.fresh_id(11));
    vendors.put(Vendor::Google, &format!("uploads/{id}"), Media { bytes: Bytes::new(), media_type: kind });
    let url = format!("{}/upload/v1beta/files?upload_id={id}&upload_protocol=resumable", origin(headers));
    let url =
        HeaderValue::from_str(&url).map_err(|_| ApiError::invalid("The Host header cannot be read."))?;
    Ok(([(URL, url), (STATUS, HeaderValue::from_static("active"))], StatusCode::OK).into_response())
}

/// Takes a piece of an upload, and with the last one the file.
pub(super) fn proceed(
    vendors: &Vendors,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let pending = format!("uploads/{id}");
    let so_far = vendors
        .file(Vendor::Google, &pending)
        .ok_or_else(|| ApiError::not_found("There is no such upload."))?;
    let commands = header("x-goog-upload-command").unwrap_or_default().to_lowercase();
    let has = |wanted: &str| commands.split(',').any(|command| command.trim() == wanted);
    let offset = header("x-goog-upload-offset").map_or(Some(0), |offset| offset.parse::<usize>().ok());
    if offset != Some(so_far.bytes.len()) {
        return Err(ApiError::invalid(format!(
            "The next byte of this upload is number {}.",
            so_far.bytes.len()
        )));
    }
    if so_far.bytes.len().saturating_add(body.len()) > LARGEST {
        return Err(ApiError::too_large(LARGEST));
    }
    let bytes = if has("upload") { Bytes::from([so_far.bytes, body.clone()].concat()) } else { so_far.bytes };
    let media = Media { bytes, media_type: so_far.media_type };
    if !has("finalize") {
        vendors.put(Vendor::Google, &pending, media);
        return Ok(([(STATUS, HeaderValue::from_static("active"))], StatusCode::OK).into_response());
    }
    vendors.remove(Vendor::Google, &pending);
    let document = json!({ "file": view(id, &media) });
    vendors.put(Vendor::Google, &format!("files/{id}"), media);
    let headers = [(STATUS, HeaderValue::from_static("final")), (header::CONTENT_TYPE, JSON)];
    Ok((headers, document.to_string()).into_response())
}

/// The bytes of a file.
pub(super) fn content(media: Media) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media.media_type))], Body::from(media.bytes))
        .into_response()
}
