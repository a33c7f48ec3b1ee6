//! A child process and everything it started, as one thing that can be killed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A process group. Dropping it kills every process in it.
#[derive(Debug)]
pub struct Group {
    child: Child,
    group: Pid,
}

impl Group {
    /// Starts `command` in a process group of its own, its output appended to `log`.
    pub fn start(mut command: Command, log: &PathBuf) -> Self {
        let file = std::fs::File::options().create(true).append(true).open(log).expect("open a log file");
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("share the log file"))
            .stderr(file)
            .process_group(0);
        let child = command.spawn().unwrap_or_else(|e| panic!("start {command:?}: {e}"));
        let group = group_of(&child);
        Self { child, group }
    }

    /// Starts `command` and waits for the first line of its standard output that `wanted` accepts.
    pub async fn start_and_read<T>(
        mut command: Command,
        log: &PathBuf,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> (Self, T) {
        let file = std::fs::File::options().create(true).append(true).open(log).expect("open a log file");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("start {command:?}: {e}"));
        let group = group_of(&child);
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let found = async {
            while let Some(line) = lines.next_line().await.expect("read standard output") {
                if let Some(found) = wanted(&line) {
                    return found;
                }
            }
            panic!("{command:?} ended without saying that it is ready; see {}", log.display());
        };
        let found =
            tokio::time::timeout(Duration::from_secs(60), found).await.expect("ready within a minute");
        // The pipe is drained for as long as the child lives, or it would block on a full one.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        (Self { child, group }, found)
    }

    /// SIGKILL to the whole group, and wait until the leader is gone.
    pub async fn kill(mut self) {
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait().await;
    }

    /// Whether the leader has ended.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = killpg(self.group, Signal::SIGKILL);
    }
}

fn group_of(child: &Child) -> Pid {
    // A child that was just spawned has an id, and it leads the group that it was put in.
    Pid::from_raw(i32::try_from(child.id().expect("running")).expect("a process id"))
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    listener.local_addr().expect("bound").port()
}

/// The path in environment variable `name`, which `cargo xtask test` sets.
pub fn path_from_env(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{name} is not set: run these tests with `cargo xtask test`"))
}
