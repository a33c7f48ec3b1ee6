//! The story of a world, told in lines that a person can read.

use crate::setup::{MAX_KEYS, clips};

/// A line with names for keys, and without what every clip is described by.
pub(crate) fn short(line: String) -> String {
    let mut line = line;
    for (n, (key, _)) in clips().iter().enumerate() {
        let name = if n < MAX_KEYS { format!("key{n}") } else { format!("preview{}", n - MAX_KEYS) };
        line = line.replace(key.as_str(), &name);
    }
    while let Some(at) = line.find("ClipSpec {") {
        let rest = &line[at..];
        let mut depth = 0_usize;
        let end = rest.char_indices().find_map(|(n, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => return None,
            }
            (depth == 0).then_some(n + 1)
        });
        let end = at + end.unwrap_or(rest.len());
        line.replace_range(at..end, "..");
    }
    line
}
