//! One command to try everything: installs, builds, starts the studio and the edge, says where to look,
//! and takes all of it down again. Keeps what was generated in `target/dev-state` for the next time.

mod logs;
mod part;
mod ready;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use self::part::Part;
pub(crate) use self::ready::studio_url;
use crate::build::{self, Care};
use crate::process;
use crate::progress::seconds;
use crate::say;
use crate::settings;
use crate::tools;
use crate::workspace::Workspace;

/// Where the edge listens unless told otherwise; wrangler's own default.
pub(crate) const DEFAULT_PORT: u16 = 8787;
/// How long a part may take to answer before we call it broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often we look at the parts, at the pages, and for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(200);

/// Runs until Ctrl-C, SIGTERM, or the end of one of the parts.
///
/// # Errors
/// The port is taken, something could not be installed, built or started, or a part ended by itself.
pub(crate) fn run(workspace: &Workspace, port: u16, care: Care) -> Result<()> {
    let started = Instant::now();
    refuse_a_used_port(port)?;
    tools::install(workspace, tools::Need::Build)?;
    build::build(workspace, care)?;
    let result = serve(workspace, port, started);
    process::stop_descendants();
    if process::interrupted() {
        say!("\nStopped: the studio and the edge have ended.");
        return Ok(());
    }
    result
}

fn serve(workspace: &Workspace, port: u16, started: Instant) -> Result<()> {
    let state = workspace.target.join("dev-state");
    let mut both = Both::start(workspace, port, &state, &[])?;
    say!("{}", banner(port, &both.studio_url, started.elapsed()));
    follow(workspace, &mut both.studio, &mut both.edge)
}

/// The studio and the edge in front of it, both answering.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) studio: Part,
    pub(crate) edge: Part,
    /// The studio's address.
    pub(crate) studio_url: String,
}

impl Both {
    /// Starts the studio with these options on a port of its own choice, and the edge on `port`, which keeps
    /// what it is given in the folder `state`. All providers are at the studio.
    ///
    /// # Errors
    /// One of them does not start, or the command is interrupted.
    pub(crate) fn start(workspace: &Workspace, port: u16, state: &Path, options: &[&str]) -> Result<Self> {
        say!("→ studio: start");
        let mut studio = workspace.command(build::studio_program(workspace));
        let mut studio = Part::start("studio", studio.args(["--port", "0"]).args(options))?;
        let studio_url = studio.wait_for(ready::studio_url)?;

        say!("→ edge: start");
        let mut edge = workspace.command(workspace.npm_tool("wrangler"));
        edge.current_dir(workspace.root.join("edge-worker"))
            .args(["dev", "--local", "--ip", "127.0.0.1", "--show-interactive-dev-session", "false"])
            .args(["--port", &port.to_string(), "--inspector-port", &free_port()?.to_string()])
            .arg("--persist-to")
            .arg(state)
            .args(settings::studio_arguments(&studio_url))
            .env("FORCE_COLOR", "0");
        let mut edge = Part::start("edge", &mut edge)?;
        let asked = Instant::now();
        while !ready::answers(port, "/api/v1/health") {
            edge.collect(GLANCE);
            edge.check_alive()?;
            studio.check_alive()?;
            if process::interrupted() {
                bail!("interrupted");
            }
            if asked.elapsed() > PATIENCE {
                edge.show_last_lines();
                bail!("the edge did not answer within {}; its last lines are above", seconds(PATIENCE));
            }
        }
        Ok(Self { studio, edge, studio_url })
    }
}

fn follow(workspace: &Workspace, studio: &mut Part, edge: &mut Part) -> Result<()> {
    while !process::interrupted() {
        for part in [&mut *studio, &mut *edge] {
            for line in part.collect(GLANCE / 2) {
                if let Some(line) = logs::readable(&line) {
                    say!("{:<6} │ {line}", part.name);
                }
            }
            part.check_alive()?;
        }
        // An edited page is served on the next load; code needs a restart, which takes seconds.
        build::pages(workspace)?;
    }
    Ok(())
}

fn refuse_a_used_port(port: u16) -> Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "port {port} cannot be used ({error}): stop what listens there, or choose another with \
             `cargo xtask dev --port {}`",
            port.checked_add(1).unwrap_or(DEFAULT_PORT)
        ),
    }
}

/// A port on which nothing listens now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn banner(port: u16, studio: &str, took: Duration) -> String {
    let edge = format!("http://127.0.0.1:{port}");
    let rows = [
        format!("Cuelight is ready ({})", seconds(took)),
        String::new(),
        format!("start here   {edge}/"),
        format!("storefront   {edge}/storefront"),
        format!("game scene   {edge}/scene"),
        format!("edge health  {edge}/api/v1/health"),
        format!("studio       {studio}"),
        String::new(),
        "Ctrl-C stops everything.".to_owned(),
    ];
    let width = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let body: String = rows.iter().map(|row| format!("│ {row:<width$} │\n")).collect();
    let line = "─".repeat(width + 2);
    format!("\n┌{line}┐\n{body}└{line}┘\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_port_is_named_with_the_way_out() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = refuse_a_used_port(port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--port"), "{error}");
    }

    #[test]
    fn the_banner_holds_every_address() {
        let banner = banner(9000, "http://127.0.0.1:9001", Duration::from_secs(3));
        for address in
            ["9000/", "9000/storefront", "9000/scene", "9000/api/v1/health", "http://127.0.0.1:9001"]
        {
            assert!(banner.contains(address), "{banner}");
        }
    }
}
