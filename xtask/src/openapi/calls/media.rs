//! The calls that a `<video>` or an `<img>` makes: clips, and what is shown until there is one.

use cuelight_core::catalog;
use cuelight_core::character::{self, Body};
use cuelight_core::placeholder;
use cuelight_core::problem::Code;
use serde_json::{Value, json};

use crate::openapi::call::{Call, path, query};

const TAG: &str = "Clips";
const CLIP: [(&str, bool); 3] = [("ETag", true), ("Accept-Ranges", true), ("Cache-Control", true)];

const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

pub(super) fn all() -> Vec<Call> {
    let (clip, private, placeholder) = ("/clips/{key}", "/private/{key}", "/placeholders/{state}.svg");
    vec![
        public("get", clip, "getClip", "A clip"),
        public("head", clip, "headClip", "A clip's headers alone"),
        signed("get", private, "getPrivateClip", "A private clip"),
        signed("head", private, "headPrivateClip", "A private clip's headers alone"),
        drawn("get", placeholder, "getPlaceholder", "An animated SVG of a state"),
        drawn("head", placeholder, "headPlaceholder", "Its headers alone"),
    ]
}

fn public(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Call {
    served(Call::new(method, path, id, TAG, summary).cached())
        .about("Immutable: the key is the address. A clip that does not exist is never cached as missing; the answer names a placeholder.")
        .refuses(&[Code::NotFound, Code::ClipMissing])
}

fn signed(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Call {
    let call = Call::new(method, path, id, TAG, summary)
        .about("For whoever has its address, which a job's `content.url` is, until that expires. Kept by no shared cache.")
        .takes(required(query("expires", "Until when the address is good, in seconds since the Unix epoch.", json!({"type": "integer", "minimum": 0}))))
        .takes(required(query("signature", "What makes the address good.", json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}))));
    served(call).refuses(&[Code::Unauthorized, Code::TokenExpired, Code::NotFound, Code::ClipMissing])
}

fn served(call: Call) -> Call {
    let is_head = call.method == "head";
    let video = || json!({"type": "string", "contentMediaType": "video/mp4"});
    let call = call.takes_common("Key").takes_common("IfNoneMatch");
    let call = if is_head { call } else { call.takes_common("Range").takes_common("IfRange") };
    let call = call
        .answers(200, "The clip.", "video/mp4", video())
        .with_headers(200, &CLIP)
        .answers_empty(304, "The caller has it already.")
        .with_headers(304, &CLIP);
    // What was made may be a picture, too.
    let call = PICTURES.into_iter().fold(call, |call, kind| call.or_as(200, kind));
    if is_head {
        return call;
    }
    let call = call.answers(206, "The part that was asked for.", "video/mp4", video());
    PICTURES
        .into_iter()
        .fold(call, |call, kind| call.or_as(206, kind))
        .with_headers(206, &CLIP)
        .with_headers(206, &[("Content-Range", true)])
        .refuses(&[Code::RangeNotSatisfiable])
}

fn drawn(method: &'static str, address: &'static str, id: &'static str, summary: &'static str) -> Call {
    let states = catalog::built_in().states.iter().map(|state| state.id.as_str());
    let states: Vec<&str> = states.chain([placeholder::call::NAME]).collect();
    let characters: Vec<&str> = character::built_in().keys().map(String::as_str).collect();
    let mut call = Call::new(method, address, id, TAG, summary)
        .about("Computed, never stored, and never under a clip's address. It stands still for those who prefer less motion.")
        .takes(path("state", "A state of the catalogue, or `call` for two people on a call.", json!({"type": "string", "enum": states})))
        .takes(query("character", "A built-in character, whose look it is.", json!({"type": "string", "enum": characters})))
        .takes(query("still", "`1`: without motion, for somebody who pressed pause. Who asked the system for little motion sees none anyway.", json!({"type": "string", "enum": ["0", "1"]})))
        .takes(query("body", "Another body than the character's.", json!({"type": "string", "enum": Body::ALL.map(Body::as_str)})));
    for (name, about) in [
        ("primary", "The main colour of the body."),
        ("secondary", "The darker colour of outlines and clothing."),
        ("accent", "The colour of details."),
        ("backdrop", "The flat colour behind it."),
    ] {
        call = call.takes(query(name, about, json!({"type": "string", "pattern": "^#?[0-9a-fA-F]{6}$"})));
    }
    call.answers(200, "The picture.", "image/svg+xml", json!({"type": "string"}))
        .with_headers(200, &[("Cache-Control", true), ("Content-Security-Policy", true)])
        .refuses(&[Code::NotFound, Code::InvalidRequest])
}

fn required(mut parameter: Value) -> Value {
    parameter["required"] = true.into();
    parameter
}
