//! The document as a page for people. It loads nothing and runs nothing: anchors lead, `<details>`
//! open.

use serde_json::{Map, Value};

use super::calls::TAGS;
use super::document;

/// The whole style. A policy names it by its hash, so that nothing else can style the page.
const STYLE: &str = include_str!("page.css");

/// A longer rule tells a person nothing, nor does one about control characters.
const MOST_PATTERN: usize = 36;

/// The page about these calls.
pub(super) fn page(document: &Value, order: &[(&str, &str)]) -> String {
    let page = Page { document };
    let mut contents = String::new();
    let mut calls = String::new();
    for (tag, about) in TAGS {
        let anchor = tag.to_lowercase();
        contents.push_str(&format!("<li><a href=\"#{anchor}\">{tag}</a><ul>"));
        calls.push_str(&format!(
            "<section id=\"{anchor}\"><h2>{tag}</h2><p class=\"lead\">{}</p>",
            rich(about)
        ));
        for (path, method) in order {
            let operation = &document["paths"][path][method];
            // HEAD is GET without the body, and is told there.
            if operation["tags"][0] == tag && *method != "head" {
                let id = text(&operation["operationId"]);
                contents.push_str(&format!(
                    "<li><a href=\"#{id}\"><b class=\"verb {method}\">{}</b> {}</a></li>",
                    method.to_uppercase(),
                    escape(path.trim_start_matches("/api/v1")),
                ));
                calls.push_str(&page.call(path, method, operation));
            }
        }
        contents.push_str("</ul></li>");
        calls.push_str("</section>");
    }
    let schemas = page.schemas();
    let about = rich(text(&document["info"]["description"]));
    let version = text(&document["info"]["version"]);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Cuelight API</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the calls</a>\n\
         <header><p class=\"lamp\">Cuelight</p><h1>The edge over HTTP</h1><div class=\"lead\">{about}</div>\
         <p class=\"facts\"><span>Version {version}</span> <a href=\"/api/v1/openapi.json\">openapi.json</a></p></header>\n\
         <nav aria-label=\"Calls\"><ul>{contents}<li><a href=\"#webhook\">Webhook</a></li>\
         <li><a href=\"#schemas\">Types</a></li></ul></nav>\n\
         <main id=\"main\">{calls}\n{}\n\
         <section id=\"schemas\"><h2>Types</h2><p class=\"lead\">What bodies are made of.</p>{schemas}</section>\n\
         </main>\n</body>\n</html>\n",
        page.webhook(),
    )
}

struct Page<'a> {
    document: &'a Value,
}

impl Page<'_> {
    fn call(&self, path: &str, method: &str, operation: &Value) -> String {
        let id = text(&operation["operationId"]);
        let mut out = format!(
            "<article id=\"{id}\"><h3><a href=\"#{id}\"><b class=\"verb {method}\">{}</b> <code>{}</code></a></h3>\
             <p class=\"summary\">{}.</p>",
            method.to_uppercase(),
            escape(path),
            escape(text(&operation["summary"])),
        );
        out.push_str(&paragraphs(text(&operation["description"])));
        out.push_str(&format!("<p class=\"access\">{}</p>", access(&operation["security"])));
        if self.document["paths"][path].get("head").is_some() {
            out.push_str("<p><code>HEAD</code> answers with the same headers and no body.</p>");
        }
        out.push_str(&self.parameters(operation));
        out.push_str(&self.body(operation));
        out.push_str(&format!(
            "<h4>Try it</h4><pre tabindex=\"0\"><code>{}</code></pre>",
            escape(&self.curl(path, method, operation))
        ));
        out.push_str(&self.answers(operation));
        out.push_str("</article>");
        out
    }

    /// What `value` is, after its reference if it is one.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#')) {
            Some(pointer) => self.document.pointer(pointer).unwrap_or(value),
            None => value,
        }
    }

    fn parameters(&self, operation: &Value) -> String {
        let list = items(&operation["parameters"]);
        if list.is_empty() {
            return String::new();
        }
        let rows: String = list
            .iter()
            .map(|parameter| {
                let parameter = self.resolve(parameter);
                let place = text(&parameter["in"]);
                member_row(
                    text(&parameter["name"]),
                    place,
                    parameter["required"] == true,
                    &parameter["schema"],
                    text(&parameter["description"]),
                )
            })
            .collect();
        format!("<h4>Parameters</h4><dl>{rows}</dl>")
    }

    fn body(&self, operation: &Value) -> String {
        let content = &operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return String::new();
        }
        let mut out =
            format!("<h4>Body</h4><p>{}, as <code>application/json</code>.</p>", kind(&content["schema"]));
        for example in content["examples"].as_object().into_iter().flat_map(Map::values) {
            out.push_str(&format!(
                "<details><summary>{}</summary>{}</details>",
                escape(text(&example["summary"])),
                code(&example["value"]),
            ));
        }
        out
    }

    fn answers(&self, operation: &Value) -> String {
        let mut rows = String::new();
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            let answer = self.resolve(answer);
            let mut told = paragraphs(text(&answer["description"]));
            for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                let is_problem = media_type.starts_with("application/problem");
                let what = if is_problem { type_link("Problem") } else { kind(&content["schema"]) };
                told.push_str(&format!("<p>{what}, as <code>{media_type}</code></p>"));
                if !content["example"].is_null() {
                    told.push_str(&format!(
                        "<details><summary>Example</summary>{}</details>",
                        code(&content["example"])
                    ));
                }
            }
            let headers: Vec<String> = answer["headers"]
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .filter(|name| *name != "X-Request-Id")
                .map(|name| format!("<code>{name}</code>"))
                .collect();
            if !headers.is_empty() {
                told.push_str(&format!("<p class=\"quiet\">With {}.</p>", headers.join(", ")));
            }
            let family = status.chars().next().unwrap_or('0');
            rows.push_str(&format!("<dt><b class=\"status s{family}\">{status}</b></dt><dd>{told}</dd>"));
        }
        format!("<h4>Answers</h4><dl class=\"answers\">{rows}</dl>")
    }

    /// A line for a terminal. It asks the edge that `cargo xtask dev` starts.
    fn curl(&self, path: &str, method: &str, operation: &Value) -> String {
        let mut path = path.to_owned();
        let mut wanted = Vec::new();
        for parameter in items(&operation["parameters"]) {
            let parameter = self.resolve(parameter);
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let value = sample(name, &parameter["schema"]);
            match place {
                "path" => path = path.replace(&format!("{{{name}}}"), &value),
                "query" if parameter["required"] == true => wanted.push(format!("{name}={value}")),
                _ => {}
            }
        }
        let query = if wanted.is_empty() { String::new() } else { format!("?{}", wanted.join("&")) };
        let is_socket = operation["responses"].get("101").is_some();
        if is_socket {
            return format!("websocat 'ws://localhost:8787{path}?session=me'");
        }
        let verb = if method == "get" { String::new() } else { format!(" -X {}", method.to_uppercase()) };
        let mut line = format!("curl -s{verb} 'localhost:8787{path}{query}'");
        if let Some(scheme) =
            operation["security"].as_array().and_then(|all| all.first()?.as_object()?.keys().next())
        {
            let variable = if scheme == "metricsKey" { "METRICS_KEY" } else { "CUELIGHT_KEY" };
            line.push_str(&format!(" \\\n  -H \"authorization: Bearer ${variable}\""));
        }
        let examples = &operation["requestBody"]["content"]["application/json"]["examples"];
        if let Some(first) = examples.as_object().and_then(|all| all.values().next()) {
            let body = document::text(&first["value"]);
            line.push_str(&format!(" \\\n  -H 'content-type: application/json' -d '{}'", body.trim_end()));
        }
        line
    }

    fn webhook(&self) -> String {
        let hook = &self.document["webhooks"]["jobEnded"]["post"];
        let schema = &hook["requestBody"]["content"]["application/json"]["schema"];
        format!(
            "<section id=\"webhook\"><h2>Webhook</h2><p class=\"lead\">What the edge posts by itself.</p><article>\
             <h3><b class=\"verb post\">POST</b> <code>webhook.url</code></h3><p class=\"summary\">{}.</p>{}{}\
             <h4>Body</h4>{}<h4>Answers that it understands</h4><dl class=\"answers\">\
             <dt><b class=\"status s2\">2XX</b></dt><dd><p>Taken.</p></dd>\
             <dt><b class=\"status s4\">410</b></dt><dd><p>No more of these, please.</p></dd></dl></article></section>",
            escape(text(&hook["summary"])),
            paragraphs(text(&hook["description"])),
            self.parameters(hook),
            members(schema),
        )
    }

    /// An address inside a closed `<details>` opens it.
    fn schemas(&self) -> String {
        let mut out = String::new();
        for (name, schema) in self.document["components"]["schemas"].as_object().into_iter().flatten() {
            out.push_str(&format!(
                "<details class=\"type\"><summary><code>{name}</code> <span>{}</span></summary><div id=\"type-{name}\">{}</div></details>",
                first_sentence(text(&schema["description"])),
                members(schema),
            ));
        }
        out
    }
}

/// The members of an object, or the values of anything else.
fn members(schema: &Value) -> String {
    let mut out = paragraphs(text(&schema["description"]));
    let required: Vec<&str> = items(&schema["required"]).iter().map(text).collect();
    let mut all: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
    all.sort_by_key(|(name, _)| !required.contains(&name.as_str()));
    let rows: String = all
        .into_iter()
        .map(|(name, member)| {
            let mut row =
                member_row(name, "", required.contains(&name.as_str()), member, text(&member["description"]));
            let inner = object_in(member);
            if let Some(inner) = inner {
                row.push_str(&format!(
                    "<dd class=\"inner\"><details><summary>Members</summary>{}</details></dd>",
                    members(inner)
                ));
            }
            row
        })
        .collect();
    if rows.is_empty() {
        let variants = items(&schema["oneOf"]).iter().chain(items(&schema["anyOf"]));
        let told: String = variants
            .map(|variant| format!("<li>{} {}</li>", kind(variant), rich(text(&variant["description"]))))
            .collect();
        let told =
            if told.is_empty() { format!("<p>{}</p>", kind(schema)) } else { format!("<ul>{told}</ul>") };
        out.push_str(&told);
    } else {
        out.push_str(&format!("<dl>{rows}</dl>"));
    }
    out
}

/// An object that has members of its own and no name to link to.
fn object_in(schema: &Value) -> Option<&Value> {
    if schema["properties"].is_object() { Some(schema) } else { None }
}

fn member_row(name: &str, place: &str, required: bool, schema: &Value, about: &str) -> String {
    let place =
        if place.is_empty() { String::new() } else { format!(" <span class=\"place\">{place}</span>") };
    let must = if required { " <span class=\"must\">required</span>" } else { "" };
    let default = match &schema["default"] {
        Value::Null => String::new(),
        value => format!(" <span class=\"quiet\">default <code>{}</code></span>", escape(&value.to_string())),
    };
    format!(
        "<dt><code>{}</code>{place}{must}</dt><dd><p>{} <span class=\"kind\">{}</span>{default}</p></dd>",
        escape(name),
        rich(about),
        kind(schema),
    )
}

/// What a schema allows, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        return type_link(target.rsplit('/').next().unwrap_or(target));
    }
    for several in ["anyOf", "oneOf"] {
        let told: Vec<String> =
            items(&schema[several]).iter().filter(|one| one["type"] != "null").map(kind).collect();
        if !told.is_empty() {
            return told.join(" or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escape(&value.to_string()));
    }
    let values: Vec<String> = items(&schema["enum"])
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| {
            format!(
                "<code>{}</code>",
                escape(value.as_str().filter(|text| !text.is_empty()).unwrap_or(&value.to_string()))
            )
        })
        .collect();
    if !values.is_empty() {
        return values.join(" ");
    }
    let name = match &schema["type"] {
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("any")
        }
        name => name.as_str().unwrap_or("any"),
    };
    if name == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    let number = |member: &str| schema.get(member).map(Value::to_string);
    let range = match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => format!(" {least} to {most}"),
        (Some(least), None) if least != "0" => format!(" from {least}"),
        _ => String::new(),
    };
    let step = number("multipleOf").map(|step| format!(", in steps of {step}")).unwrap_or_default();
    let length = number("maxLength").map(|most| format!(", up to {most} characters")).unwrap_or_default();
    let pattern = schema["pattern"]
        .as_str()
        .filter(|pattern| pattern.len() <= MOST_PATTERN && !pattern.contains("\\u"));
    let pattern = pattern.map(|rule| format!(" <code>{}</code>", escape(rule))).unwrap_or_default();
    format!("{name}{range}{step}{length}{pattern}")
}

fn type_link(name: &str) -> String {
    format!("<a href=\"#type-{name}\">{name}</a>")
}

fn access(security: &Value) -> String {
    let told: Vec<String> = items(security)
        .iter()
        .filter_map(|one| one.as_object()?.iter().next())
        .map(|(scheme, rights)| match scheme.as_str() {
            "pageToken" => "a page's token".to_owned(),
            "metricsKey" => "<code>METRICS_KEY</code>".to_owned(),
            _ => format!("a secret key with the right <code>{}</code>", escape(text(&rights[0]))),
        })
        .collect();
    if told.is_empty() { "Open to anybody.".to_owned() } else { format!("Needs {}.", told.join(", or ")) }
}

/// A value for an example line.
fn sample(name: &str, schema: &Value) -> String {
    match name {
        "key" => super::examples::KEY.to_owned(),
        "id" => "$ID".to_owned(),
        "expires" => "$EXPIRES".to_owned(),
        "signature" => "$SIGNATURE".to_owned(),
        _ => schema["enum"][0].as_str().unwrap_or("me").to_owned(),
    }
}

fn code(value: &Value) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>", escape(document::text(value).trim_end()))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn first_sentence(about: &str) -> String {
    let end = about.find(". ").map_or(about.len(), |end| end + 1);
    rich(&about[..end])
}

fn paragraphs(about: &str) -> String {
    about.split('\n').filter(|line| !line.is_empty()).map(|line| format!("<p>{}</p>", rich(line))).collect()
}

/// Escapes, and sets what stands between backticks as code.
fn rich(about: &str) -> String {
    let lines: Vec<String> = about
        .split("\n\n")
        .map(|paragraph| {
            let parts = paragraph.split('`').enumerate();
            parts
                .map(|(index, part)| match index % 2 {
                    0 => escape(part),
                    _ => format!("<code>{}</code>", escape(part)),
                })
                .collect()
        })
        .collect();
    lines.join("</p><p>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_and_runs_nothing() {
        let (document, order) = document::document();
        let page = page(&document, &order);
        for forbidden in
            ["<script", " src=", "<link", "<img", "@import", "url(", " style=", " onclick", "href=\"http"]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("<style>").count(), 1);
    }

    #[test]
    fn every_link_of_the_page_leads_somewhere() {
        let (document, order) = document::document();
        let page = page(&document, &order);
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
        }
    }

    #[test]
    fn what_comes_from_elsewhere_is_escaped() {
        assert_eq!(rich("a <b> & `c<d`"), "a &lt;b&gt; &amp; <code>c&lt;d</code>");
    }
}
