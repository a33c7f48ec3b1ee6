//! The names under which the browser module imports what JavaScript gives it. Each ends in a hash of the
//! crate that asks for it, sixteen random digits that no packing makes smaller, once in the module and once
//! in its bindings. A number of the same length is as unique and packs to almost nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// How many digits a hash has.
const DIGITS: usize = 16;

/// Numbers the imports of the bindings and of the module that they belong to.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn shorten(bindings: &Path, module: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("could not read {}", path.display()));
    let (mut script, mut code) = (read(bindings)?, read(module)?);
    let found = hashes(&script);
    renumber(&mut script, &found);
    renumber(&mut code, &found);
    for (path, bytes) in [(bindings, script), (module, code)] {
        fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

/// Every hash of an import, once.
fn hashes(script: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let names = script.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    for name in names.filter(|name| name.starts_with(b"__wbg_")) {
        let hash = name.rsplit(|byte| *byte == b'_').next().unwrap_or_default();
        let is_hash = hash.len() == DIGITS && hash.iter().all(u8::is_ascii_hexdigit);
        if is_hash && !found.iter().any(|known| known == hash) {
            found.push(hash.to_vec());
        }
    }
    found
}

/// Writes each hash's place in the list over it. Lengths stay, so a module stays whole.
fn renumber(bytes: &mut [u8], hashes: &[Vec<u8>]) {
    let mut at = 0;
    while let Some(window) = bytes.get_mut(at..at + DIGITS) {
        if let Some(place) = hashes.iter().position(|hash| hash == window) {
            window.copy_from_slice(format!("{place:0DIGITS$}").as_bytes());
            at += DIGITS;
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_keep_their_length_and_stay_apart() {
        let script = b"__wbg_now_00112233445566aa:1,__wbg_now_ffeeddccbbaa9988:2,__wbg_now_00112233445566aa";
        let found = hashes(script);
        let mut renamed = script.to_vec();
        renumber(&mut renamed, &found);
        assert_eq!(renamed.len(), script.len());
        let text = String::from_utf8(renamed).unwrap();
        let expected = "__wbg_now_0000000000000000:1,__wbg_now_0000000000000001:2,__wbg_now_0000000000000000";
        assert_eq!(text, expected);
    }

    #[test]
    fn other_names_stay_as_they_are() {
        let script = b"colour_00112233445566aa, __wbg_load, __wbg_set_0011";
        assert!(hashes(script).is_empty());
    }
}
