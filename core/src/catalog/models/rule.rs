//! What a model wants of one member of an order because of another: data, as the vendor's documents say it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ModelDef;
use crate::order::Role;
use crate::units::Millis;

/// What an order must be besides, where it meets a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The condition.
    pub when: When,
    /// The lengths that are left, in milliseconds. None: all that the model makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub durations_ms: Vec<Millis>,
    /// The resolutions that are left. None: all that the model makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolutions: Vec<String>,
}

/// A condition: all that it names holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(deny_unknown_fields)]
pub struct When {
    /// It is asked for in this resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// It is made from an input in this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Role>,
}

impl When {
    /// Whether an order of this resolution, made from inputs in these roles, meets it.
    #[must_use]
    pub fn holds(&self, resolution: Option<&str>, inputs: &[Role]) -> bool {
        self.resolution.as_ref().is_none_or(|own| resolution == Some(own.as_str()))
            && self.input.is_none_or(|own| inputs.contains(&own))
    }
}

impl ModelDef {
    /// The same model with the lengths and resolutions that its rules leave for what is made from inputs in
    /// these roles, whatever else is asked for.
    #[must_use]
    pub fn made_from(&self, inputs: &[Role]) -> Self {
        let mut left = self.clone();
        for rule in self.requires.iter().filter(|rule| rule.when.holds(None, inputs)) {
            left.durations_ms.retain(|own| rule.durations_ms.is_empty() || rule.durations_ms.contains(own));
            left.resolutions.retain(|own| rule.resolutions.is_empty() || rule.resolutions.contains(own));
        }
        left
    }
}

impl fmt::Display for When {
    /// For people: `with end_image in 1080p`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.input.map(|role| format!("with {}", role.as_str()));
        let resolution = self.resolution.as_ref().map(|name| format!("in {name}"));
        let parts: Vec<String> = role.into_iter().chain(resolution).collect();
        f.write_str(&parts.join(" "))
    }
}
