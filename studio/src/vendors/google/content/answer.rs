//! The documents that answer `generateContent`: whole, in pieces, or not at all.

use serde_json::{Value, json};

use super::inline;
use crate::vendors::google::models::Model;

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vendors::google) enum Part {
    /// Words.
    Text(String),
    /// A picture and its media type.
    Picture(&'static str, Vec<u8>),
}

impl Part {
    fn document(&self) -> Value {
        match self {
            Self::Text(words) => json!({ "text": words }),
            Self::Picture(kind, bytes) => inline(kind, bytes),
        }
    }
}

/// One answer of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vendors::google) struct Candidate {
    /// Its pieces; none when it is withheld.
    pub(in crate::vendors::google) parts: Vec<Part>,
    /// Why it ends.
    pub(in crate::vendors::google) finish: &'static str,
}

/// What was made, and what it cost in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vendors::google) struct Made {
    /// The answers.
    pub(in crate::vendors::google) candidates: Vec<Candidate>,
    /// Tokens read: words and pictures.
    pub(in crate::vendors::google) read: (u32, u32),
    /// Tokens written: words and pictures.
    pub(in crate::vendors::google) written: (u32, u32),
    /// What this answer is called.
    pub(in crate::vendors::google) id: String,
}

/// A whole answer.
pub(in crate::vendors::google) fn whole(model: &Model, made: &Made) -> Value {
    let candidates: Vec<Value> = made
        .candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| view(at, &candidate.parts, Some(candidate.finish)))
        .collect();
    json!({
        "candidates": candidates,
        "usageMetadata": usage(made),
        "modelVersion": model.id,
        "responseId": made.id,
    })
}

/// An answer in pieces: one for each part, the last of which says why it ends and what it cost.
pub(in crate::vendors::google) fn chunks(model: &Model, made: &Made) -> Vec<Value> {
    let mut pieces: Vec<Value> = Vec::new();
    for (at, candidate) in made.candidates.iter().enumerate() {
        let parts: Vec<Part> = candidate.parts.iter().flat_map(split).collect();
        let last = parts.len().saturating_sub(1);
        if parts.is_empty() {
            pieces.push(view(at, &[], Some(candidate.finish)));
        }
        for (number, part) in parts.iter().enumerate() {
            let finish = (number == last).then_some(candidate.finish);
            pieces.push(view(at, std::slice::from_ref(part), finish));
        }
    }
    let end = pieces.len().saturating_sub(1);
    let spent = usage(made);
    pieces
        .into_iter()
        .enumerate()
        .map(|(number, candidate)| {
            let usage = if number == end {
                spent.clone()
            } else {
                json!({ "promptTokenCount": spent["promptTokenCount"] })
            };
            json!({
                "candidates": [candidate],
                "usageMetadata": usage,
                "modelVersion": model.id,
                "responseId": made.id,
            })
        })
        .collect()
}

/// Words come some at a time, pictures at once.
fn split(part: &Part) -> Vec<Part> {
    match part {
        Part::Text(words) => {
            let words: Vec<&str> = words.split_inclusive(' ').collect();
            words.chunks(12).map(|some| Part::Text(some.concat())).collect()
        }
        Part::Picture(..) => vec![part.clone()],
    }
}

/// A request that the filters refuse: no candidate, and why.
pub(in crate::vendors::google) fn blocked(model: &Model, reason: &str, read: (u32, u32), id: &str) -> Value {
    json!({
        "promptFeedback": {
            "blockReason": reason,
            "safetyRatings": [{
                "category": "HARM_CATEGORY_DANGEROUS_CONTENT",
                "probability": "HIGH",
                "blocked": true,
            }],
        },
        "usageMetadata": { "promptTokenCount": read.0 + read.1, "totalTokenCount": read.0 + read.1 },
        "modelVersion": model.id,
        "responseId": id,
    })
}

fn view(at: usize, parts: &[Part], finish: Option<&str>) -> Value {
    let mut view = json!({ "index": at });
    if !parts.is_empty() {
        let parts: Vec<Value> = parts.iter().map(Part::document).collect();
        view["content"] = json!({ "parts": parts, "role": "model" });
    }
    if let Some(finish) = finish {
        view["finishReason"] = json!(finish);
        if parts.is_empty() && finish != "STOP" {
            view["finishMessage"] = json!("The model was not able to generate what was asked for.");
        }
    }
    view
}

fn usage(made: &Made) -> Value {
    let by_kind = |(words, pictures): (u32, u32)| -> Vec<Value> {
        [("TEXT", words), ("IMAGE", pictures)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| json!({ "modality": kind, "tokenCount": count }))
            .collect()
    };
    let (read, written) = (made.read.0 + made.read.1, made.written.0 + made.written.1);
    json!({
        "promptTokenCount": read,
        "candidatesTokenCount": written,
        "totalTokenCount": read + written,
        "promptTokensDetails": by_kind(made.read),
        "candidatesTokensDetails": by_kind(made.written),
    })
}
