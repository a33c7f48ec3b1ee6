//! What pictures and clips are made from: two pictures, two voices, a mask and a clip, made on the spot by
//! the studio and ffmpeg, and uploaded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use cuelight_core::order::Role;
use serde_json::{Value, json};

use super::client::Client;
use super::in_folder;
use crate::build;
use crate::progress::watch;
use crate::workspace::Workspace;

/// The uploads, by what they are to a model.
pub(super) type Materials = BTreeMap<Role, Value>;

/// Who is in the pictures, and doing what.
const SITTERS: [(&str, &str, &str); 2] = [("a.mp4", "bolt", "greeting"), ("b.mp4", "miso", "happy")];

/// How ffmpeg makes each from the sitters' clips, and under which name.
const RECIPES: [(Role, &str, &str); 6] = [
    (Role::Image, "image.png", "-i a.mp4 -frames:v 1 -vf scale=1024:1024"),
    (Role::EndImage, "end_image.png", "-i b.mp4 -frames:v 1 -vf scale=1024:1024"),
    (
        Role::Mask,
        "mask.png",
        "-f lavfi -i color=black:size=1024x1024 -frames:v 1 -vf drawbox=256:128:512:640:white:fill",
    ),
    // Three seconds are as long as a greeting.
    (Role::Audio, "audio.wav", "-f lavfi -i sine=frequency=220:duration=3:sample_rate=16000"),
    (Role::RightAudio, "right_audio.wav", "-f lavfi -i sine=frequency=330:duration=3:sample_rate=16000"),
    (Role::Video, "video.mp4", "-i a.mp4 -vf scale=-2:720,pad=1280:720:-1:-1,format=yuv420p"),
];

/// Makes and uploads them all.
///
/// # Errors
/// A program fails, or an upload is refused.
pub(super) fn upload(workspace: &Workspace, folder: &Path, edge: &Client) -> Result<Materials> {
    let folder = folder.join("materials");
    fs::create_dir_all(&folder)?;
    for (file, character, state) in SITTERS {
        let mut draw = in_folder(workspace, &folder, build::studio_program(workspace));
        run(draw.args(["render", "--character", character, "--state", state, file]))?;
    }
    let mut materials = Materials::new();
    for (role, file, recipe) in RECIPES {
        let mut make = in_folder(workspace, &folder, "ffmpeg".into());
        run(make.args(["-v", "error", "-y"]).args(recipe.split(' ')).arg(file))?;
        let purpose = if role == Role::Mask { "?purpose=mask" } else { "" };
        let kept = edge
            .upload(&format!("/api/v1/assets{purpose}"), &fs::read(folder.join(file))?)
            .with_context(|| format!("{file} cannot be uploaded"))?;
        materials.insert(role, json!({"asset": kept["asset"]}));
    }
    Ok(materials)
}

/// Runs a program that says nothing unless it fails.
///
/// # Errors
/// With what it says.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let finished = watch(command, None)?;
    let program = command.get_program().to_string_lossy().into_owned();
    anyhow::ensure!(finished.status.success(), "{program} failed: {}", finished.output.trim());
    Ok(())
}
