//! Programs that come as Debian packages. Asks for no password: without root or passwordless sudo it
//! says which command to run.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::{Source, Tool, explain};
use crate::progress::watch;
use crate::say;
use crate::workspace::{Workspace, on_path};

/// Finds one of `programs` on the path. Answers with where it is.
pub(super) fn look(programs: &[&str]) -> Result<String> {
    match programs.iter().find_map(|program| on_path(program)) {
        Some(path) => Ok(path.display().to_string()),
        None => bail!("not installed"),
    }
}

/// Installs packages with apt-get, all at once.
pub(super) fn install(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    let packages: Vec<&str> =
        tools.iter().filter(|tool| matches!(tool.source, Source::Debian(_))).map(|tool| tool.name).collect();
    install_packages(workspace, &packages)
}

/// Installs packages by their Debian names.
pub(crate) fn install_packages(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if on_path("apt-get").is_none() {
        bail!("this system has no apt-get: please install by its own means what Debian calls {names}");
    }
    let Some(prefix) = privilege() else {
        bail!(
            "installing {names} needs root: please run `sudo apt-get install {names}`, then this command again"
        );
    };
    say!("→ apt-get install {names} (usually half a minute)");
    // Only the second command's failure counts: old package lists may be good enough.
    let update = run(workspace, prefix, &["apt-get", "update", "-qq"])?;
    let mut arguments = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    let install = run(workspace, prefix, &arguments)?;
    if !install.status.success() {
        say!("{}\n{}", update.output.trim_end(), install.output.trim_end());
        return Err(explain(&names, &(update.output + &install.output)));
    }
    Ok(())
}

fn run(workspace: &Workspace, prefix: &[&str], arguments: &[&str]) -> Result<crate::progress::Finished> {
    let words: Vec<&str> = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive"], arguments].concat();
    let (program, arguments) = words.split_first().map_or(("env", &[][..]), |(p, a)| (*p, a));
    watch(workspace.command(program).args(arguments), None)
}

/// The words to put before a command that needs root; none if we cannot become root unasked.
fn privilege() -> Option<&'static [&'static str]> {
    if nix::unistd::geteuid().is_root() {
        return Some(&[]);
    }
    let quiet =
        Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success()).then_some(&["sudo", "-n"])
}
