//! From words and pictures to pixels: who is drawn, what they do, and how the pictures that a caller
//! sent are part of it. Deterministic; knows no vendor, no network and no clock.

use cuelight_core::catalog;
use cuelight_core::character::{self, Body, Character, Color, Look};
use cuelight_core::cue::{Cue, Intensity, Reaction};
use sha2::{Digest, Sha256};
use tiny_skia::{FillRule, FilterQuality, Mask, PathBuilder, Pixmap, PixmapPaint, Rect, Transform};

use super::maker::Brief;
use super::picture::Picture;
use crate::pose::Pose;
use crate::{draw, motion, reaction};

/// Words that describe a state without being its name.
const SYNONYMS: [(&str, &[&str]); 12] = [
    ("greeting", &["greet", "greets", "wave", "waves", "waving", "hello", "welcome", "welcomes"]),
    ("farewell", &["goodbye", "bye", "leaves", "leaving", "bow", "bows"]),
    ("talking", &["talk", "talks", "speak", "speaks", "speaking", "says", "explains", "explaining"]),
    ("thinking", &["think", "thinks", "ponder", "ponders", "pondering", "wondering", "chin"]),
    ("listening", &["listen", "listens", "attentive", "nods", "nodding"]),
    ("excited", &["cheer", "cheers", "cheering", "celebrates", "celebrating", "jumps", "jumping"]),
    ("happy", &["smile", "smiles", "smiling", "laughs", "laughing", "joyful", "dances", "dancing"]),
    ("confused", &["puzzled", "scratches", "shrugs", "question"]),
    ("sad", &["cries", "crying", "tears", "slumps", "disappointed"]),
    ("surprised", &["shocked", "gasps", "startled", "astonished", "recoils"]),
    ("confident", &["proud", "proudly", "poised", "hero"]),
    ("idle", &["breathes", "breathing", "resting", "still"]),
];

/// Words that describe a body without being its name.
const BODIES: [(Body, &[&str]); 6] = [
    (Body::Robot, &["android", "machine", "mech", "drone"]),
    (Body::Blob, &["slime", "drop", "ghost", "jelly"]),
    (Body::Sage, &["wizard", "elder", "mage", "man", "old"]),
    (Body::Athlete, &["runner", "person", "girl", "boy", "woman", "sporty"]),
    (Body::Cat, &["kitten", "feline", "fox", "dog"]),
    (Body::Owl, &["bird", "eagle", "penguin"]),
];

/// The part of the shorter side that the character takes who stands in a picture made from pictures.
const VIGNETTE: f32 = 0.38;

/// Who is drawn, and doing what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    look: Look,
    seed: u32,
    cue: Cue,
}

impl Scene {
    /// What these words and this seed come to. The same words with another seed show the same
    /// action by somebody in other colours.
    pub(super) fn of(words: &str, seed: u64) -> Self {
        let text = words.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let said = |name: &str| words.contains(&name);
        let digest: [u8; 32] = Sha256::digest(seed.to_be_bytes()).into();
        let named = Body::ALL.into_iter().find(|body| said(body.as_str()));
        let meant =
            || BODIES.iter().find(|(_, list)| list.iter().any(|word| said(word))).map(|(body, _)| *body);
        let body = named.or_else(meant).unwrap_or(Body::ALL[usize::from(digest[0]) % Body::ALL.len()]);
        let cast: Vec<&Character> = character::built_in().values().collect();
        let colours = cast.get(usize::from(digest[1]) % cast.len().max(1)).map(|other| other.look);
        let look = Look { body, ..colours.unwrap_or(PLAIN) };
        Self {
            look,
            seed: u32::from_be_bytes([digest[2], digest[3], digest[4], digest[5]]),
            cue: cue(&words),
        }
    }

    fn pose(&self, phase: f64) -> Pose {
        motion::pose(&self.cue, phase, self.seed)
    }

    /// A picture at `phase` of the motion (0 to 1): the character, or the pictures of the brief with
    /// the character in a corner.
    pub(super) fn still(&self, brief: &Brief) -> Option<Pixmap> {
        let pose = self.pose(0.47);
        if brief.inputs.is_empty() {
            return draw::frame(&self.look, self.seed, &pose, brief.width, brief.height);
        }
        let mut picture = side_by_side(&brief.inputs, brief.width, brief.height)?;
        let side = part(brief.width.min(brief.height), VIGNETTE);
        let inset = draw::frame(&self.look, self.seed, &pose, side, side)?;
        let gap = i32::try_from(side / 8).ok()?;
        let (x, y) = (at(brief.width - side) - gap, at(brief.height - side) - gap);
        let mut round = Mask::new(brief.width, brief.height)?;
        #[allow(clippy::cast_precision_loss)]
        let bounds = Rect::from_xywh(x as f32, y as f32, side as f32, side as f32)?;
        round.fill_path(&PathBuilder::from_oval(bounds)?, FillRule::Winding, true, Transform::identity());
        let paint = PixmapPaint::default();
        picture.draw_pixmap(x, y, inset.as_ref(), &paint, Transform::identity(), Some(&round));
        Some(picture)
    }

    /// The frames of a clip.
    pub(super) fn film(self, brief: &Brief) -> Option<Film> {
        let (width, height) = (brief.width, brief.height);
        let first =
            if brief.inputs.is_empty() { None } else { Some(side_by_side(&brief.inputs, width, height)?) };
        let last = match &brief.last {
            Some(picture) => Some(cover(picture, width, height)?),
            None => None,
        };
        let ground = first.as_ref().map(edge_colour);
        Some(Film { scene: self, size: (width, height), first, last, ground })
    }
}

/// A clip about to be drawn.
#[derive(Debug)]
pub(super) struct Film {
    scene: Scene,
    size: (u32, u32),
    /// What it starts with.
    first: Option<Pixmap>,
    /// What it ends with.
    last: Option<Pixmap>,
    /// What is seen where the first picture moves away.
    ground: Option<tiny_skia::Color>,
}

impl Film {
    /// Whether its end flows into its start.
    pub(super) fn is_loop(&self) -> bool {
        self.last.is_none()
    }

    /// The frame at `phase`, from 0 to 1. The first is the picture the clip was asked to start with,
    /// and the last the one it was asked to end with, pixel by pixel.
    pub(super) fn frame(&self, phase: f64) -> Option<Pixmap> {
        let (width, height) = self.size;
        let mut frame = match (&self.first, self.ground) {
            (Some(first), Some(ground)) => self.puppet(first, ground, phase)?,
            _ => draw::frame(&self.scene.look, self.scene.seed, &self.scene.pose(phase), width, height)?,
        };
        if let Some(last) = &self.last {
            #[allow(clippy::cast_possible_truncation)]
            let x = ((phase as f32 - 0.6) / 0.4).clamp(0.0, 1.0);
            let paint = PixmapPaint { opacity: x * x * (3.0 - 2.0 * x), ..PixmapPaint::default() };
            frame.draw_pixmap(0, 0, last.as_ref(), &paint, Transform::identity(), None);
        }
        Some(frame)
    }

    /// The first picture, moved as a whole as the character would move.
    fn puppet(&self, first: &Pixmap, ground: tiny_skia::Color, phase: f64) -> Option<Pixmap> {
        let (rest, pose) = (self.scene.pose(0.0), self.scene.pose(phase));
        let mut frame = Pixmap::new(self.size.0, self.size.1)?;
        frame.fill(ground);
        #[allow(clippy::cast_precision_loss)]
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let unit = w.min(h) / 200.0;
        let tall = 1.0 + (pose.squash - rest.squash);
        let turn = (pose.stance.lean - rest.stance.lean) + 0.4 * (pose.stance.tilt - rest.stance.tilt);
        let moved = Transform::from_translate(
            w / 2.0 + unit * (pose.sway - rest.sway),
            h - unit * (pose.hop - rest.hop),
        )
        .pre_concat(Transform::from_rotate(turn))
        .pre_scale(2.0 - tall, tall)
        .pre_translate(-w / 2.0, -h);
        let quality = if moved.is_identity() { FilterQuality::Nearest } else { FilterQuality::Bilinear };
        let paint = PixmapPaint { quality, ..PixmapPaint::default() };
        frame.draw_pixmap(0, 0, first.as_ref(), &paint, moved, None);
        Some(frame)
    }
}

/// The look of a studio whose cast is empty.
const PLAIN: Look = Look {
    body: Body::Robot,
    primary: Color { r: 0x4f, g: 0x7c, b: 0xff },
    secondary: Color { r: 0x1d, g: 0x2b, b: 0x64 },
    accent: Color { r: 0xff, g: 0xd1, b: 0x66 },
    backdrop: Color { r: 0xe8, g: 0xee, b: 0xff },
};

/// A state by name or by a word for it, else an animation or a mood, else nothing in particular.
fn cue(words: &[&str]) -> Cue {
    let states = &catalog::built_in().states;
    let named = words.iter().find(|word| states.iter().any(|state| state.id == **word));
    let meant = || {
        words
            .iter()
            .find_map(|word| SYNONYMS.iter().find(|(_, list)| list.contains(word)).map(|(state, _)| state))
    };
    if let Some(state) = named.or_else(meant) {
        return Cue::state(*state);
    }
    let known = |list: &[&str]| words.iter().find(|word| list.contains(word)).map(|word| (*word).to_owned());
    let (mood, animation) = (known(reaction::MOODS), known(reaction::ANIMATIONS));
    if mood.is_none() && animation.is_none() {
        return Cue::state("idle");
    }
    let mood = mood.unwrap_or_else(|| "pleased".to_owned());
    Cue::Reaction(Reaction {
        expression: mood.clone(),
        emotion: mood,
        animation: animation.unwrap_or_else(|| "idle".to_owned()),
        intensity: Intensity::from_unit(0.8).unwrap_or_default(),
    })
}

/// All pictures in columns of the same width, each filling its own.
fn side_by_side(pictures: &[Picture], width: u32, height: u32) -> Option<Pixmap> {
    let mut whole = Pixmap::new(width, height)?;
    let count = u32::try_from(pictures.len()).ok()?;
    for (column, picture) in (0..count).zip(pictures) {
        let (from, to) = (width * column / count, width * (column + 1) / count);
        let drawn = cover(picture, to - from, height)?;
        let paint = PixmapPaint::default();
        whole.draw_pixmap(at(from), 0, drawn.as_ref(), &paint, Transform::identity(), None);
    }
    Some(whole)
}

/// A picture scaled so that it just fills a frame, its middle in the middle, on white.
fn cover(picture: &Picture, width: u32, height: u32) -> Option<Pixmap> {
    let mut frame = Pixmap::new(width, height)?;
    frame.fill(tiny_skia::Color::WHITE);
    #[allow(clippy::cast_precision_loss)]
    let [w, h, own_w, own_h] = [width, height, picture.width, picture.height].map(|px| px as f32);
    let scale = (w / own_w).max(h / own_h);
    let placed =
        Transform::from_row(scale, 0.0, 0.0, scale, (w - own_w * scale) / 2.0, (h - own_h * scale) / 2.0);
    let same = (width, height) == (picture.width, picture.height);
    let quality = if same { FilterQuality::Nearest } else { FilterQuality::Bilinear };
    let paint = PixmapPaint { quality, ..PixmapPaint::default() };
    frame.draw_pixmap(0, 0, picture.pixels().as_ref(), &paint, placed, None);
    Some(frame)
}

/// The mean colour of the upper edge, which is most likely a background.
fn edge_colour(picture: &Pixmap) -> tiny_skia::Color {
    let row: Vec<_> = picture.pixels().iter().take(picture.width() as usize).collect();
    let mean = |channel: fn(&tiny_skia::PremultipliedColorU8) -> u8| {
        let sum: usize = row.iter().map(|pixel| usize::from(channel(pixel))).sum();
        u8::try_from(sum / row.len().max(1)).unwrap_or(u8::MAX)
    };
    tiny_skia::Color::from_rgba8(mean(|p| p.red()), mean(|p| p.green()), mean(|p| p.blue()), 255)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn part(px: u32, share: f32) -> u32 {
    (px as f32 * share) as u32
}

fn at(px: u32) -> i32 {
    i32::try_from(px).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(r: u8, width: u32, height: u32) -> Picture {
        let mut drawn = Pixmap::new(width, height).unwrap();
        drawn.fill(tiny_skia::Color::from_rgba8(r, 90, 30, 255));
        Picture::decode(&drawn.encode_png().unwrap()).unwrap()
    }

    fn brief(words: &str) -> Brief {
        Brief { width: 96, height: 64, seed: 5, words: words.into(), inputs: Vec::new(), last: None }
    }

    #[test]
    fn words_choose_the_body_and_what_it_does() {
        let scene = Scene::of("A small ROBOT waves at you", 5);
        assert_eq!((scene.look.body, scene.cue), (Body::Robot, Cue::state("greeting")));
        assert_eq!(Scene::of("an owl, surprised", 5).cue, Cue::state("surprised"));
        assert!(matches!(Scene::of("she starts to purr", 5).cue, Cue::Reaction(_)));
        assert_eq!(Scene::of("", 5).cue, Cue::state("idle"));
    }

    #[test]
    fn another_seed_is_another_picture() {
        let drawn = |seed| Scene::of("a cat", seed).still(&brief("")).unwrap();
        assert!(drawn(1).data() == drawn(1).data());
        assert!(drawn(1).data() != drawn(2).data());
    }

    #[test]
    fn a_clip_starts_with_its_first_picture_and_ends_with_its_last() {
        let brief = Brief {
            inputs: vec![picture(10, 96, 64)],
            last: Some(picture(240, 96, 64)),
            ..brief("happy jumping")
        };
        let film = Scene::of(&brief.words, brief.seed).film(&brief).unwrap();
        assert!(!film.is_loop());
        assert!(film.frame(0.0).unwrap().data() == brief.inputs[0].pixels().data());
        assert!(film.frame(1.0).unwrap().data() == brief.last.as_ref().unwrap().pixels().data());
        let plain = Brief { last: None, ..brief };
        let film = Scene::of(&plain.words, plain.seed).film(&plain).unwrap();
        assert!(film.is_loop());
        let mut patterned = Pixmap::new(96, 64).unwrap();
        patterned.fill_rect(
            Rect::from_xywh(20.0, 20.0, 30.0, 30.0).unwrap(),
            &tiny_skia::Paint::default(),
            Transform::identity(),
            None,
        );
        let inputs = vec![Picture::decode(&patterned.encode_png().unwrap()).unwrap()];
        let film = Scene::of(&plain.words, plain.seed).film(&Brief { inputs, ..plain }).unwrap();
        assert!(film.frame(0.0).unwrap().data() != film.frame(0.3).unwrap().data());
    }

    #[test]
    fn several_pictures_stand_side_by_side() {
        let brief = Brief { inputs: vec![picture(10, 50, 90), picture(240, 200, 64)], ..brief("") };
        let drawn = Scene::of("", 1).still(&brief).unwrap();
        let red = |x| drawn.pixel(x, 4).unwrap().red();
        assert_eq!((red(10), red(60)), (10, 240));
    }
}
