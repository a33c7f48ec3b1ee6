//! Keys, the ids of jobs and the names of index entries, as they stand in addresses and lists.

use cuelight_core::api::{job_id, key_of_job};
use cuelight_core::cache_key::CacheKey;
use cuelight_core::cue::Cue;
use cuelight_core::nearest::{MAX_NAME_BYTES, entry_name, read_entry};
use serde_json::Value;

/// A key, as text.
const KEY: &str = "abcdefghijklmnopqrstuvwxyz234567";

/// A key, an id or a name is read back as it was written; a cue in JSON survives its name.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let key = CacheKey::parse(&text);
    assert_eq!(key.as_ref().map(CacheKey::as_str), key.as_ref().map(|_| &*text));
    assert_eq!(serde_json::from_value::<CacheKey>(Value::from(&*text)).ok(), key);
    if let Some(key) = key_of_job(&text) {
        let (_, tail) = text.split_once('.').unwrap();
        assert_eq!(job_id(&key, tail), text);
    }
    let tailed = key_of_job(&format!("{KEY}.{text}"));
    let fits = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    assert_eq!(tailed.is_some(), fits, "{text:?}");

    if let Some((cue, key)) = read_entry(&text) {
        let group = &text[..text.rfind('/').and_then(|end| text[..end].rfind('/')).unwrap() + 1];
        assert_eq!(entry_name(group, &cue, &key).as_deref(), Some(&*text));
    }
    if let (Ok(cue), Some(key)) = (serde_json::from_str::<Cue>(&text), CacheKey::parse(KEY)) {
        match entry_name(&format!("near/{KEY}/"), &cue, &key) {
            Some(name) => {
                assert!(name.len() <= MAX_NAME_BYTES);
                assert_eq!(read_entry(&name), Some((cue, key)), "{name}");
            }
            None => assert!(text.len() > 500, "a short cue has a name: {text}"),
        }
    }
}
