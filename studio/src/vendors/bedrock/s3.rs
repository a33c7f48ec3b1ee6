//! The part of S3 that results are read through, addressed by path: objects and listings of buckets whose
//! names begin with `cuelight-`, which all exist.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::sigv4::{Distrust, Received, Service, decode, verify};
use super::{now_s, time};
use crate::vendors::fault::{Kind, On, Rule};
use crate::vendors::ledger::{Media, Status};
use crate::vendors::travel::travel;
use crate::vendors::{Vendor, Vendors};

/// What every bucket's name begins with.
const BUCKETS: &str = "cuelight-";

/// A place for results: a bucket, and a prefix that is empty or ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(String);

impl Place {
    /// Reads `s3://bucket`, `s3://bucket/` or `s3://bucket/prefix/`.
    pub(super) fn of_output(uri: &str) -> Option<Self> {
        let name = name_of(uri)?;
        if name.contains('/') && !name.ends_with('/') {
            return None;
        }
        Some(Self(if name.ends_with('/') { name } else { format!("{name}/") }))
    }

    /// The folder of an invocation, without a slash at its end.
    pub(super) fn folder(&self, id: &str) -> String {
        format!("{}{id}", self.0)
    }
}

/// The bucket and key of an address, if the bucket is one of ours.
pub(super) fn name_of(uri: &str) -> Option<String> {
    let name = uri.strip_prefix("s3://")?;
    let bucket = name.split('/').next()?;
    (bucket.len() > BUCKETS.len() && bucket.starts_with(BUCKETS)).then(|| name.to_owned())
}

/// An error as S3 tells it.
#[derive(Debug)]
struct Refusal {
    code: &'static str,
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, status: StatusCode, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    fn no_such_key() -> Self {
        Self::new("NoSuchKey", StatusCode::NOT_FOUND, "The specified key does not exist.")
    }

    fn of(rule: Option<Rule>) -> Option<Self> {
        Some(match rule?.kind {
            Kind::Throttle => {
                Self::new("SlowDown", StatusCode::SERVICE_UNAVAILABLE, "Please reduce your request rate.")
            }
            Kind::Unavailable => {
                let message = "Service is unable to handle request.";
                Self::new("ServiceUnavailable", StatusCode::SERVICE_UNAVAILABLE, message)
            }
            Kind::Fail => {
                let message = "We encountered an internal error. Please try again.";
                Self::new("InternalError", StatusCode::INTERNAL_SERVER_ERROR, message)
            }
            Kind::Expire => Self::no_such_key(),
            Kind::Invalid => {
                Self::new("InvalidRequest", StatusCode::BAD_REQUEST, "The request is not valid.")
            }
            _ => return None,
        })
    }
}

impl From<Distrust> for Refusal {
    fn from(why: Distrust) -> Self {
        let forbidden = StatusCode::FORBIDDEN;
        match why {
            Distrust::Missing => Self::new("AccessDenied", forbidden, "Access Denied"),
            Distrust::Incomplete(part) => {
                let message =
                    format!("The authorization header is malformed; {part} is missing or not signed.");
                Self::new("AuthorizationHeaderMalformed", StatusCode::BAD_REQUEST, message)
            }
            Distrust::UnknownKey => {
                let message = "The AWS Access Key Id you provided does not exist in our records.";
                Self::new("InvalidAccessKeyId", forbidden, message)
            }
            Distrust::Skewed(_) => {
                let message = "The difference between the request time and the current time is too large.";
                Self::new("RequestTimeTooSkewed", forbidden, message)
            }
            Distrust::Scope => {
                let message = "The authorization header is malformed; the service must be 's3'.";
                Self::new("AuthorizationHeaderMalformed", StatusCode::BAD_REQUEST, message)
            }
            Distrust::Mismatch(canonical) => Self::new(
                "SignatureDoesNotMatch",
                forbidden,
                format!(
                    "The request signature we calculated does not match the signature you provided. The \
                     canonical request was:\n{canonical}"
                ),
            ),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, message) = (self.code, escaped(&self.message));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        (self.status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a caller wants of which object or bucket.
struct Wanted {
    method: Method,
    /// Bucket and key.
    name: String,
    query: String,
    body: axum::body::Bytes,
    media_type: &'static str,
}

/// Reads a request to its end and verifies it.
async fn admit(vendors: &Vendors, request: Request) -> Result<Wanted, Refusal> {
    let (parts, body) = request.into_parts();
    let body = super::read(body)
        .await
        .map_err(|error| Refusal::new("EntityTooLarge", StatusCode::BAD_REQUEST, error.message))?;
    let received = Received { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body: &body };
    verify(received, Service::S3, &vendors.keys().aws, now_s())?;
    let told = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let known = ["image/png", "image/jpeg", "video/mp4", "application/json"];
    Ok(Wanted {
        name: String::from_utf8_lossy(&decode(parts.uri.path())).trim_start_matches('/').to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        media_type: known.into_iter().find(|one| told == Some(*one)).unwrap_or("application/octet-stream"),
        method: parts.method,
        body,
    })
}

/// `GetObject` and `HeadObject`.
pub(super) async fn read(State(vendors): State<Vendors>, request: Request) -> Response {
    let wanted = match admit(&vendors, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Download);
    let told = match Refusal::of(fault) {
        Some(refusal) => Err(refusal),
        None => object(&vendors, &wanted),
    };
    travel(fault, told.into_response()).await
}

fn object(vendors: &Vendors, wanted: &Wanted) -> Result<Response, Refusal> {
    // A film may be drawn before its time has come; until then its folder is empty.
    let hidden = vendors.jobs(Vendor::Bedrock).into_iter().any(|view| {
        let folder = view.note["folder"].as_str().unwrap_or_default();
        let inside = wanted.name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        inside && !matches!(view.status, Status::Done(_))
    });
    let file =
        vendors.file(Vendor::Bedrock, &wanted.name).filter(|_| !hidden).ok_or_else(Refusal::no_such_key)?;
    let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(&file.bytes)[..16]));
    let head = [
        (header::CONTENT_TYPE, file.media_type.to_owned()),
        (header::CONTENT_LENGTH, file.bytes.len().to_string()),
        (header::ETAG, tag),
        (header::LAST_MODIFIED, time::write_http(now_s() * 1_000)),
    ];
    let body = if wanted.method == Method::HEAD { Body::empty() } else { Body::from(file.bytes) };
    Ok((head, body).into_response())
}

/// `PutObject`.
pub(super) async fn write(State(vendors): State<Vendors>, request: Request) -> Response {
    let wanted = match admit(&vendors, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Upload);
    if let Some(refusal) = Refusal::of(fault) {
        return refusal.into_response();
    }
    let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(&wanted.body)[..16]));
    vendors.put(Vendor::Bedrock, &wanted.name, Media { bytes: wanted.body, media_type: wanted.media_type });
    travel(fault, [(header::ETAG, tag)].into_response()).await
}

/// `DeleteObject`, which succeeds whether there was one or not.
pub(super) async fn delete(State(vendors): State<Vendors>, request: Request) -> Response {
    match admit(&vendors, request).await {
        Ok(wanted) => {
            vendors.remove(Vendor::Bedrock, &wanted.name);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// `ListObjectsV2`, of a thousand objects at most.
pub(super) async fn list(State(vendors): State<Vendors>, request: Request) -> Response {
    let wanted = match admit(&vendors, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = vendors.call(Vendor::Bedrock, On::Download);
    if let Some(refusal) = Refusal::of(fault) {
        return refusal.into_response();
    }
    let bucket = wanted.name.trim_end_matches('/');
    let asked = wanted.query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    let prefix = String::from_utf8_lossy(&decode(asked.unwrap_or_default())).into_owned();
    let found = vendors.files(Vendor::Bedrock, &format!("{bucket}/{prefix}"));
    let now = time::write(now_s() * 1_000);
    let entries: String = found
        .iter()
        .take(1_000)
        .map(|(name, size)| {
            let key = escaped(name.strip_prefix(bucket).unwrap_or(name).trim_start_matches('/'));
            format!(
                "<Contents><Key>{key}</Key><LastModified>{now}</LastModified><Size>{size}</Size></Contents>"
            )
        })
        .collect();
    let (prefix, count) = (escaped(&prefix), found.len().min(1_000));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix>\
         <KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
    );
    travel(fault, ([(header::CONTENT_TYPE, "application/xml")], body).into_response()).await
}
