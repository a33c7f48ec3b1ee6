//! Rules that one file's text can break by itself. Knows nothing of other files.

use super::SourceFile;

/// No file is longer, tests and all.
const MOST_LINES: usize = 500;
/// Where a reader begins to scroll; only a nudge.
const MANY_CODE_LINES: usize = 400;
/// File names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["mod", "util", "utils", "helper", "helpers", "manager", "common"];
/// Words of unfinished work. Written in halves, since this file is checked too.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Openings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
/// Hosts that belong into a developer's own configuration.
const REGISTRY_HOSTS: [&str; 6] = [
    concat!("registry.", "npmjs.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("pypi.", "org"),
    concat!("deb.", "debian.org"),
    concat!("artifact", "ory"),
];

/// What `file` does against the rules.
pub(super) fn violations(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    let mut report =
        |line: usize, complaint: String| found.push(format!("{}:{line}: {complaint}", file.path));
    for (number, line) in (1..).zip(file.text.lines()) {
        for word in UNFINISHED.iter().filter(|word| has_word(line, word)) {
            report(number, format!("{word} marks unfinished work: finish it, or write an issue"));
        }
        for path in MACHINE_PATHS.iter().filter(|path| names_machine_path(line, path)) {
            report(number, format!("a path under {path} exists on one machine only"));
        }
        let host = REGISTRY_HOSTS.iter().find(|host| line.contains(*host));
        if let (Some(host), false) = (host, file.path.ends_with(".lock")) {
            report(number, format!("the registry host {host} belongs into a developer's own configuration"));
        }
        if let Some(complaint) = trespass(&file.path, line) {
            report(number, complaint);
        }
    }
    if file.path.ends_with(".rs") {
        if !file.text.starts_with("//! ") {
            report(1, "a file opens with `//!`: what it is, and what it never does".to_owned());
        }
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            report(
                MOST_LINES,
                format!("{lines} lines are too many for one file ({MOST_LINES} at most): split it"),
            );
        }
        let name = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&name) {
            report(1, format!("`{name}` says nothing: name the file after what is in it"));
        }
    }
    found
}

/// A hint that a file grows too long, which is not yet a violation.
pub(super) fn nudge(file: &SourceFile) -> Option<String> {
    let code = file.path.ends_with(".rs").then(|| code_lines(&file.text))?;
    (code > MANY_CODE_LINES)
        .then(|| format!("{}: {code} lines of code; above {MANY_CODE_LINES} think of splitting", file.path))
}

/// Boundaries inside the edge: who may speak of what.
fn trespass(path: &str, line: &str) -> Option<String> {
    let inside = path.strip_prefix("edge-worker/src/")?;
    let code = line.split("//").next().unwrap_or_default();
    if inside == "routes/clips.rs" {
        let actor = ["actors", "durable_object", "ObjectNamespace", "Stub"]
            .into_iter()
            .find(|word| has_word(code, word));
        return actor.map(|word| format!("the clip route knows no actor, and here is `{word}`"));
    }
    if inside != "error.rs"
        && ["Problem::MEDIA_TYPE", "application/problem+json"].iter().any(|t| line.contains(t))
    {
        return Some("only error.rs turns failures into problem documents".to_owned());
    }
    if inside != "provider_client.rs" && has_word(code, "Fetch") {
        return Some(
            "only provider_client.rs fetches: it knows the allowed hosts, sizes and timeouts".to_owned(),
        );
    }
    None
}

/// A path that opens with `prefix`, and not the end of a longer one such as `https://host/home/`.
fn names_machine_path(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || ".-_~/}".contains(c))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        !line[..at].chars().next_back().is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Lines that are neither blank nor comments, before the tests begin.
fn code_lines(text: &str) -> usize {
    text.lines()
        .map(str::trim)
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        violations(&SourceFile { path: path.to_owned(), text: text.to_owned() })
    }

    fn one_complaint(path: &str, text: &str) -> String {
        let mut complaints = complaints(path, text);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints.remove(0)
    }

    #[test]
    fn a_well_kept_file_has_no_complaints() {
        assert!(complaints("core/src/cue.rs", "//! Cues. Never drawn here.\n\npub struct Cue;\n").is_empty());
    }

    #[test]
    fn a_file_without_a_header_is_named() {
        assert!(one_complaint("core/src/cue.rs", "pub struct Cue;\n").starts_with("core/src/cue.rs:1: "));
    }

    #[test]
    fn unfinished_work_is_found_where_it_stands() {
        let text = format!("//! Cues.\n// {}: later\n", UNFINISHED[0]);
        assert!(one_complaint("core/src/cue.rs", &text).starts_with("core/src/cue.rs:2: "));
        assert!(complaints("a.md", &format!("{}S of old", UNFINISHED[0])).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found_and_an_address_is_not() {
        assert_eq!(complaints("README.md", &format!("see {}me/x", MACHINE_PATHS[0])).len(), 1);
        assert!(complaints("README.md", &format!("https://example.com{}x", MACHINE_PATHS[2])).is_empty());
    }

    #[test]
    fn a_registry_host_may_stand_in_a_lock_file_only() {
        let text = format!("url = {}", REGISTRY_HOSTS[1]);
        assert_eq!(complaints("a.toml", &text).len(), 1);
        assert!(complaints("Cargo.lock", &text).is_empty());
    }

    #[test]
    fn the_longest_file_allowed_has_exactly_the_allowed_lines() {
        let of = |lines: usize| format!("//! Long.\n{}", "x\n".repeat(lines - 1));
        assert!(complaints("core/src/a.rs", &of(MOST_LINES)).is_empty());
        assert_eq!(complaints("core/src/a.rs", &of(MOST_LINES + 1)).len(), 1);
    }

    #[test]
    fn the_clip_route_may_speak_of_actors_in_comments_only() {
        let path = "edge-worker/src/routes/clips.rs";
        assert!(complaints(path, "//! No actors here.\n").is_empty());
        assert!(one_complaint(path, "//! Clips.\nuse crate::actors::Session;\n").contains("clips.rs:2"));
    }

    #[test]
    fn only_the_provider_client_fetches_and_only_error_rs_makes_problems() {
        let fetch = "//! A file.\nuse worker::{Env, Fetch};\n";
        assert_eq!(complaints("edge-worker/src/auth.rs", fetch).len(), 1);
        assert!(complaints("edge-worker/src/provider_client.rs", fetch).is_empty());
        let problem = "//! A file.\nlet t = Problem::MEDIA_TYPE;\n";
        assert_eq!(complaints("edge-worker/src/auth.rs", problem).len(), 1);
        assert!(complaints("edge-worker/src/error.rs", problem).is_empty());
        assert!(complaints("edge-worker/src/lib.rs", "//! A file.\nfn on(e: FetchEvent) {}\n").is_empty());
    }

    #[test]
    fn a_name_that_says_nothing_is_refused() {
        assert!(one_complaint("core/src/utils.rs", "//! Things.\n").contains("utils"));
    }
}
