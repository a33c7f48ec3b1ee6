//! The headers that choose bytes of a clip, against a slow and simple reading of RFC 9110.

use cuelight_core::byte_range::{ByteRange, Conditions, Selection, select};

/// Lines: the size, the clip's tag without quotes, `Range`, `If-Range`, `If-None-Match`. An empty
/// or missing line is a missing header.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut line = || lines.next().filter(|line| !line.is_empty());
    let size = line().and_then(|line| line.parse().ok()).unwrap_or(10_u64);
    let tag: String = line().unwrap_or("t").chars().filter(|c| *c != '"' && *c != ',').collect();
    let etag = format!("\"{tag}\"");
    let asked = Conditions { range: line(), if_range: line(), if_none_match: line() };
    let selection = select(size, &etag, asked);
    if let Selection::Part(part) = selection {
        assert!(part.first <= part.last && part.last < size, "{part:?} of {size}");
        assert!((1..=size).contains(&part.len()) && !part.is_empty());
        let range = part.content_range(size);
        assert_eq!(range, format!("bytes {}-{}/{size}", part.first, part.last));
    }
    match asked.if_none_match {
        None => assert_ne!(selection, Selection::NotModified),
        Some("*") => assert_eq!(selection, Selection::NotModified),
        Some(tags) if tags == etag => assert_eq!(selection, Selection::NotModified),
        Some(_) => {}
    }
    if selection != Selection::NotModified {
        let fresh = asked.if_range.is_none_or(|tag| tag.trim() == etag);
        let expected = asked.range.filter(|_| fresh).map_or(Some(Selection::Whole), |r| reading(r, size));
        if let Some(expected) = expected {
            assert_eq!(selection, expected, "{asked:?} of {size}");
        }
    }
}

/// RFC 9110, 14.1.2, for one range that is written to the letter; `None` for any other. Looks at
/// every number as a wide one.
fn reading(header: &str, size: u64) -> Option<Selection> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    if !(first.bytes().chain(last.bytes())).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let wide = |text: &str| text.parse::<u128>().unwrap_or(u128::MAX);
    let size = u128::from(size);
    let (from, to) = match (first, last) {
        ("", "") => return Some(Selection::Whole),
        ("", count) if wide(count) == 0 || size == 0 => return Some(Selection::Unsatisfiable),
        ("", count) => (size.saturating_sub(wide(count)), size - 1),
        (first, "") => (wide(first), u128::MAX),
        // Two positions that are both past every end: which one is further decides nothing we show.
        (first, last) if wide(first).min(wide(last)) >= u128::from(u64::MAX) => return None,
        (first, last) if wide(first) > wide(last) => return Some(Selection::Whole),
        (first, last) => (wide(first), wide(last)),
    };
    if from >= size {
        return Some(Selection::Unsatisfiable);
    }
    let narrow = |wide: u128| u64::try_from(wide).unwrap();
    let (first, last) = (narrow(from), narrow(to.min(size - 1)));
    Some(Selection::Part(ByteRange { first, last }))
}
