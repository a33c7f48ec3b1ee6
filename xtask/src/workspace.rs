//! Where things are: the checkout, what is built from it, and the tools that all checkouts share.
//! Creates nothing.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders that commands work in.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The tools, once per user.
    pub(crate) tools: PathBuf,
}

impl Workspace {
    /// Finds the folders from the environment that `cargo xtask` gives us.
    ///
    /// # Errors
    /// Run by hand outside a checkout, or there is no home folder to keep tools in.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = manifest
            .as_deref()
            .and_then(Path::parent)
            .map(Path::to_owned)
            .context("run this as `cargo xtask`, inside a checkout")?;
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let tools = cache_folder(|name| env::var_os(name)).context(
            "there is nowhere to keep tools: set HOME, or CUELIGHT_TOOLS to a folder that you may write to",
        )?;
        Ok(Self { root, target, tools })
    }

    /// Programs that cargo installed.
    pub(crate) fn cargo_tool(&self, name: &str) -> PathBuf {
        self.tools.join("tools/bin").join(name)
    }

    /// Programs that npm installed.
    pub(crate) fn npm_tool(&self, name: &str) -> PathBuf {
        self.tools.join("npm/node_modules/.bin").join(name)
    }

    /// The folder that npm installs into.
    pub(crate) fn npm_folder(&self) -> PathBuf {
        self.tools.join("npm")
    }

    /// The virtual environment of a Python package.
    pub(crate) fn python_folder(&self, package: &str) -> PathBuf {
        self.tools.join(format!("venv-{package}"))
    }

    /// What a passing step wrote, for whoever wants to know.
    pub(crate) fn log(&self, step: &str) -> PathBuf {
        self.target.join("xtask/logs").join(format!("{step}.log"))
    }

    /// A command that runs in the checkout and finds our own programs first.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let mut folders = vec![self.tools.join("tools/bin"), self.npm_folder().join("node_modules/.bin")];
        folders.extend(crate::tools::node::own_folder(self));
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        if let Ok(path) = env::join_paths(folders) {
            command.env("PATH", path);
        }
        // Tools print their backtraces to us, who print sentences to people.
        command.current_dir(&self.root).env_remove("RUST_BACKTRACE");
        // wrangler is to call nobody, and to write into the checkout and not into a home folder.
        for variable in
            ["WRANGLER_SEND_METRICS", "WRANGLER_SEND_ERROR_REPORTS", "CLOUDFLARE_CF_FETCH_ENABLED"]
        {
            command.env(variable, "false");
        }
        command.env("WRANGLER_HIDE_BANNER", "true");
        command.env("WRANGLER_LOG_PATH", self.target.join("xtask/wrangler/logs"));
        command.env("WRANGLER_REGISTRY_PATH", self.target.join("xtask/wrangler/registry"));
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

/// `CUELIGHT_TOOLS`, or `cuelight` in the user's cache folder.
fn cache_folder(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CUELIGHT_TOOLS")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("cuelight")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/cuelight")))
}

/// Whether `program` is on the path, and where.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Option<PathBuf> {
        cache_folder(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn tools_are_kept_in_the_users_cache_unless_told_otherwise() {
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.cache/cuelight".into()));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]), Some("/c/cuelight".into()));
        assert_eq!(with(&[("HOME", "/h"), ("CUELIGHT_TOOLS", "/t")]), Some("/t".into()));
        assert_eq!(with(&[("CUELIGHT_TOOLS", "")]), None);
    }
}
