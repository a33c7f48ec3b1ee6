//! The answers' schemas, derived from the types that are sent.
//!
//! By schemars and not by utoipa: schemars speaks JSON
//! Schema 2020-12, which is what OpenAPI 3.1 is made of, reads serde's own attributes, knows that an
//! answer is written and not read (so a default is no reason to be optional), and needs no route
//! macros, of which a worker has no use.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::bodies;

/// Collects the schemas that the document refers to.
#[derive(Debug)]
pub(super) struct Schemas {
    generator: SchemaGenerator,
}

impl Schemas {
    /// None yet.
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self { generator: settings.into_generator() }
    }

    /// The schema of a type as it is sent: a reference, where it has a name.
    pub(super) fn of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// An object with one member that is a list of these.
    pub(super) fn list_of<T: JsonSchema>(&mut self, member: &str) -> Value {
        let items = self.of::<T>();
        json!({
            "type": "object",
            "required": [member],
            "properties": {member: {"type": "array", "items": items}},
        })
    }

    /// All schemas by name, those of the requests among them.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        let mut all = self.generator.take_definitions(true);
        for (name, schema) in bodies::all() {
            all.insert(name, schema);
        }
        all.values_mut().for_each(tidy);
        all
    }
}

/// Makes what Rust says fit for a reader who knows no Rust.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // Formats such as `uint64` are Rust's; the bounds beside them say the same to everybody.
            members.remove("format");
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`").replace('\n', " ");
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
