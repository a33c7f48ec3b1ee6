//! Which lines of the parts' logs a developer wants to read. Changes no line's meaning.

/// Openings of lines that wrangler repeats at every start and that say nothing about the project.
const NOISE: [&str; 10] = [
    "⛅",
    "───",
    "⎔",
    "╭",
    "╰",
    "│",
    "Your Worker has access to",
    "Your Worker and resources are",
    "Binding ",
    "If you think this is a bug",
];

/// The line as it should be shown; none if it should not.
pub(super) fn readable(line: &str) -> Option<String> {
    let line = without_colours(line);
    let line = line.trim_end();
    let line = line
        .strip_prefix("[wrangler:info] ")
        .or_else(|| line.strip_prefix("[wrangler:inf] "))
        .unwrap_or(line);
    let start = line.trim_start();
    let binding = start.starts_with("env.");
    let page_of_the_banner = start.starts_with("Ready on ");
    (!start.is_empty()
        && !binding
        && !page_of_the_banner
        && !NOISE.iter().any(|noise| start.starts_with(noise)))
    .then(|| line.to_owned())
}

/// The line without terminal escape sequences, which would colour our own prefix too.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let after = part.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &part[end + 1..]);
        text + after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_shown_without_wranglers_prefix_and_colours() {
        let line = "\u{1b}[32m[wrangler:info]\u{1b}[0m GET /clips/abc 200 OK (3ms)";
        assert_eq!(readable(line).as_deref(), Some("GET /clips/abc 200 OK (3ms)"));
    }

    #[test]
    fn the_start_up_banner_is_not_shown() {
        for line in ["", "   ", " ⛅️ wrangler 4.86.0", "──────", "env.BUCKET (media)   R2 Bucket   local"]
        {
            assert_eq!(readable(line), None, "{line}");
        }
    }

    #[test]
    fn an_error_is_always_shown() {
        let line = "✘ [ERROR] Uncaught Error: no such binding";
        assert_eq!(readable(line).as_deref(), Some(line));
    }
}
