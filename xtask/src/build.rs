//! From source to what is served and deployed: the browser's module, the pages, the edge, the studio.
//! A step whose inputs did not change is skipped. Starts nothing and tests nothing.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::halves;
use crate::import_names;
use crate::npm;
use crate::progress::step;
use crate::say;
use crate::scripts::{self, Use};
use crate::settings;
use crate::sizes;
use crate::stamp::{Stamp, files};
use crate::test::plan;
use crate::tools;
use crate::workspace::Workspace;

/// How much care goes into the modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Care {
    /// What is shipped: optimised for speed, then for size.
    #[default]
    Release,
    /// Compiles sooner, runs slower: for trying a change.
    Fast,
}

/// Builds all of it.
///
/// # Errors
/// A setting of the edge is wrong, or a step failed.
pub(crate) fn build(workspace: &Workspace, care: Care) -> Result<()> {
    settings::check(workspace)?;
    tools::install(workspace, tools::Need::Build)?;
    pages(workspace)?;
    // Optimising a module as a whole keeps one processor busy: side by side they take little more than the longest.
    let parts: [&(dyn Fn() -> Result<()> + Sync); 3] =
        [&|| module(workspace, care), &|| edge(workspace, care), &|| studio(workspace)];
    thread::scope(|scope| {
        let running = parts.map(|part| scope.spawn(part));
        // All are awaited, and the first that failed is told.
        let ended = running.map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.into_iter().collect()
    })
}

/// The studio's program, once built.
pub(crate) fn studio_program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug/cuelight-studio")
}

/// The folder that is served as static files.
pub(crate) fn served(workspace: &Workspace) -> PathBuf {
    workspace.root.join("dist/www")
}

/// The browser module, as pages download it, and once more for games. Its tools are there.
///
/// # Errors
/// It does not compile, or a tool fails.
pub(crate) fn module(workspace: &Workspace, care: Care) -> Result<()> {
    let folder = served(workspace).join("cuelight");
    let uses = [(Use::Page, folder.clone()), (Use::Game, folder.join("game"))];
    let mut outputs: Vec<PathBuf> = uses
        .iter()
        .flat_map(|(kind, folder)| kind.scripts().into_iter().chain([WASM]).map(|name| folder.join(name)))
        .collect();
    if care == Care::Release {
        outputs.push(folder.join(halves::REST));
    }
    let stamp = stamp(workspace, "client", &["core", "client-wasm", "halves"], care)?;
    if stamp.is_fresh(&outputs) {
        return Ok(());
    }
    for (kind, folder) in uses {
        module_for(workspace, kind, &folder, care)?;
    }
    stamp.keep()
}

/// Has the browser module built again, whatever is there.
///
/// # Errors
/// The disk refuses.
pub(crate) fn forget_module(workspace: &Workspace) -> Result<()> {
    fresh_folder(&served(workspace).join("cuelight"))
}

/// The module's name beside its scripts.
pub(crate) const WASM: &str = "cuelight_client_bg.wasm";

/// Where wasm-bindgen leaves a module and its bindings.
fn bindings(workspace: &Workspace, kind: Use) -> PathBuf {
    workspace.target.join(match kind {
        Use::Page => "xtask/client",
        Use::Game => "xtask/client-game",
    })
}

/// A page's module as it was last built, whole and with the names of its functions.
pub(crate) fn bound(workspace: &Workspace) -> PathBuf {
    bindings(workspace, Use::Page).join(WASM)
}

fn module_for(workspace: &Workspace, kind: Use, folder: &Path, care: Care) -> Result<()> {
    let module = folder.join(WASM);
    let bindings = bindings(workspace, kind);
    let name = match kind {
        Use::Page => "browser module",
        Use::Game => "browser module for games",
    };
    let mut compile = workspace.cargo();
    compile.args(["build", "--package", "cuelight-client", "--lib", "--target", "wasm32-unknown-unknown"]);
    if kind == Use::Game {
        compile.args(["--features", "game"]);
    }
    let built = match care {
        Care::Release => {
            let target = workspace.target.join("client-std");
            with_own_std(&mut compile, &target);
            target.join("wasm32-unknown-unknown/client")
        }
        Care::Fast => workspace.target.join("wasm32-unknown-unknown/debug"),
    };
    step(&format!("{name}: compile (usually two minutes the first time)"), &mut compile, None)?;
    let compiled = built.join("cuelight_client.wasm");
    fresh_folder(folder)?;
    fresh_folder(&bindings)?;
    let mut bind = workspace.command(workspace.cargo_tool("wasm-bindgen"));
    bind.arg(&compiled)
        .args(["--target", "web", "--no-typescript", "--omit-default-module-path"])
        .args(["--out-name", "cuelight_client", "--out-dir"])
        .arg(&bindings);
    step(&format!("{name}: join to JavaScript"), &mut bind, None)?;
    let bound = bindings.join(WASM);
    import_names::shorten(&bindings.join("cuelight_client.js"), &bound)?;
    let mut made = vec![module];
    // A game loads its scene first anyway, and would wait for both halves.
    if care == Care::Release && kind == Use::Page {
        let rest = folder.join(halves::REST);
        halves::cut(workspace, &bound, &made[0], &rest)?;
        made.push(rest);
    } else {
        fs::copy(&bound, &made[0]).with_context(|| format!("could not copy {}", bound.display()))?;
    }
    if care == Care::Release {
        for module in &made {
            step(&format!("{name}: make it small"), &mut shrink(workspace, module), None)?;
        }
    }
    scripts::bundle(workspace, &bindings, folder, kind, care)
}

fn shrink(workspace: &Workspace, module: &Path) -> Command {
    let mut shrink = workspace.command(workspace.npm_tool("wasm-opt"));
    // What rustc emits and every browser with WebAssembly references runs; nothing newer.
    let features = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int"];
    let features = features.iter().chain(&["reference-types", "sign-ext"]);
    // The lowest kilobyte is the end of the stack: nobody computes an address that wraps into it.
    shrink
        .args(["-Oz", "--converge", "--low-memory-unused", "--strip-target-features", "--strip-producers"])
        .arg("--strip-debug")
        .args(features.map(|feature| format!("--enable-{feature}")))
        .arg(module)
        .arg("-o")
        .arg(module);
    shrink
}

/// Compiles the standard library too, for size: shoppers download its code as well, and the one that rustup
/// brings is made for speed and formats a message for every panic. This is a fifth of the module. `-Z` flags
/// are the pinned compiler's, which is stable: hence `RUSTC_BOOTSTRAP`. To turn back, for a compiler that
/// takes them no more, pass only `--profile client`; the code does not depend on it. In a folder of its own,
/// so that no other build compiles again because of other flags.
fn with_own_std(compile: &mut Command, target: &Path) {
    compile
        .args(["--profile", "client", "-Zbuild-std=std,panic_abort"])
        .arg("-Zbuild-std-features=optimize_for_size")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_ENCODED_RUSTFLAGS", small_code());
}

/// What makes the browser module smaller, beyond its profile: a hash that is not unrolled, panics that trap
/// without a message, and places in messages without the folders of the machine that built it. A page learns
/// of a trap as of a panic; the message is in every other build.
fn small_code() -> String {
    let flags = ["--cfg=sha2_backend_soft=\"compact\"", "-Cpanic=immediate-abort", "-Zunstable-options"];
    let silent = ["-Zlocation-detail=none", "-Zfmt-debug=none"];
    let mut flags: Vec<String> = flags.into_iter().chain(silent).map(str::to_owned).collect();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=", home.join("registry/src").display()));
    }
    // As cargo separates flags that may hold spaces.
    flags.join("\u{1f}")
}

fn edge(workspace: &Workspace, care: Care) -> Result<()> {
    let folder = workspace.root.join("edge-worker");
    let outputs = [folder.join("build/index.js"), folder.join("build/index_bg.wasm")];
    let stamp = stamp(workspace, "edge", &["core", "providers", "edge-worker"], care)?;
    if stamp.is_fresh(&outputs) {
        return Ok(());
    }
    let mut pack = workspace.command(workspace.cargo_tool("worker-build"));
    pack.current_dir(&folder)
        .arg(if care == Care::Release { "--release" } else { "--dev" })
        // What a worker starts with is its size: between calls of the platform it computes little.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
        // Given all three it downloads nothing.
        .env("WASM_BINDGEN_BIN", workspace.cargo_tool("wasm-bindgen"))
        .env("WASM_OPT_BIN", workspace.npm_tool("wasm-opt"))
        .env("ESBUILD_BIN", workspace.npm_tool("esbuild"));
    step("edge: compile and pack (some ten minutes the first time)", &mut pack, None)?;
    stamp.keep()
}

fn studio(workspace: &Workspace) -> Result<()> {
    // cargo itself is quick when nothing changed, and knows better than a stamp.
    let mut compile = workspace.cargo();
    compile.args(["build", "--bin", "cuelight-studio"]);
    // With what the tests are compiled with, so that its libraries take the same shape and are compiled once.
    compile.args(plan::NATIVE.iter().flat_map(|package| ["--package", package]));
    step("studio: compile (usually a minute the first time)", &mut compile, None).map(drop)
}

/// Makes the served folder hold the pages as they are now, and nothing of pages that are gone.
///
/// # Errors
/// A file cannot be copied or removed.
pub(crate) fn pages(workspace: &Workspace) -> Result<()> {
    let (source, served) = (workspace.root.join("www"), served(workspace));
    for file in files(std::slice::from_ref(&served))? {
        let name = file.strip_prefix(&served).unwrap_or(&file);
        if !name.starts_with("cuelight") && !source.join(name).is_file() {
            fs::remove_file(&file).with_context(|| format!("could not remove {}", file.display()))?;
        }
    }
    copy_tree(&source, &served)
}

fn stamp(workspace: &Workspace, name: &str, folders: &[&str], care: Care) -> Result<Stamp> {
    let shared = ["Cargo.toml", "Cargo.lock", ".cargo"];
    let inputs: Vec<PathBuf> = folders.iter().chain(&shared).map(|path| workspace.root.join(path)).collect();
    let versions: Vec<String> =
        tools::table(workspace)?.into_iter().map(|tool| format!("{} {}", tool.name, tool.version)).collect();
    let recipe = format!(
        "{care:?} {} {}",
        versions.join(","),
        concat!(
            include_str!("build.rs"),
            include_str!("halves.rs"),
            include_str!("import_names.rs"),
            include_str!("scripts.rs")
        )
    );
    Stamp::of(workspace.target.join("xtask/stamps").join(name), &inputs, &recipe)
}

/// Makes a folder with nothing in it.
///
/// # Errors
/// The disk refuses.
pub(crate) fn fresh_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))
}

/// Copies what changed, so that a running server sees no file flicker.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for file in files(&[from.to_owned()])? {
        let target = to.join(file.strip_prefix(from).unwrap_or(&file));
        let copy = || {
            if fs::read(&target).ok() != Some(fs::read(&file)?) {
                fs::create_dir_all(target.parent().unwrap_or(to))?;
                fs::copy(&file, &target)?;
            }
            Ok::<_, std::io::Error>(())
        };
        copy().with_context(|| format!("could not copy {} to {}", file.display(), target.display()))?;
    }
    Ok(())
}

/// The command `build`: builds, and weighs what is shipped.
///
/// # Errors
/// As [`build`]; or an artefact outgrew `size-budget.json`.
pub(crate) fn command(workspace: &Workspace, care: Care) -> Result<()> {
    build(workspace, care)?;
    if care == Care::Release {
        sizes::report(workspace)?;
        npm::package(workspace)?;
    }
    say!(
        "Built: pages in dist/www, the edge in edge-worker/build, the studio at {}.",
        studio_program(workspace).display()
    );
    Ok(())
}
