//! What a deployment sets: its mode, its tenants, its limits, its providers and where webhooks may
//! go. Everything that is wrong is told at once, so that one look at the settings mends them all.
//! Reads values that it is given, never the environment, and never holds a secret.

mod address;
mod members;
mod provider;
mod rates;
pub mod reference;
pub mod studio;
mod tenant;
#[cfg(test)]
mod tests;
pub mod writer;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::address::HostPattern;
use self::members::Members;
pub use self::provider::Provider;
pub use self::tenant::Tenant;
use self::writer::PromptWriter;
use crate::actors::lane;
use crate::catalog;
use crate::limiter::Rate;

/// As much as a variable of a Cloudflare worker holds, in bytes (developers.cloudflare.com/workers,
/// "Limits", read 2026-11-21).
const MOST_BYTES: usize = 5_120;

/// How careful a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Open without keys, on this machine only.
    Development,
    /// Nothing without a key or a token.
    Production,
}

/// A checked deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    mode: Mode,
    tenants: BTreeMap<String, Tenant>,
    lanes: BTreeMap<String, lane::Limits>,
    providers: BTreeMap<String, Provider>,
    requests: Rate,
    server_requests: Rate,
    webhook_hosts: Vec<HostPattern>,
    prompt_writer: Option<PromptWriter>,
}

/// What kind of mistake a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingCode {
    /// It must be set.
    Missing,
    /// A template left it to whoever deploys.
    Unset,
    /// There is no such setting.
    Unknown,
    /// It is of another type.
    WrongType,
    /// It is a number outside its bounds.
    OutOfRange,
    /// It is not written as it must be.
    BadFormat,
    /// It contradicts another one.
    Conflict,
    /// It is a secret, and settings are not.
    Secret,
}

/// One mistake in the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {detail}")]
pub struct SettingError {
    /// Where: the variable, then the members inside it, with dots between.
    pub path: String,
    /// Of which kind.
    pub code: SettingCode,
    /// What is wrong and what to do, as the rest of a sentence that begins with the path. Holds no
    /// secret.
    pub detail: String,
}

/// The variables that hold objects or lists.
const STRUCTURED: [&str; 7] =
    ["TENANTS", "LIMITS", "LANES", "PROVIDERS", "CATALOG", "WEBHOOK_HOSTS", "PROMPT_WRITER"];
const FIXED_SECRETS: [&str; 4] = ["SECRET_KEYS", "TOKEN_KEYS", "WEBHOOK_SECRET", "METRICS_KEY"];
/// The providers whose webhooks are understood.
const WEBHOOK_PROVIDERS: [&str; 1] = ["wavespeed"];

/// The names of all variables, for whoever fetches them one by one.
#[must_use]
pub fn variables() -> Vec<String> {
    let fixed = ["MODE"].into_iter().chain(STRUCTURED).map(str::to_owned);
    fixed.chain(providers().iter().map(|provider| variable(provider, "URL"))).collect()
}

/// The names of all secrets. Never among the variables, but in development.
#[must_use]
pub fn secrets() -> Vec<String> {
    let keys = providers().into_iter().map(|provider| variable(provider, "KEY"));
    let webhooks = WEBHOOK_PROVIDERS.into_iter().map(webhook_secret);
    FIXED_SECRETS.into_iter().map(str::to_owned).chain(keys).chain(webhooks).collect()
}

/// The name of the secret that a provider signs its webhooks with.
#[must_use]
pub fn webhook_secret(provider: &str) -> String {
    variable(provider, "WEBHOOK_SECRET")
}

impl Settings {
    /// Reads the variables of a deployment. Those that hold objects or lists may also be strings of
    /// JSON, which is how a command line passes them.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the names.
    pub fn read(variables: &Map<String, Value>) -> Result<Self, Vec<SettingError>> {
        let mut errors = Vec::new();
        let parsed = parse_strings(variables, &mut errors);
        let mut members = Members::new(&parsed, String::new(), &mut errors);
        let read_mode = mode(&mut members);
        // It fails without a mode, so nothing slips through; being strict would report what is right.
        let mode = read_mode.unwrap_or(Mode::Development);
        refuse_secrets(&mut members, mode);
        check_catalog(&mut members);
        let (requests, server_requests) = rates::requests(&mut members);
        let (tenants, lanes) = (tenant::read_all(&mut members), rates::lanes(&mut members));
        let providers = provider::read_all(&mut members, mode);
        let webhook_hosts = address::webhook_hosts(&mut members, mode);
        let prompt_writer = writer::read(&mut members, &providers);
        let settings =
            Self { mode, tenants, lanes, providers, requests, server_requests, webhook_hosts, prompt_writer };
        members.refuse_the_rest();
        errors.sort_by(|a, b| a.path.cmp(&b.path));
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    /// How careful the deployment is.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The tenant with this id.
    #[must_use]
    pub fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.get(id)
    }

    /// All tenants, by id. Never none.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values()
    }

    /// What is allowed on the account at a provider.
    #[must_use]
    pub fn lane(&self, provider: &str) -> lane::Limits {
        self.lanes.get(provider).copied().unwrap_or_else(rates::default_lane)
    }

    /// Most requests of one token, player or page.
    #[must_use]
    pub const fn request_rate(&self) -> Rate {
        self.requests
    }

    /// Most requests of one secret key.
    #[must_use]
    pub const fn server_rate(&self) -> Rate {
        self.server_requests
    }

    /// What is said of a provider, if this deployment uses it.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.get(name)
    }

    /// The language model that writes prompts, if one is to.
    #[must_use]
    pub const fn prompt_writer(&self) -> Option<&PromptWriter> {
        self.prompt_writer.as_ref()
    }

    /// Whether a webhook may go to this address.
    #[must_use]
    pub fn permits_webhook(&self, address: &str) -> bool {
        address::permits_webhook(&self.webhook_hosts, self.mode, address)
    }

    /// The secrets that this deployment cannot work without. `METRICS_KEY` is not one: without it
    /// the metrics are closed.
    #[must_use]
    pub fn needed_secrets(&self) -> Vec<String> {
        let mut names: Vec<String> = self.providers.keys().map(|one| variable(one, "KEY")).collect();
        if self.mode == Mode::Production {
            names.extend(["SECRET_KEYS".to_owned(), "TOKEN_KEYS".to_owned()]);
        }
        if !self.webhook_hosts.is_empty() {
            names.push("WEBHOOK_SECRET".to_owned());
        }
        names
    }
}

/// The variables with strings of JSON parsed, where an object or a list is wanted. What cannot be
/// parsed is reported and left out.
fn parse_strings(variables: &Map<String, Value>, errors: &mut Vec<SettingError>) -> Map<String, Value> {
    let mut parsed = Map::new();
    for (name, value) in variables {
        let bytes = value.as_str().map_or_else(|| value.to_string().len(), str::len);
        let mut report = |code, detail| errors.push(SettingError { path: short(name), code, detail });
        if bytes > MOST_BYTES {
            let detail = format!("is {bytes} bytes long; a worker's variable holds {MOST_BYTES}");
            report(SettingCode::OutOfRange, detail);
        }
        let text = value.as_str().filter(|_| STRUCTURED.contains(&name.as_str()));
        match text.map(serde_json::from_str::<Value>) {
            None => drop(parsed.insert(name.clone(), value.clone())),
            Some(Ok(value)) => drop(parsed.insert(name.clone(), value)),
            Some(Err(error)) => {
                report(SettingCode::BadFormat, format!("is a string that is not JSON: {error}"));
            }
        }
    }
    parsed
}

fn mode(members: &mut Members<'_, '_>) -> Option<Mode> {
    let what = "development (open without keys, on this machine only) or production";
    members.require("MODE", what);
    match members.text("MODE", what)? {
        "development" => Some(Mode::Development),
        "production" => Some(Mode::Production),
        _ => {
            members.report("MODE", SettingCode::BadFormat, format!("must be {what}"));
            None
        }
    }
}

fn refuse_secrets(members: &mut Members<'_, '_>, mode: Mode) {
    for name in secrets() {
        if members.take(&name).is_some() && mode == Mode::Production {
            let detail = format!(
                "is a secret, and whoever sees the settings would see it: remove it here, replace it if \
                 it was ever real, and run `wrangler secret put {name} --env production`"
            );
            members.report(&name, SettingCode::Secret, detail);
        }
    }
}

/// Whether the deployment's own entries of the catalogue can be used. Whoever needs them gives them to
/// [`catalog::configure`], before anything else.
fn check_catalog(members: &mut Members<'_, '_>) {
    let name = "CATALOG";
    let Some(entries) = members.take(name) else { return };
    if !entries.is_object() {
        let detail = format!("must be an object, not {}", members::kind(entries));
        members.report(name, SettingCode::WrongType, detail);
    } else if let Err(error) = catalog::shipped().with(&entries.to_string()) {
        members.report(name, SettingCode::BadFormat, format!("cannot be used: {error}"));
    }
}

/// The providers of the catalogue, the preferred one first.
fn providers() -> Vec<&'static str> {
    catalog::models().providers()
}

/// The variable that says where a provider is: `STUDIO_URL`.
pub(crate) fn address_of(provider: &str) -> String {
    variable(provider, "URL")
}

/// The variable of a provider: `STUDIO_URL`.
fn variable(provider: &str, what: &str) -> String {
    format!("{}_{what}", provider.to_ascii_uppercase().replace('-', "_"))
}

/// Whether `text` is 1 to `most` characters, all of them allowed.
fn is_name(text: &str, most: usize, allowed: impl Fn(char) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.chars().all(allowed)
}

fn short(name: &str) -> String {
    name.chars().take(80).collect()
}
