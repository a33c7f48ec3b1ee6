//! The OpenAPI document, put together, and how it is written: the same bytes from the same types.

use std::collections::BTreeMap;

use cuelight_core::problem::{Code, Problem};
use serde_json::{Map, Value, json};

use super::call::{self, refusal};
use super::calls;
use super::schemas::Schemas;

/// Members that a reader wants before the others. Elsewhere the alphabet decides.
const FIRST: [&str; 22] = [
    "openapi",
    "info",
    "servers",
    "operationId",
    "tags",
    "summary",
    "name",
    "in",
    "required",
    "type",
    "const",
    "enum",
    "title",
    "description",
    "url",
    "scheme",
    "security",
    "parameters",
    "requestBody",
    "responses",
    "paths",
    "webhooks",
];

/// The document, and its calls as (path, method) in the order in which they are told.
pub(super) fn document() -> (Value, Vec<(&'static str, &'static str)>) {
    let mut schemas = Schemas::new();
    let mut refusals = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut order = Vec::new();
    for call in calls::all(&mut schemas) {
        let (path, method) = (call.path, call.method);
        order.push((path, method));
        paths.entry(path).or_default().insert(method.to_owned(), call.finish(&mut refusals));
    }
    // Of methods that an address does not have; no operation can name it.
    let (name, not_allowed) = refusal(405, vec![Code::MethodNotAllowed]);
    refusals.insert(name, not_allowed);
    let webhooks = calls::webhooks(&mut schemas);
    let _ = schemas.of::<Problem>();
    let tags: Vec<Value> =
        calls::TAGS.iter().map(|(name, about)| json!({"name": name, "description": about})).collect();
    let document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Cuelight",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A character's short clips, by what is happening; each is generated once.",
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document came from."}],
        "tags": tags,
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas.finish(),
            "responses": refusals,
            "headers": call::headers(),
            "parameters": calls::parameters(),
            "securitySchemes": {
                "secretKey": {
                    "type": "http", "scheme": "bearer",
                    "description": "A secret key of a server, `cue_sk_…`. It has rights: `jobs`, `tokens`, `usage`, `operate`. Never in a page.",
                },
                "pageToken": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "What a server makes for its page with `POST /api/v1/tokens`.",
                },
                "metricsKey": {
                    "type": "http", "scheme": "bearer",
                    "description": "The deployment's `METRICS_KEY`, for whoever collects metrics.",
                },
            },
        },
    });
    (sorted(document), order)
}

const ABOUT: &str = "\
JSON in and out. A refusal is an RFC 9457 problem document with a stable `code`; a request with wrong \
fields is told all of them at once, each by its JSON pointer. Codes never change their meaning; sentences \
may.

A deployment in development is open to anybody on its own machine, and to nobody else. In production a \
call shows a secret key or a page's token in `Authorization: Bearer …`.

Every address answers `OPTIONS` with 204, and a method that it does not have with 405 and `Allow`. Every \
answer may be read from any origin; no call uses cookies. `null` in a request is the same as leaving the \
member out.

Times are milliseconds since the Unix epoch, money is micro-dollars: 1,000,000 are one US dollar.";

/// The document as text: two spaces a step, members in an order that a reader likes.
pub(super) fn text(document: &Value) -> String {
    let mut out = String::new();
    write(document, 0, &mut out);
    out.push('\n');
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    // What fits a line stays on it: a list of states is no page of states.
    if let Some(short) = in_line(value).filter(|short| short.len() + 2 * depth <= 100) {
        out.push_str(&short);
        return;
    }
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                write(item, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, member)) in ordered(members).into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                out.push_str(&format!("{}: ", Value::from(name)));
                write(member, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The value on one line, unless it holds anything that holds something.
fn in_line(value: &Value) -> Option<String> {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Array(items) if items.iter().all(is_plain) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Value::Object(members) if members.values().all(is_plain) => {
            let told = |(name, value): (&str, &Value)| format!("{}: {value}", Value::from(name));
            let members: Vec<String> = ordered(members).into_iter().map(told).collect();
            Some(format!("{{{}}}", members.join(", ")))
        }
        plain if is_plain(plain) => Some(plain.to_string()),
        _ => None,
    }
}

/// The members, whatever order this build's maps have.
fn ordered(members: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut members: Vec<(&str, &Value)> =
        members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    members.sort_by_key(|(name, _)| (rank(name), *name));
    members
}

/// The same with every object's members in the order of the alphabet, also where a dependency has
/// serde_json keep the order in which they were made.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, member)| (name, sorted(member))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_document_is_the_document() {
        let (document, _) = document();
        let read: Value = serde_json::from_str(&text(&document)).unwrap();
        assert_eq!(read, document);
    }

    #[test]
    fn whatever_is_referred_to_is_there() {
        fn check(value: &Value, document: &Value) {
            if let Some(Value::String(target)) = value.get("$ref") {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{target}");
            }
            match value {
                Value::Object(members) => members.values().for_each(|member| check(member, document)),
                Value::Array(items) => items.iter().for_each(|item| check(item, document)),
                _ => {}
            }
        }
        let (document, _) = document();
        check(&document, &document);
    }

    #[test]
    fn every_call_has_a_name_of_its_own() {
        let (document, order) = document();
        let ids: std::collections::BTreeSet<&str> = order
            .iter()
            .map(|(path, method)| document["paths"][path][method]["operationId"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), order.len());
    }
}
