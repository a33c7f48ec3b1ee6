//! Where every provider is while one studio stands in for all of them: what development and the tests
//! pass to the edge. The keys that go with it stand in `edge-worker/wrangler.toml`.

use serde_json::{Map, Value, json};

/// The bucket that the studio keeps Amazon's results in. It takes any whose name begins like this.
const BUCKET: &str = "s3://cuelight-dev/clips";

/// The variables that point every provider at the studio at `url`, by name.
#[must_use]
pub fn variables(url: &str) -> Map<String, Value> {
    let url = url.trim_end_matches('/');
    let places =
        ["STUDIO_URL", "BEDROCK_URL", "GOOGLE_URL", "WAVESPEED_URL"].map(|name| (name, url.to_owned()));
    let below = [("COMFYUI_URL", format!("{url}/comfyui")), ("BANANA_URL", format!("{url}/banana"))];
    let mut variables: Map<String, Value> =
        places.into_iter().chain(below).map(|(name, url)| (name.to_owned(), Value::from(url))).collect();
    let options = json!({"region": "us-east-1", "output_s3_uri": BUCKET});
    let bedrock = json!({"media": [url], "options": options});
    variables.insert("PROVIDERS".to_owned(), json!({ "bedrock": bedrock }));
    variables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::settings::Settings;

    #[test]
    fn every_provider_of_the_catalogue_is_at_the_studio() {
        let mut variables = variables("http://127.0.0.1:8790/");
        variables.insert("MODE".to_owned(), "development".into());
        variables.insert("TENANTS".to_owned(), json!({"demo": {"namespace": "demo"}}));
        let settings = Settings::read(&variables).unwrap();
        for name in catalog::models().providers() {
            let provider = settings.provider(name).unwrap_or_else(|| panic!("{name} is nowhere"));
            assert!(provider.url.starts_with("http://127.0.0.1:8790"), "{name}");
        }
        assert_eq!(settings.provider("bedrock").unwrap().media, ["http://127.0.0.1:8790"]);
    }
}
