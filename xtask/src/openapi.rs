//! What the API says about itself, made of the types that speak it: `edge-worker/openapi.json` for
//! programs and `edge-worker/docs.html` for people. The worker ships both as they are here.

mod bodies;
mod call;
mod calls;
mod document;
mod examples;
mod page;
mod schemas;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::say;
use crate::workspace::Workspace;

/// The two files, from the checkout's root, with what should stand in them.
fn files() -> [(&'static str, String); 2] {
    let (document, order) = document::document();
    [
        ("edge-worker/openapi.json", document::text(&document)),
        ("edge-worker/docs.html", page::page(&document, &order)),
    ]
}

/// The command `openapi`: writes what changed, or with `check` only says so.
///
/// # Errors
/// A file cannot be written; or, with `check`, one is stale.
pub(crate) fn command(workspace: &Workspace, check: bool) -> Result<()> {
    if check {
        let violations = violations(workspace)?;
        for violation in &violations {
            say!("{violation}");
        }
        if !violations.is_empty() {
            bail!("the API's description is not that of its types");
        }
        say!("Up to date.");
        return Ok(());
    }
    for (path, text) in files() {
        let file = workspace.root.join(path);
        if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            fs::write(&file, &text).with_context(|| format!("could not write {}", file.display()))?;
            say!("Wrote {path}, {} bytes.", text.len());
        }
    }
    Ok(())
}

/// The files that say something else than the types.
///
/// # Errors
/// None so far; the signature is that of every rule of the house.
pub(crate) fn violations(workspace: &Workspace) -> Result<Vec<String>> {
    let stale = files()
        .into_iter()
        .filter(|(path, text)| fs::read_to_string(workspace.root.join(path)).ok().as_ref() != Some(text));
    Ok(stale.map(|(path, _)| format!("{path}:1: is stale: run `cargo xtask openapi`")).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The addresses of the router's table, as templates: `/clips/{}`.
    fn routed() -> BTreeSet<String> {
        let router = include_str!("../../edge-worker/src/router.rs");
        let mut found = BTreeSet::new();
        for line in router.lines().map(str::trim).filter(|line| line.starts_with("[\"")) {
            let end = line.rfind(']').filter(|_| line.contains("] ")).unwrap_or(0);
            let Some(pattern) = line.get(1..end).and_then(|inner| inner.split("] ").next()) else { continue };
            let mut paths = vec![String::new()];
            for segment in pattern.split(", ") {
                let words: Vec<&str> = segment.split('"').skip(1).step_by(2).collect();
                let segments = if words.is_empty() { vec!["{}"] } else { words };
                paths = paths
                    .iter()
                    .flat_map(|path| segments.iter().map(move |segment| format!("{path}/{segment}")))
                    .collect();
            }
            found.extend(paths);
        }
        found
    }

    #[test]
    fn every_address_of_the_router_is_documented_and_no_other() {
        let (_, order) = super::document::document();
        let documented: BTreeSet<String> = order
            .iter()
            .map(|(path, _)| {
                let segments = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
                segments.collect::<Vec<_>>().join("/")
            })
            .collect();
        let routed = routed();
        assert!(routed.len() > 15, "the router's table was not understood: {routed:?}");
        assert_eq!(routed, documented);
    }

    #[test]
    fn what_the_worker_ships_is_what_the_types_say() {
        for (path, text) in super::files() {
            let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
            assert!(std::fs::read_to_string(shipped).unwrap() == text, "{path}: run `cargo xtask openapi`");
        }
    }
}
