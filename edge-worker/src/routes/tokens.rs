//! `POST /tokens` and `DELETE /tokens/{id}`: what a server gives to its pages, and takes back.

use cuelight_core::actors::session::Reply;
use cuelight_core::api::TokenGrant;
use cuelight_core::auth::secret_key::Right;
use cuelight_core::auth::token;
use cuelight_core::auth::token_request::TokenRequest;
use cuelight_core::problem::Code;
use worker::Response;

use crate::actors::{self, ask};
use crate::body;
use crate::caller::{Caller, refused, token_session};
use crate::error::Failure;
use crate::router::Call;
use crate::settings;

/// Mints a token.
pub(crate) async fn create(mut call: Call) -> Result<Response, Failure> {
    let caller = Caller::of(&call)?;
    caller.require(Right::Tokens)?;
    let body = body::read(&mut call).await?;
    let request = TokenRequest::read(&body.json).map_err(Failure::invalid)?;
    let signing = caller
        .deployment
        .signing
        .as_ref()
        .ok_or_else(|| Failure::Setup("TOKEN_KEYS is not set".to_owned()))?;
    let claims = request.claims(caller.tenant.id(), settings::random(), settings::now());
    let token = token::mint(signing, &claims).map_err(refused)?;
    let grant = TokenGrant { token, expires_at: claims.expires_at, id: claims.id };
    Ok(Response::from_json(&grant)?.with_status(201))
}

/// Takes a token back: its sockets close, and its requests are refused from now on.
pub(crate) async fn revoke(call: &Call, id: &str) -> Result<Response, Failure> {
    let caller = Caller::of(call)?;
    caller.require(Right::Tokens)?;
    let fits = (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if !fits {
        return Err(Failure::new(Code::NotFound, "A token's id is the `id` that it was minted with."));
    }
    let stub = actors::session(&call.env, &token_session(caller.tenant.id(), id))?;
    let _: Option<Reply> = ask(&stub, "/revoke", "", &call.request_id).await?;
    Ok(Response::empty()?.with_status(204))
}
