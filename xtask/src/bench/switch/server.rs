//! The bench's own edge: the module, the page, and clips under the keys that the module asks for. A cold
//! clip takes as long as a network would; nothing that concerns one may be cached by the browser.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cuelight_core::byte_range::{self, Conditions, Selection};
use cuelight_core::{catalog, operation};
use serde_json::json;

use super::clips::{Clips, Format};

/// What the network adds to a cold clip.
const NETWORK: Duration = Duration::from_millis(50);
/// No request of the page is longer, in bytes.
const MOST_LINE: u64 = 16 * 1024;

/// What is served.
#[derive(Debug)]
pub(super) struct Shop {
    module: PathBuf,
    page: PathBuf,
    clips: Vec<Clips>,
    keys: HashMap<String, Shelf>,
}

/// Where a clip of the module's stands.
#[derive(Debug, Clone, Copy)]
struct Shelf {
    format: Format,
    /// None: the short one.
    clip: Option<usize>,
    cold: bool,
}

struct Answer {
    media_type: &'static str,
    bytes: Vec<u8>,
    cold: bool,
}

/// A tenant has keys of its own: whoever has not met it has none of its clips.
fn tenant(format: Format, cold: Option<usize>) -> String {
    match cold {
        Some(number) => format!("bench-{}-cold-{number}", format.name()),
        None => format!("bench-{}-warm", format.name()),
    }
}

/// The tenant whose clips all are the short one.
fn loop_tenant(format: Format) -> String {
    format!("bench-{}-loop", format.name())
}

/// The states, in the order of the clips.
pub(super) fn states() -> Vec<&'static str> {
    catalog::built_in().states.iter().map(|state| state.id.as_str()).collect()
}

impl Shop {
    /// Serves `clips` to the module in the folder `module` and the page in the folder `page`. As many
    /// tenants as `visits` may meet their clips for the first time, in each format.
    ///
    /// # Errors
    /// Core computes no key.
    pub(super) fn new(module: PathBuf, page: PathBuf, clips: Vec<Clips>, visits: usize) -> Result<Self> {
        let mut keys = HashMap::new();
        for format in Format::ALL {
            let mut tenants = vec![(tenant(format, None), false, false), (loop_tenant(format), false, true)];
            tenants.extend((0..visits).map(|visit| (tenant(format, Some(visit)), true, false)));
            for (tenant, cold, short) in tenants {
                for (clip, state) in states().iter().enumerate() {
                    let clip = (!short).then_some(clip);
                    keys.insert(key(&tenant, state)?, Shelf { format, clip, cold });
                }
            }
        }
        Ok(Self { module, page, clips, keys })
    }

    /// Listens, and returns the origin. The threads end with the command.
    ///
    /// # Errors
    /// There is no free port.
    pub(super) fn open(self) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shop = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shop = shop.clone();
                // A connection that breaks is the browser's affair: it asks again.
                thread::spawn(move || shop.serve(&stream).ok());
            }
        });
        Ok(origin)
    }

    fn serve(&self, stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream);
        while let Some((target, headers)) = read_head(&mut lines)? {
            let range = headers.iter().find_map(|line| line.strip_prefix("range:"));
            respond(stream, self.find(&target), range)?;
        }
        Ok(())
    }

    fn find(&self, target: &str) -> Option<Answer> {
        let path = target.split('?').next().unwrap_or_default();
        let words: Vec<&str> = path.split('/').skip(1).collect();
        match words.as_slice() {
            ["clips", key] => {
                let shelf = self.keys.get(*key)?;
                let clips = self.clips_of(shelf.format.name())?;
                let bytes = match shelf.clip {
                    Some(clip) => clips.whole.get(clip)?,
                    None => &clips.short,
                };
                let media_type = shelf.format.media_type();
                Some(Answer { media_type, bytes: bytes.clone(), cold: shelf.cold })
            }
            [kind @ ("warm" | "cold" | "bare" | "bare-cold"), format, clip] => {
                let clips = self.clips_of(format)?;
                let bare = kind.starts_with("bare");
                let (media_type, shelf) = if bare {
                    ("application/octet-stream", &clips.bare)
                } else {
                    (clips.format.media_type(), &clips.whole)
                };
                let bytes = match *clip {
                    "loop" => clips.short.clone(),
                    number => shelf.get(number.parse::<usize>().ok()?)?.clone(),
                };
                Some(Answer { media_type, bytes, cold: kind.ends_with("cold") })
            }
            // The clips' numbers as the module names them.
            ["states.txt"] => {
                Some(Answer { media_type: "text/plain", bytes: states().join(" ").into_bytes(), cold: false })
            }
            ["cuelight", rest @ ..] => file(&self.module, rest),
            [""] => file(&self.page, &["page.html"]),
            rest => file(&self.page, rest),
        }
    }

    fn clips_of(&self, format: &str) -> Option<&Clips> {
        self.clips.iter().find(|clips| clips.format.name() == format)
    }
}

fn key(tenant: &str, state: &str) -> Result<String> {
    let body = json!({
        "operation_type": "state_clip",
        "params": { "character": "bolt", "state": state, "quality_preset": "fast" },
    });
    let job = operation::validate(&body, "").map_err(|errors| anyhow::anyhow!("{state}: {errors:?}"))?;
    Ok(job.spec.key(tenant, &job.scope).as_str().to_owned())
}

fn file(folder: &std::path::Path, words: &[&str]) -> Option<Answer> {
    let mut path = folder.to_owned();
    for word in words {
        // Nothing above the folder, and nothing hidden.
        if word.is_empty() || word.starts_with('.') {
            return None;
        }
        path.push(word);
    }
    let media_type = match path.extension()?.to_str()? {
        "html" => "text/html",
        "js" => "text/javascript",
        "wasm" => "application/wasm",
        _ => return None,
    };
    Some(Answer { media_type, bytes: fs::read(path).ok()?, cold: false })
}

/// The target and the headers, in small letters; none when the browser has hung up.
fn read_head(lines: &mut BufReader<&TcpStream>) -> Result<Option<(String, Vec<String>)>> {
    let mut line = || -> Result<String> {
        let mut line = String::new();
        lines.by_ref().take(MOST_LINE).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    if first.is_empty() {
        return Ok(None);
    }
    let target = first.split(' ').nth(1).context("a request without a target")?.to_owned();
    let mut headers = Vec::new();
    loop {
        match line()? {
            end if end.is_empty() => break,
            header => headers.push(header.to_ascii_lowercase()),
        }
    }
    if headers.iter().any(|header| header.starts_with("content-length:")) && first.starts_with("POST") {
        // Every clip is there, so nobody has to ask for one; what is asked is not read.
        bail!("a request with a body");
    }
    Ok(Some((target, headers)))
}

fn respond(mut stream: &TcpStream, answer: Option<Answer>, range: Option<&str>) -> Result<()> {
    let Some(answer) = answer else {
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
        return Ok(());
    };
    if answer.cold {
        thread::sleep(NETWORK);
    }
    let size = answer.bytes.len() as u64;
    let asked = Conditions { range: range.map(str::trim), ..Conditions::default() };
    let part = match byte_range::select(size, "", asked) {
        Selection::Part(part) => Some(part),
        _ => None,
    };
    let body = match part {
        Some(part) => answer.bytes.get(part.first as usize..=part.last as usize).unwrap_or_default(),
        None => &answer.bytes,
    };
    let mut head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\n\
         Cache-Control: no-store\r\n",
        if part.is_some() { "206 Partial Content" } else { "200 OK" },
        answer.media_type,
        body.len()
    );
    if let Some(part) = part {
        let _ = write!(head, "Content-Range: {}\r\n", part.content_range(size));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_visitors_share_a_key() {
        let shop = Shop::new(PathBuf::new(), PathBuf::new(), Vec::new(), 3).unwrap();
        // Two formats; a warm tenant, one of loops, and three visitors each.
        assert_eq!(shop.keys.len(), 2 * 5 * states().len());
    }

    #[test]
    fn nothing_outside_of_the_folders_is_served() {
        let folder = std::env::temp_dir();
        assert!(file(&folder, &["..", "page.html"]).is_none());
        assert!(file(&folder, &[".ssh", "page.html"]).is_none());
        assert!(file(&folder, &["", "page.html"]).is_none());
    }
}
