//! What a deployment sets: read whole or refused with sentences that hold no secret.

use std::sync::LazyLock;

use cuelight_core::auth::secret_key::KeyRing;
use cuelight_core::auth::signing_keys::SigningKeys;
use cuelight_core::catalog::models;
use cuelight_core::settings::{Mode, Settings, secrets};
use serde_json::{Map, Value, json};
use url::Url;

use crate::document;

/// Put where a secret is, and looked for where none may be.
const SECRET: &str = "s3cret-nobody-may-see";

static GOOD: LazyLock<[Value; 2]> = LazyLock::new(|| {
    [
        json!({
            "MODE": "production",
            "TENANTS": {"shop": {"namespace": "shop", "plan": "pro"}, "game": {"namespace": "game"}},
            "STUDIO_URL": "https://studio.example",
            "LIMITS": {},
            "LANES": {"studio": {"concurrency": 4}},
            "WEBHOOK_HOSTS": ["hooks.example.com", "*.example.org"]
        }),
        json!({
            "MODE": "development",
            "TENANTS": "{\"demo\":{\"namespace\":\"demo\"}}",
            "STUDIO_URL": "http://localhost:9000",
            "WEBHOOK_HOSTS": "[\"localhost\"]"
        }),
    ]
});

/// See the module.
pub fn run(data: &[u8]) {
    lists(&String::from_utf8_lossy(data).replace("$SECRET", SECRET));
    let Value::Object(variables) = document::read(data, &*GOOD) else { return };
    read(&variables);
    let mut careless = variables;
    careless.extend(secrets().into_iter().map(|name| (name, SECRET.into())));
    read(&careless);
}

fn read(variables: &Map<String, Value>) {
    let settings = match Settings::read(variables) {
        Ok(settings) => settings,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in &errors {
                let told = format!("{error} {error:?}");
                assert!(!told.contains(SECRET) && told.len() < 8_000, "{told}");
            }
            assert!(errors.windows(2).all(|pair| pair[0].path <= pair[1].path), "in the order of names");
            return;
        }
    };
    assert!(settings.tenants().next().is_some(), "settings without a tenant");
    for tenant in settings.tenants() {
        assert_eq!(settings.tenant(tenant.id()), Some(tenant));
    }
    assert!(settings.request_rate().count > 0 && settings.request_rate().window.0 > 0);
    let providers: Vec<_> =
        models().providers().into_iter().filter_map(|name| settings.provider(name)).collect();
    assert!(!providers.is_empty(), "settings without a provider");
    let told = providers.iter().flat_map(|provider| std::iter::once(&provider.url).chain(&provider.media));
    let urls: Vec<Url> = told.map(|url| Url::parse(url).expect("an address that was checked")).collect();
    let hooks = ["http://hooks.example.com/", "http://localhost/", "http://169.254.169.254/", "file:///etc"];
    if settings.mode() == Mode::Production {
        assert!(urls.iter().all(|url| url.scheme() == "https"), "a key would travel in the open");
        assert!(hooks.iter().all(|address| !settings.permits_webhook(address)));
        assert!(!settings.permits_webhook("https://localhost/"));
    }
    for address in ["https://u:p@hooks.example.com/", "https://127.1/", "https://[::1]/", "https://10.0.0.1/"]
    {
        let local = settings.mode() == Mode::Development && !address.contains("10.0");
        assert!(local || !settings.permits_webhook(address), "{address}");
    }
}

/// The lists that are secrets themselves.
fn lists(json: &str) {
    for told in [
        KeyRing::from_json(json).map_err(|e| format!("{e} {e:?}")).err(),
        SigningKeys::from_json(json).map_err(|e| format!("{e} {e:?}")).err(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!told.contains(SECRET) && told.len() < 500, "{told}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_settings_are_good() {
        for settings in &*GOOD {
            Settings::read(settings.as_object().unwrap()).unwrap();
        }
    }
}
