//! The socket of a caller: what is told to one and what to all, in the order in which it happened.

use std::collections::BTreeMap;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::runner::Server;

/// The sockets that are open, by the ids of their callers.
#[derive(Debug, Default)]
pub(super) struct Sockets(BTreeMap<String, UnboundedSender<String>>);

impl Sockets {
    /// Lets a caller in; an older socket of the same id is told nothing any more.
    pub(super) fn join(&mut self, id: &str) -> UnboundedReceiver<String> {
        let (to, from) = unbounded_channel();
        self.0.insert(id.to_owned(), to);
        from
    }

    /// Tells one caller, or all if none is named.
    pub(super) fn tell(&mut self, to: Option<&str>, event: &str, data: &Value) {
        let text = json!({"type": event, "data": data}).to_string();
        self.0.retain(|id, socket| {
            if to.is_none_or(|to| to == id) { socket.send(text.clone()).is_ok() } else { !socket.is_closed() }
        });
    }
}

/// What the server can do.
pub(super) fn features() -> Value {
    json!({"supports_preview_metadata": true, "max_upload_size": super::UPLOAD_LIMIT})
}

#[derive(Deserialize)]
pub(super) struct Caller {
    #[serde(rename = "clientId")]
    id: Option<String>,
}

pub(super) async fn open(
    State(server): State<Server>,
    Query(caller): Query<Caller>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let id = caller.id.filter(|id| !id.is_empty()).unwrap_or_else(|| server.vendors().fresh_id(32));
    upgrade.on_upgrade(move |socket| serve(server, id, socket))
}

async fn serve(server: Server, id: String, socket: WebSocket) {
    let mut news = server.join(&id);
    let (mut out, mut heard) = socket.split();
    let mut first = true;
    loop {
        let answer = tokio::select! {
            told = news.recv() => told,
            said = heard.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    let answer = greeting(&text).filter(|_| first);
                    first = false;
                    match answer {
                        Some(answer) => Some(answer),
                        None => continue,
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => None,
                Some(Ok(_)) => continue,
            },
        };
        let Some(text) = answer else { break };
        if out.send(Message::Text(text.into())).await.is_err() {
            break;
        }
    }
}

/// The answer to a caller's first message, if it tells what the caller can do.
fn greeting(text: &str) -> Option<String> {
    let said: Value = serde_json::from_str(text).ok()?;
    (said["type"] == "feature_flags")
        .then(|| json!({"type": "feature_flags", "data": features()}).to_string())
}
