//! The browser module's JavaScript, from what people and wasm-bindgen wrote to what is served: three
//! files for pages and three for games, each brought when it is needed. Compiles no Rust.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::build::Care;
use crate::progress::step;
use crate::workspace::Workspace;

/// For whom a module is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A page that has the element, and pays for nothing else.
    Page,
    /// A game: the element, and besides it what a game draws itself.
    Game,
}

impl Use {
    /// The names of the scripts that are served, the entry first.
    pub(crate) const fn scripts(self) -> [&'static str; 3] {
        let entry = match self {
            Self::Page => "cuelight.js",
            Self::Game => "cuelight-game.js",
        };
        [entry, "cuelight_client.js", "reduced.js"]
    }

    /// What they are made of, in the same order.
    const fn sources(self) -> [&'static str; 3] {
        match self {
            Self::Page => ["cuelight.js", "engine.js", "reduced.js"],
            Self::Game => ["cuelight-game.js", "engine-game.js", "reduced.js"],
        }
    }

    /// What of the WebAssembly module they call.
    const fn bindings(self) -> &'static str {
        match self {
            Self::Page => "CharacterHandle, awaitRest, restIsHere",
            Self::Game => "CharacterHandle, awaitRest, restIsHere, ActorHandle, ResponseGraph",
        }
    }
}

/// Makes the scripts of `kind` in `folder`, with the bindings that wasm-bindgen left in `bindings`.
///
/// # Errors
/// esbuild refuses a file, or the disk does.
pub(crate) fn bundle(
    workspace: &Workspace,
    bindings: &Path,
    folder: &Path,
    kind: Use,
    care: Care,
) -> Result<()> {
    // A module that broke is replaced by another, so the bindings, which are written for one, become a
    // function: its argument stands before the global of the same name.
    let used = bindings.join("used.js");
    let names = format!("export {{ default, {} }} from \"./cuelight_client.js\";\n", kind.bindings());
    fs::write(&used, names).with_context(|| format!("could not write {}", used.display()))?;
    let function = bindings.join("bindings.mjs");
    let mut wrap = esbuild(workspace, &used, &function, care);
    wrap.args([
        "--format=cjs",
        "--banner:js=export default function(WebAssembly){const module={};",
        "--footer:js=return module.exports}",
    ]);
    step("browser module: make its bindings repeatable", &mut wrap, None)?;

    let sources = workspace.root.join("client-wasm/js");
    for (source, target) in kind.sources().into_iter().zip(kind.scripts()) {
        let mut pack = esbuild(workspace, &sources.join(source), &folder.join(target), care);
        pack.arg("--format=esm")
            // Each other's files, which exist when they are asked for.
            .args(["--external:./cuelight_client.js", "--external:./reduced.js"])
            .arg(format!("--alias:cuelight-bindings={}", function.display()));
        step(&format!("browser module: pack {target}"), &mut pack, None)?;
    }
    Ok(())
}

fn esbuild(workspace: &Workspace, source: &Path, target: &Path, care: Care) -> Command {
    let mut command = workspace.command(workspace.npm_tool("esbuild"));
    // Private fields and top-level await: every browser with WebAssembly's reference types has both.
    command.arg(source).args(["--bundle", "--target=es2022", "--log-level=warning", "--charset=utf8"]);
    command.arg(format!("--outfile={}", target.display()));
    if care == Care::Release {
        command.arg("--minify");
    }
    command
}
