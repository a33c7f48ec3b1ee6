//! Reads the lists that a deployment keeps as worker secrets, and says what is wrong with one
//! without repeating any of it.

use serde::de::DeserializeOwned;

/// Largest setting, in bytes. A worker secret holds 5 KB.
const MAX_BYTES: usize = 64 * 1024;
/// Most entries of a list.
const MAX_ENTRIES: usize = 256;

/// What is wrong with a setting. Positions and our own words only: the setting is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not a JSON list of entries with the documented members.
    #[error("it is not a list of entries with the documented members (line {line}, column {column})")]
    Malformed {
        /// Where reading stopped; lines count from 1.
        line: usize,
        /// Where in the line; columns count from 1.
        column: usize,
    },
    /// It is too long, or has too many entries.
    #[error("it is longer than {MAX_BYTES} bytes or has more than {MAX_ENTRIES} entries")]
    TooLarge,
    /// There must be an entry.
    #[error("the list is empty: it needs an entry")]
    Empty,
    /// A member is wrong.
    #[error("entry {index}: `{member}` must be {rule}")]
    Member {
        /// Which entry, from 0.
        index: usize,
        /// Which member.
        member: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// Two entries have the same value in a member that tells them apart.
    #[error("entry {index}: `{member}` is that of an earlier entry")]
    Repeated {
        /// The later entry, from 0.
        index: usize,
        /// Which member.
        member: &'static str,
    },
}

/// The entries of the list in `json`.
pub(super) fn entries<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, SettingError> {
    if json.len() > MAX_BYTES {
        return Err(SettingError::TooLarge);
    }
    // The parser's own message quotes what it found, so only its position is kept.
    let entries: Vec<T> = serde_json::from_str(json)
        .map_err(|e| SettingError::Malformed { line: e.line(), column: e.column() })?;
    if entries.len() > MAX_ENTRIES { Err(SettingError::TooLarge) } else { Ok(entries) }
}

/// Whether `text` can name something in a setting: 1 to 64 of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// What [`is_name`] wants.
pub(super) const NAME_RULE: &str = "1 to 64 characters of a-z, A-Z, 0-9, dot, _ and -";
