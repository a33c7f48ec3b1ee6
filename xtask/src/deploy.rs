//! To Cloudflare: checks the settings, the secrets and the bucket, builds, and hands over to wrangler.
//! Never sees a secret's value. A dry run packs and shows the bindings, and needs no account.

use std::process::Command;

use anyhow::{Context, Result, bail};
use cuelight_core::settings::{Mode, Settings};
use serde_json::{Map, Value};

use crate::build::{self, Care};
use crate::progress::{step, watch};
use crate::say;
use crate::settings::{Configuration, Environment, wrong};
use crate::tools;
use crate::workspace::Workspace;

/// Which environment is deployed unless told otherwise.
pub(crate) const DEFAULT_ENVIRONMENT: &str = "production";

/// What the command `deploy` was told.
#[derive(Debug)]
pub(crate) struct Order {
    /// An environment of `wrangler.toml`.
    pub(crate) environment: String,
    /// Variables that replace those of the environment, as `NAME:VALUE`.
    pub(crate) variables: Vec<String>,
    /// Only pack and show.
    pub(crate) dry_run: bool,
}

/// The command `deploy`.
///
/// # Errors
/// The settings are wrong or those of development, a secret is missing, something could not be
/// built, or wrangler failed. Nothing was deployed then.
pub(crate) fn command(workspace: &Workspace, order: &Order) -> Result<()> {
    let configuration = Configuration::read(workspace)?;
    let environment = configuration.environment(&order.environment)?;
    let settings = settings(&environment, &order.variables)?;
    say!("The settings of {} are right.", order.environment);
    tools::install(workspace, tools::Need::Build)?;
    if !order.dry_run {
        secrets(workspace, order, &settings)?;
        for bucket in environment.buckets() {
            provide_bucket(workspace, &bucket)?;
        }
    }
    build::command(workspace, Care::Release)?;
    let output = pack(workspace, order)?;
    say!("{}", bindings_of(&output));
    if order.dry_run {
        say!("A dry run: nothing was deployed. These secrets must exist before it is:");
        for name in settings.needed_secrets() {
            say!("  {name}");
        }
    } else {
        say!("{}", afterwards(&output, &order.environment));
    }
    Ok(())
}

/// Goes through a deployment as far as one can without an account, on behalf of a shop that set what
/// the template leaves open. Returns what is wrong.
///
/// # Errors
/// The settings are refused, or wrangler fails.
pub(crate) fn rehearse(workspace: &Workspace) -> Result<Vec<String>> {
    let variables = [
        "STUDIO_URL:https://studio.example",
        r#"TENANTS:{"shop":{"namespace":"0f5c2a7be1d94386","plan":"pro"}}"#,
    ];
    let order = Order {
        environment: DEFAULT_ENVIRONMENT.to_owned(),
        variables: variables.map(str::to_owned).to_vec(),
        dry_run: true,
    };
    let configuration = Configuration::read(workspace)?;
    let environment = configuration.environment(&order.environment)?;
    settings(&environment, &order.variables)?;
    let output = pack(workspace, &order)?;
    let names = environment.bindings().into_iter().map(|(name, _)| name);
    let names = names.chain(["MODE", "STUDIO_URL", "TENANTS", "LIMITS", "LANES"].map(str::to_owned));
    let lacks = names.filter(|name| !output.contains(&format!("env.{name} ")));
    Ok(lacks.map(|name| format!("the packed worker has no binding {name}")).collect())
}

/// The settings of an environment once `replaced` are replaced, if they may be deployed.
fn settings(environment: &Environment<'_>, replaced: &[String]) -> Result<Settings> {
    let settings = Settings::read(&replace(environment.variables(), replaced)?)
        .map_err(|errors| wrong(&environment.told(&errors)))?;
    if settings.mode() == Mode::Development {
        bail!(
            "MODE is development, which is open to everybody: it is never deployed; set MODE = \"production\""
        );
    }
    Ok(settings)
}

fn replace(mut variables: Map<String, Value>, replaced: &[String]) -> Result<Map<String, Value>> {
    for one in replaced {
        let (name, value) = one.split_once(':').filter(|(name, _)| !name.is_empty()).with_context(|| {
            format!(
                "--var takes NAME:VALUE, for instance --var STUDIO_URL:https://studio.example, not `{}`",
                name_only(one)
            )
        })?;
        variables.insert(name.to_owned(), value.into());
    }
    Ok(variables)
}

/// As much of a malformed argument as may be shown: it may hold a secret by mistake.
fn name_only(argument: &str) -> &str {
    argument.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn wrangler(workspace: &Workspace) -> Command {
    let mut command = workspace.command(workspace.npm_tool("wrangler"));
    command.current_dir(workspace.root.join("edge-worker")).env("FORCE_COLOR", "0");
    command
}

fn pack(workspace: &Workspace, order: &Order) -> Result<String> {
    let mut command = wrangler(workspace);
    command.args(["deploy", "--env", &order.environment]);
    for variable in &order.variables {
        command.args(["--var", variable]);
    }
    if order.dry_run {
        command.arg("--dry-run").arg("--outdir").arg(workspace.target.join("xtask/deploy"));
    }
    let label = if order.dry_run { "edge: pack" } else { "edge: deploy (usually half a minute)" };
    step(label, &mut command, None)
}

fn secrets(workspace: &Workspace, order: &Order, settings: &Settings) -> Result<()> {
    say!("→ secrets: which are there");
    let mut command = wrangler(workspace);
    let listed =
        watch(command.args(["secret", "list", "--env", &order.environment, "--format", "json"]), None)?;
    let present = if listed.status.success() {
        names_of(&listed.output).context("wrangler lists the secrets in a form that we do not know")?
    } else if speaks_of_no_worker(&listed.output) {
        Vec::new()
    } else {
        bail!("{}", refused(&listed.output));
    };
    let missing: Vec<String> =
        settings.needed_secrets().into_iter().filter(|name| !present.contains(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let commands: Vec<String> = missing
        .iter()
        .map(|name| format!("wrangler secret put {name} --env {}", order.environment))
        .collect();
    bail!(
        "these secrets are missing; run in edge-worker/ (`cargo xtask keys` makes the values of all but \
         the provider's):\n  {}",
        commands.join("\n  ")
    )
}

fn provide_bucket(workspace: &Workspace, bucket: &str) -> Result<()> {
    say!("→ bucket {bucket}: is it there");
    let found = watch(wrangler(workspace).args(["r2", "bucket", "info", bucket]), None)?;
    if found.status.success() {
        return Ok(());
    }
    if !speaks_of_no_bucket(&found.output) {
        bail!("{}", refused(&found.output));
    }
    let mut create = wrangler(workspace);
    step(&format!("bucket {bucket}: create"), create.args(["r2", "bucket", "create", bucket]), None).map(drop)
}

/// Whether wrangler found no worker of that name: before the first deployment there is none.
fn speaks_of_no_worker(output: &str) -> bool {
    let says = |line: &str| line.contains("Worker \"") && line.contains("not found");
    output.contains("[code: 10007]") || output.lines().any(says)
}

fn speaks_of_no_bucket(output: &str) -> bool {
    output.contains("[code: 10006]") || output.contains("The specified bucket does not exist")
}

fn refused(output: &str) -> String {
    // Before it comes wrangler's advice to put our development key among production's variables.
    let output = output.find("✘").and_then(|at| output.get(at..)).unwrap_or(output);
    format!(
        "{}\n\nwrangler could not ask Cloudflare. Run `wrangler login` in edge-worker/, or set \
         CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, and run the same command again.",
        output.trim()
    )
}

/// The names in what `wrangler secret list` prints: a JSON list of objects among its notices.
fn names_of(output: &str) -> Option<Vec<String>> {
    let list_at = |at: usize| {
        let mut values =
            serde_json::Deserializer::from_str(&output[at..]).into_iter::<Vec<Map<String, Value>>>();
        values.next()?.ok()
    };
    let list = output.match_indices('[').find_map(|(at, _)| list_at(at))?;
    Some(list.iter().filter_map(|one| one.get("name")?.as_str().map(str::to_owned)).collect())
}

/// What wrangler says of the size and the bindings, without its notices.
fn bindings_of(output: &str) -> String {
    let wanted = |line: &&str| line.starts_with("Total Upload") || line.trim_start().starts_with("env.");
    output.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

fn afterwards(output: &str, environment: &str) -> String {
    let origin =
        output.split_whitespace().find(|word| word.starts_with("https://")).unwrap_or("https://YOUR-HOST");
    format!(
        "\nDeployed {origin}\n\
         Now:\n\
         \x20 1. See that it answers: curl {origin}/api/v1/health\n\
         \x20 2. See that it is closed: POST {origin}/api/v1/jobs without a key must answer 401.\n\
         \x20 3. Make one clip with a secret key; docs/operations.md has the call.\n\
         \x20 4. Watch: wrangler tail --env {environment}\n\
         Should it be worse than before: wrangler rollback --env {environment}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production(replaced: &[&str]) -> Result<Settings> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
        let workspace = Workspace { target: root.join("target"), tools: root.join("target"), root };
        let configuration = Configuration::read(&workspace)?;
        let replaced: Vec<String> = replaced.iter().map(|&one| one.to_owned()).collect();
        settings(&configuration.environment(DEFAULT_ENVIRONMENT)?, &replaced)
    }

    const TENANTS: &str = r#"TENANTS:{"shop":{"namespace":"n"}}"#;
    const STUDIO: &str = "STUDIO_URL:https://studio.example";

    #[test]
    fn the_template_is_refused_until_all_that_it_leaves_open_is_set() {
        let error = production(&[]).unwrap_err().to_string();
        assert!(error.contains("STUDIO_URL is yours to set"), "{error}");
        assert!(error.contains("TENANTS.demo.namespace is yours to set"), "{error}");
        assert!(production(&[TENANTS]).is_err() && production(&[STUDIO]).is_err());
        production(&[TENANTS, STUDIO]).unwrap();
    }

    #[test]
    fn development_is_never_deployed() {
        let error = production(&[TENANTS, STUDIO, "MODE:development"]).unwrap_err().to_string();
        assert!(error.contains("never deployed"), "{error}");
    }

    #[test]
    fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
        for mistake in ["STUDIO_KEY:hunter2", "STUDIO_KEY=hunter2"] {
            let error = format!("{:#}", production(&[TENANTS, STUDIO, mistake]).unwrap_err());
            assert!(error.contains("STUDIO_KEY") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_names_of_secrets_are_read_among_notices_too() {
        let list =
            r#"[{"name":"STUDIO_KEY","type":"secret_text"},{"name":"TOKEN_KEYS","type":"secret_text"}]"#;
        for output in [list.to_owned(), format!("\u{1b}[33m[WARNING] newer\n{list}\n[INFO] x")] {
            assert_eq!(names_of(&output).unwrap(), ["STUDIO_KEY", "TOKEN_KEYS"]);
        }
        assert_eq!(names_of("[]"), Some(Vec::new()));
        assert_eq!(names_of("nothing"), None);
    }

    /// The sentences are wrangler's own, of 4.86.0.
    #[test]
    fn a_first_deployment_is_told_from_a_failure() {
        let unknown =
            "✘ [ERROR] Worker \"cuelight\" (env: production) not found.\n\nIf this is a new Worker, run";
        assert!(speaks_of_no_worker(unknown));
        assert!(speaks_of_no_worker("workers.api.error.script_not_found [code: 10007]"));
        assert!(speaks_of_no_bucket("The specified bucket does not exist. [code: 10006]"));
        let closed =
            "✘ [ERROR] In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN";
        for failure in [closed, "Authentication error [code: 10000]", "env file not found", ""] {
            assert!(!speaks_of_no_worker(failure) && !speaks_of_no_bucket(failure), "{failure}");
        }
    }

    #[test]
    fn the_address_of_the_worker_is_where_to_look_next() {
        let said =
            afterwards("Deployed cuelight triggers\n  https://cuelight.shop.workers.dev\n", "production");
        assert!(said.contains("curl https://cuelight.shop.workers.dev/api/v1/health"), "{said}");
    }
}
