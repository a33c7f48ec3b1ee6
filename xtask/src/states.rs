//! `cargo xtask states`: what a character's states and rules come to, and whether they can trap it.
//! Reads a page's configuration with the very code that the page reads it with.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cuelight_core::catalog::{Play, StateDef, Tier};
use cuelight_core::state_machine::rules::Mood;
use cuelight_core::state_machine::signal::{Signals, Who};
use cuelight_core::state_machine::{Config, check};
use cuelight_core::units::Millis;

use crate::say;

/// Checks each file, or the built-in rules when none is named.
///
/// # Errors
/// A file cannot be read, is no configuration, or could trap a character in one of the plans.
pub(crate) fn command(files: &[String]) -> Result<()> {
    if files.is_empty() {
        return judge("the built-in states", &Rc::default());
    }
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
        let page: serde_json::Value =
            serde_json::from_str(&text).with_context(|| format!("{file} is no JSON"))?;
        let config = Config::read(&page).with_context(|| file.clone())?;
        judge(file, &Rc::new(config))?;
    }
    Ok(())
}

fn judge(what: &str, config: &Rc<Config>) -> Result<()> {
    say!("{what}\n\n{}", table(config));
    for (tier, name) in [(Tier::Free, "free"), (Tier::Pro, "pro"), (Tier::Enterprise, "enterprise")] {
        let began = Instant::now();
        if let Err(trap) = check(config, tier) {
            bail!("{what}, in the {name} plan: {trap}");
        }
        let states = config.states().filter(|state| state.tier <= tier).count();
        say!("ok: {name}, {states} states ({:.1} ms)", began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(())
}

fn table(config: &Config) -> String {
    let mut rows = vec![["state", "plan", "plays", "shown when", "leaves when"].map(str::to_owned)];
    for state in config.states() {
        let [plan, plays] = words_of(state);
        let mut lines = reasons(config, state);
        if lines.is_empty() {
            lines.push(["the page calls setState".to_owned(), "the page calls setState again".to_owned()]);
        }
        let mut name = state.id.clone();
        let mut of = [plan, plays];
        for [when, leaves] in lines {
            let [plan, plays] = std::mem::take(&mut of);
            rows.push([std::mem::take(&mut name), plan, plays, when, leaves]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn words_of(state: &StateDef) -> [String; 2] {
    let plan = match state.tier {
        Tier::Free => "free",
        Tier::Pro => "pro",
        Tier::Enterprise => "enterprise",
    };
    let plays = match state.play {
        Play::Loop => "loop",
        Play::Once => "once",
        Play::Held => "held",
    };
    [plan.to_owned(), plays.to_owned()]
}

/// What brings a state and what ends it, a line for each rule.
fn reasons(config: &Config, state: &StateDef) -> Vec<[String; 2]> {
    let rules = config.rules();
    let mut lines = Vec::new();
    if rules.rest == state.id {
        lines.push(["nothing else applies".to_owned(), "anything else applies".to_owned()]);
    }
    for activity in rules.activities.iter().filter(|activity| activity.state == state.id) {
        let mut leaves = names(activity.ends);
        if let Some(span) = activity.times_out {
            let or = if leaves.is_empty() { "" } else { ", or " };
            let _ = write!(leaves, "{or}{} pass", seconds(span));
        }
        lines.push([names(activity.starts), leaves]);
    }
    for mood in rules.moods.iter().filter(|mood| mood.state == state.id) {
        let leaves = match state.play {
            Play::Once => "it has played".to_owned(),
            _ => format!("{} pass", seconds(rules.held)),
        };
        lines.push([trigger(mood), leaves]);
    }
    lines
}

fn trigger(mood: &Mood) -> String {
    let mut text = names(mood.on);
    if mood.first {
        text.insert_str(0, "first ");
    }
    for (word, limit) in [("above", mood.above), ("below", mood.below)] {
        if let Some(limit) = limit {
            let _ = write!(text, " {word} {limit}");
        }
    }
    if mood.technical {
        text.push_str(", technical");
    }
    match mood.who {
        Some(Who::User) => text.push_str(" of the user"),
        Some(Who::Assistant) => text.push_str(" of the assistant"),
        None => {}
    }
    match mood.words.split_first() {
        None => {}
        Some((word, [])) => {
            let _ = write!(text, " with \"{word}\"");
        }
        Some((word, others)) => {
            let _ = write!(text, " with \"{word}\" or {} more", others.len());
        }
    }
    text
}

fn names(signals: Signals) -> String {
    signals.kinds().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn seconds(span: Millis) -> String {
    format!("{} s", std::time::Duration::from_millis(span.0).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn examples() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/states")
    }

    #[test]
    fn the_examples_of_the_documentation_are_accepted_except_the_one_that_is_not() {
        for entry in std::fs::read_dir(examples()).unwrap() {
            let path = entry.unwrap().path();
            let judged = command(&[path.display().to_string()]);
            let trap = path.ends_with("trap.json");
            assert_eq!(judged.is_err(), trap, "{}: {judged:?}", path.display());
            if let Err(error) = judged {
                let told = format!("{error:#}");
                assert!(told.contains("idle -> (sent) -> thinking"), "{told}");
                let page = std::fs::read_to_string(examples().join("../../states.md")).unwrap();
                let printed = told.split_once(": ").unwrap().1;
                assert!(page.contains(printed), "docs/states.md shows another message than\n{printed}");
            }
        }
    }

    #[test]
    fn the_table_tells_every_state_and_what_brings_it() {
        let table = table(&Config::default());
        for state in Config::default().states() {
            assert!(table.lines().any(|line| line.starts_with(&state.id)), "{}", state.id);
        }
        let sad = table.lines().find(|line| line.starts_with("sad")).unwrap();
        assert!(sad.contains("sentiment below -0.3") && sad.contains("5 s pass"), "{sad}");
        assert!(table.contains("stream-started, stream-token"), "{table}");
        assert!(table.contains("of the user with \"problem\" or 9 more"), "{table}");
    }

    #[test]
    fn what_is_no_configuration_is_refused_with_the_file() {
        let error = format!("{:#}", command(&["no-such-file.json".to_owned()]).unwrap_err());
        assert!(error.starts_with("no-such-file.json cannot be read"), "{error}");
    }
}
