//! The file in a form that a browser or `curl -F` posts: `multipart/form-data` (RFC 7578) with one file
//! in it.

/// Longest boundary (RFC 2046, 5.1.1), in characters.
const MAX_BOUNDARY: usize = 70;

/// The bytes of the first part that is a file, or is named `file`; all of `body` where `content_type` is
/// no form's. None for a form that cannot be read or has no file.
#[must_use]
pub fn file_in<'a>(content_type: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let is_form =
        content_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"));
    if !is_form {
        return Some(body);
    }
    let boundary = boundary(content_type)?;
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter may lack the line's end before it.
    let first = delimiter.get(2..)?;
    let mut rest = if body.starts_with(first) {
        body.get(first.len()..)?
    } else {
        body.get(find(body, &delimiter)? + delimiter.len()..)?
    };
    loop {
        // Two hyphens end the form; blanks may stand before a line's end.
        let line = find(rest, b"\r\n")?;
        if rest.starts_with(b"--") || !rest.get(..line)?.iter().all(|b| matches!(b, b' ' | b'\t')) {
            return None;
        }
        let part = rest.get(line + 2..)?;
        // A part without headers begins with the empty line.
        let (head, content) = match part.strip_prefix(b"\r\n") {
            Some(content) => (&[][..], content),
            None => {
                let end = find(part, b"\r\n\r\n")?;
                (part.get(..end)?, part.get(end + 4..)?)
            }
        };
        let end = find(content, &delimiter)?;
        if is_file(head) {
            return content.get(..end);
        }
        rest = content.get(end + delimiter.len()..)?;
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).map(str::trim);
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = named.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (1..=MAX_BOUNDARY).contains(&value.len()).then_some(value)
}

fn is_file(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let disposition = head.split("\r\n").find_map(|line| line.strip_prefix("content-disposition:"));
    disposition.is_some_and(|value| {
        let parameters = value.split(';').skip(1).map(str::trim);
        parameters.filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            name == "filename" || name == "filename*" || (name == "name" && value.trim_matches('"') == "file")
        })
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
