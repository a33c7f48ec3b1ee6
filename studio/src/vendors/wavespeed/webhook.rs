//! Telling a caller that a prediction is over: how such a message is signed, and how it is sent.

use std::net::IpAddr;
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// What every secret begins with; no part of the key.
const PREFIX: &str = "whsec_";
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a message is sent before it is given up.
const ATTEMPTS: u32 = 3;

/// The value of `webhook-signature`: HMAC-SHA256 over id, time and body, joined by dots. The key is
/// the secret's text after its prefix, as it stands.
#[must_use]
pub(crate) fn signature(secret: &str, id: &str, unix_seconds: u64, body: &[u8]) -> String {
    let key = secret.strip_prefix(PREFIX).unwrap_or(secret);
    // HMAC takes keys of every length, so this is only for the compiler.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(unix_seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v3,{}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// Where a message may go: plain HTTP to this machine. The studio is a tool of the loopback interface
/// and calls nobody else.
#[must_use]
pub(crate) fn target(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let home = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(ip) => IpAddr::V4(ip).is_loopback(),
        url::Host::Ipv6(ip) => IpAddr::V6(ip).is_loopback(),
    };
    (url.scheme() == "http" && home).then_some(url)
}

/// Sends a message, again if it is not taken; whether it was.
pub(crate) async fn deliver(url: &Url, secret: &str, id: &str, unix_seconds: u64, body: &[u8]) -> bool {
    let signature = signature(secret, id, unix_seconds, body);
    let head = head(url, id, unix_seconds, &signature, body.len());
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if let Ok(Some(true)) = tokio::time::timeout(PATIENCE, send(url, &head, body)).await {
            return true;
        }
    }
    tracing::warn!(id, "nobody took this webhook");
    false
}

fn head(url: &Url, id: &str, unix_seconds: u64, signature: &str, length: usize) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    format!(
        "POST {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nwebhook-id: {id}\r\nwebhook-timestamp: {unix_seconds}\r\n\
         webhook-signature: {signature}\r\nConnection: close\r\n\r\n",
        url.path(),
    )
}

/// One attempt: whether the answer's status is a success.
async fn send(url: &Url, head: &str, body: &[u8]) -> Option<bool> {
    let address = url.socket_addrs(|| None).ok()?.into_iter().next()?;
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut status = [0_u8; 12];
    stream.read_exact(&mut status).await.ok()?;
    Some(status.starts_with(b"HTTP/1.") && status[9] == b'2')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_with_the_text_of_the_secret() {
        // From OpenSSL: printf 'evt.1700000000.{"id":1}' | openssl dgst -sha256 -hmac c2VjcmV0
        let expected = "v3,9d1110dc2cfb8d2f4e1ce2eec82ab271359606c89a80b6ed2f23cc33f14df389";
        assert_eq!(signature("whsec_c2VjcmV0", "evt", 1_700_000_000, b"{\"id\":1}"), expected);
    }

    #[test]
    fn only_this_machine_is_called() {
        assert!(target("http://127.0.0.1:8787/hook?x=1").is_some());
        assert!(target("http://localhost/hook").is_some());
        for elsewhere in
            ["http://192.168.0.1/", "https://127.0.0.1/", "http://localhost.example/", "nonsense"]
        {
            assert!(target(elsewhere).is_none(), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn a_message_arrives_with_its_signature() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = target(&format!("http://{}/hook?job=7", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"{}") {
                assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8(heard).unwrap()
        });
        assert!(deliver(&url, "whsec_a", "evt", 5, b"{}").await);
        let heard = server.await.unwrap();
        assert!(heard.starts_with("POST /hook?job=7 HTTP/1.1\r\n"), "{heard}");
        assert!(heard.contains(&format!("webhook-signature: {}", signature("whsec_a", "evt", 5, b"{}"))));
    }
}
