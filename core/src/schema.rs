//! The JSON Schemas of the wire types that write their own JSON: what a derive cannot see.
//! For the OpenAPI document only; nothing that is shipped has this.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::cache_key::CacheKey;
use crate::character::Color;
use crate::cue::Intensity;

/// What we read strictly we may still write more of one day: an answer is not closed to new members.
pub(crate) fn open(schema: &mut Schema) {
    schema.remove("additionalProperties");
}

impl JsonSchema for CacheKey {
    fn schema_name() -> Cow<'static, str> {
        "CacheKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A clip's address: 160 bits in base32 (RFC 4648), in lower case.",
            "pattern": format!("^[a-z2-7]{{{}}}$", Self::LEN),
        })
    }
}

impl JsonSchema for Color {
    fn schema_name() -> Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An opaque sRGB colour, written `#rrggbb`.",
            "pattern": "^#[0-9a-fA-F]{6}$",
        })
    }
}

impl JsonSchema for Intensity {
    fn schema_name() -> Cow<'static, str> {
        "Intensity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "description": "How strongly something is expressed. Rounded to a tenth.",
            "minimum": 0,
            "maximum": 1,
        })
    }
}
