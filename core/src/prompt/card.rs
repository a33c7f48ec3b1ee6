//! The picture on the cover of a card: one motif as a silhouette, in a style and a palette.

use super::slot::slot;

/// A style on the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Negative space.
    Minimal,
    /// Shapes.
    Abstract,
    /// Organic forms.
    Nature,
    /// Space and light.
    Cosmic,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 4] = [Self::Minimal, Self::Abstract, Self::Nature, Self::Cosmic];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Abstract => "abstract",
            Self::Nature => "nature",
            Self::Cosmic => "cosmic",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Minimal => "Clean, minimalist design with much empty space.",
            Self::Abstract => "Abstract geometric patterns with a modern look.",
            Self::Nature => "Organic shapes taken from nature, with flowing lines.",
            Self::Cosmic => "Ethereal light as in deep space, with mystical colors.",
        }
    }
}

/// Longest motif, in characters.
pub const MAX_MOTIF_CHARS: usize = 120;
/// Longest colour, and longest name of one, in characters.
pub const MAX_COLOR_CHARS: usize = 20;
/// Most colours of a palette that are told.
pub const MAX_COLORS: usize = 6;
/// What every cover keeps to.
const CONSTRAINTS: &str = "No text, no watermark, high contrast, clean background.";
/// What covers are better without.
pub const AVOID: &str = "text, letters, watermark, clutter";

/// The prompt for a cover. A palette has names and colours, for instance `("sky", "#4f7cff")`.
#[must_use]
pub fn cover(motif: &str, styles: &[Style], palette: &[(String, String)]) -> String {
    let motif = slot(motif, MAX_MOTIF_CHARS);
    let motif = if motif.is_empty() { "an open door" } else { &motif };
    let mut text = format!("A simple, centered silhouette as a cover image, showing {motif}.");
    for style in Style::ALL.into_iter().filter(|style| styles.contains(style)) {
        text.extend([" ", style.words()]);
    }
    let colors = palette
        .iter()
        .take(MAX_COLORS)
        .map(|(name, color)| (slot(name, MAX_COLOR_CHARS), slot(color, MAX_COLOR_CHARS)));
    let colors: Vec<String> = colors
        .filter(|(_, color)| !color.is_empty())
        .map(|(name, color)| format!("{name} {color}").trim().to_owned())
        .collect();
    if !colors.is_empty() {
        text.push_str(&format!(" The colors are {}.", colors.join(", ")));
    }
    text.extend([" ", CONSTRAINTS]);
    text
}
