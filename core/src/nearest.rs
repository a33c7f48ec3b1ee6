//! Which clip that exists comes nearest to one that does not, by a declared distance between cues.
//!
//! The numbers are data, `catalog/similarity.json`. A mood is a point in Russell's circumplex
//! (1980): valence and arousal, each -1 to 1, inside the unit circle. Distances are symmetric, 0
//! to 1, and rounded to a thousandth, so that a browser, an edge and a test agree on every digit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::cache_key::CacheKey;
use crate::catalog;
use crate::cue::{Cue, Reaction};
use crate::operation::USUAL_INTENSITY;

mod index;
#[cfg(test)]
mod tests;

pub use index::{MAX_NAME_BYTES, entry_name, group, groups_to_search, read_entry};

/// A clip that may stand in for another.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Where it is.
    pub key: CacheKey,
    /// What it shows.
    pub cue: Cue,
    /// How far that is from what was wanted: 0 to [`bound`].
    pub distance: f64,
}

/// The nearest of the candidates, unless even that one is too far. Of two that are equally near,
/// the one with the smaller key, whatever order they come in. The clip at `own_key` is the one
/// that is missing, and stands in for nothing.
pub fn choose(
    wanted: &Cue,
    candidates: impl Iterator<Item = (Cue, CacheKey)>,
    own_key: &CacheKey,
) -> Option<Nearest> {
    candidates
        .filter(|(_, key)| key != own_key)
        .filter_map(|(cue, key)| {
            let distance = distance(wanted, &cue)?;
            Some(Nearest { key, cue, distance })
        })
        .filter(|near| near.distance <= bound())
        .min_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.key.cmp(&b.key)))
}

/// A clip further away than this is not shown: it would tell another mood. Less than what one
/// opposite or unknown word of expression or emotion weighs, and less than what two states weigh
/// that do not stand in for each other, so that nobody is shown sad for happy.
#[must_use]
pub fn bound() -> f64 {
    similarity().near
}

/// How far two cues are apart, 0 to 1. `None` when nothing is known that compares them: a state
/// that has no mood here.
///
/// - Two states: three parts whether one stands in for the other (its place in the catalogue's
///   `fallback`), one part mood.
/// - Two reactions: expression 0.4, emotion 0.3, animation 0.2, intensity 0.1. Words are compared
///   as moods; an unknown word is like itself and like nothing else.
/// - A state and a reaction: mostly by mood, and never as near as two of a kind may be.
#[must_use]
pub fn distance(a: &Cue, b: &Cue) -> Option<f64> {
    if a == b {
        return Some(0.0);
    }
    let distance = match (a, b) {
        (Cue::State { state: a }, Cue::State { state: b }) => between_states(a, b)?,
        (Cue::Reaction(a), Cue::Reaction(b)) => between_reactions(a, b),
        (Cue::State { state }, Cue::Reaction(reaction)) | (Cue::Reaction(reaction), Cue::State { state }) => {
            mixed(*similarity().states.get(state)?, reaction)
        }
    };
    Some((distance * 1_000.0).round() / 1_000.0)
}

/// Valence and arousal.
type Mood = [f64; 2];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Similarity {
    /// See [`bound`].
    near: f64,
    /// Moods this far apart, or further, have nothing in common.
    mood_reach: f64,
    /// How much arousal counts beside valence: less, for a viewer forgives a tired smile sooner
    /// than a bright frown.
    arousal_weight: f64,
    reaction_weights: ReactionWeights,
    state_weights: StateWeights,
    mixed_weights: MixedWeights,
    /// How far a stand-in is, by its place in `fallback`; one that is none of them is 1.
    stand_in_steps: Vec<f64>,
    /// The mood of each state of the catalogue.
    states: BTreeMap<String, Mood>,
    /// The mood of the words that games use for expressions, emotions and animations.
    words: BTreeMap<String, Mood>,
}

#[derive(Debug, Default, Deserialize)]
struct ReactionWeights {
    expression: f64,
    emotion: f64,
    animation: f64,
    intensity: f64,
}

#[derive(Debug, Default, Deserialize)]
struct StateWeights {
    stand_in: f64,
    mood: f64,
}

#[derive(Debug, Default, Deserialize)]
struct MixedWeights {
    /// What every comparison of two kinds costs.
    kind: f64,
    mood: f64,
    animation: f64,
    intensity: f64,
}

fn parse() -> Result<Similarity, serde_json::Error> {
    serde_json::from_str(include_str!("../catalog/similarity.json"))
}

fn similarity() -> &'static Similarity {
    // `parse` is tested on the very file that is embedded, so the default is never reached.
    static SIMILARITY: LazyLock<Similarity> = LazyLock::new(|| parse().unwrap_or_default());
    &SIMILARITY
}

fn between_states(a: &str, b: &str) -> Option<f64> {
    let known = similarity();
    let mood = between_moods(*known.states.get(a)?, *known.states.get(b)?);
    let place = |of: &str, other: &str| {
        catalog::built_in().state(of)?.fallback.iter().position(|stand_in| stand_in == other)
    };
    let place = [place(a, b), place(b, a)].into_iter().flatten().min();
    let stand_in = place.and_then(|place| known.stand_in_steps.get(place)).copied().unwrap_or(1.0);
    let weights = &known.state_weights;
    Some(weights.stand_in * stand_in + weights.mood * mood)
}

fn between_reactions(a: &Reaction, b: &Reaction) -> f64 {
    let weights = &similarity().reaction_weights;
    weights.expression * between_words(&a.expression, &b.expression)
        + weights.emotion * between_words(&a.emotion, &b.emotion)
        + weights.animation * between_words(&a.animation, &b.animation)
        + weights.intensity * (a.intensity.as_unit() - b.intensity.as_unit()).abs()
}

/// A state has no words of its own, only a mood and the usual intensity.
fn mixed(state: Mood, reaction: &Reaction) -> f64 {
    let against = |word: &str| mood_of(word).map_or(1.0, |mood| between_moods(mood, state));
    // The default says nothing beside a word that does.
    let face = match (reaction.expression.as_str(), reaction.emotion.as_str()) {
        ("neutral", only) | (only, "neutral") => against(only),
        (expression, emotion) => against(expression).max(against(emotion)),
    };
    let animation = if reaction.animation == "idle" { 0.0 } else { against(&reaction.animation) };
    let intensity = (reaction.intensity.as_unit() - USUAL_INTENSITY).abs();
    let weights = &similarity().mixed_weights;
    weights.kind + weights.mood * face + weights.animation * animation + weights.intensity * intensity
}

fn between_words(a: &str, b: &str) -> f64 {
    if a == b {
        return 0.0;
    }
    match (mood_of(a), mood_of(b)) {
        (Some(a), Some(b)) => between_moods(a, b),
        _ => 1.0,
    }
}

fn mood_of(word: &str) -> Option<Mood> {
    similarity().words.get(word).copied()
}

fn between_moods(a: Mood, b: Mood) -> f64 {
    let known = similarity();
    let (valence, arousal) = (a[0] - b[0], (a[1] - b[1]) * known.arousal_weight);
    ((valence * valence + arousal * arousal).sqrt() / known.mood_reach).min(1.0)
}
