//! What each crate must never know, asked of cargo's own tree: the graph is the architecture.

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// The browser's and the edge's target.
const WASM: &str = "wasm32-unknown-unknown";

/// A crate, the target it is asked about (none: this machine's), what may not be below it, and why.
const BOUNDARIES: [(&str, Option<&str>, &[&str], &str); 8] = [
    ("cuelight-core", None, BELOW_CORE, "core has no clock, network, randomness or JavaScript"),
    ("cuelight-core", Some(WASM), BELOW_CORE, "core has no clock, network, randomness or JavaScript"),
    (
        "cuelight-providers",
        Some(WASM),
        // With aws-sigv4 comes tokio's empty shell: what would wait for a network is in mio.
        &["worker", "web-sys", "js-sys", "wasm-bindgen", "mio", "reqwest"],
        "adapters only translate",
    ),
    (
        "cuelight-studio",
        None,
        &["cuelight-providers"],
        "two readings of a vendor's documents catch more than one",
    ),
    (
        "cuelight-client",
        Some(WASM),
        &["cuelight-edge", "cuelight-providers", "worker"],
        "the browser knows no vendor",
    ),
    ("cuelight-edge", Some(WASM), &["schemars"], "the API's description is written before it ships"),
    ("cuelight-edge", Some(WASM), &["cuelight-client"], "what the two halves share is in core"),
    (
        "cuelight-core",
        Some(WASM),
        &["cuelight-client", "cuelight-edge", "cuelight-studio"],
        "core depends on nobody here",
    ),
];

const BELOW_CORE: &[&str] = &["worker", "web-sys", "js-sys", "wasm-bindgen", "tokio", "getrandom"];

/// Crates below another that must not be there.
///
/// # Errors
/// cargo cannot make its tree.
pub(super) fn violations(workspace: &Workspace) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (package, target, forbidden, reason) in BOUNDARIES {
        let tree = tree(workspace, package, target)?;
        let folder = package.trim_start_matches("cuelight-");
        let folder = match folder {
            "client" => "client-wasm",
            "edge" => "edge-worker",
            same => same,
        };
        found.extend(intruders(&tree, forbidden).map(|name| {
            format!("{folder}/Cargo.toml: {name} is below {package}, and {reason}; `cargo tree -i {name}` shows the way")
        }));
    }
    Ok(found)
}

fn intruders<'a>(tree: &'a str, forbidden: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    forbidden.iter().copied().filter(|name| tree.lines().any(|line| line.split(' ').next() == Some(name)))
}

/// All crates below `package` in what is shipped, one a line: `name v1.2.3 …`.
fn tree(workspace: &Workspace, package: &str, target: Option<&str>) -> Result<String> {
    let mut command = workspace.cargo();
    command.args(["tree", "--package", package, "--edges", "normal", "--prefix", "none"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    let output = command.output()?;
    if !output.status.success() {
        bail!(
            "cargo could not show what is below {package}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "cuelight-core v0.1.0\nserde v1.0.0 (*)\njs-sys v0.3.0\nworker-macros v0.8.0\n";

    #[test]
    fn an_intruder_is_found_by_its_whole_name() {
        assert_eq!(intruders(TREE, &["worker", "js-sys"]).collect::<Vec<_>>(), ["js-sys"]);
    }
}
