//! A clip to stand behind a page: slow, seamless, and in a mood.

use super::slot::slot;

/// The mood of a background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mood {
    /// Soft and slow.
    Calm,
    /// Bright and moving.
    Energetic,
    /// Dim and veiled.
    Mysterious,
    /// Plain and tidy.
    Focused,
}

impl Mood {
    /// Every mood.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Energetic, Self::Mysterious, Self::Focused];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Energetic => "energetic",
            Self::Mysterious => "mysterious",
            Self::Focused => "focused",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Calm => "A gentle, peaceful atmosphere in soft light.",
            Self::Energetic => "Dynamic movement, vibrant colors and an uplifting energy.",
            Self::Mysterious => "Dim light, drifting fog and an enigmatic atmosphere.",
            Self::Focused => "A tidy space in neutral tones, with nothing that distracts.",
        }
    }
}

/// Longest description, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 300;
/// How every background is filmed.
const CINEMATOGRAPHY: &str = "Slow, smooth camera movement, cinematic framing, no cuts.";
/// What backgrounds are better without.
pub const AVOID: &str = "text, captions, logos, people looking at the camera, flicker, hard cuts";

/// The prompt for a background of `seconds`.
#[must_use]
pub fn video(description: &str, seconds: u32, mood: Option<Mood>) -> String {
    let description = slot(description, MAX_DESCRIPTION_CHARS);
    let description = if description.is_empty() { "soft light on a plain wall" } else { &description };
    let mut text =
        format!("A looping background video of {seconds} seconds, showing {description}. {CINEMATOGRAPHY}");
    if let Some(mood) = mood {
        text.extend([" ", mood.words()]);
    }
    text
}
