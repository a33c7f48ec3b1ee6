//! Handing a picture to ComfyUI: a form of one file. Its name and the form's boundary come from the
//! picture's bytes, so that the same picture is always the same request, and is kept once.

use serde::Deserialize;

use super::MAX_ANSWER;
use crate::material::Picture;
use crate::{Answer, ProviderError, hostile, wire};

/// Longest name that a server may give to a picture, in bytes.
const MAX_NAME: usize = 200;

/// The form's media type and its bytes.
pub(crate) fn form(picture: &Picture<'_>) -> (String, Vec<u8>) {
    let hash = hostile::sha256(picture.bytes());
    // At most 70 characters (RFC 2046, 5.1.1). A part of a hash of the bytes does not occur in them.
    let short = hash.get(..32).unwrap_or(&hash);
    let boundary = format!("cuelight-{short}");
    let name = format!("cuelight-{short}.{}", picture.format);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{name}\"\r\n\
         Content-Type: {}\r\n\r\n",
        picture.media_type()
    );
    let mut body = head.into_bytes();
    body.extend_from_slice(picture.bytes());
    for (field, value) in [("type", "input"), ("overwrite", "true")] {
        let part =
            format!("\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[derive(Deserialize)]
struct Kept {
    name: String,
    #[serde(default)]
    subfolder: String,
}

/// The server's name of the picture that was handed over.
pub(crate) fn kept(answer: &Answer) -> Result<String, ProviderError> {
    let Kept { name, subfolder } = wire::parse(answer, MAX_ANSWER)?;
    let name = if subfolder.is_empty() { name } else { format!("{subfolder}/{name}") };
    let fits =
        (1..=MAX_NAME).contains(&name.len()) && !name.contains("..") && !name.contains(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(ProviderError::Fatal("ComfyUI gave a picture's name that cannot be used".into()))
    }
}
