//! One picture of all results: the first frame of each with its model's name below. ffmpeg draws it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Made;
use super::materials::run;
use super::table;
use super::wish::Wish;

/// Width of a tile in px, and height of the picture in it.
const TILE: (u32, u32) = (264, 176);
/// What is left for three lines of words, in px.
const WORDS: u32 = 56;
/// Longest line, in characters of the font that is used.
const LINE: usize = 38;
/// Tiles in a row.
const COLUMNS: usize = 6;

/// Draws the tile of what was made, or of why nothing was.
///
/// # Errors
/// ffmpeg cannot read the result, or is missing.
pub(super) fn tile(folder: &Path, index: usize, wish: &Wish, made: Result<&Made, &String>) -> Result<()> {
    let tiles = folder.join("tiles");
    fs::create_dir_all(&tiles)?;
    let about = match made {
        Ok(made) => table::about(&made.media),
        Err(_) => "FAILED".to_owned(),
    };
    let lines: Vec<String> =
        [wish.model.as_str(), &wish.operation, &about].iter().map(|line| short(line)).collect();
    // Words come from a file, and names are relative: nothing has to be escaped for a filter.
    fs::write(tiles.join(format!("{index:03}.txt")), lines.join("\n"))?;
    let (width, height) = TILE;
    let all = height + WORDS;
    let draw = format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,setsar=1,format=rgb24,\
         pad={width}:{height}:-1:-1:color=0x30343c,pad={width}:{all}:0:0:color=0x16181d,\
         drawtext=textfile={index:03}.txt:expansion=none:font=Sans:fontsize=12:fontcolor=white:\
         line_spacing=3:x=6:y={}",
        height + 5
    );
    let mut command = Command::new("ffmpeg");
    command.current_dir(&tiles).args(["-v", "error", "-y"]);
    match made {
        Ok(made) => command.arg("-i").arg(&made.media.file),
        Err(_) => command.args(["-f", "lavfi", "-i", &format!("color=0x902020:size={width}x{height}")]),
    };
    run(command.args(["-frames:v", "1", "-vf", &draw]).arg(format!("{index:03}.png")))
        .context("its first frame cannot be drawn")
}

/// Joins `count` tiles. Answers with where the picture is.
///
/// # Errors
/// A tile is missing, or ffmpeg fails.
pub(super) fn join(folder: &Path, count: usize) -> Result<PathBuf> {
    let picture = folder.join("providers.png");
    let rows = count.div_ceil(COLUMNS).max(1);
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder.join("tiles")).args([
        "-v",
        "error",
        "-y",
        "-framerate",
        "1",
        "-i",
        "%03d.png",
    ]);
    command.args([
        "-frames:v",
        "1",
        "-vf",
        &format!("tile={COLUMNS}x{rows}:margin=8:padding=8:color=0x0c0d10"),
    ]);
    run(command.arg(&picture)).context("the contact sheet cannot be drawn")?;
    Ok(picture)
}

/// As much of a line as fits.
fn short(line: &str) -> String {
    if line.chars().count() <= LINE {
        return line.to_owned();
    }
    line.chars().take(LINE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_to_what_fits() {
        assert_eq!(short("veo-3.1"), "veo-3.1");
        assert_eq!(short(&"x".repeat(60)).chars().count(), LINE);
    }
}
