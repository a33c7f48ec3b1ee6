//! Every developer command: `cargo xtask dev`, `test`, `build`, `deploy`, … This file reads the
//! arguments and hands over; what went wrong is said in one sentence, never as a backtrace.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bench;
mod build;
mod corpus;
mod demo;
mod deploy;
mod dev;
mod doctor;
mod fuzz;
mod halves;
mod http;
mod import_names;
mod keys;
mod licences;
mod npm;
mod openapi;
mod process;
mod progress;
mod scripts;
mod settings;
mod sim;
mod sizes;
mod stamp;
mod states;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::build::Care;
use crate::workspace::Workspace;

const USAGE: &str = "\
cargo xtask dev [--port 8787] [--fast]    install, build, start everything, say where to look
cargo xtask test [--quick] [WORD...]      check everything; a WORD is a step's name or part of a test's
cargo xtask build [--fast]                build what is shipped, and weigh it
cargo xtask build npm                     build the browser module as an npm package, in target/npm
cargo xtask deploy [--dry-run] [--env production] [--var NAME:VALUE]...
                                          check the settings, build, deploy to Cloudflare
cargo xtask keys new --tenant ID [--may jobs,tokens]
cargo xtask keys token-key|webhook|metrics
                                          make a key, and say where to put it
cargo xtask bench edge                    measure the edge against a plain JavaScript worker
cargo xtask bench switch [--switches 100] [--rounds 5] [--loops 200] [--only NAME,...]
                                          film how one clip follows another, by five strategies
cargo xtask bench size                    weigh what a page downloads, against its budget
cargo xtask bench predictor (--train FILE | --cold) --test FILE [--budget K] [--emit FILE]
                                          measure what the predictor foresees of recorded sessions
cargo xtask corpus [--seed N] [--sessions N] [--kind shop|game|mixed]
                                          make sessions to train and to measure it with
cargo xtask bench cache                   measure the clip cache with 50 clips and with 50,000
cargo xtask sim [--seeds N] [--seed S]    try the edge's actors in N worlds of faults, or tell the story of one
cargo xtask demo providers                make one picture or clip of every kind with every model, and look at them
cargo xtask openapi [--check]             write what the API says about itself, or say whether it is stale
cargo xtask fuzz [--seconds 60] [TARGET...]
                                          try to break every reader of what strangers send
cargo xtask states [FILE...]              say what a character's states and rules come to, and whether they could trap it
cargo xtask halves                        list anew what the browser module runs before the first frame
cargo xtask tidy                          check the rules of the house
cargo xtask doctor                        say what is installed and what is missing

Both dev and test install what they need by themselves, once per user.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = process::take_over_signals().and_then(|()| dispatch(&arguments));
    process::stop_descendants();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The shell's own convention for a command that Ctrl-C ended.
        Err(_) if process::interrupted() => ExitCode::from(130),
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (command, rest) = arguments.split_first().with_context(|| format!("which command?\n\n{USAGE}"))?;
    match command.as_str() {
        "dev" => {
            let options = options(rest, &["--port", "--fast"])?;
            dev::run(&Workspace::find()?, options.port.unwrap_or(dev::DEFAULT_PORT), options.care)
        }
        "test" => {
            let options = options(rest, &["--quick", "WORD"])?;
            test::run(&Workspace::find()?, options.quick, &options.words)
        }
        "build" => {
            let options = options(rest, &["--fast", "WORD"])?;
            match options.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                [] => build::command(&Workspace::find()?, options.care),
                ["npm"] => npm::command(&Workspace::find()?),
                other => bail!("`{}` is nothing that is built by itself\n\n{USAGE}", other.join(" ")),
            }
        }
        "deploy" => {
            let options = options(rest, &["--dry-run", "--env", "--var"])?;
            let environment = options.environment.unwrap_or_else(|| deploy::DEFAULT_ENVIRONMENT.to_owned());
            let order = deploy::Order { environment, variables: options.variables, dry_run: options.dry_run };
            deploy::command(&Workspace::find()?, &order)
        }
        "keys" => {
            let options = options(rest, &["--tenant", "--may", "WORD"])?;
            let [kind] = options.words.as_slice() else { bail!("which key?\n\n{USAGE}") };
            keys::command(kind, options.tenant.as_deref(), options.rights.as_deref())
        }
        "bench" => bench::command(&Workspace::find()?, rest),
        "demo" => {
            let options = options(rest, &["WORD"])?;
            demo::command(&Workspace::find()?, &options.words)
        }
        "corpus" => corpus::command(&Workspace::find()?, rest),
        "sim" => sim::run(&Workspace::find()?, rest),
        "openapi" => {
            let options = options(rest, &["--check"])?;
            openapi::command(&Workspace::find()?, options.check)
        }
        "fuzz" => {
            let options = options(rest, &["--seconds", "WORD"])?;
            let seconds = options.seconds.unwrap_or(fuzz::DEFAULT_SECONDS);
            fuzz::command(&Workspace::find()?, seconds, &options.words)
        }
        "states" => states::command(&options(rest, &["WORD"])?.words),
        "halves" => options(rest, &[]).and_then(|_| halves::command(&Workspace::find()?)),
        "tidy" => options(rest, &[]).and_then(|_| tidy::command(&Workspace::find()?)),
        "doctor" => options(rest, &[]).and_then(|_| doctor::run(&Workspace::find()?)),
        "help" | "--help" | "-h" => {
            say!("{USAGE}");
            Ok(())
        }
        unknown => bail!("there is no command `{unknown}`\n\n{USAGE}"),
    }
}

/// What followed the command's name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    port: Option<u16>,
    seconds: Option<u32>,
    care: Care,
    quick: bool,
    check: bool,
    dry_run: bool,
    environment: Option<String>,
    variables: Vec<String>,
    tenant: Option<String>,
    rights: Option<String>,
    words: Vec<String>,
}

fn options(arguments: &[String], known: &[&str]) -> Result<Options> {
    let mut options = Options::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, mut inline) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (argument.as_str(), None),
        };
        let kind = if name.starts_with('-') { name } else { "WORD" };
        if !known.contains(&kind) {
            bail!("`{name}` is not understood here\n\n{USAGE}");
        }
        let mut value = |example: &str| {
            let next = || arguments.next().cloned();
            inline
                .take()
                .or_else(next)
                .with_context(|| format!("{name} needs a value, for instance {name} {example}"))
        };
        match name {
            "--port" => {
                let value = value("8788")?;
                options.port =
                    Some(value.parse().ok().filter(|port| *port > 0).with_context(|| {
                        format!("`{value}` is not a port: choose a number from 1 to 65535")
                    })?);
            }
            "--seconds" => {
                let value = value("60")?;
                options.seconds = Some(
                    value
                        .parse()
                        .ok()
                        .filter(|seconds| *seconds > 0)
                        .with_context(|| format!("`{value}` is not a whole number of seconds"))?,
                );
            }
            "--env" => options.environment = Some(value("production")?),
            "--var" => options.variables.push(value("STUDIO_URL:https://studio.example")?),
            "--tenant" => options.tenant = Some(value("demo")?),
            "--may" => options.rights = Some(value("jobs,tokens")?),
            "--dry-run" => options.dry_run = true,
            "--fast" => options.care = Care::Fast,
            "--quick" => options.quick = true,
            "--check" => options.check = true,
            word => options.words.push(word.to_owned()),
        }
        if inline.is_some() {
            bail!("{name} takes no value\n\n{USAGE}");
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], known: &[&str]) -> Result<Options> {
        options(&arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>(), known)
    }

    #[test]
    fn a_port_may_follow_a_space_or_an_equals_sign() {
        assert_eq!(read(&["--port", "9000"], &["--port"]).unwrap().port, Some(9000));
        assert_eq!(read(&["--port=9000"], &["--port"]).unwrap().port, Some(9000));
    }

    #[test]
    fn a_variable_keeps_its_equals_signs() {
        for arguments in [&["--var", "A:https://a.example/?b=c"][..], &["--var=A:https://a.example/?b=c"]] {
            assert_eq!(read(arguments, &["--var"]).unwrap().variables, ["A:https://a.example/?b=c"]);
        }
        assert!(read(&["--dry-run=no"], &["--dry-run"]).is_err());
        assert!(read(&["--env"], &["--env"]).is_err());
    }

    #[test]
    fn a_bad_port_is_explained() {
        for bad in ["0", "65536", "http"] {
            let error = read(&["--port", bad], &["--port"]).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("65535"), "{error}");
        }
    }

    #[test]
    fn an_option_of_another_command_is_refused() {
        assert!(read(&["--quick"], &["--port", "--fast"]).is_err());
        assert!(read(&["storefront"], &["--port"]).is_err());
    }
}
