//! Where clips are kept: R2. Knows nothing of the Cache API, jobs, actors or providers.

use std::collections::HashMap;

use cuelight_core::actors::generation::Place;
use cuelight_core::api::Content;
use cuelight_core::byte_range::ByteRange;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::cue::Cue;
use cuelight_core::media::Media;
use cuelight_core::nearest::{self, Nearest};
use cuelight_core::operation::{Operation, Spec};
use cuelight_core::units::Millis;
use worker::{Env, HttpMetadata, Object, Range, ResponseBody, Result};

use crate::private_address;
use crate::settings::CLIPS;

/// What a clip's answer says about caching: its address names its content, so it never changes
/// (RFC 8246).
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Who may see a clip. Decides under which name it is kept, so that no address of one shelf ever
/// reaches the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// Everybody.
    Public,
    /// Whoever has a signed address.
    Private,
}

impl Shelf {
    /// The shelf of a clip that is private, or is not.
    pub(crate) const fn of(private: bool) -> Self {
        if private { Self::Private } else { Self::Public }
    }

    /// The address of the clip at `key`, unsigned.
    fn address(self, key: &CacheKey) -> String {
        match self {
            Self::Public => key.path(),
            Self::Private => private_address::of(key),
        }
    }

    fn name(self, key: &CacheKey) -> String {
        match self {
            Self::Public => key.as_str().to_owned(),
            Self::Private => format!("private/{}", key.as_str()),
        }
    }
}

/// What R2 knows about a clip without reading it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Its address and size.
    pub(crate) content: Content,
    /// A strong validator, quotes included.
    pub(crate) etag: String,
    /// Which operation made it.
    pub(crate) operation: Operation,
    /// Which model made it: not always the one that its key names, as another may stand in. `None` for
    /// clips of a time when that was not written down.
    pub(crate) model: Option<String>,
    /// When it was stored.
    pub(crate) stored_at: Millis,
}

/// The public clip at `key`, without its bytes.
pub(crate) async fn look(env: &Env, key: &CacheKey) -> Result<Option<Stored>> {
    look_on(env, Shelf::Public, key).await
}

/// The clip at `key` on `shelf`, without its bytes.
pub(crate) async fn look_on(env: &Env, shelf: Shelf, key: &CacheKey) -> Result<Option<Stored>> {
    let object = env.bucket(CLIPS)?.head(shelf.name(key)).await?;
    object.map(|object| describe(&object, shelf, key)).transpose()
}

/// The clip at `key` on `shelf` and its bytes: all of them or `range`. They stay outside the
/// module's memory.
pub(crate) async fn read(
    env: &Env,
    shelf: Shelf,
    key: &CacheKey,
    range: Option<ByteRange>,
) -> Result<Option<(Stored, ResponseBody)>> {
    let bucket = env.bucket(CLIPS)?;
    let mut get = bucket.get(shelf.name(key));
    if let Some(range) = range {
        get = get.range(Range::OffsetWithLength { offset: range.first, length: range.len() });
    }
    let Some(object) = get.execute().await? else { return Ok(None) };
    let stored = describe(&object, shelf, key)?;
    let Some(body) = object.body() else { return Ok(None) };
    Ok(Some((stored, body.response_body()?)))
}

/// Stores a checked clip, and the name under which it is found as the nearest. Storing the same
/// bytes twice changes nothing.
pub(crate) async fn store(
    env: &Env,
    shelf: Shelf,
    key: &CacheKey,
    place: &Place,
    spec: &Spec,
    media: &Media,
    bytes: Vec<u8>,
) -> Result<Content> {
    let size = bytes.len() as u64;
    let metadata = HttpMetadata {
        content_type: Some(media.content_type.to_owned()),
        cache_control: Some(IMMUTABLE.to_owned()),
        ..HttpMetadata::default()
    };
    let custom = HashMap::from([
        ("operation".to_owned(), spec.operation().as_str().to_owned()),
        ("model".to_owned(), spec.model().to_owned()),
        ("audio".to_owned(), media.has_audio.to_string()),
        ("width".to_owned(), media.width.to_string()),
        ("height".to_owned(), media.height.to_string()),
        ("duration_ms".to_owned(), media.duration.0.to_string()),
    ]);
    let bucket = env.bucket(CLIPS)?;
    bucket.put(shelf.name(key), bytes).http_metadata(metadata).custom_metadata(custom).execute().await?;
    if let Some(name) = &place.index {
        // An empty object: its name says everything.
        bucket.put(name.as_str(), Vec::<u8>::new()).execute().await?;
    }
    Ok(Content {
        url: shelf.address(key),
        content_type: media.content_type.to_owned(),
        bytes: size,
        width: Some(media.width),
        height: Some(media.height),
        duration_ms: Some(media.duration).filter(|length| *length > Millis(0)),
    })
}

/// The nearest clip to `cue` that exists in `groups`, the first group first. `own` is not it.
pub(crate) async fn nearest(
    env: &Env,
    groups: &[String],
    cue: &Cue,
    own: &CacheKey,
) -> Result<Option<Nearest>> {
    let bucket = env.bucket(CLIPS)?;
    for group in groups {
        // A page of names is a thousand: more cues of one character than anybody will make.
        let listed = bucket.list().prefix(group.as_str()).execute().await?;
        let names: Vec<String> = listed.objects().iter().map(Object::key).collect();
        let entries = names.iter().filter_map(|name| nearest::read_entry(name));
        if let Some(found) = nearest::choose(cue, entries, own) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn describe(object: &Object, shelf: Shelf, key: &CacheKey) -> Result<Stored> {
    let custom = object.custom_metadata().unwrap_or_default();
    let operation = custom.get("operation").map(String::as_str);
    let operation = Operation::ALL.into_iter().find(|o| Some(o.as_str()) == operation);
    let number = |name: &str| custom.get(name).and_then(|text| text.parse::<u64>().ok());
    Ok(Stored {
        content: Content {
            url: shelf.address(key),
            content_type: object.http_metadata().content_type.unwrap_or_else(|| "video/mp4".to_owned()),
            bytes: object.size(),
            width: number("width").and_then(|px| px.try_into().ok()),
            height: number("height").and_then(|px| px.try_into().ok()),
            duration_ms: number("duration_ms").filter(|length| *length > 0).map(Millis),
        },
        etag: object.http_etag(),
        operation: operation.unwrap_or(Operation::StateClip),
        model: custom.get("model").cloned(),
        stored_at: Millis(object.uploaded().as_millis()),
    })
}
