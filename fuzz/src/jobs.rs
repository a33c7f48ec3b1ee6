//! The body of `POST /jobs`: whatever it is, it is refused with bounded words or valid for good,
//! under one key, however it is written.

use std::sync::LazyLock;

use cuelight_core::actors::generation::Terms;
use cuelight_core::cache_key::{self, CacheKey};
use cuelight_core::catalog;
use cuelight_core::nearest;
use cuelight_core::operation::{ClipSpec, MAX_PRIORITY, MAX_URL_CHARS, Spec, ValidJob, validate};
use cuelight_core::placeholder;
use serde_json::{Value, json};
use url::{Host, Url};

use crate::document;

const NONCE: &str = "a-nonce-of-the-shell";

/// Requests that are valid as they stand.
pub(crate) static GOOD: LazyLock<[Value; 4]> = LazyLock::new(|| {
    [
        json!({"operation_type": "state_clip", "params": {"character": "bolt", "state": "idle"}}),
        json!({
            "operation_type": "npc_response",
            "provider_id": "studio",
            "priority": 20,
            "strategy": "per_player",
            "fallback": ["default_content", "cached", "placeholder"],
            "default_content": {"url": "https://shop.example/a.png?b=c#d", "content_type": "image/png"},
            "webhook": {"url": "https://hooks.example:8443/in"},
            "cache_key": "shelf-3",
            "speculative": false,
            "progressive": true,
            "private": true,
            "player_context": {"player_id": "p-1", "playthrough_id": "t-1"},
            "params": {
                "npc_id": "mira", "npc_name": "Mira", "expression": "interested", "emotion": "pleased",
                "animation": "giggle", "intensity": 0.35, "quality_preset": "quality", "width": 512,
                "height": 768, "fps": 24, "steps": 30, "cfg": 7.25, "duration": 4.5, "seed": 7,
                "prompt": "at dusk", "negative_prompt": "rain", "art_style": "watercolor"
            }
        }),
        json!({
            "operation_type": "state_clip",
            "strategy": "always",
            "progressive": true,
            "webhook": {"url": "http://localhost:9/"},
            "params": {
                "state": "happy",
                "quality_preset": "quality",
                "character": {
                    "id": "own-1", "version": 3, "name": "Own", "seed": 9,
                    "look": {"body": "cat", "primary": "#a1b2c3", "secondary": "#000000",
                        "accent": "#ffffff", "backdrop": "#123456"}
                }
            }
        }),
        json!({
            "operation_type": "npc_response",
            "strategy": "per_playthrough",
            "player_context": {"playthrough_id": "t"},
            "fallback": "freeze",
            "params": {"npc_id": "bolt", "loras": [], "duration": 2}
        }),
    ]
});

/// See the module.
pub fn run(data: &[u8]) {
    let body = document::read(data, &*GOOD);
    match validate(&body, NONCE) {
        Ok(job) => check(&body, &job),
        Err(errors) => {
            assert!(!errors.is_empty(), "refused for no reason");
            for error in errors {
                // 80 characters of a stranger's name, four bytes each, and our own words.
                assert!(error.pointer.len() < 700 && error.detail.len() < 1_000, "{error:?}");
            }
        }
    }
}

fn check(body: &Value, job: &ValidJob) {
    let key = job.spec.key("demo", &job.scope);
    let canonical = serde_json::from_slice(&cache_key::canonical_bytes(body)).unwrap();
    let backwards = serde_json::from_str(&document::backwards(body)).unwrap();
    for again in [canonical, backwards] {
        assert_eq!(validate(&again, NONCE).as_ref(), Ok(job), "valid only as it was written first");
    }
    let stored: Spec = serde_json::from_value(json!(job.spec)).unwrap();
    let scope = serde_json::from_value(json!(job.scope)).unwrap();
    assert_eq!(stored.key("demo", &scope), key, "the key moves when the job is stored");
    assert_eq!(CacheKey::parse(key.as_str()).as_ref(), Some(&key));

    assert!(job.priority <= MAX_PRIORITY && !job.fallbacks.is_empty());
    if let Some(spec) = job.spec.clip() {
        is_within_its_model(spec);
        let name = nearest::entry_name(&nearest::group("demo", spec, &job.scope), &spec.cue, &key);
        assert_eq!(nearest::read_entry(&name.expect("a valid cue fits")), Some((spec.cue.clone(), key)));
        assert!(placeholder::path(&spec.character.look, &spec.cue).len() < 200);
    }
    if let Some(preview) = &job.preview {
        is_within_its_model(preview);
        assert_eq!(validate(&as_asked(body, preview), NONCE).unwrap().spec.clip(), Some(preview));
        assert_ne!(CacheKey::of("demo", preview, &job.scope), key, "the preview is the clip");
    }
    if let Some(content) = &job.default_content {
        let is_path = content.url.starts_with('/') && !content.url.starts_with("//");
        assert!(is_path || content.url.starts_with("https://"), "{content:?}");
        assert!(content.url.len() <= MAX_URL_CHARS);
        stays_where_it_says(&content.url);
    }
    if let Some(webhook) = &job.webhook {
        assert!(webhook.starts_with("https://") || webhook.starts_with("http://"), "{webhook}");
        assert!(webhook.len() <= MAX_URL_CHARS);
        stays_where_it_says(webhook);
    }
}

/// Every number is one that the model takes, and the model is one that can be asked and paid.
fn is_within_its_model(spec: &ClipSpec) {
    let model = catalog::models().model(&spec.model).expect("a model of the catalogue");
    for side in [spec.width, spec.height] {
        assert!(model.dimension_px.expect("sides").allows(side.into()), "{side} px");
    }
    assert!(model.fps.expect("rates").allows(spec.fps.into()), "{} frames a second", spec.fps);
    assert!((1..=100).contains(&spec.steps) && (0.0..=30.0).contains(&spec.cfg));
    let lengths = model.duration_ms.expect("lengths");
    let (least, most) = (lengths.min, lengths.max);
    assert!((least..=most).contains(&spec.duration_ms.0), "{}", spec.duration_ms);
    assert!(spec.frames() >= 1);
    let terms = Terms::of(&spec.clone().into()).expect("terms for a valid clip");
    assert_eq!(spec.provider(), Some(terms.lane.as_str()));
}

/// The request that asks for the preview as its clip.
fn as_asked(body: &Value, preview: &ClipSpec) -> Value {
    let mut body = body.clone();
    let params = body["params"].as_object_mut().unwrap();
    for (name, number) in [
        ("width", json!(preview.width)),
        ("height", json!(preview.height)),
        ("fps", json!(preview.fps)),
        ("steps", json!(preview.steps)),
        ("cfg", json!(preview.cfg)),
    ] {
        params.insert(name.into(), number);
    }
    body
}

/// A browser reads the address as we did: no user, and http for this machine only.
fn stays_where_it_says(address: &str) {
    let Ok(url) = Url::parse(address) else { return };
    assert!(url.username().is_empty() && url.password().is_none(), "{address}");
    if url.scheme() == "http" {
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        assert!(local, "{address}");
    } else {
        assert_eq!(url.scheme(), "https", "{address}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_requests_are_good_and_two_have_a_preview() {
        let jobs = GOOD.each_ref().map(|body| validate(body, NONCE).unwrap());
        assert_eq!(jobs.map(|job| job.preview.is_some()), [false, true, true, false]);
    }
}
