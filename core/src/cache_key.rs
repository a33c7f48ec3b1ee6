//! The canonical form of a request, and the key it hashes to. The only place that knows what a
//! key is.
//!
//! `key = base32(sha256(JCS({v, tenant, operation, model, params, scope}))[..20])`, lower case,
//! 32 characters. JCS is RFC 8785; base32 is RFC 4648, section 6, without padding. The object is
//! built field by field, never from a derive, so that renaming a Rust field cannot move a clip.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::character::{Character, Color, Look};
use crate::cue::Cue;
use crate::json_text::JsonText;
use crate::operation::{ClipSpec, Scope};

mod order;

pub use order::canonical_order;

/// The version of the canonical form. Raised when the form changes, which abandons every clip.
pub const VERSION: u32 = 1;

/// The address of a clip: 32 characters of lower-case base32. Held in place: a key is in every event and
/// every map, and what is copied needs no code to clone it or to let go of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey([u8; Self::LEN]);

impl CacheKey {
    /// Length in characters: 20 bytes, 5 bits a character.
    pub const LEN: usize = 32;

    /// Reads a key. `None` for anything that could not have come from [`CacheKey::of`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        letters.iter().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')).then_some(Self(letters))
    }

    /// The key of `spec` for `tenant` within `scope`.
    #[must_use]
    pub fn of(tenant: &str, spec: &ClipSpec, scope: &Scope) -> Self {
        Self(letters_of(written(tenant, spec, scope).as_str().as_bytes()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Letters and digits, as every constructor sees to.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Where the clip is served: `/clips/{key}`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/clips/{}", self.as_str())
    }
}

impl std::fmt::Display for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CacheKey({:?})", self.as_str())
    }
}

impl Serialize for CacheKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CacheKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a key is 32 characters of a-z and 2-7"))
    }
}

/// The object that is hashed, written as it is hashed: names in the order of RFC 8785, section 3.2.3.
fn written(tenant: &str, spec: &ClipSpec, scope: &Scope) -> JsonText {
    let mut out = JsonText::default();
    out.open().name("model").text(&spec.model).name("operation").text(spec.operation.page_name());
    out.name("params").open().name("cfg").hundredths(spec.cfg).name("character");
    write_character(&mut out, &spec.character);
    out.name("cue").open();
    match &spec.cue {
        Cue::State { state } => out.name("state").text(state),
        Cue::Reaction(r) => {
            out.name("animation").text(&r.animation).name("emotion").text(&r.emotion);
            out.name("expression").text(&r.expression).name("intensity").hundredths(r.intensity.as_unit())
        }
    };
    out.close();
    for (name, value) in
        [("duration_ms", spec.duration_ms.0), ("fps", spec.fps.into()), ("height", spec.height.into())]
    {
        out.name(name).whole(value);
    }
    out.name("negative_prompt").text(&spec.negative_prompt).name("prompt").text(&spec.prompt);
    for (name, value) in [("seed", spec.seed), ("steps", spec.steps), ("width", spec.width)] {
        out.name(name).whole(value.into());
    }
    out.close().name("scope").open();
    for (name, part) in [
        ("cache_key", &scope.cache_key),
        ("nonce", &scope.nonce),
        ("player", &scope.player),
        ("playthrough", &scope.playthrough),
    ] {
        if let Some(part) = part {
            out.name(name).text(part);
        }
    }
    if scope.private {
        out.name("private").flag(true);
    }
    out.close().name("tenant").text(tenant).name("v").whole(VERSION.into()).close();
    out
}

fn write_character(out: &mut JsonText, character: &Character) {
    out.open().name("id").text(&character.id).name("look");
    write_look(out, &character.look);
    out.name("version").whole(character.version.into()).close();
}

/// A look as an object.
pub(crate) fn write_look(out: &mut JsonText, look: &Look) {
    let color = |out: &mut JsonText, name, color: Color| {
        out.name(name).text(&color.to_string());
    };
    out.open();
    color(out, "accent", look.accent);
    color(out, "backdrop", look.backdrop);
    out.name("body").text(look.body.as_str());
    color(out, "primary", look.primary);
    color(out, "secondary", look.secondary);
    out.close();
}

/// The same object as a value, for whoever reads it part by part.
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
        "operation": spec.operation.page_name(),
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
    CacheKey(letters_of(&canonical_bytes(value))).as_str().to_owned()
}

/// RFC 4648, section 6, in lower case. No padding is due: the bytes come in fives.
fn letters_of(bytes: &[u8]) -> [u8; CacheKey::LEN] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut letters = [b'a'; CacheKey::LEN];
    for (eight, five) in letters.chunks_exact_mut(8).zip(digest.chunks_exact(5)) {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for (letter, place) in eight.iter_mut().zip((0..8).rev()) {
            *letter = match (bits >> (place * 5) & 31) as u8 {
                value @ 0..26 => b'a' + value,
                value => b'2' + (value - 26),
            };
        }
    }
    letters
}

/// RFC 8785 bytes of `value`.
#[must_use]
pub fn canonical_bytes(value: &Value) -> Vec<u8> {
    // A `Value` has string keys and finite numbers only, the two things the serializer refuses.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
