//! The secrets that tokens and private addresses are signed with: the first signs, all verify.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use super::mac::MacKey;
use super::setting::{self, NAME_RULE, SettingError};

/// Shortest secret, in bytes: that of the hash (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;
/// Longest secret, in bytes: one block of SHA-256. HMAC gains nothing from more.
const MAX_SECRET_BYTES: usize = 64;
/// Separates private addresses from tokens. It holds no dot, and what a token signs always does,
/// so no token can be signed into the key of the addresses.
const ADDRESS_PURPOSE: &str = "cuelight clip-address v1";

/// One secret and what is made of it.
#[derive(Clone)]
pub(super) struct SigningKey {
    /// Names the secret in a token's header.
    pub(super) kid: String,
    /// Signs tokens: the secret itself, as RFC 7515 has it.
    pub(super) token: MacKey,
    /// Signs private addresses.
    pub(super) address: MacKey,
}

/// Every secret that is in use. One is replaced by putting the new one first, and removing the
/// old one when the last token it signed has expired, after a day at most.
#[derive(Clone)]
pub struct SigningKeys {
    /// The one that signs.
    pub(super) first: SigningKey,
    /// More that verify.
    rest: Vec<SigningKey>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<&str> = self.all().map(|key| key.kid.as_str()).collect();
        f.debug_tuple("SigningKeys").field(&kids).finish()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kid: String,
    secret: String,
}

impl SigningKeys {
    /// Reads a worker secret: `[{"kid":"2026-11","secret":"…"}]`, each secret 32 to 64 random bytes
    /// in base64url without padding.
    ///
    /// # Errors
    /// The first thing that is wrong, in words that hold nothing of the secret.
    pub fn from_json(json: &str) -> Result<Self, SettingError> {
        let mut keys: Vec<SigningKey> = Vec::new();
        for (index, written) in setting::entries::<Written>(json)?.into_iter().enumerate() {
            if !setting::is_name(&written.kid) {
                return Err(SettingError::Member { index, member: "kid", rule: NAME_RULE });
            }
            if keys.iter().any(|key| key.kid == written.kid) {
                return Err(SettingError::Repeated { index, member: "kid" });
            }
            let key = signing_key(written.kid, &written.secret);
            let rule = "32 to 64 random bytes in base64url without padding";
            keys.push(key.ok_or(SettingError::Member { index, member: "secret", rule })?);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(SettingError::Empty)?;
        Ok(Self { first, rest: keys.collect() })
    }

    /// The key of this name.
    pub(super) fn named(&self, kid: &str) -> Option<&SigningKey> {
        self.all().find(|key| key.kid == kid)
    }

    /// Every key, the one that signs first.
    pub(super) fn all(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

fn signing_key(kid: String, secret: &str) -> Option<SigningKey> {
    let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
    if !(MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&secret.len()) {
        return None;
    }
    let token = MacKey::new(&secret)?;
    let address = token.derive(ADDRESS_PURPOSE)?;
    Some(SigningKey { kid, token, address })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Result<SigningKeys, SettingError> {
        SigningKeys::from_json(&value.to_string())
    }

    #[test]
    fn the_first_signs_and_all_are_found() {
        let (old, new) = (BASE64URL_NOPAD.encode(&[1; 32]), BASE64URL_NOPAD.encode(&[2; 64]));
        let keys = read(&json!([{"kid": "new", "secret": new}, {"kid": "old", "secret": old}])).unwrap();
        assert_eq!(keys.first.kid, "new");
        assert!(keys.named("old").is_some() && keys.named("older").is_none());
        assert_eq!(format!("{keys:?}"), r#"SigningKeys(["new", "old"])"#);
    }

    #[test]
    fn a_wrong_setting_is_refused_without_repeating_it() {
        let good = BASE64URL_NOPAD.encode(&[1; 32]);
        for secret in [
            BASE64URL_NOPAD.encode(&[1; 31]),
            BASE64URL_NOPAD.encode(&[1; 65]),
            format!("{good}="),
            "+".repeat(43),
            "hunter2".into(),
        ] {
            let error =
                read(&json!([{"kid": "a", "secret": good}, {"kid": "b", "secret": secret}])).unwrap_err();
            assert!(matches!(error, SettingError::Member { index: 1, member: "secret", .. }), "{error}");
            assert!(!error.to_string().contains(&secret));
        }
        let twice = json!([{"kid": "a", "secret": good}, {"kid": "a", "secret": good}]);
        assert_eq!(read(&twice).unwrap_err(), SettingError::Repeated { index: 1, member: "kid" });
        assert_eq!(read(&json!([])).unwrap_err(), SettingError::Empty);
        let misplaced = read(&json!({"kid": "a", "secret": good})).unwrap_err();
        assert!(matches!(misplaced, SettingError::Malformed { .. }));
        assert!(!misplaced.to_string().contains(&good));
    }
}
