//! `cargo xtask bench predictor`: how well the browser module's predictor foresees recorded
//! sessions, against simpler ways to guess, in one run. Every guess is made from the past of its
//! session and what was learned of the training file; no session of the test file helps another.

pub(crate) mod contestants;
pub(crate) mod recording;
pub(crate) mod score;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use self::contestants::{Contestant, HandWritten, Ours, Table, ranked};
use self::recording::Session;
use self::score::Score;
use crate::process;
use crate::say;
use crate::workspace::Workspace;

const DEFAULT_BUDGET: usize = 3;
const MOST_BUDGET: usize = 64;
const HELP: &str =
    "cargo xtask bench predictor (--train FILE | --cold) --test FILE [--budget K] [--emit FILE]";

#[derive(Debug, Default, PartialEq, Eq)]
struct Order {
    train: Option<PathBuf>,
    test: PathBuf,
    budget: usize,
    emit: Option<PathBuf>,
}

fn order(words: &[String]) -> Result<Order> {
    let mut order = Order { budget: DEFAULT_BUDGET, ..Order::default() };
    let (mut cold, mut words) = (false, words.iter());
    while let Some(word) = words.next() {
        let (name, inline) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
        if name == "--cold" {
            cold = true;
            continue;
        }
        ensure!(
            matches!(name, "--train" | "--test" | "--budget" | "--emit"),
            "`{word}` is not understood here\n\n{HELP}"
        );
        let value = inline.or_else(|| words.next().map(String::as_str));
        let value = value.with_context(|| format!("{name} needs a value\n\n{HELP}"))?;
        match name {
            "--train" => order.train = Some(value.into()),
            "--test" => order.test = value.into(),
            "--emit" => order.emit = Some(value.into()),
            _ => {
                order.budget =
                    value.parse().ok().filter(|budget| (1..=MOST_BUDGET).contains(budget)).with_context(
                        || format!("--budget is a number from 1 to {MOST_BUDGET}, not `{value}`"),
                    )?;
            }
        }
    }
    if cold == order.train.is_some() {
        bail!("either --train FILE or --cold\n\n{HELP}");
    }
    ensure!(!order.test.as_os_str().is_empty(), "which sessions are foreseen? --test FILE\n\n{HELP}");
    Ok(order)
}

/// The benchmark, in a release build, which is what a time is about: builds one and hands over, unless
/// this is one.
///
/// # Errors
/// An option or a file is wrong; a line of a file is told by its number.
pub(crate) fn command(workspace: &Workspace, words: &[String]) -> Result<()> {
    let order = order(words)?;
    if cfg!(debug_assertions) {
        let mut command = workspace.cargo();
        command.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench", "predictor"]);
        command.args(order.words()?);
        let ended = process::start(&mut command)?.wait()?;
        return if ended.success() { Ok(()) } else { bail!("the release build did not measure") };
    }
    measure(order)
}

impl Order {
    /// The same order for a process that runs elsewhere.
    fn words(&self) -> Result<Vec<OsString>> {
        let mut words: Vec<OsString> = vec!["--budget".into(), self.budget.to_string().into()];
        let files =
            [("--train", self.train.as_ref()), ("--test", Some(&self.test)), ("--emit", self.emit.as_ref())];
        for (name, file) in files {
            if let Some(file) = file {
                words.extend([name.into(), std::path::absolute(file)?.into()]);
            }
        }
        if self.train.is_none() {
            words.push("--cold".into());
        }
        Ok(words)
    }
}

fn measure(order: Order) -> Result<()> {
    let train = order.train.as_deref().map(recording::read).transpose()?.unwrap_or_default();
    let test = recording::read(&order.test)?;
    let mut contestants: Vec<Box<dyn Contestant>> = vec![
        Box::new(Ours::default()),
        Box::new(Table::new(true)),
        Box::new(HandWritten::default()),
        Box::new(Table::new(false)),
    ];
    let transitions: usize = test.iter().map(|session| session.cues.len().saturating_sub(1)).sum();
    let learned = match &order.train {
        Some(_) => format!("learned from {} sessions", train.len()),
        None => "cold".to_owned(),
    };
    say!("{} sessions, {transitions} transitions, {learned}, budget {}", test.len(), order.budget);
    say!(
        "{:18} {:>7} {:>7} {:>7} {:>9} {:>9} {:>9}",
        "",
        "hit@1",
        "hit@2",
        "hit@3",
        "used",
        "wasted",
        "bits"
    );
    for contestant in &mut contestants {
        learn(contestant.as_mut(), &train);
        let score = hold(contestant.as_ref(), &test, order.budget);
        let [one, two, three] = score.hits().map(|share| share * 100.0);
        let (used, wasted, bits) = (score.used(), score.wasted(), score.bits());
        let name = contestant.name();
        say!("{name:18} {one:6.2}% {two:6.2}% {three:6.2}% {used:9.4} {wasted:9.4} {bits:9.4}");
    }
    let mut ours = Ours::default();
    learn(&mut ours, &train);
    let times = time(&ours, &test);
    if let (Some(median), Some(slow)) = (times.get(times.len() / 2), times.get(times.len() * 99 / 100)) {
        let us = |time: &Duration| time.as_secs_f64() * 1e6;
        say!("a step of ours: median {:.2} µs, 99% within {:.2} µs", us(median), us(slow));
    }
    match order.emit {
        Some(path) => {
            let file =
                std::fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
            emit(&ours, &test, std::io::BufWriter::new(file))
        }
        None => Ok(()),
    }
}

pub(crate) fn learn(contestant: &mut dyn Contestant, sessions: &[Session]) {
    for session in sessions {
        contestant.begin(session.tier);
        session.cues.iter().for_each(|cue| contestant.observe(cue));
    }
}

/// Has the contestant guess every step of every session.
pub(crate) fn hold(contestant: &dyn Contestant, test: &[Session], budget: usize) -> Score {
    let mut score = Score::default();
    for session in test {
        let mut contestant = contestant.copy();
        contestant.begin(session.tier);
        for pair in session.cues.windows(2) {
            let [now, next] = pair else { continue };
            contestant.observe(now);
            score.add(&ranked(contestant.guess()), next, budget);
        }
    }
    score
}

/// How long it takes to learn one cue and to say what comes next, shortest first.
fn time(ours: &Ours, test: &[Session]) -> Vec<Duration> {
    let mut times = Vec::new();
    for session in test {
        let mut predictor = ours.0.clone();
        predictor.set_tier(session.tier);
        predictor.begin();
        for cue in &session.cues {
            let begun = Instant::now();
            predictor.observe(cue);
            std::hint::black_box(predictor.predict());
            times.push(begun.elapsed());
        }
    }
    times.sort_unstable();
    times
}

/// One line a step; step `i` has seen `states[0..=i]`.
fn emit(ours: &Ours, test: &[Session], mut out: impl Write) -> Result<()> {
    for session in test {
        let mut contestant = ours.copy();
        contestant.begin(session.tier);
        for (step, cue) in session.cues.iter().enumerate().take(session.cues.len().saturating_sub(1)) {
            contestant.observe(cue);
            let guesses = ranked(contestant.guess());
            let total: f64 = guesses.iter().map(|(_, p)| p).sum();
            let names: Vec<_> = guesses.iter().map(|(cue, _)| session.tell(cue)).collect();
            let probs: Vec<f64> = guesses.iter().map(|(_, p)| p / total).collect();
            let line = json!({ "session": session.name, "step": step, "ranked": names, "probs": probs });
            writeln!(out, "{line}")?;
        }
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests;
