//! Examples in the document: requests that are accepted, and answers made of the types themselves.

use cuelight_core::api::{
    Content, Fallback, FallbackContent, FallbackSource, Job, JobStatus, Source, Strategy,
};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::operation::Operation;
use cuelight_core::units::{MicroUsd, Millis};
use serde_json::{Value, json};

/// A key as it might be.
pub(super) const KEY: &str = "mzxw6ytboi4dcmjsgm2dknrxha4tambr";
/// A point in time, in milliseconds since the Unix epoch.
const NOW: Millis = Millis(1_700_000_000_000);

/// Bodies of `POST /jobs`.
pub(super) fn jobs() -> Value {
    json!({
        "basic": {
            "summary": "A shop's character that talks",
            "value": {
                "operation_type": "state_clip",
                "params": {"character": "bolt", "state": "talking", "quality_preset": "fast"},
                "fallback": ["cached", "placeholder"],
            },
        },
        "game": {
            "summary": "A game character's reaction, the quick clip first",
            "value": {
                "operation_type": "npc_response",
                "params": {
                    "npc_id": "miso", "expression": "pleased", "emotion": "loving", "animation": "purr",
                    "intensity": 0.8, "quality_preset": "balanced",
                },
                "priority": 15,
                "progressive": true,
                "strategy": "per_player",
                "player_context": {"player_id": "player-7"},
            },
        },
        "own": {
            "summary": "A character of the caller's own, with a backup of its own",
            "value": {
                "operation_type": "state_clip",
                "params": {
                    "character": {
                        "id": "tess", "version": 2, "seed": 7,
                        "look": {
                            "body": "owl", "primary": "#5b7f95", "secondary": "#263b48",
                            "accent": "#ffb703", "backdrop": "#e6f0f5",
                        },
                    },
                    "state": "greeting", "width": 512, "height": 768, "fps": 24, "duration": 2.5,
                },
                "fallback": "default_content",
                "default_content": {"url": "/img/tess.png", "content_type": "image/png"},
            },
        },
    })
}

/// Bodies of `POST /tokens`.
pub(super) fn tokens() -> Value {
    json!({
        "page": {
            "summary": "A shop page that shows one character",
            "value": {
                "origins": ["https://shop.example"],
                "budget_micro_usd": 50_000,
                "ttl_s": 3_600,
                "characters": ["bolt"],
            },
        },
        "game": {
            "summary": "A player of a game, with reactions up to a strength",
            "value": {
                "origins": ["https://game.example"],
                "budget_micro_usd": 200_000,
                "characters": ["miso"],
                "cues": ["idle", {"emotion": "loving", "max_intensity": 0.8}],
                "requests": {"count": 30, "window_s": 60},
                "player": "player-7",
            },
        },
    })
}

/// Bodies of `PUT /lanes/{provider}`.
pub(super) fn lanes() -> Value {
    json!({"drain": {"summary": "Let no more work through", "value": {"drained": true}}})
}

/// A job whose clip is being made.
pub(super) fn waiting_job() -> Value {
    let job = job().map(|job| Job {
        status: JobStatus::Processing,
        progress: 0.25,
        updated_at: NOW + Millis::seconds(1),
        estimate_ms: Some(Millis(2_500)),
        fallback: Some(FallbackContent {
            kind: Fallback::Placeholder,
            url: Some("/placeholders/talking.svg?character=bolt".to_owned()),
            content_type: Some("image/svg+xml".to_owned()),
            source: FallbackSource::Placeholder,
            cue: None,
            distance: None,
            retry_after_ms: None,
        }),
        ..job
    });
    json!(job)
}

/// A job whose clip existed.
pub(super) fn complete_job() -> Value {
    let job = job().map(|job| Job {
        status: JobStatus::Complete,
        source: Source::Hit,
        progress: 1.0,
        cost_micro_usd: Some(MicroUsd(0)),
        content: Some(Content {
            url: format!("/clips/{KEY}"),
            content_type: "video/mp4".to_owned(),
            bytes: 84_213,
            width: Some(512),
            height: Some(512),
            duration_ms: Some(Millis(3_000)),
        }),
        ..job
    });
    json!(job)
}

fn job() -> Option<Job> {
    let key = CacheKey::parse(KEY)?;
    let id = cuelight_core::api::job_id(&key, "0f3a9c");
    Some(Job {
        provider: Some("studio".to_owned()),
        model: Some("studio-character-1".to_owned()),
        strategy: Some(Strategy::Once),
        request_id: Some("6f1d2c3b4a5968778695a4b3c2d1e0f0".to_owned()),
        ..Job::queued(id, Operation::StateClip, key, NOW)
    })
}

#[cfg(test)]
mod tests {
    use cuelight_core::auth::token_request::TokenRequest;
    use cuelight_core::operation::validate;

    use super::*;

    fn values(examples: &Value) -> Vec<Value> {
        examples.as_object().unwrap().values().map(|example| example["value"].clone()).collect()
    }

    #[test]
    fn every_example_of_a_request_is_accepted() {
        for body in values(&jobs()) {
            assert!(validate(&body, "nonce").is_ok(), "{body}");
        }
        for body in values(&tokens()) {
            assert!(TokenRequest::read(&body).is_ok(), "{body}");
        }
    }

    #[test]
    fn every_example_of_an_answer_is_a_job() {
        for job in [waiting_job(), complete_job()] {
            assert!(serde_json::from_value::<Job>(job.clone()).is_ok(), "{job}");
        }
    }
}
