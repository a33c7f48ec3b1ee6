//! `POST /api/v1/assets` and `GET /api/v1/assets/{sha256}`: what a server uploads to have something made
//! from it. Judged by its bytes; named by them, too.

use cuelight_core::asset::{self, MAX_UPLOAD_BYTES, Purpose, Upload};
use cuelight_core::auth::secret_key::Right;
use cuelight_core::problem::{Code, FieldCode, FieldError};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use worker::{Headers, Method, Response, ResponseBody};

use crate::asset_store;
use crate::body;
use crate::caller::Caller;
use crate::error::Failure;
use crate::router::Call;

/// `POST /api/v1/assets`.
pub(crate) async fn create(mut call: Call) -> Result<Response, Failure> {
    let caller = Caller::of(&call)?;
    caller.require(Right::Jobs)?;
    let purpose = match call.query("purpose") {
        None => Purpose::default(),
        Some(name) => Purpose::parse(&name)
            .ok_or_else(|| wrong("/purpose", FieldCode::UnknownValue, "source or mask".to_owned()))?,
    };
    let bytes = match body::is_form(&call) {
        true => body::read_file(&mut call, "file", MAX_UPLOAD_BYTES).await?,
        false => body::read_bytes(&mut call, MAX_UPLOAD_BYTES).await?,
    };
    let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
    let judged = asset::judge(&bytes, &sha256, purpose);
    let asset = judged.map_err(|error| wrong("", FieldCode::BadFormat, error.to_string()))?;
    asset_store::store(&call.env, caller.tenant.id(), &asset, bytes).await?;
    Ok(Response::from_json(&Upload::from(asset))?.with_status(201))
}

/// `GET` and `HEAD /api/v1/assets/{sha256}`.
pub(crate) async fn read(call: &Call, sha256: &str) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    caller.require(Right::Jobs)?;
    let missing = || Failure::new(Code::NotFound, "There is no such upload of yours.");
    let found = asset_store::read(&call.env, caller.tenant.id(), sha256).await?;
    let (asset, body) = found.ok_or_else(missing)?;
    let headers = Headers::new();
    headers.set("content-type", &asset.media_type)?;
    headers.set("content-length", &asset.bytes.to_string())?;
    headers.set("etag", &format!("\"{sha256}\""))?;
    // Its name is its content; who may see it is asked again by every other cache.
    headers.set("cache-control", "private, max-age=31536000, immutable")?;
    headers.set("content-security-policy", "default-src 'none'; sandbox")?;
    let body = if call.request.method() == Method::Head { ResponseBody::Empty } else { body };
    Ok(Response::from_body(body)?.with_headers(headers))
}

fn wrong(pointer: &str, code: FieldCode, detail: String) -> Failure {
    Failure::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}
