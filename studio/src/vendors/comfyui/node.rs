//! The classes of nodes that this server has: what goes in, what comes out, which are the ends of a
//! graph. Ranges and defaults are those of ComfyUI 0.3.64.

use serde_json::{Map, Value, json};

mod table;

pub(crate) use self::table::CLASSES;

/// The type of what flows along a link.
pub(crate) type Type = &'static str;

/// What an input accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accepts {
    /// A link of this type.
    Link(Type),
    /// A whole number: default, least, most, step.
    Int(i128, i128, i128, u32),
    /// A number: default, least, most.
    Float(f64, f64, f64),
    /// Text and its default.
    Text(&'static str),
    /// One of a list; the first is the default.
    OneOf(&'static [&'static str]),
    /// The name of an uploaded picture.
    Upload,
}

/// One input of a class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Input {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// Whether a node cannot do without.
    pub required: bool,
}

/// A class of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Class {
    /// The name in `class_type`.
    pub name: &'static str,
    /// Where an editor lists it.
    pub category: &'static str,
    /// What goes in.
    pub inputs: &'static [Input],
    /// The types of what comes out, by slot.
    pub outputs: &'static [Type],
    /// Whether it is an end of a graph.
    pub is_output: bool,
}

impl Class {
    /// The class of this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// What `GET /object_info` says of it; `uploads` are the pictures in the input folder.
    #[must_use]
    pub(crate) fn info(&self, uploads: &[String]) -> Value {
        let (mut required, mut optional) = (Map::new(), Map::new());
        for input in self.inputs {
            let side = if input.required { &mut required } else { &mut optional };
            side.insert(input.name.to_owned(), input.accepts.info(uploads));
        }
        let names = |side: &Map<String, Value>| side.keys().cloned().collect::<Vec<_>>();
        json!({
            "input_order": {"required": names(&required), "optional": names(&optional)},
            "input": {"required": required, "optional": optional},
            "output": self.outputs,
            "output_is_list": vec![false; self.outputs.len()],
            "output_name": self.outputs,
            "name": self.name,
            "display_name": self.name,
            "description": "",
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.is_output,
        })
    }
}

impl Accepts {
    fn info(self, uploads: &[String]) -> Value {
        match self {
            Self::Link(name) => json!([name, {}]),
            // The largest seed does not fit a signed number of 64 bits.
            Self::Int(default, min, max, step) => json!(["INT", {
                "default": u64::try_from(default).unwrap_or(0),
                "min": i64::try_from(min).unwrap_or(0),
                "max": u64::try_from(max).unwrap_or(u64::MAX),
                "step": step,
            }]),
            Self::Float(default, min, max) => json!(["FLOAT", {"default": default, "min": min, "max": max}]),
            Self::Text(default) => json!(["STRING", {"default": default, "multiline": true}]),
            Self::OneOf(words) => json!([words, {}]),
            Self::Upload => json!([uploads, {"image_upload": true}]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_described_and_every_name_is_its_own() {
        for (at, class) in CLASSES.iter().enumerate() {
            assert!(CLASSES[at + 1..].iter().all(|other| other.name != class.name), "{}", class.name);
            let info = class.info(&["fox.png".into()]);
            assert_eq!(info["output_node"], class.is_output);
            for input in class.inputs {
                let side = if input.required { "required" } else { "optional" };
                assert!(info["input"][side][input.name][0] != Value::Null, "{}.{}", class.name, input.name);
            }
        }
    }

    #[test]
    fn the_largest_seed_is_told_whole() {
        let info = Class::named("KSampler").unwrap().info(&[]);
        assert_eq!(info["input"]["required"]["seed"][1]["max"], json!(u64::MAX));
    }
}
