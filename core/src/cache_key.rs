//! The canonical form of a request, and the key it hashes to. The only place that knows what a
//! key is.
//!
//! `key = base32(sha256(JCS({v, tenant, operation, model, params, scope}))[..20])`, lower case,
//! 32 characters. JCS is RFC 8785; base32 is RFC 4648, section 6, without padding. The object is
//! built field by field, never from a derive, so that renaming a Rust field cannot move a clip.

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::character::Character;
use crate::cue::Cue;
use crate::operation::{ClipSpec, Scope};

/// The version of the canonical form. Raised when the form changes, which abandons every clip.
pub const VERSION: u32 = 1;

/// The address of a clip: 32 characters of lower-case base32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CacheKey(String);

impl CacheKey {
    /// Length in characters: 20 bytes, 5 bits a character.
    pub const LEN: usize = 32;

    /// Reads a key. `None` for anything that could not have come from [`CacheKey::of`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == Self::LEN && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The key of `spec` for `tenant` within `scope`.
    #[must_use]
    pub fn of(tenant: &str, spec: &ClipSpec, scope: &Scope) -> Self {
        Self(digest(&canonical_value(tenant, spec, scope)))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the clip is served: `/clips/{key}`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/clips/{}", self.0)
    }
}

impl std::fmt::Display for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CacheKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a key is 32 characters of a-z and 2-7"))
    }
}

/// The object that is hashed.
#[must_use]
pub fn canonical_value(tenant: &str, spec: &ClipSpec, scope: &Scope) -> Value {
    let cue = match &spec.cue {
        Cue::State { state } => json!({ "state": state }),
        Cue::Reaction(r) => json!({
            "expression": r.expression,
            "emotion": r.emotion,
            "animation": r.animation,
            "intensity": r.intensity.as_unit(),
        }),
    };
    json!({
        "v": VERSION,
        "tenant": tenant,
        "operation": spec.operation.as_str(),
        "model": spec.model,
        "params": {
            "character": character_value(&spec.character),
            "cue": cue,
            "prompt": spec.prompt,
            "negative_prompt": spec.negative_prompt,
            "width": spec.width,
            "height": spec.height,
            "fps": spec.fps,
            "steps": spec.steps,
            "cfg": spec.cfg,
            "duration_ms": spec.duration_ms.0,
            "seed": spec.seed,
        },
        "scope": scope_value(scope),
    })
}

/// What of a character is hashed: all that changes the picture, but the seed, which a request may
/// override.
pub(crate) fn character_value(character: &Character) -> Value {
    let look = &character.look;
    json!({
        "id": character.id,
        "version": character.version,
        "look": {
            "body": look.body.as_str(),
            "primary": look.primary.to_string(),
            "secondary": look.secondary.to_string(),
            "accent": look.accent.to_string(),
            "backdrop": look.backdrop.to_string(),
        },
    })
}

/// What of a scope is hashed: the parts it has.
pub(crate) fn scope_value(scope: &Scope) -> Value {
    let mut value = serde_json::Map::new();
    for (name, part) in [
        ("playthrough", &scope.playthrough),
        ("player", &scope.player),
        ("nonce", &scope.nonce),
        ("cache_key", &scope.cache_key),
    ] {
        if let Some(part) = part {
            value.insert(name.into(), Value::String(part.clone()));
        }
    }
    if scope.private {
        value.insert("private".into(), true.into());
    }
    Value::Object(value)
}

/// 32 characters of lower-case base32: the first 20 bytes of the SHA-256 of the canonical bytes.
pub(crate) fn digest(value: &Value) -> String {
    let digest = Sha256::digest(canonical_bytes(value));
    BASE32_NOPAD.encode(&digest[..20]).to_ascii_lowercase()
}

/// RFC 8785 bytes of `value`.
#[must_use]
pub fn canonical_bytes(value: &Value) -> Vec<u8> {
    // A `Value` has string keys and finite numbers only, the two things the serializer refuses.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_nothing_else_is() {
        let key = "abcdefghijklmnopqrstuvwxyz234567";
        assert_eq!(CacheKey::parse(key).unwrap().as_str(), key);
        for bad in [
            "",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "abcdefghijklmnopqrstuvwxyz23456",
            "../../../../../../../../etc/passw",
            "abcdefghijklmnopqrstuvwxyz234561",
        ] {
            assert_eq!(CacheKey::parse(bad), None, "{bad}");
        }
    }
}
