//! Which steps there are, in which order, and which of them a developer asked for.

use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, on_path};
use crate::{build, deploy, licences, tidy};

/// The step that others need.
pub(super) const BUILD: &str = "build";

/// A check that is run in this process; the strings are its violations.
type Rules = fn(&Workspace) -> Result<Vec<String>>;
/// A command is made when its turn comes.
type MakeCommand = Box<dyn Fn(&Workspace) -> Command>;

/// What a step does.
pub(super) enum Work {
    /// Programs, all of which are run and must succeed.
    Commands(Vec<MakeCommand>),
    /// Rules of the house.
    Rules(Rules),
    /// `cargo xtask build`.
    Build,
}

/// One numbered line of a run.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) work: Work,
    /// It runs tests: running none would be a failure.
    pub(super) has_tests: bool,
    /// It uses what the build made.
    pub(super) needs_build: bool,
    /// It needs a browser or workerd: `--quick` leaves it out.
    slow: bool,
}

/// All steps. Those that run tests are given `words` that name no step, as a filter on tests' names.
pub(super) fn all(words: &[String]) -> Vec<Step> {
    let filter: Vec<String> = words.iter().filter(|word| !NAMES.contains(&word.as_str())).cloned().collect();
    let cargo = |arguments: &'static str, filter: Vec<String>| -> MakeCommand {
        Box::new(move |workspace| {
            let mut command = workspace.cargo();
            command.args(arguments.split(' ')).args(&filter);
            command
        })
    };
    let step =
        |name, about, work| Step { name, about, work, has_tests: false, needs_build: false, slow: false };
    let commands = Work::Commands;
    let has_tests = filter.is_empty();
    let browser_filter = filter.clone();
    vec![
        step("fmt", "formatting", commands(vec![cargo("fmt --all --check", vec![])])),
        step(
            "clippy",
            "lints, native and wasm32",
            commands(vec![
                cargo(
                    "clippy --workspace --exclude cuelight-client --exclude cuelight-edge \
                     --exclude cuelight-simulation --all-targets -- -D warnings",
                    vec![],
                ),
                cargo("clippy --package cuelight-simulation --all-targets -- -D warnings", vec![]),
                // The programs that only `cargo xtask fuzz` runs.
                cargo("clippy --package cuelight-fuzz --features libfuzzer --bins -- -D warnings", vec![]),
                cargo(
                    "clippy --package cuelight-core --package cuelight-client --package cuelight-edge \
                     --target wasm32-unknown-unknown -- -D warnings",
                    vec![],
                ),
                cargo(
                    "clippy --package cuelight-client --features game --tests --target wasm32-unknown-unknown \
                     -- -D warnings",
                    vec![],
                ),
            ]),
        ),
        step("tidy", "rules of the house", Work::Rules(tidy::violations)),
        step("licences", "licences, duplicates and forbidden crates", Work::Rules(licences::violations)),
        Step {
            has_tests,
            ..step(
                "native",
                "unit and property tests, worlds of faults, and mutations of what strangers send",
                commands(vec![
                    Box::new({
                        let filter = filter.clone();
                        move |workspace| {
                            let mut command = workspace.cargo();
                            command.args(["test", "--no-fail-fast"]);
                            command.args(NATIVE.iter().flat_map(|package| ["--package", package]));
                            command.arg("--").args(&filter);
                            command
                        }
                    }),
                    // By itself: what it switches off must stay on in the others.
                    cargo("test --no-fail-fast --package cuelight-simulation --", filter.clone()),
                ]),
            )
        },
        step(
            "golden",
            "keys and signatures computed a second time, in Python",
            commands(vec![python("core/tests/golden/keys.py"), python("core/tests/golden/auth.py")]),
        ),
        Step { slow: true, ..step(BUILD, "what is shipped, and its size", Work::Build) },
        Step {
            needs_build: true,
            slow: true,
            ..step("deploy", "a deployment without an account", Work::Rules(deploy::rehearse))
        },
        Step {
            has_tests,
            slow: true,
            ..step(
                "browser",
                "wasm tests in headless Chromium",
                commands(vec![Box::new(move |workspace| browser(workspace, &browser_filter))]),
            )
        },
        Step {
            has_tests,
            needs_build: true,
            slow: true,
            ..step(
                "e2e",
                "workerd, the studio and a browser, end to end (usually some minutes)",
                commands(vec![Box::new(move |workspace| end_to_end(workspace, &filter))]),
            )
        },
    ]
}

/// A second implementation, asked whether it agrees with the golden file beside it.
fn python(script: &'static str) -> MakeCommand {
    Box::new(move |workspace| {
        let mut command = workspace.command("python3");
        command.args([script, "--check"]);
        command
    })
}

/// What is tested without a browser and without workerd, all at once.
pub(crate) const NATIVE: [&str; 5] =
    ["cuelight-core", "cuelight-providers", "cuelight-studio", "cuelight-fuzz", "xtask"];

/// The words that choose steps.
const NAMES: [&str; 10] =
    ["fmt", "clippy", "tidy", "licences", "native", "golden", BUILD, "deploy", "browser", "e2e"];

/// The steps to run: all, or without the slow ones, or those that words name (and what they need). Words
/// that name no step filter tests by name, and then only steps that run tests are left.
///
/// # Errors
/// The selection is empty.
pub(super) fn select(steps: Vec<Step>, quick: bool, words: &[String]) -> Result<Vec<Step>> {
    let named = |step: &Step| words.iter().any(|word| word == step.name);
    let any_named = steps.iter().any(named);
    let needs_build = steps.iter().any(|step| step.needs_build && (named(step) || !any_named) && !quick);
    let runs_tests = |step: &Step| matches!(step.name, "native" | "browser" | "e2e");
    let wanted = |step: &Step| {
        let chosen = match (words.is_empty(), any_named) {
            (true, _) => true,
            (false, true) => named(step),
            (false, false) => runs_tests(step),
        };
        chosen || (step.name == BUILD && needs_build)
    };
    let steps: Vec<Step> = steps.into_iter().filter(|step| wanted(step) && !(quick && step.slow)).collect();
    if steps.is_empty() {
        bail!("there is nothing to run; the steps are {}", NAMES.join(", "));
    }
    Ok(steps)
}

fn browser(workspace: &Workspace, filter: &[String]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--package", "cuelight-client", "--features", "game"])
        .args(["--target", "wasm32-unknown-unknown", "--"])
        .args(filter)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", workspace.cargo_tool("wasm-bindgen-test-runner"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "180");
    if let Some(driver) = on_path("chromedriver") {
        command.env("CHROMEDRIVER", driver);
    }
    command
}

fn end_to_end(workspace: &Workspace, filter: &[String]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--no-fail-fast", "--package", "cuelight-tests", "--", "--test-threads=1"])
        .args(filter);
    with_parts(workspace, command)
}

/// One file of the tests that run everything together.
pub(crate) fn together(workspace: &Workspace, file: &str) -> Command {
    let mut command = workspace.cargo();
    command.args(["test", "--package", "cuelight-tests", "--test", file, "--", "--test-threads=1"]);
    with_parts(workspace, command)
}

/// Tells the tests where everything is that they run.
fn with_parts(workspace: &Workspace, mut command: Command) -> Command {
    command
        .env("CUELIGHT_WRANGLER", workspace.npm_tool("wrangler"))
        .env("CUELIGHT_STUDIO", build::studio_program(workspace))
        .env("CUELIGHT_EDGE_DIR", workspace.root.join("edge-worker"))
        .env("CUELIGHT_SCHEMATHESIS", workspace.python_folder("schemathesis").join("bin/schemathesis"))
        .env("CUELIGHT_VENDORS_PYTHON", workspace.python_folder("vendors").join("bin/python"))
        .env("CUELIGHT_SCREENSHOTS", workspace.target.join("screenshots"));
    let programs = [
        ("CUELIGHT_CHROMEDRIVER", &["chromedriver"][..]),
        ("CUELIGHT_CHROMIUM", &["chromium", "chromium-browser"]),
        ("CUELIGHT_FFPROBE", &["ffprobe"]),
    ];
    for (variable, names) in programs {
        if let Some(path) = names.iter().find_map(|name| on_path(name)) {
            command.env(variable, path);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(quick: bool, words: &[&str]) -> Vec<&'static str> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        select(all(&words), quick, &words).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn every_step_runs_unless_asked_otherwise() {
        assert_eq!(selected(false, &[]), NAMES);
    }

    #[test]
    fn quick_needs_no_browser_and_no_workerd() {
        assert_eq!(selected(true, &[]), ["fmt", "clippy", "tidy", "licences", "native", "golden"]);
    }

    #[test]
    fn a_named_step_runs_alone_with_what_it_needs() {
        assert_eq!(selected(false, &["tidy"]), ["tidy"]);
        assert_eq!(selected(false, &["e2e"]), ["build", "e2e"]);
    }

    #[test]
    fn a_word_that_names_no_step_filters_tests() {
        assert_eq!(selected(false, &["dropped_socket"]), ["native", "build", "browser", "e2e"]);
        assert_eq!(selected(false, &["native", "cue"]), ["native"]);
    }
}
