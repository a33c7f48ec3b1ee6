//! A character as a picture: body, colours, seed and version. Who owns it and how it came to be
//! is not here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog::{self, embedded::CHARACTERS};
use crate::document::Document;

/// The body a character is built on. Each is drawn differently by the studio and the placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// A boxy machine with an antenna and a screen for a face.
    Robot,
    /// A soft drop without limbs to speak of.
    Blob,
    /// A robed elder with a long beard.
    Sage,
    /// A sporty human-like figure with a headband.
    Athlete,
    /// A cat with ears, whiskers and a tail.
    Cat,
    /// An owl with large eyes and wings.
    Owl,
}

impl Body {
    /// Every body, in the order they are offered to a person who chooses.
    pub const ALL: [Self; 6] = [Self::Robot, Self::Blob, Self::Sage, Self::Athlete, Self::Cat, Self::Owl];

    /// The name used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Robot => "robot",
            Self::Blob => "blob",
            Self::Sage => "sage",
            Self::Athlete => "athlete",
            Self::Cat => "cat",
            Self::Owl => "owl",
        }
    }

    /// The body with this wire name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|body| body.as_str() == name)
    }
}

/// An opaque sRGB colour, written `#rrggbb` in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green, 0 to 255.
    pub g: u8,
    /// Blue, 0 to 255.
    pub b: u8,
}

impl Color {
    /// Reads `#rrggbb`, in either case. Anything else is `None`: a colour ends up inside SVG and
    /// must not be able to carry markup.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#')?;
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        Some(Self { r, g, b })
    }

    /// From hue (degrees, any), saturation and lightness (0 to 1), by the formula of CSS Color 4,
    /// section 7.1.
    #[must_use]
    pub fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Self {
        let channel = |n: f64| {
            let k = (n + hue.rem_euclid(360.0) / 30.0) % 12.0;
            let a = saturation * lightness.min(1.0 - lightness);
            let value = lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let byte = (value * 255.0).round().clamp(0.0, 255.0) as u8;
            byte
        };
        Self { r: channel(0.0), g: channel(8.0), b: channel(4.0) }
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

impl Serialize for Color {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a colour is written #rrggbb"))
    }
}

/// What a character looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The body it is built on.
    pub body: Body,
    /// The main colour of the body.
    pub primary: Color,
    /// The darker colour of outlines and clothing.
    pub secondary: Color,
    /// The colour of details: lights, cheeks, a headband.
    pub accent: Color,
    /// The flat colour behind the character. A page that wants to key the background out, or to
    /// let it melt into a panel, chooses it.
    pub backdrop: Color,
}

impl Look {
    /// Reads a look. `None` where a member is missing or wrong; what is unknown is passed over.
    #[must_use]
    pub fn read<D: Document>(document: D) -> Option<Self> {
        let color = |name| Color::parse(&document.text_at(name)?);
        Some(Self {
            body: Body::parse(&document.text_at("body")?)?,
            primary: color("primary")?,
            secondary: color("secondary")?,
            accent: color("accent")?,
            backdrop: color("backdrop")?,
        })
    }
}

/// A character: everything about it that changes the picture, and the name people call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Character {
    /// Stable id: 1 to 40 characters of `a-z`, `0-9` and `-`.
    pub id: String,
    /// Raised whenever the artwork changes, so that old clips are never shown for new artwork.
    /// 1 or more.
    pub version: u32,
    /// What people call it; used in text alternatives. Does not enter a key. At most 60 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The seed every clip of this character is made with, so that they match.
    pub seed: u32,
    /// What it looks like.
    pub look: Look,
}

impl Character {
    /// Reads a character. `None` where a member is missing or wrong; what is unknown is passed over.
    fn read<D: Document>(document: D) -> Option<Self> {
        let small = |name| document.whole_at(name).and_then(|number| u32::try_from(number).ok());
        Some(Self {
            id: document.text_at("id")?,
            version: small("version")?,
            name: document.text_at("name").unwrap_or_default(),
            seed: small("seed")?,
            look: Look::read(document.member("look")?)?,
        })
    }

    /// A character for an id that nobody has drawn yet: body and colours come from the id's
    /// SHA-256, so that the same id always has the same face and two ids rarely share one.
    #[must_use]
    pub fn derived(id: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        let [body, hue, accent_step, a, b, c, d, ..] = digest;
        let hue = f64::from(hue) / 255.0 * 360.0;
        let accent_hue = hue + 120.0 + f64::from(accent_step) / 255.0 * 120.0;
        Self {
            id: id.to_owned(),
            version: 1,
            name: String::new(),
            seed: u32::from_be_bytes([a, b, c, d]),
            look: Look {
                body: Body::ALL[usize::from(body) % Body::ALL.len()],
                primary: Color::from_hsl(hue, 0.60, 0.60),
                secondary: Color::from_hsl(hue, 0.55, 0.25),
                accent: Color::from_hsl(accent_hue, 0.80, 0.62),
                backdrop: Color::from_hsl(hue, 0.60, 0.95),
            },
        }
    }
}

/// The characters that ship with Cuelight, by id.
#[must_use]
pub fn built_in() -> &'static BTreeMap<String, Character> {
    static BUILT_IN: LazyLock<BTreeMap<String, Character>> = LazyLock::new(|| {
        let all = catalog::entries(&CHARACTERS, "characters", Character::read);
        all.into_iter().map(|c| (c.id.clone(), c)).collect()
    });
    &BUILT_IN
}

/// The character with this id that ships with Cuelight. Reads that one only.
#[must_use]
pub fn find(id: &str) -> Option<Character> {
    let all = (&CHARACTERS).member("characters")?.items()?;
    all.into_iter().find(|one| one.text_at("id").as_deref() == Some(id)).and_then(Character::read)
}

/// The ids of the characters that ship with Cuelight, in the order of the catalogue.
pub fn built_in_ids() -> impl Iterator<Item = String> {
    let all = (&CHARACTERS).member("characters").and_then(|all| all.items()).unwrap_or_default();
    all.into_iter().filter_map(|one| one.text_at("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_characters_use_every_body_once() {
        let mut bodies: Vec<Body> = built_in().values().map(|c| c.look.body).collect();
        bodies.sort_unstable();
        assert_eq!(bodies, Body::ALL);
    }

    #[test]
    fn the_built_in_characters_are_those_of_the_file_and_are_found_one_by_one() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../catalog/characters.json")).unwrap();
        let file: Vec<Character> = serde_json::from_value(file["characters"].clone()).unwrap();
        assert_eq!(file.len(), built_in().len());
        for character in file {
            assert_eq!(built_in().get(&character.id), Some(&character));
            assert_eq!(find(&character.id), Some(character));
        }
        assert_eq!(find("nobody"), None);
    }

    #[test]
    fn a_colour_cannot_carry_markup() {
        assert_eq!(Color::parse("#A0b1C2").unwrap().to_string(), "#a0b1c2");
        for bad in ["", "#fff", "red", "#12345g", "#1234567", "#+12345", "#é1234", "\"/><script>"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
    }
}
