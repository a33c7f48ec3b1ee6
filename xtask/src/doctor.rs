//! Says what is there, in which version, what is missing and how to get it. Changes nothing.

use std::env;

use anyhow::{Result, bail};

use crate::say;
use crate::tools::{self, Need, Source, Tool};
use crate::workspace::Workspace;

/// Prints the table.
///
/// # Errors
/// Something is missing; the sentence says how many things and what to do.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    say!("checkout  {}", workspace.root.display());
    say!("tools     {} (CUELIGHT_TOOLS chooses another folder)\n", workspace.tools.display());
    let rust = workspace.command("rustc").arg("--version").output()?;
    let rust = String::from_utf8_lossy(&rust.stdout).split_whitespace().nth(1).unwrap_or("?").to_owned();
    say!("ok       {:<24} {rust}", "rustc");
    let mut missing = 0_usize;
    for tool in tools::table(workspace)? {
        match tool.look(workspace) {
            Ok(version) => say!("ok       {:<24} {version}", tool.name),
            Err(reason) => {
                // Nobody is hindered by what only `fuzz` needs, and it brings that by itself.
                missing += usize::from(tool.need != Need::Fuzz);
                say!(
                    "MISSING  {:<24} {reason:#}. {}; needed by {}.",
                    tool.name,
                    capital(tool.purpose),
                    who(tool.need)
                );
                say!("         {:<24} {}", "", remedy(&tool));
            }
        }
    }
    say!("");
    for (name, meaning) in
        [("CARGO_TARGET_DIR", "where cargo builds"), ("CUELIGHT_TOOLS", "where tools are kept")]
    {
        if let Some(value) = env::var_os(name) {
            say!("note     {name}={} ({meaning})", value.to_string_lossy());
        }
    }
    match missing {
        0 => {
            say!("Everything is there: `cargo xtask dev` to try it, `cargo xtask test` to check it.");
            Ok(())
        }
        n => bail!(
            "{n} missing; `cargo xtask dev` and `cargo xtask test` install what they need by themselves"
        ),
    }
}

fn who(need: Need) -> &'static str {
    match need {
        Need::Build => "dev, build and test",
        Need::Check => "test",
        Need::Test => "test without --quick",
        Need::Fuzz => "fuzz",
    }
}

fn remedy(tool: &Tool) -> String {
    match tool.source {
        Source::RustTarget => format!("to get it: rustup target add {}", tool.name),
        Source::RustStd | Source::RustComponent(_) => {
            format!("to get it: rustup component add {}", tool.name)
        }
        Source::Debian(_) => format!("to get it: sudo apt-get install {}", tool.name),
        Source::Node => "to get it: sudo apt-get install nodejs npm".to_owned(),
        Source::Cargo(_) if tool.need == Need::Fuzz => "to get it: cargo xtask fuzz".to_owned(),
        Source::Cargo(_) | Source::Npm | Source::Python | Source::PythonList(_) => {
            "to get it: cargo xtask dev".to_owned()
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
