//! How one call of the API is told: what it takes, and everything that it may be answered with.

use std::collections::BTreeMap;

use cuelight_core::problem::{Code, Problem};
use serde_json::{Map, Value, json};

use super::bodies::reference;

/// Refusals that any call may meet.
const ANYWHERE: [Code; 2] = [Code::Internal, Code::DevelopmentOnly];
/// Of a caller that shows a key or a token, or should.
const OF_CALLERS: [Code; 3] = [Code::Unauthorized, Code::TokenExpired, Code::Forbidden];
/// Of a body, before its members are looked at.
const OF_BODIES: [Code; 3] = [Code::MalformedBody, Code::BodyTooLarge, Code::InvalidRequest];

/// Who may make a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    /// Anybody.
    Anybody,
    /// A page with a token, or a server whose key has the right `jobs`.
    Jobs,
    /// A server whose key has this right.
    Right(&'static str),
    /// Whoever has the deployment's `METRICS_KEY`.
    Metrics,
}

/// One call: an address and a method.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    operation: Map<String, Value>,
    answers: BTreeMap<u16, Value>,
    refusals: Vec<Code>,
    traced: bool,
}

impl Call {
    /// A call that anybody may make, until [`Call::access`] says otherwise.
    pub(super) fn new(
        method: &'static str,
        path: &'static str,
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
    ) -> Self {
        let mut operation = Map::new();
        operation.insert("operationId".into(), id.into());
        operation.insert("tags".into(), json!([tag]));
        operation.insert("summary".into(), summary.into());
        let answers = BTreeMap::new();
        Self { method, path, operation, answers, refusals: ANYWHERE.to_vec(), traced: true }
            .access(Access::Anybody)
    }

    /// What it does, in as many sentences as it takes.
    pub(super) fn about(mut self, description: impl Into<String>) -> Self {
        self.operation.insert("description".into(), description.into().into());
        self
    }

    /// Who may make it.
    pub(super) fn access(mut self, access: Access) -> Self {
        let security = match access {
            Access::Anybody => json!([]),
            Access::Jobs => json!([{"secretKey": ["jobs"]}, {"pageToken": []}]),
            Access::Right(right) => json!([{"secretKey": [right]}]),
            Access::Metrics => json!([{"metricsKey": []}]),
        };
        self.operation.insert("security".into(), security);
        match access {
            Access::Anybody => self,
            Access::Metrics => self.refuses(&[Code::Unauthorized]),
            Access::Jobs | Access::Right(_) => self.refuses(&OF_CALLERS),
        }
    }

    /// A parameter that this call alone has.
    pub(super) fn takes(mut self, parameter: Value) -> Self {
        let list = self.operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(parameter);
        }
        self
    }

    /// A parameter that several calls have.
    pub(super) fn takes_common(self, name: &str) -> Self {
        self.takes(json!({"$ref": format!("#/components/parameters/{name}")}))
    }

    /// A JSON body, with examples by name.
    pub(super) fn body(mut self, schema: &str, examples: Value) -> Self {
        let content = json!({"application/json": {"schema": reference(schema), "examples": examples}});
        self.operation.insert("requestBody".into(), json!({"required": true, "content": content}));
        self.refuses(&OF_BODIES)
    }

    /// A body in one of several forms, by media type.
    pub(super) fn body_in(mut self, content: Value) -> Self {
        self.operation.insert("requestBody".into(), json!({"required": true, "content": content}));
        self.refuses(&OF_BODIES)
    }

    /// An answer with a body of this type.
    pub(super) fn answers(self, status: u16, description: &str, media_type: &str, schema: Value) -> Self {
        let mut answer = self.bare(description);
        answer["content"] = json!({media_type: {"schema": schema}});
        self.answer(status, answer)
    }

    /// The same answer, in another media type.
    pub(super) fn or_as(mut self, status: u16, media_type: &str) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"][media_type] =
                json!({"schema": {"type": "string", "contentMediaType": media_type}});
        }
        self
    }

    /// An answer in JSON.
    pub(super) fn answers_json(self, status: u16, description: &str, schema: Value) -> Self {
        self.answers(status, description, "application/json", schema)
    }

    /// An answer without a body.
    pub(super) fn answers_empty(self, status: u16, description: &str) -> Self {
        let answer = self.bare(description);
        self.answer(status, answer)
    }

    /// Headers of the answer with this status. `true` is for those that are always there.
    pub(super) fn with_headers(mut self, status: u16, names: &[(&str, bool)]) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            for (name, always) in names {
                answer["headers"][*name] = header(name, *always);
            }
        }
        self
    }

    /// An example of the answer with this status.
    pub(super) fn with_example(mut self, status: u16, media_type: &str, example: Value) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"][media_type]["example"] = example;
        }
        self
    }

    /// What else it may be refused with.
    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.refusals.extend(codes);
        self
    }

    /// Its answers may come out of a cache, which gives them no request id.
    pub(super) fn cached(mut self) -> Self {
        self.traced = false;
        self
    }

    fn bare(&self, description: &str) -> Value {
        json!({"description": description, "headers": {"X-Request-Id": header("X-Request-Id", self.traced)}})
    }

    fn answer(mut self, status: u16, answer: Value) -> Self {
        self.answers.insert(status, answer);
        self
    }

    /// The operation object. Refusals are kept in `refusals` by name, since many calls share them.
    pub(super) fn finish(mut self, refusals: &mut BTreeMap<String, Value>) -> Value {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in std::mem::take(&mut self.refusals) {
            let codes = by_status.entry(code.status()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let mut responses = Map::new();
        for (status, answer) in self.answers {
            responses.insert(status.to_string(), answer);
        }
        for (status, codes) in by_status {
            let (name, refusal) = refusal(status, codes);
            responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
            refusals.insert(name, refusal);
        }
        self.operation.insert("responses".into(), Value::Object(responses));
        Value::Object(self.operation)
    }
}

/// The answer with one of these codes, all of which have this status.
pub(super) fn refusal(status: u16, mut codes: Vec<Code>) -> (String, Value) {
    codes.sort_by_key(|code| code.as_str());
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let told: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    let mut headers = json!({"X-Request-Id": header("X-Request-Id", true)});
    let mut add = |name: &str, always| headers[name] = header(name, always);
    match status {
        401 => add("WWW-Authenticate", true),
        404 if names.contains(&"clip_missing") => add("Link", false),
        405 => add("Allow", true),
        416 => add("Content-Range", true),
        // workerd takes it off again: it is a header of one hop.
        426 => add("Upgrade", false),
        429 => {
            add("Retry-After", true);
            add("RateLimit", false);
            add("RateLimit-Policy", false);
        }
        503 if names.contains(&"lane_full") => add("Retry-After", false),
        _ => {}
    }
    let schema = json!({"allOf": [
        reference("Problem"),
        {"properties": {"code": {"enum": names}, "status": {"const": status}}},
    ]});
    let content = json!({Problem::MEDIA_TYPE: {"schema": schema}});
    let answer = json!({"description": told.join("\n"), "headers": headers, "content": content});
    (format!("{status}-{}", names.join("-")), answer)
}

/// The headers of answers: what they say, and how they are written where that is fixed.
const HEADERS: [(&str, &str, Option<&str>); 13] = [
    ("X-Request-Id", "Finds the request in the logs.", Some("^[0-9a-f]{32}$")),
    ("Retry-After", "In how many seconds it is worth asking again.", Some("^[0-9]+$")),
    (
        "RateLimit",
        "How many clips that do not exist may still be asked for, and in how many seconds one more may \
         (draft-ietf-httpapi-ratelimit-headers).",
        Some("^\"misses\";r=[0-9]+;t=[0-9]+$"),
    ),
    (
        "RateLimit-Policy",
        "How many clips that do not exist may be asked for in how many seconds.",
        Some("^\"misses\";q=[0-9]+;w=[0-9]+$"),
    ),
    ("ETag", "Names this content, for `If-None-Match` and `If-Range`.", Some("^\"[^\"]+\"$")),
    ("Content-Range", "Which bytes of how many these are.", Some("^bytes ([0-9]+-[0-9]+|\\*)/[0-9]+$")),
    ("Accept-Ranges", "A part may be asked for with `Range`.", Some("^bytes$")),
    ("Cache-Control", "For how long it may be kept, and by whom.", None),
    ("WWW-Authenticate", "How to show a key or a token.", Some("^Bearer$")),
    ("Allow", "The methods that the address has.", None),
    ("Upgrade", "The protocol to switch to.", Some("^websocket$")),
    ("Link", "A placeholder to show meanwhile.", None),
    ("Content-Security-Policy", "What a browser that opens it by itself may do with it.", None),
];

/// The header objects by name; those that an answer may lack end in `-optional`.
pub(super) fn headers() -> Value {
    let mut all = Map::new();
    for (name, about, pattern) in HEADERS {
        let mut schema = json!({"type": "string"});
        if let Some(pattern) = pattern {
            schema["pattern"] = pattern.into();
        }
        let header = |always: bool| json!({"description": about, "required": always, "schema": schema});
        all.insert(name.to_owned(), header(true));
        all.insert(format!("{name}-optional"), header(false));
    }
    Value::Object(all)
}

fn header(name: &str, always: bool) -> Value {
    let suffix = if always { "" } else { "-optional" };
    json!({"$ref": format!("#/components/headers/{name}{suffix}")})
}

/// A query parameter.
pub(super) fn query(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": about, "schema": schema})
}

/// A request header.
pub(super) fn request_header(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "header", "description": about, "schema": schema})
}

/// A part of the address.
pub(super) fn path(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": about, "schema": schema})
}
