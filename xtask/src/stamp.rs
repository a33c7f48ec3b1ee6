//! Whether a step's inputs are those of last time, told by their content. Never by their dates, which
//! a fresh clone or a switched branch changes for nothing.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold what tools write, never what people write.
const WRITTEN_BY_TOOLS: [&str; 5] = ["target", "build", ".wrangler", "node_modules", "screenshots"];

/// What a step last made its outputs from.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    inputs: String,
}

impl Stamp {
    /// Reads all `inputs` (files, or folders with all below them); `recipe` is whatever else the
    /// outputs depend on, such as a tool's version.
    ///
    /// # Errors
    /// An input that exists cannot be read.
    pub(crate) fn of(file: PathBuf, inputs: &[PathBuf], recipe: &str) -> Result<Self> {
        // Not a cryptographic hash: a collision would need somebody to cheat themselves.
        let mut hasher = DefaultHasher::new();
        recipe.hash(&mut hasher);
        for path in files(inputs)? {
            path.hash(&mut hasher);
            fs::read(&path).with_context(|| format!("could not read {}", path.display()))?.hash(&mut hasher);
        }
        Ok(Self { file, inputs: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the step has nothing to do: same inputs, and every output still there.
    pub(crate) fn is_fresh(&self, outputs: &[PathBuf]) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.inputs)
            && outputs.iter().all(|path| path.metadata().is_ok_and(|data| data.len() > 0))
    }

    /// Remembers the inputs. Call it after the outputs are complete.
    ///
    /// # Errors
    /// The disk is full or read-only.
    pub(crate) fn keep(&self) -> Result<()> {
        let write = || {
            fs::create_dir_all(self.file.parent().unwrap_or(Path::new(".")))?;
            fs::write(&self.file, &self.inputs)
        };
        write().with_context(|| format!("could not write {}", self.file.display()))
    }
}

/// All files that `roots` name or hold, in an order that does not depend on the disk.
///
/// # Errors
/// A folder cannot be listed.
pub(crate) fn files(roots: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), Vec::new());
    for root in roots {
        if root.is_dir() {
            folders.push(root.clone())
        } else {
            found.extend(root.is_file().then(|| root.clone()))
        }
    }
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("could not list {}", folder.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let path = entry.path();
            if path.is_dir() && !WRITTEN_BY_TOOLS.iter().any(|skipped| name == *skipped) {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cuelight-stamp-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("in/deep")).unwrap();
        fs::write(folder.join("in/deep/a"), "one").unwrap();
        fs::write(folder.join("out"), "made").unwrap();
        folder
    }

    fn fresh(folder: &Path, recipe: &str) -> bool {
        let stamp = Stamp::of(folder.join("stamp"), &[folder.join("in")], recipe).unwrap();
        let fresh = stamp.is_fresh(&[folder.join("out")]);
        stamp.keep().unwrap();
        fresh
    }

    #[test]
    fn a_step_is_fresh_until_an_input_changes() {
        let folder = folder("input");
        assert!(!fresh(&folder, "v1"));
        assert!(fresh(&folder, "v1"));
        fs::write(folder.join("in/deep/a"), "two").unwrap();
        assert!(!fresh(&folder, "v1"));
        fs::write(folder.join("in/new"), "").unwrap();
        assert!(!fresh(&folder, "v1"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn another_recipe_or_a_lost_output_makes_a_step_run_again() {
        let folder = folder("output");
        fresh(&folder, "v1");
        assert!(!fresh(&folder, "v2"));
        assert!(fresh(&folder, "v2"));
        fs::remove_file(folder.join("out")).unwrap();
        assert!(!fresh(&folder, "v2"));
        fs::remove_dir_all(folder).unwrap();
    }
}
