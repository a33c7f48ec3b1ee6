//! What we ship from others: their licences, their origin, versions that come twice, and crates that we
//! never take. The lists are in `deny.toml`, which cargo-deny reads too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};
use toml::Table;

use crate::workspace::Workspace;

/// The only origin of crates that are not ours.
const ORIGIN: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// The crates whose bytes travel, where a version that comes twice is paid twice.
const SHIPPED: [&str; 2] = ["cuelight-client", "cuelight-edge"];

/// What `deny.toml` says.
#[derive(Debug, Default)]
struct Policy {
    licences: Vec<Licensee>,
    forbidden: BTreeMap<String, String>,
    may_come_twice: BTreeSet<String>,
}

/// All violations of `deny.toml`.
///
/// # Errors
/// `deny.toml` cannot be read, or cargo cannot be asked.
pub(crate) fn violations(workspace: &Workspace) -> Result<Vec<String>> {
    let path = workspace.root.join("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let policy = Policy::read(&text)?;
    let metadata = metadata(workspace)?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata names no packages")?;
    let mut found: Vec<String> = packages.iter().filter_map(|package| policy.judge(package)).collect();
    for shipped in SHIPPED {
        let tree = tree(workspace, shipped)?;
        let twice = twice(&tree).into_iter().filter(|name| !policy.may_come_twice.contains(*name));
        found.extend(twice.map(|name| {
            format!("deny.toml: {shipped} ships more than one version of {name}; `cargo tree -d` shows why")
        }));
    }
    Ok(found)
}

impl Policy {
    fn read(text: &str) -> Result<Self> {
        let table: Table = text.parse().context("deny.toml is not TOML")?;
        let list = |section: &str, name: &str| -> Vec<toml::Value> {
            let value = table.get(section).and_then(|section| section.get(name));
            value.and_then(toml::Value::as_array).cloned().unwrap_or_default()
        };
        let text_of = |value: &toml::Value, name: &str| -> Option<String> {
            value.as_str().or_else(|| value.get(name)?.as_str()).map(str::to_owned)
        };
        let licences = list("licenses", "allow")
            .iter()
            .filter_map(toml::Value::as_str)
            .map(|name| {
                Licensee::parse(name).map_err(|e| anyhow::anyhow!("deny.toml: `{name}`: {}", e.reason))
            })
            .collect::<Result<_>>()?;
        let forbidden = list("bans", "deny")
            .iter()
            .filter_map(|value| Some((text_of(value, "crate")?, text_of(value, "reason")?)))
            .collect();
        let may_come_twice =
            list("bans", "skip").iter().filter_map(|value| text_of(value, "crate")).collect();
        Ok(Self { licences, forbidden, may_come_twice })
    }

    fn judge(&self, package: &Value) -> Option<String> {
        let text = |name: &str| package.get(name).and_then(Value::as_str);
        let (name, version) = (text("name")?, text("version")?);
        if let Some(reason) = self.forbidden.get(name) {
            return Some(format!("Cargo.lock: {name} {version} is forbidden: {reason}"));
        }
        // A package without a source is ours.
        let source = text("source")?;
        if source != ORIGIN {
            return Some(format!(
                "Cargo.lock: {name} {version} comes from elsewhere than the public registry"
            ));
        }
        match text("license") {
            None => Some(format!("deny.toml: {name} {version} names no licence")),
            Some(licence) if self.permits(licence) => None,
            Some(licence) => {
                Some(format!("deny.toml: {name} {version} is under {licence}, which is not allowed"))
            }
        }
    }

    fn permits(&self, licence: &str) -> bool {
        // Old crates write `MIT/Apache-2.0`, which the lax mode reads as a choice.
        Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|needed| self.licences.iter().any(|l| l.satisfies(needed)))
        })
    }
}

/// Names that stand in `tree` with more than one version.
fn twice(tree: &str) -> BTreeSet<&str> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    versions.into_iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| name).collect()
}

fn metadata(workspace: &Workspace) -> Result<Value> {
    let rustc = workspace.command("rustc").arg("-vV").output()?;
    let rustc = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let arguments = ["metadata", "--format-version", "1", "--filter-platform", host];
    let text = ask(workspace, &[&arguments[..], &["--filter-platform", "wasm32-unknown-unknown"]].concat())?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

fn tree(workspace: &Workspace, package: &str) -> Result<String> {
    let target = "wasm32-unknown-unknown";
    ask(
        workspace,
        &[
            "tree",
            "--package",
            package,
            "--target",
            target,
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
        ],
    )
}

fn ask(workspace: &Workspace, arguments: &[&str]) -> Result<String> {
    let output = workspace.cargo().args(arguments).output().context("cargo does not run")?;
    if !output.status.success() {
        bail!("`cargo {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
        [bans]
        deny = [{ crate = "openssl", reason = "use rustls" }]
        skip = [{ crate = "hashbrown", reason = "two users" }]
    "#;

    fn judge(name: &str, licence: &str, source: &str) -> Option<String> {
        let package =
            serde_json::json!({"name": name, "version": "1.0.0", "license": licence, "source": source});
        Policy::read(POLICY).unwrap().judge(&package)
    }

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_needs_all() {
        assert_eq!(judge("a", "MIT OR GPL-3.0", ORIGIN), None);
        assert_eq!(judge("a", "GPL-3.0/MIT", ORIGIN), None);
        assert_eq!(judge("a", "(MIT OR GPL-3.0) AND Unicode-3.0", ORIGIN), None);
        assert_eq!(judge("a", "Apache-2.0 WITH LLVM-exception", ORIGIN), None);
        assert!(judge("a", "MIT AND GPL-3.0", ORIGIN).unwrap().contains("GPL-3.0"));
        assert!(judge("a", "Apache-2.0", ORIGIN).is_some());
    }

    #[test]
    fn a_forbidden_crate_is_refused_with_the_reason() {
        assert!(judge("openssl", "MIT", ORIGIN).unwrap().contains("use rustls"));
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        assert!(judge("a", "MIT", "git+https://example.com/a").unwrap().contains("elsewhere"));
    }

    #[test]
    fn only_different_versions_of_one_name_come_twice() {
        let tree = "serde v1.0.0\nlru v0.1.0\nserde v1.0.0 (*)\nlru v0.2.0";
        assert_eq!(twice(tree).into_iter().collect::<Vec<_>>(), ["lru"]);
    }

    #[test]
    fn what_may_come_twice_is_read_from_the_policy() {
        assert!(Policy::read(POLICY).unwrap().may_come_twice.contains("hashbrown"));
    }
}
