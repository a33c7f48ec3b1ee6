//! What the API says about itself: `GET /api/v1/openapi.json` and `GET /api/v1/docs`. Both texts are
//! written by `cargo xtask openapi` and ship with the worker. Neither makes a browser load anything
//! else.

use std::sync::LazyLock;

use cuelight_core::byte_range::{Conditions, Selection, select};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use sha2::{Digest, Sha256};
use worker::{Headers, Method, Response, ResponseBody};

use crate::error::Failure;
use crate::router::Call;

/// One of the two texts, and what goes with it.
struct Text {
    body: &'static str,
    content_type: &'static str,
    /// Strong: the first 128 bits of the text's SHA-256.
    etag: String,
    /// What a browser may do with it, opened by itself.
    policy: String,
}

static DOCUMENT: LazyLock<Text> = LazyLock::new(|| {
    let body = include_str!("../../openapi.json");
    Text::new(body, "application/json", "default-src 'none'; frame-ancestors 'none'".to_owned())
});

static PAGE: LazyLock<Text> = LazyLock::new(|| {
    let body = include_str!("../../docs.html");
    let style = BASE64.encode(&Sha256::digest(style_of(body)));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    Text::new(body, "text/html; charset=utf-8", policy)
});

impl Text {
    fn new(body: &'static str, content_type: &'static str, policy: String) -> Self {
        let digest = Sha256::digest(body);
        Self { body, content_type, etag: format!("\"{}\"", BASE64URL_NOPAD.encode(&digest[..16])), policy }
    }
}

/// What stands in the page's one `<style>`, which is what a policy names by its hash.
fn style_of(page: &str) -> &str {
    page.split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"))
        .map_or("", |(style, _)| style)
}

/// `GET /api/v1/openapi.json`.
pub(crate) fn document(call: &Call) -> Result<Response, Failure> {
    serve(call, &DOCUMENT)
}

/// `GET /api/v1/docs`.
pub(crate) fn page(call: &Call) -> Result<Response, Failure> {
    serve(call, &PAGE)
}

fn serve(call: &Call, text: &Text) -> Result<Response, Failure> {
    let if_none_match = call.header("if-none-match");
    let asked = Conditions { if_none_match: if_none_match.as_deref(), ..Conditions::default() };
    let is_known = matches!(select(text.body.len() as u64, &text.etag, asked), Selection::NotModified);
    let headers = Headers::new();
    headers.set("etag", &text.etag)?;
    // It changes with a release only; five minutes is how long a reader may be behind one.
    headers.set("cache-control", "public, max-age=300")?;
    if is_known {
        return Ok(Response::empty()?.with_status(304).with_headers(headers));
    }
    headers.set("content-type", text.content_type)?;
    headers.set("content-security-policy", &text.policy)?;
    let body = if call.request.method() == Method::Head {
        ResponseBody::Empty
    } else {
        ResponseBody::Body(text.body.into())
    };
    Ok(Response::from_body(body)?.with_headers(headers))
}
