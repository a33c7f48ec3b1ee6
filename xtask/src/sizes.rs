//! The bytes of what is shipped, and the budget that a reviewer sees change: `size-budget.json`.

use std::fs;
use std::io::Write as _;

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::say;
use crate::workspace::Workspace;

/// Prints the size of each artefact in the budget.
///
/// # Errors
/// One is missing or too big; the sentence says by how much.
pub(crate) fn report(workspace: &Workspace) -> Result<()> {
    let budget = workspace.root.join("size-budget.json");
    let text = fs::read_to_string(&budget).with_context(|| format!("could not read {}", budget.display()))?;
    let budget: Value = serde_json::from_str(&text).context("size-budget.json is not JSON")?;
    let artefacts =
        budget.get("gzip_bytes").and_then(Value::as_object).context("size-budget.json has no gzip_bytes")?;
    let mut outgrown = Vec::new();
    say!("{:<48} {:>9} {:>9} {:>9}", "bytes of", "raw", "gzip", "budget");
    for (name, allowed) in artefacts {
        let path = workspace.root.join(name);
        let bytes =
            fs::read(&path).with_context(|| format!("{name} is in size-budget.json and was not built"))?;
        let packed = gzip_bytes(&bytes)?;
        let allowed =
            allowed.as_u64().with_context(|| format!("the budget of {name} is not a whole number"))?;
        say!("{name:<48} {:>9} {packed:>9} {allowed:>9}", bytes.len());
        outgrown.extend(over(name, packed, allowed));
    }
    if outgrown.is_empty() { Ok(()) } else { bail!("{}", outgrown.join("\n")) }
}

fn over(name: &str, packed: u64, allowed: u64) -> Option<String> {
    let excess = packed.checked_sub(allowed).filter(|excess| *excess > 0)?;
    Some(format!(
        "{name} is {excess} bytes over its budget (gzip): make it smaller, or raise the number in \
         size-budget.json in the same change and say why"
    ))
}

fn gzip_bytes(bytes: &[u8]) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(u64::try_from(encoder.finish()?.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_met_to_the_last_byte_and_not_one_beyond() {
        assert_eq!(over("a.wasm", 100, 100), None);
        assert!(over("a.wasm", 101, 100).unwrap().contains("a.wasm is 1 bytes over"));
    }

    #[test]
    fn what_is_counted_is_what_travels() {
        assert!(gzip_bytes(&[b'a'; 100_000]).unwrap() < 1_000);
    }
}
