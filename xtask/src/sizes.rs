//! The bytes of what is shipped, and the budget that a reviewer sees change: `size-budget.json`. What a
//! page downloads is counted as it travels, in brotli; the edge as Cloudflare counts it, in gzip.

use std::fs;
use std::io::Write as _;

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::say;
use crate::workspace::Workspace;

/// One file, weighed. All in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints the size of everything in the budget.
///
/// # Errors
/// A file is missing, or something is too big; the sentence says by how much.
pub(crate) fn report(workspace: &Workspace) -> Result<()> {
    let budget = workspace.root.join("size-budget.json");
    let text = fs::read_to_string(&budget).with_context(|| format!("could not read {}", budget.display()))?;
    let budget: Value = serde_json::from_str(&text).context("size-budget.json is not JSON")?;
    let mut outgrown = downloads(workspace, &budget)?;
    outgrown.extend(artefacts(workspace, &budget)?);
    if outgrown.is_empty() { Ok(()) } else { bail!("{}", outgrown.join("\n")) }
}

/// What a page downloads by a moment, all files together.
fn downloads(workspace: &Workspace, budget: &Value) -> Result<Vec<String>> {
    let moments = budget.get("downloads").and_then(Value::as_array);
    let mut outgrown = Vec::new();
    say!("{:<48} {:>9} {:>9} {:>9} {:>9}", "bytes that a page downloads", "raw", "gzip", "brotli", "budget");
    for moment in moments.context("size-budget.json has no downloads")? {
        let name = moment.get("moment").and_then(Value::as_str).context("a download has no moment")?;
        let files = moment.get("files").and_then(Value::as_array);
        let mut total = Weight { raw: 0, gzip: 0, brotli: 0 };
        for file in files.with_context(|| format!("{name}: no files"))? {
            let file = file.as_str().with_context(|| format!("{name}: a file is no string"))?;
            let weight = weigh(&read(workspace, file)?)?;
            say!("  {file:<46} {:>9} {:>9} {:>9}", weight.raw, weight.gzip, weight.brotli);
            total.raw += weight.raw;
            total.gzip += weight.gzip;
            total.brotli += weight.brotli;
        }
        let allowed = number(moment.get("brotli_bytes"), name)?;
        say!("{name:<48} {:>9} {:>9} {:>9} {allowed:>9}", total.raw, total.gzip, total.brotli);
        outgrown.extend(over(&format!("what a page downloads {name}"), "brotli", total.brotli, allowed));
    }
    Ok(outgrown)
}

/// What is deployed, file by file.
fn artefacts(workspace: &Workspace, budget: &Value) -> Result<Vec<String>> {
    let files = budget.get("gzip_bytes").and_then(Value::as_object);
    let mut outgrown = Vec::new();
    for (name, allowed) in files.context("size-budget.json has no gzip_bytes")? {
        let bytes = read(workspace, name)?;
        let (packed, allowed) = (gzip_bytes(&bytes)?, number(Some(allowed), name)?);
        say!("{name:<48} {:>9} {packed:>9} {:>9} {allowed:>9}", bytes.len(), "");
        outgrown.extend(over(name, "gzip", packed, allowed));
    }
    Ok(outgrown)
}

fn number(value: Option<&Value>, of: &str) -> Result<u64> {
    value.and_then(Value::as_u64).with_context(|| format!("the budget of {of} is not a whole number"))
}

fn read(workspace: &Workspace, name: &str) -> Result<Vec<u8>> {
    let path = workspace.root.join(name);
    fs::read(&path).with_context(|| format!("{name} is in size-budget.json and was not built"))
}

fn over(name: &str, packed_by: &str, packed: u64, allowed: u64) -> Option<String> {
    let excess = packed.checked_sub(allowed).filter(|excess| *excess > 0)?;
    Some(format!(
        "{name} is {excess} bytes over its budget ({packed_by}): make it smaller, or raise the number in \
         size-budget.json in the same change and say why"
    ))
}

fn weigh(bytes: &[u8]) -> Result<Weight> {
    Ok(Weight { raw: u64::try_from(bytes.len())?, gzip: gzip_bytes(bytes)?, brotli: brotli_bytes(bytes)? })
}

fn gzip_bytes(bytes: &[u8]) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(u64::try_from(encoder.finish()?.len())?)
}

/// At the quality that a file is given which is compressed once and served for long.
fn brotli_bytes(bytes: &[u8]) -> Result<u64> {
    let (quality, window, buffer) = (11, 22, 64 * 1024);
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, buffer, quality, window);
    encoder.write_all(bytes)?;
    drop(encoder);
    Ok(u64::try_from(packed.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_met_to_the_last_byte_and_not_one_beyond() {
        assert_eq!(over("a.wasm", "gzip", 100, 100), None);
        assert!(over("a.wasm", "gzip", 101, 100).unwrap().contains("a.wasm is 1 bytes over"));
    }

    #[test]
    fn what_is_counted_is_what_travels() {
        let same = weigh(&[b'a'; 100_000]).unwrap();
        assert!(same.raw == 100_000 && same.gzip < 1_000 && same.brotli < same.gzip);
        // Nothing is lost on the way: what cannot be packed is all there.
        // Noise by xorshift (Marsaglia 2003).
        let mut state = 1u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        })
        .take(100_000)
        .collect();
        assert!(weigh(&noise).unwrap().brotli > 50_000);
    }

    #[test]
    fn the_budget_of_this_workspace_is_readable() {
        let budget: Value = serde_json::from_str(include_str!("../../size-budget.json")).unwrap();
        for moment in budget["downloads"].as_array().unwrap() {
            assert!(moment["moment"].is_string() && moment["brotli_bytes"].is_u64());
            assert!(moment["files"].as_array().unwrap().iter().all(Value::is_string));
        }
        assert!(budget["gzip_bytes"].as_object().unwrap().values().all(Value::is_u64));
    }
}
