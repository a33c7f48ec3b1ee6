//! Reads a character out of a request: the id of a built-in one, or a whole definition.

use super::fields::Fields;
use super::{MAX_ID_CHARS, MAX_NAME_CHARS};
use crate::character::{self, Body, Character, Color, Look};
use crate::problem::FieldCode;

/// The character in member `character`.
pub(super) fn character(fields: &mut Fields<'_, '_>) -> Option<Character> {
    let Some(value) = fields.take("character") else {
        fields.require("character", "the id of a built-in character, or a definition");
        return None;
    };
    if let Some(id) = value.as_str() {
        let found = character::built_in().get(id).cloned();
        if found.is_none() {
            let known: Vec<&str> = character::built_in().keys().map(String::as_str).collect();
            let detail = format!("not built in; one of {}, or an object that defines it", known.join(", "));
            fields.fault("character", FieldCode::UnknownValue, detail);
        }
        return found;
    }
    let mut own = fields.child("character", value);
    let id = own.text("id", 1, MAX_ID_CHARS);
    match &id {
        None => own.require("id", "1 to 64 characters of a-z, 0-9 and -"),
        Some(id) if !id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) => {
            own.fault("id", FieldCode::BadFormat, "a-z, 0-9 and - only".into());
        }
        Some(_) => {}
    }
    let version = own.whole("version", 1, u64::from(u32::MAX)).unwrap_or(1);
    let _ = own.text("name", 0, MAX_NAME_CHARS);
    let seed = own.whole("seed", 0, u64::from(u32::MAX)).unwrap_or(0);
    let look = match own.take("look") {
        Some(value) => look(own.child("look", value)),
        None => {
            own.require("look", "body, primary, secondary, accent and backdrop");
            None
        }
    };
    own.refuse_the_rest();
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(Character { id: id?, version: small(version), name: String::new(), seed: small(seed), look: look? })
}

fn look(mut fields: Fields<'_, '_>) -> Option<Look> {
    let body = fields.choice("body", &Body::ALL, |b| b.as_str(), None);
    let mut color = |name: &str| {
        let Some(text) = fields.text(name, 1, 20) else {
            fields.require(name, "a colour, written #rrggbb");
            return None;
        };
        let color = Color::parse(&text);
        if color.is_none() {
            fields.fault(name, FieldCode::BadFormat, "a colour is written #rrggbb".into());
        }
        color
    };
    let (primary, secondary) = (color("primary"), color("secondary"));
    let (accent, backdrop) = (color("accent"), color("backdrop"));
    fields.refuse_the_rest();
    Some(Look { body: body?, primary: primary?, secondary: secondary?, accent: accent?, backdrop: backdrop? })
}
