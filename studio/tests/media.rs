//! The clips, judged by an independent reader: `ffprobe` and `ffmpeg` agree with what was ordered,
//! for every state and preset, and with the colours that were drawn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use cuelight_core::catalog::{self, Preset};
use cuelight_core::character;
use cuelight_core::cue::Cue;
use cuelight_studio::clip::{Spec, render};
use serde_json::Value;

fn spec(id: &str, state: &str, preset: &Preset, duration_ms: u32) -> Spec {
    let who = &character::built_in()[id];
    Spec {
        look: who.look,
        character_seed: who.seed,
        motion_seed: who.seed,
        cue: Cue::state(state),
        width: preset.width,
        height: preset.height,
        fps: preset.fps,
        duration_ms,
        burn_in: false,
    }
}

fn bytes(spec: &Spec) -> Vec<u8> {
    render(spec, |_| ControlFlow::Continue(())).unwrap()
}

fn probe(file: &Path) -> Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-count_frames", "-show_streams", "-show_format"])
        .arg(file)
        .output()
        .expect("ffprobe is installed (Debian: apt-get install ffmpeg)");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Position of a top-level box in an MP4 file.
fn position(file: &[u8], kind: &[u8; 4]) -> usize {
    file.windows(4).position(|w| w == kind).unwrap_or_else(|| panic!("no {}", String::from_utf8_lossy(kind)))
}

#[test]
fn ffprobe_agrees_about_every_state_and_preset() {
    let folder = tempfile::tempdir().unwrap();
    let cast: Vec<&String> = character::built_in().keys().collect();
    for (index, state) in catalog::built_in().states.iter().enumerate() {
        for preset in &catalog::built_in().presets {
            // One second of the large ones, so that all 48 fit a coffee break; whole clips of the small.
            let whole = u32::try_from(state.duration_ms.0).unwrap();
            let duration = if preset.width <= 256 { whole } else { 1000 };
            let spec = spec(cast[index % cast.len()], &state.id, preset, duration);
            let clip = bytes(&spec);
            let name = format!("{}-{}.mp4", state.id, preset.id);
            let file = folder.path().join(&name);
            std::fs::write(&file, &clip).unwrap();
            let report = probe(&file);
            assert_eq!(report["streams"].as_array().unwrap().len(), 1, "{name} has video and nothing else");
            let stream = &report["streams"][0];
            for (field, expected) in [
                ("codec_name", "h264".to_owned()),
                ("profile", "Constrained Baseline".to_owned()),
                ("pix_fmt", "yuv420p".to_owned()),
                ("color_space", "bt709".to_owned()),
                ("color_range", "tv".to_owned()),
                ("width", preset.width.to_string()),
                ("height", preset.height.to_string()),
                ("r_frame_rate", format!("{}/1", preset.fps)),
                ("avg_frame_rate", format!("{}/1", preset.fps)),
                ("nb_frames", spec.frames().to_string()),
                ("nb_read_frames", spec.frames().to_string()),
            ] {
                assert_eq!(stream[field].to_string().trim_matches('"'), expected, "{name}: {field}");
            }
            let seconds: f64 = stream["duration"].as_str().unwrap().parse().unwrap();
            assert!((seconds - f64::from(duration) / 1000.0).abs() < 1e-3, "{name}: {seconds} s");
            assert_eq!(stream["start_pts"], 0, "{name} starts at once");
            assert!(position(&clip, b"moov") < position(&clip, b"mdat"), "{name}: the index comes first");
            assert!(!clip.windows(4).any(|w| w == b"elst"), "{name} has no edit list");
        }
    }
}

#[test]
fn a_four_second_clip_at_the_fast_preset_is_small() {
    let fast = catalog::built_in().preset("fast").unwrap();
    for id in character::built_in().keys() {
        let size = bytes(&spec(id, "idle", fast, 4000)).len();
        assert!(size < 250_000, "{id}: {size} bytes");
    }
}

#[test]
fn the_backdrop_comes_back_as_it_was_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let preset = catalog::built_in().preset("realtime").unwrap();
    for (id, who) in character::built_in() {
        let file = folder.path().join(format!("{id}.mp4"));
        std::fs::write(&file, bytes(&spec(id, "idle", preset, 1000))).unwrap();
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&file)
            .args(["-vf", "crop=8:8:0:0,scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd"])
            .args(["-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
            .output()
            .unwrap();
        assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let backdrop = [who.look.backdrop.r, who.look.backdrop.g, who.look.backdrop.b];
        for pixel in output.stdout.chunks_exact(3) {
            let worst = pixel.iter().zip(backdrop).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            // Quantisation pulls a flat area a step or two of luma towards grey.
            assert!(worst <= 6, "{id}: {pixel:?} for {backdrop:?}");
        }
    }
}

#[test]
fn a_burnt_in_code_is_read_back_from_the_decoded_clip() {
    let folder = tempfile::tempdir().unwrap();
    let preset = catalog::built_in().preset("realtime").unwrap();
    for (number, state) in (1..).zip(&catalog::built_in().states) {
        let plain = spec("bolt", &state.id, preset, 1000);
        let burnt = Spec { burn_in: true, ..plain.clone() };
        assert!(bytes(&burnt) != bytes(&plain), "{}", state.id);
        let file = folder.path().join(format!("{}.mp4", state.id));
        std::fs::write(&file, bytes(&burnt)).unwrap();
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&file)
            .args(["-pix_fmt", "gray", "-f", "rawvideo", "-"])
            .output()
            .unwrap();
        let (width, height) = (preset.width as usize, preset.height as usize);
        let pictures: Vec<&[u8]> = output.stdout.chunks_exact(width * height).collect();
        assert_eq!(pictures.len(), plain.frames() as usize);
        for (index, picture) in pictures.iter().enumerate() {
            // The middle of each cell, a 24th of the width on a side.
            let light = |cell: usize| picture[width * (width / 48) + (2 * cell + 1) * width / 48] > 127;
            let bits = |from: usize| (from..from + 4).fold(0, |n, cell| n << 1 | usize::from(light(cell)));
            assert!(light(0) && !light(1) && light(11), "{} {index}: the frame of the code", state.id);
            assert_eq!((bits(2), bits(6)), (number, index % 16), "{} {index}", state.id);
            let ones = (2..=10).filter(|cell| light(*cell)).count();
            assert_eq!(ones % 2, 0, "{} {index}: even with its parity", state.id);
        }
    }
}
