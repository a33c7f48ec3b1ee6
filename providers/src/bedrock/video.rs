//! The video models of Bedrock: what each is told, how its invocations are named and found, and where in
//! the object store its result lies. Nova Reel and Luma Ray.

use cuelight_core::order::{Order, Role};
use cuelight_core::units::Millis;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::fault;
use crate::material::{Picture, invalid, picture};
use crate::{Account, Brief, Output, Progress, ProviderError};

/// The one size that Nova Reel takes and makes, in px.
const REEL: [u32; 2] = [1_280, 720];
/// Length of one of Nova Reel's shots, in milliseconds.
const SHOT: Millis = Millis::seconds(6);
/// Largest seed that Nova Reel takes.
const REEL_SEED: u32 = 2_147_483_646;
/// Shortest and longest side of a picture that Luma Ray starts or ends with, in px.
const RAY_SIDES: (u32, u32) = (512, 4_096);
/// Length of an invocation's own part of its ARN.
const INVOCATION: usize = 12;
/// Longest name of an object, in bytes.
const MAX_OBJECT: usize = 512;

/// Whose way of speaking a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Nova Reel.
    Reel,
    /// Luma Ray.
    Ray,
}

impl Family {
    /// That of the model with this id at Amazon.
    pub(crate) fn of(model_id: &str) -> Option<Self> {
        if model_id.contains("nova-reel") {
            Some(Self::Reel)
        } else if model_id.contains("luma.ray") {
            Some(Self::Ray)
        } else {
            None
        }
    }
}

/// What the model is told.
pub(crate) fn input(brief: &Brief<'_>, family: Family) -> Result<Value, ProviderError> {
    match family {
        Family::Reel => reel(brief),
        Family::Ray => ray(brief),
    }
}

fn reel(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let duration = order.duration_ms.unwrap_or(SHOT);
    let start = picture(brief, Role::Image)?.map(|start| start.exactly(REEL)).transpose()?;
    if duration.0 == 0 || !duration.0.is_multiple_of(SHOT.0) || (start.is_some() && duration != SHOT) {
        return Err(invalid(
            "duration_ms",
            "the model makes shots of 6000 ms, and one of them from a picture",
        ));
    }
    let (task, member) = if duration == SHOT {
        ("TEXT_VIDEO", "textToVideoParams")
    } else {
        ("MULTI_SHOT_AUTOMATED", "multiShotAutomatedParams")
    };
    let mut params = Map::from_iter([("text".to_owned(), json!(order.prompt))]);
    if let Some(start) = start {
        let image = json!([{"format": start.format, "source": {"bytes": start.base64()}}]);
        params.insert("images".into(), image);
    }
    let mut config = json!({"durationSeconds": duration.0 / 1_000, "fps": 24, "dimension": "1280x720"});
    if let Some(seed) = order.seed {
        config["seed"] = json!(if seed > REEL_SEED { seed % (REEL_SEED + 1) } else { seed });
    }
    let mut input = Map::new();
    input.insert("taskType".into(), task.into());
    input.insert(member.into(), params.into());
    input.insert("videoGenerationConfig".into(), config);
    Ok(input.into())
}

fn ray(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let Order { prompt, aspect_ratio, duration_ms, resolution, .. } = brief.order;
    let mut input = Map::from_iter([("prompt".to_owned(), json!(prompt)), ("loop".to_owned(), json!(false))]);
    for (member, value) in [("aspect_ratio", aspect_ratio), ("resolution", resolution)] {
        if let Some(value) = value {
            input.insert(member.into(), json!(value));
        }
    }
    if let Some(duration) = duration_ms {
        if !duration.0.is_multiple_of(1_000) {
            return Err(invalid("duration_ms", "the model makes clips of whole seconds"));
        }
        input.insert("duration".into(), json!(format!("{}s", duration.0 / 1_000)));
    }
    let mut frames = Map::new();
    for (member, role) in [("frame0", Role::Image), ("frame1", Role::EndImage)] {
        if let Some(frame) = picture(brief, role)? {
            frames.insert(member.into(), keyframe(&frame.within(RAY_SIDES.0, RAY_SIDES.1)?));
        }
    }
    if !frames.is_empty() {
        input.insert("keyframes".into(), frames.into());
    }
    Ok(input.into())
}

fn keyframe(picture: &Picture<'_>) -> Value {
    let source = json!({"type": "base64", "media_type": picture.media_type(), "data": picture.base64()});
    json!({"type": "image", "source": source})
}

/// Whether this is the name of an invocation: `arn:aws:bedrock:REGION:ACCOUNT:async-invoke/ID`, as
/// Amazon's own description of the API has it.
pub(crate) fn is_arn(arn: &str) -> bool {
    invocation(arn).is_some()
}

/// The invocation's own part of its ARN, which is also the name of its folder.
fn invocation(arn: &str) -> Option<&str> {
    let parts: [&str; 6] = arn.splitn(6, ':').collect::<Vec<_>>().try_into().ok()?;
    let [scheme, partition, service, region, account, resource] = parts;
    let id = resource.strip_prefix("async-invoke/")?;
    let plain = |part: &str| {
        (1..=32).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let fits = scheme == "arn"
        && (partition == "aws" || partition.starts_with("aws-"))
        && plain(partition)
        && service == "bedrock"
        && plain(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && id.len() == INVOCATION
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    fits.then_some(id)
}

/// What Amazon says of an invocation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invocation {
    /// Its name.
    pub(crate) invocation_arn: String,
    /// The token it was ordered with.
    #[serde(default)]
    pub(crate) client_request_token: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    failure_message: Option<String>,
    #[serde(default)]
    output_data_config: Value,
}

impl Invocation {
    /// How far it is. `store` is where results were ordered to be put.
    pub(crate) fn progress(
        &self,
        arn: &str,
        store: &Store,
        text: impl Fn(&str) -> String,
    ) -> Result<Progress, ProviderError> {
        if self.invocation_arn != arn {
            return Err(ProviderError::Transient("Amazon answered for another invocation".into()));
        }
        match self.status.as_str() {
            "InProgress" => Ok(Progress::Running { progress: 0.0, estimate_ms: None }),
            "Completed" => {
                let said =
                    self.output_data_config.pointer("/s3OutputDataConfig/s3Uri").and_then(Value::as_str);
                let url = store.result(arn, said)?;
                Ok(Progress::Succeeded(Output { url, ..Output::default() }))
            }
            "Failed" => {
                let words = self.failure_message.as_deref().unwrap_or("no reason given");
                if fault::is_refusal(words) {
                    return Err(ProviderError::ContentRefused { message: text(words) });
                }
                Err(ProviderError::Failed(text(words)))
            }
            _ => Err(ProviderError::Transient("Amazon's answer makes no sense".into())),
        }
    }
}

/// The part of the object store that results are ordered to be put in.
pub(crate) struct Store {
    /// `s3://BUCKET/` with folders, if any, and a slash at the end.
    pub(crate) uri: String,
}

impl Store {
    /// That of the account's option `output_s3_uri`.
    pub(crate) fn of(account: &Account) -> Result<Self, ProviderError> {
        let unset = || {
            ProviderError::Fatal(
                "the option output_s3_uri must name a bucket, for instance s3://my-clips/".into(),
            )
        };
        let uri = account.options.get("output_s3_uri").ok_or_else(unset)?;
        // Without the slash Amazon refuses all but a bare bucket.
        let uri = format!("{}/", uri.trim_end_matches('/'));
        if object(&uri).is_some() { Ok(Self { uri }) } else { Err(unset()) }
    }

    /// Where the result of this invocation lies. `said` is where Amazon says: believed inside this part
    /// of the store only.
    fn result(&self, arn: &str, said: Option<&str>) -> Result<String, ProviderError> {
        let strange = || ProviderError::Fatal("Amazon put the clip where it was not told to".into());
        let id = invocation(arn).ok_or_else(strange)?;
        let folder = said.map_or_else(|| self.uri.clone(), |said| format!("{}/", said.trim_end_matches('/')));
        if !folder.starts_with(&self.uri) || object(&folder).is_none() {
            return Err(strange());
        }
        let own = format!("{id}/");
        let folder = if folder.ends_with(&own) { folder } else { format!("{folder}{own}") };
        Ok(format!("{folder}output.mp4"))
    }

    /// The address of one of its results, path style, at the account's store.
    pub(crate) fn address(&self, account: &Account, url: &str) -> Result<Url, ProviderError> {
        let strange = || ProviderError::Fatal("the clip is not where Amazon was told to put it".into());
        let own = url.starts_with(&self.uri);
        let (bucket, key) = object(url).filter(|(_, key)| own && !key.is_empty()).ok_or_else(strange)?;
        let unset =
            || ProviderError::Fatal("the account's first media origin must be its object store".into());
        let mut address = account.media.first().ok_or_else(unset)?.clone();
        let below = address.path().trim_end_matches('/').to_owned();
        address.set_path(&format!("{below}/{bucket}/{key}"));
        address.set_query(None);
        Ok(address)
    }
}

/// Bucket and key of an `s3://` address whose every part can stand in another address as it is.
fn object(uri: &str) -> Option<(&str, &str)> {
    if uri.len() > MAX_OBJECT {
        return None;
    }
    let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
    let plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'='))
    };
    let in_key = |part: &str| plain(part) && !part.is_empty() && part != "." && part != "..";
    let folders = key.strip_suffix('/').unwrap_or(key);
    let fits = (3..=63).contains(&bucket.len())
        && plain(bucket)
        && !bucket.contains("..")
        && (key.is_empty() || folders.split('/').all(in_key));
    fits.then_some((bucket, key))
}
