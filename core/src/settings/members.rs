//! Reads the members of a setting one by one and remembers everything that is wrong.
//!
//! A member is taken at most once; what nobody took is unknown and refused, with the name that was
//! probably meant.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::reference::{Default, Setting, Values};
use super::{SettingCode, SettingError};
use crate::catalog::Tier;

/// As much of a name from outside as an error repeats.
const MOST_NAME_CHARS: usize = 80;

/// The members of one object that are not read yet.
pub(super) struct Members<'a, 'e> {
    path: String,
    left: BTreeMap<&'a str, &'a Value>,
    known: Vec<String>,
    errors: &'e mut Vec<SettingError>,
}

impl<'a, 'e> Members<'a, 'e> {
    /// The members of `object`, which is at `path`; empty for the variables themselves. A `null` is
    /// no member.
    pub(super) fn new(
        object: &'a Map<String, Value>,
        path: String,
        errors: &'e mut Vec<SettingError>,
    ) -> Self {
        let present = object.iter().filter(|(_, value)| !value.is_null());
        let left = present.map(|(name, value)| (name.as_str(), value)).collect();
        Self { path, left, known: Vec::new(), errors }
    }

    /// Takes a member.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.known.push(name.to_owned());
        self.left.remove(name)
    }

    /// Reports a member that is not there, or is reported already. `what` says what it is to be.
    pub(super) fn require(&mut self, name: &str, what: &str) {
        if !self.left.contains_key(name) {
            self.report(name, SettingCode::Missing, format!("is required: {what}"));
        }
    }

    /// The names of the members that are left, in order.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.left.keys().copied().collect()
    }

    /// Takes a member that must be an object, and gives its members to `read`. Absent: nothing.
    pub(super) fn inside<T>(&mut self, name: &str, read: impl FnOnce(Members<'a, '_>) -> T) -> Option<T> {
        let value = self.take(name)?;
        let Some(object) = value.as_object() else {
            self.report(name, SettingCode::WrongType, format!("must be an object, not {}", kind(value)));
            return None;
        };
        let path = self.path_of(name);
        Some(read(Members::new(object, path, self.errors)))
    }

    /// Reports member `name`, unless it is reported already.
    pub(super) fn report(&mut self, name: &str, code: SettingCode, detail: String) {
        if !self.is_reported(name) {
            let path = self.path_of(name);
            self.errors.push(SettingError { path, code, detail });
        }
    }

    /// Whether member `name` is reported.
    pub(super) fn is_reported(&self, name: &str) -> bool {
        let path = self.path_of(name);
        self.errors.iter().any(|error| error.path == path)
    }

    /// A string that is not empty. An empty one is how a template says "yours to set": `what` says
    /// what it is to be.
    pub(super) fn text(&mut self, name: &str, what: &str) -> Option<&'a str> {
        let value = self.take(name)?;
        match value.as_str() {
            Some("") => {
                self.report(name, SettingCode::Unset, format!("is yours to set: {what}"));
                None
            }
            Some(text) => Some(text),
            None => {
                self.report(name, SettingCode::WrongType, format!("must be a string, not {}", kind(value)));
                None
            }
        }
    }

    /// A whole number within the setting's bounds; nothing when it is absent or was reported.
    pub(super) fn whole(&mut self, setting: &Setting) -> Option<u64> {
        let name = setting.name();
        let value = self.take(name)?;
        let Values::Whole(min, max) = setting.values else { return None };
        let found = value.as_u64().filter(|number| (min..=max).contains(number));
        if found.is_none() {
            let code = if value.is_number() { SettingCode::OutOfRange } else { SettingCode::WrongType };
            let told = if value.is_number() { value.to_string() } else { kind(value).to_owned() };
            self.report(name, code, format!("must be a whole number from {min} to {max}, not {told}"));
        }
        found
    }

    /// As [`Members::whole`], or the default of the plan.
    pub(super) fn whole_or(&mut self, setting: &Setting, plan: Tier) -> u64 {
        self.whole(setting).unwrap_or_else(|| default(setting, plan))
    }

    /// As [`Members::whole_or`] for settings whose bounds fit into 32 bits.
    pub(super) fn count_or(&mut self, setting: &Setting, plan: Tier) -> u32 {
        u32::try_from(self.whole_or(setting, plan)).unwrap_or(u32::MAX)
    }

    /// Reports every member that nobody took.
    pub(super) fn refuse_the_rest(mut self) {
        for name in std::mem::take(&mut self.left).into_keys() {
            let detail = match closest(name, &self.known) {
                Some(meant) => format!("there is no such setting; did you mean {meant}?"),
                None => format!("there is no such setting here; there are {}", self.known.join(", ")),
            };
            self.report(name, SettingCode::Unknown, detail);
        }
    }

    fn path_of(&self, name: &str) -> String {
        let name: String = name.chars().take(MOST_NAME_CHARS).collect();
        if self.path.is_empty() { name } else { format!("{}.{name}", self.path) }
    }
}

/// What a number is for a plan when it is not set.
pub(super) fn default(setting: &Setting, plan: Tier) -> u64 {
    match setting.default {
        Default::Whole(number) => number,
        Default::ByPlan([free, pro, enterprise]) => match plan {
            Tier::Free => free,
            Tier::Pro => pro,
            Tier::Enterprise => enterprise,
        },
        Default::Required | Default::Words(_) => 0,
    }
}

/// What a JSON value is, for a sentence.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The known name that `name` is a slip of, if it is of any: up to two slips, or another case.
pub(super) fn closest<'k, K: AsRef<str>>(name: &str, known: &'k [K]) -> Option<&'k str> {
    // Comparing takes the product of the lengths, and no name of ours is nearly as long.
    let name: String = name.chars().take(MOST_NAME_CHARS).collect::<String>().to_lowercase();
    let slips = |known: &str| strsim::osa_distance(&name, &known.to_lowercase());
    let nearest = known.iter().map(|known| (slips(known.as_ref()), known.as_ref())).min()?;
    (nearest.0 <= 2 && nearest.0 * 2 < name.chars().count().max(1)).then_some(nearest.1)
}
