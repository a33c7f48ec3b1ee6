//! Python packages, each in a virtual environment of its own under `venv-NAME/` in our cache. Nothing
//! of it is on the path.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Tool, bring, debian};
use crate::workspace::Workspace;

/// Finds a package of the right version.
pub(super) fn look(workspace: &Workspace, tool: &Tool) -> Result<String> {
    let found = installed_version(&workspace.python_folder(tool.name), tool.name);
    match found {
        Some(found) if found == tool.version => Ok(found),
        Some(found) => bail!("version {found} is installed, {} is needed", tool.version),
        None => bail!("not installed"),
    }
}

/// Installs packages, in exactly the versions of the table.
pub(super) fn install(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    for tool in tools {
        // Debian has the part of Python that makes environments in a package of its own.
        let has_venv = workspace.command("python3").args(["-c", "import ensurepip, venv"]).output();
        if !has_venv.is_ok_and(|output| output.status.success()) {
            debian::install_packages(workspace, &["python3-venv"])?;
        }
        let folder = workspace.python_folder(tool.name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        let label = format!("{}: a place of its own", tool.name);
        bring(tool.name, &label, workspace.command("python3").args(["-m", "venv"]).arg(&folder))?;
        let label = format!("{} {}: {} (usually half a minute)", tool.name, tool.version, tool.purpose);
        let mut pip = workspace.command(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"]);
        bring(tool.name, &label, pip.arg(format!("{}=={}", tool.name, tool.version)))?;
    }
    Ok(())
}

/// What pip itself noted down in `folder`.
fn installed_version(folder: &Path, name: &str) -> Option<String> {
    let libraries = fs::read_dir(folder.join("lib")).ok()?;
    libraries.flatten().find_map(|python| {
        let packages = fs::read_dir(python.path().join("site-packages")).ok()?;
        packages.flatten().find_map(|package| {
            let entry = package.file_name().into_string().ok()?;
            let version = entry.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".dist-info")?;
            Some(version.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_pip_noted_down() {
        let folder = std::env::temp_dir().join(format!("cuelight-python-{}", std::process::id()));
        let packages = folder.join("lib/python3.11/site-packages");
        fs::create_dir_all(packages.join("tool_extra-9.dist-info")).unwrap();
        assert_eq!(installed_version(&folder, "tool"), None);
        fs::create_dir_all(packages.join("tool-1.2.3.dist-info")).unwrap();
        assert_eq!(installed_version(&folder, "tool").as_deref(), Some("1.2.3"));
        fs::remove_dir_all(folder).unwrap();
    }
}
