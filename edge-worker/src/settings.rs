//! What the deployment says: the tenant, the provider's address and key. The only place that
//! reads variables and secrets.

use cuelight_providers::Account;
use url::Url;
use worker::{Date, Env};

use crate::error::Failure;
use cuelight_core::units::Millis;
use wasm_bindgen::prelude::wasm_bindgen;

/// The binding of the R2 bucket that holds clips.
pub(crate) const CLIPS: &str = "CLIPS";
/// The binding of the Generation actors, one for each key.
pub(crate) const GENERATION: &str = "GENERATION";
/// The binding of the Session actors, one for each player or page.
pub(crate) const SESSION: &str = "SESSION";

/// Whose clips this deployment serves; enters every key.
pub(crate) fn tenant(env: &Env) -> String {
    env.var("TENANT").map_or_else(|_| "demo".to_owned(), |value| value.to_string())
}

/// Where a provider of the catalogue is, and what opens it.
pub(crate) fn account(env: &Env, provider: &str) -> Result<Account, Failure> {
    let prefix = provider.to_ascii_uppercase();
    let base = env.var(&format!("{prefix}_URL")).map(|value| value.to_string()).ok();
    let base = base.and_then(|text| Url::parse(&text).ok());
    let key = env.secret(&format!("{prefix}_KEY")).map(|value| value.to_string()).ok();
    match (base, key) {
        (Some(base), Some(key)) => Ok(Account { base, key }),
        _ => Err(Failure::Setup(format!("{prefix}_URL or {prefix}_KEY is not set"))),
    }
}

/// The current time.
pub(crate) fn now() -> Millis {
    Millis(Date::now().as_millis())
}

#[wasm_bindgen]
extern "C" {
    /// Web Crypto's `randomUUID`, which workerd has as a global.
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    fn random_uuid() -> String;
}

/// 32 characters of fresh randomness, `0-9a-f`.
pub(crate) fn nonce() -> String {
    random_uuid().replace('-', "")
}
