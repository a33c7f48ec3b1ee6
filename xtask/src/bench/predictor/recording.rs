//! Reads recorded sessions: one JSON object a line, `{"session", "tier", "states": [...]}`. Says
//! which line is wrong and why, and never guesses what a wrong one meant.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cuelight_core::catalog::Tier;
use cuelight_core::cue::{Cue, Intensity, Reaction};
use serde_json::{Map, Value, json};

/// No recorded session is longer, and no word: beyond it a file is broken rather than rich.
const MOST_STATES: usize = 1_000_000;
const LONGEST_WORD: usize = 200;
/// What a reaction that names no other is: as the request's own defaults.
const EMOTION: &str = "neutral";
const ANIMATION: &str = "idle";
const STRENGTH: f64 = 0.5;

/// One recorded session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    /// As the file names it; the line's number when it does not.
    pub(crate) name: Value,
    pub(crate) tier: Tier,
    pub(crate) cues: Vec<Cue>,
    /// Whether reactions are told with emotion and animation.
    whole: bool,
}

impl Session {
    /// The cue in the form in which this session tells cues.
    pub(crate) fn tell(&self, cue: &Cue) -> Value {
        match cue {
            Cue::State { state } => state.as_str().into(),
            Cue::Reaction(r) if self.whole => json!({
                "expression": r.expression, "emotion": r.emotion, "animation": r.animation,
                "intensity": r.intensity.as_unit(),
            }),
            Cue::Reaction(r) => json!({ "expression": r.expression, "intensity": r.intensity.as_unit() }),
        }
    }
}

/// The sessions of a file.
///
/// # Errors
/// It cannot be read, or a line is not a session.
pub(crate) fn read(path: &Path) -> Result<Vec<Session>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut sessions = Vec::new();
    for (number, line) in (1usize..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if !line.is_empty() {
            let session = session(line, number).with_context(|| format!("{}, line {number}", path.display()));
            sessions.push(session?);
        }
    }
    Ok(sessions)
}

/// One line of such a file, the `number`th.
///
/// # Errors
/// It is not a session.
pub(crate) fn session(line: &[u8], number: usize) -> Result<Session> {
    let line = std::str::from_utf8(line).context("it is not UTF-8")?;
    let value: Value = serde_json::from_str(line).context("it is not JSON")?;
    let Some(object) = value.as_object() else { bail!("a session is an object with `states`") };
    let name = match object.get("session") {
        None | Some(Value::Null) => number.into(),
        Some(name @ (Value::String(_) | Value::Number(_))) => name.clone(),
        Some(_) => bail!("`session` is a name or a number"),
    };
    let tier = match object.get("tier") {
        None | Some(Value::Null) => Tier::Enterprise,
        Some(Value::String(tier)) => match tier.to_ascii_lowercase().as_str() {
            "free" => Tier::Free,
            "pro" => Tier::Pro,
            // A plan that is not ours limits nothing.
            _ => Tier::Enterprise,
        },
        Some(_) => bail!("`tier` is free, pro or enterprise"),
    };
    let Some(states) = object.get("states").and_then(Value::as_array) else {
        bail!("`states` is missing, or no list")
    };
    ensure!(states.len() <= MOST_STATES, "more than {MOST_STATES} states");
    let mut cues = Vec::with_capacity(states.len());
    for (at, state) in states.iter().enumerate() {
        cues.push(cue(state).with_context(|| format!("`states[{at}]`"))?);
    }
    let whole = states.iter().any(|s| s.get("emotion").is_some() || s.get("animation").is_some());
    Ok(Session { name, tier, cues, whole })
}

fn cue(value: &Value) -> Result<Cue> {
    let cue = match value {
        Value::String(state) => Cue::state(checked(state)?),
        Value::Object(object) if object.contains_key("expression") => {
            let strength = match object.get("intensity") {
                None | Some(Value::Null) => STRENGTH,
                Some(number) => number.as_f64().context("`intensity` is a number from 0 to 1")?,
            };
            Cue::Reaction(Reaction {
                expression: word(object, "expression", EMOTION)?,
                emotion: word(object, "emotion", EMOTION)?,
                animation: word(object, "animation", ANIMATION)?,
                intensity: Intensity::from_unit(strength).context("`intensity` is a number from 0 to 1")?,
            })
        }
        Value::Object(object) if object.contains_key("state") => Cue::state(word(object, "state", "")?),
        _ => bail!("it is neither the name of a state nor an object with `expression` and `intensity`"),
    };
    Ok(cue)
}

fn word(object: &Map<String, Value>, name: &str, default: &str) -> Result<String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(default.to_owned()),
        Some(Value::String(text)) => checked(text),
        Some(_) => bail!("`{name}` is text"),
    }
}

fn checked(text: &str) -> Result<String> {
    ensure!(!text.is_empty(), "a name is not empty");
    ensure!(text.len() <= LONGEST_WORD, "a name has at most {LONGEST_WORD} bytes");
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_told_by_its_number_and_its_fault() {
        for (line, word) in [
            ("{", "JSON"),
            ("[]", "object"),
            ("{}", "states"),
            (r#"{"states": 7}"#, "states"),
            (r#"{"states": ["idle", 7]}"#, "states[1]"),
            (r#"{"states": [""]}"#, "empty"),
            (r#"{"states": [], "tier": 3}"#, "tier"),
            (r#"{"states": [], "session": []}"#, "session"),
            (r#"{"states": [{"expression": "calm", "intensity": 2}]}"#, "intensity"),
            (r#"{"states": [{"expression": 2, "intensity": 1}]}"#, "expression"),
        ] {
            let error = format!("{:#}", session(line.as_bytes(), 1).unwrap_err());
            assert!(error.contains(word), "{line}: {error}");
        }
        let missing = read(Path::new("no such file")).unwrap_err();
        assert!(format!("{missing:#}").contains("no such file"));
    }

    #[test]
    fn what_is_odd_but_clear_is_read() {
        let line = r#"{"states": ["idle", {"state": "dancing"}, {"expression": "calm"}], "tier": "Free", "extra": 1}"#;
        let read = session(line.as_bytes(), 3).unwrap();
        assert_eq!((read.tier, read.name.as_u64(), read.cues.len()), (Tier::Free, Some(3), 3));
        assert_eq!(read.tell(&read.cues[2]), json!({ "expression": "calm", "intensity": 0.5 }));
        assert_eq!(session(br#"{"session":"a","tier":null,"states":[]}"#, 1).unwrap().cues, []);
    }
}
