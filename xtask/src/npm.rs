//! `cargo xtask build npm`: what `npm publish` would send, in `target/npm`: the browser module, its
//! types, the element's manifest, and one archive of it all. Publishes nothing.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use crate::build::{self, Care};
use crate::progress::step;
use crate::say;
use crate::tools;
use crate::workspace::Workspace;

/// What the page downloads, from the build.
const BUILT: [&str; 9] = [
    "cuelight.js",
    "cuelight_client.js",
    "cuelight_client_bg.wasm",
    "cuelight_client_rest.wasm",
    "reduced.js",
    "game/cuelight-game.js",
    "game/cuelight_client.js",
    "game/cuelight_client_bg.wasm",
    "game/reduced.js",
];
/// What developers read, by where it is kept.
const WRITTEN: [&str; 8] = [
    "client-wasm/js/cuelight.d.ts",
    "client-wasm/js/cuelight-game.d.ts",
    "client-wasm/npm/react.d.ts",
    "client-wasm/npm/react.js",
    "client-wasm/npm/custom-elements.json",
    "client-wasm/npm/README.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// Where the package is put together, and its archive beside it.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("npm/cuelight")
}

/// Puts the package together from what [`build`] made, and packs it.
///
/// # Errors
/// Something was not built, or npm cannot pack.
pub(crate) fn package(workspace: &Workspace) -> Result<()> {
    let (folder, served) = (folder(workspace), build::served(workspace).join("cuelight"));
    build::fresh_folder(&workspace.target.join("npm"))?;
    build::fresh_folder(&folder)?;
    fs::create_dir(folder.join("game")).context("could not make the game's folder")?;
    let built = BUILT.iter().map(|name| (served.join(name), *name));
    let written = WRITTEN.iter().map(|path| (workspace.root.join(path), base(path)));
    for (file, name) in built.chain(written) {
        fs::copy(&file, folder.join(name)).with_context(|| format!("could not pack {}", file.display()))?;
    }
    fs::write(folder.join("package.json"), manifest()).context("could not write package.json")?;
    let mut pack = workspace.command("npm");
    pack.current_dir(&folder).args([
        "pack",
        "--loglevel=error",
        "--ignore-scripts",
        "--pack-destination",
        "..",
    ]);
    step("npm package: pack", &mut pack, None).map(drop)
}

/// The command: builds the module alone, and packs it.
///
/// # Errors
/// As [`package`], or the module cannot be built.
pub(crate) fn command(workspace: &Workspace) -> Result<()> {
    tools::install(workspace, tools::Need::Build)?;
    build::module(workspace, Care::Release)?;
    package(workspace)?;
    say!("Packed: {}, with an archive beside it.", folder(workspace).display());
    Ok(())
}

/// The name of a file without its folders.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn manifest() -> String {
    let files: Vec<&str> = BUILT.iter().copied().chain(WRITTEN.iter().map(|path| base(path))).collect();
    let manifest = json!({
        "name": "cuelight",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "A character that plays the right clip at the right moment: an element for pages, a frame source for games",
        "license": env!("CARGO_PKG_LICENSE"),
        "keywords": ["web-components", "custom-element", "webassembly", "character", "avatar", "video"],
        "type": "module",
        "main": "./cuelight.js",
        "types": "./cuelight.d.ts",
        "customElements": "./custom-elements.json",
        // Importing any of them defines the element.
        "sideEffects": ["./cuelight.js", "./game/cuelight-game.js", "./react.js"],
        "exports": {
            ".": { "types": "./cuelight.d.ts", "default": "./cuelight.js" },
            "./game": { "types": "./cuelight-game.d.ts", "default": "./game/cuelight-game.js" },
            "./react": { "types": "./react.d.ts", "default": "./react.js" },
            "./cuelight_client_bg.wasm": "./cuelight_client_bg.wasm",
            "./cuelight_client_rest.wasm": "./cuelight_client_rest.wasm",
            "./game/cuelight_client_bg.wasm": "./game/cuelight_client_bg.wasm",
            "./custom-elements.json": "./custom-elements.json",
            "./package.json": "./package.json",
        },
        "files": files,
    });
    format!("{manifest:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_package_names_is_in_it() {
        let manifest: serde_json::Value = serde_json::from_str(&manifest()).unwrap();
        let files = manifest["files"].as_array().unwrap();
        let has = |path: &serde_json::Value| {
            let path = path.as_str().unwrap().trim_start_matches("./");
            path == "package.json" || files.iter().any(|file| file == path)
        };
        for (name, target) in manifest["exports"].as_object().unwrap() {
            match target.as_object() {
                Some(targets) => assert!(targets.values().all(has), "{name}"),
                None => assert!(has(target), "{name}"),
            }
        }
        assert!(["main", "types", "customElements"].iter().all(|name| has(&manifest[name])));
    }
}
