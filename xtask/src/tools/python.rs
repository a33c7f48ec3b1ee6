//! Python packages, each in a virtual environment of its own under `venv-NAME/` in our cache. Nothing
//! of it is on the path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Source, Tool, bring, debian};
use crate::workspace::Workspace;

/// What a list is called in the environment that was made of it.
const LIST: &str = "requirements.txt";

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
        let folder = place(workspace, tool)?;
        let label = format!("{} {}: {} (usually half a minute)", tool.name, tool.version, tool.purpose);
        bring(tool.name, &label, pip(workspace, &folder).arg(format!("{}=={}", tool.name, tool.version)))?;
    }
    Ok(())
}

/// Finds the packages of a list, installed from the list as it is now.
pub(super) fn look_list(workspace: &Workspace, name: &str, list: &str) -> Result<String> {
    let wanted =
        fs::read_to_string(workspace.root.join(list)).with_context(|| format!("could not read {list}"))?;
    match fs::read_to_string(workspace.python_folder(name).join(LIST)) {
        Ok(found) if found == wanted => Ok("as listed".to_owned()),
        Ok(_) => bail!("installed from another {list}"),
        Err(_) => bail!("not installed"),
    }
}

/// Installs the packages of lists, each list in an environment of its own. The list is noted down there
/// last, so that a half-finished installation does not count.
pub(super) fn install_lists(workspace: &Workspace, tools: &[&Tool]) -> Result<()> {
    for tool in tools {
        let Source::PythonList(list) = tool.source else { continue };
        let (folder, file) = (place(workspace, tool)?, workspace.root.join(list));
        let label = format!("{}: {} (usually a minute)", tool.name, tool.purpose);
        bring(tool.name, &label, pip(workspace, &folder).arg("--requirement").arg(&file))?;
        fs::copy(&file, folder.join(LIST))
            .with_context(|| format!("could not write to {}", folder.display()))?;
    }
    Ok(())
}

/// A new and empty environment for a tool.
fn place(workspace: &Workspace, tool: &Tool) -> Result<PathBuf> {
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
    Ok(folder)
}

/// The environment's own installer, told to be quiet.
fn pip(workspace: &Workspace, folder: &Path) -> Command {
    let mut pip = workspace.command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"]);
    pip
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
