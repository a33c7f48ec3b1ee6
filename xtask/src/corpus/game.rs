//! Sessions of a game's character: expressions with intensities in tenths. A *scene* decides what
//! kind of game it is and which words it has; no two scenes share more than the general shape.

use super::dice::Dice;

/// An expression, and its intensity in tenths.
pub(super) type Reaction = (String, u8);

/// What kind of game it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A feeling grows while the player goes on, and falls back.
    Ladder,
    /// An input moves smoothly, and thresholds decide the face.
    Gauge,
    /// Things happen, the character reacts and calms down.
    Events,
    /// A conversation in feelings.
    Talk,
    /// Patterns that come again.
    Rhythm,
}

pub(super) const SHAPES: [Shape; 5] =
    [Shape::Ladder, Shape::Gauge, Shape::Events, Shape::Talk, Shape::Rhythm];

const LADDERS: [&[&str]; 6] = [
    &["neutral", "interested", "pleased", "aroused", "passionate", "ecstatic"],
    &["neutral", "curious", "pleased", "giggling", "ecstatic"],
    &["neutral", "interested", "aroused", "flushed"],
    &["calm", "curious", "happy", "excited"],
    &["neutral", "annoyed", "angry", "furious"],
    &["sleepy", "neutral", "content", "happy", "delighted"],
];
const FEELINGS: [&str; 14] = [
    "neutral",
    "happy",
    "sad",
    "angry",
    "surprised",
    "afraid",
    "curious",
    "pleased",
    "annoyed",
    "amused",
    "disgusted",
    "excited",
    "worried",
    "proud",
];

/// A game.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    shape: Shape,
    words: Vec<String>,
    climbs: f64,
    falls: f64,
    stays: f64,
    jitter: f64,
    length: (u64, u64),
    /// Whether the same cue twice in a row is told twice.
    repeats: bool,
    /// For talks: which feeling answers which, and how strongly each is felt.
    answers: Vec<[usize; 2]>,
    strengths: Vec<f64>,
}

impl Scene {
    pub(super) fn draw(shape: Shape, dice: &mut Dice) -> Self {
        let words: Vec<String> = match shape {
            Shape::Ladder | Shape::Gauge => dice.pick(&LADDERS).iter().map(|w| (*w).to_owned()).collect(),
            _ => {
                let mut words: Vec<String> = vec!["neutral".to_owned()];
                let many = dice.whole(3, 9);
                for number in 0..many {
                    let word = if dice.chance(0.9) {
                        (*dice.pick(&FEELINGS)).to_owned()
                    } else {
                        format!("special-{number}")
                    };
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
                words
            }
        };
        let long = dice.whole(8, 60);
        let answers =
            words.iter().map(|_| [*dice.pick(&indices(&words)), *dice.pick(&indices(&words))]).collect();
        let strengths = words.iter().map(|_| dice.between(1.0, 9.0)).collect();
        Self {
            shape,
            answers,
            strengths,
            words,
            climbs: dice.between(0.3, 0.8),
            falls: dice.between(0.05, 0.3),
            stays: dice.habit() * 0.8,
            jitter: dice.between(0.2, 1.5),
            length: (long, long * dice.whole(1, 4)),
            repeats: dice.chance(0.4),
        }
    }
}

fn indices(words: &[String]) -> Vec<usize> {
    (0..words.len()).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn tenths(value: f64) -> u8 {
    value.round().clamp(0.0, 10.0) as u8
}

/// One session.
pub(super) fn session(scene: &Scene, dice: &mut Dice) -> Vec<Reaction> {
    let length = dice.whole(scene.length.0, scene.length.1);
    let mut cues: Vec<Reaction> = Vec::new();
    let mut world = World { at: 0, level: dice.between(1.0, 4.0), drift: 0.0, pattern: Vec::new(), beat: 0 };
    if scene.shape == Shape::Rhythm {
        let beats = dice.whole(3, 7);
        world.pattern =
            (0..beats).map(|_| (*dice.pick(&indices(&scene.words)), dice.between(1.0, 9.0))).collect();
    }
    for _ in 0..length {
        let cue = step(scene, &mut world, dice);
        if scene.repeats || cues.last() != Some(&cue) {
            cues.push(cue);
        }
    }
    cues
}

struct World {
    at: usize,
    level: f64,
    drift: f64,
    pattern: Vec<(usize, f64)>,
    beat: usize,
}

fn step(scene: &Scene, world: &mut World, dice: &mut Dice) -> Reaction {
    let top = scene.words.len() - 1;
    let noise = dice.between(-scene.jitter, scene.jitter);
    match scene.shape {
        Shape::Ladder => {
            if dice.chance(scene.falls) {
                world.at = if dice.chance(0.5) { 0 } else { world.at.saturating_sub(1) };
                world.level = (world.level - dice.between(1.0, 4.0)).max(1.0);
            } else if dice.chance(scene.climbs) {
                world.level += dice.between(0.5, 1.5);
                if world.level > 7.0 + noise || dice.chance(0.15) {
                    world.at = (world.at + 1).min(top);
                    world.level -= dice.between(0.0, 4.0);
                }
            }
            world.level = world.level.clamp(0.0, 10.0);
        }
        Shape::Gauge => {
            world.drift = world.drift * 0.8 + dice.between(-1.0, 1.0);
            world.level = (world.level + world.drift).clamp(0.0, 10.0);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let rung = (world.level / 10.01 * scene.words.len() as f64) as usize;
            world.at = rung.min(top);
        }
        Shape::Events => {
            if dice.chance(scene.falls + 0.1) {
                world.at = *dice.pick(&indices(&scene.words));
                world.level = dice.between(5.0, 10.0);
            } else {
                world.level -= dice.between(0.5, 2.5);
                if world.level < 1.5 {
                    world.at = 0;
                    world.level = 1.0 + noise.abs();
                }
            }
        }
        Shape::Talk => {
            if !dice.chance(scene.stays) {
                let answers = scene.answers.get(world.at).copied().unwrap_or_default();
                world.at = match dice.whole(0, 9) {
                    0..=5 => answers[0],
                    6 | 7 => answers[1],
                    8 => 0,
                    _ => *dice.pick(&indices(&scene.words)),
                };
            }
            world.level = scene.strengths.get(world.at).copied().unwrap_or(5.0) + noise;
        }
        Shape::Rhythm => {
            if dice.chance(scene.falls * 0.3) {
                world.beat = 0;
            }
            let (at, level) = world.pattern.get(world.beat).copied().unwrap_or((0, 5.0));
            world.beat = (world.beat + 1) % world.pattern.len().max(1);
            (world.at, world.level) = (at, level + noise * 0.3);
        }
    }
    (scene.words.get(world.at).cloned().unwrap_or_default(), tenths(world.level))
}
