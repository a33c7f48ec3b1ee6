//! `cargo xtask fuzz`: libFuzzer on every reader of what strangers send, for a while each. What it
//! finds it keeps, and says how to make a lasting test of it. Decides nothing about what is right.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::{step, watch};
use crate::say;
use crate::tools::{self, Need};
use crate::workspace::Workspace;

/// How long each target runs when nobody says, in seconds.
pub(crate) const DEFAULT_SECONDS: u32 = 60;
/// Longest input, in bytes. Every promise is about the beginning of what is sent.
const MOST_BYTES: u32 = 4_096;
/// Lines of a failed run that are shown.
const LAST_LINES: usize = 40;
/// No code here is unsafe, so a sanitizer would only be slow, and it needs a nightly compiler.
const BUILD: [&str; 6] = ["--sanitizer", "none", "--codegen-units", "16", "--features", "libfuzzer"];

/// Runs the targets with these names, or all, for so many seconds each.
///
/// # Errors
/// A target does not exist, it cannot be built, or a promise was broken.
pub(crate) fn command(workspace: &Workspace, seconds: u32, names: &[String]) -> Result<()> {
    let targets = chosen(&all(workspace)?, names)?;
    tools::install_for(workspace, Need::Fuzz)?;
    let triple = host(workspace)?;
    let folder = workspace.target.join("fuzz");
    let mut build = workspace.cargo();
    build
        .args(["fuzz", "build"])
        .args(BUILD)
        .env("CARGO_TARGET_DIR", &folder)
        // The release profile's link-time optimisation is for what is shipped, and drops the counters.
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    step("build the fuzz targets (usually 1 to 3 minutes the first time)", &mut build, None)?;
    let mut broken = Vec::new();
    for target in &targets {
        let program = folder.join(&triple).join("release").join(target);
        let finished = watch(&mut run(workspace, &program, target, seconds)?, Some(&workspace.log(target)))?;
        let report = Report::read(&finished.output);
        say!("{target:<13} {}", report.in_words());
        if !finished.status.success() {
            say!("{}", last_lines(&finished.output));
            say!("{}", advice(target, report.input.as_deref()));
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() { Ok(()) } else { bail!("a promise was broken: {}", broken.join(", ")) }
}

/// The names of all targets: those of the folders of seeds, which a test keeps complete.
fn all(workspace: &Workspace) -> Result<Vec<String>> {
    let seeds = workspace.root.join("fuzz/seeds");
    let entries = fs::read_dir(&seeds).with_context(|| format!("could not read {}", seeds.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn chosen(all: &[String], names: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target `{unknown}`; there are {}", all.join(", "));
    }
    Ok(if names.is_empty() { all.to_vec() } else { names.to_vec() })
}

fn host(workspace: &Workspace) -> Result<String> {
    let output = workspace.command("rustc").arg("-vV").output().context("rustc does not run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}

/// libFuzzer on one target. What it learns is kept for the next run.
fn run(workspace: &Workspace, program: &Path, target: &str, seconds: u32) -> Result<Command> {
    let fuzz = workspace.root.join("fuzz");
    let (corpus, artifacts) = (fuzz.join("corpus").join(target), fuzz.join("artifacts").join(target));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    }
    let mut command = workspace.command(program);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MOST_BYTES}"))
        .arg("-print_final_stats=1")
        .arg(format!("-dict={}", fuzz.join("words.dict").display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([corpus, fuzz.join("seeds").join(target)]);
    Ok(command)
}

/// What libFuzzer said about one run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    runs: u64,
    rate: u64,
    /// Edges of the program that were reached.
    coverage: u64,
    /// The input that broke a promise.
    input: Option<String>,
}

impl Report {
    fn read(output: &str) -> Self {
        let stat = |name: &str| {
            let line = output.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or_default()
        };
        let coverage = output.lines().rev().find_map(|line| {
            let after = line.split_once(" cov: ")?.1;
            after.split(' ').next()?.parse().ok()
        });
        let input =
            output.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        Self {
            runs: stat("number_of_executed_units"),
            rate: stat("average_exec_per_sec"),
            coverage: coverage.unwrap_or_default(),
            input: input.map(str::to_owned),
        }
    }

    fn in_words(&self) -> String {
        let found = if self.input.is_some() { "1 finding" } else { "no finding" };
        format!("{} runs, {} a second, {} edges, {found}", self.runs, self.rate, self.coverage)
    }
}

/// The end of what libFuzzer wrote: the panic and where it happened.
fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

fn advice(target: &str, input: Option<&str>) -> String {
    match input {
        Some(input) => format!(
            "To reproduce it, and to keep it from coming back:\n  cp {input} fuzz/seeds/{target}/\n  \
             cargo test --package cuelight-fuzz"
        ),
        None => format!("{target} ended badly and left no input; what it wrote is above"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_by_its_numbers() {
        let output = "#2\tINITED cov: 10 ft: 11 corp: 1/1b\n#900\tNEW    cov: 77 ft: 200 corp: 9/80b\n\
                      stat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     617\n";
        let report = Report::read(output);
        assert_eq!(report, Report { runs: 1_234, rate: 617, coverage: 77, input: None });
        assert_eq!(report.in_words(), "1234 runs, 617 a second, 77 edges, no finding");
    }

    #[test]
    fn a_finding_comes_with_the_way_to_keep_it() {
        let output = "==7== ERROR: libFuzzer: deadly signal\n\
                      artifact_prefix='a/'; Test unit written to a/crash-1\n";
        let report = Report::read(output);
        assert_eq!(report.input.as_deref(), Some("a/crash-1"));
        assert!(advice("jobs", report.input.as_deref()).contains("cp a/crash-1 fuzz/seeds/jobs/"));
    }

    #[test]
    fn an_unknown_target_is_answered_with_the_known_ones() {
        let all = ["jobs".to_owned(), "keys".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        assert_eq!(chosen(&all, &["keys".to_owned()]).unwrap(), ["keys"]);
        let error = chosen(&all, &["clips".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("clips") && error.contains("jobs, keys"), "{error}");
    }
}
