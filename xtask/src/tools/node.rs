//! Node.js and the npm packages that run on it, under `npm/` in our cache. Installs nothing globally.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Tool, bring, debian};
use crate::workspace::{Workspace, on_path};

/// wrangler's own minimum (`engines` in its package.json).
const OLDEST: (u32, u32) = (20, 3);
/// npm's build of Node.js, for systems whose own is older: a long-term release.
const OWN_VERSION: &str = "22.23.3";

/// The folder of the Node.js that we installed because the system's was too old, if we did.
pub(crate) fn own_folder(workspace: &Workspace) -> Option<PathBuf> {
    let folder = workspace.npm_folder().join("node_modules").join(own_package()).join("bin");
    folder.join("node").is_file().then_some(folder)
}

/// The version of the Node.js that our commands would run.
pub(super) fn runtime(workspace: &Workspace) -> Result<String> {
    if own_folder(workspace).is_none() && on_path("npm").is_none() {
        bail!("npm is not installed");
    }
    let output = workspace.command("node").arg("--version").output();
    let output = output.ok().filter(|output| output.status.success()).context("not installed")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().trim_start_matches('v').to_owned();
    if !new_enough(&version) {
        bail!("version {version} is installed, {}.{} or newer is needed", OLDEST.0, OLDEST.1);
    }
    Ok(version)
}

/// Finds an npm package of the right version.
pub(super) fn look(workspace: &Workspace, tool: &Tool) -> Result<String> {
    match installed_version(&workspace.npm_folder(), tool.name) {
        Some(found) if found == tool.version => Ok(found),
        Some(found) => bail!("version {found} is installed, {} is needed", tool.version),
        None => bail!("not installed"),
    }
}

/// Brings Node.js: Debian's packages, and if those are too old npm's build of a newer one.
pub(super) fn install_runtime(workspace: &Workspace) -> Result<()> {
    if on_path("npm").is_none() {
        debian::install_packages(workspace, &["nodejs", "npm"])?;
    }
    if runtime(workspace).is_ok() {
        return Ok(());
    }
    npm_install(workspace, &own_package(), OWN_VERSION, "a newer Node.js than the system's")
}

/// Installs npm packages, in exactly the versions of the table.
pub(super) fn install(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    for tool in tools {
        npm_install(workspace, tool.name, &tool.version, tool.purpose)?;
    }
    Ok(())
}

fn npm_install(workspace: &Workspace, name: &str, version: &str, purpose: &str) -> Result<()> {
    let folder = workspace.npm_folder();
    fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let mut command = workspace.command("npm");
    command.current_dir(&folder).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--save-exact",
        "--loglevel=error",
    ]);
    // Left to itself npm asks a network that is not there for ten minutes.
    command.args(["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]);
    command.arg("--prefix").arg(&folder).arg(format!("{name}@{version}"));
    bring(name, &format!("{name} {version}: {purpose} (usually half a minute)"), &mut command)
}

fn installed_version(folder: &Path, name: &str) -> Option<String> {
    let manifest = fs::read_to_string(folder.join("node_modules").join(name).join("package.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).ok()?;
    Some(manifest.get("version")?.as_str()?.to_owned())
}

/// npm names its builds of Node.js after Node's words for system and processor.
fn own_package() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    format!("node-{system}-{processor}")
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_judged_by_number_and_not_by_letters() {
        assert!(new_enough("20.3.0") && new_enough("22.0.1") && new_enough("100.0.0"));
        assert!(!new_enough("20.2.9") && !new_enough("18.20.4") && !new_enough("9.9.9") && !new_enough("?"));
    }
}
