//! Verifies AWS Signature Version 4 in request headers: the canonical request, the scope, the age, the
//! token and the body. A second reading of the documentation, beside the one that signs.

use axum::http::{HeaderMap, Method, Uri};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::time::read_basic;
use crate::vendors::keys::{AwsKey, same};

/// How far the caller's clock may be off, in seconds.
const SKEW_S: u64 = 300;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What S3 accepts in place of the body's hash.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who is called, as the scope of a signature names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Bedrock: the path is escaped once more before it is signed, and dots in it are resolved.
    Bedrock,
    /// S3: the path is signed as it is escaped, and the body's hash must come in a header.
    S3,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::S3 => "s3",
        }
    }
}

/// Why a caller is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Distrust {
    /// There is no signature.
    Missing,
    /// The signature lacks a part.
    Incomplete(&'static str),
    /// Nobody has this key, or the session token does not belong to it.
    UnknownKey,
    /// The clock is off, or the request is old: its time, and ours in seconds.
    Skewed(String),
    /// The scope is for something else.
    Scope,
    /// The signature is another's, or of another request. What was to be signed is told.
    Mismatch(String),
}

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// Verifies a request at `now_s` seconds since the epoch. Answers with the region that it is signed for.
pub(super) fn verify(
    request: Received<'_>,
    service: Service,
    keys: &[AwsKey],
    now_s: u64,
) -> Result<String, Distrust> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").ok_or(Distrust::Missing)?;
    let parts = authorization.strip_prefix(ALGORITHM).ok_or(Distrust::Incomplete("the algorithm"))?;
    let part = |name: &'static str| {
        let named = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        named.ok_or(Distrust::Incomplete(name))
    };
    let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let date = header("x-amz-date").ok_or(Distrust::Incomplete("X-Amz-Date"))?;
    // An id has no slash; what follows it is the scope.
    let (id, scope) = credential.split_once('/').ok_or(Distrust::Incomplete("Credential"))?;
    let &[day, region, what, end] = scope.split('/').collect::<Vec<_>>().as_slice() else {
        return Err(Distrust::Incomplete("Credential"));
    };
    let token = header("x-amz-security-token");
    let key = keys.iter().find(|key| key.id == id).ok_or(Distrust::UnknownKey)?;
    match (&key.session_token, token) {
        (None, None) => {}
        (Some(accepted), Some(presented)) if same(presented, accepted) => {}
        _ => return Err(Distrust::UnknownKey),
    }
    let then = read_basic(date).ok_or(Distrust::Incomplete("X-Amz-Date"))?;
    if then.abs_diff(now_s) > SKEW_S {
        return Err(Distrust::Skewed(date.to_owned()));
    }
    if (what, end) != (service.name(), "aws4_request") || region.is_empty() || !date.starts_with(day) {
        return Err(Distrust::Scope);
    }
    let signed: Vec<&str> = signed.split(';').collect();
    let must = |name: &str| {
        matches!(name, "host" | "x-amz-date") || (service == Service::S3 && name.starts_with("x-amz-"))
    };
    let unsigned =
        request.headers.keys().map(|name| name.as_str()).find(|name| must(name) && !signed.contains(name));
    if unsigned.is_some() {
        return Err(Distrust::Incomplete("SignedHeaders"));
    }
    let hash = HEXLOWER.encode(&Sha256::digest(request.body));
    let payload = match (header("x-amz-content-sha256"), service) {
        (None, Service::Bedrock) => hash,
        (None, Service::S3) => return Err(Distrust::Incomplete("x-amz-content-sha256")),
        (Some(UNSIGNED), Service::S3) => UNSIGNED.to_owned(),
        (Some(told), _) if told == hash => hash,
        (Some(_), _) => {
            return Err(Distrust::Mismatch("the body has another hash than its header says".into()));
        }
    };
    let canonical = canonical(request, service, &signed, &payload);
    let digest = HEXLOWER.encode(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
    let start = format!("AWS4{}", key.secret);
    let derived = [day, region, what, end, &to_sign]
        .into_iter()
        .fold(start.into_bytes(), |key, text| hmac_sha256(&key, text));
    if same(&HEXLOWER.encode(&derived), signature) {
        Ok(region.to_owned())
    } else {
        Err(Distrust::Mismatch(canonical))
    }
}

/// The canonical request.
fn canonical(request: Received<'_>, service: Service, signed: &[&str], payload: &str) -> String {
    let path = match service {
        Service::Bedrock => encode_path(resolve(request.uri.path()).as_bytes()),
        Service::S3 => encode_path(&decode(request.uri.path())),
    };
    let mut query: Vec<(String, String)> = request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(&decode(name)), encode(&decode(value))))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers: String =
        signed.iter().map(|name| format!("{name}:{}\n", folded(request.headers, name))).collect();
    let (method, query, signed) = (request.method.as_str(), query.join("&"), signed.join(";"));
    format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{payload}")
}

/// All values of a header with single spaces, joined by commas.
fn folded(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// A path without empty and dotted segments.
fn resolve(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// What percent escapes stand for; a sign that begins none stays.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(value) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    decoded
}

/// Escapes all but the unreserved characters of RFC 3986.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| escaped(*byte, false)).collect()
}

/// The same, with slashes left alone.
fn encode_path(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| escaped(*byte, true)).collect()
}

fn escaped(byte: u8, slash: bool) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        b'/' if slash => "/".to_owned(),
        _ => format!("%{byte:02X}"),
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

#[cfg(test)]
pub(super) mod tests;
