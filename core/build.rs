//! Turns the JSON catalogues that the browser needs, too, into constant data, so that no parser has to
//! read them there. Checks nothing: the tests of `catalog` do.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use serde_json::Value;

/// The files of `catalog/` that become constants, without their ending.
const FILES: [&str; 3] = ["characters", "presets", "states"];

fn main() -> io::Result<()> {
    let missing = |name: &str| io::Error::other(format!("cargo did not set {name}"));
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| missing("CARGO_MANIFEST_DIR"))?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| missing("OUT_DIR"))?;
    let mut code = String::new();
    let read = |name: &str| {
        let path = Path::new(&root).join("catalog").join(name).with_extension("json");
        println!("cargo::rerun-if-changed={}", path.display());
        serde_json::from_str::<Value>(&fs::read_to_string(&path)?).map_err(io::Error::other)
    };
    for name in FILES {
        let value = read(name)?;
        let constant = name.to_uppercase();
        code.push_str(&format!("/// `catalog/{name}.json`.\npub static {constant}: Embedded = "));
        write(&value, &mut code);
        code.push_str(";\n");
    }
    code.push_str(&preferred(&read("models")?));
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(Path::new(&out).join("catalog.rs"), code)?;
    fs::write(Path::new(&out).join("rules.rs"), rules(&read("rules")?))
}

/// The rules as the `Rules` that they come to, so that a page without any of its own needs no reader of
/// rules. What is left out is what the reader takes it for; a test reads the file and compares.
fn rules(file: &Value) -> String {
    let span = |value: &Value| value.as_u64().unwrap_or(0);
    let activity = |value: &Value| {
        format!(
            "Activity {{ state: {}, starts: {}, ends: {}, times_out: {} }}",
            name(&value["state"]),
            signals(&value["starts"]),
            signals(&value["ends"]),
            value["times_out_ms"].as_u64().map_or("None".to_owned(), |ms| format!("Some(Millis({ms}))")),
        )
    };
    let mood = |value: &Value| {
        let number = |field: &str| format!("{:?}", value[field].as_f64());
        let flag = |field: &str| value[field].as_bool().unwrap_or(false);
        let who = match value["who"].as_str() {
            Some("user") => "Some(Who::User)",
            Some("assistant") => "Some(Who::Assistant)",
            _ => "None",
        };
        format!(
            "Mood {{ state: {}, on: {}, who: {who}, above: {}, below: {}, technical: {}, words: {}, \
             first: {}, waits: Millis({}), cooldown: Millis({}), clears: {} }}",
            name(&value["state"]),
            signals(&value["on"]),
            number("above"),
            number("below"),
            flag("technical"),
            list(&value["words"], name),
            flag("first"),
            value["waits_ms"].as_u64().unwrap_or(20_000),
            span(&value["cooldown_ms"]),
            flag("clears"),
        )
    };
    format!(
        "static RULES: Rules = Rules {{ rest: {}, dwell: Millis({}), queue: {}, held: Millis({}), \
         crowded: Millis({}), activities: {}, moods: {} }};\n",
        name(&file["rest"]),
        span(&file["dwell_ms"]),
        span(&file["queue"]),
        span(&file["held_ms"]),
        span(&file["crowded_ms"]),
        list(&file["activities"], activity),
        list(&file["moods"], mood),
    )
}

fn name(value: &Value) -> String {
    format!("Cow::Borrowed({:?})", value.as_str().unwrap_or_default())
}

fn list(value: &Value, write: impl Fn(&Value) -> String) -> String {
    let items: Vec<String> = value.as_array().into_iter().flatten().map(write).collect();
    format!("Cow::Borrowed(&[{}])", items.join(", "))
}

/// One event's name or several: `stream-started` is `SignalKind::StreamStarted`.
fn signals(value: &Value) -> String {
    let one = value.as_str().map(|_| std::slice::from_ref(value));
    let names = value.as_array().map(Vec::as_slice).or(one).unwrap_or_default();
    let mut kinds = String::new();
    for name in names.iter().filter_map(Value::as_str) {
        kinds.push_str("SignalKind::");
        for part in name.split('-') {
            let (first, rest) = part.split_at(1.min(part.len()));
            kinds.extend([&first.to_ascii_uppercase(), rest]);
        }
        kinds.push_str(", ");
    }
    format!("Signals::of(&[{kinds}])")
}

/// The operations that a page asks for itself.
const OPERATIONS_OF_PAGES: [&str; 2] = ["state_clip", "npc_response"];

/// For each operation of a page the id of the first model that serves it, and how short and long its clips
/// may be: all that a page must know of models.
fn preferred(models: &Value) -> String {
    let mut pairs: Vec<(&str, &str, [u64; 2])> = Vec::new();
    for model in models["models"].as_array().into_iter().flatten() {
        for operation in model["operations"].as_array().into_iter().flatten() {
            if let (Some(operation), Some(id)) = (operation.as_str(), model["id"].as_str())
                && OPERATIONS_OF_PAGES.contains(&operation)
                && pairs.iter().all(|(known, ..)| *known != operation)
            {
                let bound = |name| model["duration_ms"][name].as_u64().unwrap_or(0);
                pairs.push((operation, id, [bound("min"), bound("max")]));
            }
        }
    }
    format!(
        "/// Operations, the model that each prefers, and its least and greatest length in milliseconds.\n\
         pub static PREFERRED_MODELS: &[(&str, &str, [u64; 2])] = &{pairs:?};\n"
    )
}

/// Writes a value as the Rust expression of an `Embedded`.
fn write(value: &Value, code: &mut String) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Null => write!(code, "Embedded::Null"),
        Value::Bool(flag) => write!(code, "Embedded::Flag({flag})"),
        Value::Number(number) => write!(code, "Embedded::Number({:?})", number.as_f64().unwrap_or(0.0)),
        Value::String(text) => write!(code, "Embedded::Text({text:?})"),
        Value::Array(items) => {
            code.push_str("Embedded::Items(&[");
            for item in items {
                write_item(item, code);
            }
            write!(code, "])")
        }
        Value::Object(members) => {
            code.push_str("Embedded::Members(&[");
            for (name, member) in members {
                code.push_str(&format!("({name:?}, "));
                write(member, code);
                code.push_str("),");
            }
            write!(code, "])")
        }
    };
}

fn write_item(item: &Value, code: &mut String) {
    write(item, code);
    code.push(',');
}
