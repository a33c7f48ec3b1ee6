//! The code map in ARCHITECTURE.md against the tree: a map that lies is worse than none.

use super::SourceFile;

const MAP: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Code map";
/// A line of the map describes a file if its first word ends in one of these.
const MAPPED: [&str; 4] = [".rs", ".js", ".json", ".toml"];

/// Files that the map names and that do not exist, and Rust files that it does not name.
pub(super) fn violations(files: &[SourceFile]) -> Vec<String> {
    let Some(map) = files.iter().find(|file| file.path == MAP) else {
        return vec![format!("{MAP}: is missing, and with it the map of the code")];
    };
    let entries = entries(&map.text);
    if entries.is_empty() {
        return vec![format!("{MAP}: has no fenced block with files after the heading `{HEADING}`")];
    }
    let gone = entries
        .iter()
        .filter(|(_, path)| !files.iter().any(|file| file.path == *path))
        .map(|(line, path)| format!("{MAP}:{line}: {path} is on the map and not in the tree"));
    let unmapped = files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && !entries.iter().any(|(_, path)| *path == file.path))
        .map(|file| {
            format!("{}:1: is not on the code map in {MAP}: add a line that says what it knows", file.path)
        });
    gone.chain(unmapped).collect()
}

/// The paths on the map, with their lines.
fn entries(text: &str) -> Vec<(usize, &str)> {
    let mut lines =
        (1..).zip(text.lines()).skip_while(|(_, line)| line.trim_end() != HEADING).skip(1).peekable();
    let mut found = Vec::new();
    let mut fenced = false;
    // The section may hold several blocks, one for each crate; it ends at the next heading of its rank.
    while let Some((number, line)) = lines.next_if(|(_, line)| !line.starts_with("## ")) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if let (true, Some(path)) = (fenced, line.split_whitespace().next()) {
            found.extend(MAPPED.iter().any(|ending| path.ends_with(ending)).then_some((number, path)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(map: &str, paths: &[&str]) -> Vec<SourceFile> {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let map = format!("# A\n\n## Code map\n\n```\n{map}\n```\n\n## After\n");
        std::iter::once(file(MAP, &map)).chain(paths.iter().map(|path| file(path, ""))).collect()
    }

    #[test]
    fn a_true_map_has_no_complaints() {
        assert!(
            violations(&tree("core/src/cue.rs  cues\nwww/  pages", &["core/src/cue.rs", "www/a.css"]))
                .is_empty()
        );
    }

    #[test]
    fn a_file_that_is_gone_is_named_with_the_maps_line() {
        let found = violations(&tree("core/src/cue.rs  cues\ncore/src/old.rs  gone", &["core/src/cue.rs"]));
        assert_eq!(found, ["ARCHITECTURE.md:7: core/src/old.rs is on the map and not in the tree"]);
    }

    #[test]
    fn a_rust_file_that_is_not_on_the_map_is_named() {
        let found = violations(&tree("core/src/cue.rs  cues", &["core/src/cue.rs", "core/src/new.rs"]));
        assert!(matches!(&found[..], [one] if one.starts_with("core/src/new.rs:1: ")), "{found:?}");
    }

    #[test]
    fn a_missing_map_is_one_complaint() {
        assert_eq!(violations(&[]).len(), 1);
    }
}
