//! The studio's command line: serve, draw a contact sheet, render one clip to a file.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cuelight_core::cue::Cue;
use cuelight_core::{catalog, character};
use cuelight_studio::api::{self, Config};
use cuelight_studio::clip::{self, Spec};
use cuelight_studio::delay::Delays;
use cuelight_studio::sheet;

/// Draws characters, encodes real clips, and serves them as a generation provider would.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = 8790)]
    port: u16,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// How long generations take, in milliseconds, for instance realtime=200,fast=800.
    #[arg(long, default_value = "")]
    delay: String,
    /// A factor over all delays.
    #[arg(long, default_value_t = 1.0)]
    delay_scale: f64,
    /// The seed of the dice that faults are thrown with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Burns a code into the top edge of every frame: which state the clip shows and which frame
    /// this is, so that a test can read from a screen which clip is playing.
    #[arg(long, global = true)]
    burn_in: bool,
    /// Answers for models that their vendors have shut down as the vendors do; without it they live on.
    #[arg(long)]
    strict: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Draws the built-in characters in every state, in one picture.
    Sheet {
        /// Where to write the PNG.
        out: PathBuf,
        /// Side of one picture, in px.
        #[arg(long, default_value_t = 160)]
        size: u32,
        /// Draws moods and animations instead of states.
        #[arg(long)]
        reactions: bool,
    },
    /// Renders one clip.
    Render {
        /// Id of a built-in character.
        #[arg(long)]
        character: String,
        /// A state of the catalogue.
        #[arg(long)]
        state: String,
        /// A quality preset.
        #[arg(long, default_value = "fast")]
        preset: String,
        /// Where to write the MP4.
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // The last word before the process ends is for the person who started it.
            let _ = writeln!(std::io::stderr(), "cuelight-studio: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    match &arguments.command {
        Some(Command::Sheet { out, size, reactions }) => {
            let drawn = if *reactions { sheet::reactions(*size) } else { sheet::states(*size) };
            let sheet = drawn.ok_or(format!("a sheet of pictures of {size} px cannot be drawn"))?;
            sheet.save_png(out).map_err(|error| format!("{} cannot be written: {error}", out.display()))
        }
        Some(Command::Render { character, state, preset, out }) => {
            render(character, state, preset, arguments.burn_in, out)
        }
        None => serve(&arguments),
    }
}

fn render(id: &str, state: &str, preset: &str, burn_in: bool, out: &PathBuf) -> Result<(), String> {
    let who = character::built_in().get(id).ok_or_else(|| {
        let known: Vec<&str> = character::built_in().keys().map(String::as_str).collect();
        format!("there is no character {id}; one of {}", known.join(", "))
    })?;
    let what = catalog::built_in().state(state).ok_or(format!("there is no state {state}"))?;
    let how = catalog::built_in().preset(preset).ok_or(format!("there is no preset {preset}"))?;
    let spec = Spec {
        look: who.look,
        character_seed: who.seed,
        motion_seed: who.seed,
        cue: Cue::state(state),
        width: how.width,
        height: how.height,
        fps: how.fps,
        duration_ms: u32::try_from(what.duration_ms.0).unwrap_or(u32::MAX),
        burn_in,
    };
    let bytes = clip::render(&spec, |_| ControlFlow::Continue(())).map_err(|error| error.to_string())?;
    std::fs::write(out, bytes).map_err(|error| format!("{} cannot be written: {error}", out.display()))
}

#[tokio::main]
async fn serve(arguments: &Arguments) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let mut config = Config {
        seed: arguments.seed,
        burn_in: arguments.burn_in,
        strict: arguments.strict,
        ..Config::default()
    };
    if let Ok(key) = std::env::var("STUDIO_KEY") {
        config.key = key;
    }
    for vendor in ["aws", "google", "wavespeed", "wavespeed_webhook", "comfyui", "banana"] {
        let variable = format!("STUDIO_{}_KEY", vendor.to_uppercase());
        if let Ok(value) = std::env::var(&variable)
            && !config.keys.set(vendor, &value)
        {
            return Err(format!("{variable} is not of the form id:secret or id:secret:session-token"));
        }
    }
    let mut delays = Delays::default();
    delays.set_list(&arguments.delay).map_err(|error| format!("--delay: {error}"))?;
    delays.set_scale(arguments.delay_scale).map_err(|error| format!("--delay-scale: {error}"))?;
    config.delays = delays;
    keep_known_keys_local(arguments.host, &config)?;
    let wanted = SocketAddr::new(arguments.host, arguments.port);
    let listener = tokio::net::TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(
                "port {} is in use by another program; choose another with --port, or 0 for any",
                wanted.port()
            )
        }
        _ => format!("cannot listen on {wanted}: {error}"),
    })?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    let _ = writeln!(std::io::stdout(), "studio ready at http://{bound}");
    axum::serve(listener, api::app(config))
        .with_graceful_shutdown(asked_to_stop())
        .await
        .map_err(|error| error.to_string())
}

/// Refuses to listen for other machines while a key is empty or one that everybody can read here.
fn keep_known_keys_local(host: IpAddr, config: &Config) -> Result<(), String> {
    let known = Config::default();
    let open = |key: &str| key.is_empty() || key == known.key;
    let keys = &config.keys;
    let names = [
        ("STUDIO_KEY", open(&config.key)),
        ("STUDIO_AWS_KEY", keys.aws.iter().any(|key| known.keys.aws.contains(key))),
        ("STUDIO_GOOGLE_KEY", open(&keys.google)),
        ("STUDIO_WAVESPEED_KEY", open(&keys.wavespeed)),
        ("STUDIO_COMFYUI_KEY", open(&keys.comfyui)),
        ("STUDIO_BANANA_KEY", open(&keys.banana)),
    ];
    let unset: Vec<&str> = names.into_iter().filter_map(|(name, is_open)| is_open.then_some(name)).collect();
    if host.is_loopback() || unset.is_empty() {
        return Ok(());
    }
    Err(format!(
        "--host {host} can be reached from other machines, and everybody knows the keys of development; set \
         keys of your own in the environment: {}",
        unset.join(", ")
    ))
}

/// Resolves at SIGINT or SIGTERM. Connections that are stalled on purpose are not waited for.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
    tracing::info!("stopping");
    tokio::spawn(async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        std::process::exit(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYWHERE: [&str; 2] = ["0.0.0.0", "::"];

    fn refusal(host: &str, config: &Config) -> Option<String> {
        keep_known_keys_local(host.parse().unwrap(), config).err()
    }

    #[test]
    fn a_studio_with_the_keys_of_development_listens_on_this_machine_only() {
        for host in ["127.0.0.1", "::1"] {
            assert_eq!(refusal(host, &Config::default()), None);
        }
        for host in EVERYWHERE {
            let told = refusal(host, &Config::default()).unwrap();
            for vendor in ["", "AWS_", "GOOGLE_", "WAVESPEED_", "COMFYUI_", "BANANA_"] {
                assert!(told.contains(&format!("STUDIO_{vendor}KEY")), "{told}");
            }
        }
    }

    #[test]
    fn a_studio_with_keys_of_its_own_listens_everywhere() {
        let mut config = Config { key: "own".into(), ..Config::default() };
        for vendor in ["google", "wavespeed", "comfyui", "banana"] {
            assert!(config.keys.set(vendor, "own"));
        }
        for host in EVERYWHERE {
            let told = refusal(host, &config).unwrap();
            assert!(told.ends_with(": STUDIO_AWS_KEY"), "{told}");
        }
        assert!(config.keys.set("aws", "id:own"));
        for host in EVERYWHERE {
            assert_eq!(refusal(host, &config), None);
        }
        config.key.clear();
        assert!(refusal("0.0.0.0", &config).is_some_and(|told| told.ends_with(": STUDIO_KEY")));
    }
}
