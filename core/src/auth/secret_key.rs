//! The keys of servers: how one is written, and which ones a deployment knows.
//!
//! A key is 32 random bytes, so a deployment keeps a plain SHA-256 of it. Slow hashes protect
//! words that people choose, which can be guessed; 2^256 bytes cannot, and a slow hash would cost
//! every call its CPU time.

use std::fmt;

use ctutils::CtEq;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::AuthError;
use super::date_time;
use super::setting::{self, NAME_RULE, SettingError};
use crate::units::Millis;

/// How every secret key begins, so that a scanner of leaked secrets finds ours.
pub const PREFIX: &str = "cue_sk_";
/// How many characters follow: 32 bytes in base64url (RFC 4648, section 5) without padding.
const BODY_CHARS: usize = 43;

/// A secret key. Its text is shown once, to the operator who makes it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// The key made of these random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The key itself: for the operator's eyes, never for a log.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a deployment keeps instead: SHA-256 of the whole text, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        HEXLOWER.encode(&digest_of(&self.0))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Something a secret key may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Ask for clips, with any prompt, and read and cancel jobs.
    Jobs,
    /// Issue tokens for pages.
    Tokens,
    /// Read what the tenant has used.
    Usage,
    /// Run the deployment: lanes, revocations, logs.
    Operate,
}

impl Right {
    /// For "this key may not …".
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Jobs => "ask for clips (jobs)",
            Self::Tokens => "issue tokens (tokens)",
            Self::Usage => "read usage (usage)",
            Self::Operate => "run the deployment (operate)",
        }
    }
}

/// One secret key that a deployment knows, by its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names the key in logs.
    pub id: String,
    /// Whose key it is.
    pub tenant: String,
    /// When it stops working, if ever: milliseconds since the Unix epoch.
    pub expires_at: Option<Millis>,
    rights: Vec<Right>,
    sha256: [u8; 32],
}

impl Entry {
    /// Refuses what the key was not given the right to.
    ///
    /// # Errors
    /// [`AuthError::KeyMayNot`].
    pub fn require(&self, right: Right) -> Result<(), AuthError> {
        if self.rights.contains(&right) { Ok(()) } else { Err(AuthError::KeyMayNot(right)) }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("id", &self.id).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Every secret key of a deployment. Empty knows nobody. A key is replaced by listing both until
/// every server uses the new one, and revoked by removing its entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    tenant: String,
    sha256: String,
    may: Vec<Right>,
    expires_at: Option<String>,
}

impl KeyRing {
    /// Reads a worker secret:
    /// `[{"id":"k1","tenant":"demo","sha256":"…","may":["jobs","tokens","usage","operate"],"expires_at":"2027-01-01T00:00:00Z"}]`,
    /// where `expires_at` may be left out.
    ///
    /// # Errors
    /// The first thing that is wrong, in words that hold nothing of the secret.
    pub fn from_json(json: &str) -> Result<Self, SettingError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, written) in setting::entries::<Written>(json)?.into_iter().enumerate() {
            let wrong = |member, rule| SettingError::Member { index, member, rule };
            let repeated = |member| SettingError::Repeated { index, member };
            if !setting::is_name(&written.id) {
                return Err(wrong("id", NAME_RULE));
            }
            if !setting::is_name(&written.tenant) {
                return Err(wrong("tenant", NAME_RULE));
            }
            let sha256 = HEXLOWER.decode(written.sha256.as_bytes()).ok().and_then(|b| b.try_into().ok());
            let sha256 = sha256.ok_or(wrong("sha256", "64 lower-case hexadecimal digits"))?;
            let expires_at = match written.expires_at.as_deref().map(date_time::read) {
                None => None,
                Some(Some(at)) => Some(at),
                Some(None) => return Err(wrong("expires_at", "a time in UTC such as 2027-01-01T00:00:00Z")),
            };
            if entries.iter().any(|e| e.id == written.id) {
                return Err(repeated("id"));
            }
            if entries.iter().any(|e| e.sha256 == sha256) {
                return Err(repeated("sha256"));
            }
            let Written { id, tenant, may: rights, .. } = written;
            entries.push(Entry { id, tenant, expires_at, rights, sha256 });
        }
        Ok(Self { entries })
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// [`AuthError::Malformed`], [`AuthError::UnknownKey`] or [`AuthError::KeyExpired`].
    pub fn authenticate(&self, presented: &str, now: Millis) -> Result<&Entry, AuthError> {
        let body = presented.strip_prefix(PREFIX).ok_or(AuthError::Malformed)?;
        if body.len() != BODY_CHARS || BASE64URL_NOPAD.decode(body.as_bytes()).is_err() {
            return Err(AuthError::Malformed);
        }
        let digest = digest_of(presented);
        // Every entry is compared, and in constant time: how long it takes tells nothing of a hash.
        let mut found = None;
        for entry in &self.entries {
            if entry.sha256.ct_eq(&digest).to_bool() {
                found = Some(entry);
            }
        }
        let entry = found.ok_or(AuthError::UnknownKey)?;
        if entry.expires_at.is_some_and(|at| at <= now) { Err(AuthError::KeyExpired) } else { Ok(entry) }
    }
}

fn digest_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Millis = Millis::seconds(1_800_000_000);

    fn entry(id: &str, key: &SecretKey) -> Value {
        json!({"id": id, "tenant": "demo", "sha256": key.sha256(), "may": ["jobs", "usage"]})
    }

    fn ring(entries: &[Value]) -> KeyRing {
        KeyRing::from_json(&json!(entries).to_string()).unwrap()
    }

    proptest! {
        #[test]
        fn a_key_opens_for_its_tenant_and_no_altered_key_does(
            bytes: [u8; 32], other: [u8; 32], at in 0usize..50, to in "[ -~]"
        ) {
            let (key, other) = (SecretKey::from_random(bytes), SecretKey::from_random(other));
            prop_assume!(key != other);
            let ring = ring(&[entry("other", &other), entry("k1", &key)]);
            prop_assert_eq!(&ring.authenticate(key.reveal(), NOW).unwrap().id, "k1");
            let mut altered = key.reveal().to_owned();
            altered.replace_range(at..=at, &to);
            prop_assume!(altered != key.reveal());
            prop_assert!(ring.authenticate(&altered, NOW).is_err());
        }

        #[test]
        fn anything_else_is_no_key(presented in ".{0,80}") {
            prop_assert!(ring(&[entry("k1", &SecretKey::from_random([1; 32]))]).authenticate(&presented, NOW).is_err());
        }

        #[test]
        fn a_setting_is_read_or_refused_and_never_repeated(
            json in "[\\[{][\\PC]{0,200}", secret in "[a-z]{12}"
        ) {
            let _ = KeyRing::from_json(&json);
            for text in [
                format!(r#"[{{"{secret}":1}}]"#),
                format!(r#"["{secret}"]"#),
                format!(r#"[{{"id":"a","tenant":"t","sha256":"{secret}","may":[]}}]"#),
                format!(r#"[{{"id":"a","tenant":"t","sha256":"x","may":["{secret}"]}}]"#),
            ] {
                let error = KeyRing::from_json(&text).unwrap_err();
                let told = format!("{error} {error:?}");
                prop_assert!(!told.contains(&secret), "{}", told);
            }
        }
    }

    #[test]
    fn a_key_is_found_by_a_scanner_and_stored_as_its_hash() {
        let key = SecretKey::from_random([0xa5; 32]);
        assert_eq!(key.reveal(), "cue_sk_paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU");
        assert_eq!(key.sha256(), "91c18db2032a4121e83ef00a79bd032465a197c6744e5adccab6c07af77b4da5");
    }

    #[test]
    fn a_key_is_replaced_while_both_work_and_revoked_by_removal() {
        let (old, new) = (SecretKey::from_random([1; 32]), SecretKey::from_random([2; 32]));
        let both = ring(&[entry("k1", &old), entry("k2", &new)]);
        assert_eq!(both.authenticate(old.reveal(), NOW).unwrap().id, "k1");
        assert_eq!(both.authenticate(new.reveal(), NOW).unwrap().id, "k2");
        let after = ring(&[entry("k2", &new)]);
        assert_eq!(after.authenticate(old.reveal(), NOW), Err(AuthError::UnknownKey));
        assert_eq!(KeyRing::default().authenticate(new.reveal(), NOW), Err(AuthError::UnknownKey));
    }

    #[test]
    fn a_key_stops_working_at_its_time_to_the_millisecond() {
        let key = SecretKey::from_random([1; 32]);
        let mut written = entry("k1", &key);
        written["expires_at"] = "2027-01-01T00:00:00Z".into();
        let ring = ring(&[written]);
        let end = Millis::seconds(1_798_761_600);
        assert!(ring.authenticate(key.reveal(), Millis(end.0 - 1)).is_ok());
        assert_eq!(ring.authenticate(key.reveal(), end), Err(AuthError::KeyExpired));
    }

    #[test]
    fn a_key_may_do_what_it_was_given_and_nothing_else() {
        let key = SecretKey::from_random([1; 32]);
        let ring = ring(&[entry("k1", &key)]);
        let entry = ring.authenticate(key.reveal(), NOW).unwrap();
        assert_eq!(entry.require(Right::Jobs), Ok(()));
        assert_eq!(entry.require(Right::Usage), Ok(()));
        for right in [Right::Tokens, Right::Operate] {
            assert_eq!(entry.require(right), Err(AuthError::KeyMayNot(right)));
        }
    }

    #[test]
    fn a_wrong_setting_says_which_entry_and_member() {
        let key = SecretKey::from_random([1; 32]);
        let with = |member: &str, value: Value| {
            let mut wrong = entry("k2", &SecretKey::from_random([2; 32]));
            wrong[member] = value;
            KeyRing::from_json(&json!([entry("k1", &key), wrong]).to_string()).unwrap_err()
        };
        let upper = "A".repeat(64);
        for (member, value) in [
            ("id", json!("")),
            ("tenant", json!("a/b")),
            ("sha256", json!("abc")),
            ("sha256", json!(upper)),
            ("expires_at", json!("tomorrow")),
        ] {
            let found = with(member, value);
            assert!(
                matches!(found, SettingError::Member { index: 1, member: m, .. } if m == member),
                "{found}"
            );
        }
        assert_eq!(with("id", json!("k1")), SettingError::Repeated { index: 1, member: "id" });
        assert_eq!(
            with("sha256", json!(key.sha256())),
            SettingError::Repeated { index: 1, member: "sha256" }
        );
        for (member, value) in [("surprise", json!(1)), ("may", json!(["everything"])), ("id", json!(7))] {
            assert!(matches!(with(member, value), SettingError::Malformed { .. }));
        }
        let twice = r#"[{"id":"a","id":"b","tenant":"t","sha256":"","may":[]}]"#;
        assert!(matches!(KeyRing::from_json(twice), Err(SettingError::Malformed { .. })));
        assert_eq!(KeyRing::from_json(&" ".repeat(70_000)), Err(SettingError::TooLarge));
    }

    #[test]
    fn nothing_secret_is_shown_for_debugging() {
        let key = SecretKey::from_random([9; 32]);
        let shown = format!("{key:?} {:?}", ring(&[entry("k1", &key)]));
        assert!(
            !shown.contains(&key.reveal()[7..]) && !shown.contains(&key.sha256()) && !shown.contains("9, 9")
        );
        assert!(shown.contains("k1"));
    }
}
