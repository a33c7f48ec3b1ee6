//! What we add and compare: time and money. A unit is a type, so that two cannot be mixed up.
//!
//! Never reads a clock. Shells read one and pass it in.

use serde::{Deserialize, Serialize};

/// Milliseconds: a point in time since the Unix epoch, or a span. Arithmetic saturates, because a
/// clock that jumps must not stop a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// A span of whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// The span from `earlier` to `self`, or zero when the clock went backwards.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add for Millis {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// Money in micro-dollars: 1,000,000 are one US dollar. Whole numbers only, so that a thousand
/// sums come out as one. Arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// What is left of `self` after `spent`, or nothing.
    #[must_use]
    pub const fn less(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }
}

impl std::ops::Add for MicroUsd {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl std::fmt::Display for MicroUsd {
    /// In dollars, with as many decimals as it takes: `$0.0042`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (dollars, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let decimals = format!("{rest:06}");
        let decimals = decimals.trim_end_matches('0');
        write!(f, "${dollars}.{decimals:0<2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_in_dollars() {
        for (micro, told) in
            [(0, "$0.00"), (4_200, "$0.0042"), (1_500_000, "$1.50"), (12_000_001, "$12.000001")]
        {
            assert_eq!(MicroUsd(micro).to_string(), told);
        }
    }
}
