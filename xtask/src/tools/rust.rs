//! Parts of the Rust toolchain, which rustup brings. Never installs rustup itself.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Source, Tool, bring};
use crate::workspace::{Workspace, on_path};

/// Whether the standard library's source is there, for a build that compiles it.
pub(super) fn source(workspace: &Workspace) -> Result<String> {
    let output = workspace.command("rustc").args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8_lossy(&output.context("rustc does not run")?.stdout).trim().to_owned();
    let manifest = Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml");
    if manifest.is_file() { Ok("installed".to_owned()) } else { bail!("not installed") }
}

/// Whether the standard library for `target` is there.
pub(super) fn target(workspace: &Workspace, target: &str) -> Result<String> {
    let output = workspace
        .command("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("rustc does not run")?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let holds_files = std::fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some());
    if holds_files { Ok("installed".to_owned()) } else { bail!("not installed") }
}

/// The version of a component, asked from the cargo subcommand that it brings.
pub(super) fn component(workspace: &Workspace, subcommand: &str) -> Result<String> {
    let output = workspace.cargo().args([subcommand, "--version"]).output().context("cargo does not run")?;
    if !output.status.success() {
        bail!("not installed");
    }
    let words = String::from_utf8_lossy(&output.stdout);
    Ok(words.split_whitespace().nth(1).unwrap_or("installed").to_owned())
}

/// Has rustup add the missing parts.
pub(super) fn install(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    for tool in tools {
        let verb = if tool.source == Source::RustTarget { "target" } else { "component" };
        if on_path("rustup").is_none() {
            bail!("{} is missing and so is rustup, which brings it: install Rust with rustup", tool.name);
        }
        let label = format!("rustup {verb} add {}: {}", tool.name, tool.purpose);
        bring(tool.name, &label, workspace.command("rustup").args([verb, "add", tool.name]))?;
    }
    Ok(())
}
