//! One table of everything that the commands need: which version, how it is found, how it is installed.
//! Tools are installed once per user, from cargo, npm, Python and Debian packages only, and by nobody else.
//!
//! A tool's version is read from the installer's own records, so an upgrade here reinstalls it and a
//! half-finished installation does not count.

pub(crate) mod cargo;
pub(crate) mod debian;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod rust;

use std::fs::{self, File, TryLockError};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::progress::{seconds, speaks_of_no_network, watch};
use crate::say;
use crate::workspace::Workspace;

/// Which command needs a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// `build` and `dev`, and so everybody.
    Build,
    /// `test --quick` too.
    Check,
    /// The whole of `test`: a browser and a second reader of videos.
    Test,
    /// `fuzz`, and nothing else.
    Fuzz,
}

/// Who installs a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A rustup target.
    RustTarget,
    /// The rustup component that holds the standard library's source.
    RustStd,
    /// A rustup component, recognised by this cargo subcommand.
    RustComponent(&'static str),
    /// A crate's binaries.
    Cargo(&'static [&'static str]),
    /// An npm package.
    Npm,
    /// Node.js: the system's if it is new enough, else Debian's, else npm's own build of it.
    Node,
    /// A Python package.
    Python,
    /// The Python packages that this file of the checkout lists, in one environment.
    PythonList(&'static str),
    /// A Debian package, recognised by any of these programs.
    Debian(&'static [&'static str]),
}

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// The installer's name for it.
    pub(crate) name: &'static str,
    /// The version that we were tested with. Empty: whatever the system has.
    pub(crate) version: String,
    /// Why it is here, and for a slow one how long it takes on two cores.
    pub(crate) purpose: &'static str,
    /// Who wants it.
    pub(crate) need: Need,
    /// Who brings it.
    pub(crate) source: Source,
}

impl Tool {
    /// The version that is there, if the tool is and it is the right one.
    ///
    /// # Errors
    /// A sentence on what is there instead, or that nothing is.
    pub(crate) fn look(&self, workspace: &Workspace) -> Result<String> {
        match self.source {
            Source::RustTarget => rust::target(workspace, self.name),
            Source::RustStd => rust::source(workspace),
            Source::RustComponent(subcommand) => rust::component(workspace, subcommand),
            Source::Cargo(binaries) => cargo::look(workspace, self, binaries),
            Source::Npm => node::look(workspace, self),
            Source::Node => node::runtime(workspace),
            Source::Python => python::look(workspace, self),
            Source::PythonList(list) => python::look_list(workspace, self.name, list),
            Source::Debian(programs) => debian::look(programs),
        }
    }
}

/// The table. `wasm-bindgen` comes in two halves that must be of one version: the crate's, in
/// `Cargo.lock`, and the program's.
///
/// # Errors
/// `Cargo.lock` cannot be read or does not hold wasm-bindgen.
pub(crate) fn table(workspace: &Workspace) -> Result<Vec<Tool>> {
    let lock = workspace.root.join("Cargo.lock");
    let lock = fs::read_to_string(&lock).with_context(|| format!("could not read {}", lock.display()))?;
    let wasm_bindgen =
        cargo::locked_version(&lock, "wasm-bindgen").context("Cargo.lock holds no wasm-bindgen")?;
    let row = |need, source, name, version: &str, purpose| Tool {
        name,
        version: version.to_owned(),
        purpose,
        need,
        source,
    };
    Ok(vec![
        row(Need::Build, Source::Debian(&["c++"]), "g++", "", "compiles the H.264 encoder, and libFuzzer"),
        row(Need::Build, Source::Node, "nodejs", "", "runs wrangler and wasm-opt"),
        row(
            Need::Build,
            Source::RustTarget,
            "wasm32-unknown-unknown",
            "",
            "the browser's and the edge's target",
        ),
        row(Need::Build, Source::RustStd, "rust-src", "", "the browser's standard library, made small"),
        row(
            Need::Build,
            Source::Cargo(&["wasm-bindgen", "wasm-bindgen-test-runner"]),
            "wasm-bindgen-cli",
            &wasm_bindgen,
            "joins wasm to JavaScript (usually 1 to 3 minutes)",
        ),
        row(
            Need::Build,
            Source::Cargo(&["worker-build"]),
            "worker-build",
            "0.8.7",
            "packs the edge for workerd (usually 1 to 2 minutes)",
        ),
        row(Need::Build, Source::Npm, "binaryen", "132.0.0", "wasm-opt, which makes the modules small"),
        row(
            Need::Build,
            Source::Npm,
            "wrangler",
            "4.86.0",
            "runs and deploys the edge; brings workerd, esbuild",
        ),
        row(Need::Check, Source::RustComponent("fmt"), "rustfmt", "", "checks the formatting"),
        row(Need::Check, Source::RustComponent("clippy"), "clippy", "", "checks the code"),
        row(
            Need::Check,
            Source::Debian(&["python3"]),
            "python3",
            "",
            "computes the golden keys a second time",
        ),
        row(
            Need::Test,
            Source::Debian(&["chromium", "chromium-browser"]),
            "chromium",
            "",
            "the browser under test",
        ),
        row(Need::Test, Source::Debian(&["chromedriver"]), "chromium-driver", "", "drives the browser"),
        row(Need::Test, Source::Debian(&["ffprobe"]), "ffmpeg", "", "reads the studio's clips independently"),
        row(
            Need::Fuzz,
            Source::Cargo(&["cargo-fuzz"]),
            "cargo-fuzz",
            "0.13.2",
            "builds the fuzz targets (usually 1 to 2 minutes)",
        ),
        row(Need::Test, Source::Npm, "typescript", "5.9.3", "checks the package's types and the examples"),
        row(Need::Test, Source::Npm, "react", "19.3.1", "what the React example is made with"),
        row(Need::Test, Source::Npm, "react-dom", "19.3.1", "puts the React example on its page"),
        row(Need::Test, Source::Npm, "@types/react", "19.3.0", "React's types"),
        row(Need::Test, Source::Npm, "@types/react-dom", "19.3.0", "React's types for pages"),
        row(Need::Test, Source::Python, "schemathesis", "4.32.5", "tries out what the API says about itself"),
        row(
            Need::Test,
            Source::PythonList("tests/conformance/requirements.txt"),
            "vendors",
            "",
            "the vendors' own clients, which judge the studio",
        ),
    ])
}

/// Installs what is missing of all that `need` calls for. Quick and silent when nothing is.
///
/// # Errors
/// One sentence on what could not be installed and what to do.
pub(crate) fn install(workspace: &Workspace, need: Need) -> Result<()> {
    install_these(workspace, &table_of(workspace, |tool| tool.need <= need)?)
}

/// Installs what is missing of what `need` alone calls for, and the C++ compiler.
///
/// # Errors
/// As [`install`].
pub(crate) fn install_for(workspace: &Workspace, need: Need) -> Result<()> {
    install_these(workspace, &table_of(workspace, |tool| tool.need == need || tool.name == "g++")?)
}

fn table_of(workspace: &Workspace, wanted: impl Fn(&Tool) -> bool) -> Result<Vec<Tool>> {
    Ok(table(workspace)?.into_iter().filter(wanted).collect())
}

fn install_these(workspace: &Workspace, wanted: &[Tool]) -> Result<()> {
    if missing(workspace, wanted).is_empty() {
        return Ok(());
    }
    let _lock = lock(workspace)?;
    // Whoever held the lock may have installed it all by now.
    let missing = missing(workspace, wanted);
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
        say!("Installing what is missing, once: {}.", names.join(", "));
    }
    let of = |wanted: fn(Source) -> bool| -> Vec<&Tool> {
        missing.iter().copied().filter(|tool| wanted(tool.source)).collect()
    };
    debian::install(workspace, &of(|source| matches!(source, Source::Debian(_))))?;
    let rustup = |source| matches!(source, Source::RustTarget | Source::RustStd | Source::RustComponent(_));
    rust::install(workspace, &of(rustup))?;
    if !of(|source| source == Source::Node).is_empty() {
        node::install_runtime(workspace)?;
    }
    node::install(workspace, &of(|source| source == Source::Npm))?;
    python::install(workspace, &of(|source| source == Source::Python))?;
    python::install_lists(workspace, &of(|source| matches!(source, Source::PythonList(_))))?;
    cargo::install(workspace, &of(|source| matches!(source, Source::Cargo(_))))?;
    for tool in &missing {
        if let Err(error) = tool.look(workspace) {
            bail!(
                "{} was installed and is still not right: {error:#}; `cargo xtask doctor` shows all",
                tool.name
            );
        }
    }
    Ok(())
}

fn missing<'a>(workspace: &Workspace, wanted: &'a [Tool]) -> Vec<&'a Tool> {
    wanted.iter().filter(|tool| tool.look(workspace).is_err()).collect()
}

/// Keeps two checkouts from installing into the same folder at once. Released when dropped, and by the
/// system if we are killed.
fn lock(workspace: &Workspace) -> Result<File> {
    let path = workspace.tools.join("install.lock");
    fs::create_dir_all(&workspace.tools)
        .and_then(|()| File::create(&path))
        .with_context(|| {
            format!(
                "could not write to {}: set CUELIGHT_TOOLS to a folder that you may write to",
                path.display()
            )
        })
        .and_then(|file| {
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                say!("Another command is installing tools; waiting for it.");
                file.lock().context("could not wait for the other installation")?;
            }
            Ok(file)
        })
}

/// Runs an installer as a step. `what` is what it brings.
///
/// # Errors
/// It failed; what it said was shown, and the error is a sentence on what to do.
fn bring(what: &str, label: &str, command: &mut Command) -> Result<()> {
    say!("→ {label}");
    let started = Instant::now();
    let finished = watch(command, None)?;
    if !finished.status.success() {
        say!("{}", finished.output.trim_end());
        return Err(explain(what, &finished.output));
    }
    say!("  ok, {}", seconds(started.elapsed()));
    Ok(())
}

/// Turns a failed installation into a sentence that says what to do.
fn explain(what: &str, output: &str) -> anyhow::Error {
    if speaks_of_no_network(output) {
        anyhow::anyhow!(
            "{what} could not be fetched: no network, it seems. Connect and run the same command again."
        )
    } else {
        anyhow::anyhow!("{what} could not be installed; what the installer said is above.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_registry_is_called_no_network() {
        let error = explain("wrangler", "npm error code ENOTFOUND").to_string();
        assert!(error.contains("wrangler") && error.contains("no network"), "{error}");
    }

    #[test]
    fn any_other_failure_points_to_the_installers_own_words() {
        let error = explain("wrangler", "npm error code EACCES").to_string();
        assert!(error.contains("above") && !error.contains("network"), "{error}");
    }
}
