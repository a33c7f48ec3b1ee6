//! Gemini's models of words: one question, one answer, and what it cost in tokens.

use http::{Method, Request};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Google, MAX_ANSWER, VERSION};
use crate::{Account, Adapter, Answer, ProviderError, wire};

/// What a model of words answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What it said; `None` if it was withheld or cut off.
    pub text: Option<String>,
    /// How many tokens it was told, and how many it said and thought. `None` where it does not say.
    pub tokens: Option<[u64; 2]>,
}

/// Asks Gemini's models of words. Neither `Debug` nor `Serialize`: it holds a secret.
#[allow(missing_debug_implementations)]
pub struct Scribe(Google);

impl Scribe {
    /// With this account.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self(Google::new(account))
    }

    /// Whether `url` is at the provider: the only place that is asked.
    #[must_use]
    pub fn may_ask(&self, url: &Url) -> bool {
        self.0.may_ask(url)
    }

    /// The request that asks `model` to do what `rules` say with `told`, in at most so many tokens.
    ///
    /// # Errors
    /// [`ProviderError::Fatal`] for an account or a model that no request can be made of.
    pub fn ask(
        &self,
        model: &str,
        [rules, told]: [&str; 2],
        most_tokens: u32,
    ) -> Result<Request<Vec<u8>>, ProviderError> {
        let body = json!({
            "systemInstruction": {"parts": [{"text": rules}]},
            "contents": [{"role": "user", "parts": [{"text": told}]}],
            "generationConfig": {"maxOutputTokens": most_tokens},
        });
        let method = format!("{model}:generateContent");
        let url = wire::below(&self.0.account.base, [VERSION, "models", &method])?;
        self.0.request(Method::POST, &url, Some(&body))
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// What the vendor refused or could not do, or [`ProviderError::Unanswered`] for an answer that cannot
    /// be read: words were made, and nobody knows how many.
    pub fn heard(&self, answer: &Answer) -> Result<Words, ProviderError> {
        if !answer.status().is_success() {
            return Err(self.0.order_failure(answer));
        }
        let Spoken { candidates, usage_metadata } = wire::parse(answer, MAX_ANSWER).map_err(wire::unclear)?;
        let tokens = usage_metadata.map(|usage| {
            let said = usage.candidates_token_count.saturating_add(usage.thoughts_token_count);
            [usage.prompt_token_count, said]
        });
        // Only what it ended by itself is a whole sentence.
        let candidate = candidates.into_iter().next().filter(|one| one.finish_reason == "STOP");
        let parts = candidate.and_then(|one| one.content).map(|content| content.parts).unwrap_or_default();
        let said: String =
            parts.into_iter().filter(|part| !part.thought).filter_map(|part| part.text).collect();
        Ok(Words { text: (!said.trim().is_empty()).then_some(said), tokens })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    finish_reason: String,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    /// What it thought on the way, which is not the answer.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{account, answer};
    use serde_json::Value;

    const KEY: &str = "AIza-scribe";

    fn scribe() -> Scribe {
        Scribe::new(account("https://google.example", KEY, &[], &[]))
    }

    fn heard(status: u16, body: &Value) -> Result<Words, ProviderError> {
        scribe().heard(&answer(status, body))
    }

    #[test]
    fn it_is_told_the_rules_apart_from_the_facts() {
        let request = scribe().ask("gemini-3.5-flash-lite", ["Be brief.", "- Title: x"], 99).unwrap();
        let url = Url::parse(&request.uri().to_string()).unwrap();
        assert_eq!(url.path(), "/v1beta/models/gemini-3.5-flash-lite:generateContent");
        assert!(scribe().may_ask(&url));
        assert_eq!(request.headers()["x-goog-api-key"], KEY);
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["systemInstruction"]["parts"][0]["text"], "Be brief.");
        assert_eq!(body["contents"][0]["parts"][0]["text"], "- Title: x");
        assert_eq!(body["generationConfig"]["maxOutputTokens"], 99);
    }

    #[test]
    fn an_answer_is_its_words_without_its_thoughts() {
        let body = json!({
            "candidates": [{"finishReason": "STOP", "content": {"parts": [
                {"text": "Let me see.", "thought": true}, {"text": "Slow "}, {"text": "push in."},
            ]}}],
            "usageMetadata": {"promptTokenCount": 200, "candidatesTokenCount": 4, "thoughtsTokenCount": 30},
        });
        let words = heard(200, &body).unwrap();
        assert_eq!(words, Words { text: Some("Slow push in.".into()), tokens: Some([200, 34]) });
    }

    #[test]
    fn what_was_cut_off_or_withheld_is_no_answer_and_is_paid_for() {
        for reason in ["MAX_TOKENS", "SAFETY"] {
            let body = json!({
                "candidates": [{"finishReason": reason, "content": {"parts": [{"text": "Slow pu"}]}}],
                "usageMetadata": {"promptTokenCount": 200, "candidatesTokenCount": 2},
            });
            assert_eq!(heard(200, &body).unwrap(), Words { text: None, tokens: Some([200, 2]) });
        }
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
        assert_eq!(heard(200, &blocked).unwrap(), Words { text: None, tokens: None });
    }

    #[test]
    fn a_failure_is_told_without_the_key() {
        let message = format!("slow down, {KEY}");
        let body = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message}});
        let error = heard(429, &body).unwrap_err();
        assert!(matches!(error, ProviderError::Throttled { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains(KEY));
        let unreadable = heard(200, &json!("words")).unwrap_err();
        assert!(matches!(unreadable, ProviderError::Unanswered(_)), "{unreadable:?}");
    }
}
