//! Everything that a change must pass, as numbered steps. A failed step does not stop the others: a
//! developer learns all there is to learn from one run. The exit code and the last line tell the sum.

pub(crate) mod plan;
mod tally;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::plan::{Step, Work};
use self::tally::Tally;
use crate::build::{self, Care};
use crate::process;
use crate::progress::{seconds, watch};
use crate::say;
use crate::tools::{self, Need};
use crate::workspace::Workspace;

/// What became of a step.
#[derive(Debug)]
struct Outcome {
    name: &'static str,
    tally: Tally,
    took: Duration,
    /// Why it did not pass, in a few words.
    trouble: Option<String>,
}

/// Runs the steps that `words` and `quick` select (see [`plan::select`]).
///
/// # Errors
/// A tool cannot be installed, a step failed, or the run was interrupted.
pub(crate) fn run(workspace: &Workspace, quick: bool, words: &[String]) -> Result<()> {
    let started = Instant::now();
    let steps = plan::select(plan::all(words), quick, words)?;
    tools::install(workspace, if quick { Need::Check } else { Need::Test })?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        say!("[{}/{}] {}: {}", index + 1, steps.len(), step.name, step.about);
        let begun = Instant::now();
        let unbuilt = outcomes.iter().any(|o| o.name == plan::BUILD && o.trouble.is_some());
        let (tally, trouble) = if step.needs_build && unbuilt {
            (Tally::default(), Some("not run, since the build failed".to_owned()))
        } else {
            perform(workspace, step)
        };
        // Browsers and workers that a failed test left behind would disturb the next step.
        process::stop_descendants();
        if process::interrupted() {
            bail!("interrupted");
        }
        let outcome = Outcome { name: step.name, tally, took: begun.elapsed(), trouble };
        say!("      {}", outcome.in_words());
        outcomes.push(outcome);
    }
    conclude(&outcomes, started.elapsed())
}

fn perform(workspace: &Workspace, step: &Step) -> (Tally, Option<String>) {
    let mut tally = Tally::default();
    let trouble = match &step.work {
        Work::Build => build::command(workspace, Care::Release).err().map(|error| format!("{error:#}")),
        Work::Rules(check) => match check(workspace) {
            Ok(violations) => {
                for violation in &violations {
                    say!("      {violation}");
                }
                (!violations.is_empty()).then(|| format!("{} violations", violations.len()))
            }
            Err(error) => Some(format!("{error:#}")),
        },
        Work::Commands(commands) => {
            let mut trouble = None;
            for (number, build_command) in commands.iter().enumerate() {
                let log = workspace.log(&format!("{}-{}", step.name, number + 1));
                let mut command: Command = build_command(workspace);
                match watch(&mut command, Some(&log)) {
                    Ok(finished) => {
                        tally.add(&Tally::read(&finished.output));
                        if !finished.status.success() {
                            say!("{}", finished.output.trim_end());
                            trouble = Some(format!("{}; its output is above", finished.status));
                        }
                    }
                    Err(error) => trouble = Some(format!("{error:#}")),
                }
            }
            trouble
        }
    };
    let trouble =
        trouble.or_else(|| (step.has_tests && tally.passed == 0).then(|| "it ran no test at all".to_owned()));
    (tally, trouble)
}

fn conclude(outcomes: &[Outcome], took: Duration) -> Result<()> {
    say!("{}", summary(outcomes, took));
    if sum(outcomes).1 == 0 { Ok(()) } else { bail!("not everything passed") }
}

/// A table of the steps, the names of the tests that failed, and the sum alone on the last line.
fn summary(outcomes: &[Outcome], took: Duration) -> String {
    let mut lines = vec![format!("\n{:<12} {:<8} {:>12}  tests", "step", "result", "time")];
    for outcome in outcomes {
        let result = if outcome.trouble.is_none() { "ok" } else { "FAILED" };
        let (time, tests) = (seconds(outcome.took), outcome.tally.in_words());
        lines.push(format!("{:<12} {result:<8} {time:>12}  {tests}", outcome.name));
    }
    lines.push(format!("{:<12} {:<8} {:>12}", "all", "", seconds(took)));
    for outcome in outcomes {
        lines.extend(outcome.tally.failures.iter().map(|name| format!("failed: {}: {name}", outcome.name)));
    }
    let (passed, failed) = sum(outcomes);
    lines.push(format!("\n{passed} passed, {failed} failed"));
    lines.join("\n")
}

/// The tests that passed, and the tests that failed; a step that failed without a failing test counts
/// as one.
fn sum(outcomes: &[Outcome]) -> (usize, usize) {
    let passed = outcomes.iter().map(|outcome| outcome.tally.passed).sum();
    let failed =
        outcomes.iter().map(|outcome| outcome.tally.failed.max(usize::from(outcome.trouble.is_some()))).sum();
    (passed, failed)
}

impl Outcome {
    fn in_words(&self) -> String {
        let took = seconds(self.took);
        match &self.trouble {
            None if self.tally.passed > 0 => format!("ok, {}, {took}", self.tally.in_words()),
            None => format!("ok, {took}"),
            Some(trouble) => format!("FAILED after {took}: {trouble}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: usize, failed: usize, trouble: Option<&str>) -> Outcome {
        Outcome {
            name: "step",
            tally: Tally { passed, failed, failures: Vec::new() },
            took: Duration::ZERO,
            trouble: trouble.map(str::to_owned),
        }
    }

    #[test]
    fn a_step_that_failed_before_any_test_ran_still_counts_as_a_failure() {
        let outcomes =
            [outcome(7, 0, None), outcome(0, 0, Some("did not compile")), outcome(3, 2, Some("exit 101"))];
        assert_eq!(sum(&outcomes), (10, 3));
    }

    #[test]
    fn the_last_line_is_the_sum_and_nothing_else() {
        let summary = summary(&[outcome(7, 0, None), outcome(1, 0, Some("violations"))], Duration::ZERO);
        assert_eq!(summary.lines().last(), Some("8 passed, 1 failed"));
    }
}
