//! The session's WebSocket, read message by message.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::world::PATIENCE;

/// An open `GET /ws/jobs`.
#[derive(Debug)]
pub struct EventStream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The first message.
    pub snapshot: Value,
}

impl EventStream {
    /// Connects and reads the snapshot that every stream begins with.
    pub async fn open(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.expect("a WebSocket");
        Self::greeted(socket).await
    }

    /// The same, as a page at `origin` does it that has a token.
    pub async fn open_with_token(url: &str, origin: &str, token: &str) -> Self {
        let request = ClientRequestBuilder::new(url.parse().expect("an address"))
            .with_header("origin", origin)
            .with_sub_protocol("cuelight.v1")
            .with_sub_protocol(format!("bearer.{token}"));
        let (socket, _) = connect_async(request).await.expect("a WebSocket");
        Self::greeted(socket).await
    }

    async fn greeted(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let mut stream = Self { socket, snapshot: Value::Null };
        stream.snapshot = stream.next().await;
        assert_eq!(stream.snapshot["type"], "session:snapshot");
        stream
    }

    /// Reads until the edge closes the socket; its close code.
    pub async fn closed(mut self) -> Option<u16> {
        let code = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    return frame.map(|frame| frame.code.into());
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, code).await.expect("a close in time")
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        self.next_within(PATIENCE).await.expect("a message in time")
    }

    /// The next message, or `None` when none comes within `limit`.
    pub async fn next_within(&mut self, limit: Duration) -> Option<Value> {
        let text = async {
            loop {
                match self.socket.next().await.expect("an open socket").expect("a frame") {
                    Message::Text(text) => return text,
                    Message::Close(frame) => panic!("the edge closed the socket: {frame:?}"),
                    _ => {}
                }
            }
        };
        let text = tokio::time::timeout(limit, text).await.ok()?;
        Some(serde_json::from_str(&text).expect("JSON"))
    }

    /// Reads until `kind` (for instance `job:completed`) comes for `job_id`; everything read, in
    /// order.
    pub async fn until(&mut self, kind: &str, job_id: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let message = self.next().await;
            let found = message["type"] == kind && message["job_id"] == job_id;
            assert!(
                found || message["job_id"] != job_id || message["type"] != "job:failed",
                "waiting for {kind}: {message}"
            );
            seen.push(message);
            if found {
                return seen;
            }
        }
    }

    /// Sends `ping` and returns what comes back first.
    pub async fn ping(&mut self) -> String {
        self.socket.send(Message::text("ping")).await.expect("sent");
        let answer = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("an answer in time");
        answer.expect("an open socket").expect("a frame").into_text().expect("text").to_string()
    }

    /// Drops the connection without a closing handshake, as a lost network does.
    pub fn drop_connection(self) {
        drop(self.socket);
    }

    /// Closes politely and returns the close code that the edge echoes.
    pub async fn close(mut self) -> Option<u16> {
        self.socket.close(None).await.expect("close sent");
        while let Some(Ok(message)) = self.socket.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|f| f.code.into());
            }
        }
        None
    }
}
