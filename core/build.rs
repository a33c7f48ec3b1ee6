//! Turns the JSON catalogues that the browser needs, too, into constant data, so that no parser has to
//! read them there. Checks nothing: the tests of `catalog` do.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use serde_json::Value;

/// The files of `catalog/` that become constants, without their ending.
const FILES: [&str; 5] = ["characters", "models", "presets", "rules", "states"];

fn main() -> io::Result<()> {
    let missing = |name: &str| io::Error::other(format!("cargo did not set {name}"));
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| missing("CARGO_MANIFEST_DIR"))?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| missing("OUT_DIR"))?;
    let mut code = String::new();
    for name in FILES {
        let path = Path::new(&root).join("catalog").join(name).with_extension("json");
        println!("cargo::rerun-if-changed={}", path.display());
        let value: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let constant = name.to_uppercase();
        code.push_str(&format!("/// `catalog/{name}.json`.\npub static {constant}: Embedded = "));
        write(&value, &mut code);
        code.push_str(";\n");
        if name == "models" {
            code.push_str(&preferred(&value));
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(Path::new(&out).join("catalog.rs"), code)
}

/// For each operation the id of the first model that serves it, and how short and long its clips may be:
/// all that a page must know of models.
fn preferred(models: &Value) -> String {
    let mut pairs: Vec<(&str, &str, [u64; 2])> = Vec::new();
    for model in models["models"].as_array().into_iter().flatten() {
        for operation in model["operations"].as_array().into_iter().flatten() {
            if let (Some(operation), Some(id)) = (operation.as_str(), model["id"].as_str())
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
