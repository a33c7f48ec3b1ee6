//! `cargo xtask sim`: builds the simulation, by itself, and hands it the arguments.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// How often it looks whether the simulation has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs the simulation. What it prints goes to the terminal as it comes.
///
/// # Errors
/// It cannot be built, or a promise is broken; the simulation has said which and in which world.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--release", "--package", "cuelight-simulation", "--"]).args(arguments);
    let mut child = process::start(&mut command)?;
    loop {
        if process::interrupted() {
            bail!("interrupted");
        }
        match child.try_wait()? {
            Some(ended) if ended.success() => return Ok(()),
            Some(_) => bail!("the simulation did not pass; what it found is above"),
            None => thread::sleep(GLANCE),
        }
    }
}
