//! What `POST /api/v1/prompts` is asked.

use serde_json::Value;

use super::brief::{self, Brief};
use crate::operation::fields::Fields;
use crate::problem::{FieldCode, FieldError};
use crate::units::Millis;

/// Longest clip that a prompt is written for, in seconds.
pub const MAX_SECONDS: f64 = 60.0;

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the prompt is for.
    pub brief: Brief,
    /// How long the clip is to be, where it is one and that is known.
    pub length: Option<Millis>,
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut fields = Fields::new(body, String::new(), &mut errors);
        let brief = match fields.take("brief") {
            Some(value) => brief::any(&mut fields.child("brief", value)),
            None => {
                let kinds: Vec<&str> = brief::KINDS.iter().map(|(name, _)| *name).collect();
                fields.fault(
                    "brief",
                    FieldCode::Required,
                    format!("is required, with one of {}", kinds.join(", ")),
                );
                None
            }
        };
        let seconds = fields.real("duration", 0.1, MAX_SECONDS);
        fields.refuse_the_rest();
        match brief {
            Some(brief) if errors.is_empty() => Ok(Self { brief, length: seconds.map(in_ms) }),
            _ => Err(errors),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most a minute.
fn in_ms(seconds: f64) -> Millis {
    Millis((seconds * 1_000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_a_brief_and_perhaps_a_length() {
        let request = Request::read(&json!({"brief": {"background": {}}, "duration": 7.5})).unwrap();
        assert_eq!(request.length, Some(Millis(7_500)));
        let told = |body| {
            let errors = Request::read(&body).unwrap_err();
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        assert_eq!(told(json!({})), ["/brief"]);
        assert_eq!(told(json!([])), ["", "/brief"]);
        let wrong = json!({"brief": {"scene": {"mood": "calm"}}, "duration": 0, "model": "x"});
        assert_eq!(told(wrong), ["/brief/scene/mood", "/duration", "/model"]);
    }
}
