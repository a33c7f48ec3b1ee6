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
        let canonical = canonical_bytes(&canonical_value(tenant, spec, scope));
        let digest = Sha256::digest(&canonical);
        Self(BASE32_NOPAD.encode(&digest[..20]).to_ascii_lowercase())
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
    let look = &spec.character.look;
    let cue = match &spec.cue {
        Cue::State { state } => json!({ "state": state }),
        Cue::Reaction(r) => json!({
            "expression": r.expression,
            "emotion": r.emotion,
            "animation": r.animation,
            "intensity": r.intensity.as_unit(),
        }),
    };
    let mut scope_value = serde_json::Map::new();
    for (name, value) in [
        ("playthrough", &scope.playthrough),
        ("player", &scope.player),
        ("nonce", &scope.nonce),
        ("cache_key", &scope.cache_key),
    ] {
        if let Some(value) = value {
            scope_value.insert(name.into(), Value::String(value.clone()));
        }
    }
    json!({
        "v": VERSION,
        "tenant": tenant,
        "operation": spec.operation.as_str(),
        "model": spec.model,
        "params": {
            "character": {
                "id": spec.character.id,
                "version": spec.character.version,
                "look": {
                    "body": look.body.as_str(),
                    "primary": look.primary.to_string(),
                    "secondary": look.secondary.to_string(),
                    "accent": look.accent.to_string(),
                    "backdrop": look.backdrop.to_string(),
                },
            },
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
        "scope": scope_value,
    })
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
