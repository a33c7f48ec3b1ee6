//! `GET /ws/jobs`: the session's WebSocket.

use cuelight_core::problem::Code;
use worker::{Method, Request, RequestInit, Response};

use crate::actors;
use crate::caller::Caller;
use crate::error::Failure;
use crate::router::Call;

/// Opens a socket at the caller's session.
pub(crate) async fn open(call: &Call) -> Result<Response, Failure> {
    let upgrade = call.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    if !upgrade {
        let detail = "Open this address as a WebSocket (RFC 6455).";
        return Err(Failure::new(Code::UpgradeRequired, detail).with("upgrade", "websocket"));
    }
    let caller = Caller::of(call)?;
    caller.require_jobs()?;
    let stub = actors::session(&call.env, &caller.session(call)?)?;
    let since = call.query("since").and_then(|text| text.parse::<u64>().ok());
    let path = since.map_or_else(|| "/socket".to_owned(), |since| format!("/socket?since={since}"));
    let headers = call.request.headers().clone();
    // The token has been judged here; nothing behind this needs to see it.
    headers.delete("authorization")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get).with_headers(headers);
    let request = Request::new_with_init(&format!("https://session{path}"), &init)?;
    Ok(stub.fetch_with_request(request).await?)
}
