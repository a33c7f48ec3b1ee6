//! A cue: what a character should be doing. A widget names a state; a game names an expression,
//! an emotion, an animation and an intensity. Everything after a cue treats both alike.

use serde::{Deserialize, Serialize};

/// How strongly something is expressed, in tenths, 0 to 10. Finer steps would make clips that
/// nobody can tell apart and everybody pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Intensity(u8);

impl Intensity {
    /// Rounds `value` (0 to 1) to the nearest tenth, half up. `None` outside 0 to 1 or for NaN.
    #[must_use]
    pub fn from_unit(value: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&value) {
            return None;
        }
        // In range, so the cast keeps the value. 1e-9 lifts decimal halves such as 0.35, which
        // binary stores a hair too low, to where a person expects them.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(Self((value * 10.0 + 0.5 + 1e-9).floor() as u8))
    }

    /// In tenths, 0 to 10.
    #[must_use]
    pub const fn tenths(self) -> u8 {
        self.0
    }

    /// As a number from 0 to 1, exactly the nearest double to the decimal.
    #[must_use]
    pub fn as_unit(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl Serialize for Intensity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_unit())
    }
}

impl<'de> Deserialize<'de> for Intensity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_unit(f64::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("an intensity lies between 0 and 1"))
    }
}

/// What should be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Cue {
    /// A state of the catalogue, as a widget asks.
    State {
        /// The state's id, for instance `talking`.
        state: String,
    },
    /// A reaction, as a game asks.
    Reaction(Reaction),
}

impl Cue {
    /// A cue for the state with this id.
    #[must_use]
    pub fn state(id: impl Into<String>) -> Self {
        Self::State { state: id.into() }
    }
}

impl std::fmt::Display for Cue {
    /// A short label for logs and panels: `talking`, or `pleased/flustered/giggle 0.7`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::State { state } => f.write_str(state),
            Self::Reaction(r) => {
                let tenths = r.intensity.tenths();
                write!(f, "{}/{}/{} {}.{}", r.expression, r.emotion, r.animation, tenths / 10, tenths % 10)
            }
        }
    }
}

/// A game character's reaction. Words are free, 1 to 40 characters; a renderer that does not know
/// one falls back to `neutral` and `idle`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reaction {
    /// The face, for instance `interested`.
    pub expression: String,
    /// The feeling behind it, for instance `pleased`.
    pub emotion: String,
    /// What the body does, for instance `giggle`, or `idle`.
    pub animation: String,
    /// How strongly.
    pub intensity: Intensity,
}

impl Reaction {
    /// How far `other` is from this reaction, 0 for the same, word by word: [`crate::nearest`], which the edge
    /// asks, compares words by mood as well, from data that a page does not download. What the face shows counts more than the feeling
    /// behind it, that more than what the body does, and the intensity decides among equals. `None` where
    /// neither the face nor the feeling is the same: that would say something else.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Option<u8> {
        let face = self.expression == other.expression;
        let feeling = self.emotion == other.emotion;
        let body = self.animation == other.animation;
        let differs = |same: bool, weight: u8| if same { 0 } else { weight };
        let intensity = self.intensity.0.abs_diff(other.intensity.0);
        let words = differs(face, 80) + differs(feeling, 40) + differs(body, 20);
        (face || feeling).then_some(words + intensity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn intensity_is_the_nearest_tenth(hundredths in 0u32..=100) {
            let got = Intensity::from_unit(f64::from(hundredths) / 100.0).unwrap();
            prop_assert_eq!(u32::from(got.tenths()), (hundredths + 5) / 10);
        }
    }

    #[test]
    fn of_two_reactions_the_one_with_the_same_face_is_closer_and_one_with_nothing_in_common_is_none() {
        let reaction = |expression: &str, emotion: &str, animation: &str, tenths| Reaction {
            expression: expression.into(),
            emotion: emotion.into(),
            animation: animation.into(),
            intensity: Intensity(tenths),
        };
        let wanted = reaction("smile", "pleased", "wave", 5);
        let by_distance = [
            reaction("smile", "pleased", "wave", 5),
            reaction("smile", "pleased", "wave", 9),
            reaction("smile", "pleased", "nod", 5),
            reaction("smile", "shy", "wave", 5),
            reaction("smile", "shy", "nod", 10),
            reaction("grin", "pleased", "wave", 5),
        ];
        let distances: Vec<_> = by_distance.iter().map(|one| wanted.distance(one).unwrap()).collect();
        assert!(distances.is_sorted_by(|a, b| a < b), "{distances:?}");
        assert_eq!(distances[0], 0);
        assert_eq!(wanted.distance(&reaction("frown", "angry", "wave", 5)), None);
    }

    #[test]
    fn an_intensity_outside_its_range_is_refused() {
        for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
            assert_eq!(Intensity::from_unit(bad), None);
        }
    }
}
