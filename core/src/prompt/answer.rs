//! What `POST /api/v1/prompts` answers.

use serde::{Deserialize, Serialize};

use super::brief::Brief;
use crate::operation::Operation;
use crate::units::{MicroUsd, Millis};

/// Who writes where no language model does.
pub const TEMPLATE: &str = "template";

/// A prompt, ready to be given to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Prompt {
    /// What is made of it: the `operation_type` of the job.
    pub operation_type: Operation,
    /// The prompt: the job's `params.prompt`.
    pub prompt: String,
    /// What to avoid: the job's `params.negative_prompt`, where its model takes one.
    pub negative_prompt: String,
    /// Who wrote it: `template`, or the id of a language model.
    pub written_by: String,
    /// What writing it cost. Nothing for a template, and for what was written before.
    pub cost_micro_usd: MicroUsd,
    /// Why the template stands in, where a language model is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Prompt {
    /// The prompt that follows from `brief` alone, for a clip of that `length` where it is one.
    #[must_use]
    pub fn of(brief: &Brief, length: Option<Millis>) -> Self {
        Self {
            operation_type: brief.operation(),
            prompt: brief.prompt(length),
            negative_prompt: brief.avoid().to_owned(),
            written_by: TEMPLATE.to_owned(),
            cost_micro_usd: MicroUsd(0),
            note: None,
        }
    }

    /// The same, with what `model` wrote.
    #[must_use]
    pub fn written(self, prompt: String, model: &str, cost: MicroUsd) -> Self {
        Self { prompt, written_by: model.to_owned(), cost_micro_usd: cost, ..self }
    }

    /// The same, because nobody could write another: `why`, for the person who asked.
    #[must_use]
    pub fn for_want_of(self, why: impl Into<String>, cost: MicroUsd) -> Self {
        Self { note: Some(why.into()), cost_micro_usd: cost, ..self }
    }
}
