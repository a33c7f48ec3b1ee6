//! Which bytes of a clip a request is answered with: RFC 9110 `Range` (section 14), `If-Range`
//! and `If-None-Match` (section 13), decided in one place. Clips have strong tags and no dates.

/// An inclusive range of byte positions, `first <= last < size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte's position.
    pub first: u64,
    /// The last byte's position.
    pub last: u64,
}

impl ByteRange {
    /// How many bytes it spans; at least one.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.last - self.first + 1
    }

    /// Never: a range spans at least one byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// The `Content-Range` value for a representation of `size` bytes.
    #[must_use]
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// What to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// 200 and all of it.
    Whole,
    /// 206 and these bytes.
    Part(ByteRange),
    /// 304: the caller has it.
    NotModified,
    /// 416 with `Content-Range: bytes */size`.
    Unsatisfiable,
}

/// The request headers that matter, as received.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions<'a> {
    /// `Range`.
    pub range: Option<&'a str>,
    /// `If-Range`.
    pub if_range: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
}

/// What to answer for a representation of `size` bytes with this strong `etag` (quotes included).
#[must_use]
pub fn select(size: u64, etag: &str, asked: Conditions<'_>) -> Selection {
    if asked.if_none_match.is_some_and(|tags| any_matches(tags, etag)) {
        return Selection::NotModified;
    }
    // A date, or a weak tag, cannot match a strong tag: the whole is the safe answer.
    if asked.if_range.is_some_and(|tag| tag.trim() != etag) {
        return Selection::Whole;
    }
    asked.range.map_or(Selection::Whole, |range| parse(range, size))
}

/// `If-None-Match` compares weakly (section 13.1.2): `W/` is ignored.
fn any_matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Reads one range. Anything malformed, another unit, or several ranges: ignored, as section
/// 14.2 allows, and the whole is served.
fn parse(header: &str, size: u64) -> Selection {
    let Some((unit, set)) = header.split_once('=') else { return Selection::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Selection::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Selection::Whole;
    }
    let (first, last) = match (position(first), position(last)) {
        (Position::At(first), Position::Open) => (first, u64::MAX),
        (Position::At(first), Position::At(last)) if first <= last => (first, last),
        // A suffix: the last so many bytes. None of them, or of nothing, cannot be answered.
        (Position::Open, Position::At(0)) => return Selection::Unsatisfiable,
        (Position::Open, Position::At(count)) => (size.saturating_sub(count), u64::MAX),
        _ => return Selection::Whole,
    };
    if first >= size {
        return Selection::Unsatisfiable;
    }
    Selection::Part(ByteRange { first, last: last.min(size - 1) })
}

enum Position {
    Open,
    At(u64),
    Malformed,
}

fn position(text: &str) -> Position {
    let text = text.trim();
    if text.is_empty() {
        Position::Open
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a u64 holds is still a position: one past every end.
        Position::At(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAG: &str = "\"abc\"";

    fn range(header: &str, size: u64) -> Selection {
        select(size, TAG, Conditions { range: Some(header), ..Conditions::default() })
    }

    proptest! {
        #[test]
        fn a_range_within_the_clip_is_served_exactly(size in 1u64..10_000, a in 0u64..10_000, b in 0u64..20_000) {
            let (first, last) = (a.min(b), a.max(b));
            let got = range(&format!("bytes={first}-{last}"), size);
            if first >= size {
                prop_assert_eq!(got, Selection::Unsatisfiable);
            } else {
                prop_assert_eq!(got, Selection::Part(ByteRange { first, last: last.min(size - 1) }));
            }
        }

        #[test]
        fn a_suffix_is_the_end_of_the_clip(size in 1u64..10_000, count in 1u64..20_000) {
            let Selection::Part(part) = range(&format!("bytes=-{count}"), size) else { panic!("no part") };
            prop_assert_eq!(part.len(), count.min(size));
            prop_assert_eq!(part.last, size - 1);
        }

        #[test]
        fn nothing_a_stranger_sends_reaches_outside_the_clip(header in ".{0,40}", size in 0u64..100) {
            if let Selection::Part(part) = range(&header, size) {
                prop_assert!(part.first <= part.last && part.last < size);
            }
        }

        #[test]
        fn bytes_with_any_tail_never_reaches_outside_the_clip(tail in "[0-9 ,-]{0,24}", size in 0u64..100) {
            if let Selection::Part(part) = range(&format!("bytes={tail}"), size) {
                prop_assert!(part.first <= part.last && part.last < size);
            }
        }
    }

    #[test]
    fn the_forms_of_rfc_9110_are_read() {
        let part = |first, last| Selection::Part(ByteRange { first, last });
        for (header, wanted) in [
            ("bytes=0-499", part(0, 499)),
            ("bytes=9500-", part(9500, 9999)),
            ("bytes=-500", part(9500, 9999)),
            ("bytes=0-0", part(0, 0)),
            ("bytes=-99999", part(0, 9999)),
            ("Bytes= 1 - 2 ", part(1, 2)),
            ("bytes=0-99999999999999999999999", part(0, 9999)),
            ("bytes=10000-", Selection::Unsatisfiable),
            ("bytes=-0", Selection::Unsatisfiable),
            ("bytes=500-499", Selection::Whole),
            ("bytes=0-1,3-4", Selection::Whole),
            ("bytes=a-b", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("items=0-1", Selection::Whole),
            ("bytes", Selection::Whole),
        ] {
            assert_eq!(range(header, 10_000), wanted, "{header}");
        }
    }

    #[test]
    fn a_caller_that_has_the_clip_is_told_so_before_any_range() {
        let asked = |tags| Conditions { range: Some("bytes=0-1"), if_none_match: Some(tags), if_range: None };
        for tags in [TAG, "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert_eq!(select(9, TAG, asked(tags)), Selection::NotModified, "{tags}");
        }
        assert_ne!(select(9, TAG, asked("\"x\"")), Selection::NotModified);
    }

    #[test]
    fn a_range_of_another_version_gets_the_whole_clip() {
        let asked = |tag| Conditions { range: Some("bytes=0-1"), if_range: Some(tag), if_none_match: None };
        assert_eq!(select(9, TAG, asked(TAG)), Selection::Part(ByteRange { first: 0, last: 1 }));
        for other in ["\"x\"", "W/\"abc\"", "Sat, 29 Oct 1994 19:43:31 GMT"] {
            assert_eq!(select(9, TAG, asked(other)), Selection::Whole, "{other}");
        }
    }
}
