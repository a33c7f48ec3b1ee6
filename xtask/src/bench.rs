//! `cargo xtask bench`: which benchmarks there are, and the first of them. `bench edge`: the edge against a
//! plain JavaScript worker that does the same job, in one workerd, turn by turn. Prints what it measured and
//! judges nothing: a figure depends on the machine, a ratio much less.

mod cache;
mod contest;
mod cpu;
mod figures;
mod load;
pub(crate) mod predictor;
mod switch;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::contest::Contest;
use self::load::{Load, Until};
use crate::build::{self, Care};
use crate::dev::{Part, studio_url};
use crate::http::Answer;
use crate::say;
use crate::sizes;
use crate::workspace::Workspace;

/// Long enough that no generation ends while callers still join it.
const STUDIO_DELAY: &str = "fast=600000";

/// Both contestants, started.
struct Arena {
    cuelight: String,
    plain: String,
    studio: String,
    cuelight_key: String,
    plain_key: String,
    /// The body of a request for the clip that exists.
    job: Value,
    /// That clip.
    clip: Vec<u8>,
}

/// The command `bench`.
///
/// # Errors
/// There is no such benchmark, something could not be built or started, or an answer was wrong.
pub(crate) fn command(workspace: &Workspace, words: &[String]) -> Result<()> {
    let (what, rest) = words.split_first().map_or(("", words), |(what, rest)| (what.as_str(), rest));
    match what {
        "cache" if rest.is_empty() => cache::run(workspace),
        "edge" if rest.is_empty() => edge(workspace),
        "predictor" => predictor::command(workspace, rest),
        "size" if rest.is_empty() => {
            build::build(workspace, Care::Release)?;
            sizes::report(workspace)
        }
        "switch" => switch::command(workspace, rest),
        _ => bail!(
            "what is measured? There are `cargo xtask bench cache`, `edge`, `predictor`, `size` and `switch`"
        ),
    }
}

fn edge(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Care::Release)?;

    say!("→ studio and workerd: start");
    let mut studio = workspace.command(build::studio_program(workspace));
    let mut studio = Part::start("studio", studio.args(["--port", "0", "--delay", STUDIO_DELAY]))?;
    let studio_url = studio.wait_for(studio_url)?;
    let mut runtime = serve(workspace, &studio_url)?;
    let arena = Arena::read(
        &runtime.wait_for(|line| Some(line.strip_prefix("bench ready ")?.to_owned()))?,
        &studio_url,
    )?;

    let contests = contest::all(&arena);
    for contest in &contests {
        contest.hold(&arena)?;
    }
    report_submissions(&arena, contests.iter().map(Contest::cold_keys).sum())
}

fn serve(workspace: &Workspace, studio_url: &str) -> Result<Part> {
    let scripts = workspace.root.join("xtask/bench");
    let mut command = workspace.command("node");
    command
        .arg(scripts.join("serve.mjs"))
        .args([workspace.npm_folder(), workspace.root.join("edge-worker"), scripts.join("plain.mjs")])
        .arg(studio_url);
    Part::start("workerd", &mut command)
}

/// A coalesced call must never have become a second submission.
fn report_submissions(arena: &Arena, cold_keys: u64) -> Result<()> {
    let stats = std::sync::Mutex::new(Value::Null);
    let load = Load {
        place: &arena.studio,
        connections: 1,
        request: &|_| contest::get(&arena.studio, "/control/stats"),
        check: &|answer: &Answer| {
            if let Ok(mut stats) = stats.lock() {
                *stats = serde_json::from_slice(&answer.body)?;
            }
            Ok(())
        },
    };
    load.run(Until::Requests(1))?;
    let stats = stats.into_inner().unwrap_or_default();
    let submissions =
        stats["submissions"].as_u64().context("the studio's statistics count no submissions")?;
    say!("\nThe studio was asked {submissions} times for {cold_keys} cold keys.");
    if submissions > cold_keys {
        bail!("a clip was paid for twice");
    }
    Ok(())
}

impl Arena {
    fn read(line: &str, studio_url: &str) -> Result<Self> {
        let ready: Value = serde_json::from_str(line)?;
        let text = |pointer: &str| {
            let found = ready.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            found.with_context(|| format!("the bench's own script did not say {pointer}"))
        };
        let studio = studio_url.strip_prefix("http://").unwrap_or(studio_url).trim_end_matches('/');
        let mut arena = Self {
            cuelight: text("/places/cuelight")?,
            plain: text("/places/plain")?,
            studio: studio.to_owned(),
            cuelight_key: text("/keys/cuelight")?,
            plain_key: text("/keys/plain")?,
            job: ready["job"].clone(),
            clip: Vec::new(),
        };
        // The clip is random: whoever answers with the right length only is found out.
        let path = format!("/clips/{}", arena.plain_key);
        let clip = std::sync::Mutex::new(Vec::new());
        let load = Load {
            place: &arena.plain,
            connections: 1,
            request: &|_| contest::get(&arena.plain, &path),
            check: &|answer: &Answer| {
                ensure!(answer.status == 200, "the plain worker has no clip");
                if let Ok(mut clip) = clip.lock() {
                    clip.clone_from(&answer.body);
                }
                Ok(())
            },
        };
        load.run(Until::Requests(1))?;
        arena.clip = clip.into_inner().unwrap_or_default();
        Ok(arena)
    }
}
