//! How a part says that it is ready. Knows nothing of what it is ready for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer on this machine takes milliseconds; a starting worker may compile first.
const PATIENCE: Duration = Duration::from_secs(5);

/// The address in the line that the studio prints when it listens.
pub(crate) fn studio_url(line: &str) -> Option<String> {
    Some(line.split_once("studio ready at ")?.1.trim().to_owned())
}

/// Whether `GET path` on this machine's `port` answers 200.
pub(super) fn answers(port: u16, path: &str) -> bool {
    status(port, path).is_some_and(|line| says_ok(&line))
}

fn status(port: u16, path: &str) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut start = Vec::new();
    stream.take(64).read_to_end(&mut start).ok()?;
    Some(String::from_utf8_lossy(&start).lines().next()?.to_owned())
}

fn says_ok(status_line: &str) -> bool {
    status_line.starts_with("HTTP/1.") && status_line.split(' ').nth(1) == Some("200")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_studios_address_is_read_from_its_own_line() {
        assert_eq!(studio_url("studio ready at http://127.0.0.1:4"), Some("http://127.0.0.1:4".into()));
        assert_eq!(studio_url("listening"), None);
    }

    #[test]
    fn only_200_is_ready() {
        assert!(says_ok("HTTP/1.1 200 OK"));
        assert!(!says_ok("HTTP/1.1 503 Service Unavailable") && !says_ok("SSH-2.0 200"));
    }
}
