//! `GET /placeholders/{state}.svg`, and `call.svg`: what is shown until there is a clip. Computed, never stored,
//! never under a clip's address.

use cuelight_core::placeholder;
use cuelight_core::problem::Code;
use worker::{Method, Response, ResponseBody};

use crate::error::Failure;
use crate::router::Call;

/// Serves the placeholder of a state in the colours of the query.
pub(crate) fn serve(call: &Call, file: &str) -> Result<Response, Failure> {
    let url = call.request.url()?;
    let look = placeholder::look_from_query(url.query_pairs()).map_err(Failure::invalid)?;
    let svg = file.strip_suffix(".svg").and_then(|name| match name {
        placeholder::call::NAME => Some(placeholder::call::svg()),
        state => placeholder::svg(state, &look),
    });
    let svg = svg
        .map(|svg| if placeholder::stands_still(url.query_pairs()) { placeholder::still(&svg) } else { svg });
    let svg = svg.ok_or_else(|| {
        Failure::new(Code::NotFound, "There is no such placeholder; GET /api/v1/states lists the states.")
    })?;
    let body = if call.request.method() == Method::Head {
        ResponseBody::Empty
    } else {
        ResponseBody::Body(svg.into())
    };
    let mut response = Response::from_body(body)?;
    let headers = response.headers_mut();
    headers.set("content-type", "image/svg+xml")?;
    headers.set("cache-control", "public, max-age=86400")?;
    // Opened by itself it is a document: it may style itself and nothing else.
    headers.set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")?;
    Ok(response)
}
