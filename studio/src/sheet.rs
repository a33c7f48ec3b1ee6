//! Contact sheets: every character in every state at mid-phase, or every reaction, in one picture
//! for a person to judge. Not used by the server.

use cuelight_core::catalog;
use cuelight_core::character;
use cuelight_core::cue::{Cue, Intensity, Reaction};
use tiny_skia::{Pixmap, PixmapPaint, Transform};

use crate::{draw, motion, reaction};

/// The built-in characters in the order of a sheet's rows.
const CAST: [&str; 6] = ["bolt", "pip", "orin", "dash", "miso", "juno"];

/// Six characters in twelve states, `size` px a picture. `None` if it cannot be allocated.
#[must_use]
pub fn states(size: u32) -> Option<Pixmap> {
    let cues: Vec<Cue> = catalog::built_in().states.iter().map(|state| Cue::state(&state.id)).collect();
    grid(size, &[cues.as_slice(); 6], 0.47)
}

/// Every mood, weak and strong, and every animation, `size` px a picture.
#[must_use]
pub fn reactions(size: u32) -> Option<Pixmap> {
    let cue = |mood: &str, animation: &str, strength: f64| {
        Cue::Reaction(Reaction {
            expression: mood.into(),
            emotion: mood.into(),
            animation: animation.into(),
            intensity: Intensity::from_unit(strength).unwrap_or_default(),
        })
    };
    let strong: Vec<Cue> = reaction::MOODS.iter().map(|mood| cue(mood, "idle", 0.9)).collect();
    let weak: Vec<Cue> = reaction::MOODS.iter().map(|mood| cue(mood, "idle", 0.2)).collect();
    let moves: Vec<Cue> = reaction::ANIMATIONS.iter().map(|name| cue("pleased", name, 0.9)).collect();
    grid(size, &[&weak, &strong, &strong, &moves, &strong, &moves], 0.36)
}

fn grid(size: u32, rows: &[&[Cue]; 6], phase: f64) -> Option<Pixmap> {
    let columns = rows.iter().map(|row| row.len()).max()?;
    let mut sheet = Pixmap::new(size * u32::try_from(columns).ok()?, size * 6)?;
    for (y, (id, row)) in CAST.into_iter().zip(rows).enumerate() {
        let character = character::built_in().get(id)?;
        for (x, cue) in row.iter().enumerate() {
            let pose = motion::pose(cue, phase, character.seed);
            let tile = draw::frame(&character.look, character.seed, &pose, size, size)?;
            let (x, y) = (i32::try_from(x).ok()?, i32::try_from(y).ok()?);
            let size = i32::try_from(size).ok()?;
            sheet.draw_pixmap(
                x * size,
                y * size,
                tile.as_ref(),
                &PixmapPaint::default(),
                Transform::identity(),
                None,
            );
        }
    }
    Some(sheet)
}
