//! What the deployment says, read once in an isolate's life: settings, keys, and where providers
//! are. The only place that reads variables and secrets, the clock and the dice.

use std::sync::OnceLock;

use cuelight_core::auth::secret_key::KeyRing;
use cuelight_core::auth::signing_keys::SigningKeys;
use cuelight_core::auth::webhook::WebhookSecret;
use cuelight_core::catalog;
use cuelight_core::settings::{self, Mode, Settings, Tenant};
use cuelight_core::units::Millis;
use cuelight_providers::Account;
use serde_json::{Map, Value};
use url::Url;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Date, Env, js_sys};

use crate::error::Failure;

/// The binding of the R2 bucket that holds clips.
pub(crate) const CLIPS: &str = "CLIPS";
/// The binding of the Generation actors, one for each key.
pub(crate) const GENERATION: &str = "GENERATION";
/// The binding of the Session actors, one for each player or page.
pub(crate) const SESSION: &str = "SESSION";
/// The binding of the Lane actors, one for each provider account.
pub(crate) const LANE: &str = "LANE";
/// The binding of the Account actors, one for each tenant.
pub(crate) const ACCOUNT: &str = "ACCOUNT";
/// The binding of the one Metrics actor.
pub(crate) const METRICS: &str = "METRICS";

/// A checked deployment. Neither `Debug` nor `Serialize`: it holds secrets.
#[allow(missing_debug_implementations)]
pub(crate) struct Deployment {
    pub(crate) settings: Settings,
    /// The keys of servers; empty where none is set.
    pub(crate) keys: KeyRing,
    /// What tokens and private addresses are signed with.
    pub(crate) signing: Option<SigningKeys>,
    /// What webhooks are signed with. Several while one is rotated out.
    pub(crate) webhook: Vec<WebhookSecret>,
    /// What opens the metrics.
    pub(crate) metrics_key: Option<String>,
}

static DEPLOYMENT: OnceLock<Result<Deployment, String>> = OnceLock::new();

/// This deployment.
///
/// # Errors
/// [`Failure::Setup`] with everything that is wrong, for the log.
pub(crate) fn deployment(env: &Env) -> Result<&'static Deployment, Failure> {
    DEPLOYMENT.get_or_init(|| read(env)).as_ref().map_err(|wrong| Failure::Setup(wrong.clone()))
}

fn read(env: &Env) -> Result<Deployment, String> {
    // First of all: everything after it asks the catalogue.
    if let Some(entries) = variable(env, "CATALOG") {
        let json = entries.as_str().map_or_else(|| entries.to_string(), str::to_owned);
        catalog::configure(&json).map_err(|error| format!("CATALOG cannot be used: {error}"))?;
    }
    let mut variables = Map::new();
    for name in settings::variables() {
        if let Some(value) = variable(env, &name) {
            variables.insert(name, value);
        }
    }
    let settings = Settings::read(&variables)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let signing = secret(env, "TOKEN_KEYS").map(|json| SigningKeys::from_json(&json)).transpose();
    let keys = secret(env, "SECRET_KEYS").map(|json| KeyRing::from_json(&json)).transpose();
    let webhook = secret(env, "WEBHOOK_SECRET").unwrap_or_default();
    let webhook: Option<Vec<WebhookSecret>> = webhook.split_whitespace().map(WebhookSecret::parse).collect();
    Ok(Deployment {
        settings,
        keys: keys.map_err(|error| format!("SECRET_KEYS {error}"))?.unwrap_or_default(),
        signing: signing.map_err(|error| format!("TOKEN_KEYS {error}"))?,
        webhook: webhook.ok_or("WEBHOOK_SECRET is not one or more of whsec_…, with spaces between")?,
        metrics_key: secret(env, "METRICS_KEY").filter(|key| !key.is_empty()),
    })
}

/// A variable as JSON, whether wrangler passed an object or a string.
fn variable(env: &Env, name: &str) -> Option<Value> {
    let value = js_sys::Reflect::get(env, &name.into()).ok()?;
    if let Some(text) = value.as_string() {
        return Some(Value::String(text));
    }
    let json = js_sys::JSON::stringify(&value).ok()?.as_string()?;
    serde_json::from_str(&json).ok()
}

fn secret(env: &Env, name: &str) -> Option<String> {
    js_sys::Reflect::get(env, &name.into()).ok()?.as_string()
}

impl Deployment {
    /// The tenant with this id, or the only one there is.
    pub(crate) fn tenant(&self, id: &str) -> Result<&Tenant, Failure> {
        let found =
            self.settings.tenant(id).or_else(|| self.settings.tenants().next().filter(|_| id.is_empty()));
        found.ok_or_else(|| Failure::Setup(format!("there is no tenant {id} in TENANTS")))
    }

    /// Whether it is open without keys.
    pub(crate) fn is_development(&self) -> bool {
        self.settings.mode() == Mode::Development
    }
}

/// Where a provider of the catalogue is, and what opens it.
pub(crate) fn account(env: &Env, provider: &str) -> Result<Account, Failure> {
    let settings = &deployment(env)?.settings;
    let name = format!("{}_KEY", provider.to_ascii_uppercase().replace('-', "_"));
    let missing = || Failure::Setup(format!("the address of {provider} or {name} is not set"));
    let told = settings.provider(provider).ok_or_else(missing)?;
    let base = Url::parse(&told.url).map_err(|_| missing())?;
    let key = secret(env, &name).filter(|key| !key.is_empty()).ok_or_else(missing)?;
    let media = told.media.iter().filter_map(|text| Url::parse(text).ok()).collect();
    Ok(Account { base, key, media, options: told.options.clone() })
}

/// What a provider signs its webhooks with, where it is set.
pub(crate) fn webhook_secret(env: &Env, provider: &str) -> Option<String> {
    secret(env, &settings::webhook_secret(provider)).filter(|secret| !secret.is_empty())
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

    /// Web Crypto's `getRandomValues`.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// 32 characters of fresh randomness, `0-9a-f`.
pub(crate) fn nonce() -> String {
    random_uuid().replace('-', "")
}

/// 16 bytes of fresh randomness.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    get_random_values(&mut bytes);
    bytes
}
