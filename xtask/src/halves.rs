//! The browser module in two halves: what runs before the first frame, and the rest. The list of the first
//! is made by running it: `cargo xtask halves`. `cuelight-halves` cuts.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::build::{self, Care};
use crate::progress::step;
use crate::say;
use crate::test::plan;
use crate::tools;
use crate::workspace::Workspace;

/// The rest's name beside the module.
pub(crate) const REST: &str = "cuelight_client_rest.wasm";
/// The functions that run before the first frame, one a line.
pub(crate) const LIST: &str = "client-wasm/first-half.txt";
/// Data that comes with the rest: the predictor's, which is asked once something is on screen.
const PUT_OFF: [&str; 1] = ["core/catalog/prior.txt"];

/// Cuts `module` into its `first` half and the `rest`.
///
/// # Errors
/// It cannot be cut, or a file cannot be written.
pub(crate) fn cut(workspace: &Workspace, module: &Path, first: &Path, rest: &Path) -> Result<()> {
    let list = workspace.root.join(LIST);
    let mut cut = tool(workspace)?;
    cut.arg("cut").args([module, list.as_path(), first, rest]);
    cut.args(PUT_OFF.map(|path| workspace.root.join(path)));
    step("browser module: cut off what the first frame does without", &mut cut, None).map(drop)
}

fn tool(workspace: &Workspace) -> Result<std::process::Command> {
    let mut compile = workspace.cargo();
    compile.args(["build", "--package", "cuelight-halves"]);
    step("what cuts the browser module: compile (usually half a minute the first time)", &mut compile, None)?;
    Ok(workspace.command(workspace.target.join("debug/cuelight-halves")))
}

/// The command: builds a module that tells what runs, has a browser meet it in every way that a first frame
/// can come about, writes the list, and builds by it.
///
/// # Errors
/// A build, the browser or the disk fails.
pub(crate) fn command(workspace: &Workspace) -> Result<()> {
    tools::install(workspace, tools::Need::Test)?;
    build::build(workspace, Care::Release)?;
    let folder = workspace.target.join("xtask/halves");
    build::fresh_folder(&folder)?;
    let listed = record(workspace, &folder);
    // What is served tells what runs: it must not stay.
    build::forget_module(workspace)?;
    listed?;
    build::build(workspace, Care::Release)?;
    say!("Written: {LIST}. `cargo xtask bench size` says what it comes to.");
    Ok(())
}

/// Has a browser run a module that records, and makes the list of what it tells. `folder` is for files on the way.
fn record(workspace: &Workspace, folder: &Path) -> Result<()> {
    let (names, ran) = (folder.join("names.txt"), folder.join("ran.txt"));
    let served = build::served(workspace).join("cuelight");
    let mut tell = tool(workspace)?;
    tell.arg("record").args([build::bound(workspace), served.join(build::WASM), names.clone()]);
    step("browser module: have it tell what runs", &mut tell, None)?;
    // A module of nothing: its preamble (WebAssembly core specification, section 5.5.16).
    fs::write(served.join(REST), b"\0asm\x01\0\0\0").context("could not write an empty rest")?;
    let mut meet = plan::together(workspace, "halves");
    meet.arg("nothing_that_leads_to_the_first_frame_waits_for_the_rest").env("CUELIGHT_RAN", &ran);
    step("a browser meets it (usually a minute)", &mut meet, None)?;
    let mut list = tool(workspace)?;
    list.arg("list").args([names, ran, workspace.root.join(LIST)]);
    step("browser module: list what ran", &mut list, None).map(drop)
}
