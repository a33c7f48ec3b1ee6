//! Reads the body of a request, bounded: mostly as JSON, else as bytes or as the file of a form.

use cuelight_core::problem::Code;
use futures_util::StreamExt;
use serde_json::Value;
use worker::FormEntry;

use crate::error::Failure;
use crate::router::Call;

/// The largest request body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The body, and the bytes it came in.
pub(crate) struct Body {
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the body.
///
/// # Errors
/// 413 beyond [`MAX_BODY`], 400 for what is not JSON.
pub(crate) async fn read(call: &mut Call) -> Result<Body, Failure> {
    let bytes = read_bytes(call, MAX_BODY).await?;
    let json = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(Code::MalformedBody, format!("The body is not JSON: {error}.")))?;
    Ok(Body { json, bytes })
}

/// Reads a body of any kind.
///
/// # Errors
/// 413 beyond `most` bytes.
pub(crate) async fn read_bytes(call: &mut Call, most: usize) -> Result<Vec<u8>, Failure> {
    declared(call, most)?;
    // Read piece by piece: a body that declares no length must not fill the isolate's memory.
    let mut bytes = Vec::new();
    if call.request.inner().body().is_some() {
        let mut stream = call.request.stream()?;
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > most {
                return Err(too_large(most));
            }
        }
    }
    Ok(bytes)
}

/// Whether the body says that it is a form with files (`multipart/form-data`, RFC 7578).
pub(crate) fn is_form(call: &Call) -> bool {
    let content_type = call.header("content-type").unwrap_or_default();
    content_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}

/// The bytes of the file that a form calls `name`, read by the runtime's own parser. That reads the
/// whole body at once, so the form must declare its length, as browsers and `curl -F` do.
///
/// # Errors
/// 413 beyond `most` bytes, 400 for a form that cannot be read, has no such file or no length.
pub(crate) async fn read_file(call: &mut Call, name: &str, most: usize) -> Result<Vec<u8>, Failure> {
    let wrong = |detail: String| Failure::new(Code::MalformedBody, detail);
    if declared(call, most)?.is_none() {
        return Err(wrong("A form needs a Content-Length; or send the file itself as the body.".into()));
    }
    let form = call.request.form_data().await;
    let form = form.map_err(|_| wrong("The form cannot be read: it is not multipart/form-data.".into()))?;
    match form.get(name) {
        Some(FormEntry::File(file)) => Ok(file.bytes().await?),
        Some(FormEntry::Field(_)) | None => {
            Err(wrong(format!("The form holds no file; send it as a part named `{name}` with a filename.")))
        }
    }
}

/// How many bytes the body says it has.
fn declared(call: &Call, most: usize) -> Result<Option<usize>, Failure> {
    let declared = call.header("content-length").and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|size| size > most) {
        return Err(too_large(most));
    }
    Ok(declared)
}

fn too_large(most: usize) -> Failure {
    Failure::new(Code::BodyTooLarge, format!("A body here has at most {most} bytes."))
}
