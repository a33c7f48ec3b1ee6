//! Examples in the document: requests that are accepted, and answers made of the types themselves.

use cuelight_core::api::{
    Content, Fallback, FallbackContent, FallbackSource, Job, JobStatus, Preflight, Source, Strategy,
};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::operation::{Operation, validate};
use cuelight_core::units::{MicroUsd, Millis};
use serde_json::{Value, json};

/// A key as it might be.
pub(super) const KEY: &str = "mzxw6ytboi4dcmjsgm2dknrxha4tambr";
/// A point in time, in milliseconds since the Unix epoch.
const NOW: Millis = Millis(1_700_000_000_000);

/// Uploads as they might be: a picture, another one, sound, and a clip.
const PICTURE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const ENDING: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const SOUND: &str = "3333333333333333333333333333333333333333333333333333333333333333";
const CLIP: &str = "4444444444444444444444444444444444444444444444444444444444444444";

/// Bodies of `POST /jobs`: clips of characters in some detail, and one for each other operation.
pub(super) fn jobs() -> Value {
    let mut all = of_characters();
    for operation in Operation::ALL.into_iter().filter(|operation| !operation.is_of_pages()) {
        let (summary, value) = of_any_model(operation);
        all[operation.as_str()] = json!({"summary": summary, "value": value});
    }
    all
}

fn of_any_model(operation: Operation) -> (&'static str, Value) {
    let [picture, ending, sound, clip] =
        [PICTURE, ENDING, SOUND, CLIP].map(|sha256| json!({"asset": sha256}));
    let (summary, params) = match operation {
        // Told in detail elsewhere.
        Operation::StateClip | Operation::NpcResponse => ("", json!({})),
        Operation::TextToImage => (
            "A picture from words, by whichever model is best",
            json!({"prompt": "a friendly robot behind a shop counter, studio light", "seed": 7}),
        ),
        Operation::ImageVariation => (
            "Another picture of what was uploaded",
            json!({"image": picture, "prompt": "the same robot, waving", "strength": 0.6}),
        ),
        Operation::CallImage => (
            "Two people on a call",
            json!({
                "left": {"name": "Ada", "context": "asks about her order"},
                "right": {"name": "Bolt", "setting": "a bright shop"},
            }),
        ),
        Operation::TextToVideo => (
            "A clip from words",
            json!({"prompt": "rain on a shop window at night, slow dolly in", "duration": 5}),
        ),
        Operation::ImageToVideo => (
            "A clip that begins with a picture",
            json!({"image": picture, "prompt": "the robot looks up and smiles", "duration": 5, "guidance": 0.5}),
        ),
        Operation::VideoExtend => {
            ("What happens next in a clip", json!({"video": clip, "prompt": "the camera pulls back"}))
        }
        Operation::VideoTransition => (
            "From one picture to another",
            json!({"image": picture, "end_image": ending, "prompt": "the robot turns around"}),
        ),
        Operation::Fusion => (
            "Two pictures made one",
            json!({"image": picture, "end_image": ending, "prompt": "the robot holds the second picture's cup"}),
        ),
        Operation::TalkingAvatar => {
            ("A picture that speaks", json!({"image": picture, "audio": sound, "resolution": "480p"}))
        }
    };
    let mut body = json!({"operation_type": operation.as_str(), "params": params});
    if operation == Operation::ImageToVideo {
        // Named by its id; without a name the best that takes the parameters is chosen.
        body["model"] = "kling-2.5-turbo-pro".into();
    }
    (summary, body)
}

fn of_characters() -> Value {
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
        "pictured": {
            "summary": "A reaction that begins with a picture of the character",
            "value": {
                "operation_type": "npc_response",
                "params": {"npc_id": "miso", "expression": "pleased", "base_image": {"asset": PICTURE}},
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
        seed: Some(1_204),
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

/// Bodies of `POST /prompts`: one for each brief.
pub(super) fn prompts() -> Value {
    json!({
        "scene": {"summary": "How a scene moves", "value": {"brief": {"scene": {
            "description": "a fox on a raft", "setting": "a flooded valley", "tone": "tense",
        }}}},
        "mascot": {"summary": "A product's mascot", "value": {"brief": {"mascot": {
            "product": "Acme Toaster", "kind": "friendly robot", "vibes": ["calm", "witty"],
        }}}},
        "cover": {"summary": "The cover of a card", "value": {"brief": {"cover": {
            "motif": "a lighthouse", "styles": ["minimal"], "palette": [{"name": "sky", "color": "#4f7cff"}],
        }}}},
        "background": {"summary": "A clip to stand behind a page", "value": {
            "brief": {"background": {"description": "waves at dusk", "mood": "calm"}}, "duration": 8,
        }},
    })
}

/// What a picture from words would come to, with the choice that is made.
pub(super) fn preflight() -> Value {
    let valid = of_any_model(Operation::TextToImage);
    let preflight = validate(&valid.1, "nonce").ok().and_then(|valid| {
        Some(Preflight {
            cache_key: CacheKey::parse(KEY)?,
            exists: false,
            provider: valid.spec.provider()?.to_owned(),
            model: valid.spec.model().to_owned(),
            model_note: valid.model_note,
            choice: valid.choice,
            cost_micro_usd: valid.spec.cost()?,
            estimate_ms: valid.spec.model_def()?.latency_ms.map(|latency| latency.typical),
            admitted: true,
            refusal: None,
            fallbacks: valid.fallbacks,
        })
    });
    json!(preflight)
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
    use cuelight_core::operation::{Surroundings, validate_in};
    use cuelight_core::order::Asset;
    use cuelight_core::prompt;

    use super::*;

    fn values(examples: &Value) -> Vec<Value> {
        examples.as_object().unwrap().values().map(|example| example["value"].clone()).collect()
    }

    /// What the examples have uploaded.
    fn upload(sha256: &str) -> Option<Asset> {
        let (media_type, size) = match sha256 {
            PICTURE | ENDING => ("image/png", Some([1024, 1024])),
            SOUND => ("audio/wav", None),
            CLIP => ("video/mp4", Some([1280, 720])),
            _ => return None,
        };
        Some(Asset {
            sha256: sha256.to_owned(),
            media_type: media_type.to_owned(),
            bytes: 100_000,
            size,
            duration_ms: size.is_none().then_some(Millis(4_000)),
        })
    }

    #[test]
    fn every_example_of_a_request_is_accepted() {
        let around = Surroundings { asset: Some(&upload), ..Surroundings::default() };
        for body in values(&jobs()) {
            let read = validate_in(&body, "nonce", &around);
            assert!(read.is_ok(), "{body}: {:?}", read.err());
        }
        for body in values(&prompts()) {
            assert!(prompt::request::Request::read(&body).is_ok(), "{body}");
        }
        for body in values(&tokens()) {
            assert!(TokenRequest::read(&body).is_ok(), "{body}");
        }
    }

    #[test]
    fn every_request_of_the_handbook_is_accepted() {
        let around = Surroundings { asset: Some(&upload), ..Surroundings::default() };
        let uploads = [("IMAGE", PICTURE), ("END", ENDING), ("AUDIO", SOUND), ("VIDEO", CLIP)];
        let mut seen = Vec::new();
        for line in include_str!("../../../docs/api.md").lines() {
            let Some(body) = line.strip_prefix("jobs '").and_then(|rest| rest.strip_suffix('\'')) else {
                continue;
            };
            let body = uploads.iter().fold(body.to_owned(), |body, (name, sha256)| {
                body.replace(&format!("'${name}'"), &json!({"asset": sha256}).to_string())
            });
            let body: Value = serde_json::from_str(&body).unwrap();
            let read = validate_in(&body, "nonce", &around);
            assert!(read.is_ok(), "{body}: {:?}", read.err());
            seen.push(read.unwrap().spec.operation());
        }
        let others = Operation::ALL.into_iter().filter(|operation| !operation.is_of_pages());
        assert_eq!(seen, others.collect::<Vec<_>>());
    }

    #[test]
    fn every_operation_has_an_example() {
        let jobs = values(&jobs());
        for operation in Operation::ALL {
            assert!(jobs.iter().any(|body| body["operation_type"] == operation.as_str()), "{operation:?}");
        }
    }

    #[test]
    fn every_example_of_an_answer_is_one() {
        for job in [waiting_job(), complete_job()] {
            assert!(serde_json::from_value::<Job>(job.clone()).is_ok(), "{job}");
        }
        assert!(serde_json::from_value::<Preflight>(preflight()).is_ok_and(|answer| answer.choice.is_some()));
    }
}
