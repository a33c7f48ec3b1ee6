//! What ComfyUI's refusals mean: a type for the whole workflow, and under each node's id the inputs that it
//! does not accept.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;

use super::template::Template;
use super::{MAX_ANSWER, NAME};
use crate::{Answer, ProviderError, hostile, wire};

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Words,
    #[serde(default)]
    node_errors: BTreeMap<String, NodeFault>,
}

#[derive(Default, Deserialize)]
struct Words {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    extra_info: Extra,
}

#[derive(Default, Deserialize)]
struct Extra {
    #[serde(default)]
    input_name: Option<String>,
}

#[derive(Deserialize)]
struct NodeFault {
    #[serde(default)]
    errors: Vec<Words>,
}

/// What an answer to a workflow other than success means.
pub(crate) fn refused(answer: &Answer, template: &Template, key: &str) -> ProviderError {
    if answer.status() != StatusCode::BAD_REQUEST {
        // It falls over before and after it has queued a workflow.
        return wire::unclear(wire::failure(NAME, answer));
    }
    let Ok(Refusal { error, node_errors }) = wire::parse::<Refusal>(answer, MAX_ANSWER) else {
        return ProviderError::Fatal(format!(
            "{NAME} refused the workflow without a reason that can be read"
        ));
    };
    let faults =
        || node_errors.iter().flat_map(|(node, fault)| fault.errors.iter().map(move |words| (node, words)));
    let of_ours = faults().find_map(|(node, words)| {
        let input = words.extra_info.input_name.as_deref()?;
        template.field(node, input).map(|field| (field, words))
    });
    if let Some((field, words)) = of_ours {
        return ProviderError::Invalid { field: Some(field.to_owned()), message: said(words, key) };
    }
    // The graph is ours, and so are the inputs that no order fills: the server lacks a node or a file.
    let words = faults().next().map_or(&error, |(_, words)| words);
    ProviderError::Fatal(format!("{NAME} cannot run the workflow: {}", said(words, key)))
}

fn said(words: &Words, key: &str) -> String {
    let Words { kind, message, details, .. } = words;
    let message = if message.is_empty() { kind } else { message };
    let whole = if details.is_empty() { message.clone() } else { format!("{message}: {details}") };
    hostile::text(&whole, key)
}
