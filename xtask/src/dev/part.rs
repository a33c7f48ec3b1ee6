//! A part that a command starts, watches and shows the words of. Knows nothing of what the part is for.

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{GLANCE, PATIENCE, logs};
use crate::process;
use crate::progress::forward;
use crate::say;

/// How much of a dead part's output is worth showing.
const LAST_LINES: usize = 30;

/// A running child and what it says.
#[derive(Debug)]
pub(crate) struct Part {
    pub(super) name: &'static str,
    child: Child,
    lines: Receiver<String>,
    last: VecDeque<String>,
}

impl Part {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process::start(command)?;
        let (sender, lines): (Sender<String>, _) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, sender);
        }
        Ok(Self { name, child, lines, last: VecDeque::new() })
    }

    /// The lines that come within `patience`, and at least those that are there already.
    pub(crate) fn collect(&mut self, patience: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        match self.lines.recv_timeout(patience) {
            Ok(line) => lines.push(line),
            // Both pipes are closed: there will be no more, but the caller counts on a pause.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(patience),
            Err(RecvTimeoutError::Timeout) => {}
        }
        lines.extend(self.lines.try_iter());
        self.last.extend(lines.iter().filter(|line| !line.trim().is_empty()).cloned());
        self.last.drain(..self.last.len().saturating_sub(LAST_LINES));
        lines
    }

    pub(crate) fn wait_for<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE && !process::interrupted() {
            if let Some(found) = self.collect(GLANCE).iter().find_map(|line| wanted(line)) {
                return Ok(found);
            }
            self.check_alive()?;
        }
        self.show_last_lines();
        bail!("the {} did not say that it is ready; its last lines are above", self.name)
    }

    /// Says so if it has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        if process::interrupted() {
            return Ok(());
        }
        self.collect(GLANCE);
        self.show_last_lines();
        bail!("the {} ended by itself ({status}); its last lines are above", self.name)
    }

    /// Shows what it said last.
    pub(crate) fn show_last_lines(&self) {
        for line in self.last.iter().filter_map(|line| logs::readable(line)) {
            say!("{:<6} │ {line}", self.name);
        }
    }
}
