//! The rules of the house, as code. Each violation is a sentence with a file and, if there is one, a
//! line. Reads the files that git knows or would add; changes none.

mod code_map;
mod crates;
mod text;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::openapi;
use crate::say;
use crate::settings;
use crate::workspace::Workspace;

/// A file of the project, as text.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the checkout's root, with slashes.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

/// The command `tidy`.
///
/// # Errors
/// There are violations, or the tree cannot be read.
pub(crate) fn command(workspace: &Workspace) -> Result<()> {
    let violations = violations(workspace)?;
    for violation in &violations {
        say!("{violation}");
    }
    match violations.len() {
        0 => {
            say!("Tidy.");
            Ok(())
        }
        n => bail!("{n} violations of the rules of the house"),
    }
}

/// All violations, in the order of the files.
///
/// # Errors
/// git or cargo cannot be asked.
pub(crate) fn violations(workspace: &Workspace) -> Result<Vec<String>> {
    let files = source_files(workspace)?;
    for nudge in files.iter().filter_map(text::nudge) {
        say!("      note: {nudge}");
    }
    let mut violations: Vec<String> = files.iter().flat_map(text::violations).collect();
    violations.extend(code_map::violations(&files));
    violations.extend(crates::violations(workspace)?);
    violations.extend(settings::violations(workspace)?);
    violations.extend(openapi::violations(workspace)?);
    Ok(violations)
}

/// All text files that are committed or would be. Pictures and the like are left out.
fn source_files(workspace: &Workspace) -> Result<Vec<SourceFile>> {
    let output = workspace
        .command("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("git does not run, and only it knows which files belong to the project")?;
    if !output.status.success() {
        bail!("git could not list the project's files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let mut paths: Vec<&str> = std::str::from_utf8(&output.stdout)?.split_terminator('\0').collect();
    paths.sort_unstable();
    paths.dedup();
    let read = |path: &str| {
        let text = fs::read_to_string(workspace.root.join(path)).ok()?;
        Some(SourceFile { path: path.to_owned(), text })
    };
    Ok(paths.into_iter().filter_map(read).collect())
}
