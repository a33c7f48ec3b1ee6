//! One WebSocket and its listeners. Dropping it takes the listeners off, then closes it, in that
//! order, so that closing is never mistaken for a loss.

use cuelight_core::supply::{Heard, Listing};
use gloo_events::EventListener;
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, WebSocket};

use crate::browser;
use crate::js_value::Given;
use crate::token::Token;

/// What is spoken on the socket.
const PROTOCOL: &str = "cuelight.v1";

/// What the socket tells.
#[derive(Debug)]
pub(crate) enum Told {
    Opened,
    Closed,
    /// Where the session's jobs stand.
    Listing(Listing),
    /// A numbered event of a job, and the message as it came.
    Event {
        seq: u64,
        news: Heard,
        message: JsValue,
    },
}

/// An open or opening socket.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    listeners: Vec<EventListener>,
}

impl Socket {
    /// Opens `{endpoint}/api/v1/ws/jobs`, replaying what came after `since`. With a token, the server
    /// has to answer the subprotocol [`PROTOCOL`].
    pub(crate) fn open(
        endpoint: &str,
        since: u64,
        token: Option<&Token>,
        tell: impl Fn(Told) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let base = endpoint.replacen("http", "ws", 1);
        let url = format!("{base}/api/v1/ws/jobs?session={}&since={since}", browser::session_id());
        let socket = match token {
            Some(token) => {
                let offered = [PROTOCOL.to_owned(), token.subprotocol()];
                WebSocket::new_with_str_sequence(
                    &url,
                    &offered.into_iter().map(JsValue::from).collect::<Array>(),
                )?
            }
            None => WebSocket::new(&url)?,
        };
        let on = |name: &'static str, told: fn() -> Told| {
            let tell = tell.clone();
            EventListener::new(&socket, name, move |_| tell(told()))
        };
        // An error is always followed by a close.
        let mut listeners = vec![on("open", || Told::Opened), on("close", || Told::Closed)];
        let message = move |event: &web_sys::Event| {
            let data = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string());
            if let Some(told) = data.as_deref().and_then(read) {
                tell(told);
            }
        };
        listeners.push(EventListener::new(&socket, "message", message));
        Ok(Self { socket, listeners })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listeners.clear();
        // Fails only for a code or a reason, and none is given.
        let _ = self.socket.close();
    }
}

/// A message of a kind that this page does not know yet is none of its business.
fn read(text: &str) -> Option<Told> {
    let message = Given::parse(text)?;
    if let Some((seq, news)) = Heard::of_event(message.clone()) {
        return Some(Told::Event { seq, news, message: message.0 });
    }
    Listing::read(message).map(Told::Listing)
}
