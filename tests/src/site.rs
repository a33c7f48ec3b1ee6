//! A shop's own web server: serves a folder as it is, with the headers that a test chooses. Knows
//! nothing of characters.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running server. Stops with its owner.
#[derive(Debug)]
pub struct Site {
    /// For instance `http://127.0.0.1:40123`.
    pub origin: String,
    task: JoinHandle<()>,
}

struct Content {
    folder: PathBuf,
    headers: String,
    /// The media type that WebAssembly is labelled with.
    wasm_type: &'static str,
}

impl Site {
    /// Serves `folder` with these headers on every answer.
    pub async fn start(folder: &Path, headers: &[(&str, &str)]) -> Self {
        Self::labelling_wasm(folder, headers, "application/wasm").await
    }

    /// The same, with a media type of its own for WebAssembly.
    pub async fn labelling_wasm(folder: &Path, headers: &[(&str, &str)], wasm_type: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let origin = format!("http://{}", listener.local_addr().expect("bound"));
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let content = Arc::new(Content { folder: folder.to_owned(), headers, wasm_type });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let content = content.clone();
                // A browser that hangs up is its own affair.
                tokio::spawn(async move { content.answer(stream).await.ok() });
            }
        });
        Self { origin, task }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Content {
    async fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
        let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        let file = self.folder.join(path.trim_start_matches('/'));
        let (status, body) = match std::fs::read(&file) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let kind = match file.extension().and_then(|e| e.to_str()) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            Some("wasm") => self.wasm_type,
            _ => "application/octet-stream",
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n",
            body.len(),
            self.headers
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    }
}
