//! Programs that cargo builds, under `tools/` in our cache. cargo's own record there says what is installed.

use std::fs;

use anyhow::{Result, bail};

use super::{Tool, bring};
use crate::workspace::Workspace;

/// The version of `name` in the text of a `Cargo.lock`; the first if there are several.
pub(crate) fn locked_version(lock: &str, name: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{name}\""))?;
    Some(lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

/// Finds an installed crate of the right version with all its binaries.
pub(super) fn look(workspace: &Workspace, tool: &Tool, binaries: &[&str]) -> Result<String> {
    let record = fs::read_to_string(workspace.tools.join("tools/.crates.toml")).unwrap_or_default();
    match recorded_version(&record, tool.name) {
        None => bail!("not installed"),
        Some(found) if found != tool.version => {
            bail!("version {found} is installed, {} is needed", tool.version)
        }
        Some(found) => match binaries.iter().find(|name| !workspace.cargo_tool(name).is_file()) {
            Some(lost) => bail!("its program {lost} is gone"),
            None => Ok(found),
        },
    }
}

/// Builds and installs crates. They share a build folder, since they share most of their dependencies.
pub(super) fn install(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    let build = workspace.tools.join("build");
    for tool in tools {
        let mut command = workspace.cargo();
        command
            .current_dir(&workspace.tools)
            .args(["install", "--force", "--root"])
            .arg(workspace.tools.join("tools"))
            .arg(format!("{}@{}", tool.name, tool.version))
            .env("CARGO_TARGET_DIR", &build)
            // These run for seconds a day: compiling them fast is worth more than running them fast.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        bring(tool.name, &format!("{} {}: {}", tool.name, tool.version, tool.purpose), &mut command)?;
    }
    if !tools.is_empty() {
        // The build folder is hundreds of megabytes; keeping it would only be untidy.
        let _ = fs::remove_dir_all(build);
    }
    Ok(())
}

/// What cargo recorded in `.crates.toml`: lines such as `"worker-build 0.8.7 (registry+…)" = […`.
fn recorded_version(record: &str, name: &str) -> Option<String> {
    let line = record.lines().find_map(|line| line.strip_prefix(&format!("\"{name} ")))?;
    line.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.2.1\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";

    #[test]
    fn the_locked_version_is_that_of_the_crate_with_exactly_this_name() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn cargos_record_tells_the_installed_version() {
        let record = "[v1]\n\"worker-build 0.8.7 (registry+x)\" = [\n    \"worker-build\",\n]\n";
        assert_eq!(recorded_version(record, "worker-build").as_deref(), Some("0.8.7"));
        assert_eq!(recorded_version(record, "worker"), None);
    }
}
