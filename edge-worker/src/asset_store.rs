//! Where uploads are kept: R2, under the tenant and the SHA-256 of their bytes, so that equal ones are
//! one and nobody reaches another tenant's.

use std::collections::HashMap;

use cuelight_core::actors::generation::ProviderError;
use cuelight_core::catalog::ModelDef;
use cuelight_core::order::{Asset, Order};
use cuelight_core::units::Millis;
use cuelight_providers::{Material, fit};
use worker::{Bucket, Env, HttpMetadata, Object, ResponseBody, Result};

use crate::settings::CLIPS;

/// Keeps an upload. Keeping the same one again changes nothing.
pub(crate) async fn store(env: &Env, tenant: &str, asset: &Asset, bytes: Vec<u8>) -> Result<()> {
    let metadata = HttpMetadata { content_type: Some(asset.media_type.clone()), ..HttpMetadata::default() };
    let mut custom = HashMap::new();
    if let Some([width, height]) = asset.size {
        custom.insert("width".to_owned(), width.to_string());
        custom.insert("height".to_owned(), height.to_string());
    }
    if let Some(Millis(ms)) = asset.duration_ms {
        custom.insert("duration_ms".to_owned(), ms.to_string());
    }
    let bucket = bucket(env)?;
    let put = bucket.put(name(tenant, &asset.sha256), bytes);
    put.http_metadata(metadata).custom_metadata(custom).execute().await?;
    Ok(())
}

/// What is known of an upload; `None` for one that this tenant does not have, or a name that is none.
pub(crate) async fn look(env: &Env, tenant: &str, sha256: &str) -> Result<Option<Asset>> {
    if !is_sha256(sha256) {
        return Ok(None);
    }
    let object = bucket(env)?.head(name(tenant, sha256)).await?;
    Ok(object.map(|object| describe(&object, sha256)))
}

/// An upload and its bytes, which stay outside the module's memory.
pub(crate) async fn read(env: &Env, tenant: &str, sha256: &str) -> Result<Option<(Asset, ResponseBody)>> {
    if !is_sha256(sha256) {
        return Ok(None);
    }
    let Some(object) = bucket(env)?.get(name(tenant, sha256)).execute().await? else { return Ok(None) };
    let Some(body) = object.body() else { return Ok(None) };
    Ok(Some((describe(&object, sha256), body.response_body()?)))
}

/// The bytes of an order's inputs, pictures brought to the size that the model demands.
///
/// # Errors
/// [`ProviderError::Invalid`] for an input that is not there any more or cannot be brought to the size,
/// [`ProviderError::Transient`] when the store does not answer.
pub(crate) async fn materials(
    env: &Env,
    tenant: &str,
    order: &Order,
    model: &ModelDef,
) -> std::result::Result<Vec<Material>, ProviderError> {
    let mut materials = Vec::new();
    for input in &order.inputs {
        let invalid = |message: &str| ProviderError::Invalid {
            field: Some(input.role.as_str().to_owned()),
            message: message.to_owned(),
        };
        let bytes = bytes(env, tenant, &input.asset.sha256).await;
        let bytes = bytes.map_err(|_| ProviderError::Transient("the store does not answer".to_owned()))?;
        let bytes = bytes.ok_or_else(|| invalid("the upload is not there any more"))?;
        let mut material = Material { role: input.role, media_type: input.asset.media_type.clone(), bytes };
        if let Some(size) = model.input(input.role).and_then(|known| known.size) {
            let fitted = fit::opaque(&material.bytes, size).map_err(|error| invalid(&error.to_string()))?;
            material = Material { media_type: fitted.media_type.to_owned(), bytes: fitted.bytes, ..material };
        }
        materials.push(material);
    }
    Ok(materials)
}

async fn bytes(env: &Env, tenant: &str, sha256: &str) -> Result<Option<Vec<u8>>> {
    let Some(object) = bucket(env)?.get(name(tenant, sha256)).execute().await? else { return Ok(None) };
    let Some(body) = object.body() else { return Ok(None) };
    Ok(Some(body.bytes().await?))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A tenant's id holds no slash, and a SHA-256 no dot.
fn name(tenant: &str, sha256: &str) -> String {
    format!("assets/{tenant}/{sha256}")
}

fn describe(object: &Object, sha256: &str) -> Asset {
    let custom = object.custom_metadata().unwrap_or_default();
    let number = |name: &str| custom.get(name).and_then(|text| text.parse::<u64>().ok());
    let side = |name: &str| number(name).and_then(|px| u32::try_from(px).ok());
    Asset {
        sha256: sha256.to_owned(),
        media_type: object.http_metadata().content_type.unwrap_or_default(),
        bytes: object.size(),
        size: side("width").zip(side("height")).map(|(width, height)| [width, height]),
        duration_ms: number("duration_ms").map(Millis),
    }
}

fn bucket(env: &Env) -> Result<Bucket> {
    env.bucket(CLIPS)
}
