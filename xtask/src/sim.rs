//! `cargo xtask sim`: builds the simulation, by itself, and hands it the arguments.

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Runs the simulation. What it prints goes to the terminal as it comes.
///
/// # Errors
/// It cannot be built, or a promise is broken; the simulation has said which and in which world.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--release", "--package", "cuelight-simulation", "--"]).args(arguments);
    let mut child = process::start(&mut command)?;
    let ended = process::wait(&mut child)?;
    if !ended.success() {
        bail!("the simulation did not pass");
    }
    Ok(())
}
