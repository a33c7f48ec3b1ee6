//! What Google's errors mean: one shape with a status in a word, details that may name a field, a wait or
//! a reason, and words that alone tell refused content from refused form.

use cuelight_core::units::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::{MAX_ANSWER, NAME};
use crate::{Answer, ProviderError, hostile, refusals, wire};

/// Phrases of Google's own when content, and not form, is refused.
const REFUSALS: [&str; 6] =
    ["usage guidelines", "our policies", "sensitive words", "prohibited", "safety", "violat"];

/// Google's names of fields, the longer ones before those they contain, and ours.
const FIELDS: [(&str, &str); 12] = [
    ("negativeprompt", "negative_prompt"),
    ("lastframe", "end_image"),
    ("aspectratio", "aspect_ratio"),
    ("imagesize", "resolution"),
    ("resolution", "resolution"),
    ("duration", "duration_ms"),
    ("seed", "seed"),
    ("video", "video"),
    ("inlinedata", "image"),
    ("image", "image"),
    ("prompt", "prompt"),
    ("text", "prompt"),
];

/// An error, as an answer's body holds it and as a finished operation does.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Fault {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Value>,
}

#[derive(Deserialize)]
struct Body {
    error: Fault,
}

/// Whether Google's words say that it will not make such content.
fn is_refusal(words: &str) -> bool {
    let lower = words.to_lowercase();
    refusals::is_of_content(words) || REFUSALS.iter().any(|phrase| lower.contains(phrase))
}

/// What an answer other than success means; `None` when it is not in Google's own form.
pub(crate) fn failure(answer: &Answer, key: &str) -> Option<ProviderError> {
    let Body { error } = wire::parse(answer, MAX_ANSWER).ok()?;
    Some(match error.status.as_str() {
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" if error.has_reason("API_KEY_INVALID") => {
            ProviderError::Fatal(format!("{NAME} does not accept the key"))
        }
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" => error.refused(key),
        "RESOURCE_EXHAUSTED" => ProviderError::Throttled {
            retry_after: hostile::retry_after(answer.headers()).or_else(|| error.retry_delay()),
        },
        // The time was up inside: it may have been made all the same.
        "DEADLINE_EXCEEDED" => ProviderError::Unanswered(format!("{NAME} did not finish in time")),
        "FAILED_PRECONDITION" => {
            let words = hostile::text(&error.message, key);
            ProviderError::Fatal(format!("{NAME} does not serve this account: {words}"))
        }
        "NOT_FOUND" => ProviderError::Fatal(format!("{NAME} does not know the model")),
        _ => wire::failure(NAME, answer),
    })
}

impl Fault {
    /// What it means as the end of an operation: the order was taken, and nothing came of it.
    pub(crate) fn ended(&self, key: &str) -> ProviderError {
        // 3 is INVALID_ARGUMENT (google.rpc.Code).
        if self.code == 3 || is_refusal(&self.message) {
            return self.refused(key);
        }
        ProviderError::Failed(hostile::text(&self.message, key))
    }

    /// A refusal of the content or of a field.
    fn refused(&self, key: &str) -> ProviderError {
        let message = hostile::text(&self.message, key);
        if is_refusal(&self.message) {
            return ProviderError::ContentRefused { message };
        }
        let said = format!("{} {}", self.violated().unwrap_or_default(), self.message)
            .to_lowercase()
            .replace('_', "");
        let field =
            FIELDS.iter().find(|(theirs, _)| said.contains(theirs)).map(|(_, ours)| (*ours).to_owned());
        ProviderError::Invalid { field, message }
    }

    /// The first field that the details call violated (google.rpc.BadRequest).
    fn violated(&self) -> Option<&str> {
        self.details.iter().find_map(|detail| detail.pointer("/fieldViolations/0/field")?.as_str())
    }

    /// Whether the details give this reason (google.rpc.ErrorInfo).
    fn has_reason(&self, reason: &str) -> bool {
        self.details.iter().any(|detail| detail.get("reason").and_then(Value::as_str) == Some(reason))
    }

    /// The wait that the details ask for (google.rpc.RetryInfo), for instance `7s`.
    fn retry_delay(&self) -> Option<Millis> {
        let said = self.details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
        let seconds: f64 = said.strip_suffix('s')?.parse().ok()?;
        (seconds >= 0.0).then(|| hostile::wait(seconds * 1_000.0))
    }
}
