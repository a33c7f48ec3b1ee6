//! Long work, told as it happens: a line when it starts, a heartbeat while it is quiet, a line with the
//! seconds when it ends. The output of a step that fails is shown whole; of one that passes it is kept
//! in a log.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process;

/// How often a quiet step says that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often a waiting step looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(100);

/// Says one line to the person at the terminal.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {{
        use ::std::io::Write as _;
        // Standard output may be a pipe whose reader has gone; that is no reason to fail.
        let _ = ::std::writeln!(::std::io::stdout(), $($words)*);
    }};
}

/// How a step's command ended, and what it wrote to both outputs, in order.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// All it wrote.
    pub(crate) output: String,
}

/// Runs `command` as the step `label`, which says what it is for (and, if it is long, how long it
/// usually takes). The output also goes to `log`, if given.
///
/// # Errors
/// The program cannot be started, fails, or is interrupted. Its output was shown before.
pub(crate) fn step(label: &str, command: &mut Command, log: Option<&Path>) -> Result<String> {
    say!("→ {label}");
    let started = Instant::now();
    // Others may be under way: a line says whose it is.
    let name = label.split(" (").next().unwrap_or(label);
    let finished = watch_as(&format!("{name}, "), command, log)?;
    if !finished.status.success() {
        say!("{}", finished.output.trim_end());
        let advice = if speaks_of_no_network(&finished.output) {
            ": no network, it seems; connect and run the same command again"
        } else {
            "; what it wrote is above"
        };
        bail!("{label}: failed ({}){advice}", finished.status);
    }
    say!("  ok, {}: {name}", seconds(started.elapsed()));
    Ok(finished.output)
}

/// Runs `command` to its end with a heartbeat, and shows nothing else.
///
/// # Errors
/// The program cannot be started, or is interrupted.
pub(crate) fn watch(command: &mut Command, log: Option<&Path>) -> Result<Finished> {
    watch_as("", command, log)
}

/// As [`watch`], and each heartbeat begins with `whose`.
fn watch_as(whose: &str, command: &mut Command, log: Option<&Path>) -> Result<Finished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process::start(command)?;
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender);
    }
    let (started, mut told) = (Instant::now(), Instant::now());
    let (mut output, mut latest) = (String::new(), String::new());
    let status = loop {
        match lines.recv_timeout(GLANCE) {
            Ok(line) => {
                let _ = writeln!(output, "{line}");
                latest = line;
            }
            // A grandchild may hold the pipe open after the child has ended, and the other way round.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                if let Some(status) = child.try_wait()? {
                    break status;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
        if process::interrupted() {
            bail!("interrupted");
        }
        if told.elapsed() >= HEARTBEAT {
            say!("  … {whose}{}: {}", seconds(started.elapsed()), shortened(&latest));
            told = Instant::now();
        }
    };
    for line in lines.try_iter() {
        let _ = writeln!(output, "{line}");
    }
    if let Some(log) = log {
        // The log is a convenience; a full disk will be reported by the step that needs the disk.
        let _ = log.parent().map(fs::create_dir_all).and_then(|_| fs::write(log, &output).ok());
    }
    Ok(Finished { status, output })
}

/// Whether a program's output blames the network, in the words of cargo, npm or apt.
pub(crate) fn speaks_of_no_network(output: &str) -> bool {
    const SIGNS: [&str; 11] = [
        "Could not resolve host",
        "Temporary failure resolving",
        "failed to lookup address",
        "Couldn't connect",
        "Could not connect",
        "Connection refused",
        "Network is unreachable",
        "ENOTFOUND",
        "ECONNREFUSED",
        "ENETUNREACH",
        "EAI_AGAIN",
    ];
    SIGNS.iter().any(|sign| output.contains(sign))
}

/// A duration for people: tenths of a second when it is short, minutes when it is long.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        whole @ 10..120 => format!("{whole} s"),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

/// Sends each line of `source` until it ends. Bytes that are not UTF-8 are replaced.
pub(crate) fn forward(source: impl Read + Send + 'static, sender: mpsc::Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(source).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}

fn shortened(line: &str) -> String {
    let line = if line.trim().is_empty() { "still at work" } else { line.trim() };
    match line.char_indices().nth(90) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::tests::ALONE;

    #[test]
    fn a_step_that_fails_says_which_and_how() {
        let _alone = ALONE.lock();
        let error = step("a doomed step", Command::new("sh").args(["-c", "exit 3"]), None).unwrap_err();
        assert!(error.to_string().contains("a doomed step"), "{error}");
        assert!(error.to_string().contains('3'), "{error}");
    }

    #[test]
    fn both_outputs_of_a_step_are_kept() {
        let _alone = ALONE.lock();
        let output = step("a step", Command::new("sh").args(["-c", "echo out; echo err >&2"]), None).unwrap();
        assert!(output.contains("out") && output.contains("err"), "{output}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let _alone = ALONE.lock();
        let error = step("a step", &mut Command::new("no-such-program-here"), None).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn durations_read_well_at_every_length() {
        assert_eq!(seconds(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(61)), "61 s");
        assert_eq!(seconds(Duration::from_secs(605)), "10 min 05 s");
    }
}
