//! HTTP/1.1 to a server on this machine, as much as our own commands need of it: one request after another
//! on a connection that stays open, answers of any form read to their end.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// No answer takes this long, unless the server is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// Larger than any answer that is asked for, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What a server said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

/// A connection that stays open.
pub(crate) struct Connection {
    writer: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn open(place: &str) -> Result<Self> {
        let stream = TcpStream::connect(place)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { writer: stream.try_clone()?, reader: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends `request` and waits for the first byte of the answer; false if the server closed instead.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<bool> {
        let gone = |error: &io::Error| {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
            )
        };
        let answered = self.writer.write_all(request).and_then(|()| Ok(!self.reader.fill_buf()?.is_empty()));
        match answered {
            Err(error) if gone(&error) => Ok(false),
            other => Ok(other?),
        }
    }

    /// Reads the answer to what was asked.
    pub(crate) fn read(&mut self, answer: &mut Answer) -> Result<()> {
        read_answer(&mut self.reader, answer)
    }
}

/// Reads one answer that has a body, of known length or in chunks (RFC 9112, sections 6 and 7).
fn read_answer(reader: &mut impl BufRead, answer: &mut Answer) -> Result<()> {
    answer.body.clear();
    let status = read_line(reader)?;
    answer.status = status
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("`{status}` is no status line"))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { bail!("`{line}` is no header") };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.trim().eq_ignore_ascii_case("chunked");
        }
    }
    if !chunked {
        return read_bytes(reader, length.context("the answer has no length")?, &mut answer.body);
    }
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("`{line}` is no chunk size"))?;
        read_bytes(reader, size, &mut answer.body)?;
        let end = read_line(reader)?;
        ensure!(end.is_empty(), "a chunk is longer than it says");
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    let read = reader.take(16 * 1024).read_line(&mut line)?;
    ensure!(read > 0, "the server closed the connection");
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_bytes(reader: &mut impl BufRead, count: usize, body: &mut Vec<u8>) -> Result<()> {
    let filled = body.len();
    ensure!(count <= MOST_BYTES - filled.min(MOST_BYTES), "the answer is too long");
    body.resize(filled + count, 0);
    let rest = body.get_mut(filled..).unwrap_or_default();
    Ok(reader.read_exact(rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Answer> {
        let mut answer = Answer::default();
        read_answer(&mut text.as_bytes(), &mut answer).map(|()| answer)
    }

    #[test]
    fn a_body_of_known_length_is_read_to_its_end_and_no_further() {
        let answer = read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1").unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abc"[..]));
    }

    #[test]
    fn chunks_are_put_together() {
        let text = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        let answer = read(text).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (202, &b"abc0123456789"[..]));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        for text in
            ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "nonsense\r\n"]
        {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
