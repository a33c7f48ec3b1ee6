//! The settings in `edge-worker/wrangler.toml`, by environment, checked with the code that the edge
//! reads them with. A wrong one fails the build, long before a worker starts.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, anyhow};
use cuelight_core::settings::{SettingCode, SettingError, Settings};
use serde_json::{Map, Value};

use crate::workspace::Workspace;

/// From the checkout's root.
const FILE: &str = "edge-worker/wrangler.toml";

/// What `wrangler.toml` says.
#[derive(Debug)]
pub(crate) struct Configuration {
    whole: Value,
}

/// One environment of it. wrangler hands no variable and no binding down to a named one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Environment<'a> {
    /// None for the unnamed one, which is development.
    name: Option<&'a str>,
    table: &'a Value,
}

/// All that is wrong with the settings of any environment, with the file and the place.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn violations(workspace: &Workspace) -> Result<Vec<String>> {
    Ok(Configuration::read(workspace)?.violations())
}

/// Stops before anything is built with wrong settings.
///
/// # Errors
/// All of [`violations`], or the file cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let violations = violations(workspace)?;
    if violations.is_empty() { Ok(()) } else { Err(wrong(&violations)) }
}

/// What wrangler is passed so that every provider is at the studio at `url`.
pub(crate) fn studio_arguments(url: &str) -> Vec<String> {
    let variables = cuelight_core::settings::studio::variables(url);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    variables
        .iter()
        .flat_map(|(name, value)| ["--var".to_owned(), format!("{name}:{}", text(value))])
        .collect()
}

/// Violations as one error that lists them.
pub(crate) fn wrong(violations: &[String]) -> anyhow::Error {
    anyhow!("the settings are wrong; docs/operations.md explains each:\n  {}", violations.join("\n  "))
}

impl Configuration {
    /// Reads `edge-worker/wrangler.toml`.
    ///
    /// # Errors
    /// It cannot be read, or is not TOML.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.root.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().with_context(|| format!("{FILE} is not TOML"))?;
        Ok(Self { whole: serde_json::to_value(table).with_context(|| format!("{FILE} is not plain data"))? })
    }

    /// The environment with this name.
    ///
    /// # Errors
    /// There is none; the message names those there are.
    pub(crate) fn environment(&self, name: &str) -> Result<Environment<'_>> {
        let mut named = self.named();
        named.find(|environment| environment.name == Some(name)).ok_or_else(|| {
            let names: Vec<&str> = self.named().filter_map(|environment| environment.name).collect();
            anyhow!("{FILE} has no environment {name}; it has {}", names.join(", "))
        })
    }

    fn named(&self) -> impl Iterator<Item = Environment<'_>> {
        let all = self.whole.get("env").and_then(Value::as_object);
        all.into_iter().flatten().map(|(name, table)| Environment { name: Some(name), table })
    }

    fn violations(&self) -> Vec<String> {
        let development = Environment { name: None, table: &self.whole };
        let mut found = development.judge(|_| true);
        for environment in self.named() {
            // What is left to whoever deploys is asked for when they do.
            found.extend(environment.judge(|error| error.code != SettingCode::Unset));
            let (ours, theirs) = (development.bindings(), environment.bindings());
            let place = environment.place();
            found.extend(ours.difference(&theirs).map(|(name, what)| {
                format!("{place} does not bind {name} to {what}, and wrangler does not hand it down")
            }));
            found.extend(theirs.difference(&ours).map(|(name, what)| {
                format!("{place} binds {name} to {what}, which development does not have")
            }));
        }
        let created = self.created_classes();
        found.extend(development.objects().into_iter().filter(|(_, class)| !created.contains(class)).map(
            |(name, class)| format!("{FILE}: [[migrations]] never creates {class}, which {name} is bound to"),
        ));
        found
    }

    fn created_classes(&self) -> BTreeSet<String> {
        let migrations = self.whole.get("migrations").and_then(Value::as_array);
        let lists =
            migrations.into_iter().flatten().filter_map(|one| one.get("new_sqlite_classes")?.as_array());
        lists.flatten().filter_map(|class| class.as_str().map(str::to_owned)).collect()
    }
}

impl Environment<'_> {
    /// Its variables.
    pub(crate) fn variables(&self) -> Map<String, Value> {
        self.table.get("vars").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Its R2 buckets.
    pub(crate) fn buckets(&self) -> Vec<String> {
        pairs(self.table.get("r2_buckets"), "binding", "bucket_name")
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    }

    /// The names that the worker finds its Durable Objects and buckets under, each with what it names.
    /// A bucket is no part of it: another environment has another.
    pub(crate) fn bindings(&self) -> BTreeSet<(String, String)> {
        let buckets = pairs(self.table.get("r2_buckets"), "binding", "bucket_name");
        let buckets = buckets.into_iter().map(|(binding, _)| (binding, "a bucket".to_owned()));
        buckets.chain(self.objects()).collect()
    }

    /// A sentence for each mistake in `variables`, which are its own or some that replace them.
    pub(crate) fn told(&self, errors: &[SettingError]) -> Vec<String> {
        errors.iter().map(|error| format!("{} {error}", self.place())).collect()
    }

    fn judge(&self, counts: impl Fn(&SettingError) -> bool) -> Vec<String> {
        let errors = Settings::read(&self.variables()).err().unwrap_or_default();
        self.told(&errors.into_iter().filter(counts).collect::<Vec<_>>())
    }

    fn objects(&self) -> BTreeSet<(String, String)> {
        let objects = self.table.get("durable_objects").and_then(|all| all.get("bindings"));
        pairs(objects, "name", "class_name").into_iter().collect()
    }

    fn place(&self) -> String {
        match self.name {
            None => format!("{FILE}: [vars]"),
            Some(name) => format!("{FILE}: [env.{name}.vars]"),
        }
    }
}

/// Two members of each object in a list.
fn pairs(list: Option<&Value>, first: &str, second: &str) -> Vec<(String, String)> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some((text(one, first)?, text(one, second)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{self, Care};

    const GOOD: &str = r#"
        [[durable_objects.bindings]]
        name = "SESSION"
        class_name = "SessionActor"
        [[migrations]]
        new_sqlite_classes = ["SessionActor"]
        [vars]
        MODE = "development"
        STUDIO_URL = "http://127.0.0.1:1"
        TENANTS.demo.namespace = "demo"
        [env.production]
        durable_objects.bindings = [{ name = "SESSION", class_name = "SessionActor" }]
        [env.production.vars]
        MODE = "production"
        STUDIO_URL = ""
        TENANTS.demo.namespace = ""
    "#;

    fn violations_of(text: &str) -> Vec<String> {
        Configuration::parse(text).unwrap().violations()
    }

    fn one_violation(text: &str) -> String {
        let mut found = violations_of(text);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn what_is_left_to_the_deployer_is_no_mistake_until_they_deploy() {
        assert!(violations_of(GOOD).is_empty(), "{:?}", violations_of(GOOD));
        let undecided = GOOD.replace("http://127.0.0.1:1", "");
        assert!(
            one_violation(&undecided).starts_with("edge-worker/wrangler.toml: [vars] STUDIO_URL is yours")
        );
    }

    #[test]
    fn a_binding_that_an_environment_forgot_is_named() {
        let forgot = GOOD.replace("name = \"SESSION\", class_name", "name = \"SESION\", class_name");
        let found = violations_of(&forgot);
        assert!(
            found[0].contains("[env.production.vars] does not bind SESSION to SessionActor"),
            "{found:?}"
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_class_without_a_migration_is_named() {
        let found = one_violation(&GOOD.replace("new_sqlite_classes = [\"SessionActor\"]", ""));
        assert!(found.contains("never creates SessionActor"), "{found}");
    }

    #[test]
    fn a_wrong_setting_fails_the_build() {
        let folder = std::env::temp_dir().join(format!("cuelight-settings-{}", std::process::id()));
        fs::create_dir_all(folder.join("edge-worker")).unwrap();
        let wrong = GOOD.replace("MODE = \"production\"", "MODE = \"production\"\nLIMITS.requets = 5");
        fs::write(folder.join(FILE), wrong).unwrap();
        let workspace =
            Workspace { root: folder.clone(), target: folder.join("target"), tools: folder.join("tools") };
        let error = build::build(&workspace, Care::Fast).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        let sentence = "edge-worker/wrangler.toml: [env.production.vars] LIMITS.requets there is no such \
                        setting; did you mean requests?";
        assert!(error.contains(sentence), "{error}");
    }
}
