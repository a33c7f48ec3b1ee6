//! Reads the body of a request: bounded, piece by piece; mostly as JSON.

use cuelight_core::problem::Code;
use futures_util::StreamExt;
use serde_json::Value;

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
    let too_large = || Failure::new(Code::BodyTooLarge, format!("A body here has at most {most} bytes."));
    let declared = call.header("content-length").and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|size| size > most) {
        return Err(too_large());
    }
    // Read piece by piece: a body that declares no length must not fill the isolate's memory.
    let mut bytes = Vec::new();
    if call.request.inner().body().is_some() {
        let mut stream = call.request.stream()?;
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > most {
                return Err(too_large());
            }
        }
    }
    Ok(bytes)
}
