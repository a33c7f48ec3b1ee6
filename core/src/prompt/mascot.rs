//! The picture of a product's mascot: the one picture from which every clip of the character starts.

use super::slot::{list, slot};

/// Longest name of a product and of a kind, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest vibe, in characters.
pub const MAX_VIBE_CHARS: usize = 30;
/// Most vibes.
pub const MAX_VIBES: usize = 6;

/// What is known of the mascot. All of it may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mascot {
    /// What the product is called.
    pub product: String,
    /// What the character is, for instance `friendly robot`.
    pub kind: String,
    /// What it is like, in words.
    pub vibes: Vec<String>,
}

/// What such pictures are better without.
pub const AVOID: &str = "text, logos, watermark, realistic humans, dark themes, blurry, cropped";

/// The prompt: plain background, facing forward, so that it can be keyed out and animated.
#[must_use]
pub fn picture(mascot: &Mascot) -> String {
    let product = slot(&mascot.product, MAX_NAME_CHARS);
    let kind = slot(&mascot.kind, MAX_NAME_CHARS);
    let vibes = list(mascot.vibes.iter().map(String::as_str), MAX_VIBES, MAX_VIBE_CHARS);
    let of = if product.is_empty() { String::new() } else { format!(" for {product}") };
    let kind = if kind.is_empty() { "friendly character" } else { &kind };
    let vibes = if vibes.is_empty() { "warm, helpful" } else { &vibes };
    format!(
        "Professional product mascot character design{of}. The character is a {kind}. Its personality is {vibes}. \
         Clean, modern and friendly illustration, high detail, vibrant colors. Full body, centered, facing \
         forward, on a plain solid background."
    )
}
