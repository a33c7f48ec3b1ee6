//! The names under which clips are listed, so that one listing finds every clip of a character
//! that a request may be shown.
//!
//! `near/{group}/{cue}/{key}`: the group is a hash of whose clip it is, who shares it and in whose words it was asked for, the cue
//! its compact JSON in base64url (RFC 4648, section 5). A listing needs no second read: the name
//! says it all. Names are stored, so their form is pinned by tests.

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use crate::cache_key::{self, CacheKey};
use crate::character::Character;
use crate::cue::Cue;
use crate::operation::{ClipSpec, Scope};
use crate::prompt;

/// Longest name of an entry, in bytes. Object stores take 1,024; a valid cue needs at most 793.
pub const MAX_NAME_BYTES: usize = 900;

const PREFIX: &str = "near/";
/// The version of what a group hashes.
const VERSION: u32 = 1;

/// The group of a clip, as the prefix of its name: `near/{32 characters}/`. The clips of a group
/// are one character's, share a scope, and were made with the same words of the caller's own: what
/// somebody's prompt made of a happy face is not what another means by happy.
#[must_use]
pub fn group(tenant: &str, spec: &ClipSpec, scope: &Scope) -> String {
    group_of(tenant, &spec.character, words(spec), scope)
}

/// The groups in which a request looks, in this order: its own, then the public one, then the one
/// without words. A private request keeps to its scope, and one that is new every time has no
/// group of its own.
#[must_use]
pub fn groups_to_search(tenant: &str, spec: &ClipSpec, scope: &Scope) -> Vec<String> {
    let public = Scope::default();
    let own = (scope.nonce.is_none() && *scope != public).then_some(scope);
    let widest = if scope.private { own } else { Some(&public) };
    let words = words(spec);
    let worded = [own, widest].into_iter().flatten().map(|scope| (scope, words));
    let plain = widest.map(|scope| (scope, PLAIN));
    let mut found = Vec::new();
    for (scope, words) in worded.chain(plain) {
        let group = group_of(tenant, &spec.character, words, scope);
        if !found.contains(&group) {
            found.push(group);
        }
    }
    found
}

/// What the caller added to the prompt, and what it wants avoided.
type Words<'a> = [&'a str; 2];

const PLAIN: Words<'static> = ["", ""];

fn words(spec: &ClipSpec) -> Words<'_> {
    let usual = prompt::usual(&spec.cue).unwrap_or_default();
    [spec.prompt.strip_prefix(&*usual).unwrap_or(&spec.prompt), &spec.negative_prompt]
}

fn group_of(tenant: &str, character: &Character, words: Words<'_>, scope: &Scope) -> String {
    let mut who = cache_key::character_value(character);
    who["seed"] = character.seed.into();
    let scope = cache_key::scope_value(scope);
    let whole =
        json!({ "near": VERSION, "tenant": tenant, "character": who, "words": words, "scope": scope });
    format!("{PREFIX}{}/", cache_key::digest(&whole))
}

/// The name of the clip at `key`, which shows `cue`, in a group. `None` for a cue whose words are
/// longer than a valid request's.
#[must_use]
pub fn entry_name(group: &str, cue: &Cue, key: &CacheKey) -> Option<String> {
    let cue = BASE64URL_NOPAD.encode(&serde_json::to_vec(cue).ok()?);
    let name = format!("{group}{cue}/{key}");
    (name.len() <= MAX_NAME_BYTES).then_some(name)
}

/// What a name says. `None` for every name that [`entry_name`] would not have written.
#[must_use]
pub fn read_entry(name: &str) -> Option<(Cue, CacheKey)> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let (hash, rest) = name.strip_prefix(PREFIX)?.split_once('/')?;
    // A group's hash is written as a key is.
    CacheKey::parse(hash)?;
    let (cue, key) = rest.split_once('/')?;
    let key = CacheKey::parse(key)?;
    let cue: Cue = serde_json::from_slice(&BASE64URL_NOPAD.decode(cue.as_bytes()).ok()?).ok()?;
    let again = entry_name(&format!("{PREFIX}{hash}/"), &cue, &key)?;
    (again == name).then_some((cue, key))
}
