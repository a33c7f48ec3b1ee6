//! Reads the addresses that a request names: what to show meanwhile, and whom to tell.
//!
//! Stricter than a browser on purpose. A text of RFC 3986 characters without a user has one
//! reading only, whoever reads it next; a full URL parser would weigh more than a page should pay.

use super::fields::Fields;
use super::{DefaultContent, MAX_MEDIA_TYPE_CHARS, MAX_URL_CHARS};
use crate::problem::FieldCode;

/// The member `default_content`.
pub(super) fn default_content(root: &mut Fields<'_, '_>) -> Option<DefaultContent> {
    let value = root.take("default_content")?;
    let mut own = root.child("default_content", value);
    let rule = "an https address without a user, or a path that starts with one /";
    let url = url(&mut own, rule, |url| is_path(url) || is_remote(url));
    let content_type = own.text("content_type", 1, MAX_MEDIA_TYPE_CHARS);
    if content_type.as_deref().is_some_and(|text| !is_media_type(text)) {
        own.fault("content_type", FieldCode::BadFormat, "a media type, for instance image/png".into());
    }
    own.refuse_the_rest();
    // What is wrong with it is reported; it is there all the same.
    Some(DefaultContent { url: url.unwrap_or_default(), content_type })
}

/// The member `webhook`: where it is.
pub(super) fn webhook(root: &mut Fields<'_, '_>) -> Option<String> {
    let value = root.take("webhook")?;
    let mut own = root.child("webhook", value);
    let rule = "an https address without a user (http for localhost only)";
    let url = url(&mut own, rule, |url| is_remote(url) || is_local(url));
    own.refuse_the_rest();
    url
}

fn url(fields: &mut Fields<'_, '_>, rule: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    if !fields.has("url") {
        fields.require("url", rule);
        return None;
    }
    let url = fields.text("url", 1, MAX_URL_CHARS)?;
    if !url.bytes().all(is_url_byte) || !fits(&url) {
        fields.fault("url", FieldCode::BadFormat, rule.into());
    }
    Some(url)
}

/// Reserved, unreserved and `%` (RFC 3986, section 2). No backslash, which a browser reads as `/`.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn is_path(url: &str) -> bool {
    url.starts_with('/') && !url.starts_with("//")
}

fn is_remote(url: &str) -> bool {
    host(url, "https://").is_some_and(|host| host.bytes().any(|b| b.is_ascii_alphanumeric()))
}

fn is_local(url: &str) -> bool {
    host(url, "http://").is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

/// The host of an absolute address. `None` for another scheme, a user, or a port that is none.
fn host<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let rest = url.strip_prefix(scheme)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains('@') {
        return None;
    }
    // The colons of an IPv6 address are inside its brackets.
    let after = authority.rfind(']').map_or(0, |end| end + 1);
    let Some((name, port)) = authority[after..].split_once(':') else { return Some(authority) };
    port.parse::<u16>().ok().map(|_| &authority[..after + name.len()])
}

fn is_media_type(text: &str) -> bool {
    let is_token =
        |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    text.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub))
}
