//! A merchant's server that takes webhooks: just enough HTTP to read a delivery and answer it.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::world::PATIENCE;

/// A listening server.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    task: JoinHandle<()>,
}

/// One request that came.
#[derive(Debug)]
pub struct Delivery {
    /// Its headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Receiver {
    /// Listens, and answers with these statuses in turn, the last one for ever.
    pub async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("bound");
        let (sender, deliveries) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            for turn in 0.. {
                let (socket, _) = listener.accept().await.expect("accept");
                let status = statuses.get(turn).or(statuses.last()).copied().unwrap_or(200);
                let delivery = take(socket, status).await.expect("a delivery");
                if sender.send(delivery).is_err() {
                    return;
                }
            }
        });
        Self { url: format!("http://{address}/hook"), deliveries, task }
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(PATIENCE, self.deliveries.recv()).await;
        next.expect("a delivery in time").expect("a listening server")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(socket: TcpStream, status: u16) -> std::io::Result<Delivery> {
    let mut socket = BufReader::new(socket);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    socket.read_line(&mut line).await?;
    loop {
        line.clear();
        socket.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let answer = format!("HTTP/1.1 {status} As told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.write_all(answer.as_bytes()).await?;
    socket.flush().await?;
    Ok(Delivery { headers, body })
}
