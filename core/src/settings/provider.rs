//! What a deployment says of its providers: where each one is, where else its results are, and what its
//! adapter is told.

use std::collections::BTreeMap;

use super::address::provider_url;
use super::members::{Members, kind};
use super::{Mode, SettingCode, is_name, providers, variable};

/// Origins that are kept of one provider.
const MOST_ORIGINS: usize = 16;
/// Options that are kept of one provider.
const MOST_OPTIONS: usize = 32;
/// Longest option, in characters.
const MOST_OPTION_CHARS: usize = 512;
/// What the names of options begin with that hold a whole workflow: as long as the variable holds it.
const WORKFLOW: &str = "template_";
/// Words in the name of an option that belongs among the secrets.
const SECRET_WORDS: [&str; 3] = ["secret", "password", "token"];

/// A provider of the catalogue, as this deployment uses it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provider {
    /// Where its interface is.
    pub url: String,
    /// Further origins that its results may be fetched from and inputs be put to.
    pub media: Vec<String>,
    /// What its adapter is told, none of it secret.
    pub options: BTreeMap<String, String>,
}

/// The providers that are used, by name.
pub(super) fn read_all(members: &mut Members<'_, '_>, mode: Mode) -> BTreeMap<String, Provider> {
    let mut used = BTreeMap::new();
    let mut any = false;
    for name in providers() {
        let setting = variable(name, "URL");
        any |= members.names().contains(&setting.as_str());
        let what = "the address of the provider, such as https://studio.example";
        let Some(text) = members.text(&setting, what) else { continue };
        match provider_url(text, mode) {
            Ok(url) => drop(used.insert(name.to_owned(), Provider { url, ..Provider::default() })),
            Err(detail) => members.report(&setting, SettingCode::BadFormat, detail),
        }
    }
    if !any {
        let first = providers().into_iter().next().unwrap_or_default();
        let detail = "is required: without the address of any provider no clip can be made".to_owned();
        members.report(&variable(first, "URL"), SettingCode::Missing, detail);
    }
    members.inside("PROVIDERS", |mut all| {
        for name in providers() {
            let told = all.inside(name, |mut one| {
                let read = (media(&mut one, mode), options(&mut one));
                one.refuse_the_rest();
                read
            });
            // Of a provider without an address: checked, and not used.
            if let (Some((media, options)), Some(provider)) = (told, used.get_mut(name)) {
                provider.media = media;
                provider.options = options;
            }
        }
        all.refuse_the_rest();
    });
    used
}

fn media(one: &mut Members<'_, '_>, mode: Mode) -> Vec<String> {
    let name = "media";
    let Some(value) = one.take(name) else { return Vec::new() };
    let Some(list) = value.as_array() else {
        let detail = format!("must be a list of addresses, not {}", kind(value));
        one.report(name, SettingCode::WrongType, detail);
        return Vec::new();
    };
    if list.len() > MOST_ORIGINS {
        let detail = format!("holds {} addresses, {MOST_ORIGINS} at most are read", list.len());
        one.report(name, SettingCode::OutOfRange, detail);
    }
    let mut origins = Vec::new();
    for (index, value) in list.iter().take(MOST_ORIGINS).enumerate() {
        let read = value.as_str().ok_or_else(|| format!("must be a string, not {}", kind(value)));
        match read.and_then(|text| provider_url(text, mode)) {
            Ok(origin) => origins.push(origin),
            Err(detail) => one.report(&format!("{name}.{index}"), SettingCode::BadFormat, detail),
        }
    }
    origins
}

fn options(one: &mut Members<'_, '_>) -> BTreeMap<String, String> {
    let read = one.inside("options", |mut members| {
        let mut options = BTreeMap::new();
        for name in members.names() {
            let known = is_name(name, 64, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let text = members.text(name, "what the adapter is told");
            let most = if name.starts_with(WORKFLOW) { super::MOST_BYTES } else { MOST_OPTION_CHARS };
            if !known {
                let detail = "must have a name of 1 to 64 characters of a-z, 0-9 and _".to_owned();
                members.report(name, SettingCode::BadFormat, detail);
            } else if SECRET_WORDS.iter().any(|word| name.contains(word)) {
                let detail =
                    "sounds like a secret, and settings are none: a provider's key is a secret of its own";
                members.report(name, SettingCode::Secret, detail.to_owned());
            } else if text.is_some_and(|text| text.chars().count() > most) {
                let detail = format!("has more than {most} characters");
                members.report(name, SettingCode::OutOfRange, detail);
            } else if options.len() == MOST_OPTIONS {
                let detail = format!("is one option too many, {MOST_OPTIONS} are read");
                members.report(name, SettingCode::OutOfRange, detail);
            } else if let Some(text) = text {
                options.insert(name.to_owned(), text.to_owned());
            }
        }
        options
    });
    read.unwrap_or_default()
}
