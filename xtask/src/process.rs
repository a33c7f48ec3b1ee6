//! Child processes, each the leader of a group, and what becomes of them when the command ends.
//!
//! Invariant: when a command returns, nothing that it started still runs. A browser or a workerd that
//! lost its parent is found too, because orphans are handed to this process and not to init.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// How long a process may take to end by itself after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Takes over Ctrl-C, SIGTERM and SIGHUP: from now on they only set a flag. Call it once, first.
///
/// # Errors
/// The system refuses a signal handler.
pub(crate) fn take_over_signals() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("could not listen for Ctrl-C")?;
    }
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true).context("could not adopt orphaned processes")?;
    Ok(())
}

/// Whether somebody asked this command to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Starts `command` as the leader of a group of its own, so that a terminal's Ctrl-C reaches only us
/// and we decide in which order things stop.
///
/// # Errors
/// The program does not exist or may not be run; the message names it.
pub(crate) fn start(command: &mut Command) -> Result<Child> {
    command.process_group(0);
    command.spawn().with_context(|| format!("could not start `{}`", command.get_program().to_string_lossy()))
}

/// Ends every process that descends from this one: politely, and after five seconds by force.
/// Returns how many there were.
pub(crate) fn stop_descendants() -> usize {
    let found = descendants();
    signal_all(&found, Signal::SIGTERM);
    let asked = Instant::now();
    while !descendants().is_empty() && asked.elapsed() < GRACE {
        thread::sleep(Duration::from_millis(20));
    }
    // A process may start another while it is being killed, hence more than one round.
    for _ in 0..10 {
        let left = descendants();
        if left.is_empty() {
            break;
        }
        signal_all(&left, Signal::SIGKILL);
        thread::sleep(Duration::from_millis(20));
    }
    found.len()
}

fn signal_all(processes: &[i32], signal: Signal) {
    for process in processes {
        // It may have ended since we looked, which is what we want of it.
        let _ = kill(Pid::from_raw(*process), signal);
    }
}

/// The ids of all living processes below this one. Empty where there is no `/proc`; there the
/// groups' leaders pass the signal on.
pub(crate) fn descendants() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let parents: Vec<(i32, i32)> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter_map(|id: i32| {
            Some((id, living_parent(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))
        })
        .collect();
    below(i32::try_from(std::process::id()).unwrap_or_default(), &parents)
}

/// The parent's id in a line of `/proc/*/stat`; none for a zombie, which has already ended. The second
/// field is a name in brackets that may itself hold spaces and brackets.
fn living_parent(stat: &str) -> Option<i32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    (fields.next()? != "Z").then(|| fields.next()?.parse().ok())?
}

fn below(root: i32, parents: &[(i32, i32)]) -> Vec<i32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(id, _)| id));
        next += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Held by each test that starts processes, since one of them counts and ends them all.
    pub(crate) static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn a_stat_line_names_the_parent_even_if_the_program_has_a_bracket_in_its_name() {
        assert_eq!(living_parent("812 (odd) name) S 77 812 812 0"), Some(77));
    }

    #[test]
    fn a_zombie_has_ended() {
        assert_eq!(living_parent("812 (node) Z 77 812 812 0"), None);
    }

    #[test]
    fn descendants_are_found_at_every_depth_and_nobody_else_is() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 99), (6, 1)];
        assert_eq!(below(1, &parents), [2, 6, 3, 4]);
    }

    #[test]
    fn a_child_that_lost_its_parent_is_stopped_too() {
        let _alone = ALONE.lock();
        take_over_signals().unwrap();
        let mut shell = Command::new("sh");
        let mut shell = start(shell.args(["-c", "sleep 600 & exit 0"])).unwrap();
        shell.wait().unwrap();
        assert!(!descendants().is_empty());
        assert_eq!(stop_descendants(), 1);
        assert!(descendants().is_empty());
    }
}
